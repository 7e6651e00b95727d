-- scores, forecasts, decompositions, changes and outliers

SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\pset null NULL

-- monthly airline passengers 1949-1960 (Box and Jenkins)
CREATE TABLE passengers AS
SELECT y::float8 AS y, timestamp '1949-01-01' + (i - 1) * interval '1 month' AS at
FROM unnest('{112,118,132,129,121,135,148,148,136,119,104,118,115,126,141,135,125,149,170,170,158,133,114,140,145,150,178,163,172,178,199,199,184,162,146,166,171,180,193,181,183,218,230,242,209,191,172,194,196,196,236,235,229,243,264,272,237,211,180,201,204,188,235,227,234,264,302,293,259,229,203,229,242,233,267,269,270,315,364,347,312,274,237,278,284,277,317,313,318,374,413,405,355,306,271,306,315,301,356,348,355,422,465,467,404,347,305,336,340,318,362,348,363,435,491,505,404,359,310,337,360,342,406,396,420,472,548,559,463,407,362,405,417,391,419,461,472,535,622,606,508,461,390,432}'::int[]) WITH ORDINALITY AS u (y, i);

-- Holt-Winters with fixed parameters forecasts as R's HoltWinters() does, to 1e-9
SELECT count(*), max(abs(p.mean - r.f)) < 1e-9 AS equal, min(p.at), max(p.at)
FROM (SELECT tiktokads.forecast(y, at, 24, '{"method": "holt_winters", "seasonal": "multiplicative", "alpha": 0.3, "beta": 0.1, "gamma": 0.2}') AS f FROM passengers) AS m
	CROSS JOIN unnest(m.f) AS p
	JOIN unnest('{455.606185075798,448.907290248123,519.936031744239,517.936429449976,520.333285167548,593.48210285896,660.240257484714,650.182279556931,557.492247307486,492.247254879238,430.104273972615,484.993744235526,499.794663733128,492.096979727414,569.561571227986,566.981025569036,569.219085976824,648.807150439406,721.314125197822,709.865687284149,608.278689526663,536.752148213902,468.699925584221,528.19189942331}'::float8[]) WITH ORDINALITY AS r (f, step) ON r.step = p.step;
SELECT (m ->> 'sse')::float8 <= 16570.7778669999 AS fits_no_worse, round((m ->> 'alpha')::numeric, 3) AS alpha, m ->> 'model' AS model
FROM (SELECT tiktokads.forecast_model(y, at, '{"method": "holt_winters", "seasonal": "multiplicative"}') AS m FROM passengers) AS x;

-- any order of rows gives the same answer, and so does any number of workers
SELECT (SELECT tiktokads.forecast(y, at, 12 ORDER BY at) FROM passengers)::text = (SELECT tiktokads.forecast(y, at, 12 ORDER BY y) FROM passengers)::text AS same;
CREATE TABLE many AS
SELECT s AS series, timestamp '2026-01-01' + i * interval '1 day' AS at, 10 + s + 3 * sin(i * 2 * pi() / 7) + i % 5 AS value
FROM generate_series(1, 4) AS s, generate_series(1, 60) AS i;
ANALYZE many;
SELECT series, tiktokads.forecast(value, at, 3)::text AS f, tiktokads.stl(value, at, 7)::text AS s, tiktokads.change_points(value, at)::text AS c,
	tiktokads.seasonal_esd(value, at)::text AS e, tiktokads.forecast_model(value, at)::text AS m
INTO alone FROM many GROUP BY series;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT series, tiktokads.forecast(value, at, 3) FROM many GROUP BY series;
SELECT count(*) AS different FROM (
	SELECT series, tiktokads.forecast(value, at, 3)::text, tiktokads.stl(value, at, 7)::text, tiktokads.change_points(value, at)::text,
		tiktokads.seasonal_esd(value, at)::text, tiktokads.forecast_model(value, at)::text FROM many GROUP BY series
	EXCEPT SELECT * FROM alone) AS d;
RESET max_parallel_workers_per_gather;

-- several seasons: days and weeks that repeat exactly are continued exactly
SELECT count(*) AS steps, max(abs(f.mean - (10 + extract(hour FROM f.at) + 100 * extract(isodow FROM f.at)))) < 0.01 AS continued
FROM unnest((SELECT tiktokads.forecast(10 + extract(hour FROM at) + 100 * extract(isodow FROM at), at, 48)
	FROM generate_series(timestamp '2026-01-05', '2026-02-28 23:00', '1 hour') AS at)) AS f;
