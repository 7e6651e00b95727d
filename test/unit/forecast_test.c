/*
 * forecast_test.c: decomposition, smoothing and forecasts against reference
 * answers and against what can be worked out by hand.  Prints TAP.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anomaly/autoregress.h"
#include "anomaly/distribution.h"
#include "anomaly/forecast.h"
#include "anomaly/forecast_ar.h"
#include "anomaly/optimise.h"
#include "anomaly/pause.h"
#include "anomaly/season.h"
#include "anomaly/smooth.h"
#include "anomaly/stl.h"
#include "anomaly/winters.h"
#include "classic_series.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

void		(*pause_hook) (void);

static int	tests_run;
static int	tests_failed;

/* Prints one TAP line. */
static void
ok(bool good, const char *what)
{
	tests_run++;
	tests_failed += !good;
	printf("%s %d - %s\n", good ? "ok" : "not ok", tests_run, what);
}

/* The greatest difference to reference rows of (index, seasonal, trend). */
static double
stl_difference(bool periodic, bool robust, const double (*rows)[3], int count)
{
	StlOptions	options = {.period = 12, .periodic = periodic, .robust = robust,
	.trend_degree = -1, .low_pass_degree = -1, .outer = -1};
	int			n = LENGTH(carbon_dioxide);
	double	   *work = malloc(sizeof(double) * (3 * n + stl_workspace(n, 12)));
	double		worst = 0;

	stl_defaults(&options, n);
	stl_decompose(n, carbon_dioxide, &options, work, work + n, work + 2 * n, work + 3 * n);
	for (int i = 0; i < count; i++)
	{
		int			at = (int) rows[i][0];

		worst = fmax(worst, fabs(work[n + at] - rows[i][1]));
		worst = fmax(worst, fabs(work[at] - rows[i][2]));
	}
	free(work);
	return worst;
}

/* STL in the four settings of the reference. */
static void
test_stl(void)
{
	ok(stl_difference(false, false, stl_s7_plain, LENGTH(stl_s7_plain)) < 1e-9, "STL equals the reference");
	ok(stl_difference(false, true, stl_s7_robust, LENGTH(stl_s7_robust)) < 1e-9, "robust STL equals the reference");
	ok(stl_difference(true, false, stl_speriodic_plain, LENGTH(stl_speriodic_plain)) < 1e-9,
	   "periodic STL equals the reference");
	ok(stl_difference(true, true, stl_speriodic_robust, LENGTH(stl_speriodic_robust)) < 1e-9,
	   "robust periodic STL equals the reference");
}

/* A Holt-Winters fit of the passengers; returns the greatest difference of the forecasts. */
static double
winters_difference(Winters *model, const double *reference)
{
	double		season[12],
				work[winters_workspace(12)];
	double		worst = 0;

	model->period = 12;
	model->season = season;
	winters_fit(model, LENGTH(passengers), passengers, work);
	for (int h = 1; h <= 24; h++)
		worst = fmax(worst, fabs(winters_forecast(model, h) - reference[h - 1]));
	return worst;
}

/* Holt-Winters with given and with sought parameters. */
static void
test_winters(void)
{
	Winters		fixed = {.multiplicative = true, .alpha = 0.3, .beta = 0.1, .gamma = 0.2};
	Winters		additive = {.alpha = -1, .beta = -1, .gamma = -1};
	Winters		multiplicative = {.multiplicative = true, .alpha = -1, .beta = -1, .gamma = -1};

	ok(winters_difference(&fixed, winters_fixed_mult) < 1e-9, "Holt-Winters with fixed parameters equals the reference");
	ok(fabs(fixed.sse - 34270.3777195137) < 1e-6, "and so does its square sum");
	ok(winters_difference(&additive, winters_additive) < 0.05, "additive Holt-Winters forecasts as the reference");
	ok(additive.sse <= 21860.1846217494, "and fits no worse");
	ok(winters_difference(&multiplicative, winters_multiplicative) < 0.05,
	   "multiplicative Holt-Winters forecasts as the reference");
	ok(multiplicative.sse <= 16570.7778669999, "and fits no worse");
}

/* Noise: the sum of twelve evenly spread numbers, of variance 1. */
static double
noise(unsigned long long *state)
{
	double		sum = 0;

	for (int k = 0; k < 12; k++)
	{
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		sum += (double) (*state >> 11) / 9007199254740992.0 - 0.5;
	}
	return sum;
}

