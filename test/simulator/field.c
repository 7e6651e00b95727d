/*
 * field.c: writes one field of one entity.
 *
 * Stays true: a field's value depends on the entity's seed, its fate and the
 * moment; ids and times are strings, budgets numbers, as on the wire.
 */
#include "field.h"
#include "fault.h"
#include "metric.h"
#include "options.h"

#include <stdio.h>

static const Node nobody;

/* Gives the noise of a subject's field. */
static uint64
field_noise(const Subject *s, const Field *field)
{
	uint64		seed = s->level == LEVEL_ADVERTISER ? s->adv->seed : s->adv->node[s->level][s->index].seed;
	uint64		name = 0;
	const char *c;

	for (c = field->name; *c; c++)
		name = name * 31 + (uint64) *c;
	return noise(seed, 200, name);
}

/* Chooses one of several texts that stand between bars. */
static void
put_pick(Buffer *out, const char *choices, uint64 random, bool quoted)
{
	const char *c;
	uint64		bars = 1;
	size_t		len;

	for (c = choices; *c; c++)
		bars += *c == '|';
	for (random %= bars; random > 0; random--)
		choices = strchr(choices, '|') + 1;
	len = strcspn(choices, "|");
	if (quoted)
		put_text(out, "\"");
	put_bytes(out, choices, len);
	if (quoted)
		put_text(out, "\"");
}

/* Gives the status word of the API for an entity's state. */
const char *
secondary_status(Level level, State state)
{
	static const char *const words[ENTITY_LEVELS][6] = {
		{"CAMPAIGN_STATUS_ENABLE", "CAMPAIGN_STATUS_DISABLE", "CAMPAIGN_STATUS_DISABLE", "CAMPAIGN_STATUS_DISABLE",
		"CAMPAIGN_STATUS_TIME_DONE", "CAMPAIGN_STATUS_DELETE"},
		{"ADGROUP_STATUS_DELIVERY_OK", "ADGROUP_STATUS_DISABLE", "ADGROUP_STATUS_CAMPAIGN_DISABLE",
		"ADGROUP_STATUS_DISABLE", "ADGROUP_STATUS_TIME_DONE", "ADGROUP_STATUS_DELETE"},
		{"AD_STATUS_DELIVERY_OK", "AD_STATUS_DISABLE", "AD_STATUS_CAMPAIGN_DISABLE", "AD_STATUS_ADGROUP_DISABLE",
		"AD_STATUS_DONE", "AD_STATUS_DELETE"},
	};

	return words[level][state];
}

/* Writes an entity's name, spoilt if control asked for it. */
static void
put_name(Buffer *out, const Subject *s, Level level)
{
	const Node *node = node_above(s->adv, s->level, s->index, level);
	char		name[160];

	if (s->twist & TWIST_BAD_UTF8)
		put_text(out, "\"cut through an emoji \xf0\x9f\x94\"");
	else if (s->twist & TWIST_BAD_ESCAPE)
		put_text(out, "\"lone \\ud83d surrogate, nul \\u0000, bad \\x escape\"");
	else
	{
		entity_name(s->adv, level, (int) (node - s->adv->node[level]), s->now, name, sizeof(name));
		put_json(out, name);
	}
}

/* Writes a time, or null. */
static void
put_time(Buffer *out, int64 time)
{
	char		text[20];

	if (time == NEVER)
	{
		put_text(out, "null");
		return;
	}
	time_format(time, text);
	put_format(out, "\"%s\"", text);
}

