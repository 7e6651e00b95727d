-- from touches and conversions to credit, cost and ROAS

CREATE FUNCTION tiktokads.money_share(total numeric, places int, weights float8[]) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- rounded down; the units that are left go to the largest remainders
	SELECT array_agg(r.low + CASE WHEN r.weighed AND r.rank <= (total - r.all_low) * 10 ^ places THEN round(10 ^ (-places)::numeric, places) ELSE 0 END ORDER BY r.place)
	FROM (
		SELECT f.place, f.low, f.weighed, sum(f.low) OVER () AS all_low, row_number() OVER (ORDER BY f.part - f.low DESC, f.place) AS rank
		FROM (
			SELECT e.place, e.part, e.weighed, trunc(e.part, places) AS low
			FROM (
				SELECT w.place, CASE WHEN w.weight > 0 THEN total * w.weight::numeric / sum(w.weight::numeric) OVER () ELSE 0 END AS part,
					bool_or(w.weight > 0) OVER () AS weighed
				FROM unnest(weights) WITH ORDINALITY AS w (weight, place)) AS e) AS f) AS r;
END;
COMMENT ON FUNCTION tiktokads.money_share IS 'Splits an amount of money by weights so that the parts, of so many decimal places, add up to it exactly: by largest remainders, the first of equals. The amount must have no more places and not be negative. All 0 when no weight is positive; NULL without weights.';

CREATE FUNCTION tiktokads.attribution_cost(level text, from_date date, to_date date, currency text)
RETURNS TABLE (advertiser_id bigint, entity_id bigint, spend numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT %s, %s, sum(r.spend) FROM tiktokads.%I AS r JOIN tiktokads.advertiser AS a ON a.advertiser_id = r.advertiser_id '
			|| 'WHERE r.stat_date BETWEEN $1 AND $2 AND a.currency IS NOT DISTINCT FROM $3 GROUP BY 1, 2 HAVING sum(r.spend) <> 0',
		CASE level WHEN 'channel' THEN 'NULL::bigint' ELSE 'r.advertiser_id' END,
		CASE level WHEN 'channel' THEN 'NULL::bigint' ELSE format('r.%I', level || '_id') END,
		CASE level WHEN 'channel' THEN 'report_advertiser_daily' ELSE format('report_%s_daily', level) END)
	USING from_date, to_date, currency;
END;
$$;
COMMENT ON FUNCTION tiktokads.attribution_cost IS 'What the entities of a level spent on these days of their accounts, of accounts of one currency; at level channel one row.';

