# The regression tests once more, with a schema of traps first in search_path:
# functions and operators that do what the built-in ones do, and fail when the
# call comes from a function of ours.  Then what needs no superuser, as none.
use strict;
use warnings;
use File::Basename qw(basename);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "tiktokads.allow_http_loopback = on\nfsync = off\njit = off");
$node->start;

my $traps = <<'SQL';
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.trap(stack text) RETURNS void LANGUAGE plpgsql PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
	-- the context of an SQL function does not tell its schema
	IF (stack ~ 'function tiktokads\.' OR (stack ~ 'SQL function "' AND EXISTS (
			SELECT FROM regexp_matches(stack, 'SQL function "([^"]+)"', 'g') AS m JOIN pg_proc AS p ON p.proname = m[1]::name
			WHERE p.pronamespace = to_regnamespace('tiktokads')))) AND stack !~ 'function pg_temp' THEN
		RAISE EXCEPTION 'caught in a trap' USING DETAIL = stack;
	END IF;
END;
$$;
DO $do$
DECLARE
	trap record;
BEGIN
	FOR trap IN
		SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
			(SELECT string_agg('$' || n, ', ') FROM generate_series(1, p.pronargs) AS n) AS numbers, p.proisstrict
		FROM pg_proc AS p
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0 AND NOT p.proretset
			AND (p.proname IN ('lower', 'upper', 'length', 'quote_ident', 'quote_literal', 'btrim', 'split_part', 'replace', 'starts_with', 'current_setting', 'set_config',
				'to_regclass', 'date_trunc', 'abs', 'round', 'ceil', 'floor', 'now', 'clock_timestamp', 'to_char', 'md5', 'string_to_array', 'array_length', 'cardinality',
				'lpad', 'substr', 'pg_has_role', 'has_table_privilege', 'obj_description', 'jsonb_typeof')
				OR p.proname IN (SELECT o.oprcode::text FROM pg_operator AS o WHERE o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '*', '/', '->>')
					AND o.oprleft IN ('text'::regtype, 'name'::regtype, 'int8'::regtype, 'int4'::regtype, 'numeric'::regtype, 'date'::regtype, 'timestamptz'::regtype, 'float8'::regtype)
					AND o.oprright = o.oprleft))
			AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS t JOIN pg_type AS y ON y.oid = t WHERE y.typtype = 'p' AND y.typname NOT LIKE 'any%')
	LOOP
		EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql PARALLEL SAFE %s AS $f$ DECLARE stack text; BEGIN GET DIAGNOSTICS stack = PG_CONTEXT;'
			' IF stack OPERATOR(pg_catalog.~) ''function tiktokads\.|SQL function'' THEN PERFORM hostile.trap(stack); END IF; RETURN pg_catalog.%I(%s); END $f$',
			trap.proname, trap.arguments, trap.result, CASE WHEN trap.proisstrict THEN 'STRICT' ELSE '' END, trap.proname, trap.numbers);
	END LOOP;
	FOR trap IN
		SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, p.proname FROM pg_operator AS o
			JOIN pg_proc AS b ON b.oid = o.oprcode JOIN pg_proc AS p ON p.pronamespace = 'hostile'::regnamespace AND p.proname = b.proname AND p.proargtypes = b.proargtypes
		WHERE o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '*', '/') AND o.oprleft <> 0 AND o.oprright = o.oprleft
	LOOP
		EXECUTE format('CREATE OPERATOR hostile.%s (FUNCTION = hostile.%I, LEFTARG = %s, RIGHTARG = %s)', trap.oprname, trap.proname, trap.l, trap.r);
	END LOOP;
END;
$do$;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
SQL

# the traps themselves work
$node->safe_psql('postgres', $traps);
$node->safe_psql('postgres', "SET search_path = public; CREATE SCHEMA tiktokads; CREATE FUNCTION tiktokads.careless(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN lower(\$1); END'");
is($node->safe_psql('postgres', "SET search_path = hostile, pg_catalog, public; SELECT lower('A'), 1::bigint + 2::bigint"), 'a|3', 'a test is let through');
my ($result, $out, $err) = $node->psql('postgres', "SET search_path = hostile, pg_catalog, public; SELECT tiktokads.careless('A')");
like($err, qr/caught in a trap/, 'a careless function is caught');

