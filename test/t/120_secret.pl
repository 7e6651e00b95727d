# Secrets are kept sealed or not at all, survive a restart, are rotated, and are
# in no log, view, catalogue, dump or URL.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep time);

my $simulator = start_simulator('--advertisers', '2', '--ads', '20', '--days', '40');
my $base = $simulator->{base};
my ($key, $other_key) = ('00112233445566778899aabbccddeeff' x 2, 'ffeeddccbbaa99887766554433221100' x 2);
my $key_file = secret_file($key);
my $node = start_node('secret', conf => <<"CONF");
shared_preload_libraries = 'pg_stat_statements, tiktokads'
tiktokads.databases = 'postgres'
tiktokads.idle_exit = '1s'
tiktokads.key_file = '$key_file'
log_statement = all
log_min_messages = debug5
log_min_duration_statement = 0
log_parameter_max_length_on_error = -1
log_error_verbosity = verbose
debug_print_parse = on
debug_print_plan = on
CONF
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
my $settled = "SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task) AND EXISTS (SELECT FROM tiktokads.sync_history)"
  . " AND NOT EXISTS (SELECT FROM tiktokads.sync_history WHERE state = 'running')";
my $there = "base_url => '$base', tier => 'unlimited', app_id => '7001'";

# Sends a statement with bind parameters :name.
sub bound
{
	my ($sql, %values) = @_;
	my $script = PostgreSQL::Test::Utils::tempdir() . '/script';
	append_to_file($script, "$sql;\n");
	my ($out, $err) = ('', '');
	my $good = IPC::Run::run([ 'pgbench', '-n', '-t', '1', '-M', 'extended', '-f', $script,
			(map { ('-D', "$_=$values{$_}") } keys %values), '-d', $node->connstr('postgres') ], '>', \$out, '2>', \$err);
	return ($good, $err);
}

# Reads a file of any size.
sub whole { return slurp_file($_[0]); }

# Given by bind parameter: sealed, used by workers, also after a restart.
my ($good, $err) = bound("CALL tiktokads.connect('bound', access_token => :token, app_secret => :secret, $there)", token => 'sim-token', secret => 'sim-secret');
ok($good, 'connect takes secrets as bind parameters') or diag $err;
unlike($err, qr/was given in the statement/, 'which is not warned of');
is($node->safe_psql('postgres', "SELECT string_agg(field, ',' ORDER BY field) FROM tiktokads.credential WHERE connection = 'bound' AND length(nonce) = 12"), 'access_token,app_secret', 'they are sealed');
wait_for($node, $settled, 'the workers');
is($node->safe_psql('postgres', "SELECT count(*) > 0 AND bool_and(state = 'done') FROM tiktokads.sync_history"), 't', 'workers sync with sealed credentials');
$node->restart;
my ($result, $out);
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync('bound')");
is($result, 0, 'sealed credentials survive a restart') or diag $err;
$node->safe_psql('postgres', "CALL tiktokads.disconnect('bound')");
is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.credential'), '0', 'disconnect forgets them');

# Given by COPY, before there is a connection.
($result, $out, $err) = $node->psql('postgres', "COPY tiktokads.credential_input (connection, field, value) FROM STDIN;\ncopied\taccess_token\tsim-token\ncopied\tapp_secret\tsim-secret\n\\.\n");
is($result, 0, 'COPY takes secrets') or diag $err;
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.connect('copied', $there)");
is($result, 0, 'connect uses them') or diag $err;
($result, $out, $err) = $node->psql('postgres', "COPY tiktokads.credential_input (connection, field, value) FROM STDIN;\ncopied\tpassword\tsim-secret-of-copy\n\\.\n");
like($err, qr/there is no such kind of secret.*HINT/s, 'another field is refused');
unlike($err, qr/sim-secret-of-copy/, 'without repeating the secret');

