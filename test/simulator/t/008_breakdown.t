# Reports by audience and country: members add up, and what the API forbids is refused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Simulator;

my $sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--ads' => 40, '--days' => 60);
my ($A) = $sim->advertisers;
my $report = 'report/integrated/get/';
my %week = (advertiser_id => $A, start_date => '2024-06-08', end_date => '2024-06-14');

# Sums of spend (without its point) and clicks by campaign and day.
sub sums
{
	my %sum;
	for my $row (@_)
	{
		my $key = "$row->{dimensions}{campaign_id} " . ($row->{dimensions}{stat_time_day} // '');
		(my $spend = $row->{metrics}{spend}) =~ s/\.//;
		$sum{$key}{spend} += $spend;
		$sum{$key}{clicks} += $row->{metrics}{clicks};
	}
	return \%sum;
}

my @campaigns = $sim->all($report, $sim->report_params(%week, id => 'campaign_id', metrics => [qw(spend clicks)]));
for my $breakdown ([qw(country_code)], [qw(age gender)], [qw(platform)], [qw(hashtag)])
{
	my @rows = $sim->all($report, $sim->report_params(%week, id => 'campaign_id', report_type => 'AUDIENCE', page_size => 100,
			metrics => [qw(spend clicks)], dimensions => [ 'campaign_id', @$breakdown, 'stat_time_day' ]));
	is_deeply(sums(@rows), sums(@campaigns), "@$breakdown: members add up to the campaign's day");
	is_deeply([ sort keys %{ $rows[0]{dimensions} } ], [ sort 'campaign_id', 'stat_time_day', @$breakdown ], "@$breakdown: dimensions");
	my %seen;
	is(scalar(grep { $seen{ join ' ', map { $_ // '' } @{ $_->{dimensions} }{ 'campaign_id', 'stat_time_day', @$breakdown } }++ } @rows), 0, "@$breakdown: no row twice");
}
my @basic = $sim->all($report, $sim->report_params(%week, id => 'campaign_id', metrics => [qw(spend clicks reach)],
		dimensions => [qw(campaign_id country_code stat_time_day)]));
is_deeply(sums(@basic), sums(@campaigns), 'BASIC by country adds up too');
my @interests = $sim->all($report, $sim->report_params(%week, id => 'campaign_id', report_type => 'AUDIENCE', metrics => [qw(spend clicks)],
		dimensions => [qw(campaign_id interest_category_v2)]));
is(scalar(@interests) % 4, 0, 'interests come without days');
cmp_ok(scalar(@interests), '>', 0, 'and do come');

my %audience = (%week, id => 'campaign_id', report_type => 'AUDIENCE', metrics => ['spend']);
for my $case (
	[ 'no audience dimension', { dimensions => [qw(campaign_id stat_time_day)] }, qr/needs an audience dimension/ ],
	[ 'two that do not combine', { dimensions => [qw(campaign_id age platform stat_time_day)] }, qr/only age and gender/ ],
	[ 'an audience in BASIC', { report_type => 'BASIC', dimensions => [qw(campaign_id age stat_time_day)] }, qr/not supported by report_type BASIC/ ],
	[ 'interests by day', { dimensions => [qw(campaign_id interest_category_v2 stat_time_day)] }, qr/does not support this time/ ],
	[ 'country by hour', { end_date => '2024-06-08', dimensions => [qw(campaign_id country_code stat_time_hour)] }, qr/does not support this time/ ],
	[ 'reach by age', { metrics => ['reach'], dimensions => [qw(campaign_id age stat_time_day)] }, qr/'reach' is not supported with dimension age/ ],
	[ 'lifetime', { query_lifetime => 'true', dimensions => [qw(campaign_id age)] }, qr/query_lifetime/ ],
	[ 'totals', { enable_total_metrics => 'true', dimensions => [qw(campaign_id age stat_time_day)] }, qr/enable_total_metrics/ ])
{
	my ($name, $change, $message) = @$case;
	my $reply = $sim->get($report, $sim->report_params(%audience, %$change));
	is($reply->{code}, 40002, "$name: code");
	like($reply->{message}, $message, "$name: message");
}

done_testing();
