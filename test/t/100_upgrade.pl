# An older version, updated, equals a fresh installation; versions that do not match say so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $node = start_node('main');
$node->safe_psql('postgres', 'CALL tiktokads.create_model()');
$node->safe_psql('postgres', 'CREATE DATABASE old');

# What an older version leaves behind: configuration, facts, and things of the user's.
$node->safe_psql('old', <<'SQL');
CREATE EXTENSION tiktokads VERSION '0.0.9';
GRANT USAGE, CREATE ON SCHEMA tiktokads TO tiktokads_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tiktokads TO tiktokads_worker;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA tiktokads TO tiktokads_worker;
SET ROLE tiktokads_worker;
SELECT tiktokads.model_create();
SELECT tiktokads.partition_ensure('report_campaign_daily', '2026-03-01', '2026-03-31');
RESET ROLE;
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency) VALUES (7, 'Seven', 'EUR');
INSERT INTO tiktokads.stream_override (stream, enabled) VALUES ('report_adgroup_daily', false);
INSERT INTO tiktokads.connection (name, base_url, tier, connected_by, system_identifier, database_oid)
SELECT 'c', 'https://business-api.tiktok.com/open_api/v1.3/', 'basic', 'postgres', h.* FROM tiktokads.this_system() AS h;
INSERT INTO tiktokads.sync_history (connection, stream, advertiser_id, state) VALUES ('c', 'campaign', 7, 'done');
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name) VALUES (7, 70, 'Spring');
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend) VALUES (7, 70, '2026-03-05', 12.34);
CREATE INDEX mine ON tiktokads.report_campaign_daily (stat_date);
CREATE VIEW public.my_view AS SELECT date_day, spend FROM tiktokads.campaign_report;
SQL

my ($result, $out, $err) = $node->psql('old', 'CALL tiktokads.sync()');
isnt($result, 0, 'a new library does not work on old SQL objects');
like($err, qr/extension "tiktokads" is version 0\.0\.9 in this database, but the library is version .*HINT:.*ALTER EXTENSION tiktokads UPDATE/s,
	'and says what to do');

$node->safe_psql('old', 'ALTER EXTENSION tiktokads UPDATE');
($result, $out, $err) = $node->psql('old', 'CALL tiktokads.create_model()');
isnt($result, 0, 'a view of the user stands in the way of one whose columns moved');
like($err, qr/cannot drop view tiktokads\.campaign_report.*my_view/s, 'and the error names it');
is($node->safe_psql('old', 'SELECT count(*) FROM tiktokads.report_campaign_daily'), '1', 'nothing is lost by that');
$node->safe_psql('old', 'DROP VIEW public.my_view');
$node->safe_psql('old', 'CALL tiktokads.create_model()');

