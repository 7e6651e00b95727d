/*
 * gmv.c: serves gmv_max/report/get/: campaigns of GMV Max, shop by shop.
 *
 * Stays true: exactly one shop is asked for; hours sum to days, and campaigns
 * to their shop; orders and revenue grow while the attribution window is open.
 */
#include "json.h"
#include "options.h"
#include "request.h"
#include "volume.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_DAYS 28
#define ALL_STATUSES 4

/* What the additive metrics are made of. */
typedef struct GmvSums
{
	int64		cost;			/* money units */
	int64		orders;
	int64		revenue;
	bool		any;
} GmvSums;

typedef struct GmvQuery
{
	const Advertiser *adv;
	int			store;
	bool		by_campaign;
	bool		hourly;
	bool		deleted;		/* too */
	int			from;
	int			to;
	int			days;			/* 0: no time dimension */
	Json	   *metrics;
} GmvQuery;

static const ParamRule rules[] = {
	{"advertiser_id", PARAM_ID, true, 0, 0, NULL},
	{"store_ids", PARAM_STRINGS, true, 1, 1, NULL},
	{"dimensions", PARAM_STRINGS, true, 1, 3, NULL},
	{"metrics", PARAM_STRINGS, true, 1, 100, NULL},
	{"start_date", PARAM_DATE, true, 0, 0, NULL},
	{"end_date", PARAM_DATE, true, 0, 0, NULL},
	{"filtering", PARAM_OBJECT, false, 0, 0, NULL},
	{"page", PARAM_INTEGER, false, 1, 1000000, NULL},
	{"page_size", PARAM_INTEGER, false, 1, 1000, NULL},
};

/* Reads which shop is meant. */
static int
read_store(Request *request, GmvQuery *query)
{
	Json	   *json = json_parse(param(request, "store_ids"));
	char		number[24];

	query->store = -1;
	for (int i = 0; i < GMV_STORES; i++)
	{
		snprintf(number, sizeof(number), "%lld", (long long) list_number(query->adv, i, LIST_STORE));
		if (strcmp(json->child->text, number) == 0)
			query->store = i;
	}
	json_free(json);
	return query->store < 0 ? fail(request, 40002, "store_ids: the shop does not belong to this advertiser.") : 0;
}

/* Reads the dimensions: one id, and one of time or none. */
static int
read_dimensions(Request *request, GmvQuery *query)
{
	Json	   *json = json_parse(param(request, "dimensions"));
	int			ids = 0;
	int			times = 0;
	int			code = 0;

	for (const Json *item = json->child; item != NULL && code == 0; item = item->next)
	{
		if (choice_known("advertiser_id|campaign_id", item->text))
		{
			query->by_campaign = strcmp(item->text, "campaign_id") == 0;
			ids++;
		}
		else if (choice_known("stat_time_day|stat_time_hour", item->text))
		{
			query->hourly = strcmp(item->text, "stat_time_hour") == 0;
			times++;
		}
		else if (choice_known("item_group_id|item_id|room_id|duration", item->text))
			code = fail(request, 40008, "dimensions: '%s' is not simulated", item->text);
		else
			code = fail(request, 40002, "dimensions: '%.100s' is not a valid choice.", item->text);
	}
	json_free(json);
	if (code == 0 && (ids != 1 || times > 1))
		code = fail(request, 40002, "dimensions: one id dimension and at most one time dimension are required");
	date_parse(param(request, "start_date"), &query->from);
	date_parse(param(request, "end_date"), &query->to);
	query->days = times == 0 ? 0 : query->to - query->from + 1;
	if (code == 0 && query->to < query->from)
		code = fail(request, 40002, "end_date: must not be earlier than start_date");
	if (code == 0 && query->days > (query->hourly ? 1 : 30))
		code = fail(request, 40002, "The time span is too long for this time dimension");
	return code;
}

