-- the history of runs, what is covered, and the procedure that syncs

CREATE TABLE tiktokads.sync_history
(
	run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	connection text NOT NULL,
	stream text NOT NULL,
	advertiser_id bigint NOT NULL,
	from_date date,
	to_date date,
	state text NOT NULL DEFAULT 'running'
		CHECK (state IN ('running', 'done', 'failed', 'postponed', 'split', 'interrupted')),
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz,
	pages bigint NOT NULL DEFAULT 0,
	rows_received bigint NOT NULL DEFAULT 0,
	rows_new bigint NOT NULL DEFAULT 0,
	rows_changed bigint NOT NULL DEFAULT 0,
	rows_unchanged bigint NOT NULL DEFAULT 0,
	rows_removed bigint NOT NULL DEFAULT 0,
	duplicates bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	api_seconds double precision NOT NULL DEFAULT 0,
	db_seconds double precision NOT NULL DEFAULT 0,
	request_ids text[],
	error_code bigint,
	error_message text,
	error_request_id text,
	note text
);
CREATE INDEX sync_history_slice ON tiktokads.sync_history (stream, advertiser_id, started_at);
CREATE INDEX sync_history_running ON tiktokads.sync_history (connection) WHERE state = 'running';
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_history', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_history_run_seq', '');
COMMENT ON TABLE tiktokads.sync_history IS 'One row for each run: one attempt at a slice (stream x advertiser x date range). Its rows and its end are written in one commit with the data.';
COMMENT ON COLUMN tiktokads.sync_history.run IS 'Number of the run.';
COMMENT ON COLUMN tiktokads.sync_history.connection IS 'Connection whose credentials were used.';
COMMENT ON COLUMN tiktokads.sync_history.stream IS 'Stream of the slice.';
COMMENT ON COLUMN tiktokads.sync_history.advertiser_id IS 'Ad account of the slice.';
COMMENT ON COLUMN tiktokads.sync_history.from_date IS 'First day of the slice in the account''s time zone; NULL for entities.';
COMMENT ON COLUMN tiktokads.sync_history.to_date IS 'Last day of the slice; NULL for entities.';
COMMENT ON COLUMN tiktokads.sync_history.state IS 'running; done; failed (see the error); postponed (the API''s budget was spent); split (too large, its parts have rows of their own); interrupted (the backend went away: nothing of it was stored).';
COMMENT ON COLUMN tiktokads.sync_history.started_at IS 'When the slice was claimed.';
COMMENT ON COLUMN tiktokads.sync_history.finished_at IS 'When the run ended; NULL while it runs.';
COMMENT ON COLUMN tiktokads.sync_history.pages IS 'Pages received.';
COMMENT ON COLUMN tiktokads.sync_history.rows_received IS 'Rows received, duplicates included.';
COMMENT ON COLUMN tiktokads.sync_history.rows_new IS 'Rows inserted.';
COMMENT ON COLUMN tiktokads.sync_history.rows_changed IS 'Rows updated.';
COMMENT ON COLUMN tiktokads.sync_history.rows_unchanged IS 'Rows that were stored already with the same values: nothing was written for them.';
COMMENT ON COLUMN tiktokads.sync_history.rows_removed IS 'Report rows deleted and entities given a tombstone because a complete reply lacked them.';
COMMENT ON COLUMN tiktokads.sync_history.duplicates IS 'Rows that came twice in the slice; the last one won.';
COMMENT ON COLUMN tiktokads.sync_history.bytes IS 'Bytes of reply bodies after decompression.';
COMMENT ON COLUMN tiktokads.sync_history.api_seconds IS 'Seconds that its requests took, added up (requests overlap).';
COMMENT ON COLUMN tiktokads.sync_history.db_seconds IS 'Seconds that storing took.';
COMMENT ON COLUMN tiktokads.sync_history.request_ids IS 'The API''s own ids of the requests, for its support.';
COMMENT ON COLUMN tiktokads.sync_history.error_code IS 'Code of the API, or HTTP status, of the failure; NULL when it was neither.';
COMMENT ON COLUMN tiktokads.sync_history.error_message IS 'Why the run failed; NULL when it did not.';
COMMENT ON COLUMN tiktokads.sync_history.error_request_id IS 'Request id of the failure.';
COMMENT ON COLUMN tiktokads.sync_history.note IS 'What else is worth knowing: unknown fields, repaired text, removals that wait for a second read.';

