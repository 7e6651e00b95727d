/*
 * breakdown.c: the dimensions beside ID and time, their members and the metrics
 * that they allow.
 *
 * Stays true: the members of a breakdown share every number of an ad's day
 * without rest, so a sum over one breakdown is the number itself (the real API
 * drops small cells; ours does not, so that tests can add up).
 */
#include "report.h"

#include <stdio.h>

static const char any_metrics[] =
"spend|impressions|clicks|ctr|cpc|cpm|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|"
"real_time_conversion|real_time_cost_per_conversion|real_time_conversion_rate|"
"real_time_conversion_rate_v2|result|cost_per_result|result_rate|real_time_result|"
"real_time_cost_per_result|real_time_result_rate";

static const char audience_country_metrics[] =
"spend|cpc|cpm|impressions|gross_impressions|clicks|ctr|conversion|cost_per_conversion|conversion_rate|"
"real_time_conversion|real_time_cost_per_conversion|real_time_conversion_rate|result|cost_per_result|"
"result_rate|real_time_result|real_time_cost_per_result|real_time_result_rate|video_play_actions|"
"video_watched_2s|video_watched_6s|video_views_p25|video_views_p50|video_views_p75|video_views_p100|"
"average_video_play|clicks_on_music_disc|follows|likes|comments|shares|profile_visits|profile_visits_rate|"
"total_landing_page_view|cost_per_landing_page_view|landing_page_view_rate";

static const char ad_type_metrics[] =
"spend|cpc|cpm|impressions|clicks|ctr|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|"
"real_time_conversion|real_time_cost_per_conversion|real_time_conversion_rate|"
"real_time_conversion_rate_v2|video_play_actions|video_watched_2s|video_watched_6s|video_views_p25|"
"video_views_p50|video_views_p75|video_views_p100|average_video_play|engaged_view|engaged_view_15s|"
"clicks_on_music_disc|follows|likes|comments|shares|profile_visits|profile_visits_rate|"
"total_landing_page_view|cost_per_landing_page_view|landing_page_view_rate";

static const char basic_country_metrics[] =
"spend|cpc|cpm|impressions|gross_impressions|clicks|ctr|reach|frequency|conversion|cost_per_conversion|"
"conversion_rate|real_time_conversion|real_time_cost_per_conversion|real_time_conversion_rate|result|"
"cost_per_result|result_rate|real_time_result|real_time_cost_per_result|real_time_result_rate|"
"video_play_actions|video_watched_2s|video_watched_6s|video_views_p25|video_views_p50|video_views_p75|"
"video_views_p100|average_video_play|engaged_view|engaged_view_15s|clicks_on_music_disc|follows|likes|"
"comments|shares|profile_visits|profile_visits_rate|live_product_clicks|real_time_app_install|"
"real_time_app_install_cost|app_install|cost_per_app_install|registration|cost_per_registration|"
"registration_rate|purchase|cost_per_purchase|purchase_rate|complete_payment|cost_per_complete_payment|"
"complete_payment_rate|total_landing_page_view|cost_per_landing_page_view|landing_page_view_rate|"
"button_click|cost_per_button_click|button_click_rate|online_consult|cost_per_online_consult|"
"online_consult_rate|form|cost_per_form|form_rate|download_start|cost_per_download_start|"
"download_start_rate|cost_per_page_browse_view|page_browse_view|page_browse_view_rate";

static const char page_metrics[] =
"spend|cpc|cpm|impressions|clicks|ctr|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|"
"ix_page_view_count|ix_button_click_count|ix_product_click_count|onsite_form|onsite_download_start";

static const char room_metrics[] =
"spend|cpc|cpm|impressions|clicks|ctr|reach|frequency|conversion|cost_per_conversion|result|cost_per_result|"
"onsite_shopping|total_onsite_shopping_value|onsite_form|onsite_download_start";

static const char post_metrics[] =
"spend|cpc|cpm|impressions|clicks|ctr|reach|frequency|conversion|cost_per_conversion|result|cost_per_result|"
"onsite_shopping|total_onsite_shopping_value|onsite_form|onsite_download_start|video_play_actions|"
"video_watched_2s|video_watched_6s|video_views_p25|video_views_p50|video_views_p75|video_views_p100|"
"average_video_play|average_video_play_per_user|engaged_view|engaged_view_15s";

static const char search_metrics[] =
"spend|cpc|cpm|impressions|clicks|ctr|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|"
"result|cost_per_result|result_rate|video_play_actions|engaged_view|engaged_view_15s";

static const char skan_metrics[] =
"skan_result|skan_conversion|skan_click_time_conversion|skan_app_install";

