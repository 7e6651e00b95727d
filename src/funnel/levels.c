/*
 * levels.c: funnel_levels(), how many people of a table got how far.
 *
 * What must stay true: the answer is that of window_funnel() grouped by person
 * and counted by level, people without a person value left out.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "funnel/collect.h"
#include "funnel/source.h"
#include "funnel/window.h"

PG_FUNCTION_INFO_V1(tiktokads_funnel_levels);

/* A text argument that must not be NULL. */
static char *
text_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* The window argument, an interval, a number or a text of either, in the unit of times of a type. */
static int64
levels_window(FunctionCallInfo fcinfo, bool numbers)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 4);
	Datum		window = PG_GETARG_DATUM(4);

	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("window must not be null")));
	if (type == TEXTOID && numbers)
		window = DirectFunctionCall1(int8in, CStringGetDatum(TextDatumGetCString(window)));
	else if (type == TEXTOID)
		window = DirectFunctionCall3(interval_in, CStringGetDatum(TextDatumGetCString(window)),
									 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	else if (numbers != (type == INT8OID))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 numbers ? errmsg("window must be a number, because the times are") :
				 errmsg("window must be an interval, because the times are no numbers")));
	return numbers ? window_check(DatumGetInt64(window)) : window_microseconds(DatumGetIntervalP(window));
}

/* Adds the conditions of the steps to a query; returns how many there are. */
static int
levels_steps(FunctionCallInfo fcinfo, const Source *source, StringInfo query)
{
	char	  **names;
	int			nsteps;
	int			i;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("steps must not be null")));
	names = source_step_names(PG_GETARG_ARRAYTYPE_P(3), &nsteps);
	for (i = 0; i < nsteps; i++)
		appendStringInfo(query, ", %s", source_step(source, names[i]));
	return nsteps;
}

/* Counts the people of each level. */
static void
levels_count(const Collection *collection, const FunnelRules *rules, int64 *people)
{
	int64		i;

	for (i = 0; i < collection->npeople; i++)
	{
		int64		start = collection->starts[i];

		CHECK_FOR_INTERRUPTS();
		people[funnel_level(collection->events + start, collection->starts[i + 1] - start, rules, NULL)]++;
	}
}

/* (relation or query, person, at, steps, window, mode) */
Datum
tiktokads_funnel_levels(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		people[FUNNEL_STEPS_MAX + 1] = {0};
	FunnelRules rules = {0};
	Source	   *source;
	char	   *at;
	StringInfoData query;
	bool		numbers;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	source = source_open(text_argument(fcinfo, 0, "relation"));
	at = source_time(source, source_expression("time", text_argument(fcinfo, 2, "time")), &numbers);
	rules.window = levels_window(fcinfo, numbers);
	rules.entry_until = PG_INT64_MAX;
	rules.mode = PG_ARGISNULL(5) ? 0 : window_mode(text_argument(fcinfo, 5, "mode"));
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s, %s", source_expression("person", text_argument(fcinfo, 1, "person")), at);
	rules.nsteps = levels_steps(fcinfo, source, &query);
	appendStringInfo(&query, " FROM %s", source->from);
	levels_count(collect_events(query.data, rules.nsteps, (rules.mode & FUNNEL_STRICT_ORDER) != 0, false), &rules, people);
	SPI_finish();
	for (i = 0; i <= rules.nsteps; i++)
	{
		Datum		values[2] = {Int32GetDatum(i), Int64GetDatum(people[i])};
		bool		nulls[2] = {false, false};

		if (people[i] > 0)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
