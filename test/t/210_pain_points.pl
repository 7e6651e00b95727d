# What users of other connectors complain of, each as a test.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '3', '--ads', '30', '--days', '400', '--freeze');
my $node = start_node('pain', streams => ['all']);
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));

# Reads of the simulator what a query of SQL says of one endpoint.
sub requests
{
	my ($path) = @_;
	my $stats = decode_json(control($simulator, 'stats'));
	my ($endpoint) = grep { $_->{path} eq $path } @{ $stats->{endpoints} };
	return $endpoint->{requests} // 0;
}

sub value { return $node->safe_psql('postgres', $_[0]); }
sub sync { return $node->safe_psql('postgres', 'CALL tiktokads.sync(' . join(', ', @_) . ')'); }

my ($west, $berlin, $third) = split /\n/, value('SELECT advertiser_id FROM tiktokads.advertiser ORDER BY advertiser_id');

subtest 'number 1: a tier above basic is used' => sub {
	is(value("SELECT per_day FROM (VALUES ('basic', 864000), ('advanced', 1728000)) AS t (tier, per_day) WHERE tier = 'advanced'"), '1728000', 'tiers differ');
	value("UPDATE tiktokads.connection SET tier = 'advanced'");
	is(value("SELECT DISTINCT per_minute FROM tiktokads.sync_budget"), '1200', 'the budget is that of the tier');
	value("UPDATE tiktokads.connection SET tier = 'unlimited'");
};

subtest 'number 2: totals match, because past days are read again' => sub {
	sync("stream => 'report_campaign_daily'");
	my $before = value("SELECT sum(conversion) FROM tiktokads.report_campaign_daily WHERE stat_date = '2026-03-10'");
	control($simulator, 'restate=150&from=2026-03-10&to=2026-03-10');
	value("UPDATE tiktokads.sync_read SET read_at = read_at - interval '2 days'");
	sync('due => true', "stream => 'report_campaign_daily'");
	cmp_ok(value("SELECT sum(conversion) FROM tiktokads.report_campaign_daily WHERE stat_date = '2026-03-10'"), '>', $before, 'a restated day is read again');
};

subtest 'numbers 3, 4 and 15: deleted objects are in lists and in reports' => sub {
	sync("stream => 'campaign'");
	sync("stream => 'ad'");
	sync("stream => 'smart_plus_campaign'");
	my $ad = value("SELECT r.ad_id FROM tiktokads.ad AS r WHERE removed_at IS NULL AND advertiser_id = $west ORDER BY ad_id DESC LIMIT 1");
	control($simulator, "delete=$ad");
	sync("stream => 'ad'");
	is(value("SELECT removed_at IS NOT NULL FROM tiktokads.ad WHERE ad_id = $ad"), 't', 'a deleted ad gets a tombstone');
	sync("stream => 'report_ad_lifetime'");
	is(value("SELECT count(*) FROM tiktokads.report_ad_lifetime WHERE ad_id = $ad"), '1', 'and stays in reports');
	cmp_ok(value('SELECT count(*) FROM tiktokads.smart_plus_campaign WHERE removed_at IS NOT NULL'), '>', 0, 'deleted Smart+ campaigns too');
};

