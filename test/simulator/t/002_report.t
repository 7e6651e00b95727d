# Reports: shapes, sums over levels and grains, ratios, pages, order, strictness.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use Simulator;

my @options = ('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--ads' => 60, '--days' => 120);
my $sim = Simulator->new(@options);
my ($A, $euro, $yen) = $sim->advertisers;
my $report = 'report/integrated/get/';
my @additive = qw(impressions gross_impressions clicks conversion real_time_conversion result video_play_actions video_watched_2s
	video_views_p25 video_views_p100 likes engagements complete_payment app_install total_pageview form onsite_shopping vta_conversion
	organic_video_views earned_page_video_views new_consideration_size custom_page_events total_view_content ads_impression_events skan_registration);
my @money = qw(spend cash_spend voucher_spend total_complete_payment_rate total_purchase_value total_onsite_shopping_value
	custom_page_events_value total_view_content_value ad_impression_ad_revenue_day2);
my %range = (start_date => '2024-05-17', end_date => '2024-06-15');

# Gives a decimal text as an integer without its point.
sub units
{
	my $text = shift;
	$text =~ s/\.//;
	return 0 + $text;
}

# Adds up metrics of rows by a key.
sub sums
{
	my ($key, @rows) = @_;
	my %sum;
	for my $row (@rows)
	{
		$sum{ $key->($row) }{$_} += units($row->{metrics}{$_}) for @additive, @money;
	}
	return \%sum;
}

my %by;
for my $id (qw(ad_id adgroup_id campaign_id advertiser_id))
{
	my @rows = $sim->all($report, $sim->report_params(id => $id, advertiser_id => $A, %range, metrics => [ @additive, @money ], page_size => 333));
	$by{$id} = sums(sub { $_[0]{dimensions}{stat_time_day} }, @rows);
	is(scalar(keys %{ $by{$id} }), 30, "$id: every day has rows");
	is_deeply([ sort keys %{ $rows[0]{dimensions} } ], [ sort $id, 'stat_time_day' ], "$id: dimensions");
	is_deeply([ sort keys %{ $rows[0]{metrics} } ], [ sort @additive, @money ], "$id: metrics");
	my %seen;
	is(scalar(grep { $seen{"$_->{dimensions}{$id} $_->{dimensions}{stat_time_day}"}++ } @rows), 0, "$id: no row twice");
}
is_deeply($by{$_}, $by{advertiser_id}, "$_ sums equal the advertiser's, day by day, to the cent") for qw(ad_id adgroup_id campaign_id);
my $day = (sort keys %{ $by{advertiser_id} })[3];
cmp_ok($by{advertiser_id}{$day}{$_}, '>', 0, "$_ is not all zero") for @additive, @money;
is($by{ad_id}{$day}{cash_spend} + $by{ad_id}{$day}{voucher_spend}, $by{ad_id}{$day}{spend}, 'cash and voucher make the spend');

# campaigns equal the sums of their ads
my %campaign_of = map { $_->{ad_id} => $_->{campaign_id} }
	$sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } });
my @ad_rows = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, metrics => [ @additive, @money ]));
my @campaign_rows = $sim->all($report, $sim->report_params(id => 'campaign_id', advertiser_id => $A, %range, metrics => [ @additive, @money ]));
is_deeply(sums(sub { $campaign_of{ $_[0]{dimensions}{ad_id} } . $_[0]{dimensions}{stat_time_day} }, @ad_rows),
	sums(sub { $_[0]{dimensions}{campaign_id} . $_[0]{dimensions}{stat_time_day} }, @campaign_rows), 'campaigns are the sums of their ads');

