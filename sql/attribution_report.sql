-- from landing events and orders to credit, cost and ROAS; attribution over any two queries
SET search_path = tiktokads, public;
SET timezone = 'UTC';
CALL create_model();

-- what a landing page's address says
SELECT * FROM touch_from_url('https://shop.example/p?ttclid=E.C.P.a%2Bb&utm_source=tiktok&utm_medium=paid&utm_campaign=Summer+sale&campaign_id=1700000000000001&adgroup_id=1700000000000002&ad_id=1700000000000003&placement=TikTok#top');
SELECT * FROM touch_from_url('https://shop.example/?utm_source=tiktok&utm_campaign=__CAMPAIGN_NAME__&utm_id=__CAMPAIGN_ID__&aid=__AID__&cid=__CID__&placement=__PLACEMENT__&ttclid=__CLICKID__');
SELECT campaign_id, adgroup_id, ad_id FROM touch_from_url('https://shop.example/?utm_campaign=1700000000000001&utm_term=1700000000000002&utm_content=1700000000000003');
SELECT campaign_id, adgroup_id, ad_id FROM touch_from_url('https://shop.example/?campaign_id=12&aid=x7&utm_content=42&ad_id=99999999999999999999&utm_campaign=0');
SELECT count(ttclid) + count(campaign_id) + count(utm_source) AS nothing FROM (VALUES ('https://shop.example/'), (''), (NULL), ('%%%?&=&ttclid')) AS v (url) CROSS JOIN touch_from_url(url);

-- two accounts of one currency, as a sync leaves them
INSERT INTO advertiser (advertiser_id, name, currency, timezone) VALUES (71, 'account 71', 'USD', 'UTC'), (72, 'account 72', 'USD', 'UTC');
SELECT partition_ensure('event', '2026-03-01', '2026-04-30') > 0 AS event, partition_ensure('touchpoint', '2026-03-01', '2026-04-30') > 0 AS touchpoint,
	bool_and(partition_ensure(r, '2026-03-01', '2026-04-30') > 0) AS reports FROM (VALUES ('report_ad_daily'), ('report_adgroup_daily'), ('report_campaign_daily'), ('report_advertiser_daily')) AS v (r);
INSERT INTO campaign (advertiser_id, campaign_id, campaign_name) VALUES (71, 1700000000000001, 'Summer'), (72, 1700000000000011, 'Winter');
INSERT INTO ad (advertiser_id, ad_id, adgroup_id, campaign_id, ad_name) VALUES (71, 1700000000000003, 1700000000000002, 1700000000000001, 'Beach'), (72, 1700000000000013, 1700000000000012, 1700000000000011, 'Snow');
INSERT INTO report_campaign_daily (advertiser_id, campaign_id, stat_date, spend) VALUES
	(71, 1700000000000001, '2026-03-10', 30.10), (71, 1700000000000001, '2026-04-01', 99), (72, 1700000000000011, '2026-03-11', 12.34), (72, 1700000000000012, '2026-03-11', 5);
INSERT INTO report_advertiser_daily (advertiser_id, stat_date, spend) VALUES (71, '2026-03-10', 30.10), (72, '2026-03-11', 17.34);

-- landing events become touches, once; the ad's campaign and account are looked up
INSERT INTO event (person, event_at, name, source, event_id, url, ttclid) VALUES
	('p1', '2026-03-01 10:00', 'page_view', 'web', 'e1', 'https://shop.example/?utm_source=tiktok&utm_content=1700000000000003', NULL),
	('p1', '2026-03-02 10:00', 'page_view', 'web', 'e2', 'https://shop.example/?utm_source=google&utm_medium=cpc', NULL),
	('p1', '2026-03-03 10:00', 'page_view', 'web', 'e3', 'https://shop.example/?ad_id=1700000000000013', NULL),
	('p2', '2026-03-04 10:00', 'page_view', 'web', 'e4', 'https://shop.example/about', 'E.C.P.x'),
	('p2', '2026-03-05 10:00', 'page_view', 'web', 'e5', 'https://shop.example/about', NULL),
	('p3', '2026-04-02 10:00', 'page_view', 'web', 'e6', 'https://shop.example/?ttclid=E.C.P.y', NULL);
