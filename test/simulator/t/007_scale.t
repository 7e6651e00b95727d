# Large accounts: every page costs the same, and ids find their entities.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use Time::HiRes qw(time);
use Simulator;

my @small = ('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--days' => 2);
my $sim = Simulator->new(@small, '--advertisers' => 1, '--ads' => 200000);
my ($A) = $sim->advertisers;
my %all = (advertiser_id => $A, fields => ['ad_id'], page_size => 50, filtering => { primary_status => 'STATUS_ALL' });

# Gives the ids of a page of ads.
sub page
{
	my ($page, %change) = @_;
	return map { $_->{ad_id} } @{ $sim->get('ad/get/', { %all, page => $page, %change })->{data}{list} };
}

is_deeply($sim->get('ad/get/', { %all, page => 4000 })->{data}{page_info},
	{ page => 4000, page_size => 50, total_number => 200000, total_page => 4000 }, 'an account has as many ads as asked for');
my @last = page(4000);
is(scalar @last, 50, 'the last page is full');
is(scalar(page(4001)), 0, 'behind it is nothing');
my @around = map { page($_) } 1999 .. 2002;
is(join(' ', @around), join(' ', sort { $b cmp $a } @around), 'ids go down over pages');
my %seen;
is(scalar(grep { $seen{$_}++ } @around), 0, 'and none comes twice');
is(join(' ', page(200, page_size => 1000)), join(' ', map { page($_) } 3981 .. 4000), 'pages of any size hold the same');
my @some = ($last[0], $around[70], (page(1))[3]);
is(join(' ', page(1, filtering => { primary_status => 'STATUS_ALL', ad_ids => \@some })), join(' ', sort { $b cmp $a } @some),
	'ads are found by id');
my ($ad) = @{ $sim->get('ad/get/', { %all, fields => [qw(ad_id adgroup_id campaign_id)] })->{data}{list} };
is($sim->get('adgroup/get/', { advertiser_id => $A, filtering => { adgroup_ids => [ $ad->{adgroup_id} ], primary_status => 'STATUS_ALL' } })
	->{data}{list}[0]{campaign_id}, $ad->{campaign_id}, 'and so are their ad groups');

# a new filter makes a new list; pages of a list that is there are nearly free
my $began = time;
page(3000, filtering => { primary_status => 'STATUS_ALL', creation_filter_start_time => sprintf('2020-01-01 00:00:%02d', $_) }) for 1 .. 20;
my $fresh = time - $began;
$began = time;
page(3000 + $_) for 1 .. 20;
my $kept = time - $began;
cmp_ok($kept, '<', $fresh / 2, 'a deep page costs what is on it');
my $report = $sim->get('report/integrated/get/', $sim->report_params(advertiser_id => $A, start_date => '2024-06-13', end_date => '2024-06-14',
	page_size => 100, page => 100));
is(scalar @{ $report->{data}{list} }, 100, 'reports go as deep');

# lists are kept, changes are seen all the same
my $newest = (page(1))[0];
$sim->control(vanish => $newest);
ok(!grep({ $_ eq $newest } page(1)), 'a list does not outlive what control does');
is($sim->get('ad/get/', \%all)->{data}{page_info}{total_number}, 199999, 'and counts again');
$sim->control(advance => 30 * 86400);
cmp_ok($sim->get('ad/get/', \%all)->{data}{page_info}{total_number}, '>', 200000, 'nor a change of the clock');
$sim->control(clock => '2024-06-15 10:30:00');
is($sim->get('ad/get/', \%all)->{data}{page_info}{total_number}, 199999, 'to and fro');
my $twin = Simulator->new(@small, '--ads' => 20, '--advertisers' => 2);
my ($first, $second) = $twin->advertisers;
my @ids = map { $_->{ad_id} } map { $twin->all('ad/get/', { advertiser_id => $_ }) } $first, $second;
my %twice;
is(scalar(grep { $twice{$_}++ } @ids), 0, 'no two accounts share an id');
is(system("\"$ENV{TIKTOK_SIMULATOR}\" --ads 100000 --advertisers 91 2>/dev/null") >> 8, 2, 'too many large accounts are refused');
done_testing;
