/*
 * harvest.c: touches and conversions that two queries give, by person.
 *
 * Rows go from the executor straight into packed arrays (a receiver of our own,
 * no tuple store): 16 bytes a touch, and 8 for a while where persons are integers.  Queries are planned and run by SPI, reading
 * only, under the snapshot of the calling statement, with the caller's rights.
 */
#include "postgres.h"

#include "attribution/harvest.h"
#include "attribution/journey.h"
#include "attribution/path_table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* Takes the rows of one query. */
typedef struct Receiver
{
	DestReceiver receiver;
	Collection *collection;
	const char *query;			/* which of the two, for messages */
	Oid			number_type[2];	/* of the two numbers of conversions */
	bool		has_kind;
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
		intern_begin(&collection->persons, collection->context, person, "person");
	else if (collection->persons.type != getBaseType(person) &&
			 !(collection->persons.whole && intern_is_whole(getBaseType(person))) &&
			 !(collection->persons.bytes && (getBaseType(person) == TEXTOID || getBaseType(person) == VARCHAROID)))
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
	{
		attribution_check_memory(sizeof(CollectedTouch) * (Size) collection->touch_room * 4 +
								 collection->persons.memory);
		collection->touch_room = collection->touch_room == 0 ? 1024 : collection->touch_room * 2;
		collection->touch = collection->touch == NULL ?
			MemoryContextAlloc(collection->context, sizeof(CollectedTouch) * collection->touch_room) :
			repalloc_huge(collection->touch, sizeof(CollectedTouch) * (Size) collection->touch_room);
		if (collection->persons.whole)
			collection->whole = collection->whole == NULL ?
				MemoryContextAlloc(collection->context, sizeof(int64) * collection->touch_room) :
				repalloc_huge(collection->whole, sizeof(int64) * (Size) collection->touch_room);
	}
	touch = &collection->touch[collection->touches];
	touch->at = time_read(collection->time_type, slot->tts_values[1]);
	journey_check_time(touch->at);
	touch->channel = intern_number(&collection->channels, slot->tts_values[2]);
	touch->kind = KIND_NONE;
	if (receiver->has_kind && !slot->tts_isnull[3])
	{
		text	   *kind = DatumGetTextPP(slot->tts_values[3]);

		touch->kind = journey_kind(VARDATA_ANY(kind), (int) VARSIZE_ANY_EXHDR(kind));
	}
	if (collection->persons.whole)
		collection->whole[collection->touches] = (int64) slot->tts_values[0];
	else
		touch->person = intern_number(&collection->persons, slot->tts_values[0]);
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

/* Lowest and highest of the persons that are integers; false when there are none. */
static bool
whole_range(const Collection *collection, int64 *low, int64 *high)
{
	*low = PG_INT64_MAX;
	*high = PG_INT64_MIN;
	for (int64 i = 0; i < collection->touches; i++)
	{
		*low = Min(*low, collection->whole[i]);
		*high = Max(*high, collection->whole[i]);
	}
	for (int64 i = 0; i < collection->conversions; i++)
		if (collection->conversion[i].person != NOBODY)
		{
			*low = Min(*low, collection->conversion[i].whole);
			*high = Max(*high, collection->conversion[i].whole);
		}
	return *low <= *high;
}

/* How far ahead the place of a person is fetched. */
#define AHEAD 16

/*
 * Numbers persons that are integers: by their distance from the lowest where that
 * wastes little, else as they come.
 */
static void
whole_number(Collection *collection)
{
	int64		rows = collection->touches + collection->conversions;
	int64		low;
	int64		high;
	bool		near;

	if (!whole_range(collection, &low, &high))
		return;
	near = (uint64) high - (uint64) low < (uint64) Min(rows * 2 + 1024, PG_INT32_MAX);
	for (int64 i = 0; i < collection->touches; i++)
	{
		if (near)
			collection->touch[i].person = (uint32) (collection->whole[i] - low);
		else
		{
			if (i + AHEAD < collection->touches)
				intern_prefetch(&collection->persons, (Datum) collection->whole[i + AHEAD]);
			collection->touch[i].person = intern_number(&collection->persons, (Datum) collection->whole[i]);
		}
	}
	for (int64 i = 0; i < collection->conversions; i++)
		if (collection->conversion[i].person != NOBODY)
			collection->conversion[i].person = near ? (uint32) (collection->conversion[i].whole - low) :
				intern_number(&collection->persons, (Datum) collection->conversion[i].whole);
	if (near)
		collection->person_count = (uint32) (high - low) + 1;
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
	query_run(&of_conversions, conversions, conversion_receive, conversions_startup);
	SPI_finish();
	if (collection->persons.whole)
		whole_number(collection);
	if (collection->person_count == 0)
		collection->person_count = collection->persons.count;
}
