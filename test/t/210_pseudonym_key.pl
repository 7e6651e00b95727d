# Pseudonyms: HMAC-SHA256 as another implementation computes it, keys of a file,
# their rotation, and what happens when a key is missing.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use PostgreSQL::Test::Utils;
use Test::More;
use TikTokAds;

my $node = start_node('keys');
$node->safe_psql('postgres', 'CALL tiktokads.create_model()');
$node->safe_psql('postgres', "SELECT tiktokads.partition_ensure('event', '2026-03-01', '2026-03-31')");

# The error of a statement, under a key file.
sub error_of
{
	my ($file, $sql) = @_;
	my ($result, $out, $err) = $node->psql('postgres', "SET tiktokads.pseudonym_key_file = '$file'; $sql");
	return $err;
}

# The result of a statement, under a key file.
sub result_of
{
	my ($file, $sql) = @_;
	return $node->safe_psql('postgres', "SET tiktokads.pseudonym_key_file = '$file'; $sql");
}

# Without a setting a key is made, once, for the server alone.
my $first = $node->safe_psql('postgres', "SELECT tiktokads.pseudonym('x')");
like($first, qr/^k1:[0-9a-f]{64}$/, 'a pseudonym names its key');
my $own = $node->data_dir . '/tiktokads.key';
is(sprintf('%o', (stat $own)[2] & 07777), '600', 'the key file is readable by the server alone');
is($node->safe_psql('postgres', "SELECT tiktokads.pseudonym('x')"), $first, 'another session has the same key');
$node->restart;
is($node->safe_psql('postgres', "SELECT tiktokads.pseudonym('x')"), $first, 'so has a restarted server');

# A key file: the last line is in use.  Keys of RFC 4231's length and longer than a block's half.
my ($old, $new) = ('0b' x 20, 'ab' x 64);
my $file = secret_file("# keys of the company\n\nk-2024 $old\n  k-2025\t$new  ");
for my $value ('alice_abc@gmail.com', 'Hi There', '  MIXED case ', 'ünïcode', '')
{
	(my $plain = $value) =~ s/^\s+|\s+$//g;
	$plain =~ tr/A-Z/a-z/;
	is(result_of($file, "SELECT tiktokads.pseudonym('$value')"), 'k-2025:' . hmac_sha256_hex($plain, pack('H*', $new)), "\"$value\" under the key in use");
	is(result_of($file, "SELECT tiktokads.pseudonym('$value', 'k-2024')"), 'k-2024:' . hmac_sha256_hex($plain, pack('H*', $old)), "\"$value\" under an older key");
}
is(result_of($file, "SELECT array_to_string(tiktokads.pseudonyms('a'), ' ')"),
	'k-2025:' . hmac_sha256_hex('a', pack('H*', $new)) . ' k-2024:' . hmac_sha256_hex('a', pack('H*', $old)), 'all keys, the one in use first');
# RFC 4231, test case 1, has an upper-case letter; its lower-case twin is another's business
is(hmac_sha256_hex('Hi There', pack('H*', $old)), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'the other implementation is right');

# Files that are refused; no message has a key in it.
my $key = '11' x 32;
for my $case (
	[ secret_file("k1 $key", 0644), qr/has group or world access/, 'readable by others' ],
	[ secret_file("k1 $key\nk1 $key"), qr/two keys named "k1"/, 'the same name twice' ],
	[ secret_file("k1 1234"), qr/line 1 of pseudonym key file ".*" is not a key/, 'too short' ],
	[ secret_file("# no key\nk1 ${key}xy"), qr/line 2 of pseudonym key file ".*" is not a key/, 'not hexadecimal' ],
	[ secret_file("k1 ${key}1"), qr/is not a key/, 'an odd number of digits' ],
	[ secret_file($key), qr/is not a key/, 'without a name' ],
	[ secret_file(('k' x 33) . " $key"), qr/is not a key/, 'with too long a name' ],
	[ secret_file('# nothing'), qr/holds no key/, 'empty' ],
	[ '/nonexistent/key', qr/could not read pseudonym key file/, 'missing' ])
{
	my ($bad, $message, $what) = @$case;
	my $err = error_of($bad, "SELECT tiktokads.pseudonym('x')");
	like($err, qr/ERROR:.*$message.*HINT/s, "a key file that is refused: $what");
	unlike($err, qr/1111/, "$what: the key is not in the message");
}

# Tombstones outlive a rotation, and fail safe without their key.
my $before = secret_file("k-a $old");
my $after = secret_file("k-a $old\nk-b $new");
my $lost = secret_file("k-b $new");
result_of($before, "SELECT tiktokads.erase_subject('anna', 'request 1')");
my $insert = "INSERT INTO tiktokads.event (source, event_id, event_at, person, name) VALUES ('web', '1', '2026-03-01 00:00:00+00', 'anna', 'view'), ('web', '2', '2026-03-01 00:00:00+00', 'ben', 'view')";
result_of($after, $insert);
is($node->safe_psql('postgres', 'SELECT string_agg(person, \',\') FROM tiktokads.event'), 'ben', 'after a rotation the erased person is still kept out');
is(result_of($after, "SELECT c ->> 'first_time' FROM tiktokads.erase_subject('anna', 'request 2') AS c"), 'false', 'and known as erased');
like(error_of($lost, $insert), qr/pseudonym key "k-a" of stored tombstones is missing/, 'without its key no row is taken');
like(error_of($lost, "SELECT tiktokads.erase_subject('carla', 'request 3')"), qr/pseudonym key "k-a" of stored tombstones is missing/, 'and nobody erased');
like(error_of($lost, 'SELECT tiktokads.reapply_erasures()'), qr/pseudonym key "k-a" of stored tombstones is missing/, 'and nothing reapplied');

# A rotation is seen by sessions that are there.
my $rotated = secret_file("k-a $old");
my $session = $node->background_psql('postgres');
$session->query_safe("SET tiktokads.pseudonym_key_file = '$rotated'");
like($session->query_safe("SELECT tiktokads.pseudonym('x')"), qr/^k-a:/, 'before');
append_to_file($rotated, "k-b $new\n");
like($session->query_safe("SELECT tiktokads.pseudonym('x')"), qr/^k-b:/, 'a new line is in use at once');
$session->quit;

# An erasure that commits while a load is under way counts for what is loaded after it.
my $load = $node->background_psql('postgres');
$load->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$load->query_safe("SET tiktokads.pseudonym_key_file = '$after'");
$load->query_safe("SELECT count(*) FROM tiktokads.event");
result_of($after, "SELECT tiktokads.erase_subject('dora', 'request 4')");
$load->query_safe("INSERT INTO tiktokads.event (source, event_id, event_at, person, name) VALUES ('web', '3', '2026-03-01 00:00:00+00', 'dora', 'view')");
$load->query_safe('COMMIT');
$load->quit;
is($node->safe_psql('postgres', "SELECT count(*) FROM tiktokads.event WHERE person = 'dora'"), '0', 'the newest tombstones count, whatever the snapshot');

done_testing();
