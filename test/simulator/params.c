/*
 * params.c: checks a request's parameters against an endpoint's table.
 *
 * Stays true: what passes is known, given once, complete, and of the right
 * type; what does not gets 40002 and a message that begins with its name.
 */
#include "request.h"
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Notes a failure and gives its code. */
int
fail(Request *request, int code, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(request->message, sizeof(request->message), format, args);
	va_end(args);
	request->code = code;
	return code;
}

/* Gives a parameter's text, NULL when it is not given. */
const char *
param(const Request *request, const char *name)
{
	int			i;

	for (i = 0; i < request->param_count; i++)
		if (strcmp(request->params[i].name, name) == 0)
			return request->params[i].value;
	return NULL;
}

/* Gives a checked integer, or a default. */
int64
param_integer(const Request *request, const char *name, int64 otherwise)
{
	const char *text = param(request, name);

	return text ? strtoll(text, NULL, 10) : otherwise;
}

/* Gives a checked boolean, false when not given. */
bool
param_true(const Request *request, const char *name)
{
	const char *text = param(request, name);

	return text && (text[0] == 't' || text[0] == 'T');
}

/* Tells whether a word is one of several that stand between bars. */
bool
choice_known(const char *choices, const char *word)
{
	size_t		len = strlen(word);

	while (choices && *choices)
	{
		size_t		one = strcspn(choices, "|");

		if (one == len && len > 0 && memcmp(choices, word, len) == 0)
			return true;
		choices += one + (choices[one] == '|');
	}
	return false;
}

/* Reads an id: digits alone, within 63 bits. */
bool
id_parse(const char *text, int64 *id)
{
	size_t		len = strlen(text);

	if (len == 0 || len > 19 || strspn(text, "0123456789") != len)
		return false;
	*id = (int64) strtoull(text, NULL, 10);
	return *id >= 0;
}

/* Checks an integer's form and bounds. */
static int
check_integer(Request *request, const ParamRule *rule, const char *value)
{
	const char *digits = value + (*value == '-');
	size_t		len = strlen(digits);
	int64		number;

	if (len == 0 || len > 18 || strspn(digits, "0123456789") != len)
		return fail(request, 40002, "%s: Not a valid integer.", rule->name);
	number = strtoll(value, NULL, 10);
	if (number < rule->least || (rule->most && number > rule->most))
		return fail(request, 40002, "%s: Must be between %lld and %lld.", rule->name,
					(long long) rule->least, (long long) rule->most);
	return 0;
}

/* Checks a parameter that is JSON text. */
static int
check_json(Request *request, const ParamRule *rule, const char *value)
{
	Json	   *json = json_parse(value);
	const Json *item;
	int			code = 0;

	if (rule->kind == PARAM_OBJECT && (json == NULL || json->kind != JSON_OBJECT))
		code = fail(request, 40002, "%s: Field must be set to object", rule->name);
	else if (rule->kind != PARAM_OBJECT && (json == NULL || json->kind != JSON_ARRAY))
		code = fail(request, 40002, "%s: Field must be set to array", rule->name);
	else if (rule->kind == PARAM_STRINGS && !json_is_strings(json))
		code = fail(request, 40002, "%s: Not a valid string.", rule->name);
	else if (json_length(json) < rule->least || (rule->most && json_length(json) > rule->most))
		code = fail(request, 40002, "%s: Length must be between %lld and %lld.", rule->name,
					(long long) rule->least, (long long) rule->most);
	for (item = json ? json->child : NULL; code == 0 && item && rule->kind == PARAM_STRINGS; item = item->next)
		if (rule->choices && !choice_known(rule->choices, item->text))
			code = fail(request, 40002, "%s: '%.100s' is not a valid choice.", rule->name, item->text);
	json_free(json);
	return code;
}

/* Checks one given parameter. */
static int
check_one(Request *request, const ParamRule *rule, const char *value)
{
	int64		id;
	int			day;

	switch (rule->kind)
	{
		case PARAM_TEXT:
			return *value || !rule->required ? 0 : fail(request, 40002, "%s: Field may not be empty.", rule->name);
		case PARAM_ID:
			return id_parse(value, &id) ? 0 : fail(request, 40002, "%s: Not a valid id.", rule->name);
		case PARAM_INTEGER:
			return check_integer(request, rule, value);
		case PARAM_BOOLEAN:
			return choice_known("true|false|True|False", value) ? 0 :
				fail(request, 40002, "%s: Not a valid boolean.", rule->name);
		case PARAM_DATE:
			return date_parse(value, &day) ? 0 :
				fail(request, 40002, "%s: Not a valid date, expected YYYY-MM-DD.", rule->name);
		case PARAM_ENUM:
			return choice_known(rule->choices, value) ? 0 :
				fail(request, 40002, "%s: '%.100s' is not a valid choice.", rule->name, value);
		default:
			return check_json(request, rule, value);
	}
}

/* Checks all parameters of a request. */
int
params_check(Request *request, const ParamRule *rules, int count)
{
	int			i,
				j;

	if (request->param_count > MAX_PARAMS)
		return fail(request, 40002, "Too many parameters.");
	for (i = 0; i < request->param_count; i++)
	{
		const Param *p = &request->params[i];

		for (j = 0; j < count && strcmp(rules[j].name, p->name) != 0; j++)
			;
		if (j == count)
			return fail(request, 40002, "%.100s: Unknown field.", p->name);
		for (j = 0; j < i; j++)
			if (strcmp(request->params[j].name, p->name) == 0)
				return fail(request, 40002, "%.100s: Given more than once.", p->name);
	}
	for (j = 0; j < count; j++)
	{
		const char *value = param(request, rules[j].name);
		int			code;

		if (value == NULL && rules[j].required)
			return fail(request, 40002, "%s: Missing data for required field.", rules[j].name);
		if (value != NULL && (code = check_one(request, &rules[j], value)) != 0)
			return code;
	}
	return 0;
}

/* Finds the ad account that a request names; NULL with a failure noted. */
Advertiser *
advertiser_param(Request *request)
{
	const char *text = param(request, "advertiser_id");
	int64		id;
	Advertiser *adv = text && id_parse(text, &id) ? world_find(id) : NULL;

	if (adv == NULL || !adv->readable)
	{
		fail(request, 40001, "No permission to operate advertiser %.30s.", text ? text : "");
		return NULL;
	}
	return adv;
}

/* Says which of so many rows the asked page holds. */
bool
page_bounds(Request *request, int64 total, int64 *from, int64 *to)
{
	int64		size = param_integer(request, "page_size", 10);

	*from = (param_integer(request, "page", 1) - 1) * size;
	*to = *from + size;
	if ((request->twist & TWIST_SHIFT) && *from > 0)
		*from -= 1, *to -= 1;
	if (*to > total)
		*to = total;
	if ((request->twist & TWIST_PARTIAL) && *to == total)
		*to -= 1;
	return *from < *to;
}

/* Writes the page_info member. */
void
put_page_info(Buffer *out, const Request *request, int64 total)
{
	int64		size = param_integer(request, "page_size", 10);

	if (request->twist & TWIST_PAGE_COUNT)
		total += (param_integer(request, "page", 1) - 1) * size;
	if (request->twist & TWIST_PARTIAL)
		total -= 1;
	put_format(out, "\"page_info\":{\"page\":%lld,\"page_size\":%lld,\"total_number\":%lld,\"total_page\":%lld}",
			   (long long) param_integer(request, "page", 1), (long long) size, (long long) total,
			   (long long) ((total + size - 1) / size));
}
