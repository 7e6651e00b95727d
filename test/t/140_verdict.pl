# What is done about each code of the API and each kind of fault: the verdict,
# the state of the tables behind it, and the words of the error.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;
use Time::HiRes qw(time sleep);

my $simulator = start_simulator('--advertisers', '2', '--ads', '30', '--days', '20', '--freeze');
my $node = start_node('verdict', conf => <<'CONF');
tiktokads.max_attempts = 2
tiktokads.retry_delay = '1ms'
tiktokads.max_reply_size = '1MB'
tiktokads.low_speed_time = '1s'
tiktokads.request_timeout = '2s'
CONF
$node->safe_psql('postgres', connect_sql($simulator, 'sim'));
$node->safe_psql('postgres', "INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('report_ad_daily', 20), ('ad', 10)");
$node->safe_psql('postgres', "CALL tiktokads.sync(stream => '$_')") for qw(ad report_ad_daily);
my $advertiser = $node->safe_psql('postgres', 'SELECT min(advertiser_id) FROM tiktokads.advertiser');
my $digest = "SELECT md5(string_agg((to_jsonb(r) - 'changed_at')::text, '|' ORDER BY stat_date, ad_id)) FROM tiktokads.report_ad_daily AS r";

# Lets the numbers of all days change, so that a good sync has something to store.
my $percent = 100;
sub restate { $percent += 10; return control($simulator, "restate=$percent"); }

