-- what somebody should know: one row for each thing that is wrong, until it is right again

CREATE TABLE tiktokads.finding
(
	finding bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL,
	severity text NOT NULL DEFAULT 'error' CHECK (severity IN ('notice', 'warning', 'error')),
	connection text,
	stream text,
	advertiser_id bigint,
	from_date date,
	to_date date,
	subject text,
	message text NOT NULL,
	hint text,
	times bigint NOT NULL DEFAULT 1,
	first_seen_at timestamptz NOT NULL DEFAULT now(),
	last_seen_at timestamptz NOT NULL DEFAULT now(),
	cleared_at timestamptz
);
CREATE UNIQUE INDEX finding_open ON tiktokads.finding (kind, coalesce(connection, ''), coalesce(stream, ''),
	coalesce(advertiser_id, 0), coalesce(from_date, '-infinity'), coalesce(to_date, 'infinity'), coalesce(subject, '')) WHERE cleared_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('tiktokads.finding', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.finding_finding_seq', '');
COMMENT ON TABLE tiktokads.finding IS 'What somebody should know: a refused token, a slice that was set aside. One row for each thing that is wrong, however often it is met; cleared_at says when it was right again.';
COMMENT ON COLUMN tiktokads.finding.finding IS 'Number.';
COMMENT ON COLUMN tiktokads.finding.kind IS 'token_refused: the API refused the credentials, the connection is paused. set_aside: a slice that was being worked at when a server crashed, three times running.';
COMMENT ON COLUMN tiktokads.finding.severity IS 'notice: good to know. warning: numbers may be incomplete. error: something does not work.';
COMMENT ON COLUMN tiktokads.finding.connection IS 'Connection that it concerns; NULL: none.';
COMMENT ON COLUMN tiktokads.finding.stream IS 'Stream that it concerns; NULL: none in particular.';
COMMENT ON COLUMN tiktokads.finding.advertiser_id IS 'Ad account that it concerns; NULL: none in particular.';
COMMENT ON COLUMN tiktokads.finding.from_date IS 'First day of the slice that it concerns; NULL: none.';
COMMENT ON COLUMN tiktokads.finding.to_date IS 'Last day, likewise.';
COMMENT ON COLUMN tiktokads.finding.subject IS 'What exactly: a field, a metric, a hook; NULL: nothing more exact.';
COMMENT ON COLUMN tiktokads.finding.message IS 'What is wrong, when last seen.';
COMMENT ON COLUMN tiktokads.finding.hint IS 'What to do about it; NULL: nothing.';
COMMENT ON COLUMN tiktokads.finding.times IS 'How often it was seen.';
COMMENT ON COLUMN tiktokads.finding.first_seen_at IS 'When it was first seen.';
COMMENT ON COLUMN tiktokads.finding.last_seen_at IS 'When it was last seen.';
COMMENT ON COLUMN tiktokads.finding.cleared_at IS 'When it was right again; NULL while it is wrong.';

CREATE FUNCTION tiktokads.finding_raise(kind text, connection text, stream text, advertiser_id bigint,
	from_date date, to_date date, message text, hint text, severity text DEFAULT 'error', subject text DEFAULT NULL) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO tiktokads.finding AS f (kind, connection, stream, advertiser_id, from_date, to_date, message, hint, severity, subject)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (kind, coalesce(connection, ''), coalesce(stream, ''), coalesce(advertiser_id, 0),
		coalesce(from_date, '-infinity'), coalesce(to_date, 'infinity'), coalesce(subject, '')) WHERE cleared_at IS NULL
	DO UPDATE SET times = f.times + 1, last_seen_at = now(), message = EXCLUDED.message, hint = EXCLUDED.hint, severity = EXCLUDED.severity
$$;
COMMENT ON FUNCTION tiktokads.finding_raise IS 'Records that something is wrong: a new row, or one more time for the one that is open. kind and message must not be NULL.';
REVOKE ALL ON FUNCTION tiktokads.finding_raise FROM PUBLIC;

CREATE FUNCTION tiktokads.finding_clear(kind text, connection text, stream text, advertiser_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	UPDATE tiktokads.finding AS f SET cleared_at = now()
	WHERE f.cleared_at IS NULL AND f.kind = $1 AND ($2 IS NULL OR f.connection = $2)
		AND ($3 IS NULL OR f.stream = $3) AND ($4 IS NULL OR f.advertiser_id = $4)
$$;
COMMENT ON FUNCTION tiktokads.finding_clear IS 'Records that what was wrong is right again; NULL means any.';
REVOKE ALL ON FUNCTION tiktokads.finding_clear FROM PUBLIC;

CREATE FUNCTION tiktokads.finding_settle(kind text, stream text, advertiser_id bigint, from_date date, to_date date, still text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	UPDATE tiktokads.finding AS f SET cleared_at = now()
	WHERE f.cleared_at IS NULL AND f.kind = $1 AND f.stream = $2 AND f.advertiser_id = $3
		AND (f.from_date IS NULL OR $4 IS NULL OR f.from_date >= $4) AND (f.to_date IS NULL OR $5 IS NULL OR f.to_date <= $5)
		AND NOT coalesce(f.subject, '') = ANY ($6)
$$;
COMMENT ON FUNCTION tiktokads.finding_settle IS 'Clears the findings of a kind, stream and ad account within these days whose subjects are not still wrong. Dates NULL: of any days.';
REVOKE ALL ON FUNCTION tiktokads.finding_settle FROM PUBLIC;
