-- Attribution: what brought the orders, by seven models and in truth
--
-- Touches, landing events and orders that agree with the synced campaigns, with a
-- known true effect; then models of attribution compared with the truth.
--
-- The world: ad campaigns bring people to the shop; other media bring them, too.
-- Every person meets 1 to 5 of them within three weeks (the ads of the last four
-- weeks, in proportion to their clicks).  Meeting a campaign makes an order
-- likelier by a secret lift of its own; "google / brand" has none: it only meets
-- people who are about to buy.  The truth is what orders would be missing without
-- a campaign.  Everything is drawn from hashes, so that it is the same each time.
\set ON_ERROR_STOP 1
\set people 4000
SELECT tiktokads.partition_ensure('event', current_date - 29, current_date), tiktokads.partition_ensure('touchpoint', current_date - 29, current_date) \g /dev/null
DELETE FROM tiktokads.conversion_event WHERE name = 'order';
INSERT INTO tiktokads.conversion_event (name, value_from) VALUES ('order', 'column');
DELETE FROM tiktokads.event WHERE source = 'demo';
DELETE FROM tiktokads.touchpoint WHERE source = 'demo';

-- a number from 0 to 1 for a text
CREATE FUNCTION pg_temp.draw(seed text) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (hashtextextended(seed, 7) & 1048575) / 1048576.0';

-- the campaigns and other media, how often one meets each, and what it truly adds
CREATE TEMP TABLE medium AS
SELECT row_number() OVER (ORDER BY share DESC, medium) AS n, *, sum(share) OVER (ORDER BY share DESC, medium) - share AS low, sum(share) OVER (ORDER BY share DESC, medium) AS high
FROM (
	SELECT c.campaign_id::text AS medium, c.advertiser_id, c.campaign_id, 0.7 * c.clicks / sum(c.clicks) OVER () AS share, 0.02 + 0.16 * pg_temp.draw('lift' || c.campaign_id) AS lift
	FROM (SELECT r.advertiser_id, a.campaign_id, sum(r.clicks)::float8 AS clicks FROM tiktokads.report_ad_daily AS r JOIN tiktokads.ad AS a USING (advertiser_id, ad_id)
		WHERE r.stat_date BETWEEN current_date - 28 AND current_date - 1 AND r.advertiser_id = (SELECT min(advertiser_id) FROM tiktokads.advertiser)
		GROUP BY 1, 2 HAVING sum(r.clicks) > 0 ORDER BY 3 DESC LIMIT 6) AS c
	UNION ALL VALUES ('google / cpc', NULL::bigint, NULL::bigint, 0.2, 0.08), ('newsletter / email', NULL, NULL, 0.1, 0.05)) AS m;
-- an ad of each campaign for the landing page's address
CREATE TEMP TABLE medium_ad AS
SELECT m.n, a.ad_id, row_number() OVER (PARTITION BY m.n ORDER BY a.ad_id) - 1 AS place, count(*) OVER (PARTITION BY m.n) AS ads
FROM medium AS m JOIN tiktokads.ad AS a ON a.advertiser_id = m.advertiser_id AND a.campaign_id = m.campaign_id;

-- who meets what, and when
CREATE TEMP TABLE meeting AS
SELECT p AS person, t AS turn, m.n, m.medium, m.advertiser_id, m.campaign_id, m.lift,
	(current_date - 28)::timestamp AT TIME ZONE 'UTC' + (pg_temp.draw('start' || p) * 7 + t * (1 + 2 * pg_temp.draw('gap' || p || '.' || t))) * interval '1 day' AS at
FROM generate_series(1, :people) AS p
	CROSS JOIN LATERAL generate_series(1, 1 + floor(5 * pg_temp.draw('turns' || p))::int) AS t
	JOIN medium AS m ON pg_temp.draw('medium' || p || '.' || t) >= m.low AND pg_temp.draw('medium' || p || '.' || t) < m.high;
-- an order comes of the base rate or of the lift of one of the media that were met
CREATE TEMP TABLE buyer AS
SELECT person, max(at) AS last_at, 1 - (1 - 0.03) * exp(sum(ln(1 - lift))) AS chance
FROM (SELECT DISTINCT ON (person, n) person, n, lift, max(at) OVER (PARTITION BY person) AS at FROM meeting ORDER BY person, n) AS d GROUP BY person;
CREATE TEMP TABLE sale AS
SELECT person, last_at + interval '1 hour' + pg_temp.draw('wait' || person) * interval '1 day' AS at, round((20 + 100 * pg_temp.draw('value' || person))::numeric, 2) AS value
FROM buyer WHERE pg_temp.draw('buys' || person) < chance;

