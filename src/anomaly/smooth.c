/*
 * smooth.c: exponential smoothing as innovations state space models.
 *
 * Hyndman, Koehler, Ord, Snyder (2008): Forecasting with Exponential Smoothing,
 * Springer.  Error additive or multiplicative; trend none, additive or damped;
 * season none, additive or multiplicative: chosen by AICc among those that
 * suit the series.  Initial season from a classical decomposition of the first
 * seasons; level and slope are looked for with the parameters.
 */
#include "anomaly/smooth.h"

#include <math.h>
#include <string.h>

#include "anomaly/optimise.h"

#define PARAMETER_LOW	1e-4
#define PARAMETER_HIGH	0.9999
#define PHI_LOW			0.8
#define PHI_HIGH		0.98
#define EVALUATIONS		160

/* The objective's view of a fit. */
typedef struct Fit
{
	Smooth	   *model;
	int			n;
	const double *y;
	const double *start;		/* initial season */
	double		level;			/* initial state at the last evaluation */
	double		slope;
	double		square;			/* square sum of the errors, relative ones for error M */
} Fit;

/* Mean and slope of the first values once the season is taken off. */
static void
start_line(Fit *fit, int count, double *level, double *slope)
{
	const Smooth *model = fit->model;
	double		sum_t = 0,
				sum_x = 0,
				sum_tt = 0,
				sum_tx = 0;

	for (int i = 0; i < count; i++)
	{
		double		season = fit->start[i % model->period];
		double		x = model->kind.season == 'M' ? fit->y[i] / season : fit->y[i] - season;

		sum_t += i + 1;
		sum_x += x;
		sum_tt += (i + 1.0) * (i + 1);
		sum_tx += (i + 1) * x;
	}
	*slope = count > 1 ? (count * sum_tx - sum_t * sum_x) / (count * sum_tt - sum_t * sum_t) : 0;
	*level = model->kind.trend == 'N' ? sum_x / count : (sum_x - *slope * sum_t) / count;
	if (model->kind.trend == 'N')
		*slope = 0;
}

/* The initial season: phase means of the first seasons against their centred average. */
static void
start_season(const Smooth *model, int n, const double *y, double *start, double *count)
{
	int			period = model->period;
	bool		multiplicative = model->kind.season == 'M';
	int			seasons = n / period < 4 ? n / period : 4;
	int			half = period / 2;
	double		mean = 0;

	for (int i = 0; i < period; i++)
		start[i] = count[i] = 0;
	for (int at = half; at + half < seasons * period && at + half < n; at++)
	{
		double		average = 0;

		for (int j = -half; j <= half; j++)
			average += y[at + j] * (period % 2 == 0 && (j == -half || j == half) ? 0.5 : 1);
		average /= period;
		start[at % period] += multiplicative ? y[at] / average : y[at] - average;
		count[at % period]++;
	}
	for (int i = 0; i < period; i++)
	{
		start[i] = count[i] > 0 ? start[i] / count[i] : multiplicative ? 1 : 0;
		mean += start[i] / period;
	}
	for (int i = 0; i < period; i++)
	{
		start[i] = multiplicative ? start[i] / mean : start[i] - mean;
		if (multiplicative && !(start[i] > 1e-4))
			start[i] = 1e-4;
	}
}

/* Gives the model the parameters at x: level, alpha, then what the kind has of slope, beta, phi, gamma. */
static void
set_parameters(Fit *fit, const double *x)
{
	Smooth	   *model = fit->model;

	fit->level = *x++;
	model->alpha = *x++;
	fit->slope = model->beta = model->gamma = 0;
	model->phi = 1;
	if (model->kind.trend != 'N')
	{
		fit->slope = *x++;
		model->beta = *x++ * model->alpha;
	}
	if (model->kind.trend == 'D')
		model->phi = *x++;
	if (model->kind.season != 'N')
		model->gamma = *x++ * (1 - model->alpha);
}

/*
 * Runs through the series; leaves the last state and the square sums.
 * Returns what is to be least: minus twice the log likelihood but for a constant.
 * The seasons of an update are the same for both kinds of error: what differs is
 * the measure of the error.
 */
