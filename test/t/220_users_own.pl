# What users add is theirs: hooks, metrics and reports work, fail visibly, and
# survive dump and restore.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use JSON::PP;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '2', '--ads', '20', '--days', '40', '--freeze');
my $node = start_node('own');
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
sub value { return $node->safe_psql('postgres', $_[0]); }

value(<<'SQL');
CREATE ROLE etl LOGIN;
CREATE ROLE stranger LOGIN;
CREATE SCHEMA etl AUTHORIZATION etl;
GRANT USAGE ON SCHEMA tiktokads TO etl, stranger;
GRANT SELECT, INSERT, UPDATE ON tiktokads.hook TO etl, stranger;
CREATE TABLE etl.seen (advertiser_id bigint, stream text, from_date date, to_date date, rows bigint, new bigint, who text);
ALTER TABLE etl.seen OWNER TO etl;
SET ROLE etl;
CREATE FUNCTION etl.count_rows(a bigint, s text, f date, t date) RETURNS void LANGUAGE plpgsql AS
	'BEGIN INSERT INTO etl.seen SELECT a, s, f, t, count(*), count(*) FILTER (WHERE is_new), current_user FROM tiktokads_changed; END';
CREATE FUNCTION etl.fail(a bigint, s text, f date, t date) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no %'', s; END';
CREATE FUNCTION etl.steal(a bigint, s text, f date, t date) RETURNS void LANGUAGE sql AS 'DELETE FROM tiktokads.connection';
INSERT INTO tiktokads.hook (hook, function, streams) VALUES ('count', 'etl.count_rows', 'report_campaign%');
SQL
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value('SELECT count(*), sum(rows) = sum(new), min(who), sum(rows) FROM etl.seen'), '2|t|etl|' . value('SELECT count(*) FROM tiktokads.report_campaign_daily'),
	'a hook sees what is new, once per slice, with its owner\'s rights');
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value('SELECT count(*) FROM etl.seen'), '2', 'and is not called when nothing changed');
control($simulator, 'restate=120&from=2026-03-10&to=2026-03-10');
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
is(value('SELECT sum(rows) > 0, sum(new) FROM (SELECT * FROM etl.seen OFFSET 2) AS s'), 't|0', 'what changed is not new');
my ($result, $out, $err) = $node->psql('postgres', "SET ROLE stranger; INSERT INTO tiktokads.hook (hook, function, owner) VALUES ('evil', 'etl.steal', 'postgres')");
like($err, qr/permission denied for hook "evil"/, 'nobody writes a hook with another role\'s rights');
($result, $out, $err) = $node->psql('postgres', "SET ROLE stranger; UPDATE tiktokads.hook SET function = 'etl.steal' WHERE hook = 'count'");
like($err, qr/permission denied for hook "count"/, 'nor changes one');

value("INSERT INTO tiktokads.hook (hook, function, streams, owner, optional) VALUES ('bad', 'etl.fail', 'report_adgroup%', 'etl', true)");
value("CALL tiktokads.sync(stream => 'report_adgroup_daily')");
cmp_ok(value('SELECT count(*) FROM tiktokads.report_adgroup_daily'), '>', 0, 'an optional hook that fails costs nothing');
is(value("SELECT DISTINCT explanation FROM tiktokads.data_quality WHERE kind = 'hook_failed'"), 'hook "bad" failed: no report_adgroup_daily', 'and is reported');
value("UPDATE tiktokads.hook SET optional = false WHERE hook = 'bad'; TRUNCATE tiktokads.report_adgroup_daily");
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'report_adgroup_daily')");
like($err, qr/2 of 2 slices failed.*hook "bad" failed: no report_adgroup_daily/s, 'another one fails its slices, visibly');
is(value('SELECT count(*) FROM tiktokads.report_adgroup_daily'), '0', 'and rolls them back');
value("UPDATE tiktokads.hook SET function = 'etl.steal' WHERE hook = 'bad'");
($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'report_adgroup_daily')");
like($err, qr/permission denied for table connection/, 'a hook has no more rights than its owner');
is(value('SELECT count(*) FROM tiktokads.connection'), '1', 'indeed');
value("UPDATE tiktokads.hook SET enabled = false WHERE hook = 'bad'");
value("CALL tiktokads.sync(stream => 'report_adgroup_daily')");
cmp_ok(value('SELECT count(*) FROM tiktokads.report_adgroup_daily'), '>', 0, 'disabled, it is not called');

