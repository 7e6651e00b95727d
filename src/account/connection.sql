-- connections: credentials for an app, without any secret in them

CREATE TABLE tiktokads.connection
(
	name text PRIMARY KEY CHECK (name <> '' AND length(name) <= 63),
	app_id text,
	base_url text NOT NULL,
	tier text NOT NULL,
	access_token_file text,
	app_secret_file text,
	proxy text,
	ca_file text,
	advertiser_ids bigint[],
	connected_by name NOT NULL,
	connected_at timestamptz NOT NULL DEFAULT now(),
	system_identifier bigint NOT NULL,
	database_oid oid NOT NULL,
	paused boolean NOT NULL DEFAULT false,
	pause_reason text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.connection', '');
COMMENT ON TABLE tiktokads.connection IS 'Credentials for a TikTok developer app, and the place they work in. One row for each CALL tiktokads.connect(). It holds paths of secret files, never a secret.';
COMMENT ON COLUMN tiktokads.connection.name IS 'Name given to connect().';
COMMENT ON COLUMN tiktokads.connection.app_id IS 'Developer app; requests of connections that share it share one rate budget. NULL when unknown: the connection has a budget of its own.';
COMMENT ON COLUMN tiktokads.connection.base_url IS 'Where the API answers, with version and trailing slash.';
COMMENT ON COLUMN tiktokads.connection.tier IS 'Rate tier of the app: sandbox, basic, advanced, premium, ultimate (or unlimited against a loopback address).';
COMMENT ON COLUMN tiktokads.connection.access_token_file IS 'File that holds the access token, read at each use. NULL: the token was given literally and lives in the session that gave it.';
COMMENT ON COLUMN tiktokads.connection.app_secret_file IS 'File that holds the app secret, read at each use. NULL: not given, or given literally to a session.';
COMMENT ON COLUMN tiktokads.connection.proxy IS 'Proxy URL for this connection. NULL: none, whatever the environment says.';
COMMENT ON COLUMN tiktokads.connection.ca_file IS 'File of certificate authorities to trust instead of the system''s. NULL: the system''s.';
COMMENT ON COLUMN tiktokads.connection.advertiser_ids IS 'Ad accounts named to connect(). NULL: those that the API lists for the app and token.';
COMMENT ON COLUMN tiktokads.connection.connected_by IS 'Role that connected; a secret file outside tiktokads.secret_directory is read only while that role is a member of pg_read_server_files.';
COMMENT ON COLUMN tiktokads.connection.connected_at IS 'When connect() last succeeded.';
COMMENT ON COLUMN tiktokads.connection.system_identifier IS 'Identifier of the database cluster that connected: a restored copy elsewhere does not act as the original until resume().';
COMMENT ON COLUMN tiktokads.connection.database_oid IS 'Database that connected, likewise.';
COMMENT ON COLUMN tiktokads.connection.paused IS 'True: no sync until CALL tiktokads.resume().';
COMMENT ON COLUMN tiktokads.connection.pause_reason IS 'Why it is paused. NULL when it is not.';

CREATE FUNCTION tiktokads.this_system(OUT system_identifier bigint, OUT database_oid oid)
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_this_system';
COMMENT ON FUNCTION tiktokads.this_system IS 'Identifies this database: the identifier of its cluster and its OID. connect() and resume() remember it.';
