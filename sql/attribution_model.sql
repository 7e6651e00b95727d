-- models: known answers, options, errors, and the properties that must hold for any data
SET search_path = tiktokads, public;
SET extra_float_digits = 0;

-- the nine journeys of DP6's test: a value of 3 for each
CREATE TABLE public.nine (path journey);
INSERT INTO public.nine VALUES ('A'), ('A>B'), ('A>B>C'), ('B'), ('B>A'), ('B>C>A'), ('C'), ('C>A'), ('C>B>A');
SELECT model, options, string_agg(c.channel || ' ' || round(c.value::numeric, 6), ', ' ORDER BY c.channel) AS value
FROM (VALUES (1, 'first', '{}'::jsonb), (2, 'last', '{}'), (3, 'last_non', '{"channel": "A"}'), (4, 'linear', '{}'), (5, 'position', '{}'),
		(6, 'markov', '{}'), (7, 'shapley', '{"definition": "recent_sets"}')) AS m (place, model, options)
	CROSS JOIN LATERAL (SELECT (unnest(attribute(model, path, 1, 3, 0, options))).* FROM public.nine) AS c
GROUP BY place, model, options ORDER BY place;
SELECT channel, round(removal_effect::numeric, 4) AS removal_effect, conversion_probability, states
FROM (SELECT path_set_agg(path, 1, 3, 0) AS s FROM public.nine) AS n CROSS JOIN markov_summary(n.s);
SELECT from_state, to_state, round(probability::numeric, 6) AS probability
FROM (SELECT path_set_agg(path, 1, 3, 1) AS s FROM public.nine) AS n CROSS JOIN markov_model(n.s, 1);
SELECT from_state, to_state, probability FROM markov_model('{"a > b > a > b > b > b": [1, 0, 3], "c": [0, 0, 1]}', 2);

-- DP6's time decay: 400, 170 and 0 hours before the conversion, completed weeks count; continuous; by position
SELECT channel, round(value::numeric, 5) AS whole FROM unnest(attribute('time_decay',
	'{"A [2026-01-01T00:00:00Z] > B [2026-01-10T14:00:00Z] > C [2026-01-17T16:00:00Z]": [1, 10, 0]}', '{"half_life": "7 days", "whole": true}'));
SELECT channel, round((value - 10 * 2 ^ (-hours / 168.0) / (2 ^ (-400 / 168.0) + 2 ^ (-170 / 168.0) + 1))::numeric, 12) AS error
FROM unnest(attribute('time_decay', '{"A [2026-01-01T00:00:00Z] > B [2026-01-10T14:00:00Z] > C [2026-01-17T16:00:00Z]": [1, 10, 0]}'))
	JOIN (VALUES ('A', 400), ('B', 170), ('C', 0)) AS v (channel, hours) USING (channel);
SELECT channel, round(value::numeric, 5) AS by_position FROM unnest(attribute('time_decay', '{"A > B > C": [1, 10, 0]}'));
SELECT channel, round(value::numeric, 5) AS by_position FROM unnest(attribute('time_decay', '{"A > B > C": [1, 21, 0]}', '{"half_life": 0.5}'));

-- eeghor's tests
SELECT m.place, m.model, string_agg(c.channel || ' ' || round(c.conversions::numeric, 6), ', ' ORDER BY c.channel) AS conversions
FROM (VALUES (1, 'position', '{"direct": [2, 0, 0], "search > email": [3, 0, 0], "search > social > email": [5, 0, 0]}'::path_set),
		(2, 'linear', '{"direct": [2, 0, 0], "search > email": [3, 0, 0], "search > social > email": [5, 0, 0]}'),
		(3, 'shapley', '{"a": [4, 0, 0], "a > b": [6, 0, 0]}')) AS m (place, model, paths)
	CROSS JOIN LATERAL unnest(attribute(m.model, m.paths)) AS c
