-- BI views: columns, formulas and sources, against rows worked out by hand.
BEGIN;
SELECT plan(47);

DO $$ BEGIN
	PERFORM tiktokads.partition_ensure(r.relation, '2026-01-01', '2026-01-31') FROM tiktokads.model_relation AS r WHERE r.kind = 'partitioned';
	PERFORM tiktokads.partition_ensure('report_campaign_daily', '2019-01-01', '2019-01-31'), tiktokads.partition_ensure('report_campaign_daily', '2099-01-01', '2099-01-31');
END $$;

-- columns, as the tables of the field have them
CREATE FUNCTION pg_temp.columns_of(relation text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = ('tiktokads.' || relation)::regclass AND attnum > 0 AND NOT attisdropped
$$;
SELECT is(pg_temp.columns_of('tiktok_ads__advertiser_report'), 'source_relation date_day advertiser_id advertiser_name currency clicks impressions spend reach conversion likes comments shares profile_visits follows video_watched_2_s video_watched_6_s video_views_p_25 video_views_p_50 video_views_p_75 real_time_conversion total_purchase_value total_sales_lead_value total_conversion_value daily_cpc daily_cpm daily_ctr',
	'columns of tiktok_ads__advertiser_report');
SELECT is(pg_temp.columns_of('tiktok_ads__campaign_report'), 'source_relation date_day advertiser_id advertiser_name campaign_id campaign_name currency impressions clicks spend reach conversion likes comments shares profile_visits follows video_watched_2_s video_watched_6_s video_views_p_25 video_views_p_50 video_views_p_75 real_time_conversion total_purchase_value total_sales_lead_value total_conversion_value daily_cpc daily_cpm daily_ctr',
	'columns of tiktok_ads__campaign_report');
SELECT is(pg_temp.columns_of('tiktok_ads__ad_group_report'), 'source_relation date_day advertiser_id advertiser_name campaign_id campaign_name ad_group_id ad_group_name currency category gender audience_type budget impressions clicks spend reach conversion likes comments shares profile_visits follows video_watched_2_s video_watched_6_s video_views_p_25 video_views_p_50 video_views_p_75 real_time_conversion total_purchase_value total_sales_lead_value total_conversion_value daily_cpc daily_cpm daily_ctr',
	'columns of tiktok_ads__ad_group_report');
SELECT is(pg_temp.columns_of('tiktok_ads__ad_report'), 'source_relation date_day advertiser_id advertiser_name campaign_id campaign_name ad_group_id ad_group_name ad_id ad_name currency category gender audience_type budget impressions clicks spend reach conversion likes comments shares profile_visits follows video_watched_2_s video_watched_6_s video_views_p_25 video_views_p_50 video_views_p_75 real_time_conversion total_purchase_value total_sales_lead_value total_conversion_value daily_cpc daily_cpm daily_ctr',
	'columns of tiktok_ads__ad_report');
SELECT is(pg_temp.columns_of('tiktok_ads__url_report'), 'source_relation date_day advertiser_id advertiser_name campaign_id campaign_name ad_group_id ad_group_name ad_id ad_name base_url url_host url_path utm_source utm_medium utm_campaign utm_content utm_term currency category gender audience_type budget impressions clicks spend reach conversion likes comments shares profile_visits follows video_watched_2_s video_watched_6_s video_views_p_25 video_views_p_50 video_views_p_75 real_time_conversion total_purchase_value total_sales_lead_value total_conversion_value daily_cpc daily_cpm daily_ctr',
	'columns of tiktok_ads__url_report');
SELECT is(pg_temp.columns_of('tiktok_ads__campaign_country_report'), 'source_relation date_day campaign_id campaign_name campaign_type created_at country_code advertiser_id advertiser_name currency objective_type status split_test_variable budget budget_mode clicks impressions spend conversion daily_cpc daily_cpm daily_ctr real_time_conversion',
	'columns of tiktok_ads__campaign_country_report');
SELECT is(pg_temp.columns_of('ad_reporting__account_report'), 'source_relation date_day platform account_id account_name clicks impressions spend conversions conversions_value', 'columns of ad_reporting__account_report');
SELECT is(pg_temp.columns_of('ad_reporting__campaign_report'), 'source_relation date_day platform account_id account_name campaign_id campaign_name clicks impressions spend conversions conversions_value', 'columns of ad_reporting__campaign_report');
SELECT is(pg_temp.columns_of('ad_reporting__ad_group_report'), 'source_relation date_day platform account_id account_name campaign_id campaign_name ad_group_id ad_group_name clicks impressions spend conversions conversions_value', 'columns of ad_reporting__ad_group_report');
SELECT is(pg_temp.columns_of('ad_reporting__ad_report'), 'source_relation date_day platform account_id account_name campaign_id campaign_name ad_group_id ad_group_name ad_id ad_name clicks impressions spend conversions conversions_value', 'columns of ad_reporting__ad_report');
SELECT is(pg_temp.columns_of('ad_reporting__url_report'), 'source_relation date_day platform account_id account_name campaign_id campaign_name ad_group_id ad_group_name base_url url_host url_path utm_source utm_medium utm_campaign utm_content utm_term clicks impressions spend conversions conversions_value', 'columns of ad_reporting__url_report');
SELECT is_empty($$
	SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind = 'v' AND c.relname LIKE '%\_\_%'
		AND format_type(a.atttypid, NULL) <> CASE
			WHEN c.relname LIKE 'ad_rep%' AND a.attname LIKE '%\_id' THEN 'text'
			WHEN a.attname LIKE '%\_id' OR a.attname IN ('category', 'clicks', 'impressions', 'reach', 'conversion', 'conversions', 'likes', 'comments', 'shares', 'profile_visits',
				'follows', 'real_time_conversion') OR a.attname LIKE 'video%' THEN 'bigint'
			WHEN a.attname LIKE 'daily%' OR a.attname LIKE '%value' OR a.attname IN ('spend', 'budget') THEN 'numeric'
			WHEN a.attname = 'date_day' THEN 'date' WHEN a.attname = 'created_at' THEN 'timestamp without time zone' ELSE 'text' END
$$, 'ids are bigint (text across platforms), counts bigint, money and ratios numeric');

-- Two accounts, of which one is known; ad 12 and ad group 29 are not.  The ad
-- says campaign 31, its ad group campaign 32: each report goes its own way.
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone) VALUES (1, 'One', 'EUR', 'Europe/Berlin');
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name, campaign_type, objective_type, budget, budget_mode, create_time, secondary_status, modify_time, extra) VALUES
	(1, 31, 'Spring', 'REGULAR_CAMPAIGN', 'TRAFFIC', 450, 'BUDGET_MODE_DAY', '2025-12-01 10:00+00', 'CAMPAIGN_STATUS_ENABLE', '2025-12-02', '{"split_test_variable": "CREATIVE"}'),
	(1, 32, 'Summer', 'REGULAR_CAMPAIGN', 'REACH', 0, 'BUDGET_MODE_INFINITE', '2025-12-01 10:00+00', NULL, '2025-12-02', NULL),
	(9, 31, 'Spring under its former account', NULL, NULL, 1, NULL, NULL, NULL, '2025-11-01', NULL);
