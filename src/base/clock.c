/*
 * clock.c: the time that plans and pauses read.
 *
 * Whatever decides "is this due", "which day is it" or "until when do we wait"
 * asks here, so that a test can move the day without waiting for it.  Durations
 * are measured on the server's own clock, which no setting shifts.
 */
#include "postgres.h"

#include <limits.h>

#include "base/clock.h"
#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(tiktokads_clock_now);
PG_FUNCTION_INFO_V1(tiktokads_clock_today);

static int	clock_offset = 0;

/* Defines the setting that shifts the clock. */
void
ClockInit(void)
{
	DefineCustomIntVariable("tiktokads.clock_offset",
							"Shifts the clock that plans and pauses read.",
							"For tests: 86400 makes today tomorrow. Leave it at 0.",
							&clock_offset,
							0, INT_MIN, INT_MAX,
							PGC_SUSET, GUC_UNIT_S | GUC_NOT_IN_SAMPLE,
							NULL, NULL, NULL);
}

/* Wall time, shifted by tiktokads.clock_offset. */
TimestampTz
clock_now(void)
{
	return GetCurrentTimestamp() + (int64) clock_offset * USECS_PER_SEC;
}

/* tiktokads.clock_now(): the same for SQL. */
Datum
tiktokads_clock_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(clock_now());
}

/* The day it is now in a time zone; UTC's when the zone is unknown. */
DateADT
clock_today(const char *zone)
{
	pg_tz	   *tz = zone == NULL ? NULL : pg_tzset(zone);
	struct pg_tm tm;
	fsec_t		fsec;
	int			offset;

	if (tz == NULL)
		tz = pg_tzset("GMT");
	if (timestamp2tm(clock_now(), &offset, &tm, &fsec, NULL, tz) != 0)
		elog(ERROR, "clock is out of range");
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

/* tiktokads.clock_today(zone): the same for SQL. */
Datum
tiktokads_clock_today(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(clock_today(PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* Microseconds since the Unix epoch of the same clock. */
int64
clock_now_us(void)
{
	return clock_now() + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/* Seconds since a start that was taken from GetCurrentTimestamp(). */
double
clock_seconds_since(TimestampTz start)
{
	return (GetCurrentTimestamp() - start) / (double) USECS_PER_SEC;
}
