/*
 * intern.h: values of any type, numbered as they come.
 */
#ifndef TIKTOKADS_INTERN_H
#define TIKTOKADS_INTERN_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/typcache.h"

/* Bytes are told by their number and their first and last eight when there are no more than these. */
#define INTERN_SHORT 16

/* What tells a value; of a value that it does not tell wholly, most others. */
typedef struct InternKey
{
	uint64		head;			/* an integer; the first eight bytes; or a hash */
	uint64		tail;			/* the last eight bytes */
	uint32		size;			/* number of bytes */
	uint32		number;			/* in a slot: number + 1, 0 is empty */
} InternKey;

/* Numbers of values; one type for all that is added. */
typedef struct Intern
{
	MemoryContext context;		/* holds the values */
	Oid			type;
	TypeCacheEntry *cache;
	FunctionCallInfo hash;		/* of types without a shortcut */
	FunctionCallInfo equal;
	bool		whole;			/* a value is told by its 8 bytes */
	bool		bytes;			/* a value is told by its bytes: a varlena's, or so many */
	bool		numbers_only;	/* value[] is not asked for; values that their keys tell are not kept */
	int			width;			/* of values that are no varlena, told by their bytes */
	uint32		count;
	uint32		room;
	Datum	   *value;			/* of each number */
	uint32		mask;
	InternKey  *slot;
	Size		memory;
} Intern;

/* Prepares numbering of values of a type; an error if it cannot be hashed. */
extern void intern_begin(Intern *intern, MemoryContext context, Oid type, const char *what);

/* True for integers that a Datum holds: values of different such types can be numbered together. */
extern bool intern_is_whole(Oid type);

/* The number of a value that is not NULL. */
extern uint32 intern_number(Intern *intern, Datum value);

/* Less than eight bytes as one number, different for different ones of that length. */
static inline uint64
intern_few_bytes(const char *bytes, Size size)
{
	uint32		first;
	uint32		last;

	if (size >= 4)
	{
		memcpy(&first, bytes, 4);
		memcpy(&last, bytes + size - 4, 4);
		return (uint64) first << 32 | last;
	}
	return size == 0 ? 0 : (uint64) (uint8) bytes[0] << 16 | (uint64) (uint8) bytes[size / 2] << 8 | (uint8) bytes[size - 1];
}

/* The key of no more than INTERN_SHORT bytes. */
static inline InternKey
intern_short_key(const char *bytes, Size size)
{
	InternKey	key = {0, 0, (uint32) size, 0};

	if (size < 8)
	{
		key.head = intern_few_bytes(bytes, size);
		return key;
	}
	memcpy(&key.head, bytes, 8);
	memcpy(&key.tail, bytes + size - 8, 8);
	return key;
}

/* Where the search for a key begins. */
static inline uint32
intern_place(const Intern *intern, const InternKey *key)
{
	uint64		hash = (key->head ^ key->size * UINT64CONST(0x9e3779b97f4a7c15)) * UINT64CONST(0xff51afd7ed558ccd);

	hash = (hash ^ hash >> 32 ^ key->tail) * UINT64CONST(0xc4ceb9fe1a85ec53);
	hash = (hash ^ hash >> 32) * UINT64CONST(0xff51afd7ed558ccd);
	return (uint32) (hash >> 32) & intern->mask;
}

/* True for a slot of this key. */
static inline bool
intern_slot_is(const InternKey *slot, const InternKey *key)
{
	return slot->head == key->head && slot->tail == key->tail && slot->size == key->size && slot->number != 0;
}

/* The same as intern_number(), for values of which there are few and most are short, as names of channels. */
static inline uint32
intern_name(Intern *intern, Datum value)
{
	const char *text = DatumGetPointer(value);
	InternKey	key;
	const InternKey *slot;
	uint32		size;

	if (!intern->bytes || intern->width > 0 || !(VARATT_IS_1B(text) || VARATT_IS_4B_U(text)))
		return intern_number(intern, value);
	size = VARATT_IS_1B(text) ? (uint32) (VARSIZE_1B(text) - VARHDRSZ_SHORT) : (uint32) (VARSIZE_4B(text) - VARHDRSZ);
	/* a text that lies elsewhere has no size of its own here, and comes out as too long */
	if (size > INTERN_SHORT)
		return intern_number(intern, value);
	key = intern_short_key(text + (VARATT_IS_1B(text) ? VARHDRSZ_SHORT : VARHDRSZ), size);
	slot = &intern->slot[intern_place(intern, &key)];
	return intern_slot_is(slot, &key) ? slot->number - 1 : intern_number(intern, value);
}

/* Brings the place of a value of an integer type nearer, ahead of intern_number(). */
extern void intern_prefetch(const Intern *intern, Datum value);

/*
 * The same in steps, for many values at once while what each needs is being fetched:
 * the key of a value, which must be given as it is stored, plain or packed; where the
 * key is looked for; the known value that has it, and that value itself, unless the
 * key tells it; the number.
 */
extern InternKey intern_key(Intern *intern, Datum value);
extern void intern_prefetch_key(const Intern *intern, const InternKey *key);
extern uint32 intern_prefetch_known(const Intern *intern, const InternKey *key);
extern void intern_prefetch_value(const Intern *intern, uint32 known);
extern uint32 intern_number_of_key(Intern *intern, Datum value, const InternKey *key);

/* The number of a text that is given as bytes, or -1 when it has none yet. */
extern int64 intern_find_bytes(const Intern *intern, const char *bytes, int length);

#endif
