/*
 * aggregate.c: the final functions of forecast, forecast_model, stl,
 * change_points and seasonal_esd.
 *
 * Each reads its options, puts the series on a grid, calls the arithmetic and
 * makes rows of the answer.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "anomaly/change.h"
#include "anomaly/esd.h"
#include "anomaly/forecast.h"
#include "anomaly/option.h"
#include "anomaly/series.h"
#include "anomaly/stl.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(tiktokads_forecast);
PG_FUNCTION_INFO_V1(tiktokads_forecast_model);
PG_FUNCTION_INFO_V1(tiktokads_stl);
PG_FUNCTION_INFO_V1(tiktokads_change_points);
PG_FUNCTION_INFO_V1(tiktokads_seasonal_esd);

#define HORIZON_MAX		10000
#define CHANGES_MAX		1000

/* Memory for that many doubles. */
static double *
doubles(size_t count)
{
	return palloc_extended(Max(count, 1) * sizeof(double), MCXT_ALLOC_HUGE);
}

/* A row of a result. */
static Datum
make_row(TupleDesc desc, Datum *values, bool *nulls)
{
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* A time of the grid, or an error when it is beyond what a timestamp can be. */
static Datum
time_datum(const Grid *grid, int slot)
{
	int64		at = grid_time(grid, slot);

	if (!IS_VALID_TIMESTAMP(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return TimestampGetDatum(at);
}

typedef struct ForecastOptions
{
	char	   *method;
	char	   *seasonal;
	double		level;
	int			period;
	double		alpha;
	double		beta;
	double		gamma;
} ForecastOptions;

static const Option forecast_options[] = {
	{"method", "model", OPTION_TEXT, offsetof(ForecastOptions, method), 0, 0},
	{"level", "confidence", OPTION_NUMBER, offsetof(ForecastOptions, level), 0, 100},
	{"period", NULL, OPTION_INTEGER, offsetof(ForecastOptions, period), 1, 100000},
	{"seasonal", NULL, OPTION_TEXT, offsetof(ForecastOptions, seasonal), 0, 0},
	{"alpha", NULL, OPTION_NUMBER, offsetof(ForecastOptions, alpha), 0, 1},
	{"beta", NULL, OPTION_NUMBER, offsetof(ForecastOptions, beta), 0, 1},
	{"gamma", NULL, OPTION_NUMBER, offsetof(ForecastOptions, gamma), 0, 1},
};

/* The method of that name, words joined by - or _. */
static const struct ForecastMethod *
forecast_find(char *name)
{
	const struct ForecastMethod *method;

	for (char *c = name; *c; c++)
		if (*c == '-' || *c == ' ')
			*c = '_';
	method = forecast_method(name);
	if (method == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no forecasting method \"%s\"", name),
				 errhint("Methods are: %s.", forecast_method_names())));
	return method;
}

/* Reads the options of a forecast into it. */
static void
forecast_configure(Forecast *forecast, Jsonb *object, const Grid *grid)
{
	ForecastOptions options = {.method = "combination", .seasonal = "additive", .level = 0.95,
	.alpha = -1, .beta = -1, .gamma = -1};

	anomaly_options_read(object, forecast_options, lengthof(forecast_options), &options, "forecast");
	forecast->method = forecast_find(pstrdup(options.method));
	if (options.level >= 1)
		options.level /= 100;	/* 95 means 0.95 */
	if (!(options.level > 0 && options.level < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"level\" of forecast must be between 0 and 1, or a percentage below 100")));
	if (strcmp(options.seasonal, "additive") != 0 && strcmp(options.seasonal, "multiplicative") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"seasonal\" of forecast must be \"additive\" or \"multiplicative\"")));
	forecast->level = options.level;
	forecast->multiplicative = strcmp(options.seasonal, "multiplicative") == 0;
	forecast->alpha = options.alpha;
	forecast->beta = options.beta;
	forecast->gamma = options.gamma;
	forecast->periods_given = options.period > 0;
	if (options.period > 1)
	{
		forecast->nperiods = 1;
		forecast->periods[0] = options.period;
	}
	else if (options.period == 0)
		forecast->nperiods = grid_periods(grid, forecast->periods, FORECAST_PERIODS);
}

/* Refuses a series that the method cannot work on. */
static void
forecast_check(const Forecast *forecast, const char *name)
{
	int			period = forecast->nperiods == 0 ? 1 : forecast->periods[0];
	int			needed = forecast_minimum(forecast->method, period);

	if (forecast_needs_season(forecast->method) && period < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s with this method needs a season", name),
				 errhint("Give option \"period\".")));
	if (forecast->n < needed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the series has %d values, but %s with this method needs %d", forecast->n, name, needed)));
	if (forecast->multiplicative && forecast_needs_season(forecast->method))
		for (int i = 0; i < forecast->n; i++)
			if (forecast->y[i] <= 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("a multiplicative season needs values above 0"),
						 errhint("Use option \"seasonal\": \"additive\".")));
}

