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
} Intern;

/* Prepares numbering of values of a type; an error if it cannot be hashed. */
extern void intern_begin(Intern *intern, MemoryContext context, Oid type, const char *what);

/* True for integers that a Datum holds: values of different such types can be numbered together. */
extern bool intern_is_whole(Oid type);

/* The number of a value that is not NULL. */
extern uint32 intern_number(Intern *intern, Datum value);

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
