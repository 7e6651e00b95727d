-- from reports to incidents: planted ones are found, told once and explained, and nothing else is

\set SHOW_CONTEXT never
-- without reports it says what to do
CALL tiktokads.detect();
SELECT tiktokads.pacing();
CALL tiktokads.create_model();
SET TimeZone = 'UTC';
\pset null NULL
SET DateStyle = 'ISO';

-- numbers come from hashes, so that they are the same everywhere
CREATE FUNCTION pg_temp.noise(key text) RETURNS float8 LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	-- the sum of twelve uniform numbers: nearly normal, variance 1
	SELECT ((hashtextextended(key, 1) & 2147483647) + (hashtextextended(key, 2) & 2147483647) + (hashtextextended(key, 3) & 2147483647) + (hashtextextended(key, 4) & 2147483647) +
		(hashtextextended(key, 5) & 2147483647) + (hashtextextended(key, 6) & 2147483647) + (hashtextextended(key, 7) & 2147483647) + (hashtextextended(key, 8) & 2147483647) +
		(hashtextextended(key, 9) & 2147483647) + (hashtextextended(key, 10) & 2147483647) + (hashtextextended(key, 11) & 2147483647) + (hashtextextended(key, 12) & 2147483647))
		/ 2147483648::float8 - 6
$$;

-- an account of 3 campaigns with 2 ad groups of 2 ads each, from 2026-01-01 to the day before 2026-03-15.
CREATE FUNCTION pg_temp.an_account(account bigint, campaigns int DEFAULT 3) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone) VALUES (account, 'Account ' || account, 'EUR', 'Europe/Berlin');
	INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name, operation_status, budget, budget_mode, create_time, modify_time)
	SELECT account, account * 1000 + c, 'Campaign ' || c, 'ENABLE', 0, 'BUDGET_MODE_INFINITE', '2025-11-01', '2025-11-01' FROM generate_series(1, campaigns) AS c;
	INSERT INTO tiktokads.adgroup (advertiser_id, campaign_id, adgroup_id, adgroup_name, operation_status, budget, budget_mode, create_time, modify_time)
	SELECT account, c.campaign_id, c.campaign_id * 10 + g, c.campaign_name || ' group ' || g, 'ENABLE', 0, 'BUDGET_MODE_INFINITE', '2025-11-01', '2025-11-01'
	FROM tiktokads.campaign AS c CROSS JOIN generate_series(1, 2) AS g WHERE c.advertiser_id = account;
	INSERT INTO tiktokads.ad (advertiser_id, campaign_id, adgroup_id, ad_id, ad_name, operation_status, create_time, modify_time)
	SELECT account, g.campaign_id, g.adgroup_id, g.adgroup_id * 10 + a, g.adgroup_name || ' ad ' || a, 'ENABLE', '2025-11-01', '2025-11-01'
	FROM tiktokads.adgroup AS g CROSS JOIN generate_series(1, 2) AS a WHERE g.advertiser_id = account;
	PERFORM tiktokads.partition_ensure(t, '2026-01-01', '2026-04-30') FROM unnest(ARRAY['report_ad_daily', 'report_adgroup_daily', 'report_campaign_daily', 'report_advertiser_daily']) AS t;
	WITH day AS (
		SELECT a.ad_id, d.day::date, (40 + a.ad_id % 7 * 10) * (1 + 0.2 * (extract(isodow FROM d.day) >= 6)::int) * exp(0.1 * pg_temp.noise(a.ad_id || 's' || d.day::date)) AS spend
		FROM tiktokads.ad AS a CROSS JOIN generate_series(timestamp '2026-01-01', timestamp '2026-03-14', '1 day') AS d (day) WHERE a.advertiser_id = account),
	shown AS (SELECT *, round(spend / 5 * 1000 * exp(0.08 * pg_temp.noise(ad_id || 'i' || day))) AS impressions FROM day),
	clicked AS (SELECT *, round(greatest(0, impressions * 0.01 + sqrt(impressions * 0.01) * pg_temp.noise(ad_id || 'k' || day))) AS clicks FROM shown)
	INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, reach, clicks, conversion)
	SELECT account, ad_id, day, round(spend::numeric, 2), impressions, round(impressions / 1.4 / exp(0.03 * pg_temp.noise(ad_id || 'r' || day))), clicks,
		round(greatest(0, clicks * 0.05 + sqrt(clicks * 0.05) * pg_temp.noise(ad_id || 'c' || day)))
	FROM clicked;
