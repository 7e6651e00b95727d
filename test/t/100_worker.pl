# Workers sync by themselves, are woken at commit, and leave when idle; whatever
# the server is asked to do meanwhile, it does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my $simulator = start_simulator('--advertisers', '2', '--ads', '40', '--days', '40');
my $quiet = start_node('called');
$quiet->safe_psql('postgres', connect_sql($simulator, 'sim'));
$quiet->safe_psql('postgres', 'CALL tiktokads.sync()');
my $wanted = fact_digest($quiet);
my $cursors = "SELECT md5(string_agg(format('%s %s %s %s', stream, advertiser_id, covered, consecutive_failures), '|' ORDER BY stream, advertiser_id)) FROM tiktokads.sync_state";
my $wanted_cursors = $quiet->safe_psql('postgres', $cursors);
$quiet->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily', from_date => '2026-02-01', to_date => '2026-02-28')");
my $wanted_more = fact_digest($quiet);
my ($result, $out, $err) = $quiet->psql('postgres', 'CALL tiktokads.sync_now()');
like($err, qr/there are no workers in this server.*HINT:  Add tiktokads to shared_preload_libraries/s, 'sync_now without preloading: a clear error');
is($quiet->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.sync_progress'), '0', 'sync_progress works without preloading');
$quiet->stop;

my $node = start_node('worker', conf => <<'CONF');
shared_preload_libraries = 'tiktokads'
tiktokads.databases = 'postgres, nowhere'
tiktokads.idle_exit = '1s'
tiktokads.max_workers = 3
autovacuum = off
CONF
my $workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tiktokads worker'";
my $settled = "SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task WHERE attempts = 0)"
  . " AND EXISTS (SELECT FROM tiktokads.sync_history) AND NOT EXISTS (SELECT FROM tiktokads.sync_history WHERE state = 'running')";
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tiktokads launcher' AND datid IS NULL"), '1',
	'the launcher is in no database');

# A plan that is not committed wakes nobody.
control($simulator, 'reset_stats');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($node, $settled, 'the first sync');
is(fact_digest($node), $wanted, 'after connect() the tables fill by themselves, row for row as by CALL');
is($node->safe_psql('postgres', $cursors), $wanted_cursors, 'and the cursors are the same');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_history WHERE state <> 'done'"), '0', 'every run is done');
is($node->safe_psql('postgres', "SELECT bool_and(lag < '1 hour' AND next_due_at > tiktokads.clock_now()) FROM tiktokads.sync_status"), 't',
	'sync_status knows lag and next due');
wait_for($node, "SELECT ($workers) = 0", 'the workers to leave');
is($node->safe_psql('postgres', $workers), '0', 'idle workers leave the database');
is($node->safe_psql('postgres', "SELECT n_live_tup > 0 FROM pg_stat_user_tables WHERE relname = 'campaign'"), 't',
	'the statistics that autovacuum reads know of their rows');

my $runs = $node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.sync_history');
control($simulator, 'fault=stall&path=campaign/get/&count=-1');
my $session = $node->background_psql('postgres');
$session->query_safe("BEGIN; INSERT INTO tiktokads.stream_override (stream, priority) VALUES ('campaign', 5)");
sleep 0.5;
is($node->safe_psql('postgres', $workers), '0', 'a change that is not committed wakes nobody');
$session->query_safe('COMMIT');
wait_for($node, "SELECT ($workers) > 0", 'a worker to be woken');
ok(1, 'a change wakes a worker at commit');
$session->query_safe('BEGIN; DELETE FROM tiktokads.stream_override; ROLLBACK');
$session->quit;

# Work is handed over, and watched.
$node->safe_psql('postgres', "CALL tiktokads.sync_now(stream => 'campaign')");
wait_for($node, "SELECT count(*) = 2 FROM tiktokads.sync_progress WHERE driver = 'worker' AND stream = 'campaign'", 'progress of the slices');
is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT phase || connection, ',') FROM tiktokads.sync_progress"), 'fetchingsim', 'sync_progress shows phase and connection');
like($node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND query ~ 'fetching' LIMIT 1"),
	qr/^tiktokads: fetching stream campaign, advertiser \d+, page 1 of 1/, 'pg_stat_activity says what a worker does');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'tiktokads' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"), '0',
	'no snapshot and no xid are held while a reply is awaited');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) WHERE a.backend_type ~ 'tiktokads' AND l.locktype IN ('relation', 'tuple', 'transactionid')"), '0',
	'and no lock');

# Nobody waits for a stalled worker.
for my $sql ('CREATE DATABASE other', 'DROP DATABASE other', 'VACUUM tiktokads.campaign', 'ANALYZE tiktokads.campaign',
	'REINDEX TABLE CONCURRENTLY tiktokads.campaign', 'CHECKPOINT')
{
	my $start = time();
	$node->safe_psql('postgres', $sql);
	cmp_ok(time() - $start, '<', 5, "during a stalled reply: $sql");
}
my ($worker) = split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND query ~ 'fetching'");
my $start = time();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($worker)");
wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $worker)", 'the worker to end');
cmp_ok(time() - $start, '<', 5, 'pg_terminate_backend ends a worker during a stalled reply');
wait_for($node, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND query ~ 'fetching')", 'another worker');
is($node->safe_psql('postgres', "SELECT max(crashes) FROM tiktokads.sync_task"), '1', 'a worker that was asked to end is not counted as crashed: its successor counts for itself alone');

