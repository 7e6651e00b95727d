# GMV Max by product and by creative: streams that go through the rows of other reports.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use HTTP::Tiny;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my ($campaigns, $products, $creatives) = map { "report_gmv_max_${_}_daily" } qw(campaign product creative);
my @chain = ('gmv_max_store', $campaigns, $products, $creatives);
my $simulator = start_simulator('--advertisers', '2', '--ads', '5', '--days', '60', '--freeze');
my $node = start_node('gmv', streams => \@chain,
	conf => "shared_preload_libraries = 'tiktokads'\ntiktokads.databases = 'postgres'\ntiktokads.idle_exit = '1s'\ntiktokads.worker_enabled = off\n");
my $now = 1773576000;		# 2026-03-15 12:00:00 UTC
my $days = "from_date => '2026-03-01', to_date => '2026-03-14'";
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
sub value { return $node->safe_psql('postgres', $_[0]); }
sub refused { my ($result, $out, $err) = $node->psql('postgres', $_[0]); return $err; }
sub requests
{
	my ($endpoint) = grep { $_->{path} eq 'gmv_max/report/get/' } @{ decode_json(control($simulator, 'stats'))->{endpoints} };
	return $endpoint->{requests} // 0;
}

# The code and the rows that the API gives.
sub ask
{
	my ($account, $shop, $dimensions, $metrics, $filter, %more) = @_;
	my %query = (advertiser_id => $account, store_ids => encode_json([$shop]), dimensions => encode_json($dimensions), metrics => encode_json($metrics),
		start_date => '2026-03-01', end_date => '2026-03-14', page_size => 1000, $filter ? (filtering => encode_json($filter)) : (), %more);
	my $http = HTTP::Tiny->new(timeout => 60, default_headers => { 'Access-Token' => 'sim-token' });
	my $reply = decode_json($http->get("$simulator->{base}gmv_max/report/get/?" . $http->www_form_urlencode(\%query))->{content});
	return ($reply->{code}, $reply->{data}{list} // []);
}

# Moves the clocks of simulator and server.
sub clock_on
{
	my ($seconds) = @_;
	control($simulator, "advance=$seconds");
	$now += $seconds;
	$node->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . ($now - time()));
	$node->reload;
	$node->poll_query_until('postgres', "SELECT abs(extract(epoch FROM tiktokads.clock_now()) - $now) < 30");
	return;
}

# How many campaigns' days are not the sums of their products, and products' of their creatives.
my $sums = <<SQL;
SELECT (SELECT count(*) FROM tiktokads.$campaigns AS w
		FULL JOIN (SELECT advertiser_id, store_id, campaign_id, stat_date, sum(cost) AS cost, sum(orders) AS orders, sum(gross_revenue) AS gross_revenue
			FROM tiktokads.$products GROUP BY 1, 2, 3, 4) AS p USING (advertiser_id, store_id, campaign_id, stat_date)
		WHERE (w.cost, w.orders, w.gross_revenue) IS DISTINCT FROM (p.cost, p.orders, p.gross_revenue)),
	(SELECT count(*) FROM tiktokads.$products AS w
		FULL JOIN (SELECT advertiser_id, store_id, campaign_id, item_group_id, stat_date, sum(cost) AS cost, sum(orders) AS orders, sum(gross_revenue) AS gross_revenue
			FROM tiktokads.$creatives GROUP BY 1, 2, 3, 4, 5) AS p USING (advertiser_id, store_id, campaign_id, item_group_id, stat_date)
		WHERE (w.cost, w.orders, w.gross_revenue) IS DISTINCT FROM (p.cost, p.orders, p.gross_revenue))
SQL

# nothing is asked before it is known what to ask for
like(refused("CALL tiktokads.sync(stream => '$products', $days)"),
	qr/goes through stream "$campaigns", which has not read the days from 2026-03-01 to 2026-03-14/, 'products wait for campaigns');
