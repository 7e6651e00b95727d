# Dropping 30 expired monthly partitions against DELETE of the same rows: time,
# WAL and bloat side by side, and how time grows with rows; erasing one person
# among many; how long readers wait while partitions leave.
use strict;
use warnings;
use List::Util qw(max min);
use Time::HiRes qw(sleep time);

my $month_rows = int(1_000_000 * $ENV{BENCH_SCALE});
my $touches = int(20_000_000 * $ENV{BENCH_SCALE});
my $dir = $ENV{BENCH_DIR};

# Runs statements in one session; returns the output.
sub sql
{
	my (@statements) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', map { ('-c', $_) } 'SET client_min_messages = warning', @statements)
	  or die "psql: $!\n";
	my $output = do { local $/; <$psql> } // '';
	close $psql or die "psql failed: @statements\n";
	chomp $output;
	return $output;
}

# Seconds and megabytes of WAL that statements take.
sub measure
{
	my (@statements) = @_;
	my $before = sql('SELECT pg_current_wal_insert_lsn()');
	my $start = time();
	sql(@statements);
	my $seconds = time() - $start;
	return ($seconds, sql("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$before') / 1048576.0"));
}

# Fills 30 months before 2023 with rows, each with a key and two metrics.
sub fill
{
	my ($table, $key, $rows) = @_;
	sql("SELECT tiktokads.partition_ensure('$table', '2020-07-01', '2022-12-31')",
		map { "INSERT INTO tiktokads.$table (advertiser_id, $key, stat_date, spend, impressions)"
			  . " SELECT 1, n, m::date, 1.25, 100 FROM generate_series(1, $rows) AS n, (VALUES (date '2020-07-01' + make_interval(months => $_))) AS v (m)" } 0 .. 29);
	sql("ANALYZE tiktokads.$table", "CHECKPOINT");
	return;
}

# Megabytes of a partitioned table.
sub size
{
	my ($table) = @_;
	return sql("SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) / 1048576.0 FROM pg_inherits WHERE inhparent = 'tiktokads.$table'::regclass");
}

# The old days again may come, and leave by their rule.
sub arm
{
	my ($table) = @_;
	sql('TRUNCATE tiktokads.expired_range', "SELECT tiktokads.set_retention('tiktokads.$table', '2 years')");
	return;
}

sql("ALTER DATABASE postgres RESET tiktokads.clock_offset");
my %drop;
for my $part (0.25, 1, 0.25, 1)
{
	fill('report_ad_daily', 'ad_id', int($month_rows * $part));
	arm('report_ad_daily');
	my ($seconds, $wal) = measure('SET tiktokads.retention_count_limit = 0', 'CALL tiktokads.apply_retention()');
	die "partitions stayed\n" if sql("SELECT EXISTS (SELECT FROM tiktokads.report_ad_daily WHERE stat_date < '2023-01-01')") eq 't';
	$drop{$part} = { seconds => $seconds, wal => $wal } unless $drop{$part} && $drop{$part}{seconds} < $seconds;
}
fill('report_ad_daily', 'ad_id', $month_rows);
arm('report_ad_daily');
my ($counted) = measure('SET tiktokads.retention_count_limit = -1', 'CALL tiktokads.apply_retention()');
sql("SELECT tiktokads.remove_retention('tiktokads.report_ad_daily')");

fill('report_adgroup_daily', 'adgroup_id', $month_rows);
my $filled = size('report_adgroup_daily');
my ($delete, $delete_wal) = measure("DELETE FROM tiktokads.report_adgroup_daily WHERE stat_date < '2023-01-01'");
my $bloat = size('report_adgroup_daily');
my ($vacuum, $vacuum_wal) = measure('VACUUM tiktokads.report_adgroup_daily');

printf "30 months of %d rows (%.0f MB):\n", $month_rows, $filled;
printf "                     seconds    WAL MB   MB left behind\n";
printf "apply_retention     %8.2f  %8.1f   %8.1f\n", $drop{1}{seconds}, $drop{1}{wal}, 0;
printf "  counting each row %8.2f\n", $counted;
printf "DELETE              %8.2f  %8.1f   %8.1f\n", $delete, $delete_wal, $bloat;
printf "  and VACUUM        %8.2f  %8.1f   %8.1f\n", $delete + $vacuum, $delete_wal + $vacuum_wal, size('report_adgroup_daily');
printf "ratios: DELETE takes %.0f times the time and %.0f times the WAL; with a quarter of the rows dropping takes %.2f of the time\n",
  $delete / $drop{1}{seconds}, $delete_wal / $drop{1}{wal}, $drop{0.25}{seconds} / $drop{1}{seconds};
