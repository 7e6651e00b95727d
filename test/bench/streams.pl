# Entities and hourly reports, as ratios to the plain INSERT of the same rows;
# requests against the fewest, bytes a row, and what comes again unchanged.
use strict;
use warnings;
use List::Util qw(max min);
use Time::HiRes qw(sleep time);

my $ads = max(200, int(20000 * $ENV{BENCH_SCALE}));
my $listed = max(20000, $ads);		# of fewer pages a call's own cost, not the pages', is what is measured
my $dir = $ENV{BENCH_DIR};

# Runs statements; returns the output.
sub sql
{
	my (@statements) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', map { ('-c', $_) } 'SET client_min_messages = warning', @statements)
	  or die "psql: $!\n";
	my $output = do { local $/; <$psql> } // '';
	close $psql or die "psql failed\n";
	chomp $output;
	return $output;
}

# Seconds that one statement takes after some others, in one session: by the
# clock, and of its backend's processor time (in ticks of 10 ms).
sub timed
{
	my ($statement, @before) = @_;
	my $cpu = '\! awk \'{ print "cpu", $14 + $15 }\' /proc/$BACKEND/stat 2>/dev/null';
	open(my $file, '>', "$dir/timed.sql") or die "$dir: $!\n";
	print $file join("\n", 'SET client_min_messages = warning;', 'SELECT pg_backend_pid() AS pid \gset', '\setenv BACKEND :pid',
		map({ "$_;" } @before), $cpu, '\timing on', "$statement;", '\timing off', $cpu), "\n";
	close $file;
	my $output = `psql -XAtq -v ON_ERROR_STOP=1 -f $dir/timed.sql 2>&1`;
	my ($ms) = $output =~ /^Time: ([\d.]+) ms/m or die $output;
	my @ticks = $output =~ /^cpu (\d+)$/mg;
	return ($ms / 1000, @ticks == 2 ? max(1, $ticks[1] - $ticks[0]) / 100 : $ms / 1000);
}

# Starts an API of some ads and connects it.
sub connect_api
{
	my ($connection, $count) = @_;
	my $port_file = "$dir/$connection.port";
	my $pid = fork();
	if ($pid == 0)
	{
		open(STDOUT, '>', '/dev/null');
		exec($ENV{TIKTOK_SIMULATOR}, '--port-file', $port_file, '--tier', 'unlimited', '--now', '2026-03-15 12:00:00', '--freeze', '--dense',
			'--no-gzip', '--advertisers', '1', '--parent-pid', getppid(), '--ads', $count, '--days', '40');
	}
	sleep 0.05 until -s $port_file;
	open(my $file, '<', $port_file);
	chomp(my $port = <$file>);
	sql("CALL tiktokads.connect('$connection', access_token_file => '$dir/token', app_id => '7100000000000000001',"
		  . " app_secret_file => '$dir/secret', base_url => 'http://127.0.0.1:$port/open_api/v1.3/', tier => 'unlimited')");
	return $pid;
}

# Ends it, and forgets what it gave.
sub disconnect_api
{
	my ($connection, $pid) = @_;
	kill 'TERM', $pid;
	waitpid $pid, 0;
	sql('DELETE FROM tiktokads.advertiser', "CALL tiktokads.disconnect('$connection')");
	return;
}

# Reads a stream for the first time and again, and prints the ratios.
sub measure
{
	my ($stream, $table, $days) = @_;
	my $sync = "CALL tiktokads.sync(stream => '$stream'" . ($days ? ", $days" : '') . ')';
	my (@first, @again, @base, @first_cpu, @again_cpu);
	sql($sync);
	for my $round (1 .. 3)
	{
		sql("TRUNCATE tiktokads.$table", 'TRUNCATE tiktokads.sync_history');
		my ($seconds, $cpu) = timed($sync);
		push @first, $seconds;
		push @first_cpu, $cpu;
		($seconds, $cpu) = timed($sync);
		push @again, $seconds;
		push @again_cpu, $cpu;
		($seconds) = timed("INSERT INTO tiktokads.$table SELECT * FROM loaded", "CREATE TEMP TABLE loaded AS SELECT * FROM tiktokads.$table", "TRUNCATE tiktokads.$table");
		push @base, $seconds;
	}
	my ($rows, $pages, $bytes, $size) = split /\|/, sql("SELECT h.rows_received, h.pages, h.bytes, coalesce((SELECT sum(pg_total_relation_size(t.relid)) FROM pg_partition_tree('tiktokads.$table') AS t WHERE t.isleaf), pg_total_relation_size('tiktokads.$table'))"
		  . " FROM (SELECT sum(rows_received) AS rows_received, sum(pages) AS pages, sum(bytes) AS bytes FROM tiktokads.sync_history WHERE run <= (SELECT max(run) - count(*) / 2 FROM tiktokads.sync_history)) AS h");
	printf "%-18s %8.0f rows/s   ratio to INSERT %.2f   unchanged again %.1f times as fast, with %.1f times less processor time (at least 4)   requests %d / %d   bytes a row: %.0f on the wire, %.0f stored   %.0f processor seconds for a million rows\n",
	  $stream, $rows / min(@first), min(@base) / min(@first), min(@first) / min(@again), min(@first_cpu) / min(@again_cpu), $pages, int(($rows + 999) / 1000),
	  $bytes / $rows, $size / $rows, min(@first_cpu) / $rows * 1e6;
	return;
}

sql("ALTER DATABASE postgres SET tiktokads.clock_offset = " . (1773576000 - int(time())));
my $api = connect_api('list', $listed);
measure('ad', 'ad', '');
disconnect_api('list', $api);
$api = connect_api('bench', $ads);
measure('report_ad_hourly', 'report_ad_hourly', "from_date => '2026-03-13', to_date => '2026-03-14'");
measure('report_ad_daily', 'report_ad_daily', "from_date => '2026-03-01', to_date => '2026-03-14'");
sql("INSERT INTO tiktokads.advertiser (advertiser_id, name, display_timezone, connection) SELECT 9000 + g, 'account', (ARRAY['America/New_York', 'Europe/Berlin', 'Asia/Tokyo'])[g % 3 + 1], 'bench' FROM generate_series(1, 500) AS g");
printf "planning for 500 ad accounts: %.2f s (under 1)\n", min(map { (timed("SELECT count(*) FROM tiktokads.sync_due('bench')"))[0] } 1 .. 3);
printf "a day of them: %s requests to reports, %s minutes at the rate of the basic tier\n", split /\|/,
  sql("UPDATE tiktokads.connection SET tier = 'basic'", "SELECT requests_per_day, minutes_at_full_rate FROM tiktokads.sync_budget WHERE endpoint LIKE 'report/%'");
disconnect_api('bench', $api);
