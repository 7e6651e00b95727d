-- funnel, funnel_trend, funnel_query, funnel_levels, campaign_funnel, video_funnel
SET timezone = 'UTC';
SELECT * FROM tiktokads.funnel('{view}', '2024-01-01', '2024-01-02');
SET client_min_messages = warning;
CALL tiktokads.create_model();
RESET client_min_messages;

-- partitions of events begin at midnight UTC, whatever the session's zone
SET timezone = 'Asia/Tokyo';
SELECT tiktokads.partition_ensure('event', '2024-01-31', '2024-02-01') AS made, tiktokads.partition_ensure('event', '2024-01-01', '2024-02-29') AS again;
SET timezone = 'UTC';
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c WHERE c.relname IN ('event_202401', 'event_202402') ORDER BY 1;
INSERT INTO tiktokads.event (person, event_at, name, session, source, event_id, value, url, properties)
SELECT person, event_at::timestamptz, name, session, 'web', row_number() OVER ()::text, value, url,
	jsonb_strip_nulls(jsonb_build_object('country', country, 'device', device))
FROM (VALUES
	('p1', '2024-01-01 10:00', 'view', 's1', NULL::numeric, 'de', 'phone', 'https://shop.example/?utm_campaign=spring&x=1'),
	('p1', '2024-01-01 10:05', 'cart', 's1', NULL, 'de', 'phone', NULL),
	('p1', '2024-01-01 10:09', 'pay', 's2', 80, 'de', 'desktop', NULL),
	('p1', '2024-01-02 09:00', 'view', 's3', NULL, 'de', 'desktop', NULL),
	('p2', '2024-01-01 11:00', 'view', 's4', NULL, 'fr', 'phone', 'https://shop.example/?x=1&campaign_id=77'),
	('p2', '2024-01-02 11:10', 'cart', 's5', NULL, 'fr', 'phone', NULL),
	('p3', '2024-01-02 09:00', 'view', 's6', NULL, 'fr', 'phone', NULL),
	('p3', '2024-01-02 09:01', 'view', 's6', NULL, 'fr', 'phone', NULL),
	('p3', '2024-01-02 09:31', 'cart', 's6', NULL, 'fr', 'phone', NULL),
	('p4', '2024-01-02 10:00', 'cart', NULL, NULL, NULL, NULL, NULL),
	('p5', '2024-01-31 23:30', 'view', 's7', NULL, 'it', NULL, NULL),
	('p5', '2024-02-01 00:10', 'pay', 's7', 20, 'it', NULL, NULL),
	(NULL, '2024-01-02 09:01', 'view', 's8', NULL, 'fr', NULL, NULL)) AS v (person, event_at, name, session, value, country, device, url);

-- people: three viewed and put into the cart, one paid
SELECT * FROM tiktokads.funnel('{view,cart,pay}', '2024-01-01', '2024-01-03');
-- a step as a condition, a shorter window, a breakdown by property of the first event
SELECT * FROM tiktokads.funnel(ARRAY['view', 'cart', 'name = ''pay'' AND value > 50'], '2024-01-01', '2024-02-01', win => '1 hour', breakdown => 'country');
SELECT * FROM tiktokads.funnel('{view,cart}', '2024-01-01', '2024-01-03', breakdown => 'campaign');
SELECT breakdown, step, people FROM tiktokads.funnel('{view,cart}', '2024-01-01', '2024-01-03', breakdown => 'source');
-- sessions; attempts
SELECT step, name, people, drop_off FROM tiktokads.funnel('{view,cart,pay}', '2024-01-01', '2024-01-03', by => 'session');
SELECT step, name, people, drop_off FROM tiktokads.funnel('{view,cart,pay}', '2024-01-01', '2024-01-03', by => 'total');
-- modes and options: an exclusion by name, steps in any order, a held property
SELECT step, name, people FROM tiktokads.funnel('{view,cart,pay}', '2024-01-01', '2024-01-03', mode => 'strict_deduplication');
SELECT step, name, people FROM tiktokads.funnel('{view,pay}', '2024-01-01', '2024-01-03', options => '{"exclude": [{"step": "cart", "after": 1}]}');
SELECT step, name, people FROM tiktokads.funnel('{view,pay,cart}', '2024-01-01', '2024-01-03', options => '{"any_order": [[2, 3]]}');
SELECT step, name, people FROM tiktokads.funnel('{view,cart,pay}', '2024-01-01', '2024-01-03', options => '{"hold": "device"}');
-- by day: each person once for each day on which an attempt began
SELECT day, step, name, people, rate_from_first, median_seconds FROM tiktokads.funnel_trend('{view,cart}', '2024-01-01', '2024-01-03');
SELECT day, breakdown, step, people FROM tiktokads.funnel_trend('{view,cart}', '2024-01-01', '2024-01-03', by => 'total', breakdown => 'country');
-- days of another zone: 23:30 UTC is the first of February in Rome, and both events are of one day
SELECT step, people FROM tiktokads.funnel('{view,pay}', '2024-02-01', '2024-02-01', zone => 'Europe/Rome');
SELECT step, people FROM tiktokads.funnel('{view,pay}', '2024-02-01', '2024-02-01');
-- nobody
SELECT * FROM tiktokads.funnel('{nothing,cart}', '2024-01-01', '2024-01-03');
SELECT * FROM tiktokads.funnel('{nothing,cart}', '2024-01-01', '2024-01-03', breakdown => 'country');

