-- Who may do what, and which ad accounts one sees.
BEGIN;
SELECT plan(40);

CREATE ROLE ana LOGIN IN ROLE tiktokads_analyst;
CREATE ROLE bob LOGIN IN ROLE tiktokads_analyst;
CREATE ROLE mon LOGIN IN ROLE tiktokads_monitor;
CREATE ROLE ope LOGIN IN ROLE tiktokads_operator;
CREATE ROLE pri LOGIN IN ROLE tiktokads_privacy;
CREATE ROLE adm LOGIN IN ROLE tiktokads_admin;
CREATE ROLE nobody_special LOGIN;
GRANT USAGE ON SCHEMA tiktokads TO nobody_special;

SELECT results_eq($$ SELECT rolname::text COLLATE "default", rolcanlogin, rolsuper, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles WHERE rolname LIKE 'tiktokads\_%' ORDER BY 1 $$,
	$$ VALUES ('tiktokads_admin', false, false, false, false, false), ('tiktokads_analyst', false, false, false, false, false), ('tiktokads_monitor', false, false, false, false, false),
		('tiktokads_operator', false, false, false, false, false), ('tiktokads_privacy', false, false, false, false, false), ('tiktokads_worker', true, false, false, false, false) $$,
	'six roles, of which the worker alone logs in, and none is more than a role');
SELECT is_empty($$ SELECT * FROM tiktokads.role_privileges() WHERE NOT held $$, 'everything that is promised is granted');
SELECT is_empty($$ SELECT * FROM tiktokads.role_withheld() WHERE held $$, 'nothing that is withheld is held');
SELECT ok(tiktokads.roles_ready(), 'roles_ready says so');
SELECT lives_ok($$ CALL tiktokads.create_roles() $$, 'create_roles may be called again');

-- the matrix: role, object, what it may do there
SELECT results_eq($$
	SELECT o.object, r.role, concat_ws(' ', CASE WHEN has_table_privilege(r.role, 'tiktokads.' || o.object, 'SELECT') THEN 'all' WHEN has_any_column_privilege(r.role, 'tiktokads.' || o.object, 'SELECT') THEN 'some' END,
		CASE WHEN has_table_privilege(r.role, 'tiktokads.' || o.object, 'INSERT') THEN 'insert' END,
		CASE WHEN has_table_privilege(r.role, 'tiktokads.' || o.object, 'UPDATE') THEN 'update' WHEN has_any_column_privilege(r.role, 'tiktokads.' || o.object, 'UPDATE') THEN 'update-some' END,
		CASE WHEN has_table_privilege(r.role, 'tiktokads.' || o.object, 'DELETE') THEN 'delete' END, CASE WHEN has_table_privilege(r.role, 'tiktokads.' || o.object, 'TRUNCATE, TRIGGER, REFERENCES') THEN 'more' END)
	FROM unnest(ARRAY['advertiser', 'advertiser_grant', 'campaign', 'campaign_report', 'connection', 'currency_rate', 'report_ad_daily', 'stream_override', 'sync_history', 'sync_status']) AS o (object)
		CROSS JOIN unnest(ARRAY['ana', 'mon', 'ope', 'pri', 'adm', 'nobody_special', 'tiktokads_worker']) WITH ORDINALITY AS r (role, n)
	ORDER BY o.object COLLATE "C", r.n $$,
	$$ VALUES
	('advertiser', 'ana', 'some'), ('advertiser', 'mon', 'some'), ('advertiser', 'ope', 'some update-some'), ('advertiser', 'pri', ''), ('advertiser', 'adm', 'all update-some'), ('advertiser', 'nobody_special', ''), ('advertiser', 'tiktokads_worker', 'all insert update delete'),
	('advertiser_grant', 'ana', 'all'), ('advertiser_grant', 'mon', 'all'), ('advertiser_grant', 'ope', 'all'), ('advertiser_grant', 'pri', 'all'), ('advertiser_grant', 'adm', 'all insert update delete'), ('advertiser_grant', 'nobody_special', ''), ('advertiser_grant', 'tiktokads_worker', 'all insert update delete'),
	('campaign', 'ana', 'all'), ('campaign', 'mon', ''), ('campaign', 'ope', ''), ('campaign', 'pri', ''), ('campaign', 'adm', 'all'), ('campaign', 'nobody_special', ''), ('campaign', 'tiktokads_worker', 'all insert update delete more'),
	('campaign_report', 'ana', 'all'), ('campaign_report', 'mon', ''), ('campaign_report', 'ope', ''), ('campaign_report', 'pri', ''), ('campaign_report', 'adm', 'all'), ('campaign_report', 'nobody_special', ''), ('campaign_report', 'tiktokads_worker', 'all insert update delete more'),
	('connection', 'ana', ''), ('connection', 'mon', 'some'), ('connection', 'ope', 'some'), ('connection', 'pri', ''), ('connection', 'adm', 'all'), ('connection', 'nobody_special', ''), ('connection', 'tiktokads_worker', 'all insert update delete'),
	('currency_rate', 'ana', 'all'), ('currency_rate', 'mon', ''), ('currency_rate', 'ope', ''), ('currency_rate', 'pri', ''), ('currency_rate', 'adm', 'all insert update delete'), ('currency_rate', 'nobody_special', ''), ('currency_rate', 'tiktokads_worker', 'all insert update delete'),
	('report_ad_daily', 'ana', 'all'), ('report_ad_daily', 'mon', ''), ('report_ad_daily', 'ope', ''), ('report_ad_daily', 'pri', ''), ('report_ad_daily', 'adm', 'all'), ('report_ad_daily', 'nobody_special', ''), ('report_ad_daily', 'tiktokads_worker', 'all insert update delete more'),
	('stream_override', 'ana', 'some'), ('stream_override', 'mon', 'some'), ('stream_override', 'ope', 'all insert update delete'), ('stream_override', 'pri', ''), ('stream_override', 'adm', 'all insert update delete'), ('stream_override', 'nobody_special', ''), ('stream_override', 'tiktokads_worker', 'all insert update delete'),
	('sync_history', 'ana', ''), ('sync_history', 'mon', 'all'), ('sync_history', 'ope', 'all'), ('sync_history', 'pri', ''), ('sync_history', 'adm', 'all'), ('sync_history', 'nobody_special', ''), ('sync_history', 'tiktokads_worker', 'all insert update delete'),
	('sync_status', 'ana', ''), ('sync_status', 'mon', 'all'), ('sync_status', 'ope', 'all'), ('sync_status', 'pri', ''), ('sync_status', 'adm', 'all'), ('sync_status', 'nobody_special', ''), ('sync_status', 'tiktokads_worker', 'all insert update delete') $$,
	'what each role may do with tables and views');
