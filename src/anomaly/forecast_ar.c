/*
 * forecast_ar.c: forecasts by autoregression, with the season taken off in several ways.
 *
 * A season may be fixed (the means of its phases), wander (differences over it) or
 * be no more than what the lags remember (differences of steps); which of them
 * holds is hard to test, so a combination asks them all.
 */
#include "anomaly/forecast_ar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "anomaly/autoregress.h"
#include "anomaly/season.h"

/* How many lags an autoregression of so many values may have: those of the season given, and two. */
static int
lags_allowed(int n, int period)
{
	int			most = period > 1 ? period + 2 : (int) (10 * log10(fmax(1, n)));

	most = most < AUTOREGRESS_ORDER_MAX ? most : AUTOREGRESS_ORDER_MAX;
	return most < n / 3 ? most : n / 3;
}

/* Fits an autoregression about a mean where that is worth a parameter; x is then without it, and it is returned. */
static double
fit_about_mean(Autoregression *model, double *spare, int n, double *x, int most, double *work)
{
	Autoregression about = {.phi = spare};
	double		mean = 0;

	for (int i = 0; i < n; i++)
		mean += (x[i] - mean) / (i + 1);
	autoregress_fit(model, n, x, most, work);
	for (int i = 0; i < n; i++)
		x[i] -= mean;
	autoregress_fit(&about, n, x, most, work);
	if (about.aicc + 2 < model->aicc)
	{
		*model = about;
		return mean;
	}
	for (int i = 0; i < n; i++)
		x[i] += mean;
	return 0;
}

/*
 * An autoregression of the differences over a lag, with a drift where AICc wants
 * one: ARIMA(p,0,0)(0,1,0) of Box and Jenkins.
 */
static void
run_differences(Forecast *forecast, int lag, double *mean, double *variance)
{
	int			n = forecast->n > lag ? forecast->n - lag : 0;
	int			most = lags_allowed(n, forecast_longest(forecast));
	size_t		mark = forecast->used;
	double	   *x = forecast_take(forecast, forecast->n);
	double	   *difference = forecast_take(forecast, n);
	Autoregression model = {.phi = forecast_take(forecast, most)};
	double	   *spare = forecast_take(forecast, most);
	bool		logarithms = forecast_logarithms(forecast, x);
	size_t		inner = forecast->used;
	double		drift;

	for (int i = 0; i < n; i++)
		difference[i] = x[i + lag] - x[i];
	drift = fit_about_mean(&model, spare, n, difference, most, forecast_take(forecast, autoregress_workspace(n, most)));
	forecast->used = inner;
	autoregress_continue(&model, n, difference, forecast->horizon, mean);
	autoregress_variances(&model, lag, forecast->horizon, variance,
						  forecast_take(forecast, autoregress_variances_workspace(forecast->horizon)));
	for (int h = 0; h < forecast->horizon; h++)
		mean[h] += drift + (h < lag ? x[forecast->n - lag + h] : mean[h - lag]);
	forecast->sse = logarithms ? NAN : model.variance * n;
	if (logarithms)
		forecast_leave_logarithms(forecast, mean, variance);
	snprintf(forecast->model, sizeof(forecast->model), "%sAR(%d) of differences over %d%s", logarithms ? "log " : "",
			 model.order, lag, drift == 0 ? "" : ", drift");
	forecast->used = mark;
}

/* The same of differences over the shortest season. */
void
forecast_ar(Forecast *forecast, double *mean, double *variance)
{
	run_differences(forecast, forecast_shortest(forecast), mean, variance);
}

/* The same of differences over the longest season. */
void
forecast_ar_long(Forecast *forecast, double *mean, double *variance)
{
	run_differences(forecast, forecast_longest(forecast), mean, variance);
}

/* The same of steps: the lags alone know the season. */
void
forecast_ar_steps(Forecast *forecast, double *mean, double *variance)
{
	run_differences(forecast, 1, mean, variance);
}

/* An autoregression about the mean of each phase of each season. */
void
forecast_ar_means(Forecast *forecast, double *mean, double *variance)
{
	int			n = forecast->n;
	int			most = lags_allowed(n, forecast_shortest(forecast));
	size_t		mark = forecast->used;
	double	   *x = forecast_take(forecast, n);
	double	   *figure = forecast_take(forecast, forecast_longest(forecast));
	double	   *seasonal = forecast_take(forecast, forecast->horizon);
	Autoregression model = {.phi = forecast_take(forecast, most)};
	bool		logarithms = forecast_logarithms(forecast, x);
	size_t		inner = forecast->used;

	memset(seasonal, 0, sizeof(double) * forecast->horizon);
	for (int p = 0; p < forecast->nperiods; p++)
	{
		int			period = forecast->periods[p];

		season_means(n, x, period, figure);
		season_remove(n, x, period, false, figure, x);
		for (int h = 0; h < forecast->horizon; h++)
			seasonal[h] += figure[(n + h) % period];
	}
	autoregress_fit(&model, n, x, most, forecast_take(forecast, autoregress_workspace(n, most)));
	forecast->used = inner;
	autoregress_continue(&model, n, x, forecast->horizon, mean);
	autoregress_variances(&model, 0, forecast->horizon, variance,
						  forecast_take(forecast, autoregress_variances_workspace(forecast->horizon)));
	for (int h = 0; h < forecast->horizon; h++)
		mean[h] += seasonal[h];
	if (logarithms)
		forecast_leave_logarithms(forecast, mean, variance);
	forecast->used = mark;
}
