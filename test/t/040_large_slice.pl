# A slice of 10,000 pages of 50 rows leaves the backend's memory flat.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

# 16,667 ads x 30 days are 500,010 rows: one day's slice cannot be cut, so ask
# for entities, whose list is never cut: 500,000 ads.
my $simulator = start_simulator('--advertisers', '1', '--ads', '500000', '--days', '2');
my $node = start_node('large', conf => "work_mem = '4MB'\nshared_buffers = '64MB'\nmax_wal_size = '4GB'\n");
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('ad', 50)");

my $call = stalled_call($node, "CALL tiktokads.sync(stream => 'ad')", 'large');
my $status = "/proc/$call->{pid}/smaps_rollup";
my ($early, $reading, $most) = (0, 0, 0);

# anonymous memory in kB: shared buffers do not count
sub anonymous_memory
{
	open(my $file, '<', $status) or return undef;
	my $sum = 0;
	while (<$file>) { $sum += $1 if /^Pss_Anon:\s+(\d+) kB/; }
	return $sum || undef;
}

# pages that were asked for
sub pages
{
	my $n = 0;
	$n += $_->{requests} // 0 for @{ decode_json(control($simulator, 'stats'))->{endpoints} };
	return $n;
}
while ($call->{handle}->pumpable)
{
	$call->{handle}->pump_nb;
	my $memory = anonymous_memory();
	last unless defined $memory;
	$most = $memory if $memory > $most;
	my $pages = pages();
	$early = $memory if $pages < 1000;
	$reading = $memory if $pages < 10000;
	select(undef, undef, undef, 0.2);
}
$call->{handle}->finish;
my ($pages, $rows) = split /\|/, $node->safe_psql('postgres',
	"SELECT pages, rows_received FROM tiktokads.sync_history WHERE stream = 'ad' AND state = 'done'");
cmp_ok($pages // 0, '>=', 10000, 'the slice had 10,000 pages');
cmp_ok($rows // 0, '>=', 500000, 'and half a million rows');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tiktokads.ad'), $rows, 'all of them are stored');
cmp_ok($reading - $early, '<', 8 * 1024, "memory stays flat while pages come (after a tenth $early kB, after all $reading kB)");
cmp_ok($most - $early, '<', 128 * 1024, "and while half a million rows are stored (at most $most kB)");

done_testing();