# Given by file.
my $token_file = secret_file('sim-token');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.connect('filed', access_token_file => '$token_file', app_secret_file => '" . secret_file('sim-secret') . "', $there)");
is($result, 0, 'connect takes secrets as files') or diag $err;
wait_for($node, $settled, 'the workers');

# New credentials.
control($simulator, 'token=new-sim-token');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync('copied')");
like($err, qr/40105/, 'a token that the API refuses ends the sync');
is($node->safe_psql('postgres', "SELECT paused AND pause_reason ~ 'refused the credentials' FROM tiktokads.connection WHERE name = 'copied'"), 't', 'the connection is marked');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.finding WHERE kind = 'token_refused' AND connection = 'copied' AND cleared_at IS NULL"), '1', 'with one finding');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync('copied')");
like($err, qr/is paused: the API refused the credentials.*HINT/s, 'and nothing is asked with it any more');
($good, $err) = bound("CALL tiktokads.rotate_credentials('copied', access_token => :token)", token => 'wrong-sim-token');
ok(!$good, 'new credentials that the API refuses are refused');
($good, $err) = bound("CALL tiktokads.rotate_credentials('copied', access_token => :token)", token => 'new-sim-token');
ok($good, 'rotate_credentials takes new ones') or diag $err;
like($err, qr/connection "copied" has new credentials.*HINT:  It is paused/s, 'and says that the connection is paused');
$node->safe_psql('postgres', "CALL tiktokads.resume('copied')");
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.finding WHERE kind = 'token_refused' AND connection = 'copied' AND cleared_at IS NULL"), '0', 'resume clears the finding');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync('copied')");
is($result, 0, 'the next sync uses them') or diag $err;

# A worker meets the refusal too.
$node->safe_psql('postgres', "UPDATE tiktokads.connection_state SET listed_at = NULL; SELECT 1");
$node->psql('postgres', "CALL tiktokads.sync_now('filed')");
wait_for($node, "SELECT paused FROM tiktokads.connection WHERE name = 'filed'", 'the worker to mark the connection');
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.finding WHERE connection = 'filed' AND cleared_at IS NULL"), '1', 'a worker marks it, once');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.rotate_credentials('filed', access_token_file => '" . secret_file('new-sim-token') . "'); CALL tiktokads.resume('filed')");
is($result, 0, 'a file is rotated to another file') or diag $err;
wait_for($node, $settled, 'the slices that waited');
is($node->safe_psql('postgres', $settled), 't', 'and the slices that waited are done');

