# The API's limits hold in any rolling second and minute, and are used.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(time);

# 60 pages of one endpoint at 10 requests a second
my $simulator = start_simulator('--advertisers', '1', '--ads', '60', '--days', '30', '--tier', 'basic');
my $node = start_node('pace');
$node->safe_psql('postgres', connect_sql($simulator, 'sim', tier => 'basic'));
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('report_ad_daily', 30)");
control($simulator, 'reset_stats');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily')");
my $stats = decode_json(control($simulator, 'stats'));
my ($endpoint) = grep { $_->{path} =~ /report/ } @{ $stats->{endpoints} };
my ($pages, $rows, $requests) = split /\|/, $node->safe_psql('postgres',
	"SELECT pages, rows_received, cardinality(request_ids) FROM tiktokads.sync_history WHERE stream = 'report_ad_daily' AND state = 'done'");
cmp_ok($endpoint->{max_per_second}, '<=', 10, 'never more than 10 requests in any rolling second');
cmp_ok($endpoint->{max_per_second}, '>=', 9, 'and the budget is used');
is($endpoint->{throttled} // 0, 0, 'the API never had to refuse');
is($endpoint->{requests}, int(($rows + 29) / 30), 'requests are the fewest possible');

# Too many requests in a minute: five minutes of silence, remembered for others.
control($simulator, 'fault=code&code=40100&message=Due+to+too+many+requests+(QPM)&path=campaign/get/&count=1');
my ($result, $out, $err) = $node->psql('postgres', "SET tiktokads.max_pause = '10s'; CALL tiktokads.sync(stream => 'campaign')");
like($err, qr/rate budget is spent for (29\d|300) s; the rest is postponed/, 'a minute\'s penalty is waited for, or postponed');
is($node->safe_psql('postgres', "SELECT endpoint FROM tiktokads.endpoint_pause"), 'campaign/get/', 'the pause is on record');
control($simulator, 'reset_stats');
($result, $out, $err) = $node->psql('postgres', "SET tiktokads.max_pause = '10s'; CALL tiktokads.sync(stream => 'campaign')");
$stats = decode_json(control($simulator, 'stats'));
is(scalar(grep { $_->{path} =~ /campaign/ && $_->{requests} > 0 } @{ $stats->{endpoints} }), 0, 'another session keeps the pause');
is($node->safe_psql('postgres', "SELECT state FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1"), 'postponed', 'its slice is postponed');
($result, $out, $err) = $node->psql('postgres', "SET tiktokads.max_pause = '10s'; CALL tiktokads.sync(stream => 'ad')");
is($result, 0, 'other endpoints are not concerned');

# The day's budget: until 00:00 UTC.
control($simulator, 'fault=code&code=40100&message=Due+to+too+many+requests+(QPD)&path=adgroup/get/&count=1');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'adgroup')");
is($node->safe_psql('postgres', "SELECT until AT TIME ZONE 'UTC' FROM tiktokads.endpoint_pause WHERE endpoint = 'adgroup/get/'"),
	'2026-03-16 00:00:00', 'after a day\'s penalty the endpoint rests until 00:00 UTC');

done_testing();