GROUP BY m.place, m.model ORDER BY m.place;
-- Shao & Li's: p(conversion | a) = 3/4, p(conversion | b) = 1/4; the fitted probabilities give the same sides
SELECT channel, conversions FROM unnest(attribute('incremental', '{"a": [3, 0, 1], "b": [1, 0, 3]}'));

-- weights and key touches, by hand
SELECT model, options, string_agg(c.channel || ' ' || round(c.conversions::numeric, 4), ', ' ORDER BY c.channel) AS conversions
FROM (VALUES (1, 'position', '{"a > b > c > d": [1, 0, 0]}'::path_set, '{}'::jsonb), (2, 'position', '{"a > b": [1, 0, 0]}', '{"weights": [0.3, 0, 0.7]}'),
		(3, 'position', '{"a > b": [1, 0, 0], "a": [1, 0, 0]}', '{"weights": [0, 1, 0]}'), (4, 'custom', '{"a > b > c": [1, 0, 0]}', '{"weights": [5, 3, 2]}'),
		(5, 'custom', '{"a > b > c > d": [1, 0, 0]}', '{"weights": [0.4, 0.2]}'), (6, 'custom', '{"a > b": [1, 0, 0]}', '{"weights": [0, 0, 1]}'),
		(7, 'w_shaped', '{"a > b > lead > c > d": [1, 0, 0]}', '{"channel": "lead"}'), (8, 'w_shaped', '{"lead > a > d": [1, 0, 0]}', '{"channel": "lead"}'),
		(9, 'w_shaped', '{"a > b > d": [7, 0, 0]}', '{"channel": "lead"}'), (10, 'w_shaped', '{"lead": [1, 0, 0]}', '{"channel": "lead"}'),
		(11, 'last_non', '{"a > direct": [1, 0, 0], "direct": [2, 0, 0]}', '{}'), (12, 'linear_unique', '{"a > a > b": [1, 0, 0]}', '{}'),
		(13, 'linear', '{"a > a > b": [1, 0, 0]}', '{}')) AS m (place, model, paths, options)
	CROSS JOIN LATERAL unnest(attribute(model, paths, options)) AS c
GROUP BY place, model, options ORDER BY place;

-- Shapley: leave one out by hand: rate(a > b) = 1/2, rate(b) = 1/10, rate(a) = 4/10; so a .4, b .1 of its conversions
SELECT channel, round(conversions::numeric, 6) AS conversions FROM unnest(attribute('shapley', '{"a > b": [10, 0, 10], "b": [1, 0, 9], "a": [4, 0, 6]}', '{"definition": "leave_one_out"}'));
-- the last touch when no touch makes a difference
SELECT channel, conversions FROM unnest(attribute('shapley', '{"a > b": [1, 0, 9], "b": [5, 0, 5], "a": [5, 0, 5]}', '{"definition": "leave_one_out"}'));
-- ordered: the same sums, by position
SELECT * FROM shapley_positions('{"a > b > a": [6, 12, 0], "b": [1, 0, 0]}');
SELECT attribute('shapley', '{"a > b > a": [6, 12, 0], "b": [1, 0, 0]}', '{"definition": "ordered"}');
-- recent sets: five channels, the first one of the path does not play
SELECT channel, round(conversions::numeric, 6) AS conversions FROM unnest(attribute('shapley', '{"e > a > b > c > d": [8, 0, 0]}', '{"definition": "recent_sets"}'));

-- choose_order, by hand: last state a 3/4, b 1/4; thresholds keep a first
SELECT (unnest(choose_order(p, c, n, 2))).* FROM (VALUES ('a'::journey, 3, 1), ('b', 1, 3)) AS v (p, c, n);
SELECT choose_order('a'::journey, 1, 0, 1) AS no_nulls, choose_order(NULL, 1, 1, 1) AS no_touches;

