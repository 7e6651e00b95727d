# While a call waits for a stalled reply it holds nothing that others wait for,
# and it obeys at once.  (The one place where tests look at the clock.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(time sleep);

my $simulator = start_simulator('--advertisers', '1', '--ads', '20', '--days', '30');
my $node = start_node('wait');
my $connect = connect_sql($simulator, 'sim');
$node->safe_psql('postgres', $connect);

# Runs the checks that every kind of wait must pass.
sub holds_nothing
{
	my ($call, $what) = @_;
	my $pid = $call->{pid};

	# the call has come to its wait
	wait_for($node, "SELECT wait_event = 'Extension' AND backend_xid IS NULL FROM pg_stat_activity WHERE pid = $pid", 'the wait');
	sleep 0.1;
	is($node->safe_psql('postgres',
			"SELECT backend_xmin IS NULL AND backend_xid IS NULL FROM pg_stat_activity WHERE pid = $pid"),
		't', "$what: no snapshot and no xid are held");
	is($node->safe_psql('postgres',
			"SELECT count(*) FROM pg_locks WHERE pid = $pid AND locktype IN ('relation', 'transactionid', 'tuple')"),
		'0', "$what: no relation lock is held");

	my $start = time();
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->safe_psql('postgres', 'DROP DATABASE other');
	cmp_ok(time() - $start, '<', 5, "$what: another database is created and dropped meanwhile");
}

# Ends the call in the given way and checks how long it took to obey.
sub obeys
{
	my ($call, $function, $what, $message) = @_;
	my $start = time();

	$node->safe_psql('postgres', "SELECT $function($call->{pid})");
	$call->{handle}->finish;
	cmp_ok(time() - $start, '<', 5, "$what: $function acts meanwhile");
	like(${ $call->{err} }, $message, "$what: $function says so");
}

for my $case (
	[ 'sync', 'CALL tiktokads.sync()', 'campaign/get/' ],
	[ 'report', "CALL tiktokads.sync(stream => 'report_ad_daily')", 'report/integrated/get/' ],
	[ 'connect', $connect, 'advertiser/info/' ])
{
	my ($what, $sql, $path) = @$case;

	for my $function ('pg_cancel_backend', 'pg_terminate_backend')
	{
		control($simulator, "fault=stall&path=$path&count=-1");
		my $call = stalled_call($node, $sql, "$what$function");
		sleep 0.3;
		holds_nothing($call, $what) if $function eq 'pg_cancel_backend';
		obeys($call, $function, $what,
			$function eq 'pg_cancel_backend' ? qr/canceling statement due to user request/
			: qr/terminating connection due to administrator command/);
		control($simulator, 'clear');
	}
}

# The same while the name of the API's host is looked up, in a server whose lookup hangs.
{
	my $library = PostgreSQL::Test::Utils::tempdir() . '/slow_lookup.so';
	system_or_bail('cc', '-shared', '-fPIC', '-o', $library, "$FindBin::Bin/slow_lookup.c", '-ldl');
	my $sleeper;
	{
		local $ENV{LD_PRELOAD} = $library;
		$sleeper = start_node('sleeper');
	}
	my $token = secret_file('sim-token');
	my $reach = "CALL tiktokads.connect('far', access_token_file => '$token', advertiser_ids => '{1}')";
	my $usual = $node;
	$node = $sleeper;
	for my $function ('pg_cancel_backend', 'pg_terminate_backend')
	{
		my $call = stalled_call($sleeper, $reach, "lookup$function");
		sleep 0.3;
		holds_nothing($call, 'lookup') if $function eq 'pg_cancel_backend';
		obeys($call, $function, 'lookup', qr/canceling statement|terminating connection/);
	}
	my $start = time();
	my ($result, $out, $err) = $sleeper->psql('postgres', "SET statement_timeout = '300ms'; $reach");
	cmp_ok(time() - $start, '<', 5, 'statement_timeout acts during a stalled lookup');
	like($err, qr/canceling statement due to statement timeout/, 'statement_timeout says so');
	$sleeper->stop('fast');
	$node = $usual;
}

control($simulator, 'fault=stall&path=campaign/get/&count=-1');
my $start = time();
my ($result, $out, $err) = $node->psql('postgres', "SET statement_timeout = '300ms'; CALL tiktokads.sync()");
cmp_ok(time() - $start, '<', 5, 'statement_timeout acts during a stalled reply');
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout says so');
control($simulator, 'clear');

# Inside a transaction block: refused, with a hint.
for my $sql ($connect, 'CALL tiktokads.sync()', 'CALL tiktokads.create_model()')
{
	($result, $out, $err) = $node->psql('postgres', "BEGIN; $sql; COMMIT");
	like($err, qr/cannot run inside a transaction block.*HINT:  Call it alone, with autocommit on/s,
		'refused inside a transaction block: ' . ($sql =~ /tiktokads\.(\w+)/)[0]);
}

# DROP EXTENSION during a reply: the call ends politely, facts stay.
control($simulator, 'fault=stall&path=campaign/get/&count=1');
my $call = stalled_call($node, 'CALL tiktokads.sync()', 'dropped');
sleep 0.3;
$node->safe_psql('postgres', 'DROP EXTENSION tiktokads CASCADE');
control($simulator, 'clear');
$call->{handle}->finish;
like(${ $call->{err} }, qr/was dropped during the call/, 'DROP EXTENSION during a reply ends the call with a clear error');
is($node->safe_psql('postgres', "SELECT to_regclass('tiktokads.campaign') IS NOT NULL"), 't',
	'tables of facts outlive the extension');
$node->safe_psql('postgres', 'CREATE EXTENSION tiktokads');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.campaign_report'), '>', 0,
	'a new extension adopts the tables');

done_testing();
