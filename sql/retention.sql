-- data leaves on time, held data stays, and every removal is on record
SET client_min_messages = warning;
CALL tiktokads.create_model();

-- the day is 2026-03-15, whatever day it is
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-03-15 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;
\set VERBOSITY terse

-- a rule for every partitioned table, the run history, raw payloads and logs; enabled for our own logs alone
SELECT relation FROM tiktokads.model_relation WHERE kind = 'partitioned' AND relation NOT IN (SELECT relation FROM tiktokads.retention_policy);
SELECT DISTINCT category, enabled FROM tiktokads.retention_policy WHERE category IN ('reports', 'run history', 'raw payloads', 'logs') ORDER BY 1, 2;

-- what set_retention refuses, before it changes anything
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '-1 day');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', NULL);
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '27 days');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '90 days', action => 'burn');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '90 days', action => 'anonymise');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '90 days', action => 'roll_up');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '90 days', "into" => 'tiktokads.report_ad_monthly');
SELECT tiktokads.set_retention('tiktokads.connection', '90 days');
SELECT tiktokads.set_retention('tiktokads.purge_log', '90 days');
SELECT tiktokads.partition_ensure('report_ad_daily', '2025-11-01', '2026-03-31');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily_202511', '90 days');
SELECT tiktokads.set_retention(NULL, '90 days');
SELECT tiktokads.remove_retention('tiktokads.campaign');
SELECT count(*) AS set FROM tiktokads.retention_override;
-- at the window's edge it is accepted; below it only by force
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '28 days');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '3 days', force => true);
SELECT relation, keep, action, enabled, set_by IS NOT NULL AS known FROM tiktokads.retention_policy WHERE relation = 'report_ad_daily';
SELECT tiktokads.remove_retention('tiktokads.report_ad_daily');
SELECT keep, enabled FROM tiktokads.retention_policy WHERE relation = 'report_ad_daily';
-- other spellings, and tables without partitions
SET client_min_messages = notice;
SELECT tiktokads.set_retention('tiktokads.sync_history', '30 days');
SELECT tiktokads.set_retention('tiktokads.event', '13 months', action => 'Anonymize');
SET client_min_messages = warning;
SELECT relation, action FROM tiktokads.retention_policy WHERE relation IN ('sync_history', 'event') ORDER BY 1;
SELECT tiktokads.remove_retention('tiktokads.event');

-- 60 days before 2026-03-15 is 2026-01-14: November and December leave whole, January in part
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, reach)
SELECT a, 10 * a + d, day, 0.10 * d, 7, 5
FROM generate_series(1, 2) AS a, generate_series(1, 3) AS d, generate_series(date '2025-11-01', '2026-03-15', '1 day') AS day;
INSERT INTO tiktokads.sync_history (connection, stream, advertiser_id, started_at) VALUES
	('c', 's', 1, '2026-02-13 00:00:00+00'), ('c', 's', 1, '2026-02-12 23:59:59+00'), ('c', 's', 1, '2026-03-15 00:00:00+00');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '60 days');
SELECT tiktokads.place_hold(advertiser_id => 2, from_date => '2025-12-30', to_date => '2026-01-02', reason => 'case 12');
SELECT partition, from_bound AT TIME ZONE 'UTC' AS from_bound, to_bound AT TIME ZONE 'UTC' AS to_bound, whole, rows, rows_estimated, bytes > 0 AS bytes, rows_held, verdict
FROM tiktokads.retention_plan();
-- a dry run removes nothing
CALL tiktokads.apply_retention(dry_run => true);
SELECT count(*) AS rows, (SELECT count(*) FROM tiktokads.purge_log) AS log, (SELECT count(*) FROM tiktokads.expired_range) AS expired FROM tiktokads.report_ad_daily;

