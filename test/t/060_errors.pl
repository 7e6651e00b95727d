# Every mistake gets a clear error with a hint, and nothing is written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '2', '--ads', '20', '--days', '40');
my $node = start_node('errors', conf => "tiktokads.max_attempts = 2\n");
my $base = $simulator->{base};
my $token = secret_file('sim-token');
my $secret = secret_file('sim-secret');
my $app = "app_id => '7001', app_secret_file => '$secret'";
my $there = "base_url => '$base', tier => 'unlimited'";

# Expects a statement to fail with this message and a hint.
sub refused
{
	my ($sql, $message, $what, %options) = @_;
	my ($result, $out, $err) = $node->psql('postgres', $sql);
	isnt($result, 0, "$what: refused");
	like($err, $message, "$what: clear error");
	like($err, qr/HINT:  /, "$what: hint") unless $options{core};
	unlike($err, qr/sim-token|sim-secret/, "$what: no secret in the message");
	return;
}

# What a refused connect must leave as it is.
sub nothing_written
{
	my ($what) = @_;
	is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM tiktokads.connection) + (SELECT count(*) FROM tiktokads.advertiser)'
			  . " + (SELECT count(*) FROM pg_class WHERE relname = 'campaign')"), '0', "$what: nothing is written");
	return;
}

my $wrong = secret_file('not-the-token');
my $world = secret_file('sim-token', 0644);
my $binary = secret_file("two words");
my $empty = secret_file('');
my @connects = (
	[ "access_token_file => '$wrong', $app, $there", qr/could not list the ad accounts: .*API code 4010[45]/s, 'wrong token' ],
	[ "access_token_file => '/nonexistent/token', $app, $there", qr/could not read access token file "\/nonexistent\/token"/, 'unreadable token file' ],
	[ "access_token_file => '$world', $app, $there", qr/has group or world access/, 'world-readable token file' ],
	[ "access_token_file => 'token', $app, $there", qr/must be absolute/, 'relative path' ],
	[ "access_token_file => '/tmp', $app, $there", qr/not a regular file|must be owned/, 'a directory as token file' ],
	[ "access_token_file => '$binary', $app, $there", qr/holds a character that no access token has/, 'token with a blank' ],
	[ "access_token_file => '$empty', $app, $there", qr/access token is empty/, 'empty token file' ],
	[ "access_token_file => '$token', $app, base_url => 'http://example.com/', tier => 'basic'", qr/http/, 'http base_url' ],
	[ "access_token_file => '$token', $app, base_url => 'https://example.com/open_api/v1.3/'", qr/example\.com/, 'forbidden host' ],
	[ "access_token_file => '$token', $app, base_url => 'https://user:pw\@business-api.tiktok.com/'", qr/./, 'user in base_url' ],
	[ "access_token_file => '$token', $app, base_url => 'file:///etc/passwd'", qr/./, 'file base_url' ],
	[ "access_token_file => '$token', $app, base_url => 'nonsense'", qr/./, 'malformed base_url' ],
	[ "access_token_file => '$token', $app, base_url => '$base?x=1'", qr/query or fragment/, 'base_url with a query' ],
	[ "access_token_file => '$token', $app, base_url => '$base', tier => 'golden'", qr/unknown rate tier "golden"/, 'unknown tier' ],
	[ "access_token_file => '$token', $app, tier => 'unlimited'", qr/is for loopback/, 'unlimited tier on the real API' ],
	[ "access_token_file => '$token', access_token => 'x', $app, $there", qr/exactly one of/, 'two tokens' ],
	[ "$app, $there", qr/exactly one of/, 'no token' ],
	[ "access_token_file => '$token', $there", qr/cannot be found/, 'neither app nor advertiser ids' ],
	[ "access_token_file => '$token', $there, advertiser_ids => '{12345}'", qr/unknown to the API or not open to this token/, 'unknown advertiser' ],
	[ "access_token_file => '$token', $there, advertiser_ids => '{-1}'", qr/must hold positive numbers/, 'negative advertiser id' ],
	[ "auth_code => 'stale', $app, $there", qr/could not exchange the auth_code/, 'wrong auth_code' ],
	[ "auth_code => 'sim-code', $there", qr/auth_code needs app_id/, 'auth_code without app' ]);
