-- BI views: names, sums, and ratios recomputed from the sums

-- Columns of the views, each written once: what it is computed from (r: the
-- report's row, a: advertiser_current, c, g, d: campaign, ad group, ad; u: its
-- URL) and which trait a view must have to show it (NULL: any view).  Definitions and
-- comments follow from it.
WITH view (relation, report, traits, joins, description) AS (VALUES
	('advertiser_report', 'report_advertiser_daily', '{day,engagement,reach}'::text[], '{}'::text[], 'Ad accounts by day. One row for each account and day that had any.'),
	('campaign_report', 'report_campaign_daily', '{day,engagement,reach,campaign}', '{c}', 'Campaigns by day. One row for each campaign and day that had any.'),
	('ad_group_report', 'report_adgroup_daily', '{day,engagement,reach,adgroup}', '{g,c}', 'Ad groups by day. One row for each ad group and day that had any.'),
	('ad_report', 'report_ad_daily', '{day,engagement,reach,ad}', '{d,g,c}', 'Ads by day. One row for each ad and day that had any.'),
	('url_report', 'report_ad_daily', '{day,engagement,reach,ad,url}', '{d,g,c,u}', 'Ads with a landing page by day, with the parts of its URL and decoded UTM parameters. One row for each such ad and day that had any.'),
	('video_report', 'report_ad_daily', '{day,ad,video}', '{d,g,c}', 'How far the videos of ads were watched, by day. One row for each ad and day that had any.'),
	('creative_report', 'report_ad_daily', '{day,engagement,reach,ad,creative}', '{d,g,c}', 'What ads show and how it wears off, by day. One row for each ad and day that had any.'),
	('hourly_report', 'report_campaign_hourly', '{hour,engagement,campaign}', '{c}', 'Campaigns by hour of the account''s clock. One row for each campaign and hour that had any.'),
	('audience_report', 'report_audience_daily', '{day,audience}', '{e}', 'Age, gender, country and other audiences by day. One row for each ad account, campaign, ad group or ad, breakdown, member and day that had any. Small cells are left out by TikTok: members do not add up to the whole. Sum over one breakdown only.')
), part (name, text) AS (VALUES
	('d', 'LEFT JOIN tiktokads.ad AS d ON d.advertiser_id = r.advertiser_id AND d.ad_id = r.ad_id'),
	('g', 'LEFT JOIN tiktokads.adgroup AS g ON g.advertiser_id = r.advertiser_id AND g.adgroup_id = %s.adgroup_id'),
	('c', 'LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = r.advertiser_id AND c.campaign_id = %s.campaign_id'),
	('u', 'JOIN (SELECT x.advertiser_id, x.ad_id, tiktokads.url_parse(x.landing_page_url) AS url FROM tiktokads.ad AS x WHERE x.landing_page_url IS NOT NULL OFFSET 0) AS u
		ON u.advertiser_id = r.advertiser_id AND u.ad_id = r.ad_id'),
	('e', 'LEFT JOIN tiktokads.campaign AS c ON r.data_level = ''AUCTION_CAMPAIGN'' AND c.advertiser_id = r.advertiser_id AND c.campaign_id = r.entity_id
	LEFT JOIN tiktokads.adgroup AS g ON r.data_level = ''AUCTION_ADGROUP'' AND g.advertiser_id = r.advertiser_id AND g.adgroup_id = r.entity_id
	LEFT JOIN tiktokads.ad AS d ON r.data_level = ''AUCTION_AD'' AND d.advertiser_id = r.advertiser_id AND d.ad_id = r.entity_id')
), label (position, traits, name, type, expression, description) AS (VALUES
	(10, '{day}'::text[],
		'date_day', 'date', 'r.stat_date', 'Day in the account''s time zone.'),
	(10, '{hour}', 'date_day', 'date', 'r.stat_time_hour::date', 'Day in the account''s time zone.'),
	(11, '{hour}', 'stat_time_hour', 'timestamp without time zone', 'r.stat_time_hour', 'Hour as the account''s clock showed it. Filter on it rather than on date_day: then only the partitions asked for are read.'),
	(12, '{hour}', 'stat_time_utc', 'timestamptz', 'r.stat_time_utc', 'When that hour began.'),
	(13, '{hour}', 'hour_of_day', 'integer', 'extract(hour FROM r.stat_time_hour)::int', 'Hour of the account''s day, 0 to 23.'),
	(14, '{hour}', 'day_of_week', 'integer', 'extract(isodow FROM r.stat_time_hour)::int', 'Day of the week, 1 (Monday) to 7.'),
	(20, NULL, 'advertiser_id', 'bigint', 'r.advertiser_id', 'Ad account.'),
	(21, NULL, 'advertiser_id_text', 'text', 'r.advertiser_id::text', 'The same as text, for tools that round large numbers.'),
	(22, NULL, 'advertiser_name', 'text', 'a.advertiser_name', 'Name of the ad account; NULL when it is not known.'),
	(23, NULL, 'currency', 'text', 'a.currency', 'Currency of all money in the row; NULL when the account is not known.'),
	(30, '{campaign}', 'campaign_id', 'bigint', 'r.campaign_id', 'Campaign.'),
	(30, '{adgroup}', 'campaign_id', 'bigint', 'g.campaign_id', 'Campaign; NULL when the ad group itself was not synced.'),
	(30, '{ad}', 'campaign_id', 'bigint', 'd.campaign_id', 'Campaign; NULL when the ad itself was not synced.'),
	(31, '{campaign}', 'campaign_id_text', 'text', 'r.campaign_id::text', 'The same as text.'),
	(31, '{adgroup}', 'campaign_id_text', 'text', 'g.campaign_id::text', 'The same as text.'),
	(31, '{ad}', 'campaign_id_text', 'text', 'd.campaign_id::text', 'The same as text.'),
	(32, '{campaign,adgroup,ad}',
		'campaign_name', 'text', 'c.campaign_name', 'Its current name; NULL when the campaign itself was not synced.'),
	(33, '{campaign,adgroup,ad}',
		'objective_type', 'text', 'c.objective_type', 'Its advertising objective.'),
	(40, '{adgroup}', 'adgroup_id', 'bigint', 'r.adgroup_id', 'Ad group.'),
	(40, '{ad}', 'adgroup_id', 'bigint', 'd.adgroup_id', 'Ad group; NULL when the ad itself was not synced.'),
	(41, '{adgroup}', 'adgroup_id_text', 'text', 'r.adgroup_id::text', 'The same as text.'),
	(41, '{ad}', 'adgroup_id_text', 'text', 'd.adgroup_id::text', 'The same as text.'),
	(42, '{adgroup,ad}', 'adgroup_name', 'text', 'g.adgroup_name', 'Its current name; NULL when the ad group itself was not synced.'),
	(43, '{adgroup,ad}', 'optimization_goal', 'text', 'g.optimization_goal', 'Its optimization goal.'),
	(50, '{ad}', 'ad_id', 'bigint', 'r.ad_id', 'Ad.'),
	(51, '{ad}', 'ad_id_text', 'text', 'r.ad_id::text', 'The same as text.'),
	(52, '{ad}', 'ad_name', 'text', 'd.ad_name', 'Its current name; NULL when the ad itself was not synced.'),
	(60, '{video,creative}', 'video_id', 'text', 'd.video_id', 'Video of the ad.'),
	(61, '{creative}', 'image_ids', 'text[]', 'd.image_ids', 'Images of the ad.'),
	(62, '{creative}', 'ad_format', 'text', 'd.ad_format', 'Format of the ad.'),
	(63, '{creative}', 'creative_type', 'text', 'd.creative_type', 'Type of the creative.'),
	(65, '{creative}', 'ad_text', 'text', 'd.ad_text', 'Text of the ad.'),
	(66, '{creative}', 'call_to_action', 'text', 'd.call_to_action', 'Call to action.'),
	(67, '{creative,url}', 'landing_page_url', 'text', 'd.landing_page_url', 'Landing page as the ad has it.'),
	(68, '{creative}', 'days_running', 'integer', 'r.stat_date - (d.create_time AT TIME ZONE coalesce(a.timezone, ''UTC''))::date', 'Days since the ad was created: plot ctr and frequency against it to see fatigue.'),
	(70, '{url}', 'base_url', 'text', '(u.url).base_url', 'Landing page without user, query and fragment.'),
	(71, '{url}', 'url_host', 'text', '(u.url).url_host', 'Host in lower case, without user and port.'),
	(72, '{url}', 'url_path', 'text', '(u.url).url_path', 'Path; / when there is none.'),
	(73, '{url}', 'utm_source', 'text', '(u.url).utm_source', 'UTM source, decoded; NULL when missing or empty.'),
	(74, '{url}', 'utm_medium', 'text', '(u.url).utm_medium', 'UTM medium, likewise.'),
	(75, '{url}', 'utm_campaign', 'text', '(u.url).utm_campaign', 'UTM campaign, likewise.'),
	(76, '{url}', 'utm_content', 'text', '(u.url).utm_content', 'UTM content, likewise.'),
	(77, '{url}', 'utm_term', 'text', '(u.url).utm_term', 'UTM term, likewise.'),
	(80, '{audience}', 'data_level', 'text', 'r.data_level', 'AUCTION_ADVERTISER, AUCTION_CAMPAIGN, AUCTION_ADGROUP or AUCTION_AD: do not add levels up.'),
	(81, '{audience}', 'entity_id', 'bigint', 'r.entity_id', 'Ad account, campaign, ad group or ad, by data_level.'),
	(82, '{audience}', 'entity_id_text', 'text', 'r.entity_id::text', 'The same as text.'),
	(83, '{audience}', 'entity_name', 'text', 'CASE r.data_level WHEN ''AUCTION_ADVERTISER'' THEN a.advertiser_name WHEN ''AUCTION_CAMPAIGN'' THEN c.campaign_name
		WHEN ''AUCTION_ADGROUP'' THEN g.adgroup_name ELSE d.ad_name END', 'Its current name.'),
	(84, '{audience}', 'breakdown', 'text', 'r.breakdown', 'Dimension of the row: age, gender, age+gender, country_code, platform and others. Choose one.'),
	(85, '{audience}', 'member', 'text', 'r.member', 'Value of the dimension, or values joined by +. NONE: TikTok does not know.'),
	(86, '{audience}', 'age', 'text', 'r.age', 'Age group; NULL in other breakdowns, like all that follow.'),
	(87, '{audience}', 'gender', 'text', 'r.gender', 'MALE, FEMALE or NONE.'),
	(88, '{audience}', 'country_code', 'text', 'r.country_code', 'Country, ISO 3166 alpha-2.'),
	(89, '{audience}', 'province_id', 'text', 'r.province_id', 'Province or state.'),
	(90, '{audience}', 'language', 'text', 'r.language', 'Language of the user.'),
	(91, '{audience}', 'platform', 'text', 'r.platform', 'Operating system.'),
	(92, '{audience}', 'placement', 'text', 'r.placement', 'Placement.'),
	(93, '{audience}', 'ac', 'text', 'r.ac', 'Network: WIFI, 4G and others.'),
	(94, '{audience}', 'device_brand_id', 'text', 'r.device_brand_id', 'Brand of the device.'),
	(200, '{day}', 'provisional', 'boolean', 'coalesce(r.stat_date >= a.provisional_from, true)',
		'True while the day''s numbers may still change: its attribution window is open, or the account is not known.'),
	(200, '{hour}', 'provisional', 'boolean', 'coalesce(r.stat_time_hour >= a.provisional_from, true)',
		'True while the day''s numbers may still change: its attribution window is open, or the account is not known.'),
	(95, '{audience}', 'interest_category_v2', 'text', 'r.interest_category_v2', 'Interest category.')
), measure (position, traits, name) AS (VALUES
	(100, NULL::text[], 'spend'),
	(101, NULL, 'impressions'),
	(102, NULL, 'clicks'),
	(103, NULL, 'conversion'),
	(104, '{engagement,audience}', 'real_time_conversion'),
	(105, '{engagement,audience}', 'result'),
	(110, '{engagement,video}', 'video_play_actions'),
	(111, '{engagement,video}', 'video_watched_2s'),
	(112, '{engagement,video}', 'video_watched_6s'),
	(113, '{engagement,video}', 'video_views_p25'),
	(114, '{engagement,video}', 'video_views_p50'),
	(115, '{engagement,video}', 'video_views_p75'),
	(116, '{engagement,video}', 'video_views_p100'),
	(117, '{video}', 'average_video_play'),
	(118, '{video}', 'average_video_play_per_user'),
	(119, '{video}', 'engaged_view'),
	(120, '{video}', 'engaged_view_15s'),
	(130, '{engagement}', 'likes'),
	(131, '{engagement}', 'comments'),
	(132, '{engagement}', 'shares'),
	(133, '{engagement}', 'follows'),
	(134, '{engagement}', 'profile_visits'),
	(140, '{engagement}', 'complete_payment'),
	(142, '{engagement}', 'total_purchase'),
	(143, '{engagement}', 'total_purchase_value'),
	(144, '{engagement}', 'total_onsite_shopping_value'),
	(150, '{reach}', 'reach'),
	(151, '{reach}', 'frequency')
), ratio (position, traits, name, expression, description) AS (VALUES
	(141, '{engagement}'::text[], 'complete_payment_value', 'r.total_complete_payment_rate',
		'Value of purchases on the website (the API calls it total_complete_payment_rate).'),
	(145, '{engagement}', 'conversion_value',
		'coalesce(r.total_complete_payment_rate, 0) + coalesce(r.total_purchase_value, 0) + coalesce(r.total_onsite_shopping_value, 0)',
		'Value of purchases on the website, in the app and in TikTok Shop together; what the API did not send counts 0.'),
	(160, NULL, 'ctr', 'r.clicks * 100.0 / nullif(r.impressions, 0)', 'Clicks / impressions in percent; NULL without impressions.'),
	(161, NULL, 'cpc', 'r.spend / nullif(r.clicks, 0)', 'Spend / clicks; NULL without clicks.'),
	(162, NULL, 'cpm', 'r.spend * 1000 / nullif(r.impressions, 0)', 'Spend / impressions x 1000; NULL without impressions.'),
	(163, NULL, 'cvr', 'r.conversion * 100.0 / nullif(r.clicks, 0)', 'Conversion / clicks in percent; NULL without clicks.'),
	(164, NULL, 'cpa', 'r.spend / nullif(r.conversion, 0)', 'Cost per action: spend / conversion; NULL without conversions.'),
	(165, NULL, 'cost_per_conversion', 'r.spend / nullif(r.conversion, 0)', 'The same by the API''s name.'),
	(166, '{engagement}', 'roas',
		'(coalesce(r.total_complete_payment_rate, 0) + coalesce(r.total_purchase_value, 0) + coalesce(r.total_onsite_shopping_value, 0)) / nullif(r.spend, 0)',
		'Conversion value / spend; NULL without spend.'),
	(167, '{engagement}', 'complete_payment_roas',
		'r.total_complete_payment_rate / nullif(r.spend, 0)', 'Value of purchases on the website / spend; NULL without spend.'),
	(170, '{engagement,video}', 'hook_rate',
		'r.video_watched_2s * 100.0 / nullif(r.impressions, 0)', 'Views of two seconds or more / impressions in percent; NULL without impressions.'),
	(171, '{engagement,video}', 'hold_rate',
		'r.video_watched_6s * 100.0 / nullif(r.impressions, 0)', 'Views of six seconds or more / impressions in percent; NULL without impressions.'),
	(172, '{engagement,video}', 'vtr',
		'r.video_views_p100 * 100.0 / nullif(r.impressions, 0)', 'View-through rate: views of the whole video / impressions in percent; NULL without impressions.'),
	(173, '{video}', 'p25_rate', 'r.video_views_p25 * 100.0 / nullif(r.video_play_actions, 0)', 'Views of a quarter / plays in percent; NULL without plays.'),
	(174, '{video}', 'p50_rate', 'r.video_views_p50 * 100.0 / nullif(r.video_play_actions, 0)', 'Views of half / plays in percent; NULL without plays.'),
	(175, '{video}', 'p75_rate', 'r.video_views_p75 * 100.0 / nullif(r.video_play_actions, 0)', 'Views of three quarters / plays in percent; NULL without plays.'),
	(176, '{video}', 'p100_rate', 'r.video_views_p100 * 100.0 / nullif(r.video_play_actions, 0)', 'Views of the whole video / plays in percent; NULL without plays.'),
	(177, '{video}', 'cpv', 'r.spend / nullif(r.video_play_actions, 0)', 'Spend / plays; NULL without plays.'),
	(178, '{video}', 'cost_per_6s_view', 'r.spend / nullif(r.video_watched_6s, 0)', 'Spend / views of six seconds or more; NULL without them.')
), col AS (
	SELECT v.relation, x.position, x.name, x.type, x.expression, x.description
	FROM view AS v CROSS JOIN (
		SELECT * FROM label
		UNION ALL
		SELECT e.position, e.traits, e.name, m.type, 'r.' || m.metric, m.description
		FROM measure AS e JOIN tiktokads.metric AS m ON m.metric = e.name
		UNION ALL
		SELECT t.position, t.traits, t.name, 'numeric', t.expression, t.description FROM ratio AS t) AS x
	WHERE x.traits IS NULL OR v.traits && x.traits
), made AS (
	INSERT INTO tiktokads.model_relation (relation, kind, layer, description, definition)
	SELECT v.relation, 'view', 1, v.description,
		'SELECT ' || (SELECT pg_catalog.string_agg(col.expression || ' AS ' || col.name, E',\n\t' ORDER BY col.position) FROM col WHERE col.relation = v.relation)
		|| E'\nFROM tiktokads.' || v.report || ' AS r'
		|| coalesce((SELECT pg_catalog.string_agg(E'\n\t' || pg_catalog.format(p.text, CASE WHEN 'd' = ANY (v.joins) THEN 'd' WHEN 'g' = ANY (v.joins) AND p.name = 'c' THEN 'g' ELSE 'r' END),
				'' ORDER BY j.n) FROM pg_catalog.unnest(v.joins) WITH ORDINALITY AS j (name, n) JOIN part AS p ON p.name = j.name), '')
		|| E'\n\tLEFT JOIN tiktokads.advertiser_current AS a ON a.advertiser_id = r.advertiser_id'
	FROM view AS v
)
INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT col.relation, col.position, col.name, col.type, col.description FROM col;
