-- what is running, how far, how fast

CREATE FUNCTION tiktokads.claims(OUT pid int, OUT driver text, OUT phase text, OUT connection text, OUT stream text,
	OUT advertiser_id bigint, OUT from_date date, OUT to_date date, OUT run bigint,
	OUT pages_done bigint, OUT pages_expected bigint, OUT rows_done bigint, OUT rows_expected bigint, OUT claimed_at timestamptz,
	OUT slices_done bigint, OUT slices_expected bigint, OUT started_at timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 8 AS 'MODULE_PATHNAME', 'tiktokads_claims';
COMMENT ON FUNCTION tiktokads.claims IS 'The slices that workers and sessions work at in this database, from shared memory; tiktokads.sync_progress shows them. No rows when the library is not in shared_preload_libraries.';

CREATE VIEW tiktokads.sync_progress WITH (security_invoker = true) AS
SELECT c.pid,
	c.driver,
	c.phase,
	c.connection,
	c.stream,
	c.advertiser_id,
	c.from_date,
	c.to_date,
	c.run,
	c.pages_done,
	c.pages_expected,
	c.rows_done,
	c.rows_expected,
	c.rows_done / nullif(extract(epoch FROM clock_timestamp() - c.claimed_at)::double precision, 0) AS rows_per_second,
	c.claimed_at AS slice_started_at,
	c.slices_done,
	c.slices_expected,
	c.started_at AS run_started_at,
	CASE WHEN c.slices_done > 0
		THEN (clock_timestamp() - c.started_at) / c.slices_done * greatest(c.slices_expected - c.slices_done, 0)
		WHEN c.pages_done > 0 AND c.slices_expected = 1
		THEN (clock_timestamp() - c.claimed_at) / c.pages_done * greatest(c.pages_expected - c.pages_done, 0) END AS eta
FROM tiktokads.claims() AS c
UNION ALL
SELECT NULL, 'call', 'running', h.connection, h.stream, h.advertiser_id, h.from_date, h.to_date, h.run,
	NULL, NULL, NULL, NULL, NULL, h.started_at, NULL, NULL, NULL, NULL
FROM tiktokads.sync_history AS h
WHERE h.state = 'running' AND NOT tiktokads.is_preloaded();
COMMENT ON VIEW tiktokads.sync_progress IS 'One row for each slice that a worker or a CALL works at in this database now. Without shared_preload_libraries: the runs that the history has as running, without numbers.';
COMMENT ON COLUMN tiktokads.sync_progress.pid IS 'Process, as in pg_stat_activity; NULL when not known.';
COMMENT ON COLUMN tiktokads.sync_progress.driver IS 'worker, or call: a session''s CALL tiktokads.sync().';
COMMENT ON COLUMN tiktokads.sync_progress.phase IS 'fetching; waiting (for the API''s rate budget); storing; running: not known more closely.';
COMMENT ON COLUMN tiktokads.sync_progress.connection IS 'Connection whose credentials are used.';
COMMENT ON COLUMN tiktokads.sync_progress.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.sync_progress.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_progress.from_date IS 'First day of the slice; NULL for streams without days.';
COMMENT ON COLUMN tiktokads.sync_progress.to_date IS 'Last day, likewise.';
COMMENT ON COLUMN tiktokads.sync_progress.run IS 'Number in tiktokads.sync_history.';
COMMENT ON COLUMN tiktokads.sync_progress.pages_done IS 'Pages of the slice that have arrived.';
COMMENT ON COLUMN tiktokads.sync_progress.pages_expected IS 'Pages that the API says it has; NULL before the first one.';
COMMENT ON COLUMN tiktokads.sync_progress.rows_done IS 'Rows of the slice that have arrived.';
COMMENT ON COLUMN tiktokads.sync_progress.rows_expected IS 'Rows that the API says it has; NULL before the first page, or when it does not say.';
COMMENT ON COLUMN tiktokads.sync_progress.rows_per_second IS 'Rows that have arrived per second since the slice was begun.';
COMMENT ON COLUMN tiktokads.sync_progress.slice_started_at IS 'When the slice was begun.';
COMMENT ON COLUMN tiktokads.sync_progress.slices_done IS 'Slices that this process has done in this run.';
COMMENT ON COLUMN tiktokads.sync_progress.slices_expected IS 'Those and the ones that it knows to come; of a worker: that any worker may do.';
COMMENT ON COLUMN tiktokads.sync_progress.run_started_at IS 'When this process began with the connection.';
COMMENT ON COLUMN tiktokads.sync_progress.eta IS 'How long all expected slices will take from now on, at the pace so far; NULL before anything can be said.';
