/*
 * forecast.c: the methods by name, and their combination.
 *
 * A combination of simple methods is hard to beat (Makridakis, Spiliotis,
 * Assimakopoulos 2020: The M4 Competition, International Journal of Forecasting
 * 36, 54-74), and their median bears one that goes astray (Petropoulos,
 * Svetunkov 2020: A simple combination of univariate models, the same 36,
 * 110-115): the default is the median of theta, exponential smoothing and its
 * damped trend.  With seasons it is the median of methods that know all of them:
 * exponential smoothing of what a decomposition leaves, and autoregressions about
 * the seasons' means, of steps, and of differences over the shortest season and,
 * when there are several, over the longest; exponential smoothing joins them where
 * it can learn the only season.
 *
 * Pure arithmetic: memory comes from the caller through forecast->work, results
 * depend on the series alone.
 */
#include "anomaly/forecast.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "anomaly/distribution.h"
#include "anomaly/forecast_ar.h"
#include "anomaly/pause.h"
#include "anomaly/season.h"
#include "anomaly/smooth.h"
#include "anomaly/stl.h"
#include "anomaly/winters.h"

/* Seasons longer than this are decomposed, not smoothed: too many states to learn. */
#define SMOOTH_PERIOD_MAX	24

/* Methods that are combined at most. */
#define COMBINED_MAX		5

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

/* Copies the series, on logarithms where they suit it; true when they do. */
bool
forecast_logarithms(const Forecast *forecast, double *x)
{
	bool		logarithms = season_grows(forecast->n, forecast->y, forecast_shortest(forecast));

	for (int i = 0; i < forecast->n; i++)
		x[i] = logarithms ? log(forecast->y[i]) : forecast->y[i];
	return logarithms;
}

