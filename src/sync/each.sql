-- streams that go through the rows of another: what they ask for, and when that changed

CREATE FUNCTION tiktokads.stream_expired_days(target name, each_stream text) RETURNS datemultirange
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF each_stream IS NULL THEN
		RETURN tiktokads.expired_days($1);
	END IF;
	RETURN tiktokads.expired_days($1) + (WITH RECURSIVE above AS (
			SELECT p.target, p.each_stream FROM tiktokads.stream AS p WHERE p.stream = $2 AND p.date_column IS NOT NULL
			UNION
			SELECT p.target, p.each_stream FROM above AS a JOIN tiktokads.stream AS p ON p.stream = a.each_stream AND p.date_column IS NOT NULL)
		SELECT coalesce(range_agg(d.days), '{}') FROM above AS a CROSS JOIN LATERAL unnest(tiktokads.expired_days(a.target)) AS d (days));
END;
$$;
COMMENT ON FUNCTION tiktokads.stream_expired_days IS 'Days that retention removed from the table of a stream or of a report that it goes through (each_stream, NULL: none): they are not fetched, because nobody knows any more what to ask for. Empty when there are none.';
REVOKE ALL ON FUNCTION tiktokads.stream_expired_days FROM PUBLIC;

CREATE FUNCTION tiktokads.each_listed(stream text, depth int) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s tiktokads.stream;
	p tiktokads.stream;
BEGIN
	SELECT * INTO s FROM tiktokads.stream AS t WHERE t.stream = $1;
	IF s.each_stream IS NULL THEN
		RETURN 'true';
	END IF;
	SELECT * INTO p FROM tiktokads.stream AS t WHERE t.stream = s.each_stream;
	IF NOT FOUND OR depth > 8 THEN
		RAISE undefined_object USING MESSAGE = format('stream "%s" goes through stream "%s", which %s', s.stream, s.each_stream,
			CASE WHEN depth > 8 THEN 'goes through it again' ELSE 'does not exist' END), HINT = 'Look at the stream''s row in tiktokads.stream.';
	END IF;
	RETURN format('EXISTS (SELECT FROM tiktokads.%I AS o%s WHERE %s%s AND %s)', p.target, depth + 1,
		(SELECT string_agg(format('o%s.%I = o%s.%2$I', depth + 1, c.name, depth), ' AND ')
			FROM unnest('{advertiser_id}'::text[] || s.each_columns || CASE WHEN p.date_column = s.date_column THEN p.date_column END) AS c (name) WHERE c.name IS NOT NULL),
		CASE WHEN p.tombstone_column IS NULL THEN '' ELSE format(' AND o%s.%I IS NULL', depth + 1, p.tombstone_column) END,
		tiktokads.each_listed(p.stream, depth + 1));
END;
$$;
COMMENT ON FUNCTION tiktokads.each_listed IS 'Condition on a row of a stream''s table, of alias o and depth, of being one that is still asked for: what the stream goes through has it, and so on up to a list, of which it is not removed. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.each_listed FROM PUBLIC;

