/*
 * stl.c: seasonal-trend decomposition by loess.
 *
 * Cleveland, Cleveland, McRae, Terpenning (1990): STL: A seasonal-trend
 * decomposition procedure based on loess, Journal of Official Statistics 6, 3-73.
 * Defaults, jumps and the limits of the robustness weights are those of the
 * authors' program and of R's stl(), with which results agree to rounding.
 *
 * Pure arithmetic: all memory is the caller's, nothing here knows of a server.
 */
#include "anomaly/stl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "anomaly/pause.h"

/* What one loess smoother needs besides its data. */
typedef struct Loess
{
	int			span;
	int			degree;
	int			jump;
	const double *robustness;	/* NULL: all weights are 1 */
} Loess;

/* The next odd number. */
static int
odd(double x)
{
	int			whole = (int) ceil(x);

	return whole % 2 == 0 ? whole + 1 : whole;
}

/* Fills every field that is still 0 (degrees: negative) from period, periodic and robust. */
void
stl_defaults(StlOptions *options, int n)
{
	if (options->periodic || options->seasonal_window == 0)
		options->seasonal_window = options->periodic ? 10 * n + 1 : 7;
	if (options->seasonal_degree < 0 || options->periodic)
		options->seasonal_degree = 0;
	if (options->trend_window == 0)
		options->trend_window = odd(1.5 * options->period / (1 - 1.5 / options->seasonal_window));
	if (options->low_pass_window == 0)
		options->low_pass_window = odd(options->period);
	if (options->trend_degree < 0)
		options->trend_degree = 1;
	if (options->low_pass_degree < 0)
		options->low_pass_degree = options->trend_degree;
	if (options->seasonal_jump == 0)
		options->seasonal_jump = (int) ceil(options->seasonal_window / 10.0);
	if (options->trend_jump == 0)
		options->trend_jump = (int) ceil(options->trend_window / 10.0);
	if (options->low_pass_jump == 0)
		options->low_pass_jump = (int) ceil(options->low_pass_window / 10.0);
	if (options->inner == 0)
		options->inner = options->robust ? 1 : 2;
	if (options->outer < 0)
		options->outer = options->robust ? 15 : 0;
	/* the smoothers' spans are odd and at least 3 */
	options->seasonal_window = odd(fmax(3, options->seasonal_window));
	options->trend_window = odd(fmax(3, options->trend_window));
	options->low_pass_window = odd(fmax(3, options->low_pass_window));
}

/*
 * One value of loess at xs (1-based) over points left .. right.
 * False when no point has weight.
 */
static bool
loess_at(const Loess *loess, int n, const double *y, double xs, int left, int right, double *w, double *result)
{
	double		h = fmax(xs - left, right - xs);
	double		sum = 0;
	double		fit = 0;

	if (loess->span > n)
		h += (loess->span - n) / 2;
	for (int j = left; j <= right; j++)
	{
		double		r = fabs(j - xs);

		w[j] = 0;
		if (r > 0.999 * h)
			continue;
		if (r <= 0.001 * h)
			w[j] = 1;
		else
		{
			double		q = r / h;
			double		c = 1 - q * q * q;

			w[j] = c * c * c;
		}
		if (loess->robustness)
			w[j] *= loess->robustness[j];
		sum += w[j];
	}
	if (sum <= 0)
		return false;
	for (int j = left; j <= right; j++)
		w[j] /= sum;
	if (h > 0 && loess->degree > 0)
	{
		double		mean = 0;
		double		square = 0;

		for (int j = left; j <= right; j++)
			mean += w[j] * j;
		for (int j = left; j <= right; j++)
			square += w[j] * (j - mean) * (j - mean);
		if (sqrt(square) > 0.001 * (n - 1))
			for (int j = left; j <= right; j++)
				w[j] *= (xs - mean) / square * (j - mean) + 1;
	}
	for (int j = left; j <= right; j++)
		fit += w[j] * y[j];
	*result = fit;
	return true;
}