/* Takes logarithms back: what was expected of them is the median of the value. */
void
forecast_leave_logarithms(const Forecast *forecast, double *mean, double *variance)
{
	for (int h = 0; h < forecast->horizon; h++)
	{
		mean[h] = exp(mean[h]);
		variance[h] *= mean[h] * mean[h];
	}
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

/* The value one season earlier, the longest one. */
static void
run_seasonal_naive(Forecast *forecast, double *mean, double *variance)
{
	int			n = forecast->n;
	int			period = n < forecast_longest(forecast) ? 1 : forecast_longest(forecast);
	double		square = difference_variance(n, forecast->y, n > period ? period : 1, 0);

	for (int h = 0; h < forecast->horizon; h++)
	{
		mean[h] = forecast->y[n - period + h % period];
		variance[h] = square * (h / period + 1);
	}
	snprintf(forecast->model, sizeof(forecast->model), "seasonal naive, period %d", period);
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
	smooth_variances(model, forecast->horizon, variance, forecast_take(forecast, smooth_variances_workspace(forecast->horizon)));
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

	model.season = forecast_take(forecast, 1);
	smooth_fit(&model, forecast->n, forecast->y, forecast_take(forecast, smooth_workspace(1)));
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

/* The member of the exponential smoothing family that AICc prefers, or of its additive half. */
static void
run_ets_family(Forecast *forecast, bool additive, double *mean, double *variance)
{
	Smooth		model = {.period = 0};
	size_t		mark = forecast->used;
	int			period = forecast_longest(forecast);

	if (forecast->n < 2 * period + 1)
		period = 1;
	model.season = forecast_take(forecast, period);
	smooth_choose(&model, forecast->n, forecast->y, period, additive, forecast_take(forecast, smooth_workspace(period)));
	smooth_read(forecast, &model, mean, variance);
	forecast->used = mark;
}

/* The member of all of it. */
static void
run_ets(Forecast *forecast, double *mean, double *variance)
{
	run_ets_family(forecast, false, mean, variance);
}

/* The same without what is multiplied where the spread does not grow: AICc would hardly choose it, and it is dear. */
static void
run_ets_quick(Forecast *forecast, double *mean, double *variance)
{
	bool		grows = season_grows(forecast->n, forecast->y, forecast_shortest(forecast));

	run_ets_family(forecast, !grows, mean, variance);
}

/* Holt-Winters with R's start. */
static void
run_holt_winters(Forecast *forecast, double *mean, double *variance)
{
	size_t		mark = forecast->used;
	int			period = forecast_longest(forecast);
	Winters		model = {.period = period, .multiplicative = forecast->multiplicative, .alpha = forecast->alpha,
	.beta = forecast->beta, .gamma = forecast->gamma};

	model.season = forecast_take(forecast, period);
	winters_fit(&model, forecast->n, forecast->y, forecast_take(forecast, winters_workspace(period)));
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
	int			period = forecast_longest(forecast);
	size_t		mark = forecast->used;
	double	   *figure = forecast_take(forecast, period);
	double	   *adjusted = forecast_take(forecast, n);
	double	   *work = forecast_take(forecast, season_workspace(n, period) + smooth_workspace(1));
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
	double	   *trend = forecast_take(forecast, n);
	double	   *weights = forecast_take(forecast, n);
	double	   *each[FORECAST_PERIODS];
	double	   *work = forecast_take(forecast, stl_workspace(n, forecast_longest(forecast)) + n);

	for (int p = 0; p < forecast->nperiods; p++)
	{
		each[p] = forecast_take(forecast, n);
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
 * they last were.  Errors that grow with the level are the logarithms' affair.
 */
static void
run_stl(Forecast *forecast, double *mean, double *variance)
{
	int			n = forecast->n;
	size_t		mark = forecast->used;
	const double *y = forecast->y;
	double	   *x = forecast_take(forecast, n);
	double	   *rest = forecast_take(forecast, n);
	double	   *seasonal = forecast_take(forecast, forecast->horizon);
	double		season_state;
	bool		logarithms;
	Smooth		model = {.period = 0, .season = &season_state};

	if (forecast->nperiods == 0)
	{
		forecast->used = mark;
		run_ets(forecast, mean, variance);
		return;
	}
	logarithms = forecast_logarithms(forecast, x);
	forecast->y = x;
	take_seasons(forecast, rest, seasonal);
	forecast->y = y;
	smooth_choose(&model, n, rest, 1, true, forecast_take(forecast, smooth_workspace(1)));
	smooth_read(forecast, &model, mean, variance);
	for (int h = 0; h < forecast->horizon; h++)
		mean[h] += seasonal[h];
	if (logarithms)
	{
		forecast_leave_logarithms(forecast, mean, variance);
		forecast->sse = NAN;
	}
	snprintf(forecast->model, sizeof(forecast->model), "%sSTL + ETS(%c,%c,N), period %d", logarithms ? "log " : "",
			 model.kind.error, model.kind.trend, forecast_longest(forecast));
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
	{"ar", 1, 0, forecast_ar},
	{"ses", 1, 0, run_ses},
	{"holt", 1, 0, run_holt},
	{"damped", 1, 0, run_damped},
	{"naive", 1, 0, run_naive},
	{"drift", 1, 0, run_drift},
	{"mean", 1, 0, run_mean},
};

#define METHODS ((int) (sizeof(methods) / sizeof(methods[0])))

/*
 * How much wider than its formula the interval must be: the mean square of the
 * errors of one quick method, an autoregression or theta, against its own variance,
 * over the last stretches of the series that it is not shown.  Few stretches count
 * as CALIBRATION_PRIOR more that just meet the formula: a median of methods errs
 * less than most of them.
 */
static double
calibrate(Forecast *forecast)
{
	int			n = forecast->n;
	int			horizon = forecast->horizon;
	int			needed = 3 * forecast_longest(forecast) + 10;
	size_t		mark = forecast->used;
	double	   *mean = forecast_take(forecast, horizon);
	double	   *variance = forecast_take(forecast, horizon);
	double		sum = CALIBRATION_PRIOR;
	int			count = CALIBRATION_PRIOR;

	for (int origin = 1; origin <= CALIBRATIONS && n - origin * horizon >= needed; origin++)
	{
		double		square = 0;

		forecast->n = n - origin * horizon;
		if (forecast->nperiods > 0)
			forecast_ar(forecast, mean, variance);
		else
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

/* The methods that suit the series, see above; returns how many. */
static int
combination_parts(const Forecast *forecast, void (*parts[]) (Forecast *, double *, double *))
{
	int			count = 0;

	if (forecast->nperiods == 0)
	{
		parts[count++] = run_theta;
		parts[count++] = run_ets;
		parts[count++] = run_damped;
		return count;
	}
	parts[count++] = run_stl;
	parts[count++] = forecast_ar_means;
	parts[count++] = forecast_ar_steps;
	parts[count++] = forecast_ar;
	if (forecast->nperiods > 1)
		parts[count++] = forecast_ar_long;
	else if (forecast_longest(forecast) <= SMOOTH_PERIOD_MAX)
		parts[count++] = run_ets_quick;
	return count;
}

/* The median of what suits the series, and of its variances, calibrated. */
static void
run_combination(Forecast *forecast, double *mean, double *variance)
{
	void		(*parts[COMBINED_MAX]) (Forecast *, double *, double *);
	size_t		mark = forecast->used;
	int			horizon = forecast->horizon;
	double	   *part_mean = forecast_take(forecast, (size_t) horizon * COMBINED_MAX);
	double	   *part_variance = forecast_take(forecast, (size_t) horizon * COMBINED_MAX);
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
	snprintf(forecast->model, sizeof(forecast->model), "combination, period %d", forecast_longest(forecast));
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
	return "combination, ets, theta, seasonal_naive, holt_winters, stl, ar, ses, holt, damped, naive, drift, mean";
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
