-- the reports that the API offers, as streams

-- BASIC reports: the ID dimension must be that of the level, deleted objects must be asked for
INSERT INTO tiktokads.stream_shipped (stream, kind, enabled, priority, target, path, key_columns, date_column, utc_column, dimensions, metrics,
	parameters, rename, totals, max_days, lookback_days, latency, refresh, description)
SELECT 'report_' || l.level || '_' || g.grain, 'report', g.grain <> 'hourly' OR l.level IN ('advertiser', 'campaign'), l.priority + g.priority,
	'report_' || l.level || '_' || g.grain, 'report/integrated/get/',
	pg_catalog.array_remove(ARRAY['advertiser_id', CASE WHEN l.level <> 'advertiser' THEN l.level || '_id' END, g.date_column], NULL),
	g.date_column, g.utc_column,
	pg_catalog.array_remove(ARRAY[l.level || '_id', g.dimension], NULL),
	(SELECT pg_catalog.array_agg(m.metric ORDER BY m.position) FROM tiktokads.metric AS m WHERE m.requested),
	pg_catalog.jsonb_build_object('report_type', 'BASIC', 'data_level', 'AUCTION_' || pg_catalog.upper(l.level))
		|| CASE WHEN l.level = 'advertiser' THEN '{}' ELSE pg_catalog.jsonb_build_object('filtering',
			'[{"field_name":"' || l.level || '_status","filter_type":"IN","filter_value":"[\"STATUS_ALL\"]"}]') END
		|| CASE WHEN g.grain = 'lifetime' THEN '{"query_lifetime": "true"}' ELSE '{}'::jsonb END,
	CASE WHEN g.date_column = 'stat_date' THEN '{"stat_time_day": "stat_date"}' ELSE '{}' END::jsonb,
	g.grain <> 'hourly', g.max_days, CASE WHEN g.max_days > 0 THEN 28 ELSE 0 END, g.latency::interval, '1 day',
	g.description || l.description
FROM (VALUES
	('advertiser', 20, 'each ad account.'),
	('campaign', 21, 'each campaign.'),
	('adgroup', 22, 'each ad group.'),
	('ad', 23, 'each ad.')) AS l (level, priority, description)
	CROSS JOIN (VALUES
	('daily', 0, 'stat_date', NULL, 'stat_time_day', 30, '2 hours', 'Daily metrics of '),
	('hourly', 10, 'stat_time_hour', 'stat_time_utc', 'stat_time_hour', 1, '2 hours', 'Hourly metrics of '),
	('lifetime', 20, NULL, NULL, NULL, 0, '16 hours', 'Metrics over all time of '))
		AS g (grain, priority, date_column, utc_column, dimension, max_days, latency, description);

-- AUDIENCE reports: one stream for each level and breakdown; those without days come by month
INSERT INTO tiktokads.stream_shipped (stream, kind, enabled, priority, target, path, key_columns, date_column, by_month, constants,
	member_column, member_fields, dimensions, metrics, parameters, rename, max_days, lookback_days, latency, description)
SELECT 'audience_' || l.level || '_' || pg_catalog.replace(b.breakdown, '+', '_'), 'report', l.level = 'campaign' AND b.enabled, 60 + b.position,
	CASE WHEN b.by_day THEN 'report_audience_daily' ELSE 'report_audience_month' END, 'report/integrated/get/',
	ARRAY['advertiser_id', 'data_level', 'entity_id', 'breakdown', 'member', CASE WHEN b.by_day THEN 'stat_date' ELSE 'stat_month' END],
	CASE WHEN b.by_day THEN 'stat_date' ELSE 'stat_month' END, NOT b.by_day,
	pg_catalog.jsonb_build_object('data_level', 'AUCTION_' || pg_catalog.upper(l.level), 'breakdown', b.breakdown),
	'member', pg_catalog.string_to_array(b.breakdown, '+'),
	ARRAY[l.level || '_id'] || pg_catalog.string_to_array(b.breakdown, '+') || CASE WHEN b.by_day THEN '{stat_time_day}' ELSE '{}' END::text[],
	(SELECT pg_catalog.array_agg(m.metric ORDER BY m.position) FROM tiktokads.metric AS m
		WHERE m.requested AND CASE b.metrics WHEN 'country' THEN m.audience_country WHEN 'ad_type' THEN m.audience_ad_type ELSE m.audience END),
	pg_catalog.jsonb_build_object('report_type', 'AUDIENCE', 'data_level', 'AUCTION_' || pg_catalog.upper(l.level))
		|| CASE WHEN l.level = 'advertiser' THEN '{}' ELSE pg_catalog.jsonb_build_object('filtering',
			'[{"field_name":"' || l.level || '_status","filter_type":"IN","filter_value":"[\"STATUS_ALL\"]"}]') END,
	pg_catalog.jsonb_build_object(l.level || '_id', 'entity_id')
		|| CASE WHEN b.by_day THEN '{"stat_time_day": "stat_date"}' ELSE '{}' END::jsonb,
	CASE WHEN b.by_day THEN 30 ELSE 31 END, 28, b.latency::interval,
	'Metrics of ' || l.description || ' by ' || b.breakdown || CASE WHEN b.by_day THEN ' and day.' ELSE ' and month (the API has no days for it).' END
FROM (VALUES
	('advertiser', 'ad accounts'),
	('campaign', 'campaigns'),
	('adgroup', 'ad groups'),
	('ad', 'ads')) AS l (level, description)
	CROSS JOIN (VALUES
	(1, 'country_code', true, true, 'country', '30 minutes'),
	(2, 'age+gender', true, true, 'any', '16 hours'),
	(3, 'platform', true, true, 'any', '16 hours'),
	(4, 'age', true, false, 'any', '16 hours'),
	(5, 'gender', true, false, 'any', '16 hours'),
	(6, 'province_id', true, false, 'any', '16 hours'),
	(7, 'dma_id', true, false, 'any', '16 hours'),
	(8, 'language', true, false, 'any', '16 hours'),
	(9, 'ac', true, false, 'any', '16 hours'),
	(10, 'placement', true, false, 'any', '30 minutes'),
	(11, 'device_brand_id', false, false, 'any', '16 hours'),
	(12, 'interest_category', false, false, 'any', '16 hours'),
	(13, 'interest_category_v2', false, false, 'any', '16 hours'),
	(14, 'interest_category_tier2', false, false, 'any', '16 hours'),
	(15, 'interest_category_tier3', false, false, 'any', '16 hours'),
	(16, 'interest_category_tier4', false, false, 'any', '16 hours'),
	(17, 'behavior_id', true, false, 'any', '24 hours'),
	(18, 'contextual_tag', true, false, 'any', '16 hours'),
	(19, 'hashtag', true, false, 'ad_type', '16 hours'),
	(20, 'audience_tags', true, false, 'ad_type', '16 hours'),
	(21, 'additional_interests', true, false, 'any', '16 hours'),
	(22, 'purchase_intention', true, false, 'ad_type', '24 hours'),
	(23, 'ad_type', true, false, 'ad_type', '16 hours'))
		AS b (position, breakdown, by_day, enabled, metrics, latency)
WHERE NOT (l.level = 'advertiser' AND b.breakdown = 'ad_type');
