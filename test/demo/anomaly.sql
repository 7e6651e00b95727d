-- Incidents: a pixel breaks and a campaign's spend runs away; what is found, explained, and where spend is heading
\echo Yesterday two things went wrong (planted here, in the numbers of the synced reports):
BEGIN;
CREATE TEMPORARY TABLE planted ON COMMIT DROP AS
SELECT DISTINCT ON (kind) r.advertiser_id, r.campaign_id, kind
FROM (SELECT r.advertiser_id, r.campaign_id, sum(r.spend) AS spend, sum(r.conversion) AS conversions,
		row_number() OVER (PARTITION BY r.advertiser_id ORDER BY sum(r.spend) DESC) AS place, dense_rank() OVER (ORDER BY r.advertiser_id) AS account
	FROM tiktokads.report_campaign_daily AS r JOIN tiktokads.campaign AS c ON c.advertiser_id = r.advertiser_id AND c.campaign_id = r.campaign_id
	WHERE c.operation_status = 'ENABLE' AND r.stat_date BETWEEN current_date - 15 AND current_date - 2
	GROUP BY r.advertiser_id, r.campaign_id HAVING sum(r.conversion) > 300) AS r
	JOIN (VALUES (1, 'conversions are not counted'), (2, 'six times the spend')) AS k (account, kind) ON k.account = r.account
ORDER BY kind, place;
SELECT p.kind, a.name AS account, c.campaign_name AS campaign FROM planted AS p
	JOIN tiktokads.advertiser AS a ON a.advertiser_id = p.advertiser_id JOIN tiktokads.campaign AS c ON c.campaign_id = p.campaign_id ORDER BY 2;

-- what changes in an ad changes in all that it is part of
CREATE TEMPORARY TABLE change ON COMMIT DROP AS
SELECT r.advertiser_id, a.campaign_id, a.adgroup_id, r.ad_id, r.stat_date, r.spend * f.more AS spend, r.impressions * f.more AS impressions, r.reach * f.more AS reach,
	r.clicks * f.more AS clicks, r.conversion * CASE WHEN f.more = 0 THEN -1 ELSE f.more END AS conversion
FROM planted AS p CROSS JOIN LATERAL (SELECT CASE p.kind WHEN 'six times the spend' THEN 5 ELSE 0 END AS more) AS f
	JOIN tiktokads.ad AS a ON a.advertiser_id = p.advertiser_id AND a.campaign_id = p.campaign_id
	JOIN tiktokads.report_ad_daily AS r ON r.advertiser_id = a.advertiser_id AND r.ad_id = a.ad_id
WHERE r.stat_date = tiktokads.anomaly_today(p.advertiser_id) - 1;
UPDATE tiktokads.report_ad_daily AS r SET spend = r.spend + x.spend, impressions = r.impressions + x.impressions, reach = r.reach + x.reach,
	clicks = r.clicks + x.clicks, conversion = r.conversion + x.conversion
FROM change AS x WHERE (r.advertiser_id, r.ad_id, r.stat_date) = (x.advertiser_id, x.ad_id, x.stat_date);
UPDATE tiktokads.report_adgroup_daily AS r SET spend = r.spend + x.spend, impressions = r.impressions + x.impressions, reach = r.reach + x.reach,
	clicks = r.clicks + x.clicks, conversion = r.conversion + x.conversion
FROM (SELECT advertiser_id, adgroup_id, stat_date, sum(spend) AS spend, sum(impressions) AS impressions, sum(reach) AS reach, sum(clicks) AS clicks, sum(conversion) AS conversion
	FROM change GROUP BY 1, 2, 3) AS x WHERE (r.advertiser_id, r.adgroup_id, r.stat_date) = (x.advertiser_id, x.adgroup_id, x.stat_date);
UPDATE tiktokads.report_campaign_daily AS r SET spend = r.spend + x.spend, impressions = r.impressions + x.impressions, reach = r.reach + x.reach,
	clicks = r.clicks + x.clicks, conversion = r.conversion + x.conversion
FROM (SELECT advertiser_id, campaign_id, stat_date, sum(spend) AS spend, sum(impressions) AS impressions, sum(reach) AS reach, sum(clicks) AS clicks, sum(conversion) AS conversion
	FROM change GROUP BY 1, 2, 3) AS x WHERE (r.advertiser_id, r.campaign_id, r.stat_date) = (x.advertiser_id, x.campaign_id, x.stat_date);
UPDATE tiktokads.report_advertiser_daily AS r SET spend = r.spend + x.spend, impressions = r.impressions + x.impressions, reach = r.reach + x.reach,
	clicks = r.clicks + x.clicks, conversion = r.conversion + x.conversion
FROM (SELECT advertiser_id, stat_date, sum(spend) AS spend, sum(impressions) AS impressions, sum(reach) AS reach, sum(clicks) AS clicks, sum(conversion) AS conversion
	FROM change GROUP BY 1, 2) AS x WHERE (r.advertiser_id, r.stat_date) = (x.advertiser_id, x.stat_date);
COMMIT;

\echo CALL tiktokads.detect() finds them:
CALL tiktokads.detect();
SELECT worst_on, severity, detector, level, entity_name, observed::numeric(14, 2), expected::numeric(14, 2), round(spend_share::numeric, 2) AS spend_share
FROM tiktokads.anomaly WHERE ended_on >= current_date - 2 ORDER BY spend_share DESC;
\x on
SELECT explanation, details -> 'also' AS also_seen FROM tiktokads.anomaly WHERE ended_on >= current_date - 2 ORDER BY spend_share DESC LIMIT 3;
\x off

\echo Where the spend of the largest account goes in the next week, with 95 % intervals:
SELECT p.at::date AS day, round(p.mean::numeric, 2) AS spend, round(p.lower::numeric, 2) AS lower, round(p.upper::numeric, 2) AS upper
FROM unnest((SELECT tiktokads.forecast(r.spend::float8, r.stat_date, 7) FROM tiktokads.report_advertiser_daily AS r
	WHERE r.advertiser_id = (SELECT max(x.advertiser_id) FROM tiktokads.report_advertiser_daily AS x) AND r.stat_date < current_date)) AS p;
\echo And where its campaigns will end the month against their budgets:
SELECT entity_name, budget, spend, spend_expected, spend_lower, spend_upper, state FROM tiktokads.pacing('campaign') WHERE state IN ('over', 'under') ORDER BY spend_expected DESC LIMIT 5;
