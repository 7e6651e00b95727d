# Faults on demand, clients that vanish, a clean end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use Time::HiRes qw(time sleep);
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Simulator;

my $sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--ads' => 50, '--days' => 40);
my ($A, $B) = $sim->advertisers;
my $report = 'report/integrated/get/';
my $want = $sim->report_params(advertiser_id => $A, start_date => '2024-06-01', end_date => '2024-06-10', metrics => [qw(spend impressions)]);
my $good = $sim->get($report, $want);
is($good->{code}, 0, 'all is well at first');

# Gives a socket's whole answer, what was read before an error, and the error.
sub slurp
{
	my $socket = shift;
	my ($text, $error) = ('', '');

	while (1)
	{
		my $got = sysread $socket, my $piece, 65536;
		$error = "$!" if !defined $got;
		last if !$got;
		$text .= $piece;
		last if $text =~ /\r\n\r\n/ && $text =~ /Content-Length: (\d+)/i && length($text) >= index($text, "\r\n\r\n") + 4 + $1;
	}
	return ($text, $error);
}

# Waits until a condition holds.
sub eventually
{
	my ($condition, $name) = @_;
	for (1 .. 200)
	{
		return pass($name) if $condition->();
		sleep 0.02;
	}
	fail($name);
}

# Gives an endpoint's statistics.
sub endpoint
{
	my $path = shift;
	return (grep { $_->{path} eq $path } @{ $sim->control(stats => 1)->{endpoints} })[0];
}

# HTTP
for my $status (429, 500, 503)
{
	$sim->control(fault => "http_$status", path => 'report/', retry_after => 7);
	my $response = $sim->raw($report, $want);
	is($response->{status}, $status, "HTTP $status");
	is($response->{headers}{'retry-after'}, 7, 'with Retry-After');
	ok($response->{content} !~ /^\{/, 'and no JSON');
	is($sim->raw($report, $want)->{status}, 200, 'once');
}

# codes, with count, skip, page, path, advertiser
$sim->control(fault => 'code', code => 40016, message => 'slow "down"', count => 2, skip => 1, path => 'ad/get/');
is(join(' ', map { $sim->get('ad/get/', { advertiser_id => $A })->{code} } 1 .. 5), '0 40016 40016 0 0', 'skip lets one through, count makes two');
$sim->control(fault => 'code', code => 50000, path => 'campaign/', count => -1);
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 0, 'another path is not concerned');
is(join(' ', map { $sim->get('campaign/get/', { advertiser_id => $A })->{code} } 1 .. 3), '50000 50000 50000', 'count=-1 is for ever');
$sim->control(clear => 1);
is($sim->get('campaign/get/', { advertiser_id => $A })->{code}, 0, 'until clear');
$sim->control(fault => 'code', code => 40002, message => 'because', page => 2, advertiser => $A);
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 0, 'another page is not concerned');
is($sim->get('ad/get/', { advertiser_id => $B, page => 2 })->{code}, 0, 'nor another advertiser');
my $fault = $sim->get('ad/get/', { advertiser_id => $A, page => 2 });
is("$fault->{code} $fault->{message}", '40002 because', 'the page asked for has the code and message');

# calls as they are typed: plus for a space, bare brackets and slashes, verbs without a value
my $typed = sub { decode_json($sim->{http}->get("http://127.0.0.1:$sim->{port}/control?$_[0]")->{content})->{ok} };
ok($typed->('fault=code&code=40100&message=Due+to+too+many+requests+(QPM)&path=campaign/get/&count=-1'), 'a fault as it is typed');
is($sim->get('campaign/get/', { advertiser_id => $A })->{message}, 'Due to too many requests (QPM)', 'has its message');
ok($typed->('clear'), 'a verb without a value');
is($sim->get('campaign/get/', { advertiser_id => $A })->{code}, 0, 'does what it says');
ok(!$typed->('add_advertiser&colour=red'), 'beside an unknown one it does nothing');
is(scalar(() = $sim->advertisers), 3, 'indeed');
my $help = $sim->{http}->get("http://127.0.0.1:$sim->{port}/control?help")->{content};
is(join(' ', grep { $help !~ /\b$_\b/ } qw(stall truncate malformed oversize reset code unknown_field http_429 http_500 http_503 clear
	reset_stats stats advance hide_advertiser add_advertiser expire_token restate delete vanish clock tier)), '', 'help tells of verbs and faults');

