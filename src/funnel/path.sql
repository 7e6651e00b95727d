-- funnel_path and funnel_attempts: attempts at a funnel, by the options of product analytics

CREATE TYPE tiktokads.funnel_attempt AS (level int, reached timestamptz[]);
COMMENT ON TYPE tiktokads.funnel_attempt IS 'An attempt at a funnel.';
COMMENT ON COLUMN tiktokads.funnel_attempt.level IS 'Steps done.';
COMMENT ON COLUMN tiktokads.funnel_attempt.reached IS 'When each level was reached; NULL for those that were not.';

CREATE FUNCTION tiktokads.funnel_path_step(internal, interval, text, jsonb, timestamptz, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_path_step';
COMMENT ON FUNCTION tiktokads.funnel_path_step IS 'Support of funnel_path and funnel_attempts: adds a row.';
CREATE FUNCTION tiktokads.funnel_path_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_path_combine';
COMMENT ON FUNCTION tiktokads.funnel_path_combine IS 'Support of funnel_path and funnel_attempts: combines the states of two workers.';
CREATE FUNCTION tiktokads.funnel_path_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_path_serialize';
COMMENT ON FUNCTION tiktokads.funnel_path_serialize IS 'Support of funnel_path and funnel_attempts: writes a state for another process.';
CREATE FUNCTION tiktokads.funnel_path_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_path_deserialize';
COMMENT ON FUNCTION tiktokads.funnel_path_deserialize IS 'Support of funnel_path and funnel_attempts: reads what funnel_path_serialize wrote.';
CREATE FUNCTION tiktokads.funnel_path_final(internal) RETURNS tiktokads.funnel_attempt
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_path_final';
COMMENT ON FUNCTION tiktokads.funnel_path_final IS 'Support of funnel_path: the best attempt.';
CREATE FUNCTION tiktokads.funnel_attempts_final(internal) RETURNS tiktokads.funnel_attempt[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_attempts_final';
COMMENT ON FUNCTION tiktokads.funnel_attempts_final IS 'Support of funnel_attempts: the attempts.';

CREATE AGGREGATE tiktokads.funnel_path(win interval, mode text, options jsonb, at timestamptz, VARIADIC steps boolean[])
(
	SFUNC = tiktokads.funnel_path_step, STYPE = internal, SSPACE = 2048, FINALFUNC = tiktokads.funnel_path_final,
	COMBINEFUNC = tiktokads.funnel_path_combine, SERIALFUNC = tiktokads.funnel_path_serialize, DESERIALFUNC = tiktokads.funnel_path_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.funnel_path(interval, text, jsonb, timestamptz, boolean[]) IS
'The best attempt of a group at a funnel: the level it got to and when each level was reached. Without options (NULL or {}) the level is that of window_funnel. Options: "exclude": [{"step": 4, "after": 1, "before": 2}], condition 4 is no step but ends an attempt that has reached level 1 and not yet level 2; "any_order": [[2, 3]], these steps in any order; "reentry": "first", only the first first step begins an attempt, "every", the next one after each attempt does, "optimised", each does and the best attempt counts; "session" and "hold", values of the row: an attempt stays within one session and one held value, a null leaves the row out; "count": see funnel_attempts. Rows without a time are left out, a NULL step is not satisfied, no rows give NULL. All but session and hold must be the same in all rows of a group.';

CREATE AGGREGATE tiktokads.funnel_attempts(win interval, mode text, options jsonb, at timestamptz, VARIADIC steps boolean[])
(
	SFUNC = tiktokads.funnel_path_step, STYPE = internal, SSPACE = 2048, FINALFUNC = tiktokads.funnel_attempts_final,
	COMBINEFUNC = tiktokads.funnel_path_combine, SERIALFUNC = tiktokads.funnel_path_serialize, DESERIALFUNC = tiktokads.funnel_path_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.funnel_attempts(interval, text, jsonb, timestamptz, boolean[]) IS
'The attempts of a group at a funnel that count, in order of time: by option "count" the best one ("person", the default), the best one of each session ("session"), or all ("total", with re-entry "every" unless told otherwise). See funnel_path. An empty array when there is no attempt; no rows give NULL.';
