-- from reports to days that stand out

CREATE FUNCTION tiktokads.anomaly_today(advertiser_id bigint) RETURNS date
LANGUAGE sql STABLE
RETURN tiktokads.clock_today((SELECT a.display_timezone FROM tiktokads.advertiser AS a WHERE a.advertiser_id = $1));
COMMENT ON FUNCTION tiktokads.anomaly_today IS 'The current day in an ad account''s time zone; in UTC when the account or its zone is unknown.';

CREATE FUNCTION tiktokads.anomaly_silence(run int8, off_before int8, days_before int8, off_pool int8, days_pool int8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- in double precision: logarithms of numeric are slow
RETURN run * -pg_catalog.log((off_before + 20 * (off_pool + float8 '0.05') / (days_pool + 1)) / (days_before + 20));
COMMENT ON FUNCTION tiktokads.anomaly_silence IS 'How surprising it is that nothing was delivered for run days: minus the decimal logarithm of the chance, of which a day''s is learnt from off_before silent ones of days_before, with twenty days'' weight for what is usual with all of the account (off_pool of days_pool).';
REVOKE ALL ON FUNCTION tiktokads.anomaly_silence FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_need_model() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF to_regclass('tiktokads.report_advertiser_daily') IS NULL THEN
		RAISE undefined_table USING
			MESSAGE = 'there are no reports in this database yet',
			HINT = 'Run CALL tiktokads.create_model(), and sync or load reports.';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_need_model IS 'An error when the tables of the model were not made yet.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_need_model FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_share(advertiser_id bigint, numerator name, OUT low float8[], OUT high float8[])
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT pg_catalog.array_agg(CASE WHEN l.share IS NULL THEN d.share_low ELSE greatest(0.05, l.share - 0.5 * (1 - l.share)) END ORDER BY g.age),
		pg_catalog.array_agg(CASE WHEN l.share IS NULL THEN d.share_high ELSE least(1, l.share + 0.5 * (1 - l.share)) END ORDER BY g.age)
	FROM pg_catalog.generate_series(0, 28) AS g (age)
		CROSS JOIN LATERAL (
			SELECT c.share_low, c.share_high FROM tiktokads.anomaly_completeness AS c
			WHERE c.age <= g.age ORDER BY c.age DESC LIMIT 1) AS d
		LEFT JOIN LATERAL (
			SELECT (pg_catalog.sum(y.value) / nullif(pg_catalog.sum(f.value), 0))::float8 AS share
			FROM tiktokads.anomaly_age AS y
				JOIN LATERAL (
					SELECT o.value FROM tiktokads.anomaly_age AS o
					WHERE o.advertiser_id = y.advertiser_id AND o.numerator = y.numerator AND o.stat_date = y.stat_date AND o.age >= 28
					ORDER BY o.age DESC LIMIT 1) AS f ON true
			WHERE y.advertiser_id = $1 AND y.numerator = $2 AND y.age = g.age
			HAVING pg_catalog.count(*) >= 14) AS l ON l.share > 0;
END;
COMMENT ON FUNCTION tiktokads.anomaly_share IS 'Between which parts of a restating number''s final value an ad account''s days have at ages 0 to 28 (first element: age 0): learnt from what syncs kept and detect() saw, else by tiktokads.anomaly_completeness.';

CREATE FUNCTION tiktokads.anomaly_maturity(advertiser_id bigint, stat_date date, stream text, today date, OUT age int, OUT final boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
	-- as old as it was when it was last read: a sync that fell behind leaves young numbers
	SELECT greatest(0, coalesce(
			(SELECT pg_catalog.max(tiktokads.clock_day(r.read_at, a.display_timezone))
			FROM tiktokads.sync_read AS r JOIN tiktokads.advertiser AS a ON a.advertiser_id = r.advertiser_id
			WHERE r.stream = $3 AND r.advertiser_id = $1 AND $2 BETWEEN r.from_date AND r.to_date), $4) - $2),
		CASE tiktokads.finality($1, $2, $3) WHEN 'final' THEN true WHEN 'provisional' THEN false ELSE $4 - $2 > tiktokads.attribution_days($1) END;
END;
COMMENT ON FUNCTION tiktokads.anomaly_maturity IS 'How many days old an ad account''s day was when a stream last read it, and whether it is final (tiktokads.finality()). Of days that no sync read: by the account''s calendar day today and its attribution window.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_maturity FROM PUBLIC;

-- one state of a signal as an SQL condition over the judged days
CREATE FUNCTION tiktokads.anomaly_state_sql(signal text, state text, surprise float8, change float8) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s tiktokads.anomaly_signal;
	wanted text := state;
	less float8 := 1 / (1 + change);
	trend text;
BEGIN
	SELECT * INTO s FROM tiktokads.anomaly_signal AS x WHERE x.signal = anomaly_state_sql.signal;
	IF NOT FOUND THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('there is no signal "%s"', signal),
			HINT = 'Signals are rows of tiktokads.anomaly_signal.';
	END IF;
	IF s.inverse THEN
		-- a cost is up when what it buys is down
		wanted := CASE state WHEN 'up' THEN 'down' WHEN 'down' THEN 'up' WHEN 'not_up' THEN 'not_down' WHEN 'not_down' THEN 'not_up'
			WHEN 'rising' THEN 'falling' WHEN 'falling' THEN 'rising' ELSE state END;
	END IF;
	trend := format('(j.%1$I / nullif(j.%2$I, 0)) / nullif(j.%3$I / nullif(j.%4$I, 0), 0)',
		'num7_' || signal, 'den7_' || signal, 'num21_' || signal, 'den21_' || signal);
	RETURN CASE wanted
		WHEN 'up' THEN format('(j.%1$I).up >= %2$s + j.size AND j.%3$I >= (j.%1$I).expected * %4$s', 'band_' || signal, surprise, s.numerator, 1 + change)
		WHEN 'down' THEN format('(j.%1$I).down >= %2$s + j.size AND j.%3$I <= (j.%1$I).expected * %4$s', 'band_' || signal, surprise, s.numerator, less)
		-- silence is as surprising as it is rare with the ad and its like; of what has ads, anomaly_excuse() tells by them
		WHEN 'stopped' THEN format('j.%3$I = 0 AND (j.%1$I).down >= %2$s AND (j.parent OR j.silence >= %2$s + j.size)', 'band_' || signal, surprise, s.numerator)
		WHEN 'not_up' THEN format('j.%2$I <= greatest((j.%1$I).expected * 1.2, (j.%1$I).upper)', 'band_' || signal, s.numerator)
		WHEN 'not_down' THEN format('j.%2$I >= least((j.%1$I).expected * 0.667, (j.%1$I).lower)', 'band_' || signal, s.numerator)
		WHEN 'steady' THEN format('j.%2$I BETWEEN least((j.%1$I).expected * 0.667, (j.%1$I).lower) AND greatest((j.%1$I).expected * 1.2, (j.%1$I).upper)', 'band_' || signal, s.numerator)
		WHEN 'rising' THEN format('j.days >= 28 AND %s >= %s', trend, 1 + change)
		WHEN 'falling' THEN format('j.days >= 28 AND %s <= %s AND ln(%1$s) <= -4 * sqrt(1 / greatest(j.%3$I, 1) + 1 / greatest(j.%4$I, 1))',
			trend, less, 'num7_' || signal, 'num21_' || signal)
		END;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_state_sql IS 'SQL condition for a signal''s state, part of anomaly_flag(). NULL for a state that is none; an error for an unknown signal.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_state_sql FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_condition_sql(d tiktokads.anomaly_detector) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	alternative jsonb;
	part record;
	state_sql text;
	whole text;
	result text;
BEGIN
	FOR alternative IN SELECT a.value FROM jsonb_array_elements(d.conditions) AS a LOOP
		whole := NULL;
		FOR part IN SELECT e.key, e.value FROM jsonb_each_text(alternative) AS e ORDER BY e.key LOOP
			state_sql := tiktokads.anomaly_state_sql(part.key, part.value, d.minimum_surprise, d.minimum_change);
			IF state_sql IS NULL THEN
				RAISE invalid_parameter_value USING
					MESSAGE = format('detector "%s" has the unknown state "%s"', d.detector, part.value),
					HINT = 'States are up, down, stopped, not_up, not_down, steady, rising and falling.';
			END IF;
			whole := concat_ws(' AND ', whole, state_sql);
		END LOOP;
		-- a holiday excuses everything but silence, and silence is told as such alone
		IF NOT alternative::text LIKE '%"stopped"%' THEN
			whole := concat_ws(' AND ', whole, 'NOT j.holiday AND j.spend > 0');
		END IF;
		result := concat_ws(' OR ', result, '(' || whole || ')');
	END LOOP;
	RETURN coalesce(result, 'false');
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_condition_sql IS 'SQL condition for a detector''s conditions, part of anomaly_flag(). An error for an unknown signal or state.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_condition_sql FROM PUBLIC;

CREATE TYPE tiktokads.anomaly_day AS
(
	level text,
	advertiser_id bigint,
	entity_id bigint,
	stat_date date,
	detector text,
	kind text,
	topic text,
	priority int,
	metric text,
	direction text,
	observed float8,
	expected float8,
	lower float8,
	upper float8,
	gap float8,
	surprise float8,
	spend float8,
	usual_spend float8,
	silence float8,
	needed float8,
	hour int
);
COMMENT ON TYPE tiktokads.anomaly_day IS 'A day of an entity, or an hour of it and the one before, that a detector tells: the metric with its band, the gap of its numerator to what was expected, the spend of the day and of days before, how surprising its silence is by its own days (0: it is not silent), and the surprise that is needed.';

CREATE FUNCTION tiktokads.anomaly_source(level text, hour int, day date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE WHEN $2 IS NULL THEN pg_catalog.format('tiktokads.%I', 'report_' || $1 || '_daily')
		ELSE pg_catalog.format('(SELECT h.advertiser_id, %s(h.stat_time_hour - interval ''%s hours'')::date AS stat_date, %s FROM tiktokads.%I AS h'
			' WHERE h.stat_time_hour >= date %L - 57 AND h.stat_time_hour < date %L + 1 AND extract(hour FROM h.stat_time_hour - interval ''%s hours'') < 2 GROUP BY %s)',
			CASE $1 WHEN 'advertiser' THEN '' ELSE pg_catalog.format('h.%I, ', $1 || '_id') END, $2 - 1,
			(SELECT pg_catalog.string_agg(pg_catalog.format('sum(h.%I) AS %I', c.source, c.name), ', ' ORDER BY c.name)
				FROM (SELECT s.numerator AS name, pg_catalog.max(coalesce(s.hourly, s.numerator)::text) AS source FROM tiktokads.anomaly_signal AS s GROUP BY 1
					UNION SELECT s.denominator, s.denominator FROM tiktokads.anomaly_signal AS s
					WHERE s.denominator IS NOT NULL AND s.denominator NOT IN (SELECT x.numerator FROM tiktokads.anomaly_signal AS x)) AS c),
			'report_' || $1 || '_hourly', $3, $3, $2 - 1, CASE $1 WHEN 'advertiser' THEN '1, 2' ELSE '1, 2, 3' END) END;
END;
COMMENT ON FUNCTION tiktokads.anomaly_source IS 'What is judged, for a FROM clause: the daily reports of a level; with an hour the sums of that hour and the one before, of the days up to a day and fifty-six before it.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_source FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_judge_sql(level text, hour int DEFAULT NULL, on_day date DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	signals text[];
	columns text;
	bands text;
	hits text;
	any_hit text;
	floor numeric;
	missing text;
	restating name[];
	sums text;
	grain text := CASE WHEN hour IS NULL THEN 'day' ELSE 'hour' END;
	report text := format('tiktokads.%I', 'report_' || level || CASE WHEN hour IS NULL THEN '_daily' ELSE '_hourly' END);
	key text := level || '_id';
BEGIN
	SELECT array_agg(DISTINCT x.signal), min(d.minimum_spend) INTO signals, floor
	FROM tiktokads.anomaly_detector AS d
		CROSS JOIN LATERAL (SELECT d.signal UNION SELECT jsonb_object_keys(a) FROM jsonb_array_elements(d.conditions) AS a) AS x (signal)
	WHERE d.enabled AND d.kind IN ('metric', 'pattern') AND anomaly_judge_sql.level = ANY (d.levels) AND grain = ANY (d.grains);
	IF signals IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT coalesce(array_agg(DISTINCT s.numerator), '{}') INTO restating
	FROM tiktokads.anomaly_signal AS s WHERE s.restates AND s.signal = ANY (signals) AND hour IS NULL;
	SELECT string_agg(DISTINCT c, ', ') INTO missing
	FROM tiktokads.anomaly_signal AS s CROSS JOIN LATERAL (VALUES (CASE grain WHEN 'hour' THEN coalesce(s.hourly, s.numerator) ELSE s.numerator END), (s.denominator)) AS v (c)
	WHERE s.signal = ANY (signals) AND c IS NOT NULL AND NOT EXISTS (
		SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(report) AND a.attname = c AND NOT a.attisdropped);
	IF missing IS NOT NULL THEN
		RAISE undefined_column USING
			MESSAGE = format('table %s lacks columns that detectors look at: %s', report, missing),
			HINT = 'Add the metrics, or disable the detectors in tiktokads.anomaly_detector_override.';
	END IF;
	SELECT string_agg(format('coalesce(r.%1$I, 0)::float8 AS %1$I', c), ', ') INTO columns
	FROM (SELECT DISTINCT c FROM tiktokads.anomaly_signal AS s CROSS JOIN LATERAL (VALUES (s.numerator), (s.denominator), ('spend'::name)) AS v (c)
		WHERE s.signal = ANY (signals) AND c IS NOT NULL) AS u;
	SELECT string_agg(format('tiktokads.day_band(%1$L, b.stat_date, b.%2$I, %3$s, %4$s, b.spend > 0 AND NOT b.holiday, b.judged) OVER w AS %5$I',
			s.family, s.numerator, coalesce('b.' || quote_ident(s.denominator), '1'),
			CASE WHEN s.numerator = ANY (restating) THEN format('b.%I, b.%I', 'share_low_' || s.numerator, 'share_high_' || s.numerator) ELSE '1, 1' END, 'band_' || s.signal)
		|| CASE WHEN t.trend THEN format(', %1$s - %2$s AS %5$I, %3$s - %4$s AS %6$I, %2$s - lag(%1$s, 28, 0::float8) OVER w AS %7$I, %4$s - lag(%3$s, 28, 0::float8) OVER w AS %8$I',
			n.sum, format('lag(%s, 7, 0::float8) OVER w', n.sum), d.sum, format('lag(%s, 7, 0::float8) OVER w', d.sum),
			'num7_' || s.signal, 'den7_' || s.signal, 'num21_' || s.signal, 'den21_' || s.signal) ELSE '' END,
		E',\n\t\t') INTO bands
	FROM tiktokads.anomaly_signal AS s
		CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM tiktokads.anomaly_detector AS d CROSS JOIN LATERAL jsonb_array_elements(d.conditions) AS a
			WHERE d.enabled AND a ->> s.signal IN ('rising', 'falling')) AS trend) AS t
		CROSS JOIN LATERAL (SELECT format('b.%I', 'sum_' || s.numerator) AS sum) AS n
		CROSS JOIN LATERAL (SELECT coalesce(format('b.%I', 'sum_' || s.denominator), 'b.days::float8') AS sum) AS d
	WHERE s.signal = ANY (signals);
	-- what trends compare: weeks as differences of sums from the first day on
	SELECT string_agg(format(', sum(u.%I) OVER w AS %I', c, 'sum_' || c), '') INTO sums
	FROM (SELECT DISTINCT c FROM tiktokads.anomaly_signal AS s CROSS JOIN LATERAL (VALUES (s.numerator), (s.denominator)) AS v (c)
		WHERE s.signal = ANY (signals) AND c IS NOT NULL AND EXISTS (SELECT FROM tiktokads.anomaly_detector AS d CROSS JOIN LATERAL jsonb_array_elements(d.conditions) AS a
			WHERE d.enabled AND a ->> s.signal IN ('rising', 'falling'))) AS u;
	-- few days are hit: they are found by one condition, and only then told apart
	SELECT string_agg(format('(%L, %L, %L, %s, %L, %s, j.%I, %s, j.%I, %s::float8, %L::boolean, %s::float8)',
			d.detector, d.kind, d.topic, d.priority, d.signal, h.hit, s.numerator, coalesce('j.' || quote_ident(s.denominator), '1'), 'band_' || d.signal, s.scale, s.inverse, d.minimum_surprise),
			E',\n\t\t' ORDER BY d.priority), string_agg('(' || h.hit || ')', E'\n\t\tOR ' ORDER BY d.priority) INTO hits, any_hit
	FROM tiktokads.anomaly_detector AS d
		JOIN tiktokads.anomaly_signal AS s ON s.signal = d.signal
		CROSS JOIN LATERAL (SELECT format('(%s) AND greatest(j.spend, j.usual_spend) >= %s AND coalesce((j.%I).expected >= %s, false)',
			tiktokads.anomaly_condition_sql(d), CASE grain WHEN 'hour' THEN d.minimum_spend / 12 ELSE d.minimum_spend END, 'band_' || d.signal, d.minimum_volume) AS hit) AS h
	WHERE d.enabled AND d.kind IN ('metric', 'pattern') AND anomaly_judge_sql.level = ANY (d.levels) AND grain = ANY (d.grains);
	RETURN format($sql$
WITH %13$s reported AS MATERIALIZED (
	SELECT DISTINCT advertiser_id, stat_date FROM %1$s WHERE stat_date BETWEEN $1 - 56 AND $2 AND ($3 IS NULL OR advertiser_id = $3)),
account AS MATERIALIZED (
	SELECT a.advertiser_id, tiktokads.anomaly_today(a.advertiser_id) AS today %7$s
	FROM (SELECT DISTINCT advertiser_id FROM reported) AS a),
day AS (
	SELECT advertiser_id, stat_date FROM reported
	UNION
	-- what a sync or the caller knows to be complete
	SELECT advertiser_id, $2 FROM account WHERE $4
	UNION
	SELECT t.advertiser_id, g.day::date FROM tiktokads.sync_state AS t CROSS JOIN generate_series($1::timestamp, $2::timestamp, '1 day') AS g (day)
	WHERE t.stream = %3$L AND t.covered @> g.day::date AND ($3 IS NULL OR t.advertiser_id = $3)),
known AS MATERIALIZED (
	SELECT d.advertiser_id, d.stat_date,
		EXISTS (SELECT FROM tiktokads.anomaly_holiday AS h WHERE h.day = d.stat_date AND (h.advertiser_id IS NULL OR h.advertiser_id = d.advertiser_id)) AS holiday %8$s
	FROM day AS d JOIN account AS a ON a.advertiser_id = d.advertiser_id AND d.stat_date <= a.today - %15$s
		%9$s),
span AS (
	SELECT advertiser_id, %2$I AS entity_id, min(stat_date) AS first, max(stat_date) AS last, count(*) FILTER (WHERE spend > 0) AS alive
	FROM %1$s WHERE stat_date BETWEEN $1 - 56 AND $2 AND ($3 IS NULL OR advertiser_id = $3) GROUP BY 1, 2),
size AS (
	SELECT advertiser_id, log(greatest(1, count(*)))::float8 + %14$s AS size FROM span WHERE last >= $1 - 3 GROUP BY 1),
base AS (
	SELECT s.entity_id, d.*, %4$s, z.size
	FROM span AS s
		JOIN size AS z ON z.advertiser_id = s.advertiser_id
		JOIN known AS d ON d.advertiser_id = s.advertiser_id AND d.stat_date BETWEEN s.first AND s.last + 3
		LEFT JOIN (SELECT * FROM %1$s WHERE stat_date BETWEEN $1 - 56 AND $2 AND ($3 IS NULL OR advertiser_id = $3)) AS r
			ON r.advertiser_id = s.advertiser_id AND r.%2$I = s.entity_id AND r.stat_date = d.stat_date
	WHERE s.last >= $1 - 3),
pool AS (
	-- silences that ended: one that goes on is what is asked about
	SELECT advertiser_id, sum(last - first + 1 - alive)::int8 AS off, sum(last - first + 1)::int8 AS days FROM span GROUP BY 1),
usual AS (
	SELECT b.*, (b.spend = 0)::int AS off, coalesce(avg(b.spend) OVER before, 0) AS usual_spend, count(*) OVER (w ROWS UNBOUNDED PRECEDING) AS days
	FROM base AS b
	WINDOW w AS (PARTITION BY b.advertiser_id, b.entity_id ORDER BY b.stat_date), before AS (w ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)),
guarded AS (
	SELECT u.*, u.stat_date >= $1 AND greatest(u.spend, u.usual_spend) >= %5$s AS judged,
		u.days - coalesce(max(CASE WHEN u.off = 0 THEN u.days END) OVER w, 0) AS run,
		coalesce(sum(u.off) OVER (w ROWS BETWEEN 56 PRECEDING AND 1 PRECEDING), 0) AS off_before, least(u.days - 1, 56) AS days_before, p.off AS off_pool, p.days AS days_pool %17$s
	FROM usual AS u JOIN pool AS p ON p.advertiser_id = u.advertiser_id
	WINDOW w AS (PARTITION BY u.advertiser_id, u.entity_id ORDER BY u.stat_date)),
-- how far days were above the week before them
leap AS MATERIALIZED (
	SELECT advertiser_id, entity_id, stat_date, spend / usual_spend AS ratio FROM guarded WHERE days > 7 AND usual_spend * 7 >= %5$s AND spend > usual_spend),
busy AS (
	SELECT advertiser_id, count(*) AS days FROM guarded WHERE days > 7 AND usual_spend * 7 >= %5$s GROUP BY 1),
judged AS (
	SELECT b.*, %10$L <> 'ad' AS parent,
		tiktokads.anomaly_silence(b.run, greatest(b.off_before - b.run + 1, 0), greatest(b.days_before - b.run + 1, 0), b.off_pool, b.days_pool) AS silence, %6$s
	FROM guarded AS b
	WINDOW w AS (PARTITION BY b.advertiser_id, b.entity_id ORDER BY b.stat_date))
SELECT %10$L, j.advertiser_id, j.entity_id, j.stat_date, d.detector, d.kind, d.topic, d.priority, d.signal,
	CASE WHEN (d.num < (d.band).expected) <> d.inverse THEN 'down' ELSE 'up' END,
	d.scale * CASE WHEN d.inverse THEN d.den / nullif(d.num, 0) ELSE d.num / nullif(d.den, 0) END,
	d.scale * CASE WHEN d.inverse THEN d.den / nullif((d.band).expected, 0) ELSE (d.band).expected / nullif(d.den, 0) END,
	d.scale * CASE WHEN d.inverse THEN d.den / nullif((d.band).upper, 0) ELSE (d.band).lower / nullif(d.den, 0) END,
	d.scale * CASE WHEN d.inverse THEN d.den / nullif((d.band).lower, 0) ELSE (d.band).upper / nullif(d.den, 0) END,
	d.num - (d.band).expected, greatest((d.band).down, (d.band).up), j.spend, j.usual_spend, j.silence, d.needed + j.size, %16$L::int
FROM (SELECT j.*, -log((float8 '0.05' + (SELECT count(*) FROM leap AS l
			WHERE l.advertiser_id = j.advertiser_id AND l.stat_date <> j.stat_date
				AND (l.entity_id <> j.entity_id OR abs(l.stat_date - j.stat_date) > 7) AND l.ratio >= j.spend / nullif(j.usual_spend, 0)))
		/ (1 + (SELECT b.days FROM busy AS b WHERE b.advertiser_id = j.advertiser_id))) AS leap
	FROM judged AS j WHERE j.judged AND (%12$s) OFFSET 0) AS j
	CROSS JOIN LATERAL (VALUES
		%11$s) AS d (detector, kind, topic, priority, signal, hit, num, den, band, scale, inverse, needed)
-- a leap of spend is none where entities like it leap so, too
WHERE d.hit AND (d.signal <> 'spend' OR (d.band).up < (d.band).down OR coalesce(j.leap, 3) >= 3)
$sql$, CASE grain WHEN 'hour' THEN 'report' ELSE report END, key, 'report_' || level || '_daily', columns, CASE grain WHEN 'hour' THEN floor / 12 ELSE floor END, bands,
		(SELECT coalesce(string_agg(format(', (tiktokads.anomaly_share(a.advertiser_id, %1$L)).low AS %2$I, (tiktokads.anomaly_share(a.advertiser_id, %1$L)).high AS %3$I',
			n, 'low_' || n, 'high_' || n), ''), '') FROM unnest(restating) AS n),
		(SELECT coalesce(string_agg(format(', CASE WHEN m.final THEN 1 ELSE a.%1$I[least(m.age, 28) + 1] END AS %2$I, CASE WHEN m.final THEN 1 ELSE a.%3$I[least(m.age, 28) + 1] END AS %4$I',
			'low_' || n, 'share_low_' || n, 'high_' || n, 'share_high_' || n), ''), '') FROM unnest(restating) AS n),
		-- a day that was read only while it lasted is not known
		CASE grain WHEN 'hour' THEN '' ELSE format('JOIN LATERAL tiktokads.anomaly_maturity(d.advertiser_id, d.stat_date, %L, a.today) AS m ON m.age > 0', 'report_' || level || '_daily') END,
		level, hits, any_hit,
		CASE grain WHEN 'hour' THEN format('report AS MATERIALIZED (SELECT * FROM %s AS s),', tiktokads.anomaly_source(level, hour, on_day)) ELSE '' END,
		-- a day has twelve times as many chances to err
		CASE grain WHEN 'hour' THEN log(12.0) ELSE 0 END, CASE grain WHEN 'hour' THEN 0 ELSE 1 END, hour, sums);
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_judge_sql IS 'The query that judges the days of one level: parameters are first day, last day, ad account (NULL: all), and whether the last day is known to be complete. With an hour it judges that hour and the one before of on_day. NULL when no detector looks at the level; an error when detectors look at columns that the table lacks.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_judge_sql FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_judge(level text, from_date date, to_date date, advertiser_id bigint DEFAULT NULL, hour int DEFAULT NULL) RETURNS SETOF tiktokads.anomaly_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_nestloop = off AS $$
DECLARE
	query text := tiktokads.anomaly_judge_sql(level, hour, to_date);
BEGIN
	IF query IS NOT NULL THEN
		RETURN QUERY EXECUTE query USING from_date, to_date, advertiser_id, hour IS NOT NULL;
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_judge IS 'Days of one level that metric and pattern detectors tell, before they are made into incidents: every detector that fired, the user''s own changes included. advertiser_id: NULL for all. hour: that hour and the one before, of to_date.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_judge FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_missing(from_date date, to_date date, only_advertiser bigint DEFAULT NULL) RETURNS SETOF tiktokads.anomaly_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY
	SELECT 'advertiser', a.advertiser_id, a.advertiser_id, g.day::date, d.detector, d.kind, d.topic, d.priority, NULL::text, 'missing',
		NULL::float8, NULL::float8, NULL::float8, NULL::float8, -u.spend, 0::float8, 0::float8, u.spend, 0::float8, d.minimum_surprise, NULL::int
	FROM tiktokads.anomaly_detector AS d
		CROSS JOIN (SELECT DISTINCT r.advertiser_id FROM tiktokads.report_advertiser_daily AS r
			WHERE r.stat_date BETWEEN from_date - 7 AND to_date AND (only_advertiser IS NULL OR r.advertiser_id = only_advertiser)) AS a
		CROSS JOIN LATERAL generate_series(from_date::timestamp, least(to_date, tiktokads.anomaly_today(a.advertiser_id) - 1)::timestamp, '1 day') AS g (day)
		CROSS JOIN LATERAL (
			SELECT sum(r.spend)::float8 / 7 AS spend, count(*) FILTER (WHERE r.spend > 0) AS days FROM tiktokads.report_advertiser_daily AS r
			WHERE r.advertiser_id = a.advertiser_id AND r.stat_date BETWEEN g.day::date - 7 AND g.day::date - 1) AS u
	WHERE d.kind = 'missing' AND d.enabled AND 'day' = ANY (d.grains) AND u.spend > 0
		AND NOT EXISTS (SELECT FROM tiktokads.report_advertiser_daily AS r WHERE r.advertiser_id = a.advertiser_id AND r.stat_date = g.day::date)
		-- of an account that is busy on all days, an empty reply is missing data, too
		AND (u.days >= 6 OR NOT EXISTS (SELECT FROM tiktokads.sync_state AS t
			WHERE t.advertiser_id = a.advertiser_id AND t.stream = 'report_advertiser_daily' AND t.covered @> g.day::date));
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_missing IS 'Days without any data of ad accounts that spent in the week before: they were not synced, or they were and the account spent on at least six days of that week. only_advertiser: NULL for all.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_missing FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_missing_hour(day date, hour int, only_advertiser bigint) RETURNS SETOF tiktokads.anomaly_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format($sql$
		SELECT 'advertiser', $1, $1, $2, d.detector, d.kind, d.topic, d.priority, NULL::text, 'missing',
			NULL::float8, NULL::float8, NULL::float8, NULL::float8, -u.spend, 0::float8, 0::float8, u.spend, 0::float8, d.minimum_surprise, $3
		FROM tiktokads.anomaly_detector AS d
			CROSS JOIN (SELECT sum(r.spend)::float8 / 7 AS spend, count(*) FILTER (WHERE r.stat_date = $2) AS now, count(*) FILTER (WHERE r.spend > 0) AS days
				FROM %s AS r WHERE r.advertiser_id = $1 AND r.stat_date BETWEEN $2 - 7 AND $2) AS u
		WHERE d.kind = 'missing' AND d.enabled AND 'hour' = ANY (d.grains) AND u.now = 0 AND u.days >= 6$sql$, tiktokads.anomaly_source('advertiser', hour, day))
	USING only_advertiser, day, hour;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_missing_hour IS 'An hour and the one before of an ad account without any data, though it spent then on at least six of the seven days before.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_missing_hour FROM PUBLIC;