CALL tiktokads.apply_retention();
SELECT seq, action, policy, relation, partition, from_bound, to_bound, rows, rows_estimated, bytes > 0 AS bytes, who = session_user AS who, role = current_user AS role
FROM tiktokads.purge_log ORDER BY seq;
-- December is held whole; of January the held rows alone (2 days x 3 ads) are left before the 14th
SELECT date_trunc('month', stat_date::timestamp)::date AS month, count(*), min(stat_date), count(*) FILTER (WHERE stat_date < '2026-01-14') AS before_cutoff
FROM tiktokads.report_ad_daily GROUP BY 1 ORDER BY 1;
SELECT to_regclass('tiktokads.report_ad_daily_202511') AS dropped;
SELECT * FROM tiktokads.expired_range ORDER BY relation;
SELECT started_at AT TIME ZONE 'UTC' AS started_at FROM tiktokads.sync_history ORDER BY 1;
-- again: nothing more
CALL tiktokads.apply_retention();
SELECT count(*) AS log FROM tiktokads.purge_log;
-- released: December leaves, and the rest of January
SELECT tiktokads.release_hold(1, 'case closed');
SELECT tiktokads.release_hold(1);
CALL tiktokads.apply_retention();
SELECT min(stat_date), count(*) FROM tiktokads.report_ad_daily;
SELECT days FROM tiktokads.expired_range WHERE relation = 'report_ad_daily';

-- holds: what is refused; expiry; a time range holds all accounts
SELECT tiktokads.place_hold(reason => 'case 13');
SELECT tiktokads.place_hold(advertiser_id => 1);
SELECT tiktokads.place_hold(from_date => '2026-02-02', to_date => '2026-02-01', reason => 'case 13');
SELECT tiktokads.place_hold(advertiser_id => 1, reason => 'case 13', expires_at => '2026-03-15 11:59:59+00');
SELECT tiktokads.place_hold(person => 'anna@example.com', reason => 'Anna@Example.com asked');
SELECT tiktokads.place_hold(from_date => '2026-01-14', to_date => '2026-01-20', reason => 'case 14', expires_at => '2026-04-01 00:00:00+00') IS NOT NULL AS placed;
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '40 days', action => 'delete');
CALL tiktokads.apply_retention();
SELECT stat_date, count(*) FROM tiktokads.report_ad_daily WHERE stat_date < '2026-02-04' GROUP BY 1 ORDER BY 1;
-- two weeks later it has expired by itself; delete leaves the empty partition
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-04-02 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;
CALL tiktokads.apply_retention();
SELECT min(stat_date), to_regclass('tiktokads.report_ad_daily_202601') AS partition FROM tiktokads.report_ad_daily;
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-03-15 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;

-- small batches end in the same as large ones, each with its row in the log
SELECT tiktokads.partition_ensure('report_campaign_daily', '2025-11-01', '2026-03-31');
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend)
SELECT 1, c, '2026-01-10', 1 FROM generate_series(1, 500) AS c;
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend)
SELECT 1, c, '2026-01-25', 1 FROM generate_series(1, 500) AS c;
SELECT tiktokads.set_retention('tiktokads.report_campaign_daily', '60 days');
SET tiktokads.retention_batch_size = 1;
CALL tiktokads.apply_retention();
RESET tiktokads.retention_batch_size;
SELECT count(*) > 1 AS several, sum(rows) FROM tiktokads.purge_log WHERE relation = 'report_campaign_daily' AND partition = 'report_campaign_daily_202601';
SELECT stat_date, count(*) FROM tiktokads.report_campaign_daily GROUP BY 1;

-- never the current partition: rows of it leave, it stays
SELECT tiktokads.set_retention('tiktokads.report_campaign_daily', '1 day', force => true);
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date) VALUES (1, 1, '2026-03-13'), (1, 1, '2026-03-14');
CALL tiktokads.apply_retention();
SELECT tableoid::regclass, stat_date FROM tiktokads.report_campaign_daily;
SELECT tiktokads.remove_retention('tiktokads.report_campaign_daily');

