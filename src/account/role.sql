-- roles: who may do what, as rows; and which ad accounts an analyst sees

CREATE TABLE tiktokads.role_rule
(
	role name,
	target text CHECK (target IN ('members', 'configuration', 'status', 'model', 'personal', 'routines', 'readers', 'relation', 'routine')),
	name name NOT NULL DEFAULT '',
	privilege text CHECK (privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE')),
	columns name[],
	withheld boolean NOT NULL DEFAULT false,
	purpose text NOT NULL,
	PRIMARY KEY (role, target, name, privilege),
	CHECK ((name <> '') = (target IN ('relation', 'routine'))),
	CHECK ((privilege = 'EXECUTE') = (target IN ('routines', 'readers', 'routine'))),
	CHECK (target <> 'personal' OR withheld)
);
COMMENT ON TABLE tiktokads.role_rule IS 'What each role of the extension may do: CALL tiktokads.create_roles() and create_model() grant what is missing. Read tiktokads.role_privileges() for what follows from it.';
COMMENT ON COLUMN tiktokads.role_rule.role IS 'Role that gets the privilege.';
COMMENT ON COLUMN tiktokads.role_rule.target IS 'members (all tables and views of the extension), configuration (its tables that dumps hold), status (its views), model (tables of facts and BI views), personal (columns of tiktokads.personal_column), routines (all), readers (functions and aggregates that change nothing), or one relation or routine by name.';
COMMENT ON COLUMN tiktokads.role_rule.name IS 'Name of the relation or routine, all of that name; empty for groups. A name that does not exist has no effect.';
COMMENT ON COLUMN tiktokads.role_rule.privilege IS 'SELECT, INSERT, UPDATE, DELETE or EXECUTE. SELECT on a view brings the columns that it and the functions it calls read.';
COMMENT ON COLUMN tiktokads.role_rule.columns IS 'Only these columns; NULL: the whole table.';
COMMENT ON COLUMN tiktokads.role_rule.withheld IS 'True: the role does not get it, whatever its other rules say.';
COMMENT ON COLUMN tiktokads.role_rule.purpose IS 'Why.';

INSERT INTO tiktokads.role_rule (role, target, name, privilege, columns, purpose)
SELECT r.role, r.target, n, p, r.columns, r.purpose
FROM (VALUES
	('tiktokads_worker', 'members', '{""}', '{SELECT,INSERT,UPDATE,DELETE}', NULL::name[], 'Units of work run as this role.'),
	('tiktokads_worker', 'routines', '{""}', '{EXECUTE}', NULL, 'Units of work run as this role.'),
	('tiktokads_monitor', 'status', '{""}', '{SELECT}', NULL, 'See how it goes.'),
	('tiktokads_monitor', 'relation', '{sync_history,sync_state,sync_task,finding,endpoint_pause,pending_removal,model_state,model_relation,model_column,metric,breakdown,job,role_rule,personal_column}',
		'{SELECT}', NULL, 'See how it goes.'),
	('tiktokads_monitor', 'routine', '{api_code,doctor,doctor_installation,doctor_connection,doctor_schedule,schedule_status,cron_location,cron_name,setting_if_allowed,library_version,disk_space,
		clock_now,clock_today,sees_all_advertisers,granted_advertisers,visible_advertisers,role_privileges,role_withheld,role_object,roles_ready,model_ready,model_version,this_system,partition_name}',
		'{EXECUTE}', NULL, 'See how it goes.'),
	('tiktokads_monitor', 'relation', '{advertiser_grant}', '{SELECT}', NULL, 'Row security asks it.'),
	('tiktokads_analyst', 'relation', '{advertiser_grant}', '{SELECT}', NULL, 'Row security asks it; one sees only rows of one''s own roles.'),
	('tiktokads_privacy', 'relation', '{advertiser_grant}', '{SELECT}', NULL, 'Row security asks it.'),
	('tiktokads_operator', 'relation', '{stream_override}', '{SELECT,INSERT,UPDATE,DELETE}', NULL, 'Change what is synced.'),
	('tiktokads_operator', 'relation', '{advertiser}', '{UPDATE}', '{sync}', 'Switch an ad account off and on.'),
	('tiktokads_operator', 'relation', '{connection}', '{SELECT}',
		'{name,app_id,base_url,tier,connected_by,connected_at,paused,pause_reason}', 'See connections, without paths of secret files.'),
	('tiktokads_operator', 'routine', '{create_model,sync,sync_now,pause,resume,backfill,maintain,detect,derive_touchpoints,schedule,unschedule,schedule_prune,job_check,job_find}',
		'{EXECUTE}', NULL, 'Run and pause what runs.'),
	('tiktokads_analyst', 'model', '{""}', '{SELECT}', NULL, 'Read facts and BI views, of the ad accounts granted.'),
	('tiktokads_analyst', 'readers', '{""}', '{EXECUTE}', NULL, 'Ask questions with the rights of the one who asks.'),
	('tiktokads_analyst', 'relation', '{stream,metric,breakdown,model_relation,model_column,currency_rate,coverage,conversion_event}', '{SELECT}', NULL, 'Know what the numbers mean.'),
	('tiktokads_analyst', 'relation', '{advertiser}', '{SELECT}',
		'{advertiser_id,name,currency,display_timezone,timezone,status,country,industry,company,language,create_time,promotion_area,brand,sync,readable,first_seen_at,changed_at}',
		'Know the ad accounts, without names, addresses and numbers of their contacts.'),
	('tiktokads_privacy', 'routine', '{sees_all_advertisers,granted_advertisers,visible_advertisers}', '{EXECUTE}', NULL, 'Row security asks them.'),
	('tiktokads_admin', 'configuration', '{""}', '{SELECT}', NULL, 'Configure.'),
	('tiktokads_admin', 'relation', '{advertiser_grant,currency_rate,conversion_event}', '{SELECT,INSERT,UPDATE,DELETE}', NULL, 'Configure.'),
	('tiktokads_admin', 'relation', '{credential_input}', '{INSERT}', NULL, 'Give a credential by COPY, unread by anybody.'),
	('tiktokads_admin', 'routines', '{""}', '{EXECUTE}', NULL, 'Configure, connect and disconnect.'))
	AS r (role, target, names, privileges, columns, purpose)
	CROSS JOIN unnest(r.names::name[]) AS n
	CROSS JOIN unnest(r.privileges::text[]) AS p;

