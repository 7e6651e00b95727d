-- type journey: a person's ordered touches

CREATE TYPE tiktokads.journey;

CREATE FUNCTION tiktokads.journey_in(cstring) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_in';
COMMENT ON FUNCTION tiktokads.journey_in IS 'Text input of type journey.';
CREATE FUNCTION tiktokads.journey_out(tiktokads.journey) RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_out';
COMMENT ON FUNCTION tiktokads.journey_out IS 'Text output of type journey.';
CREATE FUNCTION tiktokads.journey_recv(internal) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_recv';
COMMENT ON FUNCTION tiktokads.journey_recv IS 'Binary input of type journey.';
CREATE FUNCTION tiktokads.journey_send(tiktokads.journey) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_send';
COMMENT ON FUNCTION tiktokads.journey_send IS 'Binary output of type journey.';

CREATE TYPE tiktokads.journey
(
	INPUT = tiktokads.journey_in,
	OUTPUT = tiktokads.journey_out,
	RECEIVE = tiktokads.journey_recv,
	SEND = tiktokads.journey_send,
	STORAGE = extended
);
COMMENT ON TYPE tiktokads.journey IS 'A person''s touches in order: alpha > "be > ta" [2026-01-31T12:00:00Z click] > alpha. White space around channels is trimmed and empty tokens are dropped; a channel with > " [ ], a control character or white space at its ends is in quotes, a quote inside doubled. A touch may carry a time (shown in UTC) and a kind (click, view, engaged_view). Comparison and hashing see everything that the text shows.';

CREATE FUNCTION tiktokads.journey_eq(tiktokads.journey, tiktokads.journey) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'tiktokads_journey_eq';
COMMENT ON FUNCTION tiktokads.journey_eq IS 'True when two journeys read the same: channels, times and kinds. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_ne(tiktokads.journey, tiktokads.journey) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'tiktokads_journey_ne';
COMMENT ON FUNCTION tiktokads.journey_ne IS 'True when two journeys do not read the same. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_lt(tiktokads.journey, tiktokads.journey) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_lt';
COMMENT ON FUNCTION tiktokads.journey_lt IS 'Order of journeys: touch by touch, by channel (its bytes), time, kind; the shorter first. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_le(tiktokads.journey, tiktokads.journey) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_le';
COMMENT ON FUNCTION tiktokads.journey_le IS 'Order of journeys, see journey_lt. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_gt(tiktokads.journey, tiktokads.journey) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_gt';
COMMENT ON FUNCTION tiktokads.journey_gt IS 'Order of journeys, see journey_lt. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_ge(tiktokads.journey, tiktokads.journey) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_ge';
COMMENT ON FUNCTION tiktokads.journey_ge IS 'Order of journeys, see journey_lt. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_cmp(tiktokads.journey, tiktokads.journey) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_cmp';
COMMENT ON FUNCTION tiktokads.journey_cmp IS 'Order of journeys, see journey_lt: -1, 0 or 1. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_hash(tiktokads.journey) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_hash';
COMMENT ON FUNCTION tiktokads.journey_hash IS 'Hash of everything that the text of a journey shows. NULL for NULL.';
CREATE FUNCTION tiktokads.journey_hash_extended(tiktokads.journey, bigint) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_hash_extended';
COMMENT ON FUNCTION tiktokads.journey_hash_extended IS 'Hash of a journey with a seed. NULL for NULL.';