-- over any query: comments and a semicolon at its end, people of another type, a twin in SQL
CREATE TABLE many AS
SELECT r % 401 AS uid, timestamp '2024-01-01' + (r / 401 % 500) * interval '1 second' AS at, r / 401 / 500 % 7 AS kind,
	chr(97 + r % 3) AS page, r % 5 AS session
FROM generate_series(1, 6000) AS i, LATERAL (SELECT ('x' || md5(i::text))::bit(31)::int AS r) AS m;
SELECT step, name, people FROM tiktokads.funnel_query('SELECT uid AS person, at, kind FROM many -- all', '{kind = 0,kind = 1,kind = 3}', '100 seconds');
SELECT count(*) FILTER (WHERE level >= 1) AS one, count(*) FILTER (WHERE level >= 2) AS two, count(*) FILTER (WHERE level >= 3) AS three
FROM (SELECT tiktokads.window_funnel('100 seconds', '', at, kind = 0, kind = 1, kind = 3) AS level FROM many GROUP BY uid) AS g;
SELECT step, people, round(median_seconds::numeric, 6) AS median, round(p90_seconds::numeric, 6) AS p90
FROM tiktokads.funnel_query('SELECT uid::text AS person, at, kind FROM many; ', '{kind = 0,kind = 1}', '100 seconds');
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS median, percentile_cont(0.9) WITHIN GROUP (ORDER BY s) AS p90
FROM (SELECT extract(epoch FROM (p).reached[2] - (p).reached[1]) AS s
	FROM (SELECT tiktokads.funnel_path('100 seconds', '', '{}', at::timestamptz, kind = 0, kind = 1) AS p FROM many GROUP BY uid) AS g) AS t;
SELECT step, people FROM tiktokads.funnel_query('SELECT uid AS person, at, kind, session FROM many', '{kind = 0,kind = 1}', '100 seconds', by => 'session');
SELECT count(*) FILTER (WHERE level >= 1) AS one, count(*) FILTER (WHERE level >= 2) AS two
FROM (SELECT tiktokads.window_funnel('100 seconds', '', at, kind = 0, kind = 1) AS level FROM many GROUP BY uid, session) AS g;
SELECT breakdown, step, people FROM tiktokads.funnel_query('SELECT uid AS person, at, kind, page FROM many', '{kind = 0,kind = 1}', '100 seconds',
	by => 'total', breakdown => 'page', options => '{"hold": "page"}');
SELECT page, sum(cardinality(a)) AS one, sum((SELECT count(*) FROM unnest(a) AS u WHERE u.level = 2)) AS two
FROM (SELECT page, tiktokads.funnel_attempts('100 seconds', '', '{"count": "total"}', at::timestamptz, kind = 0, kind = 1) AS a
	FROM many GROUP BY uid, page) AS g GROUP BY page ORDER BY page;

-- a whole table at once: what window_funnel gives, grouped and counted
SELECT level, people FROM tiktokads.funnel_levels('many', 'uid', 'at', '{kind = 0,kind = 1,kind = 3}', '100 seconds')
EXCEPT ALL
SELECT level, count(*) FROM (
	SELECT tiktokads.window_funnel('100 seconds', '', at, kind = 0, kind = 1, kind = 3) AS level FROM many GROUP BY uid) AS g GROUP BY level;
SELECT * FROM tiktokads.funnel_levels('many', 'uid', 'at', '{kind = 0,kind = 1,kind = 3}', '100 seconds') ORDER BY level;
SELECT * FROM tiktokads.funnel_levels('SELECT uid % 7 AS u, extract(epoch FROM at)::int AS t, kind FROM many ORDER BY kind DESC', 'u', 't',
	'{kind = 0,kind = 1,kind = 3}', 100, 'strict_order') ORDER BY level;
SELECT level, count(*) FROM (
	SELECT tiktokads.window_funnel(100, 'strict_order', extract(epoch FROM at)::int, kind = 0, kind = 1, kind = 3) AS level FROM many GROUP BY uid % 7) AS g GROUP BY level ORDER BY level;
SELECT * FROM tiktokads.funnel_levels('public.many', 'ROW(uid, page)::text', 'at::date', '{kind = 0,kind = 1}', interval '0') ORDER BY level;
SELECT * FROM tiktokads.funnel_levels('VALUES (1, 1, true), (1, 2, false), (NULL, 1, true), (2, NULL, true)', 'column1', 'column2', '{column3}', '5');
SELECT * FROM tiktokads.funnel_levels('SELECT 1 AS a, 2 AS b WHERE false', 'a', 'b', '{true = true}', 5);

