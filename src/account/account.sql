-- procedures of the account room, and the role that owns the model

CREATE PROCEDURE tiktokads.connect
(
	name text,
	access_token_file text DEFAULT NULL,
	access_token text DEFAULT NULL,
	auth_code text DEFAULT NULL,
	app_id text DEFAULT NULL,
	app_secret_file text DEFAULT NULL,
	app_secret text DEFAULT NULL,
	base_url text DEFAULT 'https://business-api.tiktok.com/open_api/v1.3/',
	tier text DEFAULT 'basic',
	proxy text DEFAULT NULL,
	ca_file text DEFAULT NULL,
	advertiser_ids bigint[] DEFAULT NULL
)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_connect';
COMMENT ON PROCEDURE tiktokads.connect IS 'Connects a TikTok developer app: checks the credentials against the API, finds the ad accounts, stores them, and makes the roles and tables that are missing. Give one of access_token_file (preferred), access_token (for this session alone) or auth_code; and app_id with a secret, or advertiser_ids. A name that exists is connected anew. It commits: call it alone. On any error nothing is written.';
REVOKE ALL ON PROCEDURE tiktokads.connect FROM PUBLIC;

CREATE PROCEDURE tiktokads.disconnect(name text)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_disconnect';
COMMENT ON PROCEDURE tiktokads.disconnect IS 'Forgets a connection and its credentials. Its ad accounts and everything that was synced stay. An error when there is no such connection.';
REVOKE ALL ON PROCEDURE tiktokads.disconnect FROM PUBLIC;

CREATE PROCEDURE tiktokads.pause(name text, reason text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_pause';
COMMENT ON PROCEDURE tiktokads.pause IS 'Stops the syncs of a connection until resume(); the reason is kept for others to read. An error when there is no such connection.';
REVOKE ALL ON PROCEDURE tiktokads.pause FROM PUBLIC;

CREATE PROCEDURE tiktokads.resume(name text)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_resume';
COMMENT ON PROCEDURE tiktokads.resume IS 'Lets a connection sync again, and makes this database the one that acts for it (a restored copy is paused until then). An error when there is no such connection.';
REVOKE ALL ON PROCEDURE tiktokads.resume FROM PUBLIC;

CREATE FUNCTION tiktokads.roles_ready() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles WHERE rolname IN ('tiktokads_worker', 'tiktokads_privacy', 'tiktokads_analyst')) = 3
		AND (SELECT pg_catalog.bool_and(pg_catalog.has_schema_privilege(r.oid, 'tiktokads', 'USAGE'))
			FROM pg_catalog.pg_roles AS r WHERE r.rolname IN ('tiktokads_privacy', 'tiktokads_analyst'))
		AND (SELECT pg_catalog.bool_and(pg_catalog.has_schema_privilege(r.oid, 'tiktokads', 'CREATE')
				AND pg_catalog.has_table_privilege(r.oid, 'tiktokads.connection', 'UPDATE')
				AND pg_catalog.has_table_privilege(r.oid, 'tiktokads.sync_history', 'INSERT'))
			FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'tiktokads_worker');
END;
COMMENT ON FUNCTION tiktokads.roles_ready IS 'True when the roles tiktokads_worker, tiktokads_privacy and tiktokads_analyst exist and have the rights that they need in this database.';

CREATE PROCEDURE tiktokads.create_roles()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	member text;
BEGIN
	FOR member IN
		SELECT w.role FROM (VALUES ('tiktokads_worker'), ('tiktokads_privacy'), ('tiktokads_analyst')) AS w (role)
		WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = w.role)
	LOOP
		IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
			RAISE insufficient_privilege USING
				MESSAGE = pg_catalog.format('permission denied to create role "%s"', member),
				HINT = 'Have a superuser, or a role with CREATEROLE, run: CALL tiktokads.create_roles();';
		END IF;
		EXECUTE pg_catalog.format('CREATE ROLE %I %s', member, CASE WHEN member = 'tiktokads_worker' THEN 'LOGIN' ELSE 'NOLOGIN' END);
	END LOOP;
	REVOKE CREATE ON SCHEMA tiktokads FROM PUBLIC;
	GRANT USAGE, CREATE ON SCHEMA tiktokads TO tiktokads_worker;
	GRANT USAGE ON SCHEMA tiktokads TO tiktokads_privacy, tiktokads_analyst;
	FOR member IN
		SELECT c.oid::pg_catalog.regclass::text
		FROM pg_catalog.pg_depend AS d
			JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'v')
			JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'tiktokads'
		WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
			AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype = 'e'
		ORDER BY 1
	LOOP
		EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO tiktokads_worker', member);
	END LOOP;
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA tiktokads TO tiktokads_worker;
	PERFORM tiktokads.grant_readers();
END;
$$;
COMMENT ON PROCEDURE tiktokads.create_roles IS 'Makes the roles tiktokads_worker (LOGIN, no password), which owns the tables of facts and as which syncs run, tiktokads_privacy (erases, exports, holds) and tiktokads_analyst (reads facts without personal data), and grants them what they need in this database. Safe to call again. Needs a superuser or CREATEROLE with rights on the extension''s tables.';
REVOKE ALL ON PROCEDURE tiktokads.create_roles FROM PUBLIC;
