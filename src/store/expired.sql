-- days that left on purpose, and that no sync fetches back

CREATE TABLE tiktokads.expired_range
(
	relation name PRIMARY KEY,
	days datemultirange NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.expired_range', '');
COMMENT ON TABLE tiktokads.expired_range IS 'Days that retention removed from a table, written in one commit with the removal. Syncs do not fetch them again. To have them back, delete the row or narrow it, and sync these days.';
COMMENT ON COLUMN tiktokads.expired_range.relation IS 'Table in schema tiktokads.';
COMMENT ON COLUMN tiktokads.expired_range.days IS 'Days that left, in the time zone of the account, or of UTC where the table has times.';

CREATE FUNCTION tiktokads.expired_days(relation name) RETURNS datemultirange
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.days FROM tiktokads.expired_range AS e WHERE e.relation = expired_days.relation), '{}'::datemultirange);
COMMENT ON FUNCTION tiktokads.expired_days IS 'Days that retention removed from a table on purpose; they are not fetched again. Empty when there are none.';
