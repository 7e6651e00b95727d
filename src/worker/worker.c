/*
 * worker.c: the process that syncs one database.
 *
 * It looks what is due, plans it as tasks, works at them through the engine,
 * and looks again, until nothing is due within tiktokads.idle_exit; then it
 * leaves word when the next thing is due and exits.  Others may do the same
 * beside it: tasks are shared out by claim.
 *
 * What must stay true: between units it has no transaction; it runs as
 * tiktokads_worker; whatever happens, it leaves the roster; tasks that it leaves
 * in good order are not counted as crashes; a database that somebody wants to
 * drop, rename, move or copy is left within a second.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/clock.h"
#include "base/shared.h"
#include "base/unit.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "sync/run.h"
#include "sync/task.h"
#include "tcop/tcopprot.h"
#include "tiktokads.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"
#include "worker/roster.h"
#include "worker/worker.h"

#define LOOK_MS				250 /* how often an idle worker looks whether it is in the way */
#define BUSY_MS				1000
#define TURN_SECONDS		20	/* of one connection while others have work */
#define SLICES_PER_WORKER	8	/* fewer are not worth another process */
#define LIST_SECONDS		3600	/* the ad accounts are listed again after so long */

bool		worker_enabled = true;
int			worker_idle_exit = 5;
static char *worker_databases = NULL;

/* One connection as a worker sees it. */
typedef struct Duty
{
	Connection	connection;
	bool		list;			/* its ad accounts are to be listed first */
	TaskOutlook outlook;
} Duty;

/* What there is to do in the database. */
typedef struct Survey
{
	MemoryContext context;		/* reset with each survey */
	Duty	   *duties;
	int			count;
	bool		able;			/* the model is there */
	TimestampTz next;			/* on the shifted clock: when to look again */
} Survey;

/* This process. */
static Authority authority;
static char *database_name = NULL;
static int	place = -1;
static uint32 seen = 0;			/* wakes at the last look */
static bool in_the_way = false;
static TimestampTz turn_end = DT_NOEND;
static bool leaving = false;	/* in good order */
static TimestampTz exit_due = DT_NOEND; /* then: when to be back */

/* A failure to record, and of which connection. */
typedef struct DutyFailure
{
	const char *connection;
	const char *message;		/* NULL: the network is doubtful */
} DutyFailure;

/* Refuses a list that cannot be read. */
static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names = NIL;
	bool		good = SplitGUCList(copy, ',', &names);

	list_free(names);
	pfree(copy);
	if (!good)
		GUC_check_errdetail("List syntax is invalid.");
	return good;
}

