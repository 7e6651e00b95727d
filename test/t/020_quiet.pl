# A second sync over unchanged data writes nothing but its own history.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $simulator = start_simulator('--advertisers', '2', '--ads', '60', '--days', '40');
my $node = start_node('quiet', conf => "autovacuum = off\nfull_page_writes = off\n");
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
$node->safe_psql('postgres', 'VACUUM');

my $rows = "SELECT sum(n) FROM (SELECT count(*) AS n FROM tiktokads.ad UNION ALL SELECT count(*) FROM tiktokads.report_ad_daily"
  . " UNION ALL SELECT count(*) FROM tiktokads.report_campaign_daily UNION ALL SELECT count(*) FROM tiktokads.campaign"
  . " UNION ALL SELECT count(*) FROM tiktokads.adgroup UNION ALL SELECT count(*) FROM tiktokads.report_adgroup_daily"
  . " UNION ALL SELECT count(*) FROM tiktokads.report_advertiser_daily) AS t";
my $written = "SELECT pg_stat_force_next_flush(); SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) || ',' || coalesce(sum(n_dead_tup), 0)"
  . " FROM pg_stat_all_tables WHERE schemaname = 'tiktokads' AND relname ~ '^(campaign|adgroup|ad|advertiser|report_.*|pending_removal|endpoint_pause|connection)\$'";
my $xmax = "SELECT count(*) FROM (SELECT xmax::text FROM tiktokads.ad UNION ALL SELECT xmax::text FROM tiktokads.campaign"
  . " UNION ALL SELECT xmax::text FROM tiktokads.adgroup UNION ALL SELECT xmax::text FROM tiktokads.report_ad_daily"
  . " UNION ALL SELECT xmax::text FROM tiktokads.report_advertiser_daily) AS t WHERE xmax <> '0'";
my $versions = "SELECT md5(string_agg(v, ',' ORDER BY v)) FROM (SELECT tableoid || ':' || ctid || ':' || xmin AS v FROM tiktokads.report_ad_daily"
  . " UNION ALL SELECT tableoid || ':' || ctid || ':' || xmin FROM tiktokads.ad UNION ALL SELECT tableoid || ':' || ctid || ':' || xmin FROM tiktokads.advertiser) AS t";

cmp_ok($node->safe_psql('postgres', $rows), '>', 3000, 'the first sync stored rows');
$node->safe_psql('postgres', 'SELECT pg_stat_force_next_flush()');
my $before = $node->safe_psql('postgres', $written);
my $versions_before = $node->safe_psql('postgres', $versions);
$node->safe_psql('postgres', 'CHECKPOINT');
my $lsn = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
my $wal = $node->safe_psql('postgres', "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$lsn')");

is($node->safe_psql('postgres', $written), $before, 'no row was written and none is dead');
is($node->safe_psql('postgres', $versions), $versions_before, 'every row version is the one that was there');
is($node->safe_psql('postgres', $xmax), '0', 'no row was locked (xmax is 0 everywhere)');

my ($runs, $unchanged, $changed) = split /\|/, $node->safe_psql('postgres',
	"SELECT count(*), sum(rows_unchanged), sum(rows_new + rows_changed + rows_removed) FROM tiktokads.sync_history"
	  . " WHERE run > (SELECT max(run) / 2 FROM tiktokads.sync_history)");
is($changed, '0', 'the history counts no new, changed or removed row');
is($unchanged, $node->safe_psql('postgres', $rows), 'the history counts every row as unchanged');
# per run: one history row inserted, one updated, one cursor updated, three commits
cmp_ok($wal, '<', 2500 * $runs + 8192, "WAL is that of the history alone ($wal bytes for $runs runs)");

# What changes is written, and only that.
control($simulator, 'advance=86400');
$node->append_conf('postgresql.conf', 'tiktokads.clock_offset = ' . (1773576000 + 86400 - time()));
$node->reload;
$node->safe_psql('postgres', 'CALL tiktokads.sync()');
my ($new, $restated, $same) = split /\|/, $node->safe_psql('postgres',
	"SELECT sum(rows_new), sum(rows_changed), sum(rows_unchanged) FROM tiktokads.sync_history"
	  . " WHERE run > (SELECT max(run) * 2 / 3 FROM tiktokads.sync_history)");
cmp_ok($new, '>', 0, 'a new day brings new rows');
cmp_ok($restated, '>', 0, 'restated days are updated');
cmp_ok($same, '>', 0, 'the others are left alone');

done_testing();
