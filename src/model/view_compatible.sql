-- views with the names, columns, order and formulas that dashboards of this
-- field are built on: a customer who leaves a hosted connector repoints the schema

-- A day is the sum of its hours (of reach, too: those models do that, and it
-- counts people more than once); an advertiser's day without any hours comes
-- from the daily table.  Both are summed to days before anything is joined, so
-- that a filter on the day reaches both tables.
WITH measure (n, name, metric, type, coalesced) AS (VALUES
	(1, 'impressions', 'impressions', 'bigint', true),
	(2, 'clicks', 'clicks', 'bigint', true),
	(3, 'spend', 'spend', 'numeric', true),
	(4, 'reach', 'reach', 'bigint', false),
	(5, 'conversion', 'conversion', 'bigint', true),
	(6, 'likes', 'likes', 'bigint', true),
	(7, 'comments', 'comments', 'bigint', true),
	(8, 'shares', 'shares', 'bigint', true),
	(9, 'profile_visits', 'profile_visits', 'bigint', true),
	(10, 'follows', 'follows', 'bigint', true),
	(11, 'video_watched_2_s', 'video_watched_2s', 'bigint', true),
	(12, 'video_watched_6_s', 'video_watched_6s', 'bigint', true),
	(13, 'video_views_p_25', 'video_views_p25', 'bigint', true),
	(14, 'video_views_p_50', 'video_views_p50', 'bigint', true),
	(15, 'video_views_p_75', 'video_views_p75', 'bigint', true),
	(16, 'real_time_conversion', 'real_time_conversion', 'bigint', true),
	(17, 'total_purchase_value', 'total_purchase_value', 'numeric', true),
	(18, 'total_sales_lead_value', 'total_sales_lead_value', 'numeric', true)
), term AS (
	-- one list of columns for each step; ad groups have their reach coalesced, as those models have it
	SELECT l.level,
		pg_catalog.string_agg(pg_catalog.format('sum(%s)::%s AS %I',
			CASE WHEN m.coalesced OR l.level = 'adgroup' THEN 'coalesce(r.' || m.metric || ', 0)' ELSE 'r.' || m.metric END, m.type, m.name), ', ' ORDER BY m.n) AS of_hours,
		pg_catalog.string_agg(pg_catalog.format('%s AS %I',
			CASE WHEN m.coalesced OR l.level = 'adgroup' THEN 'coalesce(r.' || m.metric || ', 0)' ELSE 'r.' || m.metric END, m.name), ', ' ORDER BY m.n) AS of_day,
		pg_catalog.string_agg(pg_catalog.format('sum(r.%I)::%s AS %I', m.name, m.type, m.name), ', ' ORDER BY m.n) AS of_all
	FROM measure AS m CROSS JOIN (VALUES ('ad'), ('adgroup'), ('campaign')) AS l (level)
	GROUP BY l.level
), source AS (
	SELECT t.level, pg_catalog.format($source$(SELECT r.%1$s_id, r.date_day, %4$s
	FROM (SELECT r.*, bool_or(r.by_hour) OVER (PARTITION BY r.advertiser_id, r.date_day) AS has_hours
		FROM (SELECT r.advertiser_id, r.%1$s_id, r.stat_time_hour::date AS date_day, true AS by_hour, %2$s
				FROM tiktokads.report_%1$s_hourly AS r GROUP BY r.advertiser_id, r.%1$s_id, r.stat_time_hour::date
			UNION ALL
			SELECT r.advertiser_id, r.%1$s_id, r.stat_date, false, %3$s
				FROM tiktokads.report_%1$s_daily AS r) AS r) AS r
	WHERE r.by_hour = r.has_hours GROUP BY r.%1$s_id, r.date_day)$source$, t.level, t.of_hours, t.of_day, t.of_all) AS query, t.of_all
	FROM term AS t
), entity (level, query) AS (VALUES
	-- of each, the row that was modified last
	('campaign', '(SELECT DISTINCT ON (x.campaign_id) x.campaign_id, x.advertiser_id, x.campaign_name, x.campaign_type, x.create_time, x.objective_type, x.secondary_status, x.budget, x.budget_mode, x.extra
		FROM tiktokads.campaign AS x ORDER BY x.campaign_id, x.modify_time DESC NULLS LAST, x.changed_at DESC)'),
	('adgroup', '(SELECT DISTINCT ON (x.adgroup_id) x.adgroup_id, x.advertiser_id, x.campaign_id, x.adgroup_name, x.category_id, x.gender, x.audience_type, x.budget
		FROM tiktokads.adgroup AS x ORDER BY x.adgroup_id, x.modify_time DESC NULLS LAST, x.changed_at DESC)'),
	('ad', '(SELECT DISTINCT ON (x.ad_id) x.ad_id, x.advertiser_id, x.adgroup_id, x.campaign_id, x.ad_name, x.landing_page_url
		FROM tiktokads.ad AS x ORDER BY x.ad_id, x.modify_time DESC NULLS LAST, x.changed_at DESC)')
), view (relation, level, body, columns, description) AS (VALUES
	('tiktok_ads__advertiser_report', 'ad', $body$(SELECT d.advertiser_id, r.date_day, {sums} FROM {ad_day} AS r LEFT JOIN {ad} AS d ON d.ad_id = r.ad_id GROUP BY d.advertiser_id, r.date_day) AS s
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = s.advertiser_id$body$,
		'{source_relation,date_day,advertiser_id=s.advertiser_id,advertiser_name,currency,clicks,impressions,spend,reach,{more}}',
		'Ad accounts by day, from ads, as dbt_tiktok_ads has them.'),
	('tiktok_ads__campaign_report', 'campaign', $body${campaign_day} AS s
	LEFT JOIN {campaign} AS c ON c.campaign_id = s.campaign_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = c.advertiser_id$body$,
		'{source_relation,date_day,advertiser_id=a.advertiser_id,advertiser_name,campaign_id=s.campaign_id,campaign_name,currency,impressions,clicks,spend,reach,{more}}',
		'Campaigns by day, as dbt_tiktok_ads has them.'),
	('tiktok_ads__ad_group_report', 'adgroup', $body${adgroup_day} AS s
	LEFT JOIN {adgroup} AS g ON g.adgroup_id = s.adgroup_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = g.advertiser_id
	LEFT JOIN {campaign} AS c ON c.campaign_id = g.campaign_id$body$,
		'{source_relation,date_day,advertiser_id=g.advertiser_id,advertiser_name,campaign_id=c.campaign_id,campaign_name,ad_group_id=s.adgroup_id,ad_group_name,currency,category,gender,audience_type,budget,impressions,clicks,spend,reach,{more}}',
		'Ad groups by day, as dbt_tiktok_ads has them.'),
	('tiktok_ads__ad_report', 'ad', $body${ad_day} AS s
	LEFT JOIN {ad} AS d ON d.ad_id = s.ad_id
	LEFT JOIN {adgroup} AS g ON g.adgroup_id = d.adgroup_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = d.advertiser_id
	LEFT JOIN {campaign} AS c ON c.campaign_id = d.campaign_id$body$,
		'{source_relation,date_day,advertiser_id=g.advertiser_id,advertiser_name,campaign_id=c.campaign_id,campaign_name,ad_group_id=g.adgroup_id,ad_group_name,ad_id,ad_name,currency,category,gender,audience_type,budget,impressions,clicks,spend,reach,{more}}',
		'Ads by day, as dbt_tiktok_ads has them.'),
	('tiktok_ads__url_report', 'ad', $body${ad_day} AS s
	LEFT JOIN {ad} AS d ON d.ad_id = s.ad_id
	LEFT JOIN {adgroup} AS g ON g.adgroup_id = d.adgroup_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = d.advertiser_id
	LEFT JOIN {campaign} AS c ON c.campaign_id = d.campaign_id
WHERE d.landing_page_url IS NOT NULL$body$,
		'{source_relation,date_day,advertiser_id=g.advertiser_id,advertiser_name,campaign_id=c.campaign_id,campaign_name,ad_group_id=g.adgroup_id,ad_group_name,ad_id,ad_name,base_url,url_host,url_path,utm_source,utm_medium,utm_campaign,utm_content,utm_term,currency,category,gender,audience_type,budget,impressions,clicks,spend,reach,{more}}',
		'Ads with a landing page by day, with parts of its URL, as dbt_tiktok_ads has them: cut by text, see tiktokads.url_report for a correct parser.'),
	('tiktok_ads__campaign_country_report', 'campaign', $body$(SELECT r.entity_id AS campaign_id, r.stat_date AS date_day, r.country_code,
		sum(coalesce(r.clicks, 0))::bigint AS clicks, sum(coalesce(r.impressions, 0))::bigint AS impressions, sum(coalesce(r.spend, 0)) AS spend,
		sum(coalesce(r.conversion, 0))::bigint AS conversion, sum(coalesce(r.real_time_conversion, 0))::bigint AS real_time_conversion
		FROM tiktokads.report_audience_daily AS r WHERE r.data_level = 'AUCTION_CAMPAIGN' AND r.breakdown = 'country_code'
		GROUP BY r.entity_id, r.stat_date, r.country_code) AS s
	LEFT JOIN {campaign} AS c ON c.campaign_id = s.campaign_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = c.advertiser_id$body$,
		'{source_relation,date_day,campaign_id=s.campaign_id,campaign_name,campaign_type,created_at,country_code,advertiser_id=a.advertiser_id,advertiser_name,currency,objective_type,status,split_test_variable,budget=c.budget,budget_mode,clicks,impressions,spend,conversion,daily_cpc,daily_cpm,daily_ctr,real_time_conversion}',
		'Campaigns by day and country, as dbt_tiktok_ads has them.')
), meaning (name, expression, type, description) AS (VALUES
	('source_relation', '''''::text', 'text', 'Always empty: there is one source.'),
	('date_day', 's.date_day', 'date', 'Day in the account''s time zone.'),
	('advertiser_id', NULL, 'bigint', 'Ad account, through the entity that the row is about; NULL when that was not synced.'),
	('advertiser_name', 'a.name', 'text', 'Its name; NULL when it is not known.'),
	('campaign_id', NULL, 'bigint', 'Campaign; below the campaign level NULL when it was not synced.'),
	('campaign_name', 'c.campaign_name', 'text', 'Its name; NULL when it was not synced.'),
	('campaign_type', 'c.campaign_type', 'text', 'Type of the campaign.'),
	('created_at', 'c.create_time AT TIME ZONE ''UTC''', 'timestamp without time zone', 'When the campaign was created, UTC.'),
	('country_code', 's.country_code', 'text', 'Country, ISO 3166 alpha-2.'),
	('objective_type', 'c.objective_type', 'text', 'Objective of the campaign.'),
	('status', 'c.secondary_status', 'text', 'Status of the campaign (secondary_status).'),
	('split_test_variable', 'c.extra ->> ''split_test_variable''', 'text', 'What a split test varies; NULL without one.'),
	('budget_mode', 'c.budget_mode', 'text', 'How the budget of the campaign counts.'),
	('ad_group_id', NULL, 'bigint', 'Ad group; below the ad group level NULL when it was not synced.'),
	('ad_group_name', 'g.adgroup_name', 'text', 'Its name; NULL when it was not synced.'),
	('ad_id', 's.ad_id', 'bigint', 'Ad.'),
	('ad_name', 'd.ad_name', 'text', 'Its name; NULL when it was not synced.'),
	('base_url', 'split_part(d.landing_page_url, ''?'', 1)', 'text', 'Landing page before the first question mark.'),
	('url_host', 'split_part(split_part(replace(replace(replace(d.landing_page_url, ''android-app://'', ''''), ''http://'', ''''), ''https://'', ''''), ''/'', 1), ''?'', 1)',
		'text', 'Landing page without scheme up to the first slash; user and port stay in it.'),
	('url_path', $cut$'/' || split_part(right(replace(replace(d.landing_page_url, 'http://', ''), 'https://', ''),
		length(replace(replace(d.landing_page_url, 'http://', ''), 'https://', ''))
		- coalesce(nullif(position('/' IN replace(replace(d.landing_page_url, 'http://', ''), 'https://', '')), 0),
			position('?' IN replace(replace(d.landing_page_url, 'http://', ''), 'https://', '')) - 1)), '?', 1)$cut$,
		'text', 'Slash, and the landing page from its first slash to the question mark; without any slash the whole of it.'),
	('utm_source', $cut$nullif(split_part(split_part(d.landing_page_url, 'utm_source=', 2), '&', 1), '')$cut$, 'text', 'What follows utm_source= up to the next ampersand, not decoded.'),
	('utm_medium', $cut$nullif(split_part(split_part(d.landing_page_url, 'utm_medium=', 2), '&', 1), '')$cut$, 'text', 'Likewise.'),
	('utm_campaign', $cut$nullif(split_part(split_part(d.landing_page_url, 'utm_campaign=', 2), '&', 1), '')$cut$, 'text', 'Likewise.'),
	('utm_content', $cut$nullif(split_part(split_part(d.landing_page_url, 'utm_content=', 2), '&', 1), '')$cut$, 'text', 'Likewise.'),
	('utm_term', $cut$nullif(split_part(split_part(d.landing_page_url, 'utm_term=', 2), '&', 1), '')$cut$, 'text', 'Likewise.'),
	('currency', 'a.currency', 'text', 'Currency of all money in the row; NULL when the account is not known.'),
	('category', 'g.category_id', 'bigint', 'Category of the ad group.'),
	('gender', 'g.gender', 'text', 'Gender that the ad group targets.'),
	('audience_type', 'g.audience_type', 'text', 'Audience type of the ad group.'),
	('budget', 'g.budget', 'numeric', 'Budget of the ad group (in the country report, of the campaign).'),
	('reach', 's.reach', 'bigint', 'Sum of the hours'' reach, as those models have it: it counts a person once for each hour. The daily table''s reach, where hours were not synced. tiktokads.campaign_report and its kin have the true one.'),
	('video_watched_2_s', 's.video_watched_2_s', 'bigint', 'Views of two seconds or more.'),
	('video_watched_6_s', 's.video_watched_6_s', 'bigint', 'Views of six seconds or more.'),
	('video_views_p_25', 's.video_views_p_25', 'bigint', 'Views of 25 % of the video.'),
	('video_views_p_50', 's.video_views_p_50', 'bigint', 'Views of 50 % of the video.'),
	('video_views_p_75', 's.video_views_p_75', 'bigint', 'Views of 75 % of the video.'),
	('total_conversion_value', 's.total_purchase_value + s.total_sales_lead_value', 'numeric', 'Value of purchases in the app and of sales leads.'),
	('daily_cpc', 's.spend / nullif(s.clicks, 0)', 'numeric', 'Spend / clicks; NULL without clicks.'),
	('daily_cpm', 's.spend / nullif(s.impressions, 0) * 1000', 'numeric', 'Spend / impressions x 1000; NULL without impressions.'),
	('daily_ctr', 's.clicks::numeric / nullif(s.impressions, 0) * 100', 'numeric', 'Clicks / impressions x 100; NULL without impressions.')
), col AS (
	SELECT v.relation, u.position, e.name, coalesce(m.type, x.type) AS type,
		coalesce(e.expression, m.expression, 's.' || e.name) AS expression,
		coalesce(m.description, x.description) AS description
	FROM view AS v
		CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.btrim(pg_catalog.replace(v.columns, '{more}',
			'conversion,likes,comments,shares,profile_visits,follows,video_watched_2_s,video_watched_6_s,video_views_p_25,video_views_p_50,video_views_p_75,'
			'real_time_conversion,total_purchase_value,total_sales_lead_value,total_conversion_value,daily_cpc,daily_cpm,daily_ctr'), '{}'), ','))
			WITH ORDINALITY AS u (word, position)
		CROSS JOIN LATERAL (SELECT pg_catalog.split_part(u.word, '=', 1) AS name, nullif(pg_catalog.split_part(u.word, '=', 2), '') AS expression) AS e
		LEFT JOIN meaning AS m ON m.name = e.name
		LEFT JOIN tiktokads.metric AS x ON x.metric = e.name
), made AS (
	INSERT INTO tiktokads.model_relation (relation, kind, layer, description, definition)
	SELECT v.relation, 'view', 1, v.description,
		'SELECT ' || (SELECT pg_catalog.string_agg(col.expression || ' AS ' || col.name, E',\n\t' ORDER BY col.position) FROM col WHERE col.relation = v.relation)
		|| E'\nFROM ' || pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(v.body,
			'{sums}', s.of_all), '{' || v.level || '_day}', s.query),
			'{campaign}', (SELECT e.query FROM entity AS e WHERE e.level = 'campaign')),
			'{adgroup}', (SELECT e.query FROM entity AS e WHERE e.level = 'adgroup')),
			'{ad}', (SELECT e.query FROM entity AS e WHERE e.level = 'ad'))
	FROM view AS v JOIN source AS s ON s.level = v.level
)
INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT col.relation, col.position, col.name, col.type, col.description FROM col;

-- the shape that reports of several platforms share
WITH view (relation, report, labels, summed, description) AS (VALUES
	('ad_reporting__account_report', 'tiktok_ads__advertiser_report', '{}'::text[], false, 'Ad accounts by day, in the shape of dbt_ad_reporting.'),
	('ad_reporting__campaign_report', 'tiktok_ads__campaign_report', '{campaign_id,campaign_name}', false, 'Campaigns by day, in the shape of dbt_ad_reporting.'),
	('ad_reporting__ad_group_report', 'tiktok_ads__ad_group_report', '{campaign_id,campaign_name,ad_group_id,ad_group_name}', false, 'Ad groups by day, in the shape of dbt_ad_reporting.'),
	('ad_reporting__ad_report', 'tiktok_ads__ad_report', '{campaign_id,campaign_name,ad_group_id,ad_group_name,ad_id,ad_name}', false, 'Ads by day, in the shape of dbt_ad_reporting.'),
	('ad_reporting__url_report', 'tiktok_ads__url_report', '{campaign_id,campaign_name,ad_group_id,ad_group_name,base_url,url_host,url_path,utm_source,utm_medium,utm_campaign,utm_content,utm_term}',
		true, 'Landing pages by ad group and day, in the shape of dbt_ad_reporting.')
), label (position, name, type, expression, description) AS (VALUES
	(1, 'source_relation', 'text', 'r.source_relation', 'Always empty: there is one source.'),
	(2, 'date_day', 'date', 'r.date_day', 'Day in the account''s time zone.'),
	(3, 'platform', 'text', '''tiktok_ads''::text', 'Always tiktok_ads.'),
	(4, 'account_id', 'text', 'r.advertiser_id::text', 'Ad account.'),
	(5, 'account_name', 'text', 'r.advertiser_name', 'Its name.'),
	(6, 'campaign_id', 'text', 'r.campaign_id::text', 'Campaign.'),
	(7, 'campaign_name', 'text', 'r.campaign_name', 'Its name.'),
	(8, 'ad_group_id', 'text', 'r.ad_group_id::text', 'Ad group.'),
	(9, 'ad_group_name', 'text', 'r.ad_group_name', 'Its name.'),
	(10, 'ad_id', 'text', 'r.ad_id::text', 'Ad.'),
	(11, 'ad_name', 'text', 'r.ad_name', 'Its name.'),
	(12, 'base_url', 'text', 'r.base_url', 'Landing page before the first question mark.'),
	(13, 'url_host', 'text', 'r.url_host', 'Its host.'),
	(14, 'url_path', 'text', 'r.url_path', 'Its path.'),
	(15, 'utm_source', 'text', 'r.utm_source', 'Its utm_source.'),
	(16, 'utm_medium', 'text', 'r.utm_medium', 'Its utm_medium.'),
	(17, 'utm_campaign', 'text', 'r.utm_campaign', 'Its utm_campaign.'),
	(18, 'utm_content', 'text', 'r.utm_content', 'Its utm_content.'),
	(19, 'utm_term', 'text', 'r.utm_term', 'Its utm_term.')
), measure (position, name, type, expression, description) AS (VALUES
	(30, 'clicks', 'bigint', 'r.clicks', 'Clicks.'),
	(31, 'impressions', 'bigint', 'r.impressions', 'Impressions.'),
	(32, 'spend', 'numeric', 'r.spend', 'Spend, in the account''s currency.'),
	(33, 'conversions', 'bigint', 'r.conversion', 'Conversions.'),
	(34, 'conversions_value', 'numeric', 'r.total_conversion_value', 'Value of purchases in the app and of sales leads.')
), col AS (
	SELECT v.relation, l.position, l.name, l.type, l.expression, l.description
	FROM view AS v CROSS JOIN label AS l WHERE l.position <= 5 OR l.name = ANY (v.labels)
	UNION ALL
	SELECT v.relation, m.position, m.name, m.type, CASE WHEN v.summed THEN 'sum(' || m.expression || ')::' || m.type ELSE m.expression END, m.description
	FROM view AS v CROSS JOIN measure AS m
), made AS (
	INSERT INTO tiktokads.model_relation (relation, kind, layer, description, definition)
	SELECT v.relation, 'view', 2, v.description,
		'SELECT ' || (SELECT pg_catalog.string_agg(col.expression || ' AS ' || col.name, E',\n\t' ORDER BY col.position) FROM col WHERE col.relation = v.relation)
		|| E'\nFROM tiktokads.' || v.report || ' AS r'
		|| CASE WHEN v.summed THEN E'\nGROUP BY ' || (SELECT pg_catalog.string_agg(n::text, ', ') FROM pg_catalog.generate_series(1, 5 + pg_catalog.cardinality(v.labels)) AS n) ELSE '' END
	FROM view AS v
)
INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT col.relation, col.position, col.name, col.type, col.description FROM col;
