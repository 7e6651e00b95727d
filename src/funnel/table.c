/*
 * table.c: the table functions funnel(), funnel_trend() and funnel_query().
 *
 * They make one query of their arguments, collect its events, count, and return
 * a row for each day, breakdown and step.  The query runs read-only, in the
 * caller's snapshot and with the caller's rights.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "funnel/report.h"
#include "funnel/source.h"
#include "funnel/window.h"

#define DAYS_MAX	36525

PG_FUNCTION_INFO_V1(tiktokads_funnel);
PG_FUNCTION_INFO_V1(tiktokads_funnel_trend);
PG_FUNCTION_INFO_V1(tiktokads_funnel_query);

typedef struct Request
{
	Source	   *source;
	int			nconditions;
	char	  **conditions;		/* SQL of each */
	char	  **names;			/* as the caller wrote them */
	char	   *breakdown;		/* SQL */
	char	   *hold;			/* SQL */
	DateADT		first_day;
	Report		report;
} Request;

/* An argument that must not be NULL. */
static Datum
required(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
	return PG_GETARG_DATUM(argument);
}

/* A text argument; a default when it is NULL. */
static char *
text_or(FunctionCallInfo fcinfo, int argument, char *otherwise)
{
	return PG_ARGISNULL(argument) ? otherwise : TextDatumGetCString(PG_GETARG_DATUM(argument));
}

/* When a day begins in a time zone; in the session's when it is NULL. */
static int64
day_start(DateADT day, text *zone)
{
	Datum		local = DirectFunctionCall1(date_timestamp, DateADTGetDatum(day));

	if (zone == NULL)
		return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, local));
	return DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone, PointerGetDatum(zone), local));
}

/* Reads the days from..to into the report. */
static void
read_days(FunctionCallInfo fcinfo, int from_argument, text *zone, Request *request)
{
	DateADT		from = DatumGetDateADT(required(fcinfo, from_argument, "from_date"));
	DateADT		to = DatumGetDateADT(required(fcinfo, from_argument + 1, "to_date"));
	Report	   *report = &request->report;
	int			i;

	if (DATE_NOT_FINITE(from) || DATE_NOT_FINITE(to) || from > to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_date must not be after to_date, and both must be finite")));
	if ((int64) to - from >= DAYS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a funnel cannot be asked for more than %d days", DAYS_MAX)));
	request->first_day = from;
	report->ndays = to - from + 1;
	report->days = palloc((report->ndays + 1) * sizeof(int64));
	for (i = 0; i <= report->ndays; i++)
		report->days[i] = day_start(from + i, zone);
}

/* The query of the model's events of these days; of their masked view for who may not read raw identifiers. */
static char *
event_query(const Report *report)
{
	Oid			event = get_relname_relid("event", get_namespace_oid("tiktokads", false));

	if (!OidIsValid(event))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table tiktokads.event does not exist"),
				 errhint("CALL tiktokads.create_model() makes it. For events elsewhere use tiktokads.funnel_query().")));
	return psprintf("SELECT v.*, v.event_at AS at FROM tiktokads.event%s AS v"
					" WHERE v.event_at OPERATOR(pg_catalog.>=) pg_catalog.to_timestamp(%lld)"
					" AND v.event_at OPERATOR(pg_catalog.<) pg_catalog.to_timestamp(%lld)",
					pg_class_aclcheck(event, GetUserId(), ACL_SELECT) == ACLCHECK_OK ? "" : "_masked",
					(long long) (report->days[0] / USECS_PER_SEC + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY),
					(long long) (report->days[report->ndays] / USECS_PER_SEC + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY));
}

/* Adds a condition for an exclusion that is written as a step. */
static int
add_condition(void *maker, const char *written)
{
	Request    *request = maker;

	if (request->nconditions == FUNNEL_STEPS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("steps and exclusions together must not be more than %d", FUNNEL_STEPS_MAX)));
	request->names[request->nconditions] = pstrdup(written);
	request->conditions[request->nconditions] = source_step(request->source, written);
	return request->nconditions++;
}

/*
 * Reads the arguments that all have: steps at one place, and from `rest` on
 * window, mode, by, breakdown, options.
 */