INSERT INTO tiktokads.role_rule (role, target, privilege, withheld, purpose) VALUES
	('tiktokads_analyst', 'personal', 'SELECT', true, 'Personal data is not for analysis; masked views have what may be counted by.');

CREATE TABLE tiktokads.advertiser_grant
(
	role name NOT NULL,
	advertiser_id bigint,
	granted_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE NULLS NOT DISTINCT (role, advertiser_id)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.advertiser_grant', '');
COMMENT ON TABLE tiktokads.advertiser_grant IS 'Which roles see which ad accounts through row security. Use grant_advertiser() and revoke_advertiser().';
COMMENT ON COLUMN tiktokads.advertiser_grant.role IS 'Role; its members see the same.';
COMMENT ON COLUMN tiktokads.advertiser_grant.advertiser_id IS 'Ad account; NULL: every one, also those to come.';
COMMENT ON COLUMN tiktokads.advertiser_grant.granted_at IS 'When it was granted.';

CREATE FUNCTION tiktokads.granted_advertisers() RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT DISTINCT g.advertiser_id
	FROM tiktokads.advertiser_grant AS g JOIN pg_catalog.pg_roles AS r ON r.rolname = g.role
	WHERE pg_catalog.pg_has_role(r.oid, 'USAGE');
END;
COMMENT ON FUNCTION tiktokads.granted_advertisers IS 'Ad accounts that were granted to the current role or a role it inherits from; a NULL among them means all. No rows when there are none.';

CREATE FUNCTION tiktokads.visible_advertisers() RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT g FROM tiktokads.granted_advertisers() AS g WHERE g IS NOT NULL
	UNION
	SELECT a.advertiser_id FROM tiktokads.advertiser AS a
	WHERE EXISTS (SELECT FROM tiktokads.granted_advertisers() AS g WHERE g IS NULL);
END;
COMMENT ON FUNCTION tiktokads.visible_advertisers IS 'Ad accounts whose facts row security shows to the current role. No rows when there are none.';

CREATE FUNCTION tiktokads.sees_all_advertisers() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT EXISTS (SELECT FROM pg_catalog.pg_roles AS r
		WHERE r.rolname IN ('tiktokads_worker', 'tiktokads_admin', 'tiktokads_operator', 'tiktokads_monitor', 'tiktokads_privacy')
			AND pg_catalog.pg_has_role(r.oid, 'USAGE'));
END;
COMMENT ON FUNCTION tiktokads.sees_all_advertisers IS 'True when the current role sees every ad account in tables that it may read: the worker, and members of tiktokads_admin, _operator, _monitor and _privacy.';

-- Policies of the extension's own tables stand here, because dumps leave them
-- out; those of the tables of facts are made with them and come back with dumps.
ALTER TABLE tiktokads.advertiser ENABLE ROW LEVEL SECURITY;
CREATE POLICY tiktokads_granted ON tiktokads.advertiser USING ((SELECT tiktokads.sees_all_advertisers())
	OR (SELECT bool_or(g IS NULL) FROM tiktokads.granted_advertisers() AS g)
	OR advertiser_id = ANY (ARRAY(SELECT tiktokads.granted_advertisers())));
ALTER TABLE tiktokads.advertiser_grant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tiktokads_granted ON tiktokads.advertiser_grant USING ((SELECT tiktokads.sees_all_advertisers())
	OR EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = role AND pg_catalog.pg_has_role(r.oid, 'USAGE')));

