/*
 * purge.c: CALL tiktokads.apply_retention().
 *
 * The call takes a list of what is due and works it off in units, each of which
 * commits: one expired partition, or one range of blocks of a partition that is
 * expired in part.  A unit decides again, under its locks, whether what it was
 * sent for is still due: rules, holds and other runs may have changed it.  The
 * row in the purge log is written by the unit that removes, so a crash leaves
 * each partition whole, or gone with its row.
 *
 * Nobody waits for us longer than lock_timeout: a unit that does not get its
 * locks in time is taken back, and tried again after a pause that doubles.  Once
 * a table was given up, its further partitions get one attempt each: whoever
 * reads it for long holds all of them.
 */
#include "postgres.h"

#include "base/array.h"
#include "base/row.h"
#include "base/unit.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "retention/keyring.h"
#include "retention/purge.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

PG_FUNCTION_INFO_V1(tiktokads_apply_retention);

#define FIRST_PAUSE_MS 100

static int	lock_timeout = 200;
static int	lock_attempts = 6;
static int	count_limit = 65536;
static int	batch_pages = 1024;

/* What became of a partition, or of one batch. */
typedef enum Outcome
{
	OUTCOME_DONE,
	OUTCOME_BUSY,				/* another run has it */
	OUTCOME_GONE,				/* nothing to do any more */
	OUTCOME_HELD,				/* a legal hold keeps it */
	OUTCOME_LOCKED,				/* its locks were not to be had */
	OUTCOME_FAILED
} Outcome;

static const char *const outcome_name[] = {
	[OUTCOME_DONE] = "done",
	[OUTCOME_BUSY] = "busy",
	[OUTCOME_GONE] = "gone",
	[OUTCOME_HELD] = "held",
};

/* A partition or table with something due. */
typedef struct Removal
{
	char	   *relation;
	char	   *leaf;
	char	   *note;			/* why it cannot be done; NULL when it can */
	bool		whole;
	int64		blocks;
} Removal;

/* A call on its way. */
typedef struct Purge
{
	MemoryContext context;
	Authority	authority;
	char	   *role;			/* the caller's, for the record */
	struct
	{
		Removal    *items;
		int			count;
		int			capacity;
	}			removals;
	Names		lines;			/* of a dry run */
	int64		partitions;
	int64		rows;
	int64		bytes;
	int64		held;
	int64		locked;
	int64		busy;
	int64		failed;
	char	   *first_error;
} Purge;

/* One unit's task and what came of it. */
typedef struct Step
{
	Purge	   *purge;
	const Removal *removal;
	int64		first_block;
	int64		last_block;
	Outcome		outcome;
	int64		rows;
	int64		bytes;
} Step;

/* Defines the room's settings. */
void
RetentionInit(void)
{
	KeyringInit();
	DefineCustomIntVariable("tiktokads.retention_lock_timeout",
							"How long retention waits for a lock, and so makes readers wait.",
							"Keep it below deadlock_timeout. What is not had in time is tried again.",
							&lock_timeout,
							200, 1, INT_MAX, PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.retention_lock_attempts",
							"How often retention tries to get a partition's locks in one call.",
							"The pause between two attempts begins at 100 ms and doubles.",
							&lock_attempts,
							6, 1, 20, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.retention_count_limit",
							"Size up to which the rows of a partition are counted before it is dropped.",
							"Rows of larger ones are those of the planner's statistics, and recorded as estimated. -1 counts always.",
							&count_limit,
							65536, -1, INT_MAX, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.retention_batch_size",
							"Part of a table that one commit looks through for expired rows.",
							NULL,
							&batch_pages,
							1024, 1, INT_MAX / 2, PGC_SUSET, GUC_UNIT_BLOCKS, NULL, NULL, NULL);
}

