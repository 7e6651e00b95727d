# Retention beside syncs, readers and crashes: what left stays away, no reader
# waits longer than the lock timeout, and each partition is whole, or gone with
# its row in the log.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep);

my $simulator = start_simulator('--advertisers', '2', '--ads', '20', '--days', '60');
my $node = start_node('retention', conf => "restart_after_crash = on\nautovacuum = off\n");
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', "CALL tiktokads.sync(from_date => '2026-01-20')");

# The days that report_ad_daily has, as "first last how many".
sub days
{
	return $node->safe_psql('postgres', 'SELECT min(stat_date), max(stat_date), count(DISTINCT stat_date) FROM tiktokads.report_ad_daily');
}

# What left stays away.
is(days(), '2026-01-20|2026-03-15|55', 'the sync brought 55 days');
$node->safe_psql('postgres', "SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '30 days')");
my ($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.apply_retention()');
like($err, qr/dropped partition report_ad_daily_202601.*worked off report_ad_daily_202602/s, 'January is dropped, half of February deleted');
is(days(), '2026-02-13|2026-03-15|31', 'thirty days and today are left');
my $requests = $node->safe_psql('postgres', 'SELECT max(run) FROM tiktokads.sync_history');
$node->safe_psql('postgres', "CALL tiktokads.sync(from_date => '2026-01-20')");
is(days(), '2026-02-13|2026-03-15|31', 'a sync of the old days does not fetch them back');
is($node->safe_psql('postgres', "SELECT min(from_date) FROM tiktokads.sync_history WHERE run > $requests AND stream = 'report_ad_daily'"),
	'2026-02-13', 'it does not even ask for them');
is($node->safe_psql('postgres', "SELECT min(from_date) FROM tiktokads.sync_history WHERE run > $requests AND stream = 'report_campaign_daily'"),
	'2026-01-20', 'other tables are fetched as ever');
is($node->safe_psql('postgres', "SELECT to_regclass('tiktokads.report_ad_daily_202601') IS NULL"), 't', 'the dropped partition is not made again');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily', from_date => '2026-01-20', to_date => '2026-01-31')");
is($result, 0, 'a sync of nothing but expired days succeeds');
like($err, qr/0 slices/, 'and has nothing to do');

# What stands for a month leaves, and stays away, as a month.
my $months = 'SELECT min(stat_month), max(stat_month), count(DISTINCT stat_month) FROM tiktokads.report_audience_month';
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, enabled) VALUES ('audience_campaign_device_brand_id', true)");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'audience_campaign_device_brand_id', from_date => '2026-01-20')");
is($node->safe_psql('postgres', $months), '2026-01-01|2026-03-01|3', 'the sync brought three months');
$node->safe_psql('postgres', "SELECT tiktokads.set_retention('tiktokads.report_audience_month', '30 days')");
$node->safe_psql('postgres', 'CALL tiktokads.apply_retention()');
is($node->safe_psql('postgres', $months), '2026-02-01|2026-03-01|2', 'a month leaves when its last day may');
$requests = $node->safe_psql('postgres', 'SELECT max(run) FROM tiktokads.sync_history');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'audience_campaign_device_brand_id', from_date => '2026-01-20')");
is($node->safe_psql('postgres', $months), '2026-02-01|2026-03-01|2', 'a sync does not fetch it back');
is($node->safe_psql('postgres', "SELECT min(from_date), max(to_date) FROM tiktokads.sync_history WHERE run > $requests AND advertiser_id = (SELECT min(advertiser_id) FROM tiktokads.advertiser)"),
	'2026-02-01|2026-03-15', 'and asks for the others as whole months');
# a month whose first day is gone is gone
$node->safe_psql('postgres', "UPDATE tiktokads.expired_range SET days = '{[2026-01-01,2026-02-10)}' WHERE relation = 'report_audience_month'");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'audience_campaign_device_brand_id', from_date => '2026-01-20')");
is($node->safe_psql('postgres', "SELECT min(from_date) FROM tiktokads.sync_history WHERE run > (SELECT max(run) FROM tiktokads.sync_history WHERE from_date = '2026-02-01' AND stream = 'audience_campaign_device_brand_id')"),
	'2026-03-01', 'of a month whose first day is noted as gone nothing is fetched');