# Keys.
my $ids = $node->safe_psql('postgres', 'SELECT string_agg(DISTINCT key_id, \',\') FROM tiktokads.credential');
like($ids, qr/^[0-9a-f]{16}$/, 'one key seals all');
unlink $key_file;
append_to_file($key_file, "$other_key\n");
chmod 0600, $key_file;
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync('copied')");
like($err, qr/are sealed under key $ids, which the key file does not hold.*HINT:  Put that key back/s, 'a wrong key file: a clear error');
($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.rotate_key()');
like($err, qr/which the key file does not hold/, 'rotate_key needs the old key too');
append_to_file($key_file, "$key\n");
($result, $out, $err) = $node->psql('postgres', 'CALL tiktokads.rotate_key()');
like($err, qr/2 of 2 credentials were sealed anew/, 'rotate_key seals anew under the first key');
isnt($node->safe_psql('postgres', 'SELECT string_agg(DISTINCT key_id, \',\') FROM tiktokads.credential'), $ids, 'which is another one');
unlink $key_file;
append_to_file($key_file, "$other_key\n");
chmod 0600, $key_file;
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync('copied')");
is($result, 0, 'the old key is not needed any more') or diag $err;
($result, $out, $err) = $node->psql('postgres', "BEGIN; UPDATE tiktokads.credential SET connection = 'filed' WHERE connection = 'copied'; CALL tiktokads.resume('filed'); COMMIT; CALL tiktokads.sync('filed')");
like($err, qr/sealed credentials of connection "filed" were changed or moved/, 'a sealed secret opens in its own row alone');
$node->safe_psql('postgres', "UPDATE tiktokads.credential SET connection = 'copied'");
for my $case ([ '', qr/there is no key to seal credentials with.*HINT:  Name a file/s, 'no key file' ],
	[ '/nonexistent/key', qr/could not read key file "\/nonexistent\/key"/, 'a key file that is missing' ],
	[ secret_file('0011'), qr/line 1 of key file .* is not a key.*HINT:  Make one with: openssl rand -hex 32/s, 'a key file with something else in it' ],
	[ secret_file($key, 0644), qr/has group or world access/, 'a key file that everybody reads' ])
{
	$node->append_conf('postgresql.conf', "tiktokads.key_file = '$case->[0]'");
	$node->reload;
	sleep 0.2;
	($good, $err) = bound("CALL tiktokads.rotate_credentials('copied', access_token => :token)", token => 'new-sim-token');
	ok(!$good, "$case->[2]: refused");
	like($err, $case->[1], "$case->[2]: a clear error");
	my $found = $node->safe_psql('postgres', 'SELECT severity, finding FROM tiktokads.doctor()');
	like($found, qr/^error\|\d credentials are sealed, and there is no key to open them with/m, "$case->[2]: doctor says so") if $case->[2] eq 'no key file';
	like($found, qr/^error\|key file "\/nonexistent\/key" is missing/m, "$case->[2]: doctor says so") if $case->[2] =~ /missing/;
}

# Nothing of it is anywhere.
my $roles = $node->safe_psql('postgres', "CREATE ROLE reader; GRANT pg_monitor, pg_read_all_settings, pg_read_all_stats TO reader; GRANT USAGE ON SCHEMA tiktokads TO reader;"
	  . " SELECT string_agg(c.oid::regclass::text, ',') FROM pg_class AS c WHERE c.relnamespace = 'tiktokads'::regnamespace AND c.relname ~ 'credential' AND has_table_privilege('reader', c.oid, 'SELECT')");
is($roles, '', 'nobody else may read what is sealed');
my $secrets = qr/new-sim-token|wrong-sim-token|sim-secret|(?<![-\w])sim-token|$key|$other_key/;
# the log is long: grep first
my @leaks = grep { /$secrets/ } split /\n/, `grep -aE 'sim-token|sim-secret|$key|$other_key' @{[ $node->logfile ]}`;
is(scalar @leaks, 0, 'no secret is in the log at debug5 with log_statement = all') or diag join "\n", map { substr($_, 0, 300) } @leaks[0 .. ($#leaks > 4 ? 4 : $#leaks)];
cmp_ok(`grep -ac 'The parameters may hold secrets and are left out' @{[ $node->logfile ]}`, '>', 0, 'where the server would have put them');
unlike($node->safe_psql('postgres', 'SELECT string_agg(query, chr(10)) FROM pg_stat_statements'), $secrets, 'nor in pg_stat_statements');
unlike($node->safe_psql('postgres', 'SELECT string_agg(query, chr(10)) FROM pg_stat_activity'), $secrets, 'nor in pg_stat_activity');
my ($dump, $dump_err) = ('', '');
IPC::Run::run([ 'pg_dumpall', '-d', $node->connstr('postgres') ], '>', \$dump, '2>', \$dump_err);
cmp_ok(length $dump, '>', 10000, 'a dump is made') or diag $dump_err;
unlike($dump, $secrets, 'nor in a dump');
unlike($dump, qr/COPY tiktokads\.credential /, 'which has not even the sealed ones');
unlike(whole("$simulator->{dir}/simulator.log"), qr/sim-token/, 'nor is a token in a request\'s URL');
$node->stop('fast');
my $found = `grep -rlE 'new-sim-token|$key|$other_key' @{[ $node->data_dir ]} 2>/dev/null`;
is($found, '', 'nor in any file of the server');

done_testing();
