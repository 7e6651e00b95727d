# The history of entities: a row for each change that was observed, none for a
# fetch that changed nothing, and what was then is answered.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(time);

my $simulator = start_simulator('--advertisers', '2', '--ads', '40', '--days', '40', '--freeze');
my $node = start_node('past', conf => "autovacuum = off\n");
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', 'CALL tiktokads.sync()');

# One value of one query.
sub value { return $node->safe_psql('postgres', $_[0]); }

my @entities = (['campaign', 'campaign_id'], ['adgroup', 'adgroup_id'], ['ad', 'ad_id'], ['advertiser', 'advertiser_id']);
my $gaps = join(' UNION ALL ', map {
	"SELECT count(*) FROM (SELECT valid_to, lead(valid_from) OVER (PARTITION BY advertiser_id, $_->[1] ORDER BY valid_from) AS next, "
	  . "row_number() OVER (PARTITION BY advertiser_id, $_->[1] ORDER BY valid_from DESC) AS back FROM tiktokads.$_->[0]_history) AS h "
	  . "WHERE valid_to IS DISTINCT FROM next OR (back = 1) <> (valid_to IS NULL)" } @entities);
my $same = join(' UNION ALL ', map {
	"SELECT count(*) FROM (SELECT to_jsonb(e) - 'first_seen_at' - 'changed_at' - 'connection' - 'sync' AS j FROM tiktokads.$_->[0] AS e "
	  . "EXCEPT ALL SELECT to_jsonb(h) - 'valid_from' - 'valid_to' - 'change' - 'changed' FROM tiktokads.$_->[0]_at('infinity') AS h) AS d" } @entities);

for my $entity (@entities)
{
	is(value("SELECT (SELECT count(*) FROM tiktokads.$entity->[0]_history WHERE change = 'added' AND valid_to IS NULL) = (SELECT count(*) FROM tiktokads.$entity->[0]) AND (SELECT count(*) FROM tiktokads.$entity->[0]) > 0"),
		't', "$entity->[0]: the first sync adds each one");
}
is(value("SELECT sum(count) FROM ($same) AS s"), '0', 'the states that are open are those of the tables');
is(value("SELECT count(*) FROM tiktokads.campaign_at('2000-01-01')"), '0', 'before the first sync there was nothing');
is(value("SELECT count(*) FROM tiktokads.campaign_at(NULL)"), '0', 'nor at no time');

# A fetch that changes nothing adds nothing.
my $count = join(' + ', map { "(SELECT count(*) FROM tiktokads.$_->[0]_history)" } @entities);
my $before = value("SELECT $count");
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
is(value("SELECT $count"), $before, 'a fetch that changed nothing adds nothing');

# Days go by: names, budgets and states change.
my $then = value('SELECT clock_timestamp()');
my $names = value("SELECT md5(string_agg(to_jsonb(c)::text, ',' ORDER BY campaign_id)) FROM (SELECT advertiser_id, campaign_id, campaign_name, budget, operation_status, secondary_status FROM tiktokads.campaign) AS c");
my $ads = value("SELECT md5(string_agg(ad_id || coalesce(ad_name, '') || coalesce(operation_status, ''), ',' ORDER BY ad_id)) FROM tiktokads.ad");
for my $day (1 .. 6)
{
	control($simulator, 'advance=' . 5 * 86400);
	$node->safe_psql('postgres', "CALL tiktokads.sync(stream => '$_')") for qw(campaign adgroup ad);
}
cmp_ok(value("SELECT count(*) FROM tiktokads.ad_history WHERE change = 'changed'"), '>', 0, 'changes are rows');
is(value("SELECT count(*) FROM tiktokads.ad_history WHERE change = 'changed' AND changed = '{}'"), '0', 'each says which columns changed');
is(value("SELECT count(*) FROM (SELECT ad_name, changed, lag(ad_name) OVER (PARTITION BY ad_id ORDER BY valid_from) AS old, valid_from <> min(valid_from) OVER (PARTITION BY ad_id) AS later FROM tiktokads.ad_history) AS h"
	  . " WHERE later AND ('ad_name' = ANY (changed)) <> (ad_name IS DISTINCT FROM old)"), '0', 'and says so rightly');
is(value("SELECT sum(count) FROM ($gaps) AS g"), '0', 'the states of each one follow without gap or overlap');
is(value("SELECT sum(count) FROM ($same) AS s"), '0', 'and the last is that of the table');
is(value("SELECT md5(string_agg(to_jsonb(c)::text, ',' ORDER BY campaign_id)) FROM (SELECT advertiser_id, campaign_id, campaign_name, budget, operation_status, secondary_status FROM tiktokads.campaign_at('$then')) AS c"),
	$names, 'campaign_at() answers as it was then');
is(value("SELECT md5(string_agg(ad_id || coalesce(ad_name, '') || coalesce(operation_status, ''), ',' ORDER BY ad_id)) FROM tiktokads.ad_at('$then')"), $ads, 'and so does ad_at()');

# Deletion, disappearance and return.
my ($deleted) = split /\n/, value("SELECT ad_id FROM tiktokads.ad WHERE removed_at IS NULL ORDER BY ad_id");
control($simulator, "delete=$deleted");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
is(value("SELECT change || (removed_at IS NOT NULL) FROM tiktokads.ad_history WHERE ad_id = $deleted AND valid_to IS NULL"), 'removedtrue', 'a deletion is a row');
control($simulator, 'shrink=10');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
my $gone = value("SELECT count(*) FROM tiktokads.ad_history WHERE change = 'removed' AND valid_to IS NULL AND ad_id <> $deleted");
cmp_ok($gone, '>', 0, 'so is a disappearance');
control($simulator, 'shrink=0');
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
is(value("SELECT count(*) > 0 AND bool_and('removed_at' = ANY (changed)) FROM tiktokads.ad_history WHERE change = 'returned' AND valid_to IS NULL"), 't', 'and a return');
is(value("SELECT sum(count) FROM ($gaps) AS g"), '0', 'without gap or overlap');

# An ad account that is taken away and given back.
my $advertiser = value('SELECT min(advertiser_id) FROM tiktokads.advertiser');
control($simulator, "hide_advertiser=$advertiser");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'campaign')");
is(value("SELECT change FROM tiktokads.advertiser_history WHERE advertiser_id = $advertiser AND valid_to IS NULL"), 'removed', 'an ad account that may not be read any more is a row');
control($simulator, "show_advertiser=$advertiser");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => 'campaign')");
is(value("SELECT change FROM tiktokads.advertiser_history WHERE advertiser_id = $advertiser AND valid_to IS NULL"), 'returned', 'and so is one that may again');
is(value("SELECT sum(count) FROM ($same) AS s"), '0', 'the open states are those of the tables');

# It outlives the extension.
$before = value("SELECT $count");
$node->safe_psql('postgres', 'DROP EXTENSION tiktokads CASCADE; CREATE EXTENSION tiktokads');
$node->safe_psql('postgres', 'CALL tiktokads.create_model()');
is(value("SELECT (SELECT count(*) FROM tiktokads.ad_history) > 0"), 't', 'histories outlive the extension');
$node->safe_psql('postgres', 'DELETE FROM tiktokads.campaign_history; UPDATE tiktokads.model_state SET version = 1; CALL tiktokads.create_model()');
is(value("SELECT count(*) = (SELECT count(*) FROM tiktokads.campaign) AND bool_and(change = 'added') FROM tiktokads.campaign_history"), 't', 'what was stored before there was a history begins it');

done_testing();
