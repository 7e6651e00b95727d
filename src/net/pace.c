/*
 * pace.c: the rate budget of one app and endpoint, as a log of its sends.
 *
 * A token bucket lets twice its size through in the second after an idle
 * spell, and the API counts that as too many.  Here every send is logged, and
 * the next one goes only when the send that lies a full allowance back has left
 * the window; so no rolling second or minute ever holds more than the limit,
 * wherever one begins to count.  One ring serves both windows.
 *
 * What must stay true: stamps in the ring never decrease; the ring is at least
 * as long as the largest window's allowance (where memory for that is refused,
 * the allowance shrinks to the ring, never the other way round); nothing here
 * fails, waits, or knows of PostgreSQL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "net/pace.h"

#define US_PER_SECOND	INT64_C(1000000)
#define US_PER_DAY		(86400 * US_PER_SECOND)

/* Wider than the API's windows: requests do not all travel equally fast. */
#define SECOND_WINDOW	(US_PER_SECOND + 35000)
#define MINUTE_WINDOW	(60 * US_PER_SECOND + 50000)

/* A clock that goes back by more than this was set; less is two readings crossing. */
#define CLOCK_SET_BACK	US_PER_SECOND

#define RING_FIRST		64

struct Pace
{
	struct Pace *next;
	char	   *key;			/* app, newline, endpoint */
	int64_t    *ring;			/* times of the latest sends */
	int			capacity;
	int			count;			/* sends in the ring */
	int			newest;			/* index of the latest */
	int64_t		day;			/* UTC day that day_count belongs to */
	int64_t		day_count;
	int64_t		paused_until;
	int64_t		first_ring[RING_FIRST];
};

/* The API's tiers (per app and endpoint), and one without limit for tests. */
static const struct
{
	const char *name;
	PaceLimit	limit;
}			tiers[] = {
	{"sandbox", {1, 30, 1000}},
	{"basic", {10, 600, 864000}},
	{"advanced", {20, 1200, 1728000}},
	{"premium", {30, 1800, 2592000}},
	{"ultimate", {50, 3000, 4320000}},
	{"unlimited", {0, 0, 0}},
};

static Pace *paces = NULL;

/* Shared by all who come when memory has run out: too slow, never too fast. */
static Pace last_resort;

/* Looks up the limits of a tier by its name. */
const PaceLimit *
pace_tier(const char *tier)
{
	size_t		i;

	for (i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++)
	{
		if (strcmp(tiers[i].name, tier) == 0)
			return &tiers[i].limit;
	}
	return NULL;
}

/* Finds the budget of an app and endpoint, or starts a fresh one. */
Pace *
pace_find(const char *app, const char *endpoint)
{
	size_t		app_len = strlen(app);
	size_t		size = app_len + strlen(endpoint) + 2;
	Pace	   *pace;

	for (pace = paces; pace != NULL; pace = pace->next)
	{
		if (strncmp(pace->key, app, app_len) == 0 &&
			pace->key[app_len] == '\n' &&
			strcmp(pace->key + app_len + 1, endpoint) == 0)
			return pace;
	}

	pace = calloc(1, sizeof(Pace));
	if (pace == NULL || (pace->key = malloc(size)) == NULL)
	{
		free(pace);
		pace = &last_resort;
		if (pace->capacity > 0)
			return pace;
	}
	else
	{
		memcpy(pace->key, app, app_len);
		pace->key[app_len] = '\n';
		strcpy(pace->key + app_len + 1, endpoint);
		pace->next = paces;
		paces = pace;
	}
	pace->ring = pace->first_ring;
	pace->capacity = RING_FIRST;
	pace->newest = RING_FIRST - 1;
	return pace;
}

/* The UTC day that a time belongs to, also before the epoch. */
static int64_t
day_of(int64_t now_us)
{
	int64_t		day = now_us / US_PER_DAY;

	return (now_us % US_PER_DAY < 0) ? day - 1 : day;
}

/* The first microsecond of the next UTC day. */
int64_t
pace_next_day(int64_t now_us)
{
	return (day_of(now_us) + 1) * US_PER_DAY;
}

