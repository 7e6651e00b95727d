/*
 * intern.h: values of any type, numbered as they come.
 */
#ifndef TIKTOKADS_INTERN_H
#define TIKTOKADS_INTERN_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/typcache.h"

typedef struct InternSlot
{
	uint64		key;			/* the value itself, or its hash */
	uint32		number;			/* number + 1; 0 is empty */
} InternSlot;

/* A text of at most so many bytes is told by its length and its first and last eight bytes. */
#define INTERN_SHORT 16

/* A short text that came a while ago. */
typedef struct InternRecent
{
	uint64		head;
	uint64		tail;
	uint32		size;
	uint32		number;			/* number + 1; 0 is empty */
} InternRecent;

#define INTERN_RECENT_BITS 8

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
	int			width;			/* of values that are no varlena, told by their bytes */
	uint32		count;
	uint32		room;
	Datum	   *value;			/* of each number */
	uint32		mask;
	InternSlot *slot;
	Size		memory;
	InternRecent *recent;		/* of texts */
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

/* The same as intern_number(), for values of which there are few, as names of channels. */
static inline uint32
intern_name(Intern *intern, Datum value)
{
	const char *text = DatumGetPointer(value);
	InternRecent wanted;
	InternRecent *recent;

	if (intern->recent == NULL || !(VARATT_IS_1B(text) || VARATT_IS_4B_U(text)))
		return intern_number(intern, value);
	wanted.size = VARATT_IS_1B(text) ? (uint32) (VARSIZE_1B(text) - VARHDRSZ_SHORT) : (uint32) (VARSIZE_4B(text) - VARHDRSZ);
	text += VARATT_IS_1B(text) ? VARHDRSZ_SHORT : VARHDRSZ;
	/* what lies elsewhere has no size of its own here, and comes out as too long */
	if (wanted.size > INTERN_SHORT)
		return intern_number(intern, value);
	if (wanted.size >= 8)
	{
		memcpy(&wanted.head, text, 8);
		memcpy(&wanted.tail, text + wanted.size - 8, 8);
	}
	else
	{
		wanted.head = intern_few_bytes(text, wanted.size);
		wanted.tail = 0;
	}
	recent = &intern->recent[((wanted.head + wanted.tail * 3 + wanted.size) * UINT64CONST(0x9e3779b97f4a7c15)) >> (64 - INTERN_RECENT_BITS)];
	if (recent->head != wanted.head || recent->tail != wanted.tail || recent->size != wanted.size || recent->number == 0)
	{
		wanted.number = intern_number(intern, value) + 1;
		*recent = wanted;
	}
	return recent->number - 1;
}

/* Brings the place of a value of an integer type nearer, ahead of intern_number(). */
extern void intern_prefetch(const Intern *intern, Datum value);

/*
 * The same in steps, for many values at once while what each needs is being fetched:
 * the key of a value, which must be given as it is stored, plain or packed; where the
 * key is looked for; the known value that has it, and that value itself; the number.
 */
extern uint64 intern_key(Intern *intern, Datum value);
extern void intern_prefetch_key(const Intern *intern, uint64 key);
extern uint32 intern_prefetch_known(const Intern *intern, uint64 key);
extern void intern_prefetch_value(const Intern *intern, uint32 known);
extern uint32 intern_number_of_key(Intern *intern, Datum value, uint64 key);

/* The number of a text that is given as bytes, or -1 when it has none yet. */
extern int64 intern_find_bytes(const Intern *intern, const char *bytes, int length);

#endif