CREATE FUNCTION tiktokads.grant_advertiser(role name, advertiser bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF role IS NULL OR NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = grant_advertiser.role) THEN
		RAISE undefined_object USING MESSAGE = format('role %s does not exist', coalesce(format('"%s"', role), 'NULL')),
			HINT = 'Create it first: CREATE ROLE ... IN ROLE tiktokads_analyst';
	END IF;
	INSERT INTO tiktokads.advertiser_grant (role, advertiser_id) VALUES (grant_advertiser.role, advertiser) ON CONFLICT DO NOTHING;
	IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'tiktokads_analyst' AND pg_has_role(grant_advertiser.role, r.oid, 'USAGE')) THEN
		RAISE NOTICE 'role "%" may not read the reports yet', role
			USING HINT = format('GRANT tiktokads_analyst TO %I;', role);
	END IF;
	IF NOT EXISTS (SELECT FROM tiktokads.advertiser AS a WHERE a.advertiser_id = advertiser) AND advertiser IS NOT NULL THEN
		RAISE NOTICE 'ad account % is not known yet', advertiser USING HINT = 'SELECT advertiser_id, name FROM tiktokads.advertiser;';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.grant_advertiser IS 'Lets a role, and those that inherit from it, see an ad account in every report, view and table function; advertiser NULL: every account, also those to come. Granting again changes nothing. An error when the role does not exist.';
REVOKE ALL ON FUNCTION tiktokads.grant_advertiser FROM PUBLIC;

