# Makes a database that is synced from a simulator, for the specs: prepare.pl DATABASE.
# The simulator's pid is left in DATABASE.pid; it ends with the tests' directory.
use strict;
use warnings;
use Cwd qw(getcwd);
use Time::HiRes qw(sleep);

my ($database) = @ARGV;
my $dir = getcwd();
my $pid = fork();
if ($pid == 0)
{
	open(STDOUT, '>', "$database.log");
	open(STDERR, '>&', \*STDOUT);
	exec($ENV{TIKTOK_SIMULATOR}, '--port-file', "$database.port", '--token', 'sim-token', '--app-id', '7001',
		'--secret', 'sim-secret', '--tier', 'unlimited', '--now', '2026-03-15 12:00:00', '--freeze',
		'--advertisers', '2', '--ads', '20', '--days', '40');
	die "cannot start the simulator: $!\n";
}
sub write_file
{
	my ($path, $text, $mode) = @_;
	open(my $file, '>', $path) or die "$path: $!\n";
	print $file "$text\n";
	close $file;
	chmod $mode // 0644, $path;
	return;
}
write_file("$database.pid", $pid);
for (1 .. 200) { last if -s "$database.port"; sleep 0.05; }
open(my $file, '<', "$database.port") or die "the simulator does not start\n";
chomp(my $port = <$file>);
write_file("$database.token", 'sim-token', 0600);
write_file("$database.secret", 'sim-secret', 0600);

my $offset = 1773576000 - time();		# 2026-03-15 12:00:00 UTC
system('createdb', $database) == 0 or exit 1;
system('psql', '-Xq', '-d', $database, '-c', 'CREATE EXTENSION tiktokads',
	'-c', "ALTER DATABASE $database SET tiktokads.clock_offset = $offset") == 0 or exit 1;
system('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-v', "base_url=http://127.0.0.1:$port/open_api/v1.3/",
	'-v', "token_file=$dir/$database.token", '-v', "secret_file=$dir/$database.secret", '-f', 'test/specs/setup.sql') == 0 or exit 1;
