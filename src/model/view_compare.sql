-- a period beside the one before it

CREATE FUNCTION tiktokads.compare_periods
(
	level text,
	from_date date,
	to_date date,
	previous_from date DEFAULT NULL,
	previous_to date DEFAULT NULL,
	OUT advertiser_id bigint,
	OUT currency text,
	OUT entity_id bigint,
	OUT entity_id_text text,
	OUT entity_name text,
	OUT metric text,
	OUT value numeric,
	OUT previous_value numeric,
	OUT change numeric,
	OUT change_percent numeric,
	OUT provisional boolean
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	report record;
BEGIN
	SELECT * INTO report FROM (VALUES
		('advertiser', 'advertiser_report', 'advertiser_id', 'advertiser_name'),
		('campaign', 'campaign_report', 'campaign_id', 'campaign_name'),
		('adgroup', 'ad_group_report', 'adgroup_id', 'adgroup_name'),
		('ad', 'ad_report', 'ad_id', 'ad_name')) AS v (level, relation, id, name)
	WHERE v.level = compare_periods.level;
	IF NOT FOUND THEN
		RAISE invalid_parameter_value USING MESSAGE = format('there is no level %s', coalesce(quote_literal(level), 'NULL')),
			HINT = 'Levels are: advertiser, campaign, adgroup, ad.';
	ELSIF from_date IS NULL OR to_date IS NULL OR from_date > to_date OR previous_from > previous_to OR (previous_from IS NULL) <> (previous_to IS NULL) THEN
		RAISE invalid_parameter_value USING MESSAGE = 'a period must have a first day and a last day that is not before it',
			HINT = 'Leave out both days of the previous period to compare with as many days right before.';
	END IF;
	previous_to := coalesce(previous_to, from_date - 1);
	previous_from := coalesce(previous_from, previous_to - (to_date - from_date));
	RETURN QUERY EXECUTE format($query$
		WITH total AS (
			SELECT r.advertiser_id, r.currency, r.%2$I AS id, max(r.%3$I) AS name, p.present, bool_or(r.provisional) AS provisional,
				sum(r.spend) AS spend, sum(r.impressions) AS impressions, sum(r.clicks) AS clicks, sum(r.conversion) AS conversion, sum(r.conversion_value) AS conversion_value
			FROM tiktokads.%1$I AS r
				JOIN (VALUES (true, $1, $2), (false, $3, $4)) AS p (present, from_date, to_date) ON r.date_day BETWEEN p.from_date AND p.to_date
			WHERE r.date_day BETWEEN least($1, $3) AND greatest($2, $4)
			GROUP BY r.advertiser_id, r.currency, r.%2$I, p.present
		), measured AS (
			SELECT t.advertiser_id, t.currency, t.id, t.name, t.present, t.provisional, m.position, m.metric, m.value
			FROM total AS t CROSS JOIN LATERAL (VALUES
				(1, 'spend', t.spend), (2, 'impressions', t.impressions), (3, 'clicks', t.clicks), (4, 'conversion', t.conversion), (5, 'conversion_value', t.conversion_value),
				(6, 'ctr', t.clicks * 100 / nullif(t.impressions, 0)), (7, 'cpc', t.spend / nullif(t.clicks, 0)), (8, 'cpm', t.spend * 1000 / nullif(t.impressions, 0)),
				(9, 'cvr', t.conversion * 100 / nullif(t.clicks, 0)), (10, 'cpa', t.spend / nullif(t.conversion, 0)), (11, 'roas', t.conversion_value / nullif(t.spend, 0)))
				AS m (position, metric, value)
		), compared AS (
			SELECT m.advertiser_id, m.currency, m.id, max(m.name) AS name, m.position, m.metric, bool_or(m.provisional) AS provisional,
				CASE WHEN m.position <= 5 THEN coalesce(max(m.value) FILTER (WHERE m.present), 0) ELSE max(m.value) FILTER (WHERE m.present) END AS value,
				CASE WHEN m.position <= 5 THEN coalesce(max(m.value) FILTER (WHERE NOT m.present), 0) ELSE max(m.value) FILTER (WHERE NOT m.present) END AS previous_value
			FROM measured AS m GROUP BY m.advertiser_id, m.currency, m.id, m.position, m.metric
		)
		SELECT c.advertiser_id, c.currency, c.id, c.id::text, c.name, c.metric, c.value, c.previous_value,
			c.value - c.previous_value, (c.value - c.previous_value) * 100 / nullif(c.previous_value, 0), c.provisional
		FROM compared AS c ORDER BY c.advertiser_id, c.id, c.position$query$, report.relation, report.id, report.name)
		USING from_date, to_date, previous_from, previous_to;
END;
$$;
COMMENT ON FUNCTION tiktokads.compare_periods IS 'Each metric of each ad account, campaign, adgroup or ad (level) in a period and in the one before: as many days right before it unless given. One row for each entity and metric: spend, impressions, clicks, conversion, conversion_value, and from their sums ctr, cvr (percent), cpc, cpm, cpa, roas. change is value - previous_value, change_percent that in percent of previous_value (NULL when that is 0). Sums are 0 in a period without rows, ratios NULL. provisional: some day of either period may still change. An error for an unknown level or a period that ends before it begins.';
