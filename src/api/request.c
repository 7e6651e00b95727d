/*
 * request.c: the URL of a request, from a stream's row.
 *
 * Every value is percent-encoded; lists and objects travel as JSON text, as the
 * API wants them.
 */
#include "postgres.h"

#include "api/request.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"

/* Appends a value with everything encoded but RFC 3986's unreserved characters. */
static void
append_encoded(StringInfo url, const char *value)
{
	for (const unsigned char *c = (const unsigned char *) value; *c != '\0'; c++)
		if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			strchr("-._~", *c) != NULL)
			appendStringInfoCharMacro(url, *c);
		else
			appendStringInfo(url, "%%%02X", *c);
}

/* Appends one parameter. */
static void
append_parameter(StringInfo url, const char *name, const char *value)
{
	appendStringInfoChar(url, strchr(url->data, '?') == NULL ? '?' : '&');
	append_encoded(url, name);
	appendStringInfoChar(url, '=');
	append_encoded(url, value);
}

/* A list of names as JSON. */
static char *
names_json(const Names *names)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoChar(&list, '[');
	for (int i = 0; i < names->count; i++)
	{
		if (i > 0)
			appendStringInfoChar(&list, ',');
		escape_json(&list, names->items[i]);
	}
	appendStringInfoChar(&list, ']');
	return list.data;
}

/* Appends a list of names as a JSON array. */
static void
append_names(StringInfo url, const char *name, const Names *names)
{
	append_parameter(url, name, names_json(names));
}

/* Appends a day. */
static void
append_date(StringInfo url, const char *name, DateADT date)
{
	int			year;
	int			month;
	int			day;
	char		text[32];

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
	append_parameter(url, name, text);
}

/* Name of the member of the filter that a parameter stands for, NULL when it stands for itself. */
static const char *
filter_member(const char *parameter)
{
	static const char prefix[] = "filtering.";

	return strncmp(parameter, prefix, sizeof(prefix) - 1) == 0 ? parameter + sizeof(prefix) - 1 : NULL;
}

/* True when what is gone through is asked for in the filter, too. */
static bool
each_filters(const StreamDef *stream, const RequestScope *scope)
{
	for (int i = 0; scope->each != NULL && i < stream->each_parameters.count; i++)
		if (filter_member(stream->each_parameters.items[i]) != NULL)
			return true;
	return false;
}

/* The values of a column that is gone through. */
static Names
each_values(const EachPart *part, int column)
{
	if (column >= part->lead.count)
		return part->last;
	return (Names) {part->lead.items + column, 1};
}

/* Appends a filter that is an object, with what is gone through as members of it. */
static void
append_each_filter(StringInfo text, const char *value, const StreamDef *stream, const RequestScope *scope)
{
	appendBinaryStringInfo(text, value, strlen(value) - 1);
	for (int i = 0; i < stream->each_parameters.count; i++)
	{
		const char *member = filter_member(stream->each_parameters.items[i]);
		Names		values = each_values(scope->each, i);

		if (member == NULL)
			continue;
		if (text->data[text->len - 1] != '{')
			appendStringInfoChar(text, ',');
		escape_json(text, member);
		appendStringInfo(text, ":%s", names_json(&values));
	}
	appendStringInfoChar(text, '}');
}

