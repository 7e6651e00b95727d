# Reports that are too large for one answer, and pages that come again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '1', '--ads', '60', '--days', '40', '--freeze');
my $node = start_node('large', conf => "tiktokads.request_timeout = 2\n");
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
sub value { return $node->safe_psql('postgres', $_[0]); }
my $digest = "SELECT count(*), md5(string_agg((to_jsonb(x) - 'changed_at')::text, '|' ORDER BY ad_id, stat_date)) FROM tiktokads.report_ad_daily AS x";
my $versions = "SELECT md5(string_agg(tableoid || ':' || ctid || ':' || xmin, '|' ORDER BY tableoid, ctid)) FROM tiktokads.report_ad_daily";

value("CALL tiktokads.sync(stream => 'campaign')");
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
my $truth = value($digest);

# pages that are byte for byte the same are not parsed, nor stored
my $stored = value($versions);
value("INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('report_ad_daily', 200)");
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value("SELECT cardinality(pages) > 5 FROM tiktokads.page_hash WHERE stream = 'report_ad_daily'"), 't', 'each page has its hash');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value('SELECT rows_unchanged = rows_received AND pages > 5 FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), 't', 'the same pages again: all rows are unchanged');
is(value($versions), $stored, 'and untouched');
value("UPDATE tiktokads.report_ad_daily SET spend = spend + 1 WHERE stat_date = '2026-03-01'");
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $truth, 'rows that somebody changed meanwhile are put right');
value("DELETE FROM tiktokads.report_ad_daily WHERE stat_date = '2026-03-02'");
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $truth, 'rows that somebody removed come back');
control($simulator, 'restate=130&from=2026-03-05&to=2026-03-05');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
cmp_ok(value('SELECT rows_changed FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), '>', 0, 'a page that differs is parsed, with all that were held');
# pages that are too much for memory wait in a file
my $temporary = "SELECT temp_bytes FROM pg_stat_database WHERE datname = 'postgres'";
my $waited = value($temporary);
value("SET work_mem = '64kB'; CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value('SELECT rows_unchanged = rows_received AND pages > 5 FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), 't', 'pages beyond work_mem are the same again');
cmp_ok(value($temporary) - $waited, '>', 1024 * 1024, 'and waited in a temporary file');
control($simulator, 'restate=70&from=2026-02-20&to=2026-03-12');
value("SET work_mem = '64kB'; CALL tiktokads.sync(stream => 'report_ad_daily')");
cmp_ok(value('SELECT rows_changed FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), '>', 0, 'from which they are parsed when one differs');
my $restated = value($digest);
value('TRUNCATE tiktokads.report_ad_daily');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $restated, 'and the table is the API\'s');
value("DELETE FROM tiktokads.stream_override WHERE stream = 'report_ad_daily' AND enabled IS NULL");

# more objects than the API shows at once: an asynchronous task
control($simulator, 'object_limit=10');
value('TRUNCATE tiktokads.report_ad_daily');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $restated, 'an asynchronous task brings what the API cut off');
is(value("SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1"), 'read by an asynchronous task', 'the history says so');
is(value('SELECT count(*) FROM tiktokads.report_task'), '0', 'the task is over');
is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'truncated'"), '0', 'nothing is missing');

# a task of an earlier, interrupted run that has expired is made anew
value("INSERT INTO tiktokads.report_task SELECT 'report_ad_daily', advertiser_id, d - 29, d, '7600000000000009999', tiktokads.clock_now() FROM tiktokads.advertiser, LATERAL tiktokads.clock_today(display_timezone) AS d");
value('TRUNCATE tiktokads.report_ad_daily');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $restated, 'an expired task is made anew');

# a file that is only given as a link to another host is not followed
control($simulator, 'async=url');
control($simulator, 'object_limit=40');
value('TRUNCATE tiktokads.report_ad_daily');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $restated, 'where a task only gives a link, the report is read in parts');
is(value('SELECT count(*) FROM tiktokads.report_task'), '0', 'and the task is over');

# where there are no tasks: parts of some campaigns, and a finding
control($simulator, 'async=off');
control($simulator, 'object_limit=40');
value('TRUNCATE tiktokads.report_ad_daily');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $restated, 'without tasks it is read in parts');
is(value("SELECT kind FROM tiktokads.data_quality"), 'async_unavailable', 'a finding says that tasks are not admitted');
control($simulator, 'object_limit=2');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value($digest), $restated, 'a report that stays short removes nothing');
is(value("SELECT severity FROM tiktokads.data_quality WHERE kind = 'truncated'"), 'warning', 'and is found');
control($simulator, 'object_limit=20000');
value("CALL tiktokads.sync(stream => 'report_ad_daily')");
is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'truncated'"), '0', 'until it is whole again');