/* A forecast by a method with two seasons or one; the caller frees mean, lower and upper at once by freeing mean. */
static Forecast
run_seasons(const char *method, int n, const double *y, int horizon, int period, int longer)
{
	Forecast	forecast = {.n = n, .y = y, .horizon = horizon, .level = 0.95, .nperiods = (period > 1) + (longer > 1),
	.periods = {period, longer}, .alpha = -1, .beta = -1, .gamma = -1, .method = forecast_method(method)};

	forecast.mean = malloc(sizeof(double) * 3 * horizon);
	forecast.lower = forecast.mean + horizon;
	forecast.upper = forecast.mean + 2 * horizon;
	forecast.size = forecast_workspace(&forecast);
	forecast.work = malloc(sizeof(double) * forecast.size);
	forecast_run(&forecast);
	if (forecast.peak > forecast.size)
		printf("Bail out! workspace of %s\n", method);
	free(forecast.work);
	return forecast;
}

/* The same with one season. */
static Forecast
run(const char *method, int n, const double *y, int horizon, int period)
{
	return run_seasons(method, n, y, horizon, period, 0);
}

/* Theta against the reference: its optimiser differs, so not to the last digit. */
static void
test_theta(void)
{
	Forecast	forecast = run("theta", LENGTH(passengers), passengers, 24, 12);
	double		worst = 0;

	for (int h = 0; h < 24; h++)
		worst = fmax(worst, fabs(forecast.mean[h] / theta_forecast[h] - 1));
	ok(worst < 2e-3, "theta forecasts as the reference");
	free(forecast.mean);
}

/* What can be worked out by hand. */
static void
test_by_hand(void)
{
	double		line[50],
				flat[30],
				seasonal[40];
	static const char *const names[] = {"combination", "ets", "theta", "stl", "ses", "holt", "damped", "naive",
	"drift", "mean", "seasonal_naive", "ar"};
	bool		good = true;
	Forecast	forecast;

	for (int i = 0; i < 50; i++)
		line[i] = 3 + 2.0 * i;
	for (int i = 0; i < 30; i++)
		flat[i] = 7.5;
	for (int i = 0; i < 40; i++)
		seasonal[i] = 10 + (i % 4) * (i % 4);
	forecast = run("drift", 50, line, 3, 1);
	ok(fabs(forecast.mean[2] - (3 + 2 * 52)) < 1e-9, "drift continues a line");
	free(forecast.mean);
	forecast = run("seasonal_naive", 40, seasonal, 6, 4);
	ok(forecast.mean[0] == 10 && forecast.mean[1] == 11 && forecast.mean[3] == 19 && forecast.mean[4] == 10,
	   "seasonal naive repeats the last season");
	ok(forecast.upper[0] == 10 && forecast.lower[0] == 10, "and is sure of a season that never changed");
	free(forecast.mean);
	forecast = run("naive", 3, line, 4, 1);
	ok(forecast.mean[3] == 7 && fabs(forecast.upper[3] - 7 - 1.959963984540054 * 2 * 2) < 1e-9,
	   "naive widens with the root of the step");
	free(forecast.mean);
	for (int m = 0; m < LENGTH(names); m++)
	{
		forecast = run(names[m], 30, flat, 5, 7);
		for (int h = 0; h < 5; h++)
			good = good && fabs(forecast.mean[h] - 7.5) < 1e-6 && forecast.upper[h] - forecast.lower[h] < 1e-3;
		free(forecast.mean);
		forecast = run(names[m], 1, flat, 2, 1);
		good = good && forecast.mean[1] == 7.5;
		free(forecast.mean);
	}
	ok(good, "every method continues a constant series, of one value too");
}

/* Scale and shift: forecasts move with the series. */
static void
test_equivariance(void)
{
	double		moved[LENGTH(passengers)];
	double		scales[] = {1e15, 1e-12, 1e15, 1e-12};
	bool		good = true;

	for (int s = 0; s < 4; s++)
	{
		const char *method = s < 2 ? "combination" : "ar";
		Forecast	plain = run(method, LENGTH(passengers), passengers, 12, 12);
		Forecast	scaled;

		for (int i = 0; i < LENGTH(passengers); i++)
			moved[i] = passengers[i] * scales[s];
		scaled = run(method, LENGTH(passengers), moved, 12, 12);
		for (int h = 0; h < 12; h++)
			good = good && fabs(scaled.mean[h] / scales[s] / plain.mean[h] - 1) < 1e-3;
		free(scaled.mean);
		free(plain.mean);
	}
	ok(good, "a series in other units is forecast in those units");
}