/* The window of the smoother at point i: left and right, 1-based. */
static void
loess_window(const Loess *loess, int n, int i, int *left, int *right)
{
	int			half = (loess->span + 1) / 2;

	if (loess->span >= n)
	{
		*left = 1;
		*right = n;
	}
	else if (i < half)
	{
		*left = 1;
		*right = loess->span;
	}
	else if (i >= n - half + 1)
	{
		*left = n - loess->span + 1;
		*right = n;
	}
	else
	{
		*left = i - half + 1;
		*right = loess->span + i - half;
	}
}

/* Fills points from .. to of fitted by straight lines between known neighbours. */
static void
fill_between(double *fitted, int from, int to)
{
	double		step = (fitted[to] - fitted[from]) / (to - from);

	for (int j = from + 1; j < to; j++)
		fitted[j] = fitted[from] + step * (j - from);
}

/* Smooths y into fitted; arrays begin at index 1, w is scratch of n + 1. */
static void
loess_smooth(const Loess *loess, int n, const double *y, double *fitted, double *w)
{
	int			jump = loess->jump < n - 1 ? loess->jump : n - 1;
	int			left,
				right,
				last;

	if (n < 2)
	{
		fitted[1] = y[1];
		return;
	}
	for (int i = 1; i <= n; i += jump)
	{
		loess_window(loess, n, i, &left, &right);
		if (!loess_at(loess, n, y, i, left, right, w, &fitted[i]))
			fitted[i] = y[i];
	}
	if (jump == 1)
		return;
	for (int i = 1; i <= n - jump; i += jump)
		fill_between(fitted, i, i + jump);
	last = ((n - 1) / jump) * jump + 1;
	if (last == n)
		return;
	/* as the authors' program: the last point uses the window of the point before */
	if (!loess_at(loess, n, y, n, left, right, w, &fitted[n]))
		fitted[n] = y[n];
	if (last != n - 1)
		fill_between(fitted, last, n);
}

/* Moving average of span points: n - span + 1 of them; arrays begin at index 1. */
static void
moving_average(const double *x, int n, int span, double *average)
{
	double		sum = 0;

	for (int i = 1; i <= span; i++)
		sum += x[i];
	average[1] = sum / span;
	for (int i = 2; i <= n - span + 1; i++)
	{
		sum = sum - x[i - 1] + x[i + span - 1];
		average[i] = sum / span;
	}
}

/* Smooths each cycle-subseries and extends it by one value at both ends: n + 2 period values. */
static void
smooth_cycles(int n, const double *y, const StlOptions *options, const double *weights,
			  double *cycles, double *work)
{
	int			period = options->period;
	int			room = n / period + 4;
	double	   *part = work;
	double	   *smooth = work + room;
	double	   *robustness = work + 2 * room;
	double	   *w = work + 3 * room;

	for (int j = 1; j <= period; j++)
	{
		int			k = (n - j) / period + 1;
		int			span = options->seasonal_window;
		Loess		loess = {span, options->seasonal_degree, options->seasonal_jump, weights ? robustness : NULL};

		for (int i = 1; i <= k; i++)
		{
			part[i] = y[(i - 1) * period + j];
			if (weights)
				robustness[i] = weights[(i - 1) * period + j];
		}
		loess_smooth(&loess, k, part, smooth + 1, w);
		if (!loess_at(&loess, k, part, 0, 1, span < k ? span : k, w, &smooth[1]))
			smooth[1] = smooth[2];
		if (!loess_at(&loess, k, part, k + 1, k - span + 1 > 1 ? k - span + 1 : 1, k, w, &smooth[k + 2]))
			smooth[k + 2] = smooth[k + 1];
		for (int i = 1; i <= k + 2; i++)
			cycles[(i - 1) * period + j] = smooth[i];
		pause_check();
	}
}

