# From HTTP to committed rows, as a ratio to INSERT ... SELECT ... ON CONFLICT of
# the same rows from a temporary table; 1,000-row pages, 25 metrics, no limit.
use strict;
use warnings;
use JSON::PP;
use List::Util qw(min max);
use Time::HiRes qw(sleep time);

my $ads = int(20000 * $ENV{BENCH_SCALE});
my $days = 60;
my $dir = $ENV{BENCH_DIR};
my @metrics = qw(spend impressions clicks reach frequency conversion real_time_conversion result video_play_actions
  video_watched_2s video_watched_6s video_views_p25 video_views_p50 video_views_p75 video_views_p100 average_video_play
  engaged_view engagements likes comments shares follows profile_visits complete_payment total_complete_payment_rate);
my $simulator;

# Starts a simulator and connects to it.
sub simulate
{
	my ($tier, @options) = @_;
	unlink "$dir/port";
	$simulator = fork();
	if ($simulator == 0)
	{
		open(STDOUT, '>', '/dev/null');
		exec($ENV{TIKTOK_SIMULATOR}, '--port-file', "$dir/port", '--tier', $tier, '--now', '2026-03-15 12:00:00',
			'--no-gzip', '--advertisers', '1', '--parent-pid', getppid(), @options);
	}
	sleep 0.05 until -s "$dir/port";
	open(my $file, '<', "$dir/port");
	chomp(my $port = <$file>);
	sql("ALTER DATABASE postgres SET tiktokads.clock_offset = " . (1773576000 - int(time())));
	sql("CALL tiktokads.connect('bench', access_token_file => '$dir/token', app_id => '7100000000000000001',"
		  . " app_secret_file => '$dir/secret', base_url => 'http://127.0.0.1:$port/open_api/v1.3/', tier => '$tier')");
	return "http://127.0.0.1:$port/control";
}

# Runs statements; returns the output.
sub sql
{
	my (@statements) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', map { ('-c', $_) } 'SET client_min_messages = warning', @statements)
	  or die "psql: $!\n";
	my $output = do { local $/; <$psql> } // '';
	close $psql or die "psql failed\n";
	return $output;
}

# Runs one statement in a session of its own; returns seconds and CPU seconds.
sub timed
{
	my ($statement, @before) = @_;
	my $script = "$dir/timed.sql";
	open(my $file, '>', $script) or die "$script: $!\n";
	print $file join("\n", 'SET client_min_messages = warning;', map({ "$_;" } @before), 'SELECT pg_backend_pid() AS pid \gset',
		'\setenv BACKEND :pid', '\! cut -d" " -f14,15 /proc/$BACKEND/stat', '\timing on', "$statement;", '\timing off',
		'\! cut -d" " -f14,15 /proc/$BACKEND/stat'), "\n";
	close $file;
	my $output = `psql -XAtq -v ON_ERROR_STOP=1 -f $script 2>&1`;
	die $output if $?;
	my @ticks = $output =~ /^(\d+) (\d+)$/mg;
	my ($ms) = $output =~ /^Time: ([\d.]+) ms/m or die $output;
	return ($ms / 1000, ($ticks[2] + $ticks[3] - $ticks[0] - $ticks[1]) / 100);
}

# Prints where a statement's CPU time goes, when perf is there to tell.
sub profile
{
	my ($before, $statement) = @_;
	my $data = "$dir/perf.data";
	my $can = !system('perf record -o /dev/null true >/dev/null 2>&1');
	return sql($before, $statement) unless $can;
	open(my $file, '>', "$dir/profile.sql") or die "$dir: $!\n";
	print $file join("\n", 'SET client_min_messages = warning;', "$before;", 'SELECT pg_backend_pid() AS pid \gset', '\setenv BACKEND :pid',
		"\\! perf record -q -F 499 -p \$BACKEND -o $data >/dev/null 2>&1 &", "$statement;"), "\n";
	close $file;
	system("psql -XAtq -v ON_ERROR_STOP=1 -f $dir/profile.sql >/dev/null 2>&1");
	sleep 1;
	my @top = `perf report -i $data --sort symbol --stdio -q 2>/dev/null`;
	print "profile of a first load (per cent of the backend's CPU time):\n", grep { defined } (grep { /\S/ } @top)[ 0 .. 11 ];
	return;
}