INSERT INTO tiktokads.adgroup (advertiser_id, adgroup_id, campaign_id, adgroup_name, category_id, gender, audience_type, budget) VALUES
	(1, 21, 32, 'Group', 7, 'GENDER_FEMALE', 'NEW', 12.5);
INSERT INTO tiktokads.ad (advertiser_id, ad_id, adgroup_id, campaign_id, ad_name, landing_page_url) VALUES
	(1, 11, 21, 31, 'Ad', 'https://u:p@Shop.example.com:8443/a?my_utm_source=x&utm_source=s%20t&utm_medium=m#f'),
	(1, 13, 29, 31, 'No page', NULL),
	(1, 14, 21, 31, 'Word', 'landing_page');
INSERT INTO tiktokads.report_ad_hourly (advertiser_id, ad_id, stat_time_hour, impressions, clicks, spend, reach, conversion, likes, total_purchase_value, total_sales_lead_value, video_watched_2s) VALUES
	(1, 11, '2026-01-05 10:00', 100, 3, 1.50, 80, 1, 2, 10, 2.5, 60),
	(1, 11, '2026-01-05 23:00', 50, 1, 0.50, 40, NULL, 1, NULL, 1, 20),
	(1, 12, '2026-01-05 10:00', 10, 0, 3, NULL, 0, 0, 0, 0, 0),
	(1, 13, '2026-01-05 10:00', 0, 0, 0, NULL, 0, 0, 0, 0, 0);
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, impressions, clicks, spend, reach, conversion) VALUES
	(1, 11, '2026-01-05', 999, 999, 999, 100, 999),
	(1, 14, '2026-01-05', 999, 999, 999, 100, 999),
	(1, 11, '2026-01-06', 20, 1, 2, 9, 1),
	(2, 12, '2026-01-05', 7, 1, 5, 4, 0);