CREATE FUNCTION tiktokads.attribution_name(level text, advertiser_id bigint, entity_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found text;
BEGIN
	IF entity_id IS NOT NULL THEN
		EXECUTE format('SELECT e.%I FROM tiktokads.%I AS e WHERE e.advertiser_id = $1 AND e.%I = $2', level || '_name', level, level || '_id')
			INTO found USING advertiser_id, entity_id;
	END IF;
	RETURN found;
END;
$$;
COMMENT ON FUNCTION tiktokads.attribution_name IS 'Name of a campaign, adgroup or ad; NULL when it is unknown.';

CREATE FUNCTION tiktokads.attribution_source(relation name) RETURNS text
LANGUAGE sql STABLE
RETURN format('tiktokads.%I', relation || CASE WHEN has_table_privilege('tiktokads.touchpoint', 'SELECT') AND has_table_privilege('tiktokads.event', 'SELECT') THEN '' ELSE '_masked' END);
COMMENT ON FUNCTION tiktokads.attribution_source IS 'Where attribution() reads touchpoint or conversion: its masked view when you may not read raw identifiers, else itself. People count the same either way.';

CREATE FUNCTION tiktokads.attribution_touches(level text, from_at timestamptz, to_at timestamptz, lookback interval) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- touches before the range serve conversions in it; they make no null paths
	RETURN format('SELECT t.person, t.touch_at, %s, t.kind FROM %s AS t WHERE t.touch_at < %L AND (t.touch_at >= %L OR (%s t.person IN '
			|| '(SELECT c.person FROM %s AS c WHERE c.converted_at >= %L AND c.converted_at < %L)))',
		CASE level WHEN 'channel' THEN 'coalesce(t.channel, ''(unknown)'')'
			ELSE format('CASE WHEN t.%1$I IS NULL THEN ''*:'' || coalesce(t.channel, ''(unknown)'') ELSE coalesce(t.advertiser_id::text, '''') || '':'' || t.%1$I END', level || '_id') END,
		tiktokads.attribution_source('touchpoint'), to_at, from_at, CASE WHEN lookback IS NULL THEN '' ELSE format('t.touch_at >= %L AND', from_at - lookback) END,
		tiktokads.attribution_source('conversion'), from_at, to_at);
END;
$$;
COMMENT ON FUNCTION tiktokads.attribution_touches IS 'The query of touches of attribution(): its channels are account:entity, *:medium for touches of no such entity, or the medium itself at level channel.';

CREATE FUNCTION tiktokads.attribution_conversions(from_at timestamptz, to_at timestamptz, currency text, unnamed text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- other currencies convert too, at weight 0; refunds are not for the models to share
	RETURN format('SELECT c.person, c.converted_at, CASE WHEN f.mine THEN c.conversions ELSE 0 END, CASE WHEN f.mine THEN coalesce(c.value, 0) ELSE 0 END '
		|| 'FROM %s AS c CROSS JOIN LATERAL (SELECT coalesce(c.currency, %L) IS NOT DISTINCT FROM %L::text AND coalesce(c.value, 0) >= 0 AS mine) AS f '
		|| 'WHERE c.converted_at >= %L AND c.converted_at < %L', tiktokads.attribution_source('conversion'), unnamed, currency, from_at, to_at);
END;
$$;
COMMENT ON FUNCTION tiktokads.attribution_conversions IS 'The query of conversions of attribution() for one currency (NULL: none); unnamed is that of conversions that name none.';

CREATE FUNCTION tiktokads.attribution_entity(level text, credit tiktokads.credit[], shares numeric[])
RETURNS TABLE (advertiser_id bigint, entity_id bigint, medium text, conversions float8, value numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN k.entity THEN nullif(split_part(c.channel, ':', 1), '')::bigint END,
		CASE WHEN k.entity THEN split_part(c.channel, ':', 2)::bigint END,
		CASE WHEN c.channel IS NULL THEN '(no touch)' WHEN level = 'channel' THEN c.channel WHEN NOT k.entity THEN substr(c.channel, 3) END,
		c.conversions, s.share
	FROM ROWS FROM (unnest(credit), unnest(shares)) AS c (channel, conversions, value, share)
		CROSS JOIN LATERAL (SELECT level <> 'channel' AND c.channel IS NOT NULL AND c.channel NOT LIKE '*:%' AS entity) AS k
		CROSS JOIN LATERAL (SELECT c.share) AS s (share);
END;
COMMENT ON FUNCTION tiktokads.attribution_entity IS 'Credit with its channels taken apart: account and entity, or the medium of touches of no such entity, or (no touch).';

CREATE FUNCTION tiktokads.attribution(model text, from_date date, to_date date, level text DEFAULT 'campaign',
	lookback interval DEFAULT '30 days', click_window interval DEFAULT NULL, view_window interval DEFAULT NULL,
	options jsonb DEFAULT '{}', time_zone text DEFAULT 'UTC')
RETURNS TABLE (advertiser_id bigint, entity_id bigint, name text, conversions float8, value numeric, spend numeric, cpa numeric, roas numeric, currency text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	from_at timestamptz := from_date::timestamp AT TIME ZONE time_zone;
	to_at timestamptz := (to_date + 1)::timestamp AT TIME ZONE time_zone;
	unnamed text := (SELECT min(a.currency) FROM tiktokads.advertiser AS a HAVING count(DISTINCT a.currency) = 1);
	windows jsonb := jsonb_build_object('lookback', lookback::text)
		|| jsonb_strip_nulls(jsonb_build_object('click_window', click_window::text, 'view_window', view_window::text));
	money text;
	credit tiktokads.credit[];
	total record;
BEGIN
	IF model IS NULL OR from_at IS NULL OR to_at IS NULL OR NOT isfinite(from_at) OR NOT isfinite(to_at) THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'model, dates and time zone of an attribution must not be null or infinite';
	END IF;
	IF level IS NULL OR level NOT IN ('campaign', 'adgroup', 'ad', 'channel') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('unknown level of attribution: %L', level), HINT = 'Levels are campaign, adgroup, ad and channel.';
	END IF;
	FOR money IN EXECUTE format(
		'SELECT coalesce(c.currency, $1) FROM %s AS c WHERE c.converted_at >= $2 AND c.converted_at < $3 '
		'UNION SELECT a.currency FROM tiktokads.advertiser AS a WHERE EXISTS (SELECT FROM tiktokads.attribution_cost($4, $5, $6, a.currency)) ORDER BY 1',
		tiktokads.attribution_source('conversion'))
		USING unnamed, from_at, to_at, level, from_date, to_date
	LOOP
		credit := ARRAY(SELECT q FROM tiktokads.attribution_query(model, tiktokads.attribution_touches(level, from_at, to_at, lookback),
				tiktokads.attribution_conversions(from_at, to_at, money, unnamed), windows || coalesce(options, '{}')) AS q
			WHERE q.conversions > 0 OR q.value > 0);
		EXECUTE format(
			'SELECT coalesce(sum(c.value) FILTER (WHERE c.value > 0), 0) AS value, greatest(2, max(scale(c.value))) AS places, '
			'coalesce(sum(c.value) FILTER (WHERE c.value < 0), 0) AS refunded, count(*) FILTER (WHERE c.value < 0) AS refunds '
			'FROM %s AS c WHERE c.converted_at >= $1 AND c.converted_at < $2 AND coalesce(c.currency, $3) IS NOT DISTINCT FROM $4',
			tiktokads.attribution_source('conversion'))
		INTO total USING from_at, to_at, unnamed, money;
		RETURN QUERY
			SELECT r.advertiser_id, r.entity_id, coalesce(r.medium, tiktokads.attribution_name(level, r.advertiser_id, r.entity_id)),
				r.conversions, r.value, r.spend, r.spend / nullif(r.conversions, 0)::numeric, r.value / nullif(r.spend, 0), money
			FROM (
				SELECT u.advertiser_id, u.entity_id, u.medium, sum(u.conversions) AS conversions, sum(u.value) AS value, sum(u.spend) AS spend
				FROM (
					SELECT e.advertiser_id, e.entity_id, e.medium, e.conversions, e.value, NULL::numeric AS spend
					FROM tiktokads.attribution_entity(level, credit,
						tiktokads.money_share(total.value, total.places, ARRAY(SELECT w.value FROM unnest(credit) AS w))) AS e
					UNION ALL SELECT NULL, NULL, '(no touch)', total.refunds, total.refunded, NULL WHERE total.refunds > 0
					UNION ALL SELECT c.advertiser_id, c.entity_id, CASE level WHEN 'channel' THEN 'tiktok' END, 0, 0, c.spend
					FROM tiktokads.attribution_cost(level, from_date, to_date, money) AS c) AS u
				GROUP BY u.advertiser_id, u.entity_id, u.medium) AS r
			ORDER BY r.medium IS NOT DISTINCT FROM '(no touch)', r.conversions DESC, r.advertiser_id, r.entity_id, r.medium;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.attribution IS 'Conversions and value by campaign, adgroup, ad or channel, credited by a model, beside what these spent. Days are of time_zone for conversions, of the ad account for spend. Touches count within lookback (NULL: no limit) and click_window, view_window (NULL: as lookback; 0: off); options are those of attribution_query. One row for each entity that has credit or spend; other media have a name only; conversions without touches, and refunds (negative values), are the row (no touch). Conversions and value add up to what there is, value to the cent. Money in several currencies makes rows of each; spend stands in that of the ad account, and so do conversions that name no currency when all accounts have one.';

CREATE FUNCTION tiktokads.attribution_compare(models text[], from_date date, to_date date, level text DEFAULT 'campaign',
	lookback interval DEFAULT '30 days', click_window interval DEFAULT NULL, view_window interval DEFAULT NULL,
	options jsonb DEFAULT '{}', time_zone text DEFAULT 'UTC')
RETURNS TABLE (advertiser_id bigint, entity_id bigint, name text, model text, conversions float8, value numeric, spend numeric, cpa numeric, roas numeric, currency text)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT a.advertiser_id, a.entity_id, a.name, m.model, a.conversions, a.value, a.spend, a.cpa, a.roas, a.currency
	FROM unnest(models) WITH ORDINALITY AS m (model, place)
		CROSS JOIN LATERAL tiktokads.attribution(m.model, from_date, to_date, level, lookback, click_window, view_window,
			coalesce(options -> m.model, '{}'), time_zone) AS a
	ORDER BY a.currency, a.advertiser_id, a.entity_id, a.name, m.place;
END;
COMMENT ON FUNCTION tiktokads.attribution_compare IS 'attribution() by several models, side by side: the rows of an entity follow each other in the order of the models. options gives those of each model by its name: {"markov": {"order": 2}}. The rest as in attribution().';
