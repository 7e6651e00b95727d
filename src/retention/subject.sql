-- one person: erased, exported, and kept away

CREATE TABLE tiktokads.erasure
(
	erasure bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	reason text NOT NULL CHECK (reason <> ''),
	erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	erased_by name NOT NULL DEFAULT session_user,
	erased_as name NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.erasure', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.erasure_erasure_seq', '');
COMMENT ON TABLE tiktokads.erasure IS 'Erasures of people, without anything that names them.';
COMMENT ON COLUMN tiktokads.erasure.erasure IS 'Number of the erasure; the purge log names it.';
COMMENT ON COLUMN tiktokads.erasure.reason IS 'Why: the number of the request. No personal data.';
COMMENT ON COLUMN tiktokads.erasure.erased_at IS 'When the person was first erased.';
COMMENT ON COLUMN tiktokads.erasure.erased_by IS 'Who did: the role that logged in.';
COMMENT ON COLUMN tiktokads.erasure.erased_as IS 'The role that it acted as.';

CREATE TABLE tiktokads.erased_subject
(
	digest text PRIMARY KEY,
	erasure bigint NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.erased_subject', '');
COMMENT ON TABLE tiktokads.erased_subject IS 'Tombstones: HMACs of every form in which an erased person could come again. Keep a copy outside this database, with the key file: after a restore, reapply_erasures() needs the tombstones that are younger than the backup.';
COMMENT ON COLUMN tiktokads.erased_subject.digest IS 'Pseudonym of a form of the identifier: key-id:hex.';
COMMENT ON COLUMN tiktokads.erased_subject.erasure IS 'Erasure that it belongs to.';

CREATE TABLE tiktokads.erased_key
(
	key_id text PRIMARY KEY
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.erased_key', '');
COMMENT ON TABLE tiktokads.erased_key IS 'Keys of the tombstones: while the key file lacks one of them, tables with people in them take no rows.';
COMMENT ON COLUMN tiktokads.erased_key.key_id IS 'Name of the key.';

CREATE FUNCTION tiktokads.tombstone_add(digests text[], erasure bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO tiktokads.erased_subject (digest, erasure)
	SELECT DISTINCT d.digest, tombstone_add.erasure FROM pg_catalog.unnest(digests) AS d (digest) ON CONFLICT (digest) DO NOTHING;
	INSERT INTO tiktokads.erased_key (key_id)
	SELECT DISTINCT pg_catalog.split_part(d.digest, ':', 1) FROM pg_catalog.unnest(digests) AS d (digest) ON CONFLICT (key_id) DO NOTHING;
END;
COMMENT ON FUNCTION tiktokads.tombstone_add IS 'Adds the tombstones of an erasure.';
REVOKE ALL ON FUNCTION tiktokads.tombstone_add FROM PUBLIC;

CREATE FUNCTION tiktokads.tombstone_check() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing text;
BEGIN
	SELECT min(k.key_id) INTO missing FROM tiktokads.erased_key AS k
	WHERE k.key_id NOT IN (SELECT split_part(p, ':', 1) FROM unnest(tiktokads.pseudonyms('')) AS p);
	IF missing IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = format('pseudonym key "%s" of stored tombstones is missing', missing),
			HINT = 'Copy the key file that tiktokads.pseudonym_key_file named when they were made.';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.tombstone_check IS 'An error when the key file lacks a key of the tombstones.';
REVOKE ALL ON FUNCTION tiktokads.tombstone_check FROM PUBLIC;

CREATE FUNCTION tiktokads.reason_check(identifier text, reason text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
	IF reason ~ '[^[:space:]@]+@[^[:space:]@]+\.[^[:space:]@]+'
		OR (length(btrim(identifier)) > 3 AND position(lower(btrim(identifier)) IN lower(reason)) > 0) THEN
		RAISE invalid_parameter_value USING MESSAGE = 'the reason names a person',
			DETAIL = 'It is kept for good, and must hold no personal data.',
			HINT = 'Give the number of the request or case instead.';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.reason_check IS 'An error when a reason holds the identifier itself or an e-mail address.';
REVOKE ALL ON FUNCTION tiktokads.reason_check FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_forms(identifier text) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	plain text := btrim(identifier, E' \t\r\n');
	phone text := tiktokads.normalise_phone(identifier);
BEGIN
	IF coalesce(plain, '') = '' THEN
		RAISE invalid_parameter_value USING MESSAGE = 'the identifier of a person is empty',
			HINT = 'Give the company''s id of the person, an e-mail address, or a phone number with country code.';
	END IF;
	RETURN ARRAY(SELECT DISTINCT f.form FROM unnest(ARRAY[identifier, plain, lower(plain), phone,
			tiktokads.hash_email(plain), tiktokads.hash_phone(plain), tiktokads.hash_external_id(plain)]
		|| tiktokads.pseudonyms(plain) || tiktokads.pseudonyms(phone)) AS f (form)
		WHERE f.form IS NOT NULL ORDER BY f.form);
END;
$$;
COMMENT ON FUNCTION tiktokads.subject_forms IS 'Every form in which a person''s identifier may be stored: as given, trimmed, in lower case, as a phone number in E.164, hashed as TikTok wants it, and as a pseudonym under each key. An error when it is empty.';
REVOKE ALL ON FUNCTION tiktokads.subject_forms FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_condition(relation name, alias text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT '(' || pg_catalog.string_agg(pg_catalog.format(CASE WHEN a.atttypid = 'text'::regtype THEN '%s.%I = ANY ($1)' ELSE '%s.%I::text = ANY ($1)' END,
		alias, a.attname), ' OR ' ORDER BY a.attnum) || ')'
	FROM tiktokads.personal_column AS p
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', p.relation))
			AND a.attname = p.column_name AND NOT a.attisdropped
	WHERE p.relation = subject_condition.relation AND p.identifies;
END;
COMMENT ON FUNCTION tiktokads.subject_condition IS 'Condition, in SQL, that a row is of a person whose forms are $1. NULL when the table is not there or has no column that names people.';
REVOKE ALL ON FUNCTION tiktokads.subject_condition FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_remove(forms text[], erasure bigint, dry_run boolean, acting_role name) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	place record;
	held_rows bigint;
	rows bigint;
	bytes bigint;
	tables jsonb := '{}';
	facts jsonb;
BEGIN
	FOR place IN
		SELECT d.relation, d.on_erasure, tiktokads.subject_condition(d.relation, 'r') AS matches, h.held,
			CASE d.on_erasure WHEN 'delete' THEN format('DELETE FROM tiktokads.%I AS r', d.relation)
				ELSE format('UPDATE tiktokads.%I AS r SET %s', d.relation, (tiktokads.anonymise_set(d.relation, 'r')).assignments) END AS verb
		FROM tiktokads.personal_relation AS d
			LEFT JOIN tiktokads.model_relation AS m ON m.relation = d.relation
			CROSS JOIN LATERAL (SELECT tiktokads.hold_condition(d.relation, m.partition_column, 'r') AS held) AS h
		WHERE d.on_erasure IS NOT NULL AND tiktokads.subject_condition(d.relation, 'r') IS NOT NULL
		ORDER BY d.relation
	LOOP
		EXECUTE format('SELECT count(*) FROM tiktokads.%I AS r WHERE %s AND %s', place.relation, place.matches, place.held)
		INTO held_rows USING forms;
		IF dry_run THEN
			EXECUTE format('SELECT count(*), coalesce(sum(pg_column_size(r.*)), 0) FROM tiktokads.%I AS r WHERE %s AND NOT %s',
				place.relation, place.matches, place.held) INTO rows, bytes USING forms;
		ELSE
			EXECUTE format('WITH gone AS (%s WHERE %s AND NOT %s RETURNING pg_column_size(r.*) AS size) SELECT count(*), coalesce(sum(size), 0) FROM gone',
				place.verb, place.matches, place.held) INTO rows, bytes USING forms;
		END IF;
		facts := jsonb_build_object('action', place.on_erasure, 'rows', rows, 'bytes', bytes, 'held', held_rows);
		tables := tables || jsonb_build_object(place.relation, facts);
		IF rows > 0 AND NOT dry_run THEN
			PERFORM tiktokads.purge_record(acting_role, 'erase', coalesce('erasure ' || erasure, 'erasures reapplied'), place.relation, NULL, NULL, NULL,
				rows, false, bytes, facts);
		END IF;
	END LOOP;
	RETURN tables;
END;
$$;
COMMENT ON FUNCTION tiktokads.subject_remove IS 'Removes or anonymises every row of a person that is not under a hold, table by table, each with its row in the purge log; returns the counts. dry_run: only counts.';
REVOKE ALL ON FUNCTION tiktokads.subject_remove FROM PUBLIC;

CREATE FUNCTION tiktokads.guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_guard';
COMMENT ON FUNCTION tiktokads.guard IS 'Keeps erased people out of a table: a row whose identifying columns are those of a tombstone is left out, or loses its personal columns. Arguments: delete or anonymise, the identifying columns, the personal columns (both with commas). Rows cost a comparison only once somebody was erased.';
REVOKE ALL ON FUNCTION tiktokads.guard FROM PUBLIC;

CREATE FUNCTION tiktokads.guard_ensure() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	place record;
BEGIN
	IF NOT EXISTS (SELECT FROM tiktokads.erased_subject) THEN
		RETURN;
	END IF;
	PERFORM set_config('lock_timeout', '5s', true);
	FOR place IN
		SELECT d.relation, d.on_erasure, t.tgargs,
			string_agg(p.column_name, ',' ORDER BY p.column_name) FILTER (WHERE p.identifies) AS identifying,
			string_agg(p.column_name, ',' ORDER BY p.column_name) AS personal
		FROM tiktokads.personal_relation AS d
			JOIN pg_class AS c ON c.oid = to_regclass(format('tiktokads.%I', d.relation))
			JOIN tiktokads.personal_column AS p ON p.relation = d.relation
			JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = p.column_name AND NOT a.attisdropped
			LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = 'tiktokads_guard'
		WHERE d.on_erasure IS NOT NULL AND pg_has_role(c.relowner, 'USAGE')
		GROUP BY d.relation, d.on_erasure, t.tgargs
		HAVING bool_or(p.identifies)
		ORDER BY d.relation
	LOOP
		CONTINUE WHEN place.tgargs = convert_to(place.on_erasure, 'UTF8') || '\x00' || convert_to(place.identifying, 'UTF8') || '\x00'
			|| convert_to(place.personal, 'UTF8') || '\x00';
		IF place.tgargs IS NOT NULL THEN
			EXECUTE format('DROP TRIGGER tiktokads_guard ON tiktokads.%I', place.relation);
		END IF;
		EXECUTE format('CREATE TRIGGER tiktokads_guard BEFORE INSERT OR UPDATE ON tiktokads.%I FOR EACH ROW EXECUTE FUNCTION tiktokads.guard(%L, %L, %L)',
			place.relation, place.on_erasure, place.identifying, place.personal);
		EXECUTE format('ALTER TABLE tiktokads.%I ENABLE ALWAYS TRIGGER tiktokads_guard', place.relation);
	END LOOP;
END;
$$;
-- ad accounts are few, and their table is the extension's: it has its guard from the beginning
DO $do$
BEGIN
	EXECUTE (SELECT pg_catalog.format('CREATE OR REPLACE TRIGGER tiktokads_guard BEFORE INSERT OR UPDATE ON tiktokads.advertiser FOR EACH ROW EXECUTE FUNCTION tiktokads.guard(%L, %L, %L)',
			'anonymise', pg_catalog.string_agg(column_name, ',' ORDER BY column_name) FILTER (WHERE identifies), pg_catalog.string_agg(column_name, ',' ORDER BY column_name))
		FROM tiktokads.personal_column WHERE relation = 'advertiser');
END;
$do$;

COMMENT ON FUNCTION tiktokads.guard_ensure IS 'Puts the guard on every table with people in it, once there is a tombstone. Waits at most 5 s for each table''s writers.';
REVOKE ALL ON FUNCTION tiktokads.guard_ensure FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_known(forms text[]) RETURNS bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT pg_catalog.min(e.erasure) FROM tiktokads.erased_subject AS e
	WHERE e.digest IN (SELECT d FROM pg_catalog.unnest(forms) AS f (form), pg_catalog.unnest(tiktokads.pseudonyms(f.form)) AS d);
END;
COMMENT ON FUNCTION tiktokads.subject_known IS 'The erasure of a person whose forms these are; NULL when there is none.';
REVOKE ALL ON FUNCTION tiktokads.subject_known FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_erase(identifier text, reason text, dry_run boolean, acting_role name) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	forms text[] := tiktokads.subject_forms(identifier);
	only_count boolean := coalesce(dry_run, false);
	known bigint;
	first boolean;
	tables jsonb;
	total record;
	certificate jsonb;
BEGIN
	IF coalesce(btrim(reason), '') = '' THEN
		RAISE invalid_parameter_value USING MESSAGE = 'an erasure needs a reason', HINT = 'Give the number of the request.';
	END IF;
	PERFORM tiktokads.reason_check(identifier, reason);
	IF NOT only_count THEN
		LOCK TABLE tiktokads.legal_hold IN SHARE MODE;
	END IF;
	IF NOT only_count AND EXISTS (SELECT FROM tiktokads.legal_hold AS h WHERE h.released_at IS NULL AND h.person && forms
			AND (h.expires_at IS NULL OR h.expires_at > tiktokads.clock_now())
			AND h.advertiser_id IS NULL AND h.from_date IS NULL AND h.to_date IS NULL) THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = 'a legal hold keeps this person''s data', DETAIL = 'Nothing was erased.',
			HINT = 'Erase again once it is released: SELECT tiktokads.release_hold(...).';
	END IF;
	IF EXISTS (SELECT FROM tiktokads.unregistered_column) THEN
		RAISE WARNING 'there are columns of which it is not known whether they hold personal data'
			USING HINT = 'SELECT * FROM tiktokads.unregistered_column; register or declare them, then erase again.';
	END IF;
	PERFORM tiktokads.tombstone_check();
	known := tiktokads.subject_known(forms);
	first := known IS NULL;
	IF NOT only_count THEN
		IF first THEN
			INSERT INTO tiktokads.erasure (reason, erased_as) VALUES (reason, acting_role) RETURNING erasure INTO known;
		END IF;
		PERFORM tiktokads.tombstone_add(ARRAY(SELECT tiktokads.pseudonym(f.form) FROM unnest(forms) AS f (form)), known);
		PERFORM tiktokads.guard_ensure();
	END IF;
	tables := tiktokads.subject_remove(forms, known, only_count, acting_role);
	SELECT coalesce(sum((t.value ->> 'rows')::bigint), 0) AS rows, coalesce(sum((t.value ->> 'held')::bigint), 0) AS held
	INTO total FROM jsonb_each(tables) AS t;
	IF NOT only_count AND first AND total.rows = 0 THEN
		PERFORM tiktokads.purge_record(acting_role, 'erase', format('erasure %s', known), NULL, NULL, NULL, NULL, 0, false, 0, tables);
	END IF;
	IF total.held > 0 THEN
		RAISE WARNING 'a legal hold keeps % rows of this person', total.held
			USING HINT = 'Erase again, or call reapply_erasures(), once it is released.';
	END IF;
	RETURN jsonb_build_object('erasure', known, 'reason', reason, 'dry_run', only_count, 'first_time', first,
		'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'by', session_user, 'as', acting_role,
		'rows', total.rows, 'held', total.held, 'tables', tables,
		'remains', 'deleted rows stay in data files until VACUUM, and in WAL, replicas and backups until these are gone');
END;
$$;
COMMENT ON FUNCTION tiktokads.subject_erase IS 'Does the work of erase_subject(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.subject_erase FROM PUBLIC;

CREATE FUNCTION tiktokads.erase_subject(identifier text, reason text, dry_run boolean DEFAULT false) RETURNS jsonb
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_erase_subject';
COMMENT ON FUNCTION tiktokads.erase_subject IS 'Erases a person: every row in every registered table, found by any form of the identifier, is deleted or anonymised; a tombstone keeps the person out from then on. Returns a certificate with counts for each table. Safe to call again. reason is required: the number of the request, no personal data. dry_run: only counts. Rows under a legal hold stay and are counted; an error when a hold keeps the whole person. It is part of your transaction: commit it.';
REVOKE ALL ON FUNCTION tiktokads.erase_subject FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_reapply(tombstones text[], acting_role name) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	place record;
	found text[];
	forms text[] := '{}';
	known bigint;
	tables jsonb;
BEGIN
	IF tombstones IS NOT NULL THEN
		IF EXISTS (SELECT FROM unnest(tombstones) AS t (digest) WHERE t.digest IS NULL OR t.digest !~ '^[A-Za-z0-9_.-]{1,32}:[0-9a-f]{64}$') THEN
			RAISE invalid_parameter_value USING MESSAGE = 'tombstones must be digests of tiktokads.erased_subject',
				HINT = 'SELECT array_agg(digest) FROM tiktokads.erased_subject; where the younger copy is.';
		END IF;
		IF EXISTS (SELECT FROM unnest(tombstones) AS t (digest) WHERE t.digest NOT IN (SELECT e.digest FROM tiktokads.erased_subject AS e)) THEN
			INSERT INTO tiktokads.erasure (reason, erased_as) VALUES ('tombstones from another copy of the database', acting_role) RETURNING erasure INTO known;
			PERFORM tiktokads.tombstone_add(tombstones, known);
		END IF;
	END IF;
	PERFORM tiktokads.tombstone_check();
	LOCK TABLE tiktokads.legal_hold IN SHARE MODE;
	PERFORM tiktokads.guard_ensure();
	FOR place IN
		SELECT format('SELECT array_agg(DISTINCT v.value) FROM (SELECT DISTINCT r.%2$I::text AS value FROM tiktokads.%1$I AS r WHERE r.%2$I IS NOT NULL) AS v'
				' CROSS JOIN LATERAL unnest(tiktokads.pseudonyms(v.value) || tiktokads.pseudonyms(tiktokads.normalise_phone(v.value))) AS d (digest)'
				' WHERE d.digest IN (SELECT e.digest FROM tiktokads.erased_subject AS e)', c.relname, a.attname) AS query
		FROM tiktokads.personal_column AS p
			JOIN tiktokads.personal_relation AS d ON d.relation = p.relation AND d.on_erasure IS NOT NULL
			JOIN pg_class AS c ON c.oid = to_regclass(format('tiktokads.%I', p.relation))
			JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = p.column_name AND NOT a.attisdropped
		WHERE p.identifies ORDER BY c.relname, a.attname
	LOOP
		EXECUTE place.query INTO found;
		forms := forms || coalesce(found, '{}');
	END LOOP;
	tables := tiktokads.subject_remove(ARRAY(SELECT DISTINCT f FROM unnest(forms) AS f), known, false, acting_role);
	RETURN jsonb_build_object('at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'by', session_user, 'as', acting_role,
		'tombstones', (SELECT count(*) FROM tiktokads.erased_subject),
		'rows', (SELECT coalesce(sum((t.value ->> 'rows')::bigint), 0) FROM jsonb_each(tables) AS t), 'tables', tables);
END;
$$;
COMMENT ON FUNCTION tiktokads.subject_reapply IS 'Does the work of reapply_erasures(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.subject_reapply FROM PUBLIC;

CREATE FUNCTION tiktokads.reapply_erasures(tombstones text[] DEFAULT NULL) RETURNS jsonb
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_reapply_erasures';
COMMENT ON FUNCTION tiktokads.reapply_erasures IS 'Erases again whoever has a tombstone: after a restore from backup, after a hold was released, or when a load was under way during an erasure. tombstones: those of a younger copy (erased_subject.digest) that the backup lacked; NULL: those that are here. Reads every person of every registered table once. Returns counts for each table.';
REVOKE ALL ON FUNCTION tiktokads.reapply_erasures FROM PUBLIC;

CREATE FUNCTION tiktokads.subject_export(identifier text, acting_role name) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	forms text[] := tiktokads.subject_forms(identifier);
	place record;
	rows jsonb;
	tables jsonb := '{}';
BEGIN
	FOR place IN
		SELECT d.relation, d.purpose, d.recipients, d.on_erasure, p.keep, p.enabled, tiktokads.subject_condition(d.relation, 'r') AS matches
		FROM tiktokads.personal_relation AS d LEFT JOIN tiktokads.retention_policy AS p ON p.relation = d.relation
		WHERE d.on_erasure IS NOT NULL AND tiktokads.subject_condition(d.relation, 'r') IS NOT NULL
		ORDER BY d.relation
	LOOP
		EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY to_jsonb(r)), ''[]'') FROM tiktokads.%I AS r WHERE %s', place.relation, place.matches)
		INTO rows USING forms;
		tables := tables || jsonb_build_object(place.relation, jsonb_build_object('purpose', place.purpose, 'recipients', place.recipients,
			'kept_for', CASE WHEN place.enabled THEN place.keep::text END, 'rows', rows));
	END LOOP;
	RETURN jsonb_build_object('identifier', identifier, 'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'erased', tiktokads.subject_known(forms) IS NOT NULL,
		'rows', (SELECT coalesce(sum(jsonb_array_length(t.value -> 'rows')), 0) FROM jsonb_each(tables) AS t), 'tables', tables);
END;
$$;
COMMENT ON FUNCTION tiktokads.subject_export IS 'Does the work of export_subject(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.subject_export FROM PUBLIC;

CREATE FUNCTION tiktokads.export_subject(identifier text) RETURNS jsonb
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'tiktokads_export_subject';
COMMENT ON FUNCTION tiktokads.export_subject IS 'Everything that is stored of a person, for a request of access: for each registered table its purpose, recipients, how long it is kept (NULL: no rule is enabled) and the rows. Found by any form of the identifier. An error when it is empty.';
REVOKE ALL ON FUNCTION tiktokads.export_subject FROM PUBLIC;