# hours sum to days; a day of 23 hours when clocks go forward; the part of today
for my $case ([ '2024-06-10', 24 ], [ '2024-03-10', 23 ], [ '2024-06-15', 3 ])
{
	my ($date, $hours) = @$case;
	my %day = (start_date => $date, end_date => $date, advertiser_id => $A, metrics => [ @additive, @money ]);
	my @hour = $sim->all($report, $sim->report_params(%day, dimensions => [qw(ad_id stat_time_hour)]));
	my @day = $sim->all($report, $sim->report_params(%day));
	is_deeply(sums(sub { $_[0]{dimensions}{ad_id} }, @hour), sums(sub { $_[0]{dimensions}{ad_id} }, @day), "$date: hours sum to the day for every ad");
	my %hour = map { $_->{dimensions}{stat_time_hour} => 1 } @hour;
	is(scalar(keys %hour), $hours, "$date has $hours hours");
	is(scalar(grep { !/^$date \d\d:00:00$/ } keys %hour), 0, "$date: hours have their form");
	ok(!$hour{"$date 02:00:00"}, "$date has no 02:00") if $hours == 23;
}

# days sum to totals, and total_metrics
my $total = $sim->get($report, $sim->report_params(advertiser_id => $A, %range, metrics => [ @additive, @money ], dimensions => ['ad_id'], enable_total_metrics => 'true'));
my $none = sums(sub { 'all' }, @{ $total->{data}{list} });
is_deeply($none->{all}, sums(sub { 'all' }, @ad_rows)->{all}, 'days sum to rows without time');
is_deeply({ map { $_ => units($total->{data}{total_metrics}{$_}) } @additive, @money }, $none->{all}, 'total_metrics is the sum of the rows');
my $paged = $sim->get($report, $sim->report_params(advertiser_id => $A, %range, enable_total_metrics => 'true', metrics => ['spend'], page_size => 3));
is(units($paged->{data}{total_metrics}{spend}), $none->{all}{spend}, 'total_metrics does not depend on the page');
is(scalar @{ $total->{data}{list} }, scalar(keys %campaign_of), 'with only the ID dimension every ad has a row');
my @future = $sim->all($report, $sim->report_params(advertiser_id => $A, start_date => '2024-06-16', end_date => '2024-06-20'));
is(scalar @future, 0, 'days after today have no rows');
my ($life) = $sim->all($report, { advertiser_id => $A, report_type => 'BASIC', data_level => 'AUCTION_ADVERTISER', dimensions => ['advertiser_id'], query_lifetime => 'true', metrics => [ 'spend' ] });
my ($year) = $sim->all($report, { advertiser_id => $A, report_type => 'BASIC', data_level => 'AUCTION_ADVERTISER', dimensions => ['advertiser_id'], start_date => '2023-06-17', end_date => '2024-06-15', metrics => ['spend'] });
is_deeply($life, $year, 'the lifetime is all of the history');
my @plain = $sim->all($report, { advertiser_id => $A, report_type => 'BASIC', data_level => 'AUCTION_ADVERTISER', dimensions => ['stat_time_day'], %range, metrics => ['spend'] });
is_deeply({ map { $_->{dimensions}{stat_time_day} => units($_->{metrics}{spend}) } @plain }, { map { $_ => $by{ad_id}{$_}{spend} } keys %{ $by{ad_id} } }, 'time alone as dimension');