-- a combination with its interval; other levels, other methods
SELECT bool_and(p.lower < p.mean AND p.mean < p.upper) AS inside, count(*) FROM unnest((SELECT tiktokads.forecast(y, at, 12) FROM passengers)) AS p;
SELECT p.step, p.at, round(p.mean::numeric, 6) AS mean, round(p.lower::numeric, 3) AS lower, round(p.upper::numeric, 3) AS upper
FROM unnest((SELECT tiktokads.forecast(v, timestamp '2026-01-01' + v * interval '1 day', 2, '{"method": "naive", "level": 0.5}') FROM generate_series(1, 4) AS v)) AS p;
SELECT p.step, p.at, p.mean FROM unnest((SELECT tiktokads.forecast(i % 7, date '2026-01-01' + i, 8, '{"method": "seasonal_naive"}') FROM generate_series(0, 27) AS i)) AS p;
SELECT (tiktokads.forecast(i, timestamptz '2026-01-01 12:00+00' + i * interval '1 hour', 1))[1].at FROM generate_series(1, 30) AS i;

-- defined results of series that are none
SELECT tiktokads.forecast(1, timestamp '2026-01-01', 2), tiktokads.forecast(NULL, timestamp '2026-01-01', 2),
	tiktokads.forecast('NaN', timestamp '2026-01-01', 2), tiktokads.forecast('Infinity', timestamp '2026-01-01', 2);
SELECT tiktokads.forecast(1, at, 2), tiktokads.stl(y, at, 12), tiktokads.change_points(y, at), tiktokads.seasonal_esd(y, at), tiktokads.forecast_model(y, at)
FROM passengers WHERE false;
SELECT (SELECT p.mean FROM unnest(f) AS p LIMIT 1) AS constant FROM (SELECT tiktokads.forecast(5, at, 2) AS f FROM passengers) AS x;
SELECT bool_and(abs(a.mean / 1e15 / b.mean - 1) < 1e-3) AS scaled
FROM unnest((SELECT tiktokads.forecast(y * 1e15, at, 6) FROM passengers)) AS a JOIN unnest((SELECT tiktokads.forecast(y, at, 6) FROM passengers)) AS b USING (step);

-- errors name what is allowed
SELECT tiktokads.forecast(y, at, 0) FROM passengers;
SELECT tiktokads.forecast(y, at, NULL) FROM passengers;
SELECT tiktokads.forecast(y, at, 3, '{"method": "oracle"}') FROM passengers;
SELECT tiktokads.forecast(y, at, 3, '{"colour": "red"}') FROM passengers;
SELECT tiktokads.forecast(y, at, 3, '{"level": "high"}') FROM passengers;
SELECT tiktokads.forecast(y, at, 3, '[]') FROM passengers;
SELECT tiktokads.forecast(y, at, y::int) FROM passengers;
SELECT tiktokads.stl(y, at, 1) FROM passengers;
SELECT tiktokads.forecast(y, at, 3, '{"method": "holt_winters", "period": 1}') FROM passengers;

-- a decomposition adds up, and fills gaps without claiming to have measured them
SELECT count(*), bool_and(abs(p.trend + p.seasonal + p.remainder - t.y) < 1e-9) AS adds_up
FROM unnest((SELECT tiktokads.stl(y, at, 12, '{"seasonal_window": "periodic", "robust": true}') FROM passengers)) AS p JOIN passengers AS t USING (at);
SELECT p.at, p.remainder IS NULL AS gap FROM unnest((SELECT tiktokads.stl(y, at, 12) FROM passengers WHERE at <> '1950-03-01')) AS p WHERE p.remainder IS NULL;

SELECT p.trend, p.seasonal, p.remainder FROM unnest((SELECT tiktokads.stl(3, timestamp '2026-01-01', 7))) AS p;
SELECT count(*), bool_and(p.seasonal = 0) AS no_season, max(abs(p.remainder)) < 1e-9 AS straight FROM unnest((SELECT tiktokads.stl(2 * i, date '2026-01-01' + i, 7) FROM generate_series(1, 10) AS i)) AS p;

-- changes of level
SELECT p.at, p.before, p.after, p.p_value < 0.001 AS sure
FROM unnest((SELECT tiktokads.change_points(CASE WHEN i >= 30 THEN 5 ELSE 1 END + i % 2, date '2026-01-01' + i) FROM generate_series(0, 59) AS i)) AS p;
SELECT tiktokads.change_points(7, date '2026-01-01' + i) FROM generate_series(0, 59) AS i;

