# The clock: restatement, today, renames, deletions, new ads; control of the world.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use Simulator;

my $sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--ads' => 200, '--days' => 60);
my ($A, $euro, $yen) = $sim->advertisers;
my $report = 'report/integrated/get/';

# Gives an account's sums of one day.
sub day
{
	my ($advertiser, $date, @metrics) = @_;
	my ($row) = $sim->all($report, $sim->report_params(id => 'advertiser_id', advertiser_id => $advertiser,
		start_date => $date, end_date => $date, metrics => \@metrics));
	return $row ? $row->{metrics} : undef;
}

# Gives the hours that an account shows of a day.
sub hours
{
	my ($advertiser, $date) = @_;
	return [ map { substr $_->{dimensions}{stat_time_hour}, 11, 2 } $sim->all($report, $sim->report_params(id => 'advertiser_id',
		advertiser_id => $advertiser, start_date => $date, end_date => $date, dimensions => [qw(advertiser_id stat_time_hour)])) ];
}

# today is the account's own day
is_deeply(hours($A, '2024-06-15'), [qw(00 01 02)], '10:30 UTC is 03:30 in Los Angeles: three hours are over');
is(scalar @{ hours($euro, '2024-06-15') }, 12, 'and 12:30 in Berlin');
is(scalar @{ hours($yen, '2024-06-15') }, 19, 'and 19:30 in Tokyo');
$sim->control(clock => '2024-06-15 15:00:00');
is_deeply(hours($yen, '2024-06-16'), [], 'at midnight in Tokyo the new day has no rows');
$sim->control(advance => 3600);
is_deeply(hours($yen, '2024-06-16'), ['00'], 'an hour later it has one');
is_deeply(hours($A, '2024-06-16'), [], 'but not in Los Angeles');

# conversions grow with the day's age, spend is corrected for three days
my @metrics = qw(spend impressions conversion real_time_conversion complete_payment total_complete_payment_rate);
my %age;
for my $age (0 .. 3, 7, 14, 27, 28, 40)
{
	$sim->control(clock => '2024-06-15 23:30:00');
	$sim->control(advance => $age * 86400 + 7 * 3600);
	$age{$age} = day($A, '2024-06-15', @metrics);
}
my @ages = sort { $a <=> $b } keys %age;
is(scalar(grep { $age{ $ages[$_] }{conversion} < $age{ $ages[ $_ - 1 ] }{conversion} } 1 .. $#ages), 0, 'conversions never shrink');
cmp_ok($age{28}{conversion}, '>', 1.3 * $age{1}{conversion}, 'conversions of a day grow by much');
is_deeply($age{40}, $age{28}, 'after 28 days the day is final');
cmp_ok($age{14}{conversion}, '<', $age{27}{conversion}, 'and not before');
cmp_ok($age{28}{total_complete_payment_rate}, '>', $age{1}{total_complete_payment_rate}, 'values grow with them');
is($age{28}{real_time_conversion}, $age{1}{real_time_conversion}, 'real time conversions do not');
is($age{28}{impressions}, $age{1}{impressions}, 'impressions do not');
cmp_ok($age{1}{spend}, '>', $age{3}{spend}, 'spend is corrected');
cmp_ok($age{1}{spend}, '<', 1.02 * $age{3}{spend}, 'slightly');
is($age{7}{spend}, $age{3}{spend}, 'for three days');
$sim->control(clock => '2024-06-15 23:30:00');
is_deeply(day($A, '2024-06-14', @metrics), day($A, '2024-06-14', @metrics), 'asked twice, told the same');

# renames, deletions and new ads come with the clock
my %before = map { $_->{ad_id} => $_ } $sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } });
$sim->control(advance => 20 * 86400);
my %after = map { $_->{ad_id} => $_ } $sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } });
is(scalar(grep { !$after{$_} } keys %before), 0, 'no ad is lost');
my @new = grep { !$before{$_} } keys %after;
cmp_ok(scalar @new, '>', 0, 'new ads appear');
is(scalar(grep { $after{$_}{create_time} le '2024-06-15 23:30:00' } @new), 0, 'created after the old clock');
my @renamed = grep { $after{$_}{ad_name} ne $before{$_}{ad_name} } keys %before;
cmp_ok(scalar @renamed, '>', 0, 'some are renamed');
my @changed = grep { $after{$_}{ad_name} ne $before{$_}{ad_name} || $after{$_}{operation_status} ne $before{$_}{operation_status} } keys %before;
is(scalar(grep { defined $after{$_}{modify_time} && $after{$_}{modify_time} le $before{$_}{modify_time} } @changed), 0, 'modify_time follows');
cmp_ok(scalar(grep { $after{$_}{operation_status} eq 'DELETE' && $before{$_}{operation_status} ne 'DELETE' } keys %before), '>', 0, 'some are deleted');
my ($gone) = grep { $after{$_}{operation_status} eq 'DELETE' && $before{$_}{operation_status} eq 'ENABLE' } sort keys %before;
my ($utc_day) = $after{$gone}{modify_time} =~ /^(\S+)/;
my @late = $sim->all($report, $sim->report_params(advertiser_id => $A, start_date => '2024-07-04', end_date => '2024-07-05',
	filtering => [ { field_name => 'ad_ids', filter_type => 'IN', filter_value => encode_json([$gone]) },
		{ field_name => 'ad_status', filter_type => 'IN', filter_value => '["STATUS_ALL"]' } ]));
