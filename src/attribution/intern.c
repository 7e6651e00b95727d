/*
 * intern.c: values of any type, numbered as they come.
 *
 * Integers are their own key, whatever their size, and so are few bytes: a row of a known value then
 * costs one look at a slot.  Longer text is compared as bytes where its collation says no more than
 * that; every other type by its own hash and equality.
 */
#include "postgres.h"

#include "attribution/intern.h"
#include "attribution/path_table.h"
#include "attribution/table.h"
#include "base/compat.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* A call, of two arguments, of a function of the type. */
static FunctionCallInfo
call_make(MemoryContext context, FmgrInfo *function)
{
	FunctionCallInfo call = MemoryContextAllocZero(context, SizeForFunctionCallInfo(2));

	InitFunctionCallInfoData(*call, function, 2, C_COLLATION_OID, NULL, NULL);
	return call;
}

/* True for integers that a Datum holds, extended by their sign: different types compare. */
bool
intern_is_whole(Oid type)
{
	return (type == INT8OID && FLOAT8PASSBYVAL) || type == INT4OID || type == INT2OID;
}

/* Prepares numbering of values of a type. */
void
intern_begin(Intern *intern, MemoryContext context, Oid type, const char *what)
{
	memset(intern, 0, sizeof(*intern));
	intern->context = context;
	intern->type = getBaseType(type);
	intern->whole = intern_is_whole(intern->type);
	intern->width = intern->type == UUIDOID ? UUID_LEN : 0;
	intern->bytes = intern->type == TEXTOID || intern->type == VARCHAROID || intern->width > 0;
	intern->cache = lookup_type_cache(intern->type, TYPECACHE_HASH_EXTENDED_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
	if (!OidIsValid(intern->cache->hash_extended_proc_finfo.fn_oid) || !OidIsValid(intern->cache->eq_opr_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("%s of type %s cannot be hashed", what, format_type_be(type)),
				 errhint("Cast it to text.")));
	intern->hash = call_make(context, &intern->cache->hash_extended_proc_finfo);
	intern->equal = call_make(context, &intern->cache->eq_opr_finfo);
	intern->mask = 1023;
	intern->slot = MemoryContextAllocZero(context, sizeof(InternKey) * 1024);
	intern->room = 512;
	intern->value = MemoryContextAlloc(context, sizeof(Datum) * intern->room);
}

/* Doubles the slots. */
static void
intern_double(Intern *intern)
{
	Size		slots = ((Size) intern->mask + 1) * 2;
	InternKey  *slot;

	if (slots > (Size) 1 << 31)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values")));
	slot = MemoryContextAllocExtended(intern->context, sizeof(InternKey) * slots, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	intern->mask = (uint32) (slots - 1);
	for (Size i = 0; i < slots / 2; i++)
		if (intern->slot[i].number != 0)
		{
			Size		at = intern_place(intern, &intern->slot[i]);

			while (slot[at].number != 0)
				at = (at + 1) & (slots - 1);
			slot[at] = intern->slot[i];
		}
	pfree(intern->slot);
	intern->slot = slot;
	intern->memory += slots / 2 * sizeof(InternKey);
}

/* The key of some bytes: of more than INTERN_SHORT their hash, eight at a time, and the last eight. */
static inline InternKey
bytes_key(const char *bytes, Size size)
{
	InternKey	key = {size, 0, (uint32) size, 0};
	const char *last;
	uint64		word;

	if (size <= INTERN_SHORT)
		return intern_short_key(bytes, size);
	last = bytes + size - 8;
	for (; bytes < last; bytes += 8)
	{
		memcpy(&word, bytes, 8);
		key.head = (key.head ^ word) * UINT64CONST(0xff51afd7ed558ccd);
		key.head ^= key.head >> 32;
	}
	memcpy(&key.tail, last, 8);
	return key;
}

/* The bytes that tell a value, and how many. */
static inline const char *
value_bytes(const Intern *intern, Datum value, Size *size)
{
	const char *bytes = DatumGetPointer(value);

	*size = intern->width > 0 ? (Size) intern->width : VARSIZE_ANY_EXHDR(bytes);
	return intern->width > 0 ? bytes : VARDATA_ANY(bytes);
}

/* The key of a value. */
static inline InternKey
value_key(Intern *intern, Datum value)
{
	InternKey	key = {(uint64) value, 0, 0, 0};
	const char *bytes;
	Size		size;

	if (intern->whole)
		return key;
	if (intern->bytes)
	{
		bytes = value_bytes(intern, value, &size);
		return bytes_key(bytes, size);
	}
	intern->hash->args[0].value = value;
	intern->hash->args[1].value = Int64GetDatum(0);
	key.head = DatumGetUInt64(FunctionCallInvoke(intern->hash));
	return key;
}

/* True when equal keys are equal values. */
static inline bool
key_tells(const Intern *intern, const InternKey *key)
{
	return intern->whole || (intern->bytes && key->size <= INTERN_SHORT);
}

/* True when two values of one key are equal. */
static inline bool
value_equals(Intern *intern, Datum one, Datum other)
{
	Size		one_size;
	Size		other_size;

	if (intern->bytes)
	{
		const char *one_bytes = value_bytes(intern, one, &one_size);
		const char *other_bytes = value_bytes(intern, other, &other_size);

		return one_size == other_size && memcmp(one_bytes, other_bytes, one_size) == 0;
	}
	intern->equal->args[0].value = one;
	intern->equal->args[1].value = other;
	return DatumGetBool(FunctionCallInvoke(intern->equal));
}

/* Keeps a new value, unless its key is enough. */
static void
value_keep(Intern *intern, Datum value, const InternKey *key)
{
	MemoryContext before;

	if (intern->count == intern->room)
	{
		intern->room *= 2;
		intern->value = repalloc_huge(intern->value, sizeof(Datum) * (Size) intern->room);
		intern->memory += sizeof(Datum) * (Size) intern->room / 2;
		attribution_check_memory(intern->memory);
	}
	if (intern->numbers_only && key_tells(intern, key))
	{
		intern->value[intern->count++] = (Datum) 0;
		return;
	}
	before = MemoryContextSwitchTo(intern->context);
	intern->value[intern->count++] = datumCopy(value, intern->cache->typbyval, intern->cache->typlen);
	if (!intern->cache->typbyval)
		intern->memory += datumGetSize(value, false, intern->cache->typlen) + 16;
	MemoryContextSwitchTo(before);
}

/* The number of a value whose key is known. */
static inline uint32
value_number(Intern *intern, Datum value, const InternKey *key)
{
	bool		tells = key_tells(intern, key);
	uint32		number;
	uint32		at;

	for (at = intern_place(intern, key); intern->slot[at].number != 0; at = (at + 1) & intern->mask)
		if (intern_slot_is(&intern->slot[at], key) &&
			(tells || value_equals(intern, intern->value[intern->slot[at].number - 1], value)))
			return intern->slot[at].number - 1;
	number = intern->count;
	value_keep(intern, value, key);
	intern->slot[at] = *key;
	intern->slot[at].number = number + 1;
	if ((uint64) intern->count * 3 > (uint64) intern->mask * 2)
		intern_double(intern);
	return number;
}

/* The number of a value. */
uint32
intern_number(Intern *intern, Datum value)
{
	InternKey	key;

	if (!intern->whole && intern->cache->typlen == -1 &&
		(VARATT_IS_EXTERNAL(DatumGetPointer(value)) || VARATT_IS_COMPRESSED(DatumGetPointer(value))))
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	key = value_key(intern, value);
	return value_number(intern, value, &key);
}

/* The key of a value. */
InternKey
intern_key(Intern *intern, Datum value)
{
	return value_key(intern, value);
}

/* The number of a value whose key is known. */
uint32
intern_number_of_key(Intern *intern, Datum value, const InternKey *key)
{
	return value_number(intern, value, key);
}

/* Brings the place where a key is looked for nearer. */
void
intern_prefetch_key(const Intern *intern, const InternKey *key)
{
	__builtin_prefetch(&intern->slot[intern_place(intern, key)]);
}

/* Brings the place of the known value of a key nearer, and says which that is: count for none, or none needed. */
uint32
intern_prefetch_known(const Intern *intern, const InternKey *key)
{
	uint32		at = intern_place(intern, key);

	if (key_tells(intern, key))
		return intern->count;
	while (intern->slot[at].number != 0 && !intern_slot_is(&intern->slot[at], key))
		at = (at + 1) & intern->mask;
	if (intern->slot[at].number == 0)
		return intern->count;
	__builtin_prefetch(&intern->value[intern->slot[at].number - 1]);
	return intern->slot[at].number - 1;
}

/* Brings a known value nearer. */
void
intern_prefetch_value(const Intern *intern, uint32 known)
{
	if (known < intern->count)
		__builtin_prefetch(DatumGetPointer(intern->value[known]));
}

/* Brings the place of a value of an integer type nearer. */
void
intern_prefetch(const Intern *intern, Datum value)
{
	InternKey	key = {(uint64) value, 0, 0, 0};

	intern_prefetch_key(intern, &key);
}

/* The number of a known text that is given as bytes, or -1. */
int64
intern_find_bytes(const Intern *intern, const char *bytes, int length)
{
	InternKey	key = bytes_key(bytes, length);

	for (uint32 at = intern_place(intern, &key); intern->slot[at].number != 0; at = (at + 1) & intern->mask)
		if (intern_slot_is(&intern->slot[at], &key) &&
			(length <= INTERN_SHORT || memcmp(VARDATA_ANY(DatumGetPointer(intern->value[intern->slot[at].number - 1])), bytes, length) == 0))
			return intern->slot[at].number - 1;
	return -1;
}