# ratios are those of the sums
my @ratio = qw(ctr cpc cpm cost_per_conversion conversion_rate result_rate cost_per_result frequency complete_payment_roas value_per_complete_payment average_video_play);
my @rows = $sim->all($report, $sim->report_params(id => 'campaign_id', advertiser_id => $A, %range, metrics => [ @ratio, 'reach', @additive, @money ]));
my %wrong;
for my $row (@rows)
{
	my $m = $row->{metrics};
	my $cent = units($m->{spend});
	# half up, in integers
	my $round = sub { my ($above, $below) = @_; $below ? int((2 * $above + $below) / (2 * $below)) : 0 };
	my %want = (ctr => $round->(10000 * $m->{clicks}, $m->{impressions}), cpc => $round->($cent, $m->{clicks}),
		cpm => $round->(1000 * $cent, $m->{impressions}), cost_per_conversion => $round->($cent, $m->{conversion}),
		conversion_rate => $round->(10000 * $m->{conversion}, $m->{impressions}), result_rate => $round->(10000 * $m->{result}, $m->{impressions}),
		cost_per_result => $round->(10 * $cent, $m->{result}), frequency => $round->(100 * $m->{impressions}, $m->{reach}),
		complete_payment_roas => $round->(100 * units($m->{total_complete_payment_rate}), $cent),
		value_per_complete_payment => $round->(units($m->{total_complete_payment_rate}), $m->{complete_payment}));
	for (keys %want)
	{
		$wrong{$_}++ if units($m->{$_}) != $want{$_};
	}
	$wrong{reach}++ if $m->{reach} > $m->{impressions} || $m->{reach} < 1;
	$wrong{funnel}++ if $m->{clicks} > $m->{impressions} || $m->{video_views_p100} > $m->{video_views_p25} || $m->{video_views_p25} > $m->{video_play_actions};
	$wrong{form}++ if grep { $m->{$_} !~ /^\d+\.\d\d$/ } 'spend', 'ctr', 'cpc', 'average_video_play';
}
is_deeply(\%wrong, {}, 'ratios are computed from sums, half up');
my ($whole) = @{ $sim->get($report, $sim->report_params(id => 'campaign_id', advertiser_id => $A, %range, dimensions => ['campaign_id'], metrics => ['reach'], order_field => 'reach'))->{data}{list} };
my $campaign = $whole->{dimensions}{campaign_id};
my $reach = 0;
$reach += $_->{metrics}{reach} for grep { $_->{dimensions}{campaign_id} eq $campaign } @rows;
cmp_ok($whole->{metrics}{reach}, '<', $reach, 'reach does not add up over days');

# the keys of a recorded body, and what is not available
my @recorded = qw(cpm shares real_time_cost_per_result video_views_p75 follows comments mobile_app_id tt_app_id video_watched_6s
	cost_per_result average_video_play_per_user cta_purchase real_time_conversion real_time_cost_per_conversion promotion_type
	video_views_p50 cost_per_secondary_goal_result ctr real_time_result_rate real_time_app_install_cost impressions conversion
	cta_conversion placement_type profile_visits result cost_per_1000_reached video_views_p25 campaign_id vta_purchase tt_app_name
	onsite_shopping total_pageview cpc complete_payment dpa_target_audience_type total_onsite_shopping_value vta_conversion spend
	real_time_result secondary_goal_result_rate conversion_rate secondary_goal_result adgroup_name total_purchase_value result_rate
	ad_text ad_name likes video_watched_2s real_time_app_install reach total_complete_payment_rate clicks cost_per_conversion
	app_install real_time_conversion_rate video_play_actions value_per_complete_payment frequency average_video_play
	video_views_p100 clicks_on_music_disc adgroup_id campaign_name);
@rows = $sim->all($report, $sim->report_params(advertiser_id => $A, start_date => '2024-06-10', end_date => '2024-06-10', dimensions => [qw(ad_id stat_time_hour)], metrics => \@recorded));
is_deeply([ sort keys %{ $rows[0]{metrics} } ], [ sort @recorded ], 'a recorded body of ads by hour has the same metrics');
my %goal = map { $_->{metrics}{secondary_goal_result} eq '-' ? (none => 1) : (some => 1) } @rows;
is_deeply(\%goal, { none => 1, some => 1 }, 'the secondary goal is "-" where there is none');
is(scalar(grep { ($_->{metrics}{secondary_goal_result} eq '-') != ($_->{metrics}{cost_per_secondary_goal_result} eq '-') } @rows), 0, 'with its cost');
my %names = map { $_->{ad_id} => "$_->{ad_name}/$_->{adgroup_name}/$_->{campaign_name}" } $sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } });
is(scalar(grep { $names{ $_->{dimensions}{ad_id} } ne join '/', @{ $_->{metrics} }{qw(ad_name adgroup_name campaign_name)} } @rows), 0, 'names are those of the entities');

# yen have no decimals
my ($yens) = $sim->all($report, $sim->report_params(id => 'advertiser_id', advertiser_id => $yen, start_date => '2024-06-10', end_date => '2024-06-10', metrics => [qw(spend cpc clicks total_complete_payment_rate)]));
like($yens->{metrics}{spend}, qr/^\d+$/, 'spend in yen has no decimals');
like($yens->{metrics}{cpc}, qr/^\d+\.\d\d$/, 'averages have');
is(units($yens->{metrics}{cpc}), int((200 * $yens->{metrics}{spend} + $yens->{metrics}{clicks}) / (2 * $yens->{metrics}{clicks})), 'and are right');