is(requests(), 0, 'and nothing was asked');
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream LIKE 'report%'"), '0', 'nothing of it is due');

# one call reads the shops, then their campaigns, their products and their creatives
value("CALL tiktokads.sync($days)");
is(value("SELECT string_agg(DISTINCT state, ','), count(DISTINCT stream), count(*) FROM tiktokads.sync_history"), 'done|4|8', 'all was read in one call');
is(value(<<SQL), '0', 'each after what it goes through');
SELECT count(*) FROM tiktokads.sync_history AS h JOIN tiktokads.stream AS s ON s.stream = h.stream
	JOIN tiktokads.sync_history AS a ON a.stream = s.each_stream AND a.advertiser_id = h.advertiser_id AND a.state = 'done'
WHERE h.state = 'done' AND h.started_at < a.finished_at
SQL
is(value("SELECT count(DISTINCT campaign_id), count(DISTINCT (campaign_id, item_group_id)), min(cost) >= 0 FROM tiktokads.$products"), '6|280|t', 'every product of every campaign');
is(value($sums), '0|0', 'products add up to their campaign to the cent, creatives to their product');
cmp_ok(value("SELECT sum(orders) FROM tiktokads.$creatives"), '>', 1000, 'and there is something to add up');
is(value("SELECT count(*) FILTER (WHERE item_id = -1), count(*) FILTER (WHERE item_id <= 0 AND item_id <> -1) FROM tiktokads.$creatives"),
	value("SELECT count(*), 0 FROM tiktokads.$products"), 'the product card is one of the creatives');
is(value("SELECT count(DISTINCT p.campaign_id) FROM tiktokads.$products AS p JOIN tiktokads.advertiser USING (advertiser_id) WHERE campaign_id IN"
	  . " (SELECT campaign_id FROM tiktokads.$creatives GROUP BY 1 HAVING count(DISTINCT item_group_id) = 6)"), '2', 'those of deleted campaigns too');

# as many requests as shops, campaigns, and hundreds of products, and what they have in pages
is(requests(), value(<<SQL), 'products are asked for by campaign, creatives by a hundred products of it');
SELECT 4 + (SELECT sum(ceil(n / 1000.0)) FROM (SELECT count(*) AS n FROM tiktokads.$products GROUP BY advertiser_id, campaign_id) AS p)
	+ (SELECT sum(ceil(n / 1000.0)) FROM (SELECT sum(c.n) AS n
		FROM (SELECT advertiser_id, campaign_id, item_group_id, count(*) AS n, (row_number() OVER (PARTITION BY advertiser_id, campaign_id ORDER BY item_group_id::text) - 1) / 100 AS batch
			FROM tiktokads.$creatives GROUP BY 1, 2, 3) AS c GROUP BY advertiser_id, campaign_id, batch) AS b)
SQL
is(value("SELECT count(*), count(DISTINCT lead_values), max(cardinality(last_values)), sum(cardinality(last_values)) FROM tiktokads.each_part('$creatives', (SELECT min(advertiser_id) FROM tiktokads.advertiser), '2026-03-01', '2026-03-14')"),
	'4|3|100|140', 'more products than a request takes are asked for by several');
value("INSERT INTO tiktokads.stream_override (stream, each_batch) VALUES ('$creatives', 50) ON CONFLICT (stream) DO UPDATE SET each_batch = 50");
is(value("SELECT count(*) FROM tiktokads.each_part('$creatives', (SELECT min(advertiser_id) FROM tiktokads.advertiser), '2026-03-01', '2026-03-14')"), '5', 'how many is yours to change');
value("UPDATE tiktokads.stream_override SET each_batch = NULL");

