-- funnels as tables: over the model's events, over any query, over a whole table at once, over TikTok's own reports

CREATE FUNCTION tiktokads.funnel(steps text[], from_date date, to_date date, win interval DEFAULT '7 days', mode text DEFAULT '',
	by text DEFAULT 'person', breakdown text DEFAULT NULL, options jsonb DEFAULT '{}', zone text DEFAULT NULL)
RETURNS TABLE (step int, name text, breakdown text, people bigint, rate_from_previous float8, rate_from_first float8,
	drop_off bigint, median_seconds float8, p90_seconds float8)
LANGUAGE c STABLE ROWS 10 COST 100000 AS 'MODULE_PATHNAME', 'tiktokads_funnel';
COMMENT ON FUNCTION tiktokads.funnel IS
'A conversion funnel over tiktokads.event. steps: names of events, or conditions on its columns such as name = ''purchase'' AND value > 50. Events of the days from_date to to_date, both included, of time zone zone (the session''s when NULL) are read. win: how long after the first step the last may be, a day is 24 hours; mode: as window_funnel. by: person (each counts once, by its best attempt), session (events without one are left out) or total (attempts). breakdown: column or key of properties, of the event that began the attempt; campaign also looks at utm_campaign and campaign_id in the URL. options: as funnel_path, exclusions may name a step as text, hold names a column or key of properties. people: how many reached the step; rates are shares from 0 to 1, NULL of nobody; drop_off: how many reached the step before and not this one; median_seconds and p90_seconds: since the step before, NULL for the first. Runs read-only with the caller''s rights.';

CREATE FUNCTION tiktokads.funnel_trend(steps text[], from_date date, to_date date, win interval DEFAULT '7 days', mode text DEFAULT '',
	by text DEFAULT 'person', breakdown text DEFAULT NULL, options jsonb DEFAULT '{}', zone text DEFAULT NULL)
RETURNS TABLE (day date, step int, name text, breakdown text, people bigint, rate_from_previous float8, rate_from_first float8,
	drop_off bigint, median_seconds float8, p90_seconds float8)
LANGUAGE c STABLE ROWS 100 COST 100000 AS 'MODULE_PATHNAME', 'tiktokads_funnel_trend';
COMMENT ON FUNCTION tiktokads.funnel_trend IS
'tiktokads.funnel() for each day of time zone zone: an attempt belongs to the day on which it began, and a person counts once for each day on which it began one. Without breakdown every day has rows.';

CREATE FUNCTION tiktokads.funnel_query(events text, steps text[], win interval DEFAULT '7 days', mode text DEFAULT '',
	by text DEFAULT 'person', breakdown text DEFAULT NULL, options jsonb DEFAULT '{}')
RETURNS TABLE (step int, name text, breakdown text, people bigint, rate_from_previous float8, rate_from_first float8,
	drop_off bigint, median_seconds float8, p90_seconds float8)
LANGUAGE c STABLE ROWS 10 COST 100000 AS 'MODULE_PATHNAME', 'tiktokads_funnel_query';
COMMENT ON FUNCTION tiktokads.funnel_query IS
'tiktokads.funnel() over a query or relation of yours that yields person (any type that hashes) and at (timestamp or date), name when steps are names of events, session when counted by session, and whatever conditions and breakdown refer to. Rows without person or at are left out. Runs read-only with the caller''s rights and search_path.';

CREATE FUNCTION tiktokads.funnel_levels(relation text, person text, at text, steps text[], win interval, mode text DEFAULT '')
RETURNS TABLE (level int, people bigint)
LANGUAGE c STABLE ROWS 10 COST 100000 AS 'MODULE_PATHNAME', 'tiktokads_funnel_levels';
COMMENT ON FUNCTION tiktokads.funnel_levels(text, text, text, text[], interval, text) IS
'How many people got how far, for a whole relation or query in one pass: what window_funnel() grouped by person and counted by level gives, faster. person and at are columns or expressions of it; steps are conditions, boolean columns, or values of its column name. Levels that nobody stopped at have no row; people are left out where person is NULL, and count at level 0 when none of their rows serves. Holds 20 bytes for each row that satisfies a step and about 32 for each person in memory, 36 while they are sorted. Runs read-only with the caller''s rights and search_path.';

CREATE FUNCTION tiktokads.funnel_levels(relation text, person text, at text, steps text[], win bigint, mode text DEFAULT '')
RETURNS TABLE (level int, people bigint)
LANGUAGE c STABLE ROWS 10 COST 100000 AS 'MODULE_PATHNAME', 'tiktokads_funnel_levels';
COMMENT ON FUNCTION tiktokads.funnel_levels(text, text, text, text[], bigint, text) IS
'funnel_levels() for times that are integers; win is in their unit.';

CREATE FUNCTION tiktokads.funnel_levels(relation text, person text, at text, steps text[], win text, mode text DEFAULT '')
RETURNS TABLE (level int, people bigint)
LANGUAGE c STABLE ROWS 10 COST 100000 AS 'MODULE_PATHNAME', 'tiktokads_funnel_levels';
COMMENT ON FUNCTION tiktokads.funnel_levels(text, text, text, text[], text, text) IS
'funnel_levels() with a window that is written without a type: an interval or a number, as the times are.';
