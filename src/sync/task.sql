-- what the workers have to do: slices that are planned and not done yet

CREATE TABLE tiktokads.sync_task
(
	task bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	connection text NOT NULL,
	stream text NOT NULL,
	advertiser_id bigint NOT NULL,
	from_date date NOT NULL DEFAULT '-infinity',
	to_date date NOT NULL DEFAULT 'infinity',
	priority int NOT NULL DEFAULT 100,
	request bigint,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	not_before timestamptz NOT NULL DEFAULT '-infinity',
	attempts int NOT NULL DEFAULT 0,
	crashes int NOT NULL DEFAULT 0,
	set_aside_at timestamptz,
	last_error text,
	UNIQUE (stream, advertiser_id, from_date, to_date)
);
COMMENT ON TABLE tiktokads.sync_task IS 'Slices that the workers have to fetch: put here in one commit when they are due or asked for, taken out in one commit with their rows. Not part of dumps: what is due is planned anew.';
COMMENT ON COLUMN tiktokads.sync_task.task IS 'Number.';
COMMENT ON COLUMN tiktokads.sync_task.connection IS 'Connection whose credentials are used.';
COMMENT ON COLUMN tiktokads.sync_task.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.sync_task.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_task.from_date IS 'First day in the account''s time zone; -infinity for streams without days.';
COMMENT ON COLUMN tiktokads.sync_task.to_date IS 'Last day; infinity for streams without days.';
COMMENT ON COLUMN tiktokads.sync_task.priority IS 'Lower numbers first; within one, the newest days first.';
COMMENT ON COLUMN tiktokads.sync_task.request IS 'Number that all tasks of one sync_now() share; NULL: it was due by itself.';
COMMENT ON COLUMN tiktokads.sync_task.created_at IS 'When it was planned or asked for.';
COMMENT ON COLUMN tiktokads.sync_task.not_before IS 'Not tried before this time of tiktokads.clock_now(); -infinity: at once.';
COMMENT ON COLUMN tiktokads.sync_task.attempts IS 'Runs that failed; the wait until the next one grows with it.';
COMMENT ON COLUMN tiktokads.sync_task.crashes IS 'Times that it was begun and neither ended nor failed: counted before it is begun, taken back when it ends in any orderly way.';
COMMENT ON COLUMN tiktokads.sync_task.set_aside_at IS 'When it was set aside because the server crashed three times while it was worked at; NULL: it was not. resume() or sync_now() lets it be tried again.';
COMMENT ON COLUMN tiktokads.sync_task.last_error IS 'Why the last run failed; NULL: none did.';

CREATE TABLE tiktokads.connection_state
(
	connection text PRIMARY KEY,
	listed_at timestamptz,
	failures int NOT NULL DEFAULT 0,
	not_before timestamptz NOT NULL DEFAULT '-infinity',
	last_error text
);
COMMENT ON TABLE tiktokads.connection_state IS 'How the workers fare with each connection. Times are those of tiktokads.clock_now().';
COMMENT ON COLUMN tiktokads.connection_state.connection IS 'Connection.';
COMMENT ON COLUMN tiktokads.connection_state.listed_at IS 'When the API last listed its ad accounts; NULL: that is to be done next, because it never was or because the network failed.';
COMMENT ON COLUMN tiktokads.connection_state.failures IS 'Times running that the API could not be reached, or refused to list the ad accounts.';
COMMENT ON COLUMN tiktokads.connection_state.not_before IS 'Nothing is asked before this time; -infinity: no wait.';
COMMENT ON COLUMN tiktokads.connection_state.last_error IS 'Why; NULL: all is well.';

