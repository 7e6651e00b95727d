-- type path_set: distinct journeys with what happened on them; what models give

CREATE TYPE tiktokads.path_set;

CREATE FUNCTION tiktokads.path_set_in(cstring) RETURNS tiktokads.path_set
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_in';
COMMENT ON FUNCTION tiktokads.path_set_in IS 'Text input of type path_set.';
CREATE FUNCTION tiktokads.path_set_out(tiktokads.path_set) RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_out';
COMMENT ON FUNCTION tiktokads.path_set_out IS 'Text output of type path_set.';
CREATE FUNCTION tiktokads.path_set_recv(internal) RETURNS tiktokads.path_set
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_recv';
COMMENT ON FUNCTION tiktokads.path_set_recv IS 'Binary input of type path_set.';
CREATE FUNCTION tiktokads.path_set_send(tiktokads.path_set) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_send';
COMMENT ON FUNCTION tiktokads.path_set_send IS 'Binary output of type path_set.';

CREATE TYPE tiktokads.path_set
(
	INPUT = tiktokads.path_set_in,
	OUTPUT = tiktokads.path_set_out,
	RECEIVE = tiktokads.path_set_recv,
	SEND = tiktokads.path_set_send,
	STORAGE = extended
);
COMMENT ON TYPE tiktokads.path_set IS 'Distinct journeys with their conversions, value and nulls (times that the path ended without conversion): {"alpha > beta": [conversions, value, nulls]}. Sums are exact; one that no double holds is a list of doubles that add up to it. Sets can be stored, merged, and asked any model later.';

CREATE TYPE tiktokads.credit AS (channel text, conversions float8, value float8);
COMMENT ON TYPE tiktokads.credit IS 'What an attribution model gives to a channel. Channel NULL: what no channel can be given, as conversions of journeys without touches.';
COMMENT ON COLUMN tiktokads.credit.channel IS 'Channel; NULL for what no channel can be given.';
COMMENT ON COLUMN tiktokads.credit.conversions IS 'Its share of the conversions, as a number of them.';
COMMENT ON COLUMN tiktokads.credit.value IS 'Its share of the value.';

CREATE TYPE tiktokads.order_score AS ("order" int, auc float8, penalised_auc float8);
COMMENT ON TYPE tiktokads.order_score IS 'How well a Markov chain of an order tells converting paths from others.';
COMMENT ON COLUMN tiktokads.order_score."order" IS 'Order of the chain.';
COMMENT ON COLUMN tiktokads.order_score.auc IS 'Area under the ROC curve of the last state''s conversion rate; NULL without conversions or without nulls.';
COMMENT ON COLUMN tiktokads.order_score.penalised_auc IS 'The same less what so many states would find by chance; 0 outside 0 .. 1. The order with the largest is the best.';

CREATE FUNCTION tiktokads.path_set_agg_transfn(internal, tiktokads.journey, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_agg_transfn';
COMMENT ON FUNCTION tiktokads.path_set_agg_transfn IS 'Support function of aggregate path_set_agg.';
CREATE FUNCTION tiktokads.path_set_merge_transfn(internal, tiktokads.path_set) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_merge_transfn';
COMMENT ON FUNCTION tiktokads.path_set_merge_transfn IS 'Support function of aggregate merge.';
CREATE FUNCTION tiktokads.path_set_combinefn(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_combinefn';
COMMENT ON FUNCTION tiktokads.path_set_combinefn IS 'Support function of aggregates path_set_agg and merge.';
CREATE FUNCTION tiktokads.path_set_serialfn(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_serialfn';
COMMENT ON FUNCTION tiktokads.path_set_serialfn IS 'Support function of aggregates path_set_agg and merge.';
CREATE FUNCTION tiktokads.path_set_deserialfn(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_deserialfn';
COMMENT ON FUNCTION tiktokads.path_set_deserialfn IS 'Support function of aggregates path_set_agg and merge.';
CREATE FUNCTION tiktokads.path_set_finalfn(internal) RETURNS tiktokads.path_set
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_path_set_finalfn';
COMMENT ON FUNCTION tiktokads.path_set_finalfn IS 'Support function of aggregates path_set_agg and merge.';

CREATE AGGREGATE tiktokads.path_set_agg(journey tiktokads.journey, conversions float8, value float8, nulls float8)
(
	SFUNC = tiktokads.path_set_agg_transfn, STYPE = internal, SSPACE = 4096,
	FINALFUNC = tiktokads.path_set_finalfn,
	COMBINEFUNC = tiktokads.path_set_combinefn,
	SERIALFUNC = tiktokads.path_set_serialfn, DESERIALFUNC = tiktokads.path_set_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.path_set_agg(tiktokads.journey, float8, float8, float8) IS 'The set of these paths, times and kinds kept (path_plain() drops them). A NULL journey has no touches, a NULL number is 0; a negative or infinite number is an error. NULL for no rows.';
CREATE AGGREGATE tiktokads.merge(tiktokads.path_set)
(
	SFUNC = tiktokads.path_set_merge_transfn, STYPE = internal, SSPACE = 4096,
	FINALFUNC = tiktokads.path_set_finalfn,
	COMBINEFUNC = tiktokads.path_set_combinefn,
	SERIALFUNC = tiktokads.path_set_serialfn, DESERIALFUNC = tiktokads.path_set_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.merge(tiktokads.path_set) IS 'One set of all these sets: the same, to the bit, as the set of all their paths. NULL sets are none; NULL for no rows.';

CREATE FUNCTION tiktokads.paths(tiktokads.path_set, OUT journey tiktokads.journey, OUT conversions float8, OUT value float8, OUT nulls float8)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'tiktokads_path_set_paths';
COMMENT ON FUNCTION tiktokads.paths IS 'Every path of a set as a row. No rows for NULL.';

CREATE FUNCTION tiktokads.attribute(model text, paths tiktokads.path_set, options jsonb DEFAULT '{}') RETURNS tiktokads.credit[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'tiktokads_path_set_attribute';
COMMENT ON FUNCTION tiktokads.attribute(text, tiktokads.path_set, jsonb) IS 'Credit of every channel of a set, in the order of their names; models and options as in aggregate attribute. NULL for NULL.';

CREATE FUNCTION tiktokads.markov_model(paths tiktokads.path_set, "order" int DEFAULT 1, OUT from_state text, OUT to_state text, OUT probability float8)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'tiktokads_markov_model';
COMMENT ON FUNCTION tiktokads.markov_model IS 'Transitions of the Markov chain of a set, order 1 to 8: states are written like journeys, and (start), (conversion), (null). No rows for NULL.';
CREATE FUNCTION tiktokads.markov_summary(paths tiktokads.path_set, "order" int DEFAULT 1,
	OUT channel text, OUT removal_effect float8, OUT conversion_probability float8, OUT states int)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 100 AS 'MODULE_PATHNAME', 'tiktokads_markov_summary';
COMMENT ON FUNCTION tiktokads.markov_summary IS 'Removal effect of every channel: the share of conversions that the chain loses without it. Beside it the probability of conversion and the number of states of the whole chain. No rows for NULL.';
CREATE FUNCTION tiktokads.shapley_positions(paths tiktokads.path_set, OUT channel text, OUT "position" int, OUT conversions float8, OUT value float8)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'tiktokads_shapley_positions';
COMMENT ON FUNCTION tiktokads.shapley_positions IS 'Model shapley, definition ordered, by position: which part of a channel''s credit its touches at each position of a path have. A row for each channel and position with credit; no rows for NULL.';