# the same of the API itself, asked in another way: no days, one product or creative at a time
my ($account, $shop, $campaign) = split /\|/, value("SELECT advertiser_id, store_id, campaign_id FROM tiktokads.$products GROUP BY 1, 2, 3 HAVING count(DISTINCT item_group_id) = 4 ORDER BY 1 LIMIT 1");
my ($code, $rows) = ask($account, $shop, ['item_group_id'], [ 'cost', 'orders', 'gross_revenue', 'product_name' ], { campaign_ids => [$campaign] });
is(join("\n", sort map { join('|', $_->{dimensions}{item_group_id}, map { 0 + $_ } @{ $_->{metrics} }{qw(cost orders gross_revenue)}) } @$rows),
	join("\n", sort map { my @f = split /\|/; join('|', $f[0], map { 0 + $_ } @f[ 1 .. 3 ]) } split /\n/,
		value("SELECT item_group_id, sum(cost), sum(orders), sum(gross_revenue) FROM tiktokads.$products WHERE campaign_id = $campaign GROUP BY 1")),
	'products are what the API says of all days at once');
my $product = $rows->[1]{dimensions}{item_group_id};
($code, $rows) = ask($account, $shop, ['item_id'], [ 'cost', 'product_clicks', 'product_impressions' ], { campaign_ids => [$campaign], item_group_ids => [$product] });
is(join("\n", sort map { join('|', $_->{dimensions}{item_id}, map { 0 + $_ } @{ $_->{metrics} }{qw(cost product_clicks product_impressions)}) } @$rows),
	join("\n", sort map { my @f = split /\|/; join('|', $f[0], map { 0 + $_ } @f[ 1 .. 3 ]) } split /\n/,
		value("SELECT item_id, sum(cost), sum(product_clicks), sum(product_impressions) FROM tiktokads.$creatives WHERE campaign_id = $campaign AND item_group_id = $product GROUP BY 1")),
	'so are creatives');

# the simulator refuses what the API refuses
my @day = ('stat_time_day');
for my $case (
	[ 'products without campaigns', [ 'campaign_id', 'item_group_id', @day ], ['cost'], undef ],
	[ 'creatives without products', [ 'campaign_id', 'item_group_id', 'item_id', @day ], ['cost'], { campaign_ids => [$campaign] } ],
	[ 'a promotion type beside campaigns', [ 'campaign_id', 'item_group_id', @day ], ['cost'], { campaign_ids => [$campaign], gmv_max_promotion_types => ['PRODUCT_GMV_MAX'] } ],
	[ 'a label beside two ids', [ 'campaign_id', 'item_group_id', @day ], ['product_name'], { campaign_ids => [$campaign] } ],
	[ 'a label of several campaigns', ['item_group_id'], ['product_name'], { campaign_ids => [ $campaign, $campaign ] } ],
	[ 'clicks of products', [ 'campaign_id', 'item_group_id', @day ], ['product_clicks'], { campaign_ids => [$campaign] } ],
	[ 'net cost of products', [ 'campaign_id', 'item_group_id', @day ], ['net_cost'], { campaign_ids => [$campaign] } ],
	[ 'too many products', [ 'campaign_id', 'item_group_id', 'item_id', @day ], ['cost'], { campaign_ids => [$campaign], item_group_ids => [ map { "$_" } 1 .. 101 ] } ],
	[ 'hours of products', [ 'campaign_id', 'item_group_id', 'stat_time_hour' ], ['cost'], { campaign_ids => [$campaign] }, end_date => '2026-03-01' ],
	[ 'a filter that is a list', [ 'campaign_id', 'item_group_id', @day ], ['cost'], [ { campaign_ids => [$campaign] } ] ],
	[ '31 days', [ 'campaign_id', 'item_group_id', @day ], ['cost'], { campaign_ids => [$campaign] }, start_date => '2026-02-12' ])
{
	my ($what, $dimensions, $metrics, $filter, %more) = @$case;
	is((ask($account, $shop, $dimensions, $metrics, $filter, %more))[0], 40002, "the simulator refuses $what");
}