END;
$$;

-- sums the ads up to the other levels.
CREATE FUNCTION pg_temp.roll_up(account bigint) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	l text;
BEGIN
	FOREACH l IN ARRAY ARRAY['adgroup', 'campaign', 'advertiser'] LOOP
		EXECUTE format('DELETE FROM tiktokads.%I WHERE advertiser_id = $1', 'report_' || l || '_daily') USING account;
		EXECUTE format('INSERT INTO tiktokads.%1$I (advertiser_id, %2$s stat_date, spend, impressions, reach, clicks, conversion)
			SELECT r.advertiser_id, %3$s r.stat_date, sum(r.spend), sum(r.impressions), sum(r.reach), sum(r.clicks), sum(r.conversion)
			FROM tiktokads.report_ad_daily AS r JOIN tiktokads.ad AS a USING (advertiser_id, ad_id) WHERE r.advertiser_id = $1 GROUP BY r.advertiser_id, %3$s r.stat_date',
			'report_' || l || '_daily', CASE l WHEN 'advertiser' THEN '' ELSE l || '_id,' END, CASE l WHEN 'advertiser' THEN '' ELSE 'a.' || l || '_id,' END) USING account;
	END LOOP;
END;
$$;

-- the time is noon of 2026-03-15
SELECT set_config('tiktokads.clock_offset', extract(epoch FROM timestamptz '2026-03-15 11:00:00+00' - now())::int::text, false) IS NOT NULL AS clock;
SELECT count(pg_temp.an_account(n)) FROM generate_series(100, 112) AS n;

-- what happens on 2026-03-14
UPDATE tiktokads.report_ad_daily SET spend = spend * 4, impressions = impressions * 4, clicks = clicks * 4, reach = reach * 4, conversion = conversion * 4
WHERE advertiser_id = 101 AND stat_date = '2026-03-14' AND ad_id / 100 = 101001;		-- spend runs away in a campaign
UPDATE tiktokads.report_ad_daily SET conversion = 0 WHERE advertiser_id = 102 AND stat_date = '2026-03-14';	-- the pixel breaks
UPDATE tiktokads.report_ad_daily SET clicks = clicks * 5
WHERE advertiser_id = 103 AND stat_date = '2026-03-14' AND ad_id = 10300211;	-- a click farm finds an ad
DELETE FROM tiktokads.report_ad_daily WHERE advertiser_id = 104 AND stat_date = '2026-03-14' AND ad_id / 100 = 104003;	-- a campaign stops
UPDATE tiktokads.report_ad_daily SET reach = reach / 2.2, clicks = clicks * 0.5
WHERE advertiser_id = 105 AND stat_date = '2026-03-14' AND ad_id = 10500121;	-- an ad wears out
DELETE FROM tiktokads.report_ad_daily WHERE advertiser_id = 106 AND stat_date = '2026-03-14';	-- a day is late
UPDATE tiktokads.report_ad_daily SET spend = spend * 3 WHERE advertiser_id = 107 AND stat_date = '2026-03-14' AND ad_id / 100 = 107002;	-- clicks become dear
-- what is no anomaly: a campaign that was paused, a holiday, a new budget
DELETE FROM tiktokads.report_ad_daily WHERE advertiser_id = 108 AND stat_date = '2026-03-14' AND ad_id / 100 = 108003;
UPDATE tiktokads.campaign SET operation_status = 'DISABLE', modify_time = '2026-03-13 20:00:00+00' WHERE campaign_id = 108003;
UPDATE tiktokads.report_ad_daily SET spend = spend * 3, impressions = impressions * 3, clicks = clicks * 3, reach = reach * 3, conversion = conversion * 3
WHERE advertiser_id IN (109, 110) AND stat_date = '2026-03-14';
INSERT INTO tiktokads.anomaly_holiday (day, advertiser_id, name) VALUES ('2026-03-14', 109, 'sale');
INSERT INTO tiktokads.anomaly_entity_state SELECT 'campaign', 110, campaign_id, '2025-11-01', 'ENABLE', 0 FROM tiktokads.campaign WHERE advertiser_id = 110;
INSERT INTO tiktokads.anomaly_entity_state SELECT 'campaign', 110, campaign_id, '2026-03-13 22:00:00+00', 'ENABLE', 500 FROM tiktokads.campaign WHERE advertiser_id = 110;
UPDATE tiktokads.campaign SET budget = 500, budget_mode = 'BUDGET_MODE_DAY' WHERE advertiser_id = 110;
-- and what is muted
UPDATE tiktokads.report_ad_daily SET conversion = 0 WHERE advertiser_id = 111 AND stat_date = '2026-03-14';
INSERT INTO tiktokads.anomaly_mute (advertiser_id, from_date, to_date, reason) VALUES (111, '2026-03-14', '2026-03-20', 'relaunch');
SELECT count(pg_temp.roll_up(n)) FROM generate_series(100, 112) AS n;

