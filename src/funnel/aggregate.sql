-- window_funnel, sequence_match, sequence_count, sequence_events, retention

CREATE FUNCTION tiktokads.funnel_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_combine';
COMMENT ON FUNCTION tiktokads.funnel_combine IS 'Support of the funnel and sequence aggregates: combines the states of two workers.';

CREATE FUNCTION tiktokads.funnel_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_serialize';
COMMENT ON FUNCTION tiktokads.funnel_serialize IS 'Support of the funnel and sequence aggregates: writes a state for another process.';

CREATE FUNCTION tiktokads.funnel_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_funnel_deserialize';
COMMENT ON FUNCTION tiktokads.funnel_deserialize IS 'Support of the funnel and sequence aggregates: reads what funnel_serialize wrote.';

CREATE FUNCTION tiktokads.window_funnel_step(internal, interval, text, timestamptz, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_window_funnel_step';
COMMENT ON FUNCTION tiktokads.window_funnel_step(internal, interval, text, timestamptz, boolean[]) IS 'Support of window_funnel: adds a row.';
CREATE FUNCTION tiktokads.window_funnel_step(internal, interval, text, timestamp, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_window_funnel_step';
COMMENT ON FUNCTION tiktokads.window_funnel_step(internal, interval, text, timestamp, boolean[]) IS 'Support of window_funnel: adds a row.';
CREATE FUNCTION tiktokads.window_funnel_step(internal, bigint, text, bigint, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_window_funnel_step_bigint';
COMMENT ON FUNCTION tiktokads.window_funnel_step(internal, bigint, text, bigint, boolean[]) IS 'Support of window_funnel: adds a row.';
CREATE FUNCTION tiktokads.window_funnel_final(internal) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_window_funnel_final';
COMMENT ON FUNCTION tiktokads.window_funnel_final IS 'Support of window_funnel: the level.';

CREATE AGGREGATE tiktokads.window_funnel(win interval, mode text, at timestamptz, VARIADIC steps boolean[])
(
	SFUNC = tiktokads.window_funnel_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.window_funnel_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.window_funnel(interval, text, timestamptz, boolean[]) IS
'How many of up to 64 steps happened in order, the last at most win after the first: ClickHouse''s windowFunnel. The rows may come in any order. mode: a comma-separated list of strict_order, strict_deduplication, strict_increase, strict_once, allow_reentry (with strict_order), or empty or NULL for none. A day of win is 24 hours; months and negative windows are refused. Rows without a time are left out, a NULL step is not satisfied, no rows give 0. win, mode and number of steps must be the same in all rows of a group.';

CREATE AGGREGATE tiktokads.window_funnel(win interval, mode text, at timestamp, VARIADIC steps boolean[])
(
	SFUNC = tiktokads.window_funnel_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.window_funnel_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.window_funnel(interval, text, timestamp, boolean[]) IS
'As window_funnel over timestamptz, for times without a zone.';

CREATE AGGREGATE tiktokads.window_funnel(win bigint, mode text, at bigint, VARIADIC steps boolean[])
(
	SFUNC = tiktokads.window_funnel_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.window_funnel_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.window_funnel(bigint, text, bigint, boolean[]) IS
'As window_funnel over timestamptz, for times that are numbers of any unit; win is in the same unit.';

CREATE FUNCTION tiktokads.sequence_step(internal, text, timestamptz, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_step';
COMMENT ON FUNCTION tiktokads.sequence_step(internal, text, timestamptz, boolean[]) IS 'Support of the sequence aggregates: adds a row.';
CREATE FUNCTION tiktokads.sequence_step(internal, text, timestamp, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_step';
COMMENT ON FUNCTION tiktokads.sequence_step(internal, text, timestamp, boolean[]) IS 'Support of the sequence aggregates: adds a row.';
CREATE FUNCTION tiktokads.sequence_step(internal, text, bigint, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_step_bigint';
COMMENT ON FUNCTION tiktokads.sequence_step(internal, text, bigint, boolean[]) IS 'Support of the sequence aggregates: adds a row.';
CREATE FUNCTION tiktokads.sequence_match_final(internal) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_match_final';
COMMENT ON FUNCTION tiktokads.sequence_match_final IS 'Support of sequence_match: whether the pattern matches.';
CREATE FUNCTION tiktokads.sequence_count_final(internal) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_count_final';
COMMENT ON FUNCTION tiktokads.sequence_count_final IS 'Support of sequence_count: how many matches there are.';
CREATE FUNCTION tiktokads.sequence_events_final_timestamptz(internal) RETURNS timestamptz[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_events_final';
COMMENT ON FUNCTION tiktokads.sequence_events_final_timestamptz IS 'Support of sequence_events: the times.';
CREATE FUNCTION tiktokads.sequence_events_final_timestamp(internal) RETURNS timestamp[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_events_final';
COMMENT ON FUNCTION tiktokads.sequence_events_final_timestamp IS 'Support of sequence_events: the times.';
CREATE FUNCTION tiktokads.sequence_events_final_bigint(internal) RETURNS bigint[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_sequence_events_final';
COMMENT ON FUNCTION tiktokads.sequence_events_final_bigint IS 'Support of sequence_events: the times.';

CREATE AGGREGATE tiktokads.sequence_match(pattern text, at timestamptz, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_match_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_match(text, timestamptz, boolean[]) IS
'Whether the events of a group match a pattern: ClickHouse''s sequenceMatch. Pattern: (?N) an event that satisfies condition N, . any one event, .* any number of events, (?t<=v) and likewise < >= > ==: on to an event so many seconds after the one before. Only rows that satisfy a condition exist; rows of one moment come in the order of their conditions. Rows without a time are left out, a NULL condition is not satisfied, no rows give false. A pattern that does not parse is an error with its position.';

CREATE AGGREGATE tiktokads.sequence_match(pattern text, at timestamp, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_match_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_match(text, timestamp, boolean[]) IS
'As sequence_match over timestamptz, for times without a zone.';

CREATE AGGREGATE tiktokads.sequence_match(pattern text, at bigint, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_match_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_match(text, bigint, boolean[]) IS
'As sequence_match over timestamptz, for times that are numbers; times in the pattern are in their unit.';

CREATE AGGREGATE tiktokads.sequence_count(pattern text, at timestamptz, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_count_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_count(text, timestamptz, boolean[]) IS
'How many times the events of a group match a pattern without overlap: ClickHouse''s sequenceCount. See sequence_match. No rows give 0.';

CREATE AGGREGATE tiktokads.sequence_count(pattern text, at timestamp, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_count_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_count(text, timestamp, boolean[]) IS
'As sequence_count over timestamptz, for times without a zone.';

CREATE AGGREGATE tiktokads.sequence_count(pattern text, at bigint, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_count_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_count(text, bigint, boolean[]) IS
'As sequence_count over timestamptz, for times that are numbers; times in the pattern are in their unit.';

CREATE AGGREGATE tiktokads.sequence_events(pattern text, at timestamptz, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_events_final_timestamptz,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_events(text, timestamptz, boolean[]) IS
'When the steps (?N) of the first match happened, in the order of the pattern; without a match those of the longest beginning of one, and NULL for the steps that it lacks. See sequence_match. No rows give NULL.';

CREATE AGGREGATE tiktokads.sequence_events(pattern text, at timestamp, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_events_final_timestamp,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_events(text, timestamp, boolean[]) IS
'As sequence_events over timestamptz, for times without a zone.';

CREATE AGGREGATE tiktokads.sequence_events(pattern text, at bigint, VARIADIC conds boolean[])
(
	SFUNC = tiktokads.sequence_step, STYPE = internal, SSPACE = 1024, FINALFUNC = tiktokads.sequence_events_final_bigint,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.sequence_events(text, bigint, boolean[]) IS
'As sequence_events over timestamptz, for times that are numbers; times in the pattern are in their unit.';

CREATE FUNCTION tiktokads.retention_step(internal, VARIADIC boolean[]) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_retention_step';
COMMENT ON FUNCTION tiktokads.retention_step IS 'Support of retention: adds a row.';
CREATE FUNCTION tiktokads.retention_final(internal) RETURNS boolean[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_retention_final';
COMMENT ON FUNCTION tiktokads.retention_final IS 'Support of retention: the answer.';

CREATE AGGREGATE tiktokads.retention(VARIADIC conds boolean[])
(
	SFUNC = tiktokads.retention_step, STYPE = internal, SSPACE = 128, FINALFUNC = tiktokads.retention_final,
	COMBINEFUNC = tiktokads.funnel_combine, SERIALFUNC = tiktokads.funnel_serialize, DESERIALFUNC = tiktokads.funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.retention(boolean[]) IS
'For each of up to 64 conditions, whether it and the first were ever true in the group: ClickHouse''s retention. NULL is not true; no rows give NULL.';
