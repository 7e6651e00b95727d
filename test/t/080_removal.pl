# What the API no longer returns leaves only on reliable evidence: entities get a
# tombstone, report rows go, and nothing goes on a doubtful reply.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '1', '--ads', '100', '--days', '40', '--dense', '--freeze');
my $node = start_node('removal');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', 'CALL tiktokads.sync()');

# One value of a query.
sub value
{
	return $node->safe_psql('postgres', $_[0]);
}

my ($ads, $rows) = (value('SELECT count(*) FROM tiktokads.ad'), value('SELECT count(*) FROM tiktokads.report_ad_daily'));
is($ads, 100, 'a hundred ads');
is($rows, 3000, 'each has thirty days');
is(value('SELECT count(*) FROM tiktokads.ad WHERE removed_at IS NOT NULL'), '0', 'none is removed');

# TikTok says that an ad was deleted: tombstone at once, its numbers stay.
my $deleted = value('SELECT min(ad_id) FROM tiktokads.ad');
control($simulator, "delete_ad=$deleted");
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
is(value('SELECT string_agg(ad_id::text, \',\') FROM tiktokads.ad WHERE removed_at IS NOT NULL'), $deleted, 'a deleted ad gets a tombstone');
is(value("SELECT secondary_status FROM tiktokads.ad WHERE ad_id = $deleted"), 'AD_STATUS_DELETE', 'and its last state is kept');
is(value("SELECT count(*) FROM tiktokads.report_ad_daily WHERE ad_id = $deleted"), '30', 'and its numbers');
my $version = value("SELECT ctid, xmin, removed_at FROM tiktokads.ad WHERE ad_id = $deleted");
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
is(value("SELECT ctid, xmin, removed_at FROM tiktokads.ad WHERE ad_id = $deleted"), $version, 'seen deleted again, nothing is written');

# Half of the list missing: once is no evidence, twice alike is.
my $before = fact_digest($node);
control($simulator, 'shrink=50');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad'); ");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily')");
is(fact_digest($node), $before, 'a list without half of its rows removes nothing the first time');
is(value('SELECT count(*) FROM tiktokads.pending_removal'), '2', 'the removals are pending');
like(value('SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), qr/\d+ rows vanished: they stay until a second read agrees/,
	'the history says so');
control($simulator, 'shrink=70');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
is(value('SELECT count(*) FROM tiktokads.ad WHERE removed_at IS NULL'), '99', 'a second read that lacks other rows removes nothing');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
cmp_ok(value('SELECT count(*) FROM tiktokads.ad WHERE removed_at IS NULL'), '<', 60, 'a second read that lacks the same rows removes them');
is(value('SELECT count(*) FROM tiktokads.ad'), '100', 'entities are never deleted');
is(value("SELECT count(*) FROM tiktokads.pending_removal WHERE stream = 'ad'"), '0', 'nothing is pending any more');

# A doubtful reply: the API says that it cut the list short.
my $cut = value('SELECT count(*) FROM tiktokads.report_campaign_daily');
control($simulator, 'object_limit=3');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value('SELECT count(*) FROM tiktokads.report_campaign_daily'), $cut, 'a truncated report removes nothing');
like(value('SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), qr/read by an asynchronous task/, 'it is asked for in another way');
control($simulator, 'async=off');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value('SELECT count(*) FROM tiktokads.report_campaign_daily'), $cut, 'nor where there is no other way');
control($simulator, 'object_limit=1');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value('SELECT count(*) FROM tiktokads.report_campaign_daily'), $cut, 'one object at a time');
control($simulator, 'object_limit=20000');

# Everything returns: tombstones are lifted, rows come back.
control($simulator, 'shrink=0');
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
is(fact_digest($node), $before, 'what returns loses its tombstone, and has its numbers again');

# An ad that is simply not in the list any more, with few others: it goes.
my $vanished = value('SELECT max(ad_id) FROM tiktokads.ad');
my $run = value('SELECT max(run) FROM tiktokads.sync_history');
control($simulator, "vanish=$vanished");
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
is(value("SELECT removed_at IS NOT NULL FROM tiktokads.ad WHERE ad_id = $vanished"), 't', 'a vanished ad gets a tombstone');
is(value("SELECT count(*) FROM tiktokads.report_ad_daily WHERE ad_id = $vanished"), '0', 'its report rows go');
is(value("SELECT sum(rows_removed) FROM tiktokads.sync_history WHERE stream IN ('ad', 'report_ad_daily') AND run > $run"), '31', 'the history counts both');

# A row that comes twice in a slice: the last one wins, and it is counted.
control($simulator, 'fault=duplicate&path=ad/get/&count=-1');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
control($simulator, 'clear');
is(value('SELECT count(*) FROM (SELECT FROM tiktokads.ad GROUP BY advertiser_id, ad_id HAVING count(*) > 1) AS twice'), '0', 'a duplicate is stored once');
cmp_ok(value("SELECT max(duplicates) FROM tiktokads.sync_history WHERE stream = 'ad'"), '>=', 1, 'and counted');

done_testing();