/* Intervals of random walks and of noise hold as many values as they claim. */
static void
test_coverage(void)
{
	unsigned long long state = 88172645463325252ULL;
	int			inside = 0,
				all = 0;

	for (int s = 0; s < 60; s++)
	{
		double		y[220];
		double		level = 100;
		Forecast	forecast;

		for (int i = 0; i < 220; i++)
		{
			double		error = noise(&state);

			level += s % 2 == 0 ? error : 0;
			y[i] = level + 10 * sin(i * 2 * M_PI / 7) + (s % 2 == 0 ? 0 : 3 * error);
		}
		forecast = run("combination", 200, y, 20, 7);
		for (int h = 0; h < 20; h++, all++)
			inside += y[200 + h] >= forecast.lower[h] && y[200 + h] <= forecast.upper[h];
		free(forecast.mean);
	}
	printf("# %.1f %% inside\n", 100.0 * inside / all);
	ok(inside >= 0.90 * all && inside <= 0.985 * all, "intervals of 95 % hold 90 to 98 % of the values");
}

/* Autoregression by hand, and of series whose law is known. */
static void
test_autoregression(void)
{
	double		phi[2] = {0.5, 0.25},
				x[] = {4, 8},
				mean[3],
				variance[3],
				work[autoregress_variances_workspace(3)];
	double		y[2000],
				room[autoregress_workspace(2000, 20)],
				weights[20],
				line[60];
	unsigned long long state = 2463534242ULL;
	Autoregression model = {.order = 2, .phi = phi, .variance = 1};
	Forecast	forecast;

	autoregress_continue(&model, 2, x, 3, mean);
	ok(mean[0] == 5 && mean[1] == 4.5 && mean[2] == 3.5, "an autoregression continues by its weights");
	model.order = 1;
	autoregress_variances(&model, 0, 3, variance, work);
	ok(variance[0] == 1 && variance[1] == 1.25 && variance[2] == 1.3125, "its errors fade");
	autoregress_variances(&model, 1, 3, variance, work);
	ok(variance[0] == 1 && variance[1] == 3.25 && variance[2] == 6.3125, "those of its sum stay");
	autoregress_variances(&model, 2, 3, variance, work);
	ok(variance[0] == 1 && variance[1] == 1.25 && variance[2] == 2.8125, "and return a season later");
	for (int i = 0; i < 2000; i++)
		y[i] = 2 * noise(&state) + (i > 0 ? 0.5 * y[i - 1] : 0) - (i > 1 ? 0.3 * y[i - 2] : 0);
	model.phi = weights;
	autoregress_fit(&model, 2000, y, 20, room);
	/* three standard errors: 3 sqrt((1 - 0.09) / 2000), and of a variance 3 * 4 * sqrt(2 / 2000) */
	ok(model.order >= 2 && fabs(weights[0] - 0.5) < 0.064 && fabs(weights[1] + 0.3) < 0.064
	   && fabs(model.variance - 4) < 0.38, "an autoregression is found again from its values");
	for (int i = 0; i < 60; i++)
		line[i] = 3 + 2.0 * i + (i % 7) * (i % 7) - 200;
	forecast = run("ar", 60, line, 9, 7);
	for (int h = 0; h < 9; h++)
		mean[0] = fmax(h > 0 ? mean[0] : 0, fabs(forecast.mean[h] - (2.0 * (60 + h) - 197 + ((60 + h) % 7) * ((60 + h) % 7))));
	ok(mean[0] < 1e-6, "a line with a season goes on");
	free(forecast.mean);
	for (int i = 0; i < 60; i++)
		line[i] += noise(&state);
	forecast = run("ar", 60, line, 21, 7);
	/* without its drift a season would be 14 short, two seasons 28 */
	for (int h = 14; h < 21; h++)
		mean[0] = fmax(mean[0], fabs(forecast.mean[h] - (2.0 * (60 + h) - 197 + ((60 + h) % 7) * ((60 + h) % 7))));
	ok(mean[0] < 7, "and so does one with noise");
	free(forecast.mean);
}