SELECT results_eq($$
	SELECT o.object, (SELECT string_agg(r.role, ' ' ORDER BY r.n) FROM unnest(ARRAY['ana', 'mon', 'ope', 'pri', 'adm', 'nobody_special']) WITH ORDINALITY AS r (role, n)
		WHERE (SELECT bool_and(has_function_privilege(r.role, p.oid, 'EXECUTE')) FROM pg_proc AS p WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.proname = o.object))
	FROM unnest(ARRAY['compare_periods', 'connect', 'convert', 'create_model', 'create_roles', 'disconnect', 'doctor', 'grant_advertiser', 'maintain', 'pause', 'schedule', 'schedule_status', 'sync', 'url_parse', 'visible_advertisers']) AS o (object) $$,
	$$ VALUES ('compare_periods', 'ana adm'), ('connect', 'adm'), ('convert', 'ana adm'), ('create_model', 'ope adm'), ('create_roles', 'adm'), ('disconnect', 'adm'), ('doctor', 'mon ope adm'),
		('grant_advertiser', 'adm'), ('maintain', 'ope adm'), ('pause', 'ope adm'), ('schedule', 'ope adm'), ('schedule_status', 'mon ope adm'), ('sync', 'ope adm'), ('url_parse', 'ana adm'), ('visible_advertisers', 'ana mon ope pri adm') $$,
	'what each role may call');

-- and the whole of it: each role x each object x each privilege, against what rules give the role and those it is a member of
CREATE TEMP TABLE promised AS SELECT role, kind, object, privilege, columns FROM tiktokads.role_privileges();
CREATE TEMP TABLE matrix AS
SELECT r.role, c.oid::regclass::text AS object, c.relispartition AS is_partition, p.privilege, has_table_privilege(r.role, c.oid, p.privilege) AS held,
	CASE WHEN p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') THEN ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		AND has_column_privilege(r.role, c.oid, a.attnum, p.privilege) ORDER BY a.attname) ELSE '{}' END AS columns
FROM pg_class AS c CROSS JOIN unnest(ARRAY['tiktokads_admin', 'tiktokads_operator', 'tiktokads_analyst', 'tiktokads_privacy', 'tiktokads_monitor', 'nobody_special']) AS r (role)
	CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v');
