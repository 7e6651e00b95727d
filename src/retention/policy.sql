-- how long things are kept: shipped rules, your changes, and the rules in force

CREATE TABLE tiktokads.retention_default
(
	relation name PRIMARY KEY,
	category text NOT NULL,
	time_column name NOT NULL,
	keep interval NOT NULL CHECK (keep > '0'),
	action text NOT NULL CHECK (action IN ('drop', 'delete', 'anonymise')),
	enabled boolean NOT NULL DEFAULT false,
	note text NOT NULL
);
COMMENT ON TABLE tiktokads.retention_default IS 'Rules as this version of the extension ships them; a rule for a table that is not there has no effect. Read tiktokads.retention_policy, which has your changes and a rule for every partitioned table; make them with set_retention().';

INSERT INTO tiktokads.retention_default (relation, category, time_column, keep, action, enabled, note) VALUES
	('sync_history', 'run history', 'started_at', '400 days', 'delete', true, 'Our own log: runs of syncs.'),
	('endpoint_pause', 'logs', 'until', '30 days', 'delete', true, 'Our own log: pauses that ended long ago.'),
	('pending_removal', 'logs', 'seen_at', '90 days', 'delete', true, 'Our own log: removals that no second read confirmed.'),
	('raw_payload', 'raw payloads', 'received_at', '30 days', 'drop', false, 'Reply bodies as they came: for the repair of what was read wrongly.'),
	('event', 'events', 'event_at', '13 months', 'drop', false, 'Behaviour of people: no longer than the longest journey you attribute.'),
	('finding', 'logs', 'cleared_at', '400 days', 'delete', true, 'Our own log: findings that cleared long ago; open ones stay.'),
	('touchpoint', 'events', 'touch_at', '13 months', 'drop', false, 'Behaviour of people: no longer than the longest journey you attribute.'),
	('anomaly', 'incidents', 'resolved_at', '25 months', 'delete', false, 'Incidents that were resolved; open ones stay.'),
	('advertiser_history', 'history', 'valid_to', '25 months', 'delete', false, 'What ad accounts had before, contacts among it; what is so now stays.'),
	('campaign_history', 'history', 'valid_to', '25 months', 'delete', false, 'What campaigns had before; what is so now stays.'),
	('adgroup_history', 'history', 'valid_to', '25 months', 'delete', false, 'What ad groups had before; what is so now stays.'),
	('ad_history', 'history', 'valid_to', '25 months', 'delete', false, 'What ads had before; what is so now stays.'),
	('report_advertiser_monthly', 'reports', 'stat_month', '10 years', 'delete', false, 'Sums by month: no personal data.'),
	('report_campaign_monthly', 'reports', 'stat_month', '10 years', 'delete', false, 'Sums by month: no personal data.'),
	('report_adgroup_monthly', 'reports', 'stat_month', '10 years', 'delete', false, 'Sums by month: no personal data.'),
	('report_ad_monthly', 'reports', 'stat_month', '10 years', 'delete', false, 'Sums by month: no personal data.');

