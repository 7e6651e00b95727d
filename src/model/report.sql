-- daily report tables at four levels, and the view over campaigns

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description) VALUES
	('report_advertiser_daily', 'partitioned', '{advertiser_id,stat_date}', 'stat_date', 'Metrics of ad accounts by day of the account''s time zone.'),
	('report_campaign_daily', 'partitioned', '{advertiser_id,campaign_id,stat_date}', 'stat_date', 'Metrics of campaigns by day of the account''s time zone.'),
	('report_adgroup_daily', 'partitioned', '{advertiser_id,adgroup_id,stat_date}', 'stat_date', 'Metrics of ad groups by day of the account''s time zone.'),
	('report_ad_daily', 'partitioned', '{advertiser_id,ad_id,stat_date}', 'stat_date', 'Metrics of ads by day of the account''s time zone.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, 0, 'advertiser_id', 'bigint', 'Ad account.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 1, r.key_columns[2], 'bigint',
	CASE r.key_columns[2] WHEN 'campaign_id' THEN 'Campaign.' WHEN 'adgroup_id' THEN 'Ad group.' ELSE 'Ad.' END
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date' AND r.key_columns[2] <> 'stat_date'
UNION ALL
SELECT r.relation, 2, 'stat_date', 'date', 'Day in the account''s time zone.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 100 + m.position, m.metric, m.type, m.description
FROM tiktokads.model_relation AS r CROSS JOIN tiktokads.metric AS m WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 1001, 'extra', 'jsonb', 'Metrics that have no column, and values that did not fit theirs; NULL when there are none.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 1002, 'changed_at', 'timestamptz NOT NULL DEFAULT now()', 'When what is stored of the row last changed.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date';

INSERT INTO tiktokads.model_relation (relation, kind, description, definition) VALUES
	('campaign_report', 'view', 'Campaigns by day: names, sums, and ratios recomputed from the sums. One row for each campaign and day that had any.',
$view$SELECT r.stat_date AS date_day,
	r.advertiser_id,
	a.name AS advertiser_name,
	a.currency,
	r.campaign_id,
	c.campaign_name,
	c.objective_type,
	r.spend,
	r.impressions,
	r.clicks,
	r.conversion,
	r.real_time_conversion,
	r.result,
	r.video_play_actions,
	r.video_watched_2s,
	r.video_watched_6s,
	r.video_views_p25,
	r.video_views_p50,
	r.video_views_p75,
	r.video_views_p100,
	r.likes,
	r.comments,
	r.shares,
	r.follows,
	r.complete_payment,
	r.total_complete_payment_rate AS complete_payment_value,
	r.reach,
	r.frequency,
	r.clicks * 100.0 / nullif(r.impressions, 0) AS ctr,
	r.spend / nullif(r.clicks, 0) AS cpc,
	r.spend * 1000 / nullif(r.impressions, 0) AS cpm,
	r.conversion * 100.0 / nullif(r.clicks, 0) AS cvr,
	r.spend / nullif(r.conversion, 0) AS cost_per_conversion,
	r.total_complete_payment_rate / nullif(r.spend, 0) AS complete_payment_roas
FROM tiktokads.report_campaign_daily AS r
	LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = r.advertiser_id AND c.campaign_id = r.campaign_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = r.advertiser_id$view$);

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('campaign_report', 1, 'date_day', 'date', 'Day in the account''s time zone.'),
	('campaign_report', 2, 'advertiser_id', 'bigint', 'Ad account.'),
	('campaign_report', 3, 'advertiser_name', 'text', 'Name of the ad account.'),
	('campaign_report', 4, 'currency', 'text', 'Currency of all money in the row.'),
	('campaign_report', 5, 'campaign_id', 'bigint', 'Campaign.'),
	('campaign_report', 6, 'campaign_name', 'text', 'Its current name; NULL when the campaign itself was not synced.'),
	('campaign_report', 7, 'objective_type', 'text', 'Its advertising objective.'),
	('campaign_report', 26, 'complete_payment_value', 'numeric', 'Value of purchases on the website (the API calls it total_complete_payment_rate).'),
	('campaign_report', 29, 'ctr', 'numeric', 'Clicks / impressions in percent; NULL without impressions.'),
	('campaign_report', 30, 'cpc', 'numeric', 'Spend / clicks; NULL without clicks.'),
	('campaign_report', 31, 'cpm', 'numeric', 'Spend / impressions x 1000; NULL without impressions.'),
	('campaign_report', 32, 'cvr', 'numeric', 'Conversion / clicks in percent; NULL without clicks.'),
	('campaign_report', 33, 'cost_per_conversion', 'numeric', 'Spend / conversion; NULL without conversions.'),
	('campaign_report', 34, 'complete_payment_roas', 'numeric', 'Value of purchases on the website / spend; NULL without spend.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT 'campaign_report', v.position, m.metric, m.type, m.description
FROM (VALUES (8, 'spend'), (9, 'impressions'), (10, 'clicks'), (11, 'conversion'), (12, 'real_time_conversion'), (13, 'result'),
	(14, 'video_play_actions'), (15, 'video_watched_2s'), (16, 'video_watched_6s'), (17, 'video_views_p25'), (18, 'video_views_p50'),
	(19, 'video_views_p75'), (20, 'video_views_p100'), (21, 'likes'), (22, 'comments'), (23, 'shares'), (24, 'follows'),
	(25, 'complete_payment'), (27, 'reach'), (28, 'frequency')) AS v (position, metric)
	JOIN tiktokads.metric AS m ON m.metric = v.metric;
