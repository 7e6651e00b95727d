/*
 * report.c: serves report/integrated/get/: reads the query, writes the page.
 *
 * Stays true: what the documentation forbids is refused before anything is
 * computed; all values are strings on the wire; "-" is not available.
 */
#include "report.h"
#include "options.h"

#include <stdlib.h>

static const char *const level_names[] = {"AUCTION_CAMPAIGN", "AUCTION_ADGROUP", "AUCTION_AD", "AUCTION_ADVERTISER"};
static const char *const level_ids[] = {"campaign_id", "adgroup_id", "ad_id", "advertiser_id"};
static const ParamRule rules[] = {
	{"advertiser_id", PARAM_ID, false, 0, 0, NULL},
	{"advertiser_ids", PARAM_STRINGS, false, 1, 5, NULL},
	{"bc_id", PARAM_ID, false, 0, 0, NULL},
	{"service_type", PARAM_ENUM, false, 0, 0, "AUCTION"},
	{"report_type", PARAM_ENUM, true, 0, 0, "BASIC|AUDIENCE|PLAYABLE_MATERIAL|CATALOG|BC|TT_SHOP"},
	{"data_level", PARAM_ENUM, true, 0, 0, "AUCTION_ADVERTISER|AUCTION_CAMPAIGN|AUCTION_ADGROUP|AUCTION_AD"},
	{"dimensions", PARAM_STRINGS, true, 1, 4, NULL},
	{"metrics", PARAM_STRINGS, false, 0, MAX_METRICS, NULL},
	{"start_date", PARAM_DATE, false, 0, 0, NULL},
	{"end_date", PARAM_DATE, false, 0, 0, NULL},
	{"query_lifetime", PARAM_BOOLEAN, false, 0, 0, NULL},
	{"enable_total_metrics", PARAM_BOOLEAN, false, 0, 0, NULL},
	{"multi_adv_report_in_utc_time", PARAM_BOOLEAN, false, 0, 0, NULL},
	{"order_field", PARAM_TEXT, false, 0, 0, NULL},
	{"order_type", PARAM_ENUM, false, 0, 0, "ASC|DESC"},
	{"filtering", PARAM_OBJECTS, false, 0, 0, NULL},
	{"query_mode", PARAM_ENUM, false, 0, 0, "REGULAR|CHUNK"},
	{"page", PARAM_INTEGER, false, 1, 1000000, NULL},
	{"page_size", PARAM_INTEGER, false, 1, 1000, NULL},
};

/* Reads the dimensions: at most one ID, that of the level, and one of time. */
static int
read_dimensions(Request *request, Query *query)
{
	Json	   *json = json_parse(param(request, "dimensions"));
	const Json *item;
	int			code = 0;

	for (item = json->child; item != NULL && code == 0; item = item->next)
	{
		if (strcmp(item->text, "stat_time_day") == 0 || strcmp(item->text, "stat_time_hour") == 0)
		{
			if (query->grain != GRAIN_NONE)
				code = fail(request, 40002, "dimensions: only one time dimension is allowed");
			query->grain = strcmp(item->text, "stat_time_day") == 0 ? GRAIN_DAY : GRAIN_HOUR;
		}
		else if (strcmp(item->text, level_ids[query->level]) == 0 && !query->by_id)
			query->by_id = true;
		else if (choice_known("campaign_id|adgroup_id|ad_id|advertiser_id", item->text))
			code = fail(request, 40002, "dimensions: '%s' does not match data_level %s", item->text,
						level_names[query->level]);
		else if (breakdown_find(item->text) != NULL && query->breakdown[1] == NULL)
			query->breakdown[query->breakdown[0] == NULL ? 0 : 1] = breakdown_find(item->text);
		else if (strcmp(item->text, "ad_id_v2") == 0)
			code = fail(request, 40008, "dimensions: '%s' is not simulated", item->text);
		else
			code = fail(request, 40002, "dimensions: '%.100s' is not a valid choice.", item->text);
	}
	json_free(json);
	return code;
}

