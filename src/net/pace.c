/*
 * pace.c: the rate budget of one app and endpoint, as a log of its sends.
 *
 * A token bucket lets twice its size through in the second after an idle
 * spell, and the API counts that as too many.  Here every send is logged, and
 * the next one goes only when the send that lies a full allowance back has left
 * the window; so no rolling second or minute ever holds more than the limit,
 * wherever one begins to count.  One ring serves both windows.
 *
 * Budgets live in this process unless a home for them was named that others
 * share; pace_try() then asks and logs under the home's lock, so that no two
 * processes take the same place.
 *
 * What must stay true: stamps in the ring never decrease; an allowance beyond
 * the ring shrinks to it, never the other way round; a budget holds no pointer
 * but its own list's; nothing here fails, waits, or knows of PostgreSQL.
 */
#include <stdio.h>
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

/* Sends that are remembered: the largest allowance of a minute there is. */
#define RING_SIZE		3000

struct Pace
{
	struct Pace *next;			/* in the list of this process alone */
	char		key[PACE_KEY_SIZE]; /* app, newline, endpoint; cut if longer */
	int32_t		count;			/* sends in the ring */
	int32_t		newest;			/* index of the latest */
	int64_t		day;			/* UTC day that day_count belongs to */
	int64_t		day_count;
	int64_t		paused_until;
	int64_t		ring[RING_SIZE];	/* times of the latest sends */
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
static const PaceHome *home = NULL;

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

/* Names the home that keeps budgets from now on. */
void
pace_settle(const PaceHome *where)
{
	home = where;
}

/* Bytes that a home needs for one budget. */
size_t
pace_size(void)
{
	return sizeof(Pace);
}

/* Writes the key of an app and endpoint. */
static void
key_write(char *key, const char *app, const char *endpoint)
{
	snprintf(key, PACE_KEY_SIZE, "%s\n%s", app, endpoint);
}

/* Begins a fresh budget in memory of a home. */
void
pace_begin(Pace *pace, const char *app, const char *endpoint)
{
	memset(pace, 0, sizeof(Pace));
	key_write(pace->key, app, endpoint);
	pace->newest = RING_SIZE - 1;
}

/* Whether a budget is that of an app and endpoint. */
bool
pace_is_of(const Pace *pace, const char *app, const char *endpoint)
{
	char		key[PACE_KEY_SIZE];

	key_write(key, app, endpoint);
	return strcmp(pace->key, key) == 0;
}

/* Whether bytes that were read from a file can be a budget. */
bool
pace_is_sound(const Pace *pace)
{
	return memchr(pace->key, '\0', sizeof(pace->key)) != NULL &&
		strchr(pace->key, '\n') != NULL &&
		pace->count >= 0 && pace->count <= RING_SIZE &&
		pace->newest >= 0 && pace->newest < RING_SIZE && pace->day_count >= 0;
}

/* Finds the budget of an app and endpoint, or starts a fresh one. */
Pace *
pace_find(const char *app, const char *endpoint)
{
	Pace	   *pace;

	if (home != NULL)
		return home->find(app, endpoint);
	for (pace = paces; pace != NULL; pace = pace->next)
	{
		if (pace_is_of(pace, app, endpoint))
			return pace;
	}
	pace = calloc(1, sizeof(Pace));
	if (pace == NULL)
		return &last_resort;
	pace_begin(pace, app, endpoint);
	pace->next = paces;
	paces = pace;
	return pace;
}

/* Keeps other processes out of the budgets. */
static void
home_lock(void)
{
	if (home != NULL)
		home->lock();
}

/* Lets them in again. */
static void
home_unlock(void)
{
	if (home != NULL)
		home->unlock();
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

/* The index that lies back others behind the latest. */
static int
index_back(const Pace *pace, int back)
{
	int			i = pace->newest - back;

	return i < 0 ? i + RING_SIZE : i;
}

/* Time of the send that lies back others behind the latest (0: the latest itself). */
static int64_t
stamp_back(const Pace *pace, int back)
{
	return pace->ring[index_back(pace, back)];
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
		for (i = 0; i < RING_SIZE; i++)
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
	if (allowance > RING_SIZE)
		allowance = RING_SIZE;
	if (allowance <= 0 || pace->count < allowance)
		return INT64_MIN;
	return stamp_back(pace, allowance - 1) + window;
}

/* Microseconds until the next request may go; the home is locked. */
static int64_t
budget_wait_us(Pace *pace, const PaceLimit *limit, int64_t now_us)
{
	int64_t		opens;
	int64_t		minute;

	follow_clock(pace, now_us);
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

/* Logs a send; the home is locked. */
static void
budget_note(Pace *pace, int64_t now_us)
{
	follow_clock(pace, now_us);
	if (pace->count > 0 && now_us < stamp_back(pace, 0))
		now_us = stamp_back(pace, 0);
	pace->newest = (pace->newest + 1) % RING_SIZE;
	pace->ring[pace->newest] = now_us;
	if (pace->count < RING_SIZE)
		pace->count++;
	pace->day_count++;
}

/* Says how long to wait before the next request may go. */
int64_t
pace_wait_us(Pace *pace, const PaceLimit *limit, int64_t now_us)
{
	int64_t		wait;

	home_lock();
	wait = budget_wait_us(pace, limit, now_us);
	home_unlock();
	return wait;
}

/* Logs a send if one may go now, else says how long to wait. */
int64_t
pace_try_us(Pace *pace, const PaceLimit *limit, int64_t now_us)
{
	int64_t		wait;

	home_lock();
	wait = budget_wait_us(pace, limit, now_us);
	if (wait == 0)
		budget_note(pace, now_us);
	home_unlock();
	return wait;
}

/* Moves a logged send to the time at which it really left, in its order. */
void
pace_left(Pace *pace, int64_t logged_us, int64_t left_us)
{
	int			back = 0;

	home_lock();
	while (back < pace->count && pace->ring[index_back(pace, back)] > logged_us)
		back++;
	if (back < pace->count && pace->ring[index_back(pace, back)] == logged_us && left_us > logged_us)
	{
		while (back > 0 && pace->ring[index_back(pace, back - 1)] < left_us)
		{
			pace->ring[index_back(pace, back)] = pace->ring[index_back(pace, back - 1)];
			back--;
		}
		pace->ring[index_back(pace, back)] = left_us;
	}
	home_unlock();
}

/* Logs a send. */
void
pace_note(Pace *pace, int64_t now_us)
{
	home_lock();
	budget_note(pace, now_us);
	home_unlock();
}

/* Pauses, or with 0 ends every pause. */
void
pace_pause(Pace *pace, int64_t until_us)
{
	home_lock();
	if (until_us == 0 || until_us > pace->paused_until)
		pace->paused_until = until_us;
	home_unlock();
}

/* Tells when the pause ends. */
int64_t
pace_paused_until(const Pace *pace)
{
	int64_t		until;

	home_lock();
	until = pace->paused_until;
	home_unlock();
	return until;
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
