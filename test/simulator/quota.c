/*
 * quota.c: per endpoint, never more than the tier allows in any rolling second,
 * any rolling minute, or a UTC day; and what the clients really did.
 *
 * Stays true: the windows hold the time of every request, so they are exact;
 * refused requests use nothing up; a refusal by the minute closes the endpoint
 * for five minutes.  Windows and penalties run even when the clock of the data
 * stands still, but a day ends only when that clock says so.  Observed maxima
 * count all requests, refused ones too.
 */
#include "quota.h"
#include "clock.h"

#include <pthread.h>
#include <stdlib.h>

#define SECOND 1000000LL
#define MINUTE (60 * SECOND)
#define MAX_QUOTAS 64

/* Times of requests, oldest first, in a ring that grows. */
typedef struct Window
{
	int64	   *time;
	size_t		cap;
	size_t		head;
	size_t		count;
	int64		span;
	size_t		most;			/* ever */
} Window;

struct Quota
{
	const char *path;
	Window		allowed[2];		/* second, minute: what quotas count */
	Window		seen[2];		/* the same of everything that came */
	int64		day;
	int64		day_count;
	int64		closed_until;
	int64		requests;
	int64		throttled;
	int64		in_flight;
	int64		most_in_flight;
	int64		wire_bytes;
	int64		plain_bytes;
	int64		rows;
};

static const Tier tiers[] = {
	{"sandbox", 1, 30, 1000},
	{"basic", 10, 600, 864000},
	{"advanced", 20, 1200, 1728000},
	{"premium", 30, 1800, 2592000},
	{"ultimate", 50, 3000, 4320000},
	{"unlimited", 0, 0, 0},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const Tier *tier = &tiers[1];
static Quota quotas[MAX_QUOTAS];
static int	quota_count;

/* Finds a tier by name. */
const Tier *
tier_find(const char *name)
{
	int			i;

	for (i = 0; i < COUNT_OF(tiers); i++)
		if (strcmp(tiers[i].name, name) == 0)
			return &tiers[i];
	return NULL;
}

/* Changes the limits of all endpoints. */
void
quota_set_tier(const Tier *new_tier)
{
	pthread_mutex_lock(&lock);
	tier = new_tier;
	pthread_mutex_unlock(&lock);
}

/* Makes the quota of an endpoint, at start. */
Quota *
quota_create(const char *path)
{
	Quota	   *quota = &quotas[quota_count++];

	quota->path = path;
	quota->allowed[0].span = quota->seen[0].span = SECOND;
	quota->allowed[1].span = quota->seen[1].span = MINUTE;
	return quota;
}

/* Drops what is older than the window and gives how much is left. */
static size_t
window_slide(Window *window, int64 now)
{
	while (window->count > 0 && window->time[window->head] <= now - window->span)
	{
		window->head = (window->head + 1) % window->cap;
		window->count--;
	}
	return window->count;
}

/* Notes a request in a window. */
static void
window_note(Window *window, int64 now)
{
	window_slide(window, now);
	if (window->count == window->cap)
	{
		size_t		cap = window->cap ? window->cap * 2 : 64;
		int64	   *time = must_alloc(sizeof(int64) * cap);
		size_t		i;

		for (i = 0; i < window->count; i++)
			time[i] = window->time[(window->head + i) % window->cap];
		free(window->time);
		window->time = time;
		window->cap = cap;
		window->head = 0;
	}
	window->time[(window->head + window->count++) % window->cap] = now;
	if (window->count > window->most)
		window->most = window->count;
}

/* Tells which limit stands against a request, NULL when none does. */
static const char *
quota_check(Quota *quota, int64 now)
{
	int64		day = floor_div(clock_now(), DAY_SECONDS);

	if (quota->day != day)
	{
		quota->day = day;
		quota->day_count = 0;
	}
	if (now < quota->closed_until)
		return "QPM";
	if (tier->per_day && quota->day_count >= tier->per_day)
		return "QPD";
	if (tier->per_minute && window_slide(&quota->allowed[1], now) >= (size_t) tier->per_minute)
	{
		quota->closed_until = now + 5 * MINUTE;
		return "QPM";
	}
	if (tier->per_second && window_slide(&quota->allowed[0], now) >= (size_t) tier->per_second)
		return "QPS";
	return NULL;
}

/* Counts a request that came; gives the limit that refuses it or NULL. */
const char *
quota_enter(Quota *quota, bool app_known)
{
	const char *limit = NULL;
	int64		now;

	pthread_mutex_lock(&lock);
	now = clock_us();
	quota->requests++;
	window_note(&quota->seen[0], now);
	window_note(&quota->seen[1], now);
	if (++quota->in_flight > quota->most_in_flight)
		quota->most_in_flight = quota->in_flight;
	if (app_known)
		limit = quota_check(quota, now);
	if (limit != NULL)
		quota->throttled++;
	else if (app_known && tier->per_second)
	{
		window_note(&quota->allowed[0], now);
		window_note(&quota->allowed[1], now);
		quota->day_count++;
	}
	pthread_mutex_unlock(&lock);
	return limit;
}

/* Counts a reply that is on its way, or nothing for a client that left. */
void
quota_done(Quota *quota, int64 wire_bytes, int64 plain_bytes, int64 rows)
{
	pthread_mutex_lock(&lock);
	quota->in_flight--;
	quota->wire_bytes += wire_bytes;
	quota->plain_bytes += plain_bytes;
	quota->rows += rows;
	pthread_mutex_unlock(&lock);
}

/* Starts the statistics again; the quotas go on. */
void
quota_reset_stats(void)
{
	int			i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < quota_count; i++)
	{
		Quota	   *q = &quotas[i];

		q->requests = q->throttled = q->wire_bytes = q->plain_bytes = q->rows = 0;
		q->most_in_flight = q->in_flight;
		q->seen[0].count = q->seen[0].most = q->seen[1].count = q->seen[1].most = 0;
	}
	pthread_mutex_unlock(&lock);
}

