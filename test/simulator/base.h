/*
 * base.h: integer names, dates and hashing that every file of the simulator
 * uses.  All dates are day numbers since 1970-01-01, all times seconds.
 */
#ifndef SIMULATOR_BASE_H
#define SIMULATOR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t int64;
typedef uint64_t uint64;
typedef uint32_t uint32;

#define COUNT_OF(a) ((int) (sizeof(a) / sizeof((a)[0])))
#define NEVER INT64_MAX
#define DAY_SECONDS 86400

/* Mixes 64 bits well enough to be a source of deterministic noise. */
static inline uint64
mix64(uint64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Gives noise that depends on a seed and two further numbers. */
static inline uint64
noise(uint64 seed, uint64 a, uint64 b)
{
	return mix64(seed ^ mix64(a * 0xd1342543de82ef95ULL + b));
}

/* Divides rounding down, also for negative numbers. */
static inline int64
floor_div(int64 a, int64 b)
{
	return a >= 0 ? a / b : -((b - 1 - a) / b);
}

extern void *must_alloc(size_t size);
extern void *must_grow(void *old, size_t size);
extern int	day_from_civil(int year, int month, int mday);
extern bool date_parse(const char *text, int *day);
extern bool time_parse(const char *text, int64 *seconds);
extern void date_format(int day, char out[11]);
extern void time_format(int64 seconds, char out[20]);

#endif