CALL derive_touchpoints('2026-03-01', '2026-03-31');
SELECT person, touch_at, kind, advertiser_id, campaign_id, adgroup_id, ad_id, channel, ttclid, source, touch_id FROM touchpoint ORDER BY touch_at;
CALL derive_touchpoints('2026-02-20', '2026-04-30');
CALL derive_touchpoints('2026-03-01', '2026-04-30');
SELECT count(*), count(DISTINCT touch_id) FROM touchpoint;
CALL derive_touchpoints(NULL, '2026-04-30');
BEGIN;
CALL derive_touchpoints('2026-03-01', '2026-03-31');
ROLLBACK;

-- conversions: which events, and what they are worth
INSERT INTO conversion_event (name, value_from, property, constant, currency) VALUES
	('purchase', 'column', NULL, NULL, NULL), ('lead', 'constant', NULL, 7.5, 'USD'), ('signup', 'none', NULL, NULL, NULL), ('booking', 'property', 'total', NULL, 'USD');
INSERT INTO conversion_event (name, value_from) VALUES ('broken', 'property');
INSERT INTO event (person, event_at, name, source, event_id, value, currency, properties) VALUES
	('p1', '2026-03-10 10:00', 'purchase', 'shop', 'o1', 100.01, 'USD', NULL),
	('p2', '2026-03-10 11:00', 'lead', 'shop', 'o2', NULL, NULL, NULL),
	('p4', '2026-03-10 12:00', 'purchase', 'shop', 'o3', 20, 'USD', NULL),
	('p1', '2026-03-11 10:00', 'purchase', 'shop', 'o4', -10, 'USD', NULL),
	('p2', '2026-03-12 10:00', 'signup', 'shop', 'o5', NULL, NULL, NULL),
	('p1', '2026-03-20 10:00', 'booking', 'shop', 'o6', NULL, NULL, '{"total": "33.34"}'),
	('p1', '2026-03-21 10:00', 'booking', 'shop', 'o7', NULL, NULL, '{"total": "many"}'),
	(NULL, '2026-03-21 10:00', 'purchase', 'shop', 'o8', 1, 'EUR', NULL),
	('p1', '2026-04-01 00:00', 'purchase', 'shop', 'o9', 1000, 'USD', NULL);
SELECT person, name, conversions, value, currency, event_id FROM conversion ORDER BY event_id;

-- money is split to the unit, by largest remainders
SELECT money_share(100, 2, ARRAY[1, 1, 1]) AS thirds, money_share(0.05, 2, ARRAY[0, 3, 1]) AS cents, money_share(7, 0, ARRAY[1e-300, 1e-300]) AS units,
	money_share(5, 2, ARRAY[0, 0]::float8[]) AS no_weights, money_share(5, 2, '{}') AS nothing;
SELECT count(*) AS wrong FROM generate_series(1, 500) AS i CROSS JOIN LATERAL (SELECT array_agg(abs(hashint4(i * 10 + n)) / 1e6) AS w FROM generate_series(1, 1 + i % 9) AS n) AS x
WHERE (SELECT sum(s) FROM unnest(money_share(i * 0.37, 2, w)) AS s) <> i * 0.37;

-- credit, cost and ROAS; money adds up to the cent
SELECT advertiser_id, entity_id, name, round(conversions::numeric, 4) AS conversions, value, spend, round(cpa, 4) AS cpa, round(roas, 4) AS roas, currency
FROM attribution('linear', '2026-03-01', '2026-03-31');
SELECT advertiser_id, entity_id, name, round(conversions::numeric, 4) AS conversions, value, spend FROM attribution('last', '2026-03-01', '2026-03-31', level => 'ad') WHERE currency = 'USD';
SELECT name, round(conversions::numeric, 4) AS conversions, value, spend, currency FROM attribution('first', '2026-03-01', '2026-03-31', level => 'channel');
SELECT name, conversions, value FROM attribution('last', '2026-03-01', '2026-03-31', lookback => '5 days') WHERE currency = 'USD' AND conversions > 0;
SELECT model, sum(conversions)::numeric AS conversions, sum(value) AS value, sum(spend) AS spend
FROM unnest(ARRAY['first', 'linear', 'time_decay', 'position', 'markov', 'shapley', 'incremental']) AS m (model) CROSS JOIN LATERAL attribution(m.model, '2026-03-01', '2026-03-31') AS a
WHERE currency = 'USD' GROUP BY model HAVING sum(value) <> (SELECT sum(value) FROM conversion WHERE converted_at < '2026-04-01' AND currency = 'USD')
	OR abs(sum(conversions) - 7) > 1e-9;
