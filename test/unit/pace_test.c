/*
 * pace_test.c: the rate budget against simulated clocks, without a server.
 *
 * Prints TAP.  Every window is counted anew from the times of the sends; what
 * pace.c believes of itself is not asked.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/pace.h"

#define SECOND		INT64_C(1000000)
#define MINUTE		(60 * SECOND)
#define DAY			(86400 * SECOND)
#define SENDS_MAX	100000

static const char *const tier_names[] = {"sandbox", "basic", "advanced", "premium", "ultimate"};

#define TIERS		((int) (sizeof(tier_names) / sizeof(tier_names[0])))

/* 2024-03-05 10:00:00 UTC, far from midnight. */
#define MORNING		(INT64_C(1709632800) * SECOND)

static int64_t sends[SENDS_MAX];
static int	nsends;
static int	tests_run;
static int	tests_failed;
static uint64_t random_state = 20240305;

/* Prints one TAP line. */
static void
ok(bool good, const char *what, const char *which)
{
	tests_run++;
	if (!good)
		tests_failed++;
	printf("%s %d - %s%s%s\n", good ? "ok" : "not ok", tests_run, what, *which ? ": " : "", which);
}

/* A fixed sequence of random numbers (xorshift). */
static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A budget that no other test has used. */
static Pace *
fresh_pace(void)
{
	static int	number;
	char		app[32];

	snprintf(app, sizeof(app), "app %d", ++number);
	return pace_find(app, "report/integrated/get/");
}

/* Sends whenever allowed until a time, up to jitter late; returns when it stopped. */
static int64_t
send_until(Pace *pace, const PaceLimit *limit, int64_t now, int64_t end, int64_t jitter)
{
	while (nsends < SENDS_MAX)
	{
		int64_t		wait = pace_wait_us(pace, limit, now);

		if (now + wait >= end)
			break;
		now += wait;
		if (wait > 0 && jitter > 0)
			now += (int64_t) (next_random() % (uint64_t) jitter);
		if (pace_wait_us(pace, limit, now) != 0)
		{
			printf("# not allowed at the time that was promised\n");
			tests_failed++;
			break;
		}
		pace_note(pace, now);
		sends[nsends++] = now;
	}
	return now;
}

/* The most sends that any window of this length holds, ends included. */
static int
most_in_window(int64_t window)
{
	int			most = 0;
	int			i;

	for (i = 0; i < nsends; i++)
	{
		int			j = i;

		while (j < nsends && sends[j] - sends[i] <= window)
			j++;
		if (j - i > most)
			most = j - i;
	}
	return most;
}

/* Ten minutes of eager sending at every tier keep both windows and use the budget. */
static void
test_tiers(int64_t jitter, const char *what)
{
	int			t;

	for (t = 0; t < TIERS; t++)
	{
		const PaceLimit *limit = pace_tier(tier_names[t]);
		int			allowed = 10 * limit->per_minute;
		double		use;
		char		label[100];

		nsends = 0;
		send_until(fresh_pace(), limit, MORNING, MORNING + 10 * MINUTE, jitter);
		use = (double) nsends / allowed;
		snprintf(label, sizeof(label), "%s, %s: %d of %d sent (%.1f %%)",
				 tier_names[t], what, nsends, allowed, 100 * use);
		ok(most_in_window(SECOND) <= limit->per_second, "no rolling second over the limit", label);
		ok(most_in_window(MINUTE) <= limit->per_minute, "no rolling minute over the limit", label);
		ok(use >= 0.95 && use <= 1.0, "at least 95 % of the minute's budget is used", label);
	}
}

/* Idle spells save nothing up: the burst after one is a single allowance. */
static void
test_idle_then_burst(void)
{
	int			t;

	for (t = 0; t < TIERS; t++)
	{
		const PaceLimit *limit = pace_tier(tier_names[t]);
		Pace	   *pace = fresh_pace();
		int64_t		now = MORNING;
		int			at_once;
		int			i;

		nsends = 0;
		now = send_until(pace, limit, now, now + SECOND / 2, 0);
		now += 3600 * SECOND;
		at_once = nsends;
		send_until(pace, limit, now, now + 1, 0);
		at_once = nsends - at_once;
		ok(at_once == limit->per_second, "a burst after an idle hour is one second's allowance", tier_names[t]);

		for (i = 0; i < 200; i++)
		{
			now = send_until(pace, limit, now, now + (int64_t) (next_random() % (uint64_t) (3 * SECOND)), 0);
			now += (int64_t) (next_random() % (uint64_t) (90 * SECOND));
		}
		ok(most_in_window(SECOND) <= limit->per_second && most_in_window(MINUTE) <= limit->per_minute,
		   "random bursts and idle spells stay within both windows", tier_names[t]);
	}
}

