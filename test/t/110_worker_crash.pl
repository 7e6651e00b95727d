# kill -9 of a worker and immediate stops of the server at random points of a
# sync, thirty of each: the workers go on by themselves, and the final tables and
# cursors equal those of an undisturbed run, row for row.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my $simulator = start_simulator('--advertisers', '2', '--ads', '40', '--days', '40', '--latency-ms', '8');
my $conf = <<'CONF';
shared_preload_libraries = 'tiktokads'
tiktokads.databases = 'postgres'
tiktokads.max_workers = 2
restart_after_crash = on
CONF
my $cursors = "SELECT md5(string_agg(format('%s %s %s %s', stream, advertiser_id, covered, consecutive_failures), '|' ORDER BY stream, advertiser_id)) FROM tiktokads.sync_state";
my $settled = "SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task) AND EXISTS (SELECT FROM tiktokads.sync_history)"
  . " AND NOT EXISTS (SELECT FROM tiktokads.sync_history WHERE state = 'running')";

my $quiet = start_node('undisturbed', conf => $conf);
$quiet->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($quiet, $settled, 'the undisturbed sync');
my $wanted = fact_digest($quiet);
my $wanted_cursors = $quiet->safe_psql('postgres', $cursors);
$quiet->stop;

my $node = start_node('crashed', conf => $conf);
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($node, $settled, 'the first sync');

# Asks for all again, now and then into empty tables, and waits until a worker has some of it in hand.
sub work
{
	my ($round) = @_;
	$node->safe_psql('postgres', "TRUNCATE tiktokads.$_")
	  for $round % 3 == 1 ? qw(campaign adgroup ad report_ad_daily report_campaign_daily) : ();
	$node->safe_psql('postgres', 'CALL tiktokads.sync_now()');
	for (1 .. 400)
	{
		my $pid = $node->safe_psql('postgres', "SELECT pid FROM tiktokads.sync_progress LIMIT 1");
		return $pid if $pid;
		last if $node->safe_psql('postgres', $settled) eq 't';
	}
	return;
}

srand(20260315);
my $kills = 0;
for my $round (1 .. 60)
{
	last if $kills == 30;
	my $pid = work($round) or next;
	sleep(rand(0.15));
	next unless kill('KILL', $pid);
	$kills++;
	wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)", 'the server to recover');
}
is($kills, 30, 'thirty kills met a worker');
wait_for($node, $settled, 'the workers after the last kill');
is(fact_digest($node), $wanted, 'after kill -9 of workers the tables equal those of an undisturbed run');
is($node->safe_psql('postgres', $cursors), $wanted_cursors, 'and so do the cursors');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.finding WHERE kind = 'set_aside'"), '0', 'no slice was blamed for what it did not do');

my $stops = 0;
for my $round (1 .. 60)
{
	last if $stops == 30;
	work($round) or next;
	sleep(rand(0.15));
	$node->stop('immediate');
	$node->start;
	$stops++;
}
is($stops, 30, 'thirty immediate stops met a worker');
wait_for($node, $settled, 'the workers after the last stop');
is(fact_digest($node), $wanted, 'after immediate stops the tables equal those of an undisturbed run');
is($node->safe_psql('postgres', $cursors), $wanted_cursors, 'and so do the cursors');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_history WHERE state = 'interrupted'"), '>', 30,
	'interrupted runs are on record');

# A slice that takes the server down each time is set aside; the others are done.
control($simulator, 'fault=stall&path=ad/get/&count=-1&advertiser=' . $node->safe_psql('postgres', 'SELECT min(advertiser_id) FROM tiktokads.advertiser'));
$node->safe_psql('postgres', 'CALL tiktokads.sync_now()');
for my $round (1 .. 3)
{
	my $alone = "SELECT count(*) = 1 AND min(stream) = 'ad' FROM tiktokads.sync_progress";
	wait_for($node, $alone, "the slice to be alone, round $round");
	my $pid = $node->safe_psql('postgres', "SELECT pid FROM tiktokads.sync_progress WHERE stream = 'ad'");
	is($node->safe_psql('postgres', "SELECT max(crashes) FROM tiktokads.sync_task"), $round, "its crash $round is counted before it is begun");
	kill('KILL', $pid);
	wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)", 'the server to recover');
}
wait_for($node, "SELECT count(*) = 1 FROM tiktokads.finding WHERE kind = 'set_aside' AND stream = 'ad'", 'the finding');
like($node->safe_psql('postgres', "SELECT message || hint FROM tiktokads.finding WHERE kind = 'set_aside'"),
	qr/the server crashed 3 times while a worker fetched this slice; it is set aside.*CALL tiktokads\.sync_now\('sim', 'ad', \d+\); tries it again/, 'which says what to do');
is($node->safe_psql('postgres', "SELECT count(*) FILTER (WHERE set_aside_at IS NULL) || ',' || count(*) FROM tiktokads.sync_task"), '0,1',
	'the slice is set aside and all others are done');
control($simulator, 'clear');
$node->safe_psql('postgres', "CALL tiktokads.sync_now(stream => 'ad', wait => true)");
is(fact_digest($node), $wanted, 'asked for again it is done');

done_testing();