CREATE TABLE tiktokads.retention_override
(
	relation name PRIMARY KEY,
	keep interval NOT NULL CHECK (keep > '0'),
	action text NOT NULL CHECK (action IN ('drop', 'delete', 'anonymise', 'roll_up')),
	into_relation text,
	grain text,
	enabled boolean NOT NULL,
	note text,
	set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	set_by name NOT NULL DEFAULT session_user,
	set_as name NOT NULL,
	CHECK ((action = 'roll_up') = (into_relation IS NOT NULL)),
	CHECK ((action = 'roll_up') = (grain IS NOT NULL))
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.retention_override', '');
COMMENT ON TABLE tiktokads.retention_override IS 'Your rules: set_retention() and remove_retention() write them. They survive upgrades and are part of dumps.';

CREATE VIEW tiktokads.retention_policy WITH (security_invoker = true) AS
SELECT d.relation,
	d.category,
	d.time_column,
	coalesce(o.keep, d.keep) AS keep,
	coalesce(o.action, d.action) AS action,
	o.into_relation,
	o.grain,
	coalesce(o.enabled, d.enabled) AS enabled,
	d.partitioned,
	coalesce(o.note, d.note) AS note,
	o.set_at,
	o.set_by,
	o.set_as
FROM (
	SELECT r.relation,
		coalesce(s.category, CASE WHEN r.relation LIKE 'report\_%' THEN 'reports' ELSE 'facts' END) AS category,
		r.partition_column AS time_column,
		coalesce(s.keep, CASE WHEN r.relation LIKE '%\_hourly' THEN interval '3 months' ELSE interval '25 months' END) AS keep,
		coalesce(s.action, 'drop') AS action,
		coalesce(s.enabled, false) AS enabled,
		true AS partitioned,
		coalesce(s.note, CASE WHEN r.relation LIKE '%\_hourly' THEN 'Hours: a season; days stay longer.' ELSE 'Two years and the month that they are compared in.' END) AS note
	FROM tiktokads.model_relation AS r
		LEFT JOIN tiktokads.retention_default AS s ON s.relation = r.relation
	WHERE r.kind = 'partitioned'
	UNION ALL
	SELECT s.relation, s.category, s.time_column, s.keep, s.action, s.enabled, false, s.note
	FROM tiktokads.retention_default AS s
	WHERE NOT EXISTS (SELECT FROM tiktokads.model_relation AS r WHERE r.relation = s.relation AND r.kind = 'partitioned')
) AS d LEFT JOIN tiktokads.retention_override AS o ON o.relation = d.relation;
COMMENT ON VIEW tiktokads.retention_policy IS 'The rules of retention in force: one for every partitioned table of the model, the run history, raw payloads and logs. Rules that you did not set are disabled, but those of our own logs. CALL tiktokads.apply_retention() applies the enabled ones.';

DO $do$
DECLARE
	words constant text[] := ARRAY[
		'relation', 'Table in schema tiktokads.',
		'category', 'Kind of data: reports, events, facts, incidents, history, run history, raw payloads, logs.',
		'time_column', 'Column that says how old a row is; rows that have NULL there stay.',
		'keep', 'How long rows are kept, counted back from the start of today in UTC.',
		'action', 'drop (expired partitions; rows of one that is expired in part), delete (rows), anonymise (personal columns become NULL, rows stay) or roll_up (sums go to another table).',
		'into_relation', 'Table that a roll_up adds to; NULL otherwise.',
		'grain', 'Unit that a roll_up adds up to: day, week, month, quarter or year; NULL otherwise.',
		'enabled', 'True: apply_retention() applies it.',
		'partitioned', 'True: whole expired partitions leave.',
		'note', 'Why.',
		'set_at', 'When it was set; NULL: as shipped.',
		'set_by', 'Who set it: the role that logged in; NULL: as shipped.',
		'set_as', 'The role that it acted as; NULL: as shipped.'];
	relation text;
	w int;
BEGIN
	FOREACH relation IN ARRAY ARRAY['retention_default', 'retention_override', 'retention_policy'] LOOP
		FOR w IN 1 .. array_length(words, 1) BY 2 LOOP
			IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = ('tiktokads.' || relation)::pg_catalog.regclass AND attname = words[w]) THEN
				EXECUTE pg_catalog.format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', relation, words[w], words[w + 1]);
			END IF;
		END LOOP;
	END LOOP;
END;
$do$;

CREATE FUNCTION tiktokads.policy_find(relation regclass) RETURNS tiktokads.retention_policy
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	found_policy tiktokads.retention_policy;
	class pg_class;
BEGIN
	SELECT * INTO class FROM pg_class AS c WHERE c.oid = relation;
	SELECT p.* INTO found_policy FROM tiktokads.retention_policy AS p
	WHERE p.relation = class.relname AND class.relnamespace = 'tiktokads'::regnamespace;
	IF NOT FOUND THEN
		RAISE undefined_object USING MESSAGE = format('retention does not look after %s', coalesce(relation::text, 'NULL')),
			HINT = CASE WHEN class.relispartition THEN 'Name the partitioned table, not its partition.'
				ELSE 'SELECT relation FROM tiktokads.retention_policy; lists the tables that it looks after.' END;
	END IF;
	RETURN found_policy;
END;
$$;
COMMENT ON FUNCTION tiktokads.policy_find IS 'The rule of a table; an error when there is none.';
REVOKE ALL ON FUNCTION tiktokads.policy_find FROM PUBLIC;

CREATE FUNCTION tiktokads.policy_check_keep(relation name, keep interval, force boolean) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' AS $$
#variable_conflict use_variable
DECLARE
	today timestamptz := date_trunc('day', tiktokads.clock_now());
	restated int := (SELECT max(s.lookback_days) FROM tiktokads.stream AS s WHERE s.target = relation);
BEGIN
	IF keep IS NULL OR today - keep >= today THEN
		RAISE invalid_parameter_value USING MESSAGE = 'keep must be a positive interval',
			HINT = 'Write it like ''25 months'' or ''90 days''.';
	END IF;
	IF today - keep > today - make_interval(days => restated) AND force IS NOT TRUE THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('keep is shorter than the %s days in which TikTok restates %s', restated, relation),
			DETAIL = 'Days would leave before their numbers are final.',
			HINT = 'Keep it longer, or say force => true.';
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.policy_check_keep IS 'An error unless an interval is one that a table may be kept for: positive, and not shorter than the restatement window unless forced.';
REVOKE ALL ON FUNCTION tiktokads.policy_check_keep FROM PUBLIC;

