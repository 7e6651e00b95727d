/*
 * forecast.c: the methods by name, and their combination.
 *
 * A combination of simple methods is hard to beat (Makridakis, Spiliotis,
 * Assimakopoulos 2020: The M4 Competition, International Journal of Forecasting
 * 36, 54-74), and their median bears one that goes astray (Petropoulos,
 * Svetunkov 2020: A simple combination of univariate models, the same 36,
 * 110-115): the default is the median of theta, exponential smoothing and its
 * damped trend; with a season of theta, exponential smoothing, smoothing of what
 * a decomposition leaves, and the values one season earlier; with several the
 * values one long season earlier take the place of exponential smoothing.
 *
 * Pure arithmetic: memory comes from the caller through forecast->work, results
 * depend on the series alone.
 */
#include "anomaly/forecast.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "anomaly/distribution.h"
#include "anomaly/pause.h"
#include "anomaly/season.h"
#include "anomaly/smooth.h"
#include "anomaly/stl.h"
#include "anomaly/winters.h"

/* Seasons longer than this are decomposed, not smoothed: too many states to learn. */
#define SMOOTH_PERIOD_MAX	24

/* Methods that are combined at most. */
#define COMBINED_MAX		4

/* Stretches at the end that intervals are checked with, and what is assumed without any. */
#define CALIBRATIONS		4
#define CALIBRATION_PRIOR	2
#define CALIBRATION_LEAST	0.4

/* One method: fills mean and variance; the season it shall use is periods[0 .. nperiods). */
typedef struct ForecastMethod
{
	const char *name;
	int			minimum;		/* values it needs */
	int			minimum_seasons;	/* seasons it needs when it has one */
	void		(*run) (Forecast *forecast, double *mean, double *variance);
} ForecastMethod;

/* Takes memory from the workspace. */
static double *
take(Forecast *forecast, size_t count)
{
	double	   *memory = forecast->work + forecast->used;

	forecast->used += count;
	return memory;
}

/* The longest season, or 1. */
static int
longest_period(const Forecast *forecast)
{
	return forecast->nperiods == 0 ? 1 : forecast->periods[forecast->nperiods - 1];
}

/* The mean square of the differences over a lag. */
static double
difference_variance(int n, const double *y, int lag, double mean)
{
	double		sum = 0;

	for (int i = lag; i < n; i++)
		sum += (y[i] - y[i - lag] - mean) * (y[i] - y[i - lag] - mean);
	return n > lag ? sum / (n - lag) : 0;
}

/* The last value. */
static void
run_naive(Forecast *forecast, double *mean, double *variance)
{
	double		square = difference_variance(forecast->n, forecast->y, 1, 0);

	for (int h = 0; h < forecast->horizon; h++)
	{
		mean[h] = forecast->y[forecast->n - 1];
		variance[h] = square * (h + 1);
	}
	snprintf(forecast->model, sizeof(forecast->model), "naive");
}

/* The last value and the mean step so far. */
static void
run_drift(Forecast *forecast, double *mean, double *variance)
{
	int			n = forecast->n;
	double		slope = n > 1 ? (forecast->y[n - 1] - forecast->y[0]) / (n - 1) : 0;
	double		square = difference_variance(n, forecast->y, 1, slope);

	for (int h = 1; h <= forecast->horizon; h++)
	{
		mean[h - 1] = forecast->y[n - 1] + h * slope;
		variance[h - 1] = square * h * (1 + (double) h / fmax(1, n - 1));
	}
	snprintf(forecast->model, sizeof(forecast->model), "drift");
}

/* The value one period earlier. */
static void
run_period_naive(Forecast *forecast, int period, double *mean, double *variance)
{
	int			n = forecast->n;
	double		square;

	if (n < period)
		period = 1;
	square = difference_variance(n, forecast->y, n > period ? period : 1, 0);
	for (int h = 0; h < forecast->horizon; h++)
	{
		mean[h] = forecast->y[n - period + h % period];
		variance[h] = square * (h / period + 1);
	}
	snprintf(forecast->model, sizeof(forecast->model), "seasonal naive, period %d", period);
}

/* The value one season earlier, the longest one. */
static void
run_seasonal_naive(Forecast *forecast, double *mean, double *variance)
{
	run_period_naive(forecast, longest_period(forecast), mean, variance);
}

/* The value one season earlier, the shortest one. */
static void
run_short_naive(Forecast *forecast, double *mean, double *variance)
{
	run_period_naive(forecast, forecast->nperiods == 0 ? 1 : forecast->periods[0], mean, variance);
}

