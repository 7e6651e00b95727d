/*
 * clock.c: one clock for data (may stand still) and one for quotas (never
 * does); both are moved by the control endpoint.  Zones by POSIX rules.
 *
 * Stays true: after zones are prepared at start nothing here is written but
 * the shift, which is atomic; a clock never runs backwards by itself.
 */
#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static int64 started_at;
static int64 started_mono;
static bool clock_frozen;
static _Atomic int64 shifted;

static Zone zones[] = {
	{.iana = "America/Los_Angeles", .etc = "Etc/GMT+8", .posix = "PST8PDT,M3.2.0,M11.1.0"},
	{.iana = "Europe/Berlin", .etc = "Etc/GMT-1", .posix = "CET-1CEST,M3.5.0,M10.5.0/3"},
	{.iana = "Asia/Tokyo", .etc = "Etc/GMT-9", .posix = "JST-9"},
	{.iana = "Europe/London", .etc = "Etc/GMT", .posix = "GMT0BST,M3.5.0/1,M10.5.0"},
	{.iana = "America/Sao_Paulo", .etc = "Etc/GMT+3", .posix = "<-03>3"},
	{.iana = "Australia/Sydney", .etc = "Etc/GMT-10", .posix = "AEST-10AEDT,M10.1.0,M4.1.0/3"},
	{.iana = "Asia/Seoul", .etc = "Etc/GMT-9", .posix = "KST-9"},
	{.iana = "America/New_York", .etc = "Etc/GMT+5", .posix = "EST5EDT,M3.2.0,M11.1.0"},
};

/* Gives microseconds of a clock that is never set. */
int64
clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Gives the current zone's offset at a time. */
static int
offset_at(int64 utc)
{
	time_t		t = (time_t) utc;
	struct tm	local;

	localtime_r(&t, &local);
	return (int) local.tm_gmtoff;
}

/* Notes one change of offset. */
static void
zone_append(Zone *zone, int64 at, int offset)
{
	zone->change_at = must_grow(zone->change_at, sizeof(int64) * (size_t) (zone->changes + 1));
	zone->offset = must_grow(zone->offset, sizeof(int) * (size_t) (zone->changes + 1));
	zone->change_at[zone->changes] = at;
	zone->offset[zone->changes++] = offset;
}

/* Finds a zone's changes of offset, day by day and then by bisection. */
static void
zone_prepare(Zone *zone, int64 from, int64 to)
{
	int64		at;

	setenv("TZ", zone->posix, 1);
	tzset();
	zone_append(zone, INT64_MIN, offset_at(from));
	for (at = from; at < to; at += DAY_SECONDS)
	{
		int64		low = at,
					high = at + DAY_SECONDS;

		if (offset_at(high) == offset_at(low))
			continue;
		while (high - low > 1)
		{
			int64		middle = low + (high - low) / 2;

			if (offset_at(middle) == offset_at(at))
				low = middle;
			else
				high = middle;
		}
		zone_append(zone, high, offset_at(high));
	}
}

/* Starts the clock and prepares the zones for the years around it. */
void
clock_start(const char *now, bool frozen)
{
	int			i;

	if (now == NULL || !time_parse(now, &started_at))
		started_at = (int64) time(NULL);
	started_mono = clock_mono_us();
	clock_frozen = frozen;
	for (i = 0; i < COUNT_OF(zones); i++)
		zone_prepare(&zones[i], started_at - (int64) 11 * 366 * DAY_SECONDS,
					 started_at + (int64) 5 * 366 * DAY_SECONDS);
}

/* Gives the time of the data, in seconds UTC. */
int64
clock_now(void)
{
	int64		run = clock_frozen ? 0 : (clock_mono_us() - started_mono) / 1000000;

	return started_at + run + atomic_load(&shifted);
}

/* Gives the time of quotas, in microseconds; it runs even when data stand still. */
int64
clock_us(void)
{
	return (started_at + atomic_load(&shifted)) * 1000000 + clock_mono_us() - started_mono;
}

/* Moves both clocks. */
void
clock_shift(int64 seconds)
{
	atomic_fetch_add(&shifted, seconds);
}

/* Gives the zone of a market. */
const Zone *
zone_find(int market)
{
	return &zones[market % COUNT_OF(zones)];
}

/* Gives a zone's wall time, as seconds since 1970 local. */
int64
zone_local(const Zone *zone, int64 utc)
{
	int			i = zone->changes - 1;

	while (zone->change_at[i] > utc)
		i--;
	return utc + zone->offset[i];
}

/* Gives the hour of a day that the zone leaves out (spring forward), or -1. */
int
zone_missing_hour(const Zone *zone, int day)
{
	int			i;

	for (i = 1; i < zone->changes; i++)
	{
		int64		local = zone->change_at[i] + zone->offset[i - 1];

		if (zone->offset[i] > zone->offset[i - 1] && floor_div(local, DAY_SECONDS) == day)
			return (int) ((local - (int64) day * DAY_SECONDS) / 3600);
	}
	return -1;
}