CREATE OPERATOR tiktokads.= (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.journey_eq,
	COMMUTATOR = OPERATOR(tiktokads.=), NEGATOR = OPERATOR(tiktokads.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR tiktokads.<> (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.journey_ne,
	COMMUTATOR = OPERATOR(tiktokads.<>), NEGATOR = OPERATOR(tiktokads.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR tiktokads.< (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.journey_lt,
	COMMUTATOR = OPERATOR(tiktokads.>), NEGATOR = OPERATOR(tiktokads.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR tiktokads.<= (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.journey_le,
	COMMUTATOR = OPERATOR(tiktokads.>=), NEGATOR = OPERATOR(tiktokads.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR tiktokads.> (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.journey_gt,
	COMMUTATOR = OPERATOR(tiktokads.<), NEGATOR = OPERATOR(tiktokads.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR tiktokads.>= (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.journey_ge,
	COMMUTATOR = OPERATOR(tiktokads.<=), NEGATOR = OPERATOR(tiktokads.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);

CREATE OPERATOR CLASS tiktokads.journey_ops DEFAULT FOR TYPE tiktokads.journey USING btree AS
	OPERATOR 1 tiktokads.<,
	OPERATOR 2 tiktokads.<=,
	OPERATOR 3 tiktokads.=,
	OPERATOR 4 tiktokads.>=,
	OPERATOR 5 tiktokads.>,
	FUNCTION 1 tiktokads.journey_cmp(tiktokads.journey, tiktokads.journey);
CREATE OPERATOR CLASS tiktokads.journey_ops DEFAULT FOR TYPE tiktokads.journey USING hash AS
	OPERATOR 1 tiktokads.=,
	FUNCTION 1 tiktokads.journey_hash(tiktokads.journey),
	FUNCTION 2 tiktokads.journey_hash_extended(tiktokads.journey, bigint);

CREATE FUNCTION tiktokads.journey(text) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_from_text';
COMMENT ON FUNCTION tiktokads.journey(text) IS 'A journey from its text form; the cast from text. NULL for NULL; an error for text that is no journey.';
CREATE CAST (text AS tiktokads.journey) WITH FUNCTION tiktokads.journey(text);

CREATE FUNCTION tiktokads.journey(text[]) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_from_array';
COMMENT ON FUNCTION tiktokads.journey(text[]) IS 'A journey of these channels, taken as they are, without times; NULL elements are left out. NULL for NULL.';

CREATE FUNCTION tiktokads.length(tiktokads.journey) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_length';
COMMENT ON FUNCTION tiktokads.length IS 'Number of touches. NULL for NULL.';
CREATE FUNCTION tiktokads.channels(tiktokads.journey) RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_channels';
COMMENT ON FUNCTION tiktokads.channels IS 'The channel of every touch, in order, repeated as often as it was touched. NULL for NULL.';
CREATE FUNCTION tiktokads.first(tiktokads.journey) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_first';
COMMENT ON FUNCTION tiktokads.first IS 'Channel of the first touch; NULL for a journey without touches and for NULL.';
CREATE FUNCTION tiktokads.last(tiktokads.journey) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_last';
COMMENT ON FUNCTION tiktokads.last IS 'Channel of the last touch; NULL for a journey without touches and for NULL.';
CREATE FUNCTION tiktokads.concat(tiktokads.journey, tiktokads.journey) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_concat';
COMMENT ON FUNCTION tiktokads.concat IS 'The touches of one journey, then those of another; also operator ||. Times are not compared. NULL for NULL.';
CREATE OPERATOR tiktokads.|| (LEFTARG = tiktokads.journey, RIGHTARG = tiktokads.journey, FUNCTION = tiktokads.concat);
CREATE FUNCTION tiktokads.touches(tiktokads.journey, OUT "position" int, OUT touch_at timestamptz, OUT channel text, OUT kind text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 6 AS 'MODULE_PATHNAME', 'tiktokads_journey_touches';
COMMENT ON FUNCTION tiktokads.touches IS 'Every touch as a row, in order; touch_at and kind are NULL where the touch has none. No rows for NULL.';

CREATE FUNCTION tiktokads.path_unique(tiktokads.journey) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_unique';
COMMENT ON FUNCTION tiktokads.path_unique IS 'The path as it is (the name is fractribution''s). NULL for NULL.';
CREATE FUNCTION tiktokads.path_plain(tiktokads.journey) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_plain';
COMMENT ON FUNCTION tiktokads.path_plain IS 'The path without times and kinds, so that paths of equal channels are equal. NULL for NULL.';
CREATE FUNCTION tiktokads.path_exposure(tiktokads.journey) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_exposure';
COMMENT ON FUNCTION tiktokads.path_exposure IS 'The first touch of each run of one channel: D > A > B > B becomes D > A > B. NULL for NULL.';
CREATE FUNCTION tiktokads.path_first(tiktokads.journey) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_first';
COMMENT ON FUNCTION tiktokads.path_first IS 'The first touch of each channel. NULL for NULL.';
CREATE FUNCTION tiktokads.path_frequency(tiktokads.journey) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_frequency';
COMMENT ON FUNCTION tiktokads.path_frequency IS 'The first touch of each channel, with the number of its touches in the name: D(2) > A(1). NULL for NULL.';
CREATE FUNCTION tiktokads.path_trim_long(tiktokads.journey, touches int) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_trim_long';
COMMENT ON FUNCTION tiktokads.path_trim_long IS 'The last touches of a path, at most so many; the number must be positive. NULL for NULL.';
CREATE FUNCTION tiktokads.path_remove_if_not_all(tiktokads.journey, channel text) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_remove_if_not_all';
COMMENT ON FUNCTION tiktokads.path_remove_if_not_all IS 'The path without any touch of a channel, unless it has no other. NULL for NULL.';
CREATE FUNCTION tiktokads.path_remove_if_last_and_not_all(tiktokads.journey, channel text) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_remove_if_last_and_not_all';
COMMENT ON FUNCTION tiktokads.path_remove_if_last_and_not_all IS 'The path without the touches of a channel at its end, unless it has no other. NULL for NULL.';

CREATE FUNCTION tiktokads.journey_agg_transfn(internal, timestamptz, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_agg_transfn';
COMMENT ON FUNCTION tiktokads.journey_agg_transfn(internal, timestamptz, text) IS 'Support function of aggregate journey_agg.';
CREATE FUNCTION tiktokads.journey_agg_transfn(internal, timestamptz, text, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_agg_transfn';
COMMENT ON FUNCTION tiktokads.journey_agg_transfn(internal, timestamptz, text, text) IS 'Support function of aggregate journey_agg.';
CREATE FUNCTION tiktokads.journey_agg_combinefn(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_agg_combinefn';
COMMENT ON FUNCTION tiktokads.journey_agg_combinefn IS 'Support function of aggregate journey_agg.';
CREATE FUNCTION tiktokads.journey_agg_serialfn(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_agg_serialfn';
COMMENT ON FUNCTION tiktokads.journey_agg_serialfn IS 'Support function of aggregate journey_agg.';
CREATE FUNCTION tiktokads.journey_agg_deserialfn(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_agg_deserialfn';
COMMENT ON FUNCTION tiktokads.journey_agg_deserialfn IS 'Support function of aggregate journey_agg.';
CREATE FUNCTION tiktokads.journey_agg_finalfn(internal) RETURNS tiktokads.journey
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_journey_agg_finalfn';
COMMENT ON FUNCTION tiktokads.journey_agg_finalfn IS 'Support function of aggregate journey_agg.';

CREATE AGGREGATE tiktokads.journey_agg(touch_at timestamptz, channel text)
(
	SFUNC = tiktokads.journey_agg_transfn, STYPE = internal, SSPACE = 2048,
	FINALFUNC = tiktokads.journey_agg_finalfn,
	COMBINEFUNC = tiktokads.journey_agg_combinefn,
	SERIALFUNC = tiktokads.journey_agg_serialfn, DESERIALFUNC = tiktokads.journey_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.journey_agg(timestamptz, text) IS 'The journey of these touches, in the order of their times (NULL first), then channels: the same for any order of rows. Rows without channel are no touches. NULL for no rows. An infinite time is an error.';
CREATE AGGREGATE tiktokads.journey_agg(touch_at timestamptz, channel text, kind text)
(
	SFUNC = tiktokads.journey_agg_transfn, STYPE = internal, SSPACE = 2048,
	FINALFUNC = tiktokads.journey_agg_finalfn,
	COMBINEFUNC = tiktokads.journey_agg_combinefn,
	SERIALFUNC = tiktokads.journey_agg_serialfn, DESERIALFUNC = tiktokads.journey_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.journey_agg(timestamptz, text, text) IS 'The same with the kind of each touch: click, view, engaged_view or NULL; any other is an error.';