my $control = simulate('unlimited', '--dense', '--ads', $ads, '--days', $days + 1);
sql("DELETE FROM tiktokads.stream_override",
	"INSERT INTO tiktokads.stream_override (stream, metrics) VALUES ('report_ad_daily', '{" . join(',', @metrics) . "}')");
my $sync = "CALL tiktokads.sync(stream => 'report_ad_daily', from_date => date '2026-03-14' - " . ($days - 1) . ", to_date => '2026-03-14')";
my $columns = join ', ', 'advertiser_id', 'ad_id', 'stat_date', @metrics;
my $set = join ', ', map { "$_ = EXCLUDED.$_" } @metrics;

sql($sync);		# partitions, caches
my (@first, @cpu, @store, @again, @again_cpu, @base);
for my $round (1 .. 3)
{
	sql('TRUNCATE tiktokads.report_ad_daily, tiktokads.sync_history');
	my ($seconds, $cpu) = timed($sync);
	push @first, $seconds;
	push @cpu, $cpu;
	push @store, sql("SELECT sum(db_seconds) FROM tiktokads.sync_history WHERE state = 'done'") / $seconds;
	($seconds, $cpu) = timed($sync);
	push @again, $seconds;
	push @again_cpu, $cpu;
	($seconds) = timed("INSERT INTO tiktokads.report_ad_daily ($columns) SELECT $columns FROM loaded ON CONFLICT (advertiser_id, ad_id, stat_date) DO UPDATE SET $set",
		"CREATE TEMP TABLE loaded AS SELECT $columns FROM tiktokads.report_ad_daily", 'TRUNCATE tiktokads.report_ad_daily');
	push @base, $seconds;
}
profile('TRUNCATE tiktokads.report_ad_daily, tiktokads.sync_history', $sync);
my ($rows, $bytes) = split /\|/, sql("SELECT sum(rows_received), sum(bytes) FROM tiktokads.sync_history WHERE state = 'done'");
my $pages = sql('SELECT sum(pages) FROM tiktokads.sync_history');
my $million = $rows / 1e6;
printf "rows %d, pages %d (fewest possible %d), %d bytes a row on the wire\n", $rows, $pages, int(($rows + 999) / 1000), $bytes / $rows;
printf "first load        %7.0f rows/s   ratio to INSERT ... ON CONFLICT %.2f   (at least 0.40)\n", $rows / min(@first), min(@base) / min(@first);
printf "unchanged re-sync %7.0f rows/s   %.2f times as fast as the first load   (at least 1.15)\n", $rows / min(@again), min(@first) / min(@again);
printf "CPU seconds per million rows: first load %.2f = receive and parse %.2f + store %.2f; re-sync %.2f\n",
  min(@cpu) / $million, min(@cpu) * (1 - min(@store)) / $million, min(@cpu) * min(@store) / $million, min(@again_cpu) / $million;
kill 'TERM', $simulator;
waitpid $simulator, 0;

# with the limit on: how much of the budget is used, and is it ever exceeded?
$control = simulate('basic', '--dense', '--ads', '120', '--days', '31');
sql("UPDATE tiktokads.stream_override SET page_size = 10 WHERE stream = 'report_ad_daily'", 'TRUNCATE tiktokads.report_ad_daily, tiktokads.sync_history');
`curl -s '$control?reset_stats'`;
my ($seconds) = timed("CALL tiktokads.sync(stream => 'report_ad_daily', from_date => '2026-02-14', to_date => '2026-03-14')");
my ($report) = grep { $_->{path} =~ /report/ } @{ decode_json(`curl -s '$control?stats'`)->{endpoints} };
my $fewest = int((120 * 29 + 9) / 10);
# the first second's budget is there at once
printf "with the limit (10 a second): %d requests in %.1f s, %.1f %% of what is allowed, at most %d in any rolling second, %d in any minute, refused %d\n",
  $report->{requests}, $seconds, 100 * $report->{requests} / (10 + 10 * ($seconds)), $report->{max_per_second}, $report->{max_per_minute} // 0, $report->{throttled};
printf "requests against the fewest possible: %d / %d\n", $report->{requests}, $fewest;
kill 'TERM', $simulator;
waitpid $simulator, 0;
sql("CALL tiktokads.disconnect('bench')", 'DELETE FROM tiktokads.stream_override', 'TRUNCATE tiktokads.report_ad_daily');
