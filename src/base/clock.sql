-- the clock that plans and pauses read

CREATE FUNCTION tiktokads.clock_now() RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_clock_now';
COMMENT ON FUNCTION tiktokads.clock_now IS 'The time now, as plans and pauses read it: the server''s clock, shifted by tiktokads.clock_offset in tests. It goes on within a transaction. Never NULL.';