/* Unit: notes which days are not to come any more, and lists what is due. */
static void
unit_list(void *arg)
{
	Purge	   *purge = arg;
	MemoryContext before;

	unit_execute("SELECT tiktokads.retention_begin()", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	unit_execute("SELECT d.relation, d.leaf, d.note, d.whole,"
				 " pg_catalog.pg_relation_size(pg_catalog.format('tiktokads.%I', d.leaf)::pg_catalog.regclass)"
				 " / pg_catalog.current_setting('block_size')::bigint AS blocks"
				 " FROM tiktokads.retention_due() AS d", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	before = MemoryContextSwitchTo(purge->context);
	for (int i = 0; i < (int) SPI_processed; i++)
	{
		Removal    *removal = array_add(&purge->removals);

		removal->relation = row_text(purge->context, i, "relation");
		removal->leaf = row_text(purge->context, i, "leaf");
		removal->note = row_text(purge->context, i, "note");
		removal->whole = row_bool(i, "whole");
		removal->blocks = row_int64(i, "blocks", NULL);
	}
	MemoryContextSwitchTo(before);
}

/* Unit: lists, in words, what would be done. */
static void
unit_plan(void *arg)
{
	Purge	   *purge = arg;

	unit_execute("SELECT pg_catalog.array_agg(pg_catalog.format('%s: %s%s rows, %s: %s', p.partition,"
				 " CASE WHEN p.rows_estimated THEN 'about ' ELSE '' END, p.rows,"
				 " pg_catalog.pg_size_pretty(p.bytes), p.verdict) ORDER BY p.relation, p.from_bound) AS lines"
				 " FROM tiktokads.retention_plan_rows() AS p", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	purge->lines = row_names(purge->context, 0, "lines");
}

/* Unit: drops one partition or works off one range of blocks. */
static void
unit_remove(void *arg)
{
	Step	   *step = arg;
	const Removal *removal = step->removal;
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, INT8OID, INT8OID};
	Datum		values[] = {
		CStringGetTextDatum(removal->relation),
		CStringGetTextDatum(removal->leaf),
		CStringGetTextDatum(step->purge->role),
		Int64GetDatum(step->first_block),
		Int64GetDatum(step->last_block)
	};
	char	   *word;

	unit_execute(removal->whole
				 ? "SELECT outcome, rows, bytes FROM tiktokads.retention_drop($1::name, $2::name, $3::name)"
				 : "SELECT outcome, rows, bytes FROM tiktokads.retention_batch($1::name, $2::name, $4, $5, $3::name)",
				 removal->whole ? 3 : 5, types, values, NULL, SPI_OK_SELECT);
	step->rows = row_int64(0, "rows", NULL);
	step->bytes = row_int64(0, "bytes", NULL);
	word = row_text(CurrentMemoryContext, 0, "outcome");
	for (int i = 0; i < lengthof(outcome_name); i++)
		if (strcmp(outcome_name[i], word) == 0)
			step->outcome = i;
}

/* Waits before the n-th next attempt, a little at random; obeys cancel and shutdown. */
static void
pause_before(int attempt)
{
	double		jitter = 0.75 + 0.5 * pg_prng_double(&pg_global_prng_state);
	long		pause = (long) (FIRST_PAUSE_MS * (1L << Min(attempt - 1, 8)) * jitter);

	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Does one unit, again and again while its locks are not to be had. */
static void
step_run(Step *step, int attempts)
{
	Purge	   *purge = step->purge;

	for (int attempt = 1;; attempt++)
	{
		ErrorData  *failure = unit_try(&purge->authority, unit_remove, step);

		if (failure == NULL)
			return;
		step->rows = 0;
		step->bytes = 0;
		if (failure->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		{
			step->outcome = OUTCOME_FAILED;
			if (purge->first_error == NULL)
				purge->first_error = MemoryContextStrdup(purge->context,
														 psprintf("%s: %s", step->removal->leaf, failure->message));
			FreeErrorData(failure);
			return;
		}
		step->outcome = OUTCOME_LOCKED;
		FreeErrorData(failure);
		if (attempt >= attempts)
			return;
		pause_before(attempt);
	}
}

/* Says what became of a partition or table, and counts it. */
static void
removal_report(Purge *purge, const Removal *removal, Outcome outcome, int64 rows, int64 bytes)
{
	switch (outcome)
	{
		case OUTCOME_DONE:
			purge->rows += rows;
			purge->bytes += bytes;
			if (removal->whole)
				purge->partitions++;
			if (removal->whole || rows > 0)
				ereport(NOTICE,
						(errmsg(removal->whole ? "dropped partition %s: " INT64_FORMAT " rows, " INT64_FORMAT " bytes"
								: "worked off %s: " INT64_FORMAT " rows, " INT64_FORMAT " bytes",
								removal->leaf, rows, bytes)));
			break;
		case OUTCOME_BUSY:
			purge->busy++;
			break;
		case OUTCOME_GONE:
			break;
		case OUTCOME_HELD:
			purge->held++;
			ereport(NOTICE,
					(errmsg("partition %s stays: " INT64_FORMAT " rows are under a legal hold", removal->leaf, rows)));
			break;
		case OUTCOME_LOCKED:
			purge->locked++;
			ereport(WARNING,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("%s stays for now: others kept it locked", removal->leaf),
					 errhint("Call again later; pg_locks tells who holds it.")));
			break;
		case OUTCOME_FAILED:
			purge->failed++;
			break;
	}
}

/* Works a removal off: a partition in one unit, rows in a unit for each range of blocks. */
static Outcome
removal_run(Purge *purge, const Removal *removal, int attempts)
{
	Step		step = {purge, removal};
	int64		rows = 0;
	int64		bytes = 0;

	if (removal->note != NULL)
	{
		ereport(WARNING,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("partition %s stays: %s", removal->leaf, removal->note),
				 errhint("Remove its rows yourself, or detach it.")));
		return OUTCOME_GONE;
	}
	do
	{
		step.last_block = step.first_block + batch_pages;
		step.outcome = OUTCOME_GONE;
		step_run(&step, attempts);
		rows += step.rows;
		bytes += step.bytes;
		step.first_block = step.last_block;
	} while (!removal->whole && step.outcome == OUTCOME_DONE && step.first_block < removal->blocks);

	/* what earlier batches did is done, whatever stopped a later one */
	if (!removal->whole && step.outcome != OUTCOME_DONE && rows > 0)
		removal_report(purge, removal, OUTCOME_DONE, rows, bytes);
	removal_report(purge, removal, step.outcome, rows, bytes);
	return step.outcome;
}

/* Works off everything that is due. */
static void
purge_run(Purge *purge)
{
	const char *given_up = NULL;

	unit_run(&purge->authority, unit_list, purge);
	for (int i = 0; i < purge->removals.count; i++)
	{
		const Removal *removal = &purge->removals.items[i];
		bool		again = given_up == NULL || strcmp(given_up, removal->relation) != 0;

		CHECK_FOR_INTERRUPTS();
		if (removal_run(purge, removal, again ? lock_attempts : 1) == OUTCOME_LOCKED)
			given_up = removal->relation;
	}
}

/* Says what the call came to; an error when removals failed. */
static void
purge_report(const Purge *purge)
{
	if (purge->failed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(INT64_FORMAT " of %d removals failed; the others are done", purge->failed, purge->removals.count),
				 errdetail("%s", purge->first_error),
				 errhint("What failed is as it was before; settle its cause and call again.")));
	ereport(NOTICE,
			(errmsg(INT64_FORMAT " partitions dropped, " INT64_FORMAT " rows and " INT64_FORMAT " bytes gone; "
					INT64_FORMAT " under a legal hold, " INT64_FORMAT " locked, " INT64_FORMAT " in the hands of another run",
					purge->partitions, purge->rows, purge->bytes, purge->held, purge->locked, purge->busy)));
}

/* CALL tiktokads.apply_retention(dry_run): removes what the enabled rules want gone. */
Datum
tiktokads_apply_retention(PG_FUNCTION_ARGS)
{
	Purge	   *purge = palloc0(sizeof(Purge));
	bool		dry_run = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);

	purge->context = CurrentMemoryContext;
	purge->role = pstrdup(GetUserNameFromId(GetUserId(), false));
	call_open(fcinfo, "tiktokads.apply_retention", &purge->authority);
	if (dry_run)
	{
		unit_run(&purge->authority, unit_plan, purge);
		for (int i = 0; i < purge->lines.count; i++)
			ereport(NOTICE, (errmsg("%s", purge->lines.items[i])));
		if (purge->lines.count == 0)
			ereport(NOTICE, (errmsg("nothing has expired")));
	}
	else
	{
		purge_run(purge);
		purge_report(purge);
	}
	call_close();
	PG_RETURN_VOID();
}
