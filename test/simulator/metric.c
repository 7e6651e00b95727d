/*
 * metric.c: every metric the simulator knows, as data.
 *
 * Stays true: ratios are computed from sums, half up; a ratio with nothing
 * below the line is 0; nothing here knows where the sums come from.
 */
#include "metric.h"

#include <stdlib.h>

#define N(name, base) {name, METRIC_COUNT, BASE_##base, 0, false}
#define M(name, base) {name, METRIC_MONEY, BASE_##base, 0, false}
#define PER(name, money, base) {name, METRIC_PER, BASE_##money, BASE_##base, false}
#define COST_OF(name, base) PER(name, SPEND, base)
#define PERCENT(name, of, base) {name, METRIC_PERCENT, BASE_##of, BASE_##base, false}
#define ROAS(name, money) {name, METRIC_RATIO, BASE_##money, BASE_SPEND, false}
#define ATTRIBUTE(name, attr, level) {name, METRIC_ATTRIBUTE, ATTR_##attr, LEVEL_##level, false}
#define ELSEWHERE(name) {name, METRIC_ELSEWHERE, 0, 0, false}
/* A website event's five metrics, whose names are irregular. */
#define EVENT(count, cost, rate, per, value, base) \
	N(count, base), COST_OF(cost, base), PERCENT(rate, base, CLICKS), \
	PER(per, base##_VALUE, base), M(value, base##_VALUE)
/* An app event's metrics, whose names are regular; and with a value. */
#define APP_EVENT(name, base) \
	N(name, base), COST_OF("cost_per_" name, base), PERCENT(name "_rate", base, CLICKS), \
	N("total_" name, TOTAL_##base), COST_OF("cost_per_total_" name, TOTAL_##base)
#define APP_TOTAL(total, cost, per, value, base) \
	N(total, TOTAL_##base), COST_OF(cost, TOTAL_##base), \
	PER(per, base##_VALUE, TOTAL_##base), M(value, base##_VALUE)
#define APP_VALUE_EVENT(name, base) \
	N(name, base), COST_OF("cost_per_" name, base), PERCENT(name "_rate", base, CLICKS), \
	APP_TOTAL("total_" name, "cost_per_total_" name, "value_per_total_" name, "total_" name "_value", base)
#define WEBSITE_EVENT(name, base) \
	EVENT("website_total_" name, "website_cost_per_" name, "website_" name "_rate", \
		  "website_value_per_" name, "website_total_" name "_value", base)

static const Metric metrics[] = {
	/* core */
	M("spend", SPEND), M("cash_spend", CASH_SPEND), M("voucher_spend", VOUCHER_SPEND), M("billed_cost", BILLED_COST),
	N("impressions", IMPRESSIONS), N("gross_impressions", GROSS_IMPRESSIONS), N("clicks", CLICKS),
	PERCENT("ctr", CLICKS, IMPRESSIONS), COST_OF("cpc", CLICKS),
	{"cpm", METRIC_MILLE, BASE_SPEND, BASE_IMPRESSIONS, false},
	N("reach", REACH), {"frequency", METRIC_RATIO, BASE_IMPRESSIONS, BASE_REACH, false},
	{"cost_per_1000_reached", METRIC_MILLE, BASE_SPEND, BASE_REACH, false},
	N("conversion", CONVERSION), COST_OF("cost_per_conversion", CONVERSION),
	PERCENT("conversion_rate", CONVERSION, IMPRESSIONS), PERCENT("conversion_rate_v2", CONVERSION, IMPRESSIONS),
	N("real_time_conversion", REAL_TIME_CONVERSION),
	COST_OF("real_time_cost_per_conversion", REAL_TIME_CONVERSION),
	PERCENT("real_time_conversion_rate", REAL_TIME_CONVERSION, IMPRESSIONS),
	PERCENT("real_time_conversion_rate_v2", REAL_TIME_CONVERSION, IMPRESSIONS),
	N("result", RESULT), {"cost_per_result", METRIC_PER3, BASE_SPEND, BASE_RESULT, false},
	PERCENT("result_rate", RESULT, IMPRESSIONS), N("real_time_result", REAL_TIME_RESULT),
	{"real_time_cost_per_result", METRIC_PER3, BASE_SPEND, BASE_REAL_TIME_RESULT, false},
	PERCENT("real_time_result_rate", REAL_TIME_RESULT, IMPRESSIONS),
	{"secondary_goal_result", METRIC_COUNT, BASE_SECONDARY_GOAL, 0, true},
	{"cost_per_secondary_goal_result", METRIC_PER, BASE_SPEND, BASE_SECONDARY_GOAL, true},
	{"secondary_goal_result_rate", METRIC_PERCENT, BASE_SECONDARY_GOAL, BASE_IMPRESSIONS, true},
	N("skan_result", SKAN_RESULT), COST_OF("skan_cost_per_result", SKAN_RESULT),
	PERCENT("skan_result_rate", SKAN_RESULT, IMPRESSIONS), N("skan_conversion", SKAN_CONVERSION),
	COST_OF("skan_cost_per_conversion", SKAN_CONVERSION), PERCENT("skan_conversion_rate", SKAN_CONVERSION, CLICKS),
	PERCENT("skan_conversion_rate_v2", SKAN_CONVERSION, IMPRESSIONS),
	N("skan_click_time_conversion", SKAN_CLICK_TIME_CONVERSION),
	COST_OF("skan_click_time_cost_per_conversion", SKAN_CLICK_TIME_CONVERSION), ELSEWHERE("tax_spend"),
	/* video */
	N("video_play_actions", VIDEO_PLAYS), N("video_watched_2s", WATCHED_2S), N("video_watched_6s", WATCHED_6S),
	N("video_views_p25", VIEWS_P25), N("video_views_p50", VIEWS_P50), N("video_views_p75", VIEWS_P75),
	N("video_views_p100", VIEWS_P100), {"average_video_play", METRIC_SECONDS, BASE_WATCH_TIME, BASE_VIDEO_PLAYS, false},
	{"average_video_play_per_user", METRIC_SECONDS, BASE_WATCH_TIME, BASE_REACH, false},
	N("engaged_view", ENGAGED_VIEW), N("engaged_view_15s", ENGAGED_VIEW_15S),
	N("paid_engaged_view", PAID_ENGAGED_VIEW), N("paid_engaged_view_15s", PAID_ENGAGED_VIEW_15S),
	N("organic_video_views", ORGANIC_VIDEO_VIEWS), N("paid_engagement_engaged_view", PAID_ENGAGEMENT_VIEW),
	N("paid_engagement_engaged_view_15s", PAID_ENGAGEMENT_VIEW_15S),
	/* clicks, social, live */
	N("engagements", ENGAGEMENTS), PERCENT("engagement_rate", ENGAGEMENTS, IMPRESSIONS),
	N("likes", LIKES), N("comments", COMMENTS), N("shares", SHARES), N("follows", FOLLOWS),
	N("profile_visits", PROFILE_VISITS), PERCENT("profile_visits_rate", PROFILE_VISITS, IMPRESSIONS),
	N("clicks_on_music_disc", MUSIC_CLICKS), N("duet_clicks", DUET_CLICKS), N("stitch_clicks", STITCH_CLICKS),
	N("sound_usage_clicks", SOUND_CLICKS), N("anchor_clicks", ANCHOR_CLICKS),
	PERCENT("anchor_click_rate", ANCHOR_CLICKS, IMPRESSIONS), N("clicks_on_hashtag_challenge", HASHTAG_CLICKS),
	N("tt_playlist_visit", PLAYLIST_VISITS), PERCENT("tt_playlist_visit_rate", PLAYLIST_VISITS, IMPRESSIONS),
	N("new_consideration_size", CONSIDERATION), PERCENT("new_consideration_rate", CONSIDERATION, IMPRESSIONS),
	COST_OF("cost_per_consideration", CONSIDERATION), N("earned_page_video_views", EARNED_VIEWS),
	N("earned_page_video_views_p100", EARNED_VIEWS_P100), N("earned_page_clicks", EARNED_CLICKS),
	N("live_views", LIVE_VIEWS), N("live_unique_views", LIVE_UNIQUE_VIEWS),
	N("live_effective_views", LIVE_EFFECTIVE_VIEWS), N("live_product_clicks", LIVE_PRODUCT_CLICKS),
	/* app */
	N("app_install", APP_INSTALL), COST_OF("cost_per_app_install", APP_INSTALL),
	N("real_time_app_install", REAL_TIME_APP_INSTALL), COST_OF("real_time_app_install_cost", REAL_TIME_APP_INSTALL),
	N("registration", REGISTRATION), COST_OF("cost_per_registration", REGISTRATION),
	PERCENT("registration_rate", REGISTRATION, CLICKS), N("total_registration", TOTAL_REGISTRATION),
	COST_OF("cost_per_total_registration", TOTAL_REGISTRATION), N("purchase", PURCHASE),
	COST_OF("cost_per_purchase", PURCHASE), PERCENT("purchase_rate", PURCHASE, CLICKS),
	N("total_purchase", TOTAL_PURCHASE), COST_OF("cost_per_total_purchase", TOTAL_PURCHASE),
	PER("value_per_total_purchase", TOTAL_PURCHASE_VALUE, TOTAL_PURCHASE),
	M("total_purchase_value", TOTAL_PURCHASE_VALUE), ROAS("total_active_pay_roas", TOTAL_PURCHASE_VALUE),
	M("total_purchase_value_day0", PURCHASE_VALUE_DAY0), M("total_purchase_value_day2", PURCHASE_VALUE_DAY2),
	M("total_purchase_value_day6", PURCHASE_VALUE_DAY6), ROAS("total_purchase_roas_day0", PURCHASE_VALUE_DAY0),
	ROAS("total_purchase_roas_day2", PURCHASE_VALUE_DAY2), ROAS("total_purchase_roas_day6", PURCHASE_VALUE_DAY6),
	N("checkout", CHECKOUT), PERCENT("checkout_rate", CHECKOUT, CLICKS), N("total_checkout", TOTAL_CHECKOUT),
	M("total_checkout_value", TOTAL_CHECKOUT_VALUE), N("skan_app_install", SKAN_APP_INSTALL),
	COST_OF("skan_cost_per_app_install", SKAN_APP_INSTALL),
	COST_OF("cost_per_checkout", CHECKOUT), COST_OF("cost_per_total_checkout", TOTAL_CHECKOUT),
	PER("value_per_checkout", TOTAL_CHECKOUT_VALUE, TOTAL_CHECKOUT),
	APP_VALUE_EVENT("app_event_add_to_cart", APP_ADD_TO_CART), APP_VALUE_EVENT("view_content", APP_VIEW_CONTENT),
	APP_VALUE_EVENT("day7_retention", DAY7_RETENTION), APP_VALUE_EVENT("add_to_wishlist", APP_WISHLIST),
	APP_VALUE_EVENT("complete_tutorial", COMPLETE_TUTORIAL), APP_VALUE_EVENT("create_group", CREATE_GROUP),
	APP_VALUE_EVENT("join_group", JOIN_GROUP), APP_VALUE_EVENT("create_gamerole", CREATE_GAMEROLE),
	APP_VALUE_EVENT("spend_credits", SPEND_CREDITS), APP_VALUE_EVENT("achieve_level", ACHIEVE_LEVEL),
	APP_VALUE_EVENT("unlock_achievement", UNLOCK_ACHIEVEMENT), APP_VALUE_EVENT("sales_lead", SALES_LEAD),
	APP_VALUE_EVENT("in_app_ad_click", IN_APP_AD_CLICK), APP_VALUE_EVENT("in_app_ad_impr", IN_APP_AD_IMPR),
	APP_VALUE_EVENT("ratings", RATINGS), APP_VALUE_EVENT("subscribe", SUBSCRIBE),
	APP_EVENT("next_day_open", NEXT_DAY_OPEN), APP_EVENT("launch_app", LAUNCH_APP),
	APP_EVENT("loan_apply", LOAN_APPLY), APP_EVENT("loan_credit", LOAN_CREDIT),
	APP_EVENT("loan_disbursement", LOAN_DISBURSEMENT), APP_EVENT("login", LOGIN), APP_EVENT("search", APP_SEARCH),
	APP_EVENT("start_trial", START_TRIAL), N("add_payment_info", APP_PAYMENT_INFO),
	COST_OF("cost_per_add_payment_info", APP_PAYMENT_INFO), PERCENT("add_payment_info_rate", APP_PAYMENT_INFO, CLICKS),
	N("total_add_payment_info", TOTAL_APP_PAYMENT_INFO), COST_OF("cost_total_add_payment_info", TOTAL_APP_PAYMENT_INFO),
	N("unique_custom_app_events", CUSTOM_APP_EVENTS), COST_OF("cost_per_unique_custom_app_event", CUSTOM_APP_EVENTS),
	PERCENT("custom_app_event_rate", CUSTOM_APP_EVENTS, CLICKS),
	APP_TOTAL("custom_app_events", "cost_per_custom_app_event", "value_per_custom_app_event",
			  "custom_app_events_value", CUSTOM_APP_EVENTS),
	N("unique_ad_impression_events", AD_IMPRESSION_EVENTS),
	COST_OF("cost_per_unique_ad_impression_event", AD_IMPRESSION_EVENTS),
	PERCENT("customized_ad_impression_event_rate", AD_IMPRESSION_EVENTS, CLICKS),
	APP_TOTAL("ads_impression_events", "cost_pre_ad_impression_event", "value_per_ad_impression_event",
			  "total_ad_impression_events_value", AD_IMPRESSION_EVENTS),
	ROAS("total_ad_impression_roas", AD_IMPRESSION_EVENTS_VALUE),
	M("ad_impression_ad_revenue_day0", AD_REVENUE_DAY0), M("ad_impression_ad_revenue_day2", AD_REVENUE_DAY2),
	M("ad_impression_ad_revenue_day6", AD_REVENUE_DAY6),
	ROAS("ad_impression_ad_revenue_roas_day0", AD_REVENUE_DAY0),
	ROAS("ad_impression_ad_revenue_roas_day2", AD_REVENUE_DAY2),
	ROAS("ad_impression_ad_revenue_roas_day6", AD_REVENUE_DAY6),
	N("skan_app_install_withheld", SKAN_INSTALL_WITHHELD), N("skan_registration", SKAN_REGISTRATION),
	N("skan_complete_tutorial", SKAN_COMPLETE_TUTORIAL), N("skan_purchase", SKAN_PURCHASE),
	N("skan_total_purchase", SKAN_TOTAL_PURCHASE), M("skan_total_purchase_value", SKAN_PURCHASE_VALUE),
	ROAS("skan_total_repetitive_active_pay_roas", SKAN_PURCHASE_VALUE),
	/* website */
	WEBSITE_EVENT("find_location", FIND_LOCATION), WEBSITE_EVENT("schedule", SCHEDULE),
	WEBSITE_EVENT("customize_product", CUSTOMIZE_PRODUCT),
	EVENT("custom_page_events", "cost_per_custom_page_event", "custom_page_event_rate",
		  "value_per_custom_page_event", "custom_page_events_value", CUSTOM_PAGE_EVENTS),
	EVENT("complete_payment", "cost_per_complete_payment", "complete_payment_rate", "value_per_complete_payment",
		  "total_complete_payment_rate", COMPLETE_PAYMENT), ROAS("complete_payment_roas", COMPLETE_PAYMENT_VALUE),
	N("total_landing_page_view", LANDING_PAGE_VIEW), COST_OF("cost_per_landing_page_view", LANDING_PAGE_VIEW),
	PERCENT("landing_page_view_rate", LANDING_PAGE_VIEW, CLICKS),
	EVENT("total_pageview", "cost_per_pageview", "pageview_rate", "avg_value_per_pageview",
		  "total_value_per_pageview", PAGEVIEW),
	N("page_browse_view", PAGE_BROWSE_VIEW), COST_OF("cost_per_page_browse_view", PAGE_BROWSE_VIEW),
	PERCENT("page_browse_view_rate", PAGE_BROWSE_VIEW, CLICKS),
	EVENT("button_click", "cost_per_button_click", "button_click_rate", "value_per_button_click",
		  "total_button_click_value", BUTTON_CLICK),
	EVENT("online_consult", "cost_per_online_consult", "online_consult_rate", "value_per_online_consult",
		  "total_online_consult_value", ONLINE_CONSULT),
	EVENT("user_registration", "cost_per_user_registration", "user_registration_rate",
		  "value_per_user_registration", "total_user_registration_value", USER_REGISTRATION),
	EVENT("page_content_view_events", "cost_per_page_content_view_event", "page_content_view_event_rate",
		  "value_per_page_content_view_event", "total_page_view_content_events_value", CONTENT_VIEW),
	EVENT("web_event_add_to_cart", "cost_per_web_event_add_to_cart", "web_event_add_to_cart_rate",
		  "value_per_web_event_add_to_cart", "total_web_event_add_to_cart_value", ADD_TO_CART),
	EVENT("on_web_order", "cost_per_on_web_order", "on_web_order_rate", "value_per_on_web_order",
		  "total_on_web_order_value", ON_WEB_ORDER),
	EVENT("initiate_checkout", "cost_per_initiate_checkout", "initiate_checkout_rate",
		  "value_per_initiate_checkout", "total_initiate_checkout_value", INITIATE_CHECKOUT),
	EVENT("add_billing", "cost_per_add_billing", "add_billing_rate", "value_per_add_billing",
		  "total_add_billing_value", ADD_BILLING),
	EVENT("page_event_search", "cost_per_page_event_search", "page_event_search_rate",
		  "value_per_page_event_search", "total_page_event_search_value", PAGE_SEARCH),
	EVENT("form", "cost_per_form", "form_rate", "value_per_form", "total_form_value", FORM),
	EVENT("download_start", "cost_per_download_start", "download_start_rate", "value_per_download_start",
		  "total_download_start_value", DOWNLOAD_START),
	EVENT("on_web_add_to_wishlist", "cost_per_on_web_add_to_wishlist", "on_web_add_to_wishlist_rate",
		  "value_per_on_web_add_to_wishlist", "total_on_web_add_to_wishlist_value", ADD_TO_WISHLIST),
	EVENT("on_web_subscribe", "cost_per_on_web_subscribe", "on_web_subscribe_rate", "value_per_on_web_subscribe",
		  "total_on_web_subscribe_value", ON_WEB_SUBSCRIBE),
	/* TikTok pages and shop */
	EVENT("onsite_shopping", "cost_per_onsite_shopping", "onsite_shopping_rate", "value_per_onsite_shopping",
		  "total_onsite_shopping_value", ONSITE_SHOPPING), ROAS("onsite_shopping_roas", ONSITE_SHOPPING_VALUE),
	N("onsite_form", ONSITE_FORM), COST_OF("cost_per_onsite_form", ONSITE_FORM),
	PERCENT("onsite_form_rate", ONSITE_FORM, CLICKS), N("onsite_download_start", ONSITE_DOWNLOAD_START),
	COST_OF("cost_per_onsite_download_start", ONSITE_DOWNLOAD_START),
	PERCENT("onsite_download_start_rate", ONSITE_DOWNLOAD_START, CLICKS),
	N("ix_page_view_count", IX_PAGE_VIEWS), PERCENT("ix_page_view_count_rate", IX_PAGE_VIEWS, CLICKS),
	N("ix_button_click_count", IX_BUTTON_CLICKS), PERCENT("ix_button_click_count_rate", IX_BUTTON_CLICKS, CLICKS),
	N("ix_product_click_count", IX_PRODUCT_CLICKS),
	PERCENT("ix_product_click_count_rate", IX_PRODUCT_CLICKS, CLICKS),
	/* attribution */
	N("vta_conversion", VTA_CONVERSION), COST_OF("cost_per_vta_conversion", VTA_CONVERSION),
	N("cta_conversion", CTA_CONVERSION), COST_OF("cost_per_cta_conversion", CTA_CONVERSION),
	N("engaged_view_through_conversions", EVTA_CONVERSION),
	COST_OF("cost_per_engaged_view_through_conversion", EVTA_CONVERSION),
	N("vta_app_install", VTA_APP_INSTALL), COST_OF("cost_per_vta_app_install", VTA_APP_INSTALL),
	N("cta_app_install", CTA_APP_INSTALL), COST_OF("cost_per_cta_app_install", CTA_APP_INSTALL),
	N("evta_app_install", EVTA_APP_INSTALL), COST_OF("cost_per_evta_app_install", EVTA_APP_INSTALL),
	N("vta_registration", VTA_REGISTRATION), COST_OF("cost_per_vta_registration", VTA_REGISTRATION),
	N("cta_registration", CTA_REGISTRATION), COST_OF("cost_per_cta_registration", CTA_REGISTRATION),
	N("evta_registration", EVTA_REGISTRATION), COST_OF("cost_per_evta_registration", EVTA_REGISTRATION),
	N("vta_purchase", VTA_PURCHASE), COST_OF("cost_per_vta_purchase", VTA_PURCHASE),
	N("cta_purchase", CTA_PURCHASE), COST_OF("cost_per_cta_purchase", CTA_PURCHASE),
	N("evta_purchase", EVTA_PURCHASE), COST_OF("cost_per_evta_purchase", EVTA_PURCHASE),
	N("vta_complete_payment", VTA_COMPLETE_PAYMENT),
	COST_OF("cost_per_vta_payments_completed", VTA_COMPLETE_PAYMENT),
	M("vta_complete_payment_value", VTA_COMPLETE_PAYMENT_VALUE),
	ROAS("vta_complete_payment_roas", VTA_COMPLETE_PAYMENT_VALUE),
	N("evta_payments_completed", EVTA_PAYMENTS_COMPLETED),
	COST_OF("cost_per_evta_payments_completed", EVTA_PAYMENTS_COMPLETED),
	/* attributes: labels of the entity, only beside its ID dimension */
	ATTRIBUTE("advertiser_name", ADVERTISER_NAME, CAMPAIGN), ATTRIBUTE("advertiser_id", ADVERTISER_ID, CAMPAIGN),
	ATTRIBUTE("campaign_name", CAMPAIGN_NAME, CAMPAIGN), ATTRIBUTE("campaign_id", CAMPAIGN_ID, CAMPAIGN),
	ATTRIBUTE("objective_type", OBJECTIVE, CAMPAIGN), ATTRIBUTE("campaign_automation_type", AUTOMATION, CAMPAIGN),
	ATTRIBUTE("currency", CURRENCY, CAMPAIGN), ATTRIBUTE("adgroup_name", ADGROUP_NAME, ADGROUP),
	ATTRIBUTE("adgroup_id", ADGROUP_ID, ADGROUP), ATTRIBUTE("placement_type", PLACEMENT, ADGROUP),
	ATTRIBUTE("promotion_type", PROMOTION, ADGROUP), ATTRIBUTE("budget", BUDGET, ADGROUP),
	ATTRIBUTE("opt_status", STATUS, ADGROUP), ATTRIBUTE("dpa_target_audience_type", NONE, ADGROUP),
	ATTRIBUTE("tt_app_id", ZERO, ADGROUP), ATTRIBUTE("tt_app_name", ZERO, ADGROUP),
	ATTRIBUTE("mobile_app_id", ZERO, ADGROUP), ATTRIBUTE("ad_name", AD_NAME, AD), ATTRIBUTE("ad_id", AD_ID, AD),
	ATTRIBUTE("ad_text", AD_TEXT, AD), ATTRIBUTE("call_to_action", CALL_TO_ACTION, AD),
	ATTRIBUTE("is_aco", FALSE, AD), ATTRIBUTE("is_smart_creative", FALSE, AD), ATTRIBUTE("image_mode", NONE, AD),
};

static const Metric *by_name[COUNT_OF(metrics)];

/* Orders metrics by name. */
static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(const Metric *const *) a)->name, (*(const Metric *const *) b)->name);
}

/* Sorts the metrics, at start. */
void
metrics_prepare(void)
{
	int			i;

	for (i = 0; i < COUNT_OF(metrics); i++)
		by_name[i] = &metrics[i];
	qsort(by_name, COUNT_OF(metrics), sizeof(by_name[0]), compare_names);
}

/* Finds a metric by name. */
const Metric *
metric_find(const char *name)
{
	const Metric wanted = {.name = name};
	const Metric *key = &wanted;
	const Metric *const *found = bsearch(&key, by_name, COUNT_OF(metrics), sizeof(by_name[0]), compare_names);

	return found ? *found : NULL;
}

/* Marks what a metric is made from. */
void
metric_need(const Metric *metric, Program *program)
{
	if (metric->kind >= METRIC_ATTRIBUTE)
		return;
	program_need(program, (Base) metric->numerator);
	program_need(program, (Base) metric->denominator);
}

/* Computes a metric as an integer with so many decimals. */
int64
metric_value(const Metric *metric, const Sums *sums, int money_decimals, int *decimals)
{
	int64		above = sums->value[metric->numerator];
	int64		below = sums->value[metric->denominator];
	int64		cents = money_decimals == 2 ? 1 : 100;

	*decimals = 2;
	switch (metric->kind)
	{
		case METRIC_COUNT:
			*decimals = 0;
			return above;
		case METRIC_MONEY:
			*decimals = money_decimals;
			return above;
		case METRIC_PER:
			above *= cents;
			break;
		case METRIC_PER3:
			*decimals = 3;
			above *= cents * 10;
			break;
		case METRIC_MILLE:
			above *= cents * 1000;
			break;
		case METRIC_PERCENT:
			above *= 10000;
			break;
		case METRIC_RATIO:
			above *= 100;
			break;
		case METRIC_SECONDS:
		case METRIC_ATTRIBUTE:
		case METRIC_ELSEWHERE:
			break;
	}
	return below > 0 ? (2 * above + below) / (2 * below) : 0;
}