CREATE FUNCTION tiktokads.revoke_advertiser(role name, advertiser bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM tiktokads.advertiser_grant AS g
	WHERE g.role = revoke_advertiser.role AND g.advertiser_id IS NOT DISTINCT FROM advertiser;
	RETURN FOUND;
END;
$$;
COMMENT ON FUNCTION tiktokads.revoke_advertiser IS 'Takes back what grant_advertiser() gave, with the same arguments; false when there was nothing to take back. An account granted through another role, or through NULL (all), is still seen.';
REVOKE ALL ON FUNCTION tiktokads.revoke_advertiser FROM PUBLIC;

CREATE FUNCTION tiktokads.role_object
(
	OUT kind text,
	OUT object oid,
	OUT name name,
	OUT owner oid,
	OUT targets text[]
)
RETURNS SETOF record
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT 'relation', c.oid, c.relname, c.relowner,
		ARRAY['relation',
			CASE WHEN d.objid IS NULL THEN 'model' ELSE 'members' END,
			CASE WHEN d.objid IS NOT NULL AND c.relkind = 'v' THEN 'status' END,
			CASE WHEN c.oid = ANY (e.extconfig) THEN 'configuration' END,
			CASE WHEN c.relname IN (SELECT p.relation FROM tiktokads.personal_column AS p) THEN 'personal' END]
	FROM pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_extension AS e ON e.extname = 'tiktokads' AND e.extnamespace = c.relnamespace
		LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
			AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
	WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
		AND (d.objid IS NOT NULL OR EXISTS (SELECT FROM tiktokads.model_relation AS m WHERE m.relation = c.relname))
	UNION ALL
	SELECT 'routine', p.oid, p.proname, p.proowner,
		ARRAY['routines', 'routine', CASE WHEN p.prokind <> 'p' AND p.provolatile <> 'v' THEN 'readers' END]
	FROM pg_catalog.pg_proc AS p
		JOIN pg_catalog.pg_extension AS e ON e.extname = 'tiktokads' AND e.extnamespace = p.pronamespace;
END;
COMMENT ON FUNCTION tiktokads.role_object IS 'Tables, views and routines that roles get privileges on, with the groups of role_rule.target that each belongs to. Part of role_privileges().';

CREATE FUNCTION tiktokads.role_withheld
(
	OUT role name,
	OUT kind text,
	OUT object oid,
	OUT privilege text,
	OUT columns name[],
	OUT held boolean
)
RETURNS SETOF record
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT r.role, o.kind, o.object, r.privilege, w.columns,
		g.oid IS NOT NULL AND g.oid <> o.owner AND CASE
			WHEN o.kind = 'routine' THEN pg_catalog.has_function_privilege(g.oid, o.object, r.privilege)
			WHEN w.columns IS NULL THEN pg_catalog.has_table_privilege(g.oid, o.object, r.privilege)
			ELSE EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
				WHERE a.attrelid = o.object AND a.attname = ANY (w.columns) AND a.attnum > 0 AND NOT a.attisdropped
					AND pg_catalog.has_column_privilege(g.oid, o.object, a.attnum, r.privilege))
		END
	FROM tiktokads.role_rule AS r
		JOIN tiktokads.role_object() AS o ON r.target = ANY (o.targets) AND (r.name = '' OR r.name = o.name)
		CROSS JOIN LATERAL (SELECT CASE WHEN r.target = 'personal'
			THEN ARRAY(SELECT p.column_name FROM tiktokads.personal_column AS p WHERE p.relation = o.name) ELSE r.columns END) AS w (columns)
		LEFT JOIN pg_catalog.pg_roles AS g ON g.rolname = r.role
	WHERE r.withheld;
END;
COMMENT ON FUNCTION tiktokads.role_withheld IS 'What tiktokads.role_rule withholds from roles: columns NULL means the whole object; held is true where a role has it, or a part of it, all the same, until role_grant() takes it back. Part of role_privileges().';

