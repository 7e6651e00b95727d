/*
 * choice.c: a model by its name and its options, as SQL gives them.
 *
 * Models and options are tables: a model is a row, an option is a row with the
 * function that reads it.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "attribution/incremental.h"
#include "attribution/markov.h"
#include "attribution/choice.h"
#include "attribution/score.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define OPTION_HALF_LIFE	0x01
#define OPTION_WHOLE		0x02
#define OPTION_WEIGHTS		0x04
#define OPTION_CHANNEL		0x08
#define OPTION_ORDER		0x10
#define OPTION_MAX_ORDER	0x20
#define OPTION_NULLS		0x40
#define OPTION_DEFINITION	0x80

/* How paths are made, of attribution_query. */
#define OPTION_LOOKBACK		0x100
#define OPTION_PATHS		0x200
#define OPTION_CLICK		0x400
#define OPTION_VIEW			0x800
#define OPTION_ENGAGED		0x1000
#define OPTION_PRECEDENCE	0x2000
#define OPTION_QUERY		0x3f00

static const double position_weight[] = {0.4, 0.2, 0.4};
static const double w_weight[] = {0.3, 0.3, 0.3, 0.1};

static const Model models[] = {
	{.name = "first", .heuristic = heuristic_first},
	{.name = "last", .heuristic = heuristic_last},
	{.name = "last_non", .heuristic = heuristic_last_non, .options = OPTION_CHANNEL},
	{.name = "linear", .heuristic = heuristic_linear},
	{.name = "linear_unique", .heuristic = heuristic_linear_unique},
	{.name = "time_decay", .heuristic = heuristic_time_decay, .timed = true,
	.options = OPTION_HALF_LIFE | OPTION_WHOLE},
	{.name = "position", .heuristic = heuristic_position, .options = OPTION_WEIGHTS,
	.weight = position_weight, .weights = lengthof(position_weight)},
	{.name = "w_shaped", .heuristic = heuristic_w_shaped, .options = OPTION_WEIGHTS | OPTION_CHANNEL,
	.weight = w_weight, .weights = lengthof(w_weight)},
	{.name = "custom", .heuristic = heuristic_custom, .options = OPTION_WEIGHTS},
	{.name = "markov", .markov = true, .options = OPTION_ORDER | OPTION_MAX_ORDER | OPTION_NULLS},
	{.name = "shapley", .shapley = true, .options = OPTION_DEFINITION},
	{.name = "incremental", .incremental = true},
};

static const struct
{
	const char *name;
	Shapley		shapley;
}			definitions[] = {
	{"counts", shapley_counts},
	{"ordered", shapley_ordered},
	{"leave_one_out", shapley_leave_one_out},
	{"recent_sets", shapley_recent_sets},
};

/* Ends with an error about the value of an option. */
static void
option_fail(const char *option, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value of option \"%s\"", option),
			 errhint("%s", hint)));
}

/* A finite number, else an error. */
static double
option_number(const JsonbValue *value, const char *option, const char *hint)
{
	double		number;

	if (value->type != jbvNumeric || numeric_is_nan(value->val.numeric) || numeric_is_inf(value->val.numeric))
		option_fail(option, hint);
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!isfinite(number))
		option_fail(option, hint);
	return number;
}

/* An interval in microseconds, months of 30 days. */
static double
option_interval(const JsonbValue *value)
{
	char	   *text = pnstrdup(value->val.string.val, value->val.string.len);
	Interval   *interval = DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(text),
																 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	return (double) interval->time + ((double) interval->day + (double) interval->month * DAYS_PER_MONTH) * USECS_PER_DAY;
}

/* half_life: an interval, or a number of touches. */
static void
option_half_life(Choice *choice, JsonbValue *value)
{
	static const char *const hint = "Give a positive interval such as \"7 days\", or a positive number of touches.";
	double		number;

	if (value->type == jbvString)
	{
		number = option_interval(value);
		choice->heuristic.half_life_us = number;
	}
	else
	{
		number = option_number(value, "half_life", hint);
		choice->heuristic.half_life_touches = number;
		choice->heuristic.half_life_us = 0;
	}
	if (!(number > 0))
		option_fail("half_life", hint);
}