SELECT results_eq($$ SELECT date_day, advertiser_id, advertiser_name, currency, clicks, impressions, spend, reach, conversion, likes, video_watched_2_s, total_purchase_value,
		total_sales_lead_value, total_conversion_value, round(daily_cpc, 4), round(daily_cpm, 4), round(daily_ctr, 4)
	FROM tiktokads.tiktok_ads__advertiser_report ORDER BY date_day, advertiser_id $$,
	$$ VALUES (date '2026-01-05', 1::bigint, 'One', 'EUR', 4::bigint, 150::bigint, 2.00, 120::bigint, 1::bigint, 3::bigint, 80::bigint, 10::numeric, 3.5, 13.5, 0.5000, 13.3333, 2.6667),
		('2026-01-05', NULL, NULL, NULL, 1, 17, 8, 4, 0, 0, 0, 0, 0, 0, 8.0000, 470.5882, 5.8824),
		('2026-01-06', 1, 'One', 'EUR', 1, 20, 2, 9, 1, 0, 0, 0, 0, 0, 2.0000, 100.0000, 5.0000) $$,
	'account report: hours where there are any, else the day; ads that are not known under no account');
SELECT results_eq($$ SELECT date_day, advertiser_id, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, ad_name, category, gender, audience_type, budget, impressions, reach, daily_ctr
	FROM tiktokads.tiktok_ads__ad_report WHERE date_day = '2026-01-05' ORDER BY ad_id $$,
	$$ VALUES (date '2026-01-05', 1::bigint, 31::bigint, 'Spring', 21::bigint, 'Group', 11::bigint, 'Ad', 7::bigint, 'GENDER_FEMALE', 'NEW', 12.5, 150::bigint, 120::bigint, 4::numeric / 150 * 100),
		('2026-01-05', NULL, NULL, NULL, NULL, NULL, 12, NULL, NULL, NULL, NULL, NULL, 17, 4, 1::numeric / 17 * 100),
		('2026-01-05', NULL, 31, 'Spring', NULL, NULL, 13, 'No page', NULL, NULL, NULL, NULL, 0, NULL, NULL) $$,
	'ad report: campaign through the ad, ad group and account through its ad group; reach of nothing is NULL');
SELECT results_eq($$ SELECT ad_id, base_url, url_host, url_path, utm_source, utm_medium, utm_campaign FROM tiktokads.tiktok_ads__url_report WHERE date_day = '2026-01-05' $$,
	$$ VALUES (11::bigint, 'https://u:p@Shop.example.com:8443/a', 'u:p@Shop.example.com:8443', '/a', 'x', 'm#f', NULL) $$,
	'compatible URL report cuts as naively as the original, and drops ads without a page');
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend) VALUES (1, 14, '2026-01-06', 1);
SELECT results_eq($$ SELECT base_url, url_host, url_path FROM tiktokads.tiktok_ads__url_report WHERE ad_id = 14 $$,
	$$ VALUES ('landing_page', 'landing_page', '/landing_page') $$, 'a page without any slash is host and path of its own');

