# Jobs on the real pg_cron: in this database, in another one, as a role without privileges of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $node = start_node('cron', conf => <<'CONF');
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 20
CONF
plan skip_all => 'pg_cron is not there'
  unless $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'");
$node->safe_psql('postgres', 'CREATE DATABASE warehouse');
for my $database ('postgres', 'warehouse')
{
	$node->safe_psql($database, 'CREATE EXTENSION tiktokads') if $database eq 'warehouse';
	$node->safe_psql($database, 'CALL tiktokads.create_model()');
}
$node->safe_psql('postgres', 'CREATE ROLE etl LOGIN IN ROLE tiktokads_operator; CREATE ROLE outsider LOGIN; CREATE ROLE idle NOLOGIN IN ROLE tiktokads_operator');

# Runs SQL as a role; returns output and errors together.
sub as
{
	my ($role, $database, $sql) = @_;
	my ($result, $out, $err) = $node->psql($database, $sql, extra_params => [ '-U', $role ]);
	return $out . $err;
}

like(as('etl', 'postgres', "SELECT tiktokads.schedule('sync')"),
	qr/pg_cron is loaded, but not installed in this database|NOTICE:  pg_cron works from another database/, 'without CREATE EXTENSION pg_cron');
like(as('postgres', 'postgres', "SELECT tiktokads.schedule('sync')"),
	qr/not installed in this database.*HINT:.*CREATE EXTENSION pg_cron/s, 'who may know is told what to do');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron');
like(as('etl', 'postgres', "SELECT tiktokads.schedule('sync')"), qr/permission denied for schema cron.*HINT:.*GRANT USAGE ON SCHEMA cron TO etl/s,
	'without a right on the schema of pg_cron');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA cron TO etl, outsider');
like(as('outsider', 'postgres', "SELECT tiktokads.schedule('sync')"), qr/permission denied/, 'a role without rights');
like(as('postgres', 'postgres', "SELECT tiktokads.schedule('sync', run_as => 'idle')"), qr/role "idle" may not log in/, 'pg_cron logs in');
like(as('postgres', 'postgres', "SELECT tiktokads.schedule('sync', run_as => 'outsider')"), qr/role "outsider" may not call tiktokads\.sync.*HINT:.*GRANT tiktokads_operator TO outsider/s,
	'a job that would fail is refused');
like(as('etl', 'postgres', "SELECT tiktokads.schedule('sync', 'every day')"), qr/invalid schedule/, "pg_cron's own error about a schedule");
like(as('etl', 'postgres', "SELECT tiktokads.schedule('tea')"), qr/there is no job 'tea'.*HINT:  Jobs are: sync, detection, retention, maintenance/s, 'an unknown job');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '0', 'nothing was scheduled by any of that');

# in this database, by a role without privileges
my $id = as('etl', 'postgres', "SELECT tiktokads.schedule('maintenance', '* * * * *')");
like($id, qr/^\d+$/, 'a job is scheduled');
is(as('etl', 'postgres', "SELECT tiktokads.schedule('maintenance', '*/1 * * * *')"), $id, 'scheduled again it is the same job');
is(as('etl', 'postgres', "SELECT tiktokads.schedule('sync')") =~ /^\d+$/, 1, 'another one');
is($node->safe_psql('postgres', 'SELECT jobname, schedule, command, database, username FROM cron.job ORDER BY jobid'),
	"tiktokads maintenance (postgres)|*/1 * * * *|CALL tiktokads.maintain()|postgres|etl\n"
	  . 'tiktokads sync (postgres)|15 * * * *|CALL tiktokads.sync()|postgres|etl', 'as pg_cron has them');