/* whole: count completed half-lives only. */
static void
option_whole(Choice *choice, JsonbValue *value)
{
	if (value->type != jbvBool)
		option_fail("whole", "Give true or false.");
	choice->heuristic.whole = value->val.boolean;
}

/* Multiplies weights by a power of two, so that no sum of them is infinite and no part of the largest is 0. */
static void
weights_scale(double *weight, int count, double largest)
{
	int			exponent;

	frexp(largest, &exponent);
	for (int i = 0; i < count; i++)
		weight[i] = ldexp(weight[i], -exponent);
}

/* weights: numbers of touches' shares. */
static void
option_weights(Choice *choice, JsonbValue *value)
{
	static const char *const hint = "Give an array of numbers that are not negative and not all 0: "
	"first, middle, last for position; first, key, last, others for w_shaped; any number for custom.";
	double	   *weight = palloc(sizeof(double) * HEURISTIC_WEIGHTS_MAX);
	int			count = 0;
	double		largest = 0;
	JsonbIterator *iterator;
	JsonbValue	item;
	JsonbIteratorToken token;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		option_fail("weights", hint);
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (count == HEURISTIC_WEIGHTS_MAX)
			option_fail("weights", hint);
		weight[count] = option_number(&item, "weights", hint);
		if (weight[count] < 0)
			option_fail("weights", hint);
		largest = Max(largest, weight[count]);
		count++;
	}
	if (largest <= 0 || (choice->model->weights > 0 && count != choice->model->weights))
		option_fail("weights", hint);
	weights_scale(weight, count, largest);
	choice->heuristic.weight = weight;
	choice->heuristic.weights = count;
}

/* channel: the one that last_non passes over, or the key touch of w_shaped. */
static void
option_channel(Choice *choice, JsonbValue *value)
{
	if (value->type != jbvString)
		option_fail("channel", "Give the name of a channel.");
	choice->channel = pnstrdup(value->val.string.val, value->val.string.len);
}

/* An order of a Markov chain. */
static int
order_number(const JsonbValue *value, const char *option)
{
	static const char *const hint = "Give a whole number from 1 to 8; order may be \"auto\".";
	double		number = option_number(value, option, hint);

	if (number < 1 || number > MARKOV_ORDER_MAX || number != floor(number))
		option_fail(option, hint);
	return (int) number;
}

/* order: a number, or "auto". */
static void
option_order(Choice *choice, JsonbValue *value)
{
	if (value->type == jbvString && value->val.string.len == 4 && memcmp(value->val.string.val, "auto", 4) == 0)
		choice->order = 0;
	else
		choice->order = order_number(value, "order");
}

/* max_order: the largest that "auto" tries. */
static void
option_max_order(Choice *choice, JsonbValue *value)
{
	choice->max_order = order_number(value, "max_order");
}

/* nulls: whether paths that did not convert count. */
static void
option_nulls(Choice *choice, JsonbValue *value)
{
	if (value->type != jbvBool)
		option_fail("nulls", "Give true or false.");
	choice->nulls = value->val.boolean;
}

/* True when a value is that word. */
static bool
option_is(const JsonbValue *value, const char *word)
{
	return value->type == jbvString && strlen(word) == (size_t) value->val.string.len &&
		memcmp(word, value->val.string.val, value->val.string.len) == 0;
}

/* definition: which game of Shapley. */
static void
option_definition(Choice *choice, JsonbValue *value)
{
	for (int i = 0; i < (int) lengthof(definitions); i++)
		if (option_is(value, definitions[i].name))
		{
			choice->shapley = definitions[i].shapley;
			return;
		}
	option_fail("definition", "Definitions are counts, ordered, leave_one_out and recent_sets.");
}

