-- CALL sync: what is refused before the network is asked, and the status views when empty
SET client_min_messages = warning;

CALL tiktokads.sync();
CALL tiktokads.sync(stream => 'nothing');
CALL tiktokads.sync(stream => 'campaign');
CALL tiktokads.create_model();
CALL tiktokads.sync(stream => 'campaign');
CALL tiktokads.sync('nobody');
CALL tiktokads.sync(advertiser_id => 4711);
CALL tiktokads.sync(from_date => '2026-02-01', to_date => '2026-01-01');
CALL tiktokads.sync(from_date => 'infinity');
BEGIN;
CALL tiktokads.sync();
ROLLBACK;

SELECT count(*) FROM tiktokads.sync_history;
SELECT count(*) FROM tiktokads.sync_status;

-- an account that nobody synced yet has a row for each enabled stream
INSERT INTO tiktokads.connection (name, base_url, tier, connected_by, system_identifier, database_oid)
SELECT 'shop', 'https://business-api.tiktok.com/open_api/v1.3/', 'basic', current_user, system_identifier, database_oid FROM tiktokads.this_system();
INSERT INTO tiktokads.advertiser (advertiser_id, name, connection) VALUES (1, 'Shop', 'shop'), (2, 'Other', NULL);
INSERT INTO tiktokads.stream_override (stream, enabled) VALUES ('report_ad_daily', false);
SELECT advertiser_id, stream, last_success_at, covered, consecutive_failures, active FROM tiktokads.sync_status
WHERE stream IN ('campaign', 'report_ad_daily', 'report_campaign_daily') ORDER BY 1, 2;
