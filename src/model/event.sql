-- the company's own events: the one table that attribution and funnels read

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description) VALUES
	('event', 'partitioned', '{source,event_id,event_at}', 'event_at', 'Events of the company''s own site, shop, app or CRM: what attribution and funnels read. Filled by your own ETL with COPY or INSERT ... ON CONFLICT DO NOTHING; the key makes loading twice harmless. Partitioned by UTC month of event_at: tiktokads.partition_ensure(''event'', from, to) makes the partitions of a range.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('event', 1, 'person', 'text', 'Who did it: the company''s stable id of a person, across devices where it has one. NULL when unknown: such an event is in no journey and no funnel.'),
	('event', 2, 'event_at', 'timestamptz', 'When it happened.'),
	('event', 3, 'name', 'text NOT NULL', 'What happened: page_view, add_to_cart, purchase ... in the company''s own words.'),
	('event', 4, 'session', 'text', 'Session that it belongs to, unique within the person; NULL when unknown.'),
	('event', 5, 'source', 'text', 'Where the event came from: web, app, crm ... Part of the key.'),
	('event', 6, 'event_id', 'text', 'Its id in the source. Part of the key.'),
	('event', 7, 'advertiser_id', 'bigint', 'Ad account that it concerns; NULL when none or unknown.'),
	('event', 8, 'url', 'text', 'Address of the page, with its query string; NULL when there is none.'),
	('event', 9, 'ttclid', 'text', 'TikTok''s click id; NULL when there is none.'),
	('event', 10, 'value', 'numeric', 'Value in currency; NULL when it has none.'),
	('event', 11, 'currency', 'text', 'ISO code of the value''s currency; NULL when it has no value.'),
	('event', 12, 'order_id', 'text', 'Order that it belongs to; NULL when none.'),
	('event', 13, 'properties', 'jsonb', 'Everything else, such as campaign, country and device; NULL when there is nothing.');