/* A window of touches: an interval that is not negative, or null for any. */
static int64
option_window(const JsonbValue *value, const char *option)
{
	static const char *const hint = "Give an interval such as \"7 days\", or null for no limit.";
	double		window;

	if (value->type == jbvNull)
		return NO_WINDOW;
	if (value->type != jbvString)
		option_fail(option, hint);
	window = option_interval(value);
	if (window < 0)
		option_fail(option, hint);
	return window < 9e18 ? (int64) window : NO_WINDOW;
}

/* lookback: the largest window of all kinds. */
static void
option_lookback(Choice *choice, JsonbValue *value)
{
	choice->paths.window[KIND_NONE] = option_window(value, "lookback");
}

/* A window of one kind of touches; 0 is off. */
static int64
option_kind_window(const JsonbValue *value, const char *option)
{
	int64		window = option_window(value, option);

	return window == 0 ? WINDOW_OFF : window;
}

/* click_window */
static void
option_click_window(Choice *choice, JsonbValue *value)
{
	choice->paths.window[KIND_CLICK] = option_kind_window(value, "click_window");
}

/* view_window */
static void
option_view_window(Choice *choice, JsonbValue *value)
{
	choice->paths.window[KIND_VIEW] = option_kind_window(value, "view_window");
}

/* engaged_view_window */
static void
option_engaged_view_window(Choice *choice, JsonbValue *value)
{
	choice->paths.window[KIND_ENGAGED_VIEW] = option_kind_window(value, "engaged_view_window");
}

/* paths: whether a touch serves all later conversions or the next one. */
static void
option_paths(Choice *choice, JsonbValue *value)
{
	choice->paths.split = option_is(value, "split");
	if (!choice->paths.split && !option_is(value, "reuse"))
		option_fail("paths", "Give \"reuse\" or \"split\".");
}

/* precedence: whether clicks come before views. */
static void
option_precedence(Choice *choice, JsonbValue *value)
{
	choice->paths.click_first = option_is(value, "click");
	if (!choice->paths.click_first && !option_is(value, "none"))
		option_fail("precedence", "Give \"click\" (a path with a click keeps clicks only) or \"none\".");
}

static const struct
{
	const char *name;
	uint32		bit;
	void		(*read) (Choice *choice, JsonbValue *value);
}			options_known[] = {
	{"half_life", OPTION_HALF_LIFE, option_half_life},
	{"whole", OPTION_WHOLE, option_whole},
	{"weights", OPTION_WEIGHTS, option_weights},
	{"channel", OPTION_CHANNEL, option_channel},
	{"order", OPTION_ORDER, option_order},
	{"max_order", OPTION_MAX_ORDER, option_max_order},
	{"nulls", OPTION_NULLS, option_nulls},
	{"definition", OPTION_DEFINITION, option_definition},
	{"lookback", OPTION_LOOKBACK, option_lookback},
	{"paths", OPTION_PATHS, option_paths},
	{"click_window", OPTION_CLICK, option_click_window},
	{"view_window", OPTION_VIEW, option_view_window},
	{"engaged_view_window", OPTION_ENGAGED, option_engaged_view_window},
	{"precedence", OPTION_PRECEDENCE, option_precedence},
};

/* Names of models for a hint. */
static char *
model_names(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < (int) lengthof(models); i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", models[i].name);
	return names.data;
}

/* Names of options for a hint. */
static char *
option_names(uint32 allowed)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < (int) lengthof(options_known); i++)
		if (allowed & options_known[i].bit)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", options_known[i].name);
	return names.data;
}

/* The model of a name. */
static const Model *
model_find(const char *name, int length)
{
	for (int i = 0; i < (int) lengthof(models); i++)
		if (strlen(models[i].name) == (size_t) length && memcmp(models[i].name, name, length) == 0)
			return &models[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown attribution model: \"%.*s\"", length, name),
			 errhint("Models are %s.", model_names())));
	return NULL;
}

