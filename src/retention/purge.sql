-- what is due to leave, and how one partition or one batch of rows leaves

CREATE FUNCTION tiktokads.retention_cutoff(policy tiktokads.retention_policy) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC'
BEGIN ATOMIC
	SELECT pg_catalog.date_trunc(CASE WHEN policy.time_column = 'stat_month' THEN 'month' ELSE 'day' END,
		pg_catalog.date_trunc('day', tiktokads.clock_now()) - policy.keep);
END;
COMMENT ON FUNCTION tiktokads.retention_cutoff IS 'Time before which a rule wants rows gone: a start of a day in UTC, or of a month where a row stands for one.';
REVOKE ALL ON FUNCTION tiktokads.retention_cutoff FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_due(only_relation name DEFAULT NULL, only_leaf name DEFAULT NULL)
RETURNS TABLE (relation name, leaf name, action text, whole boolean, lower_bound timestamptz, upper_bound timestamptz, policy text, note text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres' AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH rule AS (
		SELECT p.relation, p.action, p.partitioned, tiktokads.retention_cutoff(p) AS cutoff,
			format('%s after %s', p.action, p.keep) AS policy,
			to_regclass(format('tiktokads.%I', p.relation))::oid AS class
		FROM tiktokads.retention_policy AS p
		WHERE p.enabled AND (only_relation IS NULL OR p.relation = only_relation)
	), part AS (
		SELECT r.relation, c.relname, c.relkind, c.relowner <> o.relowner AS foreign_owner, r.action, r.partitioned, r.cutoff, r.policy,
			regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$^FOR VALUES FROM \('([^']+)'\) TO \('([^']+)'\)$re$) AS bounds
		FROM rule AS r
			LEFT JOIN pg_inherits AS i ON i.inhparent = r.class AND r.partitioned
			JOIN pg_class AS c ON c.oid = CASE WHEN r.partitioned THEN i.inhrelid ELSE r.class END
			JOIN pg_class AS o ON o.oid = r.class
		WHERE only_leaf IS NULL OR c.relname = only_leaf
	), bounded AS (
		-- a month that a DEFAULT or unbounded partition holds is not known: its rows leave, it does not
		SELECT p.*, p.bounds[1]::timestamptz AS lower_at, p.bounds[2]::timestamptz AS upper_at FROM part AS p
	)
	SELECT b.relation, b.relname, b.action,
		coalesce(b.partitioned AND b.upper_at <= b.cutoff AND b.action IN ('drop', 'roll_up'), false),
		b.lower_at, least(b.upper_at, b.cutoff), b.policy,
		CASE WHEN b.relkind <> 'r' THEN 'it is no plain table' WHEN b.foreign_owner THEN 'it belongs to another role than its table' END
	FROM bounded AS b
	WHERE b.lower_at < b.cutoff OR b.lower_at IS NULL
	ORDER BY b.relation, b.lower_at, b.relname;
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_due IS 'Partitions and tables that hold what the enabled rules want gone, oldest first; of one table or one partition alone when it is named. whole: the partition leaves as one; else its rows before upper_bound do. note: why it cannot be; NULL when it can.';
REVOKE ALL ON FUNCTION tiktokads.retention_due FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_literal(relation name, at timestamptz) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE a.atttypid WHEN 'date'::regtype THEN pg_catalog.format('%L::pg_catalog.date', pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
			WHEN 'timestamp'::regtype THEN pg_catalog.format('%L::pg_catalog.timestamp', pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
			ELSE pg_catalog.format('%L::pg_catalog.timestamptz', pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || '+00') END
	FROM tiktokads.retention_policy AS p
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', p.relation))
			AND a.attname = p.time_column
	WHERE p.relation = retention_literal.relation;
END;
COMMENT ON FUNCTION tiktokads.retention_literal IS 'A time as a literal of the type of a table''s time column, the same in every session.';
REVOKE ALL ON FUNCTION tiktokads.retention_literal FROM PUBLIC;

CREATE FUNCTION tiktokads.anonymise_set(relation name, alias text, OUT assignments text, OUT pending text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT pg_catalog.string_agg(pg_catalog.format('%I = %s', a.attname, v.empty), ', ' ORDER BY a.attnum),
		pg_catalog.string_agg(pg_catalog.format('%s.%I IS DISTINCT FROM %s', alias, a.attname, v.empty), ' OR ' ORDER BY a.attnum)
	FROM tiktokads.personal_column AS p
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', p.relation))
			AND a.attname = p.column_name AND NOT a.attisdropped
		CROSS JOIN LATERAL (SELECT CASE WHEN a.attnotnull THEN '''erased''' ELSE 'NULL' END AS empty) AS v
	WHERE p.relation = anonymise_set.relation;
END;
COMMENT ON FUNCTION tiktokads.anonymise_set IS 'What an UPDATE must set to anonymise rows of a table, and the condition that a row is not anonymised yet. NULL when the table has no personal column.';
REVOKE ALL ON FUNCTION tiktokads.anonymise_set FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_condition(relation name, upper_bound timestamptz) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT pg_catalog.format('r.%I < %s AND NOT %s%s', p.time_column, tiktokads.retention_literal(p.relation, upper_bound),
		tiktokads.hold_condition(p.relation, p.time_column, 'r'),
		CASE WHEN p.action = 'anonymise' THEN pg_catalog.format(' AND (%s)', (tiktokads.anonymise_set(p.relation, 'r')).pending) ELSE '' END)
	FROM tiktokads.retention_policy AS p WHERE p.relation = retention_condition.relation;
END;
COMMENT ON FUNCTION tiktokads.retention_condition IS 'Condition, in SQL, that a row r of a table is to leave (or be anonymised): older than a time, not under a hold.';
REVOKE ALL ON FUNCTION tiktokads.retention_condition FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_measure(leaf name, OUT rows bigint, OUT estimated boolean, OUT bytes bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	class oid := to_regclass(format('tiktokads.%I', leaf));
	most bigint := pg_size_bytes(current_setting('tiktokads.retention_count_limit'));
	known record;
BEGIN
	SELECT c.reltuples, c.relpages, pg_relation_size(class) AS size INTO known FROM pg_class AS c WHERE c.oid = class;
	estimated := most >= 0 AND known.size > most AND known.reltuples >= 0 AND known.relpages > 0;
	IF estimated THEN
		rows := round(known.reltuples::double precision * (known.size / current_setting('block_size')::bigint) / known.relpages);
	ELSE
		EXECUTE format('SELECT count(*) FROM tiktokads.%I', leaf) INTO rows;
	END IF;
	bytes := pg_total_relation_size(class);
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_measure IS 'Rows and bytes of a partition, indexes included. Rows are counted up to tiktokads.retention_count_limit, else they are those of the planner''s statistics, and estimated is true; a partition without statistics is counted whatever its size.';
REVOKE ALL ON FUNCTION tiktokads.retention_measure FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_held(relation name, leaf name) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	held bigint := 0;
BEGIN
	IF EXISTS (SELECT FROM tiktokads.legal_hold AS h WHERE h.released_at IS NULL) THEN
		EXECUTE format('SELECT count(*) FROM tiktokads.%I AS r WHERE %s', leaf,
			tiktokads.hold_condition(relation, (SELECT p.time_column FROM tiktokads.retention_policy AS p WHERE p.relation = retention_held.relation), 'r'))
		INTO held;
	END IF;
	RETURN held;
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_held IS 'Rows of a partition that are under a legal hold.';
REVOKE ALL ON FUNCTION tiktokads.retention_held FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_plan_rows()
RETURNS TABLE (relation name, partition name, policy text, from_bound timestamptz, to_bound timestamptz, whole boolean,
	rows bigint, rows_estimated boolean, bytes bigint, rows_held bigint, verdict text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	due record;
	reason text;
BEGIN
	FOR due IN SELECT * FROM tiktokads.retention_due() LOOP
		relation := due.relation;
		partition := due.leaf;
		policy := due.policy;
		from_bound := due.lower_bound;
		to_bound := due.upper_bound;
		whole := due.whole;
		reason := due.note;
		rows_held := tiktokads.retention_held(due.relation, due.leaf);
		SELECT m.rows, m.estimated, m.bytes INTO rows, rows_estimated, bytes FROM tiktokads.retention_measure(due.leaf) AS m;
		IF whole AND rows_held > 0 THEN
			reason := format('a legal hold keeps it: %s rows are under it', rows_held);
		ELSIF NOT whole AND reason IS NULL THEN
			EXECUTE format('SELECT count(*), coalesce(sum(pg_column_size(r.*)), 0) FROM tiktokads.%I AS r WHERE %s', due.leaf,
				tiktokads.retention_condition(due.relation, due.upper_bound))
			INTO rows, bytes;
			rows_estimated := false;
			CONTINUE WHEN rows = 0 AND rows_held = 0;
		END IF;
		verdict := CASE WHEN reason IS NOT NULL THEN 'stays: ' || reason
			WHEN whole THEN CASE due.action WHEN 'roll_up' THEN 'its sums are added up, and the partition is dropped' ELSE 'the partition is dropped' END
			WHEN rows = 0 THEN 'stays: a legal hold keeps its expired rows'
			WHEN due.action = 'anonymise' THEN 'rows are anonymised'
			WHEN due.action = 'roll_up' THEN 'rows are added up and deleted'
			ELSE 'rows are deleted' END;
		RETURN NEXT;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_plan_rows IS 'Does the work of retention_plan(), as the owner.';
REVOKE ALL ON FUNCTION tiktokads.retention_plan_rows FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_plan()
RETURNS TABLE (relation name, partition name, policy text, from_bound timestamptz, to_bound timestamptz, whole boolean,
	rows bigint, rows_estimated boolean, bytes bigint, rows_held bigint, verdict text)
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'tiktokads_retention_plan';
COMMENT ON FUNCTION tiktokads.retention_plan IS 'What apply_retention() would do now, one row for each partition or table concerned, and why it would leave one alone. rows and bytes: of what would leave; rows_held: under a legal hold. It only reads.';
REVOKE ALL ON FUNCTION tiktokads.retention_plan FROM PUBLIC;

CREATE FUNCTION tiktokads.expired_add(relation name, days datemultirange) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO tiktokads.expired_range AS e (relation, days) VALUES (expired_add.relation, expired_add.days)
	ON CONFLICT (relation) DO UPDATE SET days = e.days + EXCLUDED.days WHERE NOT e.days @> EXCLUDED.days;
END;
COMMENT ON FUNCTION tiktokads.expired_add IS 'Notes that days left a table, or are not to come.';
REVOKE ALL ON FUNCTION tiktokads.expired_add FROM PUBLIC;

CREATE FUNCTION tiktokads.days_between(from_bound timestamptz, to_bound timestamptz) RETURNS daterange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.daterange((from_bound AT TIME ZONE 'UTC')::date, (to_bound AT TIME ZONE 'UTC')::date);
COMMENT ON FUNCTION tiktokads.days_between IS 'Days from one time to before another, in UTC. from_bound NULL: without beginning.';
REVOKE ALL ON FUNCTION tiktokads.days_between FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_begin() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule record;
BEGIN
	FOR rule IN
		SELECT p.relation, tiktokads.retention_cutoff(p) AS cutoff
		FROM tiktokads.retention_policy AS p
		WHERE p.enabled AND p.partitioned AND p.action <> 'anonymise' AND to_regclass(format('tiktokads.%I', p.relation)) IS NOT NULL
		ORDER BY p.relation
	LOOP
		-- days of partitions that leave whole are noted when these leave, if no hold keeps them
		PERFORM tiktokads.expired_add(rule.relation, datemultirange(tiktokads.days_between(NULL, rule.cutoff)) - coalesce(
			(SELECT range_agg(tiktokads.days_between(d.lower_bound, d.upper_bound)) FROM tiktokads.retention_due(rule.relation) AS d
				WHERE d.whole OR d.note IS NOT NULL), '{}'));
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_begin IS 'Before rows leave: notes the days that syncs are not to fetch any more. Part of apply_retention().';
REVOKE ALL ON FUNCTION tiktokads.retention_begin FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_lock(relation name, leaf name) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
	PERFORM set_config('lock_timeout', current_setting('tiktokads.retention_lock_timeout'), true);
	-- another run works on it: it does what this one would do
	IF NOT pg_try_advisory_xact_lock(hashtextextended(format('tiktokads.retention.%s', leaf), to_regclass(format('tiktokads.%I', relation))::oid::bigint)) THEN
		RETURN false;
	END IF;
	-- no hold is placed between the check and the commit
	LOCK TABLE tiktokads.legal_hold IN SHARE MODE;
	RETURN true;
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_lock IS 'Takes what every removal takes: its turn on a partition (false when another run has it) and a lock against new holds, until the commit. Waits no longer than tiktokads.retention_lock_timeout.';
REVOKE ALL ON FUNCTION tiktokads.retention_lock FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_drop(relation name, leaf name, acting_role name, OUT outcome text, OUT rows bigint, OUT bytes bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	due record;
	held bigint;
	measured record;
	rule tiktokads.retention_policy;
	give_up_at timestamptz;
BEGIN
	rows := 0;
	bytes := 0;
	IF NOT tiktokads.retention_lock(relation, leaf) THEN
		outcome := 'busy';
		RETURN;
	END IF;
	-- parent before partition, always; these two hinder no reader
	EXECUTE format('LOCK TABLE ONLY tiktokads.%I IN SHARE UPDATE EXCLUSIVE MODE', relation);
	SELECT * INTO due FROM tiktokads.retention_due(relation, leaf) AS d WHERE d.whole AND d.note IS NULL;
	IF NOT FOUND THEN
		outcome := 'gone';
		RETURN;
	END IF;
	EXECUTE format('LOCK TABLE tiktokads.%I IN SHARE MODE', leaf);
	held := tiktokads.retention_held(relation, leaf);
	IF held > 0 THEN
		outcome := 'held';
		rows := held;
		RETURN;
	END IF;
	SELECT * INTO measured FROM tiktokads.retention_measure(leaf);
	SELECT * INTO rule FROM tiktokads.retention_policy AS p WHERE p.relation = relation;
	IF due.action = 'roll_up' THEN
		EXECUTE tiktokads.rollup_statement(relation, rule.into_relation::regclass, rule.grain, format('tiktokads.%I', leaf));
	END IF;
	PERFORM tiktokads.expired_add(relation, datemultirange(tiktokads.days_between(due.lower_bound, due.upper_bound)));
	PERFORM tiktokads.purge_record(acting_role, due.action, due.policy, relation, leaf, due.lower_bound, due.upper_bound,
		measured.rows, measured.estimated, measured.bytes,
		CASE WHEN due.action = 'roll_up' THEN jsonb_build_object('into', rule.into_relation, 'grain', rule.grain) END);
	-- everything else is done: from here on readers wait, for the catalogue alone
	give_up_at := clock_timestamp() + current_setting('lock_timeout')::interval;
	EXECUTE format('LOCK TABLE ONLY tiktokads.%I IN ACCESS EXCLUSIVE MODE', relation);
	-- a reader that ends gives its locks up one by one, the partition's maybe last: it gets the time that is left
	PERFORM set_config('lock_timeout',
		greatest(1, 1000 * extract(epoch FROM give_up_at - clock_timestamp()))::int::text, true);
	EXECUTE format('LOCK TABLE tiktokads.%I IN ACCESS EXCLUSIVE MODE', leaf);
	EXECUTE format('DROP TABLE tiktokads.%I', leaf);
	outcome := 'done';
	rows := measured.rows;
	bytes := measured.bytes;
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_drop IS 'Drops one expired partition, with its sums added up where the rule says so, its days noted as expired and its row in the purge log. outcome: done; busy (another run has it); gone (nothing to do any more); held (rows: those under a legal hold). An error when a lock was not had in time.';
REVOKE ALL ON FUNCTION tiktokads.retention_drop FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_batch_statement(relation name, leaf name, upper_bound timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	rule tiktokads.retention_policy;
	verb text;
	added text := '';
BEGIN
	SELECT * INTO rule FROM tiktokads.retention_policy AS p WHERE p.relation = retention_batch_statement.relation;
	verb := CASE WHEN rule.action = 'anonymise'
		THEN format('UPDATE tiktokads.%I AS r SET %s', leaf, (tiktokads.anonymise_set(relation, 'r')).assignments)
		ELSE format('DELETE FROM tiktokads.%I AS r', leaf) END;
	IF rule.action = 'roll_up' THEN
		added := format(', added AS (%s)', tiktokads.rollup_statement(relation, rule.into_relation::regclass, rule.grain, 'gone'));
	END IF;
	-- $1 and $2 bound the blocks: each batch reads its own part of the table and no other
	RETURN format('WITH gone AS (%s WHERE r.ctid >= $1 AND r.ctid < $2 AND %s RETURNING r.*)%s'
		' SELECT count(*), coalesce(sum(pg_column_size(g.*)), 0) FROM gone AS g',
		verb, tiktokads.retention_condition(relation, upper_bound), added);
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_batch_statement IS 'Statement that removes, anonymises or adds up the expired rows of a range of blocks ($1 to before $2), and counts them and their bytes.';
REVOKE ALL ON FUNCTION tiktokads.retention_batch_statement FROM PUBLIC;

CREATE FUNCTION tiktokads.retention_batch(relation name, leaf name, first_block bigint, last_block bigint, acting_role name,
	OUT outcome text, OUT rows bigint, OUT bytes bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	due record;
BEGIN
	rows := 0;
	bytes := 0;
	IF NOT tiktokads.retention_lock(relation, leaf) THEN
		outcome := 'busy';
		RETURN;
	END IF;
	SELECT * INTO due FROM tiktokads.retention_due(relation, leaf) AS d WHERE NOT d.whole AND d.note IS NULL;
	IF NOT FOUND THEN
		outcome := 'gone';
		RETURN;
	END IF;
	EXECUTE tiktokads.retention_batch_statement(relation, leaf, due.upper_bound) INTO rows, bytes
	USING format('(%s,0)', first_block)::tid, format('(%s,0)', last_block)::tid;
	IF rows > 0 THEN
		PERFORM tiktokads.purge_record(acting_role, replace(due.action, 'drop', 'delete'), due.policy, relation, nullif(leaf, relation), due.lower_bound, due.upper_bound,
			rows, false, bytes, jsonb_build_object('first_block', first_block, 'last_block', last_block - 1));
	END IF;
	outcome := 'done';
END;
$$;
COMMENT ON FUNCTION tiktokads.retention_batch IS 'Removes, anonymises or adds up the expired rows of a range of blocks, with their row in the purge log. outcome as for retention_drop().';
REVOKE ALL ON FUNCTION tiktokads.retention_batch FROM PUBLIC;

CREATE PROCEDURE tiktokads.apply_retention(dry_run boolean DEFAULT false)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_apply_retention';
COMMENT ON PROCEDURE tiktokads.apply_retention IS 'Applies the enabled rules of tiktokads.retention_policy: drops expired partitions, one in each transaction, and removes the expired rows of others by batches; never a partition or row under a legal hold. A lock is waited for no longer than tiktokads.retention_lock_timeout, again and again; what stays locked is left for the next call, with a warning. It may be ended at any time and called again, also twice at once and beside a sync. dry_run: says what it would do and removes nothing (SELECT * FROM tiktokads.retention_plan() says it in columns). It commits: call it alone. An error at the end counts what failed.';
REVOKE ALL ON PROCEDURE tiktokads.apply_retention FROM PUBLIC;