/* Checks which breakdowns go together, and with the type of report. */
static int
check_breakdowns(Request *request, Query *query)
{
	const Breakdown *one = query->breakdown[0];
	const Breakdown *two = query->breakdown[1];

	query->audience = strcmp(param(request, "report_type"), "AUDIENCE") == 0;
	query->members = (one ? breakdown_members(one) : 1) * (two ? breakdown_members(two) : 1);
	if (query->audience && one == NULL)
		return fail(request, 40002, "dimensions: report_type AUDIENCE needs an audience dimension");
	if (!query->audience && one != NULL &&
		(two != NULL || (one->group < BREAKDOWN_BASIC && !choice_known("country_code|ad_type", one->name))))
		return fail(request, 40002, "dimensions: '%s' is not supported by report_type BASIC", one->name);
	if (query->audience && one->group >= BREAKDOWN_BASIC)
		return fail(request, 40002, "dimensions: '%s' is not supported by report_type AUDIENCE", one->name);
	if (two != NULL && !(choice_known("age|gender", one->name) && choice_known("age|gender", two->name) && one != two))
		return fail(request, 40002, "dimensions: only age and gender may be combined");
	if (one == NULL)
		return 0;
	if (query->grain == GRAIN_HOUR || (query->grain == GRAIN_DAY && !one->by_day))
		return fail(request, 40002, "dimensions: '%s' does not support this time dimension", one->name);
	if (query->audience && query->level == LEVEL_ADVERTISER && strcmp(one->name, "ad_type") == 0)
		return fail(request, 40002, "dimensions: 'ad_type' is not supported with data_level AUCTION_ADVERTISER");
	if (param_true(request, "query_lifetime"))
		return fail(request, 40002, "query_lifetime: is not supported with dimension %s", one->name);
	return 0;
}

/* Adds one metric to the query. */
static int
add_metric(Request *request, Query *query, const char *name)
{
	const Metric *metric = metric_find(name);
	int			i;

	for (i = 0; i < world.refusals; i++)
		if (strcmp(world.refusal[i].metric, name) == 0 &&
			(world.refusal[i].advertiser_id == 0 || world.refusal[i].advertiser_id == query->adv->id))
			return fail(request, 40002, "metrics: '%s' is not available for this advertiser", name);
	if (metric == NULL)
		return fail(request, 40002, "metrics: '%.100s' is not a valid choice.", name);
	if (metric->kind == METRIC_ELSEWHERE)
		return fail(request, 40002, "metrics: '%s' is not supported by report_type BASIC", name);
	if (query->breakdown[0] && !breakdown_allows(query->breakdown[0], query->audience, name))
		return fail(request, 40002, "metrics: '%s' is not supported with dimension %s", name, query->breakdown[0]->name);
	if (metric->kind == METRIC_ATTRIBUTE && !query->by_id)
		return fail(request, 40002, "metrics: '%s' needs an ID dimension", name);
	if (metric->kind == METRIC_ATTRIBUTE && !attribute_allowed(metric, query->level))
		return fail(request, 40002, "metrics: '%s' is not supported with data_level %s", name, level_names[query->level]);
	for (i = 0; i < query->metric_count; i++)
		if (query->metric[i] == metric)
			return 0;
	query->metric[query->metric_count++] = metric;
	metric_need(metric, &query->program);
	return 0;
}

/* Reads the metrics, spend and impressions by default. */
static int
read_metrics(Request *request, Query *query)
{
	const char *text = param(request, "metrics");
	Json	   *json = json_parse(text ? text : "[\"spend\",\"impressions\"]");
	const Json *item;
	int			code = 0;

	for (item = json->child; item != NULL && code == 0; item = item->next)
		code = add_metric(request, query, item->text);
	json_free(json);
	return code;
}

/* Reads the range of days, with the limits of each grain. */
static int
read_range(Request *request, Query *query)
{
	const char *start = param(request, "start_date");
	const char *end = param(request, "end_date");
	int			days;

	if (param_true(request, "query_lifetime"))
	{
		query->from = world.first_day;
		query->to = (int) floor_div(zone_local(query->adv->zone, query->now), DAY_SECONDS);
		if (query->to < query->from)
			query->to = query->from;
		return query->grain == GRAIN_NONE ? 0 :
			fail(request, 40002, "query_lifetime: cannot be used with stat_time_day or stat_time_hour");
	}
	if (start == NULL || end == NULL)
		return fail(request, 40002, "%s: Missing data for required field.", start ? "end_date" : "start_date");
	date_parse(start, &query->from);
	date_parse(end, &query->to);
	days = query->to - query->from + 1;
	if (days < 1)
		return fail(request, 40002, "end_date: must not be earlier than start_date");
	if (request->whole)
		return 0;
	if (query->grain == GRAIN_HOUR && days > 1)
		return fail(request, 40002, "The max time span is 1 day when stat_time_hour is in dimensions");
	if (query->grain == GRAIN_DAY && days > 30)
		return fail(request, 40002, "The max time span is 30 days when stat_time_day is in dimensions");
	if (days > 365)
		return fail(request, 40002, "The max time span is 365 days");
	return 0;
}

