# Starts a simulator of its own for a test, and talks to it.
# It must stay true that the simulator ends with the test, however that ends.
package Simulator;

use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP;
use File::Temp qw(tempdir);
use Time::HiRes qw(sleep);
use IO::Socket::INET;

# Starts the program with options and waits until it serves.
sub new
{
	my ($class, @options) = @_;
	my $program = $ENV{TIKTOK_SIMULATOR} or die "TIKTOK_SIMULATOR does not name the simulator\n";
	my $dir = tempdir(CLEANUP => 1);
	my $self = bless { dir => $dir, http => HTTP::Tiny->new(timeout => 20), sent => {} }, $class;
	my $pid = fork;

	die "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open STDOUT, '>', "$dir/out";
		exec $program, '--port-file', "$dir/port", '--parent-pid', getppid, @options;
		die "cannot run $program: $!";
	}
	$self->{pid} = $pid;
	for (1 .. 500)
	{
		last if -s "$dir/port";
		sleep 0.02;
	}
	open my $file, '<', "$dir/port" or die "simulator does not start\n";
	chomp($self->{port} = <$file>);
	$self->{base} = "http://127.0.0.1:$self->{port}/open_api/v1.3/";
	$self->{token} = 'simulator-token';
	return $self;
}

# Percent-encodes a text.
sub escape
{
	my $text = shift;
	utf8::encode($text) if utf8::is_utf8($text);
	$text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

# Makes a query string; references become JSON text.
sub query
{
	my %param = @_;
	return join '&', map {
		my $v = $param{$_};
		$v = JSON::PP->new->canonical->encode($v) if ref $v;
		"$_=" . escape($v)
	} sort grep { defined $param{$_} } keys %param;
}

# Sends a GET request below the API's root; gives the HTTP response.
sub raw
{
	my ($self, $path, $param, $header) = @_;
	my %header = %{ $header || {} };
	my $url = $self->{base} . $path . ($param && %$param ? '?' . query(%$param) : '');

	$header{'Access-Token'} = $self->{token} if !exists $header{'Access-Token'};
	delete $header{'Access-Token'} if !defined $header{'Access-Token'};
	return $self->{http}->get($url, { headers => \%header });
}

# Sends a GET request; gives the decoded envelope.
sub get
{
	my ($self, $path, $param, $header) = @_;
	my $response = $self->raw($path, $param, $header);

	return JSON::PP->new->utf8->allow_nonref->decode($response->{content});
}

# Calls the control endpoint.
sub control
{
	my ($self, %param) = @_;
	my $response = $self->{http}->get("http://127.0.0.1:$self->{port}/control?" . query(%param));

	return decode_json($response->{content});
}

# Gives the ids of the ad accounts.
sub advertisers
{
	my $self = shift;
	return map { $_->{advertiser_id} } @{ $self->control(advertisers => 1)->{advertisers} };
}

# Gives the parameters of a daily report of ads, changed as asked.
sub report_params
{
	my ($self, %change) = @_;
	my %level = (ad_id => 'AUCTION_AD', adgroup_id => 'AUCTION_ADGROUP', campaign_id => 'AUCTION_CAMPAIGN',
		advertiser_id => 'AUCTION_ADVERTISER');
	my $id = delete $change{id} || 'ad_id';
	(my $status = $id) =~ s/_id$/_status/;
	my %param = (report_type => 'BASIC', data_level => $level{$id}, dimensions => [ $id, 'stat_time_day' ],
		page_size => 1000, $id eq 'advertiser_id' ? () : (filtering => [ { field_name => $status,
			filter_type => 'IN', filter_value => '["STATUS_ALL"]' } ]));
	return { %param, %change };
}

# Fetches all pages of a list; gives its rows.
sub all
{
	my ($self, $path, $param) = @_;
	my @rows;

	for (my $page = 1;; $page++)
	{
		my $reply = $self->get($path, { page_size => 1000, %$param, page => $page });
		die "code $reply->{code}: $reply->{message}\n" if $reply->{code} != 0;
		push @rows, @{ $reply->{data}{list} };
		last if $page >= $reply->{data}{page_info}{total_page};
	}
	return @rows;
}

# Opens a connection and sends a GET request without reading.
sub socket_get
{
	my ($self, $path, $param) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) or die "no connection: $!";

	print $socket "GET /open_api/v1.3/$path?" . query(%$param) .
		" HTTP/1.1\r\nHost: x\r\nAccess-Token: $self->{token}\r\n\r\n";
	$socket->flush;
	return $socket;
}

# Ends the program; gives its wait status.
sub stop
{
	my $self = shift;
	my $pid = delete $self->{pid} or return;

	kill 'TERM', $pid;
	waitpid $pid, 0;
	return $?;
}

sub DESTROY
{
	local $?;
	shift->stop;
}

1;
