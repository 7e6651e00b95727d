-- sums that stay when the rows leave

-- tables by month for the four levels: additive metrics alone
INSERT INTO tiktokads.model_relation (relation, kind, key_columns, description)
SELECT pg_catalog.replace(r.relation, '_daily', '_monthly'), 'table',
	pg_catalog.array_replace(r.key_columns, 'stat_date', 'stat_month'),
	'Sums of additive metrics by month, of days that left ' || r.relation || ' by set_retention(..., action => ''roll_up''). Empty until then.'
FROM tiktokads.model_relation AS r
WHERE r.relation IN ('report_advertiser_daily', 'report_campaign_daily', 'report_adgroup_daily', 'report_ad_daily');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT pg_catalog.replace(c.relation, '_daily', '_monthly'), c.position,
	CASE c.name WHEN 'stat_date' THEN 'stat_month' ELSE c.name END, c.type,
	CASE c.name WHEN 'stat_date' THEN 'First day of the month.' ELSE c.description END
FROM tiktokads.model_column AS c LEFT JOIN tiktokads.metric AS m ON m.metric = c.name AND m.kind <> 'attribute'
WHERE c.relation IN ('report_advertiser_daily', 'report_campaign_daily', 'report_adgroup_daily', 'report_ad_daily')
	AND NOT c.added_by_user AND (m.additive OR (m.metric IS NULL AND c.name <> 'extra'));

INSERT INTO tiktokads.personal_relation (relation, free_columns, shipped)
SELECT r.relation, '{}', true FROM tiktokads.model_relation AS r WHERE r.relation LIKE 'report\_%\_monthly' AND r.kind = 'table';

CREATE FUNCTION tiktokads.rollup_column(relation name, target regclass)
RETURNS TABLE (name name, type text, part text, source_type oid)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
		CASE WHEN k.indrelid IS NOT NULL AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN 'period'
			WHEN k.indrelid IS NOT NULL THEN 'key'
			WHEN m.additive AND s.attname IS NOT NULL THEN 'sum'
			WHEN m.additive IS FALSE THEN 'ratio'
			WHEN s.attname IS NOT NULL AND t.typcategory = 'N' THEN 'unknown'
			WHEN a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' THEN 'required'
			ELSE 'own' END,
		s.atttypid
	FROM pg_catalog.pg_attribute AS a
		JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
		LEFT JOIN pg_catalog.pg_index AS k ON k.indrelid = a.attrelid AND k.indisprimary AND a.attnum = ANY (k.indkey)
		LEFT JOIN tiktokads.metric AS m ON m.metric = a.attname AND m.kind <> 'attribute'
		LEFT JOIN pg_catalog.pg_attribute AS s ON s.attrelid = pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', rollup_column.relation))
			AND s.attname = a.attname AND NOT s.attisdropped
	WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY a.attnum;
END;
COMMENT ON FUNCTION tiktokads.rollup_column IS 'What each column of a table is to a roll_up into it: part of the key, the period, a sum; or why it cannot be (ratio: a metric that must not be added up; unknown: not known to be additive; required: nothing fills it), or own: left alone.';
REVOKE ALL ON FUNCTION tiktokads.rollup_column FROM PUBLIC;

