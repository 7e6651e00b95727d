/*
 * option.c: reads an options object into a struct.
 *
 * Nothing is ignored: a member that the table lacks, a value of another type or
 * out of its range is an error that names what is allowed.
 */
#include "postgres.h"

#include <math.h>

#include "anomaly/option.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* Finds a member's row by name or alias. */
static const Option *
option_find(const Option *options, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(options[i].name, name) == 0 || (options[i].alias && strcmp(options[i].alias, name) == 0))
			return &options[i];
	return NULL;
}

/* Complains of a member that the table lacks. */
static void
option_unknown(const Option *options, int count, const char *name, const char *function)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < count; i++)
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ", ", options[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s has no option \"%s\"", function, name),
			 errhint("Options are: %s.", names.data)));
}

/* Complains of a value of another type. */
static void
option_type(const Option *option, const char *function)
{
	static const char *const wanted[] = {"a number", "a whole number", "true or false", "a string",
	"a whole number or \"periodic\""};

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" of %s must be %s", option->name, function, wanted[option->kind])));
}

/* A number within the option's range. */
static double
option_number(const Option *option, const JsonbValue *value, const char *function)
{
	double		number;

	if (value->type != jbvNumeric)
		option_type(option, function);
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (option->kind != OPTION_NUMBER && number != rint(number))
		option_type(option, function);
	if (!(number >= option->low && number <= option->high))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" of %s must be between %g and %g", option->name, function,
						option->low, option->high)));
	return number;
}

/* Stores one value. */
static void
option_store(const Option *option, const JsonbValue *value, char *target, const char *function)
{
	char	   *place = target + option->offset;

	if (option->kind == OPTION_BOOLEAN)
	{
		if (value->type != jbvBool)
			option_type(option, function);
		*(bool *) place = value->val.boolean;
	}
	else if (option->kind == OPTION_TEXT)
	{
		if (value->type != jbvString)
			option_type(option, function);
		*(char **) place = pnstrdup(value->val.string.val, value->val.string.len);
	}
	else if (option->kind == OPTION_SPAN && value->type == jbvString &&
			 value->val.string.len == 8 && memcmp(value->val.string.val, "periodic", 8) == 0)
		*(int *) place = SPAN_PERIODIC;
	else if (option->kind == OPTION_NUMBER)
	{
		double		number = option_number(option, value, function);

		memcpy(place, &number, sizeof(number));
	}
	else
		*(int *) place = (int) option_number(option, value, function);
}

/* Reads the object's members into target; a NULL object and null members leave what is there. */
void
anomaly_options_read(Jsonb *object, const Option *options, int count, void *target, const char *function)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	const Option *option = NULL;

	if (object == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options of %s must be a JSON object", function)));
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			char	   *name = pnstrdup(value.val.string.val, value.val.string.len);

			option = option_find(options, count, name);
			if (option == NULL)
				option_unknown(options, count, name, function);
		}
		else if (token == WJB_VALUE && value.type != jbvNull)
			option_store(option, &value, target, function);
	}
}