sql("SELECT tiktokads.partition_ensure('report_adgroup_daily', '2023-01-01', '2023-01-31')",
	map { "DROP TABLE tiktokads.report_adgroup_daily_$_" } split /\n/, sql("SELECT right(inhrelid::regclass::text, 6) FROM pg_inherits WHERE inhparent = 'tiktokads.report_adgroup_daily'::regclass AND inhrelid::regclass::text ~ '_20(20|21|22)..\$'"));

# one person among many touches, 20 each, over 13 months
my $people = max(1, int($touches / 20));
sql("SELECT tiktokads.partition_ensure('touchpoint', '2025-01-01', '2026-01-31')",
	map { "INSERT INTO tiktokads.touchpoint (source, touch_id, touch_at, person, kind, advertiser_id)"
		  . " SELECT 'web', n::text, timestamptz '2025-01-15 00:00:00+00' + n % 13 * interval '30 days' + n * interval '1 ms', 'person-' || n % $people, 'click', 1"
		  . " FROM generate_series($_ * $touches / 4 + 1, ($_ + 1) * $touches / 4) AS n" } 0 .. 3);
sql('VACUUM ANALYZE tiktokads.touchpoint');
my (@erase, @plain);
for my $round (1 .. 5)
{
	my $victim = 100 + $round;
	my $rows;
	my $start = time();
	$rows = sql("SELECT c ->> 'rows' FROM tiktokads.erase_subject('person-$victim', 'request $round') AS c");
	push @erase, time() - $start;
	die "erased $rows rows\n" if $rows != sql("SELECT count(*) FROM generate_series(1, $touches) AS n WHERE n % $people = $victim");
	$victim += 1000;
	$start = time();
	sql("DELETE FROM tiktokads.touchpoint WHERE person = 'person-$victim'");
	push @plain, time() - $start;
}
printf "erasing one person among %d touches: %.3f s the first time (it puts the guards on), then %.3f s, a session's start included (under 1); a bare DELETE %.3f s\n",
  $touches, $erase[0], max(@erase[ 1 .. 4 ]), max(@plain);
my $start = time();
sql('SELECT tiktokads.reapply_erasures()');
printf "reapply_erasures() over %d people: %.1f s\n", $people, time() - $start;

# a steady stream of readers, alone and while 30 partitions leave beside a long reader
# Longest and 99.9th percentile of the readers' time in ms, while something runs.
sub readers
{
	my ($beside) = @_;
	my $script = "$dir/reader.sql";
	unlink glob("$dir/reader_log*");
	open(my $file, '>', $script) or die "$script: $!\n";
	print $file "SELECT count(*) FROM tiktokads.report_ad_daily WHERE stat_date = current_date;\n";
	close $file;
	my $pid = fork();
	if ($pid == 0)
	{
		chdir $dir;
		open(STDOUT, '>', '/dev/null');
		open(STDERR, '>', '/dev/null');
		exec('pgbench', '-n', '-f', $script, '-c', '2', '-T', '6', '-l', '--log-prefix=reader_log');
	}
	sleep 0.5;
	$beside->();
	waitpid $pid, 0;
	my @times;
	for my $log (glob("$dir/reader_log*"))
	{
		open(my $in, '<', $log) or die "$log: $!\n";
		push @times, map { (split ' ')[2] / 1000 } <$in>;
	}
	@times = sort { $a <=> $b } @times;
	return ($times[-1], $times[ int(@times * 0.999) ], scalar @times);
}
fill('report_ad_daily', 'ad_id', int($month_rows / 20));
arm('report_ad_daily');
my ($alone_max, $alone) = readers(sub { });
my ($free_max, $free) = readers(sub { sql('CALL tiktokads.apply_retention()') });
fill('report_ad_daily', 'ad_id', int($month_rows / 20));
arm('report_ad_daily');
my ($tried_max, $tried) = readers(sub {
	my $long = fork();
	exec('psql', '-Xq', '-o', '/dev/null', '-c', 'BEGIN', '-c', 'SELECT count(*) FROM tiktokads.report_ad_daily', '-c', 'SELECT pg_sleep(4)', '-c', 'COMMIT') if $long == 0;
	sleep 0.3;
	sql('SET client_min_messages = error', 'SET tiktokads.retention_lock_attempts = 4', 'CALL tiktokads.apply_retention()');
	waitpid $long, 0;
});
printf "readers, longest (99.9 %%) in ms: alone %.1f (%.1f), while 30 partitions leave %.1f (%.1f), while they cannot for a long reader %.1f (%.1f); lock timeout 200\n",
  $alone_max, $alone, $free_max, $free, $tried_max, $tried;
sql("SELECT tiktokads.remove_retention('tiktokads.report_ad_daily')", 'TRUNCATE tiktokads.touchpoint, tiktokads.report_ad_daily, tiktokads.expired_range, tiktokads.erased_subject, tiktokads.erased_key',
	map { "DROP TRIGGER tiktokads_guard ON tiktokads.$_" } qw(touchpoint ad adgroup));