SELECT cmp_ok((SELECT count(DISTINCT object) FROM matrix), '>', 100::bigint, 'the matrix holds every table and view');
SELECT is_empty($$ SELECT m.role, m.object, m.privilege FROM matrix AS m WHERE m.held AND NOT EXISTS (SELECT FROM promised AS p
	WHERE p.kind = 'relation' AND p.object = m.object AND p.privilege = m.privilege AND p.columns IS NULL AND pg_has_role(m.role, p.role, 'USAGE')) $$,
	'no role may do more with a table or view than a rule says');
SELECT is_empty($$ SELECT m.role, m.object, m.privilege, m.columns FROM matrix AS m WHERE NOT m.held AND m.columns <> ARRAY(SELECT DISTINCT c::name FROM promised AS p CROSS JOIN unnest(p.columns) AS c
	WHERE p.kind = 'relation' AND p.object = m.object AND p.privilege = m.privilege AND pg_has_role(m.role, p.role, 'USAGE') ORDER BY 1) $$,
	'nor with its columns, and no less');
SELECT is_empty($$ SELECT * FROM matrix WHERE is_partition AND (held OR columns <> '{}') $$, 'partitions are read through their parents alone');
SELECT is_empty($$ SELECT r.role, p.oid::regprocedure, has_function_privilege(r.role, p.oid, 'EXECUTE')
	FROM pg_proc AS p CROSS JOIN unnest(ARRAY['tiktokads_admin', 'tiktokads_operator', 'tiktokads_analyst', 'tiktokads_privacy', 'tiktokads_monitor', 'nobody_special']) AS r (role)
	WHERE p.pronamespace = 'tiktokads'::regnamespace AND has_function_privilege(r.role, p.oid, 'EXECUTE') <> EXISTS (SELECT FROM promised AS w
		WHERE w.kind = 'routine' AND w.object = p.oid::regprocedure::text AND pg_has_role(r.role, w.role, 'USAGE')) $$,
	'each role may call each routine exactly where a rule says so');
SELECT is_empty($$ SELECT c.oid::regclass, a.grantee::regrole FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a WHERE c.relnamespace = 'tiktokads'::regnamespace AND a.is_grantable AND a.grantee <> c.relowner
	UNION ALL SELECT p.oid::regprocedure::oid::regclass, a.grantee::regrole FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS a WHERE p.pronamespace = 'tiktokads'::regnamespace AND a.is_grantable AND a.grantee <> p.proowner $$,
	'and nobody may hand a right on');
SELECT is_empty($$ SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = 'tiktokads.advertiser'::regclass AND a.attname ~ '(contacter|email|number|address|license|extra|balance)'
	AND has_column_privilege('ana', a.attrelid, a.attnum, 'SELECT') $$, 'analysts do not read who the contacts of an ad account are');
SELECT results_eq($$ SELECT r, p, has_table_privilege(r, 'tiktokads.purge_log', p) FROM unnest(ARRAY['tiktokads_worker', 'pri', 'adm']) WITH ORDINALITY AS u (r, n), unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS v (p, m) ORDER BY n, m $$,
	$$ VALUES ('tiktokads_worker', 'SELECT', true), ('tiktokads_worker', 'INSERT', true), ('tiktokads_worker', 'UPDATE', false), ('tiktokads_worker', 'DELETE', false),
		('pri', 'SELECT', true), ('pri', 'INSERT', false), ('pri', 'UPDATE', false), ('pri', 'DELETE', false),
		('adm', 'SELECT', true), ('adm', 'INSERT', false), ('adm', 'UPDATE', false), ('adm', 'DELETE', false) $$, 'the purge log is added to by the worker, and changed by nobody');
SELECT is_empty($$ SELECT p.relation, p.column_name FROM tiktokads.personal_column AS p
		JOIN pg_attribute AS a ON a.attrelid = to_regclass('tiktokads.' || p.relation) AND a.attname = p.column_name AND NOT a.attisdropped
	WHERE has_column_privilege('ana', a.attrelid, a.attnum, 'SELECT') $$, 'analysts read no personal column');
SELECT is_empty($$ SELECT a.attname FROM pg_attribute AS a CROSS JOIN unnest(ARRAY['mon', 'ope']) AS r WHERE a.attrelid = 'tiktokads.connection'::regclass AND a.attname LIKE '%file%'
	AND has_column_privilege(r, a.attrelid, a.attnum, 'SELECT') $$, 'monitors and operators do not read where secrets are');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class AS c CROSS JOIN unnest(ARRAY['ana', 'mon', 'ope', 'pri', 'adm']) AS r
	WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relname IN (SELECT relation FROM tiktokads.model_relation) AND has_table_privilege(r, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
$$, 'nobody but the worker writes facts');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'tiktokads'::regnamespace
		AND (has_function_privilege('public', p.oid, 'EXECUTE') OR has_function_privilege('nobody_special', p.oid, 'EXECUTE'))
