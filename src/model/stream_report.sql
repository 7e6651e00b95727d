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

-- broken down: one stream for each level and breakdown; those without days come by month
INSERT INTO tiktokads.stream_shipped (stream, kind, enabled, priority, target, path, key_columns, date_column, by_month, constants,
	member_column, member_fields, dimensions, metrics, parameters, rename, max_days, lookback_days, latency, description)
SELECT t.prefix || l.level || '_' || pg_catalog.replace(b.breakdown, '+', '_'), 'report',
	b.report_type = 'AUDIENCE' AND l.level = 'campaign' AND b.position <= 3, t.priority + b.position,
	t.target || CASE WHEN b.by_day THEN '_daily' ELSE '_month' END, 'report/integrated/get/',
	ARRAY['advertiser_id', 'data_level', 'entity_id', 'breakdown', 'member', CASE WHEN b.by_day THEN 'stat_date' ELSE 'stat_month' END],
	CASE WHEN b.by_day THEN 'stat_date' ELSE 'stat_month' END, NOT b.by_day,
	pg_catalog.jsonb_build_object('data_level', 'AUCTION_' || pg_catalog.upper(l.level), 'breakdown', b.breakdown),
	'member', pg_catalog.string_to_array(b.breakdown, '+'),
	ARRAY[l.level || '_id'] || pg_catalog.string_to_array(b.breakdown, '+') || CASE WHEN b.by_day THEN '{stat_time_day}' ELSE '{}' END::text[],
	(SELECT pg_catalog.array_agg(m.metric ORDER BY m.position) FROM tiktokads.metric AS m
		WHERE CASE WHEN b.asked IS NULL THEN m.requested ELSE m.metric ~ b.asked AND m.in_tables END
			AND tiktokads.breakdown_offers(b.report_type, b.breakdown, m)),
	pg_catalog.jsonb_build_object('report_type', b.report_type, 'data_level', 'AUCTION_' || pg_catalog.upper(l.level))
		|| CASE WHEN l.level = 'advertiser' THEN '{}' ELSE pg_catalog.jsonb_build_object('filtering',
			'[{"field_name":"' || l.level || '_status","filter_type":"IN","filter_value":"[\"STATUS_ALL\"]"}]') END,
	pg_catalog.jsonb_build_object(l.level || '_id', 'entity_id')
		|| CASE WHEN b.by_day THEN '{"stat_time_day": "stat_date"}' ELSE '{}' END::jsonb,
	CASE WHEN b.by_day THEN 30 ELSE 31 END, 28, b.latency,
	'Metrics of ' || l.description || ' by ' || b.breakdown || CASE WHEN b.by_day THEN ' and day.' ELSE ' and month (the API has no days for it).' END
FROM (VALUES
	('advertiser', 'ad accounts'),
	('campaign', 'campaigns'),
	('adgroup', 'ad groups'),
	('ad', 'ads')) AS l (level, description)
	CROSS JOIN tiktokads.breakdown AS b
	JOIN (VALUES
	('AUDIENCE', 'audience_', 'report_audience', 60),
	('BASIC', 'breakdown_', 'report_breakdown', 90)) AS t (report_type, prefix, target, priority) ON t.report_type = b.report_type
WHERE NOT b.added_by_user AND NOT (l.level = 'advertiser' AND b.breakdown = 'ad_type');

-- SKAdNetwork's numbers have a table of their own: they are late, and only app campaigns on iOS have them
INSERT INTO tiktokads.stream_shipped (stream, kind, enabled, priority, target, path, key_columns, date_column, constants,
	dimensions, metrics, parameters, rename, max_days, lookback_days, latency, description)
SELECT 'skan_' || l.level, 'report', false, 110, 'report_skan_daily', 'report/integrated/get/',
	'{advertiser_id,data_level,entity_id,stat_date}', 'stat_date',
	pg_catalog.jsonb_build_object('data_level', 'AUCTION_' || pg_catalog.upper(l.level)),
	ARRAY[l.level || '_id', 'stat_time_day'],
	(SELECT pg_catalog.array_agg(m.metric ORDER BY m.position) FROM tiktokads.metric AS m WHERE m.in_tables AND m.additive AND m.metric LIKE 'skan\_%'),
	pg_catalog.jsonb_build_object('report_type', 'BASIC', 'data_level', 'AUCTION_' || pg_catalog.upper(l.level))
		|| CASE WHEN l.level = 'advertiser' THEN '{}' ELSE pg_catalog.jsonb_build_object('filtering',
			'[{"field_name":"' || l.level || '_status","filter_type":"IN","filter_value":"[\"STATUS_ALL\"]"}]') END,
	pg_catalog.jsonb_build_object(l.level || '_id', 'entity_id', 'stat_time_day', 'stat_date'),
	30, 28, '16 hours', 'SKAdNetwork metrics of ' || l.description || ' by day.'