CALL tiktokads.detect();
SELECT advertiser_id, detector, metric, level, entity_id, entity_name, started_on, ended_on, direction, severity, state FROM tiktokads.anomaly ORDER BY advertiser_id, anomaly;
SELECT advertiser_id, round(observed::numeric, 2) AS observed, observed NOT BETWEEN lower AND upper AS outside, expected BETWEEN lower AND upper AS inside,
	round(spend, 2) AS spend, spend_share BETWEEN 0 AND 1 AS share FROM tiktokads.anomaly ORDER BY advertiser_id;

-- told once, by any number of calls
CREATE TABLE before AS SELECT * FROM tiktokads.anomaly;
CALL tiktokads.detect();
SELECT count(*) AS changed FROM (SELECT * FROM tiktokads.anomaly EXCEPT SELECT * FROM before) AS d;

-- the explanation says which part of the account and which part of the ratio
SELECT explanation FROM tiktokads.anomaly WHERE advertiser_id = 102;
SELECT details -> 'drivers' -> 0 ->> 'level' AS level, (details -> 'drivers' -> 0 ->> 'share')::numeric > 0.3 AS most FROM tiktokads.anomaly WHERE advertiser_id = 101;
SELECT round((l ->> 'spend')::numeric - (l ->> 'conversion')::numeric - (l ->> 'cpa')::numeric, 2) AS adds_up, (l ->> 'cpm')::numeric > 1 AS price
FROM (SELECT details -> 'parts' -> 'log' AS l FROM tiktokads.anomaly WHERE advertiser_id = 107) AS x;
SELECT array_agg(x ORDER BY x) FROM tiktokads.anomaly CROSS JOIN LATERAL jsonb_array_elements_text(details -> 'also') AS x WHERE advertiser_id = 102;

-- the late day arrives, the conversions are restated: incidents are resolved, none is new
SELECT set_config('tiktokads.clock_offset', extract(epoch FROM timestamptz '2026-03-15 17:00:00+00' - now())::int::text, false) IS NOT NULL AS clock;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, reach, clicks, conversion)
SELECT advertiser_id, ad_id, '2026-03-14', spend, impressions, reach, clicks, conversion FROM tiktokads.report_ad_daily WHERE advertiser_id = 106 AND stat_date = '2026-03-07';
UPDATE tiktokads.report_ad_daily SET conversion = round(clicks * 0.045) WHERE advertiser_id = 102 AND stat_date = '2026-03-14';
SELECT count(pg_temp.roll_up(n)) FROM unnest('{102,106}'::bigint[]) AS n;
CALL tiktokads.detect(recheck_days => 5);
SELECT advertiser_id, detector, state, details ->> 'restated' AS restated FROM tiktokads.anomaly WHERE advertiser_id IN (102, 106) ORDER BY 1;
SELECT count(*) - (SELECT count(*) FROM before) AS new FROM tiktokads.anomaly;