/* Reads one option. */
static void
option_read(Choice *choice, uint32 allowed, const JsonbValue *key, JsonbValue *value)
{
	for (int i = 0; i < (int) lengthof(options_known); i++)
		if (allowed & options_known[i].bit &&
			strlen(options_known[i].name) == (size_t) key->val.string.len &&
			memcmp(options_known[i].name, key->val.string.val, key->val.string.len) == 0)
		{
			options_known[i].read(choice, value);
			return;
		}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model \"%s\" has no option \"%.*s\"", choice->model->name, key->val.string.len, key->val.string.val),
			 allowed == 0 ? errhint("It takes no options.") : errhint("It takes %s.", option_names(allowed))));
}

/* Reads all options. */
static void
options_read(Choice *choice, uint32 allowed, Jsonb *options)
{
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	value;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options of an attribution model must be a JSON object"),
				 errhint("For example: {\"order\": 2}")));
	iterator = JsonbIteratorInit(&options->root);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			JsonbIteratorNext(&iterator, &value, true);
			option_read(choice, allowed, &key, &value);
		}
}

/* Reads a model's name and options. */
Choice *
choice_read(const char *model, int length, Jsonb *options, bool query)
{
	Choice    *choice = palloc0(sizeof(Choice));

	choice->model = model_find(model, length);
	choice->paths.window[KIND_NONE] = 30 * USECS_PER_DAY;
	for (int kind = KIND_NONE + 1; kind < KIND_COUNT; kind++)
		choice->paths.window[kind] = NO_WINDOW;
	choice->heuristic.half_life_us = 7.0 * USECS_PER_DAY;
	choice->heuristic.half_life_touches = 1;
	choice->heuristic.weight = choice->model->weight;
	choice->heuristic.weights = choice->model->weights;
	choice->order = 1;
	choice->max_order = MARKOV_ORDER_MAX;
	choice->nulls = true;
	choice->shapley = shapley_counts;
	if (options != NULL)
		options_read(choice, choice->model->options | (query ? OPTION_QUERY : 0), options);
	for (int kind = KIND_NONE + 1; kind < KIND_COUNT; kind++)
		choice->paths.window[kind] = Min(choice->paths.window[kind], choice->paths.window[KIND_NONE]);
	if (choice->model->options & OPTION_WEIGHTS && choice->heuristic.weights == 0)
		option_fail("weights", "Model custom needs them: an array of numbers that are not negative and not all 0.");
	if (choice->channel == NULL && choice->model->heuristic == heuristic_w_shaped)
		option_fail("channel", "Model w_shaped needs it: the channel of the key touch.");
	if (choice->channel == NULL)
		choice->channel = "direct";
	return choice;
}

/* The order of markov: given, or the best of those up to max_order. */
int
choice_order(const Choice *choice, const Paths *paths)
{
	OrderScore	score[MARKOV_ORDER_MAX];

	if (choice->order > 0)
		return choice->order;
	score_orders(paths, choice->max_order, score);
	return score_best(score, choice->max_order);
}

/* Paths without their times, for a decay that counts touches. */
static void
paths_forget_times(const Paths *paths)
{
	for (int64 i = 0; i < paths->count; i++)
		paths->path[i].time = NULL;
}

/* Computes credit of what a table holds. */
void
choice_credit(const Choice *choice, const Paths *paths, const Channels *channels, Credit *credit)
{
	HeuristicOptions options = choice->heuristic;

	if (choice->model->markov)
		markov_credit(paths, choice_order(choice, paths), choice->nulls, credit);
	else if (choice->model->shapley)
		choice->shapley(paths, credit);
	else if (choice->model->incremental)
	{
		if (paths->channels > INCREMENTAL_CHANNELS_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("model \"incremental\" takes at most %d channels", INCREMENTAL_CHANNELS_MAX),
					 errhint("Group rare channels, or use another model.")));
		incremental_credit(paths, credit);
	}
	else
	{
		options.channel = channel_find(channels, choice->channel, (int) strlen(choice->channel));
		if (options.half_life_us == 0)
			paths_forget_times(paths);
		heuristic_credit(paths, choice->model->heuristic, &options, credit);
	}
}
