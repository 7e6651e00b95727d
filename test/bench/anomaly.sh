#!/bin/bash
# Ratios of the anomaly room to a baseline of the same run: anomaly_score() to
# row_number() over the same window, forecasts and detection as they are.
# Processor time throughout.
set -euo pipefail

q() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# Seconds of processor time of a statement in one process, so that what else runs
# on the machine counts less: timed STATEMENT [SETTINGS]
timed()
{
	q -c "SET max_parallel_workers_per_gather = 0; SET jit = off; ${2:-}" -c "SET client_min_messages = log" -c "SET log_statement_stats = on" -c "$1" 2>&1 >/dev/null |
		awk '/ s user, .* elapsed$/ { sub("!", ""); t = $1 + $4 } END { print t }'
}

# The best of three, of a statement whose rows come in the order of an index where there is one.
seconds()
{
	for _ in 1 2 3; do
		timed "$1" "SET enable_sort = off"
	done | sort -g | head -1
}

rows=$(awk "BEGIN { print int(4000000 * $BENCH_SCALE) }")
series=$(awk "BEGIN { print int(1000 * $BENCH_SCALE) }")
ads=$(awk "BEGIN { print int(20000 * $BENCH_SCALE) }")

q -c "CREATE UNLOGGED TABLE bench_point AS
	SELECT s::int AS series, timestamp '2026-01-01' + i * interval '5 min' AS at, 100 + 20 * sin(i / 45.8) + random() AS value
	FROM generate_series(1, 10) AS s, generate_series(1, $rows / 10) AS i" \
	-c "CREATE INDEX ON bench_point (series, at) INCLUDE (value)" -c "VACUUM ANALYZE bench_point"
base=$(seconds "SELECT count(r) FROM (SELECT row_number() OVER (PARTITION BY series ORDER BY at) AS r FROM bench_point) AS x")
plain=$(seconds "SELECT count(r), count(value) FROM (SELECT value, row_number() OVER (PARTITION BY series ORDER BY at) AS r FROM bench_point) AS x")
score=$(seconds "SELECT count(r) FROM (SELECT tiktokads.anomaly_score(value, at) OVER (PARTITION BY series ORDER BY at) AS r FROM bench_point) AS x")
awk -v n="$rows" -v b="$base" -v s="$score" -v p="$plain" 'BEGIN {
	printf "anomaly_score       %9.0f points/s, %.2f x row_number() over the same window (%.0f points/s; with the value read %.0f)  (at least 800000, at most 4)\n", n / s, s / b, n / b, n / p }'

q -c "CREATE UNLOGGED TABLE bench_daily AS
	SELECT s::int AS series, date '2025-01-01' + i AS at, 100 + 20 * sin(i * 6.283 / 7) + 10 * random() + s % 7 * i / 10.0 AS value
	FROM generate_series(1, $series) AS s, generate_series(1, 400) AS i" -c "ANALYZE bench_daily"
plain=$(seconds "SELECT count(a) FROM (SELECT array_agg(value ORDER BY at) AS a FROM bench_daily GROUP BY series) AS x")
declare -A wanted=([combination]="at least 150" [theta]="at least 1000" [seasonal_naive]="at least 1000")
for method in combination ets theta seasonal_naive stl ar; do
	took=$(seconds "SELECT count(f) FROM (SELECT tiktokads.forecast(value, at::timestamp, 14, '{\"method\": \"$method\"}') AS f FROM bench_daily GROUP BY series) AS x")
	awk -v n="$series" -v s="$took" -v p="$plain" -v m="$method" -v w="${wanted[$method]:-for information}" 'BEGIN {
		printf "forecast %-14s %6.0f series of 400 days/s, %.1f x array_agg of the same rows  (%s)\n", m, n / s, s / p, w }'
done

q -c "CREATE UNLOGGED TABLE bench_hourly AS
	SELECT s::int AS series, timestamp '2026-01-01' + i * interval '1 hour' AS at, 100 + 20 * sin(i * 6.283 / 24) + CASE WHEN i / 24 % 7 > 4 THEN 15 ELSE 0 END + 10 * random() AS value
	FROM generate_series(1, $series) AS s, generate_series(0, 839) AS i" -c "ANALYZE bench_hourly"
took=$(seconds "SELECT count(f) FROM (SELECT tiktokads.forecast(value, at, 48) AS f FROM bench_hourly GROUP BY series) AS x")
plain=$(seconds "SELECT count(a) FROM (SELECT array_agg(value ORDER BY at) AS a FROM bench_hourly GROUP BY series) AS x")
awk -v n="$series" -v s="$took" -v p="$plain" 'BEGIN {
	printf "forecast combination    %6.0f series of 840 hours/s, %.1f x array_agg of the same rows  (for information)\n", n / s, s / p }'

q -c "INSERT INTO tiktokads.advertiser (advertiser_id, name, display_timezone) VALUES (77, 'bench', 'UTC')" \
	-c "SELECT tiktokads.partition_ensure(t, current_date - 95, current_date) FROM unnest(ARRAY['report_ad_daily', 'report_adgroup_daily', 'report_campaign_daily', 'report_advertiser_daily']) AS t" \
	-c "INSERT INTO tiktokads.ad (advertiser_id, ad_id, adgroup_id, campaign_id, ad_name, operation_status, create_time)
		SELECT 77, a, a / 10, a / 100, 'ad ' || a, 'ENABLE', '2025-01-01' FROM generate_series(1000, 999 + $ads) AS a" \
	-c "INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, reach, clicks, conversion)
		SELECT 77, a, d::date, round((30 * exp(0.3 * (random() - 0.5)))::numeric, 2), 6000 + 600 * random(), 4200 + 200 * random(), 60 + 20 * random(), 3 + 2 * random()
		FROM generate_series(1000, 999 + $ads) AS a, generate_series(current_date - 90, current_date - 1, interval '1 day') AS d" >/dev/null
for level in adgroup campaign advertiser; do
	key=$([ $level = advertiser ] || echo "a.${level}_id,")
	q -c "INSERT INTO tiktokads.report_${level}_daily (advertiser_id, ${key#a.} stat_date, spend, impressions, reach, clicks, conversion)
		SELECT r.advertiser_id, $key r.stat_date, sum(r.spend), sum(r.impressions), sum(r.reach), sum(r.clicks), sum(r.conversion)
		FROM tiktokads.report_ad_daily AS r JOIN tiktokads.ad AS a USING (advertiser_id, ad_id) GROUP BY r.advertiser_id, $key r.stat_date"
done
q -c "VACUUM ANALYZE tiktokads.report_ad_daily" -c "VACUUM ANALYZE tiktokads.report_adgroup_daily"
scan=$(timed "SELECT sum(spend), sum(impressions), sum(clicks), sum(conversion) FROM tiktokads.report_ad_daily")
all=$(timed "SELECT count(*) FROM tiktokads.detect_anomalies(current_date - 90, current_date - 1, 77)")
step=$(timed "CALL tiktokads.detect(77)")
awk -v n="$ads" -v s="$scan" -v a="$all" -v d="$step" 'BEGIN {
	printf "detect_anomalies    %d ads x 90 days, every day judged: %.1f s, %.0f x a scan of them; detect() of a fortnight: %.1f s  (20000 in less than 60)\n", n, a, a / s, d }'