# deleted ads are left out unless asked for
my %deleted = map { $_->{ad_id} => 1 } $sim->all('ad/get/', { advertiser_id => $A, filtering => { primary_status => 'STATUS_DELETE' } });
my @standard = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, filtering => undef, dimensions => ['ad_id']));
is(scalar(grep { $deleted{ $_->{dimensions}{ad_id} } } @standard), 0, 'by default no deleted ad is reported');
my @gone = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, dimensions => ['ad_id'], filtering => [ { field_name => 'ad_status', filter_type => 'IN', filter_value => '["STATUS_DELETE"]' } ]));
is_deeply([ sort map { $_->{dimensions}{ad_id} } @gone ], [ sort keys %deleted ], 'STATUS_DELETE reports them');
cmp_ok(scalar(keys %deleted), '>', 0, 'and there are some');
my @of = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, dimensions => ['ad_id'], filtering => [
	{ field_name => 'campaign_ids', filter_type => 'IN', filter_value => encode_json([$campaign]) },
	{ field_name => 'ad_status', filter_type => 'IN', filter_value => '["STATUS_ALL"]' } ]));
is_deeply([ sort map { $_->{dimensions}{ad_id} } @of ], [ sort grep { $campaign_of{$_} eq $campaign } keys %campaign_of ], 'campaign_ids filters a report of ads');

# pages and order
my @one = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, page_size => 1000));
my @small = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, page_size => 97));
is_deeply(\@small, \@one, 'pages of any size give the same rows');
my $info = $sim->get($report, $sim->report_params(advertiser_id => $A, %range, page_size => 97, page => 2))->{data}{page_info};
is_deeply($info, { page => 2, page_size => 97, total_number => scalar @one, total_page => int((@one + 96) / 97) }, 'page_info');
my @ordered = $sim->all($report, $sim->report_params(advertiser_id => $A, %range, page_size => 97, order_field => 'spend', order_type => 'ASC'));
my @spend = map { units($_->{metrics}{spend}) } @ordered;
is_deeply(\@spend, [ sort { $a <=> $b } map { units($_->{metrics}{spend}) } @one ], 'order_field orders all pages');
my $default = $sim->get($report, { advertiser_id => $A, report_type => 'BASIC', data_level => 'AUCTION_AD', dimensions => ['ad_id'], start_date => '2024-06-10', end_date => '2024-06-10' });
is_deeply([ sort keys %{ $default->{data}{list}[0]{metrics} } ], [qw(impressions spend)], 'spend and impressions are the default');
is(scalar @{ $default->{data}{list} }, 10, 'ten rows are the default');

# what is too much is cut off, with a header
$sim->control(object_limit => 20);
my $cut = $sim->raw($report, $sim->report_params(advertiser_id => $A, %range, dimensions => ['ad_id']));
ok($cut->{headers}{'x-tt-ads-throttle'}, 'the header tells of a cut');
my @kept = map { $_->{dimensions}{ad_id} } @{ decode_json($cut->{content})->{data}{list} };
is_deeply(\@kept, [ (sort { $b cmp $a } keys %campaign_of)[ 0 .. 19 ] ], 'the newest objects remain');
$sim->control(object_limit => 20000);
ok(!$sim->raw($report, $sim->report_params(advertiser_id => $A, %range))->{headers}{'x-tt-ads-throttle'}, 'no header without a cut');