$$, 'PUBLIC may call nothing');

-- calling everything without rights
CREATE TABLE pg_temp.refused (routine text, state text);
GRANT INSERT ON pg_temp.refused TO nobody_special;
SET LOCAL ROLE nobody_special;
DO $$
DECLARE
	routine record;
BEGIN
	FOR routine IN
		-- arguments that the planner cannot see: it would answer for a STRICT function itself
		SELECT p.oid::regprocedure::text AS name, CASE p.prokind WHEN 'p' THEN format('CALL tiktokads.%I(%s)', p.proname, a.nulls)
			ELSE format('SELECT tiktokads.%I(%s)%s FROM (SELECT %s OFFSET 0) AS v', p.proname, a.names, CASE p.prokind WHEN 'w' THEN ' OVER ()' ELSE '' END, a.columns) END AS call
		FROM pg_proc AS p CROSS JOIN LATERAL (
				SELECT string_agg(format('NULL::%s', format_type(t, NULL)), ', ' ORDER BY n) AS nulls, string_agg(format('v.a%s', n), ', ' ORDER BY n) AS names,
					string_agg(format('NULL::%s AS a%s', format_type(t, NULL), n), ', ' ORDER BY n) AS columns
				FROM (SELECT CASE WHEN p.provariadic <> 0 AND u.n = p.pronargs THEN p.provariadic ELSE u.t END AS t, u.n
					FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (t, n)) AS u) AS a
		WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype)
			AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS t JOIN pg_type AS y ON y.oid = t WHERE y.typtype = 'p')
	LOOP
		BEGIN
			EXECUTE routine.call;
			INSERT INTO pg_temp.refused VALUES (routine.name, 'was let in');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO pg_temp.refused VALUES (routine.name, SQLSTATE);
		END;
	END LOOP;
END;
$$;
RESET ROLE;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.refused), '>', 40::bigint, 'everything was called');
SELECT is_empty($$ SELECT * FROM pg_temp.refused WHERE state <> '42501' $$, 'a role without rights gets a permission error from each');

-- row security
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency) VALUES (1, 'One', 'EUR'), (2, 'Two', 'EUR'), (3, 'Three', 'EUR');
INSERT INTO tiktokads.currency_rate VALUES ('EUR', 'USD', '2026-01-01', 1.25);
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name) SELECT n, n * 10, 'c' FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.adgroup (advertiser_id, adgroup_id, campaign_id) SELECT n, n * 100, n * 10 FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.ad (advertiser_id, ad_id, adgroup_id, campaign_id, landing_page_url) SELECT n, n * 1000, n * 100, n * 10, 'https://a.b/' FROM generate_series(1, 3) AS n;
DO $$ BEGIN
	PERFORM tiktokads.partition_ensure(r.relation, '2026-01-01', '2026-03-31') FROM tiktokads.model_relation AS r WHERE r.kind = 'partitioned';
END $$;
INSERT INTO tiktokads.report_advertiser_daily (advertiser_id, stat_date, spend) SELECT n, '2026-02-01', n FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend) SELECT n, n * 10, '2026-02-01', n FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.report_campaign_hourly (advertiser_id, campaign_id, stat_time_hour, spend) SELECT n, n * 10, '2026-02-01', n FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.report_adgroup_daily (advertiser_id, adgroup_id, stat_date, spend) SELECT n, n * 100, '2026-02-01', n FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend) SELECT n, n * 1000, '2026-02-01', n FROM generate_series(1, 3) AS n;
INSERT INTO tiktokads.report_audience_daily (advertiser_id, data_level, entity_id, breakdown, member, stat_date) SELECT n, 'AUCTION_CAMPAIGN', n * 10, 'country_code', 'DE', '2026-02-01' FROM generate_series(1, 3) AS n;

-- the ad accounts that one sees in each view of the model
CREATE FUNCTION pg_temp.seen() RETURNS TABLE (relation text, advertisers text) LANGUAGE plpgsql AS $$
BEGIN
	FOR relation, advertisers IN
		SELECT m.relation, a.attname FROM tiktokads.model_relation AS m
			JOIN pg_attribute AS a ON a.attrelid = ('tiktokads.' || m.relation)::regclass AND a.attname IN ('advertiser_id', 'account_id')
		WHERE m.kind = 'view' AND has_table_privilege('tiktokads.' || m.relation, 'SELECT') ORDER BY 1
	LOOP
		EXECUTE format('SELECT string_agg(DISTINCT %I::text, '','') FROM tiktokads.%I', advertisers, relation) INTO advertisers;
		RETURN NEXT;
	END LOOP;