SELECT name, model, round(conversions::numeric, 3) AS conversions, value FROM attribution_compare(ARRAY['first', 'last', 'markov'], '2026-03-01', '2026-03-31', options => '{"markov": {"order": 2}}') WHERE currency = 'USD';
SELECT count(*) AS nothing FROM attribution('first', '2026-04-10', '2026-04-30');
SELECT * FROM attribution('first', '2026-03-01', '2026-03-31', level => 'creative');
SELECT * FROM attribution('first', NULL, '2026-03-31');
SELECT * FROM attribution('first', '2026-03-01', '2026-03-31', options => '{"order": 1}');

-- attribution_query: persons of any type; at or before; lookback; reuse and split; null paths
CREATE TABLE public.t (person uuid, at timestamptz, channel int, kind text);
CREATE TABLE public.c (person uuid, at timestamptz, conversions numeric, value float4);
INSERT INTO public.t SELECT md5(p::text)::uuid, timestamptz '2026-01-01' + at * interval '1 day', channel, kind
FROM (VALUES (1, 0, 10, 'click'), (1, 5, 20, 'view'), (1, 8, 10, 'view'), (2, 1, 30, NULL), (3, 9, 20, 'click'), (NULL, 1, 40, NULL)) AS v (p, at, channel, kind);
INSERT INTO public.c SELECT md5(p::text)::uuid, timestamptz '2026-01-01' + at * interval '1 day', conversions, value
FROM (VALUES (1, 5, 1, 6), (1, 9, 2, 12), (2, 0, 4, 0), (4, 3, 8, 1), (NULL, 3, 16, 1)) AS v (p, at, conversions, value);
\set touches '''SELECT person, at, channel FROM public.t'''
\set kinds '''SELECT person, at, channel, kind FROM public.t'''
\set conversions '''SELECT person, at, conversions, value FROM public.c'''
SELECT * FROM attribution_query('linear', :touches, :conversions);
SELECT * FROM attribution_query('linear', :touches, :conversions, '{"paths": "split"}');
SELECT * FROM attribution_query('linear', :touches, :conversions, '{"lookback": "4 days"}');
SELECT * FROM attribution_query('linear', :touches, :conversions, '{"lookback": null}');
SELECT * FROM attribution_query('last', :kinds, :conversions, '{"view_window": "1 day", "click_window": "7 days"}');
SELECT * FROM attribution_query('last', :kinds, :conversions, '{"view_window": "0"}');
SELECT * FROM attribution_query('last', :kinds, :conversions, '{"precedence": "click"}');
SELECT * FROM attribution_query('markov', :touches, :conversions);
SELECT * FROM attribution_query('markov', :touches, :conversions, '{"nulls": false}');
SELECT * FROM attribution_query('first', 'SELECT 1, now(), ''a'' WHERE false', 'SELECT 1, now(), 1, 1 WHERE false');
SELECT * FROM attribution_query('last', 'SELECT -1::smallint, timestamptz ''2026-01-01'', ''a''', 'SELECT -1::bigint, timestamptz ''2026-01-01'', 1, 1');
SELECT * FROM attribution_query('last', 'SELECT ''x''::varchar, date ''2026-01-01'', 1.50', 'SELECT ''x'', date ''2026-01-01'', 1, 1.5');
-- the same as journeys and aggregates in SQL, on random touches and conversions
CREATE TABLE public.rt AS SELECT (i * 7919) % 211 AS person, timestamptz '2026-01-01' + ((i * 104729) % 50000) * interval '1 minute' AS at, 'c' || (i * 31) % 7 AS channel FROM generate_series(1, 3000) AS i;
CREATE TABLE public.rc AS SELECT (i * 31) % 250 AS person, timestamptz '2026-01-05' + ((i * 7907) % 50000) * interval '1 minute' AS at, 1 + i % 3 AS conversions, i / 7.0 AS value FROM generate_series(1, 150) AS i;
CREATE TABLE public.rpath AS
SELECT journey_agg(t.at, t.channel) AS path, c.conversions, c.value, 0 AS nulls
FROM public.rc AS c LEFT JOIN public.rt AS t ON t.person = c.person AND t.at <= c.at AND t.at >= c.at - interval '7 days' GROUP BY c.person, c.at, c.conversions, c.value
UNION ALL SELECT journey_agg(t.at, t.channel), 0, 0, 1 FROM public.rt AS t WHERE t.person NOT IN (SELECT person FROM public.rc) GROUP BY t.person;
SELECT m.model, max(abs(q.conversions / nullif(a.conversions, 0) - 1)) < 1e-12 AS conversions, max(abs(q.value / nullif(a.value, 0) - 1)) < 1e-12 AS value, count(*)
FROM (VALUES ('first'), ('linear'), ('time_decay'), ('markov'), ('shapley')) AS m (model)
	CROSS JOIN LATERAL attribution_query(m.model, 'SELECT person, at, channel FROM public.rt', 'SELECT person, at, conversions, value FROM public.rc', '{"lookback": "7 days"}') AS q
	JOIN LATERAL (SELECT (unnest(attribute(m.model, path, conversions, value::float8, nulls))).* FROM public.rpath) AS a ON a.channel IS NOT DISTINCT FROM q.channel
