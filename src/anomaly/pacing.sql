-- where the month will end

CREATE TABLE tiktokads.pacing_budget
(
	advertiser_id bigint NOT NULL,
	level text NOT NULL CHECK (level IN ('advertiser', 'campaign', 'adgroup')),
	entity_id bigint NOT NULL,
	month date NOT NULL DEFAULT '-infinity',
	budget numeric NOT NULL CHECK (budget >= 0),
	conversions float8 CHECK (conversions >= 0),
	PRIMARY KEY (advertiser_id, level, entity_id, month)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.pacing_budget', '');
COMMENT ON TABLE tiktokads.pacing_budget IS 'What may be spent in a month, for tiktokads.pacing(). Yours to fill; without a row the entity''s own budget counts.';
COMMENT ON COLUMN tiktokads.pacing_budget.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.pacing_budget.level IS 'advertiser, campaign or adgroup.';
COMMENT ON COLUMN tiktokads.pacing_budget.entity_id IS 'Entity of that level; the ad account itself at level advertiser.';
COMMENT ON COLUMN tiktokads.pacing_budget.month IS 'First day of the month from which it holds; -infinity: always.';
COMMENT ON COLUMN tiktokads.pacing_budget.budget IS 'Budget of one month, in the account''s currency.';
COMMENT ON COLUMN tiktokads.pacing_budget.conversions IS 'Conversions wanted in one month; NULL: no goal.';

CREATE TYPE tiktokads.pacing_row AS
(
	advertiser_id bigint,
	entity_id bigint,
	entity_name text,
	month date,
	known_to date,
	days_left int,
	budget numeric,
	spend numeric,
	spend_expected numeric,
	spend_lower numeric,
	spend_upper numeric,
	pace float8,
	conversions numeric,
	conversions_expected float8,
	conversions_lower float8,
	conversions_upper float8,
	conversions_goal float8,
	state text
);
COMMENT ON TYPE tiktokads.pacing_row IS 'Where an entity''s month stands and will end, see tiktokads.pacing().';

CREATE FUNCTION tiktokads.pacing(level text DEFAULT 'campaign', month date DEFAULT NULL, advertiser_id bigint DEFAULT NULL, interval_level float8 DEFAULT 0.95)
RETURNS SETOF tiktokads.pacing_row
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF level IS NULL OR level NOT IN ('advertiser', 'campaign', 'adgroup') THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('pacing has no level "%s"', level),
			HINT = 'Levels are advertiser, campaign and adgroup.';
	END IF;
	IF interval_level IS NULL OR NOT (interval_level > 0 AND interval_level < 1) THEN
		RAISE invalid_parameter_value USING MESSAGE = 'interval_level must be between 0 and 1';
	END IF;
	PERFORM tiktokads.anomaly_need_model();
	RETURN QUERY EXECUTE format($sql$
	WITH account AS (
		SELECT a.advertiser_id, date_trunc('month', coalesce($1, a.today - 1)::timestamp)::date AS month, a.today - 1 AS yesterday
		FROM (SELECT r.advertiser_id, tiktokads.anomaly_today(r.advertiser_id) AS today
			FROM (SELECT DISTINCT x.advertiser_id FROM tiktokads.%1$I AS x WHERE $2 IS NULL OR x.advertiser_id = $2) AS r) AS a),
	bound AS (
		SELECT a.*, (a.month + interval '1 month')::date - 1 AS month_end, least(a.yesterday, (a.month + interval '1 month')::date - 1) AS known_to FROM account AS a),
	unit AS (
		SELECT b.*, r.%2$I AS entity_id, min(r.stat_date) AS first
		FROM bound AS b JOIN tiktokads.%1$I AS r ON r.advertiser_id = b.advertiser_id AND r.stat_date BETWEEN b.known_to - 90 AND b.known_to
		GROUP BY b.advertiser_id, b.month, b.yesterday, b.month_end, b.known_to, r.%2$I
		HAVING max(r.stat_date) >= least(b.month, b.known_to - 6)),
	day AS (
		SELECT u.*, g.day::date AS stat_date, coalesce(r.spend, 0) AS spend, coalesce(r.conversion, 0) AS conversion,
			coalesce(r.conversion, 0) / (s.low[least(u.yesterday + 1 - g.day::date, 28) + 1] + s.high[least(u.yesterday + 1 - g.day::date, 28) + 1]) * 2 AS mature
		FROM unit AS u
			JOIN LATERAL tiktokads.anomaly_share(u.advertiser_id, 'conversion') AS s ON true
			CROSS JOIN LATERAL generate_series(u.first::timestamp, u.known_to::timestamp, '1 day') AS g (day)
			LEFT JOIN tiktokads.%1$I AS r ON r.advertiser_id = u.advertiser_id AND r.%2$I = u.entity_id AND r.stat_date = g.day::date),
	total AS (
		SELECT d.advertiser_id, d.entity_id, d.month, d.month_end, d.known_to, greatest(d.month_end - d.known_to, 0) AS days_left,
			coalesce(sum(d.spend) FILTER (WHERE d.stat_date >= d.month), 0) AS spend,
			coalesce(sum(d.conversion) FILTER (WHERE d.stat_date >= d.month), 0) AS conversion,
			coalesce(sum(d.mature) FILTER (WHERE d.stat_date >= d.month), 0) AS mature,
			-- an aggregate is worked out whatever CASE says
			CASE WHEN d.month_end > d.known_to THEN tiktokads.forecast(d.spend::float8, d.stat_date::timestamp, greatest(d.month_end - d.known_to, 1), jsonb_build_object('level', $3)) END AS spend_ahead,
			CASE WHEN d.month_end > d.known_to THEN tiktokads.forecast(d.mature::float8, d.stat_date::timestamp, greatest(d.month_end - d.known_to, 1), jsonb_build_object('level', $3)) END AS mature_ahead
		FROM day AS d GROUP BY d.advertiser_id, d.entity_id, d.month, d.month_end, d.known_to),
	ahead AS (
		SELECT t.*, s.mean AS spend_mean, s.reach AS spend_reach, c.mean AS mature_mean, c.reach AS mature_reach
		FROM total AS t
			-- errors of days to come are neither one nor independent: half of each
			CROSS JOIN LATERAL (SELECT coalesce(sum(greatest(p.mean, 0)), 0) AS mean,
				coalesce(sqrt((sum(p.upper - p.mean) ^ 2 + sum((p.upper - p.mean) ^ 2)) / 2), 0) AS reach FROM unnest(t.spend_ahead) AS p) AS s
			CROSS JOIN LATERAL (SELECT coalesce(sum(greatest(p.mean, 0)), 0) AS mean,
				coalesce(sqrt((sum(p.upper - p.mean) ^ 2 + sum((p.upper - p.mean) ^ 2)) / 2), 0) AS reach FROM unnest(t.mature_ahead) AS p) AS c),
	named AS (
		SELECT a.*, f.name, coalesce(
				(SELECT b.budget FROM tiktokads.pacing_budget AS b WHERE b.advertiser_id = a.advertiser_id AND b.level = %3$L AND b.entity_id = a.entity_id AND b.month <= a.month ORDER BY b.month DESC LIMIT 1),
				%4$s) AS budget,
			(SELECT b.conversions FROM tiktokads.pacing_budget AS b WHERE b.advertiser_id = a.advertiser_id AND b.level = %3$L AND b.entity_id = a.entity_id AND b.month <= a.month ORDER BY b.month DESC LIMIT 1) AS goal
		FROM ahead AS a CROSS JOIN LATERAL tiktokads.anomaly_family(%3$L, a.advertiser_id, a.entity_id) AS f)
	SELECT n.advertiser_id, n.entity_id, n.name, n.month, n.known_to, n.days_left, n.budget, n.spend,
		round(n.spend + n.spend_mean::numeric, 2), round(n.spend + greatest(n.spend_mean - n.spend_reach, 0)::numeric, 2), round(n.spend + (n.spend_mean + n.spend_reach)::numeric, 2),
		((n.spend + n.spend_mean::numeric) / nullif(n.budget, 0))::float8,
		n.conversion::numeric, n.mature + n.mature_mean, greatest(n.conversion, n.mature + n.mature_mean - n.mature_reach), n.mature + n.mature_mean + n.mature_reach, n.goal,
		CASE WHEN n.budget IS NULL THEN 'no budget'
			WHEN n.spend + greatest(n.spend_mean - n.spend_reach, 0) > n.budget THEN 'over'
			WHEN n.spend + n.spend_mean + n.spend_reach < n.budget THEN 'under' ELSE 'on track' END
	FROM named AS n ORDER BY n.advertiser_id, n.entity_id$sql$,
		'report_' || level || '_daily', level || '_id', level,
		CASE level WHEN 'advertiser' THEN 'NULL::numeric' ELSE format(
			'(SELECT CASE WHEN e.budget_mode IN (''BUDGET_MODE_DAY'', ''BUDGET_MODE_DYNAMIC_DAILY_BUDGET'') THEN e.budget * (a.month_end - a.month + 1) END FROM tiktokads.%1$I AS e WHERE e.advertiser_id = a.advertiser_id AND e.%2$I = a.entity_id)',
			level, level || '_id') END)
	USING month, advertiser_id, interval_level;
END;
$$;
COMMENT ON FUNCTION tiktokads.pacing IS 'Spend and conversions to the end of a month against its budget, for each entity that delivered: known so far, expected with interval, pace (expected spend / budget) and state (over, under: the whole interval is; on track; no budget). level: advertiser, campaign or adgroup. month: any day of it; NULL: that of each account''s yesterday. Budgets come from tiktokads.pacing_budget, else daily budgets times the days of the month. Conversions of young days are scaled up by tiktokads.anomaly_share(). An error for another level or interval_level outside 0 to 1.';
REVOKE ALL ON FUNCTION tiktokads.pacing FROM PUBLIC;
