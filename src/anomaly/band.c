/*
 * band.c: bands for daily numbers of ads.
 *
 * The rate of the days before (value for exposure), recent ones weighing more,
 * outlying ones cut back, times a factor for the day of the week once there are
 * weeks to learn it from.  Counts scatter as a negative binomial whose excess
 * over Poisson is learnt, rates as a beta-binomial, amounts as Student's
 * distribution of logarithms: small numbers get wide bands by themselves.
 *
 * A day that is still incomplete is judged from both sides: so little is compared
 * with the least that should be in by now, so much with the most.
 */
#include "anomaly/band.h"

#include <math.h>
#include <string.h>

#include "anomaly/distribution.h"

#define HALF_LIFE		7.0		/* days after which a day weighs half */
#define WEEKDAY_DAYS	21		/* days known before days of the week differ */
#define WEEKDAY_PRIOR	1.0		/* days that speak for no difference */
#define RECENT_DAYS		15		/* days whose median is the usual rate of late */
#define CUT_FACTOR		2.0		/* days beyond this many times the usual rate are cut back to it */
#define SCATTER_ROUNDS	3
#define SCATTER_MIN		0.0025	/* square of the relative scatter that is always allowed for */
#define AMOUNT_ZERO		0.02	/* part of the expected amount that stands for nothing */
#define FREEDOM			10.0	/* of Student's tail: advertising has more outliers than the normal */
#define LARGE_MEAN		2000.0	/* from here on counts are treated as amounts */
#define SURPRISE_MOST	300.0
#define WEIGHTS			400

/* What the days before say. */
typedef struct Usual
{
	double		rate;
	double		weekday[7];
	double		scatter;		/* square of the relative scatter beyond chance */
} Usual;

