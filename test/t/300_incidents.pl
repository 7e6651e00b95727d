# Incidents that the simulator plants are found within their first day, told once
# and explained; an ordinary month has next to none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $start = 1773576000;		# 2026-03-15 12:00:00 UTC
my $simulator = start_simulator(qw(--advertisers 8 --ads 60 --days 100 --freeze));
my $node = start_node('primary');
my $day = 0;

# Runs SQL on the simulator's day.
sub on_day
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', sprintf("SET tiktokads.clock_offset = %d;\n%s", $start + $day * 86400 - time(), $sql));
}

# Moves to the next day's noon, syncs the days that still change much and detects.
sub next_day
{
	control($simulator, 'advance=86400');
	$day++;
	on_day("CALL tiktokads.sync(from_date => tiktokads.clock_today('UTC') - 9)");
	on_day('CALL tiktokads.detect()');
	return;
}

on_day(connect_sql($simulator, 'sim'));
on_day("CALL tiktokads.sync(from_date => '2026-01-14')");
on_day('CALL tiktokads.detect()');
my @accounts = split /\n/, on_day('SELECT advertiser_id FROM tiktokads.advertiser ORDER BY advertiser_id % 1000');
is(scalar @accounts, 8, 'there are eight ad accounts');

# a fortnight that was judged at once, and one day by day, make a month of each account
next_day() for 1 .. 14;
cmp_ok(on_day('SELECT count(*) FROM tiktokads.anomaly'), '<', 8, 'an ordinary month of an account has less than one incident');
on_day('DELETE FROM tiktokads.anomaly');

# The busiest campaign of an account that has at least so many ads and conversions.
sub campaign_of
{
	my ($account) = @_;
	return on_day(<<"SQL");
SELECT r.campaign_id FROM tiktokads.report_campaign_daily AS r
	JOIN LATERAL (SELECT count(DISTINCT a.ad_id) AS ads FROM tiktokads.report_ad_daily AS d
		JOIN tiktokads.ad AS a ON a.advertiser_id = d.advertiser_id AND a.ad_id = d.ad_id
		WHERE a.advertiser_id = r.advertiser_id AND a.campaign_id = r.campaign_id AND d.stat_date = '2026-03-28') AS n ON n.ads >= 4
WHERE r.advertiser_id = $account AND r.stat_date BETWEEN '2026-03-15' AND '2026-03-28'
GROUP BY r.campaign_id HAVING sum(r.conversion) >= 14 * 15 ORDER BY sum(r.spend) DESC LIMIT 1
SQL
}

# kind, detectors that may tell it, what the explanation says
my @planted = (
	[ 'spend_runaway', 'spend_up', qr/spend .* where .* was expected.*Much more was spent/s ],
	[ 'tracking_outage', 'tracking_broken', qr/conversions .* to 0\..*the pixel, the app's tracking or the landing page is broken/s ],
	[ 'click_farm', 'click_farm', qr/ctr .* where .*clicks of no value/s ],
	[ 'delivery_stop', 'delivery_stopped', qr/spend 0\.00 on 2026-03-29 .*Nothing was delivered/s ],
	[ 'fatigue', 'frequency_fatigue', qr/frequency .*refresh the creative or widen the audience/s ],
	[ 'late_data', 'missing_data', qr/no data for 2026-03-29\. .*late/s ],
	[ 'restatement', 'restated', qr/spend of 2026-03-29 was restated: .*TikTok took back/s ]);
my %entity;
for my $n (0 .. $#planted)
{
	my ($kind) = @{ $planted[$n] };
	$entity{$kind} = $kind =~ /late_data|restatement/ ? $accounts[$n] : campaign_of($accounts[$n]);
	isnt($entity{$kind}, '', "there is a place for $kind");
	control($simulator, "incident=$kind&entity=$entity{$kind}&from=2026-03-29&to=2026-03-29");
}

# 2026-03-29 is over in all zones at noon UTC of 2026-03-30
next_day();
next_day() if on_day("SELECT min(tiktokads.anomaly_today(advertiser_id)) FROM tiktokads.advertiser") le '2026-03-29';
sub told
{
	my ($n) = @_;
	return on_day("SELECT detector || ' ' || level || ' ' || entity_id || ' ' || started_on || ' ' || state || ' ' || explanation FROM tiktokads.anomaly"
		  . " WHERE advertiser_id = $accounts[$n] AND ended_on >= '2026-03-29' ORDER BY anomaly");
}
for my $n (0 .. $#planted - 1)
{
	my ($kind, $detector, $words) = @{ $planted[$n] };
	my $told = told($n);
	like($told, qr/^$detector \w+ \d+ 2026-03-29 open/m, "$kind is found within its first day");
	like($told, $words, "$kind is explained");
	my ($level, $id) = $told =~ /^$detector (\w+) (\d+)/m;
	ok(defined $id && ($level eq 'advertiser' || $id eq $entity{$kind} || $level eq 'adgroup' || $level eq 'ad'), "$kind is told where it is")
	  or diag $told;
}
is(on_day("SELECT max(n) FROM (SELECT count(*) AS n FROM tiktokads.anomaly WHERE '2026-03-29' BETWEEN started_on AND ended_on GROUP BY advertiser_id) AS x"), '1', 'each is told once')
  or diag on_day("SELECT advertiser_id, detector, level, entity_id, explanation FROM tiktokads.anomaly WHERE '2026-03-29' BETWEEN started_on AND ended_on");

# four days later: the late day has come, the spend is taken back
next_day() for 1 .. 4;
like(told(6), qr/^restated advertiser $accounts[6] 2026-03-29 open/m, 'a restatement is found on its day');
like(told(6), $planted[6][2], 'a restatement is explained');
is(on_day("SELECT state || ' ' || (details ->> 'restated') FROM tiktokads.anomaly WHERE detector = 'missing_data'"), 'resolved true', 'late data that came are resolved');
next_day() for 1 .. 3;
is(on_day("SELECT count(*) FROM tiktokads.anomaly WHERE detector = 'restated'"), '1', 'a restatement is told once');
is(on_day("SELECT count(*) FROM tiktokads.anomaly WHERE ended_on = '2026-03-29' AND state <> 'resolved'"), '0', 'what is over is resolved');
cmp_ok(on_day("SELECT count(*) FROM tiktokads.anomaly WHERE started_on <> '2026-03-29'"), '<', 4, 'and nothing else was told');

done_testing();