GROUP BY m.model ORDER BY m.model;
-- the same to the bit whatever persons are and in whatever order rows come: integers close together, apart, far apart and at the ends of their range, text short and long, uuid, numeric
SELECT count(*) AS forms, count(DISTINCT a.answer) AS answers, min(length(a.answer)) > 100 AS full
FROM (VALUES ('person'), ('1000 - person'), ('person::text'), ('repeat(''x'', 20 + person / 2) || person'), ('md5(person::text)::uuid'), ('person::numeric'), ('person * 10000019::bigint'), ('(person % 2 * 2 - 1) * (person + 1) * 43980465111104::bigint'),
		('CASE person WHEN 7 THEN (-9223372036854775808)::bigint WHEN 9 THEN 9223372036854775807 ELSE person END')) AS f (person)
	CROSS JOIN LATERAL (SELECT string_agg(q::text, ' ') AS answer FROM attribution_query('markov',
		format('SELECT %s, at, channel FROM public.rt ORDER BY md5(at || %L)', f.person, f.person), format('SELECT %s, at, conversions, value FROM public.rc', f.person)) AS q) AS a;
-- errors
SELECT * FROM attribution_query('linear', 'SELECT 1, now()', :conversions);
SELECT * FROM attribution_query('linear', 'SELECT 1, 2, 3', :conversions);
SELECT * FROM attribution_query('linear', :touches, 'SELECT 1, now(), 1, 1');
SELECT * FROM attribution_query('linear', :touches, 'SELECT ''x''::text, now(), 1, 1');
SELECT * FROM attribution_query('linear', :touches, 'SELECT person, at::date, conversions, value FROM public.c');
SELECT * FROM attribution_query('linear', :touches, 'SELECT person, at, ''x'', 1 FROM public.c');
SELECT * FROM attribution_query('linear', :touches, 'SELECT person, at, -1, 1 FROM public.c');
SELECT * FROM attribution_query('linear', 'SELECT 1, now(), point(1, 1)', 'SELECT 1, now(), 1, 1');
SELECT * FROM attribution_query('linear', 'SELECT 1; SELECT 2', :conversions);
SELECT * FROM attribution_query('linear', 'INSERT INTO public.t VALUES (NULL) RETURNING 1, now(), 1', :conversions);
SELECT * FROM attribution_query('linear', 'DELETE FROM public.t', :conversions);
SELECT * FROM attribution_query('linear', :kinds, :conversions, '{"paths": "some"}');
SELECT * FROM attribution_query('linear', NULL, :conversions);
SELECT * FROM attribution_query('linear', 'SELECT 1, now(), ''a'', ''tap''', 'SELECT 1, now(), 1, 1');
-- the caller's rights
CREATE ROLE regress_attribution_nobody ROLE CURRENT_USER;
GRANT USAGE ON SCHEMA tiktokads TO regress_attribution_nobody;
GRANT EXECUTE ON FUNCTION attribution_query TO regress_attribution_nobody;
SET ROLE regress_attribution_nobody;
SELECT * FROM attribution_query('linear', :touches, :conversions);
CALL derive_touchpoints('2026-03-01', '2026-03-31');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION attribution_query FROM regress_attribution_nobody;
REVOKE USAGE ON SCHEMA tiktokads FROM regress_attribution_nobody;
DROP ROLE regress_attribution_nobody;
DROP TABLE public.t, public.c, public.rt, public.rc, public.rpath;