/* Reads the filter; deleted campaigns are shown only when they are asked for. */
static int
read_filter(Request *request, GmvQuery *query)
{
	Json	   *json = param(request, "filtering") ? json_parse(param(request, "filtering")) : NULL;
	int			code = 0;

	for (const Json *member = json ? json->child : NULL; member != NULL && code == 0; member = member->next)
	{
		if (strcmp(member->name, "campaign_statuses") != 0)
			code = fail(request, choice_known("campaign_ids|campaign_name|gmv_max_promotion_types|item_group_ids|item_ids|room_ids|search_word|creative_types", member->name) ? 40008 : 40002,
						"filtering: '%.100s' is not simulated", member->name);
		else if (!json_is_strings(member) || json_length(member) > ALL_STATUSES || !query->by_campaign)
			code = fail(request, 40002, "filtering.campaign_statuses: at most %d words, of campaigns", ALL_STATUSES);
		else
			for (const Json *word = member->child; word != NULL && code == 0; word = word->next)
			{
				query->deleted |= strcmp(word->text, "STATUS_DELETE") == 0;
				if (!choice_known("STATUS_DELETE|STATUS_DELIVERY_OK|STATUS_DISABLE|STATUS_NOT_DELIVERY", word->text))
					code = fail(request, 40002, "filtering.campaign_statuses: '%.100s' is not a valid choice.", word->text);
			}
	}
	if (json)
		json_free(json);
	return code;
}

/* Checks the metrics. */
static int
read_metrics(Request *request, GmvQuery *query)
{
	query->metrics = json_parse(param(request, "metrics"));
	for (const Json *item = query->metrics->child; item != NULL; item = item->next)
		if (!choice_known("cost|net_cost|orders|cost_per_order|gross_revenue|roi|campaign_name", item->text) ||
			(strcmp(item->text, "campaign_name") == 0 && !query->by_campaign))
			return fail(request, 40002, "metrics: '%.100s' is not a valid choice.", item->text);
	return 0;
}

/* Adds one hour of a campaign; orders come in until the window has closed. */
static void
hour_add(const Advertiser *adv, int campaign, const DayView *view, int hour, GmvSums *sums)
{
	uint64		h = noise(adv->seed ^ (uint64) campaign, 41, (uint64) view->day * 24 + (uint64) hour);
	int64		age = view->age < 0 ? 0 : view->age > WINDOW_DAYS ? WINDOW_DAYS : view->age;
	int64		orders = (int64) (h % 40) * (60 * WINDOW_DAYS + 40 * age) / (100 * WINDOW_DAYS) * view->factor / 100;

	sums->cost += (int64) (h >> 20 & 4095) + 100;
	sums->orders += orders;
	sums->revenue += orders * (1500 + (int64) (h >> 40 & 1023));
	sums->any = true;
}

/* Adds the hours of a day, or one of them (-1: all), of the campaigns of a shop, or one of them. */
static void
day_add(const GmvQuery *query, int campaign, int day, int hour, int64 now, GmvSums *sums)
{
	DayView		view;

	dayview_set(&view, query->adv, day, now);
	for (int c = 0; c < GMV_CAMPAIGNS; c++)
	{
		if (c % GMV_STORES != query->store || (campaign >= 0 && c != campaign))
			continue;
		for (int i = hour < 0 ? 0 : hour; i < (hour < 0 ? view.hours : hour + 1); i++)
			if (i < view.hours && i != view.missing_hour)
				hour_add(query->adv, c, &view, i, sums);
	}
}

/* Writes money. */
static void
put_money(Buffer *out, const Advertiser *adv, int64 units)
{
	static const int64 power[] = {1, 10, 100, 1000};
	int64		one = power[adv->market->decimals];

	if (one == 1)
		put_format(out, "\"%lld\"", (long long) units);
	else
		put_format(out, "\"%lld.%0*lld\"", (long long) (units / one), adv->market->decimals, (long long) (units % one));
}