/* The k-th smallest of x (from 0), which is reordered: Hoare's quickselect. */
static double
kth_smallest(double *x, int count, int k)
{
	int			low = 0,
				high = count - 1;

	while (low < high)
	{
		/* cppcheck-suppress uninitvar ; the caller filled it */
		double		pivot = x[(low + high) / 2];
		int			i = low,
					j = high;

		while (i <= j)
		{
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i <= j)
			{
				double		swap = x[i];

				x[i++] = x[j];
				x[j--] = swap;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			break;
	}
	return x[k];
}

/* Remembers a day; one without exposure teaches nothing. */
void
band_learn(BandHistory *history, int32_t day, double value, double exposure)
{
	if (!(exposure > 0) || !isfinite(value))
		return;
	history->days[history->count % BAND_DAYS] = (BandDay) {.day = day, .weekday = (day % 7 + 7) % 7,
	.value = value, .exposure = exposure};
	history->count++;
}

static double weights[WEIGHTS];

/* Fills the weights of days, once. */
static void
weights_fill(void)
{
	if (weights[0] == 0)
		for (int i = WEIGHTS - 1; i >= 0; i--)
			weights[i] = exp2(-i / HALF_LIFE);
}

/* What so many days ago still weighs, half for each HALF_LIFE. */
static inline double
weight_of(int32_t ago)
{
	return ago < 0 ? 1 : ago < WEIGHTS ? weights[ago] : 0;
}

/* A value, or the nearest bound. */
static inline double
within(double value, double low, double high)
{
	value = value > low ? value : low;
	return value < high ? value : high;
}

/* Values cut back to what is usual, so that one outlier does not set the level. */
static void
cut_values(const BandHistory *history, int count, double *cut)
{
	const BandDay *days = history->days;
	double		rates[RECENT_DAYS] = {0};
	int			recent = count < RECENT_DAYS ? count : RECENT_DAYS;
	double		median;

	/* usual of late: a lasting change of level is usual after a week */
	for (int i = 0; i < recent; i++)
	{
		const BandDay *day = &days[(history->count - 1 - i) % BAND_DAYS];

		rates[i] = day->value / day->exposure;
	}
	median = kth_smallest(rates, recent, recent / 2);
	for (int i = 0; i < count; i++)
	{
		double		usual = median * days[i].exposure;
		double		room = 3 * sqrt(usual + 1);

		cut[i] = within(days[i].value, usual / CUT_FACTOR - room, usual * CUT_FACTOR + room);
	}
}

/* The factors of the days of the week against the days around them. */
static void
learn_weekdays(const BandDay *days, int count, const double *cut, Usual *usual)
{
	double		value[7] = {0},
				exposure[7] = {0},
				all_value = 0,
				all_exposure = 0,
				prior;

	for (int w = 0; w < 7; w++)
		usual->weekday[w] = 1;
	if (count < WEEKDAY_DAYS)
		return;
	for (int i = 0; i < count; i++)
	{
		value[days[i].weekday] += cut[i];
		exposure[days[i].weekday] += days[i].exposure;
	}
	for (int w = 0; w < 7; w++)
	{
		all_value += value[w];
		all_exposure += exposure[w];
	}
	if (!(all_value > 0))
		return;
	prior = WEEKDAY_PRIOR * all_value / count;
	for (int w = 0; w < 7; w++)
		usual->weekday[w] = fmin(3, fmax(0.3, (value[w] + prior) / (exposure[w] * all_value / all_exposure + prior)));
}

/*
 * The relative scatter of days around what the rate expects of them.  What is
 * beyond two standard deviations is cut back to them, and they are taken anew:
 * an outlier yesterday must not excuse the same today.
 */
static void
learn_scatter(const BandDay *days, int count, const double *cut, BandFamily family, int32_t day, Usual *usual)
{
	double		offs[BAND_DAYS],
				weight[BAND_DAYS];
	double		weights = 0,
				chance = 0,
				limit = HUGE_VAL,
				square = 0;

	for (int i = 0; i < count; i++)
	{
		double		part = 1 / (usual->rate * days[i].exposure * usual->weekday[days[i].weekday]);
		double		off = cut[i] * part - 1;

		offs[i] = off * off;
		weight[i] = weight_of((day - days[i].day) / 4);
		weights += weight[i];
		chance += weight[i] * part;
	}
	if (!(weights > 0))
		return;
	for (int round = 0; round < SCATTER_ROUNDS; round++)
	{
		square = 0;
		for (int i = 0; i < count; i++)
			square += weight[i] * (offs[i] < limit ? offs[i] : limit);
		square /= weights;
		limit = 4 * square;
	}
	/* less what chance gives counts, more what is not known of the rate itself */
	usual->scatter = fmax(SCATTER_MIN, square - (family == BAND_AMOUNT ? 0 : chance / weights)) * (1 + 1.0 / count);
}

/* Learns rate and scatter of the days before this one; false when too few are known. */
static bool
learn_usual(const BandHistory *history, BandFamily family, int32_t day, Usual *usual)
{
	int			count = history->count < BAND_DAYS ? history->count : BAND_DAYS;
	const BandDay *days = history->days;
	double		cut[BAND_DAYS];
	double		value = 0,
				exposure = 0;

	if (count < BAND_DAYS_MIN)
		return false;
	weights_fill();
	cut_values(history, count, cut);
	learn_weekdays(days, count, cut, usual);
	for (int i = 0; i < count; i++)
	{
		double		weight = weight_of(day - days[i].day);

		value += weight * cut[i];
		exposure += weight * days[i].exposure * usual->weekday[days[i].weekday];
	}
	usual->rate = exposure > 0 ? value / exposure : 0;
	usual->scatter = SCATTER_MIN;
	if (usual->rate > 0)
		learn_scatter(days, count, cut, family, day, usual);
	return true;
}

/* Surprise of a chance. */
static double
surprise_of(double chance)
{
	return chance <= 0 ? SURPRISE_MOST : fmin(SURPRISE_MOST, fmax(0, -log10(fmin(1, chance))));
}

/* The chance of an amount as little as this (sign -1), or as much (sign 1). */
static double
amount_chance(double value, double mean, double scatter, int sign)
{
	double		t = log((value + AMOUNT_ZERO * mean) / (mean + AMOUNT_ZERO * mean)) / sqrt(scatter);

	t *= sign;
	if (t <= 0)
		return 1;
	return 0.5 * beta_below(FREEDOM / (FREEDOM + t * t), FREEDOM / 2, 0.5);
}

/* The chance of a count as little, or as much. */
static double
count_chance(double value, double mean, double scatter, int sign)
{
	if (mean >= LARGE_MEAN)
		return amount_chance(value, mean, scatter + 1 / mean, sign);
	return sign < 0 ? negative_binomial_below(value, mean, mean + scatter * mean * mean)
		: 1 - negative_binomial_below(ceil(value) - 1, mean, mean + scatter * mean * mean);
}

/* The chance of so few, or so many, successes among trials. */
static double
rate_chance(double value, double trials, double rate, double scatter, int sign)
{
	double		size;

	/* a small rate, or many successes: the limit to the trials does not matter */
	if (rate < 0.05 || trials * rate >= LARGE_MEAN || value > trials || rate >= 1)
		return count_chance(value, trials * rate, scatter, sign);
	size = (1 - rate) / (scatter * rate) - 1;
	if (size < 0.1)
		size = 0.1;
	return sign < 0 ? beta_binomial_below(value, trials, rate * size, (1 - rate) * size)
		: 1 - beta_binomial_below(ceil(value) - 1, trials, rate * size, (1 - rate) * size);
}

/* The chance by family. */
static double
chance_of(BandFamily family, double value, double exposure, double rate, double scatter, int sign)
{
	double		mean = rate * exposure;

	if (!(mean > 0))
		return sign < 0 || value <= 0 ? 1 : count_chance(value, 1e-3, scatter, sign);
	if (family == BAND_AMOUNT)
		return amount_chance(value, mean, scatter, sign);
	if (family == BAND_RATE)
		return rate_chance(value, exposure, rate, scatter, sign);
	return count_chance(value, mean, scatter, sign);
}

/*
 * Judges a day by the days remembered, which must be earlier ones.  exposure_low
 * and exposure_high: between which its exposure, as far as it is complete, lies.
 * False when too little is known.
 */
bool
band_judge(const BandHistory *history, BandFamily family, int32_t day, double value,
		   double exposure_low, double exposure_high, Band *band)
{
	Usual		usual;
	double		rate,
				mean,
				spread;

	if (!learn_usual(history, family, day, &usual) || !(exposure_high > 0))
		return false;
	rate = usual.rate * usual.weekday[(day % 7 + 7) % 7];
	mean = rate * (exposure_low + exposure_high) / 2;
	spread = usual.scatter * mean * mean + (family == BAND_AMOUNT ? 0 : mean);
	band->expected = mean;
	band->lower = fmax(0, rate * exposure_low - 1.96 * sqrt(spread));
	band->upper = rate * exposure_high + 1.96 * sqrt(spread);
	/* what is on the other side of the expected value is no surprise */
	band->down = value >= rate * exposure_low ? 0
		: surprise_of(chance_of(family, value, exposure_low, rate, usual.scatter, -1));
	band->up = value <= rate * exposure_high ? 0
		: surprise_of(chance_of(family, value, exposure_high, rate, usual.scatter, 1));
	return true;
}