# strictness
my %d = (advertiser_id => $A, start_date => '2024-06-01', end_date => '2024-06-10');
my @filter = (field_name => 'ad_status', filter_type => 'IN');
my @bad = (
	[ 'unknown parameter', { %d, filters => '[]' }, 40002, qr/^filters: Unknown/ ],
	[ 'unknown metric', { %d, metrics => [qw(spend colour)] }, 40002, qr/'colour'/ ],
	[ 'metric of another report', { %d, metrics => ['tax_spend'] }, 40002, qr/tax_spend/ ],
	[ 'attribute without an ID', { %d, dimensions => ['stat_time_day'], metrics => ['campaign_name'] }, 40002, qr/ID dimension/ ],
	[ 'attribute below the level', { %d, id => 'campaign_id', metrics => ['ad_name'] }, 40002, qr/data_level/ ],
	[ 'dimension of another level', { %d, dimensions => [qw(campaign_id stat_time_day)] }, 40002, qr/data_level/ ],
	[ 'two IDs', { %d, dimensions => [qw(ad_id campaign_id)] }, 40002, qr/data_level/ ],
	[ 'two times', { %d, dimensions => [qw(ad_id stat_time_day stat_time_hour)] }, 40002, qr/time dimension/ ],
	[ 'unknown dimension', { %d, dimensions => ['planet'] }, 40002, qr/'planet'/ ],
	[ 'no dimensions', { %d, dimensions => undef }, 40002, qr/^dimensions: Missing/ ],
	[ 'dimensions without JSON', { %d, dimensions => 'ad_id' }, 40002, qr/^dimensions: Field must be set to array/ ],
	[ 'metrics without JSON', { %d, metrics => 'spend,clicks' }, 40002, qr/^metrics: Field must be set to array/ ],
	[ 'metrics hold a number', { %d, metrics => [1] }, 40002, qr/^metrics: / ],
	[ '31 days by day', { %d, start_date => '2024-05-11' }, 40002, qr/30 days/ ],
	[ '2 days by hour', { %d, dimensions => [qw(ad_id stat_time_hour)], start_date => '2024-06-09' }, 40002, qr/1 day/ ],
	[ '366 days', { %d, dimensions => ['ad_id'], start_date => '2023-06-11' }, 40002, qr/365 days/ ],
	[ 'inverted range', { %d, start_date => '2024-06-11' }, 40002, qr/^end_date/ ],
	[ 'no date', { %d, end_date => undef }, 40002, qr/^end_date: Missing/ ],
	[ 'no such date', { %d, end_date => '2024-02-30' }, 40002, qr/^end_date: Not a valid date/ ],
	[ 'date in another form', { %d, end_date => '2024-6-1' }, 40002, qr/^end_date: Not a valid date/ ],
	[ 'lifetime by day', { %d, query_lifetime => 'true' }, 40002, qr/^query_lifetime/ ],
	[ 'page_size 1001', { %d, page_size => 1001 }, 40002, qr/^page_size/ ],
	[ 'page is a word', { %d, page => 'one' }, 40002, qr/^page: Not a valid integer/ ],
	[ 'unknown level', { %d, data_level => 'AD' }, 40002, qr/^data_level/ ],
	[ 'unknown report type', { %d, report_type => 'X' }, 40002, qr/^report_type/ ],
	[ 'removed service type', { %d, service_type => 'RESERVATION' }, 40002, qr/^service_type/ ],
	[ 'order by an attribute', { %d, order_field => 'ad_name' }, 40002, qr/^order_field/ ],
	[ 'total without an ID', { %d, dimensions => ['stat_time_day'], enable_total_metrics => 'true' }, 40002, qr/^enable_total/ ],
	[ 'status of another level', { %d, filtering => [ { @filter, field_name => 'campaign_status', filter_value => '["STATUS_ALL"]' } ] }, 40002, qr/data_level/ ],
	[ 'filter_value is no string', { %d, filtering => [ { @filter, filter_value => ['STATUS_ALL'] } ] }, 40002, qr/filter_value: Not a valid string/ ],
	[ 'filter_value holds no JSON', { %d, filtering => [ { @filter, filter_value => 'STATUS_ALL' } ] }, 40002, qr/holds JSON/ ],
	[ 'filter_value is no array', { %d, filtering => [ { @filter, filter_value => '"STATUS_ALL"' } ] }, 40002, qr/array/ ],
	[ 'filter without type', { %d, filtering => [ { field_name => 'ad_status', filter_value => '[]' } ] }, 40002, qr/filter_type: Missing/ ],
	[ 'filtering is an object', { %d, filtering => { ad_status => 'STATUS_ALL' } }, 40002, qr/^filtering: Field must be set to array/ ],
	[ 'unknown filter', { %d, filtering => [ { @filter, field_name => 'x', filter_value => '[]' } ] }, 40002, qr/'x'/ ],
	[ 'unknown advertiser', { %d, advertiser_id => '123' }, 40001, qr/123/ ],
	[ 'no advertiser', { %d, advertiser_id => undef }, 40002, qr/^advertiser_id: Missing/ ],
	[ 'a report that is not simulated', { %d, report_type => 'CATALOG' }, 40008, qr/not simulated/ ],
	[ 'a breakdown that is not simulated', { %d, dimensions => [qw(ad_id ad_id_v2)] }, 40008, qr/not simulated/ ],
);
for my $case (@bad)
{
	my ($name, $change, $code, $message) = @$case;
	my $reply = $sim->get($report, $sim->report_params(%$change));

	is($reply->{code}, $code, "$name: code");
	like($reply->{message}, $message, "$name: message");
}
is($sim->get($report, $sim->report_params(%d, start_date => '2024-05-12'))->{code}, 0, '30 days by day are allowed');
is($sim->get($report, $sim->report_params(%d, dimensions => ['ad_id'], start_date => '2023-06-12'))->{code}, 0, '365 days without time are allowed');

