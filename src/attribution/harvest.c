/*
 * harvest.c: touches and conversions that two queries give, by person.
 *
 * Rows go from the executor straight into packed arrays (a receiver of our own,
 * no tuple store): 16 bytes a touch, and 8 for a while where persons are integers
 * of which some are more than 2^31 apart.  Queries are planned and run by SPI, reading
 * only, under the snapshot of the calling statement, with the caller's rights.
 */
#include "postgres.h"

#include "attribution/harvest.h"
#include "attribution/journey.h"
#include "attribution/path_table.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/*
 * A person whose number is not known yet.  Looking one up among many costs accesses
 * to memory that is far away, each of which tells where the next one goes: persons
 * wait for others, and theirs are fetched side by side.
 */
#define WAITING_PERSONS 32
#define WAITING_BYTES 64
typedef struct WaitingPerson
{
	int64		touch;			/* whose person it is */
	InternKey	key;
	uint32		known;			/* the value that has the key */
	union
	{
		char		bytes[WAITING_BYTES];
		int64		align;
	}			value;
} WaitingPerson;

/* Takes the rows of one query. */
typedef struct Receiver
{
	DestReceiver receiver;
	Collection *collection;
	const char *query;			/* which of the two, for messages */
	Oid			number_type[2];	/* of the two numbers of conversions */
	bool		has_kind;
	int			waiting;
	WaitingPerson person[WAITING_PERSONS];
} Receiver;

/* Ends with an error about the columns of a query. */
static void
columns_fail(const Receiver *receiver, const char *columns)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("query of %s has wrong columns", receiver->query),
			 errhint("It must yield %s.", columns)));
}

/* Checks person and time, which both queries have in front. */
static void
columns_check(Receiver *receiver, TupleDesc desc, const char *columns)
{
	Collection *collection = receiver->collection;
	Oid			person = TupleDescAttr(desc, 0)->atttypid;
	Oid			time = getBaseType(TupleDescAttr(desc, 1)->atttypid);

	if (time != TIMESTAMPTZOID && time != TIMESTAMPOID && time != DATEOID)
		columns_fail(receiver, columns);
	if (!OidIsValid(collection->time_type))
		collection->time_type = time;
	if (collection->time_type != time)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("times of touches and conversions are of different types: %s and %s",
						format_type_be(collection->time_type), format_type_be(time)),
				 errhint("Cast both to timestamptz.")));
	if (!OidIsValid(collection->persons.type))
	{
		intern_begin(&collection->persons, collection->context, person, "person");
		collection->persons.numbers_only = true;
	}
	else if (collection->persons.type != getBaseType(person) &&
			 !(collection->persons.whole && intern_is_whole(getBaseType(person))) &&
			 !(collection->persons.bytes && collection->persons.width == 0 && (getBaseType(person) == TEXTOID || getBaseType(person) == VARCHAROID)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("persons of touches and conversions are of different types: %s and %s",
						format_type_be(collection->persons.type), format_type_be(person)),
				 errhint("Cast one of them.")));
}

/* Looks at the columns of touches. */
static void
touches_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	static const char *const columns = "person, at (timestamptz), channel, and optionally kind (text)";
	Receiver   *receiver = (Receiver *) self;
	Oid			kind;

	if (desc->natts < 3 || desc->natts > 4)
		columns_fail(receiver, columns);
	columns_check(receiver, desc, columns);
	receiver->has_kind = desc->natts == 4;
	kind = receiver->has_kind ? getBaseType(TupleDescAttr(desc, 3)->atttypid) : TEXTOID;
	if (kind != TEXTOID && kind != VARCHAROID)
		columns_fail(receiver, columns);
	intern_begin(&receiver->collection->channels, receiver->collection->context,
				 TupleDescAttr(desc, 2)->atttypid, "channel");
}

/* Whether a type is one of numbers that are read. */
static bool
is_number(Oid type)
{
	return type == FLOAT8OID || type == FLOAT4OID || type == NUMERICOID || type == INT8OID || type == INT4OID || type == INT2OID;
}

/* Looks at the columns of conversions. */
static void
conversions_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	static const char *const columns = "person, at (timestamptz), conversions, value (numbers)";
	Receiver   *receiver = (Receiver *) self;

	if (desc->natts != 4)
		columns_fail(receiver, columns);
	columns_check(receiver, desc, columns);
	for (int i = 0; i < 2; i++)
	{
		receiver->number_type[i] = getBaseType(TupleDescAttr(desc, i + 2)->atttypid);
		if (!is_number(receiver->number_type[i]))
			columns_fail(receiver, columns);
	}
}

/* A time in microseconds. */
static inline int64
time_read(Oid type, Datum value)
{
	if (type == DATEOID)
		return DATE_NOT_FINITE(DatumGetDateADT(value)) ? (DATE_IS_NOBEGIN(DatumGetDateADT(value)) ? DT_NOBEGIN : DT_NOEND) :
			(int64) DatumGetDateADT(value) * USECS_PER_DAY;
	return DatumGetTimestampTz(value);
}