/* Makes the forecast of a series; false when it has no measurement. */
static bool
forecast_make(Series *series, int horizon, Forecast *forecast, Grid *grid, const char *name)
{
	if (!series_grid(series, grid))
		return false;
	*forecast = (Forecast) {.n = grid->n, .y = grid->value, .horizon = horizon};
	forecast_configure(forecast, series->options, grid);
	forecast_check(forecast, name);
	forecast->mean = doubles(horizon);
	forecast->lower = doubles(horizon);
	forecast->upper = doubles(horizon);
	forecast->size = forecast_workspace(forecast);
	forecast->work = doubles(forecast->size);
	forecast_run(forecast);
	if (forecast->peak > forecast->size)
		elog(ERROR, "forecast used more memory than it asked for");
	return true;
}

/* The forecast and where its steps begin. */
typedef struct ForecastRows
{
	Forecast	forecast;
	Grid		grid;
} ForecastRows;

/* forecast_point: step, at, mean, lower, upper */
static Datum
forecast_row(void *arg, int i, TupleDesc desc)
{
	ForecastRows *rows = arg;
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = Int32GetDatum(i + 1);
	values[1] = time_datum(&rows->grid, rows->grid.n + i);
	values[2] = Float8GetDatum(rows->forecast.mean[i]);
	values[3] = Float8GetDatum(rows->forecast.lower[i]);
	values[4] = Float8GetDatum(rows->forecast.upper[i]);
	return make_row(desc, values, nulls);
}

