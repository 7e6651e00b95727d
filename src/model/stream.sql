-- the stream catalogue: what the API offers, as rows

CREATE TABLE tiktokads.stream_shipped
(
	stream text PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('account', 'entity', 'report')),
	enabled boolean NOT NULL DEFAULT true,
	priority int NOT NULL DEFAULT 100,
	target name NOT NULL,
	path text NOT NULL,
	list_name text NOT NULL DEFAULT 'list',
	key_columns text[] NOT NULL,
	date_column name,
	utc_column name,
	by_month boolean NOT NULL DEFAULT false,
	tombstone_column name,
	deleted_when jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(deleted_when) = 'object'),
	constants jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(constants) = 'object'),
	member_column name,
	member_fields text[] NOT NULL DEFAULT '{}',
	dimensions text[] NOT NULL DEFAULT '{}',
	metrics text[] NOT NULL DEFAULT '{}',
	parameters jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
	rename jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(rename) = 'object'),
	paged boolean NOT NULL DEFAULT true,
	page_size int NOT NULL DEFAULT 1000 CHECK (page_size > 0),
	totals boolean NOT NULL DEFAULT false,
	max_days int NOT NULL DEFAULT 0 CHECK (max_days >= 0),
	lookback_days int NOT NULL DEFAULT 0 CHECK (lookback_days >= 0),
	latency interval NOT NULL DEFAULT '0',
	refresh interval NOT NULL DEFAULT '1 day' CHECK (refresh > '0'),
	modified_parameter text,
	modified_refresh interval CHECK (modified_refresh > '0'),
	own_permission boolean NOT NULL DEFAULT false,
	each_stream text,
	each_columns text[] NOT NULL DEFAULT '{}',
	each_parameters text[] NOT NULL DEFAULT '{}',
	each_batch int NOT NULL DEFAULT 1 CHECK (each_batch > 0),
	description text NOT NULL,
	CHECK ((each_stream IS NULL) = (cardinality(each_columns) = 0) AND cardinality(each_columns) = cardinality(each_parameters))
);
COMMENT ON TABLE tiktokads.stream_shipped IS 'Streams as this version of the extension ships them. Read tiktokads.stream, which has your changes; make them in tiktokads.stream_override.';