-- roll_up: what it refuses
CREATE TABLE with_reach (advertiser_id bigint, ad_id bigint, stat_month date, spend numeric, reach bigint, PRIMARY KEY (advertiser_id, ad_id, stat_month));
CREATE TABLE rounded (advertiser_id bigint, ad_id bigint, stat_month date, spend numeric(10,1), PRIMARY KEY (advertiser_id, ad_id, stat_month));
CREATE TABLE keyless (advertiser_id bigint, stat_month date, spend numeric);
CREATE TABLE by_colour (advertiser_id bigint, colour text, stat_month date, spend numeric, PRIMARY KEY (advertiser_id, colour, stat_month));
CREATE TABLE nothing_to_add (advertiser_id bigint, stat_month date, remark text, PRIMARY KEY (advertiser_id, stat_month));
CREATE TABLE not_filled (advertiser_id bigint, stat_month date, spend numeric, remark text NOT NULL, PRIMARY KEY (advertiser_id, stat_month));
CREATE TABLE no_right (advertiser_id bigint, stat_month date, spend numeric, PRIMARY KEY (advertiser_id, stat_month));
GRANT SELECT, INSERT, UPDATE ON with_reach, rounded, keyless, by_colour, nothing_to_add, not_filled TO tiktokads_worker;
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => t::regclass)
FROM (VALUES ('with_reach')) AS v (t);
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'rounded');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'keyless');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'by_colour');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'nothing_to_add');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'not_filled');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'no_right');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'tiktokads.report_ad_daily');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'tiktokads.report_advertiser_daily');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'tiktokads.campaign_report');
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'tiktokads.report_ad_monthly', grain => 'fortnight');

-- roll_up conserves every additive sum, to the last digit, over whole partitions, batches and NULLs
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend, impressions, clicks, reach) VALUES
	(9, 1, '2026-02-10', 0.000000000000000000001, 9223372036854775000, NULL, 1),
	(9, 1, '2026-02-11', 12345678901234567890.12, 7, NULL, 1),
	(9, 2, '2026-02-11', NULL, NULL, 3, 1);
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days', action => 'roll_up', "into" => 'tiktokads.report_ad_monthly');
SELECT sum(spend) AS spend, sum(impressions) AS impressions, sum(clicks) AS clicks FROM tiktokads.report_ad_daily \gset
SET tiktokads.retention_batch_size = 1;
CALL tiktokads.apply_retention();
RESET tiktokads.retention_batch_size;
SELECT sum(spend) = :spend AS spend, sum(impressions) = :impressions AS impressions, sum(clicks) = :clicks AS clicks
FROM (SELECT spend, impressions, clicks FROM tiktokads.report_ad_daily UNION ALL SELECT spend, impressions, clicks FROM tiktokads.report_ad_monthly) AS both_of_them;
SELECT * FROM (SELECT advertiser_id, ad_id, stat_month, spend, impressions, clicks FROM tiktokads.report_ad_monthly) AS m WHERE advertiser_id = 9 ORDER BY ad_id;
SELECT min(stat_date) FROM tiktokads.report_ad_daily;
-- days that leave later are added to the month: of February eight days were left, and 8 x 0.10 = 0.80, 8 x 7 = 56
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-03-31 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;
CALL tiktokads.apply_retention();
SELECT advertiser_id, ad_id, stat_month, spend, impressions FROM tiktokads.report_ad_monthly WHERE advertiser_id < 9 ORDER BY ad_id, stat_month;
SELECT to_regclass('tiktokads.report_ad_daily_202602') AS dropped, min(stat_date) FROM tiktokads.report_ad_daily;
-- by dimension: the target lacks the ad, so its days stay days
CREATE TABLE by_account (advertiser_id bigint, stat_date date, impressions bigint, PRIMARY KEY (advertiser_id, stat_date));
GRANT SELECT, INSERT, UPDATE ON by_account TO tiktokads_worker;
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '28 days', action => 'rollup', "into" => 'by_account');
SELECT grain FROM tiktokads.retention_policy WHERE relation = 'report_ad_daily';
CALL tiktokads.apply_retention();
SELECT * FROM by_account ORDER BY 1, 2;

