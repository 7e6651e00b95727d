/*
 * filter.c: reads the filtering parameter: a flat object for entities, an
 * array of conditions whose values are strings holding JSON for reports.
 *
 * Stays true: deleted entities are left out unless asked for; a filter that
 * is not understood is an error, never ignored.
 */
#include "filter.h"
#include "field.h"
#include "metric.h"

#include <stdio.h>

#define NOT_DELETED (~(1u << STATE_DELETED))
#define ON(level) (1 << LEVEL_##level)
#define ANYWHERE (ON(CAMPAIGN) | ON(ADGROUP) | ON(AD))

typedef enum FilterKind
{
	FILTER_CAMPAIGN_IDS, FILTER_ADGROUP_IDS, FILTER_AD_IDS, FILTER_PRIMARY, FILTER_SECONDARY, FILTER_NAME,
	FILTER_OBJECTIVE, FILTER_SMART, FILTER_AUTOMATION, FILTER_BUYING, FILTER_ORIGIN, FILTER_FROM, FILTER_TO,
	FILTER_MODIFIED
} FilterKind;

static const struct
{
	const char *name;
	FilterKind	kind;
	int			levels;
}			entity_filters[] = {
	{"campaign_ids", FILTER_CAMPAIGN_IDS, ANYWHERE},
	{"adgroup_ids", FILTER_ADGROUP_IDS, ON(ADGROUP) | ON(AD)},
	{"ad_ids", FILTER_AD_IDS, ON(AD)},
	{"primary_status", FILTER_PRIMARY, ANYWHERE},
	{"secondary_status", FILTER_SECONDARY, ANYWHERE},
	{"campaign_name", FILTER_NAME, ON(CAMPAIGN)},
	{"adgroup_name", FILTER_NAME, ON(ADGROUP)},
	{"objective_type", FILTER_OBJECTIVE, ANYWHERE},
	{"is_smart_performance_campaign", FILTER_SMART, ON(CAMPAIGN)},
	{"campaign_automation_type", FILTER_AUTOMATION, ANYWHERE},
	{"buying_types", FILTER_BUYING, ANYWHERE},
	{"campaign_system_origins", FILTER_ORIGIN, ANYWHERE},
	{"creation_filter_start_time", FILTER_FROM, ANYWHERE},
	{"creation_filter_end_time", FILTER_TO, ANYWHERE},
	{"modified_after", FILTER_MODIFIED, ON(AD)},
};

/* Filters that the API has and the simulator has not. */
static const char not_simulated[] =
"sales_destination|creative_campaign_type|split_test_enabled|campaign_product_source|optimization_goal|campaign_type|"
"promotion_type|bid_strategy|billing_events|gmv_max_promotion_types|store_ids";

static const struct
{
	const char *name;
	unsigned	states;
}			primary_statuses[] = {
	{"STATUS_ALL", ~0u},
	{"STATUS_NOT_DELETE", NOT_DELETED},
	{"STATUS_DELETE", 1u << STATE_DELETED},
	{"STATUS_DELIVERY_OK", 1u << STATE_DELIVERY_OK},
	{"STATUS_DISABLE", 1u << STATE_DISABLED},
	{"STATUS_NOT_DELIVERY", NOT_DELETED & ~(1u << STATE_DELIVERY_OK)},
	{"STATUS_TIME_DONE", 1u << STATE_TIME_DONE},
	{"STATUS_RF_CLOSED", 0},
	{"STATUS_FROZEN", 0},
	{"STATUS_DELIVERY_PARTIAL", 0},
	{"STATUS_DELIVERY_CATALOG", 0},
};

/* Lets everything through that is not deleted. */
void
filter_clear(Filter *filter)
{
	memset(filter, 0, sizeof(*filter));
	filter->states = NOT_DELETED;
	filter->smart = -1;
	filter->created_from = INT64_MIN;
	filter->created_to = NEVER;
	filter->modified_after = INT64_MIN;
}

/* Adds the states that a primary status means. */
static bool
add_status(const char *word, unsigned *states)
{
	int			i;

	for (i = 0; i < COUNT_OF(primary_statuses); i++)
	{
		if (strcmp(primary_statuses[i].name, word) == 0)
		{
			*states |= primary_statuses[i].states;
			return true;
		}
	}
	return false;
}