# A sync prunes rows that a complete reply lacks, but not those under a legal hold.
my $stray = 'INSERT INTO tiktokads.report_ad_daily (advertiser_id, ad_id, stat_date) SELECT advertiser_id, 1, \'2026-03-10\' FROM tiktokads.advertiser';
my $strays = 'SELECT string_agg((r.advertiser_id = (SELECT max(advertiser_id) FROM tiktokads.advertiser))::text, \',\') FROM tiktokads.report_ad_daily AS r WHERE ad_id = 1';
my $hold = $node->safe_psql('postgres', "SELECT tiktokads.place_hold(advertiser_id => (SELECT max(advertiser_id) FROM tiktokads.advertiser), reason => 'case 1')");
$node->safe_psql('postgres', $stray);
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily')");
is($node->safe_psql('postgres', $strays), 'true', 'of two rows that TikTok does not know the held one stays');
$node->safe_psql('postgres', "SELECT tiktokads.release_hold($hold)");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily')");
is($node->safe_psql('postgres', $strays), '', 'released, it is pruned');

# Days leave while a sync that asked for them is waiting for the reply.
$node->safe_psql('postgres', "SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '5 days', force => true)");
control($simulator, 'fault=slow_body&path=report/integrated/get/&rate=120000&count=-1');
my $call = stalled_call($node, "CALL tiktokads.sync(stream => 'report_ad_daily')", 'slow');
wait_for($node, "SELECT EXISTS (SELECT FROM tiktokads.sync_history WHERE state = 'running')", 'the slice to be claimed');
$node->safe_psql('postgres', 'CALL tiktokads.apply_retention()');
is($node->safe_psql('postgres', "SELECT to_regclass('tiktokads.report_ad_daily_202602') IS NULL"), 't', 'February is dropped while it is fetched');
control($simulator, 'clear');
$call->{handle}->finish;
ok(!$call->{handle}->result, 'the sync goes on and succeeds') or diag(${ $call->{err} });
is(days(), '2026-03-10|2026-03-15|6', 'it brought back nothing that had left');
is($node->safe_psql('postgres', "SELECT count(*) > 0 FROM tiktokads.sync_history WHERE state = 'split' AND error_message LIKE 'retention removed%'"),
	't', 'its history says why it fetched again');
is($node->safe_psql('postgres', "SELECT to_regclass('tiktokads.report_ad_daily_202602') IS NULL"), 't', 'the partition stays away');

# A long reader: retention gives up, and nobody behind it waits longer than its lock timeout.
$node->safe_psql('postgres', "SELECT tiktokads.partition_ensure('report_advertiser_daily', '2025-01-01', '2025-06-30');"
	  . "INSERT INTO tiktokads.report_advertiser_daily (advertiser_id, stat_date) SELECT 1, d FROM generate_series(date '2025-01-01', '2025-06-30', '1 day') AS d;"
	  . "SELECT tiktokads.set_retention('tiktokads.report_advertiser_daily', '90 days')");
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN');
$reader->query_safe('SELECT count(*) FROM tiktokads.report_advertiser_daily');
$call = stalled_call($node, 'CALL tiktokads.apply_retention()', 'purger');
my $reads = 0;
my $late = 0;
while ($call->{handle}->pumpable && $reads < 500)
{
	# 200 ms is the lock timeout; a reader that must wait a second fails
	($result, $out, $err) = $node->psql('postgres', "SET lock_timeout = '1s'; SELECT count(*) FROM tiktokads.report_advertiser_daily");
	$late++ if $result != 0;
	$reads++;
	$call->{handle}->pump_nb;
}
$call->{handle}->finish;
cmp_ok($reads, '>', 5, 'others read while retention tried');
is($late, 0, 'no reader waited longer than it may');
ok(!$call->{handle}->result, 'retention ends without an error');
like(${ $call->{err} }, qr/report_advertiser_daily_202501 stays for now: others kept it locked.*6 locked/s, 'it says what stayed');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.purge_log WHERE relation = 'report_advertiser_daily'"), '0', 'nothing of it is on record as gone');
is($reader->query_safe('SELECT count(*) FROM tiktokads.report_advertiser_daily WHERE stat_date < \'2025-07-01\''), '181', 'the long reader still has its rows');
$reader->query_safe('COMMIT');
$reader->quit;
$node->safe_psql('postgres', 'CALL tiktokads.apply_retention()');
is($node->safe_psql('postgres', "SELECT count(*), sum(rows) FROM tiktokads.purge_log WHERE relation = 'report_advertiser_daily'"), '6|181',
	'the next call takes them');