subtest 'number 5: a metric that is refused does not cost the rest of the report' => sub {
	control($simulator, 'refuse_metric=likes&advertiser=' . $berlin);
	sync("stream => 'report_adgroup_daily'");
	is(value('SELECT advertiser_id, metric FROM tiktokads.metric_refused'), "$berlin|likes", 'it is found, for that account alone');
	is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'refused_metric'"), '1', 'and reported once');
	is(value("SELECT count(*) FILTER (WHERE spend IS NULL), count(likes) FROM tiktokads.report_adgroup_daily WHERE advertiser_id = $berlin"), '0|0', 'all others are there');
	cmp_ok(value("SELECT count(likes) FROM tiktokads.report_adgroup_daily WHERE advertiser_id = $west"), '>', 0, 'other accounts have it');
	control($simulator, 'reset_stats');
	sync("stream => 'report_adgroup_daily'");
	is(requests('report/integrated/get/'), 3, 'it is not asked for again');
	value('DELETE FROM tiktokads.metric_refused');
	is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'refused_metric'"), '0', 'letting it be tried again clears the finding');
	control($simulator, 'allow_metrics');
	sync("stream => 'report_adgroup_daily'");
	cmp_ok(value("SELECT count(likes) FROM tiktokads.report_adgroup_daily WHERE advertiser_id = $berlin"), '>', 0, 'and it comes');

	# the report is refused, a metric alone is not, and then every half down to one metric, once
	my $halvings = int(log(value("SELECT cardinality(metrics) FROM tiktokads.stream WHERE stream = 'report_adgroup_daily'")) / log(2));
	control($simulator, "fault=code&code=40002&path=report&count=1&advertiser=$berlin");
	control($simulator, "fault=code&code=40002&path=report&skip=1&count=$halvings&advertiser=$berlin");
	sync("stream => 'report_adgroup_daily'", "advertiser_id => $berlin", "from_date => '2026-03-01'", "to_date => '2026-03-14'");
	is(value('SELECT count(*) FROM tiktokads.metric_refused'), '0', 'a metric that is refused by accident is not recorded');
	is(value("SELECT count(*) FROM tiktokads.report_adgroup_daily WHERE advertiser_id = $berlin AND spend IS NULL"), '0', 'and the report is read');
	control($simulator, 'clear');
};

subtest 'number 6: a changed type degrades that field alone' => sub {
	control($simulator, 'fault=wrong_type&path=report&count=-1');
	sync("stream => 'report_advertiser_daily'");
	control($simulator, 'clear');
	is(value("SELECT count(impressions), count(*) = count(spend) FROM tiktokads.report_advertiser_daily"), '0|t', 'the others are stored');
	is(value("SELECT DISTINCT subject FROM tiktokads.data_quality WHERE kind = 'changed_type'"), 'impressions', 'a finding names it');
	cmp_ok(value("SELECT count(*) FROM tiktokads.report_advertiser_daily WHERE extra ? 'impressions'"), '>', 0, 'the value is kept');
	sync("stream => 'report_advertiser_daily'");
	is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'changed_type'"), '0', 'and the finding clears itself');
	cmp_ok(value("SELECT count(impressions) FROM tiktokads.report_advertiser_daily"), '>', 0, 'the column is filled again');
};

subtest 'number 7: further dimensions are a line of SQL' => sub {
	value("SELECT tiktokads.add_report('campaign_country', 'BASIC', 'campaign', '{campaign_id,country_code,stat_time_day}', '{spend,clicks,reach}')");
	sync("stream => 'campaign_country'");
	is(value("SELECT count(*) FROM (SELECT advertiser_id, campaign_id, stat_date, sum(spend) AS s FROM tiktokads.campaign_country GROUP BY 1, 2, 3) AS c"
		  . " JOIN tiktokads.report_campaign_daily AS r USING (advertiser_id, campaign_id, stat_date) WHERE c.s <> r.spend"), '0', 'countries add up to the campaign');
};

subtest 'number 8: today is the account\'s own' => sub {
	# 20:00 UTC: in Tokyo and Sydney it is tomorrow
	control($simulator, 'advance=' . (8 * 3600));
	$node->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . (1773576000 + 8 * 3600 - time()));
	$node->reload;
	$node->poll_query_until('postgres', "SELECT tiktokads.clock_today('UTC') = '2026-03-15' AND extract(hour FROM tiktokads.clock_now() AT TIME ZONE 'UTC') = 20");
	value("UPDATE tiktokads.sync_read SET read_at = read_at - interval '2 days'");
	is(value("SELECT count(*) FROM tiktokads.advertiser AS a WHERE (SELECT max(to_date) FROM tiktokads.sync_due('sim') AS d WHERE d.advertiser_id = a.advertiser_id AND d.stream = 'report_advertiser_daily')"
		  . " IS DISTINCT FROM ((tiktokads.clock_now() - interval '2 hours') AT TIME ZONE a.display_timezone)::date"), '0', 'the newest day that is due is that of each account\'s clock');
};

