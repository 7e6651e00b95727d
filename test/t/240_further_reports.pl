# Breakdowns of BASIC reports, SKAdNetwork and GMV Max: shipped, switched on by a row.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '2', '--ads', '24', '--days', '40', '--freeze');
my $node = start_node('further', streams => ['all']);
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
sub value { return $node->safe_psql('postgres', $_[0]); }
sub requests
{
	my ($path) = @_;
	my ($endpoint) = grep { $_->{path} eq $path } @{ decode_json(control($simulator, 'stats'))->{endpoints} };
	return $endpoint->{requests} // 0;
}
my $days = "from_date => '2026-03-01', to_date => '2026-03-14'";

# BASIC breakdowns
value("CALL tiktokads.sync(stream => 'report_campaign_daily', $days)");
my @breakdowns = split /\n/, value("SELECT stream FROM tiktokads.stream WHERE stream LIKE 'breakdown\\_campaign\\_%'");
is(scalar(@breakdowns), 15, 'fifteen breakdowns');
value("CALL tiktokads.sync(stream => '$_', $days)") for @breakdowns;
is(value(<<'SQL'), '0', 'members of each breakdown add up to the campaign');
SELECT count(*) FROM (SELECT breakdown, advertiser_id, entity_id, stat_date, sum(spend) AS spend, sum(clicks) AS clicks
		FROM tiktokads.report_breakdown_daily WHERE breakdown <> 'skan_postback_sequence' GROUP BY 1, 2, 3, 4) AS b
	FULL JOIN (SELECT d.breakdown, r.* FROM tiktokads.report_campaign_daily AS r, (SELECT DISTINCT breakdown FROM tiktokads.report_breakdown_daily WHERE breakdown <> 'skan_postback_sequence') AS d) AS r
		ON r.breakdown = b.breakdown AND r.advertiser_id = b.advertiser_id AND r.campaign_id = b.entity_id AND r.stat_date = b.stat_date
WHERE (b.spend, b.clicks) IS DISTINCT FROM (r.spend, r.clicks)
SQL
is(value("SELECT count(DISTINCT breakdown), count(*) FILTER (WHERE member IS NULL) FROM tiktokads.report_breakdown_daily"), '15|0', 'all of them came, with their members');
is(value("SELECT count(*) FROM tiktokads.report_breakdown_daily WHERE breakdown = 'search_terms' AND search_terms IS DISTINCT FROM member"), '0', 'each dimension has a column');
is(value("SELECT count(*) FILTER (WHERE impressions IS NULL) = count(*) FILTER (WHERE extra ->> 'impressions' = '<5'), count(*) FILTER (WHERE impressions < 5) FROM tiktokads.report_breakdown_daily WHERE breakdown = 'search_terms'"),
	't|0', 'few impressions of a search are NULL, and the word is kept');
is(value("SELECT count(*) FROM tiktokads.report_breakdown_daily WHERE breakdown = 'search_terms' AND member = 'blue shoes, sale' HAVING count(*) > 0"),
	value("SELECT count(*) FROM tiktokads.report_campaign_daily"), 'words with commas are one member');
is(value("SELECT count(*) FROM tiktokads.metric_refused"), '0', 'no shipped metric is refused');
is(value("SELECT count(*) FROM tiktokads.data_quality"), '0', 'and nothing is wrong');

# SKAdNetwork
value("CALL tiktokads.sync(stream => 'skan_$_', $days)") for qw(advertiser campaign adgroup ad);
is(value("SELECT count(DISTINCT skan_conversion), count(DISTINCT skan_result), count(*) FROM (SELECT data_level, sum(skan_conversion) AS skan_conversion, sum(skan_result) AS skan_result FROM tiktokads.report_skan_daily GROUP BY 1) AS s"),
	'1|1|4', 'SKAdNetwork adds up to the same on every level');
cmp_ok(value('SELECT sum(skan_conversion) FROM tiktokads.report_skan_daily'), '>', 0, 'and there is some');