/* Registers the launcher. */
static void
launcher_register(void)
{
	BackgroundWorker launcher;

	memset(&launcher, 0, sizeof(launcher));
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = 5;
	strlcpy(launcher.bgw_library_name, EXTENSION_NAME, BGW_MAXLEN);
	strlcpy(launcher.bgw_function_name, "tiktokads_launcher_main", BGW_MAXLEN);
	strlcpy(launcher.bgw_name, "tiktokads launcher", BGW_MAXLEN);
	strlcpy(launcher.bgw_type, "tiktokads launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&launcher);
}

/* Defines the room's settings; while preloading, registers the launcher. */
void
WorkerInit(void)
{
	DefineCustomStringVariable("tiktokads.databases",
							   "Databases that the workers sync.",
							   "A comma-separated list of names. Needs tiktokads in shared_preload_libraries.",
							   &worker_databases, "", PGC_SIGHUP, GUC_LIST_INPUT, check_databases, NULL, NULL);
	DefineCustomBoolVariable("tiktokads.worker_enabled",
							 "Lets workers run.",
							 "Off: those that run leave at once and none is started.",
							 &worker_enabled, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.idle_exit",
							"Time after which a worker with nothing to do leaves its database.",
							"The launcher starts another when something is due.",
							&worker_idle_exit, 5, 0, 86400, PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	if (!shared_preloading() || IsBinaryUpgrade)
		return;
	RosterInit();
	if (roster_max_workers() > 0)
		launcher_register();
}

/* The names of tiktokads.databases hold this one. */
bool
worker_database_listed(const char *name)
{
	char	   *copy = pstrdup(worker_databases == NULL ? "" : worker_databases);
	List	   *names = NIL;
	ListCell   *cell;
	bool		listed = false;

	if (SplitGUCList(copy, ',', &names))
		foreach(cell, names)
			listed |= strcmp(name, (char *) lfirst(cell)) == 0;
	list_free(names);
	pfree(copy);
	return listed;
}

/*
 * True when somebody holds or wants the database for himself: to drop, rename
 * or move it, or to copy it.  Each takes a lock on its row before looking who
 * is connected, and waits some seconds for us.
 */
static bool
database_is_wanted(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
	if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	(void) LockRelease(&tag, RowExclusiveLock, true);
	return false;
}

/* Follows what is asked of the process; true: it should leave. */
static bool
worker_should_leave(void)
{
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	if (database_is_wanted())
		in_the_way = true;
	return in_the_way || !worker_enabled || !worker_database_listed(database_name);
}

/* Advises the engine. */
static RunAdvice
worker_advise(void)
{
	static TimestampTz looked = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (ConfigReloadPending || TimestampDifferenceExceeds(looked, now, LOOK_MS))
	{
		looked = now;
		if (worker_should_leave())
			return RUN_STOP;
	}
	if (now > turn_end || roster_is_news(MyDatabaseId, seen))
		return RUN_DRAIN;
	return RUN_ON;
}

/* Unit: reads what the connection's state says; true when it may be asked now. */
static bool
duty_state(Duty *duty, TimestampTz now, TimestampTz *next)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(duty->connection.name)};
	bool		isnull = true;
	TimestampTz listed;
	TimestampTz not_before = DT_NOBEGIN;

	duty->list = true;
	unit_execute("SELECT listed_at, not_before FROM tiktokads.connection_state WHERE connection = $1",
				 1, types, values, NULL, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return true;
	listed = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	if (!isnull)
	{
		listed = TimestampTzPlusMilliseconds(listed, LIST_SECONDS * 1000L);
		duty->list = listed <= now;
		if (!duty->list)
			*next = Min(*next, listed);
	}
	not_before = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	if (not_before > now)
		*next = not_before;
	return not_before <= now;
}

/* In a unit: true when roles and model are there, in this version. */
static bool
database_is_ready(void)
{
	static const char *const questions[] = {
		"SELECT pg_catalog.has_schema_privilege('tiktokads', 'USAGE') AS ready",
		"SELECT tiktokads.roles_ready() AS ready",
		"SELECT tiktokads.model_ready() AS ready"
	};

	for (int i = 0; i < lengthof(questions); i++)
	{
		unit_execute(questions[i], 0, NULL, NULL, NULL, SPI_OK_SELECT);
		if (!row_bool(0, "ready"))
			return false;
	}
	return true;
}

/* Unit: plans what is due, and looks what there is to do. */
static void
unit_survey(void *arg)
{
	Survey	   *survey = arg;
	TimestampTz now = clock_now();
	Connection *connections;
	int			nconnections;

	survey->next = DT_NOEND;
	survey->count = 0;
	survey->able = database_is_ready();
	if (!survey->able)
		return;
	connections = connection_load_acting(survey->context, &nconnections);
	survey->duties = MemoryContextAllocZero(survey->context, Max(nconnections, 1) * sizeof(Duty));
	for (int i = 0; i < nconnections; i++)
	{
		Duty	   *duty = &survey->duties[survey->count];
		TimestampTz next = DT_NOEND;

		duty->connection = connections[i];
		if (duty_state(duty, now, &next))
		{
			(void) task_plan(duty->connection.name);
			duty->outlook = task_outlook(duty->connection.name);
			next = Min(next, duty->outlook.next);
			if (duty->list || duty->outlook.ready > 0)
				survey->count++;
		}
		survey->next = Min(survey->next, next);
	}
}

/* Unit: learns the database's name. */
static void
unit_name(void *arg)
{
	database_name = MemoryContextStrdup(TopMemoryContext, get_database_name(MyDatabaseId));
}

/* Unit: records why a connection could not be served. */
static void
unit_duty_failed(void *arg)
{
	DutyFailure *failure = arg;

	task_unlisted(failure->connection, failure->message);
}

/* Serves one connection; its failure is logged and recorded, and stops no other.  True: something was done. */
static bool
duty_serve(Duty *duty)
{
	MemoryContext before = CurrentMemoryContext;
	RunTotals  *totals = palloc0(sizeof(RunTotals));
	DutyFailure failure = {duty->connection.name, NULL};

	totals->expected = duty->outlook.open;
	PG_TRY();
	{
		run_tasks(&authority, &duty->connection, duty->list, worker_advise, totals);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(before);
		error = CopyErrorData();
		EmitErrorReport();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(before);
		FlushErrorState();
		failure.message = error->message;
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	open_take_back(&authority);
	if (failure.message != NULL || totals->unreachable)
		(void) unit_try(&authority, unit_duty_failed, &failure);
	return totals->slices > 0 || (duty->list && failure.message == NULL);
}

/* Serves all connections in turn, beginning elsewhere than the workers beside; true: something was done. */
static bool
survey_serve(Survey *survey)
{
	int64		ready = 0;
	bool		done = false;

	for (int i = 0; i < survey->count; i++)
		ready += survey->duties[i].outlook.ready;
	roster_want(MyDatabaseId, (int) Min(1 + ready / SLICES_PER_WORKER, roster_max_workers()));
	for (int i = 0; i < survey->count && !worker_should_leave(); i++)
	{
		turn_end = survey->count == 1 ? DT_NOEND :
			TimestampTzPlusMilliseconds(GetCurrentTimestamp(), TURN_SECONDS * 1000L);
		done |= duty_serve(&survey->duties[(i + place) % survey->count]);
	}
	/* what is ready and was not taken is in the hands of others: look again soon */
	if (!done && survey->count > 0)
		survey->next = Min(survey->next, TimestampTzPlusMilliseconds(clock_now(), BUSY_MS));
	return done;
}

/* Leaves in good order, to be back at a time of the shifted clock. */
static void
worker_leave(TimestampTz next)
{
	leaving = true;
	exit_due = TIMESTAMP_NOT_FINITE(next) ? next : next - (clock_now() - GetCurrentTimestamp());
	if (in_the_way)
		exit_due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 1000);
	proc_exit(0);
}

/* Sleeps until something is due, is told, or has lasted long enough; true: look again. */
static bool
worker_sleep(TimestampTz next, TimestampTz idle_since)
{
	pgstat_report_activity(STATE_IDLE, NULL);
	for (;;)
	{
		if (worker_should_leave())
			return false;
		if (roster_is_news(MyDatabaseId, seen) || next <= clock_now())
			return true;
		if (TimestampDifferenceExceeds(idle_since, GetCurrentTimestamp(), worker_idle_exit * 1000))
			return false;
		if (WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					  Max(1, Min(LOOK_MS, TimestampDifferenceMilliseconds(clock_now(), next))),
					  PG_WAIT_EXTENSION) & WL_LATCH_SET)
			ResetLatch(MyLatch);
	}
}

