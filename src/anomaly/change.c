/*
 * change.c: changes of level by cumulated sums.
 *
 * Binary segmentation (Scott and Knott 1974; Vostrikova 1981): the greatest
 * cumulated deviation from the mean, measured with the long-run variance, is
 * compared with the supremum of the Brownian bridge (Ploberger and Kraemer 1992,
 * Econometrica 60, 271-285), so that the p-value holds for the best of all
 * places and for neighbours that resemble each other.  Then each place is
 * looked for again between its neighbours.
 */
#include "anomaly/change.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "anomaly/pause.h"

/* The chance that a Brownian bridge goes as far as this (Kolmogorov's series). */
static double
bridge_above(double far)
{
	double		sum = 0;

	if (far < 0.2)
		return 1;
	for (int k = 1; k <= 100; k++)
	{
		double		term = exp(-2.0 * k * k * far * far);

		sum += k % 2 == 1 ? term : -term;
		if (term < 1e-18)
			break;
	}
	return fmin(1, fmax(0, 2 * sum));
}

/* Mean of x[from .. to). */
static double
mean_of(const double *sums, int from, int to)
{
	return (sums[to] - sums[from]) / (to - from);
}

/* The place that splits from .. to best, at least shortest from both ends; -1 when there is none. */
static int
best_split(const double *sums, int from, int to, int shortest)
{
	double		best = 0;
	int			place = -1;
	double		mean = mean_of(sums, from, to);

	for (int i = from + shortest; i <= to - shortest; i++)
	{
		double		far = fabs(sums[i] - sums[from] - (i - from) * mean);
		/* both sides' means as far apart as can be, measured by the squares they explain */
		double		gain = far * far / ((double) (i - from) * (to - i));

		if (gain > best)
		{
			best = gain;
			place = i;
		}
	}
	return place;
}

/* The long-run variance around both levels, with Bartlett's weights and n^(1/3) lags. */
static double
long_run_variance(const double *x, const double *sums, int from, int split, int to)
{
	double		before = mean_of(sums, from, split);
	double		after = mean_of(sums, split, to);
	int			lags = (int) ceil(cbrt(to - from));
	double		total = 0;

	for (int lag = 0; lag <= lags; lag++)
	{
		double		sum = 0;

		for (int i = from + lag; i < to; i++)
			sum += (x[i] - (i < split ? before : after)) * (x[i - lag] - (i - lag < split ? before : after));
		total += (lag == 0 ? 1 : 2 * (1 - lag / (lags + 1.0))) * sum / (to - from);
		if (lag == 0)
			/* neighbours that swing to both sides must not make it vanish */
			lags = sum == 0 ? 0 : lags;
	}
	return total;
}

/* The p-value of a split of from .. to. */
static double
split_chance(const double *x, const double *sums, int from, int split, int to)
{
	double		mean = mean_of(sums, from, to);
	double		variance = 0;
	double		most = 0;
	double		plain = 0;

	for (int i = from + 1; i < to; i++)
		most = fmax(most, fabs(sums[i] - sums[from] - (i - from) * mean));
	for (int i = from; i < to; i++)
	{
		double		e = x[i] - (i < split ? mean_of(sums, from, split) : mean_of(sums, split, to));

		plain += e * e / (to - from);
	}
	variance = fmax(long_run_variance(x, sums, from, split, to), plain / 4);
	if (!(variance > 1e-24 * mean * mean))
		return most > 1e-9 * fabs(mean) * (to - from) ? 0 : 1;
	return bridge_above(most / sqrt(variance * (to - from)));
}

/* Adds a change in order of place. */
static void
add_change(Change *changes, int *count, int index, double p_value)
{
	int			place = *count;

	while (place > 0 && changes[place - 1].index > index)
	{
		changes[place] = changes[place - 1];
		place--;
	}
	changes[place] = (Change) {.index = index, .p_value = p_value};
	(*count)++;
}

/* Splits the segments until none has a change that chance would not give; returns how many changes. */
static int
segment(int n, const double *x, const double *sums, double alpha, int shortest, Change *changes, int most,
		double *settled)
{
	int			count = 0;

	memset(settled, 0, sizeof(double) * n);
	for (int done = 0; !done;)
	{
		done = 1;
		for (int s = 0; s <= count && count < most; s++)
		{
			int			from = s == 0 ? 0 : changes[s - 1].index;
			int			to = s == count ? n : changes[s].index;
			int			split;
			double		p;

			if (settled[from] > 0)
				continue;
			pause_check();
			split = best_split(sums, from, to, shortest);
			p = split < 0 ? 1 : split_chance(x, sums, from, split, to);
			if (p > alpha)
			{
				settled[from] = 1;
				continue;
			}
			add_change(changes, &count, split, p);
			done = 0;
			break;
		}
	}
	return count;
}

/*
 * Finds at most this many changes of level, in order of time: those whose
 * p-value is at most alpha, with segments of at least shortest values.
 * work holds 3 n + 2 values.
 */
int
change_find(int n, const double *x, double alpha, int shortest, Change *changes, int most, double *work)
{
	double	   *sums = work;
	double	   *y = work + n + 1;
	int			count;
	double		middle = n > 0 ? x[0] : 0;

	/* sums of differences to the first value keep their digits */
	sums[0] = 0;
	for (int i = 0; i < n; i++)
	{
		y[i] = x[i] - middle;
		sums[i + 1] = sums[i] + y[i];
	}
	count = segment(n, y, sums, alpha, shortest, changes, most, work + 2 * n + 1);
	for (int c = 0; c < count; c++)
	{
		int			from = c == 0 ? 0 : changes[c - 1].index;
		int			to = c == count - 1 ? n : changes[c + 1].index;
		int			split = best_split(sums, from, to, shortest);

		if (split > 0)
			changes[c].index = split;
		changes[c].p_value = split_chance(y, sums, from, changes[c].index, to);
	}
	for (int c = 0; c < count; c++)
	{
		int			from = c == 0 ? 0 : changes[c - 1].index;
		int			to = c == count - 1 ? n : changes[c + 1].index;

		changes[c].before = middle + mean_of(sums, from, changes[c].index);
		changes[c].after = middle + mean_of(sums, changes[c].index, to);
	}
	return count;
}