# GMV Max: shop by shop, and nothing where there are none
control($simulator, 'reset_stats');
value("CALL tiktokads.sync(stream => 'report_gmv_max_campaign_daily', $days)");
is(requests('gmv_max/report/get/'), 0, 'before any shop is known nothing is asked');
is(value("SELECT DISTINCT state FROM tiktokads.sync_history WHERE stream = 'report_gmv_max_campaign_daily'"), 'done', 'and nothing fails');
value("DELETE FROM tiktokads.sync_read WHERE stream LIKE 'report_gmv%'");
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream LIKE 'report\\_gmv%'"), '0', 'what goes through the shops waits for their list');
value("CALL tiktokads.sync(stream => 'gmv_max_store')");
is(value("SELECT DISTINCT stream FROM tiktokads.sync_due('sim') WHERE stream LIKE 'report\\_gmv%' ORDER BY 1"), "report_gmv_max_campaign_daily\nreport_gmv_max_store_daily", 'and then is due');
value("CALL tiktokads.sync(stream => 'report_gmv_max_$_', $days)") for qw(store_daily campaign_daily campaign_hourly);
is(requests('gmv_max/report/get/'), 2 * 2 * (1 + 1 + 14), 'one request for each account, shop and slice');
is(value("SELECT count(*), count(DISTINCT store_id), count(DISTINCT campaign_id), min(cost) > 0 FROM tiktokads.report_gmv_max_campaign_daily"), '84|4|6|t', 'every campaign has its days, deleted ones too');
is(value(<<'SQL'), '0', 'campaigns add up to their shop');
SELECT count(*) FROM tiktokads.report_gmv_max_store_daily AS s
	LEFT JOIN (SELECT advertiser_id, store_id, stat_date, sum(cost) AS cost, sum(orders) AS orders, sum(gross_revenue) AS gross_revenue
		FROM tiktokads.report_gmv_max_campaign_daily GROUP BY 1, 2, 3) AS c USING (advertiser_id, store_id, stat_date)
WHERE (s.cost, s.orders, s.gross_revenue) IS DISTINCT FROM (c.cost, c.orders, c.gross_revenue)
SQL
is(value(<<'SQL'), '0', 'hours add up to the day');
SELECT count(*) FROM tiktokads.report_gmv_max_campaign_daily AS d
	LEFT JOIN (SELECT advertiser_id, store_id, campaign_id, stat_time_hour::date AS stat_date, sum(cost) AS cost, sum(orders) AS orders
		FROM tiktokads.report_gmv_max_campaign_hourly GROUP BY 1, 2, 3, 4) AS h USING (advertiser_id, store_id, campaign_id, stat_date)
WHERE (d.cost, d.orders) IS DISTINCT FROM (h.cost, h.orders)
SQL
is(value("SELECT DISTINCT pages FROM tiktokads.sync_history WHERE stream = 'report_gmv_max_store_daily' AND state = 'done'"), '2', 'the history counts the pages of all shops');
value("CALL tiktokads.sync(stream => 'report_gmv_max_campaign_daily', $days)");
is(value("SELECT sum(rows_unchanged), sum(rows_new + rows_changed + rows_removed) FROM (SELECT * FROM tiktokads.sync_history ORDER BY run DESC LIMIT 2) AS h"), '84|0', 'read again, nothing changes');
value("SELECT tiktokads.add_metric('report_gmv_max_campaign_daily', 'roi')");
value("CALL tiktokads.sync(stream => 'report_gmv_max_campaign_daily', $days)");
is(value("SELECT count(*) FROM tiktokads.report_gmv_max_campaign_daily WHERE roi IS DISTINCT FROM trunc(gross_revenue / cost, 2)"), '0', 'a metric can be added');
my ($result, $out, $err) = $node->psql('postgres', "SELECT tiktokads.add_metric('report_gmv_max_campaign_daily', 'spend')");
like($err, qr/GMV Max reports do not offer metric "spend"/, 'one of other reports can not');