# rows that are wrong; equal rows have equal texts only when keys are in order
my $json = JSON::PP->new->canonical;
my %twist = (
	unknown_field => sub { my $r = shift; exists $r->{data}{list}[0]{metrics}{simulator_new_metric} && exists $r->{data}{list}[0]{simulator_new_field} },
	duplicate => sub { my $l = shift->{data}{list}; $json->encode($l->[-1]) eq $json->encode($l->[-2]) && @$l == 1 + @{ $good->{data}{list} } },
	wrong_type => sub { ref shift->{data}{list}[0]{metrics}{impressions} eq 'HASH' },
);
for my $name (sort keys %twist)
{
	$sim->control(fault => $name);
	ok($twist{$name}->($sim->get($report, $want)), $name);
	my $again = $sim->get($report, $want);
	is_deeply($again->{data}, $good->{data}, "$name once");
}
$sim->control(fault => 'unknown_field');
ok(exists $sim->get('ad/get/', { advertiser_id => $A })->{data}{list}[0]{simulator_new_field}, 'unknown_field in entities');
my @pages = map { [ map { $_->{ad_id} } @{ $sim->get('ad/get/', { advertiser_id => $A, page => $_ })->{data}{list} } ] } 1, 2;
$sim->control(fault => 'shift', page => 2);
is_deeply([ map { $_->{ad_id} } @{ $sim->get('ad/get/', { advertiser_id => $A, page => 2 })->{data}{list} } ],
	[ $pages[0][9], @{ $pages[1] }[ 0 .. 8 ] ], 'shift repeats the last row of the page before');
$sim->control(fault => 'throttle_header');
ok($sim->raw($report, $want)->{headers}{'x-tt-ads-throttle'}, 'throttle_header');
$sim->control(fault => 'bad_utf8');
my $bytes = $sim->raw('ad/get/', { advertiser_id => $A })->{content};
ok(!utf8::decode($bytes), 'bad_utf8 is not UTF-8');
$sim->control(fault => 'bad_escape');
$bytes = $sim->raw('ad/get/', { advertiser_id => $A })->{content};
ok($bytes =~ /\\ud83d surrogate, nul \\u0000, bad \\x/, 'bad_escape has escapes that are none');
ok(!eval { decode_json($bytes); 1 }, 'and is no JSON');

$sim->control(fault => 'page_count', count => -1);
is(join(' ', map { $sim->get('ad/get/', { advertiser_id => $A, page => $_ })->{data}{page_info}{total_page} } 1, 2, 1), join(' ', do {
	my $total = $sim->get('ad/get/', { advertiser_id => $A, page => 1 })->{data}{page_info}{total_page};
	($total, $total + 1, $total) }), 'page_count: each page counts differently');
$sim->control(clear => 1);
my $whole = $sim->get('ad/get/', { advertiser_id => $A });
$sim->control(fault => 'partial');
my $part = $sim->get('ad/get/', { advertiser_id => $A });
is("$part->{code} $part->{data}{page_info}{total_number}", '20001 ' . ($whole->{data}{page_info}{total_number} - 1), 'partial: the last row is missing, and only the code says so');
$sim->control(fault => 'date');
is($sim->raw('ad/get/', { advertiser_id => $A })->{headers}{date}, 'Wed, 01 Jan 2020 00:00:00 GMT', 'date: the clock of the API is years behind');
$sim->control(clear => 1);
$sim->control(fault => 'code', code => 50000, percent => 30, count => -1, path => 'ad/get/');
my $hits = grep { $sim->get('ad/get/', { advertiser_id => $A })->{code} == 50000 } 1 .. 200;
ok($hits > 30 && $hits < 90, "percent: a share of the requests, by chance ($hits of 200)");
$sim->control(clear => 1);

