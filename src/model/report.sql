-- report tables: four levels by hour, day and lifetime; audience reports

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description)
SELECT 'report_' || l.level || '_' || g.grain,
	CASE WHEN g.time_column IS NULL THEN 'table' ELSE 'partitioned' END,
	pg_catalog.array_remove(ARRAY['advertiser_id', l.id_column, g.time_column], NULL)::name[],
	g.time_column::name,
	'Metrics of ' || l.name || g.name
FROM (VALUES
	('advertiser', NULL, 'ad accounts'),
	('campaign', 'campaign_id', 'campaigns'),
	('adgroup', 'adgroup_id', 'ad groups'),
	('ad', 'ad_id', 'ads')) AS l (level, id_column, name)
	CROSS JOIN (VALUES
	('hourly', 'stat_time_hour', ' by hour of the account''s time zone.'),
	('daily', 'stat_date', ' by day of the account''s time zone.'),
	('lifetime', NULL, ' over all time, one row each. Reach and frequency are those of the whole time.')) AS g (grain, time_column, name);

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description)
SELECT 'report_' || l.level || '_asof', 'partitioned', pg_catalog.array_remove(ARRAY['advertiser_id', l.id_column, 'stat_date', 'to_age'], NULL)::name[], 'stat_date',
	'Earlier versions of report_' || l.level || '_daily, where numbers were restated: only changes are kept. Read them by tiktokads.asof().'
FROM (VALUES ('advertiser', NULL), ('campaign', 'campaign_id'), ('adgroup', 'adgroup_id'), ('ad', 'ad_id')) AS l (level, id_column);

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description) VALUES
	('report_audience_daily', 'partitioned', '{advertiser_id,data_level,entity_id,breakdown,member,stat_date}', 'stat_date',
		'Metrics by day and audience: one row for each ad account, campaign, ad group or ad, breakdown and member of it. Small cells and what cannot be attributed are left out by TikTok: members do not add up to the whole. Sum over one breakdown only.'),
	('report_audience_month', 'partitioned', '{advertiser_id,data_level,entity_id,breakdown,member,stat_month}', 'stat_month',
		'Audience metrics of breakdowns for which the API gives no days: totals of calendar months, the current one up to today.'),
	('report_breakdown_daily', 'partitioned', '{advertiser_id,data_level,entity_id,breakdown,member,stat_date}', 'stat_date',
		'Metrics by day and a further dimension of BASIC reports (country_code, ad_type, search_terms and others). Sum over one breakdown only.'),
	('report_skan_daily', 'partitioned', '{advertiser_id,data_level,entity_id,stat_date}', 'stat_date', 'SKAdNetwork metrics by day, of each level.'),
	('report_gmv_max_store_daily', 'partitioned', '{advertiser_id,store_id,stat_date}', 'stat_date', 'GMV Max metrics of each TikTok Shop by day of the account''s time zone.'),
	('report_gmv_max_campaign_daily', 'partitioned', '{advertiser_id,store_id,campaign_id,stat_date}', 'stat_date', 'GMV Max metrics of each campaign by day of the account''s time zone.'),
	('report_gmv_max_campaign_hourly', 'partitioned', '{advertiser_id,store_id,campaign_id,stat_time_hour}', 'stat_time_hour', 'GMV Max metrics of each campaign by hour of the account''s time zone.'),
	('report_gmv_max_product_daily', 'partitioned', '{advertiser_id,store_id,campaign_id,item_group_id,stat_date}', 'stat_date', 'GMV Max metrics of each campaign and product by day of the account''s time zone.'),
	('report_gmv_max_creative_daily', 'partitioned', '{advertiser_id,store_id,campaign_id,item_group_id,item_id,stat_date}', 'stat_date', 'GMV Max metrics of each campaign, product and creative by day of the account''s time zone; what the product card brought has item_id -1.');

