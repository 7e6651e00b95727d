-- what will be asked, what it costs, and how far a backfill is

CREATE PROCEDURE tiktokads.backfill(from_date date, to_date date, stream text DEFAULT NULL, advertiser_id bigint DEFAULT NULL, connection text DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF from_date IS NULL OR to_date IS NULL OR NOT isfinite(from_date) OR NOT isfinite(to_date) THEN
		RAISE invalid_parameter_value USING MESSAGE = 'from_date and to_date must be finite', HINT = 'Give the first and the last day; both are included.';
	ELSIF from_date > to_date THEN
		RAISE invalid_parameter_value USING MESSAGE = 'from_date is after to_date', HINT = 'Give the first day first; both days are included.';
	ELSIF from_date > tiktokads.clock_today('UTC') + 1 THEN
		RAISE invalid_parameter_value USING MESSAGE = 'from_date is in the future', HINT = 'Days to come are read when they come, without a backfill.';
	ELSIF stream IS NOT NULL AND NOT EXISTS (SELECT FROM tiktokads.stream AS s WHERE s.stream = backfill.stream) THEN
		RAISE undefined_object USING MESSAGE = format('stream "%s" does not exist', stream), HINT = 'SELECT stream, description FROM tiktokads.stream; lists them.';
	ELSIF stream IS NOT NULL AND NOT EXISTS (SELECT FROM tiktokads.stream AS s WHERE s.stream = backfill.stream AND s.date_column IS NOT NULL) THEN
		RAISE invalid_parameter_value USING MESSAGE = format('stream "%s" has no days', stream), HINT = 'It is read whole: there is nothing to fill back.';
	ELSIF advertiser_id IS NOT NULL AND NOT EXISTS (SELECT FROM tiktokads.advertiser AS a WHERE a.advertiser_id = backfill.advertiser_id) THEN
		RAISE undefined_object USING MESSAGE = format('advertiser %s is not known', advertiser_id), HINT = 'SELECT advertiser_id, name FROM tiktokads.advertiser; lists those that were found.';
	ELSIF connection IS NOT NULL AND NOT EXISTS (SELECT FROM tiktokads.connection AS c WHERE c.name = backfill.connection) THEN
		RAISE undefined_object USING MESSAGE = format('connection "%s" does not exist', connection), HINT = 'SELECT name FROM tiktokads.connection; lists them.';
	END IF;
	IF stream IS NOT NULL AND NOT EXISTS (SELECT FROM tiktokads.stream AS s WHERE s.stream = backfill.stream AND s.enabled) THEN
		RAISE WARNING 'stream "%" is disabled: nothing is fetched before it is enabled', stream
			USING HINT = format('INSERT INTO tiktokads.stream_override (stream, enabled) VALUES (%L, true) ON CONFLICT (stream) DO UPDATE SET enabled = true;', stream);
	END IF;
	INSERT INTO tiktokads.backfill_request AS b (connection, stream, advertiser_id, from_date, to_date)
	VALUES (backfill.connection, backfill.stream, backfill.advertiser_id, backfill.from_date, backfill.to_date);
END;
$$;
COMMENT ON PROCEDURE tiktokads.backfill IS 'Has the days from from_date to to_date fetched in the background: those that were not read yet, of every enabled report stream with days (or one), every ad account (or one). Nothing is fetched by the call itself: the workers do, or CALL tiktokads.sync(due => true). tiktokads.sync_plan shows what it costs, backfill_progress how far it is. Resumable: what was read is not read again.';
REVOKE ALL ON PROCEDURE tiktokads.backfill FROM PUBLIC;

CREATE FUNCTION tiktokads.each_members(stream text, advertiser_id bigint) RETURNS double precision
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE WHEN s.each_stream IS NULL THEN 1
		ELSE greatest(pg_catalog.ceil(coalesce(l.rows_per_day, 0) / s.each_batch),
			CASE WHEN s.each_batch > 1 THEN (SELECT g.rows_per_day FROM tiktokads.stream AS p JOIN tiktokads.sync_state AS g ON g.stream = p.each_stream AND g.advertiser_id = $2
				WHERE p.stream = s.each_stream) END) END
	FROM tiktokads.stream AS s LEFT JOIN tiktokads.sync_state AS l ON l.stream = s.each_stream AND l.advertiser_id = $2
	WHERE s.stream = $1;
END;
COMMENT ON FUNCTION tiktokads.each_members IS 'Requests that a slice of a stream takes at least, by the rows that what it goes through had last time; 1 for a stream that goes through nothing, NULL for one that does not exist.';
REVOKE ALL ON FUNCTION tiktokads.each_members FROM PUBLIC;

CREATE VIEW tiktokads.sync_plan WITH (security_invoker = true) AS
SELECT c.name AS connection, p.priority, d.stream, d.advertiser_id, d.from_date, d.to_date, d.due_at, d.due_at <= tiktokads.clock_now() AS due,
	q.slices, greatest(q.slices * e.members, pg_catalog.ceil(coalesce(t.rows_per_day, 0) * coalesce(d.to_date - d.from_date + 1, 1) / s.page_size))::bigint AS requests
FROM tiktokads.connection AS c
	CROSS JOIN LATERAL tiktokads.sync_due(c.name) AS d
	JOIN tiktokads.stream AS s ON s.stream = d.stream
	LEFT JOIN tiktokads.sync_state AS t ON t.stream = d.stream AND t.advertiser_id = d.advertiser_id
	CROSS JOIN LATERAL (SELECT d.priority / 1000000 AS priority) AS p
	CROSS JOIN LATERAL (SELECT CASE WHEN s.date_column IS NULL OR d.to_date IS NULL THEN 1
		WHEN s.by_month THEN (pg_catalog.date_part('year', d.to_date) * 12 + pg_catalog.date_part('month', d.to_date)
			- pg_catalog.date_part('year', d.from_date) * 12 - pg_catalog.date_part('month', d.from_date))::int + 1
		ELSE (d.to_date - d.from_date) / greatest(s.max_days, 1) + 1 END AS slices) AS q
	CROSS JOIN LATERAL (SELECT CASE WHEN s.each_stream IS NULL THEN 1 ELSE tiktokads.each_members(d.stream, d.advertiser_id) END AS members) AS e;
COMMENT ON VIEW tiktokads.sync_plan IS 'What will be asked of the API, due now or later, and how many requests that costs: before any of it starts.';
COMMENT ON COLUMN tiktokads.sync_plan.connection IS 'Connection.';
COMMENT ON COLUMN tiktokads.sync_plan.priority IS 'Lower numbers first: 10 today and the last days, 15 lists, 20 the last month, 40 days within the attribution window, 60 backfill, 80 the slow pass.';
COMMENT ON COLUMN tiktokads.sync_plan.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.sync_plan.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_plan.from_date IS 'First day; NULL: the stream has no days.';
COMMENT ON COLUMN tiktokads.sync_plan.to_date IS 'Last day; NULL likewise, or (with a from_date) what was modified since.';
COMMENT ON COLUMN tiktokads.sync_plan.due_at IS 'When; -infinity: it was never read, or what it goes through has changed.';
COMMENT ON COLUMN tiktokads.sync_plan.due IS 'True when that time has come.';
COMMENT ON COLUMN tiktokads.sync_plan.slices IS 'Slices of the days, each of them one commit.';
COMMENT ON COLUMN tiktokads.sync_plan.requests IS 'Requests to expect, by the rows that such days had last time (and the shops, campaigns or products that are gone through); as slices where none was read yet.';

CREATE VIEW tiktokads.sync_budget WITH (security_invoker = true) AS
WITH account AS (
	SELECT a.connection, a.advertiser_id, tiktokads.attribution_days(a.advertiser_id) AS days FROM tiktokads.advertiser AS a WHERE a.sync AND a.readable),
reading AS (
	SELECT a.connection, s.path, a.advertiser_id, s.stream,
		pg_catalog.extract('epoch', interval '1 day') / pg_catalog.extract('epoch', CASE WHEN b.band IS NULL THEN s.refresh ELSE b.every END)
			* greatest(CASE WHEN s.each_stream IS NULL THEN 1 ELSE tiktokads.each_members(s.stream, a.advertiser_id)::numeric END * CASE WHEN b.band IS NULL THEN 1 WHEN s.by_month THEN 2
				ELSE pg_catalog.ceil(n.days::numeric / greatest(s.max_days, 1)) END, coalesce(t.rows_per_day, 0)::numeric / s.page_size * CASE WHEN b.band IS NULL THEN 1 ELSE n.days END)
			AS requests
	FROM account AS a
		JOIN tiktokads.stream AS s ON s.enabled AND s.kind IN ('entity', 'report')
		LEFT JOIN tiktokads.restatement AS b ON s.date_column IS NOT NULL AND b.enabled AND s.stream LIKE b.streams
		LEFT JOIN tiktokads.sync_state AS t ON t.stream = s.stream AND t.advertiser_id = a.advertiser_id
		CROSS JOIN LATERAL (SELECT greatest(0, coalesce(b.to_age, a.days) - coalesce(b.from_age, a.days + 1) + 1) AS days) AS n
	WHERE s.date_column IS NULL OR (b.band IS NOT NULL AND n.days > 0))
SELECT coalesce(c.app_id, c.name) AS app, r.path AS endpoint, pg_catalog.count(DISTINCT r.advertiser_id) AS advertisers,
	pg_catalog.ceil(pg_catalog.sum(r.requests))::bigint AS requests_per_day,
	l.per_minute, l.per_day,
	pg_catalog.round(pg_catalog.sum(r.requests) / nullif(l.per_day, 0), 4) AS share_of_day,
	pg_catalog.round(pg_catalog.sum(r.requests) / nullif(l.per_minute, 0), 1) AS minutes_at_full_rate,
	coalesce(pg_catalog.sum(r.requests) <= l.per_day, true) AS fits
FROM reading AS r
	JOIN tiktokads.connection AS c ON c.name = r.connection
	LEFT JOIN (VALUES ('sandbox', 30, 1000), ('basic', 600, 864000), ('advanced', 1200, 1728000), ('premium', 1800, 2592000), ('ultimate', 3000, 4320000))
		AS l (tier, per_minute, per_day) ON l.tier = c.tier
GROUP BY coalesce(c.app_id, c.name), r.path, l.per_minute, l.per_day;
COMMENT ON VIEW tiktokads.sync_budget IS 'The arithmetic of a day: how many requests the schedule needs for each app and endpoint, against what the API allows. The limits are per app and endpoint.';
COMMENT ON COLUMN tiktokads.sync_budget.app IS 'Developer app; the connection''s name where it is unknown.';
COMMENT ON COLUMN tiktokads.sync_budget.endpoint IS 'Path of the endpoint.';
COMMENT ON COLUMN tiktokads.sync_budget.advertisers IS 'Ad accounts read by it.';
COMMENT ON COLUMN tiktokads.sync_budget.requests_per_day IS 'Requests of a day, by the enabled streams, tiktokads.restatement and the rows that days had last time.';
COMMENT ON COLUMN tiktokads.sync_budget.per_minute IS 'Requests that the app''s tier allows in a minute; NULL: no limit.';
COMMENT ON COLUMN tiktokads.sync_budget.per_day IS 'Requests that it allows in a day; NULL: no limit.';
COMMENT ON COLUMN tiktokads.sync_budget.share_of_day IS 'Part of the day''s allowance that is used: 1 is all of it.';
COMMENT ON COLUMN tiktokads.sync_budget.minutes_at_full_rate IS 'Minutes that the day''s requests take at the minute''s allowance.';
COMMENT ON COLUMN tiktokads.sync_budget.fits IS 'False: the schedule asks for more than the API allows in a day. Disable streams, or raise restatement''s intervals.';

CREATE VIEW tiktokads.backfill_progress WITH (security_invoker = true) AS
WITH work AS (
	SELECT b.backfill, s.stream, a.advertiser_id, s.max_days, s.by_month,
		pg_catalog.datemultirange(pg_catalog.daterange(b.from_date, least(b.to_date, tiktokads.clock_today(a.display_timezone)), '[]'))
			- tiktokads.stream_expired_days(s.target, s.each_stream) AS days
	FROM tiktokads.backfill_request AS b
		JOIN tiktokads.advertiser AS a ON a.sync AND a.readable AND (b.connection IS NULL OR a.connection = b.connection)
			AND (b.advertiser_id IS NULL OR a.advertiser_id = b.advertiser_id)
		JOIN tiktokads.stream AS s ON s.enabled AND s.kind = 'report' AND s.date_column IS NOT NULL AND (b.stream IS NULL OR s.stream = b.stream)
	WHERE b.from_date <= tiktokads.clock_today(a.display_timezone)),
part AS (
	SELECT w.backfill, w.max_days, w.by_month,
		(SELECT coalesce(pg_catalog.sum(pg_catalog.upper(d) - pg_catalog.lower(d)), 0) FROM pg_catalog.unnest(w.days) AS d) AS days,
		(SELECT coalesce(pg_catalog.sum(pg_catalog.upper(d) - pg_catalog.lower(d)), 0) FROM pg_catalog.unnest(w.days - coalesce(
			(SELECT pg_catalog.range_agg(pg_catalog.daterange(r.from_date, r.to_date, '[]')) FROM tiktokads.sync_read AS r
				WHERE r.stream = w.stream AND r.advertiser_id = w.advertiser_id), '{}')) AS d) AS left_days
	FROM work AS w),
sums AS (
	SELECT p.backfill, pg_catalog.sum(p.days)::bigint AS days, pg_catalog.sum(p.days - p.left_days)::bigint AS days_done,
		pg_catalog.sum(pg_catalog.ceil(p.left_days::numeric / CASE WHEN p.by_month THEN 30 ELSE greatest(p.max_days, 1) END))::bigint AS requests_left
	FROM part AS p GROUP BY p.backfill),
pace AS (
	SELECT pg_catalog.count(*) AS slices, pg_catalog.extract('epoch', pg_catalog.max(h.finished_at) - pg_catalog.min(h.started_at)) AS seconds
	FROM (SELECT i.started_at, i.finished_at FROM tiktokads.sync_history AS i WHERE i.state = 'done' AND i.from_date IS NOT NULL ORDER BY i.run DESC LIMIT 200) AS h)
SELECT b.backfill, b.connection, b.stream, b.advertiser_id, b.from_date, b.to_date, b.requested_by, b.requested_at,
	coalesce(s.days, 0) AS days, coalesce(s.days_done, 0) AS days_done,
	CASE WHEN s.days > 0 THEN pg_catalog.round(100.0 * s.days_done / s.days, 1) END AS percent, coalesce(s.requests_left, 0) AS requests_left,
	CASE WHEN coalesce(s.requests_left, 0) = 0 THEN interval '0'
		WHEN p.slices > 0 AND p.seconds > 0 THEN pg_catalog.make_interval(secs => (s.requests_left * p.seconds / p.slices)::double precision) END AS time_left,
	coalesce(s.days = s.days_done, false) AS done
FROM tiktokads.backfill_request AS b
	LEFT JOIN sums AS s ON s.backfill = b.backfill
	CROSS JOIN pace AS p;
COMMENT ON VIEW tiktokads.backfill_progress IS 'How far each backfill is: days of streams and ad accounts, done and left.';
COMMENT ON COLUMN tiktokads.backfill_progress.backfill IS 'Number, as in backfill_request.';
COMMENT ON COLUMN tiktokads.backfill_progress.connection IS 'Connection; NULL: all.';
COMMENT ON COLUMN tiktokads.backfill_progress.stream IS 'Stream; NULL: every enabled report stream with days.';
COMMENT ON COLUMN tiktokads.backfill_progress.advertiser_id IS 'Ad account; NULL: all.';
COMMENT ON COLUMN tiktokads.backfill_progress.from_date IS 'First day.';
COMMENT ON COLUMN tiktokads.backfill_progress.to_date IS 'Last day.';
COMMENT ON COLUMN tiktokads.backfill_progress.requested_by IS 'Who asked.';
COMMENT ON COLUMN tiktokads.backfill_progress.requested_at IS 'When.';
COMMENT ON COLUMN tiktokads.backfill_progress.days IS 'Days wanted, of all streams and ad accounts; days to come and expired ones do not count.';
COMMENT ON COLUMN tiktokads.backfill_progress.days_done IS 'Of these, days that were read.';
COMMENT ON COLUMN tiktokads.backfill_progress.percent IS 'The same in percent; NULL when nothing is wanted.';
COMMENT ON COLUMN tiktokads.backfill_progress.requests_left IS 'Requests still to make, at least.';
COMMENT ON COLUMN tiktokads.backfill_progress.time_left IS 'Estimate, by the pace of the last 200 slices; NULL before there is any.';
COMMENT ON COLUMN tiktokads.backfill_progress.done IS 'True when every day was read.';
