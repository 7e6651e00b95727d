-- the window function anomaly_score(), and the aggregates over series

CREATE FUNCTION tiktokads.anomaly_score(value float8, at timestamp, options jsonb DEFAULT NULL) RETURNS float8
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_anomaly_score';
COMMENT ON FUNCTION tiktokads.anomaly_score(float8, timestamp, jsonb) IS 'Window function: how new a value is against all rows before it in its partition, 0 (nothing new) to 1; from 0.5 on it is worth a look. Call it OVER (PARTITION BY ... ORDER BY at). It learns level, hour of day and day of week by itself, and tells one episode once. Options: direction ("both", "up", "down"), warm_up (rows that score 0), minimum_change (smaller differences from the expected value score 0). NULL for a NULL or NaN value or time; an error for other options.';
CREATE FUNCTION tiktokads.anomaly_score(value float8, at timestamptz, options jsonb DEFAULT NULL) RETURNS float8
LANGUAGE c WINDOW STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_anomaly_score_tz';
COMMENT ON FUNCTION tiktokads.anomaly_score(float8, timestamptz, jsonb) IS 'The same for instants, whose hour and day are those of the session''s TimeZone.';

CREATE TYPE tiktokads.forecast_point AS (step int, at timestamp, mean float8, lower float8, upper float8);
COMMENT ON TYPE tiktokads.forecast_point IS 'A value to come: steps ahead, wall time, expected value, and the interval that holds it.';
CREATE TYPE tiktokads.stl_point AS (at timestamp, trend float8, seasonal float8, remainder float8);
COMMENT ON TYPE tiktokads.stl_point IS 'A value taken apart: wall time, trend, seasonal, and what is left (NULL where nothing was measured).';
CREATE TYPE tiktokads.change_point AS (at timestamp, before float8, after float8, p_value float8);
COMMENT ON TYPE tiktokads.change_point IS 'A change of level: first wall time of the new level, mean before and after, and how likely chance alone would give it.';
CREATE TYPE tiktokads.outlier_point AS (at timestamp, value float8, expected float8, distance float8, p_value float8);
COMMENT ON TYPE tiktokads.outlier_point IS 'An outlier: wall time, value, expected value, distance from it in robust standard deviations, and how likely chance alone would give it.';

CREATE FUNCTION tiktokads.series_add(internal, float8, timestamp) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamp) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamp, jsonb) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamp, jsonb) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamp, int) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add_number';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamp, int) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamp, int, jsonb) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add_number';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamp, int, jsonb) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamptz) RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamptz) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamptz, jsonb) RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamptz, jsonb) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamptz, int) RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add_number';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamptz, int) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_add(internal, float8, timestamptz, int, jsonb) RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_add_number';
COMMENT ON FUNCTION tiktokads.series_add(internal, float8, timestamptz, int, jsonb) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_combine';
COMMENT ON FUNCTION tiktokads.series_combine(internal, internal) IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_serialize';
COMMENT ON FUNCTION tiktokads.series_serialize IS 'Support function of the aggregates over series; an error when called otherwise.';
CREATE FUNCTION tiktokads.series_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_series_deserialize';
COMMENT ON FUNCTION tiktokads.series_deserialize IS 'Support function of the aggregates over series; an error when called otherwise.';

-- forecast()