# read again, nothing changes
value("CALL tiktokads.sync($days)");
is(value("SELECT sum(rows_new + rows_changed + rows_removed), sum(rows_unchanged) FROM (SELECT * FROM tiktokads.sync_history WHERE stream LIKE 'report%' ORDER BY run DESC LIMIT 6) AS h"),
	value("SELECT 0, (SELECT count(*) FROM tiktokads.$campaigns) + (SELECT count(*) FROM tiktokads.$products) + (SELECT count(*) FROM tiktokads.$creatives)"), 'read again, nothing changes');

# faults of every kind on the way: the tables are those of a clean reading
my $digest = join(' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY (to_jsonb(x) - 'changed_at')::text)) FROM tiktokads.$_ AS x" } @chain[ 1 .. 3 ]);
my $clean = value($digest);
value("TRUNCATE tiktokads.$_") for @chain[ 1 .. 3 ];
control($simulator, "fault=$_&percent=4&count=-1") for 'http_500', 'reset', 'truncate', 'malformed', 'duplicate', 'page_count', 'throttle_header', 'code&code=50000', 'code&code=51010';
my $failures = 0;
for my $stream (@chain[ 1 .. 3 ])
{
	for (1 .. 30)
	{
		my ($result) = $node->psql('postgres', "CALL tiktokads.sync(stream => '$stream', $days)");
		last if $result == 0;
		$failures++;
	}
}
control($simulator, 'clear');
cmp_ok($failures + value("SELECT sum(retries) FROM tiktokads.stat_sync"), '>', 5, 'faults were met');
is(value($digest), $clean, 'and the tables are those of a clean reading');

# metrics of one's own, where the API has them
value("SELECT tiktokads.add_metric('$creatives', 'product_click_rate'), tiktokads.add_metric('$creatives', 'creative_delivery_status'), tiktokads.add_metric('$products', 'roi')");
value("CALL tiktokads.sync($days)");
is(value("SELECT count(*), count(*) FILTER (WHERE product_click_rate IS DISTINCT FROM coalesce(trunc(100.0 * product_clicks / nullif(product_impressions, 0), 2), 0)) FROM tiktokads.$creatives"),
	value("SELECT count(*), 0 FROM tiktokads.$creatives"), 'a rate can be added');
is(value("SELECT string_agg(DISTINCT creative_delivery_status, ',' ORDER BY creative_delivery_status) FROM tiktokads.$creatives"), 'IN_QUEUE,NOT_DELIVERYING', 'a label of creatives, too');
is(value("SELECT count(*) FROM tiktokads.$products WHERE roi IS DISTINCT FROM trunc(gross_revenue / nullif(cost, 0), 2)"), '0', 'and a ratio of products');
is(value('SELECT count(*) FROM tiktokads.unregistered_column'), '0', 'nothing of that is unregistered');
is(value('SELECT count(*) FROM tiktokads.metric_refused'), '0', 'and the API refuses none of it');
for my $case ([ $products, 'product_name', qr/metric "product_name" is a label and needs item_group_id to be the only id/ ],
	[ $products, 'product_clicks', qr/do not offer metric "product_clicks" by item_group_id/ ], [ $products, 'net_cost', qr/do not offer metric "net_cost" by item_group_id/ ],
	[ $creatives, 'product_status', qr/do not offer metric "product_status" by item_id/ ], [ $creatives, 'live_views', qr/do not offer metric "live_views" by item_id/ ],
	[ $campaigns, 'ad_click_rate', qr/do not offer metric "ad_click_rate" by campaign_id/ ], [ 'report_campaign_daily', 'product_clicks', qr/offered in GMV Max reports alone/ ])
{
	like(refused("SELECT tiktokads.add_metric('$case->[0]', '$case->[1]')"), $case->[2], "add_metric: $case->[1] of $case->[0] is refused");
}
like(refused("SELECT tiktokads.add_report('mine', 'BASIC', 'campaign', '{campaign_id,stat_time_day}', '{product_clicks}')"), qr/offered in GMV Max reports alone/, 'add_report refuses metrics of GMV Max');
like(refused("SELECT tiktokads.add_report('mine', 'BASIC', 'campaign', '{campaign_id,item_group_id,stat_time_day}', '{spend}')"), qr/dimension "item_group_id" is not one of BASIC reports/, 'and its dimensions');

# a campaign that the day has not any more: its products go, though nothing was asked of them
my $day = '2026-03-07';
my $count = "SELECT count(*) FROM tiktokads.$products WHERE campaign_id = $campaign AND stat_date";
my $stay = value("$count <> '$day'");
value("DELETE FROM tiktokads.$campaigns WHERE campaign_id = $campaign AND stat_date = '$day'");
value("CALL tiktokads.sync(stream => '$products', advertiser_id => $account, from_date => '$day', to_date => '$day')");
is(value("$count = '$day'") . '|' . value("$count <> '$day'"), "0|$stay", 'when a day has a campaign no more, its products of that day go');
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream = '$creatives' AND advertiser_id = $account AND due_at = '-infinity' AND from_date = '$day' AND to_date = '$day'"), '1',
	'their creatives are due again, of that day alone');
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream = '$creatives' AND advertiser_id <> $account AND due_at = '-infinity' AND from_date > '2026-02-28' AND to_date < '2026-03-15'"), '0', 'and of no other account');
value("CALL tiktokads.sync(stream => '$creatives', advertiser_id => $account, from_date => '$day', to_date => '$day')");
is(value("SELECT count(*) FROM tiktokads.$creatives WHERE campaign_id = $campaign AND stat_date = '$day'"), '0', 'and go when they are read');
is(value($sums), '0|0', 'all adds up');
value("CALL tiktokads.sync(stream => '$campaigns', advertiser_id => $account, from_date => '$day', to_date => '$day')");
is(value("SELECT from_date, to_date FROM tiktokads.sync_due('sim') WHERE stream = '$products' AND advertiser_id = $account AND due_at = '-infinity' AND from_date > '2026-02-28'"), "$day|$day",
	'when the campaign comes back, its products are due, of that day alone');
