# Dump and restore bring everything back but secrets, and the copy is paused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '2', '--ads', '30', '--days', '40');
my $node = start_node('original');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, enabled) VALUES ('report_adgroup_daily', false)");
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
$node->safe_psql('postgres', "CREATE INDEX mine ON tiktokads.report_ad_daily (stat_date)");
$node->safe_psql('postgres', "ALTER TABLE tiktokads.campaign ADD COLUMN owner_team text; UPDATE tiktokads.campaign SET owner_team = 'red'");
# a literal secret of this session must not reach the dump either
my ($result, $out, $err) = $node->psql('postgres',
	"CALL tiktokads.connect('literal', access_token => 'sim-token', app_id => '7001', app_secret => 'sim-secret',"
	  . " base_url => '$simulator->{base}', tier => 'unlimited')");
is($result, 0, 'a literal token connects');
like($err, qr/WARNING:  access_token was given in the statement/, 'with a warning');

my $dump = $node->backup_dir . '.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
my $text = slurp_file($dump);
unlike($text, qr/sim-token|sim-secret/, 'no secret is in the dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-q', '-1', '-f', $dump, $node->connstr('copy') ],
	'restore in one transaction, without any error');

is(fact_digest($node, 'copy'), fact_digest($node), 'all facts came back');
for my $table ('connection', 'advertiser', 'sync_history', 'sync_state', 'stream_override')
{
	my $digest = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM tiktokads.$table AS t";
	is($node->safe_psql('copy', $digest), $node->safe_psql('postgres', $digest), "$table came back");
}
is($node->safe_psql('copy', "SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'"), '1', "the user's index came back");
is($node->safe_psql('copy', "SELECT count(*) FROM tiktokads.stream WHERE stream = 'report_adgroup_daily' AND NOT enabled"), '1',
	'the override is in force');

control($simulator, 'reset_stats');
($result, $out, $err) = $node->psql('copy', "CALL tiktokads.sync('sim')");
like($err, qr/connection "sim" was made in another database and is paused in this copy.*HINT:.*tiktokads\.resume/s,
	'the copy does not act as the original, and says how it may');
is($node->safe_psql('copy', 'SELECT bool_or(active) FROM tiktokads.sync_status'), 'f', 'sync_status of the copy says so');
is($node->safe_psql('postgres', "SELECT bool_or(active) FROM tiktokads.sync_status WHERE connection = 'sim'"), 't',
	'the original is active');
$node->safe_psql('copy', "CALL tiktokads.resume('sim'); ");
$node->safe_psql('copy', "CALL tiktokads.sync('sim')");
is($node->safe_psql('copy', "SELECT count(*) FROM tiktokads.sync_history WHERE state = 'done' AND rows_changed + rows_new > 0"
		  . " AND run > (SELECT max(run) FROM tiktokads.sync_history) - 5"), '0',
	'resumed, it syncs, and finds nothing new');
is($node->safe_psql('copy', "SELECT count(*) FROM tiktokads.campaign WHERE owner_team = 'red'"),
	$node->safe_psql('copy', 'SELECT count(*) FROM tiktokads.campaign'), "a user's own column is left alone by syncs");

done_testing();
