-- jobs on pg_cron, when it is there: found at run time, never needed

CREATE TABLE tiktokads.job
(
	job text PRIMARY KEY,
	position int NOT NULL,
	procedure name NOT NULL,
	schedule text NOT NULL,
	description text NOT NULL
);
COMMENT ON TABLE tiktokads.job IS 'What should run by itself. Each is a procedure that pg_cron, a systemd timer or a Kubernetes CronJob may CALL alike; tiktokads.schedule() puts it on pg_cron.';
COMMENT ON COLUMN tiktokads.job.job IS 'Name for schedule() and unschedule().';
COMMENT ON COLUMN tiktokads.job.position IS 'Order of listing.';
COMMENT ON COLUMN tiktokads.job.procedure IS 'Procedure in schema tiktokads, called without arguments.';
COMMENT ON COLUMN tiktokads.job.schedule IS 'When it runs unless schedule() is told otherwise, as cron writes it, GMT.';
COMMENT ON COLUMN tiktokads.job.description IS 'What it does.';

INSERT INTO tiktokads.job (job, position, procedure, schedule, description) VALUES
	('sync', 1, 'sync', '15 * * * *', 'Fetches what is new or changed.'),
	('detection', 2, 'detect', '45 * * * *', 'Finds anomalies in what was fetched.'),
	('retention', 3, 'apply_retention', '20 3 * * *', 'Removes what has been kept long enough.'),
	('maintenance', 4, 'maintain', '10 2 * * *', 'Makes partitions ahead and prunes pg_cron''s log of our jobs.');

CREATE FUNCTION tiktokads.cron_location
(
	OUT schema name,
	OUT database name,
	OUT usable boolean
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- pg_cron's own functions, wherever they are: a schema of that name could be anybody's
	SELECT n.nspname, current_database(), has_schema_privilege(n.oid, 'USAGE') INTO schema, database, usable
	FROM pg_extension AS e
		JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
		JOIN pg_proc AS p ON p.oid = d.objid AND p.proname = 'schedule'
		JOIN pg_namespace AS n ON n.oid = p.pronamespace
	WHERE e.extname = 'pg_cron'
	LIMIT 1;
	IF schema IS NULL THEN
		usable := false;
		database := current_setting('cron.database_name', true);
	END IF;
EXCEPTION WHEN insufficient_privilege THEN
	-- loaded, but where is for members of pg_read_all_settings to know
	database := '';
END;
$$;
COMMENT ON FUNCTION tiktokads.cron_location IS 'Where pg_cron is. schema: that of its functions, when it is installed in this database; usable: whether the current role may use it. database: the one that it works from, empty when only members of pg_read_all_settings may know, NULL when it is not loaded.';

CREATE FUNCTION tiktokads.cron_name(job text) RETURNS text
LANGUAGE sql STABLE
RETURN pg_catalog.format('tiktokads %s (%s)', job, pg_catalog.current_database());
COMMENT ON FUNCTION tiktokads.cron_name IS 'Name of a job in cron.job: it tells the database, because one pg_cron may serve several. NULL for NULL.';

CREATE FUNCTION tiktokads.job_check(job text, run_as name) RETURNS tiktokads.job
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_job tiktokads.job;
	routine oid;
BEGIN
	SELECT * INTO found_job FROM tiktokads.job AS j WHERE j.job = job_check.job;
	IF NOT FOUND THEN
		RAISE undefined_object USING MESSAGE = format('there is no job %s', coalesce(quote_literal(job), 'NULL')),
			HINT = format('Jobs are: %s.', (SELECT string_agg(j.job, ', ' ORDER BY j.position) FROM tiktokads.job AS j));
	END IF;
	SELECT p.oid INTO routine FROM pg_proc AS p
	WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.proname = found_job.procedure AND p.prokind = 'p'
	ORDER BY p.pronargs LIMIT 1;
	IF routine IS NULL THEN
		RAISE undefined_function USING MESSAGE = format('this version has no procedure tiktokads.%I', found_job.procedure),
			HINT = 'SELECT * FROM tiktokads.schedule_status() lists the jobs that are available.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = run_as AND r.rolcanlogin) THEN
		RAISE invalid_authorization_specification USING MESSAGE = format('role "%s" may not log in, and pg_cron logs in to run a job', run_as),
			HINT = 'Name a role with LOGIN in run_as, or call as one.';
	END IF;
	IF NOT has_function_privilege(run_as, routine, 'EXECUTE') OR NOT has_schema_privilege(run_as, 'tiktokads', 'USAGE') THEN
		RAISE insufficient_privilege USING MESSAGE = format('role "%s" may not call tiktokads.%I', run_as, found_job.procedure),
			HINT = format('GRANT tiktokads_operator TO %I;', run_as);
	END IF;
	RETURN found_job;
END;
$$;
COMMENT ON FUNCTION tiktokads.job_check IS 'The row of tiktokads.job, or the error that explains why pg_cron could not run it as this role. Part of schedule().';

CREATE FUNCTION tiktokads.schedule(job text, schedule text DEFAULT NULL, run_as name DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	cron constant record := tiktokads.cron_location();
	wanted constant tiktokads.job := tiktokads.job_check(job, coalesce(run_as, current_user));
	at constant text := coalesce(schedule, wanted.schedule);
	command constant text := format('CALL tiktokads.%I()', wanted.procedure);
	statement text := format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L);',
		tiktokads.cron_name(job), at, command, current_database(), coalesce(run_as, current_user));
	id bigint;
