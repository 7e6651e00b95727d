# kill -9 at random points of a sync: after a restart and another sync the tables
# equal those of an undisturbed run, row for row.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my @options = ('--advertisers', '2', '--ads', '40', '--days', '40', '--latency-ms', '15');
my $simulator = start_simulator(@options);
my $quiet = start_node('undisturbed');
$quiet->safe_psql('postgres', connect_sql($simulator, 'sim'));
my $begin = time();
$quiet->safe_psql('postgres', 'CALL tiktokads.sync()');
my $duration = time() - $begin;
my $wanted = fact_digest($quiet);
$quiet->stop;

my $node = start_node('crashed', conf => "restart_after_crash = on\n");
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));

# Runs a query as soon as the server is up: a kill may be noticed late.
sub patient_sql
{
	my ($query) = @_;
	for (1 .. 200)
	{
		my ($result, $out) = eval { $node->psql('postgres', $query) };
		return $out if defined $result && $result == 0;
		sleep 0.05;
	}
	die "the server does not come back\n";
}

srand(20260315);
my $interrupted = 0;
for my $round (1 .. 60)
{
	last if $interrupted == 20;

	# fresh tables now and then, so that crashes meet first loads too
	patient_sql('TRUNCATE tiktokads.campaign, tiktokads.adgroup, tiktokads.ad,'
		  . ' tiktokads.report_ad_daily, tiktokads.report_campaign_daily') if $round % 3 == 1;
	my $call = stalled_call($node, 'CALL tiktokads.sync()', "round$round");
	sleep(rand($duration * 0.6));
	kill('KILL', $call->{pid}) if $call->{pid};
	eval { $call->{handle}->finish };
	next unless $call->{pid};
	$interrupted++ if ${ $call->{err} } =~ /server closed the connection|terminated/;

	# the postmaster ends everybody else, recovers, and only then listens again
	wait_for($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $call->{pid})", 'the server to recover');
	is(patient_sql("SELECT count(*) FROM tiktokads.sync_state AS s WHERE stream = 'report_ad_daily' AND covered <> '{}' AND NOT EXISTS"
			  . " (SELECT FROM tiktokads.sync_history AS h WHERE h.stream = s.stream AND h.advertiser_id = s.advertiser_id AND h.state = 'done')"),
		'0', "round $round: a cursor never stands without its run") if $round % 10 == 0;
}
is($interrupted, 20, 'twenty kills met a running sync');
patient_sql('CALL tiktokads.sync()');
is(fact_digest($node), $wanted, 'the tables equal those of an undisturbed run');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_history WHERE state = 'running'"), '0',
	'no run is left as running');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_history WHERE state = 'interrupted'"), '>', 0,
	'interrupted runs are on record');

done_testing();