static const Breakdown breakdowns[] = {
	{"age", "AGE_18_24|AGE_25_34|AGE_35_44|AGE_45_54|AGE_55_100|AGE_13_17|NONE", true, BREAKDOWN_ANY},
	{"gender", "FEMALE|MALE|NONE", true, BREAKDOWN_ANY},
	{"country_code", "US|CA|MX|GB", true, BREAKDOWN_COUNTRY},
	{"province_id", "5332921|5128638|4736286|6254926", true, BREAKDOWN_ANY},
	{"dma_id", "803|501|602", true, BREAKDOWN_ANY},
	{"language", "en|es|fr", true, BREAKDOWN_ANY},
	{"platform", "ANDROID|IPHONE|IPAD", true, BREAKDOWN_ANY},
	{"ac", "WIFI|4G|5G|3G", true, BREAKDOWN_ANY},
	{"placement", "PLACEMENT_TIKTOK|PLACEMENT_PANGLE", true, BREAKDOWN_ANY},
	{"device_brand_id", "1|2|3", false, BREAKDOWN_ANY},
	{"interest_category", "10|11|12", false, BREAKDOWN_ANY},
	{"interest_category_v2", "26|25|24|23", false, BREAKDOWN_ANY},
	{"interest_category_tier2", "26001|25003", false, BREAKDOWN_ANY},
	{"interest_category_tier3", "26001001|25003002", false, BREAKDOWN_ANY},
	{"interest_category_tier4", "26001001005", false, BREAKDOWN_ANY},
	{"behavior_id", "100|101", true, BREAKDOWN_ANY},
	{"contextual_tag", "c1|c2", true, BREAKDOWN_ANY},
	{"hashtag", "fyp|viral", true, BREAKDOWN_AD_TYPE},
	{"audience_tags", "t1|t2", true, BREAKDOWN_AD_TYPE},
	{"additional_interests", "i1|i2", true, BREAKDOWN_ANY},
	{"purchase_intention", "p1|p2", true, BREAKDOWN_AD_TYPE},
	{"ad_type", "SINGLE_VIDEO|SINGLE_IMAGE", true, BREAKDOWN_AD_TYPE},
	{"custom_event_type", "E1|E2", true, BREAKDOWN_BASIC},
	{"event_source_id", "7100|7101", true, BREAKDOWN_BASIC},
	{"image_id", "ad-site-i18n/1|ad-site-i18n/2", true, BREAKDOWN_BASIC},
	{"video_material_id", "7300|7301|7302", true, BREAKDOWN_BASIC},
	{"minis_id", "m1|m2", true, BREAKDOWN_BASIC},
	{"page_id", "7400|7401", true, BREAKDOWN_PAGE},
	{"component_name", "button|form", true, BREAKDOWN_PAGE},
	{"room_id", "7500|7501", true, BREAKDOWN_ROOM},
	{"post_id", "7600|7601", true, BREAKDOWN_POST},
	{"search_terms", "red shoes|blue shoes, sale|shoes", true, BREAKDOWN_SEARCH},
	{"search_keyword", "shoes|boots", true, BREAKDOWN_SEARCH},
	{"match_type", "BROAD_MATCH|EXACT_MATCH|PHRASE_MATCH", true, BREAKDOWN_SEARCH},
	{"skan_postback_sequence", "0|1|2", true, BREAKDOWN_SKAN},
};

/* Finds a breakdown by name, NULL when it is not simulated. */
const Breakdown *
breakdown_find(const char *name)
{
	int			i;

	for (i = 0; i < COUNT_OF(breakdowns); i++)
		if (strcmp(breakdowns[i].name, name) == 0)
			return &breakdowns[i];
	return NULL;
}

/* Counts a breakdown's members. */
int
breakdown_members(const Breakdown *breakdown)
{
	const char *c;
	int			count = 1;

	for (c = breakdown->members; *c != '\0'; c++)
		count += *c == '|';
	return count;
}

/* Tells whether a report by this dimension offers a metric. */
bool
breakdown_allows(const Breakdown *breakdown, bool audience, const char *metric)
{
	switch (breakdown->group)
	{
		case BREAKDOWN_BASIC:
			return choice_known("spend|impressions|clicks|conversion", metric);
		case BREAKDOWN_PAGE:
			return choice_known(page_metrics, metric);
		case BREAKDOWN_ROOM:
			return choice_known(room_metrics, metric);
		case BREAKDOWN_POST:
			return choice_known(post_metrics, metric);
		case BREAKDOWN_SEARCH:
			return choice_known(search_metrics, metric);
		case BREAKDOWN_SKAN:
			return choice_known(skan_metrics, metric);
	}
	if (!audience)
		return choice_known(breakdown->group == BREAKDOWN_COUNTRY ? basic_country_metrics : ad_type_metrics, metric);
	if (breakdown->group == BREAKDOWN_COUNTRY)
		return choice_known(audience_country_metrics, metric);
	return choice_known(breakdown->group == BREAKDOWN_AD_TYPE ? ad_type_metrics : any_metrics, metric);
}

/* Finds the share of a member: each gets a little less than the one before. */
static void
share_of(int member, int members, int64 low, int64 high, Share *share)
{
	int64		total = (int64) members * (members + 1) / 2;
	int64		before = (int64) member * members - (int64) member * (member - 1) / 2;

	share->low = low + (high - low) * before / total;
	share->high = low + (high - low) * (before + members - member) / total;
}

/* Finds the share of a member of the query's breakdowns. */
void
breakdown_share(const Query *query, int member, Share *share)
{
	int			inner = query->breakdown[1] ? breakdown_members(query->breakdown[1]) : 1;
	int			outer = query->members / inner;

	share_of(member / inner, outer, 0, 4096, share);
	if (inner > 1)
		share_of(member % inner, inner, share->low, share->high, share);
}

/* Writes one member of a breakdown. */
static char *
put_member(char *p, const Breakdown *breakdown, int member)
{
	const char *from = breakdown->members;
	size_t		len;

	while (member-- > 0)
		from = strchr(from, '|') + 1;
	len = strcspn(from, "|");
	p += sprintf(p, "\"%s\":\"%.*s\",", breakdown->name, (int) len, from);
	return p;
}

/* Writes the members of a row, each with a comma behind. */
char *
put_members(char *p, const Query *query, int member)
{
	int			inner = query->breakdown[1] ? breakdown_members(query->breakdown[1]) : 1;

	if (query->breakdown[0])
		p = put_member(p, query->breakdown[0], member / inner);
	if (query->breakdown[1])
		p = put_member(p, query->breakdown[1], member % inner);
	return p;
}