BEGIN
	IF cron.schema IS NULL AND cron.database IS NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = 'pg_cron is not loaded',
			HINT = format('Install it, add it to shared_preload_libraries, restart, and CREATE EXTENSION pg_cron; or let a systemd timer or a Kubernetes CronJob run: %s;', command);
	ELSIF cron.schema IS NULL AND cron.database = current_database() THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = 'pg_cron is loaded, but not installed in this database',
			HINT = 'Have a superuser run: CREATE EXTENSION pg_cron;';
	ELSIF cron.schema IS NULL THEN
		IF wanted.procedure = 'maintain' THEN
			statement := statement || E'\n' || format('SELECT cron.schedule(%L, %L, %L);', tiktokads.cron_name('log'), '40 2 * * *',
				format('DELETE FROM cron.job_run_details AS d USING cron.job AS j WHERE j.jobid = d.jobid AND j.jobname LIKE %L AND d.end_time < now() - interval %L',
					'tiktokads %', '7 days'));
		END IF;
		RAISE NOTICE 'pg_cron works from another database%; there, have a superuser run:%',
			coalesce(' "' || nullif(cron.database, '') || '"', ''), E'\n' || statement;
		RETURN NULL;
	ELSIF NOT cron.usable THEN
		RAISE insufficient_privilege USING MESSAGE = format('permission denied for schema %I of pg_cron', cron.schema),
			HINT = format('GRANT USAGE ON SCHEMA %I TO %I;', cron.schema, current_user);
	END IF;

	-- pg_cron tells jobs apart by name and user: nobody else's may stay behind
	EXECUTE format('SELECT count(%I.unschedule(j.jobid)) FROM %I.job AS j WHERE j.jobname = $1 AND j.username <> $2', cron.schema, cron.schema)
		USING tiktokads.cron_name(job), coalesce(run_as, current_user);
	IF run_as IS NULL OR run_as = current_user THEN
		EXECUTE format('SELECT %I.schedule($1, $2, $3)', cron.schema) INTO id USING tiktokads.cron_name(job), at, command;
	ELSE
		EXECUTE format('SELECT %I.schedule_in_database($1, $2, $3, $4, $5)', cron.schema) INTO id
			USING tiktokads.cron_name(job), at, command, current_database()::text, run_as::text;
	END IF;
	RETURN id;
END;
$$;
COMMENT ON FUNCTION tiktokads.schedule IS 'Puts a job of tiktokads.job on pg_cron, or changes when it runs (NULL: the job''s own schedule). It runs as run_as (naming another role takes a superuser), by default as the one who calls; that role must be able to log in and be a member of tiktokads_operator. Returns pg_cron''s job id; where pg_cron works from another database it prints the statement to run there and returns NULL. An error when pg_cron is not loaded.';
REVOKE ALL ON FUNCTION tiktokads.schedule FROM PUBLIC;

