/*
 * keyring.c: pseudonyms, HMAC-SHA256 under keys of a file.
 *
 * Each line of the file is "key-id hexadecimal-key"; the last line is the key in
 * use, those before it stay valid for what they once made, so that a key is
 * rotated by adding a line.  A pseudonym names its key: "k2:9f7e...".
 *
 * Without a setting the file is tiktokads.key in the data directory, made with
 * a random key when it is first needed.  No key ever leaves this process, and
 * none is part of a message.  The value is trimmed and its ASCII letters are
 * lowered first, independent of any locale: equal people have equal pseudonyms
 * in every database that has the key.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "account/secret.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "retention/keyring.h"
#include "storage/fd.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(tiktokads_pseudonym);
PG_FUNCTION_INFO_V1(tiktokads_pseudonym_with);
PG_FUNCTION_INFO_V1(tiktokads_pseudonyms);

#define DEFAULT_FILE	"tiktokads.key"
#define KEYS_MAX		32
#define KEY_BYTES_MIN	16
#define KEY_BYTES_MAX	64
#define KEY_ID_MAX		32
#define HEX_DIGITS		"0123456789abcdefABCDEF"
#define ID_CHARACTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

typedef struct Key
{
	char		id[KEY_ID_MAX + 1];
	uint8		bytes[KEY_BYTES_MAX];
	int			length;
} Key;

/* What was read, and from which state of which file. */
typedef struct Keyring
{
	char		path[MAXPGPATH];
	struct stat status;
	Key			keys[KEYS_MAX];
	int			count;
} Keyring;

static char *key_file = NULL;
static Keyring keyring;

/* Defines where the keys lie. */
void
KeyringInit(void)
{
	DefineCustomStringVariable("tiktokads.pseudonym_key_file",
							   "File with the keys of pseudonyms and tombstones, one \"key-id hex-key\" a line, the last one in use.",
							   "Empty: tiktokads.key in the data directory, made when it is first needed.",
							   &key_file,
							   "", PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Takes one line of the file; an error that tells its number but not its content. */
static void
key_parse(char *line, int number, Keyring *ring)
{
	size_t		id_length = strspn(line, ID_CHARACTERS);
	char	   *hex = line + id_length + strspn(line + id_length, " \t");
	size_t		digits = strspn(hex, HEX_DIGITS);
	Key		   *key = &ring->keys[ring->count];

	if (id_length == 0 || id_length > KEY_ID_MAX || hex == line + id_length || hex[digits] != '\0' ||
		digits % 2 != 0 || digits < 2 * KEY_BYTES_MIN || digits > 2 * KEY_BYTES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("line %d of pseudonym key file \"%s\" is not a key", number, ring->path),
				 errhint("A line is: key-id, space, key as %d to %d hexadecimal digits.",
						 2 * KEY_BYTES_MIN, 2 * KEY_BYTES_MAX)));
	if (ring->count == KEYS_MAX - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("pseudonym key file \"%s\" has more than %d keys", ring->path, KEYS_MAX - 1),
				 errhint("Remove keys that no stored pseudonym or tombstone names any more.")));
	memcpy(key->id, line, id_length);
	key->id[id_length] = '\0';
	for (int i = 0; i < ring->count; i++)
		if (strcmp(ring->keys[i].id, key->id) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("pseudonym key file \"%s\" has two keys named \"%s\"", ring->path, key->id),
					 errhint("Give each key a name of its own.")));
	key->length = (int) hex_decode(hex, digits, (char *) key->bytes);
	ring->count++;
}

/* Reads the file into the ring; blank lines and lines that begin with # are skipped. */
static void
keyring_read(Keyring *ring)
{
	char	   *content = secret_read_lines(ring->path, BOOTSTRAP_SUPERUSERID, SECRET_PSEUDONYM_KEYS);
	char	   *rest = content;
	char	   *line;
	int			number = 0;

	ring->count = 0;
	while ((line = strsep(&rest, "\n")) != NULL)
	{
		size_t		length;

		number++;
		line += strspn(line, " \t");
		length = strlen(line);
		while (length > 0 && isspace((unsigned char) line[length - 1]))
			line[--length] = '\0';
		if (length > 0 && *line != '#')
			key_parse(line, number, ring);
	}
	explicit_bzero(content, strlen(content));
	if (ring->count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("pseudonym key file \"%s\" holds no key", ring->path),
				 errhint("A line is: key-id, space, key as hexadecimal digits, for example of: openssl rand -hex 32")));
}

/* Writes a file with a new random key, unless another process is faster. */
static void
key_file_make(const char *path)
{
	char		temporary[MAXPGPATH];
	uint8		key[32];
	char		text[128] = "k1 ";
	int			file;

	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pseudonym key file \"%s\" does not exist on this standby", path),
				 errhint("Copy it from the primary, with owner and mode.")));
	if (!pg_strong_random(key, sizeof(key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random key")));
	hex_encode((char *) key, sizeof(key), text + 3);
	text[3 + 2 * sizeof(key)] = '\n';

	snprintf(temporary, MAXPGPATH, "%s.%d", path, MyProcPid);
	(void) unlink(temporary);
	file = OpenTransientFilePerm(temporary, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY, S_IRUSR | S_IWUSR);
	if (file < 0 || write(file, text, strlen(text)) != (ssize_t) strlen(text) || pg_fsync(file) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write pseudonym key file \"%s\": %m", temporary),
				 errhint("Make a key file yourself and name it in tiktokads.pseudonym_key_file.")));
	CloseTransientFile(file);
	if (link(temporary, path) != 0 && errno != EEXIST)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not make pseudonym key file \"%s\": %m", path),
				 errhint("Make a key file yourself and name it in tiktokads.pseudonym_key_file.")));
	(void) unlink(temporary);
	fsync_fname(DataDir, true);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(text, sizeof(text));
}