# the same seed gives the same bytes, another seed others
my $same = Simulator->new(@options);
my $other = Simulator->new(@options, '--seed' => 2);
my %want = (%{ $sim->report_params(advertiser_id => $A, %range, metrics => [ @additive, @money ]) });
my @bodies = map { my $c = $_->raw($report, \%want)->{content}; $c =~ s/"request_id":"\w+"//; $c } $sim, $same;
# a text may hold colons and braces, so objects are read member by member
my $strings = qr/\{(?:"\w+":"(?:[^"\\]|\\.)*+",?)*+\}/;
my ($objects, $others) = (0, 0);
$bodies[0] =~ /\G$strings/gc ? $objects++ : $others++ while $bodies[0] =~ /"(?:metrics|dimensions)":/gc;
is("$objects $others", '2000 0', 'all metrics and dimensions are strings');
ok($bodies[0] eq $bodies[1], 'the same seed gives the same bytes');
isnt(join(',', $other->advertisers), join(',', $sim->advertisers), 'another seed gives other accounts');

# a fixed start keeps data when the clock starts later
my @fixed = ('--start' => '2024-03-01', '--days' => 60, '--freeze', '--tier' => 'unlimited', '--ads' => 30);
my ($early, $late) = map { Simulator->new(@fixed, '--now' => $_) } '2024-05-01 00:00:00', '2024-05-20 12:00:00';
my ($first) = $early->advertisers;
my @old = map { [ $_->all($report, $_->report_params(advertiser_id => $first, start_date => '2024-03-10', end_date => '2024-03-20', metrics => [qw(spend conversion)])) ] } $early, $late;
is_deeply($old[1], $old[0], 'with --start, final days are the same whenever the clock starts');
cmp_ok(scalar @{ $old[0] }, '>', 100, 'and there are some');

# dense data have a row for every ad and day
my $dense = Simulator->new(@options, '--dense');
is($dense->get($report, $dense->report_params(advertiser_id => ($dense->advertisers)[0], start_date => '2024-05-15', end_date => '2024-06-13'))->{data}{page_info}{total_number}, 60 * 30, '--dense has ads x days rows');

# gzip on request
my $gzip = $sim->raw($report, \%want, { 'Accept-Encoding' => 'gzip' });
is($gzip->{headers}{'content-encoding'}, 'gzip', 'gzip when the client asks');
require IO::Uncompress::Gunzip;
IO::Uncompress::Gunzip::gunzip(\$gzip->{content} => \my $plain) or die;
$plain =~ s/"request_id":"\w+"//;
ok($plain eq $bodies[0], 'and the same text inside');
ok(!$sim->raw($report, \%want)->{headers}{'content-encoding'}, 'no gzip otherwise');
my $never = Simulator->new(@options, '--no-gzip');
ok(!$never->raw($report, \%want, { 'Accept-Encoding' => 'gzip' })->{headers}{'content-encoding'}, 'never with --no-gzip');
done_testing;
