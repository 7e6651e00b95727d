/*
 * collect.c: runs a query and sorts its events by person and time.
 *
 * The query yields person (any type that hashes), time, with tags two texts,
 * and a boolean for each step.  Rows go from the executor straight into arrays,
 * 20 bytes each (24 with tags) beside 24 for a person and its value; they are
 * then dealt to people by counting and sorted within each.
 *
 * What must stay true: rows without a person or a time are left out; every
 * person with a row gets a number, also when none of its rows is kept; the order
 * in which rows came leaves no trace in the result but the people's numbers.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/array.h"
#include "funnel/collect.h"
#include "funnel/state.h"

/* Columns before the steps. */
#define COLUMN_PERSON		0
#define COLUMN_AT			1
#define COLUMN_HOLD			2
#define COLUMN_BREAKDOWN	3

typedef struct PersonEntry
{
	Datum		person;
	uint32		hash;
	int32		number;
	char		status;
} PersonEntry;

/* How people are told apart. */
typedef struct PersonType
{
	bool		plain;			/* equal when their Datums are */
	bool		byval;
	int16		length;
	Oid			collation;
	TypeCacheEntry *type;
} PersonType;

typedef struct TagEntry
{
	char	   *key;			/* both texts, with their lengths */
	int32		number;
	char		status;
} TagEntry;

static uint32 person_hash(const PersonType *type, Datum person);
static bool person_equal(const PersonType *type, Datum a, Datum b);

#define SH_PREFIX people
#define SH_ELEMENT_TYPE PersonEntry
#define SH_KEY_TYPE Datum
#define SH_KEY person
#define SH_HASH_KEY(table, key) person_hash((table)->private_data, key)
#define SH_EQUAL(table, a, b) person_equal((table)->private_data, a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define SH_PREFIX tags
#define SH_ELEMENT_TYPE TagEntry
#define SH_KEY_TYPE char *
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key), (int) strlen(key))
#define SH_EQUAL(table, a, b) (strcmp(a, b) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* One person's events with their tags, for sorting. */
typedef struct TaggedEvent
{
	FunnelEvent event;
	int32		tag;
} TaggedEvent;

/* Orders them by event, then tag. */
static inline int
tagged_order(const TaggedEvent *a, const TaggedEvent *b)
{
	int			order = event_order(&a->event, &b->event);

	return order != 0 ? order : (a->tag > b->tag) - (a->tag < b->tag);
}

#define ST_SORT tagged_sort
#define ST_ELEMENT_TYPE TaggedEvent
#define ST_COMPARE(a, b) tagged_order(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

/* Takes the rows of the query; the executor calls it through `receiver`. */
typedef struct Collector
{
	DestReceiver receiver;
	Collection *collection;
	MemoryContext context;		/* what the collection lives in */
	PersonType	person_type;
	people_hash *people;
	tags_hash  *tags;
	int64		capacity;
	int32	   *owners;			/* person of each event */
	bool		in_order;		/* people's events lie together already */
} Collector;

/* A person's hash. */
static uint32
person_hash(const PersonType *type, Datum person)
{
	if (type->plain)
		return murmurhash32((uint32) person ^ (uint32) (person >> 32));
	return DatumGetUInt32(FunctionCall1Coll(&type->type->hash_proc_finfo, type->collation, person));
}

/* Are two people the same? */
static bool
person_equal(const PersonType *type, Datum a, Datum b)
{
	if (type->plain)
		return a == b;
	return DatumGetBool(FunctionCall2Coll(&type->type->eq_opr_finfo, type->collation, a, b));
}

/* Finds out how people are told apart. */
static void
person_type_of(PersonType *person, Form_pg_attribute attribute)
{
	Oid			type = attribute->atttypid;

	person->plain = type == INT2OID || type == INT4OID || type == INT8OID || type == OIDOID;
	person->byval = attribute->attbyval;
	person->length = attribute->attlen;
	person->collation = attribute->attcollation;
	person->type = lookup_type_cache(type, TYPECACHE_HASH_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
	if (!OidIsValid(person->type->hash_proc_finfo.fn_oid) || !OidIsValid(person->type->eq_opr_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("people cannot be of type %s, which does not hash", format_type_be(type)),
				 errhint("Cast the person to text.")));
}

/* Checks the columns of the query before its first row. */
static void
collector_startup(DestReceiver *self, int operation, TupleDesc columns)
{
	Collector  *collector = (Collector *) self;
	int			first = collector->collection->tagged ? COLUMN_BREAKDOWN + 1 : COLUMN_AT + 1;
	int			i;

	Assert(columns->natts == first + collector->collection->nsteps);
	person_type_of(&collector->person_type, TupleDescAttr(columns, COLUMN_PERSON));
	for (i = 0; i < collector->collection->nsteps; i++)
	{
		if (TupleDescAttr(columns, first + i)->atttypid != BOOLOID)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("step %d is not a condition but of type %s", i + 1,
							format_type_be(TupleDescAttr(columns, first + i)->atttypid))));
	}
}