# bodies that are wrong
$sim->control(fault => 'malformed');
my $response = $sim->raw($report, $want);
is($response->{status}, 200, 'malformed is complete as HTTP');
ok(!eval { decode_json($response->{content}); 1 }, 'but no JSON');
$sim->control(fault => 'truncate');
my ($text) = slurp($sim->socket_get($report, $want));
my ($length) = $text =~ /Content-Length: (\d+)/i;
my $body = length($text) - index($text, "\r\n\r\n") - 4;
is($body, int($length / 2), 'truncate breaks off half way');
$sim->control(fault => 'oversize', mb => 5);
$response = $sim->raw($report, $want);
is(length $response->{content}, 5 << 20, 'oversize is as large as asked');
is(eval { decode_json($response->{content})->{code} }, 0, 'and JSON');
$sim->control(fault => 'gzip_bomb', mb => 5);
$response = $sim->raw($report, $want, { 'Accept-Encoding' => 'gzip' });
cmp_ok(length $response->{content}, '<', 200000, 'gzip_bomb is small on the wire');
$sim->control(fault => 'slow_body', rate => 1500, path => 'ad/get/');
my $started = time;
my $slow = $sim->get('ad/get/', { advertiser_id => $A, fields => ['ad_id'], page_size => 20 });
my $took = time - $started;
is(scalar @{ $slow->{data}{list} }, 20, 'slow_body comes whole');
cmp_ok($took, '>', 0.3, 'slowly');

# no body at all
$sim->control(fault => 'reset');
my (undef, $error) = slurp($sim->socket_get($report, $want));
like($error, qr/reset/i, 'reset resets the connection');
$sim->control(fault => 'stall', count => 3);
my @stalled = map { $sim->socket_get($report, $want) } 1 .. 3;
eventually(sub { $sim->control(stats => 1)->{stalled} == 3 }, 'three requests stall');
ok(!IO::Select->new(@stalled)->can_read(0.3), 'and have no answer');
is($sim->get($report, $want)->{code}, 0, 'others are served meanwhile');
close shift @stalled;
eventually(sub { $sim->control(stats => 1)->{stalled} == 2 }, 'a client that leaves ends its stall');
$sim->control(clear => 1);
is(scalar(grep { (slurp($_))[0] =~ /"code":0/ } @stalled), 2, 'clear lets the others go on');

# clients that vanish in the middle
for my $n (1 .. 30)
{
	my $socket = $sim->socket_get($report, $want);
	setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $n % 2;
	sysread $socket, my $piece, 100 if $n % 3 == 0;
	close $socket;
}
my $half = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sim->{port});
print $half "GET /open_api/v1.3/ad/get/?advert";
close $half;
is_deeply($sim->get($report, $want)->{data}, $good->{data}, 'clients that vanish do no harm');
eventually(sub { endpoint($report)->{in_flight} == 0 }, 'and are not waited for');

# latency
$sim->control(latency_ms => 150);
$started = time;
my @parallel = map { $sim->socket_get($report, $want) } 1 .. 8;
is(scalar(grep { (slurp($_))[0] =~ /"code":0/ } @parallel), 8, 'all late requests are answered');
$took = time - $started;
cmp_ok($took, '>=', 0.15, 'after the latency');
cmp_ok($took, '<', 1.1, 'side by side');
cmp_ok(endpoint($report)->{max_in_flight}, '>=', 8, 'statistics saw them in flight together');
$sim->control(latency_ms => 0);

# the end
$sim->control(fault => 'stall', count => -1);
my $last = $sim->socket_get($report, $want);
eventually(sub { $sim->control(stats => 1)->{stalled} == 1 }, 'a request stalls at the end');
is($sim->stop, 0, 'SIGTERM ends the simulator cleanly');
my $parent = fork;
if ($parent == 0)
{
	open STDOUT, '>', '/dev/null';
	my $child = fork;
	exec $ENV{TIKTOK_SIMULATOR}, '--port-file', "$sim->{dir}/port2", '--parent-pid', getppid if $child == 0;
	sleep 20;
	exit 0;
}
is(scalar(() = `"$ENV{TIKTOK_SIMULATOR}" --help` =~ /^  --(\S+)/mg), 21, '--help tells of every option');
is(system("\"$ENV{TIKTOK_SIMULATOR}\" --colour red 2>/dev/null") >> 8, 2, 'an unknown option ends with status 2');
is(system("\"$ENV{TIKTOK_SIMULATOR}\" --port 99999 2>/dev/null") >> 8, 2, 'a bad port ends with status 2');
eventually(sub { -s "$sim->{dir}/port2" }, 'a simulator starts with a parent');
open my $file, '<', "$sim->{dir}/port2";
chomp(my $port = <$file> || 0);
kill 'KILL', $parent;
waitpid $parent, 0;
eventually(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, 'and ends with it');

# several threads agree with one
my @two = map { Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--ads' => 50, '--days' => 40, '--threads' => $_) } 1, 3;
is_deeply($two[1]->get($report, $want)->{data}, $two[0]->get($report, $want)->{data}, 'threads change nothing');
done_testing;
