# Dump and restore with roles and row security, a standby, DROP EXTENSION, pg_upgrade.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $node = start_node('primary', init => { allows_streaming => 1 });
$node->safe_psql('postgres', 'CALL tiktokads.create_model()');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE ana LOGIN IN ROLE tiktokads_analyst;
INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone) VALUES (1, 'One', 'EUR', 'Europe/Berlin'), (2, 'Two', 'USD', 'America/New_York');
INSERT INTO tiktokads.campaign (advertiser_id, campaign_id, campaign_name, budget, budget_mode) VALUES (1, 10, 'Spring', 5, 'BUDGET_MODE_DAY'), (2, 20, 'Summer', 5, 'BUDGET_MODE_TOTAL');
INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date, spend, impressions, clicks) VALUES
	(1, 10, '2026-03-10', 1.25, 100, 3), (2, 20, '2026-03-10', 2.50, 50, 2), (1, 10, '2026-02-10', 3, 10, 1);
INSERT INTO tiktokads.currency_rate VALUES ('EUR', 'USD', '2026-01-01', 1.1);
SELECT tiktokads.grant_advertiser('ana', 1);
CREATE INDEX mine ON tiktokads.report_campaign_daily (stat_date);
CREATE VIEW public.my_view AS SELECT date_day, spend FROM tiktokads.campaign_report;
GRANT SELECT ON public.my_view TO ana;
SQL

# What one role sees of all, as one line each.
my $facts = "SELECT 'report', date_day, advertiser_id, campaign_name, spend, ctr FROM tiktokads.campaign_report"
  . " UNION ALL SELECT 'compatible', date_day, advertiser_id, campaign_name, spend, daily_ctr FROM tiktokads.tiktok_ads__campaign_report ORDER BY 1, 2, 3";
my $rights = "SELECT c.relname, c.relrowsecurity, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) AS a), (SELECT string_agg(p.polname || pg_get_expr(p.polqual, p.polrelid) || (SELECT string_agg(r::regrole::text, ' ' ORDER BY r::regrole::text) FROM unnest(p.polroles) AS r), ' ' ORDER BY p.polname) FROM pg_policy AS p WHERE p.polrelid = c.oid)"
  . " FROM pg_class AS c WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1";
my $granted = "SELECT role, kind, object, privilege FROM tiktokads.role_privileges() WHERE NOT held";

sub seen_by
{
	my ($server, $role, $database, $sql) = @_;
	return $server->safe_psql($database, $sql, extra_params => [ '-U', $role ]);
}

# Lines that are in one of two texts alone.
sub differences
{
	my %count;
	$count{$_}++ for split /\n/, $_[0];
	$count{$_}-- for split /\n/, $_[1];
	return join "\n", grep { $count{$_} } sort keys %count;
}

my $all = $node->safe_psql('postgres', $facts);
my $of_ana = seen_by($node, 'ana', 'postgres', $facts);
is($of_ana, join("\n", grep { /\|1\|/ } split /\n/, $all), 'an analyst sees the rows of one account');

# queries for exporters, as a monitor
$node->safe_psql('postgres', 'CREATE ROLE mon LOGIN IN ROLE tiktokads_monitor');
for my $file ('postgres_exporter.yml', 'tiktokads.collector.yml')
{
	my @queries = slurp_file("doc/monitoring/$file") =~ /query: \|\n((?: {4,}.*\n)+)/g;
	cmp_ok(scalar(@queries), '>=', 3, "$file has queries");
	my @refused = grep { my ($status) = $node->psql('postgres', $_, extra_params => [ '-U', 'mon' ]); $status != 0 } @queries;
	is("@refused", '', 'which a monitor may run');
}

# dump and restore
my $dump = $node->backup_dir . '.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-1', '-d', $node->connstr('copy'), $dump ], 'pg_restore in one transaction, without any error');
is($node->safe_psql('copy', $facts), $all, 'the copy has all facts and views');
is(differences($node->safe_psql('copy', $rights), $node->safe_psql('postgres', $rights)), '', 'and the same rights and policies');
is($node->safe_psql('copy', $granted), '', 'nothing that roles need is missing');
is(seen_by($node, 'ana', 'copy', $facts), $of_ana, 'the analyst sees the same in the copy');
is($node->safe_psql('copy', 'SELECT sum(spend) FROM public.my_view'), '6.75', "the user's view came back");
is($node->safe_psql('copy', "SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'"), '1', "so did the user's index");
is($node->safe_psql('copy', 'CALL tiktokads.create_model(); SELECT tiktokads.model_ready() AND tiktokads.roles_ready()'), 't', 'create_model() has nothing against it');