/* The number of a person, given at its first row. */
static int32
collector_person(Collector *collector, Datum person)
{
	bool		found;
	PersonEntry *entry = people_insert(collector->people, person, &found);

	if (!found)
	{
		if (collector->collection->npeople == PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many people")));
		if (!collector->person_type.byval)
		{
			MemoryContext before = MemoryContextSwitchTo(collector->context);

			entry->person = datumCopy(person, false, collector->person_type.length);
			MemoryContextSwitchTo(before);
		}
		entry->number = (int32) collector->collection->npeople++;
	}
	return entry->number;
}

/* The number of a row's tag, given at its first row. */
static int32
collector_tag(Collector *collector, char *hold, char *breakdown)
{
	char	   *key = psprintf("%zd:%s:%zd:%s", hold ? (ssize_t) strlen(hold) : -1, hold ? hold : "",
							   breakdown ? (ssize_t) strlen(breakdown) : -1, breakdown ? breakdown : "");
	bool		found;
	TagEntry   *entry = tags_insert(collector->tags, key, &found);

	if (!found)
	{
		Collection *collection = collector->collection;
		MemoryContext before = MemoryContextSwitchTo(collector->context);
		int32		number = (int32) collector->tags->members - 1;

		entry->key = pstrdup(key);
		entry->number = number;
		if (number == 0)
			collection->tag_values = palloc(sizeof(EventTag));
		else if ((number & (number - 1)) == 0)
			collection->tag_values = repalloc_huge(collection->tag_values, sizeof(EventTag) * 2 * (Size) number);
		collection->tag_values[number].hold = hold ? pstrdup(hold) : NULL;
		collection->tag_values[number].breakdown = breakdown ? pstrdup(breakdown) : NULL;
		MemoryContextSwitchTo(before);
	}
	pfree(key);
	return entry->number;
}

/* Makes room for more events. */
static void
collector_grow(Collector *collector)
{
	Collection *collection = collector->collection;
	int64		capacity = collector->capacity * 2;

	collection->events = repalloc_huge(collection->events, capacity * sizeof(FunnelEvent));
	collector->owners = repalloc_huge(collector->owners, capacity * sizeof(int32));
	if (collection->tagged)
		collection->tags = repalloc_huge(collection->tags, capacity * sizeof(int32));
	collector->capacity = capacity;
}

/* A column as text; NULL when it is. */
static char *
slot_text(TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column] ? NULL : TextDatumGetCString(slot->tts_values[column]);
}

/* The steps that a row satisfies, from its columns. */
static uint64
slot_steps(TupleTableSlot *slot, int first, int nsteps)
{
	uint64		steps = 0;
	int			i;

	for (i = 0; i < nsteps; i++)
		steps |= (uint64) (!slot->tts_isnull[first + i] && DatumGetBool(slot->tts_values[first + i])) << i;
	return steps;
}

/* Takes a row. */
static bool
collector_receive(TupleTableSlot *slot, DestReceiver *self)
{
	Collector  *collector = (Collector *) self;
	Collection *collection = collector->collection;
	uint64		steps;
	int32		person;

	slot_getallattrs(slot);
	if (slot->tts_isnull[COLUMN_PERSON])
		return true;
	person = collector_person(collector, slot->tts_values[COLUMN_PERSON]);
	steps = slot_steps(slot, collection->tagged ? COLUMN_BREAKDOWN + 1 : COLUMN_AT + 1, collection->nsteps);
	if (slot->tts_isnull[COLUMN_AT] || (steps == 0 && !collection->keep_all))
		return true;
	if (collection->count == collector->capacity)
		collector_grow(collector);
	collection->events[collection->count].at = DatumGetInt64(slot->tts_values[COLUMN_AT]);
	collection->events[collection->count].steps = steps;
	collector->owners[collection->count] = person;
	if (collection->count > 0 && collector->owners[collection->count - 1] > person)
		collector->in_order = false;
	if (collection->tagged)
		collection->tags[collection->count] =
			collector_tag(collector, slot_text(slot, COLUMN_HOLD), slot_text(slot, COLUMN_BREAKDOWN));
	collection->count++;
	return true;
}

/* Nothing is left to do when the rows end, or when the receiver goes. */
static void
collector_end(DestReceiver *self)
{
}

/* Makes a collector that is ready for rows, in the current context. */
static Collector *
collector_make(int nsteps, bool keep_all, bool tagged)
{
	Collector  *collector = palloc0(sizeof(Collector));
	Collection *collection = palloc0(sizeof(Collection));

	collector->receiver.receiveSlot = collector_receive;
	collector->receiver.rStartup = collector_startup;
	collector->receiver.rShutdown = collector_end;
	collector->receiver.rDestroy = collector_end;
	collector->receiver.mydest = DestNone;
	collector->collection = collection;
	collector->context = CurrentMemoryContext;
	collector->people = people_create(CurrentMemoryContext, 1024, &collector->person_type);
	collector->tags = tags_create(CurrentMemoryContext, 64, NULL);
	collector->capacity = 1024;
	collector->in_order = true;
	collector->owners = palloc(collector->capacity * sizeof(int32));
	collection->nsteps = nsteps;
	collection->keep_all = keep_all;
	collection->tagged = tagged;
	collection->events = palloc(collector->capacity * sizeof(FunnelEvent));
	if (tagged)
		collection->tags = palloc(collector->capacity * sizeof(int32));
	return collector;
}