-- what the shop's web server and order desk saw
INSERT INTO tiktokads.event (person, event_at, name, source, event_id, url, ttclid)
SELECT 'person ' || m.person, m.at, 'page_view', 'demo', 'visit ' || m.person || '.' || m.turn,
	'https://shop.example/?' || CASE WHEN m.campaign_id IS NULL THEN format('utm_source=%s&utm_medium=%s', split_part(m.medium, ' / ', 1), split_part(m.medium, ' / ', 2))
		ELSE 'utm_source=tiktok&utm_content=' || a.ad_id END,
	CASE WHEN m.campaign_id IS NOT NULL THEN 'E.C.P.' || md5(m.person || '.' || m.turn) END
FROM meeting AS m LEFT JOIN medium_ad AS a ON a.n = m.n AND a.place = floor(a.ads * pg_temp.draw('ad' || m.person || '.' || m.turn));
INSERT INTO tiktokads.event (person, event_at, name, source, event_id, url)
SELECT 'person ' || person, at - interval '10 minutes', 'page_view', 'demo', 'brand ' || person, 'https://shop.example/?utm_source=google&utm_medium=brand' FROM sale WHERE pg_temp.draw('brand' || person) < 0.4;
INSERT INTO tiktokads.event (person, event_at, name, source, event_id, value, currency, order_id)
SELECT 'person ' || person, at, 'order', 'demo', 'order ' || person, value, (SELECT currency FROM tiktokads.advertiser ORDER BY advertiser_id LIMIT 1), person FROM sale;
CALL tiktokads.derive_touchpoints((current_date - 29)::date, current_date);
ANALYZE tiktokads.event;
ANALYZE tiktokads.touchpoint;

\echo
\echo 'What the web server saw became touches; events of name "order" are conversions:'
SELECT channel, count(*) AS touches, count(DISTINCT person) AS people, count(DISTINCT campaign_id) AS campaigns FROM tiktokads.touchpoint WHERE source = 'demo' GROUP BY channel ORDER BY touches DESC;
\echo 'Credit, cost and ROAS by an exact Markov chain:'
SELECT entity_id, left(name, 24) AS name, round(conversions::numeric, 1) AS conversions, value, spend, round(cpa, 2) AS cpa, round(roas, 2) AS roas, currency
FROM tiktokads.attribution('markov', current_date - 28, current_date) WHERE conversions > 0;
\echo 'Models and the truth: orders that would be missing without each medium, as a share of all that media brought'
CREATE TEMP TABLE truth AS
SELECT m.n, m.medium, sum(b.chance - (1 - (1 - b.chance) / (1 - m.lift))) AS orders
FROM medium AS m JOIN (SELECT DISTINCT person, n FROM meeting) AS d USING (n) JOIN buyer AS b USING (person) GROUP BY m.n, m.medium
UNION ALL SELECT 0, 'google / brand', 0;
CREATE TEMP TABLE told AS
SELECT coalesce(a.entity_id::text, a.name) AS medium, a.model, a.conversions / sum(a.conversions) OVER (PARTITION BY a.model) AS share
FROM tiktokads.attribution_compare(ARRAY['first', 'last', 'linear', 'position', 'markov', 'shapley', 'incremental'], current_date - 28, current_date) AS a
WHERE a.name <> '(no touch)';
SELECT CASE WHEN m.campaign_id IS NULL THEN t.medium ELSE left(c.campaign_name, 24) END AS medium, round((100 * t.orders / sum(t.orders) OVER ())::numeric, 1) AS truth,
	round((100 * first)::numeric, 1) AS first, round((100 * last)::numeric, 1) AS last, round((100 * linear)::numeric, 1) AS linear,
	round((100 * markov)::numeric, 1) AS markov, round((100 * shapley)::numeric, 1) AS shapley, round((100 * incremental)::numeric, 1) AS incremental
FROM truth AS t LEFT JOIN medium AS m USING (n) LEFT JOIN tiktokads.campaign AS c USING (advertiser_id, campaign_id)
	LEFT JOIN (SELECT medium, max(share) FILTER (WHERE model = 'first') AS first, max(share) FILTER (WHERE model = 'last') AS last, max(share) FILTER (WHERE model = 'linear') AS linear,
		max(share) FILTER (WHERE model = 'markov') AS markov, max(share) FILTER (WHERE model = 'shapley') AS shapley, max(share) FILTER (WHERE model = 'incremental') AS incremental
		FROM told GROUP BY medium) AS x ON x.medium = t.medium
ORDER BY t.orders DESC;
SELECT model, round((50 * sum(abs(coalesce(o.share, 0) - t.orders / s.orders)))::numeric, 1) AS percent_credited_wrongly
FROM truth AS t CROSS JOIN (SELECT sum(orders) AS orders FROM truth) AS s CROSS JOIN (SELECT DISTINCT model FROM told) AS m LEFT JOIN told AS o USING (medium, model)
GROUP BY model ORDER BY 2;