CREATE TABLE tiktokads.stream_override
(
	stream text PRIMARY KEY,
	enabled boolean,
	priority int,
	target name,
	path text,
	list_name text,
	key_columns text[],
	date_column name,
	utc_column name,
	by_month boolean,
	tombstone_column name,
	deleted_when jsonb CHECK (jsonb_typeof(deleted_when) = 'object'),
	constants jsonb CHECK (jsonb_typeof(constants) = 'object'),
	member_column name,
	member_fields text[],
	dimensions text[],
	metrics text[] CHECK (cardinality(metrics) > 0),
	parameters jsonb CHECK (jsonb_typeof(parameters) = 'object'),
	CONSTRAINT "money loses its decimals in queries over advertiser_ids" CHECK (NOT parameters ? 'advertiser_ids'),
	rename jsonb CHECK (jsonb_typeof(rename) = 'object'),
	paged boolean,
	page_size int CHECK (page_size > 0),
	totals boolean,
	max_days int CHECK (max_days >= 0),
	lookback_days int CHECK (lookback_days >= 0),
	latency interval,
	refresh interval CHECK (refresh > '0'),
	modified_parameter text,
	modified_refresh interval CHECK (modified_refresh > '0'),
	each_batch int CHECK (each_batch > 0),
	description text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.stream_override', '');
COMMENT ON TABLE tiktokads.stream_override IS 'Your changes to streams: each column that is not NULL replaces the shipped one. It survives upgrades and is part of dumps. A row for a stream that is not shipped has no effect.';

CREATE TABLE tiktokads.stream_added (LIKE tiktokads.stream_shipped INCLUDING ALL);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.stream_added', '');
COMMENT ON TABLE tiktokads.stream_added IS 'Streams of your own, as add_report() makes them. They survive upgrades and are part of dumps.';

CREATE TABLE tiktokads.report_metric
(
	relation name,
	metric name,
	PRIMARY KEY (relation, metric)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.report_metric', '');
COMMENT ON TABLE tiktokads.report_metric IS 'Metrics that add_metric() had added to report tables: they are asked for beside those of the streams.';
COMMENT ON COLUMN tiktokads.report_metric.relation IS 'Table.';
COMMENT ON COLUMN tiktokads.report_metric.metric IS 'Metric.';

CREATE VIEW tiktokads.stream WITH (security_invoker = true) AS
SELECT s.stream,
	s.kind,
	coalesce(o.enabled, s.enabled) AS enabled,
	coalesce(o.priority, s.priority) AS priority,
	coalesce(o.target, s.target) AS target,
	coalesce(o.path, s.path) AS path,
	coalesce(o.list_name, s.list_name) AS list_name,
	coalesce(o.key_columns, s.key_columns) AS key_columns,
	coalesce(o.date_column, s.date_column) AS date_column,
	coalesce(o.utc_column, s.utc_column) AS utc_column,
	coalesce(o.by_month, s.by_month) AS by_month,
	coalesce(o.tombstone_column, s.tombstone_column) AS tombstone_column,
	coalesce(o.deleted_when, s.deleted_when) AS deleted_when,
	coalesce(o.constants, s.constants) AS constants,
	coalesce(o.member_column, s.member_column) AS member_column,
	coalesce(o.member_fields, s.member_fields) AS member_fields,
	coalesce(o.dimensions, s.dimensions) AS dimensions,
	coalesce(o.metrics, s.metrics) || ARRAY(SELECT a.metric::text
		FROM tiktokads.report_metric AS a JOIN tiktokads.metric AS m ON m.metric = a.metric
		WHERE a.relation = coalesce(o.target, s.target) AND a.metric::text <> ALL (coalesce(o.metrics, s.metrics))
			AND tiktokads.metric_objection(m.metric, s.parameters ->> 'report_type', s.parameters ->> 'data_level', s.dimensions) IS NULL
		ORDER BY a.metric) AS metrics,
	coalesce(o.parameters, s.parameters) AS parameters,
	coalesce(o.rename, s.rename) AS rename,
	coalesce(o.paged, s.paged) AS paged,
	coalesce(o.page_size, s.page_size) AS page_size,
	coalesce(o.totals, s.totals) AS totals,
	coalesce(o.max_days, s.max_days) AS max_days,
	coalesce(o.lookback_days, s.lookback_days) AS lookback_days,
	coalesce(o.latency, s.latency) AS latency,
	coalesce(o.refresh, s.refresh) AS refresh,
	coalesce(o.modified_parameter, s.modified_parameter) AS modified_parameter,
	coalesce(o.modified_refresh, s.modified_refresh) AS modified_refresh,
	s.own_permission,
	s.each_stream,
	s.each_columns,
	s.each_parameters,
	coalesce(o.each_batch, s.each_batch) AS each_batch,
	s.added,
	o.stream IS NOT NULL AS overridden,
	coalesce(o.description, s.description) AS description
FROM (SELECT *, false AS added FROM tiktokads.stream_shipped UNION ALL SELECT *, true FROM tiktokads.stream_added) AS s
	LEFT JOIN tiktokads.stream_override AS o ON o.stream = s.stream;
COMMENT ON VIEW tiktokads.stream IS 'The streams in force: the shipped ones with the changes of tiktokads.stream_override. A stream is one kind of data: an entity list, or a report at one level, grain and breakdown.';

DO $do$
DECLARE
	words constant text[] := ARRAY[
		'stream', 'Name of the stream.',
		'kind', 'account (the ad accounts themselves), entity (a list of current states) or report.',
		'enabled', 'False: not synced unless asked for by name.',
		'priority', 'Lower numbers are synced first.',
		'target', 'Table in schema tiktokads that takes the rows.',
		'path', 'Path of the endpoint below the connection''s base_url.',
		'list_name', 'Member of the reply''s data that holds the rows.',
		'key_columns', 'Columns that tell rows apart: a unique key of the target.',
		'date_column', 'Column with the day or hour of a report''s row; NULL: rows carry no day, and the list is read whole.',
		'utc_column', 'Column that gets the date column''s wall time in UTC; NULL: none.',
		'by_month', 'True: one request for each calendar month, whose first day goes to the date column.',
		'tombstone_column', 'Column that gets the time when a row vanishes; NULL: vanished rows are deleted.',
		'deleted_when', 'Object of field and value: a row with any of them is one that TikTok deleted, and gets the tombstone at once.',
		'constants', 'Object of column and value, the same in every row: they tell the rows of this stream from those of others in the same table.',
		'member_column', 'Column that gets the values of member_fields joined by +; NULL: none.',
		'member_fields', 'Dimensions whose values make the member.',
		'dimensions', 'Dimensions of a report''s request; empty for entities.',
		'metrics', 'Metrics of a report''s request. One without a column of its own arrives in extra.',
		'parameters', 'Further parameters of the request, as the API documents them; lists and objects as JSON text.',
		'rename', 'Object of reply field and column, where they differ.',
		'paged', 'False: the endpoint answers in one piece and takes no page.',
		'page_size', 'Rows in a page, at most what the endpoint allows.',
		'totals', 'True: the API is asked for totals too, and the rows must add up to them.',
		'max_days', 'Days that one request may span; 0 for entities.',
		'lookback_days', 'Days back from today that are read again, because their numbers still change.',
		'latency', 'How late the API''s numbers are.',
		'refresh', 'How often a list without days is read whole. Of reports by day see tiktokads.restatement.',
		'modified_parameter', 'Filter that narrows a list to what was modified since a time; NULL: the list is always read whole.',
		'modified_refresh', 'How often what was modified is read, between two whole readings.',
		'own_permission', 'True: its endpoint needs a permission that not every token has: where the API refuses it, the stream is left out, not the ad account.',
		'each_stream', 'Stream whose rows are gone through: a list (those of the ad account that are not removed) or a report (those of the days that are asked for, once it has read them); NULL: one request for the ad account.',
		'each_columns', 'Columns of that stream''s table: a request for each distinct values of them. They stand in the columns of the same name.',
		'each_parameters', 'Parameters of the request that take the values, one for each column, as a list; filtering.NAME is member NAME of the filter.',
		'each_batch', 'How many values of the last column one request may take.',
		'added', 'True for streams of your own (stream_added).',
		'overridden', 'True when stream_override has a row for it.',
		'description', 'What it holds.'];
	relation text;
	w int;
BEGIN
	FOREACH relation IN ARRAY ARRAY['stream_shipped', 'stream_added', 'stream_override', 'stream'] LOOP
		FOR w IN 1 .. array_length(words, 1) BY 2 LOOP
			IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = ('tiktokads.' || relation)::pg_catalog.regclass AND attname = words[w]) THEN
				EXECUTE pg_catalog.format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', relation, words[w],
					words[w + 1] || CASE WHEN relation = 'stream_override' AND words[w] <> 'stream' THEN ' NULL: as shipped.' ELSE '' END);
			END IF;
		END LOOP;
	END LOOP;