subtest 'number 9: hours are all there, and add up' => sub {
	sync("stream => 'report_campaign_hourly'", "from_date => '2026-03-07'", "to_date => '2026-03-09'");
	sync("stream => 'report_campaign_daily'", "from_date => '2026-03-07'", "to_date => '2026-03-09'");
	is(value("SELECT count(*) FROM tiktokads.report_campaign_daily AS d WHERE stat_date BETWEEN '2026-03-07' AND '2026-03-09' AND spend IS DISTINCT FROM"
		  . " (SELECT sum(spend) FROM tiktokads.report_campaign_hourly AS h WHERE h.advertiser_id = d.advertiser_id AND h.campaign_id = d.campaign_id AND h.stat_time_hour::date = d.stat_date)"),
		'0', 'every day is the sum of its hours');
};

subtest 'number 10: ads without a time of change are kept' => sub {
	sync("stream => 'smart_plus_ad'");
	is(value('SELECT count(*) = 27, count(modify_time) FROM tiktokads.smart_plus_ad'), 't|0', 'all of them');
};

subtest 'number 11: a query that is too large is cut' => sub {
	control($simulator, 'fault=code&code=40067&path=report&count=1&advertiser=' . $west);
	sync("stream => 'report_ad_daily'", "from_date => '2026-03-01'", "to_date => '2026-03-14'", "advertiser_id => $west");
	is(value("SELECT state, count(*) FROM tiktokads.sync_history WHERE stream = 'report_ad_daily' GROUP BY 1 ORDER BY 1"), "done|2\nsplit|1", 'into halves');
};