CREATE FUNCTION tiktokads.task_slices(stream text, from_date date, to_date date)
RETURNS TABLE (from_date date, to_date date)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN s.date_column IS NULL AND s.modified_parameter IS NOT NULL AND $3 IS NULL THEN coalesce($2, '-infinity')
		WHEN s.date_column IS NULL THEN '-infinity' ELSE greatest($2, $3 - (n + 1) * w.days + 1) END,
		CASE WHEN s.date_column IS NULL THEN 'infinity' ELSE $3 - n * w.days END
	FROM tiktokads.stream AS s
		CROSS JOIN LATERAL (SELECT greatest(s.max_days, 1) AS days) AS w
		CROSS JOIN LATERAL generate_series(0, CASE WHEN s.date_column IS NULL THEN 0 ELSE ($3 - $2) / w.days END) AS n
	WHERE s.stream = $1 AND NOT s.by_month AND (s.date_column IS NULL OR $2 <= $3)
	UNION ALL
	-- months are asked for whole, the current one up to the last day
	SELECT m::date, CASE WHEN m = date_trunc('month', $3::timestamp) THEN $3 ELSE (m + interval '1 month')::date - 1 END
	FROM tiktokads.stream AS s
		CROSS JOIN LATERAL generate_series(date_trunc('month', $2::timestamp), $3::timestamp, interval '1 month') AS m
	WHERE s.stream = $1 AND s.by_month
$$;
COMMENT ON FUNCTION tiktokads.task_slices IS 'Cuts days into slices as wide as a request of the stream may be, counted back from the last day; calendar months where the stream has those; one slice to infinity for a stream without days (from -infinity; from from_date where to_date is NULL and the stream knows what was modified since). No rows when from_date is after to_date, or for an unknown stream.';