value("CALL tiktokads.sync(stream => '$_', advertiser_id => $account, from_date => '$day', to_date => '$day')") for $products, $creatives;
is(value("$count = '$day'") . '|' . value($sums), value("SELECT count(*) FROM tiktokads.$products WHERE campaign_id = $campaign AND stat_date = '2026-03-07'") . '|0|0', 'and are there again');
cmp_ok(value("$count = '$day'"), '>', 0, 'all of them');

# what is not in the list of shops any more is not asked for, and stays
value("UPDATE tiktokads.gmv_max_store SET removed_at = now() WHERE store_id = '$shop'");
my $kept = value("SELECT count(*) FROM tiktokads.$products WHERE store_id = '$shop'");
control($simulator, 'reset_stats');
value("CALL tiktokads.sync(stream => '$products', advertiser_id => $account, $days)") for 1 .. 2;
is(value("SELECT count(*) FROM tiktokads.$products WHERE store_id = '$shop'"), $kept, 'the products of a shop that is gone stay');
is(requests(), 2 * 2, 'and are not asked for');
value("UPDATE tiktokads.gmv_max_store SET removed_at = NULL WHERE store_id = '$shop'");

# numbers are restated, and what depends on them follows
clock_on(3 * 86400);
control($simulator, 'restate=130&from=2026-03-05&to=2026-03-06');
value("CALL tiktokads.sync($days)");
cmp_ok(value("SELECT min(rows_changed) FROM (SELECT * FROM tiktokads.sync_history WHERE stream LIKE 'report%' ORDER BY run DESC LIMIT 6) AS h"), '>', 0, 'numbers were restated on every level');
is(value($sums), '0|0', 'and add up');

