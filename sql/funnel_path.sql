-- funnel_path and funnel_attempts
SET timezone = 'UTC';
CREATE TABLE event (person int, at timestamptz, name text, session text, country text);
INSERT INTO event VALUES
	(1, '2024-01-01 10:00', 'view', 's1', 'de'),
	(1, '2024-01-01 10:05', 'cart', 's1', 'de'),
	(1, '2024-01-01 10:06', 'refund', 's1', 'fr'),
	(1, '2024-01-01 10:10', 'pay', 's2', 'de'),
	(1, '2024-01-02 10:00', 'view', 's3', 'de'),
	(1, '2024-01-02 10:01', 'pay', 's3', 'de'),
	(1, '2024-01-02 10:02', 'cart', 's3', 'fr'),
	(2, '2024-01-01 10:00', 'view', 's1', 'it'),
	(2, '2024-01-01 10:30', 'view', NULL, 'it'),
	(2, '2024-01-01 11:15', 'cart', NULL, NULL),
	(3, NULL, 'view', 's1', 'it'),
	(4, '2024-01-01 10:00', 'pay', 's1', 'it');

-- without options: window_funnel's level, and when
SELECT person, (p).* FROM (
	SELECT person, tiktokads.funnel_path('1 hour', '', NULL, at, name = 'view', name = 'cart', name = 'pay') AS p
	FROM event GROUP BY person) AS g ORDER BY person;
SELECT tiktokads.funnel_path('1 hour', '', '{}', at, true) FROM event WHERE false;

-- window_funnel's level in every mode
CREATE TABLE many AS
SELECT r % 401 AS person, timestamptz 'epoch' + (r / 401 % 500) * interval '1 second' AS at, r / 401 / 500 % 7 AS kind
FROM generate_series(1, 4000) AS i, LATERAL (SELECT ('x' || md5(i::text))::bit(31)::int AS r) AS m;
SELECT mode, count(*) AS people, count(DISTINCT level) AS levels, count(*) FILTER (WHERE level <> (path).level) AS differ,
	count(*) FILTER (WHERE (path).level <> cardinality(array_remove((path).reached, NULL))) AS misdated
FROM unnest(ARRAY['', 'strict_order', 'strict_order,allow_reentry', 'strict_deduplication', 'strict_increase', 'strict_once', 'strict_once,strict_increase']) AS mode,
	LATERAL (SELECT person, tiktokads.window_funnel('100 seconds', mode, at, kind = 0, kind IN (1, 2), kind IN (2, 3)) AS level,
		tiktokads.funnel_path('100 seconds', mode, '{}', at, kind = 0, kind IN (1, 2), kind IN (2, 3)) AS path
		FROM many GROUP BY person) AS g
GROUP BY mode ORDER BY mode;

-- an exclusion between two steps, and outside them
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": [{"step": 4, "after": 2, "before": 3}]}', at,
	name = 'view', name = 'cart', name = 'pay', name = 'refund') FROM event WHERE person = 1;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": [{"step": 4, "after": 1, "before": 2}]}', at,
	name = 'view', name = 'cart', name = 'pay', name = 'refund') FROM event WHERE person = 1;

-- steps in any order
SELECT tiktokads.funnel_path('1 hour', '', '{"any_order": [[2, 3]]}', at, name = 'view', name = 'cart', name = 'pay')
FROM event WHERE person = 1 AND at >= '2024-01-02';

-- a property held constant, a session not left; a null leaves the row out
SELECT person, tiktokads.funnel_path('2 hours', '', jsonb_build_object('hold', country), at, name = 'view', name = 'cart', name = 'pay')
FROM event GROUP BY person ORDER BY person;
SELECT person, tiktokads.funnel_path('2 hours', '', jsonb_build_object('session', session), at, name = 'view', name = 'cart', name = 'pay')
FROM event GROUP BY person ORDER BY person;

-- re-entry
SELECT r AS reentry, tiktokads.funnel_path('1 hour', '', jsonb_build_object('reentry', r), at, name = 'view', name = 'cart')
FROM event, unnest(ARRAY['first', 'every', 'optimised']) AS r WHERE person = 2 GROUP BY r ORDER BY r;

-- what counts: people, sessions, attempts
SELECT tiktokads.funnel_attempts('1 hour', '', '{}', at, name = 'view', name = 'cart', name = 'pay') FROM event WHERE person = 1;
SELECT tiktokads.funnel_attempts('1 hour', '', jsonb_build_object('count', 'session', 'session', session), at, name = 'view', name = 'cart', name = 'pay')
FROM event WHERE person = 1;
SELECT tiktokads.funnel_attempts('1 hour', '', jsonb_build_object('count', 'session', 'session', session, 'hold', country), at, name = 'view', name = 'cart', name = 'pay')
FROM event WHERE person = 1;
SELECT tiktokads.funnel_attempts('1 hour', '', '{"count": "total"}', at, name = 'view', name = 'cart', name = 'pay') FROM event WHERE person = 1;
SELECT tiktokads.funnel_attempts('1 hour', '', '{"count": "total"}', at, name = 'view', name = 'cart') FROM event WHERE person = 4;
SELECT tiktokads.funnel_attempts('1 hour', '', '{"count": "total"}', at, true) FROM event WHERE false;

-- workers: partial states and the same answer
CREATE FUNCTION answer() RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(g::text, ' ' ORDER BY person)) FROM (
		SELECT person, tiktokads.funnel_path('100 seconds', '', jsonb_build_object('hold', kind % 2, 'session', extract(epoch FROM at)::int / 300), at,
				kind IN (0, 1), kind IN (2, 3), kind IN (4, 5)),
			tiktokads.funnel_attempts('100 seconds', 'strict_order', '{"count": "total", "exclude": [{"step": 3}]}', at, kind = 0, kind IN (1, 2), kind = 3, kind = 5)
		FROM many GROUP BY person) AS g
$$;
SET max_parallel_workers_per_gather = 0;
SELECT answer() AS serial \gset
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE many SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT person, tiktokads.funnel_path('100 seconds', '', '{}', at, kind = 0, kind = 3) FROM many GROUP BY person;
SELECT answer() = :'serial' AS same;
RESET max_parallel_workers_per_gather;

-- errors; in whichever process
\set SHOW_CONTEXT never
SELECT tiktokads.funnel_path('1 hour', '', '[]', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclusions": []}', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": {"step": 1}}', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": [1]}', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": [{"step": 1}]}', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": [{"step": 3}]}', at, true, false) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"exclude": [{"step": 2, "after": 2, "before": 2}]}', at, true, false) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"any_order": [[1, 3]]}', at, true, true, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"any_order": [[1, 2], [2, 3]]}', at, true, true, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"any_order": [[2, 2]]}', at, true, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"any_order": [[1.5, 1e99]]}', at, true, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"reentry": "never"}', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', '{"count": 5}', at, true) FROM event;
SELECT tiktokads.funnel_path('1 hour', '', jsonb_build_object('reentry', CASE person WHEN 1 THEN 'first' ELSE 'every' END), at, true) FROM event;
SELECT tiktokads.funnel_path(NULL, '', '{}', at, true) FROM event;