# what listeners hear: a slice that changed something, and one that failed; ids and days, and nothing of one that changed nothing
sub heard
{
	my (undef, $text) = $node->psql('postgres', "LISTEN tiktokads_sync; $_[0]");
	my %account = map { $_ => 'ours' } split /\n/, value('SELECT advertiser_id FROM tiktokads.advertiser');
	my @told = map { JSON::PP->new->allow_bignum->decode($_) } $text =~ /notification "tiktokads_sync" with payload "(\{.*\})" received/g;
	$_->{advertiser_id} = delete $account{ $_->{advertiser_id} } for @told;
	$_->{run} = value("SELECT count(*) FROM tiktokads.sync_history WHERE run = $_->{run}") + 0 for @told;
	return [ sort map { JSON::PP->new->canonical->encode($_) } @told ];
}
my $one_day = "CALL tiktokads.sync(stream => 'report_campaign_daily', from_date => '2026-03-10', to_date => '2026-03-10')";
my $days = '"from":"2026-03-10","run":1,"state":"%s","stream":"report_campaign_daily","to":"2026-03-10"}';
is_deeply(heard($one_day), [], 'listeners hear nothing of what changed nothing');
control($simulator, 'restate=130&from=2026-03-10&to=2026-03-10');
is_deeply(heard($one_day), [ ('{"advertiser_id":"ours",' . sprintf($days, 'done')) x 2 ], 'they hear of slices that changed something');
control($simulator, 'fault=code&code=40002&path=report/integrated/get/&count=-1');
is_deeply(heard($one_day), [ ('{"advertiser_id":"ours","code":40002,' . sprintf($days, 'failed')) x 2 ], 'and of those that failed');
control($simulator, 'clear');

# metrics and reports
value("SELECT tiktokads.add_metric('report_campaign_daily', 'campaign_name')");
value("SELECT tiktokads.add_metric('report_campaign_daily', 'campaign_name')");
value("INSERT INTO tiktokads.metric (metric, type, kind, additive, description) VALUES ('organic_video_views', 'bigint', 'count', true, 'One of ours.')") if value("SELECT count(*) FROM tiktokads.metric WHERE metric = 'organic_video_views'") == 0;
value("SELECT tiktokads.add_metric('report_campaign_daily', 'organic_video_views')");
value("SELECT tiktokads.add_report('weekdays', 'AUDIENCE', 'AUCTION_CAMPAIGN', '{campaign_id,gender,stat_time_day}', '{spend,clicks}')");
value("CALL tiktokads.sync(stream => 'report_campaign_daily')");
value("CALL tiktokads.sync(stream => 'weekdays')");
is(value('SELECT count(*) = count(campaign_name) AND count(*) = count(organic_video_views) FROM tiktokads.report_campaign_daily'), 't', 'an added metric arrives in a column of its own');
cmp_ok(value('SELECT count(*) FROM tiktokads.weekdays'), '>', 0, 'an added report arrives in a table of its own');
my $objects = value('SELECT count(*) FROM pg_class');
for my $case (
	[ "add_metric('nothing', 'spend')", qr/"nothing" is no table of reports/ ],
	[ "add_metric('report_campaign_daily', 'nonsense')", qr/not in the catalogue/ ],
	[ "add_metric('report_campaign_daily', 'ad_name')", qr/offered from level AUCTION_AD down/ ],
	[ "add_metric('report_audience_daily', 'reach')", qr/does not offer metric "reach"/ ],
	[ "add_metric('report_campaign_daily', 'campaign_id')", qr/column "campaign_id" of another meaning/ ],
	[ "add_report('Bad Name', 'BASIC', 'ad', '{ad_id}', '{spend}')", qr/name must begin/ ],
	[ "add_report('x', 'CATALOG', 'ad', '{ad_id}', '{spend}')", qr/report_type "CATALOG" is not supported/ ],
	[ "add_report('x', 'BASIC', 'galaxy', '{ad_id}', '{spend}')", qr/data_level "AUCTION_GALAXY" is not known/ ],
	[ "add_report('x', 'BASIC', 'ad', '{campaign_id}', '{spend}')", qr/must have the id of the level, ad_id/ ],
	[ "add_report('x', 'BASIC', 'ad', '{ad_id,age}', '{spend}')", qr/"age" is not one of BASIC/ ],
	[ "add_report('x', 'AUDIENCE', 'ad', '{ad_id,age,platform,stat_time_day}', '{spend}')", qr/one audience dimension, or age and gender/ ],
	[ "add_report('x', 'AUDIENCE', 'ad', '{ad_id,interest_category_v2,stat_time_day}', '{spend}')", qr/no days by interest_category_v2/ ],
	[ "add_report('x', 'AUDIENCE', 'ad', '{ad_id,age,stat_time_day}', '{reach}')", qr/does not offer metric "reach"/ ],
	[ "add_report('x', 'BASIC', 'ad', '{ad_id,stat_time_day,stat_time_hour}', '{spend}')", qr/one of stat_time_day and stat_time_hour/ ],
	[ "add_report('x', 'BASIC', 'ad', '{ad_id,stat_time_day}', '{}')", qr/at least one/ ],
	[ "add_report('x', 'BASIC', 'ad', '{ad_id,stat_time_day}', '{spend,spend}')", qr/named twice/ ],
	[ "add_report('weekdays', 'BASIC', 'ad', '{ad_id}', '{spend}')", qr/"weekdays" exists already/ ])
{
	($result, $out, $err) = $node->psql('postgres', "SELECT tiktokads.$case->[0]");
	like($err, $case->[1], "$case->[0]: refused");
	like($err, qr/HINT:  /, 'with a hint');
}
is(value('SELECT count(*) FROM pg_class'), $objects, 'and nothing was created');

