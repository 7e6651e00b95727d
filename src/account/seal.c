/*
 * seal.c: secrets that are kept in a table, sealed under a key outside of it.
 *
 * AES-256-GCM under the first key of the file that tiktokads.key_file names; the
 * connection and the field are associated data, so that a sealed secret opens in
 * its own row alone.  Further keys in the file open what was sealed before:
 * rotate_key() seals that anew under the first.
 *
 * What must stay true: keys and plain secrets are in this process's memory while
 * they are used and are overwritten then; neither is ever part of a message.
 */
#include "postgres.h"

#include "account/cipher.h"
#include "account/seal.h"
#include "base/compat.h"
#include "base/row.h"
#include "base/unit.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "port.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(tiktokads_rotate_key);
PG_FUNCTION_INFO_V1(tiktokads_credential_input);

#define KEYS_MAX	16

typedef struct Key
{
	unsigned char bytes[CIPHER_KEY_SIZE];
	char		id[CIPHER_ID_SIZE];
} Key;

/* The keys of the file, the one that seals first. */
typedef struct KeyRing
{
	int			count;
	Key			keys[KEYS_MAX];
} KeyRing;

static char *key_file = NULL;

/* Defines where the keys are. */
void
SealInit(void)
{
	DefineCustomStringVariable("tiktokads.key_file",
							   "File with the keys that seal stored credentials.",
							   "Each line is a key of 64 hexadecimal digits; the first one seals, the others open what was sealed before.",
							   &key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
}

/* True when there is a key file to seal with. */
bool
seal_is_possible(void)
{
	return key_file != NULL && *key_file != '\0';
}

/* Complains about a key file that holds something else. */
static void
key_file_complain(int line)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 line == 0 ? errmsg("key file \"%s\" holds no key", key_file) :
			 errmsg("line %d of key file \"%s\" is not a key", line, key_file),
			 errdetail("A key is a line of 64 hexadecimal digits; there may be %d.", KEYS_MAX),
			 errhint("Make one with: openssl rand -hex 32")));
}

/* Takes the keys from the file's text. */
static void
ring_parse(KeyRing *ring, char *text)
{
	int			number = 0;
	char	   *rest = text;
	char	   *line;

	while ((line = strsep(&rest, "\n")) != NULL)
	{
		size_t		length = strcspn(line, " \t\r");

		number++;
		if (length == 0 || *line == '#')
			continue;
		if (ring->count == KEYS_MAX || !cipher_key_parse(line, length, ring->keys[ring->count].bytes) ||
			!cipher_key_id(ring->keys[ring->count].bytes, ring->keys[ring->count].id))
		{
			explicit_bzero(ring, sizeof(*ring));
			key_file_complain(number);
		}
		ring->count++;
	}
	if (ring->count == 0)
		key_file_complain(0);
}

/* Reads the keys; cleanse them after use. */
static void
ring_load(KeyRing *ring)
{
	char	   *text;
	int			length;

	memset(ring, 0, sizeof(*ring));
	if (!seal_is_possible())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no key to seal credentials with"),
				 errhint("Name a file with a key in tiktokads.key_file (make one with: openssl rand -hex 32), or give the secret as a file.")));
	if (!is_absolute_path(key_file))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tiktokads.key_file must be an absolute path: \"%s\"", key_file),
				 errhint("Name the file on the database server, from the root directory.")));
	text = secret_read_file(key_file, "key", &length);
	PG_TRY();
	{
		ring_parse(ring, text);
	}
	PG_FINALLY();
	{
		explicit_bzero(text, length);
		pfree(text);
	}
	PG_END_TRY();
}

/* An error unless there is a key to seal with. */
void
seal_check(void)
{
	KeyRing		ring;

	ring_load(&ring);
	explicit_bzero(&ring, sizeof(ring));
}

/* What a sealed secret is bound to. */
static char *
associated_data(const char *connection, const char *field)
{
	return psprintf("tiktokads 1\n%s\n%s", field, connection);
}

