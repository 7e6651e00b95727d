-- what is stored, and how final it is

CREATE VIEW tiktokads.coverage WITH (security_invoker = true) AS
WITH account AS (
	SELECT a.advertiser_id, a.connection, a.name, a.display_timezone, tiktokads.clock_today(a.display_timezone) AS today,
		tiktokads.attribution_days(a.advertiser_id) AS days
	FROM tiktokads.advertiser AS a WHERE a.sync),
stream AS (
	SELECT s.stream, s.latency, tiktokads.expired_days(s.target) AS expired, s.enabled,
		tiktokads.stream_expired_days(s.target, s.each_stream) AS gone
	FROM tiktokads.stream AS s WHERE s.kind = 'report' AND s.date_column IS NOT NULL),
reading AS (
	SELECT r.stream, r.advertiser_id,
		pg_catalog.range_agg(pg_catalog.daterange(r.from_date, r.to_date, '[]')) AS days,
		-- a reading makes those of its days final whose window was over when it began, and the API's latency and correction past
		pg_catalog.range_agg(pg_catalog.daterange(r.from_date, least(r.to_date, f.last), '[]')) FILTER (WHERE r.from_date <= f.last) AS final
	FROM tiktokads.sync_read AS r
		JOIN account AS a ON a.advertiser_id = r.advertiser_id
		JOIN stream AS s ON s.stream = r.stream
		CROSS JOIN LATERAL (SELECT tiktokads.settled_day(r.read_at, s.latency, a.display_timezone) - a.days AS last) AS f
	GROUP BY r.stream, r.advertiser_id),
wish AS (
	SELECT b.connection, b.stream, b.advertiser_id, pg_catalog.daterange(b.from_date, b.to_date, '[]') AS days FROM tiktokads.backfill_request AS b),
known AS (
	SELECT a.connection, a.advertiser_id, a.name, s.stream, coalesce(r.days, '{}') AS days, coalesce(r.final, '{}') AS final, s.expired + (s.gone - coalesce(r.days, '{}')) AS expired,
		-- up to the newest day that the API has
		pg_catalog.daterange(f.day, greatest(f.day, tiktokads.clock_day(tiktokads.clock_now() - s.latency, a.display_timezone)), '[]')
			AS horizon
	FROM account AS a CROSS JOIN stream AS s
		LEFT JOIN reading AS r ON r.stream = s.stream AND r.advertiser_id = a.advertiser_id
		CROSS JOIN LATERAL (SELECT least(pg_catalog.lower(r.days), CASE WHEN s.enabled THEN a.today - 29 END,
			(SELECT pg_catalog.min(pg_catalog.lower(w.days)) FROM wish AS w WHERE (w.connection = a.connection OR w.connection IS NULL)
				AND (w.stream = s.stream OR w.stream IS NULL AND s.enabled) AND (w.advertiser_id = a.advertiser_id OR w.advertiser_id IS NULL))) AS day) AS f
	WHERE s.enabled OR r.stream IS NOT NULL)
SELECT k.connection, k.advertiser_id, k.name AS advertiser_name, k.stream, p.state,
	pg_catalog.lower(d.days) AS from_date, pg_catalog.upper(d.days) - 1 AS to_date,
	pg_catalog.upper(d.days) - pg_catalog.lower(d.days) AS days
FROM known AS k
	CROSS JOIN LATERAL (VALUES
		('expired', k.expired * pg_catalog.datemultirange(k.horizon)),
		('final', k.final - k.expired),
		('provisional', k.days - k.final - k.expired),
		('missing', pg_catalog.datemultirange(k.horizon) - k.days - k.expired)) AS p (state, ranges)
	CROSS JOIN LATERAL pg_catalog.unnest(p.ranges) AS d (days);
COMMENT ON VIEW tiktokads.coverage IS 'Which days of each report stream and ad account are missing, provisional, final or expired: one row for each unbroken range, from the first day that is stored or wanted to the newest one that the API has by now.';
COMMENT ON COLUMN tiktokads.coverage.connection IS 'Connection that reads the ad account.';
COMMENT ON COLUMN tiktokads.coverage.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.coverage.advertiser_name IS 'Its name.';
COMMENT ON COLUMN tiktokads.coverage.stream IS 'Report stream with days: each enabled one, and each that has some.';
COMMENT ON COLUMN tiktokads.coverage.state IS 'missing: not read yet. provisional: read before the attribution window closed, numbers may still change. final: read after it. expired: removed by retention on purpose, and not fetched again; also of what goes through a report whose days were.';
COMMENT ON COLUMN tiktokads.coverage.from_date IS 'First day of the range, in the account''s time zone.';
COMMENT ON COLUMN tiktokads.coverage.to_date IS 'Last day of the range.';
COMMENT ON COLUMN tiktokads.coverage.days IS 'Number of its days.';

CREATE FUNCTION tiktokads.finality(advertiser_id bigint, stat_date date, stream text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE WHEN pg_catalog.count(r.stream) = 0 THEN 'missing'
		WHEN pg_catalog.bool_and($2 <= tiktokads.settled_day(r.read_at, s.latency, a.display_timezone) - tiktokads.attribution_days(a.advertiser_id))
		THEN 'final' ELSE 'provisional' END
	FROM tiktokads.advertiser AS a
		LEFT JOIN tiktokads.sync_read AS r ON r.advertiser_id = a.advertiser_id AND r.from_date <= $2 AND r.to_date >= $2
			AND (r.stream = $3 OR $3 IS NULL AND r.stream IN ('report_advertiser_daily', 'report_campaign_daily', 'report_adgroup_daily', 'report_ad_daily'))
		LEFT JOIN tiktokads.stream AS s ON s.stream = r.stream
	WHERE a.advertiser_id = $1 AND $2 IS NOT NULL
	GROUP BY a.advertiser_id;
END;
COMMENT ON FUNCTION tiktokads.finality IS 'How final the numbers of an ad account''s day are: final when the day was read after its attribution window had closed, the API''s latency and TikTok''s next correction (12:00 UTC) included, provisional when it was read before, missing when it was not read. stream: of that stream; NULL (default) of the daily reports, final when each that has the day is. NULL for an unknown account or a NULL day.';