-- keys and times
INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, k.position, k.name, d.type, d.description
FROM tiktokads.model_relation AS r
	CROSS JOIN LATERAL pg_catalog.unnest(r.key_columns) WITH ORDINALITY AS k (name, position)
	JOIN (VALUES
	('advertiser_id', 'bigint', 'Ad account.'),
	('campaign_id', 'bigint', 'Campaign.'),
	('adgroup_id', 'bigint', 'Ad group.'),
	('ad_id', 'bigint', 'Ad.'),
	('store_id', 'text', 'TikTok Shop.'),
	('item_group_id', 'bigint', 'Product of the shop (SPU).'),
	('item_id', 'bigint', 'TikTok post whose video is the creative; -1: the product card, which is no post.'),
	('data_level', 'text', 'Level of the row as the API names it: AUCTION_ADVERTISER, AUCTION_CAMPAIGN, AUCTION_ADGROUP or AUCTION_AD.'),
	('entity_id', 'bigint', 'Ad account, campaign, ad group or ad, by data_level.'),
	('breakdown', 'text', 'Dimension, or dimensions joined by +: age, gender, age+gender, country_code, platform and others.'),
	('member', 'text', 'Value of the dimension, or values joined by + in the order of breakdown: AGE_18_24+FEMALE. NONE: TikTok does not know.'),
	('stat_time_hour', 'timestamp without time zone', 'Hour as the account''s clock showed it. When the clock is set back the API has one row for the hour that comes twice; when it is set forward there is none for the hour left out.'),
	('stat_month', 'date', 'First day of the month in the account''s time zone.'),
	('stat_date', 'date', 'Day in the account''s time zone.'),
	('to_age', 'integer', 'Age of the day, in days, at which a reading replaced this version.')) AS d (name, type, description) ON d.name = k.name
WHERE r.relation LIKE 'report\_%';

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, c.position, c.name, c.type, c.description
FROM tiktokads.model_relation AS r
	CROSS JOIN (VALUES
	(20, 'from_age', 'integer', 'Age of the day at which this version was first read.'),
	(21, 'seen_at', 'timestamptz', 'When that was.')) AS c (position, name, type, description)
WHERE r.relation LIKE 'report\_%\_asof';

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, 20, 'stat_time_utc', 'timestamptz', 'When that hour began: stat_time_hour AT TIME ZONE the account''s zone. Of an hour that comes twice, the second time.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_time_hour';

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, 20 + pg_catalog.row_number() OVER (PARTITION BY r.relation ORDER BY b.breakdown NOT IN ('age', 'gender'), b.position), b.breakdown, 'text', b.description
FROM tiktokads.model_relation AS r
	JOIN tiktokads.breakdown AS b ON NOT b.added_by_user AND b.breakdown NOT LIKE '%+%'
		AND r.relation LIKE CASE b.report_type WHEN 'AUDIENCE' THEN 'report\_audience\_%' ELSE 'report\_breakdown\_%' END;

-- metrics; audiences have those that the API offers there
INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, 100 + m.position, m.metric, m.type, m.description
FROM tiktokads.model_relation AS r CROSS JOIN tiktokads.metric AS m
WHERE m.in_tables AND r.relation LIKE 'report\_%' AND (m.restates OR r.relation NOT LIKE 'report\_%\_asof')
	AND (m.audience OR m.audience_country OR m.audience_ad_type OR r.relation NOT LIKE 'report\_audience\_%')
	AND (m.metric LIKE 'skan\_%' OR r.relation NOT LIKE 'report\_skan\_%')
	AND r.relation NOT LIKE 'report\_gmv\_max\_%';

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, m.position - 700, m.metric, m.type, m.description
FROM tiktokads.model_relation AS r
	JOIN (VALUES
	('^report_gmv_max_', '^(cost|orders|gross_revenue)$'),
	('^report_gmv_max_(store|campaign)_', '^net_cost$'),
	('^report_gmv_max_creative_', '^(product_impressions|product_clicks|ad_click_rate|ad_conversion_rate|ad_video_view_rate_.*)$'))
	AS o (relations, metrics) ON r.relation ~ o.relations
	JOIN tiktokads.metric AS m ON m.metric ~ o.metrics AND m.family = 'gmv_max';

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, c.position, c.name, c.type, c.description
FROM tiktokads.model_relation AS r
	CROSS JOIN (VALUES
	(1001, 'extra', 'jsonb', 'Metrics that have no column, and values that did not fit theirs; NULL when there are none.'),
	(1002, 'changed_at', 'timestamptz NOT NULL DEFAULT now()', 'When what is stored of the row last changed.')) AS c (position, name, type, description)
WHERE r.relation LIKE 'report\_%' AND r.relation NOT LIKE 'report\_%\_asof';
