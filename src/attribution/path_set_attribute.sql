-- aggregates attribute and choose_order

CREATE FUNCTION tiktokads.attribute_transfn(internal, text, tiktokads.journey, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_attribute_transfn';
COMMENT ON FUNCTION tiktokads.attribute_transfn(internal, text, tiktokads.journey, float8, float8, float8) IS 'Support function of aggregate attribute.';
CREATE FUNCTION tiktokads.attribute_transfn(internal, text, tiktokads.journey, float8, float8, float8, jsonb) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_attribute_transfn';
COMMENT ON FUNCTION tiktokads.attribute_transfn(internal, text, tiktokads.journey, float8, float8, float8, jsonb) IS 'Support function of aggregate attribute.';
CREATE FUNCTION tiktokads.attribute_combinefn(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_attribute_combinefn';
COMMENT ON FUNCTION tiktokads.attribute_combinefn IS 'Support function of aggregate attribute.';
CREATE FUNCTION tiktokads.attribute_serialfn(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_attribute_serialfn';
COMMENT ON FUNCTION tiktokads.attribute_serialfn IS 'Support function of aggregate attribute.';
CREATE FUNCTION tiktokads.attribute_deserialfn(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_attribute_deserialfn';
COMMENT ON FUNCTION tiktokads.attribute_deserialfn IS 'Support function of aggregate attribute.';
CREATE FUNCTION tiktokads.attribute_finalfn(internal) RETURNS tiktokads.credit[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_attribute_finalfn';
COMMENT ON FUNCTION tiktokads.attribute_finalfn IS 'Support function of aggregate attribute.';

CREATE AGGREGATE tiktokads.attribute(model text, journey tiktokads.journey, conversions float8, value float8, nulls float8)
(
	SFUNC = tiktokads.attribute_transfn, STYPE = internal, SSPACE = 8192,
	FINALFUNC = tiktokads.attribute_finalfn,
	COMBINEFUNC = tiktokads.attribute_combinefn,
	SERIALFUNC = tiktokads.attribute_serialfn, DESERIALFUNC = tiktokads.attribute_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.attribute(text, tiktokads.journey, float8, float8, float8) IS 'Credit of every channel by a model: first, last, last_non, linear, linear_unique, time_decay, position, markov, shapley, incremental. nulls: times that the path ended without conversion. A NULL journey has no touches and its conversions go to channel NULL; a NULL number is 0; a negative or infinite number, a NULL or unknown model, or one that differs between rows is an error. The same for any order of rows and any number of workers. NULL for no rows.';
CREATE AGGREGATE tiktokads.attribute(model text, journey tiktokads.journey, conversions float8, value float8, nulls float8, options jsonb)
(
	SFUNC = tiktokads.attribute_transfn, STYPE = internal, SSPACE = 8192,
	FINALFUNC = tiktokads.attribute_finalfn,
	COMBINEFUNC = tiktokads.attribute_combinefn,
	SERIALFUNC = tiktokads.attribute_serialfn, DESERIALFUNC = tiktokads.attribute_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.attribute(text, tiktokads.journey, float8, float8, float8, jsonb) IS 'The same with options: {"half_life": "7 days", "whole": true} (time_decay), {"weights": [0.4, 0.2, 0.4]} (position, w_shaped, custom), {"channel": "direct"} (last_non; w_shaped: the key touch), {"order": 2, "nulls": false} or {"order": "auto", "max_order": 4} (markov), {"definition": "counts" | "ordered" | "leave_one_out" | "recent_sets"} (shapley). NULL options are none; unknown ones are errors.';

CREATE FUNCTION tiktokads.choose_order_transfn(internal, tiktokads.journey, float8, float8, int) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_choose_order_transfn';
COMMENT ON FUNCTION tiktokads.choose_order_transfn IS 'Support function of aggregate choose_order.';
CREATE FUNCTION tiktokads.choose_order_combinefn(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_choose_order_combinefn';
COMMENT ON FUNCTION tiktokads.choose_order_combinefn IS 'Support function of aggregate choose_order.';
CREATE FUNCTION tiktokads.choose_order_serialfn(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_choose_order_serialfn';
COMMENT ON FUNCTION tiktokads.choose_order_serialfn IS 'Support function of aggregate choose_order.';
CREATE FUNCTION tiktokads.choose_order_deserialfn(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_choose_order_deserialfn';
COMMENT ON FUNCTION tiktokads.choose_order_deserialfn IS 'Support function of aggregate choose_order.';
CREATE FUNCTION tiktokads.choose_order_finalfn(internal) RETURNS tiktokads.order_score[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_choose_order_finalfn';
COMMENT ON FUNCTION tiktokads.choose_order_finalfn IS 'Support function of aggregate choose_order.';

CREATE AGGREGATE tiktokads.choose_order(journey tiktokads.journey, conversions float8, nulls float8, max_order int)
(
	SFUNC = tiktokads.choose_order_transfn, STYPE = internal, SSPACE = 8192,
	FINALFUNC = tiktokads.choose_order_finalfn,
	COMBINEFUNC = tiktokads.choose_order_combinefn,
	SERIALFUNC = tiktokads.choose_order_serialfn, DESERIALFUNC = tiktokads.choose_order_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.choose_order(tiktokads.journey, float8, float8, int) IS 'Scores Markov chains of order 1 .. max_order (1 to 8) by how well they tell converting paths from others; the order with the largest penalised_auc is what {"order": "auto"} takes. A NULL number is 0; a negative one, or a NULL max_order or one that differs between rows, is an error. NULL for no rows.';
