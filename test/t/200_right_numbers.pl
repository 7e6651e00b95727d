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

# everything that is shipped enabled, and of what is not one of each kind
my @further = (qw(report_adgroup_hourly report_ad_hourly audience_campaign_interest_category_v2 breakdown_campaign_country_code
	breakdown_ad_search_terms skan_campaign report_gmv_max_campaign_hourly
	report_gmv_max_product_daily report_gmv_max_creative_daily));
my $simulator = start_simulator('--advertisers', '2', '--ads', '5', '--days', '60', '--freeze');
my $node = start_node('right', streams => ['all']);
my $enable = "INSERT INTO tiktokads.stream_override (stream, enabled) SELECT s, true FROM unnest('{" . join(',', @further) . "}'::text[]) AS s";
$node->safe_psql('postgres', $enable);
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
# the simulator's conversions grow for 28 days, whatever its ad groups say
$node->safe_psql('postgres', "UPDATE tiktokads.attribution_window SET fixed_days = 28");

# A day of an account is final when its window was over, the API's latency and a correction at
# noon UTC past: worked out here from the hours that a reading came after the window.
my $finality = <<'SQL';
SELECT count(*) FROM tiktokads.advertiser AS a, generate_series(date '2026-03-01', date '2026-05-20', interval '1 day') AS g (day),
	(VALUES (NULL, interval '2 hours'), ('report_campaign_hourly', '2 hours'), ('audience_campaign_platform', '16 hours'),
		('breakdown_campaign_country_code', '2 hours'), ('skan_campaign', '16 hours'), ('report_gmv_max_campaign_daily', '2 hours')) AS s (stream, latency),
	LATERAL (SELECT to_timestamp(:now) AT TIME ZONE 'UTC' AS now, (g.day::date + 29)::timestamp AT TIME ZONE a.display_timezone AT TIME ZONE 'UTC' AS over) AS t,
	LATERAL (SELECT t.over::date + CASE WHEN t.over::time <= '12:00' THEN 0 ELSE 1 END + interval '12 hours' AS correction) AS c,
	LATERAL (SELECT CASE WHEN g.day::date > ((to_timestamp(:now) - s.latency) AT TIME ZONE a.display_timezone)::date THEN 'missing'
		WHEN t.now >= t.over + s.latency AND t.now >= c.correction THEN 'final' ELSE 'provisional' END AS should) AS e
WHERE tiktokads.finality(a.advertiser_id, g.day::date, s.stream) <> e.should
SQL
my ($wrong, $early) = (0, '');
# days after the start, and hours of UTC; the month is over on the 31st, its last window on the 60th
for my $step ([ 1, 12 ], [ 2, 6 ], [ 4, 20 ], [ 7, 12 ], [ 13, 12 ], [ 29, 9 ], [ 29, 13 ], [ 40, 11 ], [ 61, 12 ])
{
	my ($day, $hour) = @$step;
	clock_to($start + $day * 86400 + ($hour - 12) * 3600);
	control($simulator, "restate=" . (100 + $day) . '&from=2026-03-10&to=2026-03-12') if $day >= 1 && $day <= 5;
	# what goes through a report is due once that has read the days
	$node->safe_psql('postgres', 'CALL tiktokads.sync(due => true)') for 1 .. 3;
	(my $query = $finality) =~ s/:now/$now/g;
	my $answer = $node->safe_psql('postgres', $query);
	$wrong += $answer;
	$query =~ s/count\(\*\)/a.display_timezone, g.day::date, s.stream, e.should/;
	diag("day $day, $hour:00: wrong finality: " . $node->safe_psql('postgres', $query)) if $answer > 0;
	$early .= $node->safe_psql('postgres', "SELECT tiktokads.finality(min(advertiser_id), '2026-03-15') FROM tiktokads.advertiser") . ' ' if $day == 29;
}
is($wrong, 0, 'every day\'s finality is right all along the month');
is($early, 'provisional final ', 'a day whose window is over waits for the correction at noon');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.coverage WHERE state = 'missing'"), '0', 'no day is missing, nor is one that the API does not have yet');
is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT state, ',' ORDER BY state) FROM tiktokads.coverage WHERE to_date < '2026-05-15'"), 'final,provisional', 'days are final or provisional');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.coverage WHERE state <> 'final' AND from_date <= '2026-04-14'"), '0', 'those of the month are final');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.report_campaign_asof'), '>', 100, 'earlier versions are kept');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.data_quality"), '0', 'hours add up to days, campaigns to accounts, rows to totals, and nothing else is wrong');

# in every table, the month is what a fresh reading of the truth gives: nothing was read again for it
my @tables = split /\n/, $node->safe_psql('postgres', "SELECT DISTINCT target FROM tiktokads.stream WHERE enabled AND kind <> 'account' ORDER BY 1");
cmp_ok(scalar(@tables), '>=', 35, scalar(@tables) . ' tables');
my $digest = sub {
	my ($node) = @_;
	return $node->safe_psql('postgres', join(' UNION ALL ', map {
		"SELECT '$_', count(*) > 0, count(*), md5(string_agg(j::text, '|' ORDER BY j::text)) FROM (SELECT to_jsonb(x) - 'changed_at' - 'first_seen_at' - 'removed_at' AS j FROM tiktokads.$_ AS x) AS y"
		  . " WHERE coalesce(j ->> 'stat_date', j ->> 'stat_time_hour', j ->> 'stat_month', '2026-04-01')::date BETWEEN '2026-03-15' AND '2026-04-14'"
	} @tables) . ' ORDER BY 1');
};
my $fresh = start_node('fresh', streams => ['all']);
$fresh->safe_psql('postgres', $enable);
$fresh->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . ($now - time()));
$fresh->reload;
$fresh->poll_query_until('postgres', "SELECT abs(extract(epoch FROM tiktokads.clock_now()) - $now) < 30");
$fresh->safe_psql('postgres', connect_sql($simulator, 'sim'));
$fresh->safe_psql('postgres', "CALL tiktokads.sync(from_date => '2026-03-15', to_date => '2026-04-14')");
is($digest->($node), $digest->($fresh), 'every table equals a fresh reading of the truth');
is(join(' ', map { /^(\w+)\|f/ ? $1 : () } split /\n/, $digest->($node)), 'spc_campaign', 'and none is empty but that of old campaigns, which the simulator has not');
$fresh->stop;
only_streams($node, qw(report_campaign_daily report_advertiser_daily));

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
is($node->safe_psql('postgres', "SELECT count(value) FROM tiktokads.asof('advertiser', 'spend', '2026-05-14', '2026-05-15', 5)"), '0', 'an age that a day has not reached has no value');
for my $case ([ "'galaxy', 'spend', '2026-03-01', '2026-03-02', 1", qr/level "galaxy" is not known/ ],
	[ "'campaign', 'nonsense', '2026-03-01', '2026-03-02', 1", qr/has no metric "nonsense"/ ],
	[ "'campaign', 'reach', '2026-03-01', '2026-03-02', 1", qr/earlier values of metric "reach" are not kept/ ],
	[ "'campaign', 'spend', '2026-03-01', '2026-03-02', -1", qr/age must be/ ])
{
	my ($result, $out, $err) = $node->psql('postgres', "SELECT * FROM tiktokads.asof($case->[0])");
	like($err, $case->[1], "asof($case->[0]) is refused");
}

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