/* Writes fields that depend on an entity's fate. */
static void
put_fate(Buffer *out, const Subject *s, const Field *field, const Node *node)
{
	const Node *campaign = node_above(s->adv, s->level, s->index, LEVEL_CAMPAIGN);

	switch (field->kind)
	{
		case FIELD_CREATED:
			put_time(out, node->created);
			break;
		case FIELD_MODIFIED:
			/* ads of Smart+ campaigns are known to lack it */
			if (s->level == LEVEL_AD && campaign_is_smart(campaign) && node->seed % 2 == 0)
				put_text(out, "null");
			else
				put_time(out, node_modified(node, s->now));
			break;
		case FIELD_SCHEDULE_START:
			put_time(out, node->created);
			break;
		case FIELD_SCHEDULE_END:
			put_time(out, node->ended == NEVER ? node->created + (int64) 3650 * DAY_SECONDS : node->ended);
			break;
		case FIELD_SCHEDULE_TYPE:
			put_text(out, node->ended == NEVER ? "\"SCHEDULE_FROM_NOW\"" : "\"SCHEDULE_START_END\"");
			break;
		case FIELD_OPERATION:
			put_text(out, node->deleted <= s->now ? "\"DELETE\"" : node->paused <= s->now ? "\"DISABLE\"" : "\"ENABLE\"");
			break;
		case FIELD_SECONDARY:
			put_format(out, "\"%s\"", secondary_status(s->level, node_state(s->adv, s->level, s->index, s->now)));
			break;
		case FIELD_OBJECTIVE:
			put_format(out, "\"%s\"", objective_name(campaign_objective(campaign)));
			break;
		case FIELD_AUTOMATION:
			put_text(out, campaign_is_smart(campaign) ? "\"SMART_PLUS\"" : "\"MANUAL\"");
			break;
		default:				/* FIELD_SMART */
			put_text(out, campaign_is_smart(campaign) ? "true" : "false");
			break;
	}
}

/* Writes money fields of entities. */
static void
put_money(Buffer *out, const Subject *s, const Field *field, const Node *node)
{
	int64		unit = s->adv->market->decimals ? 1 : 100;
	bool		infinite = s->level == LEVEL_CAMPAIGN && node->seed % 3 != 0;

	switch (field->kind)
	{
		case FIELD_BUDGET:
			put_format(out, "%lld", infinite ? 0 : (long long) (unit * (s->level == LEVEL_CAMPAIGN ? 50 : 20) *
															   (int64) (1 + node->seed % 40)));
			break;
		case FIELD_BUDGET_MODE:
			put_text(out, infinite ? "\"BUDGET_MODE_INFINITE\"" : "\"BUDGET_MODE_DAY\"");
			break;
		case FIELD_CBO:
			put_text(out, "true");
			break;
		case FIELD_BID:
			if (unit == 1)
				put_format(out, "%d.%02d", (int) (node->seed >> 9 & 7), (int) (node->seed >> 12 & 63));
			else
				put_format(out, "%d", (int) (node->seed >> 9 & 1023));
			break;
		default:				/* FIELD_BALANCE */
			put_format(out, unit == 1 ? "%d.%02d" : "%d", (int) (s->adv->seed >> 20 & 65535), (int) (s->adv->seed & 63));
			break;
	}
}

/* Writes fields of the account. */
static void
put_account(Buffer *out, const Subject *s, const Field *field)
{
	const Advertiser *adv = s->adv;

	switch (field->kind)
	{
		case FIELD_CREATED_EPOCH:
			put_format(out, "%lld", (long long) adv->created);
			break;
		case FIELD_CURRENCY:
			put_json(out, adv->market->currency);
			break;
		case FIELD_COUNTRY:
			put_json(out, adv->market->country);
			break;
		case FIELD_CITY:
			put_format(out, "\"%d Market Street, %s\"", 1 + adv->number * 17 % 400, adv->market->city);
			break;
		case FIELD_LANGUAGE:
			put_json(out, adv->market->language);
			break;
		case FIELD_ZONE:
			put_json(out, adv->zone->iana);
			break;
		case FIELD_ETC_ZONE:
			put_json(out, adv->zone->etc);
			break;
		default:				/* FIELD_ADVERTISER_NAME */
			put_json(out, adv->name);
			break;
	}
}