INSERT INTO tiktokads.report_adgroup_hourly (advertiser_id, adgroup_id, stat_time_hour, impressions, clicks, spend, reach) VALUES
	(1, 21, '2026-01-05 10:00', 5, 5, 5, NULL), (1, 29, '2026-01-05 10:00', 1, 1, 1, 1);
SELECT results_eq($$ SELECT advertiser_id, advertiser_name, campaign_id, campaign_name, ad_group_id, ad_group_name, currency, reach, spend, daily_cpc FROM tiktokads.tiktok_ads__ad_group_report ORDER BY ad_group_id $$,
	$$ VALUES (1::bigint, 'One', 32::bigint, 'Summer', 21::bigint, 'Group', 'EUR', 0::bigint, 5::numeric, 1.00000000000000000000), (NULL, NULL, NULL, NULL, 29, NULL, NULL, 1, 1, 1) $$,
	'ad group report: campaign through the ad group; its reach of nothing is 0');

INSERT INTO tiktokads.report_campaign_hourly (advertiser_id, campaign_id, stat_time_hour, impressions, clicks, spend) VALUES
	(1, 31, '2026-01-05 00:00', 8, 2, 4), (1, 31, '2026-01-05 23:00', 8, 2, 4), (1, 39, '2026-01-05 00:00', 3, 0, 1);
SELECT results_eq($$ SELECT advertiser_id, campaign_id, campaign_name, currency, impressions, spend, daily_cpc, daily_ctr FROM tiktokads.tiktok_ads__campaign_report ORDER BY campaign_id $$,
	$$ VALUES (1::bigint, 31::bigint, 'Spring', 'EUR', 16::bigint, 8::numeric, 2::numeric, 25::numeric), (NULL, 39, NULL, NULL, 3, 1, NULL, 0) $$,
	'campaign report: the newest of two rows of one campaign; a campaign that is not known has no account');

INSERT INTO tiktokads.report_audience_daily (advertiser_id, data_level, entity_id, breakdown, member, stat_date, country_code, age, impressions, clicks, spend, conversion, real_time_conversion) VALUES
	(1, 'AUCTION_CAMPAIGN', 31, 'country_code', 'DE', '2026-01-05', 'DE', NULL, 1000, 20, 5, 2, NULL),
	(1, 'AUCTION_CAMPAIGN', 31, 'age', 'AGE_18_24', '2026-01-05', NULL, 'AGE_18_24', 600, 20, 3, 2, 1),
	(1, 'AUCTION_AD', 11, 'country_code', 'DE', '2026-01-05', 'DE', NULL, 1000, 20, 5, 2, 1);
SELECT results_eq($$ SELECT * FROM tiktokads.tiktok_ads__campaign_country_report $$,
	$$ VALUES (''::text, date '2026-01-05', 31::bigint, 'Spring', 'REGULAR_CAMPAIGN', timestamp '2025-12-01 10:00', 'DE', 1::bigint, 'One', 'EUR', 'TRAFFIC', 'CAMPAIGN_STATUS_ENABLE',
		'CREATIVE', 450::numeric, 'BUDGET_MODE_DAY', 20::bigint, 1000::bigint, 5::numeric, 2::bigint, 0.25, 5::numeric, 2::numeric, 0::bigint) $$,
	'country report: campaigns by country alone');

SELECT results_eq($$ SELECT date_day, platform, account_id, account_name, clicks, impressions, spend, conversions, conversions_value FROM tiktokads.ad_reporting__account_report WHERE account_id = '1' ORDER BY date_day $$,
	$$ VALUES (date '2026-01-05', 'tiktok_ads', '1', 'One', 4::bigint, 150::bigint, 2.00, 1::bigint, 13.5), ('2026-01-06', 'tiktok_ads', '1', 'One', 1, 20, 3, 1, 0) $$,
	'accounts across platforms');
