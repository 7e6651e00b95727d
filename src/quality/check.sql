-- what is looked at when a slice was stored, and what comes of it

CREATE TABLE tiktokads.metric_refused
(
	advertiser_id bigint,
	stream text,
	metric name,
	code bigint NOT NULL,
	message text,
	refused_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (advertiser_id, stream, metric)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.metric_refused', '');
COMMENT ON TABLE tiktokads.metric_refused IS 'Metrics that the API refuses for an ad account and stream, found by halving the list. They are not asked for again; delete a row to try.';
COMMENT ON COLUMN tiktokads.metric_refused.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.metric_refused.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.metric_refused.metric IS 'Metric.';
COMMENT ON COLUMN tiktokads.metric_refused.code IS 'Code of the API.';
COMMENT ON COLUMN tiktokads.metric_refused.message IS 'What it said.';
COMMENT ON COLUMN tiktokads.metric_refused.refused_at IS 'When.';

CREATE FUNCTION tiktokads.metric_refuse(advertiser_id bigint, stream text, metric name, code bigint, message text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO tiktokads.metric_refused VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;
	PERFORM tiktokads.finding_raise('refused_metric', NULL, $2, $1, NULL, NULL,
		format('the API refuses metric "%s" in stream %s for ad account %s: %s (code %s)', $3, $2, $1, $5, $4),
		'The rest of the report is read without it. DELETE FROM tiktokads.metric_refused ... to have it tried again.', 'warning', $3::text);
END;
$$;
COMMENT ON FUNCTION tiktokads.metric_refuse IS 'Records that the API refuses a metric to an ad account and stream. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.metric_refuse FROM PUBLIC;

CREATE FUNCTION tiktokads.metric_allowed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM tiktokads.finding_settle('refused_metric', OLD.stream, OLD.advertiser_id, NULL, NULL,
		ARRAY(SELECT m.metric::text FROM tiktokads.metric_refused AS m WHERE m.stream = OLD.stream AND m.advertiser_id = OLD.advertiser_id));
	RETURN NULL;
END;
$$;
COMMENT ON FUNCTION tiktokads.metric_allowed IS 'Clears the finding of a metric that is no longer left out.';
REVOKE ALL ON FUNCTION tiktokads.metric_allowed FROM PUBLIC;
CREATE TRIGGER metric_allowed AFTER DELETE ON tiktokads.metric_refused FOR EACH ROW EXECUTE FUNCTION tiktokads.metric_allowed();

CREATE TABLE tiktokads.report_task
(
	stream text,
	advertiser_id bigint,
	from_date date,
	to_date date,
	task_id text NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (stream, advertiser_id, from_date, to_date)
);
COMMENT ON TABLE tiktokads.report_task IS 'Asynchronous report tasks that were created and not downloaded yet. Not part of dumps.';
COMMENT ON COLUMN tiktokads.report_task.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.report_task.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.report_task.from_date IS 'First day; -infinity for streams without days.';
COMMENT ON COLUMN tiktokads.report_task.to_date IS 'Last day; infinity likewise.';
COMMENT ON COLUMN tiktokads.report_task.task_id IS 'The API''s id of it.';
COMMENT ON COLUMN tiktokads.report_task.created_at IS 'When; a task of half a day ago is made anew.';

CREATE TABLE tiktokads.report_task_refused
(
	advertiser_id bigint PRIMARY KEY,
	code bigint NOT NULL,
	message text,
	refused_at timestamptz NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.report_task_refused', '');
COMMENT ON TABLE tiktokads.report_task_refused IS 'Ad accounts that may have no asynchronous reports; tried again after seven days, or when the row is deleted.';
COMMENT ON COLUMN tiktokads.report_task_refused.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.report_task_refused.code IS 'Code of the API.';
COMMENT ON COLUMN tiktokads.report_task_refused.message IS 'What it said.';
COMMENT ON COLUMN tiktokads.report_task_refused.refused_at IS 'When.';

CREATE FUNCTION tiktokads.report_task_refuse(advertiser_id bigint, code bigint, message text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO tiktokads.report_task_refused AS r VALUES ($1, $2, $3, tiktokads.clock_now())
	ON CONFLICT ON CONSTRAINT report_task_refused_pkey DO UPDATE SET code = EXCLUDED.code, message = EXCLUDED.message, refused_at = EXCLUDED.refused_at;
	PERFORM tiktokads.finding_raise('async_unavailable', NULL, NULL, $1, NULL, NULL,
		format('ad account %s may have no asynchronous reports: %s (code %s)', $1, $3, $2),
		'Reports of more than 20,000 objects are read in parts of some campaigns instead. Ask TikTok for access.', 'notice');
END;
$$;
COMMENT ON FUNCTION tiktokads.report_task_refuse IS 'Records that an ad account may have no asynchronous reports. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.report_task_refuse FROM PUBLIC;

CREATE TABLE tiktokads.page_hash
(
	stream text,
	advertiser_id bigint,
	from_date date,
	to_date date,
	request text NOT NULL,
	pages text[] NOT NULL,
	rows bigint NOT NULL,
	print text NOT NULL,
	key text NOT NULL,
	PRIMARY KEY (stream, advertiser_id, from_date, to_date)
);
COMMENT ON TABLE tiktokads.page_hash IS 'Hashes of the pages that slices were made from: a page that comes again byte for byte is not parsed. Not part of dumps; deleting rows costs time, nothing else.';
COMMENT ON COLUMN tiktokads.page_hash.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.page_hash.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.page_hash.from_date IS 'First day; -infinity for streams without days.';
COMMENT ON COLUMN tiktokads.page_hash.to_date IS 'Last day; infinity likewise.';
COMMENT ON COLUMN tiktokads.page_hash.request IS 'MD5 of what was asked: other metrics make other pages.';
COMMENT ON COLUMN tiktokads.page_hash.pages IS 'Hash of each page, without the request id: GMAC under the row''s key.';
COMMENT ON COLUMN tiktokads.page_hash.rows IS 'Rows that they made.';
COMMENT ON COLUMN tiktokads.page_hash.print IS 'Number and versions of the rows as they were stored: when anybody touches them it differs, and the pages are parsed.';
COMMENT ON COLUMN tiktokads.page_hash.key IS 'Random key of the hashes, in hexadecimal digits; it protects nothing but them.';

CREATE VIEW tiktokads.data_quality WITH (security_invoker = true) AS
SELECT f.finding, f.severity, f.kind, f.connection, f.stream, f.advertiser_id, f.from_date, f.to_date, f.subject,
	f.message AS explanation, f.hint, f.times, f.first_seen_at, f.last_seen_at
FROM tiktokads.finding AS f
WHERE f.cleared_at IS NULL;
COMMENT ON VIEW tiktokads.data_quality IS 'What is wrong, or worth knowing, about the data now. Rows go by themselves when a later reading is right; tiktokads.finding keeps them with cleared_at.';
COMMENT ON COLUMN tiktokads.data_quality.finding IS 'Number.';
COMMENT ON COLUMN tiktokads.data_quality.severity IS 'notice: good to know. warning: numbers may be incomplete. error: something does not work.';
COMMENT ON COLUMN tiktokads.data_quality.kind IS 'totals: rows do not add up to the API''s totals. levels: levels do not add up to the ad account. hours: hours do not add up to the day. truncated: the API cut the list short. unknown_field, changed_type, missing_metric: the API''s replies changed. refused_metric: the API refuses a metric. rejected_rows: rows without a key. stream_degraded, account_changed, hook_failed, async_unavailable, and others of the workers.';
COMMENT ON COLUMN tiktokads.data_quality.connection IS 'Connection that it concerns; NULL: none in particular.';
COMMENT ON COLUMN tiktokads.data_quality.stream IS 'Stream that it concerns; NULL: none in particular.';
COMMENT ON COLUMN tiktokads.data_quality.advertiser_id IS 'Ad account that it concerns; NULL: none in particular.';
COMMENT ON COLUMN tiktokads.data_quality.from_date IS 'First day that it concerns; NULL: none.';
COMMENT ON COLUMN tiktokads.data_quality.to_date IS 'Last day, likewise.';
COMMENT ON COLUMN tiktokads.data_quality.subject IS 'What exactly: a field, a metric, a hook; NULL: nothing more exact.';
COMMENT ON COLUMN tiktokads.data_quality.explanation IS 'What is wrong, when last seen.';
COMMENT ON COLUMN tiktokads.data_quality.hint IS 'What to do about it; NULL: nothing.';
COMMENT ON COLUMN tiktokads.data_quality.times IS 'How often it was seen.';
COMMENT ON COLUMN tiktokads.data_quality.first_seen_at IS 'When it was first seen.';
COMMENT ON COLUMN tiktokads.data_quality.last_seen_at IS 'When it was last seen.';

CREATE FUNCTION tiktokads.check_totals(stream text, advertiser_id bigint, from_date date, to_date date, totals jsonb, sums jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wrong text[];
BEGIN
	SELECT coalesce(array_agg(s.key), '{}') INTO wrong
	FROM jsonb_each_text(sums) AS s
		JOIN jsonb_each_text(totals) AS t ON t.key = s.key AND t.value ~ '^-?[0-9]+(\.[0-9]+)?$'
	WHERE coalesce(s.value::numeric, 0) <> t.value::numeric;
	IF wrong = '{}' THEN
		PERFORM tiktokads.finding_settle('totals', $1, $2, $3, $4, '{}');
		RETURN;
	END IF;
	PERFORM tiktokads.finding_raise('totals', NULL, $1, $2, $3, $4,
		format('rows of %s do not add up to the total that the API gives: %s', $1,
			(SELECT string_agg(format('%s is %s, should be %s', w, coalesce(sums ->> w, '0'), totals ->> w), '; ') FROM unnest(wrong) AS w)),
		'The next reading looks again. If it stays, narrow the stream''s max_days in tiktokads.stream_override.', 'warning');
END;
$$;
COMMENT ON FUNCTION tiktokads.check_totals IS 'Compares sums of a slice''s rows with the API''s totals (objects of metric and number); raises or clears the finding "totals". Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.check_totals FROM PUBLIC;

CREATE FUNCTION tiktokads.comparable_days(stream text, other text, advertiser_id bigint, from_date date, to_date date) RETURNS SETOF date
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT g.day::date
	FROM tiktokads.sync_read AS r
		JOIN tiktokads.sync_read AS o ON o.stream = $2 AND o.advertiser_id = r.advertiser_id AND o.from_date <= r.to_date AND o.to_date >= r.from_date
			AND r.read_at - o.read_at BETWEEN interval '-6 hours' AND interval '6 hours'
		JOIN tiktokads.advertiser AS a ON a.advertiser_id = r.advertiser_id
		CROSS JOIN LATERAL (SELECT tiktokads.clock_day(r.read_at, a.display_timezone) AS today) AS t
		CROSS JOIN LATERAL pg_catalog.generate_series(greatest(r.from_date, o.from_date, $4)::timestamp,
			least(r.to_date, o.to_date, $5, t.today - 1)::timestamp, interval '1 day') AS g (day)
	WHERE r.stream = $1 AND r.advertiser_id = $3 AND r.from_date <= $5 AND r.to_date >= $4
		AND t.today = tiktokads.clock_day(o.read_at, a.display_timezone);
END;
COMMENT ON FUNCTION tiktokads.comparable_days IS 'Days of an ad account that were over when both streams read them, on the same day and within six hours: their numbers can be compared.';

CREATE FUNCTION tiktokads.check_sums(stream text, other text, advertiser_id bigint, from_date date, to_date date)
RETURNS TABLE (stat_date date, explanation text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	query constant text := 'SELECT %1$s::date AS stat_date, coalesce(sum(spend), 0) AS spend, coalesce(sum(impressions), 0) AS impressions,'
		' coalesce(sum(clicks), 0) AS clicks FROM tiktokads.%2$I WHERE advertiser_id = $1 AND %1$s >= $2 AND %1$s < $3 + 1 GROUP BY 1';
	mine text;
	theirs text;
BEGIN
	SELECT format(query, quote_ident(s.date_column), s.target) INTO STRICT mine FROM tiktokads.stream AS s WHERE s.stream = check_sums.stream;
	SELECT format(query, quote_ident(s.date_column), s.target) INTO STRICT theirs FROM tiktokads.stream AS s WHERE s.stream = check_sums.other;
	-- only whole days, and only such that both streams read on the same day and within hours: numbers move
	RETURN QUERY EXECUTE format(
		'SELECT d.day, concat_ws(''; '', CASE WHEN a.spend IS DISTINCT FROM b.spend THEN format(''spend %%s against %%s'', coalesce(a.spend, 0), coalesce(b.spend, 0)) END,'
		' CASE WHEN a.impressions IS DISTINCT FROM b.impressions THEN format(''impressions %%s against %%s'', coalesce(a.impressions, 0), coalesce(b.impressions, 0)) END,'
		' CASE WHEN a.clicks IS DISTINCT FROM b.clicks THEN format(''clicks %%s against %%s'', coalesce(a.clicks, 0), coalesce(b.clicks, 0)) END)'
		' FROM tiktokads.comparable_days($4, $5, $1, $2, $3) AS d (day) LEFT JOIN (%s) AS a ON a.stat_date = d.day LEFT JOIN (%s) AS b ON b.stat_date = d.day'
		' WHERE (coalesce(a.spend, 0), coalesce(a.impressions, 0), coalesce(a.clicks, 0)) IS DISTINCT FROM (coalesce(b.spend, 0), coalesce(b.impressions, 0), coalesce(b.clicks, 0))'
		' ORDER BY d.day', mine, theirs) USING $3, $4, $5, $1, $2;
END;
$$;
COMMENT ON FUNCTION tiktokads.check_sums IS 'Days on which the sums of spend, impressions or clicks of two streams of an ad account differ, though both read them at about the same time; with words. No rows: they agree, or cannot be compared.';
REVOKE ALL ON FUNCTION tiktokads.check_sums FROM PUBLIC;

CREATE FUNCTION tiktokads.check_against(kind text, stream text, other text, advertiser_id bigint, from_date date, to_date date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	open tiktokads.finding;
	wrong record;
BEGIN
	SELECT * INTO open FROM tiktokads.finding AS f
	WHERE f.cleared_at IS NULL AND f.kind = $1 AND f.stream = $2 AND f.advertiser_id = $4 AND f.subject = $3;
	-- days that were wrong before are looked at again
	SELECT count(*) AS days, min(c.stat_date) AS first, max(c.stat_date) AS last,
		string_agg(c.stat_date || ': ' || c.explanation, '; ' ORDER BY c.stat_date) FILTER (WHERE c.n <= 3) AS words INTO wrong
	FROM (SELECT s.*, row_number() OVER (ORDER BY s.stat_date) AS n
		FROM tiktokads.check_sums($2, $3, $4, least($5, open.from_date), greatest($6, open.to_date)) AS s) AS c;
	IF wrong.days = 0 THEN
		UPDATE tiktokads.finding AS f SET cleared_at = now() WHERE f.finding = open.finding;
		RETURN;
	END IF;
	wrong.words := format('%s does not add up to %s on %s days: %s%s', $2, $3, wrong.days, wrong.words, CASE WHEN wrong.days > 3 THEN '; ...' ELSE '' END);
	IF open.finding IS NULL THEN
		PERFORM tiktokads.finding_raise($1, NULL, $2, $4, wrong.first, wrong.last, wrong.words,
			'The next reading looks again. To look at once, CALL tiktokads.sync(stream => ...) for both.', 'warning', $3);
	ELSE
		UPDATE tiktokads.finding AS f SET from_date = wrong.first, to_date = wrong.last, message = wrong.words, times = f.times + 1, last_seen_at = now()
		WHERE f.finding = open.finding;
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.check_against IS 'Compares two streams of an ad account day by day and raises or clears findings. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.check_against FROM PUBLIC;

CREATE FUNCTION tiktokads.check_drift(stream text, advertiser_id bigint, drift text, missing text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	part text;
	field text;
	unknown text[] := '{}';
	changed text[] := '{}';
BEGIN
	FOREACH part IN ARRAY coalesce(string_to_array(drift, ', '), '{}') LOOP
		IF part LIKE 'unknown field %' THEN
			field := substr(part, 15);
			unknown := unknown || field;
			PERFORM tiktokads.finding_raise('unknown_field', NULL, $1, $2, NULL, NULL,
				format('the API sends field "%s" in stream %s, which has no column; it is kept in extra', field, $1),
				'SELECT tiktokads.add_metric(...) gives a metric a column.', 'notice', field);
		ELSIF part LIKE 'field % does not fit type %' THEN
			field := substring(part FROM '^field (.*) does not fit type');
			changed := changed || field;
			PERFORM tiktokads.finding_raise('changed_type', NULL, $1, $2, NULL, NULL,
				format('%s in stream %s; the column is NULL and the value is kept in extra', part, $1),
				'Nothing else is concerned. Tell the maintainers if it stays.', 'warning', field);
		END IF;
	END LOOP;
	PERFORM tiktokads.finding_settle('unknown_field', $1, $2, NULL, NULL, unknown);
	PERFORM tiktokads.finding_settle('changed_type', $1, $2, NULL, NULL, changed);
	IF missing IS NOT NULL THEN
		FOREACH field IN ARRAY missing LOOP
			PERFORM tiktokads.finding_raise('missing_metric', NULL, $1, $2, NULL, NULL,
				format('the API was asked for metric "%s" in stream %s and sends none; stored values are left as they are', field, $1),
				'It may have been renamed: look for an unknown_field.', 'warning', field);
		END LOOP;
		PERFORM tiktokads.finding_settle('missing_metric', $1, $2, NULL, NULL, missing);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.check_drift IS 'Raises and clears the findings about fields that the API sends otherwise than known. drift: the reader''s words; missing: metrics asked for and not sent, NULL when there were no rows. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.check_drift FROM PUBLIC;

CREATE FUNCTION tiktokads.slice_stored(stream text, advertiser_id bigint, from_date date, to_date date, read_at timestamptz, modified_only boolean,
	truncated boolean, changes bigint, pages bigint, rows_rejected bigint, drift text, missing text[], totals jsonb, sums jsonb, run bigint, unchanged boolean,
	added bigint, removed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s tiktokads.stream;
	level text;
BEGIN
	SELECT * INTO STRICT s FROM tiktokads.stream AS t WHERE t.stream = slice_stored.stream;
	IF modified_only THEN
		UPDATE tiktokads.sync_read AS r SET modified_read_at = $5 WHERE r.stream = $1 AND r.advertiser_id = $2;
	ELSE
		PERFORM tiktokads.sync_read_note($1, $2, coalesce($3, '-infinity'), coalesce($4, 'infinity'), $5);
	END IF;
	DELETE FROM tiktokads.stream_degraded AS d WHERE d.stream = $1 AND d.advertiser_id = $2;
	IF FOUND THEN
		PERFORM tiktokads.finding_clear('stream_degraded', NULL, $1, $2);
	END IF;
	IF unchanged THEN
		RETURN;
	END IF;
	IF changes > 0 THEN
		PERFORM pg_notify('tiktokads_sync', json_build_object('state', 'done', 'advertiser_id', $2, 'stream', $1, 'from', $3, 'to', $4, 'run', $15)::text);
	END IF;
	IF added + removed > 0 THEN
		PERFORM tiktokads.each_moved(t.stream, $2, $3, $4) FROM tiktokads.stream AS t WHERE t.each_stream = $1;
	END IF;
	IF s.target = 'adgroup' AND changes > 0 THEN
		PERFORM tiktokads.attribution_window_find($2);
	END IF;

	IF truncated THEN
		PERFORM tiktokads.finding_raise('truncated', NULL, $1, $2, $3, $4,
			format('the API cut the list of %s short at its limit of objects; nothing was removed', $1),
			'Older objects are fetched in parts, or by an asynchronous task where the account may have one.', 'warning');
	ELSE
		PERFORM tiktokads.finding_settle('truncated', $1, $2, $3, $4, '{}');
	END IF;
	IF rows_rejected > 0 THEN
		PERFORM tiktokads.finding_raise('rejected_rows', NULL, $1, $2, NULL, NULL,
			format('%s rows of %s had no key and were not stored', rows_rejected, $1), 'Run ' || $15 || ' of tiktokads.sync_history.', 'warning');
	ELSE
		PERFORM tiktokads.finding_settle('rejected_rows', $1, $2, NULL, NULL, '{}');
	END IF;
	PERFORM tiktokads.check_drift($1, $2, drift, missing);
	IF totals IS NOT NULL AND NOT truncated THEN
		PERFORM tiktokads.check_totals($1, $2, $3, $4, totals, sums);
	END IF;

	level := substring(s.target FROM '^report_(advertiser|campaign|adgroup|ad)_(?:daily|hourly)$');
	IF level IS NULL OR s.added OR s.constants <> '{}' THEN
		RETURN;
	ELSIF s.target LIKE '%\_hourly' THEN
		PERFORM tiktokads.check_against('hours', $1, 'report_' || level || '_daily', $2, $3, $4);
	ELSIF level <> 'advertiser' THEN
		PERFORM tiktokads.check_against('levels', $1, 'report_advertiser_daily', $2, $3, $4);
	ELSE
		PERFORM tiktokads.check_against('levels', o.stream, $1, $2, $3, $4)
		FROM (VALUES ('report_campaign_daily'), ('report_adgroup_daily'), ('report_ad_daily')) AS o (stream)
			JOIN tiktokads.sync_read AS r ON r.stream = o.stream AND r.advertiser_id = $2 AND r.from_date <= $4 AND r.to_date >= $3
		GROUP BY o.stream;
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.slice_stored IS 'What follows in the transaction that stores a slice: the cursor of readings, completeness checks, drift. Syncs call it; dates NULL for streams without days.';
REVOKE ALL ON FUNCTION tiktokads.slice_stored FROM PUBLIC;

CREATE FUNCTION tiktokads.account_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF OLD.currency IS DISTINCT FROM NEW.currency AND OLD.currency IS NOT NULL THEN
		PERFORM tiktokads.finding_raise('account_changed', NEW.connection, NULL, NEW.advertiser_id, NULL, NULL,
			format('currency of ad account %s changed from %s to %s', NEW.advertiser_id, OLD.currency, NEW.currency),
			'Amounts stored before are in the old currency. UPDATE tiktokads.finding SET cleared_at = now() when that is taken care of.', 'error', 'currency');
	END IF;
	IF OLD.display_timezone IS DISTINCT FROM NEW.display_timezone AND OLD.display_timezone IS NOT NULL THEN
		PERFORM tiktokads.finding_raise('account_changed', NEW.connection, NULL, NEW.advertiser_id, NULL, NULL,
			format('time zone of ad account %s changed from %s to %s', NEW.advertiser_id, OLD.display_timezone, NEW.display_timezone),
			'Days and hours stored before are of the old zone; a backfill reads them in the new one. UPDATE tiktokads.finding SET cleared_at = now() when that is taken care of.', 'error', 'display_timezone');
	END IF;
	RETURN NULL;
END;
$$;
COMMENT ON FUNCTION tiktokads.account_changed IS 'Records that the API now gives an ad account another currency or time zone.';
REVOKE ALL ON FUNCTION tiktokads.account_changed FROM PUBLIC;
CREATE TRIGGER account_changed AFTER UPDATE ON tiktokads.advertiser
	FOR EACH ROW WHEN (OLD.currency IS DISTINCT FROM NEW.currency OR OLD.display_timezone IS DISTINCT FROM NEW.display_timezone)
	EXECUTE FUNCTION tiktokads.account_changed();
