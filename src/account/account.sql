-- procedures of the account room

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
