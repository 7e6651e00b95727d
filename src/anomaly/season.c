/*
 * season.c: the tests for a season and for its kind, and its figure by classical decomposition.
 */
#include "anomaly/season.h"

#include <math.h>
#include <string.h>

#define ONE_SIDED_95 1.6448536269514722

/* Centred moving average over one season; values at the ends are not a number. */
static void
season_trend(int n, const double *y, int period, double *trend)
{
	int			half = period / 2;
	double		sum = 0;

	for (int i = 0; i < n; i++)
		trend[i] = NAN;
	if (n < 2 * half + 1)
		return;
	/* the sum of 2 half + 1 values, of which both ends count half when the period is even */
	for (int i = 0; i < 2 * half; i++)
		sum += y[i];
	for (int at = half; at + half < n; at++)
	{
		double		ends = period % 2 == 0 ? 0.5 * (y[at - half] + y[at + half]) : 0;

		sum += y[at + half];
		trend[at] = (sum - ends) / period;
		sum -= y[at - half];
	}
}

/* The correlation of a series with itself this many steps earlier. */
static double
correlation(int n, const double *x, int lag, double mean, double variance)
{
	double		sum = 0;

	for (int i = lag; i < n; i++)
		sum += (x[i] - mean) * (x[i - lag] - mean);
	return sum / variance;
}

/*
 * True when values one period apart agree more than chance allows: the
 * correlation at that lag against Bartlett's error, one-sided at 5 %, with the
 * trend taken off first.  Needs three whole periods.
 */
bool
season_present(int n, const double *y, int period, double *work)
{
	double	   *x = work;
	double		mean = 0,
				variance = 0,
				square = 0;
	int			half = period / 2;
	int			count = 0;

	if (period < 2 || n < 3 * period)
		return false;
	season_trend(n, y, period, work + n);
	for (int i = half; i + half < n; i++)
		x[count++] = y[i] - work[n + i];
	for (int i = 0; i < count; i++)
		mean += x[i] / count;
	for (int i = 0; i < count; i++)
		variance += (x[i] - mean) * (x[i] - mean);
	if (!(variance > 1e-24 * mean * mean * count) || variance == 0)
		return false;
	for (int lag = 1; lag < period; lag++)
	{
		double		r = correlation(count, x, lag, mean, variance);

		square += r * r;
	}
	return correlation(count, x, period, mean, variance) > ONE_SIDED_95 * sqrt((1 + 2 * square) / count);
}

/*
 * True when logarithms suit the series: all values are positive, and the spread
 * within a season grows with its level, in that its ratio to the level varies less
 * from season to season than the spread itself does (Guerrero 1993, Journal of
 * Forecasting 12, 37-48, for the powers 0 and 1).
 */
bool
season_grows(int n, const double *y, int period)
{
	int			length = period < 2 ? 2 : period;
	int			count = n / length;
	double		sum[2] = {0, 0},
				square[2] = {0, 0};

	for (int i = 0; i < n; i++)
		if (!(y[i] > 0))
			return false;
	for (int block = 0; block < count; block++)
	{
		const double *at = y + n - (size_t) (count - block) * length;
		double		mean = 0,
					spread = 0;

		for (int i = 0; i < length; i++)
			mean += at[i] / length;
		for (int i = 0; i < length; i++)
			spread += (at[i] / mean - 1) * (at[i] / mean - 1) / (length - 1);
		spread = sqrt(spread);
		sum[0] += spread;
		square[0] += spread * spread;
		spread *= mean / y[0];
		sum[1] += spread;
		square[1] += spread * spread;
	}
	return sum[0] > 0 && square[0] / (sum[0] * sum[0]) < square[1] / (sum[1] * sum[1]);
}

/*
 * The mean season of each phase against the centred average, phase 0 being y[0]'s.
 * False when a multiplicative figure has a value that is not above 0.
 */
bool
season_figure(int n, const double *y, int period, bool multiplicative, double *figure, double *work)
{
	double	   *trend = work;
	double	   *count = work + n;
	double		mean = 0;

	season_trend(n, y, period, trend);
	memset(figure, 0, sizeof(double) * period);
	memset(count, 0, sizeof(double) * period);
	for (int i = 0; i < n; i++)
		if (!isnan(trend[i]))
		{
			figure[i % period] += multiplicative ? y[i] / trend[i] : y[i] - trend[i];
			count[i % period]++;
		}
	for (int i = 0; i < period; i++)
	{
		figure[i] /= count[i];
		mean += figure[i] / period;
	}
	for (int i = 0; i < period; i++)
	{
		figure[i] = multiplicative ? figure[i] / mean : figure[i] - mean;
		if (multiplicative && !(figure[i] > 1e-10))
			return false;
	}
	return true;
}

/* The mean of each phase, phase 0 being y[0]'s. */
void
season_means(int n, const double *y, int period, double *figure)
{
	for (int phase = 0; phase < period; phase++)
	{
		int			count = 0;

		figure[phase] = 0;
		for (int i = phase; i < n; i += period)
			figure[phase] += (y[i] - figure[phase]) / ++count;
	}
}

/* Takes the figure off the series. */
void
season_remove(int n, const double *y, int period, bool multiplicative, const double *figure, double *adjusted)
{
	for (int i = 0; i < n; i++)
		adjusted[i] = multiplicative ? y[i] / figure[i % period] : y[i] - figure[i % period];
}
