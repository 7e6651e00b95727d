# Authorisation and entity lists: shapes, types, pages, filters, strictness.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use Simulator;

my $sim = Simulator->new('--now' => '2024-06-15 10:30:00', '--freeze', '--tier' => 'unlimited', '--advertisers' => 4);
my ($A, @others) = $sim->advertisers;

# Sends a POST request with a JSON body.
sub post
{
	my ($path, $body, $type) = @_;
	my $response = $sim->{http}->post($sim->{base} . $path, { content => ref $body ? encode_json($body) : $body,
		headers => { 'Content-Type' => $type || 'application/json' } });
	is($response->{status}, 200, "POST is answered with HTTP 200");
	return decode_json($response->{content});
}

# token exchange
my %exchange = (app_id => '7100000000000000001', secret => 'simulator-secret', auth_code => 'simulator-auth-code');
is(post('oauth2/access_token/', { %exchange, secret => 'x' })->{code}, 40101, 'wrong secret');
is(post('oauth2/access_token/', { %exchange, auth_code => 'x' })->{code}, 40110, 'wrong auth code');
is(post('oauth2/access_token/', { %exchange, app_id => '1' })->{code}, 40113, 'wrong app');
is(post('oauth2/access_token/', { %exchange, colour => 1 })->{code}, 40002, 'unknown member');
is(post('oauth2/access_token/', { app_id => '1' })->{code}, 40002, 'missing member');
is(post('oauth2/access_token/', 'no json')->{code}, 40002, 'body is not JSON');
is(post('oauth2/access_token/', \%exchange, 'text/plain')->{code}, 40002, 'wrong content type');
my $token = post('oauth2/access_token/', \%exchange);
is($token->{data}{access_token}, 'simulator-token', 'token is exchanged');
is_deeply($token->{data}{advertiser_ids}, [ $A, @others ], 'token comes with its ad accounts');
is(ref $token->{data}{scope}, 'ARRAY', 'token has scopes');
is(post('oauth2/access_token/', \%exchange)->{code}, 40110, 'auth code is good once');

# advertisers
my %app = (app_id => '7100000000000000001', secret => 'simulator-secret');
my $list = $sim->get('oauth2/advertiser/get/', \%app);
is_deeply([ map { $_->{advertiser_id} } @{ $list->{data}{list} } ], [ $A, @others ], 'oauth2/advertiser/get lists them');
is_deeply([ sort keys %{ $list->{data}{list}[0] } ], [qw(advertiser_id advertiser_name)], 'its rows have two fields');
my $info = $sim->get('advertiser/info/', { advertiser_ids => [ $A, @others ] });
my @info = @{ $info->{data}{list} };
is_deeply([ map { $_->{currency} } @info ], [qw(USD EUR JPY GBP)], 'currencies differ');
is_deeply([ map { $_->{display_timezone} } @info ], [qw(America/Los_Angeles Europe/Berlin Asia/Tokyo Europe/London)], 'zones differ');
is_deeply([ map { $_->{timezone} } @info ], [qw(Etc/GMT+8 Etc/GMT-1 Etc/GMT-9 Etc/GMT)], 'POSIX zones have the inverted sign');
like(encode_json([ $info[0]{create_time} ]), qr/^\[\d{10}\]$/, 'create_time of an ad account is an epoch number');
is_deeply([ sort keys %{ $sim->get('advertiser/info/', { advertiser_ids => [$A], fields => [qw(name currency)] })->{data}{list}[0] } ],
	[qw(currency name)], 'fields chooses fields');
my $once = $sim->raw('campaign/get/', { advertiser_id => $A, fields => [qw(budget campaign_id budget)], page_size => 1 })->{content};
is(scalar(() = $once =~ /"budget":/g), 1, 'a field that is asked for twice comes once');

