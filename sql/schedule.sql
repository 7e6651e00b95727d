-- jobs without pg_cron, and what doctor says of an installation
SET client_min_messages = warning;
CALL tiktokads.create_model();
RESET client_min_messages;
\set VERBOSITY terse

SELECT job, scheduled, schedule, command FROM tiktokads.schedule_status();
SELECT tiktokads.unschedule('sync') IS NULL AS nothing_to_take_off;
SELECT * FROM tiktokads.cron_location();
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT tiktokads.schedule('sync');
SELECT tiktokads.schedule('tea');
SELECT tiktokads.schedule(NULL);
SELECT tiktokads.unschedule('tea');
SELECT tiktokads.schedule('sync', run_as => 'nobody_there');
BEGIN;
CALL tiktokads.maintain();
ROLLBACK;
CALL tiktokads.maintain();
CALL tiktokads.maintain();
SELECT tiktokads.schedule_prune();
SELECT free_bytes > 0 AND total_bytes >= free_bytes AS plausible FROM tiktokads.disk_space();

-- doctor: each finding goes when its remedy is run
SELECT severity, finding, remedy FROM tiktokads.doctor() WHERE severity <> 'info' AND finding !~ 'disk';
INSERT INTO tiktokads.connection (name, base_url, tier, connected_by, system_identifier, database_oid, paused, access_token_file)
SELECT 'shop', 'https://business-api.tiktok.com/open_api/v1.3/', 'basic', 'postgres', h.system_identifier, h.database_oid, true, '/nowhere/token'
FROM tiktokads.this_system() AS h;
INSERT INTO tiktokads.connection (name, base_url, tier, connected_by, system_identifier, database_oid) VALUES
	('copy', 'https://business-api.tiktok.com/open_api/v1.3/', 'basic', 'postgres', 1, 1);
INSERT INTO tiktokads.advertiser (advertiser_id, name, connection, readable) VALUES (5, 'Gone', 'shop', false);
INSERT INTO tiktokads.sync_state (stream, advertiser_id, consecutive_failures, last_error_code, last_error_message) VALUES
	('campaign', 5, 1, 40105, 'access token is invalid'), ('ad', 5, 4, 50000, 'system error'), ('adgroup', 5, 1, 50000, 'system error');
SET tiktokads.clock_offset = 60;
DROP VIEW tiktokads.pacing_report;
SELECT severity, finding, remedy FROM tiktokads.doctor() WHERE severity <> 'info' AND finding !~ 'disk' ORDER BY finding COLLATE "C";
RESET tiktokads.clock_offset;
CALL tiktokads.create_model();
SELECT count(*) FROM tiktokads.doctor() WHERE finding ~ 'model|clock';

-- every setting is there, with its unit
SELECT name, unit, context FROM tiktokads.settings WHERE name IN ('tiktokads.clock_offset', 'tiktokads.request_timeout', 'tiktokads.max_reply_size') ORDER BY name;
SELECT count(*) FROM tiktokads.settings WHERE description IS NULL OR description = '';
