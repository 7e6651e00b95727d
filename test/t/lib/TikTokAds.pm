# TikTokAds.pm: a private server with the extension, and a simulator beside it.
#
# The harness puts the private installation's programs first in PATH and names
# the simulator's binary in TIKTOK_SIMULATOR.
package TikTokAds;

use strict;
use warnings;

use Exporter 'import';
use File::Temp ();
use HTTP::Tiny;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(start_simulator start_node secret_file connect_sql control
  stop_simulator only_streams wait_for stalled_call fact_digest);

my %simulators;

# What a test syncs unless it says otherwise: enough of everything, and quick.
my @base_streams = (qw(campaign adgroup ad),
	map { "report_${_}_daily" } qw(advertiser campaign adgroup ad));

# Starts a simulator; returns { base, control, pid, dir }.
sub start_simulator
{
	my (@options) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $port_file = "$dir/simulator.port";
	my $pid = fork();
	if ($pid == 0)
	{
		open(STDOUT, '>>', "$dir/simulator.log");
		open(STDERR, '>&', \*STDOUT);
		exec($ENV{TIKTOK_SIMULATOR}, '--port', '0', '--port-file', $port_file,
			'--token', 'sim-token', '--app-id', '7001', '--secret', 'sim-secret',
			'--auth-code', 'sim-code', '--now', '2026-03-15 12:00:00', '--tier', 'unlimited', @options)
		  or die "cannot start $ENV{TIKTOK_SIMULATOR}: $!";
	}
	my $port;
	for (1 .. 1200)
	{
		$port = eval { slurp_file($port_file) };
		last if defined $port && $port =~ /^\d+\s*$/;
		sleep 0.05;
	}
	chomp $port;
	my $simulator = {
		pid => $pid,
		dir => $dir,
		base => "http://127.0.0.1:$port/open_api/v1.3/",
		control => "http://127.0.0.1:$port/control",
	};
	$simulators{$pid} = $simulator;
	return $simulator;
}

# Stops a simulator; with 'KILL' at once.
sub stop_simulator
{
	my ($simulator, $signal) = @_;
	kill($signal // 'TERM', $simulator->{pid});
	waitpid($simulator->{pid}, 0);
	delete $simulators{ $simulator->{pid} };
	return;
}

# Sends a control command; returns the body.
sub control
{
	my ($simulator, $query) = @_;
	my $reply = HTTP::Tiny->new(timeout => 20)->get("$simulator->{control}?$query");
	die "control $query: $reply->{status} $reply->{content}" unless $reply->{success};
	return $reply->{content};
}

# A file with a secret, readable by the server alone.
sub secret_file
{
	my ($content, $mode) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $path = "$dir/secret";
	append_to_file($path, "$content\n");
	chmod($mode // 0600, $path);
	return $path;
}

# Starts a server with the extension in database postgres.  The clock is
# shifted to the simulator's day.
sub start_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%{ $options{init} // {} }, extra => [ '--encoding=UTF8', '--locale=C' ]);
	my $offset = 1773576000 - time();		# 2026-03-15 12:00:00 UTC
	$node->append_conf('postgresql.conf', sprintf(<<'CONF', $offset));
jit = off
tiktokads.allow_http_loopback = on
tiktokads.clock_offset = %d
tiktokads.retry_delay = '20ms'
CONF
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION tiktokads');
	only_streams($node, @{ $options{streams} // \@base_streams });
	return $node;
}

# Enables these streams alone; no names, or "all": as shipped.
sub only_streams
{
	my ($node, @names) = @_;
	return if !@names || $names[0] eq 'all';
	my $list = join(',', map { "'$_'" } @names);
	$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, enabled)"
		  . " SELECT stream, stream IN ($list) FROM tiktokads.stream_shipped"
		  . " WHERE kind <> 'account' AND enabled <> (stream IN ($list))"
		  . " ON CONFLICT (stream) DO UPDATE SET enabled = EXCLUDED.enabled");
	return;
}

# The CALL that connects to a simulator.
sub connect_sql
{
	my ($simulator, $name, %extra) = @_;
	my $token = secret_file($extra{token} // 'sim-token');
	my $secret = secret_file('sim-secret');
	my $base = $extra{base} // $simulator->{base};
	my $tier = $extra{tier} // 'unlimited';
	return "CALL tiktokads.connect('$name', access_token_file => '$token', app_id => '7001', "
	  . "app_secret_file => '$secret', base_url => '$base', tier => '$tier')";
}

# One line for all facts: equal digests are equal tables, row for row, without
# our own bookkeeping of times.
sub fact_digest
{
	my ($node, $db) = @_;
	return $node->safe_psql($db // 'postgres', <<'SQL');
SELECT string_agg(t || '=' || digest, ' ' ORDER BY t) FROM (
SELECT 'campaign' AS t, md5(string_agg((to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('gone', x.removed_at IS NOT NULL))::text, '|' ORDER BY advertiser_id, campaign_id)) AS digest FROM tiktokads.campaign AS x
UNION ALL SELECT 'adgroup', md5(string_agg((to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('gone', x.removed_at IS NOT NULL))::text, '|' ORDER BY advertiser_id, adgroup_id)) FROM tiktokads.adgroup AS x
UNION ALL SELECT 'ad', md5(string_agg((to_jsonb(x) - 'first_seen_at' - 'changed_at' - 'removed_at' || jsonb_build_object('gone', x.removed_at IS NOT NULL))::text, '|' ORDER BY advertiser_id, ad_id)) FROM tiktokads.ad AS x
UNION ALL SELECT 'report_ad', md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY advertiser_id, stat_date, ad_id)) FROM tiktokads.report_ad_daily AS x
UNION ALL SELECT 'report_adgroup', md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY advertiser_id, stat_date, adgroup_id)) FROM tiktokads.report_adgroup_daily AS x
UNION ALL SELECT 'report_campaign', md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY advertiser_id, stat_date, campaign_id)) FROM tiktokads.report_campaign_daily AS x
UNION ALL SELECT 'report_advertiser', md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY advertiser_id, stat_date)) FROM tiktokads.report_advertiser_daily AS x) AS d
SQL
}

# Waits until a query gives 't'; fails the test after some seconds.
sub wait_for
{
	my ($node, $query, $what) = @_;
	for (1 .. 1200)
	{
		# the server may be recovering from a crash
		my $answer = eval { ($node->psql('postgres', $query))[1] };
		return 1 if ($answer // '') eq 't';
		sleep 0.05;
	}
	fail("waited in vain for $what");
	return 0;
}

# Begins a call in a psql of its own; returns its handle and backend pid.
sub stalled_call
{
	my ($node, $sql, $application) = @_;
	my ($out, $err) = ('', '');
	my $timer = IPC::Run::timer(60);
	my $handle = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1',
			'-d', $node->connstr('postgres') . " application_name=$application",
			'-c', $sql
		],
		'>', \$out, '2>', \$err, $timer);
	my $pid;
	for (1 .. 600)
	{
		$pid = eval {
			($node->psql('postgres',
				"SELECT pid FROM pg_stat_activity WHERE application_name = '$application' AND state = 'active'"))[1];
		};
		last if $pid || !$handle->pumpable;
		sleep 0.02;
	}
	return { handle => $handle, pid => $pid, out => \$out, err => \$err };
}

END
{
	my $status = $?;
	stop_simulator($_) for values %simulators;
	$? = $status;
}

1;