-- nulls, empty journeys, no rows
SELECT attribute('markov', j, c, v, n) FROM (VALUES ('a > b'::journey, 2::float8, 10::float8, 1::float8), (NULL, 3, 5, 1), ('', 1, NULL, NULL), ('c', NULL, NULL, 4)) AS t (j, c, v, n);
SELECT attribute('linear', 'a', 1, 1, 0) IS NULL AS no_rows FROM generate_series(1, 0);
SELECT attribute('markov', 'a > b', 0, 0, 5) AS only_nulls;
SELECT attribute('markov', 'a > b', 0, 7, 5) AS value_alone, attribute('linear', 'a > b', 0, 8, 5) AS linear_value;
SELECT attribute('last', NULL::path_set), attribute('last', '{}'::path_set) AS empty, path_set_agg('a', 1, 1, 1) IS NULL AS no_set FROM generate_series(1, 0);
SELECT attribute('last', '{}'::path_set), merge(s) IS NULL AS none FROM (SELECT NULL::path_set AS s WHERE false) AS n;
SELECT merge(s) FROM (VALUES (NULL::path_set), ('{"a": [1, 2, 3]}')) AS v (s);

-- errors name what is wrong
\set VERBOSITY default
SELECT attribute('markow', 'a', 1, 1, 0);
SELECT attribute(NULL, 'a', 1, 1, 0);
SELECT attribute('first', 'a', 1, 1, 0, '{"order": 2}');
SELECT attribute('markov', 'a', 1, 1, 0, '{"ordre": 2}');
SELECT attribute('markov', 'a', 1, 1, 0, '{"order": 9}');
SELECT attribute('markov', 'a', 1, 1, 0, '{"order": 1.5}');
SELECT attribute('markov', 'a', 1, 1, 0, '{"order": "best"}');
SELECT attribute('markov', 'a', 1, 1, 0, '[1]');
SELECT attribute('position', 'a', 1, 1, 0, '{"weights": [1, -1, 1]}');
SELECT attribute('position', 'a', 1, 1, 0, '{"weights": [1, 1]}');
SELECT attribute('custom', 'a', 1, 1, 0);
SELECT attribute('custom', 'a', 1, 1, 0, '{"weights": [0, 0]}');
SELECT attribute('custom', 'a', 1, 1, 0, '{"weights": [1e400]}');
SELECT attribute('custom', 'a', 1, 1, 0, '{"weights": ["1"]}');
SELECT attribute('time_decay', 'a', 1, 1, 0, '{"half_life": "0 days"}');
SELECT attribute('time_decay', 'a', 1, 1, 0, '{"half_life": "soon"}');
SELECT attribute('w_shaped', 'a', 1, 1, 0);
SELECT attribute('shapley', 'a', 1, 1, 0, '{"definition": "B"}');
SELECT attribute('first', 'a', -1, 1, 0);
SELECT attribute('first', 'a', 1, 'NaN', 0);
SELECT attribute('first', 'a', 1, 1, 'infinity');
SELECT attribute('first', 'a', 1, 1e308 * n, 0) FROM generate_series(1, 1) AS n, generate_series(1, 3);
SELECT attribute(m, 'a', 1, 1, 0) FROM (VALUES ('first'), ('last')) AS v (m);
SELECT choose_order('a'::journey, 1, 1, 0);
SELECT markov_model('{}', 9);
SELECT '{"a": [1, 2]}'::path_set;
SELECT '{"a": [1, 2, -3]}'::path_set;
SELECT '{"a [tap]": [1, 2, 3]}'::path_set;
SET tiktokads.attribution_memory = '1MB';
SELECT path_set_agg(journey(ARRAY['c' || n]), 1, 1, 1) IS NULL FROM generate_series(1, 100000) AS n;
RESET tiktokads.attribution_memory;