for my $case (@connects)
{
	refused("CALL tiktokads.connect('sim', $case->[0])", $case->[1], $case->[2]);
	nothing_written($case->[2]);
}
refused("CALL tiktokads.connect('', access_token_file => '$token', $app, $there)", qr/needs a name/, 'empty name');

# A path is read only where the rule allows, whoever asks.
$node->safe_psql('postgres', 'CREATE ROLE etl LOGIN; GRANT USAGE ON SCHEMA tiktokads TO etl;'
	  . ' CALL tiktokads.create_roles()');
refused("SET ROLE etl; CALL tiktokads.connect('sim', access_token_file => '$token', $app, $there)",
	qr/permission denied for procedure connect/, 'without EXECUTE', core => 1);
$node->safe_psql('postgres', 'GRANT EXECUTE ON PROCEDURE tiktokads.connect, tiktokads.sync TO etl');
refused("SET ROLE etl; CALL tiktokads.connect('sim', access_token_file => '$token', $app, $there)",
	qr/permission denied to read secret file/, 'path outside the rule');
my ($directory) = $token =~ m{^(.*)/};
refused("SET tiktokads.secret_directory = '$directory'; SET ROLE etl; CALL tiktokads.connect('sim', access_token_file => '$directory/../../etc/passwd', advertiser_ids => '{1}', $there)",
	qr/permission denied to read secret file/, 'path that climbs out of the directory');
my $is_inside = $node->psql('postgres',
	"SET tiktokads.secret_directory = '$directory'; SET ROLE etl; CALL tiktokads.connect('etl', access_token_file => '$token', advertiser_ids => '{1}', $there)");
isnt($is_inside, 0, 'a path inside the directory goes on to the API, which refuses the advertiser');

# Syncs.
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
my $advertiser = $node->safe_psql('postgres', 'SELECT min(advertiser_id) FROM tiktokads.advertiser');
refused("CALL tiktokads.sync('nobody')", qr/connection "nobody" does not exist/, 'unknown connection');
refused("CALL tiktokads.sync(stream => 'nothing')", qr/stream "nothing" does not exist/, 'unknown stream');
refused('CALL tiktokads.sync(advertiser_id => 4711)', qr/advertiser 4711 is not known/, 'unknown advertiser in sync');
refused("CALL tiktokads.sync(from_date => '2026-02-01', to_date => '2026-01-01')", qr/from_date is after to_date/, 'inverted dates');
refused("CALL tiktokads.sync(from_date => '-infinity')", qr/must be finite/, 'infinite date');
$node->safe_psql('postgres', "CALL tiktokads.pause('sim', 'holiday')");
refused("CALL tiktokads.sync('sim')", qr/connection "sim" is paused: holiday/, 'paused connection');
$node->safe_psql('postgres', "CALL tiktokads.resume('sim')");
refused("CALL tiktokads.pause('nobody')", qr/connection "nobody" does not exist/, 'pause of nobody');

# Replies: nothing of the slice is stored, and the cause is on record.
my @replies = (
	[ 'fault=truncate', qr/slices failed.*DETAIL/s, 'truncated reply' ],
	[ 'fault=malformed', qr/slices failed.*DETAIL/s, 'malformed reply' ],
	[ 'fault=oversize', qr/slices failed.*tiktokads\.max_reply_size/s, 'oversized reply' ],
	[ 'fault=http_500', qr/slices failed.*HTTP status 500/s, 'HTTP 500' ],
	[ 'fault=http_503', qr/slices failed.*HTTP status 503/s, 'HTTP 503' ],
	[ 'fault=reset', qr/slices failed/s, 'connection reset' ],
	[ 'fault=code&code=40002&message=bad+metric', qr/slices failed.*bad metric.*code 40002/s, 'parameter error of the API' ],
	[ 'fault=code&code=50000', qr/slices failed.*code 50000/s, 'system error of the API' ]);
for my $case (@replies)
{
	my ($fault, $message, $what) = @$case;
	control($simulator, "$fault&path=campaign/get/&count=-1");
	refused("SET tiktokads.max_reply_size = '1MB'; CALL tiktokads.sync(stream => 'campaign')", $message, $what);
	control($simulator, 'clear');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.campaign'), '0', "$what: nothing is written");
	is($node->safe_psql('postgres', "SELECT state FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1"), 'failed', "$what: the history says so");
	cmp_ok($node->safe_psql('postgres', "SELECT consecutive_failures FROM tiktokads.sync_status WHERE stream = 'campaign' AND advertiser_id = $advertiser"),
		'>', 0, "$what: the status counts it");
}

