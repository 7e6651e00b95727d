-- credentials that are kept, sealed

CREATE TABLE tiktokads.credential
(
	connection text,
	field text CHECK (field IN ('access_token', 'app_secret')),
	key_id text NOT NULL,
	nonce bytea NOT NULL,
	sealed bytea NOT NULL,
	sealed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (connection, field)
);
COMMENT ON TABLE tiktokads.credential IS 'Credentials, sealed with AES-256-GCM under a key in the file that tiktokads.key_file names. Never part of dumps.';
COMMENT ON COLUMN tiktokads.credential.connection IS 'Connection that it is for; it may come before connect().';
COMMENT ON COLUMN tiktokads.credential.field IS 'access_token or app_secret.';
COMMENT ON COLUMN tiktokads.credential.key_id IS 'Which key it is sealed under: a hash that tells nothing of the key.';
COMMENT ON COLUMN tiktokads.credential.nonce IS 'Nonce of the seal.';
COMMENT ON COLUMN tiktokads.credential.sealed IS 'The secret, encrypted, with its tag; connection and field are bound to it.';
COMMENT ON COLUMN tiktokads.credential.sealed_at IS 'When it was sealed.';

CREATE VIEW tiktokads.credential_input WITH (security_invoker = true) AS
SELECT connection, field, NULL::text AS value FROM tiktokads.credential;
COMMENT ON VIEW tiktokads.credential_input IS 'COPY tiktokads.credential_input (connection, field, value) FROM STDIN seals secrets that thus are in no statement; connect() and rotate_credentials() use them. Needs tiktokads.key_file. Reading it tells which secrets are there.';
COMMENT ON COLUMN tiktokads.credential_input.connection IS 'Connection that the secret is for.';
COMMENT ON COLUMN tiktokads.credential_input.field IS 'access_token or app_secret.';
COMMENT ON COLUMN tiktokads.credential_input.value IS 'The secret, when written; always NULL when read.';

CREATE FUNCTION tiktokads.credential_input() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_credential_input';
COMMENT ON FUNCTION tiktokads.credential_input IS 'Trigger of the view credential_input: seals the secret of a row.';
REVOKE ALL ON FUNCTION tiktokads.credential_input FROM PUBLIC;
CREATE TRIGGER credential_input INSTEAD OF INSERT ON tiktokads.credential_input
	FOR EACH ROW EXECUTE FUNCTION tiktokads.credential_input();

CREATE PROCEDURE tiktokads.rotate_credentials
(
	name text,
	access_token_file text DEFAULT NULL,
	access_token text DEFAULT NULL,
	auth_code text DEFAULT NULL,
	app_secret_file text DEFAULT NULL,
	app_secret text DEFAULT NULL
)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_rotate_credentials';
COMMENT ON PROCEDURE tiktokads.rotate_credentials IS 'Gives a connection new credentials, checked against the API before anything is changed; the next sync uses them and the old ones are forgotten. What is not given stays. Secrets that are not files are sealed, and refused without tiktokads.key_file. A connection that is paused stays so until resume(). It commits: call it alone.';
REVOKE ALL ON PROCEDURE tiktokads.rotate_credentials FROM PUBLIC;

CREATE PROCEDURE tiktokads.rotate_key()
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_rotate_key';
COMMENT ON PROCEDURE tiktokads.rotate_key IS 'Seals every stored credential under the first key of tiktokads.key_file, opening it with whichever key of the file it is under now. Put a new key on the first line, reload nothing, call it, and remove the old one. An error, and nothing changed, when a key is missing.';
REVOKE ALL ON PROCEDURE tiktokads.rotate_key FROM PUBLIC;
