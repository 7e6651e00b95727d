/*
 * derive.c: CALL tiktokads.derive_touchpoints(from, to).
 *
 * The work is the SQL function touchpoints_derive(), which runs here as the owner
 * role, a month at a time: what is committed stays, and a call that is repeated
 * makes only what is missing.
 */
#include "postgres.h"

#include "base/unit.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/date.h"
#include "utils/datetime.h"

PG_FUNCTION_INFO_V1(tiktokads_derive_touchpoints);

/* Days that one unit of work covers. */
typedef struct Days
{
	DateADT		from;
	DateADT		to;
} Days;

/* Makes the touches of some days. */
static void
days_derive(void *arg)
{
	const Days *days = arg;
	Oid			types[2] = {DATEOID, DATEOID};
	Datum		values[2] = {DateADTGetDatum(days->from), DateADTGetDatum(days->to)};

	unit_execute("SELECT tiktokads.touchpoints_derive($1, $2)", 2, types, values, NULL, SPI_OK_SELECT);
}

/* The last day of a day's month. */
static DateADT
month_end(DateADT day)
{
	int			year;
	int			month;
	int			of_month;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &of_month);
	return day - of_month + day_tab[isleap(year)][month - 1];
}

/* CALL tiktokads.derive_touchpoints(from_date, to_date) */
Datum
tiktokads_derive_touchpoints(PG_FUNCTION_ARGS)
{
	Authority	authority;
	Days		days;
	DateADT		last;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		DATE_NOT_FINITE(PG_GETARG_DATEADT(0)) || DATE_NOT_FINITE(PG_GETARG_DATEADT(1)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("dates of derive_touchpoints must not be null or infinite")));
	days.from = PG_GETARG_DATEADT(0);
	last = PG_GETARG_DATEADT(1);
	call_open(fcinfo, "tiktokads.derive_touchpoints", &authority);
	for (; days.from <= last; days.from = days.to + 1)
	{
		days.to = Min(month_end(days.from), last);
		unit_run(&authority, days_derive, &days);
	}
	call_close();
	PG_RETURN_VOID();
}