CREATE FUNCTION tiktokads.policy_action(action text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	word text := regexp_replace(lower(btrim(action)), '[ -]', '_');
BEGIN
	word := CASE word WHEN 'anonymize' THEN 'anonymise' WHEN 'rollup' THEN 'roll_up' ELSE word END;
	IF word IS NULL OR word NOT IN ('drop', 'delete', 'anonymise', 'roll_up') THEN
		RAISE invalid_parameter_value USING MESSAGE = format('action "%s" is not known', coalesce(action, 'NULL')),
			HINT = 'It is drop, delete, anonymise or roll_up.';
	END IF;
	RETURN word;
END;
$$;
COMMENT ON FUNCTION tiktokads.policy_action IS 'The word for an action, other spellings understood; an error when it is none.';
REVOKE ALL ON FUNCTION tiktokads.policy_action FROM PUBLIC;

CREATE FUNCTION tiktokads.policy_set(relation regclass, keep interval, action text, target regclass, force boolean, grain text, acting_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	policy tiktokads.retention_policy := tiktokads.policy_find(relation);
	word text := tiktokads.policy_action(action);
	unit text;
BEGIN
	PERFORM tiktokads.policy_check_keep(policy.relation, keep, force);
	IF word = 'drop' AND NOT policy.partitioned THEN
		RAISE NOTICE '% has no partitions: expired rows will be deleted', relation;
		word := 'delete';
	END IF;
	IF word = 'anonymise' AND NOT EXISTS (SELECT FROM tiktokads.personal_column AS p WHERE p.relation = policy.relation) THEN
		RAISE invalid_parameter_value USING MESSAGE = format('%s has no personal column to anonymise', relation),
			HINT = 'Register its personal columns in tiktokads.personal_column, or choose another action.';
	END IF;
	IF (word = 'roll_up') <> (target IS NOT NULL) THEN
		RAISE invalid_parameter_value USING
			MESSAGE = CASE WHEN target IS NULL THEN 'roll_up needs a table to add to' ELSE format('action %s takes no table to add to', word) END,
			HINT = 'Name it: action => ''roll_up'', "into" => ''tiktokads.report_ad_monthly''.';
	END IF;
	IF word = 'roll_up' THEN
		unit := tiktokads.rollup_grain(policy.relation, target, grain);
		PERFORM tiktokads.rollup_statement(policy.relation, target, unit, format('tiktokads.%I', policy.relation));
	END IF;
	INSERT INTO tiktokads.retention_override AS o (relation, keep, action, into_relation, grain, enabled, set_as)
	VALUES (policy.relation, keep, word, target::text, unit, true, acting_role)
	ON CONFLICT ON CONSTRAINT retention_override_pkey DO UPDATE SET keep = EXCLUDED.keep, action = EXCLUDED.action,
		into_relation = EXCLUDED.into_relation, grain = EXCLUDED.grain, enabled = true,
		set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by, set_as = EXCLUDED.set_as;
END;
$$;
COMMENT ON FUNCTION tiktokads.policy_set IS 'Does the work of set_retention(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.policy_set FROM PUBLIC;

CREATE FUNCTION tiktokads.set_retention
(
	relation regclass,
	keep interval,
	action text DEFAULT 'drop',
	"into" regclass DEFAULT NULL,
	force boolean DEFAULT false,
	grain text DEFAULT NULL
) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_set_retention';
COMMENT ON FUNCTION tiktokads.set_retention IS 'Sets and enables the rule of retention of a table. keep: how long; never shorter than the days in which TikTok restates its numbers, unless force. action: drop, delete, anonymise or roll_up. "into": the table that roll_up adds to; its primary key is columns of relation and one date or time; its other columns are additive metrics (reach and ratios are refused). grain: day, week, month, quarter or year of that date; NULL: the source''s own days when the table lacks a key column of the source, else months. Nothing leaves before CALL tiktokads.apply_retention().';
REVOKE ALL ON FUNCTION tiktokads.set_retention FROM PUBLIC;

CREATE FUNCTION tiktokads.policy_remove(relation regclass, acting_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	policy tiktokads.retention_policy := tiktokads.policy_find(relation);
BEGIN
	INSERT INTO tiktokads.retention_override AS o (relation, keep, action, into_relation, grain, enabled, set_as)
	VALUES (policy.relation, policy.keep, policy.action, policy.into_relation, policy.grain, false, acting_role)
	ON CONFLICT ON CONSTRAINT retention_override_pkey DO UPDATE SET enabled = false,
		set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by, set_as = EXCLUDED.set_as;
END;
$$;
COMMENT ON FUNCTION tiktokads.policy_remove IS 'Does the work of remove_retention(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.policy_remove FROM PUBLIC;

CREATE FUNCTION tiktokads.remove_retention(relation regclass) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_remove_retention';
COMMENT ON FUNCTION tiktokads.remove_retention IS 'Disables the rule of retention of a table: nothing of it leaves any more. What left stays away, see tiktokads.expired_range.';
REVOKE ALL ON FUNCTION tiktokads.remove_retention FROM PUBLIC;