/* Reads a list of ids. */
static int
read_ids(Request *request, const char *name, const Json *value, Level level, Filter *filter)
{
	const Json *item;

	if (!json_is_strings(value))
		return fail(request, 40002, "filtering.%s: Field must be set to array", name);
	if (json_length(value) < 1 || json_length(value) > MAX_FILTER_IDS)
		return fail(request, 40002, "filtering.%s: Length must be between 1 and %d.", name, MAX_FILTER_IDS);
	filter->ids[level] = 0;
	for (item = value->child; item != NULL; item = item->next)
		if (!id_parse(item->text, &filter->id[level][filter->ids[level]++]))
			return fail(request, 40002, "filtering.%s: Not a valid id.", name);
	return 0;
}

/* Reads a list of words of which one must be ours. */
static int
read_words(Request *request, const char *name, const Json *value, const char *known, const char *ours, Filter *filter)
{
	const Json *item;
	bool		found = false;

	if (!json_is_strings(value) || value->child == NULL)
		return fail(request, 40002, "filtering.%s: Field must be set to array", name);
	for (item = value->child; item != NULL; item = item->next)
	{
		if (!choice_known(known, item->text))
			return fail(request, 40002, "filtering.%s: '%.100s' is not a valid choice.", name, item->text);
		if (strcmp(item->text, "RESERVATION_TOP_VIEW") == 0 && json_length(value) > 1)
			return fail(request, 40002, "filtering.%s: RESERVATION_TOP_VIEW must be the only value.", name);
		found |= choice_known(ours, item->text);
	}
	filter->nothing |= !found;
	return 0;
}

/* Copies a text filter. */
static int
read_text(Request *request, const char *name, const Json *value, const char *known, char *out, size_t size)
{
	if (value->kind != JSON_STRING || strlen(value->text) >= size)
		return fail(request, 40002, "filtering.%s: Not a valid string.", name);
	if (known && !choice_known(known, value->text))
		return fail(request, 40002, "filtering.%s: '%.100s' is not a valid choice.", name, value->text);
	snprintf(out, size, "%s", value->text);
	return 0;
}

/* Reads a UTC time. */
static int
read_time(Request *request, const char *name, const Json *value, int64 *out)
{
	if (value->kind != JSON_STRING || !time_parse(value->text, out))
		return fail(request, 40002, "filtering.%s: Not a valid datetime, expected YYYY-MM-DD HH:MM:SS.", name);
	return 0;
}

/* Reads a primary status, or a secondary status that asks for deleted ones. */
static int
read_status(Request *request, const char *name, const Json *value, bool primary, Filter *filter)
{
	unsigned	states = 0;

	if (value->kind != JSON_STRING)
		return fail(request, 40002, "filtering.%s: Not a valid string.", name);
	if (!primary)
	{
		int			code = read_text(request, name, value, NULL, filter->secondary, sizeof(filter->secondary));

		if (strstr(value->text, "_STATUS_") == NULL)
			return fail(request, 40002, "filtering.%s: '%.100s' is not a valid choice.", name, value->text);
		if (strstr(value->text, "_STATUS_DELETE"))
			filter->states |= 1u << STATE_DELETED;
		if (strstr(value->text, "_STATUS_ALL"))
			filter->secondary[0] = '\0', filter->states = ~0u;
		return code;
	}
	if (!add_status(value->text, &states))
		return fail(request, 40002, "filtering.%s: '%.100s' is not a valid choice.", name, value->text);
	filter->states = states;
	return 0;
}