/* Time of the send that lies back others behind the latest (0: the latest itself). */
static int64_t
stamp_back(const Pace *pace, int back)
{
	int			i = pace->newest - back;

	return pace->ring[i < 0 ? i + pace->capacity : i];
}

/* Lengthens the ring to hold an allowance; without memory it stays as it is. */
static void
ring_grow(Pace *pace, int allowance)
{
	int64_t    *ring;
	int			i;

	if (allowance <= pace->capacity)
		return;
	ring = calloc((size_t) allowance, sizeof(int64_t));
	if (ring == NULL)
		return;
	for (i = 0; i < pace->count; i++)
		ring[i] = stamp_back(pace, pace->count - 1 - i);
	if (pace->ring != pace->first_ring)
		free(pace->ring);
	pace->ring = ring;
	pace->capacity = allowance;
	pace->newest = (pace->count > 0) ? pace->count - 1 : allowance - 1;
}

/* Brings the log in step with the clock: a new day, or a clock that was set back. */
static void
follow_clock(Pace *pace, int64_t now_us)
{
	int64_t		back = (pace->count > 0) ? stamp_back(pace, 0) - now_us : 0;
	int64_t		day = day_of(now_us);

	if (back > CLOCK_SET_BACK)
	{
		int			i;

		/* as if the latest had just been sent; today's count is kept */
		for (i = 0; i < pace->capacity; i++)
			pace->ring[i] -= back;
		pace->day = day;
	}
	else if (pace->count == 0 || day > pace->day)
	{
		pace->day = day;
		pace->day_count = 0;
	}
}

/* The time at which one window lets the next send through. */
static int64_t
window_opens(const Pace *pace, int allowance, int64_t window)
{
	if (allowance > pace->capacity)
		allowance = pace->capacity;
	if (allowance <= 0 || pace->count < allowance)
		return INT64_MIN;
	return stamp_back(pace, allowance - 1) + window;
}

/* Says how long to wait before the next request may go. */
int64_t
pace_wait_us(Pace *pace, const PaceLimit *limit, int64_t now_us)
{
	int64_t		opens;
	int64_t		minute;

	follow_clock(pace, now_us);
	ring_grow(pace, limit->per_second);
	ring_grow(pace, limit->per_minute);

	opens = window_opens(pace, limit->per_second, SECOND_WINDOW);
	minute = window_opens(pace, limit->per_minute, MINUTE_WINDOW);
	if (opens < minute)
		opens = minute;
	if (limit->per_day > 0 && pace->day_count >= limit->per_day &&
		opens < (pace->day + 1) * US_PER_DAY)
		opens = (pace->day + 1) * US_PER_DAY;
	if (opens < pace->paused_until)
		opens = pace->paused_until;

	return (opens > now_us) ? opens - now_us : 0;
}

/* Logs a send. */
void
pace_note(Pace *pace, int64_t now_us)
{
	follow_clock(pace, now_us);
	if (pace->count > 0 && now_us < stamp_back(pace, 0))
		now_us = stamp_back(pace, 0);
	pace->newest = (pace->newest + 1) % pace->capacity;
	pace->ring[pace->newest] = now_us;
	if (pace->count < pace->capacity)
		pace->count++;
	pace->day_count++;
}

/* Pauses, or with 0 ends every pause. */
void
pace_pause(Pace *pace, int64_t until_us)
{
	if (until_us == 0 || until_us > pace->paused_until)
		pace->paused_until = until_us;
}

/* Tells when the pause ends. */
int64_t
pace_paused_until(const Pace *pace)
{
	return pace->paused_until;
}

/* Exponential backoff with full jitter: anything from nothing to the ceiling. */
int64_t
pace_backoff_us(int attempt, int64_t base_us, int64_t cap_us, uint64_t random)
{
	int64_t		ceiling = (base_us < cap_us) ? base_us : cap_us;

	if (ceiling <= 0)
		return 0;
	while (attempt-- > 0 && ceiling < cap_us)
		ceiling = (ceiling > cap_us / 2) ? cap_us : ceiling * 2;
	return (int64_t) (random % ((uint64_t) ceiling + 1));
}
