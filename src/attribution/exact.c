/*
 * exact.c: sums of doubles without rounding.
 *
 * Most conversions and values are multiples of 2^-64 of moderate size: they are
 * added in 128-bit fixed point.  Anything else goes to a tail of non-overlapping
 * doubles by exact two-sums (J. R. Shewchuk, "Adaptive Precision Floating-Point
 * Arithmetic and Fast Robust Geometric Predicates", 1997).  Either way the sum
 * is the exact one, so that its value cannot depend on the order of additions.
 */
#include <math.h>
#include <string.h>

#include "attribution/exact.h"
#include "attribution/memory.h"

/* The fixed-point part as one number, in units of 2^-64. */
static __int128
exact_fixed(const Exact *sum)
{
	return (__int128) ((unsigned __int128) (uint64_t) sum->high << 64 | sum->low);
}

/* Room for one more part of the tail. */
static void
tail_grow(Exact *sum)
{
	int			capacity = sum->tail == NULL ? 4 : sum->tail->capacity * 2;
	ExactTail  *tail;

	if (sum->tail != NULL && sum->tail->count < sum->tail->capacity)
		return;
	tail = attribution_realloc(sum->tail, sizeof(ExactTail) + capacity * sizeof(double));
	if (sum->tail == NULL)
		tail->count = 0;
	tail->capacity = capacity;
	sum->tail = tail;
}

/*
 * Adds a double to the parts, which stay non-overlapping; returns the new count.
 * A sum beyond the range of doubles stays infinite.
 */
static int
parts_add(double *part, int count, double value)
{
	int			kept = 0;

	for (int i = 0; i < count; i++)
	{
		volatile double sum = value + part[i];
		volatile double shadow = sum - value;
		volatile double error = (value - (sum - shadow)) + (part[i] - shadow);

		if (!isfinite(sum))
		{
			part[0] = sum;
			return 1;
		}
		if (error != 0)
			part[kept++] = error;
		value = sum;
	}
	if (value != 0)
		part[kept++] = value;
	return kept;
}

/* Makes parts as few as they can be: each is less than the last bit of the next (Shewchuk). */
static int
parts_compress(double *part, int count)
{
	double		rest = part[count - 1];
	int			bottom = count - 1;
	int			kept = 0;

	for (int i = count - 2; i >= 0; i--)
	{
		volatile double sum = rest + part[i];
		volatile double error = part[i] - (sum - rest);

		rest = sum;
		if (error != 0)
		{
			part[bottom--] = sum;
			rest = error;
		}
	}
	for (int i = bottom + 1; i < count; i++)
	{
		volatile double sum = part[i] + rest;
		volatile double error = rest - (sum - part[i]);

		if (error != 0)
			part[kept++] = error;
		rest = sum;
	}
	part[kept++] = rest;
	return kept;
}

/* Adds a double to the tail. */
static void
tail_add(Exact *sum, double value)
{
	if (sum->tail != NULL && sum->tail->count == EXACT_TAIL_MAX)
		sum->tail->count = parts_compress(sum->tail->part, sum->tail->count);
	tail_grow(sum);
	sum->tail->count = parts_add(sum->tail->part, sum->tail->count, value);
}

/* Splits the fixed-point part into three doubles, each exact. */
static void
fixed_split(const Exact *sum, double parts[3])
{
	parts[0] = ldexp((double) (uint32_t) sum->low, -64);
	parts[1] = ldexp((double) (uint32_t) (sum->low >> 32), -32);
	parts[2] = (double) sum->high;
	if (parts[2] != 0 && (int64_t) parts[2] != sum->high)
	{
		int64_t		upper = sum->high & ~INT64_C(0xffff);

		parts[1] += (double) (sum->high - upper);
		parts[2] = (double) upper;
	}
}

/* Moves the fixed-point part to the tail, when it could overflow. */
static void
fixed_retire(Exact *sum)
{
	double		parts[3];

	fixed_split(sum, parts);
	sum->low = 0;
	sum->high = 0;
	for (int i = 0; i < 3; i++)
		tail_add(sum, parts[i]);
}

/* Adds a finite double that does not fit the fixed-point part, or may make it too large. */
void
exact_add_slow(Exact *sum, double value)
{
	if (value == 0)
		return;
	if (sum->high <= -EXACT_HIGH_MAX || sum->high >= EXACT_HIGH_MAX)
		fixed_retire(sum);
	tail_add(sum, value);
}

/* Adds another sum of any kind. */
void
exact_merge_slow(Exact *sum, const Exact *other)
{
	Exact		fixed = {other->low, other->high, NULL};

	if (other->tail != NULL)
		for (int i = 0; i < other->tail->count; i++)
			tail_add(sum, other->tail->part[i]);
	if (sum->high <= -EXACT_HIGH_MAX || sum->high >= EXACT_HIGH_MAX)
		fixed_retire(sum);
	if (fixed.high <= -EXACT_HIGH_MAX || fixed.high >= EXACT_HIGH_MAX)
	{
		double		parts[3];

		fixed_split(&fixed, parts);
		for (int i = 0; i < 3; i++)
			tail_add(sum, parts[i]);
	}
	else
		exact_merge(sum, &fixed);
}

/* All of the sum as non-overlapping parts, smallest first: the tail's and three more, with room for another. */
#define EXPANDED_MAX (EXACT_TAIL_MAX + 4)

static int
exact_expand(const Exact *sum, double parts[EXPANDED_MAX])
{
	int			count = sum->tail == NULL ? 0 : sum->tail->count;
	double		fixed[3];

	if (count > 0)
		memcpy(parts, sum->tail->part, count * sizeof(double));
	fixed_split(sum, fixed);
	for (int i = 0; i < 3; i++)
		count = parts_add(parts, count, fixed[i]);
	return count;
}

/*
 * Rounds non-overlapping parts, of which there is one, to one double.  Adding them from the largest
 * down stops at the first inexact sum; only an exact tie then needs the sign of
 * what is left (as Python's math.fsum does).
 */
static double
parts_round(const double *parts, int count)
{
	double		value;
	double		error = 0;

	value = parts[--count];
	while (count > 0 && error == 0)
	{
		double		before = value;

		value = before + parts[--count];
		error = parts[count] - (value - before);
	}
	if (count > 0 && ((error < 0 && parts[count - 1] < 0) || (error > 0 && parts[count - 1] > 0)))
	{
		double		twice = error * 2;
		double		other = value + twice;

		if (twice == other - value)
			value = other;
	}
	return value;
}

/* The sum rounded once, to the nearest double, ties to even. */
double
exact_value(const Exact *sum)
{
	double		parts[EXPANDED_MAX];

	if (sum->tail != NULL)
	{
		int			count = exact_expand(sum, parts);

		return count == 0 ? 0 : parts_round(parts, count);
	}
	if (sum->low == 0)
		return (double) sum->high;
	return ldexp((double) exact_fixed(sum), -64);
}

/* The sum as the shortest list of doubles: its rounding, the rounding of the rest ... */
int
exact_parts(const Exact *sum, double parts[EXACT_PARTS_MAX])
{
	double		rest[EXPANDED_MAX];
	int			count;
	int			found = 0;

	if (sum->tail == NULL && sum->low == 0 && (int64_t) (double) sum->high == sum->high)
	{
		parts[0] = (double) sum->high;
		return parts[0] != 0;
	}
	count = exact_expand(sum, rest);
	while (count > 0 && found < EXACT_PARTS_MAX)
	{
		double		next = parts_round(rest, count);

		parts[found++] = next;
		if (!isfinite(next))
			break;
		count = parts_add(rest, count, -next);
	}
	return found;
}