INSERT INTO tiktokads.ad (advertiser_id, ad_id, adgroup_id, campaign_id, ad_name, landing_page_url) VALUES (1, 15, 21, 31, 'Twin', 'landing_page');
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, clicks) VALUES (1, 15, '2026-01-06', 2, 3);
SELECT results_eq($$ SELECT campaign_id, ad_group_id, url_path, clicks, spend FROM tiktokads.ad_reporting__url_report WHERE base_url = 'landing_page' $$,
	$$ VALUES ('31', '21', '/landing_page', 3::bigint, 3::numeric) $$, 'ads with one page are one row across platforms');

-- our own views
SELECT results_eq($$ SELECT date_day, ad_id, ad_id_text, campaign_name, base_url, url_host, url_path, utm_source, utm_medium, spend, reach, ctr FROM tiktokads.url_report WHERE ad_id = 11 ORDER BY date_day $$,
	$$ VALUES (date '2026-01-05', 11::bigint, '11', 'Spring', 'https://shop.example.com:8443/a', 'shop.example.com', '/a', 's t', 'm', 999::numeric, 100::bigint, 100.0::numeric),
		('2026-01-06', 11, '11', 'Spring', 'https://shop.example.com:8443/a', 'shop.example.com', '/a', 's t', 'm', 2, 9, 5) $$,
	'own URL report takes URLs apart correctly');
SELECT results_eq($$ SELECT hour_of_day, day_of_week, campaign_id, spend FROM tiktokads.hourly_report WHERE campaign_id = 31 ORDER BY 1 $$,
	$$ VALUES (0, 1, 31::bigint, 4::numeric), (23, 1, 31, 4) $$, 'hourly report knows hour and weekday');