-- random journeys: 5,000 rows of some 1,300 paths, fractions whose sums no double holds
CREATE TABLE public.walk AS
SELECT i, journey((SELECT array_agg(substr('ABCDEF', 1 + abs(hashint4(i * 37 % 1337 * 100 + n)) % 6, 1) ORDER BY n)
		FROM generate_series(1, 1 + abs(hashint4(i * 37 % 1337)) % 7) AS n)) AS path,
	(abs(hashint4(i)) % 5) / 10.0::float8 AS conversions, (abs(hashint4(i + 7)) % 9973) / 700.0::float8 * ((abs(hashint4(i)) % 5) > 0)::int AS value,
	(abs(hashint4(i + 13)) % 11)::float8 AS nulls
FROM generate_series(1, 5000) AS i;
ANALYZE public.walk;
CREATE TABLE public.asked (place int, model text, options jsonb);
INSERT INTO public.asked VALUES (1, 'first', '{}'), (2, 'last', '{}'), (3, 'last_non', '{"channel": "B"}'), (4, 'linear', '{}'), (5, 'linear_unique', '{}'),
	(6, 'time_decay', '{}'), (7, 'position', '{}'), (8, 'w_shaped', '{"channel": "C"}'), (9, 'custom', '{"weights": [3, 2, 1]}'),
	(10, 'markov', '{}'), (11, 'markov', '{"order": 2}'), (12, 'markov', '{"order": 4}'), (13, 'markov', '{"order": 8, "nulls": false}'),
	(14, 'markov', '{"order": "auto"}'), (15, 'shapley', '{}'), (16, 'shapley', '{"definition": "ordered"}'),
	(17, 'shapley', '{"definition": "leave_one_out"}'), (18, 'shapley', '{"definition": "recent_sets"}'), (19, 'incremental', '{}');

-- conversions and value are conserved, and no credit is negative or infinite
SELECT a.model, a.options, abs(sum(c.conversions) / max(t.conversions) - 1) < 1e-12 AS conversions, abs(sum(c.value) / max(t.value) - 1) < 1e-12 AS value,
	bool_and(c.conversions >= 0 AND c.value >= 0 AND c.conversions < 'infinity' AND c.value < 'infinity') AS sane, count(*) AS channels
FROM public.asked AS a
	CROSS JOIN LATERAL (SELECT (unnest(attribute(a.model, path, conversions, value, nulls, a.options))).* FROM public.walk) AS c
	CROSS JOIN (SELECT sum(conversions) AS conversions, sum(value) AS value FROM public.walk) AS t
GROUP BY a.place, a.model, a.options ORDER BY a.place;

-- bit for bit the same for any order of rows, merged sets, stored sets and text of sets
CREATE TABLE public.answer AS
SELECT a.place, (SELECT attribute(a.model, path, conversions, value, nulls, a.options) FROM public.walk) AS credit FROM public.asked AS a;
SET extra_float_digits = 1;
SELECT count(*) AS reversed_differs FROM public.asked AS a JOIN public.answer AS w USING (place)
WHERE w.credit::text <> (SELECT attribute(a.model, path, conversions, value, nulls, a.options)::text FROM (SELECT * FROM public.walk ORDER BY i DESC) AS r);
CREATE TABLE public.month_set AS SELECT i % 12 AS month, path_set_agg(path, conversions, value, nulls) AS paths FROM public.walk GROUP BY 1;
SELECT merge(paths)::text = (SELECT path_set_agg(path, conversions, value, nulls)::text FROM public.walk) AS merged_is_one FROM public.month_set;
SELECT count(*) AS merged_differs FROM public.asked AS a JOIN public.answer AS w USING (place)
WHERE w.credit::text <> attribute(a.model, (SELECT merge(paths::text::path_set) FROM public.month_set), a.options)::text;
SELECT round(sum(p.conversions)::numeric, 6) AS conversions, count(*) = (SELECT count(DISTINCT path) FROM public.walk) AS all_paths
FROM (SELECT merge(paths) AS s FROM public.month_set) AS m CROSS JOIN paths(m.s) AS p;
\set file `mktemp -u`
COPY public.month_set TO :'file' WITH (FORMAT binary);
CREATE TEMP TABLE copied (LIKE public.month_set);
COPY copied FROM :'file' WITH (FORMAT binary);
\setenv file :file
\! rm -f "$file"
SELECT count(*) AS copies FROM copied AS c JOIN public.month_set AS m ON m.month = c.month AND m.paths::text = c.paths::text;

