/*
 * claim.c: the slices that processes of this server work at, and how far they are.
 *
 * Shared memory, because what it says is true only while the process lives:
 * entries go with the process that made them, in an exit callback or, after a
 * crash, with all of the memory.  Nothing here is a cursor: what is done and
 * what is still to do are rows of tables.
 *
 * What must stay true: two entries of a stream and advertiser never overlap,
 * nor do one of a stream and one of another that goes through its rows; an entry
 * is written by its own process alone; strings are cut to fit, which can only
 * make two streams look alike.
 */
#include "postgres.h"

#include "base/shared.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "sync/claim.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(tiktokads_claims);

typedef struct Claim
{
	int			pid;			/* 0: free */
	Oid			database;
	bool		worker;			/* else a session's CALL */
	bool		suspect;
	ClaimPhase	phase;
	char		connection[NAMEDATALEN];
	char		stream[NAMEDATALEN];
	char		each_stream[NAMEDATALEN];	/* whose rows it goes through, "": none */
	int64		advertiser_id;
	DateADT		from;
	DateADT		to;
	int64		run;			/* 0: not recorded yet */
	int64		pages_done;
	int64		pages_expected; /* -1: not known yet */
	int64		rows_done;
	int64		rows_expected;	/* -1: not known */
	TimestampTz claimed_at;
	int64		slices_done;	/* of all that the process works at */
	int64		slices_expected;
	TimestampTz started_at;
} Claim;

typedef struct ClaimTable
{
	int			capacity;
	Claim		claims[FLEXIBLE_ARRAY_MEMBER];
} ClaimTable;

static int	max_claims = 64;
static ClaimTable *table = NULL;

/* Bytes of the table. */
static Size
claim_size(void)
{
	return offsetof(ClaimTable, claims) + mul_size(max_claims, sizeof(Claim));
}

/* Fills the fresh table. */
static void
claim_begin(void *memory)
{
	((ClaimTable *) memory)->capacity = max_claims;
}

static const SharedPart claim_part = {"tiktokads claims", claim_size, claim_begin, (void **) &table};

/* Defines how many claims there may be and asks for their memory. */
void
ClaimInit(void)
{
	DefineCustomIntVariable("tiktokads.max_claims",
							"Slices that all workers and sessions of the server may work at at once.",
							"Each takes half a kilobyte of shared memory; a worker has up to four.",
							&max_claims, 64, 4, 65536, PGC_POSTMASTER, 0, NULL, NULL, NULL);
	shared_add(&claim_part);
}

/* How many slices there may be at most. */
int
claim_capacity(void)
{
	return table == NULL ? 0 : table->capacity;
}

/* Gives back what this process held when it ends. */
static void
claim_exit(int code, Datum arg)
{
	claim_release_all();
}

/* True when two names of streams are the same, as far as they are kept. */
static bool
same_stream(const char *one, const char *other)
{
	return other != NULL && strncmp(one, other, NAMEDATALEN - 1) == 0;
}

/* Whether a claim keeps a slice from being taken; the lock is held. */
static bool
claim_excludes(const Claim *claim, const Slice *slice, bool suspect)
{
	const StreamDef *stream = slice->target->stream;

	if (claim->pid == 0 || claim->database != MyDatabaseId)
		return false;
	if (suspect && claim->suspect)
		return true;
	return claim->advertiser_id == slice->scope.advertiser_id &&
		claim->from <= slice->scope.to && slice->scope.from <= claim->to &&
		(same_stream(claim->stream, stream->name) || same_stream(claim->stream, stream->each_stream) ||
		 same_stream(claim->each_stream, stream->name));
}

/* Fills a free entry; the lock is held. */
static void
claim_fill(Claim *claim, const Slice *slice, const char *connection, bool suspect, bool worker)
{
	memset(claim, 0, sizeof(*claim));
	claim->pid = MyProcPid;
	claim->database = MyDatabaseId;
	claim->worker = worker;
	claim->suspect = suspect;
	strlcpy(claim->connection, connection, NAMEDATALEN);
	strlcpy(claim->stream, slice->target->stream->name, NAMEDATALEN);
	if (slice->target->stream->each_stream != NULL)
		strlcpy(claim->each_stream, slice->target->stream->each_stream, NAMEDATALEN);
	claim->advertiser_id = slice->scope.advertiser_id;
	claim->from = slice->scope.from;
	claim->to = slice->scope.to;
	claim->pages_expected = claim->rows_expected = -1;
	claim->claimed_at = claim->started_at = GetCurrentTimestamp();
}

/* Takes a slice for this process. */
ClaimResult
claim_take(Slice *slice, const char *connection, bool suspect, bool worker)
{
	static bool registered = false;
	ClaimResult result = CLAIM_FULL;

	slice->claim = CLAIM_NONE;
	if (table == NULL)
		return CLAIM_TAKEN;
	if (!registered)
		before_shmem_exit(claim_exit, (Datum) 0);
	registered = true;
	shared_lock(SHARED_CLAIM, LW_EXCLUSIVE);
	for (int i = 0; i < table->capacity && result != CLAIM_BUSY; i++)
	{
		if (claim_excludes(&table->claims[i], slice, suspect))
			result = CLAIM_BUSY;
		else if (table->claims[i].pid == 0 && slice->claim == CLAIM_NONE)
		{
			slice->claim = i + 1;
			result = CLAIM_TAKEN;
		}
	}
	if (result == CLAIM_TAKEN)
		claim_fill(&table->claims[slice->claim - 1], slice, connection, suspect, worker);
	else
		slice->claim = CLAIM_NONE;
	shared_unlock(SHARED_CLAIM);
	return result;
}

