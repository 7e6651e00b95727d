/*
 * repeat.c: pages that are byte for byte what was stored last time.
 *
 * For each slice that was stored whole, the hashes of its pages are kept, with
 * a print of the rows that they made: how many, and which versions.  While the
 * print still fits, pages whose hashes fit are not parsed but held; when all of
 * a slice's pages fit there is nothing to store.  At the first that does not,
 * the held ones are parsed after all.  What is more than work_mem of them waits
 * in a temporary file.
 *
 * What must stay true: a page counts as the same only if everything in its body
 * but the request id is; rows that anybody changed, removed or added since make
 * the print differ, and so everything is parsed.
 */
#include "postgres.h"

#include "account/cipher.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "sync/engine.h"
#include "sync/parameter.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define ENVELOPE_MAX	400			/* where in a body, from either end, a request id may be */

/* A body that is not parsed yet, or will never be. */
typedef struct Held
{
	int			page;
	char	   *body;			/* malloc'd, taken out of its reply; NULL: in the file */
	size_t		length;
	int			fileno;			/* where in the file */
	off_t		offset;
} Held;

struct Repeat
{
	unsigned char key[CIPHER_KEY_SIZE]; /* of the hashes */
	Names		expected;		/* hashes of the pages, NULL items: none */
	int64		rows;			/* that they made */
	bool		same;			/* all pages so far fit */
	ARRAY_OF(Held) held;
	size_t		held_bytes;		/* in memory */
	BufFile    *file;			/* outlives transactions; NULL: not needed yet */
	char	   *given;			/* body that is being parsed, NULL: none */
	ARRAY_OF(char *) hashes;	/* of the pages of this reading, by page */
};

/* Finds the value of "request_id" near one end of a body; false: it is not there. */
static bool
request_id_find(const char *body, size_t length, size_t *from, size_t *to)
{
	static const char name[] = "\"request_id\":\"";
	size_t		reach = Min(length, ENVELOPE_MAX);
	const char *places[] = {body, body + length - reach};

	for (int i = 0; i < lengthof(places); i++)
	{
		const char *found = memmem(places[i], reach, name, sizeof(name) - 1);
		const char *end;

		if (found == NULL)
			continue;
		found += sizeof(name) - 1;
		end = memchr(found, '"', body + length - found);
		if (end == NULL)
			continue;
		*from = found - body;
		*to = end - body;
		return true;
	}
	return false;
}

/* Bytes as hexadecimal digits. */
static char *
hex_of(const unsigned char *bytes, size_t length)
{
	char	   *hex = palloc0(2 * length + 1);

	hex_encode((const char *) bytes, length, hex);
	return hex;
}

/* Hash of a body without its request id, as hexadecimal digits; NULL when it has none. */
static char *
body_hash(const Repeat *repeat, const char *body, size_t length)
{
	unsigned char print[CIPHER_TAG_SIZE];
	size_t		from;
	size_t		to;

	if (!request_id_find(body, length, &from, &to) ||
		!cipher_print(repeat->key, body, from, body + to, length - to, print))
		return NULL;
	return hex_of(print, sizeof(print));
}

/* The key of a slice's hashes and what was asked, as parameters $1 .. $5. */
static void
add_key(Parameters *parameters, const Slice *slice)
{
	RequestScope scope = slice_request(slice, NULL);

	add_text(parameters, slice->target->stream->name);
	add_int64(parameters, slice->scope.advertiser_id);
	add(parameters, DATEOID, DateADTGetDatum(slice->scope.from), false);
	add(parameters, DATEOID, DateADTGetDatum(slice->scope.to), false);
	add_text(parameters, request_url("", slice->target->stream, &scope, 1));
}

