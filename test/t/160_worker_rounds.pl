# Workers outlive what happens around them a hundred times over, and leave nothing
# behind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my $simulator = start_simulator('--advertisers', '2', '--ads', '40', '--days', '40', '--freeze');
my $settled = "SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task) AND EXISTS (SELECT FROM tiktokads.sync_history)"
  . " AND NOT EXISTS (SELECT FROM tiktokads.sync_history WHERE state = 'running')";
my $node = start_node('rounds', conf => <<'CONF');
shared_preload_libraries = 'tiktokads'
tiktokads.databases = 'postgres, passing'
tiktokads.idle_exit = '60s'
tiktokads.max_workers = 4
max_worker_processes = 8
track_functions = all
CONF

# Open files of a process, and its own memory in kB.
sub files { my $n = () = glob "/proc/$_[0]/fd/*"; return $n; }
sub memory { return slurp_file("/proc/$_[0]/status") =~ /RssAnon:\s*(\d+)/ ? $1 : -1; }

$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($node, $settled, 'the first sync');
my $wanted = fact_digest($node);
my $launcher = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'tiktokads launcher'");
my ($files, $memory) = (files($launcher), memory($launcher));

# A hundred rounds of databases and extensions that come and go: an older version as a rule, which is made
# quickly and which the workers leave alone; every fifth time this one, now updated to, now with a connection.
my $connect = connect_sql($simulator, 'sim');
for my $round (1 .. 100)
{
	my $whole = $round % 5 == 3;
	$node->safe_psql('postgres', 'CREATE DATABASE passing') if $round % 5 == 1;
	$node->safe_psql('passing', 'CREATE EXTENSION tiktokads' . ($whole && $round % 3 ? ';' : " VERSION '0.0.9';")
		  . ($whole && $round % 3 == 0 ? ' ALTER EXTENSION tiktokads UPDATE;' : '') . ($whole && $round % 3 == 1 ? " $connect;" : ''));
	$node->safe_psql('passing', "DROP EXTENSION tiktokads CASCADE; DROP SCHEMA IF EXISTS tiktokads CASCADE") if $round % 5;
	$node->safe_psql('postgres', 'DROP DATABASE passing' . ($round % 2 ? ' WITH (FORCE)' : '')) if $round % 5 == 0;
	$node->safe_psql('postgres', "CREATE DATABASE passing_too;\nDROP DATABASE passing_too") if $round % 5 != 1;
}
ok(1, 'a hundred rounds of CREATE and DROP EXTENSION, and of databases');
is($node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'tiktokads launcher'"), $launcher, 'the launcher is the same process');
wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND datname IS DISTINCT FROM 'postgres')", 'workers to leave');
cmp_ok(files($launcher), '<=', $files + 3, 'it holds no more files than before');
cmp_ok(memory($launcher), '<=', $memory + 512, 'and no more memory');
$node->safe_psql('postgres', "CALL tiktokads.sync_now(wait => true)");
is(fact_digest($node), $wanted, 'workers work on as before');
unlike(slurp_file($node->logfile), qr/PANIC|signal 11|terminated by signal|out of background worker slots/, 'nothing crashed and no slot was missing');

# A thousand wake-ups, after as many as fill the caches.  Those that come while the worker looks are one.
my $worker = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND datname = 'postgres' LIMIT 1");
my $looks = "SELECT sum(calls) FROM pg_stat_user_functions WHERE funcname = 'model_ready'";

# Changes the plan so often, each time with a commit; returns the worker's memory.
sub wake
{
	my ($times) = @_;
	$node->safe_psql('postgres', "DO \$\$ BEGIN FOR i IN 1..$times LOOP UPDATE tiktokads.stream_override SET priority = priority WHERE false; COMMIT; PERFORM pg_sleep(0.01); END LOOP; END \$\$");
	return memory($worker);
}
for (1 .. 8)
{
	$memory = memory($worker);
	last if wake(100) <= $memory;
}
$files = files($worker);
my $before = $node->safe_psql('postgres', $looks);
# what is needed once may still come up in one round; a leak grows in each
my $now;
for (1 .. 3)
{
	$memory = memory($worker);
	$now = wake(1000);
	last if $now <= $memory + 512;
}
cmp_ok($now, '<=', $memory + 512, "a thousand wake-ups leave no growth in a worker's memory ($memory kB before, $now kB after)");
cmp_ok(files($worker), '<=', $files + 1, 'nor in its files');
cmp_ok($node->safe_psql('postgres', $looks) - $before, '>', 50, 'and made it look what is due');

# What was sent is remembered over a restart, and too few processes are told of.
$node->stop('fast');
ok(-s $node->data_dir . '/pg_stat/tiktokads.budget', 'the counters are kept in a file at shutdown');
$node->append_conf('postgresql.conf', 'max_worker_processes = 3');
$node->start;
wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'tiktokads worker'", 'a worker');
$node->safe_psql('postgres', 'CALL tiktokads.sync_now()');
my $log = '';
for (1 .. 100) { $log = slurp_file($node->logfile); last if $log =~ /out of background worker slots/; sleep 0.1; }
like($log, qr/WARNING:  max_worker_processes \(3\) is too small for tiktokads\.max_workers \(4\)\n.*HINT:  Raise max_worker_processes to at least 5/, 'max_worker_processes that are too few are told of at the start');
like($log, qr/WARNING:  out of background worker slots\n.*HINT:  Raise max_worker_processes/, 'and when a worker cannot be started');

done_testing();