CREATE FUNCTION tiktokads.forecast_final(internal) RETURNS tiktokads.forecast_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_forecast';
COMMENT ON FUNCTION tiktokads.forecast_final IS 'Support function of the aggregate forecast; an error when called otherwise.';
CREATE AGGREGATE tiktokads.forecast(value float8, at timestamp, horizon int)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast(float8, timestamp, int) IS 'Aggregate: the next values of a series, horizon steps of its own grid. value and at in any order; at is never sorted by you. By default the median of theta and exponential smoothing, or, with seasons, of autoregressions and smoothing of an STL decomposition; seasons (day, week, year) are found by the distance of the rows and a test. NULL, NaN and infinite values are gaps; NULL without any value; an error for a horizon outside 1 to 10000, or rows that disagree about it. See the form with options.';
CREATE AGGREGATE tiktokads.forecast(value float8, at timestamp, horizon int, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast(float8, timestamp, int, jsonb) IS 'Aggregate: the next values of a series, horizon steps of its own grid. value and at in any order; at is never sorted by you. By default the median of theta and exponential smoothing, or, with seasons, of autoregressions and smoothing of an STL decomposition; seasons (day, week, year) are found by the distance of the rows and a test. NULL, NaN and infinite values are gaps; NULL without any value; an error for a horizon outside 1 to 10000, or rows that disagree about it. Options: method (combination, ets, theta, seasonal_naive, holt_winters, stl, ar, ses, holt, damped, naive, drift, mean), level (coverage of the interval, 0.95), period (steps in a season; 1 for none), and for holt_winters seasonal ("additive", "multiplicative"), alpha, beta, gamma.';
CREATE AGGREGATE tiktokads.forecast(value float8, at timestamptz, horizon int)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast(float8, timestamptz, int) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see forecast(float8, timestamp, int).';
CREATE AGGREGATE tiktokads.forecast(value float8, at timestamptz, horizon int, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast(float8, timestamptz, int, jsonb) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see forecast(float8, timestamp, int, jsonb).';

-- forecast_model()

CREATE FUNCTION tiktokads.forecast_model_final(internal) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_forecast_model';
COMMENT ON FUNCTION tiktokads.forecast_model_final IS 'Support function of the aggregate forecast_model; an error when called otherwise.';
CREATE AGGREGATE tiktokads.forecast_model(value float8, at timestamp)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_model_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast_model(float8, timestamp) IS 'Aggregate: what forecast() with these options would fit, as a JSON object: model, observations, period, and where the method has them sse (square sum of one-step errors), alpha, beta, gamma, phi. NULL without any value. See the form with options.';
CREATE AGGREGATE tiktokads.forecast_model(value float8, at timestamp, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_model_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast_model(float8, timestamp, jsonb) IS 'Aggregate: what forecast() with these options would fit, as a JSON object: model, observations, period, and where the method has them sse (square sum of one-step errors), alpha, beta, gamma, phi. NULL without any value. Options are those of forecast().';
CREATE AGGREGATE tiktokads.forecast_model(value float8, at timestamptz)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_model_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast_model(float8, timestamptz) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see forecast_model(float8, timestamp).';
CREATE AGGREGATE tiktokads.forecast_model(value float8, at timestamptz, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.forecast_model_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.forecast_model(float8, timestamptz, jsonb) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see forecast_model(float8, timestamp, jsonb).';

-- stl()

CREATE FUNCTION tiktokads.stl_final(internal) RETURNS tiktokads.stl_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_stl';
COMMENT ON FUNCTION tiktokads.stl_final IS 'Support function of the aggregate stl; an error when called otherwise.';
CREATE AGGREGATE tiktokads.stl(value float8, at timestamp, period int)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.stl_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.stl(float8, timestamp, int) IS 'Aggregate: seasonal-trend decomposition by loess (Cleveland et al. 1990), one point for each step of the series from its first to its last measurement. period: steps in a season; NULL takes the shortest that the distance of the rows suggests. A series of less than two periods and a value has a trend alone. NULL without any value. See the form with options.';
CREATE AGGREGATE tiktokads.stl(value float8, at timestamp, period int, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.stl_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.stl(float8, timestamp, int, jsonb) IS 'Aggregate: seasonal-trend decomposition by loess (Cleveland et al. 1990), one point for each step of the series from its first to its last measurement. period: steps in a season; NULL takes the shortest that the distance of the rows suggests. A series of less than two periods and a value has a trend alone. NULL without any value. Options, all as in Rs stl(): seasonal_window (7, or "periodic"), trend_window, low_pass_window, seasonal_degree, trend_degree, low_pass_degree, seasonal_jump, trend_jump, low_pass_jump, robust, inner, outer.';
CREATE AGGREGATE tiktokads.stl(value float8, at timestamptz, period int)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.stl_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.stl(float8, timestamptz, int) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see stl(float8, timestamp, int).';
CREATE AGGREGATE tiktokads.stl(value float8, at timestamptz, period int, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.stl_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.stl(float8, timestamptz, int, jsonb) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see stl(float8, timestamp, int, jsonb).';

-- change_points()

CREATE FUNCTION tiktokads.change_points_final(internal) RETURNS tiktokads.change_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_change_points';
COMMENT ON FUNCTION tiktokads.change_points_final IS 'Support function of the aggregate change_points; an error when called otherwise.';
CREATE AGGREGATE tiktokads.change_points(value float8, at timestamp)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.change_points_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.change_points(float8, timestamp) IS 'Aggregate: where the level of a series changed, in order of time (cumulated sums against the Brownian bridge, binary segmentation). An empty array when nowhere; NULL without any value. See the form with options.';
CREATE AGGREGATE tiktokads.change_points(value float8, at timestamp, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.change_points_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.change_points(float8, timestamp, jsonb) IS 'Aggregate: where the level of a series changed, in order of time (cumulated sums against the Brownian bridge, binary segmentation). An empty array when nowhere; NULL without any value. Options: alpha (greatest p-value, 0.01), minimum_length (steps of a level, 5), period (takes a season off first).';
CREATE AGGREGATE tiktokads.change_points(value float8, at timestamptz)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.change_points_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.change_points(float8, timestamptz) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see change_points(float8, timestamp).';
CREATE AGGREGATE tiktokads.change_points(value float8, at timestamptz, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.change_points_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.change_points(float8, timestamptz, jsonb) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see change_points(float8, timestamp, jsonb).';

-- seasonal_esd()

CREATE FUNCTION tiktokads.seasonal_esd_final(internal) RETURNS tiktokads.outlier_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_seasonal_esd';
COMMENT ON FUNCTION tiktokads.seasonal_esd_final IS 'Support function of the aggregate seasonal_esd; an error when called otherwise.';
CREATE AGGREGATE tiktokads.seasonal_esd(value float8, at timestamp)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.seasonal_esd_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.seasonal_esd(float8, timestamp) IS 'Aggregate: the outliers of a whole series, the most extreme first (seasonal hybrid ESD: generalised extreme studentised deviates of what is left without season, on median and median absolute deviation). An empty array when there are none; NULL without any value. See the form with options.';
CREATE AGGREGATE tiktokads.seasonal_esd(value float8, at timestamp, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.seasonal_esd_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.seasonal_esd(float8, timestamp, jsonb) IS 'Aggregate: the outliers of a whole series, the most extreme first (seasonal hybrid ESD: generalised extreme studentised deviates of what is left without season, on median and median absolute deviation). An empty array when there are none; NULL without any value. Options: alpha (0.05), max_share (at most this share of the steps, 0.1), direction ("both", "up", "down"), period (steps in a season; 1 for none).';
CREATE AGGREGATE tiktokads.seasonal_esd(value float8, at timestamptz)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.seasonal_esd_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.seasonal_esd(float8, timestamptz) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see seasonal_esd(float8, timestamp).';
CREATE AGGREGATE tiktokads.seasonal_esd(value float8, at timestamptz, options jsonb)
(
	SFUNC = tiktokads.series_add, STYPE = internal, SSPACE = 8192, FINALFUNC = tiktokads.seasonal_esd_final,
	COMBINEFUNC = tiktokads.series_combine, SERIALFUNC = tiktokads.series_serialize,
	DESERIALFUNC = tiktokads.series_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tiktokads.seasonal_esd(float8, timestamptz, jsonb) IS 'The same for instants, whose wall time is that of the session''s TimeZone: see seasonal_esd(float8, timestamp, jsonb).';

-- day_band()

CREATE TYPE tiktokads.day_band AS (expected float8, lower float8, upper float8, down float8, up float8);
COMMENT ON TYPE tiktokads.day_band IS 'What a day''s number should have been: expected value, the limits of 95 % of such days, and how surprising so little (down) and so much (up) is: minus the decimal logarithm of its chance.';
CREATE FUNCTION tiktokads.day_band(family text, at date, value float8, exposure float8 DEFAULT 1, share_low float8 DEFAULT 1, share_high float8 DEFAULT 1, learn boolean DEFAULT true, judge boolean DEFAULT true) RETURNS tiktokads.day_band
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_day_band';
COMMENT ON FUNCTION tiktokads.day_band IS 'Window function: judges a daily number by up to 56 days before it in its partition, day of the week included. Call it OVER (PARTITION BY ... ORDER BY at). family: amount (Student''s tail of logarithms), count (negative binomial), rate (beta-binomial: value out of exposure trials). exposure: what the value is in proportion to. share_low, share_high: between which parts of the day''s value have arrived by now. learn: whether later days are judged by this one. NULL before 7 days are known, when judge is false, and for NULLs; an error for another family.';