/* Compares texts of which some may be NULL: those come last. */
static int
text_order(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return strcmp(a, b);
}

/* Orders tags, given by address, by their texts. */
static int
tag_order(const void *a, const void *b)
{
	const EventTag *x = *(EventTag *const *) a;
	const EventTag *y = *(EventTag *const *) b;
	int			order = text_order(x->hold, y->hold);

	return order != 0 ? order : text_order(x->breakdown, y->breakdown);
}

/* Numbers the tags anew, in the order of their texts: the order of arrival must not show. */
static void
collector_sort_tags(Collector *collector)
{
	Collection *collection = collector->collection;
	int			ntags = (int) collector->tags->members;
	EventTag  **sorted = palloc_extended((ntags + 1) * sizeof(EventTag *), MCXT_ALLOC_HUGE);
	EventTag   *values = palloc_extended((ntags + 1) * sizeof(EventTag), MCXT_ALLOC_HUGE);
	int32	   *numbers = palloc_extended((ntags + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	int64		i;

	for (i = 0; i < ntags; i++)
		sorted[i] = &collection->tag_values[i];
	qsort(sorted, ntags, sizeof(EventTag *), tag_order);
	for (i = 0; i < ntags; i++)
	{
		values[i] = *sorted[i];
		numbers[sorted[i] - collection->tag_values] = (int32) i;
	}
	for (i = 0; i < collection->count; i++)
		collection->tags[i] = numbers[collection->tags[i]];
	collection->tag_values = values;
	collection->ntags = ntags;
	pfree(sorted);
	pfree(numbers);
}

/* Deals the events to their people: counts, then places. */
static void
collector_deal(Collector *collector)
{
	Collection *collection = collector->collection;
	int64	   *starts = palloc_extended((collection->npeople + 2) * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int64		i;

	/* places are counted one further than they belong, and so end where they belong */
	for (i = 0; i < collection->count; i++)
		starts[collector->owners[i] + 2]++;
	for (i = 2; i < collection->npeople + 2; i++)
		starts[i] += starts[i - 1];
	if (!collector->in_order)
	{
		FunnelEvent *events = palloc_extended(Max(collection->count, 1) * sizeof(FunnelEvent), MCXT_ALLOC_HUGE);
		int32	   *tags = collection->tagged ? palloc_extended(Max(collection->count, 1) * sizeof(int32), MCXT_ALLOC_HUGE) : NULL;

		for (i = 0; i < collection->count; i++)
		{
			int64		place = starts[collector->owners[i] + 1]++;

			events[place] = collection->events[i];
			if (tags != NULL)
				tags[place] = collection->tags[i];
		}
		pfree(collection->events);
		collection->events = events;
		if (tags != NULL)
			pfree(collection->tags);
		collection->tags = tags;
		collection->starts = starts;
	}
	else
		collection->starts = starts + 1;
	pfree(collector->owners);
}

/* Sorts one person's events and their tags. */
static void
sort_tagged(Collection *collection, int64 start, int64 count)
{
	TaggedEvent *buffer = palloc_extended(Max(count, 1) * sizeof(TaggedEvent), MCXT_ALLOC_HUGE);
	int64		i;

	for (i = 0; i < count; i++)
	{
		buffer[i].event = collection->events[start + i];
		buffer[i].tag = collection->tags[start + i];
	}
	tagged_sort(buffer, count);
	for (i = 0; i < count; i++)
	{
		collection->events[start + i] = buffer[i].event;
		collection->tags[start + i] = buffer[i].tag;
	}
	pfree(buffer);
}

/* Sorts each person's events. */
static void
collector_sort(Collector *collector)
{
	Collection *collection = collector->collection;
	int64		i;

	for (i = 0; i < collection->npeople; i++)
	{
		int64		start = collection->starts[i];
		int64		count = collection->starts[i + 1] - start;

		CHECK_FOR_INTERRUPTS();
		if (collection->tagged)
			sort_tagged(collection, start, count);
		else
			events_sort(collection->events + start, count);
	}
}

/* Runs a query and collects its events in the current context; SPI must be connected. */
Collection *
collect_events(const char *query, int nsteps, bool keep_all, bool tagged)
{
	MemoryContext context = CurrentMemoryContext;
	Collector  *collector = collector_make(nsteps, keep_all, tagged);
	SPIExecuteOptions options;
	int			result;

	memset(&options, 0, sizeof(options));
	options.read_only = true;
	options.dest = &collector->receiver;
	result = SPI_execute_extended(query, &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_extended failed: %s", SPI_result_code_string(result));
	MemoryContextSwitchTo(context);
	people_destroy(collector->people);
	if (tagged)
		collector_sort_tags(collector);
	collector_deal(collector);
	collector_sort(collector);
	return collector->collection;
}
