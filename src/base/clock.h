/*
 * clock.h: the time that plans and pauses read; tests may shift it.
 */
#ifndef TIKTOKADS_CLOCK_H
#define TIKTOKADS_CLOCK_H

#include "postgres.h"

#include "utils/date.h"
#include "utils/timestamp.h"

extern void ClockInit(void);

/* Wall time, shifted by tiktokads.clock_offset. */
extern TimestampTz clock_now(void);

/* The day it is now in a time zone; UTC's when the zone is unknown or NULL. */
extern DateADT clock_today(const char *zone);

/* Microseconds since the Unix epoch of the same clock. */
extern int64 clock_now_us(void);

/* Seconds since a start that was taken from GetCurrentTimestamp(). */
extern double clock_seconds_since(TimestampTz start);

#endif