/* Reads order and totals. */
static int
read_extras(Request *request, Query *query)
{
	const char *order = param(request, "order_field");
	bool		sandbox = strcmp(options.tier, "sandbox") == 0;

	query->ascending = param(request, "order_type") && strcmp(param(request, "order_type"), "ASC") == 0;
	if (sandbox && (order || param(request, "order_type") || param_true(request, "enable_total_metrics")))
		return fail(request, 40009, "order_field, order_type and enable_total_metrics are not supported in sandbox.");
	if (param_true(request, "enable_total_metrics") && (!query->by_id || query->breakdown[0] || query->grain == GRAIN_HOUR))
		return fail(request, 40002, "enable_total_metrics: needs one ID dimension, no hour and no further dimension");
	if (order == NULL)
		return 0;
	query->order = metric_find(order);
	if (query->order == NULL || query->order->kind >= METRIC_ATTRIBUTE)
		return fail(request, 40002, "order_field: '%.100s' is not a valid choice.", order);
	metric_need(query->order, &query->program);
	return 0;
}

/* Reads the whole query. */
static int
read_query(Request *request, Query *query)
{
	int			i;

	if (params_check(request, rules, COUNT_OF(rules)))
		return request->code;
	if (!choice_known("BASIC|AUDIENCE", param(request, "report_type")))
		return fail(request, 40008, "report_type: %s is not simulated", param(request, "report_type"));
	if (param(request, "advertiser_ids") || param(request, "bc_id") || param(request, "multi_adv_report_in_utc_time"))
		return fail(request, 40008, "advertiser_ids, bc_id and multi_adv_report_in_utc_time are not simulated");
	if (param(request, "advertiser_id") == NULL)
		return fail(request, 40002, "advertiser_id: Missing data for required field.");
	query->now = request->now;
	query->whole = request->whole;
	query->adv = advertiser_param(request);
	if (query->adv == NULL)
		return request->code;
	for (i = 0; i < COUNT_OF(level_names); i++)
		if (strcmp(level_names[i], param(request, "data_level")) == 0)
			query->level = (Level) i;
	if (read_dimensions(request, query) || check_breakdowns(request, query) || read_metrics(request, query) || read_range(request, query) ||
		read_extras(request, query) || filter_read_report(request, query->level, &query->filter))
		return request->code;
	program_finish(&query->program);
	return 0;
}

/* What does not change from row to row. */
typedef struct RowFormat
{
	size_t		room;			/* of a row without attributes */
	size_t		key_len[MAX_METRICS];
	char		key[MAX_METRICS][80];	/* ,"name":" */
	bool		attributes;
} RowFormat;

/* Prepares the texts before each value. */
static void
format_prepare(RowFormat *format, const Query *query)
{
	int			i;

	format->room = 256;
	format->attributes = false;
	for (i = 0; i < query->metric_count; i++)
	{
		const char *name = query->metric[i]->name;
		size_t		len = strlen(name);
		char	   *key = format->key[i];

		memcpy(key, ",\"", 2);
		memcpy(key + 2, name, len);
		memcpy(key + 2 + len, "\":\"", 3);
		if (query->metric[i]->kind == METRIC_ATTRIBUTE)
			format->attributes = true;
		format->key_len[i] = len + 5;
		format->room += len + 32;
	}
}

/* Writes an attribute as a JSON string, keeping the buffer's room. */
static void
put_attribute(Buffer *out, const Query *query, const Metric *metric, int index, unsigned twist)
{
	char		text[256];

	out->len--;					/* the quote of the key */
	if (metric->numerator == ATTR_CAMPAIGN_NAME && (twist & TWIST_BAD_UTF8))
		put_text(out, "\"cut through an emoji \xf0\x9f\x94\"");
	else if (metric->numerator == ATTR_CAMPAIGN_NAME && (twist & TWIST_BAD_ESCAPE))
		put_text(out, "\"lone \\ud83d surrogate, nul \\u0000, bad \\x escape\"");
	else
	{
		attribute_text(metric, query->adv, query->level, index, query->now, text, sizeof(text));
		put_json(out, text);
	}
	out->len--;					/* the caller closes it */
}