-- outliers
SELECT p.at, p.value, round(p.expected::numeric, 1) AS expected, p.distance > 5 AS far, p.p_value < 0.001 AS sure
FROM unnest((SELECT tiktokads.seasonal_esd(CASE WHEN i = 40 THEN 50 ELSE 10 + i * 7919 % 13 / 10.0 + i % 7 END, date '2026-01-01' + i) FROM generate_series(0, 69) AS i)) AS p;
SELECT tiktokads.seasonal_esd(7, date '2026-01-01' + i) FROM generate_series(0, 59) AS i;

-- anomaly_score
CREATE TABLE stream AS
SELECT i, timestamp '2026-01-01' + i * interval '1 hour' AS at,
	CASE WHEN i BETWEEN 900 AND 905 THEN 400 ELSE 100 + 20 * sin(i * 2 * pi() / 24) + i * 7919 % 101 / 20.0 END AS value
FROM generate_series(1, 1200) AS i;
CREATE TABLE scored AS SELECT i, at, value, tiktokads.anomaly_score(value, at) OVER (ORDER BY at) AS score FROM stream;
SELECT bool_and(score BETWEEN 0 AND 1) AS in_range, count(*) FILTER (WHERE score >= 0.5 AND i BETWEEN 900 AND 905) AS told, count(*) FILTER (WHERE score >= 0.5 AND i > 100) AS alerts FROM scored;
-- a score does not depend on what comes after
SELECT count(*) AS different FROM (
	SELECT i, tiktokads.anomaly_score(value, at) OVER (ORDER BY at) AS score FROM stream WHERE i <= 901
	EXCEPT SELECT i, score FROM scored) AS d;
-- nor on units
SELECT max(abs(score - moved)) < 1e-6 AS equal FROM (
	SELECT s.score, tiktokads.anomaly_score(s.value * 1024 - 77, s.at) OVER (ORDER BY s.at) AS moved FROM scored AS s) AS x;
-- partitions are streams of their own, and instants have the session's hours
SELECT count(*) AS different FROM (
	SELECT i, tiktokads.anomaly_score(value, at::timestamptz) OVER (PARTITION BY half ORDER BY at) AS score
	FROM stream CROSS JOIN (VALUES (1), (2)) AS h (half)
	EXCEPT SELECT i, score FROM scored) AS d;
-- gaps and what is no number
SELECT i, tiktokads.anomaly_score(v, at) OVER (ORDER BY at) AS score
FROM (VALUES (1, 1.0::float8), (2, NULL), (3, 'NaN'), (4, 'Infinity'), (5, 'Infinity'), (6, 1), (7, '-Infinity')) AS x (i, v) CROSS JOIN LATERAL (SELECT timestamp '2026-01-01' + i * interval '1 day' AS at) AS a;
SELECT tiktokads.anomaly_score(1, NULL::timestamp) OVER (), tiktokads.anomaly_score(1, timestamp 'infinity') OVER ();
SELECT max(score) AS constant FROM (SELECT tiktokads.anomaly_score(5, at) OVER (ORDER BY at) AS score FROM stream) AS x;
SELECT max(score) FILTER (WHERE up > 0) > 0 AS rises, count(*) FILTER (WHERE i = 900 AND down = 0) AS no_fall
FROM (SELECT i, score, tiktokads.anomaly_score(value, at, '{"direction": "up"}') OVER (ORDER BY at) AS up,
	tiktokads.anomaly_score(value, at, '{"direction": "down"}') OVER (ORDER BY at) AS down FROM scored) AS x;
SELECT count(*) AS scored FROM (SELECT tiktokads.anomaly_score(value, at, '{"warm_up": 2000}') OVER (ORDER BY at) AS score FROM stream) AS x WHERE score > 0;
SELECT tiktokads.anomaly_score(value, at, '{"direction": "sideways"}') OVER (ORDER BY at) FROM stream;
SELECT tiktokads.anomaly_score(value, at, '{"tuning": 1}') OVER (ORDER BY at) FROM stream;

-- day_band
SELECT (b).expected BETWEEN 9 AND 11 AS expected, (b).down > 3 AS so_little, (b).up
FROM (SELECT d, tiktokads.day_band('count', date '2026-01-01' + d, CASE WHEN d = 30 THEN 0 ELSE 10 END) OVER (ORDER BY d) AS b FROM generate_series(1, 30) AS d) AS x WHERE d = 30;
SELECT count(b) AS judged FROM (SELECT tiktokads.day_band('amount', date '2026-01-01' + d, 10) OVER (ORDER BY d) AS b FROM generate_series(1, 7) AS d) AS x;
SELECT tiktokads.day_band('colour', date '2026-01-01', 1) OVER ();