/* Makes room for more touches. */
static void
touches_grow(Collection *collection)
{
	attribution_check_memory(sizeof(CollectedTouch) * (Size) collection->touch_room * 4 +
							 collection->persons.memory);
	collection->touch_room = collection->touch_room == 0 ? 1024 : collection->touch_room * 2;
	collection->touch = collection->touch == NULL ?
		MemoryContextAlloc(collection->context, sizeof(CollectedTouch) * collection->touch_room) :
		repalloc_huge(collection->touch, sizeof(CollectedTouch) * (Size) collection->touch_room);
	if (collection->whole != NULL)
		collection->whole = repalloc_huge(collection->whole, sizeof(int64) * (Size) collection->touch_room);
}

/* The person of a touch that is an integer, as long as all of them are near. */
static inline int64
whole_near(const Collection *collection, int64 touch)
{
	return collection->base + (int32) collection->touch[touch].person;
}

/* Notes a person that is an integer as that of the next touch. */
static inline void
whole_receive(Collection *collection, int64 person)
{
	int64		distance;

	if (collection->touches == 0)
		collection->base = collection->low = collection->high = person;
	collection->low = Min(collection->low, person);
	collection->high = Max(collection->high, person);
	if (collection->whole == NULL && !pg_sub_s64_overflow(person, collection->base, &distance) &&
		distance >= PG_INT32_MIN && distance <= PG_INT32_MAX)
	{
		collection->touch[collection->touches].person = (uint32) distance;
		return;
	}
	if (collection->whole == NULL)
	{
		collection->whole = MemoryContextAllocHuge(collection->context, sizeof(int64) * (Size) collection->touch_room);
		for (int64 i = 0; i < collection->touches; i++)
			collection->whole[i] = whole_near(collection, i);
	}
	collection->whole[collection->touches] = person;
}

/* Numbers the persons that wait. */
static void
persons_settle(Receiver *receiver)
{
	Collection *collection = receiver->collection;
	Intern	   *persons = &collection->persons;

	for (int i = 0; i < receiver->waiting; i++)
		receiver->person[i].known = intern_prefetch_known(persons, &receiver->person[i].key);
	for (int i = 0; i < receiver->waiting; i++)
		intern_prefetch_value(persons, receiver->person[i].known);
	for (int i = 0; i < receiver->waiting; i++)
	{
		WaitingPerson *person = &receiver->person[i];

		collection->touch[person->touch].person =
			intern_number_of_key(persons, PointerGetDatum(person->value.bytes), &person->key);
	}
	receiver->waiting = 0;
}

