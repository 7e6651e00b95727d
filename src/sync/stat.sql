-- counters of each stream

CREATE TABLE tiktokads.sync_counter
(
	stream text PRIMARY KEY,
	slices bigint NOT NULL DEFAULT 0,
	slices_failed bigint NOT NULL DEFAULT 0,
	requests bigint NOT NULL DEFAULT 0,
	retries bigint NOT NULL DEFAULT 0,
	throttles bigint NOT NULL DEFAULT 0,
	http_errors bigint NOT NULL DEFAULT 0,
	api_errors bigint NOT NULL DEFAULT 0,
	rows_new bigint NOT NULL DEFAULT 0,
	rows_changed bigint NOT NULL DEFAULT 0,
	rows_unchanged bigint NOT NULL DEFAULT 0,
	rows_removed bigint NOT NULL DEFAULT 0,
	rows_rejected bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	api_seconds double precision NOT NULL DEFAULT 0,
	db_seconds double precision NOT NULL DEFAULT 0,
	since timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE tiktokads.sync_counter IS 'Counters behind tiktokads.stat_sync. Not part of dumps.';

CREATE VIEW tiktokads.stat_sync WITH (security_invoker = true) AS
SELECT c.stream, c.slices, c.slices_failed, c.requests, c.retries, c.throttles, c.http_errors, c.api_errors,
	c.rows_new, c.rows_changed, c.rows_unchanged, c.rows_removed, c.rows_rejected, c.bytes, c.api_seconds, c.db_seconds, c.since
FROM tiktokads.sync_counter AS c;
COMMENT ON VIEW tiktokads.stat_sync IS 'What each stream did since its counters began. SELECT tiktokads.stat_sync_reset(); begins anew.';

DO $do$
DECLARE
	words constant text[] := ARRAY[
		'stream', 'Stream.',
		'slices', 'Slices stored.',
		'slices_failed', 'Slices that failed.',
		'requests', 'Requests sent, repeated ones included.',
		'retries', 'Of these, repeated ones.',
		'throttles', 'Answers that asked for a wait.',
		'http_errors', 'Requests that the network or HTTP failed.',
		'api_errors', 'Answers with an error code, throttles left out.',
		'rows_new', 'Rows inserted.',
		'rows_changed', 'Rows updated.',
		'rows_unchanged', 'Rows that were stored already with the same values.',
		'rows_removed', 'Rows removed, or given a tombstone.',
		'rows_rejected', 'Rows without a key, which were not stored.',
		'bytes', 'Bytes of reply bodies after decompression.',
		'api_seconds', 'Seconds that requests took, added up (they overlap).',
		'db_seconds', 'Seconds that storing took.',
		'since', 'When counting began.'];
	relation text;
	w int;
BEGIN
	FOREACH relation IN ARRAY ARRAY['sync_counter', 'stat_sync'] LOOP
		FOR w IN 1 .. array_length(words, 1) BY 2 LOOP
			EXECUTE pg_catalog.format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', relation, words[w], words[w + 1]);
		END LOOP;
	END LOOP;
END;
$do$;

CREATE FUNCTION tiktokads.stat_sync_reset(stream text DEFAULT NULL) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
	DELETE FROM tiktokads.sync_counter AS c WHERE $1 IS NULL OR c.stream = $1;
END;
COMMENT ON FUNCTION tiktokads.stat_sync_reset IS 'Begins the counters of a stream anew; NULL (default): of all.';
REVOKE ALL ON FUNCTION tiktokads.stat_sync_reset FROM PUBLIC;