/* Reads one member of an entity filter. */
static int
read_entity_filter(Request *request, FilterKind kind, const Json *value, Filter *filter)
{
	const char *name = value->name;
	char		automation[32];
	int			code;

	switch (kind)
	{
		case FILTER_CAMPAIGN_IDS:
		case FILTER_ADGROUP_IDS:
		case FILTER_AD_IDS:
			return read_ids(request, name, value, (Level) (kind - FILTER_CAMPAIGN_IDS), filter);
		case FILTER_PRIMARY:
		case FILTER_SECONDARY:
			return read_status(request, name, value, kind == FILTER_PRIMARY, filter);
		case FILTER_NAME:
			return read_text(request, name, value, NULL, filter->name, sizeof(filter->name));
		case FILTER_OBJECTIVE:
			return read_text(request, name, value, "TRAFFIC|WEB_CONVERSIONS|APP_PROMOTION|VIDEO_VIEWS|LEAD_GENERATION|"
							 "PRODUCT_SALES|ENGAGEMENT|REACH|RF_REACH", filter->objective, sizeof(filter->objective));
		case FILTER_SMART:
			if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
				return fail(request, 40002, "filtering.%s: Not a valid boolean.", name);
			filter->smart = value->kind == JSON_TRUE;
			return 0;
		case FILTER_AUTOMATION:
			code = read_text(request, name, value, "MANUAL|SMART_PLUS|UPGRADED_SMART_PLUS", automation, sizeof(automation));
			if (code == 0)
				filter->smart = strcmp(automation, "MANUAL") != 0;
			filter->nothing |= code == 0 && strcmp(automation, "UPGRADED_SMART_PLUS") == 0;
			return code;
		case FILTER_BUYING:
			return read_words(request, name, value, "AUCTION|RESERVATION_RF|RESERVATION_TOP_VIEW", "AUCTION", filter);
		case FILTER_ORIGIN:
			return read_words(request, name, value, "PROMOTE|TT_ADS_PLATFORM", "TT_ADS_PLATFORM", filter);
		case FILTER_FROM:
			return read_time(request, name, value, &filter->created_from);
		case FILTER_TO:
			return read_time(request, name, value, &filter->created_to);
		case FILTER_MODIFIED:
			return read_time(request, name, value, &filter->modified_after);
	}
	return 0;
}

/* Reads the filtering object of an entity list. */
int
filter_read_entities(Request *request, Level level, Filter *filter)
{
	const char *text = param(request, "filtering");
	Json	   *json = text ? json_parse(text) : NULL;
	const Json *item;
	int			code = 0,
				i;

	filter_clear(filter);
	for (item = json ? json->child : NULL; code == 0 && item != NULL; item = item->next)
	{
		for (i = 0; i < COUNT_OF(entity_filters); i++)
			if (strcmp(entity_filters[i].name, item->name) == 0 && (entity_filters[i].levels >> level & 1))
				break;
		if (choice_known(not_simulated, item->name))
			code = fail(request, 40008, "filtering.%s: is not simulated", item->name);
		else if (i == COUNT_OF(entity_filters))
			code = fail(request, 40002, "filtering.%.100s: Unknown field.", item->name);
		else
			code = read_entity_filter(request, entity_filters[i].kind, item, filter);
	}
	json_free(json);
	return code;
}

/* Reads a list of primary statuses. */
static int
read_statuses(Request *request, const char *name, const Json *value, Filter *filter)
{
	const Json *item;

	if (!json_is_strings(value) || value->child == NULL)
		return fail(request, 40002, "filtering.%s: filter_value must be a JSON array of strings", name);
	filter->states = 0;
	for (item = value->child; item != NULL; item = item->next)
		if (!add_status(item->text, &filter->states))
			return fail(request, 40002, "filtering.%s: '%.100s' is not a valid choice.", name, item->text);
	return 0;
}

/* Reads one condition's field and value. */
static int
read_condition(Request *request, Level level, const char *name, const char *type, const Json *value, Filter *filter)
{
	static const struct
	{
		const char *name;
		int			level;		/* -1: any */
		int			ids;		/* level of ids, -1 statuses, -2 others */
	}			fields[] = {
		{"campaign_ids", -1, LEVEL_CAMPAIGN}, {"adgroup_ids", -1, LEVEL_ADGROUP}, {"ad_ids", -1, LEVEL_AD},
		{"campaign_status", LEVEL_CAMPAIGN, -1}, {"adgroup_status", LEVEL_ADGROUP, -1}, {"ad_status", LEVEL_AD, -1},
		{"buying_type", -1, -2},
	};
	int			i;

	for (i = 0; i < COUNT_OF(fields) && strcmp(fields[i].name, name) != 0; i++)
		;
	if (i == COUNT_OF(fields))
		return fail(request, 40002, "filtering: field_name '%.100s' is not supported", name);
	if (strcmp(type, "IN") != 0)
		return fail(request, 40002, "filtering.%s: filter_type '%.50s' is not supported for this field", name, type);
	if (fields[i].ids == -2)
		return read_words(request, name, value, "AUCTION|RESERVATION_RF|RESERVATION_TOP_VIEW", "AUCTION", filter);
	if (fields[i].ids == -1)
		return fields[i].level == (int) level ? read_statuses(request, name, value, filter) :
			fail(request, 40002, "filtering.%s: does not match data_level", name);
	if (fields[i].ids > (int) level)
		return fail(request, 40002, "filtering.%s: does not match data_level", name);
	return read_ids(request, name, value, (Level) fields[i].ids, filter);
}

