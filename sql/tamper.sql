-- what only a superuser can do: whatever was done to the log in spite of its guards is found
SET client_min_messages = warning;
CALL tiktokads.create_model();
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-03-15 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;
\set VERBOSITY terse
SELECT tiktokads.partition_ensure('report_ad_daily', '2025-09-01', '2026-02-28') AS made;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date) SELECT 1, 1, day FROM generate_series(date '2025-09-01', '2026-02-28', '1 day') AS day;
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '60 days');
CALL tiktokads.apply_retention();
SELECT seq, action, partition, rows FROM tiktokads.purge_log ORDER BY seq;
TRUNCATE tiktokads.purge_log;
SET session_replication_role = replica;
DELETE FROM tiktokads.purge_log;
RESET session_replication_role;
SELECT seq AS last_seq, hash AS last_hash FROM tiktokads.purge_log_head \gset
BEGIN;
ALTER TABLE tiktokads.purge_log DISABLE TRIGGER append_only;
SAVEPOINT whole;
UPDATE tiktokads.purge_log SET rows = rows + 1 WHERE seq = 3;
SELECT * FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
DELETE FROM tiktokads.purge_log WHERE seq = 3;
SELECT * FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
DELETE FROM tiktokads.purge_log WHERE seq = 1;
SELECT * FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
DELETE FROM tiktokads.purge_log WHERE seq = :last_seq;
SELECT seq = :last_seq AS last, regexp_replace(problem, '\d+', 'N') AS problem FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
DELETE FROM tiktokads.purge_log;
SELECT seq = :last_seq AS last, problem FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
-- two rows change places
UPDATE tiktokads.purge_log SET seq = -seq WHERE seq IN (2, 3);
UPDATE tiktokads.purge_log SET seq = 5 + seq WHERE seq < 0;
SELECT * FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
-- a row is added with a hash that fits
INSERT INTO tiktokads.purge_log SELECT (jsonb_populate_record(l, jsonb_build_object('seq', seq + 1, 'previous_hash', hash))).* FROM tiktokads.purge_log AS l WHERE seq = :last_seq;
UPDATE tiktokads.purge_log AS l SET hash = tiktokads.purge_log_hash(l) WHERE seq = :last_seq + 1;
SELECT seq = :last_seq + 1 AS added, regexp_replace(problem, '\d+', 'N') AS problem FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
-- a row is put in front
INSERT INTO tiktokads.purge_log SELECT (jsonb_populate_record(l, jsonb_build_object('seq', 0, 'previous_hash', ''))).* FROM tiktokads.purge_log AS l WHERE seq = 1;
UPDATE tiktokads.purge_log AS l SET hash = tiktokads.purge_log_hash(l) WHERE seq = 0;
SELECT * FROM tiktokads.verify_purge_log();
ROLLBACK TO whole;
-- the chain is written anew from row 3 on, head and all: a row that was noted elsewhere tells
DO $$
DECLARE
	entry tiktokads.purge_log;
	before text := (SELECT hash FROM tiktokads.purge_log WHERE seq = 2);
BEGIN
	FOR entry IN SELECT * FROM tiktokads.purge_log WHERE seq > 2 ORDER BY seq LOOP
		entry.rows := 0;
		entry.previous_hash := before;
		before := tiktokads.purge_log_hash(entry);
		UPDATE tiktokads.purge_log AS l SET rows = 0, previous_hash = entry.previous_hash, hash = before WHERE l.seq = entry.seq;
	END LOOP;
	UPDATE tiktokads.purge_log_head SET hash = before;
END;
$$;
SELECT * FROM tiktokads.verify_purge_log();
SELECT seq = :last_seq AS noted, problem FROM tiktokads.verify_purge_log(:last_seq, :'last_hash');
ROLLBACK;
SELECT * FROM tiktokads.verify_purge_log(:last_seq, :'last_hash');

-- a personal column in one of our own tables is found, too
ALTER TABLE tiktokads.sync_history ADD COLUMN customer_phone bigint;
SELECT * FROM tiktokads.unregistered_column;