CREATE FUNCTION tiktokads.unschedule(job text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	cron constant record := tiktokads.cron_location();
	removed bigint;
BEGIN
	IF job IS NULL OR NOT EXISTS (SELECT FROM tiktokads.job AS j WHERE j.job = unschedule.job) THEN
		RAISE undefined_object USING MESSAGE = format('there is no job %s', coalesce(quote_literal(job), 'NULL')),
			HINT = format('Jobs are: %s.', (SELECT string_agg(j.job, ', ' ORDER BY j.position) FROM tiktokads.job AS j));
	END IF;
	IF cron.schema IS NULL THEN
		IF cron.database IS NOT NULL THEN
			RAISE NOTICE 'pg_cron works from another database%; there, run:%', coalesce(' "' || nullif(cron.database, '') || '"', ''),
				E'\n' || format('SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = %L;', tiktokads.cron_name(job));
		END IF;
		RETURN NULL;
	ELSIF NOT cron.usable THEN
		RAISE insufficient_privilege USING MESSAGE = format('permission denied for schema %I of pg_cron', cron.schema),
			HINT = format('GRANT USAGE ON SCHEMA %I TO %I;', cron.schema, current_user);
	END IF;
	EXECUTE format('SELECT count(%I.unschedule(j.jobid)) FROM %I.job AS j WHERE j.jobname = $1', cron.schema, cron.schema)
		INTO removed USING tiktokads.cron_name(job);
	RETURN removed > 0;
END;
$$;
COMMENT ON FUNCTION tiktokads.unschedule IS 'Takes a job off pg_cron; false when it was not on it, or belongs to another role. Where pg_cron works from another database it prints the statement to run there and returns NULL; without pg_cron it returns NULL.';
REVOKE ALL ON FUNCTION tiktokads.unschedule FROM PUBLIC;

CREATE FUNCTION tiktokads.schedule_status
(
	OUT job text,
	OUT available boolean,
	OUT scheduled boolean,
	OUT schedule text,
	OUT jobid bigint,
	OUT run_as text,
	OUT active boolean,
	OUT last_start timestamptz,
	OUT last_end timestamptz,
	OUT last_status text,
	OUT last_message text,
	OUT command text
)
RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	cron constant record := tiktokads.cron_location();
	jobs text := '(SELECT NULL::bigint AS jobid, NULL::text AS jobname, NULL::text AS schedule, NULL::text AS username, NULL::boolean AS active WHERE false)';
	runs text := '(SELECT NULL::timestamptz AS start_time, NULL::timestamptz AS end_time, NULL::text AS status, NULL::text AS return_message, NULL::bigint AS jobid, NULL::bigint AS runid WHERE false)';
BEGIN
	IF cron.usable THEN
		jobs := format('%I.job', cron.schema);
		runs := format('%I.job_run_details', cron.schema);
	END IF;
	RETURN QUERY EXECUTE format($query$
		SELECT j.job, p.available, CASE WHEN $1 THEN c.jobid IS NOT NULL END, coalesce(c.schedule, j.schedule), c.jobid, c.username::text, c.active,
			r.start_time, r.end_time, r.status, r.return_message, pg_catalog.format('CALL tiktokads.%%I()', j.procedure)
		FROM tiktokads.job AS j
			CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_catalog.pg_proc AS f
				WHERE f.pronamespace = 'tiktokads'::regnamespace AND f.proname = j.procedure AND f.prokind = 'p') AS available) AS p
			LEFT JOIN %s AS c ON c.jobname = tiktokads.cron_name(j.job)
			LEFT JOIN LATERAL (SELECT * FROM %s AS d WHERE d.jobid = c.jobid ORDER BY d.runid DESC LIMIT 1) AS r ON true
		ORDER BY j.position, c.jobid$query$, jobs, runs) USING cron.usable;
END;
$$;
COMMENT ON FUNCTION tiktokads.schedule_status IS 'The jobs, whether and when pg_cron runs them, and how the last run went. scheduled and what follows is NULL where pg_cron is not in this database or the current role may not use it; one sees one''s own jobs there, superusers all. available: false when this version lacks the procedure.';

CREATE FUNCTION tiktokads.schedule_prune(keep interval DEFAULT '7 days') RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	cron constant record := tiktokads.cron_location();
	pruned bigint := 0;
BEGIN
	IF cron.usable THEN
		-- runs of a job that was taken off are found by their command
		EXECUTE format('DELETE FROM %I.job_run_details WHERE end_time < $1 AND database = $2 AND command LIKE ''CALL tiktokads.%%''', cron.schema)
			USING tiktokads.clock_now() - keep, current_database();
		GET DIAGNOSTICS pruned = ROW_COUNT;
	END IF;
	RETURN pruned;
END;
$$;
COMMENT ON FUNCTION tiktokads.schedule_prune IS 'Removes runs of our jobs that ended longer ago than this from pg_cron''s log, which nobody prunes otherwise; returns how many. One prunes one''s own, superusers all. 0 without pg_cron in this database. maintain() calls it.';
REVOKE ALL ON FUNCTION tiktokads.schedule_prune FROM PUBLIC;

CREATE FUNCTION tiktokads.partition_ahead() RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	target name;
	made int := 0;
BEGIN
	FOR target IN
		SELECT r.relation FROM tiktokads.model_relation AS r
		WHERE r.kind = 'partitioned' AND to_regclass(format('tiktokads.%I', r.relation)) IS NOT NULL
		ORDER BY r.relation
	LOOP
		made := made + tiktokads.partition_ensure(target, tiktokads.clock_today(NULL) - 1, (tiktokads.clock_today(NULL) + interval '2 months')::date);
	END LOOP;
	RETURN made;
END;
$$;
COMMENT ON FUNCTION tiktokads.partition_ahead IS 'Makes the partitions of this month and the next two that are missing; returns how many. Part of maintain().';
REVOKE ALL ON FUNCTION tiktokads.partition_ahead FROM PUBLIC;

CREATE PROCEDURE tiktokads.maintain()
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_maintain';
COMMENT ON PROCEDURE tiktokads.maintain IS 'Makes partitions ahead and prunes pg_cron''s log of our jobs. Safe to call at any time, also twice at once. It commits: call it alone.';
REVOKE ALL ON PROCEDURE tiktokads.maintain FROM PUBLIC;

CREATE FUNCTION tiktokads.disk_space(OUT free_bytes bigint, OUT total_bytes bigint)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'tiktokads_disk_space';
COMMENT ON FUNCTION tiktokads.disk_space IS 'Bytes that are free for the server, and in all, on the file system of the data directory (other tablespaces are not looked at).';