CREATE FUNCTION tiktokads.role_privileges
(
	OUT role name,
	OUT kind text,
	OUT object text,
	OUT privilege text,
	OUT columns name[],
	OUT held boolean,
	OUT owner name
)
RETURNS SETOF record
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE named AS MATERIALIZED (
		SELECT o.kind, o.object, o.name, o.owner, o.targets FROM tiktokads.role_object() AS o
	), needs AS MATERIALIZED (
		-- columns and functions that each view, and each function of a view, reads and calls
		SELECT v.kind AS of_kind, v.object AS of_object, o.kind, o.object,
			CASE WHEN o.kind = 'relation' THEN coalesce(array_agg(DISTINCT a.attname ORDER BY a.attname) FILTER (WHERE a.attname IS NOT NULL),
				-- rows alone are asked for: any column will do
				(SELECT ARRAY[f.attname] FROM pg_catalog.pg_attribute AS f WHERE f.attrelid = o.object AND f.attnum = 1)) END AS columns
		FROM pg_catalog.pg_depend AS d
			LEFT JOIN pg_catalog.pg_rewrite AS w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
			JOIN named AS v ON v.object = coalesce(w.ev_class, d.objid)
				AND v.kind = CASE d.classid WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN 'relation' WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'routine' END
			JOIN named AS o ON o.object = d.refobjid AND o.object <> v.object AND d.refclassid = CASE o.kind WHEN 'relation'
				THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE 'pg_catalog.pg_proc'::pg_catalog.regclass END
			LEFT JOIN pg_catalog.pg_attribute AS a ON o.kind = 'relation' AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
			LEFT JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
		-- a view with its owner's rights needs none of its reader's on what it reads
		WHERE d.deptype = 'n' AND (o.kind = 'routine' OR c.oid IS NULL OR 'security_invoker=true' = ANY (c.reloptions))
		GROUP BY v.kind, v.object, o.kind, o.object
	), wanted AS (
		SELECT r.role, o.kind, o.object, r.privilege, r.columns, false AS by_view
		FROM tiktokads.role_rule AS r JOIN named AS o ON r.target = ANY (o.targets) AND (r.name = '' OR r.name = o.name)
		WHERE NOT r.withheld
		UNION
		SELECT w.role, n.kind, n.object, CASE n.kind WHEN 'relation' THEN 'SELECT' ELSE 'EXECUTE' END, n.columns, true
		FROM wanted AS w JOIN needs AS n ON n.of_object = w.object AND n.of_kind = w.kind
		WHERE w.privilege = 'SELECT' OR w.by_view
	), distilled AS (
		-- a whole table makes its columns needless
		SELECT w.role, w.kind, w.object, w.privilege,
			CASE WHEN NOT bool_or(w.columns IS NULL) THEN array_agg(DISTINCT c.name ORDER BY c.name) END AS columns
		FROM wanted AS w LEFT JOIN LATERAL unnest(w.columns) AS c (name) ON true
		GROUP BY w.role, w.kind, w.object, w.privilege
	), withheld AS (
		SELECT w.role, w.kind, w.object, w.privilege, bool_or(w.columns IS NULL) AS whole, array_agg(c.name) AS columns
		FROM tiktokads.role_withheld() AS w LEFT JOIN LATERAL unnest(w.columns) AS c (name) ON true
		GROUP BY w.role, w.kind, w.object, w.privilege
	), due AS (
		SELECT d.role, d.kind, d.object, d.privilege,
			CASE WHEN w.role IS NULL THEN d.columns ELSE ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a
				WHERE a.attrelid = d.object AND a.attnum > 0 AND NOT a.attisdropped
					AND (d.columns IS NULL OR a.attname = ANY (d.columns)) AND a.attname <> ALL (w.columns)
				ORDER BY a.attname) END AS columns
		FROM distilled AS d
			LEFT JOIN withheld AS w ON w.role = d.role AND w.kind = d.kind AND w.object = d.object AND w.privilege = d.privilege
		WHERE w.whole IS NOT TRUE
	)
	SELECT d.role, d.kind,
		CASE d.kind WHEN 'relation' THEN d.object::pg_catalog.regclass::text ELSE d.object::pg_catalog.regprocedure::text END,
		d.privilege, d.columns,
		r.oid IS NOT NULL AND CASE
			WHEN d.kind = 'routine' THEN pg_catalog.has_function_privilege(r.oid, d.object, d.privilege)
			WHEN d.columns IS NULL THEN pg_catalog.has_table_privilege(r.oid, d.object, d.privilege)
			ELSE (SELECT bool_and(pg_catalog.has_column_privilege(r.oid, d.object, a.attnum, d.privilege))
				FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = d.object AND a.attname = ANY (d.columns) AND a.attnum > 0 AND NOT a.attisdropped)
		END,
		pg_catalog.pg_get_userbyid(n.owner)
	FROM due AS d
		JOIN named AS n ON n.kind = d.kind AND n.object = d.object
		LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = d.role
	WHERE d.columns IS DISTINCT FROM '{}';