/* The day's budget ends at its number and begins anew at 00:00 UTC, not 24 hours later. */
static void
test_day(void)
{
	const PaceLimit limit = {10, 600, 100};
	Pace	   *pace = fresh_pace();
	int64_t		midnight = pace_next_day(MORNING);
	int64_t		now;

	ok(midnight == MORNING + 14 * 3600 * SECOND, "next day begins at 00:00 UTC", "");
	ok(pace_next_day(-1) == 0 && pace_next_day(0) == DAY, "next day around and before the epoch", "");

	nsends = 0;
	send_until(pace, &limit, MORNING, MORNING + MINUTE, 0);
	ok(nsends == 100, "the day's budget is used and not passed", "");
	now = MORNING + MINUTE;
	ok(pace_wait_us(pace, &limit, now) == midnight - now, "a spent day waits for midnight UTC", "");
	ok(pace_wait_us(pace, &limit, midnight - 1) == 1, "one microsecond before midnight it still waits", "");
	ok(pace_wait_us(pace, &limit, midnight) == 0, "at midnight it goes on", "");
	send_until(pace, &limit, midnight, midnight + 5 * MINUTE, 0);
	ok(nsends == 200, "the next day has a whole budget", "");
	ok(most_in_window(SECOND) <= 10, "seconds hold across midnight", "");
}

/* Rolling windows do not reset at midnight. */
static void
test_windows_cross_midnight(void)
{
	const PaceLimit *limit = pace_tier("basic");
	int64_t		midnight = pace_next_day(MORNING);

	nsends = 0;
	send_until(fresh_pace(), limit, midnight - 2 * MINUTE, midnight + 2 * MINUTE, 0);
	ok(most_in_window(SECOND) <= 10 && most_in_window(MINUTE) <= 600, "windows roll across midnight", "");
}

/* A pause holds to its end, the later of two counts, and zero lifts it. */
static void
test_pause(void)
{
	const PaceLimit *limit = pace_tier("premium");
	const PaceLimit *unlimited = pace_tier("unlimited");
	Pace	   *pace = fresh_pace();
	Pace	   *other = fresh_pace();

	pace_pause(pace, MORNING + 5 * MINUTE);
	ok(pace_wait_us(pace, limit, MORNING) == 5 * MINUTE, "a pause is waited for", "");
	ok(pace_wait_us(pace, unlimited, MORNING) == 5 * MINUTE, "a pause holds without limits too", "");
	ok(pace_wait_us(other, limit, MORNING) == 0, "a pause concerns one budget alone", "");
	pace_pause(pace, MORNING + MINUTE);
	ok(pace_paused_until(pace) == MORNING + 5 * MINUTE, "a shorter pause does not shorten a longer one", "");
	ok(pace_wait_us(pace, limit, MORNING + 5 * MINUTE) == 0, "a pause ends at its end", "");
	pace_pause(pace, 0);
	ok(pace_paused_until(pace) == 0 && pace_wait_us(pace, limit, MORNING) == 0, "a pause can be lifted", "");
}

/* No limit, no waiting. */
static void
test_unlimited(void)
{
	const PaceLimit *limit = pace_tier("unlimited");
	Pace	   *pace = fresh_pace();
	bool		waited = false;
	int			i;

	for (i = 0; i < 10000; i++)
	{
		waited = waited || pace_wait_us(pace, limit, MORNING) != 0;
		pace_note(pace, MORNING);
	}
	ok(!waited, "the unlimited tier never waits", "");
}

/* A tier that changes under way keeps what was sent before. */
static void
test_tier_change(void)
{
	const PaceLimit *basic = pace_tier("basic");
	const PaceLimit *ultimate = pace_tier("ultimate");
	Pace	   *pace = fresh_pace();
	int64_t		now;

	nsends = 0;
	now = send_until(pace, basic, MORNING, MORNING + MINUTE, 0);
	send_until(pace, ultimate, now, now + 3 * MINUTE, 0);
	ok(most_in_window(SECOND) <= 50 && most_in_window(MINUTE) <= 3000, "an upgraded tier stays within its own windows", "");
	now = sends[nsends - 1];
	ok(pace_wait_us(pace, basic, now) > 0, "a downgraded tier counts what the higher one sent", "");
}