SELECT results_eq($$ SELECT data_level, entity_name, breakdown, member, ctr, cpa FROM tiktokads.audience_report ORDER BY 1, 3 $$,
	$$ VALUES ('AUCTION_AD', 'Ad', 'country_code', 'DE', 2.0::numeric, 2.5), ('AUCTION_CAMPAIGN', 'Spring', 'age', 'AGE_18_24', 20 * 100.0 / 600, 1.5), ('AUCTION_CAMPAIGN', 'Spring', 'country_code', 'DE', 2.0, 2.5) $$,
	'audience report names what its rows are about');
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, impressions, clicks, spend, conversion, total_purchase_value, total_complete_payment_rate, video_watched_2s, video_views_p100, reach, frequency) VALUES
	(1, 31, '2026-01-05', 200, 8, 10, 2, 15, 25, 100, 20, 150, 1.33),
	(1, 31, '2026-01-04', 100, 4, 5, 0, NULL, NULL, 10, 1, 90, 1.1),
	(1, 31, '2019-01-04', 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL),
	(1, 31, '2099-01-04', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
	(3, 33, '2019-01-04', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
SELECT results_eq($$ SELECT advertiser_name, campaign_name, ctr, cpc, cpm, cvr, cpa, conversion_value, roas, complete_payment_roas, hook_rate, vtr, reach, frequency FROM tiktokads.campaign_report WHERE date_day = '2026-01-05' $$,
	$$ VALUES ('One', 'Spring', 4.0::numeric, 1.25, 50::numeric, 25.0::numeric, 5::numeric, 40::numeric, 4::numeric, 2.5, 50.0::numeric, 10.0::numeric, 150::bigint, 1.33) $$, 'ratios of the campaign report');
SELECT results_eq($$ SELECT advertiser_id, advertiser_name, ctr, cpc, cpm, cvr, cpa, roas, hook_rate, vtr, provisional FROM tiktokads.campaign_report WHERE date_day = '2019-01-04' ORDER BY 1 $$,
	$$ VALUES (1::bigint, 'One', NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, false),
		(3, NULL, 100, 1, 1000, 100, 1, 2, 100, 100, true) $$, 'no ratio of nothing; final long ago, provisional when the account is not known');
SELECT is((SELECT bool_and(provisional) FROM tiktokads.campaign_report WHERE date_day = '2099-01-04'), true, 'a day to come is provisional');
SELECT results_eq($$ SELECT metric, value, previous_value, change, change_percent FROM tiktokads.compare_periods('campaign', '2026-01-05', '2026-01-05') WHERE metric IN ('spend', 'ctr', 'cpa', 'conversion_value') $$,
	$$ VALUES ('spend', 10::numeric, 5::numeric, 5::numeric, 100::numeric), ('conversion_value', 40, 0, 40, NULL), ('ctr', 4, 4, 0, 0), ('cpa', 5, NULL, NULL, NULL) $$,
	'a period beside the day before it');
SELECT results_eq($$ SELECT value, previous_value FROM tiktokads.compare_periods('campaign', '2026-01-04', '2026-01-05', '2019-01-01', '2019-01-31') WHERE metric = 'spend' AND entity_id = 31 $$,
	$$ VALUES (15::numeric, 0::numeric) $$, 'or beside any other');
SELECT is_empty($$ SELECT * FROM tiktokads.compare_periods('ad', '2030-01-01', '2030-01-31') $$, 'nothing to compare');
SELECT throws_like($$ SELECT * FROM tiktokads.compare_periods('day', '2026-01-04', '2026-01-05') $$, 'there is no level ''day''', 'unknown level');
SELECT throws_like($$ SELECT * FROM tiktokads.compare_periods('ad', '2026-01-05', '2026-01-04') $$, 'a period must have%', 'a period that ends before it begins');
SELECT throws_like($$ SELECT * FROM tiktokads.compare_periods('ad', '2026-01-05', NULL) $$, 'a period must have%', 'a period without an end');

INSERT INTO tiktokads.currency_rate VALUES ('EUR', 'USD', '2026-01-01', 1.25), ('EUR', 'USD', '2026-01-05', 1.5);
SELECT results_eq($$ SELECT tiktokads.convert(10, 'EUR', 'USD', d), tiktokads.convert(3, 'USD', 'EUR', '2026-01-09') FROM unnest(ARRAY[date '2025-12-31', '2026-01-04', '2026-01-05']) AS d $$,
	$$ VALUES (NULL::numeric, 3 * (1 / 1.5)), (12.50, 3 * (1 / 1.5)), (15.0, 3 * (1 / 1.5)) $$, 'the rate of a day is the newest up to it, and works both ways');
SELECT is(tiktokads.convert(7, 'GBP', 'GBP', '2026-01-01'), 7::numeric, 'a currency in itself needs no rate');
SELECT is(tiktokads.convert(7, 'GBP', 'USD', '2026-01-01'), NULL, 'no rate, no answer');
INSERT INTO tiktokads.report_advertiser_daily (advertiser_id, stat_date, spend, total_purchase_value) VALUES (1, '2026-01-05', 4, 2);
SELECT results_eq($$ SELECT report_currency, spend, conversion_value FROM tiktokads.currency_report ORDER BY 1 $$, $$ VALUES ('EUR', 4::numeric, 2::numeric), ('USD', 6.0, 3.0) $$, 'a report in every currency');
SELECT throws_ok($$ INSERT INTO tiktokads.currency_rate VALUES ('EUR', 'USD', '2026-02-01', 0) $$, '23514', NULL, 'a rate is more than nothing');

SELECT results_eq($$ SELECT campaign_id, adgroups, ads, budget, removed FROM tiktokads.campaign_current WHERE advertiser_id = 1 ORDER BY campaign_id $$,
	$$ VALUES (31::bigint, 0::bigint, 4::bigint, 450::numeric, false), (32, 1, 0, NULL, false) $$, 'campaigns as they are, with what is in them');

-- whatever day it is: seven days of 14, and 21 today
DO $$ BEGIN PERFORM tiktokads.partition_ensure('report_campaign_daily', t - 40, t) FROM tiktokads.clock_today('Europe/Berlin') AS t; END $$;
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend)
SELECT 1, 32, t - n, CASE n WHEN 0 THEN 21 ELSE 14 END FROM tiktokads.clock_today('Europe/Berlin') AS t, generate_series(0, 7) AS n;
SELECT results_eq($$ SELECT spend_today, spend_yesterday, daily_rate FROM tiktokads.pacing_report WHERE campaign_id = 32 $$,
	$$ VALUES (21::numeric, 14::numeric, 14::numeric) $$, 'pacing: today, yesterday and the mean of seven days');
SELECT results_eq($$ SELECT forecast_month FROM tiktokads.pacing_report WHERE campaign_id = 32 $$,
	$$ SELECT (SELECT sum(spend) FROM tiktokads.report_campaign_daily WHERE campaign_id = 32 AND date_trunc('month', stat_date::timestamp) = date_trunc('month', t::timestamp))
		+ 14 * (extract(day FROM date_trunc('month', t::timestamp) + interval '1 month -1 day') - extract(day FROM t))
	FROM tiktokads.clock_today('Europe/Berlin') AS t $$, 'pacing: the month ends with what was spent and the daily rate for the days left');
SELECT results_eq($$ SELECT spend_today, budget_used, budget_month = 450 * extract(day FROM date_trunc('month', today::timestamp) + interval '1 month -1 day') FROM tiktokads.pacing_report WHERE campaign_id = 31 $$,
	$$ VALUES (0::numeric, 0::numeric, true) $$, 'pacing: a campaign that spends nothing');

-- plans: the partitions of the days asked for, and no table that the question does not need
CREATE FUNCTION pg_temp.read_by(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	tables text[] := '{}';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		tables := tables || substring(line FROM '(?:Seq|Index|Heap|Only) Scan.* on (\w+)');
	END LOOP;
	RETURN (SELECT string_agg(DISTINCT t, ' ' ORDER BY t) FROM unnest(tables) AS t
		WHERE t !~ '_(pkey|idx|key)$' AND t NOT IN ('pg_authid', 'advertiser_grant'));	-- those are row security's own
END;
$$;
SELECT is(pg_temp.read_by($$ SELECT sum(spend) FROM tiktokads.campaign_report WHERE date_day BETWEEN '2026-01-05' AND '2026-01-20' $$), 'report_campaign_daily_202601',
	'campaign_report reads the partition of its days, and nothing else for sums');
SELECT is(pg_temp.read_by($$ SELECT campaign_name, sum(spend) FROM tiktokads.campaign_report WHERE date_day BETWEEN '2026-01-05' AND '2026-01-20' GROUP BY 1 $$),
	'campaign report_campaign_daily_202601', 'and the campaigns for their names');
SELECT is(pg_temp.read_by($$ SELECT sum(spend) FROM tiktokads.tiktok_ads__ad_report WHERE date_day BETWEEN '2026-01-05' AND '2026-01-20' $$),
	'report_ad_daily_202601 report_ad_hourly_202601', 'a compatible view reads that month of hours and days alone');
SELECT is(pg_temp.read_by($$ SELECT sum(spend) FROM tiktokads.hourly_report WHERE date_day BETWEEN '2026-01-05' AND '2026-01-20' $$),
	'report_campaign_hourly_202601', 'so does the hourly report');

SELECT is_empty($$
	SELECT m.relation, c.name FROM tiktokads.model_relation AS m JOIN tiktokads.model_column AS c ON c.relation = m.relation
	WHERE m.kind = 'view' AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = ('tiktokads.' || m.relation)::regclass AND a.attname = c.name
		AND format_type(a.atttypid, a.atttypmod) = CASE c.type WHEN 'timestamp' THEN 'timestamp without time zone' WHEN 'timestamptz' THEN 'timestamp with time zone' WHEN 'int' THEN 'integer' ELSE c.type END)
$$, 'the columns that the catalogue tells of are those of the views');

SELECT * FROM finish();
ROLLBACK;
