-- what is due when: how old readings are, and how often they are to be renewed

CREATE TABLE tiktokads.sync_read
(
	stream text,
	advertiser_id bigint,
	from_date date,
	to_date date NOT NULL,
	read_at timestamptz NOT NULL,
	modified_read_at timestamptz,
	PRIMARY KEY (stream, advertiser_id, from_date),
	CHECK (from_date <= to_date)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_read', '');
COMMENT ON TABLE tiktokads.sync_read IS 'When the days of each stream and ad account were last read: ranges that do not overlap, renewed in one commit with the rows.';
COMMENT ON COLUMN tiktokads.sync_read.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.sync_read.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_read.from_date IS 'First day in the account''s time zone; -infinity for streams without days.';
COMMENT ON COLUMN tiktokads.sync_read.to_date IS 'Last day; infinity for streams without days.';
COMMENT ON COLUMN tiktokads.sync_read.read_at IS 'When the reading began, on the clock of tiktokads.clock_now(); -infinity: what the stream goes through has changed since, and the days are due again.';
COMMENT ON COLUMN tiktokads.sync_read.modified_read_at IS 'When only what was modified was read since; NULL: never.';

CREATE FUNCTION tiktokads.sync_read_note(stream text, advertiser_id bigint, from_date date, to_date date, read_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	old record;
BEGIN
	UPDATE tiktokads.sync_read AS r SET read_at = $5, modified_read_at = NULL
	WHERE r.stream = $1 AND r.advertiser_id = $2 AND r.from_date = $3 AND r.to_date = $4;
	IF FOUND THEN
		RETURN;
	END IF;
	-- one at a time: who waited for another's DELETE would not see the parts that the other left
	PERFORM pg_advisory_xact_lock(hashtextextended(format('tiktokads.sync_read %s %s', $1, $2), 0));
	FOR old IN
		DELETE FROM tiktokads.sync_read AS r
		WHERE r.stream = $1 AND r.advertiser_id = $2 AND r.from_date <= $4 AND r.to_date >= $3
		RETURNING r.from_date, r.to_date, r.read_at
	LOOP
		IF old.from_date < $3 THEN
			INSERT INTO tiktokads.sync_read VALUES ($1, $2, old.from_date, $3 - 1, old.read_at);
		END IF;
		IF old.to_date > $4 THEN
			INSERT INTO tiktokads.sync_read VALUES ($1, $2, $4 + 1, old.to_date, old.read_at);
		END IF;
	END LOOP;
	INSERT INTO tiktokads.sync_read VALUES ($1, $2, $3, $4, $5);
END;
$$;
COMMENT ON FUNCTION tiktokads.sync_read_note IS 'Records that these days of a stream and ad account were read. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.sync_read_note FROM PUBLIC;

CREATE TABLE tiktokads.attribution_window
(
	advertiser_id bigint PRIMARY KEY,
	days int NOT NULL CHECK (days BETWEEN 0 AND 365),
	longest text,
	seen_at timestamptz NOT NULL DEFAULT now(),
	fixed_days int CHECK (fixed_days BETWEEN 0 AND 365)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.attribution_window', '');
COMMENT ON TABLE tiktokads.attribution_window IS 'How long conversions of an ad account are still booked on the day of the interaction: the longest window of its ad groups, found by each sync of them. An account without a row has 28 days.';
COMMENT ON COLUMN tiktokads.attribution_window.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.attribution_window.days IS 'Longest click, view or engaged view window of its ad groups.';
COMMENT ON COLUMN tiktokads.attribution_window.longest IS 'The API''s word for it.';
COMMENT ON COLUMN tiktokads.attribution_window.seen_at IS 'When it last changed.';
COMMENT ON COLUMN tiktokads.attribution_window.fixed_days IS 'Days that you set instead; NULL: as found. Yours to change.';

CREATE FUNCTION tiktokads.attribution_days(advertiser_id bigint) RETURNS int
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT coalesce((SELECT coalesce(w.fixed_days, w.days) FROM tiktokads.attribution_window AS w WHERE w.advertiser_id = $1), 28);
END;
COMMENT ON FUNCTION tiktokads.attribution_days IS 'Days during which an ad account''s conversions are still booked on past days; 28 when its ad groups do not say, or for an account that is not known.';

CREATE FUNCTION tiktokads.attribution_window_find(advertiser_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO tiktokads.attribution_window AS w (advertiser_id, days, longest)
	SELECT $1, l.days, l.word
	FROM (
		SELECT coalesce(k.days, 32) AS days, v.word
		FROM tiktokads.adgroup AS g
			CROSS JOIN LATERAL (VALUES (g.click_attribution_window), (g.view_attribution_window), (g.engaged_view_attribution_window)) AS v (word)
			LEFT JOIN (VALUES ('OFF', 0), ('ONE_DAY', 1), ('SEVEN_DAYS', 7), ('FOURTEEN_DAYS', 14), ('TWENTY_EIGHT_DAYS', 28),
				('THIRTY_DAYS', 30), ('THIRTY', 30), ('THIRTY_TWO_DAYS', 32), ('THIRTY_TWO', 32)) AS k (word, days) ON k.word = v.word
		WHERE g.advertiser_id = $1 AND v.word IS NOT NULL AND v.word <> ''
		UNION ALL
		-- an ad group that says nothing has the fixed default of its objective, seven days as a rule
		SELECT 7, NULL FROM tiktokads.adgroup AS g
		WHERE g.advertiser_id = $1 AND nullif(g.click_attribution_window, '') IS NULL
			AND EXISTS (SELECT FROM tiktokads.adgroup AS s WHERE s.advertiser_id = $1 AND s.click_attribution_window <> '')
		ORDER BY 1 DESC
		LIMIT 1) AS l
	ON CONFLICT ON CONSTRAINT attribution_window_pkey DO UPDATE SET days = EXCLUDED.days, longest = EXCLUDED.longest, seen_at = EXCLUDED.seen_at
	WHERE w.days <> EXCLUDED.days;
END;
$$;
COMMENT ON FUNCTION tiktokads.attribution_window_find IS 'Looks the longest attribution window of an ad account''s ad groups up, deleted ones included; a word that nobody knows counts as 32 days. Syncs of ad groups call it.';
REVOKE ALL ON FUNCTION tiktokads.attribution_window_find FROM PUBLIC;

CREATE TABLE tiktokads.restatement_shipped
(
	band text PRIMARY KEY,
	enabled boolean NOT NULL DEFAULT true,
	from_age int,
	to_age int,
	every interval NOT NULL CHECK (every > '0'),
	not_before time,
	priority int NOT NULL,
	streams text NOT NULL DEFAULT '%',
	description text NOT NULL
);
COMMENT ON TABLE tiktokads.restatement_shipped IS 'How often days are read again, as shipped. Read tiktokads.restatement; make your changes in tiktokads.restatement_override.';

CREATE TABLE tiktokads.restatement_override
(
	band text PRIMARY KEY,
	enabled boolean,
	from_age int,
	to_age int,
	every interval CHECK (every > '0'),
	not_before time,
	priority int,
	streams text,
	description text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.restatement_override', '');
COMMENT ON TABLE tiktokads.restatement_override IS 'Your changes: each column that is not NULL replaces the shipped one; a band of a new name is one of your own (it needs every and priority). Part of dumps.';

CREATE VIEW tiktokads.restatement WITH (security_invoker = true) AS
SELECT coalesce(s.band, o.band) AS band,
	coalesce(o.enabled, s.enabled, true) AS enabled,
	coalesce(o.from_age, s.from_age) AS from_age,
	coalesce(o.to_age, s.to_age) AS to_age,
	coalesce(o.every, s.every) AS every,
	coalesce(o.not_before, s.not_before) AS not_before,
	coalesce(o.priority, s.priority) AS priority,
	coalesce(o.streams, s.streams, '%') AS streams,
	coalesce(o.description, s.description) AS description
FROM tiktokads.restatement_shipped AS s
	FULL JOIN tiktokads.restatement_override AS o ON o.band = s.band
WHERE coalesce(o.every, s.every) IS NOT NULL AND coalesce(o.priority, s.priority) IS NOT NULL;
COMMENT ON VIEW tiktokads.restatement IS 'How often days of reports are read again, by their age: the schedule in force. Changes act at the next look, without a restart.';

DO $do$
DECLARE
	words constant text[] := ARRAY[
		'band', 'Name of the band of ages.',
		'enabled', 'False: days of these ages are not read again.',
		'from_age', 'Youngest age in days (0 is the account''s today). NULL: the day after the attribution window has closed.',
		'to_age', 'Oldest age in days. NULL: the last day of the attribution window.',
		'every', 'How long after a reading the next one is due.',
		'not_before', 'Time of day in UTC before which a day''s reading waits: TikTok corrects the day before at about 12:00 UTC. NULL: at any time.',
		'priority', 'Lower numbers first.',
		'streams', 'Pattern (as of LIKE) of the streams that it holds for.',
		'description', 'What it is for.'];
	relation text;
	w int;
BEGIN
	FOREACH relation IN ARRAY ARRAY['restatement_shipped', 'restatement_override', 'restatement'] LOOP
		FOR w IN 1 .. array_length(words, 1) BY 2 LOOP
			EXECUTE pg_catalog.format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', relation, words[w], words[w + 1]);
		END LOOP;
	END LOOP;
END;
$do$;

INSERT INTO tiktokads.restatement_shipped (band, from_age, to_age, every, not_before, priority, description) VALUES
	('hot', 0, 3, '1 hour', NULL, 10, 'Today and the three days before: numbers move by the hour.'),
	('open', 4, NULL, '1 day', '12:30', 40, 'Days whose attribution window is open: once a day, after TikTok''s correction.'),
	('checksum', NULL, 90, '7 days', '12:30', 80, 'Days beyond: a slow pass that costs little where nothing changed.');

CREATE TABLE tiktokads.backfill_request
(
	backfill bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	connection text,
	stream text,
	advertiser_id bigint,
	from_date date NOT NULL,
	to_date date NOT NULL,
	requested_by name NOT NULL DEFAULT current_user,
	requested_at timestamptz NOT NULL DEFAULT now(),
	CHECK (from_date <= to_date)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.backfill_request', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.backfill_request_backfill_seq', '');
COMMENT ON TABLE tiktokads.backfill_request IS 'Days that somebody wants to have, as CALL tiktokads.backfill() notes them. What of them was read already is not read again; delete a row to give it up.';
COMMENT ON COLUMN tiktokads.backfill_request.backfill IS 'Number.';
COMMENT ON COLUMN tiktokads.backfill_request.connection IS 'Connection; NULL: all.';
COMMENT ON COLUMN tiktokads.backfill_request.stream IS 'Stream; NULL: every enabled report stream with days.';
COMMENT ON COLUMN tiktokads.backfill_request.advertiser_id IS 'Ad account; NULL: all.';
COMMENT ON COLUMN tiktokads.backfill_request.from_date IS 'First day, in each account''s time zone.';
COMMENT ON COLUMN tiktokads.backfill_request.to_date IS 'Last day.';
COMMENT ON COLUMN tiktokads.backfill_request.requested_by IS 'Who asked.';
COMMENT ON COLUMN tiktokads.backfill_request.requested_at IS 'When.';

CREATE TABLE tiktokads.stream_degraded
(
	stream text,
	advertiser_id bigint,
	code bigint NOT NULL,
	message text,
	since timestamptz NOT NULL DEFAULT now(),
	retry_at timestamptz NOT NULL,
	PRIMARY KEY (stream, advertiser_id)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.stream_degraded', '');
COMMENT ON TABLE tiktokads.stream_degraded IS 'Streams that the API does not offer to an ad account (gone, not admitted, not in the sandbox). They are left out until retry_at; delete a row to try at once.';
COMMENT ON COLUMN tiktokads.stream_degraded.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.stream_degraded.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.stream_degraded.code IS 'Code of the API.';
COMMENT ON COLUMN tiktokads.stream_degraded.message IS 'What it said.';
COMMENT ON COLUMN tiktokads.stream_degraded.since IS 'Since when.';
COMMENT ON COLUMN tiktokads.stream_degraded.retry_at IS 'When it is tried again, on the clock of tiktokads.clock_now().';

CREATE FUNCTION tiktokads.stream_degrade(stream text, advertiser_id bigint, code bigint, message text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO tiktokads.stream_degraded AS d VALUES ($1, $2, $3, $4, now(), tiktokads.clock_now() + interval '1 day')
	ON CONFLICT ON CONSTRAINT stream_degraded_pkey DO UPDATE
	SET code = EXCLUDED.code, message = EXCLUDED.message, retry_at = EXCLUDED.retry_at;
	PERFORM tiktokads.finding_raise('stream_degraded', NULL, $1, $2, NULL, NULL,
		format('stream %s is not to be had for ad account %s: %s (code %s)', $1, $2, $4, $3),
		'It is left out and tried again once a day. Disable it in tiktokads.stream_override if it is not needed.', 'warning');
END;
$$;
COMMENT ON FUNCTION tiktokads.stream_degrade IS 'Records that the API does not offer a stream to an ad account. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.stream_degrade FROM PUBLIC;

CREATE FUNCTION tiktokads.next_reading(read_at timestamptz, every interval, not_before time) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN not_before IS NULL THEN read_at + every
	ELSE (WITH utc AS (SELECT (read_at AT TIME ZONE 'UTC') + every - interval '1 day' AS least)
		SELECT (CASE WHEN utc.least::time < not_before THEN utc.least::date + not_before
			ELSE utc.least::date + 1 + not_before END) AT TIME ZONE 'UTC' FROM utc) END;
COMMENT ON FUNCTION tiktokads.next_reading IS 'When what was read at a time is due again: after every, at a time of day (UTC) not before the one given. NULL when read_at is.';

CREATE FUNCTION tiktokads.settled_day(read_at timestamptz, latency interval, zone text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
-- the last correction is that of this day's noon, or of the day before
RETURN tiktokads.clock_day(least(read_at - latency, (date_trunc('day', (read_at - interval '12 hours') AT TIME ZONE 'UTC') + interval '12 hours') AT TIME ZONE 'UTC'), zone) - 1;
COMMENT ON FUNCTION tiktokads.settled_day IS 'The last day of a time zone that was over, past the API''s latency and past TikTok''s correction (daily at 12:00 UTC) when it was read at that time: its numbers change by late conversions alone. NULL when read_at or latency is.';

CREATE FUNCTION tiktokads.sync_due(connection text)
RETURNS TABLE (stream text, advertiser_id bigint, from_date date, to_date date, priority int, due_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 1000 SET search_path = pg_catalog, pg_temp
-- planned once in a session: planning costs more than running
SET plan_cache_mode = force_generic_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
	moment timestamptz := tiktokads.clock_now();
BEGIN
	RETURN QUERY
	WITH offered AS MATERIALIZED (
		SELECT s.stream, s.target, s.priority, s.date_column, s.by_month, s.max_days, s.refresh, s.modified_parameter, s.modified_refresh, s.latency,
			s.each_stream, (SELECT p.date_column IS NOT NULL FROM tiktokads.stream AS p WHERE p.stream = s.each_stream) AS each_dated
		FROM tiktokads.stream AS s WHERE s.enabled AND s.kind IN ('entity', 'report')),
	account AS MATERIALIZED (
		SELECT a.advertiser_id, tiktokads.clock_today(a.display_timezone) AS today,
			tiktokads.attribution_days(a.advertiser_id) AS days, a.display_timezone
		FROM tiktokads.advertiser AS a
		WHERE a.connection = $1 AND a.sync AND a.readable),
	zone AS MATERIALIZED (
		SELECT z.display_timezone, l.latency, tiktokads.clock_day(moment - l.latency, z.display_timezone) AS newest,
			tiktokads.settled_day(moment, l.latency, z.display_timezone) AS settled
		FROM (SELECT DISTINCT display_timezone FROM account) AS z
			CROSS JOIN (SELECT DISTINCT s.latency FROM offered AS s) AS l),
	expired AS MATERIALIZED (
		SELECT s.stream, tiktokads.stream_expired_days(s.target, s.each_stream) AS days FROM offered AS s),
	readings AS MATERIALIZED (
		SELECT r.stream, r.advertiser_id, pg_catalog.range_agg(pg_catalog.daterange(r.from_date, r.to_date, '[]')) AS days
		FROM tiktokads.sync_read AS r WHERE pg_catalog.isfinite(r.from_date)
		GROUP BY r.stream, r.advertiser_id),
	wanted AS MATERIALIZED (
		SELECT s.stream, s.priority, s.date_column, s.by_month, s.max_days, s.refresh, s.modified_parameter, s.modified_refresh,
			s.latency, a.advertiser_id, a.display_timezone, a.today, a.days, z.newest, z.settled,
			-- what goes through a report has the days that the report has
			CASE WHEN s.each_dated THEN e.days + ('{(,)}'::datemultirange - coalesce(h.days, '{}')) ELSE e.days END AS expired
		FROM account AS a
			CROSS JOIN offered AS s
			JOIN expired AS e ON e.stream = s.stream
			LEFT JOIN readings AS h ON s.each_dated AND h.stream = s.each_stream AND h.advertiser_id = a.advertiser_id
			JOIN zone AS z ON z.latency = s.latency AND z.display_timezone IS NOT DISTINCT FROM a.display_timezone
		WHERE NOT EXISTS (SELECT FROM tiktokads.stream_degraded AS d
			WHERE d.stream = s.stream AND d.advertiser_id = a.advertiser_id AND d.retry_at > moment)
			-- what goes through a list waits for it
			AND (s.each_stream IS NULL OR EXISTS (SELECT FROM tiktokads.sync_read AS r WHERE r.stream = s.each_stream AND r.advertiser_id = a.advertiser_id))),
	missing AS (
		-- the last thirty days, and what a backfill asks for
		SELECT w.stream, w.advertiser_id, w.by_month, w.priority, w.max_days, w.expired, w.newest, p.part
		FROM wanted AS w
			LEFT JOIN readings AS r ON r.stream = w.stream AND r.advertiser_id = w.advertiser_id
			CROSS JOIN LATERAL pg_catalog.unnest(
				(pg_catalog.datemultirange(pg_catalog.daterange(w.newest - 29, w.newest, '[]'))
					+ coalesce((SELECT pg_catalog.range_agg(pg_catalog.daterange(b.from_date, least(b.to_date, w.newest), '[]'))
						FROM tiktokads.backfill_request AS b
						WHERE (b.connection = $1 OR b.connection IS NULL) AND (b.stream = w.stream OR b.stream IS NULL)
							AND (b.advertiser_id = w.advertiser_id OR b.advertiser_id IS NULL) AND b.from_date <= w.newest), '{}'))
				- coalesce(r.days, '{}') - w.expired) AS n (whole)
			-- the last days first, where days are asked for one by one
			CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[CASE WHEN w.max_days < 30 THEN n.whole * pg_catalog.daterange(w.newest - 3, NULL) END,
				CASE WHEN w.max_days < 30 THEN n.whole * pg_catalog.daterange(NULL, w.newest - 3) ELSE n.whole END]) AS p (part)
		WHERE w.date_column IS NOT NULL AND NOT pg_catalog.isempty(p.part)),
	old AS (
		SELECT w.stream, w.advertiser_id, w.priority, w.max_days, w.expired, b.band, b.priority AS band_priority,
			pg_catalog.lower(n.part) AS from_date, pg_catalog.upper(n.part) - 1 AS to_date,
			tiktokads.next_reading(r.read_at, b.every, b.not_before) AS due_at
		FROM wanted AS w
			CROSS JOIN tiktokads.restatement AS b
			JOIN tiktokads.sync_read AS r ON r.stream = w.stream AND r.advertiser_id = w.advertiser_id
				AND r.from_date <= w.today - coalesce(b.from_age, w.days + 1) AND r.to_date >= w.today - coalesce(b.to_age, w.days)
			CROSS JOIN LATERAL (SELECT greatest(r.from_date, w.today - coalesce(b.to_age, w.days)) AS first,
				least(r.to_date, w.today - coalesce(b.from_age, w.days + 1), w.newest) AS last) AS d
			CROSS JOIN LATERAL pg_catalog.unnest(CASE WHEN d.first <= d.last
				THEN pg_catalog.datemultirange(pg_catalog.daterange(d.first, d.last, '[]')) - w.expired END) AS n (part)
		WHERE w.date_column IS NOT NULL AND b.enabled AND w.stream LIKE b.streams),
	closed AS (
		-- days whose window has closed since they were read: the reading that makes them final
		SELECT w.stream, w.advertiser_id, w.priority, w.max_days, w.expired, 'closed', 30, d.first, d.last, moment
		FROM wanted AS w
			JOIN tiktokads.sync_read AS r ON r.stream = w.stream AND r.advertiser_id = w.advertiser_id
			CROSS JOIN LATERAL (SELECT greatest(r.from_date, tiktokads.settled_day(r.read_at, w.latency, w.display_timezone) - w.days + 1) AS first,
				least(r.to_date, w.settled - w.days) AS last) AS d
		WHERE w.date_column IS NOT NULL AND d.first <= d.last),
	-- of what is due already, one range for each band: a request for more days costs no more
	merged AS (
		SELECT g.stream, g.advertiser_id, g.max_days, g.expired, g.priority, g.band_priority, pg_catalog.lower(n.part) AS from_date, pg_catalog.upper(n.part) - 1 AS to_date, g.due_at
		FROM (
			SELECT o.stream, o.advertiser_id, o.max_days, o.priority, o.band_priority, o.expired,
				pg_catalog.min(o.from_date) AS from_date, pg_catalog.max(o.to_date) AS to_date, pg_catalog.min(o.due_at) AS due_at
			FROM (SELECT * FROM old UNION ALL SELECT * FROM closed) AS o
			GROUP BY o.stream, o.advertiser_id, o.max_days, o.priority, o.band_priority, o.expired, o.band,
				CASE WHEN o.max_days = 1 THEN o.from_date END, CASE WHEN o.due_at > moment THEN o.due_at ELSE moment END) AS g
			CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.datemultirange(pg_catalog.daterange(g.from_date, g.to_date, '[]')) - g.expired) AS n (part)),
	listed AS (
		SELECT m.stream, m.advertiser_id, m.max_days, m.expired, pg_catalog.lower(m.part) AS from_date, pg_catalog.upper(m.part) - 1 AS to_date,
			CASE WHEN pg_catalog.upper(m.part) > m.newest - 3 THEN 10 WHEN pg_catalog.upper(m.part) > m.newest - 30 THEN 20 ELSE 60 END
				AS urgency, m.priority, '-infinity'::timestamptz AS due_at
		FROM missing AS m
		UNION ALL
		SELECT d.stream, d.advertiser_id, d.max_days, d.expired, d.from_date, d.to_date, d.band_priority, d.priority, d.due_at FROM merged AS d
		UNION ALL
		-- lists without days: whole from time to time, and between that what was modified
		SELECT w.stream, w.advertiser_id, 0, w.expired, CASE WHEN n.whole THEN NULL ELSE (greatest(r.read_at, r.modified_read_at) - interval '1 day')::date END,
			NULL, 15, w.priority, CASE WHEN r.read_at IS NULL THEN '-infinity'::timestamptz WHEN n.whole THEN n.whole_at ELSE n.modified_at END
		FROM wanted AS w
			LEFT JOIN tiktokads.sync_read AS r ON r.stream = w.stream AND r.advertiser_id = w.advertiser_id
			CROSS JOIN LATERAL (SELECT r.read_at + w.refresh AS whole_at,
				greatest(r.read_at, r.modified_read_at) + w.modified_refresh AS modified_at) AS t
			CROSS JOIN LATERAL (SELECT t.whole_at, t.modified_at, w.modified_parameter IS NULL OR r.read_at IS NULL
				OR t.modified_at IS NULL OR t.whole_at <= t.modified_at OR t.whole_at <= moment AS whole) AS n
		WHERE w.date_column IS NULL),
	-- recent days that are due go into one request, where it may span them
	joined AS (
		SELECT l.stream, l.advertiser_id, l.from_date, l.to_date, l.urgency, l.priority, l.due_at
		FROM listed AS l
		WHERE l.max_days < 30 OR l.urgency >= 60 OR l.due_at > moment
		UNION ALL
		SELECT g.stream, g.advertiser_id, pg_catalog.lower(n.part), pg_catalog.upper(n.part) - 1, g.urgency, g.priority, g.due_at
		FROM (
			SELECT l.stream, l.advertiser_id, l.expired, l.priority, pg_catalog.min(l.from_date) AS from_date, pg_catalog.max(l.to_date) AS to_date,
				pg_catalog.min(l.urgency) AS urgency, pg_catalog.min(l.due_at) AS due_at
			FROM listed AS l
			WHERE l.max_days >= 30 AND l.urgency < 60 AND l.due_at <= moment
			GROUP BY l.stream, l.advertiser_id, l.expired, l.priority) AS g
			CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.datemultirange(pg_catalog.daterange(g.from_date, g.to_date, '[]')) - g.expired) AS n (part))
	-- a month is read to its end: part of it would take the place of the whole
	-- the accounts take turns, so that a small one does not wait for a large one's backfill
	SELECT l.stream, l.advertiser_id, l.from_date, CASE WHEN m.newest IS NULL THEN l.to_date
			ELSE least((pg_catalog.date_trunc('month', l.to_date::timestamp) + interval '1 month')::date - 1, m.newest) END,
		l.urgency * 1000000 + least(999, pg_catalog.row_number() OVER (PARTITION BY l.advertiser_id, l.urgency
			ORDER BY l.priority, l.to_date DESC NULLS FIRST)::int) * 1000 + l.priority,
		l.due_at
	FROM joined AS l
		LEFT JOIN wanted AS m ON m.by_month AND m.stream = l.stream AND m.advertiser_id = l.advertiser_id
	ORDER BY 5, l.due_at, l.advertiser_id;
END;
$$;
COMMENT ON FUNCTION tiktokads.sync_due IS 'What is to be fetched for a connection, and when: for each enabled stream and ad account the days that are missing (due_at -infinity) and those to be read again, due already or later, by tiktokads.restatement. from_date and to_date are days of the account''s zone, NULL for streams without days (from_date alone: what was modified since that day, UTC). due_at is on tiktokads.clock_now()''s clock; lower priority first. No rows for an unknown or NULL connection.';
REVOKE ALL ON FUNCTION tiktokads.sync_due FROM PUBLIC;