-- and with two workers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;

EXPLAIN (COSTS OFF) SELECT attribute('markov', path, conversions, value, nulls, '{"order": 2}'), path_set_agg(path, conversions, value, nulls), choose_order(path, conversions, nulls, 3) FROM public.walk;
SELECT count(*) AS parallel_differs FROM (
	SELECT 4 AS place, attribute('linear', path, conversions, value, nulls) AS credit FROM public.walk
	UNION ALL SELECT 10, attribute('markov', path, conversions, value, nulls) FROM public.walk
	UNION ALL SELECT 11, attribute('markov', path, conversions, value, nulls, '{"order": 2}') FROM public.walk
	UNION ALL SELECT 6, attribute('time_decay', path, conversions, value, nulls) FROM public.walk
	UNION ALL SELECT 17, attribute('shapley', path, conversions, value, nulls, '{"definition": "leave_one_out"}') FROM public.walk
	UNION ALL SELECT 19, attribute('incremental', path, conversions, value, nulls) FROM public.walk) AS p
	JOIN public.answer AS w USING (place)
WHERE w.credit::text <> p.credit::text;
SELECT choose_order(path, conversions, nulls, 3)::text = (SELECT choose_order(path, conversions, nulls, 3)::text FROM (SELECT * FROM public.walk ORDER BY i DESC OFFSET 0) AS s) AS same_scores FROM public.walk;
EXPLAIN (COSTS OFF) SELECT merge(paths) FROM public.month_set;
SELECT merge(paths)::text = (SELECT path_set_agg(path, conversions, value, nulls)::text FROM public.walk) AS merged_by_workers FROM public.month_set;
SET max_parallel_workers_per_gather = 0;
SET extra_float_digits = 0;

-- a twin of the Markov model: the chain in SQL, a removal for each channel, solved by elimination in numeric
CREATE FUNCTION pg_temp.twin(k int, with_nulls boolean) RETURNS TABLE (channel text, conversions float8, value float8) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	removed text;
	size int;
	m numeric[];
	f numeric;
	whole numeric[] := '{}';