/* In a unit: begins a slice's repetition, with what is known of the last one. */
void
repeat_prepare(Slice *slice, MemoryContext context)
{
	Parameters	parameters = {0};
	MemoryContext before;
	Repeat	   *repeat;
	char	   *print;
	char	   *key;
	Names		pages;

	before = MemoryContextSwitchTo(context);
	slice->repeat = repeat = palloc0(sizeof(Repeat));
	MemoryContextSwitchTo(before);
	if (!pg_strong_random(repeat->key, sizeof(repeat->key)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes")));
	if (slice->modified_only || slice->campaign_ids != NULL || slice->target->stream->each_stream != NULL)
		return;
	add_key(&parameters, slice);
	execute("SELECT pages, rows, print, key FROM tiktokads.page_hash WHERE stream = $1 AND advertiser_id = $2"
			" AND from_date = $3 AND to_date = $4 AND request = pg_catalog.md5($5)", &parameters, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	print = row_text(CurrentMemoryContext, 0, "print");
	pages = row_names(context, 0, "pages");
	repeat->rows = row_int64(0, "rows", NULL);
	key = row_text(CurrentMemoryContext, 0, "key");
	if (strcmp(print, target_print(slice->target, &slice->scope)) != 0 || !cipher_key_parse(key, strlen(key), repeat->key))
		return;
	repeat->expected = pages;
	repeat->same = true;
}

/* Frees what is held. */
void
repeat_forget(Slice *slice)
{
	Repeat	   *repeat = slice->repeat;

	if (repeat == NULL)
		return;
	for (int i = 0; i < repeat->held.count; i++)
		free(repeat->held.items[i].body);
	free(repeat->given);
	repeat->given = NULL;
	repeat->held.count = 0;
	repeat->held_bytes = 0;
	if (repeat->file != NULL)
		BufFileClose(repeat->file);
	repeat->file = NULL;
}

/* Forgets what was held: the slice is read from its beginning. */
void
repeat_restart(Slice *slice)
{
	Repeat	   *repeat = slice->repeat;

	if (repeat == NULL)
		return;
	repeat_forget(slice);
	repeat->hashes.count = 0;
	repeat->same = repeat->expected.count > 0 && slice->rereads == 0;
}

/* Keeps the hash of a page. */
static void
hash_keep(Repeat *repeat, int page, char *hash)
{
	while (repeat->hashes.count < page)
		*array_add(&repeat->hashes) = NULL;
	repeat->hashes.items[page - 1] = hash;
}

/* Holds the body of a reply: in memory, or in the file when there is too much of it. */
static void
hold(Repeat *repeat, int page, Reply *reply)
{
	Held	   *held = array_add(&repeat->held);
	ResourceOwner before = CurrentResourceOwner;

	held->page = page;
	held->length = reply->body_len;
	held->body = NULL;
	if (repeat->held_bytes + held->length <= work_mem * (size_t) 1024)
	{
		repeat->held_bytes += held->length;
		held->body = reply_take_body(reply);
		return;
	}
	CurrentResourceOwner = NULL;
	if (repeat->file == NULL)
		repeat->file = BufFileCreateTemp(true);
	BufFileTell(repeat->file, &held->fileno, &held->offset);
	BufFileWrite(repeat->file, reply->body, held->length);
	CurrentResourceOwner = before;
}

/* The body of a page that was held, malloc'd. */
static char *
held_body(Repeat *repeat, const Held *held)
{
	char	   *body = held->body;

	if (body != NULL)
		return body;
	body = malloc(held->length + 1);
	if (body == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (BufFileSeek(repeat->file, held->fileno, held->offset, SEEK_SET) != 0 ||
		BufFileRead(repeat->file, body, held->length) != held->length)
	{
		free(body);
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from temporary file of replies: %m")));
	}
	body[held->length] = '\0';
	return body;
}

/*
 * Looks at a page before it is parsed: true when it is the same as last time,
 * and held.  The last one of a slice that is all the same ends it.
 */
bool
repeat_take(Slice *slice, int page, Reply *reply)
{
	Repeat	   *repeat = slice->repeat;
	MemoryContext before;
	char	   *hash;
	size_t		from;
	size_t		to;

	if (repeat == NULL || slice->truncated)
		return false;
	before = MemoryContextSwitchTo(slice->context);
	hash = body_hash(repeat, reply->body, reply->body_len);
	hash_keep(repeat, page, hash);
	if (!repeat->same || hash == NULL || page > repeat->expected.count ||
		strcmp(hash, repeat->expected.items[page - 1]) != 0)
	{
		MemoryContextSwitchTo(before);
		return false;
	}
	if (request_id_find(reply->body, reply->body_len, &from, &to))
		appendStringInfo(&slice->request_ids, "%s%.*s", slice->request_ids.len == 0 ? "" : ",",
						 (int) (to - from), reply->body + from);
	hold(repeat, page, reply);
	MemoryContextSwitchTo(before);
	slice->pages_done++;
	slice->total_pages = repeat->expected.count;
	slice->next_page = Max(slice->next_page, 2);
	return true;
}

/* True when every page of the slice came, and is the same as last time. */
bool
repeat_is_all(const Slice *slice)
{
	return slice->repeat != NULL && slice->repeat->same && slice->repeat->held.count > 0 &&
		slice->repeat->held.count == slice->repeat->expected.count;
}

/* Takes note that a page differs; true when others are held that must be parsed now. */
bool
repeat_ends(Slice *slice)
{
	if (slice->repeat == NULL)
		return false;
	slice->repeat->same = false;
	return slice->repeat->held.count > 0;
}

/* Gives a held page to be parsed, and frees the one given before; false: there is none. */
bool
repeat_give(Slice *slice, int *page, char **body, size_t *length)
{
	Repeat	   *repeat = slice->repeat;
	const Held *held;

	free(repeat->given);
	repeat->given = NULL;
	if (repeat->held.count == 0)
		return false;
	held = &repeat->held.items[--repeat->held.count];
	*page = held->page;
	*body = repeat->given = held_body(repeat, held);
	*length = held->length;
	return true;
}

/* Rows that a slice which is the same as last time stands for. */
int64
repeat_rows(const Slice *slice)
{
	return slice->repeat->rows;
}

/* In a unit: keeps the hashes of a slice that was stored whole, or drops them. */
void
repeat_store(const Slice *slice, bool whole)
{
	Repeat	   *repeat = slice->repeat;
	Parameters	parameters = {0};
	StringInfoData pages;

	if (repeat == NULL || slice->modified_only || slice->campaign_ids != NULL || slice->target->stream->each_stream != NULL)
		return;
	initStringInfo(&pages);
	for (int i = 0; i < repeat->hashes.count; i++)
	{
		whole = whole && repeat->hashes.items[i] != NULL;
		if (whole)
			appendStringInfo(&pages, "%s%s", i == 0 ? "" : ",", repeat->hashes.items[i]);
	}
	whole = whole && repeat->hashes.count == slice->total_pages;
	add_key(&parameters, slice);
	if (!whole)
	{
		execute("DELETE FROM tiktokads.page_hash WHERE stream = $1 AND advertiser_id = $2 AND from_date = $3 AND to_date = $4"
				" AND $5 IS NOT NULL", &parameters, SPI_OK_DELETE);
		return;
	}
	add_text(&parameters, pages.data);
	add_int64(&parameters, slice->nrows - slice->counts.duplicates);
	add_text(&parameters, target_print(slice->target, &slice->scope));
	add_text(&parameters, hex_of(repeat->key, sizeof(repeat->key)));
	execute("INSERT INTO tiktokads.page_hash (stream, advertiser_id, from_date, to_date, request, pages, rows, print, key)"
			" VALUES ($1, $2, $3, $4, pg_catalog.md5($5), pg_catalog.string_to_array($6, ','), $7, $8, $9)"
			" ON CONFLICT (stream, advertiser_id, from_date, to_date) DO UPDATE"
			" SET request = EXCLUDED.request, pages = EXCLUDED.pages, rows = EXCLUDED.rows, print = EXCLUDED.print, key = EXCLUDED.key",
			&parameters, SPI_OK_INSERT);
}
