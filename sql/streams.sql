-- the catalogue of streams and metrics, and the tables that they fill
CALL tiktokads.create_model();

-- every stream's target exists and has its key, date, constant and member columns
SELECT s.stream, c.name AS missing
FROM tiktokads.stream AS s
	CROSS JOIN LATERAL (
		SELECT unnest(s.key_columns)
		UNION SELECT s.date_column WHERE s.date_column IS NOT NULL
		UNION SELECT s.utc_column WHERE s.utc_column IS NOT NULL
		UNION SELECT s.member_column WHERE s.member_column IS NOT NULL
		UNION SELECT unnest(s.each_columns)
		UNION SELECT unnest(s.member_fields)
		UNION SELECT jsonb_object_keys(s.constants)) AS c (name)
WHERE NOT EXISTS (SELECT FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass('tiktokads.' || quote_ident(s.target)) AND a.attname = c.name AND NOT a.attisdropped);

-- a unique index stands behind every key
SELECT s.stream
FROM tiktokads.stream AS s
WHERE NOT EXISTS (SELECT FROM pg_index AS i
	WHERE i.indrelid = to_regclass('tiktokads.' || quote_ident(s.target)) AND i.indisunique
		AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey))
			= (SELECT array_agg(k ORDER BY k) FROM unnest(s.key_columns) AS k));

-- the report tables: partitioned by month where they have days, keyed by account, object and time
SELECT r.relation, r.kind, r.key_columns, r.partition_column
FROM tiktokads.model_relation AS r
WHERE r.relation LIKE 'report\_%'
ORDER BY r.relation;

-- no metric is additive and counts people; ratios, people and labels are never additive
SELECT kind, bool_or(additive) AS some_additive, bool_or(unique_user) AS some_people
FROM tiktokads.metric GROUP BY kind ORDER BY kind;
SELECT count(*) AS metrics, count(*) FILTER (WHERE in_tables) AS in_tables, count(*) FILTER (WHERE requested) AS requested,
	count(*) FILTER (WHERE added_by_user) AS yours
FROM tiktokads.metric;
SELECT metric, type, kind, additive, unique_user FROM tiktokads.metric
WHERE metric IN ('spend', 'reach', 'frequency', 'total_complete_payment_rate', 'ctr', 'purchase', 'total_purchase', 'live_unique_views', 'campaign_name')
ORDER BY metric;

-- what reports ask for is what the catalogue allows
SELECT s.stream, m.name
FROM tiktokads.stream AS s CROSS JOIN LATERAL unnest(s.metrics) AS m (name)
	LEFT JOIN tiktokads.metric AS c ON c.metric = m.name
WHERE c.metric IS NULL
	OR (s.parameters ->> 'report_type' = 'AUDIENCE' AND NOT CASE
		WHEN 'country_code' = ANY (s.dimensions) THEN c.audience_country
		WHEN s.dimensions && '{ad_type,hashtag,audience_tags,purchase_intention}' THEN c.audience_ad_type
		ELSE c.audience END);
SELECT s.stream, m.name, o.words
FROM tiktokads.stream AS s CROSS JOIN LATERAL unnest(s.metrics) AS m (name)
	CROSS JOIN LATERAL (SELECT tiktokads.metric_objection(m.name, s.parameters ->> 'report_type', s.parameters ->> 'data_level', s.dimensions) AS words) AS o
WHERE s.kind = 'report' AND o.words IS NOT NULL;
SELECT substring(stream FROM '^[a-z]+_campaign_(.*)$') AS breakdown, enabled, latency, max_days, cardinality(metrics) AS metrics FROM tiktokads.stream
WHERE stream LIKE 'breakdown\_campaign\_%' ORDER BY priority;
SELECT stream, enabled, key_columns, each_stream, each_columns, each_parameters, each_batch, dimensions, metrics FROM tiktokads.stream WHERE target LIKE 'report\_gmv%' OR stream = 'skan_ad' ORDER BY stream;
-- what the documentation says of metrics and dimensions
SELECT m.metric, m.report_type, m.dimension, tiktokads.metric_objection(m.metric, m.report_type, 'AUCTION_AD', ARRAY['ad_id', m.dimension]) AS objection
FROM (VALUES ('impressions', 'BASIC', 'search_terms'), ('reach', 'BASIC', 'search_terms'), ('ix_video_views', 'BASIC', 'page_id'), ('onsite_form', 'BASIC', 'component_name'),
	('likes', 'BASIC', 'country_code'), ('cash_spend', 'BASIC', 'country_code'), ('skan_conversion', 'BASIC', 'ad_type'), ('reach', 'BASIC', 'ad_type'),
	('likes', 'BASIC', 'skan_postback_sequence'), ('likes', 'BASIC', 'event_source_id'), ('likes', 'AUDIENCE', 'age'), ('likes', 'AUDIENCE', 'hashtag'),
	('gross_revenue', 'BASIC', 'stat_time_day'), ('gross_revenue', NULL, 'stat_time_day'), ('likes', NULL, 'stat_time_day'))
	AS m (metric, report_type, dimension);
SELECT m.metric, m.dimensions, tiktokads.metric_objection(m.metric, NULL, NULL, m.dimensions || '{stat_time_day}') AS objection
FROM (VALUES ('cost', '{advertiser_id}'::text[]), ('net_cost', '{campaign_id}'), ('net_cost', '{campaign_id,item_group_id}'), ('bid_type', '{campaign_id}'),
	('bid_type', '{advertiser_id}'), ('product_name', '{item_group_id}'), ('product_name', '{campaign_id,item_group_id}'), ('product_name', '{item_id}'),
	('product_clicks', '{campaign_id,item_group_id,item_id}'), ('product_clicks', '{item_group_id}'), ('creative_delivery_status', '{campaign_id,item_group_id,item_id}'))
	AS m (metric, dimensions);
-- a dimension that TikTok adds is a row
\set VERBOSITY terse
SELECT tiktokads.add_report('by_moon', 'BASIC', 'ad', '{ad_id,moon_phase,stat_time_day}', '{spend}');
INSERT INTO tiktokads.breakdown (report_type, breakdown, pattern) VALUES ('BASIC', 'moon_phase', '^spend$');
SELECT tiktokads.add_report('by_moon', 'BASIC', 'ad', '{ad_id,moon_phase,stat_time_day}', '{clicks}');
SELECT tiktokads.add_report('by_moon', 'BASIC', 'ad', '{ad_id,moon_phase,stat_time_day}', '{spend}');
SELECT key_columns, latency FROM tiktokads.stream WHERE stream = 'by_moon';
SELECT tiktokads.drop_report('by_moon');
DROP TABLE tiktokads.by_moon;
DELETE FROM tiktokads.breakdown WHERE added_by_user;
\set VERBOSITY default

-- money never comes from queries over several ad accounts
SELECT stream FROM tiktokads.stream WHERE kind = 'report' AND parameters ? 'advertiser_ids';