static void
read_request(FunctionCallInfo fcinfo, int steps_argument, int rest, Request *request)
{
	ArrayType  *steps = DatumGetArrayTypeP(required(fcinfo, steps_argument, "steps"));
	Interval   *window = DatumGetIntervalP(required(fcinfo, rest, "window"));
	unsigned	mode = window_mode(text_or(fcinfo, rest + 1, ""));
	char	   *breakdown = text_or(fcinfo, rest + 3, NULL);
	Report	   *report = &request->report;
	int			nsteps;
	int			i;

	request->names = source_step_names(steps, &nsteps);
	request->conditions = palloc(FUNNEL_STEPS_MAX * sizeof(char *));
	request->nconditions = nsteps;
	for (i = 0; i < nsteps; i++)
		request->conditions[i] = source_step(request->source, request->names[i]);
	attempt_rules_plain(&report->rules, window_microseconds(window), mode, nsteps);
	report->count = options_count(text_or(fcinfo, rest + 2, "person"));
	if (!PG_ARGISNULL(rest + 4))
	{
		Jsonb	   *options = PG_GETARG_JSONB_P(rest + 4);
		char	   *hold;

		funnel_options_read(options, nsteps, &report->rules, &report->count, add_condition, request);
		hold = options_text(options, "hold");
		request->hold = hold ? source_property(request->source, hold) : NULL;
	}
	options_settle_reentry(&report->rules, report->count);
	report->rules.funnel.nsteps = request->nconditions;
	report->held = request->hold != NULL;
	if (breakdown != NULL)
		request->breakdown = source_property(request->source, breakdown);
}

/* Refuses events that lack a column. */
static void
check_column(const Source *source, const char *column)
{
	if (!OidIsValid(source_column_type(source, column)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("events have no column \"%s\"", column),
				 errhint("The query yields person, at, and what the steps refer to; name its columns with AS.")));
}

/* The query that yields a row for each event: who, when, hold, breakdown, and a boolean for each condition. */
static char *
request_query(const Request *request)
{
	const Source *source = request->source;
	bool		sessions = request->report.count == COUNT_SESSION;
	StringInfoData query;
	bool		numbers;
	int			i;

	check_column(source, "person");
	check_column(source, "at");
	if (sessions)
		check_column(source, "session");
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s, %s, %s, %s",
					 sessions ? "pg_catalog.concat(pg_catalog.length(e.person::pg_catalog.text), ':', e.person, ':', e.session)" : "e.person",
					 source_time(source, "e.at", &numbers),
					 request->hold ? request->hold : "NULL::pg_catalog.text",
					 request->breakdown ? request->breakdown : "NULL::pg_catalog.text");
	if (numbers)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("times of events must be timestamps or dates"),
				 errhint("tiktokads.funnel_levels() and the aggregate tiktokads.window_funnel() take numbers.")));
	for (i = 0; i < request->nconditions; i++)
		appendStringInfo(&query, ", %s", request->conditions[i]);
	appendStringInfo(&query, " FROM %s WHERE e.person IS NOT NULL", source->from);
	if (sessions)
		appendStringInfoString(&query, " AND e.session IS NOT NULL");
	if (request->hold)
		appendStringInfo(&query, " AND %s IS NOT NULL", request->hold);
	return query.data;
}

/* The name of a level: its step, or the steps of its stage. */
static char *
level_name(const Request *request, int level)
{
	const AttemptRules *rules = &request->report.rules;
	StringInfoData name;
	int			before = 0;
	int			stage = 0;
	uint64		rest;

	while (before + pg_popcount64(rules->stages[stage]) <= level)
		before += pg_popcount64(rules->stages[stage++]);
	initStringInfo(&name);
	for (rest = rules->stages[stage]; rest != 0; rest &= rest - 1)
		appendStringInfo(&name, "%s%s", name.len > 0 ? " | " : "", request->names[__builtin_ctzll(rest)]);
	return name.data;
}

/* A share; NULL of nothing. */
static Datum
share(int64 part, int64 whole, bool *isnull)
{
	*isnull = whole == 0;
	return Float8GetDatum(whole == 0 ? 0 : (double) part / whole);
}

