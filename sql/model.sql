-- the tables of facts, made from their rows
SET client_min_messages = warning;

SELECT tiktokads.model_ready();
CALL tiktokads.create_model();
SELECT tiktokads.model_ready();

-- every field of the API has a typed column: campaign 39, ad group 145, ad 84, and our own
SELECT relation, count(*) FILTER (WHERE position < 1000) AS fields, count(*) FILTER (WHERE position > 1000) AS own
FROM tiktokads.model_column WHERE relation IN ('campaign', 'adgroup', 'ad') GROUP BY relation ORDER BY relation;
-- what the rows say is what is there, column for column, comments included
SELECT c.relation, c.name FROM tiktokads.model_column AS c
LEFT JOIN pg_attribute AS a ON a.attrelid = format('tiktokads.%I', c.relation)::regclass AND a.attname = c.name
WHERE a.attname IS NULL OR format_type(a.atttypid, a.atttypmod) <> regexp_replace(replace(c.type, 'timestamptz', 'timestamp with time zone'), ' (NOT NULL|DEFAULT).*', '')
	OR col_description(a.attrelid, a.attnum) IS DISTINCT FROM c.description;
-- money and averages are numeric, counts bigint, ids bigint: nothing is floating point
SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relname ~ '^(campaign|adgroup|ad|report_.*)$' AND a.atttypid IN ('float4'::regtype, 'float8'::regtype);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'tiktokads.report_ad_daily'::regclass AND attname IN ('ad_id', 'stat_date', 'spend', 'impressions', 'ctr', 'total_complete_payment_rate', 'extra')
ORDER BY attname;

-- partitioned by month, keyed by account first
SELECT pg_get_partkeydef('tiktokads.report_ad_daily'::regclass);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'tiktokads.report_ad_daily'::regclass AND contype = 'p';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'tiktokads.report_advertiser_daily'::regclass AND contype = 'p';

-- partitions are made once, ahead and on demand, and hold their month
SELECT tiktokads.partition_name('report_ad_daily', '2024-02-29');
SELECT tiktokads.partition_ensure('report_ad_daily', '2024-01-31', '2024-03-01');
SELECT tiktokads.partition_ensure('report_ad_daily', '2024-01-31', '2024-03-01');
SELECT tiktokads.partition_ensure('report_ad_daily', '2024-03-01', '2024-01-01');
SELECT tiktokads.partition_ensure('report_ad_daily', NULL, '2024-01-01');
SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'report_ad_daily_202402';
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend) VALUES (1, 2, '2024-02-29', 0.10), (1, 2, '2024-03-01', 12.340);
SELECT tableoid::regclass, stat_date, spend FROM tiktokads.report_ad_daily ORDER BY stat_date;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date) VALUES (1, 2, '2024-02-29');

-- the view: ratios from sums, in numeric, NULL where there is nothing below the line
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name, objective_type) VALUES (1, 7, 'Spring', 'TRAFFIC');
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency) VALUES (1, 'Shop', 'EUR');
SELECT tiktokads.partition_ensure('report_campaign_daily', '2024-01-01', '2024-01-31');
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend, impressions, clicks, conversion, total_complete_payment_rate)
VALUES (1, 7, '2024-01-01', 20.00, 5830, 69, 4, 50.00), (1, 7, '2024-01-02', 0, 0, 0, 0, 0), (1, 8, '2024-01-01', 1.00, 3, 1, NULL, NULL);
SELECT date_day, advertiser_name, currency, campaign_id, campaign_name, spend, round(ctr, 4) AS ctr, round(cpc, 4) AS cpc, round(cpm, 4) AS cpm,
	round(cvr, 4) AS cvr, round(cost_per_conversion, 4) AS cpa, round(complete_payment_roas, 4) AS roas
FROM tiktokads.campaign_report ORDER BY campaign_id, date_day;

-- making it again keeps everything, and completes what is missing
ALTER TABLE tiktokads.campaign DROP COLUMN rta_id, ADD COLUMN owner_team text DEFAULT 'red';
COMMENT ON TABLE tiktokads.ad IS 'changed';
DROP VIEW tiktokads.campaign_report;
CALL tiktokads.create_model();
SELECT campaign_name, owner_team, rta_id FROM tiktokads.campaign;
SELECT obj_description('tiktokads.ad'::regclass, 'pg_class');
SELECT count(*) FROM tiktokads.campaign_report;

-- a plain drop is refused while our views stand on the extension's tables; cascade keeps every fact
\set VERBOSITY terse
DROP EXTENSION tiktokads;
\set VERBOSITY default
DROP EXTENSION tiktokads CASCADE;
SELECT count(*) FROM tiktokads.campaign;
CREATE EXTENSION tiktokads;
SELECT tiktokads.model_ready();
CALL tiktokads.create_model();
SELECT tiktokads.model_ready(), count(*) FROM tiktokads.campaign_report;

-- in a transaction block: refused, with a hint
BEGIN;
CALL tiktokads.create_model();
ROLLBACK;

-- the catalogue: shipped rows, overrides, and both in one view
SELECT stream, kind, target, path, key_columns, date_column, page_size, max_days, cardinality(metrics) AS metrics, enabled FROM tiktokads.stream
WHERE stream IN ('advertiser', 'campaign', 'adgroup', 'ad') OR stream ~ '^report_(advertiser|campaign|adgroup|ad)_daily$' ORDER BY priority;
-- what is asked for has a column
SELECT s.stream, m FROM tiktokads.stream AS s, unnest(s.metrics) AS m
WHERE NOT EXISTS (SELECT FROM tiktokads.model_column AS c WHERE c.relation = s.target AND c.name = m);
INSERT INTO tiktokads.stream_override (stream, enabled, page_size) VALUES ('ad', false, 50);
SELECT stream, enabled, page_size, path, overridden FROM tiktokads.stream WHERE stream IN ('ad', 'adgroup') ORDER BY stream;
INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('adgroup', 0);
INSERT INTO tiktokads.stream_override (stream, parameters) VALUES ('adgroup', '[]');
DELETE FROM tiktokads.stream_override;