BEGIN
	CREATE TEMP TABLE step ON COMMIT DROP AS
	WITH path AS (
		SELECT p.c, sum(w.conversions::numeric) AS conversions, sum(w.value::numeric) AS value, sum(CASE WHEN with_nulls THEN w.nulls ELSE 0 END)::numeric AS nulls
		FROM public.walk AS w CROSS JOIN LATERAL (SELECT channels(w.path) AS c) AS p GROUP BY p.c
	), state AS (
		SELECT p.c, p.conversions, p.value, p.nulls, s.n, array_to_string(p.c[s.n:s.n + k - 1], '') AS state
		FROM path AS p CROSS JOIN LATERAL generate_series(1, greatest(1, cardinality(p.c) - k + 1)) AS s (n)
	), ordered AS (
		SELECT *, lag(state) OVER w AS before, lead(state) OVER w AS after FROM state WINDOW w AS (PARTITION BY c ORDER BY n)
	)
	SELECT coalesce(before, '(start)') AS a, state AS b, sum(conversions + nulls) AS weight, 0::numeric AS worth FROM ordered WHERE before IS DISTINCT FROM state GROUP BY 1, 2
	UNION ALL SELECT state, '(conversion)', sum(conversions), sum(value) FROM ordered WHERE after IS NULL GROUP BY 1
	UNION ALL SELECT state, '(null)', sum(nulls), 0 FROM ordered WHERE after IS NULL GROUP BY 1;
	DELETE FROM step WHERE weight = 0;
	CREATE TEMP TABLE node ON COMMIT DROP AS SELECT a AS s, row_number() OVER (ORDER BY a <> '(start)', a)::int AS i FROM (SELECT DISTINCT a FROM step) AS d;
	SELECT count(*) INTO size FROM node;
	CREATE TEMP TABLE share (removed text, conversions numeric, value numeric) ON COMMIT DROP;
	FOREACH removed IN ARRAY ARRAY['', 'A', 'B', 'C', 'D', 'E', 'F'] LOOP
		-- rows of I - Q, and two right-hand sides: conversions and value
		SELECT array_agg(v ORDER BY i, j) INTO m FROM (
			SELECT a.i, b.i AS j, (CASE WHEN a.i = b.i THEN 1 ELSE 0 END - coalesce((SELECT s.weight FROM step AS s WHERE s.a = a.s AND s.b = b.s
					AND (removed = '' OR strpos(b.s, removed) = 0)), 0) / (SELECT sum(t.weight) FROM step AS t WHERE t.a = a.s))::numeric(45, 35) AS v
			FROM node AS a CROSS JOIN node AS b
			UNION ALL
			SELECT a.i, size + c.c, (coalesce((SELECT CASE c.c WHEN 1 THEN s.weight ELSE s.worth END FROM step AS s WHERE s.a = a.s AND s.b = '(conversion)'), 0)
				/ (SELECT sum(t.weight) FROM step AS t WHERE t.a = a.s))::numeric(45, 35)
			FROM node AS a CROSS JOIN (VALUES (1), (2)) AS c (c)) AS e;
		-- eliminate from the last state up, so that row 1, START, is solved in the end
		FOR p IN REVERSE size..2 LOOP
			FOR r IN 1..p - 1 LOOP
				f := m[(r - 1) * (size + 2) + p];
				CONTINUE WHEN f = 0;
				f := (f / m[(p - 1) * (size + 2) + p])::numeric(45, 35);
				FOR j IN 1..size + 2 LOOP
					IF j < p OR j > size THEN
						m[(r - 1) * (size + 2) + j] := (m[(r - 1) * (size + 2) + j] - f * m[(p - 1) * (size + 2) + j])::numeric(45, 35);
					END IF;
				END LOOP;
			END LOOP;
		END LOOP;
		IF removed = '' THEN
			whole := ARRAY[m[size + 1] / m[1], m[size + 2] / m[1]];
		ELSE
			INSERT INTO share VALUES (removed, whole[1] - m[size + 1] / m[1], whole[2] - m[size + 2] / m[1]);
		END IF;
	END LOOP;
	RETURN QUERY SELECT s.removed, (s.conversions / sum(s.conversions) OVER () * (SELECT sum(w.conversions::numeric) FROM public.walk AS w))::float8,
		(s.value / sum(s.value) OVER () * (SELECT sum(w.value::numeric) FROM public.walk AS w))::float8 FROM share AS s;
	DROP TABLE step, node, share;
END;
$$;
SELECT k, with_nulls, max(abs(c.conversions / t.conversions - 1)) < 1e-12 AS conversions, max(abs(c.value / t.value - 1)) < 1e-12 AS value, count(*) AS channels
FROM (VALUES (1, true), (1, false), (2, true)) AS o (k, with_nulls)
	CROSS JOIN LATERAL pg_temp.twin(k, with_nulls) AS t
	JOIN LATERAL (SELECT (unnest(attribute('markov', path, w.conversions, w.value, w.nulls, jsonb_build_object('order', k, 'nulls', with_nulls)))).* FROM public.walk AS w) AS c
		ON c.channel = t.channel
GROUP BY k, with_nulls ORDER BY k, with_nulls;