static double
smooth_run(Fit *fit)
{
	Smooth	   *model = fit->model;
	bool		relative = model->kind.error == 'M';
	char		season_kind = model->kind.season;
	double		level = fit->level,
				slope = fit->slope;
	double		square = 0,
				sse = 0,
				log_sum = 0,
				product = 1;
	int			phase = 0;

	memcpy(model->season, fit->start, sizeof(double) * model->period);
	for (int i = 0; i < fit->n; i++)
	{
		double		trend = level + model->phi * slope;
		double		season = model->season[phase];
		double		expected = season_kind == 'M' ? trend * season : trend + season;
		double		error = fit->y[i] - expected;
		double		lifted = season_kind == 'M' ? error / season : error;

		sse += error * error;
		if (relative)
		{
			double		r = error / expected;

			if (!(expected > 0))
				return HUGE_VAL;
			square += r * r;
			product *= expected;
			/* logarithms are dear: take one for many factors */
			if (product > 1e200 || product < 1e-200)
			{
				log_sum += log(product);
				product = 1;
			}
		}
		level = trend + model->alpha * lifted;
		slope = model->phi * slope + model->beta * lifted;
		if (season_kind == 'A')
			model->season[phase] += model->gamma * error;
		else if (season_kind == 'M')
		{
			if (!(trend > 0))
				return HUGE_VAL;
			model->season[phase] += model->gamma * error / trend;
		}
		phase = phase + 1 == model->period ? 0 : phase + 1;
	}
	model->level = level;
	model->slope = slope;
	model->sse = sse;
	fit->square = relative ? square : sse;
	return fit->n * log(fmax(fit->square, 1e-300)) + (relative ? 2 * (log_sum + log(product)) : 0);
}

/* The objective at x. */
static double
smooth_objective(const double *x, void *arg)
{
	Fit		   *fit = arg;

	set_parameters(fit, x);
	return smooth_run(fit);
}

/* Adds a parameter to the search. */
static void
search_add(int *count, double *x, double *lower, double *upper, double start, double low, double high)
{
	x[*count] = start;
	lower[*count] = low;
	upper[*count] = high;
	(*count)++;
}

/* Variance and information criterion from the last run; count parameters were looked for. */
static void
smooth_judge(Fit *fit, double value, int count)
{
	Smooth	   *model = fit->model;
	int			k = count + 1 + (model->kind.season != 'N' ? model->period - 1 : 0);
	double		room = fit->n - k - 1;

	model->variance = fit->square / fmax(1, fit->n - count);
	model->aicc = room > 0 ? value + 2 * k + 2.0 * k * (k + 1) / room : HUGE_VAL;
}

/* Turns the season so that season[0] belongs to the first step ahead. */
static void
smooth_turn(Smooth *model, int n, double *scratch)
{
	for (int i = 0; i < model->period; i++)
		scratch[i] = model->season[(n + i) % model->period];
	memcpy(model->season, scratch, sizeof(double) * model->period);
}

/* Fits a model of the kind and period given; work holds 2 period values. */
void
smooth_fit(Smooth *model, int n, const double *y, double *work)
{
	Fit			fit = {.model = model, .n = n, .y = y, .start = work};
	double		x[OPTIMISE_DIMENSIONS],
				lower[OPTIMISE_DIMENSIONS],
				upper[OPTIMISE_DIMENSIONS];
	double		level,
				slope,
				value,
				spread = 0;
	int			count = 0;
	int			line = n < 10 ? n : model->period > 10 ? (n < model->period ? n : model->period) : 10;

	if (model->kind.season == 'N')
	{
		model->period = 1;
		work[0] = 0;
	}
	else
		start_season(model, n, y, work, work + model->period);
	start_line(&fit, line, &level, &slope);
	for (int i = 0; i < n; i++)
		spread = fmax(spread, fabs(y[i] - level));
	search_add(&count, x, lower, upper, level, level - spread, level + spread);
	search_add(&count, x, lower, upper, 0.3, PARAMETER_LOW, PARAMETER_HIGH);
	if (model->kind.trend != 'N')
	{
		double		steep = fmax(fabs(slope) * 2, spread / n);

		search_add(&count, x, lower, upper, slope, slope - steep, slope + steep);
		search_add(&count, x, lower, upper, 0.1, PARAMETER_LOW, PARAMETER_HIGH);
	}
	if (model->kind.trend == 'D')
		search_add(&count, x, lower, upper, 0.95, PHI_LOW, PHI_HIGH);
	if (model->kind.season != 'N')
		search_add(&count, x, lower, upper, 0.05, PARAMETER_LOW, PARAMETER_HIGH);
	value = optimise(smooth_objective, &fit, count, x, lower, upper, EVALUATIONS);
	value = smooth_objective(x, &fit);
	smooth_judge(&fit, value, count);
	smooth_turn(model, n, work);
}