/* Appends a further parameter, its filter narrowed as the scope says. */
static void
append_narrowed(StringInfo url, const char *name, const char *value, const StreamDef *stream, const RequestScope *scope)
{
	bool		filter = strcmp(name, "filtering") == 0;
	StringInfoData text;
	int			year;
	int			month;
	int			day;

	initStringInfo(&text);
	if (filter && each_filters(stream, scope))
		append_each_filter(&text, value, stream, scope);
	else if (!filter || (!scope->modified_only && scope->campaign_ids == NULL))
		appendStringInfoString(&text, value);
	else if (scope->modified_only)
	{
		/* an object: {..., "modified_after": "2024-01-01 00:00:00"} */
		j2date(scope->from + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		appendBinaryStringInfo(&text, value, strlen(value) - 1);
		appendStringInfo(&text, ",\"%s\":\"%04d-%02d-%02d 00:00:00\"}", stream->modified_parameter, year, month, day);
	}
	else
	{
		/* an array of objects whose filter_value is text that holds JSON */
		appendBinaryStringInfo(&text, value, strlen(value) - 1);
		appendStringInfoString(&text, ",{\"field_name\":\"campaign_ids\",\"filter_type\":\"IN\",\"filter_value\":");
		escape_json(&text, scope->campaign_ids);
		appendStringInfoString(&text, "}]");
	}
	append_parameter(url, name, text.data);
	pfree(text.data);
}

/* Appends what of the stream is gone through. */
static void
append_each(StringInfo url, const StreamDef *stream, const RequestScope *scope)
{
	if (scope->each == NULL)
		return;
	for (int i = 0; i < stream->each_parameters.count; i++)
		if (filter_member(stream->each_parameters.items[i]) == NULL)
		{
			Names		values = each_values(scope->each, i);

			append_names(url, stream->each_parameters.items[i], &values);
		}
	if (each_filters(stream, scope) && !names_contain(&stream->parameter_names, "filtering"))
		append_narrowed(url, "filtering", "{}", stream, scope);
}

/* The URL of one page of a stream. */
char *
request_url(const char *base_url, const StreamDef *stream, const RequestScope *scope, int page)
{
	StringInfoData url;
	const Names *metrics = scope->metrics != NULL ? scope->metrics : &stream->metrics;
	char		number[32];

	initStringInfo(&url);
	appendStringInfo(&url, "%s%s", base_url, stream->path);
	snprintf(number, sizeof(number), INT64_FORMAT, scope->advertiser_id);
	append_parameter(&url, "advertiser_id", number);
	for (int i = 0; i < stream->parameter_names.count; i++)
		append_narrowed(&url, stream->parameter_names.items[i], stream->parameter_values.items[i], stream, scope);
	append_each(&url, stream, scope);
	if (stream->dimensions.count > 0)
		append_names(&url, "dimensions", &stream->dimensions);
	if (metrics->count > 0)
		append_names(&url, "metrics", metrics);
	if (stream->date_column != NULL)
	{
		append_date(&url, "start_date", scope->from);
		append_date(&url, "end_date", scope->to);
	}
	if (stream->totals && scope->totals && page == 1 && scope->campaign_ids == NULL)
		append_parameter(&url, "enable_total_metrics", "true");
	if (stream->paged)
	{
		snprintf(number, sizeof(number), "%d", page);
		append_parameter(&url, "page", number);
		snprintf(number, sizeof(number), "%d", scope->page_size > 0 ? scope->page_size : stream->page_size);
		append_parameter(&url, "page_size", number);
	}
	return url.data;
}

/* Appends a member of a body: JSON as it stands, or a string. */
static void
append_member(StringInfo body, const char *name, const char *value, bool json)
{
	appendStringInfoChar(body, body->len == 0 ? '{' : ',');
	escape_json(body, name);
	appendStringInfoChar(body, ':');
	if (json)
		appendStringInfoString(body, value);
	else
		escape_json(body, value);
}

/* The body of a request for a report task. */
char *
request_body(const StreamDef *stream, const RequestScope *scope)
{
	StringInfoData body;
	int			year;
	int			month;
	int			day;

	initStringInfo(&body);
	append_member(&body, "advertiser_id", psprintf(INT64_FORMAT, scope->advertiser_id), false);
	for (int i = 0; i < stream->parameter_names.count; i++)
	{
		const char *value = stream->parameter_values.items[i];

		append_member(&body, stream->parameter_names.items[i], value,
					  value[0] == '[' || value[0] == '{' || strcmp(value, "true") == 0 || strcmp(value, "false") == 0);
	}
	append_member(&body, "dimensions", names_json(&stream->dimensions), true);
	append_member(&body, "metrics", names_json(scope->metrics != NULL ? scope->metrics : &stream->metrics), true);
	if (stream->date_column != NULL)
	{
		j2date(scope->from + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		append_member(&body, "start_date", psprintf("%04d-%02d-%02d", year, month, day), false);
		j2date(scope->to + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		append_member(&body, "end_date", psprintf("%04d-%02d-%02d", year, month, day), false);
	}
	append_member(&body, "output_format", "CSV_STRING", false);
	append_member(&body, "enable_report_title_translation", "false", true);
	appendStringInfoChar(&body, '}');
	return body.data;
}

/* A URL of named values. */
char *
request_url_parts(const char *base_url, const char *path, const char *const *names,
				  const char *const *values, int n)
{
	StringInfoData url;

	initStringInfo(&url);
	appendStringInfo(&url, "%s%s", base_url, path);
	for (int i = 0; i < n; i++)
		append_parameter(&url, names[i], values[i]);
	return url.data;
}