-- TikTok's side
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name) VALUES (1, 2, 'Spring');
SELECT tiktokads.partition_ensure('report_campaign_daily', '2024-01-01', '2024-01-31');
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, impressions, clicks, total_landing_page_view,
	web_event_add_to_cart, initiate_checkout, complete_payment, video_play_actions, video_views_p25, video_views_p50, video_views_p75, video_views_p100)
VALUES (1, 2, '2024-01-03', 1000, 100, 80, 20, 10, 5, 900, 600, 300, 150, 75), (1, 2, '2024-01-04', 1000, 100, 80, 20, 10, 5, 900, 600, 300, 150, 75),
	(1, 3, '2024-01-04', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (1, 2, '2024-01-05', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
SELECT * FROM tiktokads.campaign_funnel('2024-01-01', '2024-01-04');
SELECT * FROM tiktokads.video_funnel('2024-01-01', '2024-01-04') WHERE campaign_id = 2;
SELECT * FROM tiktokads.campaign_funnel(NULL, NULL);
SELECT * FROM tiktokads.report_funnel('2024-01-01', '2024-01-04', '{a}', '{spend,clicks}');
SELECT * FROM tiktokads.report_funnel('2024-01-01', '2024-01-04', '{a}', '{"clicks); DROP TABLE many; --"}');

-- the caller's rights and search_path
CREATE ROLE funnel_reader ROLE CURRENT_USER;
GRANT USAGE ON SCHEMA tiktokads TO funnel_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tiktokads TO funnel_reader;
SET ROLE funnel_reader;
SELECT * FROM tiktokads.funnel('{view}', '2024-01-01', '2024-01-03');
SELECT * FROM tiktokads.funnel_levels('public.many', 'uid', 'at', '{kind = 0}', '1 day');
RESET ROLE;
GRANT SELECT ON many TO funnel_reader;
SET ROLE funnel_reader;
SET search_path = '';
SELECT * FROM tiktokads.funnel_levels('public.many', 'uid', 'at', '{kind = 0}', '1 day');
SELECT * FROM tiktokads.funnel_levels('many', 'uid', 'at', '{kind = 0}', '1 day');
RESET search_path;
RESET ROLE;
DROP OWNED BY funnel_reader;
DROP ROLE funnel_reader;

-- errors
SELECT * FROM tiktokads.funnel('{view}', '2024-01-03', '2024-01-01');
SELECT * FROM tiktokads.funnel('{view}', NULL, '2024-01-01');
SELECT * FROM tiktokads.funnel('{view}', '2024-01-03', 'infinity');
SELECT * FROM tiktokads.funnel('{view}', '2024-01-03', '2024-01-03', zone => 'Atlantis');
SELECT * FROM tiktokads.funnel('{}', '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel('{view,NULL}', '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel('{view," "}', '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel('{view}', '2024-01-03', '2024-01-03', by => 'household');
SELECT * FROM tiktokads.funnel('{view}', '2024-01-03', '2024-01-03', mode => 'loose');
SELECT * FROM tiktokads.funnel('{view}', '2024-01-03', '2024-01-03', win => '1 year');
SELECT * FROM tiktokads.funnel('{value}', '2024-01-03', '2024-01-03');
SELECT step, people FROM tiktokads.funnel(ARRAY['value > 100) OR (true'], '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel(ARRAY['(value)'], '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel(ARRAY['true; DROP TABLE many'], '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel(ARRAY['value > 1 FROM many'], '2024-01-03', '2024-01-03');
SELECT * FROM tiktokads.funnel_query('SELECT uid AS who, at FROM many', '{kind = 1}');
SELECT * FROM tiktokads.funnel_query('SELECT uid AS person, at FROM many', '{view}');
SELECT * FROM tiktokads.funnel_query('SELECT uid AS person, kind AS at FROM many', '{at = 1}');
SELECT * FROM tiktokads.funnel_query('SELECT uid AS person, at FROM many', '{true = true}', breakdown => 'country');
SELECT * FROM tiktokads.funnel_query('SELECT uid AS person, at FROM many', '{true = true}', by => 'session');
SELECT * FROM tiktokads.funnel_query('SELECT point(1, 2) AS person, at FROM many', '{true = true}');
SELECT * FROM tiktokads.funnel_query('WITH gone AS (DELETE FROM many RETURNING *) SELECT uid AS person, at FROM gone', '{true = true}');
SELECT * FROM tiktokads.funnel_query('DELETE FROM many', '{true = true}');
SELECT * FROM tiktokads.funnel_query(NULL, '{true = true}');
SELECT * FROM tiktokads.funnel_levels('many', 'uid', 'at', '{kind = 1}', 5);
SELECT * FROM tiktokads.funnel_levels('many', 'uid', 'kind', '{kind = 1}', interval '5 days');
SELECT * FROM tiktokads.funnel_levels('many', 'uid', 'page', '{kind = 1}', '5');
SELECT * FROM tiktokads.funnel_levels('many', 'uid', 'at', '{kind = 1}', 'soon');
SELECT * FROM tiktokads.funnel_levels('nowhere', 'uid', 'at', '{kind = 1}', '1 day');
SELECT * FROM tiktokads.funnel_levels('many', 'uid, at', 'at', '{kind = 1}', '1 day');
SELECT count(*) FROM many;
