/*
 * path_table.c: distinct journeys with what happened on them, while rows come in.
 *
 * A hash table whose slots hold 32 bits of hash and an entry's number, so that a
 * row of a known path costs one look at a slot and one at its entry.  Keys never
 * move, entries only while there are less than PATH_SEGMENT.  Memory is bounded by distinct journeys: about 110 bytes each
 * plus the journey; more than tiktokads.attribution_memory is an error.
 */
#include "postgres.h"

#include <float.h>

#include "attribution/journey.h"
#include "attribution/path_table.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Place of an entry; number 0 is empty, else the entry's number + 1. */
typedef struct PathSlot
{
	uint32		hash;
	uint32		number;
} PathSlot;

#define FIRST_SLOTS 32

/* Most bytes that a sum takes beside its entry. */
#define TAIL_MEMORY (sizeof(ExactTail) + EXACT_TAIL_MAX * sizeof(double))

/* Keys lie in pieces of memory, each twice as large as the one before up to a limit. */
#define PIECE_FIRST 512
#define PIECE_LARGEST (1024 * 1024)

/* Hash of some bytes, eight at a time. */
static inline uint32
bytes_hash(const char *bytes, Size size)
{
	uint64		hash = size * UINT64CONST(0x9e3779b97f4a7c15);
	uint64		word;

	while (size >= 8)
	{
		memcpy(&word, bytes, 8);
		hash = (hash ^ word) * UINT64CONST(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
		bytes += 8;
		size -= 8;
	}
	word = 0;
	memcpy(&word, bytes, size);
	hash = (hash ^ word) * UINT64CONST(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 29;
	hash *= UINT64CONST(0xff51afd7ed558ccd);
	return (uint32) (hash >> 32);
}

/* An empty table. */
PathTable *
path_table_new(MemoryContext context, bool timed)
{
	PathTable  *table = MemoryContextAllocZero(context, sizeof(PathTable));

	table->context = context;
	table->timed = timed;
	table->slot = MemoryContextAllocZero(context, FIRST_SLOTS * sizeof(PathSlot));
	table->mask = FIRST_SLOTS - 1;
	table->piece_size = PIECE_FIRST;
	table->memory = sizeof(PathTable) + FIRST_SLOTS * sizeof(PathSlot);
	return table;
}

/* A table that only lists its entries. */
PathTable *
path_table_new_list(MemoryContext context, bool timed)
{
	PathTable  *table = MemoryContextAllocZero(context, sizeof(PathTable));

	table->context = context;
	table->timed = timed;
	table->memory = sizeof(PathTable);
	return table;
}

/* Enlarges the slots to a power of two. */
static void
table_enlarge(PathTable *table, Size slots)
{
	PathSlot   *slot;

	attribution_check_memory(table->memory + slots * sizeof(PathSlot));
	if (slots > (Size) 1 << 31)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct journeys")));
	slot = MemoryContextAllocExtended(table->context, slots * sizeof(PathSlot), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (Size i = 0; i <= table->mask; i++)
		if (table->slot[i].number != 0)
		{
			Size		at = table->slot[i].hash & (slots - 1);

			while (slot[at].number != 0)
				at = (at + 1) & (slots - 1);
			slot[at] = table->slot[i];
		}
	pfree(table->slot);
	table->slot = slot;
	table->memory += (slots - table->mask - 1) * sizeof(PathSlot);
	table->mask = (uint32) (slots - 1);
}

/* Memory for a key. */
static char *
key_alloc(PathTable *table, Size size)
{
	char	   *key;

	if (size > table->free_size)
	{
		Size		piece = Max(size, table->piece_size);

		attribution_check_memory(table->memory + piece);
		table->free = MemoryContextAlloc(table->context, piece);
		table->free_size = piece;
		table->memory += piece;
		table->piece_size = Min(table->piece_size * 2, (Size) PIECE_LARGEST);
	}
	key = table->free;
	table->free += size;
	table->free_size -= size;
	return key;
}

/* Memory for an entry: the first segment grows, all later ones come whole. */
static PathEntry *
entry_alloc(PathTable *table)
{
	uint32		segment = table->count >> PATH_SEGMENT_BITS;
	uint32		place = table->count & (PATH_SEGMENT - 1);

	if (place == 0)
	{
		Size		entries = segment == 0 ? 16 : PATH_SEGMENT;

		if ((segment & (segment - 1)) == 0)
		{
			Size		bytes = sizeof(PathEntry *) * (segment == 0 ? 1 : segment * 2);

			table->segment = segment == 0 ? MemoryContextAlloc(table->context, bytes) : repalloc_huge(table->segment, bytes);
		}
		attribution_check_memory(table->memory + entries * sizeof(PathEntry));
		table->segment[segment] = MemoryContextAlloc(table->context, entries * sizeof(PathEntry));
		table->memory += entries * sizeof(PathEntry);
	}
	else if (segment == 0 && place >= 16 && (place & (place - 1)) == 0)
	{
		table->segment[0] = repalloc(table->segment[0], place * 2 * sizeof(PathEntry));
		table->memory += place * sizeof(PathEntry);
	}
	table->count++;
	return &table->segment[segment][place];
}

/* The entry of a key whose hash is known, new with empty sums when it was not there. */
static PathEntry *
entry_find(PathTable *table, const char *key, Size size, uint32 hash)
{
	uint32		at = hash & table->mask;
	PathEntry  *entry;
	char	   *copy;
	JourneyView view;

	while (table->slot[at].number != 0)
	{
		if (table->slot[at].hash == hash)
		{
			entry = path_table_get(table, table->slot[at].number - 1);
			if (entry->size == size && memcmp(entry->key, key, size) == 0)
				return entry;
		}
		at = (at + 1) & table->mask;
	}
	copy = key_alloc(table, size);
	memcpy(copy, key, size);
	entry = entry_alloc(table);
	memset(entry, 0, sizeof(*entry));
	entry->key = copy;
	entry->size = (uint32) size;
	entry->hash = hash;
	table->slot[at] = (PathSlot) {hash, table->count};
	if (table->timed)
		journey_view(key, size, &view);
	else
		journey_view_channels(key, size, &view);
	table->touches += view.touches;
	if (table->count * (uint64) 3 > table->mask * (uint64) 2)
		table_enlarge(table, ((Size) table->mask + 1) * 2);
	return entry;
}

/* One more entry of a table that only lists them; the key must live as long. */
PathEntry *
path_table_list(PathTable *table, const char *key, Size size)
{
	PathEntry  *entry = entry_alloc(table);

	memset(entry, 0, sizeof(*entry));
	entry->key = key;
	entry->size = (uint32) size;
	entry->hash = bytes_hash(key, size);
	return entry;
}

/* The entry of a key, new with empty sums when it was not there. */
PathEntry *
path_table_key(PathTable *table, const char *key, Size size)
{
	return entry_find(table, key, size, bytes_hash(key, size));
}

/* The key of a journey in a table, and its size. */
static inline const char *
journey_key(const PathTable *table, const char *payload, Size *size)
{
	JourneyView view;

	if (table->timed)
		return payload;
	if (payload[0] == 0)
	{
		(*size)--;
		return payload + 1;
	}
	journey_view(payload, *size, &view);
	*size = view.channels_size;
	return view.channels;
}

/* The entry of a journey. */
PathEntry *
path_table_entry(PathTable *table, const char *payload, Size size)
{
	const char *key = journey_key(table, payload, &size);

	return path_table_key(table, key, size);
}

/* Most bytes that exact sums of an entry take beside it. */
Size
path_sums_memory(const PathSums *sums)
{
	int			tails = (sums->conversions.tail != NULL) + (sums->value.tail != NULL) + (sums->nulls.tail != NULL);

	return tails * TAIL_MEMORY;
}

/* Ends with an error unless a number can be added. */
void
path_check_number(double number, const char *what)
{
	if (!(number >= 0 && number <= DBL_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of a journey must be finite and not negative: %g", what, number),
				 errhint("Leave refunds out, or take them off the value of their conversion.")));
}

/* Adds one number, whose sum may grow in the current context. */
static inline void
number_add(PathTable *table, Exact *sum, double number)
{
	bool		fixed = sum->tail == NULL;

	if (number == 0)
		return;
	exact_add(sum, number);
	if (fixed && sum->tail != NULL)
		table->memory += TAIL_MEMORY;
}

/* Adds a row's numbers to its entry. */
static inline void
entry_add(PathTable *table, PathEntry *entry, double conversions, double value, double nulls)
{
	number_add(table, &entry->sums.conversions, conversions);
	number_add(table, &entry->sums.value, value);
	number_add(table, &entry->sums.nulls, nulls);
}

/* Looks up the rows that wait. */
void
path_table_finish(PathTable *table)
{
	MemoryContext before = MemoryContextSwitchTo(table->context);

	for (int i = 0; i < table->rows; i++)
	{
		uint32		number = table->slot[table->pending[i].hash & table->mask].number;

		if (number != 0)
			__builtin_prefetch(path_table_get(table, number - 1));
	}
	for (int i = 0; i < table->rows; i++)
	{
		const PathPending *row = &table->pending[i];

		entry_add(table, entry_find(table, row->key, row->size, row->hash), row->conversions, row->value, row->nulls);
	}
	table->rows = 0;
	MemoryContextSwitchTo(before);
}

/*
 * Takes a row.  Looking one up costs two accesses to memory that is far away when
 * there are many paths: rows wait for a few others, while theirs is being fetched.
 */
void
path_table_row(PathTable *table, const char *payload, Size size, double conversions, double value, double nulls)
{
	const char *key = journey_key(table, payload, &size);
	PathPending *row = &table->pending[table->rows];

	path_check_number(conversions, "conversions");
	path_check_number(value, "value");
	path_check_number(nulls, "nulls");
	if (size > PENDING_KEY)
	{
		MemoryContext before = MemoryContextSwitchTo(table->context);

		entry_add(table, path_table_key(table, key, size), conversions, value, nulls);
		MemoryContextSwitchTo(before);
		return;
	}
	row->hash = bytes_hash(key, size);
	__builtin_prefetch(&table->slot[row->hash & table->mask]);
	row->size = (uint32) size;
	row->conversions = conversions;
	row->value = value;
	row->nulls = nulls;
	memcpy(row->key, key, size);
	if (++table->rows == PENDING_ROWS)
		path_table_finish(table);
}

/* How far ahead the place of an entry is fetched. */
#define AHEAD 8

/* Adds the sums of one table to another. */
void
path_table_merge(PathTable *table, const PathTable *other)
{
	MemoryContext before = MemoryContextSwitchTo(table->context);
	Size		slots = (Size) table->mask + 1;

	while (table->count == 0 && slots / 3 * 2 <= other->count)
		slots *= 2;
	if (slots > (Size) table->mask + 1)
		table_enlarge(table, slots);
	for (uint32 i = 0; i < other->count; i++)
	{
		const PathEntry *from = path_table_get(other, i);
		PathEntry  *entry;
		Size		tails;

		if (i + AHEAD < other->count)
			__builtin_prefetch(&table->slot[path_table_get(other, i + AHEAD)->hash & table->mask]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		entry = entry_find(table, from->key, from->size, from->hash);
		tails = path_sums_memory(&entry->sums);
		exact_merge(&entry->sums.conversions, &from->sums.conversions);
		exact_merge(&entry->sums.value, &from->sums.value);
		exact_merge(&entry->sums.nulls, &from->sums.nulls);
		table->memory += path_sums_memory(&entry->sums) - tails;
	}
	MemoryContextSwitchTo(before);
}

/* Order of keys: their bytes, the shorter first. */
static int
entry_compare(const void *a, const void *b)
{
	const PathEntry *one = *(PathEntry *const *) a;
	const PathEntry *other = *(PathEntry *const *) b;
	int			result = memcmp(one->key, other->key, Min(one->size, other->size));

	return result != 0 ? result : (one->size > other->size) - (one->size < other->size);
}

/* All entries in the order of their keys. */
PathEntry **
path_table_sorted(const PathTable *table)
{
	PathEntry **entry = palloc_extended(sizeof(PathEntry *) * ((Size) table->count + 1), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < table->count; i++)
		entry[i] = path_table_get(table, i);
	qsort(entry, table->count, sizeof(PathEntry *), entry_compare);
	return entry;
}
