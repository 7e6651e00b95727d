-- the purge log: append-only, each row chained to the one before it

CREATE TABLE tiktokads.purge_log
(
	seq bigint PRIMARY KEY,
	purged_at timestamptz NOT NULL,
	who name NOT NULL,
	role name NOT NULL,
	action text NOT NULL,
	policy text,
	relation text,
	partition text,
	from_bound text,
	to_bound text,
	rows bigint NOT NULL,
	rows_estimated boolean NOT NULL,
	bytes bigint NOT NULL,
	certificate jsonb,
	previous_hash text NOT NULL,
	hash text NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.purge_log', '');
COMMENT ON TABLE tiktokads.purge_log IS 'Every removal: one row in the transaction that removed. Append-only, and each row carries the hash of the one before it: verify_purge_log() finds what was changed, removed, inserted or put in another order. It holds no personal data, and nothing ages out of it.';
COMMENT ON COLUMN tiktokads.purge_log.seq IS 'Number, without gaps.';
COMMENT ON COLUMN tiktokads.purge_log.purged_at IS 'When.';
COMMENT ON COLUMN tiktokads.purge_log.who IS 'Who: the role that logged in.';
COMMENT ON COLUMN tiktokads.purge_log.role IS 'The role that called.';
COMMENT ON COLUMN tiktokads.purge_log.action IS 'drop (a partition), delete, anonymise, roll_up (the sums are in another table), erase (a person).';
COMMENT ON COLUMN tiktokads.purge_log.policy IS 'The rule, such as: keep 25 months; or erasure and its number.';
COMMENT ON COLUMN tiktokads.purge_log.relation IS 'Table that rows left; NULL for an erasure that found nothing.';
COMMENT ON COLUMN tiktokads.purge_log.partition IS 'Its partition; NULL when it has none, or several were concerned.';
COMMENT ON COLUMN tiktokads.purge_log.from_bound IS 'Lower bound of what left, included; NULL: without beginning, or not by time.';
COMMENT ON COLUMN tiktokads.purge_log.to_bound IS 'Upper bound of what left, excluded; NULL when not by time.';
COMMENT ON COLUMN tiktokads.purge_log.rows IS 'Rows that left or were anonymised.';
COMMENT ON COLUMN tiktokads.purge_log.rows_estimated IS 'True: a dropped partition larger than tiktokads.retention_count_limit, whose rows are those of the planner''s statistics.';
COMMENT ON COLUMN tiktokads.purge_log.bytes IS 'Bytes: of a dropped partition with its indexes; else of the rows.';
COMMENT ON COLUMN tiktokads.purge_log.certificate IS 'Further facts; of an erasure, its certificate.';
COMMENT ON COLUMN tiktokads.purge_log.previous_hash IS 'hash of the row before.';
COMMENT ON COLUMN tiktokads.purge_log.hash IS 'SHA-256 over previous_hash and every other column, in hexadecimal digits.';

CREATE TABLE tiktokads.purge_log_head
(
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	seq bigint NOT NULL,
	hash text NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.purge_log_head', '');
COMMENT ON TABLE tiktokads.purge_log_head IS 'End of the purge log''s chain: tells when its last rows are missing. Note seq and hash elsewhere now and then: verify_purge_log(seq, hash) then also finds a chain that was written anew.';
COMMENT ON COLUMN tiktokads.purge_log_head.only_row IS 'There is at most one row; none before the first removal.';
COMMENT ON COLUMN tiktokads.purge_log_head.seq IS 'Number of the last row.';
COMMENT ON COLUMN tiktokads.purge_log_head.hash IS 'Its hash.';

CREATE FUNCTION tiktokads.purge_log_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE insufficient_privilege USING
		MESSAGE = format('%s of tiktokads.purge_log is not allowed', lower(TG_OP)),
		DETAIL = 'The purge log is append-only.',
		HINT = 'SELECT * FROM tiktokads.verify_purge_log(); shows whether it is whole.';
END;
$$;
COMMENT ON FUNCTION tiktokads.purge_log_refuse IS 'Refuses every change of the purge log but the addition of rows.';
REVOKE ALL ON FUNCTION tiktokads.purge_log_refuse FROM PUBLIC;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tiktokads.purge_log
FOR EACH STATEMENT EXECUTE FUNCTION tiktokads.purge_log_refuse();
ALTER TABLE tiktokads.purge_log ENABLE ALWAYS TRIGGER append_only;

CREATE FUNCTION tiktokads.purge_log_hash(entry tiktokads.purge_log) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- nothing in it depends on a session's settings
	SELECT tiktokads.sha256_hex(pg_catalog.jsonb_build_array(entry.previous_hash, entry.seq,
		pg_catalog.to_char(entry.purged_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		entry.who, entry.role, entry.action, entry.policy, entry.relation, entry.partition, entry.from_bound, entry.to_bound,
		entry.rows, entry.rows_estimated, entry.bytes, entry.certificate)::text);
END;
COMMENT ON FUNCTION tiktokads.purge_log_hash IS 'Hash that a row of the purge log must have.';

CREATE FUNCTION tiktokads.purge_record(role name, action text, policy text, relation text, partition text, from_bound timestamptz, to_bound timestamptz,
	rows bigint, rows_estimated boolean, bytes bigint, certificate jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	head tiktokads.purge_log_head;
	entry tiktokads.purge_log;
BEGIN
	INSERT INTO tiktokads.purge_log_head (seq, hash) VALUES (0, '') ON CONFLICT DO NOTHING;
	SELECT * INTO head FROM tiktokads.purge_log_head FOR UPDATE;
	entry := ROW(head.seq + 1, clock_timestamp(), session_user, role, action, policy, relation, partition,
		to_char(from_bound AT TIME ZONE 'UTC', 'YYYY-MM-DD'), to_char(to_bound AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
		rows, rows_estimated, bytes, certificate, head.hash, NULL);
	entry.hash := tiktokads.purge_log_hash(entry);
	INSERT INTO tiktokads.purge_log SELECT entry.*;
	UPDATE tiktokads.purge_log_head SET seq = entry.seq, hash = entry.hash;
	RETURN entry.seq;
END;
$$;
COMMENT ON FUNCTION tiktokads.purge_record IS 'Adds a row to the purge log, in the transaction that removes: seq, time, who and hashes are filled in. Writers take turns until they commit.';
REVOKE ALL ON FUNCTION tiktokads.purge_record FROM PUBLIC;

CREATE FUNCTION tiktokads.verify_purge_log(known_seq bigint DEFAULT NULL, known_hash text DEFAULT NULL)
RETURNS TABLE (seq bigint, problem text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH link AS (
		SELECT l.seq, l.hash, l.previous_hash, l.hash = tiktokads.purge_log_hash(l.*) AS unchanged,
			pg_catalog.lag(l.seq, 1, 0::bigint) OVER (ORDER BY l.seq) AS before_seq,
			pg_catalog.lag(l.hash, 1, '') OVER (ORDER BY l.seq) AS before_hash
		FROM tiktokads.purge_log AS l
	), last_link AS (
		SELECT coalesce(pg_catalog.max(l.seq), 0) AS seq,
			coalesce((SELECT e.hash FROM tiktokads.purge_log AS e ORDER BY e.seq DESC LIMIT 1), '') AS hash
		FROM tiktokads.purge_log AS l
	), head AS (
		SELECT coalesce(pg_catalog.max(h.seq), 0) AS seq, coalesce(pg_catalog.max(h.hash), '') AS hash
		FROM tiktokads.purge_log_head AS h
	), found AS (
		SELECT l.seq, 'the row was changed: its hash is not that of its content' AS problem FROM link AS l WHERE NOT l.unchanged
		UNION ALL
		SELECT l.seq, 'rows are missing before it: the one before is ' || l.before_seq FROM link AS l WHERE l.seq > l.before_seq + 1
		UNION ALL
		SELECT l.seq, 'the row was inserted: no log begins before 1' FROM link AS l WHERE l.seq < 1
		UNION ALL
		SELECT l.seq, 'it does not follow the row before it: previous_hash is another' FROM link AS l WHERE l.previous_hash <> l.before_hash
		UNION ALL
		SELECT h.seq, 'rows are missing at the end: the last one is ' || l.seq FROM head AS h, last_link AS l WHERE h.seq > l.seq
		UNION ALL
		SELECT l.seq, 'rows were inserted at the end: the last one should be ' || h.seq FROM head AS h, last_link AS l WHERE h.seq < l.seq
		UNION ALL
		SELECT l.seq, 'the last row is not the one that was written last' FROM head AS h, last_link AS l WHERE h.seq = l.seq AND h.hash <> l.hash
		UNION ALL
		SELECT known_seq, 'it is not the row that was noted' WHERE known_hash IS NOT NULL AND NOT EXISTS (
			SELECT FROM tiktokads.purge_log AS l WHERE l.seq = known_seq AND l.hash = known_hash)
	)
	SELECT f.seq, f.problem FROM found AS f ORDER BY f.seq, f.problem;
END;
COMMENT ON FUNCTION tiktokads.verify_purge_log IS 'Checks the purge log and returns a row for each link that does not hold, none when it is whole: changed, removed, inserted and reordered rows. known_seq, known_hash: a row that was noted elsewhere (from purge_log_head), which finds a chain written anew.';
REVOKE ALL ON FUNCTION tiktokads.verify_purge_log FROM PUBLIC;