# Settings are followed without a restart.
$node->append_conf('postgresql.conf', 'tiktokads.worker_enabled = off');
$node->reload;
wait_for($node, "SELECT ($workers) = 0", 'workers to leave when switched off');
is($node->safe_psql('postgres', $workers), '0', 'worker_enabled = off makes workers leave, stalled or not');
is($node->safe_psql('postgres', "SELECT coalesce(max(crashes), 0) FROM tiktokads.sync_task"), '0', 'and takes back what was counted');
($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.sync_now()');
like($err, qr/workers are switched off.*HINT/s, 'sync_now says when workers are switched off');
control($simulator, 'clear');
$node->append_conf('postgresql.conf', "tiktokads.worker_enabled = on\ntiktokads.databases = 'elsewhere'");
$node->reload;
sleep 0.3;
($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.sync_now()');
like($err, qr/workers do not serve database "postgres".*HINT:  Add it to tiktokads\.databases/s, 'sync_now says when no worker serves the database');
$node->append_conf('postgresql.conf', "tiktokads.databases = 'postgres'");
$node->reload;
wait_for($node, $settled, 'the workers to go on');
is($node->safe_psql('postgres', $settled), 't', 'a database that is listed again is served again');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync_now(stream => 'report_ad_daily', from_date => '2026-02-01', to_date => '2026-02-28', wait => true)");
is($result, 0, 'sync_now waits for its work') or diag $err;
is($node->safe_psql('postgres', "SELECT bool_and(covered \@> daterange('2026-02-01', '2026-03-01')) FROM tiktokads.sync_state WHERE stream = 'report_ad_daily'"), 't', 'which is done then');
($result, $out, $err) = $node->psql('postgres', "BEGIN; CALL tiktokads.sync_now(); COMMIT");
like($err, qr/cannot run inside a transaction block/, 'sync_now is refused inside a transaction block');
control($simulator, 'fault=code&code=40002&path=campaign/get/&count=-1');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync_now(stream => 'campaign', wait => true)");
like($err, qr/2 slices failed; the others are stored.*HINT/s, 'sync_now tells of failures');
is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT attempts || last_error, ',') FROM tiktokads.sync_task WHERE not_before > tiktokads.clock_now()"), '1Fault asked for by the control endpoint.', 'which wait for another try with a counter of their own')
  or diag $node->safe_psql('postgres', 'SELECT * FROM tiktokads.sync_task');
control($simulator, 'clear');

# The database itself can be moved, renamed, copied and dropped.
control($simulator, 'fault=stall&path=ad/get/&count=-1');
$node->safe_psql('postgres', "CREATE DATABASE shop");
$node->append_conf('postgresql.conf', "tiktokads.databases = 'postgres, shop, store'");
$node->reload;
$node->safe_psql('shop', 'CREATE EXTENSION tiktokads');
$node->safe_psql('shop', "INSERT INTO tiktokads.stream_override (stream, enabled) SELECT stream, stream = 'ad' FROM tiktokads.stream_shipped WHERE kind <> 'account'");
$node->safe_psql('shop', connect_sql($simulator, 'sim'));
my $in_shop = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND datname IN ('shop', 'store') AND query ~ 'stream ad,'";
wait_for($node, "SELECT ($in_shop) > 0", 'a worker in the database');
my $space = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', "CREATE TABLESPACE elsewhere LOCATION '$space'");
for my $sql ('ALTER DATABASE shop SET TABLESPACE elsewhere', 'ALTER DATABASE shop RENAME TO store', 'CREATE DATABASE copy TEMPLATE store', 'DROP DATABASE store')
{
	$start = time();
	$node->safe_psql('postgres', $sql);
	cmp_ok(time() - $start, '<', 5, "with a worker at work there: $sql");
	next if $sql =~ /DROP/;
	wait_for($node, "SELECT ($in_shop) > 0", "a worker to come back after $sql");
}
$node->append_conf('postgresql.conf', "tiktokads.databases = 'postgres, copy'");
$node->reload;
$node->safe_psql('copy', "CALL tiktokads.resume('sim')");
wait_for($node, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND datname = 'copy')", 'a worker in the copy');
$node->safe_psql('postgres', 'DROP DATABASE copy WITH (FORCE)');
ok(1, 'DROP DATABASE WITH (FORCE) with a worker at work there');

# DROP EXTENSION with a worker at work, and back.
$node->safe_psql('postgres', 'CALL tiktokads.sync_now()');
my $stalled = "SELECT EXISTS (SELECT FROM tiktokads.sync_progress WHERE driver = 'worker' AND stream = 'ad' AND phase = 'fetching')";
wait_for($node, $stalled, 'a stalled worker');
$node->safe_psql('postgres', 'DROP EXTENSION tiktokads CASCADE');
control($simulator, 'clear');
wait_for($node, "SELECT ($workers) = 0", 'workers to leave a database without the extension');
is($node->safe_psql('postgres', $workers), '0', 'DROP EXTENSION makes workers leave');
$node->safe_psql('postgres', 'CREATE EXTENSION tiktokads');
sleep 0.5;
is($node->safe_psql('postgres', $workers), '0', 'an extension without a connection costs nothing');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($node, $settled, 'the workers after the extension came back');
is(fact_digest($node), $wanted_more, 'and the tables are as before');
is(scalar(grep { /PANIC|signal 11|server process|TRAP/ } slurp_file($node->logfile)), 0, 'nothing crashed');

# Fast shutdown with work in flight.
control($simulator, 'fault=stall&path=ad/get/&count=-1');
$node->safe_psql('postgres', 'CALL tiktokads.sync_now()');
wait_for($node, $stalled, 'a stalled worker');
$start = time();
$node->stop('fast');
cmp_ok(time() - $start, '<', 5, 'fast shutdown during a stalled reply');
control($simulator, 'clear');
$node->start;
wait_for($node, $settled, 'the workers after a restart');
is(fact_digest($node), $wanted_more, 'after the restart they go on by themselves');

done_testing();
