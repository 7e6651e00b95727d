-- touches of people with ads and other media, and which events are conversions

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description) VALUES
	('touchpoint', 'partitioned', '{source,touch_id,touch_at}', 'touch_at', 'Touches of people with ads and other media, which attribution credits. CALL tiktokads.derive_touchpoints(from, to) makes them from landing events; impressions and other media are loaded by your own ETL with COPY or INSERT ... ON CONFLICT DO NOTHING. Partitioned by UTC month of touch_at.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('touchpoint', 1, 'person', 'text', 'Who was touched: the same id as in event.person. NULL when unknown: such a touch is in no journey.'),
	('touchpoint', 2, 'touch_at', 'timestamptz', 'When.'),
	('touchpoint', 3, 'kind', 'text DEFAULT NULL CHECK (kind IN (''click'', ''view'', ''engaged_view''))', 'click, view or engaged_view; NULL when unknown.'),
	('touchpoint', 4, 'advertiser_id', 'bigint', 'Ad account; NULL for other media or when unknown.'),
	('touchpoint', 5, 'campaign_id', 'bigint', 'Campaign; NULL for other media or when unknown.'),
	('touchpoint', 6, 'adgroup_id', 'bigint', 'Ad group; NULL for other media or when unknown.'),
	('touchpoint', 7, 'ad_id', 'bigint', 'Ad; NULL for other media or when unknown.'),
	('touchpoint', 8, 'channel', 'text', 'Medium: tiktok, or that of another one such as google / cpc.'),
	('touchpoint', 9, 'ttclid', 'text', 'TikTok''s click id; NULL when there is none.'),
	('touchpoint', 10, 'source', 'text', 'Where the touch came from: that of its event, or of your own feed. Part of the key.'),
	('touchpoint', 11, 'touch_id', 'text', 'Its id in the source; of a derived touch that of its event. Part of the key.');

CREATE TABLE tiktokads.conversion_event
(
	name text PRIMARY KEY,
	value_from text NOT NULL DEFAULT 'column' CHECK (value_from IN ('column', 'property', 'constant', 'none')),
	property text,
	constant numeric,
	currency text,
	CHECK ((value_from = 'property') = (property IS NOT NULL)),
	CHECK ((value_from = 'constant') = (constant IS NOT NULL))
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.conversion_event', '');
COMMENT ON TABLE tiktokads.conversion_event IS 'Which events are conversions, and what they are worth; view conversion gives them. Empty until you fill it: INSERT INTO tiktokads.conversion_event VALUES (''purchase'').';
COMMENT ON COLUMN tiktokads.conversion_event.name IS 'Name of the event, as in event.name.';
COMMENT ON COLUMN tiktokads.conversion_event.value_from IS 'Where its value comes from: column (event.value), property (of event.properties), constant, or none.';
COMMENT ON COLUMN tiktokads.conversion_event.property IS 'Key in event.properties; NULL unless value_from is property. A property that is no number counts as no value.';
COMMENT ON COLUMN tiktokads.conversion_event.constant IS 'Value of every such event; NULL unless value_from is constant.';
COMMENT ON COLUMN tiktokads.conversion_event.currency IS 'Currency of the value where the event names none; NULL: none.';

INSERT INTO tiktokads.model_relation (relation, kind, description, definition) VALUES
	('conversion', 'view', 'Events that tiktokads.conversion_event says are conversions, with their value.',
$view$SELECT e.person,
	e.event_at AS converted_at,
	e.name,
	1::bigint AS conversions,
	CASE c.value_from
		WHEN 'column' THEN e.value
		WHEN 'constant' THEN c.constant
		WHEN 'property' THEN CASE WHEN e.properties ->> c.property ~ '^\s*-?[0-9]{1,30}(\.[0-9]{1,30})?\s*$' THEN (e.properties ->> c.property)::numeric END
	END AS value,
	coalesce(e.currency, c.currency) AS currency,
	e.advertiser_id,
	e.order_id,
	e.source,
	e.event_id
FROM tiktokads.event AS e
	JOIN tiktokads.conversion_event AS c ON c.name = e.name$view$);

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('conversion', 1, 'person', 'text', 'Who converted; NULL when unknown.'),
	('conversion', 2, 'converted_at', 'timestamptz', 'When.'),
	('conversion', 3, 'name', 'text', 'Name of the event.'),
	('conversion', 4, 'conversions', 'bigint', 'Always 1: what attribution shares among channels.'),
	('conversion', 5, 'value', 'numeric', 'Its value; NULL when it has none.'),
	('conversion', 6, 'currency', 'text', 'Currency of the value; NULL when unknown.'),
	('conversion', 7, 'advertiser_id', 'bigint', 'Ad account that the event names; NULL when none.'),
	('conversion', 8, 'order_id', 'text', 'Order that it belongs to; NULL when none.'),
	('conversion', 9, 'source', 'text', 'Source of the event.'),
	('conversion', 10, 'event_id', 'text', 'Its id in the source.');
