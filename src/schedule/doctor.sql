-- what an operator asks first: what is wrong, how it is mended, how it is set

CREATE VIEW tiktokads.settings WITH (security_invoker = true) AS
SELECT s.name,
	s.setting,
	s.unit,
	s.vartype AS type,
	s.context,
	s.boot_val AS default_setting,
	s.source,
	s.pending_restart,
	s.short_desc || coalesce(' ' || s.extra_desc, '') AS description
FROM tiktokads.this_system() AS h	-- loads the library, which defines them
	CROSS JOIN pg_catalog.pg_settings AS s
WHERE h.database_oid IS NOT NULL AND s.name LIKE 'tiktokads.%';
COMMENT ON VIEW tiktokads.settings IS 'Every setting of the extension, with its unit and who may set it when. Those of shared memory are there only when the library is preloaded.';
COMMENT ON COLUMN tiktokads.settings.name IS 'Name.';
COMMENT ON COLUMN tiktokads.settings.setting IS 'Value in force, in that unit.';
COMMENT ON COLUMN tiktokads.settings.unit IS 'Unit of the value; NULL: none.';
COMMENT ON COLUMN tiktokads.settings.type IS 'bool, enum, integer, real or string.';
COMMENT ON COLUMN tiktokads.settings.context IS 'When it can be set: postmaster (start of the server), sighup (reload), superuser, user (any session).';
COMMENT ON COLUMN tiktokads.settings.default_setting IS 'Value when nobody set it.';
COMMENT ON COLUMN tiktokads.settings.source IS 'Where the value in force comes from.';
COMMENT ON COLUMN tiktokads.settings.pending_restart IS 'True: changed in a file, in force after a restart.';
COMMENT ON COLUMN tiktokads.settings.description IS 'What it does.';