# a single day that costs the API too much, as audiences of many objects do
for my $case ([ 'on', 1, 'read by an asynchronous task' ], [ 'off', 1, 'parts of some campaigns' ], [ 'off', 2, 'parts of some campaigns.*parts of some campaigns' ])
{
	my ($async, $refusals, $note) = @$case;
	control($simulator, "async=$async");
	value('DELETE FROM tiktokads.report_task_refused');
	value("INSERT INTO tiktokads.report_task_refused SELECT advertiser_id, 40118, '', tiktokads.clock_now() FROM tiktokads.advertiser") if $async eq 'off';
	value("DELETE FROM tiktokads.report_ad_daily WHERE stat_date = '2026-03-10'");
	control($simulator, "fault=code&code=40067&path=report/integrated/get/&count=$refusals");
	value("CALL tiktokads.sync(stream => 'report_ad_daily', from_date => '2026-03-10', to_date => '2026-03-10')");
	is(value($digest), $restated, "a day that is too much for one query, refused $refusals times, tasks $async");
	like(value('SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), qr/$note/, 'is asked for in another way');
}

# a report that takes too long is never asked for again as it was
control($simulator, 'reset_stats');
control($simulator, 'fault=stall&path=report&count=1');
value("CALL tiktokads.sync(stream => 'report_adgroup_daily')");
is(value("SELECT state, count(*) FROM tiktokads.sync_history WHERE stream = 'report_adgroup_daily' GROUP BY 1 ORDER BY 1"), "done|2\nsplit|1", 'a report that timed out is cut in two');

# totals
control($simulator, 'fault=wrong_totals&path=report&count=-1');
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
control($simulator, 'clear');
like(value("SELECT explanation FROM tiktokads.data_quality WHERE kind = 'totals'"), qr/impressions is \d+, should be \d+/, 'rows that do not add up to the totals are found');
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'totals'"), '0', 'until they do');

# levels
value("UPDATE tiktokads.report_campaign_daily SET clicks = clicks + 1 WHERE stat_date = '2026-03-11'");
value("CALL tiktokads.sync(stream => 'report_advertiser_daily')");
like(value("SELECT explanation FROM tiktokads.data_quality WHERE kind = 'levels'"), qr/report_campaign_daily does not add up to report_advertiser_daily on 1 days: 2026-03-11: clicks \d+ against \d+/, 'levels that do not add up are found');
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value("SELECT count(*) FROM tiktokads.data_quality WHERE kind = 'levels'"), '0', 'until they do');

# an account whose currency or zone changes
value("UPDATE tiktokads.advertiser SET currency = 'XXX', display_timezone = 'Asia/Tokyo'");
value("CALL tiktokads.sync(stream => 'campaign')");
is(value("SELECT string_agg(subject, ',' ORDER BY subject) FROM tiktokads.data_quality WHERE kind = 'account_changed'"), 'currency,display_timezone', 'a change of currency or zone is on record');

# counters
cmp_ok(value("SELECT requests FROM tiktokads.stat_sync WHERE stream = 'report_ad_daily'"), '>', 10, 'counters count');
value('SELECT tiktokads.stat_sync_reset()');
is(value('SELECT count(*) FROM tiktokads.stat_sync'), '0', 'and begin anew');

done_testing();