/* The mean of everything. */
static void
run_mean(Forecast *forecast, double *mean, double *variance)
{
	double		sum = 0,
				square = 0;
	int			n = forecast->n;

	for (int i = 0; i < n; i++)
		sum += forecast->y[i] / n;
	for (int i = 0; i < n; i++)
		square += (forecast->y[i] - sum) * (forecast->y[i] - sum) / fmax(1, n - 1);
	for (int h = 0; h < forecast->horizon; h++)
	{
		mean[h] = sum;
		variance[h] = square * (1 + 1.0 / n);
	}
	snprintf(forecast->model, sizeof(forecast->model), "mean");
}

/* Reads a fitted exponential smoothing model out. */
static void
smooth_read(Forecast *forecast, const Smooth *model, double *mean, double *variance)
{
	size_t		mark = forecast->used;

	for (int h = 1; h <= forecast->horizon; h++)
		mean[h - 1] = smooth_forecast(model, h);
	smooth_variances(model, forecast->horizon, variance, take(forecast, smooth_variances_workspace(forecast->horizon)));
	forecast->used = mark;
	forecast->sse = model->sse;
	forecast->parameters[0] = model->alpha;
	forecast->parameters[1] = model->kind.trend == 'N' ? NAN : model->beta;
	forecast->parameters[2] = model->kind.season == 'N' ? NAN : model->gamma;
	forecast->parameters[3] = model->kind.trend == 'D' ? model->phi : NAN;
	snprintf(forecast->model, sizeof(forecast->model), "ETS(%c,%s,%c)%s%.0d", model->kind.error,
			 model->kind.trend == 'D' ? "Ad" : model->kind.trend == 'A' ? "A" : "N", model->kind.season,
			 model->kind.season == 'N' ? "" : ", period ", model->kind.season == 'N' ? 0 : model->period);
}

/* Exponential smoothing of one kind, without a season. */
static void
run_smooth_kind(Forecast *forecast, char trend, double *mean, double *variance)
{
	Smooth		model = {.kind = {'A', trend, 'N'}, .period = 1};
	size_t		mark = forecast->used;

	model.season = take(forecast, 1);
	smooth_fit(&model, forecast->n, forecast->y, take(forecast, smooth_workspace(1)));
	smooth_read(forecast, &model, mean, variance);
	forecast->used = mark;
}

/* Simple exponential smoothing. */
static void
run_ses(Forecast *forecast, double *mean, double *variance)
{
	run_smooth_kind(forecast, 'N', mean, variance);
}

/* Holt's linear trend. */
static void
run_holt(Forecast *forecast, double *mean, double *variance)
{
	run_smooth_kind(forecast, 'A', mean, variance);
}

/* The damped trend of Gardner and McKenzie. */
static void
run_damped(Forecast *forecast, double *mean, double *variance)
{
	run_smooth_kind(forecast, 'D', mean, variance);
}

/* The member of the exponential smoothing family that AICc prefers. */
static void
run_ets(Forecast *forecast, double *mean, double *variance)
{
	Smooth		model = {.period = 0};
	size_t		mark = forecast->used;
	int			period = longest_period(forecast);

	if (forecast->n < 2 * period + 1)
		period = 1;
	model.season = take(forecast, period);
	smooth_choose(&model, forecast->n, forecast->y, period, take(forecast, smooth_workspace(period)));
	smooth_read(forecast, &model, mean, variance);
	forecast->used = mark;
}

/* The same without a season. */
static void
run_ets_plain(Forecast *forecast, double *mean, double *variance)
{
	int			nperiods = forecast->nperiods;

	forecast->nperiods = 0;
	run_ets(forecast, mean, variance);
	forecast->nperiods = nperiods;
}

/* Holt-Winters with R's start. */
static void
run_holt_winters(Forecast *forecast, double *mean, double *variance)
{
	size_t		mark = forecast->used;
	int			period = longest_period(forecast);
	Winters		model = {.period = period, .multiplicative = forecast->multiplicative, .alpha = forecast->alpha,
	.beta = forecast->beta, .gamma = forecast->gamma};

	model.season = take(forecast, period);
	winters_fit(&model, forecast->n, forecast->y, take(forecast, winters_workspace(period)));
	for (int h = 1; h <= forecast->horizon; h++)
	{
		mean[h - 1] = winters_forecast(&model, h);
		variance[h - 1] = winters_variance(&model, forecast->n, h);
	}
	forecast->used = mark;
	forecast->sse = model.sse;
	forecast->parameters[0] = model.alpha;
	forecast->parameters[1] = model.beta;
	forecast->parameters[2] = model.gamma;
	snprintf(forecast->model, sizeof(forecast->model), "Holt-Winters %s, period %d",
			 model.multiplicative ? "multiplicative" : "additive", period);
}

