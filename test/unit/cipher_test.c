/*
 * cipher_test.c: AES-256-GCM against published vectors, without a server.
 *
 * Prints TAP.  Vectors: test cases 13 to 16 of "The Galois/Counter Mode of
 * Operation" (McGrew and Viega), those with a key of 256 bits.
 */
#include <stdio.h>
#include <string.h>

#include "account/cipher.h"

static int	tests_run;
static int	tests_failed;

/* Prints one TAP line. */
static void
ok(bool good, const char *what)
{
	tests_run++;
	tests_failed += !good;
	printf("%s %d - %s\n", good ? "ok" : "not ok", tests_run, what);
}

/* Bytes from hexadecimal text; returns how many. */
static size_t
bytes(const char *text, unsigned char *target)
{
	size_t		n = 0;
	unsigned	byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		target[n++] = (unsigned char) byte;
	return n;
}

static const struct
{
	const char *key,
			   *nonce,
			   *associated,
			   *plain,
			   *closed;
}			vectors[] = {
	{"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
	"530f8afbc74536b9a963b4f1c4cb738b"},
	{"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
	"00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
	{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
	"b094dac5d93471bdec1a502270e3cc6c"},
	{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	"76fc6ece0f4e1768cddf8853bb2d551b"},
};

/* Each vector both ways, and with one bit of anything changed. */
static void
test_vectors(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		unsigned char key[64],
					nonce[64],
					associated[64] = {0},
					plain[128],
					wanted[160],
					got[160],
					back[160];
		size_t		nassociated = bytes(vectors[i].associated, associated);
		size_t		nplain = bytes(vectors[i].plain, plain);
		size_t		nclosed = bytes(vectors[i].closed, wanted);

		bytes(vectors[i].key, key);
		bytes(vectors[i].nonce, nonce);
		ok(nclosed == nplain + CIPHER_TAG_SIZE &&
		   cipher_close(key, nonce, associated, nassociated, plain, nplain, got) &&
		   memcmp(got, wanted, nclosed) == 0, "closes to the published bytes");
		ok(cipher_open(key, nonce, associated, nassociated, wanted, nclosed, back) &&
		   memcmp(back, plain, nplain) == 0, "opens to the plain bytes");
		wanted[nclosed - 1] ^= 1;
		ok(!cipher_open(key, nonce, associated, nassociated, wanted, nclosed, back), "a changed tag is noticed");
		wanted[nclosed - 1] ^= 1;
		wanted[0] ^= 128;
		ok(!cipher_open(key, nonce, associated, nassociated, wanted, nclosed, back), "a changed byte is noticed");
		wanted[0] ^= 128;
		ok(!cipher_open(key, nonce, "other", 5, wanted, nclosed, back), "other associated data is noticed");
		key[31] ^= 1;
		ok(!cipher_open(key, nonce, associated, nassociated, wanted, nclosed, back), "another key is noticed");
	}
}

/* Keys as text, and their ids. */
static void
test_keys(void)
{
	static const char text[] = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
	unsigned char key[CIPHER_KEY_SIZE];
	char		id[CIPHER_ID_SIZE];
	char		other[CIPHER_ID_SIZE];
	bool		in_order = true;

	ok(cipher_key_parse(text, 64, key), "64 digits are a key");
	for (int i = 0; i < CIPHER_KEY_SIZE; i++)
		in_order = in_order && key[i] == i;
	ok(in_order, "in the order of the digits");
	ok(!cipher_key_parse(text, 63, key) && !cipher_key_parse("", 0, key), "fewer are not");
	ok(!cipher_key_parse("g00102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F", 64, key), "other letters are not");
	cipher_key_parse(text, 64, key);
	ok(cipher_key_id(key, id) && strlen(id) == 16, "a key has an id");
	key[0] ^= 1;
	ok(cipher_key_id(key, other) && strcmp(id, other) != 0, "and another key another one");
	ok(!cipher_open(key, key, "", 0, key, CIPHER_TAG_SIZE - 1, other), "less than a tag does not open");
}

/* A print is the tag of a text that is associated and no more, wherever it is cut. */
static void
test_print(void)
{
	static const unsigned char nonce[CIPHER_NONCE_SIZE];
	unsigned char key[CIPHER_KEY_SIZE] = {7, 1};
	unsigned char text[100];
	unsigned char wanted[CIPHER_TAG_SIZE];
	unsigned char got[CIPHER_TAG_SIZE];
	bool		same = true;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char) (i * 37);
	cipher_close(key, nonce, text, sizeof(text), "", 0, wanted);
	for (size_t cut = 0; cut <= sizeof(text); cut++)
		same = same && cipher_print(key, text, cut, text + cut, sizeof(text) - cut, got) && memcmp(got, wanted, sizeof(got)) == 0;
	ok(same, "a print does not depend on where the text is cut");
	ok(cipher_print(key, text, 50, text + 51, 49, got) && memcmp(got, wanted, sizeof(got)) != 0, "but on every byte");
	key[31] ^= 1;
	ok(cipher_print(key, text, 50, text + 50, 50, got) && memcmp(got, wanted, sizeof(got)) != 0, "and on the key");
}

/* Runs every test. */
int
main(void)
{
	test_vectors();
	test_keys();
	test_print();
	printf("1..%d\n", tests_run);
	return tests_failed == 0 ? 0 : 1;
}
