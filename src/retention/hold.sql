-- legal holds: what no path may remove, whatever its age

CREATE TABLE tiktokads.legal_hold
(
	hold bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	advertiser_id bigint,
	person text[],
	from_date date,
	to_date date,
	reason text NOT NULL CHECK (reason <> ''),
	expires_at timestamptz,
	placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	placed_by name NOT NULL DEFAULT session_user,
	placed_as name NOT NULL,
	released_at timestamptz,
	released_by name,
	released_as name,
	release_reason text,
	CHECK (from_date <= to_date),
	CHECK (advertiser_id IS NOT NULL OR person IS NOT NULL OR from_date IS NOT NULL OR to_date IS NOT NULL OR released_at IS NOT NULL)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.legal_hold', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.legal_hold_hold_seq', '');
COMMENT ON TABLE tiktokads.legal_hold IS 'Legal holds. Rows that meet every condition of a hold in force are removed by nothing: not by retention, not by an erasure. place_hold() and release_hold() write it.';
COMMENT ON COLUMN tiktokads.legal_hold.hold IS 'Number of the hold.';
COMMENT ON COLUMN tiktokads.legal_hold.advertiser_id IS 'Ad account whose rows are held; NULL: of every one. Tables without an ad account are held whatever it says.';
COMMENT ON COLUMN tiktokads.legal_hold.person IS 'The forms in which the person may be stored; NULL: everybody, and always once the hold is released. It holds rows in columns that identify people (tiktokads.personal_column), and none elsewhere.';
COMMENT ON COLUMN tiktokads.legal_hold.from_date IS 'First day held; NULL: without beginning.';
COMMENT ON COLUMN tiktokads.legal_hold.to_date IS 'Last day held; NULL: without end.';
COMMENT ON COLUMN tiktokads.legal_hold.reason IS 'Why: the number of the case. No personal data.';
COMMENT ON COLUMN tiktokads.legal_hold.expires_at IS 'When it ends by itself; NULL: when it is released.';
COMMENT ON COLUMN tiktokads.legal_hold.placed_at IS 'When it was placed.';
COMMENT ON COLUMN tiktokads.legal_hold.placed_by IS 'Who placed it: the role that logged in.';
COMMENT ON COLUMN tiktokads.legal_hold.placed_as IS 'The role that it acted as.';
COMMENT ON COLUMN tiktokads.legal_hold.released_at IS 'When it was released; NULL while it is in force.';
COMMENT ON COLUMN tiktokads.legal_hold.released_by IS 'Who released it; NULL while it is in force.';
COMMENT ON COLUMN tiktokads.legal_hold.released_as IS 'The role that it acted as; NULL while it is in force.';
COMMENT ON COLUMN tiktokads.legal_hold.release_reason IS 'Why it was released; NULL when that was not said.';

CREATE FUNCTION tiktokads.hold_place(advertiser_id bigint, person text, from_date date, to_date date, reason text,
	expires_at timestamptz, acting_role name) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	made bigint;
BEGIN
	IF coalesce(btrim(reason), '') = '' THEN
		RAISE invalid_parameter_value USING MESSAGE = 'a legal hold needs a reason',
			HINT = 'Give the number of the case: reason => ''case 2026-17''.';
	END IF;
	IF advertiser_id IS NULL AND person IS NULL AND from_date IS NULL AND to_date IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = 'a legal hold needs at least one condition',
			HINT = 'Give an ad account, a person, a first or a last day; several hold what meets all of them.';
	END IF;
	IF from_date > to_date THEN
		RAISE invalid_parameter_value USING MESSAGE = 'from_date is after to_date',
			HINT = 'Give the first day first; both days are included.';
	END IF;
	IF expires_at <= tiktokads.clock_now() THEN
		RAISE invalid_parameter_value USING MESSAGE = 'expires_at is in the past',
			HINT = 'Leave it out for a hold that lasts until it is released.';
	END IF;
	PERFORM tiktokads.reason_check(person, reason);
	INSERT INTO tiktokads.legal_hold (advertiser_id, person, from_date, to_date, reason, expires_at, placed_as)
	VALUES (advertiser_id, CASE WHEN person IS NOT NULL THEN tiktokads.subject_forms(person) END, from_date, to_date,
		reason, expires_at, acting_role)
	RETURNING hold INTO made;
	RETURN made;
