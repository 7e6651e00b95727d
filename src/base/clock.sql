-- the clock that plans and pauses read

CREATE FUNCTION tiktokads.clock_now() RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_clock_now';
COMMENT ON FUNCTION tiktokads.clock_now IS 'The time now, as plans and pauses read it: the server''s clock, shifted by tiktokads.clock_offset in tests. It goes on within a transaction. Never NULL.';

CREATE FUNCTION tiktokads.clock_today(zone text) RETURNS date
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_clock_today';
COMMENT ON FUNCTION tiktokads.clock_today IS 'The day it is now, on the same clock, in an IANA time zone; in UTC when the zone is unknown or NULL.';