/* Reads one element of a report's filtering array. */
static int
read_element(Request *request, Level level, const Json *element, Filter *filter)
{
	static const char types[] = "IN|NOT_IN|CONTAIN_ANY_OF|MATCH|GREATER_EQUAL|GREATER_THAN|LOWER_EQUAL|LOWER_THAN|BETWEEN";
	const Json *part[3];
	const char *const names[] = {"field_name", "filter_type", "filter_value"};
	Json	   *value;
	int			code,
				i;

	if (element->kind != JSON_OBJECT)
		return fail(request, 40002, "filtering: Field must be set to array of objects");
	for (i = 0; i < 3; i++)
	{
		part[i] = json_member(element, names[i]);
		if (part[i] == NULL)
			return fail(request, 40002, "filtering.%s: Missing data for required field.", names[i]);
		if (part[i]->kind != JSON_STRING)
			return fail(request, 40002, "filtering.%s: Not a valid string.", names[i]);
	}
	if (json_length(element) != 3)
		return fail(request, 40002, "filtering: Unknown field.");
	if (!choice_known(types, part[1]->text))
		return fail(request, 40002, "filtering.filter_type: '%.50s' is not a valid choice.", part[1]->text);
	value = json_parse(part[2]->text);
	if (value == NULL)
		return fail(request, 40002, "filtering.filter_value: must be a string that holds JSON");
	code = read_condition(request, level, part[0]->text, part[1]->text, value, filter);
	json_free(value);
	return code;
}

/* Reads the filtering array of a report. */
int
filter_read_report(Request *request, Level level, Filter *filter)
{
	const char *text = param(request, "filtering");
	Json	   *json = text ? json_parse(text) : NULL;
	const Json *item;
	int			code = 0;

	filter_clear(filter);
	for (item = json ? json->child : NULL; code == 0 && item != NULL; item = item->next)
		code = read_element(request, level, item, filter);
	json_free(json);
	return code;
}

/* Tells whether an entity's ancestors and itself are among the ids asked for. */
static bool
ids_match(const Filter *filter, const Advertiser *adv, Level level, int index)
{
	int			l,
				i;

	for (l = 0; l <= (int) level; l++)
	{
		int64		id;

		if (filter->ids[l] == 0)
			continue;
		id = node_above(adv, level, index, (Level) l)->id;
		for (i = 0; i < filter->ids[l] && filter->id[l][i] != id; i++)
			;
		if (i == filter->ids[l])
			return false;
	}
	return true;
}

/* Tells whether an entity is asked for. */
bool
filter_matches(const Filter *filter, const Advertiser *adv, Level level, int index, int64 now)
{
	const Node *node = &adv->node[level][index];
	const Node *campaign;
	State		state;
	char		name[160];

	if (!node_exists(node, now) || filter->nothing || !ids_match(filter, adv, level, index))
		return false;
	state = node_state(adv, level, index, now);
	if (!(filter->states >> state & 1))
		return false;
	if (filter->secondary[0] && strcmp(filter->secondary, secondary_status(level, state)) != 0)
		return false;
	if (node->created < filter->created_from || node->created > filter->created_to ||
		node_modified(node, now) < filter->modified_after)
		return false;
	campaign = node_above(adv, level, index, LEVEL_CAMPAIGN);
	if (filter->objective[0] && strcmp(filter->objective, objective_name(campaign_objective(campaign))) != 0)
		return false;
	if (filter->smart >= 0 && filter->smart != campaign_is_smart(campaign))
		return false;
	if (filter->name[0] == '\0')
		return true;
	entity_name(adv, level, index, now, name, sizeof(name));
	return strcasestr(name, filter->name) != NULL;
}
