# Numbers stay right while they change: a month goes by, day after day, and what
# is due is read; every day's finality is right along the way, and at the end
# every table equals what a fresh reading of the truth gives.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my @streams = (qw(campaign adgroup), map { ("report_${_}_daily", "report_${_}_hourly", "report_${_}_lifetime") } qw(advertiser campaign));
my $simulator = start_simulator('--advertisers', '2', '--ads', '12', '--days', '60', '--freeze');
my $node = start_node('right', streams => \@streams);
my $window = 6;
my $start = 1773576000;		# 2026-03-15 12:00:00 UTC
my $now = $start;

# Moves the clocks of simulator and server to a time.
sub clock_to
{
	my ($to) = @_;
	control($simulator, 'advance=' . ($to - $now));
	$now = $to;
	$node->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . ($to - time()));
	$node->reload;
	$node->poll_query_until('postgres', "SELECT abs(extract(epoch FROM tiktokads.clock_now()) - $to) < 30");
	return;
}

$node->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . ($now - time()));
$node->reload;
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.coverage WHERE state <> \'missing\''), '0', 'before the first reading all is missing');
is($node->safe_psql('postgres', "SELECT DISTINCT tiktokads.attribution_days(advertiser_id) FROM tiktokads.advertiser"), '28',
	'an account whose ad groups are not known has 28 days');
$node->safe_psql('postgres', 'CALL tiktokads.sync(due => true)');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.attribution_window AS w WHERE w.days <> (SELECT max(d) FROM tiktokads.adgroup AS g,"
	  . " LATERAL (VALUES (g.click_attribution_window), (g.view_attribution_window), (g.engaged_view_attribution_window)) AS v (word)"
	  . " JOIN (VALUES ('OFF', 0), ('ONE_DAY', 1), ('SEVEN_DAYS', 7), ('FOURTEEN_DAYS', 14), ('TWENTY_EIGHT_DAYS', 28)) AS k (word, d) USING (word)"
	  . " WHERE g.advertiser_id = w.advertiser_id)"), '0', 'the window is the longest of the ad groups');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.attribution_window'), '2', 'of every account');
# conversions of the simulator grow for 28 days; a shorter window keeps the test short, and its truth is read at the end
$node->safe_psql('postgres', "UPDATE tiktokads.attribution_window SET fixed_days = $window");

my $wrong = 0;
my %first_final;
for my $day (1 .. 16)
{
	clock_to($start + $day * 86400);
	control($simulator, 'restate=' . (100 + $day) . '&from=2026-03-10&to=2026-03-12') if $day <= 2;
	$node->safe_psql('postgres', 'CALL tiktokads.sync(due => true)');
	# by hand: the account's day is over for window days and two hours of latency when it was read, at noon UTC
	my $answer = $node->safe_psql('postgres', <<"SQL");
SELECT count(*) FROM tiktokads.advertiser AS a, generate_series(date '2026-03-01', date '2026-03-31', interval '1 day') AS g (day),
	LATERAL (SELECT CASE WHEN g.day::date > (to_timestamp($now) AT TIME ZONE a.display_timezone)::date THEN 'missing'
		WHEN to_timestamp($now) >= ((g.day + ($window + 1) * interval '1 day') AT TIME ZONE a.display_timezone) + interval '2 hours'
		THEN 'final' ELSE 'provisional' END AS should) AS s
WHERE tiktokads.finality(a.advertiser_id, g.day::date) <> s.should
SQL
	$wrong += $answer;
	diag("day $day: $answer days have the wrong finality") if $answer > 0;
}
is($wrong, 0, 'every day\'s finality is right on every day of the month');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.coverage WHERE state = 'missing' AND from_date < '2026-03-31'"), '0', 'no day is missing');
is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT state, ',' ORDER BY state) FROM tiktokads.coverage"), 'final,provisional', 'days are final or provisional');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.report_campaign_asof'), '>', 100, 'earlier versions are kept');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.data_quality WHERE kind IN ('hours', 'levels', 'totals')"), '0',
	'hours add up to days, campaigns to accounts, rows to totals');

# the number for a day at an age, as it was: conversions of a day only grow, so later ages never show less
is($node->safe_psql('postgres', <<'SQL'), '0', 'asof never shows less at a later age');
SELECT count(*) FROM tiktokads.asof('campaign', 'conversion', '2026-03-16', '2026-03-22', 1) AS young
	JOIN tiktokads.asof('campaign', 'conversion', '2026-03-16', '2026-03-22', 5) AS old USING (advertiser_id, entity_id, stat_date)
WHERE young.value > old.value
SQL
cmp_ok($node->safe_psql('postgres', <<'SQL'), '>', 0, 'and shows less at an earlier one');
SELECT count(*) FROM tiktokads.asof('campaign', 'conversion', '2026-03-16', '2026-03-22', 1) AS young
	JOIN tiktokads.asof('campaign', 'conversion', '2026-03-16', '2026-03-22', 5) AS old USING (advertiser_id, entity_id, stat_date)
