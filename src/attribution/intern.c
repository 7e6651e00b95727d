/*
 * intern.c: values of any type, numbered as they come.
 *
 * Integers are their own key, whatever their size; text is compared as bytes where its collation says
 * no more than that; every other type by its own hash and equality.
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
	intern->slot = MemoryContextAllocZero(context, sizeof(InternSlot) * 1024);
	if (intern->bytes && intern->width == 0)
		intern->recent = MemoryContextAllocZero(context, sizeof(InternRecent) << INTERN_RECENT_BITS);
	intern->room = 512;
	intern->value = MemoryContextAlloc(context, sizeof(Datum) * intern->room);
}

/* Where the search for a key begins: the upper half of a hash of bytes is spread already. */
static inline uint32
key_place(const Intern *intern, uint64 key)
{
	return (uint32) (intern->bytes ? key >> 32 : table_hash(key)) & intern->mask;
}

/* Doubles the slots. */
static void
intern_double(Intern *intern)
{
	Size		slots = ((Size) intern->mask + 1) * 2;
	InternSlot *slot;

	if (slots > (Size) 1 << 31)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values")));
	slot = MemoryContextAllocExtended(intern->context, sizeof(InternSlot) * slots, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	intern->mask = (uint32) (slots - 1);
	for (Size i = 0; i < slots / 2; i++)
		if (intern->slot[i].number != 0)
		{
			Size		at = key_place(intern, intern->slot[i].key);

			while (slot[at].number != 0)
				at = (at + 1) & (slots - 1);
			slot[at] = intern->slot[i];
		}
	pfree(intern->slot);
	intern->slot = slot;
	intern->memory += slots / 2 * sizeof(InternSlot);
}

/* Hash of some bytes, eight at a time; the last eight may overlap those before. */
static inline uint64
bytes_key(const char *bytes, Size size)
{
	uint64		hash = size * UINT64CONST(0x9e3779b97f4a7c15);
	uint64		word;

	if (size >= 8)
	{
		const char *last = bytes + size - 8;

		for (; bytes < last; bytes += 8)
		{
			memcpy(&word, bytes, 8);
			hash = (hash ^ word) * UINT64CONST(0xff51afd7ed558ccd);
			hash ^= hash >> 32;
		}
		memcpy(&word, last, 8);
	}
	else
		word = intern_few_bytes(bytes, size);
	hash = (hash ^ word) * UINT64CONST(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 32;
	return hash * UINT64CONST(0xff51afd7ed558ccd);
}

/* Are so many bytes the same?  Names are short: two looks at eight bytes, which may overlap, see up to sixteen. */
static inline bool
bytes_equal(const char *one, const char *other, Size size)
{
	uint64		first[2];
	uint64		last[2];

	if (size < 8 || size > 16)
		return memcmp(one, other, size) == 0;
	memcpy(&first[0], one, 8);
	memcpy(&first[1], other, 8);
	memcpy(&last[0], one + size - 8, 8);
	memcpy(&last[1], other + size - 8, 8);
	return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
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
static inline uint64
value_key(Intern *intern, Datum value)
{
	const char *bytes;
	Size		size;

	if (intern->whole)
		return (uint64) value;
	if (intern->bytes)
	{
		bytes = value_bytes(intern, value, &size);
		return bytes_key(bytes, size);
	}
	intern->hash->args[0].value = value;
	intern->hash->args[1].value = Int64GetDatum(0);
	return DatumGetUInt64(FunctionCallInvoke(intern->hash));
}

/* True when two values of one key are equal. */
static inline bool
value_equals(Intern *intern, Datum one, Datum other)
{
	Size		one_size;
	Size		other_size;

	if (intern->whole)
		return true;
	if (intern->bytes)
	{
		const char *one_bytes = value_bytes(intern, one, &one_size);
		const char *other_bytes = value_bytes(intern, other, &other_size);

		return one_size == other_size && bytes_equal(one_bytes, other_bytes, one_size);
	}
	intern->equal->args[0].value = one;
	intern->equal->args[1].value = other;
	return DatumGetBool(FunctionCallInvoke(intern->equal));
}

/* Keeps a new value. */
static void
value_keep(Intern *intern, Datum value)
{
	MemoryContext before;

	if (intern->count == intern->room)
	{
		intern->room *= 2;
		intern->value = repalloc_huge(intern->value, sizeof(Datum) * (Size) intern->room);
		intern->memory += sizeof(Datum) * (Size) intern->room / 2;
		attribution_check_memory(intern->memory);
	}
	before = MemoryContextSwitchTo(intern->context);
	intern->value[intern->count++] = datumCopy(value, intern->cache->typbyval, intern->cache->typlen);
	if (!intern->cache->typbyval)
		intern->memory += datumGetSize(value, false, intern->cache->typlen) + 16;
	MemoryContextSwitchTo(before);
}

/* The number of a value whose key is known. */
static inline uint32
value_number(Intern *intern, Datum value, uint64 key)
{
	uint32		at;

	for (at = key_place(intern, key); intern->slot[at].number != 0; at = (at + 1) & intern->mask)
		if (intern->slot[at].key == key &&
			value_equals(intern, intern->value[intern->slot[at].number - 1], value))
			return intern->slot[at].number - 1;
	value_keep(intern, value);
	intern->slot[at] = (InternSlot) {key, intern->count};
	if ((uint64) intern->count * 2 > intern->mask)
	{
		intern_double(intern);
		return intern->count - 1;
	}
	return intern->slot[at].number - 1;
}

/* The number of a value. */
uint32
intern_number(Intern *intern, Datum value)
{
	if (!intern->whole && intern->cache->typlen == -1 &&
		(VARATT_IS_EXTERNAL(DatumGetPointer(value)) || VARATT_IS_COMPRESSED(DatumGetPointer(value))))
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	return value_number(intern, value, value_key(intern, value));
}

/* The key of a value. */
uint64
intern_key(Intern *intern, Datum value)
{
	return value_key(intern, value);
}

/* The number of a value whose key is known. */
uint32
intern_number_of_key(Intern *intern, Datum value, uint64 key)
{
	return value_number(intern, value, key);
}

/* Brings the place where a key is looked for nearer. */
void
intern_prefetch_key(const Intern *intern, uint64 key)
{
	__builtin_prefetch(&intern->slot[key_place(intern, key)]);
}

/* Brings the place of the known value of a key nearer, and says which that is: count for none. */
uint32
intern_prefetch_known(const Intern *intern, uint64 key)
{
	uint32		at = key_place(intern, key);

	while (intern->slot[at].number != 0 && intern->slot[at].key != key)
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
	__builtin_prefetch(&intern->slot[key_place(intern, (uint64) value)]);
}

/* The number of a known text that is given as bytes, or -1. */
int64
intern_find_bytes(const Intern *intern, const char *bytes, int length)
{
	uint64		key = bytes_key(bytes, length);

	for (uint32 at = key_place(intern, key); intern->slot[at].number != 0; at = (at + 1) & intern->mask)
	{
		const text *known = (const text *) DatumGetPointer(intern->value[intern->slot[at].number - 1]);

		if (intern->slot[at].key == key && VARSIZE_ANY_EXHDR(known) == length &&
			bytes_equal(VARDATA_ANY(known), bytes, length))
			return intern->slot[at].number - 1;
	}
	return -1;
}