/* One inner iteration: a new seasonal from the trend, a new trend from the seasonal. */
static void
stl_step(int n, const double *y, const StlOptions *options, const double *weights,
		 double *trend, double *seasonal, double *work)
{
	int			period = options->period;
	int			room = n + 2 * period + 2;
	double	   *a = work;
	double	   *cycles = work + room;
	double	   *b = work + 2 * room;
	double	   *scratch = work + 3 * room;
	Loess		low_pass = {options->low_pass_window, options->low_pass_degree, options->low_pass_jump, NULL};
	Loess		slow = {options->trend_window, options->trend_degree, options->trend_jump, weights};

	for (int i = 1; i <= n; i++)
		a[i] = y[i] - trend[i];
	smooth_cycles(n, a, options, weights, cycles, scratch);
	moving_average(cycles, n + 2 * period, period, b);
	moving_average(b, n + period + 1, period, a);
	moving_average(a, n + 2, 3, b);
	loess_smooth(&low_pass, n, b, a, scratch);
	for (int i = 1; i <= n; i++)
		seasonal[i] = cycles[period + i] - a[i];
	for (int i = 1; i <= n; i++)
		a[i] = y[i] - seasonal[i];
	loess_smooth(&slow, n, a, trend, scratch);
	pause_check();
}

/* Orders doubles. */
static int
compare_doubles(const void *left, const void *right)
{
	double		a = *(const double *) left;
	double		b = *(const double *) right;

	return (a > b) - (a < b);
}

/* Bisquare weights from the remainders; limits at 0.001 and 0.999 of six median absolute deviations. */
static void
stl_weights(int n, const double *y, const double *trend, const double *seasonal, double *weights, double *work)
{
	double		limit;

	for (int i = 1; i <= n; i++)
		work[i] = fabs(y[i] - (trend[i] + seasonal[i]));
	memcpy(weights + 1, work + 1, sizeof(double) * n);
	qsort(work + 1, n, sizeof(double), compare_doubles);
	limit = 3 * (work[n / 2 + 1] + work[n - n / 2]);
	for (int i = 1; i <= n; i++)
	{
		double		r = weights[i];
		double		q = r / limit;

		weights[i] = r <= 0.001 * limit ? 1 : r <= 0.999 * limit ? (1 - q * q) * (1 - q * q) : 0;
	}
}

/* One figure for the whole series: the mean seasonal of each phase. */
static void
make_periodic(int n, int period, double *seasonal)
{
	for (int j = 0; j < period; j++)
	{
		double		sum = 0;
		int			count = 0;

		for (int i = j; i < n; i += period, count++)
			sum += seasonal[i];
		for (int i = j; i < n; i += period)
			seasonal[i] = sum / count;
	}
}

/* How many doubles stl_decompose() needs to work in. */
size_t
stl_workspace(int n, int period)
{
	size_t		room = (size_t) n + 2 * (size_t) period + 2;

	return 3 * room + 4 * ((size_t) n / period + 4) + room;
}

/*
 * Takes y apart; options must have gone through stl_defaults().  trend,
 * seasonal and weights hold n values each, work stl_workspace() of them.
 * A series of less than two periods and a value has no season, but a trend.
 */
void
stl_decompose(int n, const double *y, const StlOptions *options, double *trend, double *seasonal,
			  double *weights, double *work)
{
	bool		weighted = false;

	for (int i = 0; i < n; i++)
	{
		trend[i] = seasonal[i] = 0;
		weights[i] = 1;
	}
	if (n <= 2 * options->period)
	{
		Loess		slow = {options->trend_window, options->trend_degree, options->trend_jump, NULL};

		loess_smooth(&slow, n, y - 1, trend - 1, work);
		return;
	}
	for (int round = 0; round <= options->outer; round++)
	{
		/* inside, arrays begin at index 1 */
		for (int i = 0; i < options->inner; i++)
			stl_step(n, y - 1, options, weighted ? weights - 1 : NULL, trend - 1, seasonal - 1, work);
		if (round == options->outer && options->outer == 0)
			break;
		stl_weights(n, y - 1, trend - 1, seasonal - 1, weights - 1, work);
		weighted = true;
	}
	if (options->periodic)
		make_periodic(n, options->period, seasonal);
}
