-- journeys: text and binary form, order, parts, path transforms, the aggregate
SET search_path = tiktokads, public;
SET timezone = 'America/New_York';

-- the text form: trimmed, empty tokens dropped, quoted where it must be
SELECT 'alpha>beta >  alpha'::journey AS trimmed, ' > a > > b > '::journey AS empty_tokens, ''::journey AS nothing,
	'paid search > user@example.com > a/b (c)'::journey AS plain;
SELECT '"a > b" > "he said ""hi""" > " padded " > "" > "x[1]"'::journey;
SELECT 'a [2026-01-31T12:00:00+02 click] > b [view] > c [2026-02-01 00:00:00.25Z] > d[ engaged_view ]'::journey;
SELECT j::text::journey = j AS round_trip, length(j)
FROM (VALUES ('a [2026-01-31T12:00:00.000001Z click] > "" > "b""" > a'::journey), (''), (journey(ARRAY['x', NULL, ' y ', '>', E'tab\tand\nline', 'žluťoučký']))) AS v (j);

-- nonsense is refused
\set VERBOSITY terse
SELECT '"open'::journey;
SELECT 'a "b"'::journey;
SELECT '"a" b'::journey;
SELECT 'a]'::journey;
SELECT '[click]'::journey;
SELECT 'a []'::journey;
SELECT 'a [tap]'::journey;
SELECT 'a [2026-02-30T00:00:00Z]'::journey;
SELECT 'a [2026-02-03]'::journey;
SELECT 'a [2026-02-03T00:00:00]'::journey;
SELECT 'a [click'::journey;
SELECT 'a [click] b'::journey;
\set VERBOSITY default
SELECT 'a [tap]'::journey;

-- order and equality see all that the text shows
SELECT one = other AS equal, one < other AS less, one <= other AS less_or_equal, one <> other AS differs, journey_cmp(one, other) AS cmp
FROM (VALUES ('a > b'::journey, 'a>b'::journey), ('a', 'a > b'), ('a > b', 'b'), ('a', 'a [click]'), ('a [view]', 'a [click]'),
	('a [2026-01-01T00:00:00Z]', 'a [2026-01-01T01:00:00+01]'), ('a [2026-01-01T00:00:00Z]', 'a [2026-01-02T00:00:00Z]'), ('a', 'a [2026-01-02T00:00:00Z]')) AS v (one, other);
SELECT j, count(*) FROM (VALUES ('a > b'::journey), ('a>b'), ('a > b [click]'), ('')) AS v (j) GROUP BY j ORDER BY j;
SELECT journey_hash('a > b') = journey_hash('a>b') AS same, journey_hash('a > b') = journey_hash('a > b [click]') AS other,
	journey_hash_extended('a > b', 1) = journey_hash_extended('a>b', 1) AS same_extended;

-- parts
SELECT length(j), channels(j), first(j), last(j), j || 'z [click]' AS longer
FROM (VALUES ('a [2026-01-31T12:00:00Z] > b > a'::journey), (''), (NULL)) AS v (j);
SELECT * FROM touches('a [2026-01-31T12:00:00Z click] > b [view] > a');
SELECT count(*) FROM touches('');

-- binary output and input are each other's inverse
CREATE TEMP TABLE kept (j journey);
INSERT INTO kept VALUES ('a [2026-01-31T12:00:00.5Z click] > "" > b [view] > a'), (''), (NULL);
INSERT INTO kept SELECT journey(array_agg('c' || i % 300 ORDER BY i)) FROM generate_series(1, 1000) AS i;
\set file `mktemp -u`
COPY kept TO :'file' WITH (FORMAT binary);
CREATE TEMP TABLE copied (j journey);
COPY copied FROM :'file' WITH (FORMAT binary);
\setenv file :file
\! rm -f "$file"
SELECT count(*), count(length(j)), max(length(j)) FROM copied;
SELECT count(*) FROM (SELECT j::text FROM kept EXCEPT ALL SELECT j::text FROM copied) AS d;

-- fractribution's example: D A B B C D C C
SELECT path_unique(j), path_exposure(j), path_first(j), path_frequency(j) FROM (SELECT 'D > A > B > B > C > D > C > C'::journey) AS v (j);
SELECT path_trim_long(j, 3), path_trim_long(j, 8) = j AS whole, path_remove_if_not_all(j, 'C') AS without_c, path_remove_if_last_and_not_all(j, 'C') AS not_last_c
FROM (SELECT 'D > A > B > B > C > D > C > C'::journey) AS v (j);
SELECT path_remove_if_not_all('C > C', 'C') AS all_c, path_remove_if_last_and_not_all('C > C', 'C') AS last_all_c, path_remove_if_not_all('', 'C') AS nothing,
	path_remove_if_not_all('C > A', 'Q') AS other, path_plain('a [click] > b [2026-01-01T00:00:00Z]') AS plain, path_exposure(NULL) AS none;
