/*
 * table.h: numbers by 64-bit keys, the hash table of this room's arithmetic.
 *
 * Plain C without PostgreSQL.  Keys are never removed; UINT64_MAX is no key.
 */
#ifndef TIKTOKADS_TABLE_H
#define TIKTOKADS_TABLE_H

#include <stdint.h>

#include "attribution/memory.h"

typedef struct TableSlot
{
	uint64_t	key;
	int64_t		number;
} TableSlot;

typedef struct Table
{
	TableSlot  *slot;
	uint64_t	mask;			/* slots - 1; slots are a power of two, or none */
	uint64_t	used;
} Table;

/* Spreads the bits of a key (finaliser of MurmurHash3, A. Appleby, public domain). */
static inline uint64_t
table_hash(uint64_t key)
{
	key ^= key >> 33;
	key *= UINT64_C(0xff51afd7ed558ccd);
	key ^= key >> 33;
	key *= UINT64_C(0xc4ceb9fe1a85ec53);
	return key ^ key >> 33;
}

/* The slot of a key, or the empty slot where it would go. */
static inline TableSlot *
table_slot(const Table *table, uint64_t key)
{
	uint64_t	at = table_hash(key) & table->mask;

	while (table->slot[at].key != key && table->slot[at].key != UINT64_MAX)
		at = (at + 1) & table->mask;
	return &table->slot[at];
}

/* Doubles the table. */
static inline void
table_grow(Table *table)
{
	Table		old = *table;
	uint64_t	slots = old.slot == NULL ? 64 : (old.mask + 1) * 2;

	table->slot = attribution_alloc(slots * sizeof(TableSlot));
	table->mask = slots - 1;
	for (uint64_t i = 0; i < slots; i++)
		table->slot[i].key = UINT64_MAX;
	for (uint64_t i = 0; old.slot != NULL && i <= old.mask; i++)
		if (old.slot[i].key != UINT64_MAX)
			*table_slot(table, old.slot[i].key) = old.slot[i];
	attribution_free(old.slot);
}

/* The number of a key; a new key gets -1, which the caller replaces.  Good until the next call. */
static inline int64_t *
table_number(Table *table, uint64_t key)
{
	TableSlot  *slot;

	if (table->slot == NULL || table->used * 2 > table->mask)
		table_grow(table);
	slot = table_slot(table, key);
	if (slot->key == UINT64_MAX)
	{
		slot->key = key;
		slot->number = -1;
		table->used++;
	}
	return &slot->number;
}

/* Gives the memory of a table back. */
static inline void
table_free(Table *table)
{
	attribution_free(table->slot);
	table->slot = NULL;
	table->mask = table->used = 0;
}

#endif