/* Fits one candidate; it becomes the best when it is. */
static void
smooth_try(SmoothKind kind, Smooth *best, double *spare, int n, const double *y, int period, double *work)
{
	Smooth		trial = {.kind = kind, .period = period, .season = spare};

	smooth_fit(&trial, n, y, work);
	if (best->period != 0 && !(trial.aicc < best->aicc))
		return;
	/* the best one's values go where the caller wants them */
	trial.season = best->season;
	memcpy(trial.season, spare, sizeof(double) * trial.period);
	*best = trial;
}

/*
 * Fits the kinds that suit the series and leaves the one with the least AICc.
 * period 1: no season.  model->season holds period values; work
 * smooth_workspace(period).  The trend is chosen with additive errors first,
 * then multiplicative ones are tried, where all values are positive and additive
 * ones are not asked for.
 */
void
smooth_choose(Smooth *model, int n, const double *y, int period, bool additive, double *work)
{
	static const char trends[] = {'N', 'D', 'A'};
	char		season = period > 1 ? 'A' : 'N';
	double	   *spare = work + 2 * period;
	double		least = HUGE_VAL;
	char		trend;

	for (int i = 0; i < n; i++)
		least = fmin(least, y[i]);
	*model = (Smooth) {.season = model->season};
	for (int i = 0; i < 3; i++)
		smooth_try((SmoothKind) {'A', trends[i], season}, model, spare, n, y, period, work);
	if (additive || least <= 0)
		return;
	trend = model->kind.trend;
	smooth_try((SmoothKind) {'M', trend, period > 1 ? 'M' : 'N'}, model, spare, n, y, period, work);
	if (trend != 'D')
		smooth_try((SmoothKind) {'M', 'D', period > 1 ? 'M' : 'N'}, model, spare, n, y, period, work);
}

/* phi + phi^2 + ... + phi^step: how much of the slope a forecast that far has. */
double
smooth_sum_phi(double phi, int step)
{
	return phi >= 1 ? step : phi * (1 - pow(phi, step)) / (1 - phi);
}

/* The value expected this many steps ahead. */
double
smooth_forecast(const Smooth *model, int step)
{
	double		trend = model->level + smooth_sum_phi(model->phi, step) * model->slope;
	double		season = model->kind.season == 'N' ? 0 : model->season[(step - 1) % model->period];

	return model->kind.season == 'M' ? trend * season : trend + season;
}

/*
 * Variances of the forecasts 1 .. steps (Hyndman et al., chapter 6): the formula
 * of additive errors, and for multiplicative ones its relative twin, where each
 * earlier error weighs with the square of the level it struck.  A multiplicative
 * season is taken as known.
 */
void
smooth_variances(const Smooth *model, int steps, double *variance, double *work)
{
	bool		relative = model->kind.error == 'M';

	/* work[j]: what an error j steps ago still weighs; variance is theta meanwhile */
	for (int h = 1; h <= steps; h++)
	{
		double		season = model->kind.season == 'M' ? model->season[(h - 1) % model->period] : 1;
		double		mean = smooth_forecast(model, h) / season;
		double		sum = relative ? mean * mean : 1;

		if (h > 1)
		{
			double		c = model->alpha + model->beta * smooth_sum_phi(model->phi, h - 1);

			if (model->kind.season == 'A' && (h - 1) % model->period == 0)
				c += model->gamma;
			work[h - 1] = c * c;
		}
		for (int j = 1; j < h; j++)
			sum += work[j] * (relative ? model->variance * work[steps + h - j] : 1);
		if (relative)
		{
			work[steps + h] = sum;
			variance[h - 1] = ((1 + model->variance) * sum - mean * mean) * season * season;
		}
		else
			variance[h - 1] = model->variance * sum * season * season;
	}
}
