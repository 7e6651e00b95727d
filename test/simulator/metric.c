/*
 * metric.c: every metric the simulator knows, as data.
 *
 * Stays true: ratios are computed from sums, half up; a ratio with nothing
 * below the line is 0; nothing here knows where the sums come from.
 */
#include "metric.h"

#include <stdio.h>

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
	/* clicks, social, live */
	N("engagements", ENGAGEMENTS), PERCENT("engagement_rate", ENGAGEMENTS, IMPRESSIONS),
	N("likes", LIKES), N("comments", COMMENTS), N("shares", SHARES), N("follows", FOLLOWS),
	N("profile_visits", PROFILE_VISITS), PERCENT("profile_visits_rate", PROFILE_VISITS, IMPRESSIONS),
	N("clicks_on_music_disc", MUSIC_CLICKS), N("duet_clicks", DUET_CLICKS), N("stitch_clicks", STITCH_CLICKS),
	N("sound_usage_clicks", SOUND_CLICKS), N("anchor_clicks", ANCHOR_CLICKS),
	PERCENT("anchor_click_rate", ANCHOR_CLICKS, IMPRESSIONS), N("clicks_on_hashtag_challenge", HASHTAG_CLICKS),
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
	/* website */
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

/* Finds a metric by name. */
const Metric *
metric_find(const char *name)
{
	int			i;

	for (i = 0; i < COUNT_OF(metrics); i++)
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	return NULL;
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