/* True when the ring was read from this state of this file. */
static bool
keyring_is_fresh(const char *path, const struct stat *status)
{
	return keyring.count > 0 && strcmp(keyring.path, path) == 0 &&
		keyring.status.st_ino == status->st_ino && keyring.status.st_dev == status->st_dev &&
		keyring.status.st_size == status->st_size &&
		keyring.status.st_mtim.tv_sec == status->st_mtim.tv_sec &&
		keyring.status.st_mtim.tv_nsec == status->st_mtim.tv_nsec;
}

/* How many keys there are; the last one is current.  Reads the file if it changed. */
int
keyring_count(void)
{
	bool		own = key_file == NULL || *key_file == '\0';
	char		path[MAXPGPATH];
	struct stat status;
	Keyring    *fresh;

	if (own)
		snprintf(path, MAXPGPATH, "%s/%s", DataDir, DEFAULT_FILE);
	else
		strlcpy(path, key_file, MAXPGPATH);
	if (own && stat(path, &status) != 0 && errno == ENOENT)
		key_file_make(path);
	if (stat(path, &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read pseudonym key file \"%s\": %m", path),
				 errhint("tiktokads.pseudonym_key_file names it; the database server's user must be able to read it.")));
	if (keyring_is_fresh(path, &status))
		return keyring.count;

	fresh = palloc0(sizeof(Keyring));
	strlcpy(fresh->path, path, MAXPGPATH);
	fresh->status = status;
	keyring_read(fresh);
	keyring = *fresh;
	explicit_bzero(fresh, sizeof(Keyring));
	pfree(fresh);
	return keyring.count;
}

/* True when the n-th key has this name. */
bool
keyring_has(int n, const char *id)
{
	return strcmp(keyring.keys[n].id, id) == 0;
}

/* HMAC-SHA256; an error when the library fails. */
static void
keyring_hmac(const Key *key, const char *value, int length, uint8 *digest)
{
	pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);
	bool		done;

	if (context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	done = pg_hmac_init(context, key->bytes, key->length) >= 0 &&
		pg_hmac_update(context, (const uint8 *) value, length) >= 0 &&
		pg_hmac_final(context, digest, PG_SHA256_DIGEST_LENGTH) >= 0;
	pg_hmac_free(context);
	if (!done)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute HMAC-SHA256")));
}

/* The pseudonym of a value under the n-th key: "key-id:hex", palloc'd. */
char *
keyring_pseudonym(int n, const char *value, int length)
{
	const Key  *key = &keyring.keys[n];
	char	   *plain = palloc(length + 1);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *result;
	int			id_length = (int) strlen(key->id);

	while (length > 0 && isspace((unsigned char) *value))
		value++, length--;
	while (length > 0 && isspace((unsigned char) value[length - 1]))
		length--;
	for (int i = 0; i < length; i++)
		plain[i] = (char) pg_ascii_tolower((unsigned char) value[i]);
	keyring_hmac(key, plain, length, digest);
	pfree(plain);

	result = palloc(id_length + 2 * PG_SHA256_DIGEST_LENGTH + 2);
	memcpy(result, key->id, id_length);
	result[id_length] = ':';
	hex_encode((char *) digest, sizeof(digest), result + id_length + 1);
	result[id_length + 1 + 2 * PG_SHA256_DIGEST_LENGTH] = '\0';
	return result;
}

/* tiktokads.pseudonym(text): under the key in use. */
Datum
tiktokads_pseudonym(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	int			count = keyring_count();

	PG_RETURN_TEXT_P(cstring_to_text(keyring_pseudonym(count - 1, VARDATA_ANY(value),
													   VARSIZE_ANY_EXHDR(value))));
}

/* tiktokads.pseudonym(text, text): under the key of that name. */
Datum
tiktokads_pseudonym_with(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	char	   *id = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int			count = keyring_count();

	for (int i = 0; i < count; i++)
		if (keyring_has(i, id))
			PG_RETURN_TEXT_P(cstring_to_text(keyring_pseudonym(i, VARDATA_ANY(value),
															   VARSIZE_ANY_EXHDR(value))));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no pseudonym key \"%s\"", id),
			 errhint("Add it to the file that tiktokads.pseudonym_key_file names, above the key in use.")));
}

/* tiktokads.pseudonyms(text): under every key, the one in use first. */
Datum
tiktokads_pseudonyms(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	int			count = keyring_count();
	Datum	   *items = palloc(count * sizeof(Datum));

	for (int i = 0; i < count; i++)
		items[count - 1 - i] = CStringGetTextDatum(keyring_pseudonym(i, VARDATA_ANY(value),
																	 VARSIZE_ANY_EXHDR(value)));
	PG_RETURN_ARRAYTYPE_P(construct_array(items, count, TEXTOID, -1, false, TYPALIGN_INT));
}