/* Writes the metrics of sums; group -1 is the total. */
static void
put_metrics(Buffer *out, const Query *query, const RowFormat *format, const Unit *unit, const Sums *sums, unsigned twist)
{
	int			money = query->adv->market->decimals;
	bool		no_goal = unit != NULL && query->level != LEVEL_ADVERTISER && query->by_id &&
		!campaign_has_secondary_goal(node_above(query->adv, query->level, unit->index, LEVEL_CAMPAIGN));
	size_t		start = out->len;
	char	   *p;
	int			i;

	buffer_room(out, format->room);
	p = out->data + out->len;
	for (i = 0; i < query->metric_count; i++)
	{
		const Metric *metric = query->metric[i];
		int			decimals;
		int64		value;

		if (metric->kind == METRIC_ATTRIBUTE && unit == NULL)
			continue;
		memcpy(p, format->key[i], format->key_len[i]);
		p += format->key_len[i];
		if (metric->kind == METRIC_ATTRIBUTE)
		{
			out->len = (size_t) (p - out->data);
			put_attribute(out, query, metric, unit->index, twist);
			buffer_room(out, format->room);
			p = out->data + out->len;
		}
		else if ((twist & TWIST_WRONG_TYPE) && strcmp(metric->name, "impressions") == 0)
		{
			p = stpcpy(p - 1, "{\"count\":[\"7\"]}");
			continue;
		}
		else if (no_goal && metric->secondary)
			*p++ = '-';
		else
		{
			value = metric_value(metric, sums, money, &decimals);
			/* what few people searched for is censored */
			if (query->breakdown[0] && query->breakdown[0]->group == BREAKDOWN_SEARCH && value < 5 && strcmp(metric->name, "impressions") == 0)
				p = stpcpy(p, "<5");
			else
				p = write_fixed(p, value, decimals);
		}
		*p++ = '"';
	}
	out->len = (size_t) (p - out->data);
	if (out->len == start)
		out->len++;
	out->data[start] = '{';		/* instead of the first comma */
	if (twist & TWIST_UNKNOWN_FIELD)
		put_text(out, out->len > start + 1 ? ",\"simulator_new_metric\":\"1\"" : "\"simulator_new_metric\":\"1\"");
	put_text(out, "}");
}

/* Writes one row. */
static void
put_row(Buffer *out, const Query *query, const Plan *plan, const RowFormat *format, RowPlace place, unsigned twist)
{
	const Unit *unit = plan->units ? &plan->unit[place.group] : NULL;
	Sums		sums;
	char		date[11];
	char	   *p;

	plan_sums(plan, query, place, &sums);
	buffer_room(out, 256);
	p = out->data + out->len;
	p = stpcpy(p, "{\"dimensions\":{");
	if (query->by_id)
	{
		const Advertiser *adv = query->adv;

		*p++ = '"';
		p = stpcpy(p, level_ids[query->level]);
		p = stpcpy(p, "\":\"");
		p = write_int(p, query->level == LEVEL_ADVERTISER ? adv->id : adv->node[query->level][unit->index].id);
		*p++ = '"';
		*p++ = ',';
	}
	p = put_members(p, query, place.slot % query->members);
	if (query->grain != GRAIN_NONE)
	{
		int			moment = place.slot / query->members;
		int			hour = query->grain == GRAIN_HOUR ? moment : 0;

		date_format(plan->view[query->grain == GRAIN_DAY ? moment : 0].day, date);
		p = stpcpy(p, query->grain == GRAIN_DAY ? "\"stat_time_day\":\"" : "\"stat_time_hour\":\"");
		p = stpcpy(p, date);
		*p++ = ' ';
		*p++ = (char) ('0' + hour / 10);
		*p++ = (char) ('0' + hour % 10);
		p = stpcpy(p, ":00:00\"");
	}
	else if (p[-1] == ',')
		p--;
	p = stpcpy(p, "},\"metrics\":");
	out->len = (size_t) (p - out->data);
	put_metrics(out, query, format, unit, &sums, twist);
	put_text(out, twist & TWIST_UNKNOWN_FIELD ? ",\"simulator_new_field\":[1,{\"a\":\"b\"}]}" : "}");
}

/* Writes the rows of the page. */
static void
put_rows(Request *request, Buffer *out, const Query *query, const Plan *plan, const RowFormat *format)
{
	RowPlace	place;
	int64		from,
				to,
				row;

	put_text(out, "\"list\":[");
	if (page_bounds(request, plan_rows(plan), &from, &to))
	{
		plan_place(plan, query, from, &place);
		for (row = from; row < to; row++)
		{
			if (row > from)
			{
				put_text(out, ",");
				plan_next(plan, query, row, &place);
			}
			put_row(out, query, plan, format, place, request->twist);
		}
		request->rows = to - from;
		if (request->twist & TWIST_DUPLICATE)
		{
			put_text(out, ",");
			put_row(out, query, plan, format, place, request->twist);
		}
	}
	put_text(out, "],");
}

