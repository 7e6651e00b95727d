/*
 * roster.c: which databases have work when, and which workers there are.
 *
 * Shared memory that the launcher, the workers and every session that changes a
 * plan meet in.  A worker that leaves says when its database is due again; who
 * changes what is due moves that to now and wakes whoever should know.
 *
 * What must stay true: a wake that comes while a worker leaves is not lost (the
 * database stays due); a place is freed once, by its worker or by the launcher
 * that reaps it; times are the server's own clock, not the shifted one.
 */
#include "postgres.h"

#include <signal.h>

#include "base/shared.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "worker/roster.h"

#define RETRY_FIRST_S	1		/* after a worker that ended badly; doubled each time */
#define RETRY_LAST_S	300

typedef struct RosterDatabase
{
	Oid			oid;			/* invalid: free */
	TimestampTz due;			/* DT_NOBEGIN: now, DT_NOEND: never, or somebody looks after it */
	uint32		wakes;			/* counts them */
	int			wanted;			/* workers that the work is for */
	int			failures;		/* workers running that ended badly */
} RosterDatabase;

typedef struct RosterWorker
{
	Oid			database;		/* invalid: free */
	Oid			role;			/* that it runs as */
	int			pid;			/* 0: reserved, or left */
	int			launcher_pid;	/* that started it and will reap it */
	bool		in_order;		/* it left as it should */
} RosterWorker;

typedef struct Roster
{
	int			launcher_pid;
	bool		rescan;			/* look at all databases again */
	int			ndatabases;
	int			nworkers;
	RosterWorker workers[FLEXIBLE_ARRAY_MEMBER];	/* then the databases */
} Roster;

static int	max_workers = 4;
static int	max_databases = 64;
static Roster *roster = NULL;

/* The databases, behind the workers. */
static RosterDatabase *
databases(void)
{
	return (RosterDatabase *) MAXALIGN(&roster->workers[roster->nworkers]);
}

/* Bytes of the roster. */
static Size
roster_size(void)
{
	return MAXALIGN(offsetof(Roster, workers) + mul_size(max_workers, sizeof(RosterWorker))) +
		MAXALIGN(mul_size(max_databases, sizeof(RosterDatabase))) + MAXIMUM_ALIGNOF;
}

/* Fills the fresh roster. */
static void
roster_begin(void *memory)
{
	Roster	   *fresh = memory;

	fresh->nworkers = max_workers;
	fresh->ndatabases = max_databases;
}

static const SharedPart roster_part = {"tiktokads roster", roster_size, roster_begin, (void **) &roster};

/* Defines the sizes and asks for the memory. */
void
RosterInit(void)
{
	DefineCustomIntVariable("tiktokads.max_workers",
							"Workers that sync at once, in all databases together.",
							"Each takes one of max_worker_processes, and the launcher one more. 0: none, and no launcher.",
							&max_workers, 4, 0, 1024, PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.max_databases",
							"Databases that the workers may look after.",
							NULL,
							&max_databases, 64, 1, 65536, PGC_POSTMASTER, 0, NULL, NULL, NULL);
	shared_add(&roster_part);
}

/* Workers that there may be. */
int
roster_max_workers(void)
{
	return max_workers;
}

/* The entry of a database, or NULL; the lock is held. */
static RosterDatabase *
database_find(Oid oid)
{
	for (int i = 0; i < roster->ndatabases; i++)
		if (databases()[i].oid == oid)
			return &databases()[i];
	return NULL;
}

/* The entry of a database, made if need be; NULL when there is no room. */
static RosterDatabase *
database_get(Oid oid)
{
	RosterDatabase *entry = database_find(oid);

	if (entry == NULL && (entry = database_find(InvalidOid)) != NULL)
	{
		memset(entry, 0, sizeof(*entry));
		entry->oid = oid;
		entry->due = DT_NOEND;
	}
	return entry;
}

/* Wakes a process; one that is gone does not mind. */
static void
poke(int pid)
{
	if (pid != 0)
		kill(pid, SIGUSR1);
}

/* The launcher comes, and frees what an earlier one reserved; or goes, with pid 0. */
void
roster_launcher(int pid)
{
	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	roster->launcher_pid = pid;
	for (int i = 0; pid != 0 && i < roster->nworkers; i++)
		if (roster->workers[i].pid == 0)
			roster->workers[i].database = InvalidOid;
	shared_unlock(SHARED_ROSTER);
}

/* Has a database's worker at once. */
void
roster_wake(Oid database)
{
	RosterDatabase *entry;

	if (roster == NULL)
		return;
	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	entry = database_find(database);
	if (entry == NULL)
	{
		/* the launcher may not know of it yet */
		entry = database_get(database);
		roster->rescan = true;
	}
	if (entry != NULL)
	{
		entry->due = DT_NOBEGIN;
		entry->failures = 0;
		entry->wakes++;
	}
	for (int i = 0; i < roster->nworkers; i++)
		if (roster->workers[i].database == database)
			poke(roster->workers[i].pid);
	poke(roster->launcher_pid);
	shared_unlock(SHARED_ROSTER);
}

/* Tells once that the databases should be looked at again. */
bool
roster_take_rescan(void)
{
	bool		rescan;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	rescan = roster->rescan;
	roster->rescan = false;
	shared_unlock(SHARED_ROSTER);
	return rescan;
}