/* A clock that is set back neither locks the budget for hours nor opens it at once. */
static void
test_clock_set_back(void)
{
	const PaceLimit *limit = pace_tier("basic");
	Pace	   *pace = fresh_pace();
	int64_t		now;
	int64_t		wait;

	nsends = 0;
	now = send_until(pace, limit, MORNING, MORNING + SECOND / 2, 0);
	wait = pace_wait_us(pace, limit, now - 7200 * SECOND);
	ok(wait > SECOND / 2 && wait < 2 * SECOND, "a clock set back by two hours waits about a second", "");
	ok(pace_wait_us(pace, limit, now - 7200 * SECOND + wait) == 0, "and then goes on", "");
	nsends = 0;
	send_until(pace, limit, now - 7200 * SECOND, now - 7190 * SECOND, 0);
	ok(most_in_window(SECOND) <= 10, "windows hold on the new time", "");
}

/* A send that leaves late counts from then on, in its place among the others. */
static void
test_left(void)
{
	const PaceLimit limit = {3, 0, 0};
	Pace	   *pace = fresh_pace();

	ok(pace_try_us(pace, &limit, MORNING) == 0 && pace_try_us(pace, &limit, MORNING + 1) == 0 &&
	   pace_try_us(pace, &limit, MORNING + 2) == 0, "three may go", "");
	ok(pace_try_us(pace, &limit, MORNING + 3) > 0, "a fourth may not, and is not logged", "");
	pace_left(pace, MORNING, MORNING + SECOND / 2);
	pace_left(pace, MORNING + 99, MORNING + SECOND);
	ok(pace_try_us(pace, &limit, MORNING + SECOND + SECOND / 4) == 0 &&
	   pace_try_us(pace, &limit, MORNING + SECOND + SECOND / 4) == 0, "those that left at once make room first", "");
	ok(pace_wait_us(pace, &limit, MORNING + SECOND + SECOND / 4) > SECOND / 4, "the one that left late makes room later", "");
}

/* Budgets are told apart by app and by endpoint. */
static void
test_find(void)
{
	Pace	   *pace = pace_find("1", "ad/get/");

	ok(pace == pace_find("1", "ad/get/"), "the same app and endpoint share a budget", "");
	ok(pace != pace_find("1", "campaign/get/"), "another endpoint has its own", "");
	ok(pace != pace_find("11", "ad/get/"), "an app whose name begins alike has its own", "");
	ok(pace_find("", "") != NULL && pace_find("", "") != pace, "empty names are names", "");
	ok(pace_tier("gold") == NULL && pace_tier("") == NULL, "an unknown tier is refused", "");
	ok(pace_tier("basic")->per_second == 10 && pace_tier("basic")->per_minute == 600 &&
	   pace_tier("basic")->per_day == 864000, "the basic tier has the documented limits", "");
}

/* Backoff lies between nothing and its ceiling, uses the whole range, and never overflows. */
static void
test_backoff(void)
{
	const int64_t base = SECOND;
	const int64_t cap = 300 * SECOND;
	int64_t		ceiling = base;
	bool		within = true;
	bool		spread = true;
	int			attempt;

	for (attempt = 0; attempt < 100; attempt++)
	{
		int64_t		low = INT64_MAX;
		int64_t		high = -1;
		double		sum = 0;
		int			i;

		for (i = 0; i < 2000; i++)
		{
			int64_t		wait = pace_backoff_us(attempt, base, cap, next_random());

			low = (wait < low) ? wait : low;
			high = (wait > high) ? wait : high;
			sum += (double) wait;
		}
		within = within && low >= 0 && high <= ceiling;
		spread = spread && low < ceiling / 50 && high > ceiling - ceiling / 50 &&
			sum / 2000 > 0.45 * ceiling && sum / 2000 < 0.55 * ceiling;
		ceiling = (ceiling * 2 < cap) ? ceiling * 2 : cap;
	}
	ok(within, "backoff stays between zero and min(cap, base x 2^attempt)", "");
	ok(spread, "backoff jitters over its whole range", "");
	ok(pace_backoff_us(1000000, INT64_MAX / 2, INT64_MAX, UINT64_MAX) >= 0, "huge attempts and caps do not overflow", "");
	ok(pace_backoff_us(3, 0, cap, 7) == 0 && pace_backoff_us(3, base, 0, 7) == 0, "no base or no cap means no wait", "");
	ok(pace_backoff_us(0, 10 * SECOND, SECOND, SECOND) <= SECOND, "a base above the cap is cut to the cap", "");
}

/* Runs every test. */
int
main(void)
{
	test_tiers(0, "on time");
	test_tiers(3000, "up to 3 ms late");
	test_idle_then_burst();
	test_day();
	test_windows_cross_midnight();
	test_pause();
	test_unlimited();
	test_tier_change();
	test_clock_set_back();
	test_left();
	test_find();
	test_backoff();
	printf("1..%d\n", tests_run);
	return tests_failed == 0 ? 0 : 1;
}