-- twins of the heuristics: shares of touches in SQL
WITH touch AS (
	SELECT w.conversions, w.value, u.channel, u.n, cardinality(channels(w.path)) AS length, max(u.n) FILTER (WHERE u.channel <> 'B') OVER (PARTITION BY w.i) AS last_non_b,
		count(*) OVER (PARTITION BY w.i, u.channel) AS times, (SELECT count(DISTINCT d) FROM unnest(channels(w.path)) AS d) AS different
	FROM public.walk AS w CROSS JOIN LATERAL unnest(channels(w.path)) WITH ORDINALITY AS u (channel, n)
), share AS (
	SELECT s.model, t.channel, sum(t.conversions * s.share) AS conversions, sum(t.value * s.share) AS value
	FROM touch AS t CROSS JOIN LATERAL (VALUES ('first', (n = 1)::int::float8), ('last', (n = length)::int), ('linear', 1.0 / length),
		('last_non', (n = coalesce(last_non_b, length))::int), ('linear_unique', 1.0 / different / times), ('shapley', 1.0 / different / times),
		('position', CASE WHEN length = 1 THEN 1 WHEN length = 2 THEN 0.5 WHEN n IN (1, length) THEN 0.4 ELSE 0.2 / (length - 2) END),
		('time_decay', 2.0 ^ (n - length) / (2 - 2.0 ^ (1 - length))),
		('custom', CASE n WHEN 1 THEN 3 WHEN 2 THEN 2 ELSE 1 END / (CASE length WHEN 1 THEN 3 ELSE length + 3 END)::float8)) AS s (model, share)
	GROUP BY s.model, t.channel
)
SELECT s.model, max(abs(c.conversions / s.conversions - 1)) < 1e-12 AS conversions, max(abs(c.value / s.value - 1)) < 1e-12 AS value
FROM share AS s JOIN public.asked AS a ON a.model = s.model AND a.options - 'channel' - 'weights' = '{}'
	JOIN public.answer AS w USING (place) CROSS JOIN LATERAL unnest(w.credit) AS c
WHERE c.channel = s.channel GROUP BY s.model ORDER BY s.model;

-- strange chains: disconnected, cyclic, one state, a thousand channels
SELECT attribute('markov', '{"a": [5, 50, 0]}') AS one_state, attribute('markov', '{"a": [1, 1, 0], "b": [0, 0, 9]}') AS disconnected;
SELECT max(abs(conversions - 1)) < 1e-13 AS even_cycle FROM (SELECT (unnest(attribute('markov', path, 1, 1, 0, '{"order": 1}'))).*
	FROM (SELECT journey(array_agg('c' || (n + s) % 10 ORDER BY n)) AS path FROM generate_series(0, 999) AS n, generate_series(0, 9) AS s GROUP BY s) AS p) AS c;
SELECT count(*) AS channels, abs(sum(conversions) - 2000) < 1e-9 AS conserved, min(conversions) >= 0 AS sane
FROM (SELECT (unnest(attribute('markov', journey(ARRAY['c' || n, 'c' || (n * 7 + 1) % 1000, 'c' || (n * 13 + 5) % 1000]), 1, 1, 2))).* FROM generate_series(1, 2000) AS n) AS c;
-- a channel whose conversions have no value, beside a cycle that has: one walk in three ends there
SELECT attribute('markov', '{"A > B > A > B > A > B > A": [1, 10, 0], "C": [2, 0, 0]}', '{"order": 2}') AS worthless_channel;
-- weights at either end of what a double holds
SELECT attribute('custom', '{"a > b > c": [3, 6, 0]}', '{"weights": [1.5e308]}') AS large, attribute('position', '{"a > b > c > d": [2, 8, 0]}', '{"weights": [0, 5e-324, 0]}') AS small;
DROP TABLE public.nine, public.walk, public.asked, public.answer, public.month_set;