FROM (VALUES
	('advertiser', 'ad accounts'),
	('campaign', 'campaigns'),
	('adgroup', 'ad groups'),
	('ad', 'ads')) AS l (level, description);

-- GMV Max: an endpoint of its own, whose filter is an object and not a list.  Each shop is asked for by itself; products
-- are asked for by campaign, and creatives by campaign and product, of which the report above says what there is.
INSERT INTO tiktokads.stream_shipped (stream, kind, enabled, priority, target, path, key_columns, date_column, utc_column,
	own_permission, each_stream, each_columns, each_parameters, each_batch, dimensions, metrics, parameters, rename, totals, max_days, lookback_days, latency, description)
SELECT 'report_gmv_max_' || r.level || '_' || r.grain, 'report', r.grain = 'daily' AND r.level IN ('store', 'campaign'), r.priority,
	'report_gmv_max_' || r.level || '_' || r.grain, 'gmv_max/report/get/',
	'{advertiser_id,store_id}'::text[] || l.ids || g.time_column, g.time_column, g.utc_column,
	true, l.each_stream, l.each_columns, l.each_parameters, l.each_batch,
	CASE r.level WHEN 'store' THEN '{advertiser_id}' ELSE l.ids END || g.dimension, l.metrics,
	CASE r.level WHEN 'campaign' THEN pg_catalog.jsonb_build_object('filtering',
		'{"campaign_statuses":["STATUS_DELIVERY_OK","STATUS_NOT_DELIVERY","STATUS_DISABLE","STATUS_DELETE"]}') ELSE '{}' END,
	CASE r.grain WHEN 'daily' THEN '{"stat_time_day": "stat_date"}' ELSE '{}' END::jsonb,
	false, g.max_days, 28, '2 hours', r.description
FROM (VALUES
	('store', 'daily', 50, 'GMV Max metrics of each TikTok Shop by day.'),
	('campaign', 'daily', 51, 'GMV Max metrics of each campaign by day.'),
	('campaign', 'hourly', 52, 'GMV Max metrics of each campaign by hour.'),
	('product', 'daily', 53, 'GMV Max metrics of each campaign and product by day: one request for each campaign.'),
	('creative', 'daily', 54, 'GMV Max metrics of each campaign, product and creative by day: one request for each 100 products of a campaign.'))
	AS r (level, grain, priority, description)
	JOIN (VALUES
	('store', '{}'::text[], 'gmv_max_store', '{store_id}'::text[], '{store_ids}'::text[], 1, '{cost,net_cost,orders,gross_revenue}'::text[]),
	('campaign', '{campaign_id}', 'gmv_max_store', '{store_id}', '{store_ids}', 1, '{cost,net_cost,orders,gross_revenue}'),
	('product', '{campaign_id,item_group_id}', 'report_gmv_max_campaign_daily', '{store_id,campaign_id}', '{store_ids,filtering.campaign_ids}', 1,
		'{cost,orders,gross_revenue}'),
	('creative', '{campaign_id,item_group_id,item_id}', 'report_gmv_max_product_daily', '{store_id,campaign_id,item_group_id}',
		'{store_ids,filtering.campaign_ids,filtering.item_group_ids}', 100,
		'{cost,orders,gross_revenue,product_impressions,product_clicks,ad_click_rate,ad_conversion_rate,ad_video_view_rate_2s,ad_video_view_rate_6s,'
		'ad_video_view_rate_p25,ad_video_view_rate_p50,ad_video_view_rate_p75,ad_video_view_rate_p100}'))
	AS l (level, ids, each_stream, each_columns, each_parameters, each_batch, metrics) ON l.level = r.level
	JOIN (VALUES
	('daily', 'stat_date', NULL, 'stat_time_day', 30),
	('hourly', 'stat_time_hour', 'stat_time_utc', 'stat_time_hour', 1))
	AS g (grain, time_column, utc_column, dimension, max_days) ON g.grain = r.grain;
