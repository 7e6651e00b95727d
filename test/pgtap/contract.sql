-- What every public object promises: a comment, an owner, no more rights than needed.
BEGIN;
SELECT plan(13);

SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p
	WHERE p.pronamespace = 'tiktokads'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
$$, 'every routine has a comment');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class AS c
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
		AND obj_description(c.oid, 'pg_class') IS NULL
$$, 'every table and view has a comment');
SELECT is_empty($$
	SELECT c.oid::regclass || '.' || a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
		AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
$$, 'every column has a comment');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p
	WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.prokind = 'p'
		AND has_function_privilege('public', p.oid, 'EXECUTE')
$$, 'nobody may call a procedure unless it was granted');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.prosecdef
$$, 'no routine is SECURITY DEFINER');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
	WHERE p.pronamespace = 'tiktokads'::regnamespace AND l.lanname = 'plpgsql'
		AND NOT coalesce(p.proconfig::text LIKE '%search_path=pg_catalog%pg_temp%', false)
$$, 'every plpgsql routine pins its search_path, pg_temp last');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class AS c
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		AND has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
$$, 'PUBLIC has no right on any table or view');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class AS c
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind = 'v'
		AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)
		AND NOT EXISTS (SELECT FROM tiktokads.model_relation AS m
			WHERE m.relation = c.relname AND m.masked AND coalesce(c.reloptions::text LIKE '%security_barrier=true%', false))
$$, 'every view runs with its reader''s rights, or is a security barrier that masks what they may not read');
SELECT is_empty($$
	SELECT r.rolname FROM pg_roles AS r
	WHERE NOT r.rolsuper AND has_schema_privilege(r.oid, 'tiktokads', 'CREATE') AND r.rolname <> 'tiktokads_worker'
$$, 'nobody but tiktokads_worker may create in the schema');
SELECT results_eq($$ SELECT rolcanlogin, rolsuper, rolpassword IS NULL FROM pg_authid WHERE rolname = 'tiktokads_worker' $$,
	$$ VALUES (true, false, true) $$, 'tiktokads_worker may log in, is no superuser and has no password');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class AS c
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p')
		AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		AND pg_get_userbyid(c.relowner) <> 'tiktokads_worker'
$$, 'tiktokads_worker owns every table of facts');
SELECT is_empty($$
	SELECT a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p')
		AND a.attname ~ '(token|secret|password)' AND a.attname !~ '_file$'
$$, 'no table has a column for a secret');
SELECT is_empty($$
	SELECT p.oid::regclass FROM pg_partitioned_table AS t JOIN pg_class AS p ON p.oid = t.partrelid
	WHERE p.relnamespace = 'tiktokads'::regnamespace AND p.relname LIKE 'report\_%'
		AND NOT EXISTS (SELECT FROM pg_constraint AS k JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
			WHERE k.conrelid = p.oid AND k.contype = 'p' AND a.attname = 'advertiser_id')
$$, 'the primary key of every partitioned report table leads with advertiser_id');

SELECT * FROM finish();
ROLLBACK;
