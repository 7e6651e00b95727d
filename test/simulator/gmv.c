/*
 * gmv.c: serves gmv_max/report/get/: campaigns of GMV Max, shop by shop, and
 * the products and creatives of a campaign.
 *
 * Stays true: exactly one shop is asked for, campaigns where products are,
 * products where creatives are; hours sum to days, creatives (the product card
 * among them) to their product, products to their campaign and campaigns to
 * their shop; orders and revenue grow while the attribution window is open.
 */
#include "json.h"
#include "options.h"
#include "request.h"
#include "volume.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_DAYS 28
#define ALL_STATUSES 4
#define LIST_GMV_PRODUCT 41
#define LIST_GMV_CREATIVE 42
#define PRODUCTS_MOST 130
#define CREATIVES 3				/* of a product; the first is its card */
#define ASKED_MOST 100

/* By which id a report has its rows: each has those before it, too. */
typedef enum GmvLevel
{
	GMV_STORE, GMV_CAMPAIGN, GMV_PRODUCT, GMV_CREATIVE
} GmvLevel;

/* What the additive metrics are made of. */
typedef struct GmvSums
{
	int64		cost;			/* money units */
	int64		orders;
	int64		revenue;
	int64		impressions;	/* of creatives */
	int64		clicks;
	bool		any;
} GmvSums;

typedef struct GmvQuery
{
	const Advertiser *adv;
	int			store;
	GmvLevel	level;
	bool		with_campaign;	/* rows of products and creatives say their campaign, */
	bool		with_product;	/* and product */
	int			ids;			/* how many they say */
	bool		hourly;
	bool		deleted;		/* too */
	int			campaigns;		/* how many are asked for, 0: all */
	bool		campaign[GMV_CAMPAIGNS];
	int			products;
	int64		product[ASKED_MOST];
	int			from;
	int			to;
	int			days;			/* 0: no time dimension */
	Json	   *metrics;
} GmvQuery;

/* What of a shop a row is for; -1: all. */
typedef struct GmvPlace
{
	int			campaign;
	int			product;
	int			creative;
} GmvPlace;

/* A metric and by what it is offered. */
typedef struct GmvMetric
{
	const char *name;
	GmvLevel	from;
	GmvLevel	to;
	bool		alone;			/* an attribute: one id, one campaign */
} GmvMetric;

