# Two databases, four workers, one app: one limit, which is kept and used.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my $simulator = start_simulator('--advertisers', '2', '--ads', '40', '--days', '40', '--freeze');
my $settled = "SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task) AND EXISTS (SELECT FROM tiktokads.sync_history)";
my $node = start_node('limit', conf => <<'CONF');
shared_preload_libraries = 'tiktokads'
tiktokads.databases = 'postgres, second'
tiktokads.max_workers = 4
CONF
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
wait_for($node, $settled, 'the first sync');
$node->safe_psql('postgres', "CREATE DATABASE second");
$node->safe_psql('second', 'CREATE EXTENSION tiktokads');
my ($result, $out, $err) = $node->psql('second', connect_sql($simulator, 'sim', tier => 'basic'));
like($err, qr/database "postgres" uses app 7001 as well: both share its rate budget.*HINT/s, 'connect tells of another database that uses the app');
$node->safe_psql('postgres', connect_sql($simulator, 'sim', tier => 'basic'));
control($simulator, 'tier=basic');
for my $db ('postgres', 'second')
{
	$node->safe_psql($db, "INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('report_ad_daily', 15)");
	$node->safe_psql($db, "CALL tiktokads.sync_now(stream => 'report_ad_daily')");
}
sleep 1.5;
control($simulator, 'reset_stats');
my $start = time();
sleep 6;
my ($endpoint) = grep { $_->{path} =~ /report/ } @{ decode_json(control($simulator, 'stats'))->{endpoints} };
my $seconds = time() - $start;
is($node->safe_psql('postgres', "SELECT count(DISTINCT datname) FROM pg_stat_activity WHERE backend_type = 'tiktokads worker'"), '2', 'workers in both databases are at work');
cmp_ok($endpoint->{max_per_second}, '<=', 10, 'never more than the limit in any rolling second');
is($endpoint->{throttled} // 0, 0, 'the API never had to refuse');
cmp_ok($endpoint->{requests}, '>=', 0.9 * 10 * $seconds, "and the limit is used ($endpoint->{requests} requests in " . sprintf('%.1f', $seconds) . ' s)');

done_testing();
