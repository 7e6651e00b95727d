/*
 * options.c: reads the options of funnels.
 *
 *   {"exclude": [{"step": 4, "after": 1, "before": 2}],
 *    "any_order": [[2, 3]],
 *    "reentry": "first" | "every" | "optimised",
 *    "count": "person" | "session" | "total",
 *    "hold": ..., "session": ...}
 *
 * Conditions that exclusions name are no steps; the others are, in their order.
 * `hold` and `session` are read by those who call: they concern single rows.
 *
 * What must stay true: rules that are accepted name conditions that are there,
 * each in one role, and every step is in one stage.
 */
#include "postgres.h"

#include "base/compat.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "funnel/options.h"

typedef struct OptionReader
{
	AttemptRules *rules;
	int			nconditions;
	uint64		excluding;		/* conditions of exclusions */
	ConditionMaker make;
	void	   *maker;
} OptionReader;

static const char *const option_names[] = {"exclude", "any_order", "reentry", "count", "hold", "session"};
static const char *const reentry_words[] = {"", "first", "every", "optimised"};
static const char *const count_words[] = {"person", "session", "total"};

/* Refuses an option. */
static void
option_refuse(const char *name, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid funnel option \"%s\": %s", name, what),
			 errhint("Options look like {\"exclude\": [{\"step\": 4, \"after\": 1, \"before\": 2}], \"any_order\": [[2, 3]], \"reentry\": \"every\", \"count\": \"session\"}.")));
}

/* The value of an option; false when there is none. */
bool
options_value(const Jsonb *options, const char *name, JsonbValue *value)
{
	return JB_ROOT_IS_OBJECT(options) &&
		getKeyJsonValueFromContainer((JsonbContainer *) &options->root, name, (int) strlen(name), value) != NULL;
}

/* A value as text; NULL for a JSON null. */
static char *
value_text(JsonbValue *value)
{
	Jsonb	   *jsonb;

	if (value->type == jbvNull)
		return NULL;
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	jsonb = JsonbValueToJsonb(value);
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

/* The text of an option; NULL when there is none or it is null. */
char *
options_text(const Jsonb *options, const char *name)
{
	JsonbValue	value;

	return options_value(options, name, &value) ? value_text(&value) : NULL;
}

/* Compares a JSON number with a whole one. */
static bool
value_compares(JsonbValue *value, PGFunction compare, int number)
{
	return DatumGetBool(DirectFunctionCall2(compare, NumericGetDatum(value->val.numeric),
											DirectFunctionCall1(int4_numeric, Int32GetDatum(number))));
}

/* A whole number within bounds. */
static int
value_int(JsonbValue *value, const char *name, int low, int high)
{
	int			number = 0;

	if (value->type == jbvNumeric && value_compares(value, numeric_ge, low) && value_compares(value, numeric_le, high))
		number = DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(value->val.numeric)));
	if (number == 0 || !value_compares(value, numeric_eq, number))
		option_refuse(name, psprintf("a whole number from %d to %d is expected", low, high));
	return number;
}

/* A level of an exclusion, or what it is when it is not given. */
static int
exclusion_level(JsonbContainer *object, const char *name, int otherwise)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object, name, (int) strlen(name), &value) == NULL)
		return otherwise;
	return value_int(&value, "exclude", 1, FUNNEL_STEPS_MAX);
}

/* Which of a list of words an option is; 0 when it is not given. */
static int
option_word(const Jsonb *options, const char *name, const char *const *words, int nwords)
{
	char	   *text = options_text(options, name);
	int			i;

	if (text == NULL)
		return 0;
	for (i = 0; i < nwords; i++)
	{
		if (words[i][0] != '\0' && strcmp(text, words[i]) == 0)
			return i;
	}
	option_refuse(name, psprintf("\"%s\" is not known", text));
	return 0;
}

/* What is counted, by its word. */
FunnelCount
options_count(const char *word)
{
	int			i;

	for (i = 0; i < lengthof(count_words); i++)
	{
		if (strcmp(word, count_words[i]) == 0)
			return (FunnelCount) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a funnel cannot be counted by \"%s\"", word),
			 errhint("Count by person, session or total.")));
}

/* One exclusion. */
static void
read_exclusion(OptionReader *reader, JsonbValue *value)
{
	AttemptRules *rules = reader->rules;
	AttemptExclusion *exclusion = &rules->exclusions[rules->nexclusions];
	JsonbContainer *object = value->type == jbvBinary ? value->val.binary.data : NULL;
	JsonbValue	step;

	if (object == NULL || !JsonContainerIsObject(object) ||
		getKeyJsonValueFromContainer(object, "step", 4, &step) == NULL)
		option_refuse("exclude", "a list of objects with a \"step\" is expected");
	if (rules->nexclusions == FUNNEL_STEPS_MAX)
		option_refuse("exclude", "too many exclusions");
	if (step.type == jbvString && reader->make != NULL)
		exclusion->condition = reader->make(reader->maker, pnstrdup(step.val.string.val, step.val.string.len));
	else
		exclusion->condition = value_int(&step, "exclude", 1, reader->nconditions) - 1;
	exclusion->after = exclusion_level(object, "after", 1);
	exclusion->before = exclusion_level(object, "before", FUNNEL_STEPS_MAX);
	if (exclusion->after >= exclusion->before)
		option_refuse("exclude", "\"before\" must be more than \"after\"");
	reader->excluding |= UINT64CONST(1) << exclusion->condition;
	rules->nexclusions++;
}

