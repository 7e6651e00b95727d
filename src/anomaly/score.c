/*
 * score.c: the window function anomaly_score().
 *
 * It reads the current row's arguments alone, marks its position so that rows
 * behind need not be kept, and carries a Detector per partition: causal, and of
 * constant cost and memory.
 */
#include "postgres.h"

#include <math.h>

#include "anomaly/detector.h"
#include "anomaly/option.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(tiktokads_anomaly_score);
PG_FUNCTION_INFO_V1(tiktokads_anomaly_score_tz);

#define QUARTER_HOUR (INT64CONST(900) * USECS_PER_SEC)

/* What the caller wants reported. */
typedef struct ScoreOptions
{
	char	   *direction;
	int			warm_up;
	double		minimum_change;
} ScoreOptions;

static const Option score_options[] = {
	{"direction", NULL, OPTION_TEXT, offsetof(ScoreOptions, direction), 0, 0},
	{"warm_up", NULL, OPTION_INTEGER, offsetof(ScoreOptions, warm_up), 0, 1000000},
	{"minimum_change", NULL, OPTION_NUMBER, offsetof(ScoreOptions, minimum_change), 0, 1e300},
};

/* A partition's memory, zeroed by the server at its first row. */
typedef struct Score
{
	bool		begun;
	bool		up;
	bool		down;
	bool		infinite;		/* the value before was */
	int			warm_up;
	double		minimum_change;
	int64		quarter;		/* quarter hour of UTC whose offset is known */
	int64		offset;
	Detector	detector;
} Score;

/* Reads the options at the partition's first row. */
static void
score_begin(Score *score, WindowObject window, int argument)
{
	ScoreOptions options = {.direction = "both"};
	bool		isnull = true;
	Datum		value = 0;

	if (argument >= 0)
		value = WinGetFuncArgCurrent(window, argument, &isnull);
	anomaly_options_read(isnull ? NULL : DatumGetJsonbP(value), score_options, lengthof(score_options), &options,
				 "anomaly_score");
	score->up = strcmp(options.direction, "down") != 0;
	score->down = strcmp(options.direction, "up") != 0;
	if (score->up && score->down && strcmp(options.direction, "both") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"direction\" of anomaly_score must be \"both\", \"up\" or \"down\"")));
	score->warm_up = options.warm_up;
	score->minimum_change = options.minimum_change;
	score->quarter = PG_INT64_MIN;
	score->begun = true;
}

/* Wall time of a timestamptz in the session's zone, whose offsets change at quarter hours only. */
static int64
score_wall_time(Score *score, int64 at)
{
	int64		quarter = at / QUARTER_HOUR - (at % QUARTER_HOUR < 0);

	if (quarter != score->quarter)
	{
		score->offset = DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp,
															  TimestampTzGetDatum(quarter * QUARTER_HOUR)))
			- quarter * QUARTER_HOUR;
		score->quarter = quarter;
	}
	return at + score->offset;
}

/* The hour of the week of a wall time. */
static int
hour_of_week(int64 at)
{
	int64		hour = at / USECS_PER_HOUR - (at % USECS_PER_HOUR < 0);
	int64		rest = hour % HOURS_OF_WEEK;

	return (int) (rest < 0 ? rest + HOURS_OF_WEEK : rest);
}

/* Scores the current row; NULL when it holds no number or no time. */
static Datum
score_row(FunctionCallInfo fcinfo, bool zoned)
{
	WindowObject window = PG_WINDOW_OBJECT();
	Score	   *score = WinGetPartitionLocalMemory(window, sizeof(Score));
	bool		value_isnull;
	bool		at_isnull;
	double		value = DatumGetFloat8(WinGetFuncArgCurrent(window, 0, &value_isnull));
	int64		at = DatumGetInt64(WinGetFuncArgCurrent(window, 1, &at_isnull));
	double		expected;
	double		result;

	if (!score->begun)
		score_begin(score, window, PG_NARGS() > 2 ? 2 : -1);
	WinSetMarkPosition(window, WinGetCurrentPosition(window));
	if (value_isnull || at_isnull || isnan(value) || TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_NULL();
	if (isinf(value))
	{
		/* nothing can be learnt from it, and nothing is more extreme: told once */
		bool		told = score->infinite;

		score->infinite = true;
		PG_RETURN_FLOAT8(!told && (value > 0 ? score->up : score->down) ? 1 : 0);
	}
	score->infinite = false;
	result = detector_score(&score->detector, value,
							hour_of_week(zoned ? score_wall_time(score, at) : at), &expected);
	if (score->detector.seen <= (uint64) score->warm_up ||
		fabs(value - expected) < score->minimum_change ||
		(value > expected ? !score->up : !score->down))
		PG_RETURN_FLOAT8(0);
	PG_RETURN_FLOAT8(result);
}

/* anomaly_score(value, at timestamp [, options]) */
Datum
tiktokads_anomaly_score(PG_FUNCTION_ARGS)
{
	return score_row(fcinfo, false);
}

/* anomaly_score(value, at timestamptz [, options]) */
Datum
tiktokads_anomaly_score_tz(PG_FUNCTION_ARGS)
{
	return score_row(fcinfo, true);
}
