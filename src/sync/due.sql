-- what is due when

CREATE FUNCTION tiktokads.sync_due(connection text)
RETURNS TABLE (stream text, advertiser_id bigint, from_date date, to_date date, priority int, due_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT s.stream, a.advertiser_id,
		CASE WHEN s.date_column IS NOT NULL THEN d.today - 29 END,
		CASE WHEN s.date_column IS NOT NULL THEN d.today END,
		s.priority,
		coalesce(t.last_success_at + interval '1 hour', '-infinity')
	FROM tiktokads.advertiser AS a
		CROSS JOIN tiktokads.stream AS s
		CROSS JOIN LATERAL (SELECT tiktokads.clock_today(a.display_timezone) AS today) AS d
		LEFT JOIN tiktokads.sync_state AS t ON t.stream = s.stream AND t.advertiser_id = a.advertiser_id
	WHERE a.connection = $1 AND a.sync AND a.readable AND s.enabled AND s.kind IN ('entity', 'report')
$$;
COMMENT ON FUNCTION tiktokads.sync_due IS 'What the workers fetch for a connection, and when: one row for each enabled stream and ad account, whether due already or later. from_date and to_date are days of the account''s zone, NULL for streams without days; due_at is on tiktokads.clock_now()''s clock, -infinity for what was never fetched. No rows for an unknown or NULL connection.';