/* Runs when the process ends, however it does short of a crash. */
static void
worker_exit(int code, Datum arg)
{
	if (OidIsValid(authority.extension))
	{
		AbortOutOfAnyTransaction();
		open_take_back(&authority);
	}
	roster_detach(place, leaving, exit_due, seen);
}

/* Settings that no role or database setting may change for a worker. */
static void
settings_fix(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"}, {"statement_timeout", "0"},
		/* where locks cross, a worker gives way before a session's deadlock_timeout */
		{"lock_timeout", "700ms"}, {"deadlock_timeout", "10ms"},
		{"idle_in_transaction_session_timeout", "0"}, {"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"}, {"session_replication_role", "origin"},
	};

	for (int i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
}

/* Connects to the database as the workers' role. */
static void
worker_begin(Datum arg)
{
	Oid			database;
	Oid			role;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	place = DatumGetInt32(arg);
	database = roster_attach(place, &role);
	if (!OidIsValid(database))
		proc_exit(0);
	before_shmem_exit(worker_exit, (Datum) 0);
	settings_fix();
	BackgroundWorkerInitializeConnectionByOid(database, role, 0);
	SetConfigOption("application_name", "tiktokads worker", PGC_SUSET, PGC_S_OVERRIDE);
}

/* Learns the database's name; false where the extension is not there. */
static bool
worker_look_around(void)
{
	MemoryContext before = CurrentMemoryContext;

	SetCurrentStatementStartTimestamp();
	if (!authority_of_worker(&authority))
		return false;
	if (database_name == NULL)
		unit_run(&authority, unit_name, NULL);
	MemoryContextSwitchTo(before);
	return true;
}

/* Looks once what there is to do, and does it; true when anything was done. */
static bool
worker_turn(Survey *survey)
{
	ErrorData  *failure;

	MemoryContextReset(survey->context);
	MemoryContextSwitchTo(survey->context);
	seen = roster_look(MyDatabaseId);
	pgstat_report_activity(STATE_RUNNING, "tiktokads: looking what is due");
	failure = unit_try(&authority, unit_survey, survey);
	if (failure != NULL)
	{
		/* the extension may have gone, or come anew */
		if (!worker_look_around())
			worker_leave(DT_NOEND);
		if (!settle_is_crossing(failure))
			ReThrowError(failure);
		survey->next = TimestampTzPlusMilliseconds(clock_now(), BUSY_MS);
		return false;
	}
	/* connect() or create_model() will complete it, and wake */
	if (!survey->able)
		worker_leave(DT_NOEND);
	return survey_serve(survey);
}

/* The worker's main function; the argument is its place in the roster. */
void
tiktokads_worker_main(Datum arg)
{
	Survey		survey = {0};
	TimestampTz idle_since;

	worker_begin(arg);
	if (!worker_look_around())
		worker_leave(DT_NOEND);
	survey.context = AllocSetContextCreate(TopMemoryContext, "tiktokads survey", ALLOCSET_DEFAULT_SIZES);
	idle_since = GetCurrentTimestamp();
	for (;;)
	{
		if (worker_turn(&survey))
		{
			idle_since = GetCurrentTimestamp();
			if (!worker_should_leave())
				continue;
		}
		if (!worker_sleep(survey.next, idle_since))
			break;
	}
	roster_want(MyDatabaseId, 1);
	worker_leave(survey.next);
}
