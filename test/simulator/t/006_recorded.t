# Recorded bodies: the simulator's have the same members, forms and arithmetic.
#
# The bodies of t/recorded have the shape of real ones with numbers of our own:
# they were put together from normalised records, so that some values are JSON
# numbers or null where the wire has strings.  RECORDED_BODIES names a directory
# with other bodies of the same names.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use B;
use JSON::PP;
use Simulator;

my $dir = $ENV{RECORDED_BODIES} || "$FindBin::Bin/recorded";
my $sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--ads' => 80, '--days' => 20);
my ($A) = $sim->advertisers;

# Gives a recorded body.
sub recorded
{
	my $name = shift;
	open my $file, '<', "$dir/$name.json" or die "no $name: $!";
	return decode_json(do { local $/; <$file> });
}

# Tells whether a decoded value was a JSON string.
sub is_string
{
	my $value = shift;
	return defined $value && !ref $value && B::svref_2object(\$value)->FLAGS & B::SVf_POK && 1;
}

# Rounds half up, in integers, so that no halves are lost.
sub rounded
{
	my ($above, $below) = @_;
	return $below ? int((2 * $above + $below) / (2 * $below)) : 0;
}

# Gives a decimal text as an integer without its point.
sub units
{
	my $text = shift;
	$text =~ s/\.//;
	return 0 + $text;
}

# Names the ratios of a row that do not follow from its sums.
sub wrong_ratios
{
	my $m = shift;
	my $cents = units($m->{spend});
	my %want = (
		ctr => rounded(10000 * $m->{clicks}, $m->{impressions}),
		cpc => rounded($cents, $m->{clicks}),
		cpm => rounded(1000 * $cents, $m->{impressions}),
		frequency => rounded(100 * $m->{impressions}, $m->{reach}),
		cost_per_1000_reached => rounded(1000 * $cents, $m->{reach}),
		cost_per_conversion => rounded($cents, $m->{conversion}),
		conversion_rate => rounded(10000 * $m->{conversion}, $m->{impressions}),
		cost_per_result => rounded(10 * $cents, $m->{result}),
		result_rate => rounded(10000 * $m->{result}, $m->{impressions}),
		real_time_cost_per_result => rounded(10 * $cents, $m->{real_time_result}));
	return join ' ', grep { units($m->{$_}) != $want{$_} } sort keys %want;
}

# ads by hour
my $body = recorded('ads_reports_hourly');
my $want = $body->{data}{list}[0];
my @metrics = sort keys %{ $want->{metrics} };
my $reply = $sim->get('report/integrated/get/', $sim->report_params(advertiser_id => $A, start_date => '2024-06-10',
	end_date => '2024-06-10', dimensions => [ sort keys %{ $want->{dimensions} } ], metrics => \@metrics));
my @rows = @{ $reply->{data}{list} };
is($reply->{code}, 0, 'a report like the recorded one is served');
is(join(' ', grep { !exists $reply->{$_} } keys %$body), '', 'the envelope has its members');
cmp_ok(scalar @rows, '>', 500, 'there are rows');
is(join(' ', sort keys %{ $rows[0]{metrics} }), "@metrics", 'metrics are the same');
is(join(' ', sort keys %{ $rows[0]{dimensions} }), join(' ', sort keys %{ $want->{dimensions} }), 'dimensions are the same');
like($rows[0]{dimensions}{stat_time_hour}, qr/^\d{4}-\d\d-\d\d \d\d:00:00$/, 'hours have the recorded form');
is(scalar(grep { my $row = $_; grep { !is_string($_) } map { values %{ $row->{$_} } } qw(dimensions metrics) } @rows), 0,
	'all values are strings');
my %differs;
for my $metric (@metrics)
{
	my $value = $want->{metrics}{$metric};

	# a JSON number or null of the recording tells nothing about the wire
	next if !is_string($value) || $value !~ /^\d+(?:\.(\d+))?$/;
	my $form = defined $1 ? '\d+\.\d{' . length($1) . '}' : '\d+';
	$differs{$metric} = $_ for grep { $_ !~ /^$form$/ } map { $_->{metrics}{$metric} } @rows;
}
is_deeply(\%differs, {}, 'numbers have as many decimals');
is(join(' ', grep { my $m = $_; grep { $_->{metrics}{$m} ne $want->{metrics}{$m} } @rows } 'placement_type'), '', 'labels are those that a person reads');
is(scalar(grep { $_->{metrics}{promotion_type} eq $want->{metrics}{promotion_type} } @rows) > 0, 1, 'promotion types too');
my @null = grep { !defined $want->{metrics}{$_} } @metrics;
is(join(' ', grep { my $m = $_; !grep { $_->{metrics}{$m} eq '-' } @rows } @null), '', 'what the recording has as null may be "-"');
is(wrong_ratios($want->{metrics}), '', 'ratios of the recorded row follow from its sums');
is(join(' ', grep { $_ } map { wrong_ratios($_->{metrics}) } @rows), '', 'ratios of the simulated rows do likewise');

# ad accounts
my $account = recorded('advertisers')->{data}{list}[0];
my $info = $sim->get('advertiser/info/', { advertiser_ids => [$A], fields => [ sort keys %$account ] });
is(join(' ', sort keys %{ $info->{data}{list}[0] }), join(' ', sort keys %$account), 'ad accounts have the recorded members');
is(scalar(grep { !is_string($_) } values %{ $info->{data}{list}[0] }), 0, 'which are strings');
done_testing;