/* Lets the person of the next touch wait, or numbers it where that is nothing to wait for. */
static inline void
person_receive(Receiver *receiver, Datum value)
{
	Collection *collection = receiver->collection;
	Intern	   *persons = &collection->persons;
	WaitingPerson *person = &receiver->person[receiver->waiting];
	Size		size;

	if (!persons->cache->typbyval && persons->cache->typlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	if (persons->cache->typbyval || (size = datumGetSize(value, false, persons->cache->typlen)) > WAITING_BYTES)
	{
		collection->touch[collection->touches].person = intern_number(persons, value);
		return;
	}
	person->touch = collection->touches;
	person->key = intern_key(persons, value);
	memcpy(person->value.bytes, DatumGetPointer(value), size);
	intern_prefetch_key(persons, &person->key);
	if (++receiver->waiting == WAITING_PERSONS)
		persons_settle(receiver);
}

/* Takes a touch; one without person, time or channel is none. */
static bool
touch_receive(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	Collection *collection = receiver->collection;
	CollectedTouch *touch;

	slot_getallattrs(slot);
	if (slot->tts_isnull[0] || slot->tts_isnull[1] || slot->tts_isnull[2])
		return true;
	if (collection->touches == collection->touch_room)
		touches_grow(collection);
	touch = &collection->touch[collection->touches];
	touch->at = time_read(collection->time_type, slot->tts_values[1]);
	journey_check_time(touch->at);
	touch->channel = intern_name(&collection->channels, slot->tts_values[2]);
	touch->kind = KIND_NONE;
	if (receiver->has_kind && !slot->tts_isnull[3])
	{
		text	   *kind = DatumGetTextPP(slot->tts_values[3]);

		touch->kind = journey_kind(VARDATA_ANY(kind), (int) VARSIZE_ANY_EXHDR(kind));
	}
	if (collection->persons.whole)
		whole_receive(collection, (int64) slot->tts_values[0]);
	else
		person_receive(receiver, slot->tts_values[0]);
	collection->touches++;
	return true;
}

/* A number as double. */
static double
number_read(Oid type, Datum value)
{
	switch (type)
	{
		case FLOAT8OID:
			return DatumGetFloat8(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT2OID:
			return DatumGetInt16(value);
		default:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
	}
}

/* Takes a conversion; without person or time it is one without touches. */
static bool
conversion_receive(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	Collection *collection = receiver->collection;
	CollectedConversion *conversion;

	slot_getallattrs(slot);
	if (collection->conversions == collection->conversion_room)
	{
		attribution_check_memory(sizeof(CollectedConversion) * (Size) collection->conversion_room * 4);
		collection->conversion_room = collection->conversion_room == 0 ? 1024 : collection->conversion_room * 2;
		collection->conversion = collection->conversion == NULL ?
			MemoryContextAlloc(collection->context, sizeof(CollectedConversion) * collection->conversion_room) :
			repalloc_huge(collection->conversion, sizeof(CollectedConversion) * (Size) collection->conversion_room);
	}
	conversion = &collection->conversion[collection->conversions++];
	conversion->whole = (int64) slot->tts_values[0];
	conversion->person = slot->tts_isnull[0] ? NOBODY :
		collection->persons.whole ? 0 : intern_number(&collection->persons, slot->tts_values[0]);
	conversion->at = slot->tts_isnull[1] ? PG_INT64_MIN : time_read(collection->time_type, slot->tts_values[1]);
	conversion->conversions = slot->tts_isnull[2] ? 0 : number_read(receiver->number_type[0], slot->tts_values[2]);
	conversion->value = slot->tts_isnull[3] ? 0 : number_read(receiver->number_type[1], slot->tts_values[3]);
	return true;
}

/* Nothing is left to do when a query ends. */
static void
receiver_end(DestReceiver *self)
{
}

/* Runs one query into a receiver. */
static void
query_run(Receiver *receiver, const char *sql, bool (*receive) (TupleTableSlot *, DestReceiver *),
		  void (*startup) (DestReceiver *, int, TupleDesc))
{
	SPIExecuteOptions options = {0};
	SPIPlanPtr	plan = SPI_prepare(sql, 0, NULL);

	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query of %s must be one SELECT", receiver->query)));
	receiver->receiver.receiveSlot = receive;
	receiver->receiver.rStartup = startup;
	receiver->receiver.rShutdown = receiver_end;
	receiver->receiver.rDestroy = receiver_end;
	receiver->receiver.mydest = DestNone;
	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = &receiver->receiver;
	SPI_execute_plan_extended(plan, &options);
	SPI_freeplan(plan);
}

/* Takes the persons of conversions into the lowest and highest; false when there are no persons. */
static bool
whole_range(Collection *collection)
{
	bool		known = collection->touches > 0;

	for (int64 i = 0; i < collection->conversions; i++)
	{
		int64		person = collection->conversion[i].whole;

		if (collection->conversion[i].person == NOBODY)
			continue;
		collection->low = known ? Min(collection->low, person) : person;
		collection->high = known ? Max(collection->high, person) : person;
		known = true;
	}
	return known;
}

/* How far ahead the place of a person is fetched. */
#define AHEAD 16

/* Numbers the persons of touches as they come. */
static void
whole_intern(Collection *collection)
{
	for (int64 i = 0; i < collection->touches; i++)
	{
		const int64 *whole = collection->whole;

		if (i + AHEAD < collection->touches)
			intern_prefetch(&collection->persons, (Datum) (whole ? whole[i + AHEAD] : whole_near(collection, i + AHEAD)));
		collection->touch[i].person = intern_number(&collection->persons, (Datum) (whole ? whole[i] : whole_near(collection, i)));
	}
}

/*
 * Numbers persons that are integers: by their distance from the lowest where that
 * wastes little, else as they come.
 */
static void
whole_number(Collection *collection)
{
	int64		rows = collection->touches + collection->conversions;
	bool		near;

	if (!whole_range(collection))
		return;
	near = (uint64) collection->high - (uint64) collection->low < (uint64) Min(rows * 2 + 1024, PG_INT32_MAX);
	if (near)
	{
		collection->person_shift = (uint32) ((uint64) collection->base - (uint64) collection->low);
		collection->person_count = (uint32) (collection->high - collection->low) + 1;
	}
	else
		whole_intern(collection);
	for (int64 i = 0; i < collection->conversions; i++)
		if (collection->conversion[i].person != NOBODY)
			collection->conversion[i].person = near ? (uint32) (collection->conversion[i].whole - collection->low) :
				intern_number(&collection->persons, (Datum) collection->conversion[i].whole);
	if (collection->whole != NULL)
		pfree(collection->whole);
	collection->whole = NULL;
}

/* Runs both queries. */
void
harvest_run(Collection *collection, const char *touches, const char *conversions)
{
	Receiver	of_touches = {.collection = collection, .query = "touches"};
	Receiver	of_conversions = {.collection = collection, .query = "conversions"};

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	query_run(&of_touches, touches, touch_receive, touches_startup);
	persons_settle(&of_touches);
	query_run(&of_conversions, conversions, conversion_receive, conversions_startup);
	SPI_finish();
	if (collection->persons.whole)
		whole_number(collection);
	if (collection->person_count == 0)
		collection->person_count = collection->persons.count;
}