# what is due is read by a call of its own, level by level
value('CALL tiktokads.sync(due => true)') for 1 .. 3;
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE due_at <= tiktokads.clock_now()"), '0', 'then nothing is due');
is(value($sums), '0|0', 'all days add up');
is(value("SELECT count(*) FROM tiktokads.coverage WHERE state = 'missing' AND stream LIKE 'report%'"), '0', 'and none is missing');
is(value('SELECT count(*) FROM tiktokads.data_quality'), '0', 'nor is anything wrong');

# the cost is told beforehand
my $planned = "SELECT count(*), min(slices), min(requests) >= 3 FROM tiktokads.sync_plan WHERE due_at = '-infinity' AND stream =";
value("DELETE FROM tiktokads.sync_read WHERE stream = '$creatives'");
is(value("$planned '$creatives'"), '2|1|t', 'the plan counts a request for each campaign and hundred products');
value("DELETE FROM tiktokads.sync_read WHERE stream = '$products'");
is(value("$planned '$products'"), '2|1|t', 'and for each campaign');
is(value("$planned '$creatives'"), '0||', 'creatives wait for their products again');
is(value("SELECT tiktokads.each_members('$campaigns', $account), tiktokads.each_members('$products', $account), tiktokads.each_members('$creatives', $account), tiktokads.each_members('campaign', $account)"),
	'2|3|3|1', 'by what was there last time');

# days that retention took from the campaigns are not asked for, and their products stay
value("CALL tiktokads.sync($days)");
$kept = value("SELECT count(*) FROM tiktokads.$products WHERE stat_date = '2026-03-02'");
value("INSERT INTO tiktokads.expired_range VALUES ('$campaigns', '{[2026-01-01,2026-03-04)}')");
value("DELETE FROM tiktokads.$campaigns WHERE stat_date < '2026-03-04'");
value("CALL tiktokads.sync(stream => '$products', $days)");
value("CALL tiktokads.sync(stream => '$products', from_date => '2026-03-01', to_date => '2026-03-03')") for 1 .. 2;
is(value("SELECT count(*) FROM tiktokads.$products WHERE stat_date = '2026-03-02'"), $kept, 'products of days that the campaigns lost stay');
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream IN ('$products', '$creatives') AND from_date < '2026-03-04'"), '0', 'and are not due');
is(value("SELECT max(from_date) FROM tiktokads.sync_history WHERE run > (SELECT max(run) - 2 FROM tiktokads.sync_history)"), '2026-03-04', 'the call reads the others');
value("DELETE FROM tiktokads.expired_range");

# workers read in the same order
my $before = value('SELECT max(run) FROM tiktokads.sync_history');
value("TRUNCATE tiktokads.$_") for $campaigns, $products, $creatives;
value("DELETE FROM tiktokads.sync_read");
is(value("SELECT count(*) > 8 FROM tiktokads.task_request('sim', NULL, NULL, '2026-02-01', '2026-03-14', 1)"), 't', 'all is asked for at once');
$node->append_conf('postgresql.conf', "tiktokads.worker_enabled = on\n");
$node->reload;
wait_for($node, 'SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task WHERE attempts = 0)', 'the tasks');
is(value('SELECT count(*) FROM tiktokads.sync_task WHERE attempts > 0'), '0', 'and none is tried before its time');
wait_for($node, "SELECT count(*) = 0 FROM tiktokads.coverage WHERE state = 'missing' AND stream LIKE 'report%'", 'the workers');
is(value($sums), '0|0', 'workers read what adds up');
is(value("SELECT count(*) FROM tiktokads.sync_history WHERE run > $before AND state NOT IN ('done', 'running')"), '0', 'without a failure');
value("CALL tiktokads.sync_now(from_date => '2026-03-01', to_date => '2026-03-14', wait => true)");
is(value("SELECT count(*) FROM tiktokads.sync_history WHERE run > $before AND state NOT IN ('done', 'running')"), '0', 'also when all is asked for at once');
is(value($sums), '0|0', 'and all adds up');

done_testing();
