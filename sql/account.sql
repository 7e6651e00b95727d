-- connections: what is refused before the network is asked, and the roles
SET client_min_messages = warning;

CALL tiktokads.connect('shop');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', access_token => 'x');
CALL tiktokads.connect('', access_token_file => '/no/such/file');
CALL tiktokads.connect(NULL, access_token_file => '/no/such/file');
CALL tiktokads.connect(repeat('x', 64), access_token_file => '/no/such/file');
CALL tiktokads.connect('shop', access_token_file => 'relative/file', app_id => '1');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', app_id => '1');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', app_secret => 'a', app_secret_file => '/b');
CALL tiktokads.connect('shop', auth_code => 'c');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', base_url => 'http://business-api.tiktok.com/');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', base_url => 'https://evil.example/open_api/v1.3/');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', base_url => 'https://business-api.tiktok.com@evil.example/');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', base_url => 'https://business-api.tiktok.com/open_api/v1.3/?x=1');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', base_url => NULL);
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', ca_file => 'here.pem');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', advertiser_ids => '{0}');
CALL tiktokads.connect('shop', access_token_file => '/no/such/file', advertiser_ids => '{NULL}');
BEGIN;
CALL tiktokads.connect('shop', access_token_file => '/no/such/file');
ROLLBACK;

CALL tiktokads.pause('nobody');
CALL tiktokads.resume('nobody');
CALL tiktokads.disconnect('nobody');
CALL tiktokads.disconnect(NULL);

-- nothing of it was written
SELECT count(*) FROM tiktokads.connection;
SELECT to_regclass('tiktokads.campaign');

-- the owner role: made once, without a password, and nobody else may create in the schema
CALL tiktokads.create_roles();
CALL tiktokads.create_roles();
SELECT tiktokads.roles_ready();
SELECT rolcanlogin, rolsuper, rolcreaterole, rolpassword IS NULL AS no_password FROM pg_authid WHERE rolname = 'tiktokads_worker';
SELECT has_schema_privilege('public', 'tiktokads', 'CREATE') AS public, has_schema_privilege('tiktokads_worker', 'tiktokads', 'CREATE') AS worker;

-- a connection of another cluster is one of a copy: it does not act
INSERT INTO tiktokads.connection (name, base_url, tier, connected_by, system_identifier, database_oid)
SELECT 'copied', 'https://business-api.tiktok.com/open_api/v1.3/', 'basic', current_user, system_identifier + 1, database_oid FROM tiktokads.this_system();
CALL tiktokads.sync('copied');
-- resumed, it is ours; without a token in this session it says so
CALL tiktokads.resume('copied');
CALL tiktokads.sync('copied');
CALL tiktokads.pause('copied', 'holiday');
SELECT paused, pause_reason FROM tiktokads.connection;
CALL tiktokads.sync('copied');
CALL tiktokads.disconnect('copied');
SELECT count(*) FROM tiktokads.connection;
