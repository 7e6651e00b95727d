# The API is away for hours, or answers one request in twenty wrongly: the workers
# wait without a busy loop and end where an undisturbed sync ends.  A standby runs
# no worker until it is promoted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my $conf = <<'CONF';
shared_preload_libraries = 'tiktokads'
tiktokads.databases = 'postgres'
tiktokads.idle_exit = '1s'
tiktokads.max_workers = 4
tiktokads.max_attempts = 3
CONF
my @options = ('--advertisers', '2', '--ads', '40', '--days', '40', '--freeze');
my $simulator = start_simulator(@options);
my $settled = "SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task WHERE set_aside_at IS NULL) AND EXISTS (SELECT FROM tiktokads.sync_history)"
  . " AND NOT EXISTS (SELECT FROM tiktokads.sync_history WHERE state = 'running')";
my $requests = sub {
	my $stats = decode_json(control($simulator, 'stats'));
	my $n = 0;
	$n += $_->{requests} // 0 for @{ $stats->{endpoints} };
	return $n;
};

# Moves the server's day and the API's by so many hours.
my $hours = 0;
sub advance
{
	my ($node, $by) = @_;
	$hours += $by;
	eval { control($simulator, 'advance=' . 3600 * $by) };
	$node->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . int(1773576000 + 3600 * $hours - time()));
	$node->reload;
	return;
}

my $node = start_node('faulty', conf => $conf, init => { allows_streaming => 1 });
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($node, $settled, 'the first sync');
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.report_ad_daily');

# Away: first nothing answers, and hours go by.
my ($port) = $simulator->{base} =~ /:(\d+)/;
control($simulator, 'fault=reset&count=-1');
control($simulator, 'reset_stats');
advance($node, 2);
wait_for($node, "SELECT failures > 0 FROM tiktokads.connection_state", 'the first failure');
sleep 2;
my $tries = $requests->();
cmp_ok($tries, '<=', 40, "an API that does not answer is not asked in a loop ($tries requests)");
is($node->safe_psql('postgres', "SELECT last_error IS NOT NULL AND not_before > tiktokads.clock_now() FROM tiktokads.connection_state"), 't', 'the connection waits, and says why');
for my $step (1 .. 4)
{
	my $failures = $node->safe_psql('postgres', "SELECT failures FROM tiktokads.connection_state");
	advance($node, 12);
	wait_for($node, "SELECT failures > $failures FROM tiktokads.connection_state", "try $step");
}
cmp_ok($requests->() - $tries, '<=', 60, 'two days away cost few requests');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.report_ad_daily'), $rows, 'no row is lost meanwhile');
control($simulator, 'clear');
advance($node, 1);
wait_for($node, "SELECT bool_and(upper(covered) - 1 = tiktokads.clock_today(a.display_timezone)) FROM tiktokads.sync_state AS s JOIN tiktokads.advertiser AS a USING (advertiser_id) WHERE s.stream ~ '^report'", 'the catch-up');
wait_for($node, $settled, 'the rest of it');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_state AS s JOIN tiktokads.advertiser AS a USING (advertiser_id) WHERE stream ~ '^report' AND covered <> datemultirange(daterange(lower(covered), tiktokads.clock_today(a.display_timezone), '[]'))"), '0',
	'they catch up by themselves, without a gap in coverage');
is($node->safe_psql('postgres', "SELECT failures || coalesce(last_error, '') FROM tiktokads.connection_state"), '0', 'and the failures are forgotten');

# One request in twenty goes wrong, in every way that can be seen.
my $clean = start_node('clean', conf => $conf);
$clean->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . int(1773576000 + 3600 * $hours - time()));
$clean->reload;
$clean->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($clean, $settled, 'the clean sync');
my $wanted = fact_digest($clean);
$node->append_conf('postgresql.conf', "tiktokads.slice_retry_delay = '1s'\ntiktokads.request_timeout = '2s'\ntiktokads.max_reply_size = '1MB'");
$node->reload;
$node->safe_psql('postgres', "CALL tiktokads.pause('sim')");
$node->safe_psql('postgres', "TRUNCATE tiktokads.$_") for qw(campaign adgroup ad report_ad_daily report_adgroup_daily report_campaign_daily report_advertiser_daily sync_state);
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('report_ad_daily', 30), ('report_adgroup_daily', 30), ('ad', 10)");
my @faults = ('http_429', 'http_500', 'http_503&retry_after=1', 'reset', 'truncate', 'malformed', 'stall', 'oversize&mb=2', 'gzip_bomb&mb=2', 'slow_body&rate=50',
	'duplicate', 'shift', 'page_count', 'throttle_header', 'code&code=40002', 'code&code=40132&message=QPS', 'code&code=40200', 'code&code=50000', 'code&code=51010', 'code&code=60001');