# Runs a regression test in a database that is there, as a user; lines may differ that match one of the patterns.
sub regress_ok
{
	my ($name, $database, $user, $what, @allowed) = @_;
	my $outputdir = "$ENV{TESTDIR}/$database";
	make_path($outputdir);
	my $status = system("$ENV{PG_REGRESS} --inputdir=. --outputdir=$outputdir --bindir=$ENV{BINDIR} --use-existing --host="
		  . $node->host . ' --port=' . $node->port . " --user=$user --dbname=$database $name >$outputdir.log 2>&1");
	if (@allowed)
	{
		my @lines = grep { /^[-+]/ && !/^(---|\+\+\+) \S/ } split /\n/, slurp_file("$outputdir/regression.diffs");
		my @others = grep { my $line = $_; !grep { $line =~ $_ } @allowed } @lines;
		is(join("\n", @others), '', "$name $what, but for what takes one");
		return;
	}
	is($status, 0, "$name $what") or diag(slurp_file(-e "$outputdir/regression.diffs" ? "$outputdir/regression.diffs" : "$outputdir.log"));
}

# a database to copy is made sooner than an extension
$node->safe_psql('postgres', 'CREATE DATABASE hostile');
$node->safe_psql('hostile', 'CREATE EXTENSION tiktokads');
$node->safe_psql('hostile', $traps);
for my $file (sort glob 'sql/*.sql')
{
	my $name = basename($file, '.sql');
	# funnels run conditions of the caller's under the caller's search_path, which is what traps would catch
	next if $name =~ /^funnel/;
	$node->safe_psql('postgres', "CREATE DATABASE hostile_$name TEMPLATE hostile");
	# operators of pg_catalog come first unless it is named; what a test makes is in public as ever
	$node->safe_psql('postgres', "ALTER DATABASE hostile_$name SET search_path = public, hostile, pg_catalog");
	regress_ok($name, "hostile_$name", scalar getpwuid($<), 'with a hostile search_path');
}

# The whole suite once more, as an administrator of the extension who owns the facts and is no superuser: it
# differs only in what a superuser alone may do, and says so.
my %differs = (
	# roles are set up already, because no superuser runs the test; it looks into pg_authid
	account => [ qr/^-(ERROR:  role "tiktokads_worker" is not set up|HINT:  Have a superuser run)/, qr/^\+(ERROR:  connection "nobody" does not exist|HINT:  SELECT name FROM tiktokads\.connection)/,
		qr/^\+ERROR:  permission denied for table pg_authid/, qr/^-( rolcanlogin| t  |---|\(1 row\)|$)/ ],
	# it drops the extension and makes it anew
	model => [ qr/^-ERROR:  cannot drop extension/, qr/^\+ERROR:  must be owner of extension/, qr/^\+ERROR:  extension "tiktokads" already exists/, qr/^[-+] [ft]$/ ],
	# a member of pg_read_server_files may not look whether a file is there, unless that is granted
	schedule => [ qr/^- error +\| file "\/nowhere\/token"/, qr/^[-+]\([78] rows\)/ ],
	sync => [ qr/^-(ERROR:  role "tiktokads_worker" is not set up|HINT:  Have a superuser run)/, qr/^\+(ERROR:  (there is no connection|stream "nothing"|table "tiktokads\.campaign")|HINT:  )/ ]);
$node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS tiktokads; CALL tiktokads.create_roles()');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE suite LOGIN CREATEROLE IN ROLE tiktokads_admin, tiktokads_worker, pg_read_server_files, pg_write_server_files;
GRANT SET ON PARAMETER tiktokads.clock_offset, tiktokads.allow_http_loopback, tiktokads.retention_batch_size, tiktokads.retention_count_limit, session_replication_role TO suite;
SQL
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->safe_psql('plain', 'CREATE EXTENSION tiktokads; CALL tiktokads.create_roles()');
$node->safe_psql('plain', <<'SQL');
GRANT CREATE ON SCHEMA public TO suite;
GRANT USAGE ON SCHEMA tiktokads TO suite WITH GRANT OPTION;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA tiktokads TO suite WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tiktokads TO suite;
SQL
for my $file (sort glob 'sql/*.sql')
{
	my $name = basename($file, '.sql');
	# what somebody does to the log who may do everything
	next if $name eq 'tamper';
	$node->safe_psql('postgres', "CREATE DATABASE plain_$name TEMPLATE plain");
	regress_ok($name, "plain_$name", 'suite', 'as no superuser', @{ $differs{$name} // [] });
}

# and the views, in the order of an installation
$node->safe_psql('plain', 'CREATE EXTENSION pgtap');
my ($result2, $tap, $errors) = $node->psql('plain', 'CALL tiktokads.create_roles(); CALL tiktokads.create_model()', extra_params => [ '-U', 'suite' ]);
is($errors, '', 'roles and model may be made again by no superuser');
($result2, $tap, $errors) = $node->psql('plain', slurp_file('test/pgtap/bi.sql'), extra_params => [ '-U', 'suite' ]);
is($result2, 0, 'the BI views as no superuser') or diag($errors);
is(join("\n", $tap =~ /^(not ok.*)$/mg), '', 'each of their tests');
like($tap, qr/^ok 40/m, 'which all ran');

done_testing();