/* Returns the rows of a bucket, which is NULL when nobody is in it. */
static void
return_bucket(ReturnSetInfo *result, const Request *request, bool trend, int day, const char *breakdown, ReportBucket *bucket)
{
	ReportBucket empty = {0};
	int			level;

	if (bucket == NULL)
		bucket = &empty;
	for (level = 0; level < request->report.rules.nlevels; level++)
	{
		int64		people = bucket->people[level];
		int64		before = level > 0 ? bucket->people[level - 1] : people;
		double		median = report_percentile(bucket, level, 0.5);
		double		p90 = report_percentile(bucket, level, 0.9);
		Datum		values[10];
		bool		nulls[10] = {false};

		values[0] = DateADTGetDatum(request->first_day + day);
		values[1] = Int32GetDatum(level + 1);
		values[2] = CStringGetTextDatum(level_name(request, level));
		nulls[3] = breakdown == NULL;
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(breakdown);
		values[4] = Int64GetDatum(people);
		values[5] = share(people, before, &nulls[5]);
		values[6] = share(people, bucket->people[0], &nulls[6]);
		values[7] = Int64GetDatum(before - people);
		nulls[8] = isnan(median);
		values[8] = Float8GetDatum(median);
		nulls[9] = isnan(p90);
		values[9] = Float8GetDatum(p90);
		tuplestore_putvalues(result->setResult, result->setDesc, values + !trend, nulls + !trend);
	}
}

/* Returns the rows of a report; without breakdown, days on which nobody came too. */
static void
return_report(ReturnSetInfo *result, const Request *request, bool trend)
{
	const Report *report = &request->report;
	int			day;
	int			i;

	for (day = 0; day < Max(report->ndays, 1); day++)
	{
		if (report->nbreakdowns == 0 && request->breakdown == NULL)
			return_bucket(result, request, trend, day, NULL, NULL);
		for (i = 0; i < report->nbreakdowns; i++)
		{
			ReportBucket *bucket = report->buckets[(int64) day * report->nbreakdowns + i];

			if (bucket != NULL || request->breakdown == NULL)
				return_bucket(result, request, trend, day, report->breakdowns[i], bucket);
		}
	}
}

/* Lets a long walk be cancelled. */
static void
table_check(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Collects the events of a request, counts them, and returns the rows. */
static void
run_request(FunctionCallInfo fcinfo, Request *request, bool trend)
{
	Report	   *report = &request->report;
	Collection *collection;

	report->rules.check = table_check;
	collection = collect_events(request_query(request), request->nconditions,
								(report->rules.funnel.mode & FUNNEL_STRICT_ORDER) != 0, true);
	report_fill(report, collection);
	return_report((ReturnSetInfo *) fcinfo->resultinfo, request, trend);
}

/* (steps, from_date, to_date, window, mode, by, breakdown, options, zone) */
static Datum
funnel_of_events(FunctionCallInfo fcinfo, bool trend)
{
	Request		request;

	memset(&request, 0, sizeof(request));
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	read_days(fcinfo, 1, PG_ARGISNULL(8) ? NULL : PG_GETARG_TEXT_PP(8), &request);
	request.source = source_open(event_query(&request.report));
	read_request(fcinfo, 0, 3, &request);
	if (!trend)
		request.report.ndays = 0;
	run_request(fcinfo, &request, trend);
	SPI_finish();
	return (Datum) 0;
}

/* A funnel over the model's events. */
Datum
tiktokads_funnel(PG_FUNCTION_ARGS)
{
	return funnel_of_events(fcinfo, false);
}

/* The same for each day on which attempts began. */
Datum
tiktokads_funnel_trend(PG_FUNCTION_ARGS)
{
	return funnel_of_events(fcinfo, true);
}

/* (events, steps, window, mode, by, breakdown, options) */
Datum
tiktokads_funnel_query(PG_FUNCTION_ARGS)
{
	Request		request;

	memset(&request, 0, sizeof(request));
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	request.source = source_open(TextDatumGetCString(required(fcinfo, 0, "events")));
	read_request(fcinfo, 1, 2, &request);
	run_request(fcinfo, &request, false);
	SPI_finish();
	return (Datum) 0;
}