# shops come and go
my ($shop, $account) = split /\|/, value('SELECT store_id, advertiser_id FROM tiktokads.gmv_max_store ORDER BY store_id LIMIT 1');
value("UPDATE tiktokads.gmv_max_store SET removed_at = now() WHERE store_id = '$shop'");
value("CALL tiktokads.sync(stream => 'report_gmv_max_campaign_daily', $days)") for 1 .. 2;
cmp_ok(value("SELECT count(*) FROM tiktokads.report_gmv_max_campaign_daily WHERE store_id = '$shop'"), '>', 0, 'the rows of a shop that is gone stay');
value("DELETE FROM tiktokads.gmv_max_store WHERE store_id = '$shop'");
is(value("SELECT count(*) FROM tiktokads.sync_read WHERE stream = 'report_gmv_max_campaign_daily' AND advertiser_id = $account"), '1', 'days are read');
value("CALL tiktokads.sync(stream => 'gmv_max_store')");
is(value("SELECT DISTINCT advertiser_id FROM tiktokads.sync_read WHERE stream = 'report_gmv_max_campaign_daily' AND read_at = '-infinity'"), $account, 'when a shop comes, they are to be read again, and those of other accounts are not');
is(value("SELECT count(*) FROM tiktokads.sync_due('sim') WHERE stream = 'report_gmv_max_campaign_daily' AND advertiser_id = $account AND due_at <= tiktokads.clock_now() AND from_date <= '2026-03-01' AND to_date >= '2026-03-14'"), '1', 'and are due');
is(value("SELECT string_agg(DISTINCT state, ',') FROM tiktokads.coverage WHERE stream = 'report_gmv_max_campaign_daily' AND advertiser_id = $account AND from_date BETWEEN '2026-03-01' AND '2026-03-14'"), 'provisional', 'but not missing');

# an account without the permission loses the stream, not itself
control($simulator, 'fault=code&code=40001&path=gmv_max/report/&count=-1');
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'report_gmv_max_store_daily', $days)");
control($simulator, 'clear');
is(value('SELECT count(*) FROM tiktokads.advertiser WHERE NOT readable'), '0', 'a permission that a token lacks does not cost the ad account');
is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'stream_degraded' AND stream = 'report_gmv_max_store_daily'"), '2', 'but the stream, visibly');
value("CALL tiktokads.sync(stream => 'report_gmv_max_store_daily', $days)");
is(value("SELECT count(*) FROM tiktokads.data_quality"), '0', 'until it is there');

# more than every second request goes wrong, each fault one time in twenty: the tables are those of a clean reading
my %streams = (breakdown_ad_search_terms => 'report_breakdown_daily', skan_ad => 'report_skan_daily', report_gmv_max_campaign_daily => 'report_gmv_max_campaign_daily',
	report_gmv_max_campaign_hourly => 'report_gmv_max_campaign_hourly', report_gmv_max_store_daily => 'report_gmv_max_store_daily');
value("CALL tiktokads.sync(stream => '$_', $days)") for sort keys %streams;
my $digest = join(' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY (to_jsonb(x) - 'changed_at')::text)) FROM tiktokads.$streams{$_} AS x"
	  . (/^report/ ? '' : " WHERE data_level = 'AUCTION_AD'") . (/^breakdown/ ? " AND breakdown = 'search_terms'" : '') } sort keys %streams) . ' ORDER BY 1';
my $clean = value($digest);
value("TRUNCATE tiktokads.$_") for values %streams;
value("INSERT INTO tiktokads.stream_override (stream, page_size) SELECT s, 20 FROM unnest('{" . join(',', keys %streams) . "}'::text[]) AS s");
$node->append_conf('postgresql.conf', "tiktokads.retry_delay = '20ms'\ntiktokads.request_timeout = '2s'\ntiktokads.max_reply_size = '1MB'");
$node->reload;
control($simulator, "fault=$_&percent=5&count=" . (/stall|slow|oversize|bomb/ ? 1 : -1))
  for 'http_500', 'http_503', 'reset', 'truncate', 'malformed', 'stall', 'oversize&mb=2', 'gzip_bomb&mb=2', 'slow_body&rate=50', 'duplicate',
  'page_count', 'throttle_header', 'code&code=50000', 'code&code=51010', 'code&code=40200';
my $failures = 0;
for my $stream (sort keys %streams)
{
	for (1 .. 20)
	{
		($result) = $node->psql('postgres', "CALL tiktokads.sync(stream => '$stream', $days)");
		last if $result == 0;
		$failures++;
	}
}
control($simulator, 'clear');
cmp_ok($failures * 6 + value("SELECT sum(retries) FROM tiktokads.stat_sync"), '>', 20, 'the faults were met');
is(value($digest), $clean, 'and the tables are those of a clean reading');

done_testing();
