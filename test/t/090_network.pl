# Whom a request may go to: TLS is verified, addresses are checked after the
# lookup, redirects are not followed, and no secret is in what is said about it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(sleep);

my $node = start_node('network', conf => "tiktokads.max_attempts = 1\ntiktokads.allow_http_loopback = off\n");
my $token = secret_file('sim-token');
my @children;
END { kill 'KILL', @children if @children; }

# A port that nobody listens on now.
sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "no port: $!\n";
	return $socket->sockport;
}

# Tries to connect under some settings; returns what was said.
sub attempt
{
	my ($url, $settings, $more) = @_;
	my ($result, $out, $err) = $node->psql('postgres', join('', map { "SET $_; " } @$settings)
		  . "CALL tiktokads.connect('sim', access_token_file => '$token', advertiser_ids => '{1}', base_url => '$url'" . ($more // '') . ')');
	isnt($result, 0, "$url is refused");
	unlike($err, qr/sim-token/, 'without a word of the token');
	return $err;
}

# A server with a certificate that no authority knows.
my $dir = PostgreSQL::Test::Utils::tempdir();
my $tls_port = free_port();
system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
	'-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', "$dir/key.pem", '-out', "$dir/cert.pem");
chmod 0644, "$dir/cert.pem";
my $pid = fork();
if ($pid == 0)
{
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>', '/dev/null');
	exec('openssl', 's_server', '-accept', "127.0.0.1:$tls_port", '-cert', "$dir/cert.pem", '-key', "$dir/key.pem", '-www', '-quiet');
}
push @children, $pid;
for (1 .. 100) { last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $tls_port); sleep 0.05; }

my @open = ("tiktokads.allowed_hosts = 'localhost:$tls_port'", 'tiktokads.allow_private_addresses = on');
like(attempt("https://localhost:$tls_port/", ["tiktokads.allowed_hosts = 'localhost:$tls_port'"]),
	qr/127\.0\.0\.1|::1.*HINT:.*tiktokads\.allow_private_addresses/s, 'an allowed name that resolves to this machine is refused');
like(attempt("https://localhost:$tls_port/", \@open), qr/certificate.*HINT:/s, 'a certificate of no known authority is refused');
like(attempt("https://localhost:$tls_port/", \@open, ", ca_file => '$dir/cert.pem'"), qr/malformed reply|HTTP status/,
	'with ca_file it is trusted, and its page is no API reply');
like(attempt("https://127.0.0.2:$tls_port/", ["tiktokads.allowed_hosts = '127.0.0.2:$tls_port'", 'tiktokads.allow_private_addresses = on'], ", ca_file => '$dir/cert.pem'"),
	qr/certificate|connect/i, 'a trusted certificate of another name is refused');
like(attempt("https://169.254.169.254/latest/", ["tiktokads.allowed_hosts = '169.254.169.254'"]), qr/169\.254\.169\.254.*HINT:/s,
	'a link-local address is refused, though its host is allowed');
like(attempt("https://[::ffff:10.0.0.1]/", ["tiktokads.allowed_hosts = '[::ffff:10.0.0.1]'"]), qr/HINT:/, 'a private address in disguise is refused');

# A server that redirects: the redirect is not followed, and the target sees nothing.
my $redirects = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', ReuseAddr => 1);
my $target = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', ReuseAddr => 1);
$pid = fork();
if ($pid == 0)
{
	while (my $client = $redirects->accept)
	{
		while (my $line = <$client>) { last if $line =~ /^\r?\n$/; }
		print $client "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" . $target->sockport . "/\r\nContent-Length: 0\r\n\r\n";
		close $client;
	}
	exit 0;
}
push @children, $pid;
like(attempt('http://127.0.0.1:' . $redirects->sockport . '/', ['tiktokads.allow_http_loopback = on']),
	qr/HTTP status 302: redirects are not followed/, 'a redirect is not followed');
$target->blocking(0);
ok(!$target->accept, 'and nobody called where it pointed');
like(attempt('http://127.0.0.1:' . $redirects->sockport . '/', []), qr/uses "http" instead of "https".*HINT:/s, 'http to this machine needs its setting');

is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.connection'), '0', 'nothing of it all was stored');

done_testing();