static const GmvMetric metrics[] = {
	{"cost", GMV_STORE, GMV_CREATIVE, false},
	{"net_cost", GMV_STORE, GMV_CAMPAIGN, false},
	{"orders", GMV_STORE, GMV_CREATIVE, false},
	{"cost_per_order", GMV_STORE, GMV_CREATIVE, false},
	{"gross_revenue", GMV_STORE, GMV_CREATIVE, false},
	{"roi", GMV_STORE, GMV_CREATIVE, false},
	{"campaign_name", GMV_CAMPAIGN, GMV_CAMPAIGN, false},
	{"product_name", GMV_PRODUCT, GMV_PRODUCT, true},
	{"product_status", GMV_PRODUCT, GMV_PRODUCT, true},
	{"product_impressions", GMV_CREATIVE, GMV_CREATIVE, false},
	{"product_clicks", GMV_CREATIVE, GMV_CREATIVE, false},
	{"product_click_rate", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_click_rate", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_conversion_rate", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_video_view_rate_2s", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_video_view_rate_6s", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_video_view_rate_p25", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_video_view_rate_p50", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_video_view_rate_p75", GMV_CREATIVE, GMV_CREATIVE, false},
	{"ad_video_view_rate_p100", GMV_CREATIVE, GMV_CREATIVE, false},
	{"creative_delivery_status", GMV_CREATIVE, GMV_CREATIVE, false},
};

static const ParamRule rules[] = {
	{"advertiser_id", PARAM_ID, true, 0, 0, NULL},
	{"store_ids", PARAM_STRINGS, true, 1, 1, NULL},
	{"dimensions", PARAM_STRINGS, true, 1, 4, NULL},
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

/* Reads one dimension; counts what of the ids and times there is. */
static int
read_dimension(Request *request, GmvQuery *query, const char *name, bool seen[4], int *times)
{
	static const char *const ids[] = {"advertiser_id", "campaign_id", "item_group_id", "item_id"};

	for (int i = 0; i < COUNT_OF(ids); i++)
		if (strcmp(name, ids[i]) == 0)
		{
			query->level = (int) query->level < i ? (GmvLevel) i : query->level;
			query->ids++;
			if (seen[i])
				return fail(request, 40002, "dimensions: '%s' is named twice", name);
			seen[i] = true;
			return 0;
		}
	if (choice_known("stat_time_day|stat_time_hour", name))
	{
		query->hourly = strcmp(name, "stat_time_hour") == 0;
		(*times)++;
		return 0;
	}
	if (choice_known("room_id|duration", name))
		return fail(request, 40008, "dimensions: '%s' is not simulated", name);
	return fail(request, 40002, "dimensions: '%.100s' is not a valid choice.", name);
}

/* Reads the dimensions: ids, and one of time or none. */
static int
read_dimensions(Request *request, GmvQuery *query)
{
	Json	   *json = json_parse(param(request, "dimensions"));
	bool		seen[4] = {false};
	int			times = 0;
	int			code = 0;

	for (const Json *item = json->child; item != NULL && code == 0; item = item->next)
		code = read_dimension(request, query, item->text, seen, &times);
	json_free(json);
	query->with_campaign = seen[GMV_CAMPAIGN];
	query->with_product = seen[GMV_PRODUCT];
	if (code == 0 && (query->ids == 0 || times > 1 || (seen[GMV_STORE] && query->ids > 1)))
		code = fail(request, 40002, "dimensions: ids of one report, and at most one time dimension are required");
	if (code == 0 && query->hourly && query->level > GMV_CAMPAIGN)
		code = fail(request, 40002, "dimensions: 'stat_time_hour' is not supported with this id dimension");
	date_parse(param(request, "start_date"), &query->from);
	date_parse(param(request, "end_date"), &query->to);
	query->days = times == 0 ? 0 : query->to - query->from + 1;
	if (code == 0 && query->to < query->from)
		code = fail(request, 40002, "end_date: must not be earlier than start_date");
	if (code == 0 && query->days > (query->hourly ? 1 : 30))
		code = fail(request, 40002, "The time span is too long for this time dimension");
	return code;
}

/* Reads the statuses of campaigns; deleted ones are shown only when they are asked for. */
static int
read_statuses(Request *request, GmvQuery *query, const Json *member)
{
	if (!json_is_strings(member) || json_length(member) > ALL_STATUSES || query->level != GMV_CAMPAIGN)
		return fail(request, 40002, "filtering.campaign_statuses: at most %d words, of campaigns", ALL_STATUSES);
	for (const Json *word = member->child; word != NULL; word = word->next)
	{
		query->deleted |= strcmp(word->text, "STATUS_DELETE") == 0;
		if (!choice_known("STATUS_DELETE|STATUS_DELIVERY_OK|STATUS_DISABLE|STATUS_NOT_DELIVERY", word->text))
			return fail(request, 40002, "filtering.campaign_statuses: '%.100s' is not a valid choice.", word->text);
	}
	return 0;
}

/* Reads which campaigns or products are meant; of those that are not there is nothing to tell. */
static int
read_asked(Request *request, GmvQuery *query, const Json *member)
{
	bool		products = strcmp(member->name, "item_group_ids") == 0;
	int64		id;

	if (query->level < (products ? GMV_CREATIVE : GMV_CAMPAIGN))
		return fail(request, 40002, "filtering.%s: is not supported with these dimensions", member->name);
	if (!json_is_strings(member) || json_length(member) < 1 || json_length(member) > ASKED_MOST)
		return fail(request, 40002, "filtering.%s: 1 to %d ids", member->name, ASKED_MOST);
	for (const Json *item = member->child; item != NULL; item = item->next)
	{
		if (!id_parse(item->text, &id))
			return fail(request, 40002, "filtering.%s: '%.100s' is not an id.", member->name, item->text);
		if (products)
			query->product[query->products++] = id;
		else
			query->campaigns++;
		for (int c = 0; c < GMV_CAMPAIGNS && !products; c++)
			query->campaign[c] |= list_number(query->adv, c, LIST_GMV_CAMPAIGN) == id;
	}
	return 0;
}

/* Reads the filter. */
static int
read_filter(Request *request, GmvQuery *query)
{
	Json	   *json = param(request, "filtering") ? json_parse(param(request, "filtering")) : NULL;
	bool		promotion = json && json_member(json, "gmv_max_promotion_types");
	int			code = 0;

	for (const Json *member = json ? json->child : NULL; member != NULL && code == 0; member = member->next)
	{
		if (strcmp(member->name, "campaign_statuses") == 0)
			code = read_statuses(request, query, member);
		else if (choice_known("campaign_ids|item_group_ids", member->name))
			code = read_asked(request, query, member);
		else if (strcmp(member->name, "gmv_max_promotion_types") != 0)
			code = fail(request, choice_known("campaign_name|item_ids|room_ids|search_word|creative_types", member->name) ? 40008 : 40002,
						"filtering: '%.100s' is not simulated", member->name);
	}
	if (code == 0 && promotion)
		code = query->campaigns + query->products > 0 ?
			fail(request, 40002, "filtering.gmv_max_promotion_types: is not supported with campaign_ids or item_group_ids") :
			fail(request, 40008, "filtering: 'gmv_max_promotion_types' is not simulated");
	if (code == 0 && query->level >= GMV_PRODUCT && query->campaigns == 0)
		code = fail(request, 40002, "filtering.campaign_ids: Missing data for required field.");
	if (code == 0 && query->level == GMV_CREATIVE && query->products == 0)
		code = fail(request, 40002, "filtering.item_group_ids: Missing data for required field.");
	if (json)
		json_free(json);
	return code;
}

/* The metric of that name, NULL when there is none. */
static const GmvMetric *
metric_find(const char *name)
{
	for (int i = 0; i < COUNT_OF(metrics); i++)
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	return NULL;
}

/* Checks the metrics, and what they are of. */
static int
read_metrics(Request *request, GmvQuery *query)
{
	query->metrics = json_parse(param(request, "metrics"));
	for (const Json *item = query->metrics->child; item != NULL; item = item->next)
	{
		const GmvMetric *metric = metric_find(item->text);

		if (metric == NULL || query->level < metric->from || query->level > metric->to)
			return fail(request, 40002, "metrics: '%.100s' is not a valid choice.", item->text);
		if (metric->alone && (query->ids > 1 || query->campaigns != 1))
			return fail(request, 40002, "metrics: '%.100s' needs one id dimension and one campaign.", item->text);
	}
	if ((query->level >= GMV_PRODUCT && !query->with_campaign && query->campaigns > 1) ||
		(query->level == GMV_CREATIVE && !query->with_product && query->products > 1))
		return fail(request, 40008, "dimensions: sums over several campaigns or products are not simulated");
	return 0;
}

/* Products of a campaign: one has more than a request may ask for. */
static int
product_count(int campaign)
{
	return campaign == 1 ? PRODUCTS_MOST : 4 + campaign;
}

/* The number of a product: campaigns of one shop promote the same ones. */
static int64
product_number(const Advertiser *adv, int campaign, int product)
{
	return list_number(adv, campaign % GMV_STORES * 1000 + product, LIST_GMV_PRODUCT);
}

/* The number of a creative; -1: the product card. */
static int64
creative_number(const Advertiser *adv, int campaign, int product, int creative)
{
	return creative == 0 ? -1 : list_number(adv, (campaign * 1000 + product) * CREATIVES + creative, LIST_GMV_CREATIVE);
}

/* Weight of a part of a day's numbers; those other than the first have none on some days. */
static int64
part_weight(const Advertiser *adv, int kind, int64 whole, int part, int day)
{
	uint64		h = noise(adv->seed ^ (uint64) whole, (uint64) kind, (uint64) part * 100000 + (uint64) day);

	return part > 0 && h % 7 == 0 ? 0 : 1 + (int64) (h >> 8 & 255);
}

/* Narrows sums to one of the parts that they fall into by their weights. */
static void
part_take(const Advertiser *adv, int kind, int64 whole, int parts, int part, int day, GmvSums *sums)
{
	int64		all = part_weight(adv, kind, whole, 0, day);
	int64		before = part > 0 ? all : 0;
	int64		own = part > 0 ? 0 : all;

	for (int i = 1; i < parts; i++)
	{
		int64		weight = part_weight(adv, kind, whole, i, day);

		before += i < part ? weight : 0;
		own = i == part ? weight : own;
		all += weight;
	}
	sums->cost = sums->cost * (before + own) / all - sums->cost * before / all;
	sums->orders = sums->orders * (before + own) / all - sums->orders * before / all;
	sums->revenue = sums->revenue * (before + own) / all - sums->revenue * before / all;
	sums->any = sums->any && own > 0;
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
campaign_add(const GmvQuery *query, int campaign, const DayView *view, int hour, GmvSums *sums)
{
	for (int c = 0; c < GMV_CAMPAIGNS; c++)
	{
		if (c % GMV_STORES != query->store || (campaign >= 0 && c != campaign))
			continue;
		for (int i = hour < 0 ? 0 : hour; i < (hour < 0 ? view->hours : hour + 1); i++)
			if (i < view->hours && i != view->missing_hour)
				hour_add(query->adv, c, view, i, sums);
	}
}

/* Adds what a place has of a day, or of an hour of it (-1: all). */
static void
day_add(const GmvQuery *query, const GmvPlace *place, int day, int hour, int64 now, GmvSums *sums)
{
	GmvSums		own = {0};
	DayView		view;
	int64		product = place->campaign * 1000 + place->product;

	dayview_set(&view, query->adv, day, now);
	campaign_add(query, place->campaign, &view, hour, &own);
	if (place->product >= 0)
		part_take(query->adv, 43, place->campaign, product_count(place->campaign), place->product, day, &own);
	if (place->creative >= 0)
		part_take(query->adv, 44, product, CREATIVES, place->creative, day, &own);
	sums->cost += own.any ? own.cost : 0;
	sums->orders += own.any ? own.orders : 0;
	sums->revenue += own.any ? own.revenue : 0;
	sums->clicks += own.any ? own.orders * 7 + own.cost / 50 : 0;
	sums->impressions += own.any ? own.orders * 90 + own.cost : 0;
	sums->any |= own.any;
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

/* Writes a part of a whole in percent, with two digits. */
static void
put_percent(Buffer *out, int64 part, int64 whole)
{
	int64		hundredths = whole > 0 ? part * 10000 / whole : 0;

	put_format(out, "\"%lld.%02lld\"", (long long) (hundredths / 100), (long long) (hundredths % 100));
}

/* Writes one of the rates of a creative that no other metric tells; falling along the metrics. */
static void
put_rate(Buffer *out, const GmvPlace *place, const GmvMetric *metric)
{
	put_percent(out, 900 - 40 * (metric - metrics) + (place->product * 7 + place->creative) % 40, 1000);
}

/* Writes an attribute. */
static void
put_attribute(Buffer *out, const GmvQuery *query, const GmvPlace *place, const char *name)
{
	if (strcmp(name, "campaign_name") == 0)
		put_format(out, "\"GMV Max %d\"", place->campaign);
	else if (strcmp(name, "product_name") == 0)
		put_format(out, "\"Product %d of shop %d\"", place->product, query->store);
	else if (strcmp(name, "product_status") == 0)
		put_text(out, place->product % 5 == 4 ? "\"unavailable\"" : "\"available\"");
	else
		put_text(out, place->product % 3 == 2 ? "\"NOT_DELIVERYING\"" : "\"IN_QUEUE\"");
}

/* Writes one metric. */
static void
put_metric(Buffer *out, const GmvQuery *query, const GmvPlace *place, const GmvSums *sums, const char *name)
{
	const Advertiser *adv = query->adv;

	if (strcmp(name, "cost") == 0)
		put_money(out, adv, sums->cost);
	else if (strcmp(name, "net_cost") == 0)
		put_money(out, adv, sums->cost - sums->cost / 20);
	else if (strcmp(name, "gross_revenue") == 0)
		put_money(out, adv, sums->revenue);
	else if (strcmp(name, "orders") == 0)
		put_format(out, "\"%lld\"", (long long) sums->orders);
	else if (strcmp(name, "cost_per_order") == 0 ? sums->orders == 0 : strcmp(name, "roi") == 0 && sums->cost == 0)
		put_text(out, "\"-\"");
	else if (strcmp(name, "cost_per_order") == 0)
		put_money(out, adv, sums->cost / sums->orders);
	else if (strcmp(name, "roi") == 0)
		put_format(out, "\"%lld.%02lld\"", (long long) (sums->revenue / sums->cost), (long long) (sums->revenue * 100 / sums->cost % 100));
	else if (strcmp(name, "product_impressions") == 0)
		put_format(out, "\"%lld\"", (long long) sums->impressions);
	else if (strcmp(name, "product_clicks") == 0)
		put_format(out, "\"%lld\"", (long long) sums->clicks);
	else if (strcmp(name, "product_click_rate") == 0)
		put_percent(out, sums->clicks, sums->impressions);
	else if (strncmp(name, "ad_", 3) == 0)
		put_rate(out, place, metric_find(name));
	else
		put_attribute(out, query, place, name);
}

/* Writes the dimensions of a row. */
static void
put_dimensions(Buffer *out, const GmvQuery *query, const GmvPlace *place, int day, int hour)
{
	const Advertiser *adv = query->adv;
	char		date[11];
	const char *comma = "";

	if (query->level == GMV_STORE)
		put_format(out, "\"advertiser_id\":\"%lld\"", (long long) adv->id);
	if (query->with_campaign)
		put_format(out, "\"campaign_id\":\"%lld\"", (long long) list_number(adv, place->campaign, LIST_GMV_CAMPAIGN));
	comma = query->with_campaign ? "," : "";
	if (query->with_product)
		put_format(out, "%s\"item_group_id\":\"%lld\"", comma, (long long) product_number(adv, place->campaign, place->product));
	comma = query->with_campaign || query->with_product ? "," : "";
	if (query->level == GMV_CREATIVE)
		put_format(out, "%s\"item_id\":\"%lld\"", comma, (long long) creative_number(adv, place->campaign, place->product, place->creative));
	if (query->days > 0)
	{
		date_format(day, date);
		put_format(out, ",\"%s\":\"%s %02d:00:00\"", query->hourly ? "stat_time_hour" : "stat_time_day", date, hour < 0 ? 0 : hour);
	}
}

/* The rows of a reply while they are counted and written. */
typedef struct GmvRows
{
	Request    *request;
	Buffer	   *out;
	const GmvQuery *query;
	int64		row;
	int64		from;			/* of the page */
	int64		to;
} GmvRows;

/* Writes the row of one place and time, if there is one and the page has it; counts it. */
static void
put_row(GmvRows *rows, const GmvPlace *place, int day, int hour)
{
	const GmvQuery *query = rows->query;
	Buffer	   *out = rows->out;
	GmvSums		sums = {0};

	if (query->days == 0)
		for (int d = query->from; d <= query->to; d++)
			day_add(query, place, d, -1, rows->request->now, &sums);
	else
		day_add(query, place, day, hour, rows->request->now, &sums);
	if (!sums.any || rows->row++ < rows->from || rows->row > rows->to)
		return;
	put_format(out, "%s{\"dimensions\":{", rows->request->rows++ > 0 ? "," : "");
	put_dimensions(out, query, place, day, hour);
	put_text(out, "},\"metrics\":{");
	for (const Json *item = query->metrics->child; item != NULL; item = item->next)
	{
		put_format(out, "%s\"%s\":", item == query->metrics->child ? "" : ",", item->text);
		put_metric(out, query, place, &sums, item->text);
	}
	put_text(out, "}}");
}

/* Goes through the times of a place. */
static void
put_place(GmvRows *rows, const GmvPlace *place)
{
	const GmvQuery *query = rows->query;

	for (int d = query->from; d <= (query->days > 0 ? query->to : query->from); d++)
		for (int h = query->hourly ? 0 : -1; h < (query->hourly ? 24 : 0); h++)
			put_row(rows, place, d, h);
}

/* True when a product is asked for. */
static bool
product_asked(const GmvQuery *query, int campaign, int product)
{
	int64		number = product_number(query->adv, campaign, product);

	for (int i = 0; i < query->products; i++)
		if (query->product[i] == number)
			return true;
	return query->products == 0;
}

/* Goes through a campaign: itself, its products, or the creatives of some. */
static void
put_campaign(GmvRows *rows, int campaign)
{
	const GmvQuery *query = rows->query;
	GmvPlace	place = {campaign, -1, -1};

	if (query->level <= GMV_CAMPAIGN)
	{
		put_place(rows, &place);
		return;
	}
	for (place.product = 0; place.product < product_count(campaign); place.product++)
	{
		if (!product_asked(query, campaign, place.product))
			continue;
		place.creative = -1;
		if (query->level == GMV_PRODUCT)
			put_place(rows, &place);
		else
			for (place.creative = 0; place.creative < CREATIVES; place.creative++)
				put_place(rows, &place);
	}
}

/* Goes through all rows, of which the page's are written. */
static int64
put_rows(Request *request, Buffer *out, const GmvQuery *query)
{
	int64		size = param_integer(request, "page_size", 10);
	int64		from = (param_integer(request, "page", 1) - 1) * size;
	GmvRows		rows = {request, out, query, 0, from, from + size};

	if (query->level == GMV_STORE)
		put_campaign(&rows, -1);
	for (int c = 0; c < GMV_CAMPAIGNS && query->level > GMV_STORE; c++)
		/* one that is deleted must be asked for: by its id, or as such */
		if (c % GMV_STORES == query->store &&
			(query->campaigns > 0 ? query->campaign[c] : c < GMV_CAMPAIGNS - 1 || query->deleted))
			put_campaign(&rows, c);
	return rows.row;
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
