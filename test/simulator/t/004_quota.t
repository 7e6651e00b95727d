# Quotas by second, minute and day, and what the statistics saw.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use Time::HiRes qw(time sleep);
use Simulator;

# by the second, in real time
my $sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--ads' => 5);
my ($A) = $sim->advertisers;
my (@good, @refused);
my $began = time;
while (time < $began + 1.7)
{
	my $sent = time;
	my $reply = $sim->get('ad/get/', { advertiser_id => $A });
	if ($reply->{code} == 0)
	{
		push @good, [ $sent, time ];
	}
	else
	{
		push @refused, $reply;
	}
	sleep 0.01;
}
cmp_ok(scalar @good, '>=', 10, 'requests are let through');
cmp_ok(scalar @good, '<=', 10 * (1 + int(time - $began)), 'ten a second');
# eleven that certainly lie within one second would be too many
is(scalar(grep { $good[ $_ + 10 ][1] - $good[$_][0] < 1 } 0 .. $#good - 10), 0, 'never eleven in a rolling second');
cmp_ok(scalar @refused, '>', 0, 'the rest is refused');
is($refused[0]{code}, 40100, 'with code 40100');
is($refused[0]{message}, 'Due to too many requests, requests from App [7100000000000000001] are temporarily restricted (QPS)', 'and its message');
is($sim->get('campaign/get/', { advertiser_id => $A })->{code}, 0, 'another endpoint has its own quota');
my $stats = $sim->control(stats => 1);
my ($seen) = grep { $_->{path} eq 'ad/get/' } @{ $stats->{endpoints} };
is($seen->{requests}, @good + @refused, 'statistics count all requests');
is($seen->{throttled}, scalar @refused, 'and the refused');
cmp_ok($seen->{max_per_second}, '>', 10, 'and the most in a second');
cmp_ok($seen->{max_per_second}, '<=', $seen->{requests}, 'no more than there were');
is($seen->{max_per_minute}, $seen->{requests}, 'and in a minute');
cmp_ok($seen->{rows}, '>', 0, 'and rows');
is($stats->{requests}, $seen->{requests} + 1, 'and add up');
$sim->control(reset_stats => 1);
is($sim->control(stats => 1)->{requests}, 0, 'reset_stats begins again');
$sim->control(advance => 1);
is($sim->get('ad/get/', { advertiser_id => $A }, { 'Access-Token' => 'wrong' })->{code}, 40105, 'a wrong token');
is($sim->get('ad/get/', { advertiser_id => $A })->{code}, 0, 'uses up nothing');

# by the minute, by the simulator's clock
$sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--ads' => 5, '--tier' => 'sandbox');
($A) = $sim->advertisers;
my $ask = sub { my $r = $sim->get('ad/get/', { advertiser_id => $A }); $r->{code} == 0 ? 'ok' : $r->{message} =~ /\((QP.)\)/ ? $1 : $r->{code} };
my %count;
for (1 .. 30)
{
	$count{ $ask->() }++;
	$sim->control(advance => 1);
}
is_deeply(\%count, { ok => 30 }, 'sandbox lets thirty a minute through');
is($ask->(), 'QPM', 'the 31st is refused');
$sim->control(advance => 60);
is($ask->(), 'QPM', 'a minute later still');
$sim->control(advance => 220);
is($ask->(), 'QPM', 'for five minutes');
$sim->control(advance => 20);
is($ask->(), 'ok', 'and no longer');
is($ask->(), 'QPS', 'two at once are too many');
is($sim->get('campaign/get/', { advertiser_id => $A, fields => ['campaign_id'] })->{code}, 0, 'a penalty closes one endpoint alone');

# by the day: 32 used
for (1 .. 969)
{
	$sim->control(advance => 3);
	$count{ $ask->() }++;
}
is_deeply(\%count, { ok => 999 }, 'sandbox lets a thousand a day through');
$sim->control(advance => 3);
is($ask->(), 'QPD', 'the next is refused');
$sim->control(clock => '2024-06-15 23:59:59');
sleep 1.1;
is($ask->(), 'QPD', 'until the end of the day in UTC, which a clock that stands still does not reach');
$sim->control(advance => 1);
is($ask->(), 'ok', 'and no longer');

# what sandbox lacks
is($sim->get('oauth2/advertiser/get/', { app_id => '7100000000000000001', secret => 'simulator-secret' })->{code}, 40009, 'sandbox lists no advertisers');
ok(!exists $sim->get('campaign/get/', { advertiser_id => $A })->{data}{list}[0]{secondary_status} , 'and knows no secondary status')
	if $sim->control(advance => 2);
is($sim->get('report/integrated/get/', $sim->report_params(advertiser_id => $A, start_date => '2024-06-01', end_date => '2024-06-01', order_field => 'spend'))->{code}, 40009, 'and no order');
$sim->control(tier => 'unlimited');
my %codes;
$codes{ $sim->get('ad/get/', { advertiser_id => $A })->{code} }++ for 1 .. 50;
is_deeply(\%codes, { 0 => 50 }, 'unlimited refuses nothing');
done_testing;