/* Days and weeks about a level that wanders and returns: better than last week's values, and sure within limits. */
static void
test_two_seasons(void)
{
	unsigned long long state = 362436069ULL;
	int			inside = 0,
				all = 0;
	double		error = 0,
				naive = 0;

	for (int s = 0; s < 30; s++)
	{
		double		y[888];
		double		level = 0;
		Forecast	forecast;

		for (int i = 0; i < 888; i++)
		{
			level = 0.97 * level + noise(&state);
			y[i] = (s % 2 == 0 ? 60 : -5) + 20 * sin(i * 2 * M_PI / 24) + (i / 24 % 7 > 4 ? 15 : 0) + level;
		}
		forecast = run_seasons("combination", 840, y, 48, 24, 168);
		for (int h = 0; h < 48; h++, all++)
		{
			inside += y[840 + h] >= forecast.lower[h] && y[840 + h] <= forecast.upper[h];
			error += fabs(y[840 + h] - forecast.mean[h]);
			naive += fabs(y[840 + h] - y[840 + h - 168]);
		}
		free(forecast.mean);
	}
	printf("# %.1f %% inside, %.2f of the error of last week's values\n", 100.0 * inside / all, error / naive);
	/* who knew the law would have 0.57 of their error: a mean of sqrt(1 - 0.97^2h) over 48 hours against sqrt(2 (1 - 0.97^168)) */
	ok(error < 0.9 * naive, "two seasons and what persists are forecast better than by last week's values");
	ok(inside >= 0.90 * all && inside <= 0.985 * all, "their intervals of 95 % hold 90 to 98 % of the values");
}

/* The season's tests. */
static void
test_season(void)
{
	double		work[season_workspace(200, 12)];
	double		y[200];
	unsigned	state = 1;

	for (int i = 0; i < 200; i++)
	{
		state = state * 1664525u + 1013904223u;
		y[i] = (double) (state >> 8) / (1 << 24);
	}
	ok(!season_present(200, y, 7, work), "noise has no season");
	for (int i = 0; i < 200; i++)
		y[i] += i % 7 == 0 ? 2 : 0;
	ok(season_present(200, y, 7, work), "a weekly peak is one");
	ok(!season_present(20, y, 7, work), "two seasons are too few to tell");
	ok(season_present(LENGTH(passengers), passengers, 12, work), "passengers have a year");
	ok(season_grows(LENGTH(passengers), passengers, 12), "which grows with their number");
	for (int i = 0; i < 200; i++)
		y[i] += 10 + 0.5 * i;
	ok(!season_grows(200, y, 7), "a peak of one height on a level that rises does not grow");
	for (int i = 0; i < 200; i++)
		y[i] = exp(i / 50.0) * (i % 7 == 0 ? 2 : 1);
	ok(season_grows(200, y, 7), "but a share of the level does");
	y[3] = 0;
	ok(!season_grows(200, y, 7), "nor what is not above zero");
}

/* The distributions at values of the tables. */
static void
test_distributions(void)
{
	ok(fabs(normal_quantile(0.975) - 1.959963984540054) < 1e-12 && fabs(normal_quantile(1e-10) + 6.361340902404056) < 1e-9,
	   "normal quantiles");
	ok(fabs(student_quantile(0.975, 10) - 2.228138851964939) < 1e-9 && fabs(student_quantile(0.995, 3) - 5.840909309733) < 1e-8,
	   "student quantiles");
	ok(fabs(student_below(2.228138851964939, 10) - 0.975) < 1e-12, "student distribution");
	ok(fabs(poisson_below(2, 3) - 0.42319008112684353) < 1e-12 && fabs(poisson_below(120, 100) - 0.97733065) < 1e-6,
	   "poisson distribution");
	/* P(X <= 1) of size 2, p 1/2: 1/4 + 2 * 1/8 */
	ok(fabs(negative_binomial_below(1, 2, 4) - 0.5) < 1e-12, "negative binomial distribution");
	/* beta(1,1) makes every count of 0 .. 4 as likely */
	ok(fabs(beta_binomial_below(1, 4, 1, 1) - 0.4) < 1e-12 && fabs(beta_binomial_below(3, 4, 1, 1) - 0.8) < 1e-12,
	   "beta-binomial distribution");
	ok(beta_binomial_below(-1, 4, 1, 1) == 0 && beta_binomial_below(4, 4, 1, 1) == 1 && poisson_below(-1, 3) == 0,
	   "and their ends");
}

int
main(void)
{
	test_stl();
	test_winters();
	test_theta();
	test_by_hand();
	test_equivariance();
	test_autoregression();
	test_two_seasons();
	test_coverage();
	test_season();
	test_distributions();
	printf("1..%d\n", tests_run);
	return tests_failed > 0;
}