# in another database: what is printed there is run here
my $printed = as('postgres', 'warehouse', "SELECT tiktokads.schedule('maintenance', '* * * * *', run_as => 'etl')");
like($printed, qr/NOTICE:  pg_cron works from another database "postgres"; there, have a superuser run:\nSELECT cron\.schedule_in_database\(/, 'the statement is printed');
my ($statement) = $printed =~ /(SELECT cron\.schedule_in_database.*;)/;
my ($prune) = $printed =~ /(SELECT cron\.schedule\(.*;)/;
like($node->safe_psql('postgres', $statement), qr/^\d+$/, 'and works there');
like($node->safe_psql('postgres', $prune), qr/^\d+$/, 'so does the one that prunes the log');
like(as('etl', 'warehouse', "SELECT tiktokads.schedule('maintenance')"), qr/works from another database; there/, 'who may not know which database gets it without its name');
$node->safe_psql('warehouse', "CREATE SCHEMA cron; CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint LANGUAGE sql AS 'SELECT 1/0'");
like(as('postgres', 'warehouse', "SELECT tiktokads.schedule('sync')"), qr/works from another database/, 'a schema of that name is not pg_cron');

# both run, and do their work
for my $database ('postgres', 'warehouse')
{
	$node->safe_psql($database, "DO \$\$ BEGIN EXECUTE format('DROP TABLE tiktokads.%I',"
		  . " tiktokads.partition_name('report_ad_daily', (tiktokads.clock_today(NULL) + interval '1 month')::date)); END \$\$");
}
my $there = "SELECT to_regclass(format('tiktokads.%I', tiktokads.partition_name('report_ad_daily', (tiktokads.clock_today(NULL) + interval '1 month')::date))) IS NOT NULL";
for (1 .. 900)
{
	last if $node->safe_psql('postgres', "SELECT count(*) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed') AND command LIKE '%maintain%'") >= 2;
	select(undef, undef, undef, 0.1);
}
is($node->safe_psql('postgres', "SELECT DISTINCT database, username, status FROM cron.job_run_details WHERE command LIKE '%maintain%' ORDER BY 1"),
	"postgres|etl|succeeded\nwarehouse|etl|succeeded", 'both jobs ran as the role that was named');
is($node->safe_psql($_, $there), 't', "the missing partition is there in $_") for ('postgres', 'warehouse');
is(as('etl', 'postgres', 'SELECT job, available, scheduled, schedule, run_as, active, last_status FROM tiktokads.schedule_status()'),
	"sync|t|t|15 * * * *|etl|t|\n" . join("\n", map { my ($job, $at) = @$_; my $available = $node->safe_psql('postgres', "SELECT available FROM tiktokads.schedule_status() WHERE job = '$job'"); "$job|$available|f|$at||" . '|' }
		  [ 'detection', '45 * * * *' ], [ 'retention', '20 3 * * *' ]) . "\nmaintenance|t|t|*/1 * * * *|etl|t|succeeded", 'schedule_status tells it all');

# the log is pruned, one's own and not anybody's
$node->safe_psql('postgres', "UPDATE cron.job_run_details SET end_time = now() + interval '2 years' WHERE jobid = $id");
$node->safe_psql('postgres', "INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, end_time) VALUES"
	  . " ($id, 9001, 'postgres', 'etl', 'CALL tiktokads.sync()', 'succeeded', '2020-01-01'), (77, 9002, 'postgres', 'postgres', 'VACUUM', 'succeeded', '2020-01-01'),"
	  . " (78, 9003, 'postgres', 'postgres', 'CALL tiktokads.sync()', 'succeeded', '2020-01-01')");
is(as('etl', 'postgres', 'SELECT tiktokads.schedule_prune()'), '1', 'old runs of one role are pruned');
is($node->safe_psql('postgres', 'SELECT string_agg(runid::text, $$,$$ ORDER BY runid) FROM cron.job_run_details WHERE runid > 9000'), '9002,9003',
	"others' are not, nor what is not ours");

is(as('etl', 'postgres', "SELECT tiktokads.unschedule('maintenance')"), 't', 'a job is taken off');
is(as('etl', 'postgres', "SELECT tiktokads.unschedule('maintenance')"), 'f', 'once');
is(as('postgres', 'postgres', "SELECT tiktokads.schedule('sync', '5 * * * *', run_as => 'tiktokads_worker') IS NOT NULL"), 't', 'a superuser names another role');
is($node->safe_psql('postgres', "SELECT username FROM cron.job WHERE jobname = 'tiktokads sync (postgres)'"), 'tiktokads_worker', "and no second job of that name stays behind");
like(as('postgres', 'warehouse', "SELECT tiktokads.unschedule('maintenance')"), qr/there, run:\nSELECT cron\.unschedule/, 'taking off elsewhere is printed, too');

done_testing();
