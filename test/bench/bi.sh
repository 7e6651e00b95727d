#!/bin/bash
# BI views over three years of daily rows (20 million of ads at full scale), as
# ratios to the same question written by hand on the base tables; sides of a
# ratio take turns, the best of five turns counts.
set -euo pipefail

ads=$(awk "BEGIN { printf \"%d\", 18265 * $BENCH_SCALE }")
campaigns=$((ads / 4))
days="BETWEEN '2026-02-01' AND '2026-03-02'"

psql -Xq -o /dev/null <<SQL
SET client_min_messages = warning;
SELECT tiktokads.partition_ensure(r, '2023-06-01', '2026-05-31') FROM unnest(ARRAY['report_ad_daily', 'report_campaign_daily', 'report_ad_hourly', 'report_campaign_hourly']) AS r;
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone) SELECT a, 'account ' || a, 'EUR', 'Europe/Berlin' FROM generate_series(1, 20) AS a;
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name, objective_type) SELECT 1 + n % 20, n, 'campaign ' || n, 'TRAFFIC' FROM generate_series(0, $campaigns - 1) AS n;
INSERT INTO tiktokads.adgroup (advertiser_id, adgroup_id, campaign_id, adgroup_name, optimization_goal)
SELECT 1 + n % 20, n, n, 'ad group ' || n, 'CLICK' FROM generate_series(0, $campaigns - 1) AS n;
INSERT INTO tiktokads.ad (advertiser_id, ad_id, adgroup_id, campaign_id, ad_name, landing_page_url)
SELECT 1 + n % $campaigns % 20, n, n % $campaigns, n % $campaigns, 'ad ' || n, 'https://shop.example.com/p/' || n || '?utm_source=tiktok&utm_campaign=c' || n FROM generate_series(0, $ads - 1) AS n;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, clicks, conversion, reach, frequency, likes, video_play_actions, video_watched_2s)
SELECT 1 + n % $campaigns % 20, n, date '2023-06-01' + d, (n * 7 + d) % 1000 / 100.0, (n + d) % 5000, (n + d) % 90, (n + d) % 7, 100, 1.5, 3, 50, 20
FROM generate_series(0, 1094) AS d, generate_series(0, $ads - 1) AS n;
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend, impressions, clicks, conversion, reach, frequency, likes, video_play_actions, video_watched_2s)
SELECT 1 + n % 20, n, date '2023-06-01' + d, (n * 7 + d) % 1000 / 100.0, (n + d) % 5000, (n + d) % 90, (n + d) % 7, 100, 1.5, 3, 50, 20
FROM generate_series(0, 1094) AS d, generate_series(0, $campaigns - 1) AS n;
VACUUM (ANALYZE) tiktokads.report_ad_daily, tiktokads.report_campaign_daily, tiktokads.ad, tiktokads.adgroup, tiktokads.campaign, tiktokads.advertiser;
CREATE ROLE bench_analyst LOGIN IN ROLE tiktokads_analyst;
SELECT tiktokads.grant_advertiser('bench_analyst', a) FROM generate_series(1, 10) AS a;
SQL

# The milliseconds of a statement in a session of its own: milliseconds USER STATEMENT
milliseconds()
{
	psql -XAtq -v ON_ERROR_STOP=1 -U "$1" -o /dev/null -c 'SET jit = off' -c "$2" >/dev/null
	psql -XAtq -v ON_ERROR_STOP=1 -U "$1" -c 'SET jit = off' -c "EXPLAIN (ANALYZE, TIMING OFF) $2" | sed -n 's/^Execution Time: \([0-9.]*\) ms/\1/p'
}

