/*
 * pace.h: how many requests one app may send to one endpoint, and when.
 *
 * Plain C without PostgreSQL, so that it is tested alone.  Times are
 * microseconds of a wall clock whose days begin at 00:00 UTC (Unix or
 * PostgreSQL epoch, as long as one caller stays with one).
 */
#ifndef TIKTOKADS_PACE_H
#define TIKTOKADS_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests allowed in any rolling second and minute and in a day; 0: any number. */
typedef struct PaceLimit
{
	int			per_second;
	int			per_minute;
	int64_t		per_day;
} PaceLimit;

/* The budget of one app and endpoint. */
typedef struct Pace Pace;

/* Longest "app, newline, endpoint" that is told apart. */
#define PACE_KEY_SIZE	256

/* Where budgets live that several processes share. */
typedef struct PaceHome
{
	Pace	   *(*find) (const char *app, const char *endpoint);	/* never NULL */
	void		(*lock) (void);
	void		(*unlock) (void);
} PaceHome;

/* Names the home that keeps budgets from now on; without one they are this process's. */
extern void pace_settle(const PaceHome *where);

/* For homes: bytes of a budget, a fresh one in them, whose it is, whether bytes of a file can be one. */
extern size_t pace_size(void);
extern void pace_begin(Pace *pace, const char *app, const char *endpoint);
extern bool pace_is_of(const Pace *pace, const char *app, const char *endpoint);
extern bool pace_is_sound(const Pace *pace);

/* The limits of a tier of the API, or NULL for an unknown name. */
extern const PaceLimit *pace_tier(const char *tier);

/* The budget of an app and endpoint; it lives as long as the process, or its home.  Never NULL. */
extern Pace *pace_find(const char *app, const char *endpoint);

/* 0 when a request may be sent now, else the microseconds until one may. */
extern int64_t pace_wait_us(Pace *pace, const PaceLimit *limit, int64_t now_us);

/* The same, but when a request may be sent it is logged as sent in one step. */
extern int64_t pace_try_us(Pace *pace, const PaceLimit *limit, int64_t now_us);

/*
 * A send that was logged at one time really left by another: a process may be
 * kept waiting between the two, and the window begins with the later one.
 */
extern void pace_left(Pace *pace, int64_t logged_us, int64_t left_us);

/* Takes note that a request was sent. */
extern void pace_note(Pace *pace, int64_t now_us);

/* Stops sending until then (the later of two pauses counts); 0 lifts a pause. */
extern void pace_pause(Pace *pace, int64_t until_us);

/* The end of the latest pause, 0 if there was none. */
extern int64_t pace_paused_until(const Pace *pace);

/* The next 00:00 UTC, when a budget by the day begins anew. */
extern int64_t pace_next_day(int64_t now_us);

/* Wait before retry number attempt (from 0): 0 to base x 2^attempt, at most cap. */
extern int64_t pace_backoff_us(int attempt, int64_t base_us, int64_t cap_us, uint64_t random);

#endif
