/*
 * path_bytes.c: distinct journeys as bytes and back.
 *
 * The bytes come from another process, from a table or from a client: sizes,
 * keys and numbers are all checked.
 */
#include "postgres.h"

#include <float.h>

#include "attribution/journey.h"
#include "attribution/path_table.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

/* Appends an exact sum: how many doubles, then these. */
static void
sum_write(StringInfo buffer, const Exact *sum)
{
	double		parts[EXACT_PARTS_MAX];
	int			count = exact_parts(sum, parts);

	pq_sendbyte(buffer, (uint8) count);
	for (int i = 0; i < count; i++)
		pq_sendfloat8(buffer, parts[i]);
}

/* Appends entries. */
void
path_table_write(StringInfo buffer, PathEntry *const *entry, uint32 count)
{
	pq_sendint32(buffer, count);
	for (uint32 i = 0; i < count; i++)
	{
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(buffer, entry[i]->size);
		pq_sendbytes(buffer, entry[i]->key, (int) entry[i]->size);
		sum_write(buffer, &entry[i]->sums.conversions);
		sum_write(buffer, &entry[i]->sums.value);
		sum_write(buffer, &entry[i]->sums.nulls);
	}
}

/* Ends with an error about bytes that are no set of paths. */
static void
bytes_fail(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid set of paths")));
}

/* Adds an exact sum from bytes, in the current context. */
static void
sum_load(StringInfo buffer, Exact *sum)
{
	int			count = pq_getmsgbyte(buffer);
	Exact		loaded = {0, 0, NULL};

	if (count > EXACT_PARTS_MAX)
		bytes_fail();
	for (int i = 0; i < count; i++)
	{
		double		part = pq_getmsgfloat8(buffer);

		if (!(part >= -DBL_MAX && part <= DBL_MAX))
			bytes_fail();
		exact_add(&loaded, part);
	}
	if (exact_value(&loaded) < 0)
		bytes_fail();
	exact_merge(sum, &loaded);
	if (loaded.tail != NULL)
		pfree(loaded.tail);
}

/* Adds entries from bytes. */
void
path_table_load(PathTable *table, StringInfo buffer, bool timed)
{
	MemoryContext before = MemoryContextSwitchTo(table->context);
	uint32		count = pq_getmsgint(buffer, 4);

	for (uint32 i = 0; i < count; i++)
	{
		uint32		size = pq_getmsgint(buffer, 4);
		const char *key;
		PathEntry  *entry;
		Size		tails;

		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		if (size > (uint32) (buffer->len - buffer->cursor))
			bytes_fail();
		key = pq_getmsgbytes(buffer, (int) size);
		if (!journey_valid(key, size, !timed))
			bytes_fail();
		entry = table->slot == NULL ? path_table_list(table, key, size) :
			timed ? path_table_entry(table, key, size) : path_table_key(table, key, size);
		tails = path_sums_memory(&entry->sums);
		sum_load(buffer, &entry->sums.conversions);
		sum_load(buffer, &entry->sums.value);
		sum_load(buffer, &entry->sums.nulls);
		table->memory += path_sums_memory(&entry->sums) - tails;
	}
	MemoryContextSwitchTo(before);
}