/* Closes a secret under the first key and stores it. */
static void
seal_put(const KeyRing *ring, const char *connection, const char *field, const char *value)
{
	char	   *associated = associated_data(connection, field);
	size_t		length = strlen(value);
	bytea	   *nonce = palloc(VARHDRSZ + CIPHER_NONCE_SIZE);
	bytea	   *sealed = palloc(VARHDRSZ + length + CIPHER_TAG_SIZE);
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, BYTEAOID, BYTEAOID};
	Datum		values[] = {
		CStringGetTextDatum(connection), CStringGetTextDatum(field), CStringGetTextDatum(ring->keys[0].id),
		PointerGetDatum(nonce), PointerGetDatum(sealed)
	};

	SET_VARSIZE(nonce, VARHDRSZ + CIPHER_NONCE_SIZE);
	SET_VARSIZE(sealed, VARHDRSZ + length + CIPHER_TAG_SIZE);
	if (!pg_strong_random(VARDATA(nonce), CIPHER_NONCE_SIZE) ||
		!cipher_close(ring->keys[0].bytes, (unsigned char *) VARDATA(nonce), associated, strlen(associated),
					  value, length, (unsigned char *) VARDATA(sealed)))
		elog(ERROR, "could not seal a secret");
	unit_execute("INSERT INTO tiktokads.credential AS c (connection, field, key_id, nonce, sealed) VALUES ($1, $2, $3, $4, $5)"
				 " ON CONFLICT (connection, field) DO UPDATE SET key_id = EXCLUDED.key_id, nonce = EXCLUDED.nonce,"
				 " sealed = EXCLUDED.sealed, sealed_at = EXCLUDED.sealed_at",
				 lengthof(types), types, values, NULL, SPI_OK_INSERT);
}

/* Seals a secret and stores it in place of an earlier one. */
void
seal_store(const char *connection, SecretKind kind, const char *value)
{
	KeyRing		ring;

	ring_load(&ring);
	seal_put(&ring, connection, secret_field(kind), value);
	explicit_bzero(&ring, sizeof(ring));
}

/* Opens one row of tiktokads.credential. */
static char *
seal_get(const KeyRing *ring, MemoryContext context, int row)
{
	HeapTuple	tuple = SPI_tuptable->vals[row];
	TupleDesc	desc = SPI_tuptable->tupdesc;
	char	   *connection = row_text(CurrentMemoryContext, row, "connection");
	char	   *field = row_text(CurrentMemoryContext, row, "field");
	char	   *id = row_text(CurrentMemoryContext, row, "key_id");
	char	   *associated = associated_data(connection, field);
	bool		isnull;
	bytea	   *nonce = DatumGetByteaPP(SPI_getbinval(tuple, desc, SPI_fnumber(desc, "nonce"), &isnull));
	bytea	   *sealed = DatumGetByteaPP(SPI_getbinval(tuple, desc, SPI_fnumber(desc, "sealed"), &isnull));
	size_t		length = VARSIZE_ANY_EXHDR(sealed);
	char	   *value = MemoryContextAllocZero(context, length + 1);
	const Key  *key = NULL;

	for (int i = 0; i < ring->count && key == NULL; i++)
		if (strcmp(ring->keys[i].id, id) == 0)
			key = &ring->keys[i];
	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("credentials of connection \"%s\" are sealed under key %s, which the key file does not hold", connection, id),
				 errhint("Put that key back into the file that tiktokads.key_file names, or CALL tiktokads.rotate_credentials() with new credentials.")));
	if (VARSIZE_ANY_EXHDR(nonce) != CIPHER_NONCE_SIZE ||
		!cipher_open(key->bytes, (unsigned char *) VARDATA_ANY(nonce), associated, strlen(associated),
					 (unsigned char *) VARDATA_ANY(sealed), length, value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("sealed credentials of connection \"%s\" were changed or moved", connection),
				 errhint("CALL tiktokads.rotate_credentials() with new credentials.")));
	value[length - CIPHER_TAG_SIZE] = '\0';
	return value;
}

/* Opens a stored secret. */
char *
seal_recall(MemoryContext context, const char *connection, SecretKind kind)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(connection), CStringGetTextDatum(secret_field(kind))};
	KeyRing		ring;
	char	   *value;

	unit_execute("SELECT * FROM tiktokads.credential WHERE connection = $1 AND field = $2",
				 lengthof(types), types, values, NULL, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return NULL;
	ring_load(&ring);
	value = seal_get(&ring, context, 0);
	explicit_bzero(&ring, sizeof(ring));
	return value;
}