/*
 * The theta method (Assimakopoulos and Nikolopoulos 2000) in the form of
 * Hyndman and Billah (2003): simple exponential smoothing with half the slope of
 * the regression line, on the series without its season.
 */
static void
run_theta(Forecast *forecast, double *mean, double *variance)
{
	int			n = forecast->n;
	int			period = longest_period(forecast);
	size_t		mark = forecast->used;
	double	   *figure = take(forecast, period);
	double	   *adjusted = take(forecast, n);
	double	   *work = take(forecast, season_workspace(n, period) + smooth_workspace(1));
	double		season_state;
	double		slope = 0,
				middle = (n - 1) / 2.0;
	bool		multiplicative = true;
	Smooth		model = {.kind = {'A', 'N', 'N'}, .period = 1, .season = &season_state};

	for (int i = 0; i < n; i++)
		multiplicative = multiplicative && forecast->y[i] > 0;
	if (period > 1 && multiplicative)
		multiplicative = season_figure(n, forecast->y, period, true, figure, work);
	if (period > 1 && !multiplicative)
		season_figure(n, forecast->y, period, false, figure, work);
	if (period > 1)
		season_remove(n, forecast->y, period, multiplicative, figure, adjusted);
	else
		memcpy(adjusted, forecast->y, sizeof(double) * n);
	smooth_fit(&model, n, adjusted, work);
	for (int i = 0; i < n; i++)
		slope += (i - middle) * adjusted[i];
	slope = n > 1 ? slope / (n * ((double) n * n - 1) / 12) / 2 : 0;
	for (int h = 0; h < forecast->horizon; h++)
	{
		double		season = period > 1 ? figure[(n + h) % period] : 0;

		mean[h] = model.level + slope * (h + (1 - pow(1 - model.alpha, n)) / model.alpha);
		variance[h] = model.variance * (h * model.alpha * model.alpha + 1);
		if (period > 1 && multiplicative)
		{
			mean[h] *= season;
			variance[h] *= season * season;
		}
		else if (period > 1)
			mean[h] += season;
	}
	forecast->used = mark;
	forecast->parameters[0] = model.alpha;
	snprintf(forecast->model, sizeof(forecast->model), "theta, period %d", period);
}

/*
 * Takes every season off by STL, the shorter first, twice over when there are
 * several (MSTL: Bandara, Hyndman, Bergmeir 2021); what is left goes into rest,
 * the seasons' sum of the last cycle into seasonal[0 .. n).
 */
static void
take_seasons(Forecast *forecast, double *rest, double *seasonal)
{
	int			n = forecast->n;
	size_t		mark = forecast->used;
	double	   *trend = take(forecast, n);
	double	   *weights = take(forecast, n);
	double	   *each[FORECAST_PERIODS];
	double	   *work = take(forecast, stl_workspace(n, longest_period(forecast)) + n);

	for (int p = 0; p < forecast->nperiods; p++)
	{
		each[p] = take(forecast, n);
		memset(each[p], 0, sizeof(double) * n);
	}
	memcpy(rest, forecast->y, sizeof(double) * n);
	for (int round = 0; round < (forecast->nperiods > 1 ? 2 : 1); round++)
		for (int p = 0; p < forecast->nperiods; p++)
		{
			StlOptions	options = {.period = forecast->periods[p], .seasonal_window = 11 + 4 * p,
			.trend_degree = -1, .low_pass_degree = -1, .outer = -1};

			stl_defaults(&options, n);
			for (int i = 0; i < n; i++)
				rest[i] += each[p][i];
			stl_decompose(n, rest, &options, trend, each[p], weights, work);
			for (int i = 0; i < n; i++)
				rest[i] -= each[p][i];
		}
	for (int h = 0; h < forecast->horizon; h++)
	{
		seasonal[h] = 0;
		for (int p = 0; p < forecast->nperiods; p++)
			seasonal[h] += each[p][n - forecast->periods[p] + h % forecast->periods[p]];
	}
	forecast->used = mark;
}

/*
 * Exponential smoothing of the series without its seasons, which then return as
 * they last were.  Where all values are above 0 this is done on logarithms, for
 * seasons that grow with the level.
 */
