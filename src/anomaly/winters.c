/*
 * winters.c: Holt-Winters smoothing with trend and season.
 *
 * Winters (1960), Management Science 6, 324-342.  Recursion, start (a classical
 * decomposition of the first two seasons) and the meaning of the parameters are
 * those of R's HoltWinters(), whose results come out to rounding.
 */
#include "anomaly/winters.h"

#include <math.h>
#include <string.h>

#include "anomaly/optimise.h"

/* The objective's view of a fit. */
typedef struct Fit
{
	Winters    *model;
	int			n;
	const double *y;
	double		level;			/* where every run starts */
	double		slope;
	double	   *start;
	double	   *figure;			/* scratch of the decomposition */
} Fit;

/* Level, slope and season at the start, from the first two seasons. */
static void
winters_start(Fit *fit)
{
	int			period = fit->model->period;
	int			half = period / 2;
	int			count = 2 * period - 2 * half;	/* values of the centred average */
	double		sum_t = 0,
				sum_x = 0,
				sum_tt = 0,
				sum_tx = 0,
				mean = 0;

	memset(fit->figure, 0, sizeof(double) * period);
	memset(fit->start, 0, sizeof(double) * period);
	for (int i = 0; i < count; i++)
	{
		int			at = i + half;
		double		average = 0;

		for (int j = -half; j <= half; j++)
			average += fit->y[at + j] * (period % 2 == 0 && (j == -half || j == half) ? 0.5 : 1);
		average /= period;
		sum_t += i + 1;
		sum_x += average;
		sum_tt += (i + 1.0) * (i + 1);
		sum_tx += (i + 1) * average;
		fit->start[at % period] += fit->model->multiplicative ? fit->y[at] / average : fit->y[at] - average;
		fit->figure[at % period]++;
	}
	fit->slope = (count * sum_tx - sum_t * sum_x) / (count * sum_tt - sum_t * sum_t);
	fit->level = (sum_x - fit->slope * sum_t) / count;
	for (int i = 0; i < period; i++)
	{
		fit->start[i] /= fit->figure[i];
		mean += fit->start[i] / period;
	}
	for (int i = 0; i < period; i++)
		fit->start[i] = fit->model->multiplicative ? fit->start[i] / mean : fit->start[i] - mean;
}

/* Runs through the series from the start with the model's parameters; leaves its last state and the errors' square sum. */
static double
winters_run(Fit *fit)
{
	Winters    *model = fit->model;
	double		level = fit->level;
	double		slope = fit->slope;
	double		sse = 0;
	int			phase = 0;

	memcpy(model->season, fit->start, sizeof(double) * model->period);
	for (int i = model->period; i < fit->n; i++)
	{
		double		before = level;
		double		season = model->season[phase];
		double		y = fit->y[i];
		double		expected = model->multiplicative ? (level + slope) * season : level + slope + season;

		sse += (y - expected) * (y - expected);
		level = model->alpha * (model->multiplicative ? y / season : y - season) + (1 - model->alpha) * (level + slope);
		slope = model->beta * (level - before) + (1 - model->beta) * slope;
		model->season[phase] = model->gamma * (model->multiplicative ? y / level : y - level)
			+ (1 - model->gamma) * season;
		phase = phase + 1 == model->period ? 0 : phase + 1;
	}
	model->level = level;
	model->slope = slope;
	model->sse = sse;
	return sse;
}

/* The square sum at x = the parameters that are looked for, in order. */
static double
winters_objective(const double *x, void *arg)
{
	Fit		   *fit = arg;

	fit->model->alpha = x[0];
	fit->model->beta = x[1];
	fit->model->gamma = x[2];
	return winters_run(fit);
}

/* Turns the season so that season[0] belongs to the first step ahead. */
static void
winters_turn(Winters *model, int n, double *scratch)
{
	int			phase = n % model->period;

	for (int i = 0; i < model->period; i++)
		scratch[i] = model->season[(phase + i) % model->period];
	memcpy(model->season, scratch, sizeof(double) * model->period);
}

/*
 * Fits the model: y holds n values, at least two periods and one more; work
 * winters_workspace(period).  The search begins at several places, because the
 * square sum has more than one valley.
 */
void
winters_fit(Winters *model, int n, const double *y, double *work)
{
	static const double starts[][3] = {{0.3, 0.1, 0.1}, {0.2, 0.05, 0.8}, {0.7, 0.05, 0.3}, {0.1, 0.3, 0.95}};
	Fit			fit = {.model = model, .n = n, .y = y, .start = work, .figure = work + model->period};
	double		given[3] = {model->alpha, model->beta, model->gamma};
	double		lower[3],
				upper[3],
				best[3] = {0, 0, 0};
	double		least = HUGE_VAL;

	winters_start(&fit);
	for (int s = 0; s < 4; s++)
	{
		double		x[3];
		double		f;

		for (int i = 0; i < 3; i++)
		{
			lower[i] = given[i] < 0 ? 0 : given[i];
			upper[i] = given[i] < 0 ? 1 : given[i];
			x[i] = given[i] < 0 ? starts[s][i] : given[i];
		}
		f = optimise(winters_objective, &fit, 3, x, lower, upper, 300);
		f = optimise(winters_objective, &fit, 3, x, lower, upper, 300);
		if (f < least)
		{
			least = f;
			memcpy(best, x, sizeof(best));
		}
	}
	winters_objective(best, &fit);
	winters_turn(model, n, work + 2 * model->period);
}

/* The value expected this many steps ahead. */
double
winters_forecast(const Winters *model, int step)
{
	double		season = model->season[(step - 1) % model->period];
	double		trend = model->level + step * model->slope;

	return model->multiplicative ? trend * season : trend + season;
}

/* Variance of the forecast, by the additive model's formula (Yar and Chatfield 1990; relative for a multiplicative season). */
double
winters_variance(const Winters *model, int n, int step)
{
	double		sigma2 = model->sse / fmax(1, n - model->period - 3);
	double		sum = 1;

	for (int j = 1; j < step; j++)
	{
		double		c = model->alpha * (1 + j * model->beta);

		if (j % model->period == 0)
			c += model->gamma * (1 - model->alpha);
		sum += c * c;
	}
	if (model->multiplicative)
	{
		double		season = model->season[(step - 1) % model->period];
		double		mean = 0;

		for (int i = 0; i < model->period; i++)
			mean += model->season[i] * model->season[i] / model->period;
		return mean > 0 ? sigma2 * sum * season * season / mean : sigma2 * sum;
	}
	return sigma2 * sum;
}