/* forecast(value, at, horizon [, options]) */
Datum
tiktokads_forecast(PG_FUNCTION_ARGS)
{
	Series	   *series = series_argument(fcinfo, "tiktokads.forecast_final");
	ForecastRows rows;

	if (series == NULL)
		PG_RETURN_NULL();
	if (!series->has_number || series->number < 1 || series->number > HORIZON_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon of forecast must be between 1 and %d", HORIZON_MAX)));
	if (!forecast_make(series, series->number, &rows.forecast, &rows.grid, "forecast"))
		PG_RETURN_NULL();
	return series_array(fcinfo, series->number, forecast_row, &rows);
}

/* Adds a member to a JSON object that is being built; what is no number is left out. */
static void
json_number(JsonbParseState **state, char *name, double number)
{
	JsonbValue	key = {.type = jbvString};
	JsonbValue	value = {.type = jbvNumeric};

	if (!isfinite(number))
		return;
	key.val.string.val = name;
	key.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(number)));
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* forecast_model(value, at [, options]): what would be fitted. */
Datum
tiktokads_forecast_model(PG_FUNCTION_ARGS)
{
	Series	   *series = series_argument(fcinfo, "tiktokads.forecast_model_final");
	ForecastRows rows;
	JsonbParseState *state = NULL;
	JsonbValue	key = {.type = jbvString};
	JsonbValue	value = {.type = jbvString};

	if (!forecast_make(series, 1, &rows.forecast, &rows.grid, "forecast_model"))
		PG_RETURN_NULL();
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	key.val.string.val = "model";
	key.val.string.len = 5;
	pushJsonbValue(&state, WJB_KEY, &key);
	value.val.string.val = rows.forecast.model;
	value.val.string.len = strlen(rows.forecast.model);
	pushJsonbValue(&state, WJB_VALUE, &value);
	json_number(&state, "observations", rows.grid.n);
	json_number(&state, "period", rows.forecast.nperiods == 0 ? 1 : rows.forecast.periods[rows.forecast.nperiods - 1]);
	json_number(&state, "sse", rows.forecast.sse);
	json_number(&state, "alpha", rows.forecast.parameters[0]);
	json_number(&state, "beta", rows.forecast.parameters[1]);
	json_number(&state, "gamma", rows.forecast.parameters[2]);
	json_number(&state, "phi", rows.forecast.parameters[3]);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static const Option stl_options[] = {
	{"seasonal_window", "s_window", OPTION_SPAN, offsetof(StlOptions, seasonal_window), 3, 1000001},
	{"trend_window", "t_window", OPTION_INTEGER, offsetof(StlOptions, trend_window), 3, 1000001},
	{"low_pass_window", "l_window", OPTION_INTEGER, offsetof(StlOptions, low_pass_window), 3, 1000001},
	{"seasonal_degree", "s_degree", OPTION_INTEGER, offsetof(StlOptions, seasonal_degree), 0, 1},
	{"trend_degree", "t_degree", OPTION_INTEGER, offsetof(StlOptions, trend_degree), 0, 1},
	{"low_pass_degree", "l_degree", OPTION_INTEGER, offsetof(StlOptions, low_pass_degree), 0, 1},
	{"seasonal_jump", "s_jump", OPTION_INTEGER, offsetof(StlOptions, seasonal_jump), 1, 1000000},
	{"trend_jump", "t_jump", OPTION_INTEGER, offsetof(StlOptions, trend_jump), 1, 1000000},
	{"low_pass_jump", "l_jump", OPTION_INTEGER, offsetof(StlOptions, low_pass_jump), 1, 1000000},
	{"robust", NULL, OPTION_BOOLEAN, offsetof(StlOptions, robust), 0, 0},
	{"inner", NULL, OPTION_INTEGER, offsetof(StlOptions, inner), 1, 100},
	{"outer", NULL, OPTION_INTEGER, offsetof(StlOptions, outer), 0, 100},
};

/* The season to use: the one given, or the shortest that such steps may have. */
static int
season_period(const Grid *grid, bool given, int period, const char *name)
{
	int			periods[FORECAST_PERIODS];

	if (!given && grid_periods(grid, periods, FORECAST_PERIODS) > 0)
		period = periods[0];
	if (period < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period of %s must be at least 2", name)));
	return period;
}

/* A series taken apart. */
typedef struct StlRows
{
	Grid		grid;
	double	   *trend;
	double	   *seasonal;
} StlRows;

/* Takes a series on its grid apart. */
static void
stl_make(StlRows *rows, StlOptions *options)
{
	int			n = rows->grid.n;

	options->periodic = options->seasonal_window == SPAN_PERIODIC;
	stl_defaults(options, n);
	rows->trend = doubles(n);
	rows->seasonal = doubles(n);
	stl_decompose(n, rows->grid.value, options, rows->trend, rows->seasonal, doubles(n),
				  doubles(stl_workspace(n, options->period)));
}

/* stl_point: at, trend, seasonal, remainder */
static Datum
stl_row(void *arg, int i, TupleDesc desc)
{
	StlRows    *rows = arg;
	Datum		values[4];
	bool		nulls[4] = {false};

	values[0] = time_datum(&rows->grid, i);
	values[1] = Float8GetDatum(rows->trend[i]);
	values[2] = Float8GetDatum(rows->seasonal[i]);
	values[3] = Float8GetDatum(rows->grid.value[i] - rows->trend[i] - rows->seasonal[i]);
	nulls[3] = rows->grid.filled[i];
	return make_row(desc, values, nulls);
}

/* stl(value, at, period [, options]) */
Datum
tiktokads_stl(PG_FUNCTION_ARGS)
{
	Series	   *series = series_argument(fcinfo, "tiktokads.stl_final");
	StlRows		rows;
	StlOptions	options = {.trend_degree = -1, .low_pass_degree = -1, .outer = -1};

	if (!series_grid(series, &rows.grid))
		PG_RETURN_NULL();
	options.period = season_period(&rows.grid, series->has_number, series->number, "stl");
	anomaly_options_read(series->options, stl_options, lengthof(stl_options), &options, "stl");
	stl_make(&rows, &options);
	return series_array(fcinfo, rows.grid.n, stl_row, &rows);
}

/* Without the season, by a periodic robust STL; values is changed in place. */
static void
season_take_off(Grid *grid, int period)
{
	StlRows		rows = {.grid = *grid};
	StlOptions	options = {.period = period, .seasonal_window = SPAN_PERIODIC, .robust = true,
	.trend_degree = -1, .low_pass_degree = -1, .outer = -1};

	stl_make(&rows, &options);
	for (int i = 0; i < grid->n; i++)
		grid->value[i] -= rows.seasonal[i];
}

typedef struct ChangeOptions
{
	double		alpha;
	int			shortest;
	int			period;
} ChangeOptions;

static const Option change_options[] = {
	{"alpha", NULL, OPTION_NUMBER, offsetof(ChangeOptions, alpha), 0, 1},
	{"minimum_length", "min_size", OPTION_INTEGER, offsetof(ChangeOptions, shortest), 2, 1000000},
	{"period", NULL, OPTION_INTEGER, offsetof(ChangeOptions, period), 1, 100000},
};

typedef struct ChangeRows
{
	Grid		grid;
	Change	   *changes;
} ChangeRows;

/* change_point: at, before, after, p_value */
static Datum
change_row(void *arg, int i, TupleDesc desc)
{
	ChangeRows *rows = arg;
	const Change *change = &rows->changes[i];
	Datum		values[4];
	bool		nulls[4] = {false};

	values[0] = time_datum(&rows->grid, change->index);
	values[1] = Float8GetDatum(change->before);
	values[2] = Float8GetDatum(change->after);
	values[3] = Float8GetDatum(change->p_value);
	return make_row(desc, values, nulls);
}

/* change_points(value, at [, options]) */
Datum
tiktokads_change_points(PG_FUNCTION_ARGS)
{
	Series	   *series = series_argument(fcinfo, "tiktokads.change_points_final");
	ChangeRows	rows;
	ChangeOptions options = {.alpha = 0.01, .shortest = 5};
	int			count;

	if (!series_grid(series, &rows.grid))
		PG_RETURN_NULL();
	anomaly_options_read(series->options, change_options, lengthof(change_options), &options, "change_points");
	if (options.period > 1)
		season_take_off(&rows.grid, season_period(&rows.grid, true, options.period, "change_points"));
	rows.changes = palloc((CHANGES_MAX + 1) * sizeof(Change));
	count = change_find(rows.grid.n, rows.grid.value, options.alpha, options.shortest, rows.changes, CHANGES_MAX,
						doubles(3 * (size_t) rows.grid.n + 2));
	return series_array(fcinfo, count, change_row, &rows);
}

typedef struct EsdOptions
{
	double		alpha;
	double		most;
	char	   *direction;
	int			period;
} EsdOptions;

static const Option esd_options[] = {
	{"alpha", NULL, OPTION_NUMBER, offsetof(EsdOptions, alpha), 0, 1},
	{"max_share", "max_anoms", OPTION_NUMBER, offsetof(EsdOptions, most), 0, 0.49},
	{"direction", NULL, OPTION_TEXT, offsetof(EsdOptions, direction), 0, 0},
	{"period", NULL, OPTION_INTEGER, offsetof(EsdOptions, period), 1, 100000},
};

typedef struct EsdRows
{
	Grid		grid;
	double	   *value;			/* as measured */
	double		median;
	Outlier    *outliers;
} EsdRows;

/* outlier_point: at, value, expected, distance, p_value */
static Datum
esd_row(void *arg, int i, TupleDesc desc)
{
	EsdRows    *rows = arg;
	const Outlier *outlier = &rows->outliers[i];
	double		season = rows->value[outlier->index] - rows->grid.value[outlier->index];
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = time_datum(&rows->grid, outlier->index);
	values[1] = Float8GetDatum(rows->value[outlier->index]);
	values[2] = Float8GetDatum(rows->median + season);
	values[3] = Float8GetDatum(outlier->distance);
	values[4] = Float8GetDatum(outlier->p_value);
	return make_row(desc, values, nulls);
}

/* Which side the option names. */
static EsdSide
esd_side(const char *direction)
{
	if (strcmp(direction, "both") == 0)
		return ESD_BOTH;
	if (strcmp(direction, "up") == 0)
		return ESD_UP;
	if (strcmp(direction, "down") == 0)
		return ESD_DOWN;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"direction\" of seasonal_esd must be \"both\", \"up\" or \"down\"")));
}

