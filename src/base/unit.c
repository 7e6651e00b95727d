/*
 * unit.c: units of work.
 *
 * The one place that commits.  A procedure of ours is a chain of units with
 * waits for the network between them; no transaction state crosses a wait.
 *
 * Each unit looks again whether the extension is still the one that the call
 * began under and whether the caller may still call the procedure: both can
 * change during a wait.  It then becomes the owner role in a security
 * restricted context with a pinned search_path, and leaves both before the
 * commit, so that user code behind our tables (triggers, defaults) never runs
 * with the caller's rights.
 *
 * The work runs inside a subtransaction of the unit's transaction: that is the
 * mechanism that takes back whatever an error left half open (SPI levels,
 * resource owners, role, settings) at any depth of calls, also when our
 * procedure was called by another one.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/unit.h"
#include "base/version.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tiktokads.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

/* What becoming the owner put aside. */
typedef struct Disguise
{
	Oid			user;
	int			security_context;
	int			guc_level;
} Disguise;

/* Takes the authority of a procedure call. */
void
authority_of_call(FunctionCallInfo fcinfo, const char *name, Authority *authority)
{
	authority->procedure = fcinfo->flinfo->fn_oid;
	authority->caller = GetUserId();
	authority->extension = get_extension_oid(EXTENSION_NAME, false);
	version_check(authority->extension);
	authority->name = name;
}

/* Complains unless the extension and the caller's right are still there. */
static void
authority_check(const Authority *authority)
{
	if (get_extension_oid(EXTENSION_NAME, true) != authority->extension)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"%s\" was dropped during the call", EXTENSION_NAME),
				 errhint("What was stored before is kept; create the extension and call again.")));
	if (procedure_aclcheck(authority->procedure, authority->caller, ACL_EXECUTE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for procedure %s", authority->name),
				 errhint("GRANT EXECUTE on the procedure to the role that calls it.")));
}

/* Becomes the owner role, with a search_path that nobody else chose. */
static void
disguise_wear(Disguise *disguise)
{
	Oid			owner = get_role_oid(OWNER_ROLE, true);
	Oid			schema = get_namespace_oid(SCHEMA_NAME, false);

	if (!OidIsValid(owner) || !schema_usable(schema, owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("role \"%s\" is not set up in this database", OWNER_ROLE),
				 errhint("Have a superuser run: CALL tiktokads.create_roles();")));

	GetUserIdAndSecContext(&disguise->user, &disguise->security_context);
	SetUserIdAndSecContext(owner, disguise->security_context |
						   SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	disguise->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, " SCHEMA_NAME ", pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* Becomes the caller again. */
static void
disguise_drop(const Disguise *disguise)
{
	AtEOXact_GUC(false, disguise->guc_level);
	SetUserIdAndSecContext(disguise->user, disguise->security_context);
}

/* Runs the body with a snapshot and an SPI level of its own. */
static void
body_run(const Authority *authority, UnitBody body, void *arg, bool as_owner)
{
	MemoryContext caller_context = CurrentMemoryContext;
	Disguise	disguise;

	PushActiveSnapshot(GetTransactionSnapshot());
	authority_check(authority);
	if (as_owner)
		disguise_wear(&disguise);
	SPI_connect();
	body(arg);
	SPI_finish();
	if (as_owner)
		disguise_drop(&disguise);
	PopActiveSnapshot();
	MemoryContextSwitchTo(caller_context);
}

/* Opens a procedure that commits between its units. */
void
call_open(FunctionCallInfo fcinfo, const char *name, Authority *authority)
{
	MemoryContext caller_context = CurrentMemoryContext;

	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block", name),
				 errdetail("It commits what it stores as it goes, and holds no transaction while it waits for the network."),
				 errhint("Call it alone, with autocommit on.")));
	authority_of_call(fcinfo, name, authority);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	SPI_commit();
	MemoryContextSwitchTo(caller_context);
}

/* Closes what call_open() opened. */
void
call_close(void)
{
	SPI_finish();
}

/* Runs the body and commits; returns the failure that was rolled back, or NULL. */
static ErrorData *
unit_attempt(const Authority *authority, UnitBody body, void *arg, bool as_owner)
{
	MemoryContext caller_context = CurrentMemoryContext;
	ResourceOwner caller_owner = CurrentResourceOwner;
	ErrorData  *volatile failure = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller_context);
	PG_TRY();
	{
		body_run(authority, body, arg, as_owner);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller_context);
		failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller_context);
	CurrentResourceOwner = caller_owner;

	if (failure == NULL)
		SPI_commit();
	else
		SPI_rollback();
	MemoryContextSwitchTo(caller_context);
	return failure;
}

/* Runs the body as the owner role and commits; a failure is returned. */
ErrorData *
unit_try(const Authority *authority, UnitBody body, void *arg)
{
	ErrorData  *failure = unit_attempt(authority, body, arg, true);

	if (failure != NULL &&
		(failure->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		 ERRCODE_TO_CATEGORY(failure->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION))
		ReThrowError(failure);
	return failure;
}

/* Runs the body as the owner role and commits; an error is thrown on. */
void
unit_run(const Authority *authority, UnitBody body, void *arg)
{
	ErrorData  *failure = unit_attempt(authority, body, arg, true);

	if (failure != NULL)
		ReThrowError(failure);
}

/* Runs the body as the caller and commits. */
void
unit_run_as_caller(const Authority *authority, UnitBody body, void *arg)
{
	ErrorData  *failure = unit_attempt(authority, body, arg, false);

	if (failure != NULL)
		ReThrowError(failure);
}

/* Runs the body as the owner role inside the transaction that is there. */
void
unit_join(const Authority *authority, UnitBody body, void *arg)
{
	body_run(authority, body, arg, true);
}

/* Executes one statement in a unit, and complains unless it did what was expected. */
void
unit_execute(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls, int expected)
{
	int			result = SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0);

	if (result != expected)
		elog(ERROR, "unexpected result %s of: %s", SPI_result_code_string(result), sql);
}