/* Forgets what was used up and any penalty. */
void
quota_forget(void)
{
	int			i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < quota_count; i++)
	{
		quotas[i].allowed[0].count = quotas[i].allowed[1].count = 0;
		quotas[i].closed_until = quotas[i].day_count = 0;
	}
	pthread_mutex_unlock(&lock);
}

/* Writes the counters of an endpoint, or of all. */
static void
put_counters(Buffer *out, const Quota *q)
{
	put_format(out, "\"requests\":%lld,\"throttled\":%lld,\"rows\":%lld,\"bytes\":%lld,\"bytes_plain\":%lld",
			   (long long) q->requests, (long long) q->throttled, (long long) q->rows,
			   (long long) q->wire_bytes, (long long) q->plain_bytes);
}

/* Writes the statistics of all endpoints and their sums. */
void
put_quotas(Buffer *out)
{
	Quota		sum = {0};
	int			i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < quota_count; i++)
	{
		sum.requests += quotas[i].requests;
		sum.throttled += quotas[i].throttled;
		sum.rows += quotas[i].rows;
		sum.wire_bytes += quotas[i].wire_bytes;
		sum.plain_bytes += quotas[i].plain_bytes;
	}
	put_counters(out, &sum);
	put_format(out, ",\"tier\":\"%s\",\"endpoints\":[", tier->name);
	for (i = 0; i < quota_count; i++)
	{
		const Quota *q = &quotas[i];

		put_format(out, "%s{\"path\":\"%s\",", i ? "," : "", q->path);
		put_counters(out, q);
		put_format(out, ",\"max_per_second\":%zu,\"max_per_minute\":%zu,\"in_flight\":%lld,\"max_in_flight\":%lld}",
				   q->seen[0].most, q->seen[1].most, (long long) q->in_flight, (long long) q->most_in_flight);
	}
	pthread_mutex_unlock(&lock);
	put_text(out, "]");
}