END;
COMMENT ON FUNCTION tiktokads.role_privileges IS 'The privileges that follow from tiktokads.role_rule, one row for each role, object and privilege: columns NULL means the whole table; held is false while it is not granted. Privileges inherited from another role of the extension are listed there.';

CREATE FUNCTION tiktokads.role_grant() RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	excess record;
	missing record;
	granted int := 0;
BEGIN
	FOR excess IN
		SELECT DISTINCT format('REVOKE %s ON %s %s FROM %I', w.privilege, CASE w.kind WHEN 'relation' THEN 'TABLE' ELSE 'ROUTINE' END,
			CASE w.kind WHEN 'relation' THEN w.object::regclass::text ELSE w.object::regprocedure::text END, w.role) AS command
		FROM tiktokads.role_withheld() AS w JOIN tiktokads.role_object() AS o ON o.kind = w.kind AND o.object = w.object
		WHERE w.held AND pg_has_role(o.owner, 'USAGE')
	LOOP
		EXECUTE excess.command;
	END LOOP;
	FOR missing IN
		SELECT format('GRANT %s%s ON %s %s TO %I', p.privilege,
			(SELECT ' (' || string_agg(quote_ident(c), ', ') || ')' FROM unnest(p.columns) AS c),
			CASE p.kind WHEN 'relation' THEN 'TABLE' ELSE 'ROUTINE' END, p.object, p.role) AS command
		FROM tiktokads.role_privileges() AS p
		WHERE NOT p.held AND pg_has_role(p.owner, 'USAGE') AND EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = p.role)
	LOOP
		EXECUTE missing.command;
		granted := granted + 1;
	END LOOP;
	RETURN granted;
END;
$$;
COMMENT ON FUNCTION tiktokads.role_grant IS 'Takes back what role_withheld() says is held, and grants what role_privileges() says is missing, on objects that the current role owns; returns how many it granted. Part of create_roles() and create_model().';
REVOKE ALL ON FUNCTION tiktokads.role_grant FROM PUBLIC;

CREATE FUNCTION tiktokads.row_security_make() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	secured record;
BEGIN
	FOR secured IN
		SELECT c.oid, c.oid::regclass AS relation, c.relrowsecurity, v.*
		FROM tiktokads.role_object() AS o
			JOIN pg_class AS c ON o.kind = 'relation' AND c.oid = o.object AND c.relkind IN ('r', 'p')
			JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'advertiser_id' AND NOT a.attisdropped
			CROSS JOIN (VALUES
				('tiktokads_granted', 'FOR SELECT TO PUBLIC', 'advertiser_id = ANY (ARRAY(SELECT tiktokads.visible_advertisers()))'),
				('tiktokads_all', 'TO tiktokads_admin, tiktokads_operator, tiktokads_monitor, tiktokads_privacy, tiktokads_worker', 'true'))
				AS v (policy, who, expression)
		WHERE o.targets @> '{model}' AND pg_has_role(c.relowner, 'USAGE')
	LOOP
		IF NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = secured.oid AND p.polname = secured.policy) THEN
			EXECUTE format('CREATE POLICY %I ON %s %s USING (%s)', secured.policy, secured.relation, secured.who, secured.expression);
		END IF;
		IF NOT secured.relrowsecurity THEN
			EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', secured.relation);
		END IF;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.row_security_make IS 'Turns row security on for the tables of facts, as the role that owns them. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.row_security_make FROM PUBLIC;

INSERT INTO tiktokads.model_step (step, command, description) VALUES
	(20, 'SELECT tiktokads.role_grant()', 'Rights of the roles.'),
	(21, 'SELECT tiktokads.row_security_make()', 'Each ad account''s rows for those who may see it.');

