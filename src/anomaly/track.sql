-- incidents are opened, followed and closed

CREATE FUNCTION tiktokads.anomaly_words(told tiktokads.anomaly_day, entity_name text, from_date date, to_date date, drivers jsonb, parts jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	d tiktokads.anomaly_detector;
	result text;
	driver jsonb := drivers -> 0;
	-- of hours: when they were
	moment text := CASE WHEN (told).hour IS NOT NULL THEN format('%s from %s', (told).stat_date, to_char((told).stat_date + ((told).hour - 1) * interval '1 hour', 'HH24:MI'))
		|| to_char((told).stat_date + ((told).hour + 1) * interval '1 hour', ' "to" HH24:MI') END;
BEGIN
	SELECT * INTO d FROM tiktokads.anomaly_detector AS x WHERE x.detector = (told).detector;
	result := format('%s %s', (told).level, coalesce('"' || entity_name || '"', (told).entity_id::text));
	IF (told).kind = 'missing' THEN
		RETURN format('%s: no data for %s. %s', result, CASE WHEN moment IS NOT NULL THEN moment WHEN from_date = to_date THEN from_date::text ELSE from_date || ' to ' || to_date END, d.description);
	END IF;
	IF (told).kind = 'restated' THEN
		RETURN result || format(': %s of %s was restated: %s on %s, where earlier calls saw %s (%s %%). %s', (told).metric,
			CASE WHEN from_date = to_date THEN from_date::text ELSE from_date || ' to ' || to_date END, round((told).observed::numeric, 2), (told).stat_date,
			round((told).expected::numeric, 2), round(((told).observed / (told).expected * 100 - 100)::numeric, 1), d.description);
	END IF;
	result := result || format(': %s %s on %s where %s was expected (%s to %s).', (told).metric, coalesce(round((told).observed::numeric, 2)::text, 'without any'),
		coalesce(moment, (told).stat_date::text), round((told).expected::numeric, 2), coalesce(round((told).lower::numeric, 2)::text, 'any'), coalesce(round((told).upper::numeric, 2)::text, 'any'));
	IF (told).metric IN ('cpa', 'cvr', 'cpc', 'ctr', 'cpm') OR (told).kind = 'pattern' THEN
		result := result || format(CASE WHEN moment IS NULL THEN ' Against' ELSE ' Against these hours of' END || ' the 14 days before: spend %s to %s, impressions %s to %s, clicks %s to %s, conversions %s to %s.',
			parts -> 'spend' ->> 0, parts -> 'spend' ->> 1, parts -> 'impressions' ->> 0, parts -> 'impressions' ->> 1,
			parts -> 'clicks' ->> 0, parts -> 'clicks' ->> 1, parts -> 'conversion' ->> 0, parts -> 'conversion' ->> 1);
	END IF;
	IF driver IS NOT NULL AND (driver ->> 'share')::numeric >= 0.3 THEN
		result := result || format(' %s %% of the difference is %s %s (%s, was %s).', round((driver ->> 'share')::numeric * 100), driver ->> 'level',
			coalesce('"' || (driver ->> 'name') || '"', driver ->> 'id'), driver ->> 'observed', driver ->> 'expected');
	END IF;
	RETURN result || coalesce(' ' || d.description, '');
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_words IS 'The explanation of an incident in words, part of detect_anomalies().';
REVOKE ALL ON FUNCTION tiktokads.anomaly_words FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_severity(surprise float8, spend_share float8, kind text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
	WHEN kind = 'missing' THEN 'high'
	WHEN spend_share >= 0.3 AND (surprise >= 6 OR kind = 'budget') THEN 'critical'
	WHEN spend_share >= 0.1 OR surprise >= 12 AND spend_share >= 0.02 THEN 'high'
	WHEN spend_share >= 0.02 OR surprise >= 8 THEN 'medium'
	ELSE 'low' END;
COMMENT ON FUNCTION tiktokads.anomaly_severity IS 'Severity of an incident: critical with 30 % of the account''s spend at risk, high with 10 %, medium with 2 %, else low; great surprises count more. Missing data are high.';

CREATE TYPE tiktokads.anomaly_episode AS
(
	worst tiktokads.anomaly_day,
	campaign_id bigint,
	adgroup_id bigint,
	entity_name text,
	started_on date,
	ended_on date,
	days int,
	spend float8,
	usual_spend float8,
	also text[]
);
COMMENT ON TYPE tiktokads.anomaly_episode IS 'Days of one entity and topic with at most one day between them: the most surprising one, and sums.';

CREATE FUNCTION tiktokads.anomaly_episodes(from_date date, to_date date, only_advertiser bigint, levels text[], hour int DEFAULT NULL) RETURNS SETOF tiktokads.anomaly_episode
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH told AS (
		SELECT t.*, (t.told).advertiser_id, (t.told).level, (t.told).entity_id, (t.told).topic, (t.told).stat_date, (t.told).priority, (t.told).surprise
		FROM tiktokads.anomaly_tell($1, $2, $3, $4, $5) AS t),
	edge AS (
		SELECT t.*, (t.stat_date - pg_catalog.lag(t.stat_date) OVER w <= 2) IS NOT TRUE AS begins
		FROM told AS t WINDOW w AS (PARTITION BY t.advertiser_id, t.level, t.entity_id, t.topic ORDER BY t.stat_date)),
	numbered AS (
		SELECT e.*, pg_catalog.count(*) FILTER (WHERE e.begins) OVER (PARTITION BY e.advertiser_id, e.level, e.entity_id, e.topic ORDER BY e.stat_date) AS episode
		FROM edge AS e)
	SELECT (pg_catalog.array_agg(n.told ORDER BY n.priority, n.surprise DESC, n.stat_date))[1],
		pg_catalog.min(n.campaign_id), pg_catalog.min(n.adgroup_id), pg_catalog.min(n.entity_name),
		pg_catalog.min(n.stat_date), pg_catalog.max(n.stat_date), pg_catalog.count(*)::int,
		pg_catalog.sum((n.told).spend), pg_catalog.avg((n.told).usual_spend),
		(SELECT pg_catalog.array_agg(DISTINCT a.name) FROM pg_catalog.unnest((pg_catalog.array_agg(n.also ORDER BY n.priority, n.surprise DESC, n.stat_date) FILTER (WHERE n.also IS NOT NULL))[1:1]) AS a (name))
	FROM numbered AS n
	GROUP BY n.advertiser_id, n.level, n.entity_id, n.topic, n.episode
	ORDER BY pg_catalog.min(n.stat_date), pg_catalog.min(n.priority), n.advertiser_id, n.level, n.entity_id;
END;
COMMENT ON FUNCTION tiktokads.anomaly_episodes IS 'The days of anomaly_tell() as episodes.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_episodes FROM PUBLIC;

-- the incident that an episode belongs to: of the entity, its parents or children, of the same topic, at most a day apart
CREATE FUNCTION tiktokads.anomaly_known(e tiktokads.anomaly_episode) RETURNS bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT a.anomaly FROM tiktokads.anomaly AS a
	WHERE a.advertiser_id = ((e).worst).advertiser_id AND a.topic = ((e).worst).topic
		AND a.started_on <= (e).ended_on + 2 AND a.ended_on >= (e).started_on - 2
		AND ((a.level = ((e).worst).level AND a.entity_id = ((e).worst).entity_id)
			OR a.level = 'advertiser' OR ((e).worst).level = 'advertiser'
			OR (a.level = 'campaign' AND a.entity_id = (e).campaign_id)
			OR (a.level = 'adgroup' AND a.entity_id = (e).adgroup_id)
			OR (((e).worst).level = 'campaign' AND (a.details ->> 'campaign_id')::bigint = ((e).worst).entity_id)
			OR (((e).worst).level = 'adgroup' AND (a.details ->> 'adgroup_id')::bigint = ((e).worst).entity_id))
	ORDER BY (a.level = ((e).worst).level AND a.entity_id = ((e).worst).entity_id) DESC, a.ended_on DESC, a.anomaly
	LIMIT 1;
END;
COMMENT ON FUNCTION tiktokads.anomaly_known IS 'Number of the incident that an episode continues; NULL when it is a new one.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_known FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_write(e tiktokads.anomaly_episode, found_by text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	worst tiktokads.anomaly_day := e.worst;
	known bigint := tiktokads.anomaly_known(e);
	numerator name := (SELECT s.numerator FROM tiktokads.anomaly_signal AS s WHERE s.signal = worst.metric);
	drivers jsonb := tiktokads.anomaly_drivers(worst.level, worst.advertiser_id, worst.entity_id, worst.stat_date, numerator, worst.hour);
	parts jsonb := CASE WHEN worst.metric IS NOT NULL THEN tiktokads.anomaly_parts(worst.level, worst.advertiser_id, worst.entity_id, worst.stat_date, worst.hour) END;
	risk float8 := greatest(e.spend, CASE WHEN worst.direction <> 'up' AND worst.topic IN ('delivery', 'data') THEN e.usual_spend * e.days END);
	whole float8;
	mute boolean;
	begins timestamp := worst.stat_date + (worst.hour - 1) * interval '1 hour';
	ends timestamp := worst.stat_date + (worst.hour + 1) * interval '1 hour';
BEGIN
	SELECT greatest(sum(r.spend) FILTER (WHERE r.stat_date >= e.started_on), avg(r.spend) FILTER (WHERE r.stat_date < e.started_on) * e.days)::float8
			/ CASE WHEN worst.hour IS NULL THEN 1 ELSE 12 END INTO whole
	FROM tiktokads.report_advertiser_daily AS r
	WHERE r.advertiser_id = worst.advertiser_id AND r.stat_date BETWEEN e.started_on - 7 AND e.ended_on;
	mute := EXISTS (
		SELECT FROM tiktokads.anomaly_mute AS m
		WHERE (m.advertiser_id IS NULL OR m.advertiser_id = worst.advertiser_id) AND (m.level IS NULL OR m.level = worst.level)
			AND (m.entity_id IS NULL OR m.entity_id = worst.entity_id) AND (m.detector IS NULL OR m.detector = worst.detector)
			AND e.started_on >= m.from_date AND e.ended_on <= m.to_date);
	IF known IS NULL THEN
		INSERT INTO tiktokads.anomaly AS a (detector, kind, topic, metric, level, advertiser_id, entity_id, entity_name, started_on, ended_on, worst_on, grain, started_at, ended_at,
			direction, observed, expected, lower, upper, surprise, severity, spend, spend_share, explanation, details, state, found_by)
		VALUES (worst.detector, worst.kind, worst.topic, worst.metric, worst.level, worst.advertiser_id, worst.entity_id, e.entity_name, e.started_on, e.ended_on,
			worst.stat_date, CASE WHEN worst.hour IS NULL THEN 'day' ELSE 'hour' END, begins, ends, worst.direction, worst.observed, worst.expected, worst.lower, worst.upper, worst.surprise,
			tiktokads.anomaly_severity(worst.surprise, least(1, risk / nullif(whole, 0)), worst.kind), round(risk::numeric, 2), least(1, risk / nullif(whole, 0)),
			tiktokads.anomaly_words(worst, e.entity_name, e.started_on, e.ended_on, drivers, parts),
			jsonb_strip_nulls(jsonb_build_object('drivers', drivers, 'parts', parts, 'also', to_jsonb(e.also), 'campaign_id', e.campaign_id, 'adgroup_id', e.adgroup_id)),
			CASE WHEN mute THEN 'muted' ELSE 'open' END, found_by)
		RETURNING a.anomaly INTO known;
		RETURN known;
	END IF;
	-- known: it grows, and shows its worst day; told again it is not
	UPDATE tiktokads.anomaly AS a SET
		started_on = least(a.started_on, e.started_on),
		ended_on = greatest(a.ended_on, e.ended_on),
		started_at = least(a.started_at, begins),
		ended_at = greatest(a.ended_at, ends),
		spend = greatest(a.spend, round(risk::numeric, 2)),
		state = CASE WHEN a.state = 'resolved' AND e.ended_on > a.ended_on THEN 'open' ELSE a.state END,
		resolved_at = CASE WHEN e.ended_on > a.ended_on THEN NULL ELSE a.resolved_at END,
		changed_at = tiktokads.clock_now()
	WHERE a.anomaly = known
		AND (e.started_on < a.started_on OR e.ended_on > a.ended_on OR ends > a.ended_at OR round(risk::numeric, 2) > a.spend);
	UPDATE tiktokads.anomaly AS a SET
		detector = worst.detector, kind = worst.kind, metric = worst.metric, worst_on = worst.stat_date,
		grain = CASE WHEN worst.hour IS NULL THEN 'day' ELSE 'hour' END, direction = worst.direction,
		observed = worst.observed, expected = worst.expected, lower = worst.lower, upper = worst.upper, surprise = worst.surprise,
		severity = tiktokads.anomaly_severity(worst.surprise, a.spend_share, worst.kind),
		explanation = tiktokads.anomaly_words(worst, a.entity_name, a.started_on, a.ended_on, drivers, parts),
		details = a.details || jsonb_strip_nulls(jsonb_build_object('drivers', drivers, 'parts', parts)),
		changed_at = tiktokads.clock_now()
	WHERE a.anomaly = known AND a.level = worst.level AND a.entity_id = worst.entity_id AND (worst.hour IS NULL OR a.grain = 'hour')
		AND (a.grain = 'hour' AND worst.hour IS NULL OR a.worst_on = worst.stat_date AND (a.observed, a.detector) IS DISTINCT FROM (worst.observed, worst.detector) OR worst.surprise > a.surprise * 1.01);
	RETURN known;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_write IS 'Opens an incident for an episode, or lets the known one grow; returns its number.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_write FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_follow(from_date date, to_date date, advertiser_id bigint, levels text[], found_by text, hour int DEFAULT NULL) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	e tiktokads.anomaly_episode;
	result bigint[] := '{}';
BEGIN
	-- two detections at once would tell an episode twice
	LOCK TABLE tiktokads.anomaly IN SHARE ROW EXCLUSIVE MODE;
	FOR e IN SELECT * FROM tiktokads.anomaly_episodes(from_date, to_date, advertiser_id, levels, hour) LOOP
		result := result || tiktokads.anomaly_write(e, found_by);
	END LOOP;
	RETURN result;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_follow IS 'Writes the incidents of a range and returns the numbers of all that its days belong to, part of detect() and detect_anomalies().';
REVOKE ALL ON FUNCTION tiktokads.anomaly_follow FROM PUBLIC;

CREATE FUNCTION tiktokads.detect_anomalies(from_date date, to_date date, advertiser_id bigint DEFAULT NULL,
	levels text[] DEFAULT '{advertiser,campaign,adgroup,ad}', found_by text DEFAULT 'detect_anomalies') RETURNS SETOF tiktokads.anomaly
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	followed bigint[];
BEGIN
	IF from_date IS NULL OR to_date IS NULL OR from_date > to_date THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('from_date %s is after to_date %s, or one is missing', coalesce(from_date::text, 'NULL'), coalesce(to_date::text, 'NULL'));
	END IF;
	IF NOT levels <@ '{advertiser,campaign,adgroup,ad}'::text[] OR cardinality(levels) = 0 THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('unknown level in %s', levels),
			HINT = 'Levels are advertiser, campaign, adgroup and ad.';
	END IF;
	PERFORM tiktokads.anomaly_need_model();
	followed := tiktokads.anomaly_follow(from_date, to_date, advertiser_id, levels, found_by);
	RETURN QUERY SELECT a.* FROM tiktokads.anomaly AS a WHERE a.anomaly = ANY (followed) ORDER BY a.started_on, a.anomaly;
END;
$$;
COMMENT ON FUNCTION tiktokads.detect_anomalies IS 'Judges the days of a range, each by the 56 days before it, writes incidents to tiktokads.anomaly and returns those that the range has. advertiser_id: NULL for all. levels: which to look at. found_by: kept with an incident that is new. An error for dates in the wrong order and unknown levels. Needs the rights to read the reports and write tiktokads.anomaly.';
REVOKE ALL ON FUNCTION tiktokads.detect_anomalies FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_observe(only_advertiser bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n name;
	l text;
BEGIN
	FOR n IN SELECT s.numerator FROM tiktokads.anomaly_signal AS s WHERE s.restates UNION SELECT 'spend' LOOP
		EXECUTE format($sql$
			INSERT INTO tiktokads.anomaly_age AS o (advertiser_id, numerator, stat_date, age, value)
			SELECT r.advertiser_id, %1$L, r.stat_date, m.age, coalesce(r.%1$I, 0)
			FROM (SELECT a.advertiser_id, tiktokads.anomaly_today(a.advertiser_id) AS today FROM tiktokads.advertiser AS a) AS t
				JOIN tiktokads.report_advertiser_daily AS r ON r.advertiser_id = t.advertiser_id AND r.stat_date BETWEEN t.today - 29 AND t.today - 1
				CROSS JOIN LATERAL tiktokads.anomaly_maturity(r.advertiser_id, r.stat_date, 'report_advertiser_daily', t.today) AS m
			WHERE ($1 IS NULL OR r.advertiser_id = $1)
			ON CONFLICT (advertiser_id, numerator, stat_date, age) DO UPDATE SET value = EXCLUDED.value WHERE o.value <> EXCLUDED.value$sql$, n)
		USING only_advertiser;
		CONTINUE WHEN NOT EXISTS (SELECT FROM tiktokads.model_column AS c WHERE c.relation = 'report_advertiser_asof' AND c.name = n);
		-- what syncs kept of days before the first call, once for each day: how it looked at each age, and in the end
		EXECUTE format($sql$
			INSERT INTO tiktokads.anomaly_age (advertiser_id, numerator, stat_date, age, value)
			SELECT d.advertiser_id, %1$L, v.stat_date, g.age, v.value
			FROM (
				SELECT r.advertiser_id, min(r.stat_date) AS first, max(r.stat_date) AS last
				FROM (SELECT a.advertiser_id, tiktokads.anomaly_today(a.advertiser_id) AS today FROM tiktokads.advertiser AS a) AS t
					JOIN tiktokads.report_advertiser_daily AS r ON r.advertiser_id = t.advertiser_id AND r.stat_date BETWEEN t.today - 118 AND t.today - 33
				WHERE ($1 IS NULL OR r.advertiser_id = $1)
					AND EXISTS (SELECT FROM tiktokads.sync_read AS x
						WHERE x.stream = 'report_advertiser_daily' AND x.advertiser_id = r.advertiser_id AND r.stat_date BETWEEN x.from_date AND x.to_date)
					AND NOT EXISTS (SELECT FROM tiktokads.anomaly_age AS o
						WHERE o.advertiser_id = r.advertiser_id AND o.numerator = %1$L AND o.stat_date = r.stat_date AND o.age >= 28)
				GROUP BY 1) AS d
				CROSS JOIN (SELECT generate_series(0, 27) AS age UNION ALL SELECT 32) AS g
				CROSS JOIN LATERAL tiktokads.asof('advertiser', %1$L, d.first, d.last, g.age, d.advertiser_id) AS v
			WHERE v.value IS NOT NULL
			ON CONFLICT DO NOTHING$sql$, n)
		USING only_advertiser;
	END LOOP;
	-- a year teaches enough
	DELETE FROM tiktokads.anomaly_age AS o WHERE o.stat_date < tiktokads.clock_today(NULL) - 365;
	FOREACH l IN ARRAY ARRAY['campaign', 'adgroup', 'ad'] LOOP
		EXECUTE format($sql$
			INSERT INTO tiktokads.anomaly_entity_state (level, advertiser_id, entity_id, seen_at, operation_status, budget)
			SELECT %1$L, e.advertiser_id, e.%2$I,
				CASE WHEN e.modify_time > coalesce(s.seen_at, '-infinity') AND e.modify_time < tiktokads.clock_now() THEN e.modify_time
					WHEN s.seen_at IS NULL THEN coalesce(e.create_time, '-infinity') ELSE tiktokads.clock_now() END, e.operation_status, %3$s
			FROM tiktokads.%1$I AS e
				LEFT JOIN LATERAL (
					SELECT x.* FROM tiktokads.anomaly_entity_state AS x
					WHERE x.level = %1$L AND x.advertiser_id = e.advertiser_id AND x.entity_id = e.%2$I ORDER BY x.seen_at DESC LIMIT 1) AS s ON true
			WHERE ($1 IS NULL OR e.advertiser_id = $1)
				AND (s.seen_at IS NULL OR (s.operation_status, s.budget) IS DISTINCT FROM (e.operation_status, %3$s))
			ON CONFLICT DO NOTHING$sql$, l, l || '_id', CASE WHEN l = 'ad' THEN 'NULL::numeric' ELSE 'e.budget' END)
		USING only_advertiser;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_observe IS 'Notes how complete young days are and, from what syncs kept, were (tiktokads.anomaly_age) and what advertisers set (tiktokads.anomaly_entity_state). Part of detect(). NULL: all ad accounts.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_observe FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_restated(only_advertiser bigint) RETURNS SETOF tiktokads.anomaly_episode
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW('advertiser', $1, $1, n.stat_date, d.detector, d.kind, d.topic, d.priority, d.signal, CASE WHEN n.value > b.value THEN 'up' ELSE 'down' END,
			n.value, b.value, b.value * (1 - d.minimum_change), b.value * (1 + d.minimum_change), n.value - b.value,
			20 * pg_catalog.abs(pg_catalog.ln(greatest(n.value, 0.01) / b.value)), n.value, b.value, 0, 0, NULL::int)::tiktokads.anomaly_day,
		NULL::bigint, NULL::bigint, (SELECT a.name FROM tiktokads.advertiser AS a WHERE a.advertiser_id = $1), n.stat_date, n.stat_date, 1, n.value::float8, b.value::float8, NULL::text[]
	FROM tiktokads.anomaly_detector AS d
		JOIN tiktokads.anomaly_signal AS s ON s.signal = d.signal
		JOIN tiktokads.anomaly_age AS n ON n.advertiser_id = $1 AND n.numerator = s.numerator AND n.stat_date + n.age = tiktokads.anomaly_today($1)
		JOIN LATERAL (
			SELECT o.value FROM tiktokads.anomaly_age AS o
			WHERE o.advertiser_id = n.advertiser_id AND o.numerator = n.numerator AND o.stat_date = n.stat_date AND o.age < n.age AND o.age >= 3
			ORDER BY o.age DESC LIMIT 1) AS b ON pg_catalog.abs(n.value - b.value) > d.minimum_change * b.value AND b.value > 0
	WHERE d.kind = 'restated' AND d.enabled AND greatest(n.value, b.value) >= d.minimum_spend
	ORDER BY n.stat_date;
END;
COMMENT ON FUNCTION tiktokads.anomaly_restated IS 'Days of an ad account whose number was final (three days old) when an earlier detect() saw it, and is another one now.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_restated FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_detect_hours(account bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	zone text := coalesce((SELECT a.display_timezone FROM tiktokads.advertiser AS a WHERE a.advertiser_id = account), 'UTC');
	today date := tiktokads.anomaly_today(account);
	levels text[] := '{}';
	level text;
	found boolean;
	last timestamp;
	moment timestamp;
BEGIN
	FOREACH level IN ARRAY ARRAY['advertiser', 'campaign', 'adgroup', 'ad'] LOOP
		IF to_regclass(format('tiktokads.%I', 'report_' || level || '_hourly')) IS NOT NULL THEN
			EXECUTE format('SELECT EXISTS (SELECT FROM tiktokads.%I WHERE advertiser_id = $1 AND stat_time_hour BETWEEN $2 - 7 AND $2 + 1)', 'report_' || level || '_hourly')
			INTO found USING account, today;
			IF found THEN
				levels := levels || level;
			END IF;
		END IF;
	END LOOP;
	IF NOT 'advertiser' = ANY (levels) THEN
		RETURN;
	END IF;
	-- the last hour that was over at the last sync; of data that were loaded otherwise, the last there is
	SELECT max(t.last_success_at) AT TIME ZONE zone INTO last FROM tiktokads.sync_state AS t WHERE t.stream = 'report_advertiser_hourly' AND t.advertiser_id = account;
	last := date_trunc('hour', least(last, tiktokads.clock_now() AT TIME ZONE zone)) - interval '1 hour';
	IF last IS NULL OR NOT EXISTS (SELECT FROM tiktokads.sync_state AS t WHERE t.stream = 'report_advertiser_hourly' AND t.advertiser_id = account) THEN
		SELECT max(r.stat_time_hour) INTO last FROM tiktokads.report_advertiser_hourly AS r WHERE r.advertiser_id = account AND r.stat_time_hour <= today + 1;
	END IF;
	moment := greatest((SELECT p.judged_hour FROM tiktokads.anomaly_progress AS p WHERE p.advertiser_id = account) + interval '1 hour', last - interval '5 hours');
	WHILE coalesce(moment, last) <= last LOOP
		moment := coalesce(moment, last);
		PERFORM tiktokads.anomaly_follow(moment::date, moment::date, account, levels, 'detect', extract(hour FROM moment)::int);
		moment := moment + interval '1 hour';
	END LOOP;
	UPDATE tiktokads.anomaly AS a SET state = 'resolved', resolved_at = tiktokads.clock_now(), changed_at = tiktokads.clock_now()
	WHERE a.advertiser_id = account AND a.state = 'open' AND a.grain = 'hour' AND a.ended_at < last - interval '5 hours';
	UPDATE tiktokads.anomaly_progress AS p SET judged_hour = last WHERE p.advertiser_id = account;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_detect_hours IS 'The hours of an ad account since the last call, up to six, as far as hourly reports are there; part of detect().';
REVOKE ALL ON FUNCTION tiktokads.anomaly_detect_hours FROM PUBLIC;

CREATE PROCEDURE tiktokads.detect(advertiser_id bigint DEFAULT NULL, recheck_days int DEFAULT 3)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	account record;
	first date;
	last date;
	alive bigint[];
	restated tiktokads.anomaly_episode;
BEGIN
	IF recheck_days IS NULL OR recheck_days NOT BETWEEN 1 AND 28 THEN
		RAISE invalid_parameter_value USING MESSAGE = 'recheck_days must be between 1 and 28';
	END IF;
	PERFORM tiktokads.anomaly_need_model();
	PERFORM tiktokads.anomaly_observe(advertiser_id);
	FOR account IN
		SELECT DISTINCT r.advertiser_id AS id, p.judged_to, tiktokads.anomaly_today(r.advertiser_id) AS today
		FROM tiktokads.report_advertiser_daily AS r LEFT JOIN tiktokads.anomaly_progress AS p ON p.advertiser_id = r.advertiser_id
		WHERE detect.advertiser_id IS NULL OR r.advertiser_id = detect.advertiser_id
		ORDER BY 1
	LOOP
		last := account.today - 1;
		-- the first time a fortnight; after a pause what it missed, within the window of memory
		first := greatest(least(coalesce(account.judged_to + 1, last - 13), last - recheck_days + 1), last - 55);
		alive := tiktokads.anomaly_follow(first, last, account.id, '{advertiser,campaign,adgroup,ad}', 'detect');
		UPDATE tiktokads.anomaly AS a SET state = 'resolved', resolved_at = tiktokads.clock_now(), changed_at = tiktokads.clock_now()
		WHERE a.advertiser_id = account.id AND a.state = 'open' AND CASE a.kind WHEN 'restated' THEN a.changed_at < tiktokads.clock_now() - interval '2 days' ELSE a.ended_on < last - 1 END;
		-- restated: none of its days within what was judged stands out any more
		UPDATE tiktokads.anomaly AS a SET state = 'resolved', resolved_at = tiktokads.clock_now(), changed_at = tiktokads.clock_now(), details = a.details || '{"restated": true}'
		WHERE a.advertiser_id = account.id AND a.state = 'open' AND a.kind <> 'restated' AND a.grain = 'day' AND a.started_on >= first AND a.anomaly <> ALL (alive);
		FOR restated IN SELECT * FROM tiktokads.anomaly_restated(account.id) LOOP
			PERFORM tiktokads.anomaly_write(restated, 'detect');
		END LOOP;
		INSERT INTO tiktokads.anomaly_progress AS p (advertiser_id, judged_to) VALUES (account.id, last)
		ON CONFLICT ON CONSTRAINT anomaly_progress_pkey DO UPDATE SET judged_to = greatest(p.judged_to, EXCLUDED.judged_to), judged_at = tiktokads.clock_now();
		PERFORM tiktokads.anomaly_detect_hours(account.id);
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE tiktokads.detect IS 'Judges what is new since the last call, and the last recheck_days again, for their numbers may have been restated; where hourly reports are there also the hours since; opens, extends and resolves incidents in tiktokads.anomaly. Schedule it after syncs. advertiser_id: NULL for all ad accounts. An error for recheck_days outside 1 to 28.';
REVOKE ALL ON PROCEDURE tiktokads.detect FROM PUBLIC;

CREATE FUNCTION tiktokads.backtest_anomalies(from_date date, to_date date, advertiser_id bigint DEFAULT NULL,
	labels regclass DEFAULT 'tiktokads.anomaly_label', tolerance int DEFAULT 1, levels text[] DEFAULT '{advertiser,campaign,adgroup,ad}',
	OUT incidents bigint, OUT labelled bigint, OUT confirmed bigint, OUT detected bigint, OUT "precision" float8, OUT recall float8, OUT delay_days float8)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM tiktokads.anomaly_need_model();
	EXECUTE format($sql$
		WITH episode AS MATERIALIZED (
			SELECT row_number() OVER () AS n, (e.worst).advertiser_id, (e.worst).level, (e.worst).entity_id, (e.worst).topic, e.campaign_id, e.adgroup_id, e.started_on, e.ended_on
			FROM tiktokads.anomaly_episodes($1, $2, $3, $5) AS e),
		label AS MATERIALIZED (
			SELECT row_number() OVER () AS n, l.*, f.campaign_id, f.adgroup_id
			FROM (SELECT (to_jsonb(x) ->> 'advertiser_id')::bigint AS advertiser_id, to_jsonb(x) ->> 'level' AS level,
					(to_jsonb(x) ->> 'entity_id')::bigint AS entity_id, to_jsonb(x) ->> 'topic' AS topic,
					(to_jsonb(x) ->> 'from_date')::date AS from_date, coalesce((to_jsonb(x) ->> 'to_date')::date, (to_jsonb(x) ->> 'from_date')::date) AS to_date FROM %s AS x) AS l
				CROSS JOIN LATERAL tiktokads.anomaly_family(coalesce(l.level, 'advertiser'), l.advertiser_id, l.entity_id) AS f
			WHERE l.from_date <= $2 AND l.to_date >= $1 AND ($3 IS NULL OR l.advertiser_id = $3)),
		hit AS (
			SELECT e.n AS episode, l.n AS label, greatest(e.started_on - l.from_date, 0) AS delay
			FROM episode AS e JOIN label AS l ON l.advertiser_id = e.advertiser_id AND (l.topic IS NULL OR l.topic = e.topic)
				AND e.started_on <= l.to_date + $4 AND e.ended_on >= l.from_date - $4
				AND (l.level IS NULL OR l.entity_id IS NULL OR e.level = 'advertiser' OR l.level = 'advertiser'
					OR (e.level = l.level AND e.entity_id = l.entity_id)
					OR (e.level = 'campaign' AND e.entity_id = l.campaign_id) OR (e.level = 'adgroup' AND e.entity_id = l.adgroup_id)
					OR (l.level = 'campaign' AND l.entity_id = e.campaign_id) OR (l.level = 'adgroup' AND l.entity_id = e.adgroup_id)))
		SELECT (SELECT count(*) FROM episode), (SELECT count(*) FROM label), count(DISTINCT h.episode), count(DISTINCT h.label),
			count(DISTINCT h.episode)::float8 / nullif((SELECT count(*) FROM episode), 0), count(DISTINCT h.label)::float8 / nullif((SELECT count(*) FROM label), 0),
			(SELECT avg(x.delay)::float8 FROM (SELECT min(i.delay) AS delay FROM hit AS i GROUP BY i.label) AS x)
		FROM hit AS h$sql$, labels)
	INTO incidents, labelled, confirmed, detected, "precision", recall, delay_days
	USING from_date, to_date, advertiser_id, tolerance, levels;
END;
$$;
COMMENT ON FUNCTION tiktokads.backtest_anomalies IS 'How good the detectors in force are on days whose truth is known: incidents they would make, labels of those days, confirmed ones of the incidents, detected ones of the labels, precision (confirmed / incidents), recall (detected / labelled), mean delay in days. labels: a table with advertiser_id, from_date and, as far as wanted, to_date, level, entity_id, topic. tolerance: days around a label that still count. Writes nothing. precision is NULL without incidents, recall without labels.';
REVOKE ALL ON FUNCTION tiktokads.backtest_anomalies FROM PUBLIC;