/* Writes the totals over all rows. */
static void
put_totals(const Request *request, Buffer *out, Query *query, const Plan *plan, const RowFormat *format)
{
	Query		all = *query;
	Sums		sums;
	RowPlace	place = {0, 0};

	all.by_id = false;
	all.members = 1;
	all.grain = GRAIN_NONE;
	plan_sums(plan, &all, place, &sums);
	if (request->twist & TWIST_TOTALS)
		sums.value[BASE_IMPRESSIONS]++;
	put_text(out, "\"total_metrics\":");
	put_metrics(out, query, format, NULL, &sums, 0);
	put_text(out, ",");
}

/* Writes one row as CSV. */
static void
put_csv_row(Buffer *out, const Query *query, const Plan *plan, RowPlace place)
{
	const Unit *unit = plan->units ? &plan->unit[place.group] : NULL;
	int			moment = place.slot / query->members;
	char		date[11];
	char		number[64];
	Sums		sums;
	int			i;

	plan_sums(plan, query, place, &sums);
	if (query->by_id)
		put_format(out, "%lld,", (long long) (query->level == LEVEL_ADVERTISER ? query->adv->id : query->adv->node[query->level][unit->index].id));
	if (query->breakdown[0])
	{
		char		members[256];
		char	   *from;

		*put_members(members, query, place.slot % query->members) = '\0';
		/* "name":"value", and again: the values alone */
		for (from = strchr(members, ':'); from != NULL; from = strchr(from, ':'))
		{
			from += 2;
			put_text(out, "\"");
			put_bytes(out, from, strcspn(from, "\""));
			put_text(out, "\",");
		}
	}
	if (query->grain != GRAIN_NONE)
	{
		date_format(plan->view[query->grain == GRAIN_DAY ? moment : 0].day, date);
		put_format(out, "%s %02d:00:00,", date, query->grain == GRAIN_HOUR ? moment : 0);
	}
	for (i = 0; i < query->metric_count; i++)
	{
		const Metric *metric = query->metric[i];
		int			decimals;

		if (metric->kind == METRIC_ATTRIBUTE)
		{
			attribute_text(metric, query->adv, query->level, unit->index, query->now, number, sizeof(number));
			put_format(out, "\"%s\"", number);
		}
		else if (metric->secondary && query->level != LEVEL_ADVERTISER && query->by_id &&
				 !campaign_has_secondary_goal(node_above(query->adv, query->level, unit->index, LEVEL_CAMPAIGN)))
			put_text(out, "-");
		else
		{
			int64		value = metric_value(metric, &sums, query->adv->market->decimals, &decimals);

			*write_fixed(number, value, decimals) = '\0';
			put_text(out, number);
		}
		put_text(out, i + 1 < query->metric_count ? "," : "\n");
	}
}

/* Writes a whole report as CSV with API names. */
int
serve_report_csv(Request *request, Buffer *out)
{
	Query	   *query = must_alloc(sizeof(Query));
	int			code = read_query(request, query);
	int			i;

	if (code == 0)
	{
		const Plan *plan = plan_find(request, query);
		RowPlace	place = {0, -1};
		int64		row;

		if (query->by_id)
			put_format(out, "%s,", level_ids[query->level]);
		for (i = 0; i < 2 && query->breakdown[i]; i++)
			put_format(out, "%s,", query->breakdown[i]->name);
		if (query->grain != GRAIN_NONE)
			put_text(out, query->grain == GRAIN_DAY ? "stat_time_day," : "stat_time_hour,");
		for (i = 0; i < query->metric_count; i++)
			put_format(out, "%s%s", query->metric[i]->name, i + 1 < query->metric_count ? "," : "\n");
		for (row = 0; row < plan_rows(plan); row++)
		{
			plan_next(plan, query, row, &place);
			put_csv_row(out, query, plan, place);
			request->rows++;
		}
	}
	free(query);
	return code;
}

/* Serves report/integrated/get/. */
int
serve_report(Request *request, Buffer *out)
{
	Query	   *query = must_alloc(sizeof(Query));
	RowFormat  *format = must_alloc(sizeof(RowFormat));
	int			code = read_query(request, query);

	if (code == 0)
	{
		const Plan *plan = plan_find(request, query);

		request->throttled = plan->throttled || (request->twist & TWIST_THROTTLED);
		format_prepare(format, query);
		put_rows(request, out, query, plan, format);
		if (param_true(request, "enable_total_metrics"))
			put_totals(request, out, query, plan, format);
		put_page_info(out, request, plan_rows(plan));
	}
	free(format);
	free(query);
	return code;
}