CREATE FUNCTION tiktokads.rollup_check(relation name, target regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	wrong record;
	lost text;
BEGIN
	IF (SELECT c.relkind NOT IN ('r', 'p') OR c.relispartition FROM pg_class AS c WHERE c.oid = target)
		OR target = to_regclass(format('tiktokads.%I', relation)) THEN
		RAISE wrong_object_type USING MESSAGE = format('%s cannot take the sums of %s', target, relation),
			HINT = 'Name another table that is no view and no partition.';
	END IF;
	IF EXISTS (SELECT FROM tiktokads.stream AS s WHERE rollup_check.target = to_regclass(format('tiktokads.%I', s.target))) THEN
		RAISE invalid_parameter_value USING MESSAGE = format('%s is filled by syncs', target),
			DETAIL = 'What is added up into it would be counted twice.', HINT = 'Name a table that no stream fills, such as tiktokads.report_ad_monthly.';
	END IF;
	IF NOT (has_table_privilege(target, 'SELECT') AND has_table_privilege(target, 'INSERT') AND has_table_privilege(target, 'UPDATE')) THEN
		RAISE insufficient_privilege USING MESSAGE = format('permission denied for table %s', target),
			HINT = format('GRANT SELECT, INSERT, UPDATE ON %s TO %I;', target, current_user);
	END IF;
	IF (SELECT count(*) FROM tiktokads.rollup_column(relation, target) AS c WHERE c.part = 'period') <> 1 THEN
		RAISE invalid_parameter_value USING MESSAGE = format('the primary key of %s must have exactly one date or time', target),
			HINT = 'It says which day or month the sums are of.';
	END IF;
	SELECT c.name, c.part INTO wrong FROM tiktokads.rollup_column(relation, target) AS c
	WHERE c.part IN ('ratio', 'unknown', 'required') OR (c.part = 'key' AND c.source_type IS NULL)
		OR (c.part IN ('key', 'sum') AND c.type NOT IN ('numeric', format_type(c.source_type, NULL)));
	IF FOUND THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('column "%s" of %s cannot be filled from %s', wrong.name, target, relation),
			DETAIL = CASE wrong.part WHEN 'ratio' THEN 'Unique users, averages and ratios must not be added up.'
				WHEN 'unknown' THEN 'tiktokads.metric does not say that it may be added up.'
				WHEN 'required' THEN 'It is NOT NULL and nothing gives it a value.'
				ELSE 'The source has no such column, or one of another type.' END,
			HINT = 'Sums need columns of additive metrics (SELECT metric FROM tiktokads.metric WHERE additive) of the source''s types; leave others out.';
	END IF;
	SELECT string_agg(m.metric, ', ' ORDER BY m.position) INTO lost
	FROM tiktokads.metric AS m JOIN tiktokads.model_column AS s ON s.relation = rollup_check.relation AND s.name = m.metric
	WHERE m.additive AND m.requested AND m.metric NOT IN (SELECT c.name FROM tiktokads.rollup_column(relation, target) AS c WHERE c.part = 'sum');
	IF lost IS NOT NULL THEN
		RAISE NOTICE '% has no column for the sums of: %', target, lost;
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.rollup_check IS 'An error unless a table can take the sums of another; a notice when sums would be lost.';
REVOKE ALL ON FUNCTION tiktokads.rollup_check FROM PUBLIC;

CREATE FUNCTION tiktokads.rollup_grain(relation name, target regclass, grain text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	unit text := lower(grain);
	narrower boolean;
BEGIN
	PERFORM tiktokads.rollup_check(relation, target);
	IF unit NOT IN ('day', 'week', 'month', 'quarter', 'year') THEN
		RAISE invalid_parameter_value USING MESSAGE = format('grain "%s" is not known', grain),
			HINT = 'It is day, week, month, quarter or year.';
	END IF;
	SELECT count(*) < cardinality(m.key_columns) - 1 INTO narrower
	FROM tiktokads.model_relation AS m, tiktokads.rollup_column(relation, target) AS c
	WHERE m.relation = rollup_grain.relation AND c.part = 'key'
	GROUP BY m.key_columns;
	RETURN coalesce(unit, CASE WHEN coalesce(narrower, true) THEN 'day' ELSE 'month' END);
END;
$$;
COMMENT ON FUNCTION tiktokads.rollup_grain IS 'Unit of the period of a roll_up: the one given, else day when the target lacks a key column of the source, else month. An error when the table cannot take the sums.';
REVOKE ALL ON FUNCTION tiktokads.rollup_grain FROM PUBLIC;

CREATE FUNCTION tiktokads.rollup_statement(relation name, target regclass, grain text, source text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	policy tiktokads.retention_policy;
	columns text;
	expressions text;
	keys text;
	sums text;
	groups text;
	period text;
BEGIN
	SELECT * INTO policy FROM tiktokads.retention_policy AS p WHERE p.relation = rollup_statement.relation;
	SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype THEN format('date_trunc(%L, r.%I, ''UTC'')', grain, a.attname)
			ELSE format('date_trunc(%L, r.%I::timestamp)', grain, a.attname) END
	INTO STRICT period
	FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass(format('tiktokads.%I', relation)) AND a.attname = policy.time_column;
	SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.part, c.name),
		string_agg(CASE c.part WHEN 'key' THEN format('r.%I', c.name) WHEN 'period' THEN format('%s::%s', period, c.type)
			ELSE format('sum(r.%I)::%s', c.name, c.type) END, ', ' ORDER BY c.part, c.name),
		string_agg(quote_ident(c.name), ', ' ORDER BY c.part, c.name) FILTER (WHERE c.part <> 'sum'),
		string_agg(format('%1$I = coalesce(o.%1$I + EXCLUDED.%1$I, o.%1$I, EXCLUDED.%1$I)', c.name), ', ' ORDER BY c.name) FILTER (WHERE c.part = 'sum'),
		string_agg(CASE c.part WHEN 'key' THEN format('r.%I', c.name) ELSE format('%s::%s', period, c.type) END, ', ' ORDER BY c.part, c.name)
			FILTER (WHERE c.part <> 'sum')
	INTO columns, expressions, keys, sums, groups
	FROM tiktokads.rollup_column(relation, target) AS c WHERE c.part IN ('key', 'period', 'sum');
	IF sums IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = format('%s has no column for a sum of %s', target, relation),
			HINT = 'Give it columns of additive metrics: SELECT metric FROM tiktokads.metric WHERE additive.';
	END IF;
	RETURN format('INSERT INTO %s AS o (%s) SELECT %s FROM %s AS r GROUP BY %s ON CONFLICT (%s) DO UPDATE SET %s',
		target, columns, expressions, source, groups, keys, sums);
END;
$$;
COMMENT ON FUNCTION tiktokads.rollup_statement IS 'Statement that adds the rows of a source (a relation or the name of a WITH query, with the columns of relation) to the sums in a table. Sums are exact: bigint and numeric, NULL only where no row had a value.';
REVOKE ALL ON FUNCTION tiktokads.rollup_statement FROM PUBLIC;
