/*
 * clock.h: the simulator's clock, and the time zones of ad accounts.
 */
#ifndef SIMULATOR_CLOCK_H
#define SIMULATOR_CLOCK_H

#include "base.h"

typedef struct Zone
{
	const char *iana;			/* America/Los_Angeles */
	const char *etc;			/* Etc/GMT+8, the sign inverted as POSIX has it */
	const char *posix;			/* rule, so that no zone files are needed */
	int			changes;
	int64	   *change_at;		/* UTC, first one is the beginning of time */
	int		   *offset;			/* from then on */
} Zone;

extern void clock_start(const char *now, bool frozen);
extern int64 clock_now(void);
extern int64 clock_us(void);
extern int64 clock_mono_us(void);
extern void clock_shift(int64 seconds);
extern const Zone *zone_find(int market);
extern int64 zone_local(const Zone *zone, int64 utc);
extern int	zone_missing_hour(const Zone *zone, int day);

#endif