END;
$do$;

INSERT INTO tiktokads.stream_shipped (stream, kind, priority, target, path, key_columns, page_size, description) VALUES
	('advertiser', 'account', 1, 'advertiser', 'advertiser/info/', '{advertiser_id}', 100, 'Ad accounts: name, currency, time zone, balance.');

INSERT INTO tiktokads.stream_shipped (stream, kind, priority, target, path, key_columns, tombstone_column, deleted_when, parameters, description) VALUES
	('campaign', 'entity', 10, 'campaign', 'campaign/get/', '{advertiser_id,campaign_id}', 'removed_at',
		'{"operation_status": "DELETE", "secondary_status": "CAMPAIGN_STATUS_DELETE"}',
		'{"filtering": "{\"primary_status\":\"STATUS_ALL\"}"}', 'Campaigns, deleted ones included.'),
	('adgroup', 'entity', 11, 'adgroup', 'adgroup/get/', '{advertiser_id,adgroup_id}', 'removed_at',
		'{"operation_status": "DELETE", "secondary_status": "ADGROUP_STATUS_DELETE"}',
		'{"filtering": "{\"primary_status\":\"STATUS_ALL\"}"}', 'Ad groups, deleted ones included.'),
	('ad', 'entity', 12, 'ad', 'ad/get/', '{advertiser_id,ad_id}', 'removed_at',
		'{"operation_status": "DELETE", "secondary_status": "AD_STATUS_DELETE"}',
		'{"filtering": "{\"primary_status\":\"STATUS_ALL\"}"}', 'Ads, deleted ones included.');