subtest 'number 12: maintenance and a refusal of one stream abort nothing' => sub {
	control($simulator, 'fault=code&code=60001&path=campaign/get/&count=2');
	sync("stream => 'campaign'");
	pass('60001 is waited for');
	for my $code (40400, 41001, 41002)
	{
		control($simulator, "fault=code&code=$code&path=pixel/list/&count=-1");
		my ($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(from_date => '2026-03-15')");
		is($result, 0, "an endpoint that is gone ($code) fails no sync") or diag $err;
		like($err, qr/WARNING:  stream pixel is not to be had/, 'but is told');
		is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'stream_degraded' AND stream = 'pixel'"), '3', 'and found, by account');
		is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream = 'pixel'"), '0', 'and left out');
		control($simulator, 'clear');
		sync("stream => 'pixel'");
		is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'stream_degraded'"), '0', 'until it is there again');
	}
};

subtest 'number 13: lists travel as JSON arrays' => sub {
	is(value('SELECT count(*) FROM tiktokads.region'), '24', 'the simulator refuses anything else');
};

subtest 'number 14: one account\'s throttle slows that account alone' => sub {
	control($simulator, "fault=code&code=40133&path=campaign/get/&count=1&advertiser=$west");
	sync("stream => 'campaign'");
	is(value("SELECT throttles FROM tiktokads.stat_sync WHERE stream = 'campaign'"), '1', 'it is counted');
	is(value('SELECT count(*) FROM tiktokads.endpoint_pause'), '0', 'and pauses nobody else');
};

subtest 'number 16: UTC stands beside the account\'s time' => sub {
	is(value("SELECT count(*) FROM tiktokads.report_campaign_hourly AS h JOIN tiktokads.advertiser AS a USING (advertiser_id)"
		  . " WHERE h.stat_time_utc IS DISTINCT FROM h.stat_time_hour AT TIME ZONE a.display_timezone"), '0', 'in every row');
};

subtest 'number 17: audiences add up' => sub {
	is(value("SELECT count(DISTINCT breakdown) FROM tiktokads.report_audience_daily"), '3', 'three breakdowns of campaigns come by themselves');
	is(value("SELECT count(*) FROM tiktokads.report_audience_daily WHERE breakdown = 'age+gender' AND member <> age || '+' || gender"), '0', 'members are named');
	sync("stream => 'audience_ad_interest_category_v2'", "from_date => '2026-03-01'");
	is(value("SELECT DISTINCT stat_month FROM tiktokads.report_audience_month"), '2026-03-01', 'what has no days comes by month');
};

subtest 'number 19: the sandbox is not asked for what it lacks' => sub {
	my $sandbox = start_simulator('--advertisers', '1', '--ads', '5', '--days', '30', '--seed', '9');
	$node->safe_psql('postgres', connect_sql($sandbox, 'box'));
	control($sandbox, 'tier=sandbox');
	$node->safe_psql('postgres', "UPDATE tiktokads.connection SET tier = 'sandbox', advertiser_ids = ARRAY(SELECT advertiser_id FROM tiktokads.advertiser WHERE connection = 'box') WHERE name = 'box'");
	$node->safe_psql('postgres', "CALL tiktokads.sync('box', 'report_campaign_daily')");
	pass('no totals are asked of a sandbox');
};

subtest 'number 20: money is exact and never of several accounts' => sub {
	my ($result, $out, $err) = $node->psql('postgres', "INSERT INTO tiktokads.stream_override (stream, parameters) VALUES ('report_ad_daily', '{\"advertiser_ids\": \"[]\"}')");
	like($err, qr/decimals/, 'a query over several accounts is refused');
	is(value("SELECT description ~ 'money' FROM tiktokads.metric WHERE metric = 'total_complete_payment_rate'"), 't', 'the misnomer is told');
	is(value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'tiktokads.report_ad_daily'::regclass AND attname = 'spend'"), 'numeric', 'numeric');
};

# a year of hours, through both changes of the clocks, in zones that have them
$node->safe_psql('postgres', "UPDATE tiktokads.advertiser SET sync = advertiser_id = $west WHERE connection = 'sim'");
sync("'sim'", "stream => 'report_advertiser_hourly'", "from_date => '2025-03-15'", "to_date => '2026-03-14'");
sync("'sim'", "stream => 'report_advertiser_daily'", "from_date => '2025-03-15'", "to_date => '2026-03-14'");
is(value("SELECT count(*) FROM tiktokads.report_advertiser_daily AS d, LATERAL (SELECT sum(spend) AS spend, sum(impressions) AS impressions, sum(conversion) AS conversion"
	  . " FROM tiktokads.report_advertiser_hourly AS h WHERE h.advertiser_id = d.advertiser_id AND h.stat_time_hour >= d.stat_date AND h.stat_time_hour < d.stat_date + 1) AS h"
	  . " WHERE d.advertiser_id = $west AND stat_date BETWEEN '2025-03-15' AND '2026-03-14' AND (d.spend, d.impressions, d.conversion) IS DISTINCT FROM (h.spend, h.impressions, h.conversion)"),
	'0', 'a year of hours adds up to its days exactly');
is(value("SELECT count(*), count(DISTINCT stat_date) FROM tiktokads.report_advertiser_daily WHERE stat_date BETWEEN '2025-03-15' AND '2026-03-14' AND advertiser_id = $west"), '365|365', 'of all days');
is(value("SELECT stat_time_hour::date, count(*) FROM tiktokads.report_advertiser_hourly WHERE advertiser_id = $west AND stat_time_hour >= '2025-03-15' AND stat_time_hour < '2026-03-15' GROUP BY 1 HAVING count(*) <> 24"), '2026-03-08|23',
	'the hour that is left out has no row, the one that comes twice has one');
is(value("SELECT stat_time_utc AT TIME ZONE 'UTC' FROM tiktokads.report_advertiser_hourly WHERE advertiser_id = $west AND stat_time_hour = '2025-11-02 01:00:00'"), '2025-11-02 09:00:00',
	'the repeated hour is the second one in UTC');

# the arithmetic of an agency, and how long planning takes
value("INSERT INTO tiktokads.advertiser (advertiser_id, name, currency, display_timezone, connection) SELECT 5000 + g, 'account ' || g, 'USD', 'America/New_York', 'sim' FROM generate_series(1, 500) AS g");
value("UPDATE tiktokads.connection SET tier = 'basic' WHERE name = 'sim'");
is(value("SELECT bool_and(fits) FROM tiktokads.sync_budget WHERE app = '7001'"), 't', 'a day of 501 accounts fits 600 requests a minute');
cmp_ok(value("SELECT count(*) FROM tiktokads.sync_due('sim')"), '>', 500 * 10, 'all of it is planned');
is(value("SELECT count(*) FROM (SELECT advertiser_id, row_number() OVER (ORDER BY priority, due_at, advertiser_id) AS n FROM tiktokads.sync_due('sim')) AS d WHERE n <= 501 AND advertiser_id = $west"
	  . " HAVING count(*) > 2"), '', 'accounts take turns');

done_testing();
