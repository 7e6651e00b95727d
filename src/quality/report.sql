-- reports and metrics of the users' own

CREATE FUNCTION tiktokads.model_complete(relation name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made tiktokads.model_relation;
	before text := current_setting('role');
BEGIN
	IF NOT EXISTS (SELECT FROM tiktokads.model_state) THEN
		RETURN;					-- create_model() will make it with the rest
	END IF;
	SELECT * INTO STRICT made FROM tiktokads.model_relation AS r WHERE r.relation = model_complete.relation;
	-- tables of facts belong to tiktokads_worker
	PERFORM set_config('role', 'tiktokads_worker', true);
	PERFORM tiktokads.model_table_make(made);
	PERFORM tiktokads.model_comment(made);
	PERFORM set_config('role', before, true);
END;
$$;
COMMENT ON FUNCTION tiktokads.model_complete IS 'Makes one table of the model, or the columns that it lacks, when the model was made before. Needs a member of tiktokads_worker. An error when the model does not describe it.';
REVOKE ALL ON FUNCTION tiktokads.model_complete FROM PUBLIC;

CREATE FUNCTION tiktokads.add_metric("table" name, metric name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found tiktokads.metric;
	objection text;
BEGIN
	IF NOT EXISTS (SELECT FROM tiktokads.stream AS s WHERE s.target = $1 AND s.kind = 'report') THEN
		RAISE undefined_table USING MESSAGE = format('"%s" is no table of reports', $1),
			HINT = 'SELECT DISTINCT target FROM tiktokads.stream WHERE kind = ''report''; lists them.';
	END IF;
	-- one of the table's streams must be offered it
	SELECT CASE WHEN bool_or(o.words IS NULL) THEN NULL ELSE min(o.words) END INTO objection
	FROM tiktokads.stream AS s
		CROSS JOIN LATERAL (SELECT tiktokads.metric_objection($2, s.parameters ->> 'report_type', s.parameters ->> 'data_level', s.dimensions) AS words) AS o
	WHERE s.target = $1 AND s.kind = 'report';
	IF objection IS NOT NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = objection,
			HINT = 'SELECT metric, description FROM tiktokads.metric; lists them. One that TikTok added since is a row that you INSERT there.';
	END IF;
	SELECT * INTO STRICT found FROM tiktokads.metric AS m WHERE m.metric = $2;
	IF EXISTS (SELECT FROM tiktokads.model_column AS c WHERE c.relation = $1 AND c.name = $2 AND c.position < 100) THEN
		RAISE duplicate_column USING MESSAGE = format('"%s" has a column "%s" of another meaning', $1, $2), HINT = 'The id is in the row already.';
	END IF;
	INSERT INTO tiktokads.report_metric VALUES ($1, $2) ON CONFLICT DO NOTHING;
	INSERT INTO tiktokads.model_column (relation, position, name, type, description, added_by_user)
	VALUES ($1, 2000 + found.position, $2, found.type, found.description, true) ON CONFLICT DO NOTHING;
	PERFORM tiktokads.model_complete($1);
END;
$$;
COMMENT ON FUNCTION tiktokads.add_metric IS 'Gives a report table a column for a metric of the catalogue and asks the API for it from now on; days read before keep NULL until they are read again. It is yours: it survives dump, restore and upgrade. Nothing happens when it is there already. Errors, before anything is changed: no such table, a metric that is not in tiktokads.metric or that the API does not offer there.';
REVOKE ALL ON FUNCTION tiktokads.add_metric FROM PUBLIC;

CREATE FUNCTION tiktokads.report_check(name text, report_type text, data_level text, dimensions text[], metrics text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	offered constant text[] := ARRAY(SELECT d FROM tiktokads.breakdown AS b, string_to_table(b.breakdown, '+') AS d WHERE b.report_type = report_check.report_type);
	ids constant text[] := '{advertiser_id,campaign_id,adgroup_id,ad_id}';
	times constant text[] := '{stat_time_day,stat_time_hour}';
	others text[] := ARRAY(SELECT d FROM unnest(dimensions) AS d WHERE d <> ALL (ids || times));
	wrong text;
BEGIN
	wrong := CASE
		WHEN name IS NULL OR name !~ '^[a-z][a-z0-9_]{0,39}$' THEN 'name must begin with a letter and hold at most 40 small letters, digits and underscores'
		WHEN report_type IS NULL OR report_type NOT IN ('BASIC', 'AUDIENCE') THEN format('report_type "%s" is not supported: use BASIC or AUDIENCE', report_type)
		WHEN data_level IS NULL OR data_level NOT IN ('AUCTION_ADVERTISER', 'AUCTION_CAMPAIGN', 'AUCTION_ADGROUP', 'AUCTION_AD')
			THEN format('data_level "%s" is not known: use AUCTION_ADVERTISER, AUCTION_CAMPAIGN, AUCTION_ADGROUP or AUCTION_AD', data_level)
		WHEN coalesce(cardinality(metrics), 0) = 0 THEN 'metrics must name at least one'
		WHEN coalesce(cardinality(dimensions), 0) = 0 THEN 'dimensions must name at least the id of the level'
		WHEN array_position(metrics, NULL) IS NOT NULL OR array_position(dimensions, NULL) IS NOT NULL THEN 'dimensions and metrics must not hold NULL'
		WHEN cardinality(dimensions) <> (SELECT count(DISTINCT d) FROM unnest(dimensions) AS d) THEN 'a dimension is named twice'
		WHEN cardinality(metrics) <> (SELECT count(DISTINCT m) FROM unnest(metrics) AS m) THEN 'a metric is named twice'
		WHEN lower(substr(data_level, 9)) || '_id' <> ALL (dimensions) OR (SELECT count(*) FROM unnest(dimensions) AS d WHERE d = ANY (ids)) <> 1
			THEN format('dimensions must have the id of the level, %s_id, and no other id', lower(substr(data_level, 9)))
		WHEN dimensions @> times THEN 'dimensions may have one of stat_time_day and stat_time_hour'
		WHEN NOT (others <@ offered) THEN format('dimension "%s" is not one of %s reports', (SELECT d FROM unnest(others) AS d WHERE d <> ALL (offered) LIMIT 1), report_type)
		WHEN report_type = 'AUDIENCE' AND NOT (cardinality(others) = 1 OR (cardinality(others) = 2 AND others <@ '{age,gender}')) THEN 'AUDIENCE reports have one audience dimension, or age and gender'
		WHEN report_type = 'BASIC' AND cardinality(others) > 1 THEN 'BASIC reports have one dimension beside id and time'
		WHEN 'stat_time_hour' = ANY (dimensions) AND cardinality(others) > 0 THEN 'the API has no hours by a further dimension'
		WHEN 'stat_time_day' = ANY (dimensions) AND EXISTS (SELECT FROM tiktokads.breakdown AS b WHERE b.report_type = report_check.report_type AND b.breakdown = ANY (others) AND NOT b.by_day)
			THEN format('the API has no days by %s: leave stat_time_day out for months', others[1])
		WHEN 'ad_type' = ANY (others) AND data_level = 'AUCTION_ADVERTISER' THEN 'the API has no ad_type of whole ad accounts'
		ELSE (SELECT min(tiktokads.metric_objection(m, report_type, data_level, dimensions)) FROM unnest(metrics) AS m)
		END;
	IF wrong IS NOT NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = wrong, HINT = 'Nothing was created. doc/streams.md tells which dimensions and metrics go together.';
	END IF;
	IF EXISTS (SELECT FROM tiktokads.stream AS s WHERE s.stream = name) OR EXISTS (SELECT FROM tiktokads.model_relation AS r WHERE r.relation = name)
		OR to_regclass(format('tiktokads.%I', name)) IS NOT NULL THEN
		RAISE duplicate_object USING MESSAGE = format('"%s" exists already', name), HINT = 'Choose another name.';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.report_check IS 'Checks a report of your own as add_report() does, and creates nothing. An error says what is wrong.';

CREATE FUNCTION tiktokads.add_report(name text, report_type text, data_level text, dimensions text[], metrics text[],
	enabled boolean DEFAULT true, lookback_days int DEFAULT 28, latency interval DEFAULT NULL, description text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	level text := upper(CASE WHEN data_level ILIKE 'AUCTION\_%' THEN data_level ELSE 'AUCTION_' || data_level END);
	id_column text := lower(substr(level, 9)) || '_id';
	others text[] := ARRAY(SELECT d FROM unnest(dimensions) WITH ORDINALITY AS u (d, n)
		WHERE d <> ALL ('{advertiser_id,campaign_id,adgroup_id,ad_id,stat_time_day,stat_time_hour}') ORDER BY n);
	by_day boolean := 'stat_time_day' = ANY (dimensions);
	by_hour boolean := 'stat_time_hour' = ANY (dimensions);
	lifetime boolean := NOT by_day AND NOT by_hour AND report_type = 'BASIC' AND cardinality(others) = 0;
	time_column text := CASE WHEN by_hour THEN 'stat_time_hour' WHEN by_day THEN 'stat_date' WHEN NOT lifetime THEN 'stat_month' END;
	keys text[];
BEGIN
	PERFORM tiktokads.report_check(name, report_type, level, dimensions, metrics);
	keys := array_remove('{advertiser_id}'::text[] || nullif(id_column, 'advertiser_id') || others || time_column, NULL);
	INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description, added_by_user)
	VALUES (name, CASE WHEN lifetime THEN 'table' ELSE 'partitioned' END, keys, time_column,
		coalesce(description, format('Report of your own: %s by %s.', level, array_to_string(dimensions, ', '))), true);
	INSERT INTO tiktokads.model_column (relation, position, name, type, description, added_by_user)
	SELECT add_report.name, c.position, c.name, c.type, c.description, true
	FROM (
		SELECT n AS position, k AS name,
			CASE WHEN k IN ('stat_date', 'stat_month') THEN 'date' WHEN k = 'stat_time_hour' THEN 'timestamp without time zone' WHEN k = ANY (others) THEN 'text' ELSE 'bigint' END AS type,
			CASE k WHEN 'advertiser_id' THEN 'Ad account.' WHEN 'stat_date' THEN 'Day in the account''s time zone.' WHEN 'stat_month' THEN 'First day of the month in the account''s time zone.'
				WHEN 'stat_time_hour' THEN 'Hour as the account''s clock showed it.' ELSE 'Dimension ' || k || '.' END AS description
		FROM unnest(keys) WITH ORDINALITY AS u (k, n)
		UNION ALL SELECT 50, 'stat_time_utc', 'timestamptz', 'When that hour began.' WHERE by_hour
		UNION ALL SELECT 100 + m.position, m.metric, m.type, m.description FROM tiktokads.metric AS m WHERE m.metric = ANY (metrics)
		UNION ALL VALUES (100001, 'extra', 'jsonb', 'Metrics that have no column, and values that did not fit theirs; NULL when there are none.'),
			(100002, 'changed_at', 'timestamptz NOT NULL DEFAULT now()', 'When what is stored of the row last changed.')) AS c;
	INSERT INTO tiktokads.stream_added (stream, kind, enabled, priority, target, path, key_columns, date_column, utc_column, by_month, dimensions, metrics,
		parameters, rename, totals, max_days, lookback_days, latency, description)
	SELECT name, 'report', enabled, 90, name, 'report/integrated/get/', keys, time_column, CASE WHEN by_hour THEN 'stat_time_utc' END,
		coalesce(time_column = 'stat_month', false), dimensions, metrics,
		jsonb_build_object('report_type', report_type, 'data_level', level)
			|| CASE WHEN id_column = 'advertiser_id' THEN '{}' ELSE jsonb_build_object('filtering',
				'[{"field_name":"' || lower(substr(level, 9)) || '_status","filter_type":"IN","filter_value":"[\"STATUS_ALL\"]"}]') END
			|| CASE WHEN lifetime THEN '{"query_lifetime": "true"}' ELSE '{}'::jsonb END,
		CASE WHEN by_day THEN '{"stat_time_day": "stat_date"}' ELSE '{}' END::jsonb,
		report_type = 'BASIC' AND NOT by_hour AND cardinality(others) = 0,
		CASE WHEN lifetime THEN 0 WHEN by_hour THEN 1 WHEN by_day THEN 30 ELSE 31 END, lookback_days,
		coalesce(latency, (SELECT max(b.latency) FROM tiktokads.breakdown AS b WHERE b.report_type = add_report.report_type AND b.breakdown = ANY (others)), interval '2 hours'),
		coalesce(description, format('Report of your own: %s by %s.', level, array_to_string(dimensions, ', ')));
	PERFORM tiktokads.model_complete(name::name);
END;
$$;
COMMENT ON FUNCTION tiktokads.add_report IS 'Makes a report of your own: a stream and a table, both of this name. report_type: BASIC or AUDIENCE. data_level: AUCTION_CAMPAIGN and so on, or campaign. dimensions: the id of the level, at most one of stat_time_day and stat_time_hour, and what the API allows beside them; without time, BASIC reports give the lifetime and others calendar months. metrics: names of tiktokads.metric. lookback_days, latency: as in tiktokads.stream. It is yours: it survives dump, restore and upgrade. Everything is checked against the catalogue before anything is created.';
REVOKE ALL ON FUNCTION tiktokads.add_report FROM PUBLIC;

CREATE FUNCTION tiktokads.drop_report(name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM tiktokads.stream_added AS s WHERE s.stream = drop_report.name;
	IF NOT FOUND THEN
		RAISE undefined_object USING MESSAGE = format('there is no report "%s" of your own', name), HINT = 'SELECT stream FROM tiktokads.stream_added; lists them.';
	END IF;
	DELETE FROM tiktokads.stream_override AS o WHERE o.stream = drop_report.name;
	DELETE FROM tiktokads.report_metric AS m WHERE m.relation = drop_report.name;
	DELETE FROM tiktokads.model_column AS c WHERE c.relation = drop_report.name AND c.added_by_user;
	DELETE FROM tiktokads.model_relation AS r WHERE r.relation = drop_report.name AND r.added_by_user;
	DELETE FROM tiktokads.sync_read AS r WHERE r.stream = drop_report.name;
	DELETE FROM tiktokads.sync_state AS t WHERE t.stream = drop_report.name;
	DELETE FROM tiktokads.page_hash AS h WHERE h.stream = drop_report.name;
END;
$$;
COMMENT ON FUNCTION tiktokads.drop_report IS 'Forgets a report that add_report() made. Its table with what was fetched stays: drop it yourself. An error when there is no such report.';
REVOKE ALL ON FUNCTION tiktokads.drop_report FROM PUBLIC;