is(scalar(grep { substr($_->{dimensions}{stat_time_day}, 0, 10) gt $utc_day } @late), 0, 'a deleted ad has no rows after its deletion');
$sim->control(clock => '2024-06-15 23:30:00');
is_deeply({ map { $_->{ad_id} => $_ } $sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } }) },
	\%before, 'the clock moved back shows the old state');

# control of the world
my @ads = map { $_->{ad_id} } $sim->all('ad/get/', { advertiser_id => $A });
my %day = (start_date => '2024-06-10', end_date => '2024-06-10');
my $rows = sub { map { $_->{dimensions}{ad_id} => $_ } $sim->all($report, $sim->report_params(advertiser_id => $A, %day, @_)) };
my %whole = $rows->();
ok($sim->control(delete_ad => $ads[0])->{ok}, 'delete_ad');
is($sim->get('ad/get/', { advertiser_id => $A, filtering => { ad_ids => [ $ads[0] ] } })->{data}{page_info}{total_number}, 0, 'a deleted ad is not listed');
my ($deleted) = $sim->all('ad/get/', { advertiser_id => $A, filtering => { ad_ids => [ $ads[0] ], primary_status => 'STATUS_DELETE' } });
is($deleted->{modify_time}, '2024-06-15 23:30:00', 'but as deleted, now') if defined $deleted->{modify_time};
is($deleted->{secondary_status}, 'AD_STATUS_DELETE', 'with its status');
is_deeply({ $rows->() }, \%whole, 'its past is still reported');
my ($victim) = sort keys %whole;
ok($sim->control(vanish => $victim)->{ok}, 'vanish');
is_deeply([ grep { $_ eq $victim } map { $_->{ad_id} } $sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } }) ], [], 'a vanished ad is in no list');
my %less = $rows->();
is_deeply([ sort keys %less ], [ grep { $_ ne $victim } sort keys %whole ], 'nor in a report');
my $shrunk = $sim->control(shrink => 30);
my $share = $rows->();
my %left = $rows->();
cmp_ok(scalar(keys %left), '<', 0.85 * keys %whole, 'shrink takes ads away');
cmp_ok(scalar(keys %left), '>', 0.55 * keys %whole, 'about as many as asked');
$sim->control(shrink => 0);
is_deeply({ $rows->() }, \%whole, 'shrink=0 brings all back');
my $old = day($A, '2024-06-10', @metrics);
my $next = day($A, '2024-06-11', @metrics);
$sim->control(restate => 150, from => '2024-06-10', to => '2024-06-10', advertiser => $A);
my $more = day($A, '2024-06-10', @metrics);
cmp_ok(abs($more->{impressions} / $old->{impressions} - 1.5), '<', 0.02, 'restate multiplies impressions');
cmp_ok(abs($more->{spend} / $old->{spend} - 1.5), '<', 0.02, 'and spend');
is_deeply(day($A, '2024-06-11', @metrics), $next, 'of the days asked for alone');
$sim->control(restate => 100);
is_deeply(day($A, '2024-06-10', @metrics), $old, 'restate=100 takes it back');

# ad accounts come and go
$sim->control(hide_advertiser => $euro);
is($sim->get('ad/get/', { advertiser_id => $euro })->{code}, 40001, 'a hidden advertiser is forbidden');
is($sim->get('advertiser/info/', { advertiser_ids => [ $A, $euro ] })->{code}, 40001, 'even beside others');
my %app = (app_id => '7100000000000000001', secret => 'simulator-secret');
is_deeply([ map { $_->{advertiser_id} } @{ $sim->get('oauth2/advertiser/get/', \%app)->{data}{list} } ], [ $A, $yen ], 'and not listed');
$sim->control(show_advertiser => $euro);
my $added = $sim->control(add_advertiser => 1)->{advertiser_id};
is_deeply([ map { $_->{advertiser_id} } @{ $sim->get('oauth2/advertiser/get/', \%app)->{data}{list} } ], [ $A, $euro, $yen, $added ], 'a new one is listed');
is($sim->get('advertiser/info/', { advertiser_ids => [$added] })->{data}{list}[0]{currency}, 'GBP', 'with all it needs');
cmp_ok($sim->get('ad/get/', { advertiser_id => $added })->{data}{page_info}{total_number}, '>', 150, 'and ads');

# tokens
$sim->control(expire_token => 1);
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 40102, 'expired token');
$sim->control(token => 'new-token');
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 40105, 'the old token is not the new one');
$sim->{token} = 'new-token';
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 0, 'the new token is good');
$sim->control(revoke_token => 1);
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 40105, 'revoked token');

# control is strict too
is($sim->control(colour => 'red')->{ok}, JSON::PP::false, 'an unknown verb is refused');
is($sim->control(clock => 'tomorrow')->{ok}, JSON::PP::false, 'a bad time is refused');
is($sim->control(fault => 'x')->{ok}, JSON::PP::false, 'an unknown fault is refused');
is($sim->control(vanish => 7)->{ok}, JSON::PP::false, 'an unknown entity is refused');
is($sim->control(clock => '2024-01-01 00:00:00', page => 'x')->{clock}, '2024-06-15 23:30:00', 'a call with a fault in it does nothing');
done_testing;