/* Writes creative fields of ads and other invented values. */
static void
put_invented(Buffer *out, const Subject *s, const Field *field, uint64 random)
{
	long long	id = 7000000000000000000LL + (long long) (random % 900000000000000000ULL);
	int			i;

	switch (field->kind)
	{
		case FIELD_DAYPARTING:
			put_text(out, "\"");
			for (i = 0; i < 336; i++)
				put_text(out, random % 3 || i % 48 >= 12 ? "1" : "0");
			put_text(out, "\"");
			break;
		case FIELD_VIDEO_ID:
			put_format(out, "\"v10033g50000%013llx\"", id & 0xfffffffffffffLL);
			break;
		case FIELD_IMAGE_IDS:
			put_format(out, "[\"v0201/%016llx%016llx\"]", id, id ^ 0x5a5a5a5aLL);
			break;
		case FIELD_AD_TEXT:
			put_format(out, "\"Tap to see what's new\\n\xe2\x84\x96 %d\"", s->index + 1);
			break;
		case FIELD_LANDING:
			put_format(out, "\"https://shop.example.com/l/%d?utm_source=tiktok\\u0026utm_content=__CID__\"", s->index + 1);
			break;
		case FIELD_BOOL:
			put_text(out, random % 4 == 0 ? "true" : "false");
			break;
		case FIELD_NULL_OR_ID:
			put_format(out, random % 3 ? "\"%lld\"" : "null", id);
			break;
		case FIELD_NULL_OR_NUMBER:
			put_format(out, random % 3 ? "null" : "%lld", id);
			break;
		case FIELD_ZERO_OR_NUMBER:
			put_format(out, random % 3 ? "0" : "%lld", id);
			break;
		default:				/* FIELD_HASH_ID */
			put_format(out, "\"%lld\"", id);
			break;
	}
}

/* Writes fields whose value is the table's argument. */
static void
put_constant(Buffer *out, const Field *field, uint64 random)
{
	switch (field->kind)
	{
		case FIELD_RAW:
			put_text(out, field->argument);
			break;
		case FIELD_RAW_PICK:
			put_pick(out, field->argument, random, false);
			break;
		case FIELD_PICK:
			put_pick(out, field->argument, random, true);
			break;
		case FIELD_NULL_OR:
			if (random % 3 == 0)
				put_pick(out, field->argument, random / 3, true);
			else
				put_text(out, "null");
			break;
		case FIELD_TEXT:
			put_json(out, field->argument);
			break;
		default:				/* FIELD_NULL */
			put_text(out, "null");
			break;
	}
}

/* Writes a field's value. */
static void
put_value(Buffer *out, const Subject *s, const Field *field, const Node *node)
{
	FieldKind	kind = field->kind;

	if (kind == FIELD_ADVERTISER_ID)
		put_format(out, "\"%lld\"", (long long) s->adv->id);
	else if (kind <= FIELD_AD_ID)
		put_format(out, "\"%lld\"", (long long) node_above(s->adv, s->level, s->index,
														   (Level) (kind - FIELD_CAMPAIGN_ID))->id);
	else if (kind <= FIELD_AD_NAME)
		put_name(out, s, (Level) (kind - FIELD_CAMPAIGN_NAME));
	else if (kind == FIELD_ADVERTISER_NAME || kind == FIELD_CREATED_EPOCH ||
			 (kind >= FIELD_CURRENCY && kind <= FIELD_ETC_ZONE))
		put_account(out, s, field);
	else if (kind <= FIELD_SMART)
		put_fate(out, s, field, node);
	else if (kind <= FIELD_BALANCE)
		put_money(out, s, field, node);
	else if (kind <= FIELD_LANDING || kind >= FIELD_BOOL)
		put_invented(out, s, field, field_noise(s, field));
	else
		put_constant(out, field, field_noise(s, field));
}

/* Writes a field with its name, unless it is left out. */
void
put_field(Buffer *out, const Subject *s, const Field *field, bool *first)
{
	const Node *node = s->level == LEVEL_ADVERTISER ? &nobody : &s->adv->node[s->level][s->index];
	size_t		start = out->len;
	size_t		value;

	if (field->kind == FIELD_CBO && node->seed % 3 != 0)
		return;					/* only campaigns with budget optimisation have it */
	if (field->kind == FIELD_SECONDARY && strcmp(options.tier, "sandbox") == 0)
		return;
	put_text(out, *first ? "\"" : ",\"");
	put_text(out, field->name);
	put_text(out, "\":");
	value = out->len;
	if ((s->twist & TWIST_WRONG_TYPE) && (field->kind == FIELD_BUDGET || field->kind == FIELD_ZONE))
		put_text(out, "{\"amount\":\"12.5\"}");
	else
		put_value(out, s, field, node);
	if (s->drop_nulls && out->len - value == 4 && memcmp(out->data + value, "null", 4) == 0)
		out->len = start;
	else
		*first = false;
}