# DROP EXTENSION
$node->safe_psql('copy', 'DROP VIEW public.my_view');
my ($result, $out, $err) = $node->psql('copy', 'DROP EXTENSION tiktokads');
like($err, qr/cannot drop extension tiktokads because other objects depend on it/, 'a plain DROP EXTENSION is refused while views use our functions');
$node->safe_psql('copy', 'SET client_min_messages = warning; DROP EXTENSION tiktokads CASCADE');
is($node->safe_psql('copy', 'SELECT count(*), sum(spend) FROM tiktokads.report_campaign_daily'), '3|6.75', 'CASCADE keeps every table of facts');
is(seen_by($node, 'ana', 'copy', 'SELECT count(*) FROM tiktokads.report_campaign_daily'), '0', 'row security stays on: nobody sees more than before');
$node->safe_psql('copy', 'CREATE EXTENSION tiktokads');
$node->safe_psql('copy', 'CALL tiktokads.create_model()');
$node->safe_psql('copy', "INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone) VALUES (1, 'One', 'EUR', 'Europe/Berlin'), (2, 'Two', 'USD', 'America/New_York')");
is($node->safe_psql('copy', $facts), $all, 'created again, the extension adopts them');
is($node->safe_psql('copy', $rights) =~ s/[^|\n]*\n?//gr, $node->safe_psql('postgres', $rights) =~ s/[^|\n]*\n?//gr, 'with as many tables');
is(seen_by($node, 'ana', 'copy', 'SELECT count(*) FROM tiktokads.campaign_report'), '0', 'grants of ad accounts went with the extension');
$node->safe_psql('copy', "SELECT tiktokads.grant_advertiser('ana', 1)");
is(seen_by($node, 'ana', 'copy', $facts), $of_ana, 'given again, all is as it was');

# a standby answers whatever only reads
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');
my @views = split /\n/, $standby->safe_psql('postgres', "SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition");
cmp_ok(scalar(@views), '>', 40, 'it has the tables and views');
my @failed = grep { my ($status) = $standby->psql('postgres', "SELECT * FROM $_"); $status != 0 } @views;
is("@failed", '', 'every table and view can be read there');
my @functions = split /\n/, $standby->safe_psql('postgres', <<'SQL');
SELECT format('SELECT %s tiktokads.%I()', CASE WHEN p.proretset OR p.prorettype = 'record'::regtype THEN '* FROM' ELSE '' END, p.proname) FROM pg_proc AS p
WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.prokind = 'f' AND p.pronargs = p.pronargdefaults
	AND p.proname !~ '_(make|create|grant|ahead|prune)$' AND p.proname NOT IN ('place_hold', 'reapply_erasures') AND p.prorettype <> 'trigger'::regtype AND p.prorettype <> 'void'::regtype
SQL
cmp_ok(scalar(@functions), '>', 10, 'and functions');
@failed = grep { my ($status) = $standby->psql('postgres', $_); $status != 0 } @functions;
is("@failed", '', 'every function that only reads works there');
is($standby->safe_psql('postgres', $facts), $all, 'with the same answers');
is(seen_by($standby, 'ana', 'postgres', $facts), $of_ana, 'and the same row security');
is($standby->safe_psql('postgres', "SELECT value FROM tiktokads.compare_periods('campaign', '2026-03-01', '2026-03-31') WHERE metric = 'spend' AND entity_id = 10"), '1.25', 'table functions, too');
($result, $out, $err) = $standby->psql('postgres', 'CALL tiktokads.create_model()');
like($err, qr/ERROR:.*(read-only transaction|recovery)/, 'what writes is refused');
$standby->stop;

# pg_upgrade: the catalogue is dumped and loaded in binary-upgrade mode
$node->safe_psql('postgres', 'DROP DATABASE copy');
$node->stop;
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
my $bindir = $node->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir, '-s', $new->host,
		'-p', $node->port, '-P', $new->port, '--link' ], 'pg_upgrade');
$new->append_conf('postgresql.conf', "tiktokads.clock_offset = " . (1773576000 - time()));
$new->start;
is($new->safe_psql('postgres', $facts), $all, 'pg_upgrade keeps facts and views');
is(seen_by($new, 'ana', 'postgres', $facts), $of_ana, 'and row security');
is($new->safe_psql('postgres', 'CALL tiktokads.create_model(); SELECT tiktokads.model_ready() AND tiktokads.roles_ready()'), 't', 'and the model is complete');

done_testing();