static void
run_stl(Forecast *forecast, double *mean, double *variance)
{
	int			n = forecast->n;
	size_t		mark = forecast->used;
	const double *y = forecast->y;
	double	   *logs = take(forecast, n);
	double	   *rest = take(forecast, n);
	double	   *seasonal = take(forecast, forecast->horizon);
	double		season_state;
	bool		positive = true;
	Smooth		model = {.period = 0, .season = &season_state};

	if (forecast->nperiods == 0)
	{
		forecast->used = mark;
		run_ets(forecast, mean, variance);
		return;
	}
	for (int i = 0; i < n && positive; i++)
	{
		positive = y[i] > 0;
		logs[i] = log(y[i]);
	}
	if (positive)
		forecast->y = logs;
	take_seasons(forecast, rest, seasonal);
	forecast->y = y;
	smooth_choose(&model, n, rest, 1, take(forecast, smooth_workspace(1)));
	smooth_read(forecast, &model, mean, variance);
	for (int h = 0; h < forecast->horizon; h++)
	{
		mean[h] += seasonal[h];
		if (positive)
		{
			mean[h] = exp(mean[h]);
			variance[h] *= mean[h] * mean[h];
		}
	}
	if (positive)
		forecast->sse = NAN;
	snprintf(forecast->model, sizeof(forecast->model), "%sSTL + ETS(%c,%c,N), period %d", positive ? "log " : "",
			 model.kind.error, model.kind.trend, longest_period(forecast));
	forecast->used = mark;
}

static void run_combination(Forecast *forecast, double *mean, double *variance);

static const ForecastMethod methods[] = {
	{"combination", 1, 0, run_combination},
	{"ets", 1, 0, run_ets},
	{"theta", 1, 0, run_theta},
	{"seasonal_naive", 1, 0, run_seasonal_naive},
	{"holt_winters", 5, 2, run_holt_winters},
	{"stl", 1, 0, run_stl},
	{"ses", 1, 0, run_ses},
	{"holt", 1, 0, run_holt},
	{"damped", 1, 0, run_damped},
	{"naive", 1, 0, run_naive},
	{"drift", 1, 0, run_drift},
	{"mean", 1, 0, run_mean},
};

#define METHODS ((int) (sizeof(methods) / sizeof(methods[0])))

/*
 * How much wider than its formula the interval must be: the mean square of
 * theta's errors against its own variance, over the last stretches of the series
 * that it is not shown.  Few stretches count as CALIBRATION_PRIOR more that
 * just meet the formula: a median of methods errs less than most of them.
 */
static double
calibrate(Forecast *forecast)
{
	int			n = forecast->n;
	int			horizon = forecast->horizon;
	int			needed = 3 * longest_period(forecast) + 10;
	size_t		mark = forecast->used;
	double	   *mean = take(forecast, horizon);
	double	   *variance = take(forecast, horizon);
	double		sum = CALIBRATION_PRIOR;
	int			count = CALIBRATION_PRIOR;

	for (int origin = 1; origin <= CALIBRATIONS && n - origin * horizon >= needed; origin++)
	{
		double		square = 0;

		forecast->n = n - origin * horizon;
		run_theta(forecast, mean, variance);
		for (int h = 0; h < horizon; h++)
		{
			double		error = forecast->y[forecast->n + h] - mean[h];

			if (variance[h] > 0)
				square += error * error / variance[h] / horizon;
		}
		/* one stretch out of the ordinary shall not widen all forecasts */
		sum += fmin(square, 9);
		count++;
	}
	forecast->n = n;
	forecast->used = mark;
	return fmax(CALIBRATION_LEAST, sum / count);
}

