/*
 * owner.c: functions that anybody granted may call, and that work as the owner.
 *
 * The privacy role erases, exports and holds without a right to change any table:
 * each of these functions wears the owner role inside the caller's transaction and
 * runs the SQL function that does the work.  The caller's own role, which the
 * record needs and which current_user no longer tells, is passed as the last
 * argument.
 */
#include "postgres.h"

#include "base/unit.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(tiktokads_retention_plan);

#define ARGUMENTS_MAX 10

/* A call on its way to the function that does the work. */
typedef struct OwnerCall
{
	FunctionCallInfo fcinfo;
	const char *worker;
	Oid			caller;
	Datum		result;
	bool		isnull;
} OwnerCall;

/* Unit: passes the arguments and the caller's role on, and keeps the result. */
static void
owner_pass(void *arg)
{
	OwnerCall  *call = arg;
	FunctionCallInfo fcinfo = call->fcinfo;
	int			nargs = fcinfo->nargs;
	Oid			types[ARGUMENTS_MAX];
	Datum		values[ARGUMENTS_MAX];
	char		nulls[ARGUMENTS_MAX];
	StringInfoData sql;
	Oid			result_type = get_func_rettype(fcinfo->flinfo->fn_oid);

	Assert(nargs < ARGUMENTS_MAX);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s(", call->worker);
	for (int i = 0; i < nargs; i++)
	{
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, i);
		values[i] = fcinfo->args[i].value;
		nulls[i] = fcinfo->args[i].isnull ? 'n' : ' ';
		appendStringInfo(&sql, "$%d, ", i + 1);
	}
	types[nargs] = NAMEOID;
	values[nargs] = DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(call->caller, false)));
	nulls[nargs] = ' ';
	appendStringInfo(&sql, "$%d)", nargs + 1);
	unit_execute(sql.data, nargs + 1, types, values, nulls, SPI_OK_SELECT);

	call->result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &call->isnull);
	if (!call->isnull && result_type != VOIDOID)
		call->result = SPI_datumTransfer(call->result, get_typbyval(result_type), get_typlen(result_type));
}

/* Runs the worker function as the owner and returns what it returns. */
static Datum
owner_call(FunctionCallInfo fcinfo, const char *name, const char *worker)
{
	OwnerCall	call = {fcinfo, worker, GetUserId()};
	Authority	authority;

	authority_of_call(fcinfo, name, &authority);
	unit_join(&authority, owner_pass, &call);
	fcinfo->isnull = call.isnull;
	return call.result;
}

/* Unit: puts the rows of the plan into the function's result. */
static void
owner_plan(void *arg)
{
	ReturnSetInfo *result = arg;

	unit_execute("SELECT * FROM tiktokads.retention_plan_rows()", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
}

/* tiktokads.retention_plan(): reads partitions, on which readers have no right, as the owner. */
Datum
tiktokads_retention_plan(PG_FUNCTION_ARGS)
{
	Authority	authority;

	InitMaterializedSRF(fcinfo, 0);
	authority_of_call(fcinfo, "tiktokads.retention_plan", &authority);
	unit_join(&authority, owner_plan, fcinfo->resultinfo);
	return (Datum) 0;
}

#define OWNER_FUNCTION(function, worker) \
	PG_FUNCTION_INFO_V1(tiktokads_##function); \
	Datum \
	tiktokads_##function(PG_FUNCTION_ARGS) \
	{ \
		return owner_call(fcinfo, "tiktokads." #function, "tiktokads." #worker); \
	} \
	extern Datum tiktokads_##function(PG_FUNCTION_ARGS)

OWNER_FUNCTION(set_retention, policy_set);
OWNER_FUNCTION(remove_retention, policy_remove);
OWNER_FUNCTION(place_hold, hold_place);
OWNER_FUNCTION(release_hold, hold_release);
OWNER_FUNCTION(erase_subject, subject_erase);
OWNER_FUNCTION(export_subject, subject_export);
OWNER_FUNCTION(reapply_erasures, subject_reapply);
