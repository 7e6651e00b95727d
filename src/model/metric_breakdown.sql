-- the dimensions of reports beside id and time, and which metrics each allows

CREATE TABLE tiktokads.breakdown
(
	report_type text CHECK (report_type IN ('BASIC', 'AUDIENCE')),
	breakdown text,
	position int NOT NULL DEFAULT 1000,
	by_day boolean NOT NULL DEFAULT true,
	flag name CHECK (flag IN ('basic_country', 'audience', 'audience_country', 'audience_ad_type')),
	pattern text,
	asked text,
	latency interval NOT NULL DEFAULT '16 hours',
	description text,
	added_by_user boolean NOT NULL DEFAULT true,
	PRIMARY KEY (report_type, breakdown)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.breakdown', 'WHERE added_by_user');
COMMENT ON TABLE tiktokads.breakdown IS 'Dimensions by which the API breaks reports down, with the metrics that it offers there. One that TikTok adds is a row of yours here: add_report() takes it.';
COMMENT ON COLUMN tiktokads.breakdown.report_type IS 'BASIC or AUDIENCE.';
COMMENT ON COLUMN tiktokads.breakdown.breakdown IS 'Dimension, or age+gender.';
COMMENT ON COLUMN tiktokads.breakdown.position IS 'Order of the streams.';
COMMENT ON COLUMN tiktokads.breakdown.by_day IS 'False: the API gives no days, only totals.';
COMMENT ON COLUMN tiktokads.breakdown.flag IS 'Column of tiktokads.metric that is true for metrics offered here; NULL: see pattern.';
COMMENT ON COLUMN tiktokads.breakdown.pattern IS 'Regular expression of further metrics offered here; NULL beside a NULL flag: nothing is known to be refused.';
COMMENT ON COLUMN tiktokads.breakdown.asked IS 'Regular expression of the metrics that the shipped streams ask for; NULL: those offered that every report asks for.';
COMMENT ON COLUMN tiktokads.breakdown.latency IS 'How late its numbers are.';
COMMENT ON COLUMN tiktokads.breakdown.description IS 'Meaning; NULL: as its name says.';
COMMENT ON COLUMN tiktokads.breakdown.added_by_user IS 'True for rows of yours, false for those that the extension ships.';

INSERT INTO tiktokads.breakdown (report_type, position, breakdown, by_day, flag, latency, description) VALUES
	('AUDIENCE', 1, 'country_code', true, 'audience_country', '30 minutes', 'Country, ISO 3166 alpha-2.'),
	('AUDIENCE', 2, 'age+gender', true, 'audience', '16 hours', NULL),
	('AUDIENCE', 3, 'platform', true, 'audience', '16 hours', 'Operating system: ANDROID, IPHONE, IPAD and others.'),
	('AUDIENCE', 4, 'age', true, 'audience', '16 hours', 'Age group: AGE_13_17 to AGE_55_100, or NONE. NULL in other breakdowns, like all that follow.'),
	('AUDIENCE', 5, 'gender', true, 'audience', '16 hours', 'MALE, FEMALE or NONE.'),
	('AUDIENCE', 6, 'province_id', true, 'audience', '16 hours', 'Province or state, as an id of tool/region.'),
	('AUDIENCE', 7, 'dma_id', true, 'audience', '16 hours', 'Designated market area.'),
	('AUDIENCE', 8, 'language', true, 'audience', '16 hours', 'Language of the user.'),
	('AUDIENCE', 9, 'ac', true, 'audience', '16 hours', 'Network: WIFI, 4G and others.'),
	('AUDIENCE', 10, 'placement', true, 'audience', '30 minutes', 'Placement.'),
	('AUDIENCE', 11, 'device_brand_id', false, 'audience', '16 hours', 'Brand of the device.'),
	('AUDIENCE', 12, 'interest_category', false, 'audience', '16 hours', 'Interest category (old scheme).'),
	('AUDIENCE', 13, 'interest_category_v2', false, 'audience', '16 hours', 'Interest category.'),
	('AUDIENCE', 14, 'interest_category_tier2', false, 'audience', '16 hours', 'Interest category of the second tier.'),
	('AUDIENCE', 15, 'interest_category_tier3', false, 'audience', '16 hours', 'Interest category of the third tier.'),
	('AUDIENCE', 16, 'interest_category_tier4', false, 'audience', '16 hours', 'Interest category of the fourth tier.'),
	('AUDIENCE', 17, 'behavior_id', true, 'audience', '24 hours', 'Behaviour.'),
	('AUDIENCE', 18, 'contextual_tag', true, 'audience', '16 hours', 'Contextual tag.'),
	('AUDIENCE', 19, 'hashtag', true, 'audience_ad_type', '16 hours', 'Hashtag.'),
	('AUDIENCE', 20, 'audience_tags', true, 'audience_ad_type', '16 hours', 'Audience tag.'),
	('AUDIENCE', 21, 'additional_interests', true, 'audience', '16 hours', 'Additional interest.'),
	('AUDIENCE', 22, 'purchase_intention', true, 'audience_ad_type', '24 hours', 'Purchase intention.'),
	('AUDIENCE', 23, 'ad_type', true, 'audience_ad_type', '16 hours', 'Type of the ad.');

-- what the documentation lists for each; of the others nothing is known, so that only the plainest metrics are asked for
INSERT INTO tiktokads.breakdown (report_type, position, breakdown, flag, pattern, asked, latency, description)
SELECT 'BASIC', b.position, b.breakdown, b.flag, p.pattern, b.asked, b.latency::interval, b.description
FROM (VALUES
	(1, 'country_code', 'basic_country', NULL, NULL, '2 hours', 'Country, ISO 3166 alpha-2.'),
	(2, 'ad_type', 'audience_ad_type', 'skan_app', NULL, '16 hours', 'Type of the ad.'),
	(3, 'custom_event_type', NULL, NULL, '^(spend|impressions|clicks|conversion)$', '16 hours', 'Custom event.'),
	(4, 'event_source_id', NULL, NULL, '^(spend|impressions|clicks|conversion)$', '16 hours', 'Source of events: pixel, app or event set.'),
	(5, 'page_id', NULL, 'page', NULL, '16 hours', 'TikTok instant page.'),
	(6, 'component_name', NULL, 'component', NULL, '16 hours', 'Component of an instant page.'),
	(7, 'room_id', NULL, 'room', NULL, '16 hours', 'LIVE room.'),
	(8, 'post_id', NULL, 'post', NULL, '16 hours', 'TikTok post.'),
	(9, 'image_id', NULL, NULL, '^(spend|impressions|clicks|conversion)$', '16 hours', 'Image.'),
	(10, 'video_material_id', NULL, NULL, '^(spend|impressions|clicks|conversion)$', '16 hours', 'Video.'),
	(11, 'minis_id', NULL, NULL, '^(spend|impressions|clicks|conversion)$', '16 hours', 'TikTok mini.'),
	(12, 'search_terms', NULL, 'search', NULL, '16 hours', 'What people searched for. Few impressions come as "<5": the column is NULL, and the word is in extra.'),
	(13, 'search_keyword', NULL, 'search', NULL, '16 hours', 'Keyword.'),
	(14, 'match_type', NULL, 'search', NULL, '16 hours', 'How the keyword matched.'),
	(15, 'skan_postback_sequence', NULL, 'skan', '^skan_(result|conversion|click_time_conversion)$', '16 hours', 'Which postback of SKAdNetwork: 0, 1 or 2.'))
	AS b (position, breakdown, flag, offer, asked, latency, description)
	LEFT JOIN (VALUES
	('skan', '^skan_'),
	('skan_app', '^skan_(cost_per_)?(conversion|app_install)(_rate)?(_v2)?$'),
	('page', '^(spend|impressions|clicks|ctr|cpc|cpm|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|ix_.*|onsite_form|onsite_download_start)$'),
	('component', '^(spend|impressions|clicks|ctr|cpc|cpm|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|ix_.*)$'),
	('room', '^(spend|impressions|clicks|ctr|cpc|cpm|reach|frequency|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|result|cost_per_result|result_rate|(cost_per_|total_|value_per_)?onsite_.*|shop_.*)$'),
	('post', '^(spend|impressions|clicks|ctr|cpc|cpm|reach|frequency|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|result|cost_per_result|result_rate|(cost_per_|total_|value_per_)?onsite_.*|shop_.*|video_.*|average_video_play(_per_user)?|engaged_view(_15s)?)$'),
	('search', '^(spend|impressions|clicks|ctr|cpc|cpm|conversion|cost_per_conversion|conversion_rate|conversion_rate_v2|result|cost_per_result|result_rate|video_play_actions|engaged_view(_15s)?)$'))
	AS p (offer, pattern) ON p.offer = b.offer;

UPDATE tiktokads.breakdown SET added_by_user = false;

CREATE FUNCTION tiktokads.breakdown_offers(report_type text, breakdown text, metric tiktokads.metric) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT NOT EXISTS (SELECT FROM tiktokads.breakdown AS b
		WHERE b.report_type = $1 AND b.breakdown = $2 AND (b.flag IS NOT NULL OR b.pattern IS NOT NULL) AND NOT coalesce(CASE b.flag
			WHEN 'basic_country' THEN ($3).basic_country
			WHEN 'audience' THEN ($3).audience
			WHEN 'audience_country' THEN ($3).audience_country
			WHEN 'audience_ad_type' THEN ($3).audience_ad_type END, false) AND NOT coalesce(($3).metric ~ b.pattern, false));
END;
COMMENT ON FUNCTION tiktokads.breakdown_offers IS 'Whether nothing in the catalogue speaks against a metric in reports of this type by this dimension (or age+gender). True for dimensions that are not in tiktokads.breakdown.';

CREATE FUNCTION tiktokads.metric_objection(metric name, report_type text, data_level text, dimensions text[]) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE
		WHEN m.metric IS NULL THEN pg_catalog.format('metric "%s" is not in the catalogue', $1)
		WHEN $2 IS NULL AND NOT m.gmv_max THEN pg_catalog.format('GMV Max reports do not offer metric "%s"', $1)
		WHEN $2 IS NULL AND g.id <> ALL (m.gmv_max_by) THEN pg_catalog.format('GMV Max reports do not offer metric "%s" by %s', $1, g.id)
		WHEN $2 IS NULL AND m.gmv_max_alone AND pg_catalog.array_remove($4, g.id) && g.ids THEN pg_catalog.format('metric "%s" is a label and needs %s to be the only id', $1, g.id)
		WHEN $2 IS NOT NULL AND m.family = 'gmv_max' THEN pg_catalog.format('metric "%s" is offered in GMV Max reports alone', $1)
		WHEN m.kind = 'attribute' AND NOT $4 && g.ids THEN pg_catalog.format('metric "%s" is a label and needs an id dimension', $1)
		WHEN m.kind = 'attribute' AND pg_catalog.array_position('{AUCTION_ADVERTISER,AUCTION_CAMPAIGN,AUCTION_ADGROUP,AUCTION_AD}', m.least_level)
			> pg_catalog.array_position('{AUCTION_ADVERTISER,AUCTION_CAMPAIGN,AUCTION_ADGROUP,AUCTION_AD}', $3)
			THEN pg_catalog.format('metric "%s" is offered from level %s down', $1, m.least_level)
		WHEN m.kind <> 'attribute' AND $2 IS NOT NULL AND EXISTS (
			SELECT FROM pg_catalog.unnest(CASE WHEN $4 @> '{age,gender}' THEN $4 || '{age+gender}' ELSE $4 END) AS d (name)
			WHERE NOT tiktokads.breakdown_offers($2, d.name, m))
			THEN pg_catalog.format('the API does not offer metric "%s" in %s reports by %s', $1, $2, pg_catalog.array_to_string($4, ', '))
		END
	FROM (SELECT i.ids, (SELECT d.id FROM pg_catalog.unnest(i.ids) WITH ORDINALITY AS d (id, n) WHERE d.id = ANY ($4) ORDER BY d.n DESC LIMIT 1) AS id
			FROM (VALUES ('{advertiser_id,campaign_id,adgroup_id,ad_id,item_group_id,item_id}'::text[])) AS i (ids)) AS g
		LEFT JOIN tiktokads.metric AS m ON m.metric = $1;
END;
COMMENT ON FUNCTION tiktokads.metric_objection IS 'Why a metric cannot be had in a report of this type (BASIC, AUDIENCE; NULL: GMV Max), level (AUCTION_...) and dimensions; NULL when nothing in the catalogue speaks against it.';
