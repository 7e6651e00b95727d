-- run once before the specs; :base_url is the simulator's, :token_file and
-- :secret_file are readable by the server
CALL tiktokads.connect('sim', access_token_file => :'token_file', app_id => '7001',
	app_secret_file => :'secret_file', base_url => :'base_url', tier => 'unlimited');
CALL tiktokads.sync();

-- the zone that the isolation tester uses, for equal texts of equal times
SET TimeZone = 'PST8PDT';

CREATE TABLE undisturbed AS
SELECT 'campaign' AS t, (to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('removed', x.removed_at IS NOT NULL))::text AS r FROM tiktokads.campaign AS x
UNION ALL SELECT 'ad', (to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('removed', x.removed_at IS NOT NULL))::text FROM tiktokads.ad AS x
UNION ALL SELECT 'report_ad', (to_jsonb(x) - 'changed_at')::text FROM tiktokads.report_ad_daily AS x
UNION ALL SELECT 'report_campaign', (to_jsonb(x) - 'changed_at')::text FROM tiktokads.report_campaign_daily AS x;

CREATE VIEW present AS
SELECT 'campaign' AS t, (to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('removed', x.removed_at IS NOT NULL))::text AS r FROM tiktokads.campaign AS x
UNION ALL SELECT 'ad', (to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('removed', x.removed_at IS NOT NULL))::text FROM tiktokads.ad AS x
UNION ALL SELECT 'report_ad', (to_jsonb(x) - 'changed_at')::text FROM tiktokads.report_ad_daily AS x
UNION ALL SELECT 'report_campaign', (to_jsonb(x) - 'changed_at')::text FROM tiktokads.report_campaign_daily AS x;