CREATE TABLE tiktokads.sync_state
(
	stream text,
	advertiser_id bigint,
	last_success_at timestamptz,
	covered datemultirange NOT NULL DEFAULT '{}',
	consecutive_failures int NOT NULL DEFAULT 0,
	last_error_at timestamptz,
	last_error_code bigint,
	last_error_message text,
	last_error_request_id text,
	rows_per_day double precision,
	PRIMARY KEY (stream, advertiser_id)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_state', '');
COMMENT ON TABLE tiktokads.sync_state IS 'The cursor of each stream and advertiser, moved in one commit with the rows it stands for.';
COMMENT ON COLUMN tiktokads.sync_state.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.sync_state.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_state.last_success_at IS 'When a slice of it was last stored.';
COMMENT ON COLUMN tiktokads.sync_state.covered IS 'Days that were stored at least once; empty for entities.';
COMMENT ON COLUMN tiktokads.sync_state.consecutive_failures IS 'Failed runs since the last good one.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_at IS 'When a run last failed; NULL if none did since the last good one.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_code IS 'Code of that failure; NULL when it had none.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_message IS 'Message of that failure.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_request_id IS 'Request id of that failure.';
COMMENT ON COLUMN tiktokads.sync_state.rows_per_day IS 'Rows that a day had when last read (or the whole list, of streams without days); NULL: not known yet.';

CREATE TABLE tiktokads.endpoint_pause
(
	app text,
	endpoint text,
	until timestamptz NOT NULL,
	reason text,
	PRIMARY KEY (app, endpoint)
);
COMMENT ON TABLE tiktokads.endpoint_pause IS 'Endpoints that the API told an app to leave alone for a while: five minutes after too many requests in a minute, until 00:00 UTC after too many in a day.';
COMMENT ON COLUMN tiktokads.endpoint_pause.app IS 'Developer app, or connection:name where the app is unknown.';
COMMENT ON COLUMN tiktokads.endpoint_pause.endpoint IS 'Path of the endpoint.';
COMMENT ON COLUMN tiktokads.endpoint_pause.until IS 'No request before this time.';
COMMENT ON COLUMN tiktokads.endpoint_pause.reason IS 'What the API said.';

CREATE VIEW tiktokads.sync_status WITH (security_invoker = true) AS
SELECT a.connection,
	a.advertiser_id,
	a.name AS advertiser_name,
	s.stream,
	t.last_success_at,
	lower(t.covered) AS covered_from,
	upper(t.covered) - 1 AS covered_to,
	t.covered,
	coalesce(t.consecutive_failures, 0) AS consecutive_failures,
	t.last_error_at,
	t.last_error_code,
	t.last_error_message,
	t.last_error_request_id,
	a.sync AND a.readable AND NOT c.paused
		AND (c.system_identifier, c.database_oid) = (h.system_identifier, h.database_oid) AS active,
	tiktokads.clock_now() - t.last_success_at AS lag,
	n.next_due_at
FROM tiktokads.advertiser AS a
	JOIN tiktokads.connection AS c ON c.name = a.connection
	CROSS JOIN tiktokads.stream AS s
	CROSS JOIN tiktokads.this_system() AS h
	LEFT JOIN tiktokads.sync_state AS t ON t.stream = s.stream AND t.advertiser_id = a.advertiser_id
	LEFT JOIN (SELECT c.name, d.stream, d.advertiser_id, min(d.due_at) AS next_due_at
			FROM tiktokads.connection AS c CROSS JOIN LATERAL tiktokads.sync_due(c.name) AS d
			GROUP BY c.name, d.stream, d.advertiser_id) AS n
		ON n.name = a.connection AND n.stream = s.stream AND n.advertiser_id = a.advertiser_id
WHERE s.enabled AND s.kind IN ('entity', 'report');
COMMENT ON VIEW tiktokads.sync_status IS 'How fresh each stream of each advertiser is, and what went wrong last.';
COMMENT ON COLUMN tiktokads.sync_status.connection IS 'Connection that reads the ad account.';
COMMENT ON COLUMN tiktokads.sync_status.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_status.advertiser_name IS 'Its name.';
COMMENT ON COLUMN tiktokads.sync_status.stream IS 'Enabled stream.';
COMMENT ON COLUMN tiktokads.sync_status.last_success_at IS 'When a slice was last stored; NULL: never.';
COMMENT ON COLUMN tiktokads.sync_status.covered_from IS 'First day stored; NULL for entities, or when there is none.';
COMMENT ON COLUMN tiktokads.sync_status.covered_to IS 'Last day stored, likewise.';
COMMENT ON COLUMN tiktokads.sync_status.covered IS 'The days stored, with the gaps between them.';
COMMENT ON COLUMN tiktokads.sync_status.consecutive_failures IS 'Failed runs since the last good one.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_at IS 'When a run last failed; NULL if none did since the last good one.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_code IS 'Code of the API or HTTP status of that failure.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_message IS 'Message of that failure.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_request_id IS 'The API''s request id of that failure.';
COMMENT ON COLUMN tiktokads.sync_status.active IS 'False: nothing is fetched, because the connection is paused (or belongs to another database), or the advertiser is switched off or may not be read.';

COMMENT ON COLUMN tiktokads.sync_status.lag IS 'How long ago that was, on tiktokads.clock_now()''s clock; NULL: never.';
COMMENT ON COLUMN tiktokads.sync_status.next_due_at IS 'When the workers fetch it next, on the same clock: in the past when it is due already, -infinity when it never was fetched; NULL: not at all.';

CREATE PROCEDURE tiktokads.sync
(
	connection text DEFAULT NULL,
	stream text DEFAULT NULL,
	advertiser_id bigint DEFAULT NULL,
	from_date date DEFAULT NULL,
	to_date date DEFAULT NULL,
	due boolean DEFAULT false
)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_sync';
COMMENT ON PROCEDURE tiktokads.sync IS 'Fetches from the API and stores what is new or changed: by default the last 30 days (in each account''s time zone) of every enabled stream of every advertiser of every connection. NULL means all. due: instead of these days, whatever is due by tiktokads.restatement and backfill() (see sync_plan). Each slice is committed with its cursor; a slice that fails is recorded and stops no other, and the call ends with an error that counts them. It commits: call it alone, from psql or pg_cron.';
REVOKE ALL ON PROCEDURE tiktokads.sync FROM PUBLIC;