WHERE young.value < old.value
SQL
is($node->safe_psql('postgres', "SELECT count(value) FROM tiktokads.asof('advertiser', 'spend', '2026-03-30', '2026-03-31', 5)"), '0', 'an age that a day has not reached has no value');
for my $case ([ "'galaxy', 'spend', '2026-03-01', '2026-03-02', 1", qr/level "galaxy" is not known/ ],
	[ "'campaign', 'nonsense', '2026-03-01', '2026-03-02', 1", qr/has no metric "nonsense"/ ],
	[ "'campaign', 'reach', '2026-03-01', '2026-03-02', 1", qr/earlier values of metric "reach" are not kept/ ],
	[ "'campaign', 'spend', '2026-03-01', '2026-03-02', -1", qr/age must be/ ])
{
	my ($result, $out, $err) = $node->psql('postgres', "SELECT * FROM tiktokads.asof($case->[0])");
	like($err, $case->[1], "asof($case->[0]) is refused");
}

# in the end, everything that is within reach of a last reading equals the truth
$node->safe_psql('postgres', 'CALL tiktokads.sync(from_date => \'2026-03-01\')');
my $digest = sub {
	my ($node) = @_;
	return $node->safe_psql('postgres', join(' UNION ALL ', map {
		"SELECT '$_', count(*), md5(string_agg((to_jsonb(x) - 'changed_at' - 'first_seen_at')::text, '|' ORDER BY (to_jsonb(x) - 'changed_at' - 'first_seen_at')::text)) FROM tiktokads.$_ AS x"
		  . (/daily/ ? " WHERE stat_date >= '2026-03-01'" : /hourly/ ? " WHERE stat_time_hour >= '2026-03-01'" : '')
	} @streams));
};
my $fresh = start_node('fresh', streams => \@streams);
$fresh->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . ($now - time()));
$fresh->reload;
$fresh->poll_query_until('postgres', "SELECT abs(extract(epoch FROM tiktokads.clock_now()) - $now) < 30");
$fresh->safe_psql('postgres', connect_sql($simulator, 'sim'));
$fresh->safe_psql('postgres', "CALL tiktokads.sync(from_date => '2026-03-01')");
is($digest->($node), $digest->($fresh), 'every table equals a fresh reading of the truth');

# what was removed on purpose stays away
$node->safe_psql('postgres', "CREATE TABLE IF NOT EXISTS tiktokads.expired_range (relation name PRIMARY KEY, days datemultirange NOT NULL);"
	  . " GRANT SELECT ON tiktokads.expired_range TO tiktokads_worker;"
	  . " INSERT INTO tiktokads.expired_range VALUES ('report_campaign_daily', '{[2026-01-01,2026-03-11)}');"
	  . " DELETE FROM tiktokads.report_campaign_daily WHERE stat_date < '2026-03-11'");
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream = 'report_campaign_daily' AND from_date <= '2026-03-10'"), '0',
	'expired days are not due');
is($node->safe_psql('postgres', "SELECT DISTINCT from_date || ' ' || to_date FROM tiktokads.coverage WHERE stream = 'report_campaign_daily' AND state = 'expired'"),
	'2026-02-14 2026-03-10', 'coverage says that they are expired');
$node->safe_psql('postgres', "CALL tiktokads.backfill('2026-03-01', '2026-03-20', 'report_campaign_daily')");
clock_to($now + 86400 * 8);
$node->safe_psql('postgres', 'CALL tiktokads.sync(due => true)');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.report_campaign_daily WHERE stat_date < '2026-03-11'"), '0', 'and nothing fetches them again');

# a backfill is planned, priced, done and resumable
$node->safe_psql('postgres', "CALL tiktokads.backfill('2026-01-20', '2026-02-10', 'report_advertiser_daily')");
is($node->safe_psql('postgres', "SELECT days, days_done, requests_left, done FROM tiktokads.backfill_progress WHERE stream = 'report_advertiser_daily'"),
	'44|0|2|f', 'a backfill shows its days and requests before it begins');
is($node->safe_psql('postgres', "SELECT sum(requests) FROM tiktokads.sync_plan WHERE priority = 60"), '2', 'and so does the plan');
$node->safe_psql('postgres', 'CALL tiktokads.sync(due => true)');
is($node->safe_psql('postgres', "SELECT days_done, percent, requests_left, time_left, done FROM tiktokads.backfill_progress WHERE stream = 'report_advertiser_daily'"),
	'44|100.0|0|00:00:00|t', 'it is done');
my $requests = $node->safe_psql('postgres', "SELECT requests FROM tiktokads.stat_sync WHERE stream = 'report_advertiser_daily'");
$node->safe_psql('postgres', 'CALL tiktokads.sync(due => true)');
is($node->safe_psql('postgres', "SELECT requests FROM tiktokads.stat_sync WHERE stream = 'report_advertiser_daily'"), $requests, 'and not fetched again');
for my $case ([ "'2026-02-02', '2026-02-01'", qr/from_date is after to_date/ ], [ "NULL, '2026-02-01'", qr/must be finite/ ],
	[ "'2026-02-01', '2026-02-02', 'nothing'", qr/stream "nothing" does not exist/ ], [ "'2026-02-01', '2026-02-02', 'campaign'", qr/has no days/ ],
	[ "'2026-02-01', '2026-02-02', NULL, 4711", qr/advertiser 4711 is not known/ ], [ "'2026-02-01', '2026-02-02', NULL, NULL, 'nobody'", qr/connection "nobody" does not exist/ ])
{
	my ($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.backfill($case->[0])");
	like($err, $case->[1], "backfill($case->[0]) is refused");
	like($err, qr/HINT:  /, 'with a hint');
}

done_testing();