CREATE FUNCTION tiktokads.setting_if_allowed(name text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN current_setting(name, true);
EXCEPTION WHEN insufficient_privilege THEN
	RETURN NULL;
END;
$$;
COMMENT ON FUNCTION tiktokads.setting_if_allowed IS 'Value of a setting; NULL when there is none, or the current role may not know. Part of doctor().';

CREATE FUNCTION tiktokads.doctor_installation(OUT severity text, OUT finding text, OUT remedy text)
RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	installed constant text := (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'tiktokads');
	space constant record := tiktokads.disk_space();
	missing text;
BEGIN
	RETURN QUERY SELECT 'error', format('the extension is version %s and its library version %s', installed, tiktokads.library_version()),
			'ALTER EXTENSION tiktokads UPDATE; CALL tiktokads.create_model();'
		WHERE installed <> tiktokads.library_version();
	RETURN QUERY SELECT 'error', 'roles of the extension, or rights of theirs, are missing', 'CALL tiktokads.create_roles();'
		WHERE NOT tiktokads.roles_ready();
	RETURN QUERY SELECT 'error', 'role tiktokads_worker may not log in: workers and jobs that run as it do not start', 'ALTER ROLE tiktokads_worker LOGIN;'
		FROM pg_roles AS r WHERE r.rolname = 'tiktokads_worker' AND NOT r.rolcanlogin;
	RETURN QUERY SELECT 'error', 'tables or views of the model are missing or of another version', 'CALL tiktokads.create_model();'
		WHERE NOT tiktokads.model_ready();
	missing := (SELECT string_agg(r.relation, ', ' ORDER BY r.relation) FROM tiktokads.model_relation AS r
		WHERE r.kind = 'partitioned' AND to_regclass(format('tiktokads.%I', r.relation)) IS NOT NULL
			AND to_regclass(format('tiktokads.%I', tiktokads.partition_name(r.relation, (tiktokads.clock_today(NULL) + interval '1 month')::date))) IS NULL);
	RETURN QUERY SELECT 'warning', format('next month''s partition is missing: %s', missing), 'CALL tiktokads.maintain();'
		WHERE missing IS NOT NULL;
	RETURN QUERY SELECT 'error', format('the encoding of this database is %s', getdatabaseencoding()), 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;'
		WHERE getdatabaseencoding() <> 'UTF8';
	RETURN QUERY SELECT 'warning', format('tiktokads.clock_offset shifts the clock by %s', current_setting('tiktokads.clock_offset')),
			'ALTER SYSTEM RESET tiktokads.clock_offset; SELECT pg_reload_conf();'
		WHERE coalesce(current_setting('tiktokads.clock_offset', true), '0') <> '0';
	RETURN QUERY SELECT 'warning', format('%s of %s are free on the disk of the data directory', pg_size_pretty(space.free_bytes), pg_size_pretty(space.total_bytes)),
			'SELECT relation, pg_size_pretty(pg_total_relation_size(relation)) FROM pg_partition_tree(''tiktokads.report_ad_daily'') AS p (relation) ORDER BY pg_total_relation_size(relation) DESC;'
		WHERE space.free_bytes < space.total_bytes / 10;
	RETURN QUERY SELECT 'info', format('PostgreSQL %s lacks fixes of its last minor releases', current_setting('server_version')), NULL::text
		WHERE current_setting('server_version_num')::int BETWEEN 150000 AND 150019;
END;
$$;
COMMENT ON FUNCTION tiktokads.doctor_installation IS 'What is wrong with the installation: version, roles, model, partitions, clock, disk. Part of doctor().';

CREATE FUNCTION tiktokads.doctor_connection(OUT severity text, OUT finding text, OUT remedy text)
RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	here constant record := tiktokads.this_system();
BEGIN
	RETURN QUERY SELECT 'warning', 'there is no connection to the API', 'CALL tiktokads.connect(''name'', access_token_file => ''...'', app_id => ''...'', app_secret_file => ''...'');'
		WHERE NOT EXISTS (SELECT c.name FROM tiktokads.connection AS c);
	RETURN QUERY SELECT 'warning', format('connection "%s" was made in another database and is paused in this copy', c.name),
			format('CALL tiktokads.resume(%L);', c.name)
		FROM tiktokads.connection AS c WHERE (c.system_identifier, c.database_oid) <> (here.system_identifier, here.database_oid);
	RETURN QUERY SELECT 'warning', format('connection "%s" is paused', c.name), format('CALL tiktokads.resume(%L);', c.name)
		FROM tiktokads.connection AS c WHERE c.paused;
	IF pg_has_role('pg_read_server_files', 'USAGE') AND has_function_privilege('pg_stat_file(text, boolean)', 'EXECUTE')
		AND has_column_privilege('tiktokads.connection', 'access_token_file', 'SELECT') THEN
		RETURN QUERY SELECT 'error', format('file "%s" of connection "%s" is missing', f.path, c.name),
				format('-- put the file there, or connect anew: CALL tiktokads.connect(%L, ...);', c.name)
			FROM tiktokads.connection AS c CROSS JOIN unnest(ARRAY[c.access_token_file, c.app_secret_file, c.ca_file]) AS f (path)
			WHERE f.path IS NOT NULL AND (pg_stat_file(f.path, true)).size IS NULL;
		RETURN QUERY SELECT 'error', format('key file "%s" is missing', k), '-- put the file there: what was sealed under its key cannot be opened'
			FROM tiktokads.setting_if_allowed('tiktokads.key_file') AS k WHERE k <> '' AND (pg_stat_file(k, true)).size IS NULL;
	END IF;
	RETURN QUERY SELECT 'error', format('the API refused the credentials for ad account %s, stream %s: %s', s.advertiser_id, s.stream, s.last_error_message),
			'-- a new token in the connection''s file, then CALL tiktokads.sync();'
		FROM tiktokads.sync_state AS s
		WHERE s.consecutive_failures > 0 AND EXISTS (SELECT FROM tiktokads.api_code() AS a
			WHERE s.last_error_code BETWEEN a.code_from AND a.code_to AND a.verdict = 're-authorise');
	RETURN QUERY SELECT 'warning', format('stream %s of ad account %s failed %s times running: %s', s.stream, s.advertiser_id, s.consecutive_failures, s.last_error_message),
			format('SELECT * FROM tiktokads.sync_history WHERE stream = %L AND advertiser_id = %s ORDER BY run DESC LIMIT 10;', s.stream, s.advertiser_id)
		FROM tiktokads.sync_state AS s
		WHERE s.consecutive_failures >= 3 AND NOT EXISTS (SELECT FROM tiktokads.api_code() AS a
			WHERE s.last_error_code BETWEEN a.code_from AND a.code_to AND a.verdict = 're-authorise');
	RETURN QUERY SELECT f.severity, format('connection "%s": %s', f.connection, f.message), format('-- %s', f.hint)
		FROM tiktokads.finding AS f WHERE f.kind = 'clock_skew' AND f.cleared_at IS NULL;
	IF has_table_privilege('tiktokads.credential', 'SELECT') THEN
		RETURN QUERY SELECT 'error', format('%s credentials are sealed, and there is no key to open them with', count(*)),
				'ALTER SYSTEM SET tiktokads.key_file = ''...''; SELECT pg_reload_conf(); -- the file with the key that sealed them'
			FROM tiktokads.credential HAVING count(*) > 0 AND coalesce(tiktokads.setting_if_allowed('tiktokads.key_file'), '') = '';
	END IF;
	RETURN QUERY SELECT 'warning', format('ad account %s (%s) may no longer be read', a.advertiser_id, a.name),
			format('UPDATE tiktokads.advertiser SET sync = false WHERE advertiser_id = %s;', a.advertiser_id)
		FROM tiktokads.advertiser AS a WHERE a.sync AND NOT a.readable;
	RETURN QUERY SELECT 'warning', format('%s streams of connection "%s" were not stored for more than a day, the oldest since %s',
				count(*), s.connection, coalesce(min(s.last_success_at)::text, 'ever')), format('CALL tiktokads.sync(%L);', s.connection)
		FROM tiktokads.sync_status AS s
		WHERE s.active AND (s.last_success_at IS NULL OR s.last_success_at < tiktokads.clock_now() - interval '1 day')
		GROUP BY s.connection;
END;
$$;
COMMENT ON FUNCTION tiktokads.doctor_connection IS 'What is wrong with connections and syncs: paused, copied, refused, failing, late; clocks that disagree, sealed credentials without a key; files that are missing, for members of pg_read_server_files who may call pg_stat_file(). Part of doctor().';

CREATE FUNCTION tiktokads.doctor_schedule(OUT severity text, OUT finding text, OUT remedy text)
RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	cron constant record := tiktokads.cron_location();
	libraries constant text := tiktokads.setting_if_allowed('shared_preload_libraries');
BEGIN
	RETURN QUERY SELECT 'info', 'the library is not preloaded: syncs run when they are called, no worker runs them',
			format('ALTER SYSTEM SET shared_preload_libraries = %s; -- and restart',
				(SELECT string_agg(quote_literal(btrim(l)), ', ') FROM unnest(string_to_array(concat_ws(',', nullif(libraries, ''), 'tiktokads'), ',')) AS l))
		WHERE libraries !~ '\mtiktokads\M';
	RETURN QUERY SELECT 'info', 'pg_cron is not loaded: let workers, systemd timers or Kubernetes run the jobs of tiktokads.job', NULL::text
		WHERE cron.schema IS NULL AND cron.database IS NULL;
	RETURN QUERY SELECT 'info', format('job %s is not on pg_cron', s.job), format('SELECT tiktokads.schedule(%L);', s.job)
		FROM tiktokads.schedule_status() AS s WHERE s.available AND NOT s.scheduled;
	RETURN QUERY SELECT 'warning', format('the last run of job %s failed: %s', s.job, s.last_message), s.command || ';'
		FROM tiktokads.schedule_status() AS s WHERE s.last_status = 'failed';
	IF pg_has_role('tiktokads_admin', 'USAGE') THEN
		RETURN QUERY SELECT 'info', 'no ad account is granted to any analyst', 'SELECT tiktokads.grant_advertiser(''tiktokads_analyst'', NULL);'
			WHERE NOT EXISTS (SELECT FROM tiktokads.advertiser_grant);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.doctor_schedule IS 'What is wrong with what runs by itself and with who may see. Part of doctor().';

CREATE FUNCTION tiktokads.doctor(OUT severity text, OUT finding text, OUT remedy text)
RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT * FROM tiktokads.doctor_installation();
	-- the others read what those would miss
	IF to_regrole('tiktokads_worker') IS NOT NULL THEN
		RETURN QUERY SELECT * FROM tiktokads.doctor_connection();
		RETURN QUERY SELECT * FROM tiktokads.doctor_schedule();
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.doctor IS 'What is wrong, one row each: severity (error: something does not work; warning: it will not for long, or not fully; info: worth knowing), the finding, and the SQL that mends it (NULL: nothing to run). No rows: all is well.';

CREATE FUNCTION tiktokads.library_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_library_version';
COMMENT ON FUNCTION tiktokads.library_version IS 'Version of the library that the server has loaded; pg_extension.extversion is that of the SQL objects. They differ between the installation of new packages and ALTER EXTENSION tiktokads UPDATE.';