# restored elsewhere, all of it is there
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('copy') ], 'restore');
my $facts = "SELECT (SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM tiktokads.weekdays AS x), (SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM tiktokads.report_campaign_daily AS x),"
  . " (SELECT string_agg(h::text, '|' ORDER BY hook) FROM tiktokads.hook AS h), (SELECT metrics FROM tiktokads.stream WHERE stream = 'report_campaign_daily'),"
  . " (SELECT string_agg(s::text, '|') FROM tiktokads.stream_added AS s), (SELECT count(*) FROM tiktokads.metric), (SELECT count(*) FROM tiktokads.model_column), (SELECT string_agg(r::text, '|' ORDER BY r::text) FROM tiktokads.sync_read AS r)";
is($node->safe_psql('copy', $facts), value($facts), 'hooks, metrics, reports and readings are the same in the copy');
$node->safe_psql('copy', "CALL tiktokads.create_model()");
$node->safe_psql('copy', "CALL tiktokads.resume('sim'); CALL tiktokads.sync(stream => 'weekdays')");
pass('and the copy goes on with them');

# updated, all of it is there too
my $before = $node->safe_psql('copy', $facts);
$node->safe_psql('copy', "UPDATE pg_extension SET extversion = 'previous' WHERE extname = 'tiktokads'");
$node->safe_psql('copy', 'ALTER EXTENSION tiktokads UPDATE');
$node->safe_psql('copy', 'CALL tiktokads.create_model()');
is($node->safe_psql('copy', $facts), $before, 'hooks, metrics, reports and readings are the same after an update');
$node->safe_psql('copy', 'TRUNCATE etl.seen');
control($simulator, 'restate=140&from=2026-03-10&to=2026-03-10');
$node->safe_psql('copy', "CALL tiktokads.sync(stream => '$_')") for qw(weekdays report_campaign_daily);
is($node->safe_psql('copy', 'SELECT count(*) > 0 AND bool_and(rows > 0) FROM etl.seen'), 't', 'the hook is called');
is($node->safe_psql('copy', "SELECT count(*) = count(organic_video_views) AND count(campaign_name) > 0 FROM tiktokads.report_campaign_daily"), 't', 'the metrics are asked for');
is($node->safe_psql('copy', "SELECT count(*) FROM tiktokads.sync_history WHERE stream = 'weekdays' AND state = 'done' AND rows_changed > 0"), '2', 'and the report is read');
value("SELECT tiktokads.drop_report('weekdays')");
is(value("SELECT count(*) FROM tiktokads.stream WHERE stream = 'weekdays'"), '0', 'a report is forgotten');
cmp_ok(value('SELECT count(*) FROM tiktokads.weekdays'), '>', 0, 'its table stays');

done_testing();