# Everything that the two databases must have alike, one line each.
my $catalogue = <<'SQL';
SET search_path = pg_catalog, pg_temp;
WITH class AS (
	SELECT c.* FROM pg_class AS c WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S', 'c') AND NOT c.relispartition
), line (what, name, definition) AS (
	SELECT 'member', i.type, i.identity FROM pg_depend AS d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
	WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tiktokads')
	UNION ALL SELECT 'routine', p.oid::regprocedure::text, CASE WHEN p.prokind = 'a' THEN (SELECT to_jsonb(a)::text FROM pg_aggregate AS a WHERE a.aggfnoid = p.oid)
		ELSE pg_get_functiondef(p.oid) END FROM pg_proc AS p WHERE p.pronamespace = 'tiktokads'::regnamespace
	UNION ALL SELECT 'view', relname, pg_get_viewdef(oid) FROM class WHERE relkind = 'v'
	UNION ALL SELECT 'column', c.relname || '.' || a.attname,
			concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
		FROM class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL SELECT 'constraint', c.relname, pg_get_constraintdef(k.oid) FROM class AS c JOIN pg_constraint AS k ON k.conrelid = c.oid
	UNION ALL SELECT 'index', c.relname, replace(pg_get_indexdef(i.indexrelid), i.indexrelid::regclass::text, '') FROM class AS c JOIN pg_index AS i ON i.indrelid = c.oid
		WHERE i.indexrelid::regclass::text <> 'tiktokads.mine'
	UNION ALL SELECT 'trigger', c.relname, pg_get_triggerdef(t.oid) FROM class AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
	UNION ALL SELECT 'policy', p.tablename, to_jsonb(p)::text FROM pg_policies AS p WHERE p.schemaname = 'tiktokads'
	UNION ALL SELECT 'comment', i.identity, d.description FROM pg_description AS d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, 0) AS i
		WHERE d.objsubid = 0 AND i.schema = 'tiktokads'
	UNION ALL SELECT 'right', c.relname, concat_ws(' ', a.grantee::regrole, a.privilege_type) FROM class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
	UNION ALL SELECT 'right', p.oid::regprocedure::text, a.grantee::regrole::text FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS a
		WHERE p.pronamespace = 'tiktokads'::regnamespace
	UNION ALL SELECT 'dumped', c.oid::regclass::text, e.extcondition[n] FROM pg_extension AS e
		CROSS JOIN LATERAL unnest(e.extconfig) WITH ORDINALITY AS c (oid, n) WHERE e.extname = 'tiktokads'
	UNION ALL SELECT 'version', extname, extversion FROM pg_extension
)
SELECT DISTINCT what || ' ' || name || ': ' || replace(coalesce(definition, ''), E'\n', ' ') FROM line ORDER BY 1
SQL
my %fresh = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', $catalogue);
my %updated = map { $_ => 1 } split /\n/, $node->safe_psql('old', $catalogue);
my @missing = grep { !$updated{$_} } sort keys %fresh;
my @extra = grep { !$fresh{$_} } sort keys %updated;
cmp_ok(scalar(keys %fresh), '>', 1000, 'the catalogues are compared whole');
is(join("\n", map { substr($_, 0, 300) } @missing), '', 'an updated database lacks nothing of a fresh one');
is(join("\n", map { substr($_, 0, 300) } @extra), '', 'and has nothing besides');

for my $table (qw(metric model_relation model_column model_step stream_shipped role_rule job personal_relation personal_column retention_default))
{
	my $rows = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT to_jsonb(x) AS t FROM tiktokads.$table AS x) AS y";
	is($node->safe_psql('old', $rows), $node->safe_psql('postgres', $rows), "rows of $table are those of a fresh database");
}
is($node->safe_psql('old', 'SELECT spend FROM tiktokads.campaign_report'), '12.34', 'facts are kept');
is($node->safe_psql('old', 'SELECT name FROM tiktokads.advertiser'), 'Seven', 'so is configuration');
is($node->safe_psql('old', "SELECT enabled FROM tiktokads.stream WHERE stream = 'report_adgroup_daily'"), 'f', 'so are overrides');
is($node->safe_psql('old', "INSERT INTO tiktokads.sync_history (connection, stream, advertiser_id) VALUES ('c', 'ad', 7) RETURNING run"), '2',
	'numbers go on where they were');
is($node->safe_psql('old', "SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'"), '1', "the user's index is kept");
is($node->safe_psql('old', 'CALL tiktokads.create_model(); SELECT tiktokads.model_ready()'), 't', 'the second step may be taken twice');

# the other way round: SQL objects of a version that the library does not know
$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '99.0' WHERE extname = 'tiktokads'");
($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.maintain()');
like($err, qr/version 99\.0 in this database.*HINT:.*reconnect or restart the server to load the new one/s, 'an old library does not work on new SQL objects');
is($node->safe_psql('postgres', "SELECT (tiktokads.url_parse('https://a.b/c')).url_host"), 'a.b', 'plain functions go on working');
like($node->safe_psql('postgres', 'SELECT severity, finding FROM tiktokads.doctor()'), qr/^error\|the extension is version 99\.0/m, 'doctor says so, too');

done_testing();