CREATE FUNCTION tiktokads.roles_ready() RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT NOT EXISTS (
			SELECT FROM unnest(ARRAY['tiktokads_admin', 'tiktokads_operator', 'tiktokads_analyst', 'tiktokads_privacy', 'tiktokads_monitor', 'tiktokads_worker']) AS r
			WHERE pg_catalog.to_regrole(r) IS NULL)
		AND (SELECT pg_catalog.has_schema_privilege(r.oid, 'tiktokads', 'CREATE') FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'tiktokads_worker')
		AND NOT EXISTS (
			SELECT FROM tiktokads.role_privileges() AS p
			WHERE NOT p.held AND p.owner <> 'tiktokads_worker'
				AND (p.role = 'tiktokads_worker' OR pg_catalog.pg_has_role(p.owner, 'USAGE')));
END;
COMMENT ON FUNCTION tiktokads.roles_ready IS 'True when the roles of the extension exist and have, in this database, what they need and the current role could grant.';

CREATE PROCEDURE tiktokads.create_roles()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made record;
BEGIN
	FOR made IN
		SELECT * FROM (VALUES
			('tiktokads_worker', 'LOGIN', NULL),
			('tiktokads_monitor', 'NOLOGIN', NULL),
			('tiktokads_operator', 'NOLOGIN', '{tiktokads_monitor}'),
			('tiktokads_analyst', 'NOLOGIN', NULL),
			('tiktokads_privacy', 'NOLOGIN', NULL),
			('tiktokads_admin', 'NOLOGIN', '{tiktokads_operator,tiktokads_analyst}')) AS v (role, login, parents)
		WHERE to_regrole(role) IS NULL
	LOOP
		IF NOT (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles AS r WHERE r.rolname = current_user) THEN
			RAISE insufficient_privilege USING
				MESSAGE = format('permission denied to create role "%s"', made.role),
				HINT = 'Have a superuser, or a role with CREATEROLE, run: CALL tiktokads.create_roles();';
		END IF;
		BEGIN
			EXECUTE format('CREATE ROLE %I %s', made.role, made.login);
			IF made.parents IS NOT NULL THEN
				EXECUTE format('GRANT %s TO %I', (SELECT string_agg(quote_ident(p), ', ') FROM unnest(made.parents::name[]) AS p), made.role);
			END IF;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL;	-- another database made it at this very time
		END;
	END LOOP;
	-- only what is missing: who is not the owner of the schema would be warned for nothing
	IF has_schema_privilege('public', 'tiktokads', 'CREATE') THEN
		REVOKE CREATE ON SCHEMA tiktokads FROM PUBLIC;
	END IF;
	IF NOT has_schema_privilege('tiktokads_worker', 'tiktokads', 'CREATE') THEN
		GRANT USAGE, CREATE ON SCHEMA tiktokads TO tiktokads_worker;
	END IF;
	IF EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = 'tiktokads'::regnamespace
			AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege('tiktokads_worker', c.oid, 'USAGE') END) THEN
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA tiktokads TO tiktokads_worker;
	END IF;
	FOR made IN
		SELECT r AS role FROM unnest(ARRAY['tiktokads_worker', 'tiktokads_admin', 'tiktokads_operator', 'tiktokads_analyst', 'tiktokads_privacy', 'tiktokads_monitor']) AS r
		WHERE NOT has_schema_privilege(r, 'tiktokads', 'USAGE')
	LOOP
		EXECUTE format('GRANT USAGE ON SCHEMA tiktokads TO %I', made.role);
	END LOOP;
	PERFORM tiktokads.role_grant();
END;
$$;
COMMENT ON PROCEDURE tiktokads.create_roles IS 'Makes the roles that are missing: tiktokads_worker (LOGIN, no password), which owns the tables of facts and as which syncs run, and the group roles tiktokads_admin, _operator, _analyst, _privacy and _monitor (NOLOGIN); and grants each what tiktokads.role_rule says in this database. Safe to call again. Needs a superuser or CREATEROLE with rights on the extension''s tables.';
REVOKE ALL ON PROCEDURE tiktokads.create_roles FROM PUBLIC;