/* Sorts a few values and gives their median. */
static double
median(int count, double *values)
{
	for (int i = 1; i < count; i++)
		for (int k = i; k > 0 && values[k] < values[k - 1]; k--)
		{
			double		swap = values[k];

			values[k] = values[k - 1];
			values[k - 1] = swap;
		}
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* The methods that suit the series; returns how many. */
static int
combination_parts(const Forecast *forecast, void (*parts[]) (Forecast *, double *, double *))
{
	int			count = 0;

	parts[count++] = run_theta;
	if (forecast->nperiods > 0)
		parts[count++] = run_short_naive;
	if (forecast->nperiods > 1)
		parts[count++] = run_seasonal_naive;
	else
		parts[count++] = longest_period(forecast) <= SMOOTH_PERIOD_MAX ? run_ets : run_ets_plain;
	parts[count++] = forecast->nperiods > 0 ? run_stl : run_damped;
	return count;
}

/* The median of what suits the series, and of its variances, calibrated. */
static void
run_combination(Forecast *forecast, double *mean, double *variance)
{
	void		(*parts[COMBINED_MAX]) (Forecast *, double *, double *);
	size_t		mark = forecast->used;
	int			horizon = forecast->horizon;
	double	   *part_mean = take(forecast, (size_t) horizon * COMBINED_MAX);
	double	   *part_variance = take(forecast, (size_t) horizon * COMBINED_MAX);
	int			count = combination_parts(forecast, parts);
	double		widen;

	for (int p = 0; p < count; p++)
	{
		parts[p] (forecast, part_mean + p * horizon, part_variance + p * horizon);
		pause_check();
	}
	widen = calibrate(forecast);
	for (int h = 0; h < horizon; h++)
	{
		double		means[COMBINED_MAX];
		double		variances[COMBINED_MAX];

		for (int p = 0; p < count; p++)
		{
			means[p] = part_mean[p * horizon + h];
			variances[p] = part_variance[p * horizon + h];
		}
		mean[h] = median(count, means);
		variance[h] = median(count, variances) * widen;
	}
	forecast->used = mark;
	forecast->sse = NAN;
	for (int i = 0; i < 4; i++)
		forecast->parameters[i] = NAN;
	snprintf(forecast->model, sizeof(forecast->model), "combination, period %d", longest_period(forecast));
}

/* Finds a method; NULL when there is none of that name. */
const ForecastMethod *
forecast_method(const char *name)
{
	for (int i = 0; i < METHODS; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

/* The names of all methods, for a hint. */
const char *
forecast_method_names(void)
{
	return "combination, ets, theta, seasonal_naive, holt_winters, stl, ses, holt, damped, naive, drift, mean";
}

/* True when a method is nothing without a season. */
bool
forecast_needs_season(const ForecastMethod *method)
{
	return method->minimum_seasons > 0;
}

/* How many values a method needs with a season that long. */
int
forecast_minimum(const ForecastMethod *method, int period)
{
	int			seasons = method->minimum_seasons * period + (method->minimum_seasons > 0);

	return method->minimum > seasons ? method->minimum : seasons;
}

/* How many doubles a run may need at most. */
size_t
forecast_workspace(const Forecast *forecast)
{
	size_t		n = forecast->n,
				h = forecast->horizon,
				period = 1;

	for (int i = 0; i < forecast->nperiods; i++)
		period = forecast->periods[i] > (int) period ? (size_t) forecast->periods[i] : period;
	return 16 * n + 16 * h + 24 * period + 256;
}

/* Drops the candidates for a season that the series is too short for or does not show. */
static void
keep_seasons(Forecast *forecast)
{
	int			kept = 0;

	for (int i = 0; i < forecast->nperiods; i++)
	{
		int			period = forecast->periods[i];

		if (forecast->periods_given ? forecast->n > 2 * period
			: season_present(forecast->n, forecast->y, period, forecast->work))
			forecast->periods[kept++] = period;
	}
	forecast->nperiods = kept;
}

/* Keeps the last values alone when there are more than a forecast gains from. */
static void
keep_recent(Forecast *forecast)
{
	int			longest = 0;
	int			limit;

	for (int i = 0; i < forecast->nperiods; i++)
		longest = forecast->periods[i];
	limit = longest * 12 > 2000 ? longest * 12 : 2000;
	if (forecast->n > limit && forecast->alpha < 0 && strcmp(forecast->method->name, "holt_winters") != 0)
	{
		forecast->y += forecast->n - limit;
		forecast->n = limit;
	}
}

/*
 * Runs the method: mean, lower and upper of every step.  A series without any
 * variation gives itself, without an interval's width.
 */
void
forecast_run(Forecast *forecast)
{
	double		z = normal_quantile(0.5 + forecast->level / 2);
	double	   *variance = forecast->upper;

	forecast->used = 0;
	forecast->sse = NAN;
	for (int i = 0; i < 4; i++)
		forecast->parameters[i] = NAN;
	keep_recent(forecast);
	keep_seasons(forecast);
	forecast->method->run(forecast, forecast->mean, variance);
	for (int h = 0; h < forecast->horizon; h++)
	{
		double		reach = z * sqrt(fmax(0, variance[h]));

		forecast->lower[h] = forecast->mean[h] - reach;
		forecast->upper[h] = forecast->mean[h] + reach;
	}
}
