/*
 * budget.c: rate budgets that the server's processes share.
 *
 * The home of the budgets when the library is preloaded: an app that several
 * databases, workers and sessions use has one budget for each endpoint.  When
 * the postmaster ends, in whatever way it still can, it writes them to a file
 * that the next start reads: a restart gives nobody a second allowance.
 *
 * What must stay true: times are absolute, so a file of long ago does no harm;
 * nothing in it is believed without a check; when the table is full, all who
 * come later share its last budget, which is too slow and never too fast.
 */
#include "postgres.h"

#include <limits.h>
#include <unistd.h>

#include "base/shared.h"
#include "miscadmin.h"
#include "net/budget.h"
#include "net/pace.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/guc.h"

#define BUDGET_FILE		PGSTAT_STAT_PERMANENT_DIRECTORY "/tiktokads.budget"
#define BUDGET_MAGIC	0x74616231	/* changes with the layout of a budget */

#define USERS_MAX		64

/* A database that uses an app. */
typedef struct BudgetUser
{
	Oid			database;		/* invalid: free */
	char		app[NAMEDATALEN];
} BudgetUser;

/* All budgets; those in use come first. */
typedef struct BudgetTable
{
	BudgetUser	users[USERS_MAX];
	int			nusers;			/* ever; the oldest make room */
	int			count;
	int			capacity;
	char		budgets[FLEXIBLE_ARRAY_MEMBER]; /* pace_size() each */
} BudgetTable;

/* What the file begins with. */
typedef struct BudgetFileHead
{
	uint32		magic;
	uint32		size;			/* of one budget */
	int32		count;
	pg_crc32c	crc;			/* of the budgets */
} BudgetFileHead;

static int	max_endpoints = 128;
static BudgetTable *table = NULL;

/* The n-th budget. */
static Pace *
budget_at(int n)
{
	return (Pace *) (table->budgets + n * MAXALIGN(pace_size()));
}

/* Finds or begins a budget. */
static Pace *
budget_find(const char *app, const char *endpoint)
{
	Pace	   *found = NULL;

	shared_lock(SHARED_BUDGET, LW_EXCLUSIVE);
	for (int i = 0; i < table->count && found == NULL; i++)
		if (pace_is_of(budget_at(i), app, endpoint))
			found = budget_at(i);
	if (found == NULL && table->count < table->capacity)
	{
		found = budget_at(table->count++);
		pace_begin(found, app, endpoint);
	}
	if (found == NULL)
		found = budget_at(table->capacity - 1);
	shared_unlock(SHARED_BUDGET);
	return found;
}

/* Keeps other processes out. */
static void
budget_lock(void)
{
	shared_lock(SHARED_BUDGET, LW_EXCLUSIVE);
}

/* Lets them in again. */
static void
budget_unlock(void)
{
	shared_unlock(SHARED_BUDGET);
}

static const PaceHome budget_home = {budget_find, budget_lock, budget_unlock};

/* Bytes of the table. */
static Size
budget_size(void)
{
	return offsetof(BudgetTable, budgets) + mul_size(max_endpoints, MAXALIGN(pace_size()));
}

/* Reads the file of the last end; whatever is wrong with it, it is left out. */
static void
budget_load(void)
{
	BudgetFileHead head;
	FILE	   *file = AllocateFile(BUDGET_FILE, PG_BINARY_R);
	Size		bytes;
	pg_crc32c	crc;

	if (file == NULL)
		return;
	if (fread(&head, sizeof(head), 1, file) == 1 && head.magic == BUDGET_MAGIC &&
		head.size == pace_size() && head.count > 0 && head.count <= table->capacity)
	{
		bytes = head.count * MAXALIGN(pace_size());
		INIT_CRC32C(crc);
		if (fread(table->budgets, bytes, 1, file) == 1)
			COMP_CRC32C(crc, table->budgets, bytes);
		FIN_CRC32C(crc);
		if (EQ_CRC32C(crc, head.crc))
			while (table->count < head.count && pace_is_sound(budget_at(table->count)))
				table->count++;
	}
	FreeFile(file);
	if (table->count == 0)
		memset(table->budgets, 0, budget_size() - offsetof(BudgetTable, budgets));
}

/* Writes the file; at the postmaster's end, clean or not. */
static void
budget_save(int code, Datum arg)
{
	BudgetFileHead head = {BUDGET_MAGIC, (uint32) pace_size()};
	FILE	   *file;
	bool		good;

	if (table == NULL)
		return;
	/* others are gone, or died holding the lock: the copy is checked when read */
	head.count = Min(Max(table->count, 0), table->capacity);
	INIT_CRC32C(head.crc);
	COMP_CRC32C(head.crc, table->budgets, head.count * MAXALIGN(pace_size()));
	FIN_CRC32C(head.crc);
	file = AllocateFile(BUDGET_FILE ".new", PG_BINARY_W);
	good = file != NULL && fwrite(&head, sizeof(head), 1, file) == 1 &&
		(head.count == 0 || fwrite(table->budgets, head.count * MAXALIGN(pace_size()), 1, file) == 1);
	if (file != NULL && FreeFile(file) != 0)
		good = false;
	if (!good || rename(BUDGET_FILE ".new", BUDGET_FILE) != 0)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", BUDGET_FILE)));
		unlink(BUDGET_FILE ".new");
	}
}

/* Fills the fresh table and sees to its end. */
static void
budget_begin(void *memory)
{
	table = memory;
	table->capacity = max_endpoints;
	budget_load();
	if (!IsUnderPostmaster)
		on_shmem_exit(budget_save, (Datum) 0);
}

static const SharedPart budget_part = {"tiktokads budgets", budget_size, budget_begin, (void **) &table};

/* Takes note that this database uses an app; tells others that do. */
int
budget_share(const char *app, Oid *others, int max)
{
	int			count = 0;
	bool		known = false;

	if (!shared_is_there())
		return 0;
	shared_lock(SHARED_BUDGET, LW_EXCLUSIVE);
	for (int i = 0; i < USERS_MAX; i++)
	{
		BudgetUser *user = &table->users[i];

		if (!OidIsValid(user->database) || strncmp(user->app, app, NAMEDATALEN - 1) != 0)
			continue;
		if (user->database == MyDatabaseId)
			known = true;
		else if (count < max)
			others[count++] = user->database;
	}
	if (!known)
	{
		BudgetUser *user = &table->users[table->nusers++ % USERS_MAX];

		user->database = MyDatabaseId;
		strlcpy(user->app, app, NAMEDATALEN);
	}
	shared_unlock(SHARED_BUDGET);
	return count;
}

/* Defines how many budgets there may be and asks for their memory. */
void
BudgetInit(void)
{
	DefineCustomIntVariable("tiktokads.max_endpoints",
							"Rate budgets that the server's processes share: one for each app and endpoint.",
							"Each takes 24 kB of shared memory. Beyond them, all others share one budget.",
							&max_endpoints, 128, 1, 65536, PGC_POSTMASTER, 0, NULL, NULL, NULL);
	shared_add(&budget_part);
	pace_settle(&budget_home);
}
