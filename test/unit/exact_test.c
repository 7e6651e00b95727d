/*
 * exact_test.c: exact sums against integers of 4,096 bits, in any order.
 *
 * Prints TAP.  The twin adds mantissas shifted by their exponents into one large
 * integer and rounds that by itself; it shares nothing with exact.c.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "attribution/exact.h"
#include "attribution_test.h"

#define WORDS 72				/* of 32 bits: 2^-1074 .. 2^1023 and carries */

/* A random word, the same in every run. */
static uint64_t
draw_word(void)
{
	next_random(2);
	return random_state;
}

/* Adds a positive double to a large integer in units of 2^-1074. */
static void
twin_add(uint32_t *word, double value)
{
	int			exponent;
	uint64_t	mantissa = (uint64_t) ldexp(frexp(value, &exponent), 53);
	int			bit = exponent - 53 + 1074;
	uint64_t	carry = 0;

	if (value == 0)
		return;
	if (bit < 0)
	{
		mantissa >>= -bit;
		bit = 0;
	}
	for (int i = bit / 32; i < WORDS; i++)
	{
		unsigned __int128 part = i - bit / 32 < 3 ?
			((unsigned __int128) mantissa << (bit % 32)) >> (32 * (i - bit / 32)) : 0;
		uint64_t	sum = (uint64_t) word[i] + (uint32_t) part + carry;

		word[i] = (uint32_t) sum;
		carry = sum >> 32;
	}
}

/* Rounds the large integer to the nearest double, ties to even. */
static double
twin_round(const uint32_t *word)
{
	int			top = WORDS * 32 - 1;
	uint64_t	mantissa = 0;
	bool		half;
	bool		rest = false;
	int			low;

#define BIT(n) ((n) >= 0 ? word[(n) / 32] >> ((n) % 32) & 1 : 0)
	while (top >= 0 && !BIT(top))
		top--;
	if (top < 0)
		return 0;
	low = top - 52 > 0 ? top - 52 : 0;
	for (int b = top; b >= low; b--)
		mantissa = mantissa << 1 | BIT(b);
	half = low > 0 && BIT(low - 1);
	for (int b = 0; b < low - 1; b++)
		rest |= BIT(b);
	if (half && (rest || mantissa & 1))
		mantissa++;
	return ldexp((double) mantissa, low - 1074);
#undef BIT
}

/* A positive double of an exponent between two. */
static double
draw_double(int from, int to)
{
	return ldexp((double) (draw_word() >> 11 | UINT64_C(1) << 52), from + (int) (draw_word() % (uint64_t) (to - from + 1)) - 53);
}

/* Adds the same numbers forwards, backwards and in merged thirds; compares with the twin. */
static void
check(int from, int to, int count, const char *what)
{
	double	   *number = malloc(count * sizeof(double));
	uint32_t	twin[WORDS] = {0};
	Exact		sum[5] = {{0, 0, NULL}};
	double		parts[EXACT_PARTS_MAX];
	double		expected;
	Exact		again = {0, 0, NULL};
	int			found;

	for (int i = 0; i < count; i++)
	{
		number[i] = draw_double(from, to);
		twin_add(twin, number[i]);
	}
	expected = twin_round(twin);
	for (int i = 0; i < count; i++)
	{
		exact_add(&sum[0], number[i]);
		exact_add(&sum[1], number[count - 1 - i]);
		exact_add(&sum[2 + i % 3], number[i]);
	}
	exact_merge(&sum[4], &sum[2]);
	exact_merge(&sum[3], &sum[4]);
	found = exact_parts(&sum[3], parts);
	for (int i = found - 1; i >= 0; i--)
		exact_add(&again, parts[i]);
	ok(exact_value(&sum[0]) == expected && exact_value(&sum[1]) == expected && exact_value(&sum[3]) == expected, what);
	ok(exact_value(&again) == expected && (found == 0 || parts[0] == expected), "... and so do its parts");
	free(number);
}

int
main(void)
{
	Exact		empty = {0, 0, NULL};
	Exact		tie = {0, 0, NULL};
	Exact		large = {0, 0, NULL};
	Exact		cents = {0, 0, NULL};
	double		parts[EXACT_PARTS_MAX];

	ok(exact_value(&empty) == 0 && exact_parts(&empty, parts) == 0, "an empty sum is 0");
	check(0, 10, 1000, "numbers of everyday size add up");
	check(-30, 50, 1000, "small and large numbers add up");
	check(-1000, -900, 500, "tiny numbers add up");
	check(900, 1000, 500, "huge numbers add up");
	check(-1074, 1000, 3000, "numbers of any size add up");
	check(55, 64, 3000, "numbers around the end of the fixed-point part add up");
	check(-12, -8, 3000, "numbers around its other end add up");

	exact_add(&tie, 9007199254740992.0);
	exact_add(&tie, 1);
	ok(exact_value(&tie) == 9007199254740992.0, "a tie is rounded to even");
	exact_add(&tie, 1e-300);
	ok(exact_value(&tie) == 9007199254740994.0, "the smallest rest breaks a tie");
	exact_add(&tie, 1);
	ok(exact_value(&tie) == 9007199254740994.0, "what was rounded away is not lost");

	for (int i = 0; i < 10; i++)
		exact_add(&cents, 0.1);
	ok(exact_value(&cents) == 1.0, "ten times 0.1 is 1 when rounded once");
	exact_add(&cents, -1.0);
	ok(exact_value(&cents) > 0 && exact_value(&cents) < 1e-15, "... but not exactly 1");

	for (int i = 0; i < 3; i++)
		exact_add(&large, DBL_MAX);
	ok(isinf(exact_value(&large)), "a sum beyond doubles is infinite");
	exact_add(&large, 1);
	ok(isinf(exact_value(&large)) && exact_parts(&large, parts) < EXACT_PARTS_MAX, "... and stays so");
	return done();
}