/* Writes the metrics that were asked for. */
static void
put_metrics(Buffer *out, const GmvQuery *query, int campaign, const GmvSums *sums)
{
	for (const Json *item = query->metrics->child; item != NULL; item = item->next)
	{
		put_format(out, "%s\"%s\":", item == query->metrics->child ? "" : ",", item->text);
		if (strcmp(item->text, "cost") == 0)
			put_money(out, query->adv, sums->cost);
		else if (strcmp(item->text, "net_cost") == 0)
			put_money(out, query->adv, sums->cost - sums->cost / 20);
		else if (strcmp(item->text, "gross_revenue") == 0)
			put_money(out, query->adv, sums->revenue);
		else if (strcmp(item->text, "orders") == 0)
			put_format(out, "\"%lld\"", (long long) sums->orders);
		else if (strcmp(item->text, "cost_per_order") == 0 && sums->orders > 0)
			put_money(out, query->adv, sums->cost / sums->orders);
		else if (strcmp(item->text, "roi") == 0)
			put_format(out, "\"%lld.%02lld\"", (long long) (sums->revenue / sums->cost), (long long) (sums->revenue * 100 / sums->cost % 100));
		else if (strcmp(item->text, "campaign_name") == 0)
			put_format(out, "\"GMV Max %d\"", campaign);
		else
			put_text(out, "\"-\"");
	}
}

/* Writes the row of one place, if there is one and the page has it; counts it. */
static void
put_row(Request *request, Buffer *out, const GmvQuery *query, int campaign, int day, int hour, int64 *row, int64 from, int64 to)
{
	GmvSums		sums = {0};
	char		date[11];

	if (query->days == 0)
		for (int d = query->from; d <= query->to; d++)
			day_add(query, campaign, d, -1, request->now, &sums);
	else
		day_add(query, campaign, day, hour, request->now, &sums);
	if (!sums.any || (*row)++ < from || *row > to)
		return;
	put_format(out, "%s{\"dimensions\":{\"%s\":\"%lld\"", request->rows++ > 0 ? "," : "", query->by_campaign ? "campaign_id" : "advertiser_id",
			   (long long) (query->by_campaign ? list_number(query->adv, campaign, LIST_GMV_CAMPAIGN) : query->adv->id));
	if (query->days > 0)
	{
		date_format(day, date);
		put_format(out, ",\"%s\":\"%s %02d:00:00\"", query->hourly ? "stat_time_hour" : "stat_time_day", date, hour < 0 ? 0 : hour);
	}
	put_text(out, "},\"metrics\":{");
	put_metrics(out, query, campaign, &sums);
	put_text(out, "}}");
}

/* Goes through all rows, of which the page's are written. */
static int64
put_rows(Request *request, Buffer *out, const GmvQuery *query)
{
	int64		size = param_integer(request, "page_size", 10);
	int64		from = (param_integer(request, "page", 1) - 1) * size;
	int64		row = 0;

	for (int c = query->by_campaign ? 0 : -1; c < (query->by_campaign ? GMV_CAMPAIGNS : 0); c++)
	{
		if (c == GMV_CAMPAIGNS - 1 && !query->deleted)
			continue;
		for (int d = query->from; d <= (query->days > 0 ? query->to : query->from); d++)
			for (int h = query->hourly ? 0 : -1; h < (query->hourly ? 24 : 0); h++)
				put_row(request, out, query, c, d, h, &row, from, from + size);
	}
	return row;
}

/* Serves gmv_max/report/get/; without a row the list is left out, as the API does. */
int
serve_gmv_report(Request *request, Buffer *out)
{
	GmvQuery	query = {0};
	size_t		start = out->len;
	int64		rows;

	if (params_check(request, rules, COUNT_OF(rules)) || (query.adv = advertiser_param(request)) == NULL ||
		read_store(request, &query) || read_dimensions(request, &query) || read_filter(request, &query) ||
		read_metrics(request, &query))
	{
		if (query.metrics)
			json_free(query.metrics);
		return request->code;
	}
	put_text(out, "\"list\":[");
	rows = put_rows(request, out, &query);
	put_text(out, "],");
	if (rows == 0)
		out->len = start;
	put_page_info(out, request, rows);
	json_free(query.metrics);
	return 0;
}