# Syncs one ad account's days through a fault; tells what became of it, and puts the marks that it left away.
my $before = $node->safe_psql('postgres', $digest);
sub through
{
	my ($fault, %options) = @_;
	control($simulator, "$fault&path=report/&count=" . ($options{count} // -1));
	my ($result, $out, $err) = $node->psql('postgres', <<"SQL", on_error_stop => 0);
SET tiktokads.max_pause = '2s';
CALL tiktokads.sync(stream => 'report_ad_daily', advertiser_id => $advertiser, from_date => '2026-03-14', to_date => '2026-03-15');
SELECT h.state, coalesce(h.error_code, 0), coalesce(h.error_message, ''), ($digest), a.readable, c.paused
FROM (SELECT * FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1) AS h, tiktokads.advertiser AS a, tiktokads.connection AS c
WHERE a.advertiser_id = $advertiser;
DELETE FROM tiktokads.endpoint_pause;
DELETE FROM tiktokads.stream_degraded;
UPDATE tiktokads.advertiser SET readable = true;
CALL tiktokads.resume('sim');
SQL
	control($simulator, 'clear');
	my ($state, $code, $message, $after, $readable, $paused) = split /\|/, $out;
	my $same = $after eq $before;
	$before = $after;
	return { result => $err =~ /ERROR:/ ? 3 : 0, err => $err, state => $state, code => $code, message => $message, same => $same, readable => $readable, paused => $paused };
}

# The fact sheet's table of return codes, section 4.2, by what it says to do, and what becomes of a sync that
# gets nothing else: verdict; state of the run; does the call fail; what is marked; words of the error.
my @acts = (
	[ 'nothing, and well', 'ok', [ 20001, 40012, 40050 ], code => 0, words => qr/slices failed.*it has no list/s ],
	[ 'give up', 'give up', [ 40000, 40002, 40003, 40010, 40013, 40014, 40051, 40052, 40053, 40062, 40063, 40120, 40121, 40122, 40124, 40125, 40126,
			40127, 40128, 40129, 40309, 40900, 40901, 40905, 40907, 40911, 40916, 70001, 99999 ], words => qr/slices failed.*because of CODE.*HINT/s ],
	[ 'give up', 'give up', [ 40502 ], words => qr/slices failed.*because of CODE/s ],
	[ 'give up the stream', 'give up', [ 40006, 40007, 40008, 40009, 40118, 40119, 40400, 41000, 41001, 41002 ], words => qr/because of CODE/ ],
	[ 'ask for less', 'split', [ 40011, 40061, 40067 ], words => qr/because of CODE/ ],
	[ 'wait', 'wait', [ 40016, 40100, 61000 ], state => 'postponed', result => 0, words => qr/rate budget is spent.*HINT/s ],
	[ 'wait a second', 'wait', [ 40132, 40133 ], words => qr/because of CODE/ ],
	[ 'new credentials', 're-authorise', [ 40101 .. 40110, 40112 .. 40117, 40130, 40131 ], paused => 't', words => qr/because of CODE.*HINT/s ],
	[ 'skip the ad account', '(re-authorise|give up)', [ 40001, 40300, 40301, 40302 ], readable => 'f', result => 0, words => qr/may not be read and is skipped: because of CODE/ ],
	[ 'try again', 'retry', [ 40200, 40201, 40202, 40700, 40902, 40913, 41013, 50000, 50002, 51000, 51001, 51010, 51012, 51037, 51047, 51067, 51099, 52000, 52204,
			53102, 53103, 60001, 58765 ], words => qr/slices failed.*because of CODE.*HINT/s ]);
my @table = map { [ split /\|/, $_ ] } split /\n/, $node->safe_psql('postgres', 'SELECT code_from, code_to, verdict FROM tiktokads.api_code()');
restate();
for my $act (@acts)
{
	my ($what, $verdict, $codes, %expect) = @$act;
	for my $code (@$codes)
	{
		my ($row) = grep { $_->[0] eq '' || ($_->[0] <= $code && $code <= $_->[1]) } @table;
		like($row->[2], qr/^$verdict$/, "code $code: verdict $verdict");
		my $seen = through("fault=code&code=$code&message=because+of+$code");
		my $words = $expect{words} =~ s/CODE/$code/r;
		is($seen->{same}, 1, "code $code: the tables are as before");
		is($seen->{state}, $expect{state} // 'failed', "code $code, $what: the run is " . ($expect{state} // 'failed'));
		is($seen->{code}, $expect{code} // $code, "code $code: with its code") if $seen->{state} eq 'failed';
		is($seen->{result}, $expect{result} // 3, "code $code, $what: the call " . (($expect{result} // 3) ? 'fails' : 'succeeds'));
		like($seen->{err}, qr/$words/, "code $code: says why");
		is($seen->{readable}, $expect{readable} // 't', "code $code, $what: the ad account is " . ($expect{readable} ? 'marked' : 'readable'));
		is($seen->{paused}, $expect{paused} // 'f', "code $code, $what: the connection is " . ($expect{paused} ? 'marked' : 'not paused'));
	}
}
is($node->safe_psql('postgres', "SELECT count(*) > 0 FROM tiktokads.sync_history WHERE state = 'split'"), 't', 'a query that is too large is split into days before it is given up');

# HTTP, bodies and rows: for ever, and once.
my @faults = (
	[ 'fault=http_429', 'failed', qr/HTTP status 429.*HINT/s ],
	[ 'fault=http_429&retry_after=30', 'postponed', qr/rate budget is spent/ ],
	[ 'fault=http_500', 'failed', qr/HTTP status 500: the server failed.*HINT/s ],
	[ 'fault=http_503&retry_after=1', 'failed', qr/HTTP status 503/ ],
	[ 'fault=http_404', 'failed', qr/HTTP status 404: refused.*HINT/s ],
	[ 'fault=http_302', 'failed', qr/redirects are not followed.*HINT/s ],
	[ 'fault=reset', 'failed', qr/slices failed.*DETAIL/s ],
	[ 'fault=truncate', 'failed', qr/slices failed.*DETAIL/s ],
	[ 'fault=malformed', 'failed', qr/slices failed.*DETAIL/s ],
	[ 'fault=stall', 'failed', qr/tiktokads\.request_timeout/ ],
	[ 'fault=slow_body&rate=20', 'failed', qr/tiktokads\.low_speed_time|tiktokads\.request_timeout/ ],
	[ 'fault=oversize&mb=2', 'failed', qr/tiktokads\.max_reply_size/ ],
	[ 'fault=gzip_bomb&mb=20', 'failed', qr/tiktokads\.max_reply_size/ ]);
for my $case (@faults)
{
	my ($fault, $state, $words) = @$case;
	my $seen = through($fault);
	is($seen->{same}, 1, "$fault: the tables are as before");
	is($seen->{state}, $state, "$fault: the run is $state");
	like($seen->{err}, $words, "$fault: says why");
	next if $fault =~ /404|302|oversize|bomb|retry_after=30/;
	$seen = through($fault, count => 1);
	is("$seen->{result} $seen->{state}", '0 done', "$fault, once: survived") or diag $seen->{err};
	isnt($seen->{same}, 1, "$fault, once: and the new numbers are stored");
	restate();
}

# Rows that are wrong do not cost the others; nothing is removed for them.
through('latency_ms=0');
my $count = 'SELECT count(*) FROM tiktokads.report_ad_daily';
my $rows = $node->safe_psql('postgres', $count);
my $clean = $node->safe_psql('postgres', $digest);
for my $case (
	[ 'fault=duplicate', 'done', qr/the list moved while it was read; nothing was removed|read again/ ],
	[ 'fault=shift', 'done', qr/read again because it changed/ ],
	[ 'fault=page_count', 'done', qr/the list moved while it was read; nothing was removed/ ],
	[ 'fault=partial', 'done', qr/the API answered in part, with code 20001; .*the list moved while it was read; nothing was removed/ ],
	[ 'fault=throttle_header', 'done', qr/read by an asynchronous task|the API cut the list short; nothing was removed/ ],
	[ 'fault=wrong_type', 'done', qr/drift: / ],
	[ 'fault=unknown_field', 'done', qr/drift: / ])
{
	my ($fault, $state, $note) = @$case;
	my $seen = through($fault);
	is("$seen->{result} $seen->{state}", "0 $state", "$fault: the run is $state") or diag $seen->{err};
	like($node->safe_psql('postgres', 'SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), $note, "$fault: and says what it met");
	through($fault);
	is($node->safe_psql('postgres', $count), $rows, "$fault: no row is lost");
	through('latency_ms=0');
	is($node->safe_psql('postgres', $digest), $clean, "$fault: the next clean sync ends as if nothing had been");
}
for my $fault ('bad_utf8', 'bad_escape')
{
	control($simulator, "fault=$fault&path=ad/get/&count=-1");
	my ($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'ad')");
	control($simulator, 'clear');
	is($result, 0, "$fault: the sync succeeds") or diag $err;
	like($node->safe_psql('postgres', 'SELECT note FROM tiktokads.sync_history ORDER BY run DESC LIMIT 1'), qr/replaced by U\+FFFD/, "$fault: and says so");
}

# An ad account that is taken away in the middle of a sync.
my $theirs = $node->safe_psql('postgres', "$digest WHERE advertiser_id = $advertiser");
restate();
control($simulator, "fault=code&code=40001&path=report/&skip=2&count=-1&advertiser=$advertiser");
my ($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily', from_date => '2026-03-05')");
control($simulator, 'clear');
is($result, 0, 'an ad account removed in the middle of a sync stops nothing else') or diag $err;
is($node->safe_psql('postgres', "SELECT readable FROM tiktokads.advertiser WHERE advertiser_id = $advertiser"), 'f', 'and is marked');
is($node->safe_psql('postgres', "$digest WHERE advertiser_id = $advertiser"), $theirs, 'its rows are as before');
$node->safe_psql('postgres', 'UPDATE tiktokads.advertiser SET readable = true');

# Clocks that disagree by a day either way: nothing is removed, nothing fails.
for my $skew (86400, -2 * 86400)
{
	control($simulator, "advance=$skew");
	($result, $out, $err) = $node->psql('postgres', "CALL tiktokads.sync(stream => 'report_ad_daily')");
	is($result, 0, "a clock $skew s off: the sync succeeds") or diag $err;
	cmp_ok($node->safe_psql('postgres', "$count WHERE stat_date < '2026-03-13'"), '>=', $node->safe_psql('postgres', "SELECT $rows * 0.8"), 'no day of the past is lost');
}

done_testing();