/* Forgets databases that are not in the list. */
void
roster_keep(const Oid *list, int count)
{
	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	for (int i = 0; i < roster->ndatabases; i++)
	{
		bool		keep = false;

		for (int j = 0; j < count; j++)
			keep |= databases()[i].oid == list[j];
		if (!keep)
			databases()[i].oid = InvalidOid;
	}
	shared_unlock(SHARED_ROSTER);
}

/* Whether the database should have one worker more, else when to ask again. */
bool
roster_wants(Oid database, TimestampTz now, TimestampTz *due)
{
	RosterDatabase *entry;
	int			running = 0;
	bool		wants = false;

	*due = DT_NOEND;
	shared_lock(SHARED_ROSTER, LW_SHARED);
	for (int i = 0; i < roster->nworkers; i++)
		running += roster->workers[i].database == database;
	entry = database_find(database);
	if (entry != NULL)
	{
		*due = entry->due;
		wants = running == 0 ? entry->due <= now : running < entry->wanted && entry->failures == 0;
		if (running > 0)
			*due = DT_NOEND;
	}
	shared_unlock(SHARED_ROSTER);
	return wants;
}

/* Reserves a place for a worker. */
int
roster_reserve(Oid database, Oid role)
{
	RosterDatabase *entry;
	int			place = -1;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	entry = database_find(database);
	for (int i = 0; entry != NULL && i < roster->nworkers && place < 0; i++)
		if (roster->workers[i].database == InvalidOid)
			place = i;
	if (place >= 0)
	{
		memset(&roster->workers[place], 0, sizeof(RosterWorker));
		roster->workers[place].database = database;
		roster->workers[place].role = role;
		roster->workers[place].launcher_pid = MyProcPid;
		entry->due = DT_NOEND;
	}
	shared_unlock(SHARED_ROSTER);
	return place;
}

/* Frees a place whose worker is gone, unless it has done so itself. */
void
roster_reaped(int place)
{
	RosterWorker *worker = &roster->workers[place];
	RosterDatabase *entry;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	entry = OidIsValid(worker->database) ? database_find(worker->database) : NULL;
	if (entry != NULL && !worker->in_order)
	{
		int			wait = RETRY_FIRST_S << Min(entry->failures, 16);

		entry->failures++;
		roster->rescan = true;
		entry->due = Min(entry->due, TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
																  Min(wait, RETRY_LAST_S) * 1000L));
	}
	worker->database = InvalidOid;
	worker->pid = 0;
	shared_unlock(SHARED_ROSTER);
}

/* When a database is due at the latest. */
void
roster_due(Oid database, TimestampTz due)
{
	RosterDatabase *entry;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	entry = database_get(database);
	if (entry != NULL)
		entry->due = Min(entry->due, due);
	shared_unlock(SHARED_ROSTER);
}

/* Takes the place that the launcher reserved; tells database and role. */
Oid
roster_attach(int place, Oid *role)
{
	Oid			database;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	database = roster->workers[place].database;
	if (roster->workers[place].pid != 0)
		database = InvalidOid;
	else
		roster->workers[place].pid = MyProcPid;
	*role = roster->workers[place].role;
	shared_unlock(SHARED_ROSTER);
	return database;
}

/* Leaves the place; the launcher frees it. */
void
roster_detach(int place, bool in_order, TimestampTz due, uint32 seen)
{
	RosterWorker *worker = &roster->workers[place];
	RosterDatabase *entry;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	worker->in_order = in_order;
	worker->pid = 0;
	entry = database_find(worker->database);
	if (entry != NULL && in_order)
	{
		entry->failures = 0;
		entry->due = Min(entry->due, entry->wakes == seen ? due : DT_NOBEGIN);
	}
	if (worker->launcher_pid != roster->launcher_pid)
	{
		/* who started it does not live to reap it */
		worker->database = InvalidOid;
		poke(roster->launcher_pid);
	}
	shared_unlock(SHARED_ROSTER);
}

/* Begins to look what there is to do. */
uint32
roster_look(Oid database)
{
	RosterDatabase *entry;
	uint32		seen = 0;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	entry = database_find(database);
	if (entry != NULL)
	{
		seen = entry->wakes;
		entry->due = DT_NOEND;
	}
	shared_unlock(SHARED_ROSTER);
	return seen;
}

/* Whether somebody woke the database's workers since. */
bool
roster_is_news(Oid database, uint32 seen)
{
	RosterDatabase *entry;
	bool		news;

	shared_lock(SHARED_ROSTER, LW_SHARED);
	entry = database_find(database);
	news = entry != NULL && entry->wakes != seen;
	shared_unlock(SHARED_ROSTER);
	return news;
}

/* Says how many workers the work is for. */
void
roster_want(Oid database, int workers)
{
	RosterDatabase *entry;
	bool		more = false;

	shared_lock(SHARED_ROSTER, LW_EXCLUSIVE);
	entry = database_find(database);
	if (entry != NULL)
	{
		more = workers > entry->wanted;
		entry->wanted = workers;
	}
	if (more)
		poke(roster->launcher_pid);
	shared_unlock(SHARED_ROSTER);
}
