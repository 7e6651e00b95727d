-- the clock that plans and pauses read

CREATE FUNCTION tiktokads.clock_now() RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_clock_now';
COMMENT ON FUNCTION tiktokads.clock_now IS 'The time now, as plans and pauses read it: the server''s clock, shifted by tiktokads.clock_offset in tests. It goes on within a transaction. Never NULL.';

CREATE FUNCTION tiktokads.clock_today(zone text) RETURNS date
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_clock_today';
COMMENT ON FUNCTION tiktokads.clock_today IS 'The day it is now, on the same clock, in an IANA time zone; in UTC when the zone is unknown or NULL.';

CREATE FUNCTION tiktokads.clock_day(moment timestamptz, zone text) RETURNS date
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_clock_day';
COMMENT ON FUNCTION tiktokads.clock_day IS 'The day that an IANA time zone''s calendar showed at a moment; UTC''s when the zone is unknown or NULL. NULL for a NULL or infinite moment.';

CREATE FUNCTION tiktokads.clock_transaction() RETURNS timestamptz
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tiktokads_clock_transaction';
COMMENT ON FUNCTION tiktokads.clock_transaction IS 'When this transaction began, on the clock of clock_now(): what syncs write to changed_at. Never NULL.';
