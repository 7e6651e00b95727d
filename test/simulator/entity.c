/*
 * entity.c: serves advertiser/info, campaign/get, adgroup/get and ad/get.
 *
 * Stays true: rows come by id, descending; entities that the clock has not
 * reached are unknown; only the fields asked for are written.
 */
#include "field.h"
#include "keep.h"

#define MAX_FIELDS 200

typedef struct Chosen
{
	int			count;
	const Field *field[MAX_FIELDS];
} Chosen;

/* Chooses the fields that a request asks for, all by default. */
static int
choose_fields(Request *request, const Field *fields, int count, Chosen *chosen)
{
	const char *text = param(request, "fields");
	Json	   *json = text ? json_parse(text) : NULL;
	const Json *item;
	int			code = 0,
				i,
				j;

	chosen->count = 0;
	for (i = 0; json == NULL && i < count; i++)
		chosen->field[chosen->count++] = &fields[i];
	for (item = json ? json->child : NULL; item != NULL && code == 0; item = item->next)
	{
		for (i = 0; i < count && strcmp(fields[i].name, item->text) != 0; i++)
			;
		for (j = 0; j < chosen->count && chosen->field[j] != &fields[i]; j++)
			;
		if (i == count)
			code = fail(request, 40002, "fields: '%.100s' is not a valid choice.", item->text);
		else if (j == chosen->count)
			chosen->field[chosen->count++] = &fields[i];
	}
	json_free(json);
	return code;
}

/* Writes one entity. */
static void
put_entity(Buffer *out, const Subject *subject, const Chosen *chosen)
{
	bool		first = true;
	int			i;

	put_text(out, "{");
	for (i = 0; i < chosen->count; i++)
		put_field(out, subject, chosen->field[i], &first);
	if (subject->twist & TWIST_UNKNOWN_FIELD)
		put_format(out, "%s\"simulator_new_field\":{\"added\":[1,\"two\"]}", first ? "" : ",");
	put_text(out, "}");
}

/* Writes the page of entities that match. */
static void
put_entities(Request *request, Buffer *out, const Advertiser *adv, Level level,
			 const Filter *filter, const Chosen *chosen)
{
	Subject		subject = {.adv = adv, .level = level, .now = request->now, .twist = request->twist};
	const Listing *listing = listing_find(request, adv, level, filter);
	int64		from,
				to,
				i;

	subject.drop_nulls = param(request, "exclude_field_types_in_response") != NULL;
	put_text(out, "\"list\":[");
	if (page_bounds(request, listing->count, &from, &to))
	{
		for (i = from; i < to; i++)
		{
			if (i > from)
				put_text(out, ",");
			subject.index = listing->index[i];
			put_entity(out, &subject, chosen);
			request->rows++;
		}
		if (request->twist & TWIST_DUPLICATE)
		{
			put_text(out, ",");
			put_entity(out, &subject, chosen);
		}
	}
	put_text(out, "],");
	put_page_info(out, request, listing->count);
}

/* Serves a list of entities of a level. */
static int
serve_entities(Request *request, Buffer *out, Level level, const Field *fields, int count)
{
	static const ParamRule rules[] = {
		{"advertiser_id", PARAM_ID, true, 0, 0, NULL},
		{"fields", PARAM_STRINGS, false, 0, 0, NULL},
		{"filtering", PARAM_OBJECT, false, 0, 0, NULL},
		{"exclude_field_types_in_response", PARAM_STRINGS, false, 1, 1, "NULL_FIELD"},
		{"page", PARAM_INTEGER, false, 1, 1000000, NULL},
		{"page_size", PARAM_INTEGER, false, 1, 1000, NULL},
	};
	Filter		filter;
	Chosen		chosen;
	Advertiser *adv;

	if (params_check(request, rules, COUNT_OF(rules)) ||
		(adv = advertiser_param(request)) == NULL ||
		filter_read_entities(request, level, &filter) ||
		choose_fields(request, fields, count, &chosen))
		return request->code;
	put_entities(request, out, adv, level, &filter, &chosen);
	return 0;
}

/* Serves campaign/get/. */
int
serve_campaigns(Request *request, Buffer *out)
{
	return serve_entities(request, out, LEVEL_CAMPAIGN, campaign_fields, campaign_field_count);
}

/* Serves adgroup/get/. */
int
serve_adgroups(Request *request, Buffer *out)
{
	return serve_entities(request, out, LEVEL_ADGROUP, adgroup_fields, adgroup_field_count);
}

/* Serves ad/get/. */
int
serve_ads(Request *request, Buffer *out)
{
	return serve_entities(request, out, LEVEL_AD, ad_fields, ad_field_count);
}

/* Serves advertiser/info/. */
int
serve_advertiser_info(Request *request, Buffer *out)
{
	static const ParamRule rules[] = {
		{"advertiser_ids", PARAM_STRINGS, true, 1, 0, NULL},
		{"fields", PARAM_STRINGS, false, 0, 0, NULL},
	};
	Subject		subject = {.level = LEVEL_ADVERTISER, .now = request->now, .twist = request->twist};
	Chosen		chosen;
	Json	   *json;
	const Json *item;

	if (params_check(request, rules, COUNT_OF(rules)) ||
		choose_fields(request, advertiser_fields, advertiser_field_count, &chosen))
		return request->code;
	json = json_parse(param(request, "advertiser_ids"));
	if (json_length(json) > 100)
		fail(request, 40011, "advertiser_ids: Too many ids, at most 100.");
	put_text(out, "\"list\":[");
	for (item = json->child; item != NULL && request->code == 0; item = item->next)
	{
		int64		id;

		subject.adv = id_parse(item->text, &id) ? world_find(id) : NULL;
		if (subject.adv == NULL || !subject.adv->readable)
			fail(request, 40001, "No permission to operate advertiser %.30s.", item->text);
		else
		{
			put_text(out, item == json->child ? "" : ",");
			put_entity(out, &subject, &chosen);
			request->rows++;
		}
	}
	put_text(out, "]");
	json_free(json);
	return request->code;
}
