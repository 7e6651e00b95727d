/*
 * attribute.c: the labels that reports carry beside numbers.
 *
 * Stays true: labels are what a person reads ("Automatic Placement"), not the
 * API's enums, and an attribute is refused above the level it belongs to.
 */
#include "metric.h"

#include <stdio.h>

static const struct
{
	const char *name;
	const char *promotion;
}			objectives[OBJECTIVES] = {
	[OBJ_TRAFFIC] = {"TRAFFIC", "Website"},[OBJ_WEB] = {"WEB_CONVERSIONS", "Website"},
	[OBJ_APP] = {"APP_PROMOTION", "App"},[OBJ_VIDEO] = {"VIDEO_VIEWS", "Website"},
	[OBJ_LEAD] = {"LEAD_GENERATION", "Lead Generation"},[OBJ_SALES] = {"PRODUCT_SALES", "Website"},
	[OBJ_ENGAGEMENT] = {"ENGAGEMENT", "TikTok Account"},
};

/* Gives an objective's name in the API. */
const char *
objective_name(Objective objective)
{
	return objectives[objective].name;
}

/* Gives the label of what an objective promotes. */
const char *
promotion_label(Objective objective)
{
	return objectives[objective].promotion;
}

/* Tells whether an attribute may stand in a report of a level. */
bool
attribute_allowed(const Metric *metric, Level level)
{
	if (level == LEVEL_ADVERTISER)
		return metric->numerator == ATTR_CURRENCY || metric->numerator == ATTR_ADVERTISER_NAME ||
			metric->numerator == ATTR_ADVERTISER_ID;
	return (int) level >= metric->denominator;
}

/* Writes the name or id of an ancestor. */
static void
ancestor_text(const Advertiser *adv, Level level, int index, Level above, bool id, int64 now, char *out, size_t size)
{
	const Node *node = node_above(adv, level, index, above);

	if (id)
		snprintf(out, size, "%lld", (long long) node->id);
	else
		entity_name(adv, above, (int) (node - adv->node[above]), now, out, size);
}

/* Writes an attribute's text. */
void
attribute_text(const Metric *metric, const Advertiser *adv, Level level, int index,
			   int64 now, char *out, size_t size)
{
	const Node *campaign = level == LEVEL_ADVERTISER ? NULL : node_above(adv, level, index, LEVEL_CAMPAIGN);
	const char *fixed = NULL;

	switch ((Attribute) metric->numerator)
	{
		case ATTR_CAMPAIGN_NAME:
		case ATTR_CAMPAIGN_ID:
		case ATTR_ADGROUP_NAME:
		case ATTR_ADGROUP_ID:
		case ATTR_AD_NAME:
		case ATTR_AD_ID:
			ancestor_text(adv, level, index, (Level) (metric->numerator / 2), metric->numerator % 2 == 1, now, out, size);
			return;
		case ATTR_ADVERTISER_ID:
			snprintf(out, size, "%lld", (long long) adv->id);
			return;
		case ATTR_BUDGET:
			snprintf(out, size, "%d", 20 * (1 + index % 10) * (adv->market->decimals ? 1 : 100));
			return;
		case ATTR_AD_TEXT:
			snprintf(out, size, "Tap to see what's new\n№ %d", index + 1);
			return;
		case ATTR_OBJECTIVE:
			fixed = objective_name(campaign_objective(campaign));
			break;
		case ATTR_PROMOTION:
			fixed = promotion_label(campaign_objective(campaign));
			break;
		case ATTR_AUTOMATION:
			fixed = campaign_is_smart(campaign) ? "SMART_PLUS" : "MANUAL";
			break;
		case ATTR_STATUS:
			fixed = adv->node[level][index].paused <= now ? "Paused" : "Active";
			break;
		case ATTR_ADVERTISER_NAME:
			fixed = adv->name;
			break;
		case ATTR_CURRENCY:
			fixed = adv->market->currency;
			break;
		case ATTR_PLACEMENT:
			fixed = "Automatic Placement";
			break;
		case ATTR_CALL_TO_ACTION:
			fixed = "Learn more";
			break;
		case ATTR_FALSE:
			fixed = "false";
			break;
		case ATTR_ZERO:
			fixed = "0";
			break;
		case ATTR_NONE:
			fixed = "-";
			break;
	}
	snprintf(out, size, "%s", fixed);
}
