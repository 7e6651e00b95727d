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

/* In place of the number of doubles: the fixed-point number itself, for processes of this server. */
#define SUM_FIXED 0xff

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

/* Appends an exact sum for another process of this server. */
static void
sum_write_within(StringInfo buffer, const Exact *sum)
{
	char	   *to;

	if (sum->tail != NULL || (sum->low == 0 && sum->high == 0))
	{
		sum_write(buffer, sum);
		return;
	}
	enlargeStringInfo(buffer, 1 + 8 + 8);
	to = buffer->data + buffer->len;
	to[0] = (char) SUM_FIXED;
	memcpy(to + 1, &sum->low, 8);
	memcpy(to + 9, &sum->high, 8);
	buffer->len += 1 + 8 + 8;
}

/* Appends entries. */
void
path_table_write(StringInfo buffer, PathEntry *const *entry, uint32 count, bool within)
{
	void		(*write) (StringInfo, const Exact *) = within ? sum_write_within : sum_write;

	pq_sendint32(buffer, count);
	for (uint32 i = 0; i < count; i++)
	{
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(buffer, entry[i]->size);
		pq_sendbytes(buffer, entry[i]->key, (int) entry[i]->size);
		write(buffer, &entry[i]->sums.conversions);
		write(buffer, &entry[i]->sums.value);
		write(buffer, &entry[i]->sums.nulls);
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
sum_load(StringInfo buffer, Exact *sum, bool within)
{
	int			count = pq_getmsgbyte(buffer);
	Exact		loaded = {0, 0, NULL};

	if (count == 0)
		return;
	if (count == SUM_FIXED && within)
	{
		pq_copymsgbytes(buffer, (char *) &loaded.low, 8);
		pq_copymsgbytes(buffer, (char *) &loaded.high, 8);
		if (loaded.high < 0)
			bytes_fail();
		exact_merge(sum, &loaded);
		return;
	}
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
path_table_load(PathTable *table, StringInfo buffer, bool timed, bool within)
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
		sum_load(buffer, &entry->sums.conversions, within);
		sum_load(buffer, &entry->sums.value, within);
		sum_load(buffer, &entry->sums.nulls, within);
		table->memory += path_sums_memory(&entry->sums) - tails;
	}
	MemoryContextSwitchTo(before);
}