-- an episode that goes on grows; one that is over is resolved
SELECT set_config('tiktokads.clock_offset', extract(epoch FROM timestamptz '2026-03-16 11:00:00+00' - now())::int::text, false) IS NOT NULL AS clock;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, reach, clicks, conversion)
SELECT advertiser_id, ad_id, '2026-03-15', spend, impressions, reach, clicks, conversion FROM tiktokads.report_ad_daily
WHERE advertiser_id IN (101, 103) AND stat_date = CASE advertiser_id WHEN 101 THEN date '2026-03-14' ELSE '2026-03-08' END;
SELECT count(pg_temp.roll_up(n)) FROM unnest('{101,103}'::bigint[]) AS n;
CALL tiktokads.detect(101);
CALL tiktokads.detect(103);
SELECT advertiser_id, detector, started_on, ended_on, state FROM tiktokads.anomaly WHERE advertiser_id IN (101, 103) ORDER BY 1;

-- by hand, over history, into a table of the same rows
DELETE FROM tiktokads.anomaly;
SELECT detector, level, entity_id, started_on, ended_on, found_by FROM tiktokads.detect_anomalies('2026-03-01', '2026-03-15', 101);
SELECT count(*) FROM tiktokads.detect_anomalies('2026-02-10', '2026-03-14', 100);
SELECT count(*) FROM tiktokads.detect_anomalies('2026-02-10', '2026-03-14', 112);
SELECT count(*) FROM tiktokads.detect_anomalies('2026-02-10', '2026-03-14', 999);

-- against labels
INSERT INTO tiktokads.anomaly_label (advertiser_id, level, entity_id, topic, from_date, to_date) VALUES
	(101, 'campaign', 101001, 'spend', '2026-03-14', '2026-03-15'), (104, NULL, NULL, 'delivery', '2026-03-14', '2026-03-14'), (100, NULL, NULL, NULL, '2026-02-20', '2026-02-20');
SELECT * FROM tiktokads.backtest_anomalies('2026-02-10', '2026-03-15', 101);
SELECT * FROM tiktokads.backtest_anomalies('2026-02-10', '2026-03-14', 100);
SELECT recall, delay_days FROM tiktokads.backtest_anomalies('2026-03-10', '2026-03-14', 104);

-- detectors are rows
INSERT INTO tiktokads.anomaly_detector_override (detector, enabled) VALUES ('delivery_stopped', false);
SELECT detector FROM tiktokads.detect_anomalies('2026-03-14', '2026-03-14', 104);
DELETE FROM tiktokads.anomaly;
INSERT INTO tiktokads.anomaly_detector_override (detector, kind, priority, topic, signal, conditions, levels, minimum_change)
VALUES ('clicks_up', 'metric', 15, 'click', 'clicks', '[{"clicks": "up"}]', '{ad}', 2);
SELECT detector, level, entity_id, entity_name FROM tiktokads.detect_anomalies('2026-03-14', '2026-03-14', 103);
UPDATE tiktokads.anomaly_detector_override SET conditions = '[{"clicks": "sideways"}]' WHERE detector = 'clicks_up';
SELECT * FROM tiktokads.detect_anomalies('2026-03-14', '2026-03-14', 103);
UPDATE tiktokads.anomaly_detector_override SET conditions = '[{"wishes": "up"}]' WHERE detector = 'clicks_up';
SELECT * FROM tiktokads.detect_anomalies('2026-03-14', '2026-03-14', 103);
DELETE FROM tiktokads.anomaly_detector_override;

-- budgets
UPDATE tiktokads.campaign SET budget = (SELECT round(avg(spend)) FROM tiktokads.report_campaign_daily WHERE campaign_id = 112001), budget_mode = 'BUDGET_MODE_DAY' WHERE campaign_id = 112001;
UPDATE tiktokads.report_campaign_daily SET spend = spend * 1.4 WHERE campaign_id = 112001 AND stat_date >= '2026-03-12';
SELECT DISTINCT detector, level, entity_id, direction FROM tiktokads.detect_anomalies('2026-03-10', '2026-03-14', 112);
INSERT INTO tiktokads.pacing_budget (advertiser_id, level, entity_id, budget) VALUES (100, 'advertiser', 100, 20000);
SELECT advertiser_id, month, known_to, days_left, budget, spend, spend_lower < spend_expected AND spend_expected < spend_upper AS inside,
	spend_expected BETWEEN spend * 31 / 15 * 0.9 AND spend * 31 / 15 * 1.1 AS about, state FROM tiktokads.pacing('advertiser', '2026-03-01', 100);