/* seasonal_esd(value, at [, options]) */
Datum
tiktokads_seasonal_esd(PG_FUNCTION_ARGS)
{
	Series	   *series = series_argument(fcinfo, "tiktokads.seasonal_esd_final");
	EsdRows		rows;
	EsdOptions	options = {.alpha = 0.05, .most = 0.1, .direction = "both"};
	int			periods[FORECAST_PERIODS];
	int			most;
	int			count;

	if (!series_grid(series, &rows.grid))
		PG_RETURN_NULL();
	anomaly_options_read(series->options, esd_options, lengthof(esd_options), &options, "seasonal_esd");
	rows.value = doubles(rows.grid.n);
	memcpy(rows.value, rows.grid.value, rows.grid.n * sizeof(double));
	if (options.period > 1)
		season_take_off(&rows.grid, season_period(&rows.grid, true, options.period, "seasonal_esd"));
	else if (options.period == 0 && grid_periods(&rows.grid, periods, FORECAST_PERIODS) > 0 &&
			 rows.grid.n > 2 * periods[0])
		season_take_off(&rows.grid, periods[0]);
	most = (int) (rows.grid.n * options.most);
	rows.outliers = palloc_extended(Max(most, 1) * sizeof(Outlier), MCXT_ALLOC_HUGE);
	count = esd_find(rows.grid.n, rows.grid.value, esd_side(options.direction), options.alpha, most, rows.outliers,
					 &rows.median, palloc_extended(rows.grid.n * sizeof(int), MCXT_ALLOC_HUGE));
	return series_array(fcinfo, count, esd_row, &rows);
}