# keys that were seen in recorded bodies
my %recorded = (
	campaign => [qw(advertiser_id campaign_id campaign_name campaign_type budget budget_mode secondary_status operation_status
		objective objective_type app_promotion_type deep_bid_type roas_bid is_new_structure create_time modify_time
		is_search_campaign is_smart_performance_campaign rf_campaign_type)],
	adgroup => [qw(advertiser_id campaign_id adgroup_id adgroup_name create_time modify_time promotion_type app_id pixel_id
		placement_type placements location_ids languages age_groups gender budget budget_mode schedule_type
		schedule_start_time schedule_end_time dayparting optimization_goal bid_price billing_event pacing
		operation_status secondary_status skip_learning_phase category_id keywords conversion_window included_custom_actions
		excluded_custom_actions excluded_audience_ids category_exclusion_ids actions frequency)],
	ad => [qw(advertiser_id campaign_id campaign_name adgroup_id adgroup_name ad_id ad_name create_time modify_time
		identity_type identity_id ad_format video_id image_ids ad_text ad_texts call_to_action landing_page_url
		page_id tracking_pixel_id operation_status secondary_status is_aco avatar_icon_web_uri profile_image_url creative_authorized)],
);
my $strange = 0;
for my $kind (qw(campaign adgroup ad))
{
	my @rows = $sim->all("$kind/get/", { advertiser_id => $A, page_size => 7 });
	my @missing = grep { !exists $rows[0]{$_} } @{ $recorded{$kind} };
	my $counts = $sim->control(advertisers => 1)->{advertisers}[0];
	my @ids = map { $_->{"${kind}_id"} } @rows;

	is("@missing", '', "$kind has the keys of recorded bodies");
	is(scalar @rows, $counts->{"${kind}s"}, "$kind/get gives every $kind that is not deleted, over pages");
	is_deeply(\@ids, [ sort { $b cmp $a } @ids ], "$kind rows come by id, descending");
	is(scalar(grep { !/^\d{19}$/ } @ids), 0, "$kind ids are strings of 19 digits");
	is(scalar(grep { $_->{create_time} !~ /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/ } @rows), 0, "$kind times have their form");
	$strange += grep { $_->{"${kind}_name"} =~ /[^\x00-\x7f"\\]/ } @rows;
	my @deleted = $sim->all("$kind/get/", { advertiser_id => $A, filtering => { primary_status => 'STATUS_DELETE' } });
	my @all = $sim->all("$kind/get/", { advertiser_id => $A, filtering => { primary_status => 'STATUS_ALL' } });
	is(scalar @deleted, $counts->{"deleted_${kind}s"}, "STATUS_DELETE gives the deleted of $kind");
	is(scalar @all, @rows + @deleted, "STATUS_ALL gives all of $kind");
	is(scalar(grep { $_->{secondary_status} !~ /_STATUS_DELETE$/ || $_->{operation_status} ne 'DELETE' } @deleted), 0,
		"deleted of $kind say so") if @deleted;
}
cmp_ok($strange, '>', 50, 'names hold more than ASCII');
my @ads = $sim->all('ad/get/', { advertiser_id => $A });
cmp_ok(scalar(grep { !defined $_->{modify_time} } @ads), '>', 0, 'some Smart+ ads have no modify_time');
cmp_ok(scalar(grep { defined $_->{modify_time} } @ads), '>', 200, 'most ads have one');
like(encode_json([ $ads[0]{tracking_pixel_id} ]), qr/^\[\d+\]$/, 'tracking_pixel_id is a number');
my @campaigns = $sim->all('campaign/get/', { advertiser_id => $A });
my $cbo = grep { exists $_->{budget_optimize_on} } @campaigns;
ok($cbo > 0 && $cbo < @campaigns, 'budget_optimize_on is present only with budget optimisation');
my @short = $sim->all('ad/get/', { advertiser_id => $A, exclude_field_types_in_response => ['NULL_FIELD'] });
is(scalar(grep { my $r = $_; grep { !defined } values %$r } @short), 0, 'NULL_FIELD leaves nulls out');

# filters, worked out from the whole list
my ($some) = grep { $_->{campaign_id} } @ads;
my @expected = map { $_->{ad_id} } grep { $_->{campaign_id} eq $some->{campaign_id} } @ads;
is_deeply([ map { $_->{ad_id} } $sim->all('ad/get/', { advertiser_id => $A, filtering => { campaign_ids => [ $some->{campaign_id} ] } }) ],
	\@expected, 'campaign_ids filters ads');
my $limit = '2024-05-01 00:00:00';
@expected = map { $_->{ad_id} } grep { defined $_->{modify_time} && $_->{modify_time} ge $limit } @ads;
my %after = map { $_->{ad_id} => 1 } $sim->all('ad/get/', { advertiser_id => $A, filtering => { modified_after => $limit } });
is(scalar(grep { !$after{$_} } @expected), 0, 'modified_after gives all ads modified since');
is(scalar(grep { $after{ $_->{ad_id} } && defined $_->{modify_time} && $_->{modify_time} lt $limit } @ads), 0, 'and no others');
my $empty = $sim->get('campaign/get/', { advertiser_id => $A, filtering => { buying_types => ['RESERVATION_RF'] } });
is_deeply($empty->{data}, { list => [], page_info => { page => 1, page_size => 10, total_number => 0, total_page => 0 } }, 'an empty list');
is_deeply($sim->get('campaign/get/', { advertiser_id => $A, page => 9999 })->{data}{list}, [], 'a page behind the last is empty');

# strictness
my @bad = (
	[ 'unknown parameter', 'ad/get/', { advertiser_id => $A, colour => 'red' }, 40002, qr/^colour: / ],
	[ 'no advertiser', 'ad/get/', {}, 40002, qr/^advertiser_id: Missing/ ],
	[ 'unknown advertiser', 'ad/get/', { advertiser_id => '7000000000000000009' }, 40001, qr/7000000000000000009/ ],
	[ 'advertiser is no id', 'ad/get/', { advertiser_id => 'x' }, 40002, qr/^advertiser_id: / ],
	[ 'page_size over 1000', 'ad/get/', { advertiser_id => $A, page_size => 1001 }, 40002, qr/^page_size: / ],
	[ 'page 0', 'ad/get/', { advertiser_id => $A, page => 0 }, 40002, qr/^page: / ],
	[ 'fields without JSON', 'ad/get/', { advertiser_id => $A, fields => 'ad_id' }, 40002, qr/^fields: Field must be set to array/ ],
	[ 'unknown field', 'ad/get/', { advertiser_id => $A, fields => ['x'] }, 40002, qr/^fields: 'x'/ ],
	[ 'filtering is an array', 'ad/get/', { advertiser_id => $A, filtering => [] }, 40002, qr/^filtering: / ],
	[ 'unknown filter', 'ad/get/', { advertiser_id => $A, filtering => { x => 1 } }, 40002, qr/^filtering\.x: / ],
	[ 'bad status', 'ad/get/', { advertiser_id => $A, filtering => { primary_status => 'X' } }, 40002, qr/^filtering\.primary_status: / ],
	[ 'too many ids', 'ad/get/', { advertiser_id => $A, filtering => { ad_ids => [ map { "$_" } 1 .. 101 ] } }, 40002, qr/^filtering\.ad_ids: Length/ ],
	[ 'filter of another level', 'campaign/get/', { advertiser_id => $A, filtering => { ad_ids => ['1'] } }, 40002, qr/ad_ids: Unknown/ ],
	[ 'a filter that is not simulated', 'campaign/get/', { advertiser_id => $A, filtering => { split_test_enabled => JSON::PP::true } }, 40008, qr/^filtering\.split_test_enabled: / ],
	[ 'bad time', 'ad/get/', { advertiser_id => $A, filtering => { modified_after => '2024-13-01 00:00:00' } }, 40002, qr/modified_after/ ],
	[ 'TOP_VIEW not alone', 'campaign/get/', { advertiser_id => $A, filtering => { buying_types => [qw(AUCTION RESERVATION_TOP_VIEW)] } }, 40002, qr/only value/ ],
	[ 'no trailing slash', 'ad/get', { advertiser_id => $A }, 40400, qr/Route/ ],
	[ 'unknown path', 'ad/fetch/', {}, 40400, qr/Route/ ],
	[ 'advertiser_ids without JSON', 'advertiser/info/', { advertiser_ids => $A }, 40002, qr/Field must be set to array/ ],
	[ 'too many advertisers', 'advertiser/info/', { advertiser_ids => [ ($A) x 101 ] }, 40011, qr/^advertiser_ids: / ],
	[ 'one foreign advertiser', 'advertiser/info/', { advertiser_ids => [ $A, '123' ] }, 40001, qr/123/ ],
	[ 'wrong secret', 'oauth2/advertiser/get/', { %app, secret => 'x' }, 40101, qr/secret/ ],
);
for my $case (@bad)
{
	my ($name, $path, $param, $code, $message) = @$case;
	my $response = $sim->raw($path, $param);
	my $reply = decode_json($response->{content});

	is("$response->{status} $reply->{code}", "200 $code", "$name: code $code");
	like($reply->{message}, $message, "$name: message");
}
is($sim->get('ad/get/', { advertiser_id => $A }, { 'Access-Token' => undef })->{code}, 40104, 'no token');
is($sim->get('ad/get/', { advertiser_id => $A }, { 'Access-Token' => 'x' })->{code}, 40105, 'wrong token');
is($sim->{http}->get("http://127.0.0.1:$sim->{port}/other")->{status}, 200, 'even a foreign path has an envelope');
my $twice = decode_json($sim->{http}->get("$sim->{base}ad/get/?advertiser_id=$A&page=1&page=2", { headers => { 'Access-Token' => 'simulator-token' } })->{content});
is($twice->{code}, 40002, 'a parameter given twice');
is_deeply([ sort keys %$twice ], [qw(code data message request_id)], 'the envelope has its members');
is_deeply($twice->{data}, {}, 'data are empty on errors');
done_testing;
