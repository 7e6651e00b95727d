-- how numbers looked at an age

CREATE FUNCTION tiktokads.asof(level text, metric text, from_date date, to_date date, age int, of_advertiser bigint DEFAULT NULL)
RETURNS TABLE (advertiser_id bigint, entity_id bigint, stat_date date, value numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id_column text := CASE WHEN level = 'advertiser' THEN 'advertiser_id' ELSE level || '_id' END;
	kept boolean;
BEGIN
	IF level IS NULL OR level NOT IN ('advertiser', 'campaign', 'adgroup', 'ad') THEN
		RAISE invalid_parameter_value USING MESSAGE = format('level "%s" is not known', level), HINT = 'Use advertiser, campaign, adgroup or ad.';
	ELSIF age IS NULL OR age < 0 THEN
		RAISE invalid_parameter_value USING MESSAGE = 'age must be a number of days, 0 or more', HINT = '0 is the day itself, 1 the day after, and so on.';
	ELSIF from_date IS NULL OR to_date IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = 'from_date and to_date must be given', HINT = 'Both days are included.';
	END IF;
	SELECT bool_or(c.relation = format('report_%s_asof', level)) INTO kept FROM tiktokads.model_column AS c
	WHERE c.name = metric AND c.type IN ('bigint', 'numeric') AND c.relation IN (format('report_%s_daily', level), format('report_%s_asof', level))
		AND c.name NOT LIKE '%\_id';
	IF kept IS NULL THEN
		RAISE undefined_column USING MESSAGE = format('report_%s_daily has no metric "%s"', level, metric),
			HINT = 'SELECT metric FROM tiktokads.metric WHERE in_tables; lists those that every report has.';
	ELSIF NOT kept THEN
		RAISE invalid_parameter_value USING MESSAGE = format('earlier values of metric "%s" are not kept', metric),
			HINT = 'SELECT metric FROM tiktokads.metric WHERE in_tables AND restates; lists those that are.';
	END IF;
	-- the version that was replaced next after that age, or the row itself; nothing where the day was first read later
	RETURN QUERY EXECUTE format(
		'SELECT r.advertiser_id, r.%1$I, r.stat_date, CASE WHEN t.today - r.stat_date < $3 THEN NULL'
		' WHEN v.found THEN CASE WHEN v.from_age <= $3 OR e.earlier THEN v.value END'
		' WHEN e.earlier OR tiktokads.clock_day(r.changed_at, a.display_timezone) - r.stat_date <= $3'
		'   OR $3 >= tiktokads.attribution_days(r.advertiser_id) THEN r.%2$I END::numeric'
		' FROM tiktokads.report_%3$s_daily AS r'
		' JOIN tiktokads.advertiser AS a ON a.advertiser_id = r.advertiser_id'
		' CROSS JOIN LATERAL (SELECT tiktokads.clock_today(a.display_timezone) AS today) AS t'
		' LEFT JOIN LATERAL (SELECT true AS found, h.from_age, h.%2$I AS value FROM tiktokads.report_%3$s_asof AS h'
		'   WHERE h.advertiser_id = r.advertiser_id AND h.%1$I = r.%1$I AND h.stat_date = r.stat_date AND h.to_age > $3 ORDER BY h.to_age LIMIT 1) AS v ON true'
		' CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM tiktokads.report_%3$s_asof AS h'
		'   WHERE h.advertiser_id = r.advertiser_id AND h.%1$I = r.%1$I AND h.stat_date = r.stat_date AND h.to_age <= $3) AS earlier) AS e'
		' WHERE r.stat_date BETWEEN $1 AND $2 AND ($4 IS NULL OR r.advertiser_id = $4)', id_column, metric, level)
	USING from_date, to_date, age, of_advertiser;
END;
$$;
COMMENT ON FUNCTION tiktokads.asof IS 'How a metric of each day looked when the day was age days old (0: on the day itself): so that days of different ages are compared like with like. level: advertiser, campaign, adgroup or ad; of_advertiser: of this ad account, NULL (default) of all. value is NULL where the day is younger than that, or was first read when it was older and may have changed before. Errors: unknown level or metric, metric whose earlier values are not kept, negative age.';