CREATE FUNCTION tiktokads.each_part(stream text, advertiser_id bigint, from_date date, to_date date) RETURNS TABLE (lead_values text[], last_values text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s tiktokads.stream;
	p tiktokads.stream;
	unread datemultirange;
BEGIN
	SELECT * INTO STRICT s FROM tiktokads.stream AS t WHERE t.stream = $1;
	SELECT * INTO STRICT p FROM tiktokads.stream AS t WHERE t.stream = s.each_stream;
	IF p.date_column IS NOT NULL THEN
		unread := datemultirange(daterange($3, $4, '[]'))
			- coalesce((SELECT range_agg(daterange(r.from_date, r.to_date, '[]')) FROM tiktokads.sync_read AS r WHERE r.stream = p.stream AND r.advertiser_id = $2), '{}');
		IF unread <> '{}' THEN
			RAISE object_not_in_prerequisite_state USING
				MESSAGE = format('stream "%s" goes through stream "%s", which has not read the days from %s to %s', s.stream, p.stream, lower(unread), upper(unread) - 1),
				HINT = format('CALL tiktokads.sync(stream => %L, advertiser_id => %s, from_date => %L, to_date => %L); reads them.', p.stream, $2, lower(unread), upper(unread) - 1);
		END IF;
	END IF;
	RETURN QUERY EXECUTE format('SELECT m.lead_values, array_agg(m.last_value ORDER BY m.last_value) FROM ('
		'SELECT d.lead_values, d.last_value, (row_number() OVER (PARTITION BY d.lead_values ORDER BY d.last_value) - 1) / %s AS batch FROM ('
		'SELECT DISTINCT ARRAY[%s]::text[] AS lead_values, o0.%I::text AS last_value FROM tiktokads.%I AS o0 WHERE o0.advertiser_id = $1%s%s AND %s) AS d) AS m '
		'GROUP BY m.lead_values, m.batch ORDER BY m.lead_values, m.batch', s.each_batch,
		(SELECT string_agg(format('o0.%I::text', c.name), ', ' ORDER BY c.n) FROM unnest(trim_array(s.each_columns, 1)) WITH ORDINALITY AS c (name, n)),
		s.each_columns[cardinality(s.each_columns)], p.target,
		CASE WHEN p.date_column IS NULL THEN '' ELSE format(' AND o0.%I >= $2 AND o0.%1$I < $3 + 1', p.date_column) END,
		CASE WHEN p.tombstone_column IS NULL THEN '' ELSE format(' AND o0.%I IS NULL', p.tombstone_column) END,
		tiktokads.each_listed(p.stream, 0))
	USING $2, $3, $4;
END;
$$;
COMMENT ON FUNCTION tiktokads.each_part IS 'What a stream that goes through another has to ask for: a row for each request, with the values of all columns that it goes through but the last, and up to each_batch values of the last. from_date and to_date: the days, where it goes through a report. An error when the report has not read them all, or the stream goes through none. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.each_part FROM PUBLIC;

CREATE FUNCTION tiktokads.each_asked(stream text, advertiser_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	root tiktokads.stream;
BEGIN
	-- what goes through a report says of all its rows whether they are there; what goes through a list, of those that are in it
	WITH RECURSIVE above AS (
		SELECT s.stream, s.each_stream, 0 AS depth FROM tiktokads.stream AS s WHERE s.stream = $1
		UNION ALL
		SELECT p.stream, p.each_stream, a.depth + 1 FROM above AS a JOIN tiktokads.stream AS p ON p.stream = a.each_stream AND p.date_column IS NOT NULL AND a.depth < 9)
	SELECT t.* INTO STRICT root FROM above AS a JOIN tiktokads.stream AS t ON t.stream = a.stream ORDER BY a.depth DESC LIMIT 1;
	IF root.each_stream IS NULL THEN
		RETURN 'true';
	END IF;
	RETURN (SELECT coalesce(string_agg(format('(%s)', w.words), ' OR '), 'false')
		FROM tiktokads.each_part(root.stream, $2, NULL, NULL) AS e
			CROSS JOIN unnest(e.last_values) AS l (value)
			CROSS JOIN LATERAL (SELECT string_agg(format('o.%I = %L', root.each_columns[v.n], v.value), ' AND ')
				FROM unnest(e.lead_values || l.value) WITH ORDINALITY AS v (value, n)) AS w (words));
END;
$$;
COMMENT ON FUNCTION tiktokads.each_asked IS 'Condition on a row, of alias o, of the table of a stream that goes through another, of being one that the API is asked about: the list that all of it begins with has it. Rows of which it is not true are left alone. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.each_asked FROM PUBLIC;

CREATE FUNCTION tiktokads.sync_read_again(stream text, advertiser_id bigint, days datemultirange) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	old tiktokads.sync_read;
BEGIN
	-- one at a time, as in sync_read_note
	PERFORM pg_advisory_xact_lock(hashtextextended(format('tiktokads.sync_read %s %s', $1, $2), 0));
	FOR old IN
		DELETE FROM tiktokads.sync_read AS r
		WHERE r.stream = $1 AND r.advertiser_id = $2 AND datemultirange(daterange(r.from_date, r.to_date, '[]')) && $3
		RETURNING r.*
	LOOP
		INSERT INTO tiktokads.sync_read (stream, advertiser_id, from_date, to_date, read_at)
		SELECT $1, $2, lower(p.days), upper(p.days) - 1, p.read_at
		FROM (SELECT datemultirange(daterange(old.from_date, old.to_date, '[]')) AS days) AS o
			CROSS JOIN LATERAL (SELECT u, old.read_at FROM unnest(o.days - $3) AS u UNION ALL SELECT u, '-infinity' FROM unnest(o.days * $3) AS u) AS p (days, read_at);
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.sync_read_again IS 'Makes days of a stream and ad account that were read due again. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.sync_read_again FROM PUBLIC;

CREATE FUNCTION tiktokads.each_moved(stream text, advertiser_id bigint, from_date date, to_date date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s tiktokads.stream;
	p tiktokads.stream;
	days datemultirange;
	grown boolean;
	same text;
BEGIN
	SELECT * INTO STRICT s FROM tiktokads.stream AS t WHERE t.stream = $1;
	SELECT * INTO STRICT p FROM tiktokads.stream AS t WHERE t.stream = s.each_stream;
	IF p.date_column IS NULL THEN
		EXECUTE format('SELECT EXISTS (SELECT FROM tiktokads.%I WHERE advertiser_id = $1 AND first_seen_at = now())', p.target) INTO grown USING $2;
		days := CASE WHEN grown THEN '{(,)}' END;
	ELSE
		-- days with something new of which there are no rows yet, or with rows of something that is gone
		same := (SELECT string_agg(format('o.%I = q.%1$I', k.name), ' AND ') FROM unnest('{advertiser_id}'::text[] || s.each_columns) AS k (name))
			|| format(' AND o.%I = q.%I', s.date_column, p.date_column);
		EXECUTE format('SELECT range_agg(daterange(d.day, d.day, ''[]'')) FROM ('
			'SELECT DISTINCT q.%1$I::date FROM tiktokads.%2$I AS q WHERE q.advertiser_id = $1 AND q.%1$I >= $2 AND q.%1$I < $3 + 1'
			' AND q.changed_at = tiktokads.clock_transaction() AND NOT EXISTS (SELECT FROM tiktokads.%4$I AS o WHERE %5$s)'
			' UNION SELECT DISTINCT o.%3$I::date FROM tiktokads.%4$I AS o WHERE o.advertiser_id = $1 AND o.%3$I >= $2 AND o.%3$I < $3 + 1 AND (%6$s)'
			' AND NOT EXISTS (SELECT FROM tiktokads.%2$I AS q WHERE %5$s)) AS d (day)',
			p.date_column, p.target, s.date_column, s.target, same, tiktokads.each_asked($1, $2))
		INTO days USING $2, $3, $4;
	END IF;
	IF days IS NOT NULL THEN
		PERFORM tiktokads.sync_read_again($1, $2, days);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.each_moved IS 'Makes days of a stream due again when rows came to what it goes through, of which nothing was asked yet, or went from it: all days where it goes through a list, the days concerned where it goes through a report. from_date and to_date: days that were stored. Syncs call it in the transaction that stores them.';
REVOKE ALL ON FUNCTION tiktokads.each_moved FROM PUBLIC;
