# Incidents that begin within a day are found within two hours where hourly
# reports are synced, and are the same incidents when the day is over.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $start = 1773576000;		# 2026-03-15 12:00:00 UTC
my $simulator = start_simulator(qw(--advertisers 6 --ads 60 --days 100 --freeze --dense));
my $node = start_node('primary',
	streams => [ qw(campaign adgroup ad), map({ "report_${_}_daily" } qw(advertiser campaign adgroup ad)), map { "report_${_}_hourly" } qw(advertiser campaign) ]);
my $hours = 0;

# Runs SQL at the simulator's hour.
sub at_hour
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', sprintf("SET tiktokads.clock_offset = %d;\n%s", $start + $hours * 3600 - time(), $sql));
}

# Moves the clock, syncs the days around it and detects.
sub go_on
{
	my ($by) = @_;
	control($simulator, 'advance=' . $by * 3600);
	$hours += $by;
	at_hour("CALL tiktokads.sync(from_date => tiktokads.clock_today('UTC') - 1, to_date => tiktokads.clock_today('UTC') + 1)");
	at_hour('CALL tiktokads.detect()');
	return;
}

at_hour(connect_sql($simulator, 'sim'));
at_hour("CALL tiktokads.sync(from_date => '2026-02-12')");
at_hour('CALL tiktokads.detect()');
go_on(1) for 1 .. 3;
my @accounts = split /\n/, at_hour('SELECT advertiser_id FROM tiktokads.advertiser ORDER BY advertiser_id % 1000');
is(at_hour("SELECT count(*) FROM tiktokads.anomaly WHERE grain = 'hour'"), '0', 'ordinary hours have no incident');
is(at_hour('SELECT count(*) FROM tiktokads.anomaly_progress WHERE judged_hour IS NULL'), '0', 'hours were judged');
at_hour('DELETE FROM tiktokads.anomaly');

my @planted = (
	[ 'spend_runaway', 'spend_up', qr/Much more was spent/ ],
	[ 'tracking_outage', 'tracking_broken', qr/the pixel, the app's tracking or the landing page is broken/ ],
	[ 'click_farm', 'click_farm', qr/clicks of no value/ ],
	[ 'delivery_stop', 'delivery_stopped', qr/Nothing was delivered/ ],
	[ 'fatigue', 'frequency_fatigue', qr/refresh the creative or widen the audience/ ],
	[ 'late_data', 'missing_data', qr/no data for 2026-03-1[56] from \d\d:00 to \d\d:00.*late/ ]);
my %begin;
for my $n (0 .. $#planted)
{
	my ($kind) = @{ $planted[$n] };
	my $entity = $kind eq 'late_data' ? $accounts[$n] : at_hour(<<"SQL");
SELECT campaign_id FROM tiktokads.report_campaign_hourly WHERE advertiser_id = $accounts[$n] AND stat_time_hour >= '2026-03-01'
GROUP BY 1 ORDER BY sum(real_time_conversion) DESC LIMIT 1
SQL
	# the hour that now begins on the account's clock
	my ($day, $hour) = split / /, at_hour("SELECT to_char(tiktokads.clock_now() AT TIME ZONE display_timezone, 'YYYY-MM-DD FMHH24') FROM tiktokads.advertiser WHERE advertiser_id = $accounts[$n]");
	$begin{$kind} = sprintf('%s %02d:00:00', $day, $hour);
	control($simulator, "incident=$kind&entity=$entity&from=$day&to=$day&hour=$hour");
}
go_on(1) for 1 .. 2;
for my $n (0 .. $#planted)
{
	my ($kind, $detector, $words) = @{ $planted[$n] };
	my $told = at_hour("SELECT detector || ' ' || grain || ' ' || state || ' ' || explanation FROM tiktokads.anomaly WHERE advertiser_id = $accounts[$n]");
	like($told, qr/^$detector hour open /, "$kind is found within two hours");
	like($told, $words, "$kind is explained");
	is(at_hour("SELECT ended_at <= timestamp '$begin{$kind}' + interval '2 hours' FROM tiktokads.anomaly WHERE advertiser_id = $accounts[$n]"), 't', "$kind is told with its hours");
}
is(at_hour('SELECT count(*) FROM tiktokads.anomaly'), '6', 'each is told once');

# the same again is nothing new; when the day is over the incident is of the day
at_hour('CALL tiktokads.detect()');
is(at_hour('SELECT count(*) FROM tiktokads.anomaly'), '6', 'hours are judged once');
go_on(24);
is(at_hour("SELECT string_agg(DISTINCT grain, ',') FROM tiktokads.anomaly WHERE detector IN ('spend_up', 'click_farm')"), 'day', 'when its day is judged, an incident is of the day');
is(at_hour("SELECT count(*) FROM tiktokads.anomaly WHERE started_at IS NOT NULL"), '6', 'and keeps the hour of its beginning');
cmp_ok(at_hour('SELECT count(*) FROM tiktokads.anomaly'), '<=', 8, 'few others are told');

done_testing();
