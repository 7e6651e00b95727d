/*
 * tap.h: what tests of arithmetic share: a line of TAP, and random numbers that
 * are the same every time.
 */
#ifndef TIKTOKADS_TEST_TAP_H
#define TIKTOKADS_TEST_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int	tests_run;
static int	tests_failed;
static uint64_t random_state = 20240611;

/* Prints one TAP line. */
static inline void
ok(bool good, const char *what)
{
	tests_run++;
	tests_failed += !good;
	printf("%s %d - %s\n", good ? "ok" : "not ok", tests_run, what);
}

/* A fixed sequence of random numbers below a limit (xorshift). */
static inline int
next_random(int limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (int) (random_state % (uint64_t) limit);
}

/* Prints the plan; the exit status of the test. */
static inline int
done(void)
{
	printf("1..%d\n", tests_run);
	return tests_failed == 0 ? 0 : 1;
}

#endif