control($simulator, 'reset_stats');
control($simulator, "fault=$_&percent=5&count=" . (/stall|slow|oversize|bomb/ ? 3 : -1)) for @faults;
$node->safe_psql('postgres', "CALL tiktokads.resume('sim'); CALL tiktokads.sync_now()");
sleep 6;
control($simulator, 'clear');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_history WHERE state = 'failed' AND error_message !~ 'administrator'"), '>', 0, 'the faults were met');
$node->safe_psql('postgres', "UPDATE tiktokads.sync_task SET not_before = '-infinity'; UPDATE tiktokads.connection_state SET not_before = '-infinity'");
wait_for($node, $settled, 'the workers after the faults');
wait_for($node, $settled, 'the workers after the faults') if $node->safe_psql('postgres', $settled) ne 't';
is(fact_digest($node), $wanted, 'a sync through faults ends in the tables of a clean one');
# what comes well but is not what it was is stored, noted, and put right by the next reading
control($simulator, "fault=$_&percent=5&count=-1") for ('wrong_type', 'unknown_field', 'bad_utf8', 'bad_escape');
$node->safe_psql('postgres', 'CALL tiktokads.sync_now(wait => true)');
control($simulator, 'clear');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_history WHERE note ~ 'drift|U\\+FFFD'"), '>', 0, 'replies that are well but wrong were met');
$node->safe_psql('postgres', 'CALL tiktokads.sync_now(wait => true)');
is(fact_digest($node), $wanted, 'and are gone with the next reading');

# A standby runs no worker, replays while workers wait, and takes over when promoted.
# what it will have been asked for
$clean->safe_psql('postgres', "CALL tiktokads.sync_now(stream => 'report_ad_daily', from_date => '2026-02-10', wait => true)");
$wanted = fact_digest($clean);
$clean->stop;
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'tiktokads'"), '0', 'a standby runs neither launcher nor worker');

# four workers, each with a reply that does not come: nobody waits for them
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, max_days) VALUES ('report_ad_daily', 1) ON CONFLICT (stream) DO UPDATE SET max_days = 1");
$node->append_conf('postgresql.conf', "tiktokads.request_timeout = '10min'\ntiktokads.low_speed_time = 0");
$node->reload;
control($simulator, 'fault=stall&path=report/&count=-1');
$node->safe_psql('postgres', "CALL tiktokads.sync_now(stream => 'report_ad_daily', from_date => '2026-02-10')");
my $stalled = "SELECT count(*) = 4 FROM pg_stat_activity WHERE backend_type = 'tiktokads worker' AND query ~ 'fetching stream report_ad_daily'";
wait_for($node, "$stalled AND backend_xmin IS NULL AND wait_event = 'Extension'", 'four stalled workers');
is($node->safe_psql('postgres', $stalled), 't', 'four workers wait for a reply');
my $start = time();
for my $sql ('CREATE DATABASE other', 'CREATE TABLE told ()', 'VACUUM tiktokads.report_ad_daily', 'VACUUM FREEZE tiktokads.campaign', 'ANALYZE tiktokads.report_ad_daily',
	'REINDEX TABLE CONCURRENTLY tiktokads.ad', 'ALTER TABLE tiktokads.report_ad_daily ADD COLUMN mine int', 'DROP DATABASE other')
{
	$start = time();
	$node->safe_psql('postgres', $sql);
	cmp_ok(time() - $start, '<', 3, "four stalled workers: $sql");
}
$start = time();
$node->wait_for_catchup($standby, 'replay', $node->lsn('write'));
cmp_ok(time() - $start, '<', 5, 'a standby replays while four workers wait for a reply');
is($standby->safe_psql('postgres', "SELECT to_regclass('told') IS NOT NULL"), 't', 'what was done meanwhile is there');
is($node->safe_psql('postgres', "SELECT count(*), count(backend_xmin), count(backend_xid) FROM pg_stat_activity WHERE backend_type = 'tiktokads worker'"), '4|0|0',
	'backend_xmin is NULL in all of them: no worker holds back vacuum');
is($node->safe_psql('postgres', $stalled), 't', 'and they wait still');
$node->safe_psql('postgres', 'ALTER TABLE tiktokads.report_ad_daily DROP COLUMN mine');
$node->stop('immediate');
control($simulator, 'clear');
$standby->promote;
wait_for($standby, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'tiktokads launcher'", 'the launcher');
wait_for($standby, $settled, 'the promoted server');
is(fact_digest($standby), $wanted, 'promoted, it goes on by itself');
is($standby->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_read AS r JOIN tiktokads.sync_read AS o USING (stream, advertiser_id) WHERE r.from_date < o.from_date AND r.to_date >= o.from_date"), '0',
	'what four workers noted of neighbouring days does not overlap');

done_testing();
