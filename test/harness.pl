# harness.pl: runs every kind of test through one TAP harness and counts them.
#
#   test/unit/*_test.c		arithmetic without a server, compiled with the sources it includes
#   test/simulator/t/*.t	the simulator by itself
#   sql/*.sql				pg_regress, each file in a database of its own
#   test/pgtap/*.sql		pgTAP, in a database with the model made
#   test/specs/*.spec		pg_isolation_regress, in a synced database
#   test/t/*.pl				servers of their own: processes, crashes, dumps
#
# test/run sets up what it needs: PGHOST and PGPORT name a running server.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use TAP::Harness;

my $top = abs_path(dirname(__FILE__) . '/..');
my $src = $ENV{PGXS_SRC};
my $bin = $ENV{BINDIR};
chdir $top or die "$top: $!\n";
$ENV{PERL5LIB} = join ':', "$src/test/perl", "$top/test/simulator/t/lib", $ENV{PERL5LIB} // ();
$ENV{PG_REGRESS} = "$src/test/regress/pg_regress";

# The sources that a file includes, and those that they include.
sub sources_of
{
	my ($path, $seen) = @_;
	open(my $file, '<', $path) or return;
	my $text = do { local $/; <$file> };
	for my $header ($text =~ /^#include "([a-z_]+\/[a-z_0-9]+)\.h"/mg)
	{
		for my $part ("src/$header.h", "src/$header.c")
		{
			next if $seen->{$part} || !-f $part;
			$seen->{$part} = 1;
			sources_of($part, $seen);
		}
	}
	return sort grep { /\.c$/ } keys %$seen;
}

# Shell that prints TAP for a test of each kind.
my %kinds = (
	unit => {
		files => sub { glob 'test/unit/*_test.c' },
		command => sub {
			my ($path) = @_;
			(my $program = $path) =~ s/\.c$//;
			my @sources = sources_of($path, {});
			return "cc -std=gnu11 -Wall -Wextra -Werror -O2 -g -Isrc -o $program $path @sources -lm -lcrypto && $program";
		},
	},
	simulator => {
		files => sub { glob 'test/simulator/t/*.t' },
		command => sub { "perl $_[0]" },
	},
	regress => {
		files => sub { glob 'sql/*.sql' },
		command => sub {
			my $name = basename($_[0], '.sql');
			return tap_of($name, "$src/test/regress/pg_regress --inputdir=. --outputdir=regress/$name --bindir=$bin"
				  . " --dbname=regress_$name --encoding=UTF8 --load-extension=tiktokads $name", "regress/$name/regression.diffs");
		},
	},
	pgtap => {
		files => sub { glob 'test/pgtap/*.sql' },
		command => sub {
			my $database = 'pgtap_' . basename($_[0], '.sql');
			return "createdb $database && psql -Xq -d $database -c 'CREATE EXTENSION tiktokads' -c 'CREATE EXTENSION pgtap'"
			  . " -c 'CALL tiktokads.create_model()' >&2 && psql -XAtq -v ON_ERROR_STOP=1 -d $database -f $_[0]";
		},
	},
	isolation => {
		files => sub { glob 'test/specs/*.spec' },
		command => sub {
			my $name = basename($_[0], '.spec');
			return "perl test/specs/prepare.pl isolation_$name && "
			  . tap_of($name, "$src/test/isolation/pg_isolation_regress --inputdir=test --outputdir=isolation/$name --bindir=$bin"
				  . " --use-existing --dbname=isolation_$name $name", "isolation/$name/output_iso/regression.diffs isolation/$name/regression.diffs")
			  . '; status=$?; kill $(cat isolation_' . $name . '.pid); exit $status';
		},
	},
	tap => {
		files => sub { glob 'test/t/*.pl' },
		command => sub {
			my $dir = "tap/" . basename($_[0], '.pl');
			make_path($dir);
			return "TESTDIR=$top/$dir TESTDATADIR=$top/$dir TESTLOGDIR=$top/$dir perl -I test/t/lib $_[0]";
		},
	});

# A command whose exit status is the test; the differences are its diagnostics.
sub tap_of
{
	my ($name, $command, $diffs) = @_;
	make_path("regress/$name", "isolation/$name");
	return "echo 1..1; if $command >regress/$name.log 2>&1; then echo 'ok 1 - $name'; "
	  . "else echo 'not ok 1 - $name'; tail -40 regress/$name.log >&2; cat $diffs 2>/dev/null | head -400 >&2; fi";
}

# What takes longest begins first, so that nothing long is left when the rest is done.
my @long = map { "test/t/$_.pl" } qw(130_hostile 300_incidents 110_worker_crash 160_worker_rounds 120_operate 310_incident_hours 200_right_numbers
	140_verdict 100_worker 120_secret 030_crash 040_large_slice 150_outage);
my %place = map { $long[$_] => $_ } 0 .. $#long;

my (@files, %command);
for my $kind (qw(tap regress unit simulator pgtap isolation))
{
	for my $path ($kinds{$kind}{files}->())
	{
		next if @ARGV && !grep { index($path, $_) >= 0 } @ARGV;
		push @files, $path;
		$command{$path} = $kinds{$kind}{command}->($path);
	}
}
die "no test matches\n" unless @files;
@files = sort { ($place{$a} // @long) <=> ($place{$b} // @long) } @files;

my $harness = TAP::Harness->new({
	# most tests wait for something half of their time
	jobs => $ENV{TEST_JOBS} // 3,
	# neighbours disturb what is counted in a rolling second, and how soon a cancel acts: alone, first
	rules => { seq => [ { seq => [ 'test/t/070_pace.pl', 'test/t/075_shared_limit.pl', 'test/t/010_network_wait.pl' ] }, { par => '**' } ] },
	timer => 1,
	failures => 1,
	merge => 0,
	verbosity => $ENV{TEST_VERBOSITY} // 0,
	exec => sub { my ($harness, $path) = @_; return [ 'bash', '-c', $command{$path} ]; },
});
my $total = $harness->runtests(@files);
my ($passed, $failed) = (scalar $total->passed, scalar $total->failed);

# a script that died, or planned more than it ran, is a failure of its own
$failed += grep { my $parser = $_; !$parser->failed && ($parser->wait || $parser->parse_errors) } $total->parsers;
print "$passed passed, $failed failed\n";
exit($failed == 0 && $passed > 0 ? 0 : 1);
