/*
 * exact.h: sums of doubles without rounding, hence the same in any order.
 *
 * Plain C without PostgreSQL.  A zeroed Exact is an empty sum.
 */
#ifndef TIKTOKADS_EXACT_H
#define TIKTOKADS_EXACT_H

#include <stdint.h>
#include <string.h>

/* What did not fit the fixed-point part: non-overlapping doubles, smallest first. */
typedef struct ExactTail
{
	int			count;
	int			capacity;
	double		part[];
} ExactTail;

/* A 128-bit fixed-point number of 64 binary places (low, high), plus a tail. */
typedef struct Exact
{
	uint64_t	low;
	int64_t		high;
	ExactTail  *tail;
} Exact;

/* exact_parts() gives at most so many: 2,098 bits of a double's range, 53 each, and some room. */
#define EXACT_PARTS_MAX 48

/* A tail may have more, of fewer bits each, until it is compressed. */
#define EXACT_TAIL_MAX 64

extern void exact_add_slow(Exact *sum, double value);
extern void exact_merge_slow(Exact *sum, const Exact *other);

/* The sum rounded once, to the nearest double, ties to even; infinite beyond the range of doubles. */
extern double exact_value(const Exact *sum);

/* The sum as the shortest list of doubles, largest first; returns how many. */
extern int	exact_parts(const Exact *sum, double parts[EXACT_PARTS_MAX]);

#define EXACT_HIGH_MAX (INT64_C(1) << 60)

/* Adds a finite double: in fixed point from 2^-12 (1e-4, any of whose bits fits) to 2^60. */
static inline void
exact_add(Exact *sum, double value)
{
	uint64_t	bits;
	uint64_t	mantissa;
	int			shift;

	memcpy(&bits, &value, sizeof(bits));
	mantissa = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	shift = (int) (bits >> 52 & 0x7ff) - 1011;
	if (shift >= 0 && shift <= 71 && sum->high > -EXACT_HIGH_MAX && sum->high < EXACT_HIGH_MAX)
	{
		unsigned __int128 units = (unsigned __int128) mantissa << shift;
		unsigned __int128 total = (unsigned __int128) (uint64_t) sum->high << 64 | sum->low;

		total = (bits >> 63) ? total - units : total + units;
		sum->low = (uint64_t) total;
		sum->high = (int64_t) (uint64_t) (total >> 64);
	}
	else
		exact_add_slow(sum, value);
}

/* Adds another sum. */
static inline void
exact_merge(Exact *sum, const Exact *other)
{
	if (other->tail == NULL &&
		sum->high > -EXACT_HIGH_MAX && sum->high < EXACT_HIGH_MAX &&
		other->high > -EXACT_HIGH_MAX && other->high < EXACT_HIGH_MAX)
	{
		uint64_t	low = sum->low + other->low;

		sum->high += other->high + (low < sum->low);
		sum->low = low;
	}
	else
		exact_merge_slow(sum, other);
}

#endif