# Faults that pass are survived without an error.
for my $fault ('fault=http_500', 'fault=http_429', 'fault=reset', 'fault=malformed', 'fault=truncate', 'fault=code&code=50002', 'fault=code&code=40132')
{
	control($simulator, "$fault&path=campaign/get/&count=1");
	my ($result, $out, $err) = $node->psql('postgres', "SET tiktokads.max_attempts = 4; CALL tiktokads.sync(stream => 'campaign')");
	is($result, 0, "$fault once: survived") or diag $err;
	control($simulator, 'clear');
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.campaign'), '>', 0, 'and the rows are there');
is($node->safe_psql('postgres', "SELECT max(consecutive_failures) FROM tiktokads.sync_status WHERE stream = 'campaign'"), '0',
	'a success clears the count of failures');

# A field that nobody knew goes to extra, and is noted once per run.
control($simulator, 'fault=unknown_field&path=campaign/get/&count=-1');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'campaign')");
control($simulator, 'clear');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.campaign WHERE extra IS NOT NULL'), '>', 0, 'an unknown field is kept in extra');
like($node->safe_psql('postgres', 'SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), qr/drift: /, 'and noted in the history');

# An advertiser that may no longer be read is marked and stops nothing else.
control($simulator, "hide_advertiser=$advertiser");
my ($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.sync()');
is($result, 0, 'a hidden advertiser does not fail the sync') or diag $err;
is($node->safe_psql('postgres', "SELECT readable FROM tiktokads.advertiser WHERE advertiser_id = $advertiser"), 'f', 'it is marked');
is($node->safe_psql('postgres', "SELECT count(DISTINCT advertiser_id) FROM tiktokads.sync_state WHERE stream = 'report_ad_daily'"), '1', 'the other one is synced');

# An advertiser that appears later is found.
control($simulator, 'add_advertiser');
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.advertiser'), '3', 'a new advertiser is found by a sync');

# An auth_code is exchanged for a token, once; the token lives in the session that gave the code.
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.connect('coded', auth_code => 'sim-code', $app, $there); CALL tiktokads.sync('coded', stream => 'campaign')");
is($result, 0, 'an auth_code connects, and its token syncs') or diag $err;
like($err, qr/WARNING:  access token of the auth_code is kept for this session alone/, 'with a warning where the token lives');
refused("CALL tiktokads.sync('coded')", qr/has no access token in this session/, 'token of an auth_code in another session');
refused("CALL tiktokads.connect('coded2', auth_code => 'sim-code', $app, $there)", qr/could not exchange the auth_code/, 'auth_code used twice');
$node->safe_psql('postgres', "CALL tiktokads.disconnect('coded')");

# Clocks that disagree are found when the ad accounts are listed.
control($simulator, 'fault=date&path=advertiser/info/&count=-1');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
like($node->safe_psql('postgres', "SELECT severity, finding FROM tiktokads.doctor()"), qr/^warning\|connection "sim": the clock of this server is \d{9} seconds ahead of that of the API/m,
	'doctor tells of clocks that disagree');
control($simulator, 'clear');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
unlike($node->safe_psql('postgres', "SELECT finding FROM tiktokads.doctor()"), qr/the clock of this server/, 'until they agree again');

# The token goes bad: one clear error, and nothing of the facts changes.
my $digest = fact_digest($node);
control($simulator, 'expire_token');
refused('CALL tiktokads.sync()', qr/40102/, 'expired token');
is(fact_digest($node), $digest, 'expired token: nothing is written');

# A token of another session is not ours.
refused("CALL tiktokads.disconnect('sim'); INSERT INTO tiktokads.connection (name, base_url, tier, connected_by, system_identifier, database_oid)"
	  . " SELECT 'lonely', '$base', 'unlimited', current_user, system_identifier, database_oid FROM tiktokads.this_system(); CALL tiktokads.sync('lonely')",
	qr/has no access token in this session/, 'literal token of another session');

done_testing();