/* One group of steps in any order; returns its conditions. */
static uint64
read_group(OptionReader *reader, JsonbValue *value)
{
	JsonbContainer *list = value->type == jbvBinary ? value->val.binary.data : NULL;
	uint64		group = 0;
	uint32		i;

	if (list == NULL || !JsonContainerIsArray(list) || JsonContainerSize(list) < 2)
		option_refuse("any_order", "a list of lists of two or more steps is expected");
	for (i = 0; i < JsonContainerSize(list); i++)
	{
		int			step = value_int(getIthJsonbValueFromContainer(list, i), "any_order", 1, reader->nconditions) - 1;

		if ((group | reader->excluding) >> step & 1)
			option_refuse("any_order", psprintf("step %d is named twice", step + 1));
		group |= UINT64CONST(1) << step;
	}
	return group;
}

/* Calls a function for each element of an option that is a list. */
static void
read_list(OptionReader *reader, const Jsonb *options, const char *name,
		  void (*each) (OptionReader *reader, JsonbValue *value))
{
	JsonbValue	value;
	JsonbContainer *list;
	uint32		i;

	if (!options_value(options, name, &value))
		return;
	list = value.type == jbvBinary ? value.val.binary.data : NULL;
	if (list == NULL || !JsonContainerIsArray(list))
		option_refuse(name, "a list is expected");
	for (i = 0; i < JsonContainerSize(list); i++)
		each(reader, getIthJsonbValueFromContainer(list, i));
}

/* Makes one stage of those that the steps of a group have. */
static void
merge_stages(OptionReader *reader, JsonbValue *value)
{
	AttemptRules *rules = reader->rules;
	uint64		group = read_group(reader, value);
	uint64		merged = 0;
	int			first = 0;
	int			width = 0;
	int			i;

	for (i = 0; i < rules->nstages; i++)
	{
		if ((rules->stages[i] & group) == 0)
			continue;
		if (width == 0)
			first = i;
		if (i != first + width || (rules->stages[i] & ~group) != 0)
			option_refuse("any_order", "steps of a group must follow each other and be in one group");
		merged |= rules->stages[i];
		width++;
	}
	rules->stages[first] = merged;
	rules->nstages -= width - 1;
	memmove(&rules->stages[first + 1], &rules->stages[first + width], (rules->nstages - first - 1) * sizeof(uint64));
	rules->plain = false;
}

/* Refuses options that there are not. */
static void
check_names(const Jsonb *options)
{
	JsonbIterator *iterator = JsonbIteratorInit((JsonbContainer *) &options->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		bool		known = token != WJB_KEY;
		int			i;

		for (i = 0; i < lengthof(option_names) && !known; i++)
			known = strlen(option_names[i]) == value.val.string.len &&
				memcmp(option_names[i], value.val.string.val, value.val.string.len) == 0;
		if (!known)
			option_refuse(pnstrdup(value.val.string.val, value.val.string.len), "there is no such option");
	}
}

/*
 * Reads options into rules that attempt_rules_plain() made for so many
 * conditions; the maker, if any, may add conditions for exclusions.
 */
void
funnel_options_read(const Jsonb *options, int nconditions, AttemptRules *rules, FunnelCount *count,
			 ConditionMaker make, void *maker)
{
	OptionReader reader = {rules, nconditions, 0, make, maker};
	int			i;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel options must be a JSON object")));
	check_names(options);
	rules->reentry = (AttemptReentry) option_word(options, "reentry", reentry_words, lengthof(reentry_words));
	if (options_text(options, "count") != NULL)
		*count = (FunnelCount) option_word(options, "count", count_words, lengthof(count_words));
	read_list(&reader, options, "exclude", read_exclusion);
	if (rules->nexclusions > 0)
		rules->plain = false;
	rules->nstages = 0;
	for (i = 0; i < nconditions; i++)
	{
		if (!(reader.excluding >> i & 1))
			rules->stages[rules->nstages++] = UINT64CONST(1) << i;
	}
	rules->nlevels = rules->nstages;
	if (rules->nlevels == 0)
		option_refuse("exclude", "no step is left");
	read_list(&reader, options, "any_order", merge_stages);
	options_settle_reentry(rules, *count);
}

/* Counting every attempt needs a word about which there are: one after the other, unless said otherwise. */
void
options_settle_reentry(AttemptRules *rules, FunnelCount count)
{
	if (count == COUNT_TOTAL && rules->reentry == REENTRY_NEWEST)
		rules->reentry = REENTRY_EVERY;
}