# kill -9 at any moment: each partition is whole and not on record, or gone and on record once.
my $made = 0;
my $met = 0;
srand(20260315);
for my $round (1 .. 40)
{
	last if $met == 6;
	$made++;
	$node->safe_psql('postgres', "TRUNCATE tiktokads.expired_range;"
		  . "SELECT tiktokads.partition_ensure('report_campaign_daily', '2020-01-01', '2022-12-31');"
		  . "INSERT INTO tiktokads.report_campaign_daily (advertiser_id, campaign_id, stat_date) SELECT 1, c, m FROM generate_series(1, 10) AS c, generate_series(date '2020-01-01', '2022-12-01', '1 month') AS m ON CONFLICT DO NOTHING;"
		  . "SELECT tiktokads.set_retention('tiktokads.report_campaign_daily', '90 days')");
	my $logged = $node->safe_psql('postgres', "SELECT coalesce(max(seq), 0) FROM tiktokads.purge_log");
	$call = stalled_call($node, 'CALL tiktokads.apply_retention()', "killed$round");
	sleep(rand(0.25));
	my $killed = $call->{pid} && kill('KILL', $call->{pid});
	eval { $call->{handle}->finish };
	# one that had just ended its call takes the server down, too
	for (1 .. 1000)
	{
		last unless $killed && kill(0, $call->{pid});
		sleep 0.01;
	}
	wait_for($node, 'SELECT NOT pg_is_in_recovery()', 'the server to recover');
	next unless ${ $call->{err} } =~ /server closed the connection|terminated/;
	$met++;
	is($node->safe_psql('postgres', "SELECT count(*) FROM generate_series(date '2020-01-01', '2022-12-01', '1 month') AS m"
			  . " CROSS JOIN LATERAL (SELECT tiktokads.partition_name('report_campaign_daily', m::date)) AS p (name)"
			  . " LEFT JOIN tiktokads.purge_log AS l ON l.partition = p.name AND l.seq > $logged AND l.action = 'drop'"
			  . " LEFT JOIN tiktokads.expired_range AS e ON e.relation = 'report_campaign_daily' AND e.days \@> m::date"
			  . " WHERE ((to_regclass('tiktokads.' || p.name) IS NULL) <> (l.seq IS NOT NULL)) OR ((l.seq IS NOT NULL) <> (e.relation IS NOT NULL)) OR l.rows <> 10"),
		'0', "round $round: every partition is whole, or gone with its row");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.verify_purge_log()'), '0', "round $round: the log is whole");
	is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.report_campaign_daily WHERE stat_date < '2023-01-01'"),
		10 * $node->safe_psql('postgres', "SELECT count(*) FROM pg_inherits WHERE inhparent = 'tiktokads.report_campaign_daily'::regclass AND inhrelid::regclass::text ~ '_20(20|21|22)..\$'"),
		"round $round: what is left is whole");
}
is($met, 6, 'six kills met retention at work');
$node->safe_psql('postgres', 'CALL tiktokads.apply_retention()');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.report_campaign_daily WHERE stat_date < '2023-01-01'"), '0', 'the next call does the rest');

# A dump takes rules, holds, log and expired days along, and the log still holds there.
$node->safe_psql('postgres', "SELECT tiktokads.place_hold(advertiser_id => 1, from_date => '2026-03-01', reason => 'case 2')");
$node->safe_psql('postgres', "SELECT tiktokads.partition_ensure('event', '2026-03-01', '2026-03-31')");
$node->safe_psql('postgres', "SELECT tiktokads.erase_subject('anna', 'request 1')");
my $facts = "SELECT (SELECT jsonb_agg(p ORDER BY relation) FROM tiktokads.retention_policy AS p), (SELECT jsonb_agg(h) FROM tiktokads.legal_hold AS h),"
  . " (SELECT jsonb_agg(e ORDER BY relation) FROM tiktokads.expired_range AS e), (SELECT count(*) FROM tiktokads.purge_log)";
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('copy'), $dump ], 'restored');
is($node->safe_psql('copy', "SET TimeZone = 'Asia/Tokyo'; SELECT count(*) FROM tiktokads.verify_purge_log()"), '0', 'the log is whole in the copy');
is($node->safe_psql('copy', $facts), $node->safe_psql('postgres', $facts), 'rules, holds, expired days and log are the same');
$node->safe_psql('copy', "INSERT INTO tiktokads.event (source, event_id, event_at, person, name) VALUES ('web', '1', '2026-03-01 00:00:00+00', 'anna', 'view'), ('web', '2', '2026-03-01 00:00:00+00', 'ben', 'view')");
is($node->safe_psql('copy', 'SELECT person FROM tiktokads.event'), 'ben', 'the copy keeps erased people out');
is($node->safe_psql('copy', "SELECT tiktokads.place_hold(advertiser_id => 2, reason => 'case 3') > 2"), 't', 'numbers go on in the copy');
$node->safe_psql('copy', "SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '1 day', force => true)");
$node->safe_psql('copy', 'CALL tiktokads.apply_retention()');
is($node->safe_psql('copy', 'SELECT count(*) FROM tiktokads.verify_purge_log()'), '0', 'the log goes on in the copy');

done_testing();