/* Forgets a stored secret. */
void
seal_forget(const char *connection, SecretKind kind)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(connection), CStringGetTextDatum(secret_field(kind))};

	unit_execute("DELETE FROM tiktokads.credential WHERE connection = $1 AND field = $2",
				 lengthof(types), types, values, NULL, SPI_OK_DELETE);
}

/* Unit: seals anew what is not under the first key; counts. */
static void
unit_rotate(void *arg)
{
	int64	   *counts = arg;
	KeyRing		ring;
	SPITupleTable *rows;
	uint64		nrows;

	ring_load(&ring);
	unit_execute("SELECT * FROM tiktokads.credential FOR UPDATE", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	rows = SPI_tuptable;
	nrows = SPI_processed;
	for (uint64 i = 0; i < nrows; i++)
	{
		char	   *value;

		SPI_tuptable = rows;
		counts[0]++;
		if (strcmp(row_text(CurrentMemoryContext, (int) i, "key_id"), ring.keys[0].id) == 0)
			continue;
		value = seal_get(&ring, CurrentMemoryContext, (int) i);
		seal_put(&ring, row_text(CurrentMemoryContext, (int) i, "connection"),
				 row_text(CurrentMemoryContext, (int) i, "field"), value);
		secret_cleanse(&value);
		counts[1]++;
	}
	explicit_bzero(&ring, sizeof(ring));
}

/* CALL tiktokads.rotate_key(): seals every credential under the first key of the file. */
Datum
tiktokads_rotate_key(PG_FUNCTION_ARGS)
{
	int64		counts[2] = {0, 0};
	Authority	authority;

	authority_of_call(fcinfo, "tiktokads.rotate_key", &authority);
	unit_join(&authority, unit_rotate, counts);
	ereport(NOTICE,
			(errmsg(INT64_FORMAT " of " INT64_FORMAT " credentials were sealed anew under the first key",
					counts[1], counts[0]),
			 errhint(counts[0] > 0 && counts[1] == 0 ?
					 "To change the key, put a new one on the first line of the key file and call again." :
					 "The other keys are not needed any more.")));
	PG_RETURN_VOID();
}

/* A secret on its way in. */
typedef struct Input
{
	char	   *connection;
	char	   *field;
	char	   *value;
} Input;

/* Unit: seals a secret that was copied or inserted. */
static void
unit_input(void *arg)
{
	Input	   *input = arg;
	SecretKind	kind = secret_kind(input->field);

	secret_check(input->value, kind);
	seal_store(input->connection, kind, input->value);
}

/* Takes one row of tiktokads.credential_input. */
static void
input_take(TriggerData *trigger, Input *input)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);

	input->connection = SPI_getvalue(trigger->tg_trigtuple, desc, SPI_fnumber(desc, "connection"));
	input->field = SPI_getvalue(trigger->tg_trigtuple, desc, SPI_fnumber(desc, "field"));
	input->value = SPI_getvalue(trigger->tg_trigtuple, desc, SPI_fnumber(desc, "value"));
	if (input->connection == NULL || input->field == NULL || input->value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("connection, field and value must not be null"),
				 errhint("For example: COPY tiktokads.credential_input (connection, field, value) FROM STDIN;")));
}

/*
 * Trigger of tiktokads.credential_input: seals the secret of a row that never
 * reaches a table.  COPY would add the row to the context of an error, so no
 * context is given.
 */
Datum
tiktokads_credential_input(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ErrorContextCallback *outer = error_context_stack;
	Authority	authority;
	Input		input;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_INSTEAD(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("credential_input() was not called as an INSTEAD OF trigger"),
				 errhint("It belongs to tiktokads.credential_input.")));
	error_context_stack = NULL;
	input_take(trigger, &input);
	/* the right to insert into the view is the right asked for */
	authority_of_call(fcinfo, "tiktokads.credential_input", &authority);
	authority.procedure = InvalidOid;
	unit_join(&authority, unit_input, &input);
	secret_cleanse(&input.value);
	error_context_stack = outer;
	return PointerGetDatum(trigger->tg_trigtuple);
}
