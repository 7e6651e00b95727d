-- makes the tables of facts from their rows, and their partitions

CREATE TABLE tiktokads.model_state
(
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	version int NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.model_state', '');
COMMENT ON TABLE tiktokads.model_state IS 'Which version of the model was made in this database; empty before the first CALL tiktokads.create_model().';
COMMENT ON COLUMN tiktokads.model_state.only_row IS 'There is at most one row.';
COMMENT ON COLUMN tiktokads.model_state.version IS 'Version of the model, see tiktokads.model_version().';
COMMENT ON COLUMN tiktokads.model_state.made_at IS 'When it was made or completed.';

CREATE FUNCTION tiktokads.model_version() RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 2;
COMMENT ON FUNCTION tiktokads.model_version IS 'Version of the model that this extension describes; CALL tiktokads.create_model() brings the tables to it.';

CREATE FUNCTION tiktokads.model_ready() RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT EXISTS (SELECT FROM tiktokads.model_state WHERE version = tiktokads.model_version())
		AND NOT EXISTS (
			SELECT FROM tiktokads.model_relation AS r
			WHERE pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', r.relation)) IS NULL);
END;
COMMENT ON FUNCTION tiktokads.model_ready IS 'True when every table and view of the model is there, in this extension''s version.';

CREATE FUNCTION tiktokads.partition_name(target name, month date) RETURNS name
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (target || pg_catalog.to_char(month::timestamp, '_YYYYMM'))::name;
COMMENT ON FUNCTION tiktokads.partition_name IS 'Name of the partition of a table that holds a month: report_ad_daily_202601. month: any day of it. NULL for NULL.';

CREATE FUNCTION tiktokads.partition_bound(target text, day date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype
		THEN pg_catalog.to_char(day::timestamp, 'YYYY-MM-DD HH24:MI:SS') || '+00'
		ELSE pg_catalog.to_char(day::timestamp, 'YYYY-MM-DD') END
	FROM pg_catalog.pg_partitioned_table AS p
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
	WHERE p.partrelid = pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', target));
END;
COMMENT ON FUNCTION tiktokads.partition_bound IS 'Start of a day as a bound of a table''s partitions: the day itself, or its midnight in UTC where the table is partitioned by timestamptz, so that no session''s TimeZone or DateStyle matters. NULL when there is no such partitioned table.';

CREATE FUNCTION tiktokads.partition_ensure(target text, from_date date, to_date date) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	month date := date_trunc('month', from_date::timestamp)::date;
	next_month date;
	part name;
	made int := 0;
BEGIN
	WHILE month <= to_date LOOP
		part := tiktokads.partition_name(target, month);
		next_month := (month + interval '1 month')::date;
		IF to_regclass(format('tiktokads.%I', part)) IS NULL THEN
			-- attaching does not block readers or writers; two makers must take turns
			IF current_setting('lock_timeout') = '0' THEN
				PERFORM set_config('lock_timeout', '10s', true);
			END IF;
			EXECUTE format('LOCK TABLE ONLY tiktokads.%I IN SHARE UPDATE EXCLUSIVE MODE', target);
			IF to_regclass(format('tiktokads.%I', part)) IS NULL THEN
				-- with the check, a question that filters on the day of an hour leaves other months out
				EXECUTE format('CREATE TABLE tiktokads.%I (LIKE tiktokads.%I INCLUDING ALL EXCLUDING COMMENTS%s)', part, target,
					(SELECT format(', CHECK (stat_time_hour::date >= %L AND stat_time_hour::date < %L)', month, (month + interval '1 month')::date)
						FROM tiktokads.model_relation AS r WHERE r.relation = target AND r.partition_column = 'stat_time_hour'));
				-- whoever asks for it: a partition belongs to the owner of its table
				EXECUTE format('ALTER TABLE tiktokads.%I OWNER TO %I', part,
					(SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = to_regclass(format('tiktokads.%I', target))));
				EXECUTE format('ALTER TABLE tiktokads.%I ATTACH PARTITION tiktokads.%I FOR VALUES FROM (%L) TO (%L)',
					target, part, tiktokads.partition_bound(target, month), tiktokads.partition_bound(target, next_month));
				made := made + 1;
			END IF;
		END IF;
		month := next_month;
	END LOOP;
	RETURN made;
END;
$$;
COMMENT ON FUNCTION tiktokads.partition_ensure IS 'Makes the monthly partitions of a table of facts that are missing for these days (of UTC where it is partitioned by timestamptz), without blocking its readers and writers; returns how many. NULL dates: none. Syncs do this themselves; call it for data of your own.';
REVOKE ALL ON FUNCTION tiktokads.partition_ensure FROM PUBLIC;

CREATE FUNCTION tiktokads.model_table_make(made tiktokads.model_relation) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing record;
BEGIN
	IF to_regclass(format('tiktokads.%I', made.relation)) IS NULL THEN
		EXECUTE (SELECT format('CREATE TABLE tiktokads.%I (%s, PRIMARY KEY (%s))%s', made.relation,
				(SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.position)
					FROM tiktokads.model_column AS c WHERE c.relation = made.relation),
				(SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY AS u (k, n)),
				CASE WHEN made.kind = 'partitioned' THEN format(' PARTITION BY RANGE (%I)', made.partition_column) ELSE '' END));
	END IF;
	FOR missing IN
		SELECT c.name, c.type FROM tiktokads.model_column AS c
		WHERE c.relation = made.relation AND NOT EXISTS (
			SELECT FROM pg_attribute AS a
			WHERE a.attrelid = to_regclass(format('tiktokads.%I', made.relation)) AND a.attname = c.name AND NOT a.attisdropped)
		ORDER BY c.position
	LOOP
		EXECUTE format('ALTER TABLE tiktokads.%I ADD COLUMN %I %s', made.relation, missing.name, missing.type);
	END LOOP;
	IF made.partition_column = 'stat_time_hour' AND to_regclass(format('tiktokads.%I', made.relation || '_day')) IS NULL THEN
		-- likewise for days that are not known when the question is planned
		EXECUTE format('CREATE INDEX %I ON tiktokads.%I USING brin ((stat_time_hour::date)) WITH (autosummarize = on)',
			made.relation || '_day', made.relation);
	END IF;
	IF made.kind = 'partitioned' THEN
		PERFORM tiktokads.partition_ensure(made.relation, tiktokads.clock_today(NULL) - 30, (tiktokads.clock_today(NULL) + interval '2 months')::date);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_table_make IS 'Makes one table of the model, or adds the columns that it lacks. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.model_table_make FROM PUBLIC;

CREATE FUNCTION tiktokads.model_comment(made tiktokads.model_relation) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	class oid := to_regclass(format('tiktokads.%I', made.relation));
	differs record;
BEGIN
	IF obj_description(class, 'pg_class') IS DISTINCT FROM made.description THEN
		EXECUTE format('COMMENT ON %s tiktokads.%I IS %L', CASE WHEN made.kind = 'view' THEN 'VIEW' ELSE 'TABLE' END,
			made.relation, made.description);
	END IF;
	FOR differs IN
		SELECT c.name, c.description FROM tiktokads.model_column AS c
			JOIN pg_attribute AS a ON a.attrelid = class AND a.attname = c.name
		WHERE c.relation = made.relation AND col_description(class, a.attnum) IS DISTINCT FROM c.description
	LOOP
		EXECUTE format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', made.relation, differs.name, differs.description);
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_comment IS 'Gives a table or view of the model and its columns their comments. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.model_comment FROM PUBLIC;

CREATE TABLE tiktokads.model_step
(
	step int PRIMARY KEY,
	command text NOT NULL,
	description text NOT NULL
);
COMMENT ON TABLE tiktokads.model_step IS 'What create_model() does after it has made tables and views, as their owner.';
COMMENT ON COLUMN tiktokads.model_step.step IS 'Order of the steps.';
COMMENT ON COLUMN tiktokads.model_step.command IS 'Statement in SQL; safe to run again.';
COMMENT ON COLUMN tiktokads.model_step.description IS 'What it is for.';

CREATE FUNCTION tiktokads.model_view_drop(view regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	above regclass;
BEGIN
	FOR above IN
		SELECT DISTINCT r.ev_class::regclass FROM pg_depend AS d
			JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class <> d.refobjid
			JOIN pg_class AS c ON c.oid = r.ev_class AND c.relnamespace = 'tiktokads'::regnamespace
			JOIN tiktokads.model_relation AS m ON m.relation = c.relname AND m.kind = 'view'
		WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = view
	LOOP
		PERFORM tiktokads.model_view_drop(above);
	END LOOP;
	IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = view) THEN
		EXECUTE format('DROP VIEW %s', view);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_view_drop IS 'Drops a view of the model, and before it those of the model that read it; model_create() makes them again. An error when a view of yours reads one of them.';
REVOKE ALL ON FUNCTION tiktokads.model_view_drop FROM PUBLIC;

CREATE FUNCTION tiktokads.model_view_make(made tiktokads.model_relation) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	command constant text := format('VIEW tiktokads.%I WITH (%s = true) AS %s', made.relation,
		CASE WHEN made.masked THEN 'security_barrier' ELSE 'security_invoker' END, made.definition);
BEGIN
	EXECUTE 'CREATE OR REPLACE ' || command;
EXCEPTION WHEN invalid_table_definition THEN
	-- columns were moved or removed since: only a new view can have them so
	PERFORM tiktokads.model_view_drop(to_regclass(format('tiktokads.%I', made.relation)));
	EXECUTE 'CREATE ' || command;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_view_make IS 'Makes one view of the model, or brings it to this version. Part of create_model(). An error when its columns changed and a view of yours reads it: drop yours, and make it again afterwards.';
REVOKE ALL ON FUNCTION tiktokads.model_view_make FROM PUBLIC;

CREATE FUNCTION tiktokads.model_create() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made tiktokads.model_relation;
	step_command text;
BEGIN
	FOR made IN
		SELECT * FROM tiktokads.model_relation ORDER BY kind = 'view', layer, relation
	LOOP
		IF made.kind = 'view' THEN
			PERFORM tiktokads.model_view_make(made);
		ELSE
			PERFORM tiktokads.model_table_make(made);
		END IF;
		PERFORM tiktokads.model_comment(made);
	END LOOP;
	PERFORM tiktokads.model_history_make(regexp_replace(r.relation, '_history$', ''))
	FROM tiktokads.model_relation AS r WHERE r.relation ~ '_history$' AND r.kind = 'table';
	FOR step_command IN
		SELECT s.command FROM tiktokads.model_step AS s ORDER BY s.step
	LOOP
		EXECUTE step_command;
	END LOOP;
	INSERT INTO tiktokads.model_state AS s (version) VALUES (tiktokads.model_version())
	ON CONFLICT (only_row) DO UPDATE SET version = EXCLUDED.version, made_at = EXCLUDED.made_at
	WHERE s.version <> EXCLUDED.version;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_create IS 'Makes or completes every table of facts and view, as the role that runs it. Call create_model() instead, which runs this as tiktokads_worker.';
REVOKE ALL ON FUNCTION tiktokads.model_create FROM PUBLIC;

CREATE PROCEDURE tiktokads.create_model()
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_create_model';
COMMENT ON PROCEDURE tiktokads.create_model IS 'Makes the tables of facts and the views, owned by tiktokads_worker, or completes them after an upgrade; what is there already is kept. connect() calls it. Safe to call again. It commits: call it alone. Makes the role too, when a superuser or a role with CREATEROLE calls it.';
REVOKE ALL ON PROCEDURE tiktokads.create_model FROM PUBLIC;