END;
$$;
SET LOCAL ROLE ana;
SELECT is_empty($$ SELECT * FROM pg_temp.seen() WHERE advertisers IS NOT NULL $$, 'an analyst sees no ad account that was not granted, in no view');
RESET ROLE;
SELECT lives_ok($$ SELECT tiktokads.grant_advertiser('ana', 2) $$, 'grant an ad account');
SELECT lives_ok($$ SELECT tiktokads.grant_advertiser('ana', 2) $$, 'and again');
SET LOCAL ROLE ana;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.seen() WHERE advertisers IS NOT NULL), '>=', 20::bigint, 'then every view shows something');
SELECT is_empty($$ SELECT * FROM pg_temp.seen() WHERE advertisers <> '2' $$, 'of that account alone');
SELECT results_eq($$ SELECT DISTINCT advertiser_id FROM tiktokads.compare_periods('campaign', '2026-02-01', '2026-02-01') $$, $$ VALUES (2::bigint) $$, 'so do table functions');
SELECT results_eq($$ SELECT advertiser_id FROM tiktokads.report_ad_daily $$, $$ VALUES (2::bigint) $$, 'and the tables themselves');
SELECT results_eq($$ SELECT role::text COLLATE "default" FROM tiktokads.advertiser_grant $$, $$ VALUES ('ana') $$, 'and one''s own grants');
SELECT throws_ok($$ SELECT tiktokads.grant_advertiser('ana', 1) $$, '42501', NULL, 'an analyst grants nothing');
RESET ROLE;
SET LOCAL ROLE bob;
SELECT is((SELECT count(*) FROM tiktokads.campaign_report), 0::bigint, 'another analyst sees nothing of it');
RESET ROLE;
SET LOCAL ROLE adm;
SELECT is((SELECT string_agg(DISTINCT advertiser_id::text, ',') FROM tiktokads.campaign_report), '1,2,3', 'an administrator sees all');
DO $$ BEGIN PERFORM tiktokads.grant_advertiser('tiktokads_analyst', NULL); END $$;
RESET ROLE;
SET LOCAL ROLE bob;
SELECT is((SELECT string_agg(DISTINCT advertiser_id::text, ',') FROM tiktokads.ad_report), '1,2,3', 'what is granted to all analysts, every analyst sees');
RESET ROLE;
SELECT ok(tiktokads.revoke_advertiser('tiktokads_analyst', NULL) AND NOT tiktokads.revoke_advertiser('tiktokads_analyst', NULL), 'taken back once, not twice');
SELECT throws_like($$ SELECT tiktokads.grant_advertiser('no such role', 1) $$, 'role "no such role" does not exist', 'granting to nobody');
SET LOCAL ROLE mon;
SELECT lives_ok($$ SELECT count(*) FROM tiktokads.sync_status, tiktokads.settings, tiktokads.doctor(), tiktokads.schedule_status() $$, 'a monitor reads how it goes');
SELECT throws_ok($$ SELECT * FROM tiktokads.campaign_report $$, '42501', NULL, 'and no facts');
RESET ROLE;

-- plans: one init plan decides, indexes and partitions are used as without it
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END;
$$;
INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date, spend) SELECT a, n, '2026-02-02', 1 FROM generate_series(1, 20) AS a, generate_series(1, 500) AS n;
ANALYZE tiktokads.report_ad_daily;
SET LOCAL ROLE ana;
CREATE TEMP TABLE plan AS SELECT line FROM pg_temp.plan_of($$ SELECT sum(spend) FROM tiktokads.report_ad_daily WHERE stat_date BETWEEN '2026-02-01' AND '2026-02-28' AND ad_id = 7 $$) AS line;
SELECT is((SELECT count(*) FROM plan WHERE line LIKE '%InitPlan%'), 1::bigint, 'row security costs one init plan');
SELECT is((SELECT count(*) FROM plan WHERE line LIKE '%Index Cond: (%advertiser_id = ANY ($0)%'), 1::bigint, 'and its result is an index condition');
SELECT is((SELECT string_agg(DISTINCT substring(line FROM 'report_ad_daily_\d+'), ' ') FROM plan WHERE line LIKE '%on report_ad_daily%'), 'report_ad_daily_202602', 'on the partitions of the days alone');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
