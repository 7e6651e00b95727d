-- from days that stand out to few, explained incidents

CREATE FUNCTION tiktokads.anomaly_budget(level text, from_date date, to_date date, advertiser_id bigint DEFAULT NULL) RETURNS SETOF tiktokads.anomaly_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF level NOT IN ('campaign', 'adgroup') THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format($sql$
WITH spent AS (
	SELECT r.advertiser_id, r.%2$I AS entity_id, r.stat_date, r.spend::float8, e.budget::float8,
		avg(r.spend / e.budget) OVER (w ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS now3,
		min(r.spend / e.budget) OVER (w ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS least3,
		max(r.spend / e.budget) OVER (w ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS most3,
		min(r.spend / e.budget) OVER (w ROWS BETWEEN 16 PRECEDING AND 3 PRECEDING) AS least14,
		max(r.spend / e.budget) OVER (w ROWS BETWEEN 16 PRECEDING AND 3 PRECEDING) AS most14,
		count(*) OVER (w ROWS BETWEEN 16 PRECEDING AND 3 PRECEDING) AS days,
		avg(r.spend) OVER (w ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)::float8 AS usual_spend
	FROM tiktokads.%1$I AS r
		JOIN tiktokads.%4$I AS e ON e.advertiser_id = r.advertiser_id AND e.%2$I = r.%2$I
	WHERE r.stat_date BETWEEN $1 - 17 AND $2 AND ($3 IS NULL OR r.advertiser_id = $3)
		AND e.budget_mode IN ('BUDGET_MODE_DAY', 'BUDGET_MODE_DYNAMIC_DAILY_BUDGET') AND e.budget > 0
	WINDOW w AS (PARTITION BY r.advertiser_id, r.%2$I ORDER BY r.stat_date))
SELECT %3$L, s.advertiser_id, s.entity_id, s.stat_date, d.detector, d.kind, d.topic, d.priority, d.signal,
	CASE WHEN s.now3 > 1 THEN 'up' ELSE 'down' END, s.spend, s.budget, s.budget * 0.5, s.budget * (1 + d.minimum_change),
	s.spend - s.budget, 0::float8, s.spend, s.usual_spend, 0::float8, 0::float8, NULL::int
FROM spent AS s CROSS JOIN tiktokads.anomaly_detector AS d
WHERE d.kind = 'budget' AND d.enabled AND %3$L = ANY (d.levels) AND s.stat_date >= $1
	AND greatest(s.spend, s.usual_spend) >= d.minimum_spend
	-- after two weeks of which every day kept to it
	AND s.days >= 7 AND (s.least3 > 1 + d.minimum_change AND s.most14 <= 1 + d.minimum_change OR s.most3 < 0.5 AND s.least14 >= 0.5)
$sql$, 'report_' || level || '_daily', level || '_id', level, level) USING from_date, to_date, advertiser_id;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_budget IS 'Days on which three days of spend are off the current daily budget. Levels campaign and adgroup; none at others. advertiser_id: NULL for all.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_budget FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_family(level text, advertiser_id bigint, entity_id bigint, OUT campaign_id bigint, OUT adgroup_id bigint, OUT name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	CASE level
		WHEN 'ad' THEN
			SELECT a.campaign_id, a.adgroup_id, a.ad_name INTO campaign_id, adgroup_id, name
			FROM tiktokads.ad AS a WHERE a.advertiser_id = anomaly_family.advertiser_id AND a.ad_id = entity_id;
		WHEN 'adgroup' THEN
			SELECT g.campaign_id, g.adgroup_id, g.adgroup_name INTO campaign_id, adgroup_id, name
			FROM tiktokads.adgroup AS g WHERE g.advertiser_id = anomaly_family.advertiser_id AND g.adgroup_id = entity_id;
		WHEN 'campaign' THEN
			SELECT c.campaign_id, c.campaign_name INTO campaign_id, name
			FROM tiktokads.campaign AS c WHERE c.advertiser_id = anomaly_family.advertiser_id AND c.campaign_id = entity_id;
		ELSE
			SELECT a.name INTO name FROM tiktokads.advertiser AS a WHERE a.advertiser_id = anomaly_family.advertiser_id;
	END CASE;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_family IS 'Campaign and ad group that an entity belongs to (or is), and its name; NULL where unknown.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_family FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_own_doing(level text, advertiser_id bigint, entity_id bigint, day date, days int DEFAULT 1) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	family record;
	zone text := coalesce((SELECT a.display_timezone FROM tiktokads.advertiser AS a WHERE a.advertiser_id = anomaly_own_doing.advertiser_id), 'UTC');
	-- times up to the end of the next day
	until timestamptz := (day + 2)::timestamp AT TIME ZONE zone;
	since timestamptz := (day - days)::timestamp AT TIME ZONE zone;
BEGIN
	IF level = 'advertiser' THEN
		RETURN NULL;
	END IF;
	family := tiktokads.anomaly_family(level, advertiser_id, entity_id);
	RETURN (
		WITH unit AS (
			SELECT 'campaign' AS level, c.campaign_id AS id, c.operation_status, c.create_time, c.modify_time, c.removed_at, NULL::timestamptz AS ends
			FROM tiktokads.campaign AS c
			WHERE c.advertiser_id = anomaly_own_doing.advertiser_id AND c.campaign_id = family.campaign_id
			UNION ALL
			SELECT 'adgroup', g.adgroup_id, g.operation_status, g.create_time, g.modify_time, g.removed_at, g.schedule_end_time
			FROM tiktokads.adgroup AS g
			WHERE g.advertiser_id = anomaly_own_doing.advertiser_id AND g.adgroup_id = family.adgroup_id
			UNION ALL
			SELECT 'ad', a.ad_id, a.operation_status, a.create_time, a.modify_time, a.removed_at, NULL
			FROM tiktokads.ad AS a
			WHERE anomaly_own_doing.level = 'ad' AND a.advertiser_id = anomaly_own_doing.advertiser_id AND a.ad_id = entity_id)
		SELECT min(x.what) FROM (
			SELECT u.level || ' is new' AS what FROM unit AS u
			WHERE u.level = anomaly_own_doing.level AND u.create_time >= (day - 6)::timestamp AT TIME ZONE zone
			UNION ALL
			-- what is off stays so, however long ago it was switched off
			SELECT u.level || ' switched off' FROM unit AS u
				LEFT JOIN LATERAL (
					SELECT s.operation_status FROM tiktokads.anomaly_entity_state AS s
					WHERE s.level = u.level AND s.advertiser_id = anomaly_own_doing.advertiser_id AND s.entity_id = u.id AND s.seen_at < until
					ORDER BY s.seen_at DESC LIMIT 1) AS s ON true
			WHERE u.operation_status IN ('DISABLE', 'DELETE', 'FROZEN') AND u.modify_time < until OR s.operation_status IN ('DISABLE', 'DELETE', 'FROZEN')
				OR u.removed_at < until
			UNION ALL
			SELECT u.level || ' schedule ended' FROM unit AS u WHERE u.ends < until
			UNION ALL
			SELECT CASE WHEN s.operation_status IS DISTINCT FROM b.operation_status
					THEN u.level || CASE WHEN s.operation_status = 'ENABLE' THEN ' switched on' ELSE ' switched off' END
				WHEN s.budget IS DISTINCT FROM b.budget THEN u.level || ' budget changed' END
			FROM unit AS u
				JOIN tiktokads.anomaly_entity_state AS s ON s.level = u.level AND s.advertiser_id = anomaly_own_doing.advertiser_id AND s.entity_id = u.id
					AND s.seen_at >= since AND s.seen_at < until
				JOIN LATERAL (
					SELECT o.operation_status, o.budget FROM tiktokads.anomaly_entity_state AS o
					WHERE o.level = s.level AND o.advertiser_id = s.advertiser_id AND o.entity_id = s.entity_id AND o.seen_at < s.seen_at
					ORDER BY o.seen_at DESC LIMIT 1) AS b ON true) AS x);
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_own_doing IS 'What the advertiser did to an entity or its parents that explains a change of its spend on a day: it is new, is switched off or its schedule has ended by then, was switched on or got another budget up to so many days before. NULL when nothing is known.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_own_doing FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_pool(from_date date, to_date date, only_advertiser bigint, OUT advertiser_id bigint, OUT off int8, OUT days int8) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY
	SELECT x.advertiser_id, sum(x.days - x.alive)::int8, sum(x.days)::int8
	FROM (SELECT r.advertiser_id, max(r.stat_date) - min(r.stat_date) + 1 AS days, count(*) FILTER (WHERE r.spend > 0) AS alive
		FROM tiktokads.report_ad_daily AS r
		WHERE r.stat_date BETWEEN from_date - 56 AND to_date AND (only_advertiser IS NULL OR r.advertiser_id = only_advertiser)
		GROUP BY r.advertiser_id, r.ad_id) AS x
	GROUP BY x.advertiser_id;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_pool IS 'How often ads of an account are silent between two days on which they are not: off of days.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_pool FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_excuse(f tiktokads.anomaly_day, off_pool int8, days_pool int8) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	doing text := tiktokads.anomaly_own_doing(f.level, f.advertiser_id, f.entity_id, f.stat_date, CASE f.kind WHEN 'budget' THEN 3 ELSE 1 END);
	part record;
BEGIN
	IF doing IS NOT NULL OR f.level = 'ad' THEN
		RETURN doing;
	END IF;
	-- of hours nobody knows which ads made them dear
	IF f.hour IS NOT NULL AND f.gap > 0 THEN
		RETURN (SELECT 'ads are new' FROM tiktokads.ad AS a
			WHERE a.advertiser_id = f.advertiser_id AND a.create_time >= f.stat_date - 2
				AND CASE f.level WHEN 'campaign' THEN a.campaign_id = f.entity_id WHEN 'adgroup' THEN a.adgroup_id = f.entity_id ELSE true END LIMIT 1);
	END IF;
	-- the ads that make most of the difference; the hours of one that is silent are those of its days before
	WITH ad AS (
		SELECT r.ad_id, sum(CASE WHEN r.stat_date = f.stat_date THEN r.spend * (f.hour IS NULL)::int ELSE -r.spend / 7 END) AS gap,
			coalesce(sum(r.spend) FILTER (WHERE r.stat_date = f.stat_date AND f.hour IS NULL), 0) = 0 AS silent
		FROM tiktokads.report_ad_daily AS r
			JOIN tiktokads.ad AS a ON a.advertiser_id = r.advertiser_id AND a.ad_id = r.ad_id
		WHERE r.advertiser_id = f.advertiser_id AND r.stat_date BETWEEN f.stat_date - 7 AND f.stat_date
			AND CASE f.level WHEN 'campaign' THEN a.campaign_id = f.entity_id WHEN 'adgroup' THEN a.adgroup_id = f.entity_id ELSE true END
		GROUP BY r.ad_id),
	most AS (
		SELECT m.*, tiktokads.anomaly_own_doing('ad', f.advertiser_id, m.ad_id, f.stat_date, CASE f.kind WHEN 'budget' THEN 3 ELSE 1 END) IS NOT NULL AS doing
		FROM (SELECT * FROM ad WHERE sign(ad.gap) = sign(f.gap) ORDER BY abs(ad.gap) DESC, ad.ad_id LIMIT 50) AS m)
	SELECT sum(m.gap) FILTER (WHERE m.doing) AS done, sum(m.gap) FILTER (WHERE NOT m.doing AND m.silent) AS silent, sum(s.silence) AS silence,
		(SELECT sum(ad.gap) FROM ad) AS whole, count(*) AS ads INTO part
	FROM most AS m
		LEFT JOIN LATERAL (
			SELECT tiktokads.anomaly_silence(f.stat_date - x.last, x.last - x.first + 1 - x.alive, x.last - x.first + 1, off_pool, days_pool) AS silence
			FROM (SELECT min(r.stat_date) AS first, max(r.stat_date) AS last, count(*) AS alive FROM tiktokads.report_ad_daily AS r
				WHERE r.advertiser_id = f.advertiser_id AND r.ad_id = m.ad_id AND r.stat_date BETWEEN f.stat_date - 56 AND f.stat_date - 1 AND r.spend > 0) AS x) AS s
			ON m.silent AND NOT m.doing;
	IF part.ads = 0 THEN
		-- ads are not known: by its own silence
		RETURN CASE WHEN f.spend = 0 AND f.silence < f.needed THEN 'falls silent now and then' END;
	END IF;
	RETURN CASE WHEN part.done / nullif(part.whole, 0) >= 0.7 THEN 'ads are new, switched off or changed'
		WHEN coalesce(part.silence, 0) < f.needed AND (coalesce(part.done, 0) + coalesce(part.silent, 0)) / nullif(part.whole, 0) >= 0.7
			THEN 'ads fall silent now and then' END;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_excuse IS 'Why a change of spend is no incident: what the advertiser did to the entity, its parents, or the ads that make 70 % of the difference; or such ads are silent and that is not rare with them, taken together. off_pool, days_pool: see anomaly_pool(). NULL: there is no excuse.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_excuse FROM PUBLIC;

-- every day that stands out without an excuse, told by one detector, at the level of its cause
CREATE FUNCTION tiktokads.anomaly_tell(from_date date, to_date date, only_advertiser bigint, levels text[], hour int DEFAULT NULL)
RETURNS TABLE (told tiktokads.anomaly_day, campaign_id bigint, adgroup_id bigint, entity_name text, also text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
	RETURN QUERY
	WITH found AS MATERIALIZED (
		SELECT f.* FROM unnest(levels) AS l (level) CROSS JOIN LATERAL tiktokads.anomaly_judge(l.level, from_date, to_date, only_advertiser, anomaly_tell.hour) AS f
		UNION ALL
		SELECT f.* FROM unnest(levels) AS l (level) CROSS JOIN LATERAL tiktokads.anomaly_budget(l.level, from_date, to_date, only_advertiser) AS f
		WHERE anomaly_tell.hour IS NULL
		UNION ALL
		SELECT f.* FROM tiktokads.anomaly_missing(from_date, to_date, only_advertiser) AS f WHERE 'advertiser' = ANY (levels) AND anomaly_tell.hour IS NULL
		UNION ALL
		SELECT f.* FROM tiktokads.anomaly_missing_hour(to_date, anomaly_tell.hour, only_advertiser) AS f WHERE anomaly_tell.hour IS NOT NULL),
	pool AS MATERIALIZED (SELECT * FROM tiktokads.anomaly_pool(from_date, to_date, only_advertiser) WHERE EXISTS (SELECT FROM found AS f WHERE f.topic IN ('spend', 'delivery', 'budget', 'data'))),
	-- days of spend that stand out with a reason, or are of no weight
	excused AS MATERIALIZED (
		SELECT f.level, f.advertiser_id, f.entity_id, f.stat_date, f.topic, bool_or(e.why IS NOT NULL) AS mixed
		FROM found AS f
			JOIN tiktokads.anomaly_detector AS d ON d.detector = f.detector
			LEFT JOIN pool AS p ON p.advertiser_id = f.advertiser_id
			LEFT JOIN LATERAL (
				SELECT sum(r.spend)::float8 / 7 AS spend FROM tiktokads.report_advertiser_daily AS r
				WHERE r.advertiser_id = f.advertiser_id AND r.stat_date BETWEEN f.stat_date - 7 AND f.stat_date - 1) AS w ON true
			CROSS JOIN LATERAL (
				SELECT tiktokads.anomaly_excuse((f.level, f.advertiser_id, f.entity_id, f.stat_date, f.detector, f.kind, f.topic, f.priority, f.metric, f.direction, f.observed,
					f.expected, f.lower, f.upper, f.gap, f.surprise, f.spend, f.usual_spend, f.silence, f.needed, f.hour)::tiktokads.anomaly_day, coalesce(p.off, 0), coalesce(p.days, 0)) AS why
				OFFSET 0) AS e
		WHERE f.topic IN ('spend', 'delivery', 'budget', 'data')
			AND (greatest(f.spend, f.usual_spend) < d.minimum_share * w.spend / CASE WHEN f.hour IS NULL THEN 1 ELSE 12 END OR e.why IS NOT NULL)
		GROUP BY 1, 2, 3, 4, 5),
	meant AS (
		SELECT DISTINCT ON (f.level, f.advertiser_id, f.entity_id, f.stat_date)
			(f.level, f.advertiser_id, f.entity_id, f.stat_date, f.detector, f.kind, f.topic, f.priority, f.metric, f.direction, f.observed, f.expected,
				f.lower, f.upper, f.gap, f.surprise, f.spend, f.usual_spend, f.silence, f.needed, f.hour)::tiktokads.anomaly_day AS day, f.level, f.advertiser_id, f.entity_id, f.stat_date, f.topic, f.gap,
			array_position(ARRAY['advertiser', 'campaign', 'adgroup', 'ad'], f.level) AS depth,
			(SELECT array_agg(DISTINCT o.detector) FROM found AS o
				WHERE o.level = f.level AND o.advertiser_id = f.advertiser_id AND o.entity_id = f.entity_id AND o.stat_date = f.stat_date AND o.detector <> f.detector) AS also,
			(SELECT array_agg(DISTINCT o.topic) FROM found AS o
				WHERE o.level = f.level AND o.advertiser_id = f.advertiser_id AND o.entity_id = f.entity_id AND o.stat_date = f.stat_date) AS topics
		FROM found AS f
		WHERE NOT EXISTS (SELECT FROM excused AS d
				WHERE d.level = f.level AND d.advertiser_id = f.advertiser_id AND d.entity_id = f.entity_id AND d.stat_date = f.stat_date
					-- rates of other ads than before are other rates
					AND (d.topic = f.topic OR d.mixed AND f.metric NOT IN ('spend', 'impressions', 'clicks', 'conversion')))
			-- a day without data, or some hours of it, says nothing else
			AND (f.kind = 'missing' OR NOT EXISTS (SELECT FROM found AS m WHERE m.kind = 'missing' AND m.advertiser_id = f.advertiser_id AND m.stat_date = f.stat_date)
				AND NOT EXISTS (SELECT FROM tiktokads.anomaly AS m
					WHERE m.kind = 'missing' AND m.state <> 'resolved' AND m.advertiser_id = f.advertiser_id AND f.stat_date BETWEEN m.started_on AND m.ended_on))
		ORDER BY f.level, f.advertiser_id, f.entity_id, f.stat_date, f.priority, f.surprise DESC),
	placed AS MATERIALIZED (
		SELECT m.*, p.campaign_id AS campaign, p.adgroup_id AS adgroup, p.name
		FROM meant AS m CROSS JOIN LATERAL tiktokads.anomaly_family(m.level, m.advertiser_id, m.entity_id) AS p),
	-- one below that has most of the gap of one above
	cause AS (
		SELECT p.*, EXISTS (
			SELECT FROM placed AS c
				JOIN found AS o ON o.level = c.level AND o.advertiser_id = c.advertiser_id AND o.entity_id = c.entity_id AND o.stat_date = c.stat_date
			WHERE c.advertiser_id = p.advertiser_id AND c.stat_date = p.stat_date AND o.topic = p.topic AND c.depth > p.depth
				AND (p.depth = 1 OR p.level = 'campaign' AND c.campaign = p.entity_id OR p.level = 'adgroup' AND c.adgroup = p.entity_id)
				AND o.metric IS NOT DISTINCT FROM (p.day).metric AND abs(o.gap) >= 0.7 * abs(p.gap) AND sign(o.gap) = sign(p.gap)) AS below
		FROM placed AS p)
	SELECT c.day, c.campaign, c.adgroup, c.name, c.also
	FROM cause AS c
	WHERE NOT c.below AND NOT EXISTS (
		SELECT FROM cause AS p
		-- one above that is told shows this, too
		WHERE p.advertiser_id = c.advertiser_id AND p.stat_date = c.stat_date AND c.topic = ANY (p.topics) AND p.depth < c.depth AND NOT p.below
			AND (p.depth = 1 OR p.level = 'campaign' AND c.campaign = p.entity_id OR p.level = 'adgroup' AND c.adgroup = p.entity_id));
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_tell IS 'The days that make incidents: of all detectors of an entity''s day the first by priority, without what anomaly_excuse() knows, and of parents and children the one where the cause is: the child that has 70 % of the gap, else the parent.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_tell FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_drivers(level text, advertiser_id bigint, entity_id bigint, day date, numerator name, hour int DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	below text := CASE level WHEN 'advertiser' THEN 'campaign' WHEN 'campaign' THEN 'adgroup' WHEN 'adgroup' THEN 'ad' END;
	result jsonb;
BEGIN
	IF below IS NULL OR numerator IS NULL OR hour IS NOT NULL AND to_regclass('tiktokads.report_' || below || '_hourly') IS NULL THEN
		RETURN NULL;
	END IF;
	EXECUTE format($sql$
		WITH part AS (
			SELECT r.%2$I AS id, e.%3$I AS name,
				coalesce(sum(r.%4$I) FILTER (WHERE r.stat_date = $3), 0)::float8 AS observed,
				coalesce(sum(r.%4$I) FILTER (WHERE r.stat_date < $3), 0)::float8
					/ greatest(1, (SELECT count(DISTINCT x.stat_date) FROM tiktokads.report_advertiser_daily AS x
						WHERE x.advertiser_id = $1 AND x.stat_date BETWEEN $3 - 14 AND $3 - 1)) AS expected
			FROM %1$s AS r
				LEFT JOIN tiktokads.%5$I AS e ON e.advertiser_id = r.advertiser_id AND e.%2$I = r.%2$I
			WHERE r.advertiser_id = $1 AND r.stat_date BETWEEN $3 - 14 AND $3 AND (%6$s)
			GROUP BY 1, 2),
		gap AS (SELECT p.*, p.observed - p.expected AS gap, sum(p.observed - p.expected) OVER () AS whole FROM part AS p)
		SELECT jsonb_agg(jsonb_build_object('level', %7$L, 'id', t.id, 'name', t.name, 'observed', round(t.observed::numeric, 2),
			'expected', round(t.expected::numeric, 2), 'share', round((t.gap / nullif(t.whole, 0))::numeric, 3)) ORDER BY abs(t.gap) DESC)
		FROM (SELECT * FROM gap ORDER BY abs(gap) DESC LIMIT 5) AS t WHERE t.gap <> 0$sql$,
		tiktokads.anomaly_source(below, hour, day), below || '_id', below || '_name', numerator, below,
		CASE level WHEN 'advertiser' THEN '$2 = $2' ELSE format('e.%I = $2', level || '_id') END, below)
	INTO result USING advertiser_id, entity_id, day;
	RETURN result;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_drivers IS 'Which children make a day''s difference: the five with the greatest gap to their mean of the 14 days before, with their share of the whole gap. NULL for ads, and without a numerator.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_drivers FROM PUBLIC;

CREATE FUNCTION tiktokads.anomaly_parts(level text, advertiser_id bigint, entity_id bigint, day date, hour int DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format($sql$
		WITH s AS (
			SELECT r.stat_date = $3 AS now, avg(r.spend)::float8 AS spend, avg(r.impressions)::float8 AS impressions,
				avg(r.clicks)::float8 AS clicks, avg(r.conversion)::float8 AS conversion
			FROM %1$s AS r
			WHERE r.advertiser_id = $1 AND r.%2$I = $2 AND r.stat_date BETWEEN $3 - 14 AND $3 GROUP BY 1),
		l AS (
			SELECT b.spend AS spend0, b.clicks AS clicks0, b.conversion AS conversion0, b.impressions AS impressions0,
				coalesce(n.spend, 0) AS spend, coalesce(n.clicks, 0) AS clicks, coalesce(n.conversion, 0) AS conversion, coalesce(n.impressions, 0) AS impressions
			FROM s AS b LEFT JOIN s AS n ON n.now WHERE NOT b.now)
		SELECT jsonb_strip_nulls(jsonb_build_object(
			'spend', jsonb_build_array(round(spend0::numeric, 2), round(spend::numeric, 2)),
			'impressions', jsonb_build_array(round(impressions0::numeric, 1), impressions),
			'clicks', jsonb_build_array(round(clicks0::numeric, 1), clicks),
			'conversion', jsonb_build_array(round(conversion0::numeric, 1), conversion),
			'log', jsonb_build_object(
				'spend', round(ln(nullif(spend, 0) / nullif(spend0, 0))::numeric, 3),
				'cpm', round(ln(nullif(spend / nullif(impressions, 0), 0) / nullif(spend0 / nullif(impressions0, 0), 0))::numeric, 3),
				'impressions', round(ln(nullif(impressions, 0) / nullif(impressions0, 0))::numeric, 3),
				'ctr', round(ln(nullif(clicks / nullif(impressions, 0), 0) / nullif(clicks0 / nullif(impressions0, 0), 0))::numeric, 3),
				'cvr', round(ln(nullif(conversion / nullif(clicks, 0), 0) / nullif(conversion0 / nullif(clicks0, 0), 0))::numeric, 3),
				'conversion', round(ln(nullif(conversion, 0) / nullif(conversion0, 0))::numeric, 3),
				'cpa', round(ln(nullif(spend / nullif(conversion, 0), 0) / nullif(spend0 / nullif(conversion0, 0), 0))::numeric, 3))))
		FROM l$sql$, tiktokads.anomaly_source(level, hour, day), level || '_id')
	INTO result USING advertiser_id, entity_id, day;
	RETURN result;
END;
$$;
COMMENT ON FUNCTION tiktokads.anomaly_parts IS 'A day of an entity against its mean of the 14 days before: sums as [before, now], and under log the natural logarithms of the changes, which add up: cpa = spend - conversion, conversion = impressions + ctr + cvr, spend = cpm + impressions.';
REVOKE ALL ON FUNCTION tiktokads.anomaly_parts FROM PUBLIC;