SELECT p.entity_id, p.budget = c.budget * 31 AS month, p.state FROM tiktokads.pacing(advertiser_id => 112) AS p JOIN tiktokads.campaign AS c ON c.campaign_id = p.entity_id WHERE p.budget IS NOT NULL;
-- a month that is over ends with what it has
SELECT month, known_to, days_left, spend > 0 AS spent, spend_lower = spend AND spend_expected = spend AND spend_upper = spend AS over FROM tiktokads.pacing('advertiser', '2026-02-01', 100);
SELECT count(*) FROM tiktokads.pacing(advertiser_id => 999);

-- how complete a day is, is learnt from what was seen
SELECT (s).low[2] AS low, (s).high[2] AS high FROM (SELECT tiktokads.anomaly_share(100, 'conversion') AS s) AS x;
INSERT INTO tiktokads.anomaly_age (advertiser_id, numerator, stat_date, age, value)
SELECT 100, 'conversion', date '2026-01-01' + d, a.age, a.value FROM generate_series(1, 20) AS d, (VALUES (1, 80), (28, 100)) AS a (age, value);
SELECT round((s).low[2]::numeric, 2) AS low, round((s).high[2]::numeric, 2) AS high, (s).low[29] AS final FROM (SELECT tiktokads.anomaly_share(100, 'conversion') AS s) AS x;

-- and from what syncs kept: twenty days that had 60 of 100 conversions when they were a day old, and all from the next day on
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone) VALUES (113, 'Account 113', 'EUR', 'Europe/Berlin');
SELECT count(tiktokads.partition_ensure('report_advertiser_asof', '2026-01-01', '2026-04-30')) AS months;
INSERT INTO tiktokads.report_advertiser_daily (advertiser_id, stat_date, spend, conversion) SELECT 113, date '2026-01-10' + d, 100, 100 FROM generate_series(0, 19) AS d;
INSERT INTO tiktokads.report_advertiser_asof (advertiser_id, stat_date, from_age, to_age, conversion) SELECT 113, date '2026-01-10' + d, 1, 2, 60 FROM generate_series(0, 19) AS d;
CALL tiktokads.detect(113);
SELECT (s).low[2] AS low, (s).high[2] AS high FROM (SELECT tiktokads.anomaly_share(113, 'conversion') AS s) AS x;	-- rows that no sync read tell nothing
INSERT INTO tiktokads.sync_read (stream, advertiser_id, from_date, to_date, read_at) VALUES ('report_advertiser_daily', 113, '2026-01-10', '2026-01-29', '2026-02-28 12:00+00');
CALL tiktokads.detect(113);
SELECT (s).low[1] AS low_0, round((s).low[2]::numeric, 2) AS low_1, round((s).high[2]::numeric, 2) AS high_1, (s).low[3] AS low_2, (s).high[3] AS high_2
FROM (SELECT tiktokads.anomaly_share(113, 'conversion') AS s) AS x;

-- how old a day's numbers are, is told by when they were read: late on its day, the day after, after the window of 28 days, or (nobody knows) now
INSERT INTO tiktokads.sync_read (stream, advertiser_id, from_date, to_date, read_at) VALUES
	('report_ad_daily', 113, '2026-03-01', '2026-03-01', '2026-03-01 22:30+00'), ('report_ad_daily', 113, '2026-03-02', '2026-03-02', '2026-03-03 22:30+00'),
	('report_ad_daily', 113, '2026-01-05', '2026-01-05', '2026-02-05 12:00+00');
SELECT d.day, m.* FROM unnest('{2026-03-01,2026-03-02,2026-01-05,2026-03-05,2026-02-01}'::date[]) AS d (day)
	CROSS JOIN LATERAL tiktokads.anomaly_maturity(113, d.day, 'report_ad_daily', '2026-03-15') AS m;

