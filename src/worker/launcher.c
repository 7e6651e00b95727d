/*
 * launcher.c: the process that starts workers where there is work.
 *
 * It is connected to no database, so it keeps none from being dropped, and
 * reads two shared catalogues alone: which of tiktokads.databases exist, and
 * whether the workers' role does.  Whether a database has the extension only a
 * worker can tell: each listed database gets one when the server starts, and
 * afterwards when it is due or woken.  With nothing due it sleeps without a
 * timeout.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "tiktokads.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "worker/roster.h"
#include "worker/worker.h"

#define SLOT_RETRY_MS	10000	/* after the server had no slot for a worker */

/* What the launcher knows; in this process alone. */
typedef struct Launcher
{
	MemoryContext context;
	Oid		   *databases;		/* listed and there */
	int			count;
	Oid			role;			/* of the workers; invalid: it is not there */
	BackgroundWorkerHandle **handles;	/* by place; NULL: none of ours */
	TimestampTz no_slot_until;
} Launcher;

/* The workers' role, invalid unless it may log in. */
static Oid
role_scan(void)
{
	Relation	relation = table_open(AuthIdRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(relation, 0, NULL);
	HeapTuple	tuple;
	Oid			found = InvalidOid;

	while (!OidIsValid(found) && HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_authid role = (Form_pg_authid) GETSTRUCT(tuple);

		if (strcmp(NameStr(role->rolname), OWNER_ROLE) == 0 && role->rolcanlogin)
			found = role->oid;
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* Looks which of tiktokads.databases exist. */
static void
databases_scan(Launcher *launcher)
{
	Relation	relation;
	TableScanDesc scan;
	HeapTuple	tuple;

	launcher->count = 0;
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	launcher->role = role_scan();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (!database->datallowconn || !worker_database_listed(NameStr(database->datname)))
			continue;
		if (launcher->databases == NULL)
			launcher->databases = MemoryContextAlloc(launcher->context, sizeof(Oid));
		launcher->databases = repalloc(launcher->databases, (launcher->count + 1) * sizeof(Oid));
		launcher->databases[launcher->count++] = database->oid;
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(launcher->context);
	pgstat_report_activity(STATE_IDLE, NULL);
	roster_keep(launcher->databases, launcher->count);
}

/* Has every listed database looked after at once. */
static void
databases_due(Launcher *launcher)
{
	for (int i = 0; i < launcher->count; i++)
		roster_due(launcher->databases[i], DT_NOBEGIN);
}

/* Frees the places of workers that are gone. */
static void
workers_reap(Launcher *launcher)
{
	for (int i = 0; i < roster_max_workers(); i++)
	{
		pid_t		pid;

		if (launcher->handles[i] == NULL ||
			GetBackgroundWorkerPid(launcher->handles[i], &pid) != BGWH_STOPPED)
			continue;
		pfree(launcher->handles[i]);
		launcher->handles[i] = NULL;
		roster_reaped(i);
	}
}

/* Starts a worker for a database; false when the server has no slot for it. */
static bool
worker_start(Launcher *launcher, Oid database)
{
	BackgroundWorker worker;
	int			place = roster_reserve(database, launcher->role);

	if (place < 0)
		return true;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = Int32GetDatum(place);
	strlcpy(worker.bgw_library_name, EXTENSION_NAME, BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "tiktokads_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "tiktokads worker", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "tiktokads worker", BGW_MAXLEN);
	if (RegisterDynamicBackgroundWorker(&worker, &launcher->handles[place]))
		return true;

	launcher->handles[place] = NULL;
	roster_reaped(place);
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("out of background worker slots"),
			 errhint("Raise max_worker_processes: tiktokads needs one for its launcher and up to %d for workers, beside what others need.",
					 roster_max_workers())));
	return false;
}

/* Starts what is due; tells how long to sleep in milliseconds, -1: until woken. */
static long
workers_start(Launcher *launcher)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next = DT_NOEND;

	if (!worker_enabled || !OidIsValid(launcher->role))
		return -1;
	if (launcher->no_slot_until > now)
		return TimestampDifferenceMilliseconds(now, launcher->no_slot_until);
	for (int i = 0; i < launcher->count; i++)
	{
		TimestampTz due;

		if (roster_wants(launcher->databases[i], now, &due))
		{
			if (!worker_start(launcher, launcher->databases[i]))
			{
				launcher->no_slot_until = TimestampTzPlusMilliseconds(now, SLOT_RETRY_MS);
				return SLOT_RETRY_MS;
			}
		}
		else
			next = Min(next, due);
	}
	if (TIMESTAMP_IS_NOEND(next))
		return -1;
	return Max(1, TimestampDifferenceMilliseconds(now, next) + 1);
}

/* Leaves the roster when the launcher ends. */
static void
launcher_exit(int code, Datum arg)
{
	roster_launcher(0);
}

/* Prepares the process. */
static void
launcher_begin(Launcher *launcher)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);

	memset(launcher, 0, sizeof(*launcher));
	launcher->context = AllocSetContextCreate(TopMemoryContext, "tiktokads launcher", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(launcher->context);
	launcher->handles = palloc0(roster_max_workers() * sizeof(*launcher->handles));
	before_shmem_exit(launcher_exit, (Datum) 0);
	roster_launcher(MyProcPid);
	if (roster_max_workers() >= max_worker_processes)
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("max_worker_processes (%d) is too small for tiktokads.max_workers (%d)",
						max_worker_processes, roster_max_workers()),
				 errhint("Raise max_worker_processes to at least %d, beside what others need, or lower tiktokads.max_workers.",
						 roster_max_workers() + 1)));
}

/* The launcher's main function. */
void
tiktokads_launcher_main(Datum arg)
{
	Launcher	launcher;

	launcher_begin(&launcher);
	databases_scan(&launcher);
	databases_due(&launcher);
	for (;;)
	{
		long		sleep_ms;
		int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			databases_scan(&launcher);
			databases_due(&launcher);
		}
		if (roster_take_rescan() || !OidIsValid(launcher.role))
			databases_scan(&launcher);
		workers_reap(&launcher);
		sleep_ms = workers_start(&launcher);
		if (sleep_ms >= 0)
			events |= WL_TIMEOUT;
		if (WaitLatch(MyLatch, events, sleep_ms, PG_WAIT_EXTENSION) & WL_LATCH_SET)
			ResetLatch(MyLatch);
	}
}