# A line of the table: compare NAME WANTED USER STATEMENT BASELINE
compare()
{
	local turn a b first= second=
	for turn in 1 2 3 4 5; do
		a=$(milliseconds "$3" "$4")
		b=$(milliseconds postgres "$5")
		first=$(awk "BEGIN { print (\"$first\" == \"\" || $a < \"$first\" + 0) ? $a : $first + 0 }")
		second=$(awk "BEGIN { print (\"$second\" == \"\" || $b < \"$second\" + 0) ? $b : $second + 0 }")
	done
	printf '%-66s %6.2f  (%s)\n' "$1" "$(awk "BEGIN { print $first / $second }")" "$2"
}

sums="sum(spend) AS spend, sum(impressions) AS impressions, sum(clicks) AS clicks, sum(clicks) * 100.0 / nullif(sum(impressions), 0) AS ctr"
by_hand="FROM tiktokads.report_campaign_daily AS r LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = r.advertiser_id AND c.campaign_id = r.campaign_id WHERE r.stat_date $days"
columns="spend, impressions, clicks, conversion, reach, frequency"
echo "ratio of milliseconds, view / written by hand; 30 of 1095 days, $ads ads, $campaigns campaigns"
compare "campaign_report, sums by day" "at most 1.3" postgres \
	"SELECT date_day, $sums FROM tiktokads.campaign_report WHERE date_day $days GROUP BY date_day" \
	"SELECT r.stat_date, $sums FROM tiktokads.report_campaign_daily AS r WHERE r.stat_date $days GROUP BY r.stat_date"
compare "campaign_report, sums by campaign" "at most 1.3" postgres \
	"SELECT campaign_id, campaign_name, $sums FROM tiktokads.campaign_report WHERE date_day $days GROUP BY campaign_id, campaign_name" \
	"SELECT r.campaign_id, c.campaign_name, $sums $by_hand GROUP BY r.campaign_id, c.campaign_name"
compare "campaign_report, rows with names and ratios" "at most 1.3" postgres \
	"SELECT date_day, advertiser_id, campaign_id, campaign_name, $columns, ctr, cpc, cpm FROM tiktokads.campaign_report WHERE date_day $days" \
	"SELECT r.stat_date, r.advertiser_id, r.campaign_id, c.campaign_name, $columns, r.clicks * 100.0 / nullif(r.impressions, 0), r.spend / nullif(r.clicks, 0), r.spend * 1000 / nullif(r.impressions, 0) $by_hand"
compare "ad_report, sums by campaign" "at most 1.3" postgres \
	"SELECT campaign_id, $sums FROM tiktokads.ad_report WHERE date_day $days GROUP BY campaign_id" \
	"SELECT d.campaign_id, $sums FROM tiktokads.report_ad_daily AS r LEFT JOIN tiktokads.ad AS d ON d.advertiser_id = r.advertiser_id AND d.ad_id = r.ad_id WHERE r.stat_date $days GROUP BY d.campaign_id"
compare "ad_report, likewise, as an analyst who sees half of the accounts" "at most 1.3" bench_analyst \
	"SELECT campaign_id, $sums FROM tiktokads.ad_report WHERE date_day $days GROUP BY campaign_id" \
	"SELECT d.campaign_id, $sums FROM tiktokads.report_ad_daily AS r LEFT JOIN tiktokads.ad AS d ON d.advertiser_id = r.advertiser_id AND d.ad_id = r.ad_id WHERE r.stat_date $days AND r.advertiser_id <= 10 GROUP BY d.campaign_id"
compare "url_report, rows with decoded UTM parameters, / ad_report's rows" "" postgres \
	"SELECT date_day, ad_id, $columns, url_host, url_path, utm_source, utm_campaign FROM tiktokads.url_report WHERE date_day $days" \
	"SELECT date_day, ad_id, $columns FROM tiktokads.ad_report WHERE date_day $days"
compare "tiktok_ads__ad_report, sums by campaign, / ad_report" "" postgres \
	"SELECT campaign_id, $sums FROM tiktokads.tiktok_ads__ad_report WHERE date_day $days GROUP BY campaign_id" \
	"SELECT campaign_id, $sums FROM tiktokads.ad_report WHERE date_day $days GROUP BY campaign_id"
