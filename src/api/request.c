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

/* Appends a list of names as a JSON array. */
static void
append_names(StringInfo url, const char *name, const Names *names)
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
	append_parameter(url, name, list.data);
	pfree(list.data);
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

/* The URL of one page of a stream. */
char *
request_url(const char *base_url, const StreamDef *stream, int64 advertiser_id,
			DateADT from, DateADT to, int page)
{
	StringInfoData url;
	char		number[32];

	initStringInfo(&url);
	appendStringInfo(&url, "%s%s", base_url, stream->path);
	snprintf(number, sizeof(number), INT64_FORMAT, advertiser_id);
	append_parameter(&url, "advertiser_id", number);
	for (int i = 0; i < stream->parameter_names.count; i++)
		append_parameter(&url, stream->parameter_names.items[i], stream->parameter_values.items[i]);
	if (stream->dimensions.count > 0)
		append_names(&url, "dimensions", &stream->dimensions);
	if (stream->metrics.count > 0)
		append_names(&url, "metrics", &stream->metrics);
	if (stream->date_column != NULL)
	{
		append_date(&url, "start_date", from);
		append_date(&url, "end_date", to);
	}
	if (stream->paged)
	{
		snprintf(number, sizeof(number), "%d", page);
		append_parameter(&url, "page", number);
		snprintf(number, sizeof(number), "%d", stream->page_size);
		append_parameter(&url, "page_size", number);
	}
	return url.data;
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