-- a partition that somebody else owns, or that is partitioned itself, is left alone, and said so
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-03-15 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;
SELECT tiktokads.set_retention('tiktokads.report_advertiser_daily', '60 days');
SELECT tiktokads.partition_ensure('report_advertiser_daily', '2025-09-01', '2025-10-31');
ALTER TABLE tiktokads.report_advertiser_daily_202509 OWNER TO CURRENT_USER;
CALL tiktokads.apply_retention();
SELECT to_regclass('tiktokads.report_advertiser_daily_202509') AS stays, to_regclass('tiktokads.report_advertiser_daily_202510') AS dropped;
ALTER TABLE tiktokads.report_advertiser_daily_202509 OWNER TO tiktokads_worker;
-- what fails stays whole and without a row in the log, stops no other, and is counted
CREATE VIEW depends AS SELECT * FROM tiktokads.report_advertiser_daily_202509;
SELECT tiktokads.partition_ensure('report_advertiser_daily', '2025-10-01', '2025-10-31');
SELECT max(seq) AS before FROM tiktokads.purge_log \gset
CALL tiktokads.apply_retention();
SELECT partition FROM tiktokads.purge_log WHERE seq > :before;
DROP VIEW depends;
CALL tiktokads.apply_retention();
SELECT partition FROM tiktokads.purge_log WHERE seq > :before;

-- a row that stands for a month leaves when the month has: on 2026-03-15 half of March 2016 is not ten years old
INSERT INTO tiktokads.report_advertiser_monthly (advertiser_id, stat_month, spend) VALUES (1, '2016-01-01', 1), (1, '2016-02-01', 2), (1, '2016-03-01', 3);
SELECT tiktokads.set_retention('tiktokads.report_advertiser_monthly', '10 years');
CALL tiktokads.apply_retention();
SELECT stat_month FROM tiktokads.report_advertiser_monthly;

-- large partitions are not counted: the log says so
SELECT tiktokads.partition_ensure('report_advertiser_daily', '2025-09-01', '2025-09-30');
INSERT INTO tiktokads.report_advertiser_daily (advertiser_id, stat_date) SELECT a, '2025-09-01' FROM generate_series(1, 100) AS a;
ANALYZE tiktokads.report_advertiser_daily_202509;
SET tiktokads.retention_count_limit = 0;
CALL tiktokads.apply_retention();
SELECT rows, rows_estimated FROM tiktokads.purge_log ORDER BY seq DESC LIMIT 1;
RESET tiktokads.retention_count_limit;

-- the log is append-only
UPDATE tiktokads.purge_log SET rows = 0;
DELETE FROM tiktokads.purge_log WHERE false;
SELECT has_table_privilege('tiktokads_worker', 'tiktokads.purge_log', 'UPDATE') AS update, has_table_privilege('tiktokads_worker', 'tiktokads.purge_log', 'DELETE') AS delete;
-- whole, whatever the session's settings
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'German';
SELECT * FROM tiktokads.verify_purge_log();
RESET TimeZone;
RESET DateStyle;

-- inside a transaction block it refuses
BEGIN;
CALL tiktokads.apply_retention();
ROLLBACK;

-- of what was so before, what ended long ago leaves; what is so now stays, however long it has been so
INSERT INTO tiktokads.campaign_history (advertiser_id, campaign_id, valid_from, valid_to, change, changed) VALUES
	(1, 10, '2023-01-01 00:00:00+00', '2024-02-14 23:59:59+00', 'first seen', '{}'),
	(1, 10, '2024-02-14 23:59:59+00', '2024-02-15 00:00:00+00', 'changed', '{}'),
	(1, 10, '2024-02-15 00:00:00+00', NULL, 'changed', '{}');
SELECT tiktokads.set_retention('tiktokads.campaign_history', '25 months', action => 'delete');
CALL tiktokads.apply_retention();
SELECT valid_from AT TIME ZONE 'UTC' AS valid_from, valid_to AT TIME ZONE 'UTC' AS valid_to FROM tiktokads.campaign_history ORDER BY 1;
SELECT action, relation, rows FROM tiktokads.purge_log ORDER BY seq DESC LIMIT 1;