SELECT path_exposure('a [click] > a [view] > b [2026-01-01T00:00:00Z]') AS keeps_first, path_frequency('a [click] > b > a [view]') AS keeps_kind;
SELECT path_trim_long('a', 0);
-- transforms compose in their order: some paths, checked against arrays in SQL
WITH path AS (
	SELECT i, (SELECT array_agg(substr('ABCD', 1 + (hashint8(i * 100 + n) & 3), 1) ORDER BY n) FROM generate_series(1, 1 + i % 9) AS n) AS c
	FROM generate_series(1, 200) AS i
)
SELECT count(*) FILTER (WHERE path_exposure(journey(c)) <> journey(ARRAY(
		SELECT u.x FROM (SELECT x, n, lag(x) OVER (ORDER BY n) AS before FROM unnest(c) WITH ORDINALITY AS e (x, n)) AS u WHERE u.before IS DISTINCT FROM u.x ORDER BY u.n))) AS exposure,
	count(*) FILTER (WHERE path_first(path_exposure(journey(c))) <> path_first(journey(c))) AS first,
	count(*) FILTER (WHERE channels(path_trim_long(journey(c), 4)) <> c[greatest(1, cardinality(c) - 3):]) AS trim,
	count(*) FILTER (WHERE path_trim_long(path_remove_if_not_all(journey(c), 'A'), 100) <>
		CASE WHEN array_remove(c, 'A') = '{}' THEN journey(c) ELSE journey(array_remove(c, 'A')) END) AS remove_all,
	count(*) FILTER (WHERE path_remove_if_last_and_not_all(journey(c), 'B')::text <>
		CASE WHEN regexp_replace(array_to_string(c, ''), 'B+$', '') = '' THEN journey(c)::text
			ELSE journey(string_to_array(regexp_replace(array_to_string(c, ''), 'B+$', ''), NULL))::text END) AS remove_last
FROM path;

-- the aggregate sorts itself, ties by channel and kind
SELECT journey_agg(at, channel) FROM (VALUES (timestamptz '2026-01-02 00:00Z', 'b'), ('2026-01-01 00:00Z', 'z'), ('2026-01-02 00:00Z', 'a'), (NULL, 'first'), ('2026-01-05 00:00Z', NULL)) AS v (at, channel);
SELECT journey_agg(at, channel, kind) FROM (VALUES (timestamptz '2026-01-02 00:00Z', 'a', 'view'), ('2026-01-02 00:00Z', 'a', 'click'), ('2026-01-02 00:00Z', 'a', NULL)) AS v (at, channel, kind);
SELECT journey_agg(now(), 'a') IS NULL AS no_rows FROM generate_series(1, 0);
SELECT journey_agg(NULL::timestamptz, NULL::text) AS no_touches;
SELECT journey_agg(now(), 'a', 'tap');
SELECT journey_agg('infinity', 'a');

-- any order of rows and any number of workers give the same journeys
CREATE TABLE public.touch AS
SELECT (i * 7919) % 97 AS person, timestamptz '2026-01-01 00:00Z' + ((i * 104729) % 5000) * interval '1 minute' AS at, 'c' || (i * 31) % 7 AS channel,
	(ARRAY['click', 'view', 'engaged_view', NULL])[1 + i % 4] AS kind
FROM generate_series(1, 4000) AS i;
ANALYZE public.touch;
CREATE TABLE public.serial AS SELECT person, journey_agg(at, channel, kind) AS j FROM public.touch GROUP BY person;
SELECT count(*), sum(length(j)) FROM public.serial;
SELECT count(*) AS reversed FROM (SELECT person, journey_agg(at, channel, kind) AS j FROM (SELECT * FROM public.touch ORDER BY ctid DESC) AS t GROUP BY person) AS r
	JOIN public.serial AS s USING (person) WHERE s.j <> r.j;
SELECT count(*) AS not_as_sql FROM (SELECT person, array_agg(channel ORDER BY at, channel COLLATE "C") AS c FROM public.touch GROUP BY person) AS r
	JOIN public.serial AS s USING (person) WHERE channels(s.j) <> r.c;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT journey_agg(at, channel, kind) FROM public.touch;
SELECT journey_agg(at, channel, kind)::text = (SELECT string_agg(u.t, ' > ' ORDER BY at, channel COLLATE "C", kind COLLATE "C" NULLS FIRST)
	FROM (SELECT t.at, t.channel, t.kind, journey_agg(t.at, t.channel, t.kind)::text AS t FROM public.touch AS t GROUP BY t.ctid, t.at, t.channel, t.kind) AS u) AS parallel_as_sql
FROM public.touch;
DROP TABLE public.touch, public.serial;