CREATE FUNCTION tiktokads.task_plan(connection text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	planned bigint;
BEGIN
	-- what is not wanted any more goes
	DELETE FROM tiktokads.sync_task AS t
	WHERE NOT EXISTS (SELECT FROM tiktokads.connection AS c WHERE c.name = t.connection)
		OR (t.connection = $1 AND NOT EXISTS (SELECT FROM tiktokads.stream AS s WHERE s.stream = t.stream AND (s.enabled OR t.request IS NOT NULL)))
		OR (t.connection = $1 AND NOT EXISTS (SELECT FROM tiktokads.advertiser AS a
			WHERE a.advertiser_id = t.advertiser_id AND a.connection = $1 AND a.sync AND a.readable));
	-- what is open already, or inside something open, is not planned again; what
	-- waits and was overtaken by other days, or is not due any more, gives way
	WITH due AS MATERIALIZED (
		SELECT d.stream, d.advertiser_id, p.from_date, p.to_date, d.priority
		FROM tiktokads.sync_due($1) AS d
			CROSS JOIN LATERAL tiktokads.task_slices(d.stream, d.from_date, d.to_date) AS p
		WHERE d.due_at <= tiktokads.clock_now()),
	overtaken AS (
		DELETE FROM tiktokads.sync_task AS t
		WHERE t.connection = $1 AND t.request IS NULL AND t.crashes = 0 AND t.attempts = 0 AND t.set_aside_at IS NULL
			AND NOT EXISTS (SELECT FROM due AS d
				WHERE d.stream = t.stream AND d.advertiser_id = t.advertiser_id AND t.from_date <= d.from_date AND t.to_date >= d.to_date)
		RETURNING t.task)
	INSERT INTO tiktokads.sync_task AS t (connection, stream, advertiser_id, from_date, to_date, priority)
	SELECT $1, d.stream, d.advertiser_id, d.from_date, d.to_date, d.priority
	FROM due AS d
	WHERE NOT EXISTS (SELECT FROM tiktokads.sync_task AS o
		WHERE o.stream = d.stream AND o.advertiser_id = d.advertiser_id
			AND o.from_date <= d.from_date AND o.to_date >= d.to_date AND o.task NOT IN (SELECT g.task FROM overtaken AS g))
	ON CONFLICT (stream, advertiser_id, from_date, to_date) DO NOTHING;
	GET DIAGNOSTICS planned = ROW_COUNT;
	RETURN planned;
END;
$$;
COMMENT ON FUNCTION tiktokads.task_plan IS 'Puts what is due for a connection into tiktokads.sync_task; returns how many slices. Workers call it.';
REVOKE ALL ON FUNCTION tiktokads.task_plan FROM PUBLIC;

CREATE FUNCTION tiktokads.task_request(connection text, stream text, advertiser_id bigint, from_date date, to_date date, request bigint)
RETURNS SETOF bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO tiktokads.sync_task AS t (connection, stream, advertiser_id, from_date, to_date, priority, request)
	SELECT c.name, s.stream, a.advertiser_id, p.from_date, p.to_date, 0, $6
	FROM tiktokads.connection AS c
		JOIN tiktokads.advertiser AS a ON a.connection = c.name AND a.sync AND a.readable
		CROSS JOIN tiktokads.stream AS s
		CROSS JOIN LATERAL (SELECT tiktokads.clock_today(a.display_timezone) AS today) AS d
		CROSS JOIN LATERAL (SELECT least(CASE WHEN s.by_month THEN (date_trunc('month', $5::timestamp) + interval '1 month')::date - 1 ELSE $5 END, d.today) AS last) AS l
		CROSS JOIN LATERAL tiktokads.task_slices(s.stream, coalesce($4, l.last - 29), l.last) AS p
	WHERE c.name = $1 AND ($3 IS NULL OR a.advertiser_id = $3)
		AND CASE WHEN $2 IS NULL THEN s.enabled AND s.kind IN ('entity', 'report') ELSE s.stream = $2 END
	ORDER BY s.priority, p.to_date DESC
	ON CONFLICT (stream, advertiser_id, from_date, to_date) DO UPDATE
	SET connection = EXCLUDED.connection, priority = 0, request = EXCLUDED.request, created_at = EXCLUDED.created_at,
		not_before = '-infinity', attempts = 0, crashes = 0, set_aside_at = NULL, last_error = NULL
	RETURNING t.task
$$;
COMMENT ON FUNCTION tiktokads.task_request IS 'Puts what somebody asks for into tiktokads.sync_task, to be done first; returns the tasks. NULL means all, from_date NULL 29 days before to_date, to_date NULL the account''s today. sync_now() calls it.';
REVOKE ALL ON FUNCTION tiktokads.task_request FROM PUBLIC;

CREATE FUNCTION tiktokads.task_set_aside(task bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	bad record;
BEGIN
	UPDATE tiktokads.sync_task AS t SET set_aside_at = now() WHERE t.task = task_set_aside.task RETURNING t.* INTO STRICT bad;
	PERFORM tiktokads.finding_raise('set_aside', bad.connection, bad.stream, bad.advertiser_id,
		nullif(bad.from_date, '-infinity'), nullif(bad.to_date, 'infinity'),
		format('the server crashed %s times while a worker fetched this slice; it is set aside', bad.crashes),
		format('See the server''s log. CALL tiktokads.sync_now(%L, %L, %s%s); tries it again.', bad.connection, bad.stream,
			bad.advertiser_id, CASE WHEN isfinite(bad.from_date) AND isfinite(bad.to_date) THEN format(', %L, %L', bad.from_date, bad.to_date) ELSE '' END));
END;
$$;
COMMENT ON FUNCTION tiktokads.task_set_aside IS 'Sets a slice aside that was begun and not ended three times, with a finding. Workers call it.';
REVOKE ALL ON FUNCTION tiktokads.task_set_aside FROM PUBLIC;

CREATE FUNCTION tiktokads.connection_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT NEW.paused THEN
		UPDATE tiktokads.connection_state AS s SET listed_at = NULL, failures = 0, not_before = '-infinity', last_error = NULL
		WHERE s.connection = NEW.name;
		UPDATE tiktokads.sync_task AS t SET not_before = '-infinity', attempts = 0, crashes = 0, set_aside_at = NULL
		WHERE t.connection = NEW.name AND (t.not_before <> '-infinity' OR t.crashes > 0 OR t.set_aside_at IS NOT NULL);
		PERFORM tiktokads.finding_clear('token_refused', NEW.name, NULL, NULL);
		PERFORM tiktokads.finding_clear('set_aside', NEW.name, NULL, NULL);
	END IF;
	RETURN NULL;
END;
$$;
COMMENT ON FUNCTION tiktokads.connection_changed IS 'Trigger: a connection that is resumed or connected anew tries everything again at once.';
REVOKE ALL ON FUNCTION tiktokads.connection_changed FROM PUBLIC;
CREATE TRIGGER connection_changed AFTER UPDATE OF paused, connected_at ON tiktokads.connection
	FOR EACH ROW EXECUTE FUNCTION tiktokads.connection_changed();