/* Gives the slice back. */
void
claim_release(Slice *slice)
{
	if (slice->claim == CLAIM_NONE)
		return;
	shared_lock(SHARED_CLAIM, LW_EXCLUSIVE);
	table->claims[slice->claim - 1].pid = 0;
	shared_unlock(SHARED_CLAIM);
	slice->claim = CLAIM_NONE;
}

/* Gives everything back that this process holds. */
void
claim_release_all(void)
{
	if (table == NULL)
		return;
	shared_lock(SHARED_CLAIM, LW_EXCLUSIVE);
	for (int i = 0; i < table->capacity; i++)
		if (table->claims[i].pid == MyProcPid)
			table->claims[i].pid = 0;
	shared_unlock(SHARED_CLAIM);
}

/* Tells others of the slice's run. */
void
claim_set_run(const Slice *slice)
{
	if (slice->claim == CLAIM_NONE)
		return;
	shared_lock(SHARED_CLAIM, LW_EXCLUSIVE);
	table->claims[slice->claim - 1].run = slice->run;
	shared_unlock(SHARED_CLAIM);
}

/* Tells others how far the slice is. */
void
claim_set_phase(const Slice *slice, ClaimPhase phase)
{
	Claim	   *claim;

	if (slice->claim == CLAIM_NONE)
		return;
	claim = &table->claims[slice->claim - 1];
	shared_lock(SHARED_CLAIM, LW_EXCLUSIVE);
	claim->phase = phase;
	claim->pages_done = slice->pages_done;
	claim->pages_expected = slice->total_pages;
	claim->rows_done = slice->nrows;
	claim->rows_expected = slice->total_rows;
	shared_unlock(SHARED_CLAIM);
}

/* Tells others how far all slices of the process are. */
void
claim_set_totals(const Slice *slice, int64 slices_done, int64 slices_expected, TimestampTz started)
{
	Claim	   *claim;

	if (slice->claim == CLAIM_NONE)
		return;
	claim = &table->claims[slice->claim - 1];
	shared_lock(SHARED_CLAIM, LW_EXCLUSIVE);
	claim->slices_done = slices_done;
	claim->slices_expected = slices_expected;
	claim->started_at = started;
	shared_unlock(SHARED_CLAIM);
}

/* Runs that are worked at in this database. */
Datum
claim_runs(void)
{
	int			capacity = claim_capacity();
	Datum	   *runs = palloc(Max(capacity, 1) * sizeof(Datum));
	int			n = 0;

	if (table != NULL)
	{
		shared_lock(SHARED_CLAIM, LW_SHARED);
		for (int i = 0; i < capacity; i++)
			if (table->claims[i].pid != 0 && table->claims[i].database == MyDatabaseId)
				runs[n++] = Int64GetDatum(table->claims[i].run);
		shared_unlock(SHARED_CLAIM);
	}
	return PointerGetDatum(construct_array(runs, n, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* A row of tiktokads.claims(). */
static void
claim_put(ReturnSetInfo *result, const Claim *claim)
{
	static const char *const phases[] = {
		[CLAIM_FETCHING] = "fetching",[CLAIM_WAITING] = "waiting",[CLAIM_STORING] = "storing"
	};
	bool		undated = DATE_NOT_FINITE(claim->from);
	Datum		values[] = {
		Int32GetDatum(claim->pid), CStringGetTextDatum(claim->worker ? "worker" : "call"),
		CStringGetTextDatum(phases[claim->phase]), CStringGetTextDatum(claim->connection),
		CStringGetTextDatum(claim->stream), Int64GetDatum(claim->advertiser_id),
		DateADTGetDatum(claim->from), DateADTGetDatum(claim->to),
		Int64GetDatum(claim->run), Int64GetDatum(claim->pages_done), Int64GetDatum(claim->pages_expected),
		Int64GetDatum(claim->rows_done), Int64GetDatum(claim->rows_expected),
		TimestampTzGetDatum(claim->claimed_at),
		Int64GetDatum(claim->slices_done), Int64GetDatum(claim->slices_expected),
		TimestampTzGetDatum(claim->started_at)
	};
	bool		nulls[] = {
		false, false, false, false, false, false, undated, undated,
		claim->run == 0, false, claim->pages_expected < 0, false, claim->rows_expected < 0,
		false, false, false, false
	};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* tiktokads.claims(): what is worked at in this database. */
Datum
tiktokads_claims(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			capacity = claim_capacity();
	Claim	   *copies;
	int			n = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (table == NULL)
		return (Datum) 0;
	copies = palloc(capacity * sizeof(Claim));
	shared_lock(SHARED_CLAIM, LW_SHARED);
	for (int i = 0; i < capacity; i++)
		if (table->claims[i].pid != 0 && table->claims[i].database == MyDatabaseId)
			copies[n++] = table->claims[i];
	shared_unlock(SHARED_CLAIM);
	for (int i = 0; i < n; i++)
		claim_put(result, &copies[i]);
	return (Datum) 0;
}