-- so conversions that a sync saw at one day of age are not missed when they are five days old; told without such knowledge they are
SELECT set_config('tiktokads.clock_offset', extract(epoch FROM timestamptz '2026-03-15 11:00:00+00' - now())::int::text, false) IS NOT NULL AS clock;
SELECT count(pg_temp.an_account(114)) FROM generate_series(1, 1);
INSERT INTO tiktokads.anomaly_age (advertiser_id, numerator, stat_date, age, value)
SELECT 114, 'conversion', date '2026-01-01' + d, a.age, a.value FROM generate_series(1, 20) AS d, (VALUES (1, 40), (5, 100), (28, 100)) AS a (age, value);
UPDATE tiktokads.report_ad_daily SET conversion = round(conversion * 0.4) WHERE advertiser_id = 114 AND stat_date = '2026-03-10';
SELECT count(pg_temp.roll_up(114)) FROM generate_series(1, 1);
SELECT detector, level, started_on FROM tiktokads.detect_anomalies('2026-03-10', '2026-03-10', 114);
DELETE FROM tiktokads.anomaly;
INSERT INTO tiktokads.sync_read (stream, advertiser_id, from_date, to_date, read_at)
SELECT 'report_' || l || '_daily', 114, '2026-03-10', '2026-03-10', '2026-03-11 08:00+00' FROM unnest('{advertiser,campaign,adgroup,ad}'::text[]) AS l;
SELECT detector, level, started_on FROM tiktokads.detect_anomalies('2026-03-10', '2026-03-10', 114);
-- a day that was read only while it lasted says nothing
UPDATE tiktokads.report_ad_daily SET spend = spend / 5 WHERE advertiser_id = 114 AND stat_date = '2026-03-10';
SELECT count(pg_temp.roll_up(114)) FROM generate_series(1, 1);
SELECT count(*) > 0 AS told FROM tiktokads.detect_anomalies('2026-03-10', '2026-03-10', 114);
DELETE FROM tiktokads.anomaly;
UPDATE tiktokads.sync_read SET read_at = '2026-03-10 12:00+00' WHERE advertiser_id = 114;
SELECT count(*) > 0 AS told FROM tiktokads.detect_anomalies('2026-03-10', '2026-03-10', 114);
DELETE FROM tiktokads.sync_read WHERE advertiser_id = 114;

-- a restatement of what was final is told once, also when another one follows
CALL tiktokads.detect(114);
DELETE FROM tiktokads.anomaly;
UPDATE tiktokads.report_advertiser_daily SET spend = spend * 0.8 WHERE advertiser_id = 114 AND stat_date = '2026-03-08';
SELECT set_config('tiktokads.clock_offset', extract(epoch FROM timestamptz '2026-03-16 11:00:00+00' - now())::int::text, false) IS NOT NULL AS clock;
CALL tiktokads.detect(114);
CALL tiktokads.detect(114);
SELECT count(*) AS incidents, min(started_on) AS day, min(state) AS state FROM tiktokads.anomaly WHERE advertiser_id = 114 AND detector = 'restated';
SELECT set_config('tiktokads.clock_offset', extract(epoch FROM timestamptz '2026-03-17 11:00:00+00' - now())::int::text, false) IS NOT NULL AS clock;
UPDATE tiktokads.report_advertiser_daily SET spend = spend * 0.8 WHERE advertiser_id = 114 AND stat_date = '2026-03-08';
CALL tiktokads.detect(114);
SELECT count(*) AS incidents, min(started_on) AS day, min(state) AS state FROM tiktokads.anomaly WHERE advertiser_id = 114 AND detector = 'restated';

-- errors
SELECT tiktokads.detect_anomalies('2026-03-02', '2026-03-01');
SELECT tiktokads.detect_anomalies('2026-03-01', '2026-03-02', levels => '{planet}');
CALL tiktokads.detect(recheck_days => 0);
SELECT tiktokads.pacing('ad');
SELECT tiktokads.pacing(interval_level => 2);