END;
$$;
COMMENT ON FUNCTION tiktokads.hold_place IS 'Does the work of place_hold(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.hold_place FROM PUBLIC;

CREATE FUNCTION tiktokads.place_hold
(
	advertiser_id bigint DEFAULT NULL,
	person text DEFAULT NULL,
	from_date date DEFAULT NULL,
	to_date date DEFAULT NULL,
	reason text DEFAULT NULL,
	expires_at timestamptz DEFAULT NULL
) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_place_hold';
COMMENT ON FUNCTION tiktokads.place_hold IS 'Places a legal hold and returns its number: rows that meet every condition given (ad account, person, days; at least one) are not removed, by retention or erasure, from the commit on. It waits for a removal that is under way. reason is required: the number of the case, no personal data. expires_at NULL: until release_hold().';
REVOKE ALL ON FUNCTION tiktokads.place_hold FROM PUBLIC;

CREATE FUNCTION tiktokads.hold_release(hold bigint, reason text, acting_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
	UPDATE tiktokads.legal_hold AS h
	SET released_at = clock_timestamp(), released_by = session_user, released_as = acting_role, release_reason = reason, person = NULL
	WHERE h.hold = hold_release.hold AND h.released_at IS NULL;
	IF NOT FOUND THEN
		RAISE undefined_object USING MESSAGE = format('there is no legal hold %s in force', coalesce(hold::text, 'NULL')),
			HINT = 'SELECT * FROM tiktokads.legal_hold WHERE released_at IS NULL; lists them.';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.hold_release IS 'Does the work of release_hold(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.hold_release FROM PUBLIC;

CREATE FUNCTION tiktokads.release_hold(hold bigint, reason text DEFAULT NULL) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_release_hold';
COMMENT ON FUNCTION tiktokads.release_hold IS 'Releases a legal hold; who did, when and why stays on record, the person''s identifier does not. An error when there is no such hold in force.';
REVOKE ALL ON FUNCTION tiktokads.release_hold FROM PUBLIC;

CREATE FUNCTION tiktokads.hold_condition(relation name, time_column name, alias text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	class oid := to_regclass(format('tiktokads.%I', relation));
	identifying text;
	day text;
	condition text := '';
BEGIN
	-- timestamps are held by their day in UTC
	SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype THEN format('(%s.%I AT TIME ZONE ''UTC'')::date', alias, a.attname)
			ELSE format('%s.%I::date', alias, a.attname) END
	INTO day
	FROM pg_attribute AS a WHERE a.attrelid = class AND a.attname = time_column AND NOT a.attisdropped;
	IF day IS NOT NULL THEN
		condition := format(' AND (h.from_date IS NULL OR %1$s >= h.from_date) AND (h.to_date IS NULL OR %1$s <= h.to_date)', day);
	END IF;
	IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = class AND a.attname = 'advertiser_id' AND NOT a.attisdropped) THEN
		condition := condition || format(' AND (h.advertiser_id IS NULL OR h.advertiser_id = %s.advertiser_id)', alias);
	END IF;
	SELECT string_agg(format('%s.%I::text = ANY (h.person)', alias, a.attname), ' OR ' ORDER BY a.attnum) INTO identifying
	FROM tiktokads.personal_column AS p JOIN pg_attribute AS a ON a.attrelid = class AND a.attname = p.column_name AND NOT a.attisdropped
	WHERE p.relation = hold_condition.relation AND p.identifies;
	condition := condition || format(' AND (h.person IS NULL%s)', ' OR ' || identifying);
	-- a constant instead of the volatile clock lets the planner join
	RETURN format('EXISTS (SELECT FROM tiktokads.legal_hold AS h WHERE h.released_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > %L::timestamptz)%s)',
		to_char(tiktokads.clock_now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || '+00', condition);
END;
$$;
COMMENT ON FUNCTION tiktokads.hold_condition IS 'Condition, in SQL, that a row of a table is under a legal hold now: every statement that removes rows has its negation. relation: table in schema tiktokads; time_column: the column that says the row''s day, or NULL; alias: name of the row in the statement.';
REVOKE ALL ON FUNCTION tiktokads.hold_condition FROM PUBLIC;
