/*
 * journey_function.c: what SQL can ask of a journey: order, parts, path transforms.
 *
 * Transforms are those of google/fractribution (see doc/attribution.md).  A touch
 * that stays keeps its time and kind.
 */
#include "postgres.h"

#include "attribution/journey.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(tiktokads_journey_eq);
PG_FUNCTION_INFO_V1(tiktokads_journey_ne);
PG_FUNCTION_INFO_V1(tiktokads_journey_lt);
PG_FUNCTION_INFO_V1(tiktokads_journey_le);
PG_FUNCTION_INFO_V1(tiktokads_journey_gt);
PG_FUNCTION_INFO_V1(tiktokads_journey_ge);
PG_FUNCTION_INFO_V1(tiktokads_journey_cmp);
PG_FUNCTION_INFO_V1(tiktokads_journey_hash);
PG_FUNCTION_INFO_V1(tiktokads_journey_hash_extended);
PG_FUNCTION_INFO_V1(tiktokads_journey_length);
PG_FUNCTION_INFO_V1(tiktokads_journey_channels);
PG_FUNCTION_INFO_V1(tiktokads_journey_first);
PG_FUNCTION_INFO_V1(tiktokads_journey_last);
PG_FUNCTION_INFO_V1(tiktokads_journey_concat);
PG_FUNCTION_INFO_V1(tiktokads_journey_touches);
PG_FUNCTION_INFO_V1(tiktokads_journey_from_text);
PG_FUNCTION_INFO_V1(tiktokads_journey_from_array);
PG_FUNCTION_INFO_V1(tiktokads_path_unique);
PG_FUNCTION_INFO_V1(tiktokads_path_plain);
PG_FUNCTION_INFO_V1(tiktokads_path_exposure);
PG_FUNCTION_INFO_V1(tiktokads_path_first);
PG_FUNCTION_INFO_V1(tiktokads_path_frequency);
PG_FUNCTION_INFO_V1(tiktokads_path_trim_long);
PG_FUNCTION_INFO_V1(tiktokads_path_remove_if_not_all);
PG_FUNCTION_INFO_V1(tiktokads_path_remove_if_last_and_not_all);

#define GETARG_TOUCHES(n, count) argument_touches(PG_GETARG_DATUM(n), count)

/* The touches of a journey that is an argument. */
static Touch *
argument_touches(Datum datum, int *count)
{
	struct varlena *journey = PG_DETOAST_DATUM_PACKED(datum);

	return journey_touches(JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey), count);
}

/* True when two touches are of one channel. */
static bool
same_channel(const Touch *one, const Touch *other)
{
	return one->length == other->length && memcmp(one->channel, other->channel, one->length) == 0;
}

/* True when a touch is of the channel that a text names. */
static bool
is_channel(const Touch *touch, const text *channel)
{
	return touch->length == (int) VARSIZE_ANY_EXHDR(channel) &&
		memcmp(touch->channel, VARDATA_ANY(channel), touch->length) == 0;
}

/* Order of two touches: channel by its bytes, time, kind. */
static int
touch_compare(const Touch *one, const Touch *other)
{
	int			result = memcmp(one->channel, other->channel, Min(one->length, other->length));

	if (result != 0)
		return result < 0 ? -1 : 1;
	if (one->length != other->length)
		return one->length < other->length ? -1 : 1;
	if (one->touch_at != other->touch_at)
		return one->touch_at < other->touch_at ? -1 : 1;
	return (one->kind > other->kind) - (one->kind < other->kind);
}

/* Order of two journeys: touch by touch, the shorter first. */
static int
journey_compare(FunctionCallInfo fcinfo)
{
	int			one_count;
	int			other_count;
	Touch	   *one = GETARG_TOUCHES(0, &one_count);
	Touch	   *other = GETARG_TOUCHES(1, &other_count);
	int			result = 0;

	for (int i = 0; i < one_count && i < other_count && result == 0; i++)
		result = touch_compare(&one[i], &other[i]);
	if (result == 0)
		result = (one_count > other_count) - (one_count < other_count);
	pfree(one);
	pfree(other);
	return result;
}

/* True when two journeys are the same bytes, which is when they read the same. */
static bool
journey_equals(FunctionCallInfo fcinfo)
{
	struct varlena *one = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	struct varlena *other = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));

	return JOURNEY_SIZE(one) == JOURNEY_SIZE(other) &&
		memcmp(JOURNEY_PAYLOAD(one), JOURNEY_PAYLOAD(other), JOURNEY_SIZE(one)) == 0;
}

/* one = other */
Datum
tiktokads_journey_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(journey_equals(fcinfo));
}

/* one <> other */
Datum
tiktokads_journey_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!journey_equals(fcinfo));
}

/* one < other */
Datum
tiktokads_journey_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(journey_compare(fcinfo) < 0);
}

/* one <= other */
Datum
tiktokads_journey_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(journey_compare(fcinfo) <= 0);
}

/* one > other */
Datum
tiktokads_journey_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(journey_compare(fcinfo) > 0);
}

/* one >= other */
Datum
tiktokads_journey_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(journey_compare(fcinfo) >= 0);
}

/* Order for btree indexes and sorting. */
Datum
tiktokads_journey_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(journey_compare(fcinfo));
}

/* Hash for hash joins and aggregation. */
Datum
tiktokads_journey_hash(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

	return hash_any((const unsigned char *) JOURNEY_PAYLOAD(journey), (int) JOURNEY_SIZE(journey));
}

/* The same of 64 bits, for hash partitioning. */
Datum
tiktokads_journey_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

	return hash_any_extended((const unsigned char *) JOURNEY_PAYLOAD(journey), (int) JOURNEY_SIZE(journey),
							 PG_GETARG_INT64(1));
}

/* Number of touches. */
Datum
tiktokads_journey_length(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	JourneyView view;

	journey_view(JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey), &view);
	PG_RETURN_INT32((int32) view.touches);
}

/* The channel of every touch. */
Datum
tiktokads_journey_channels(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);
	Datum	   *channel = palloc_extended(sizeof(Datum) * ((Size) count + 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < count; i++)
		channel[i] = PointerGetDatum(cstring_to_text_with_len(touch[i].channel, touch[i].length));
	PG_RETURN_ARRAYTYPE_P(construct_array(channel, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The channel of the first touch. */
Datum
tiktokads_journey_first(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);

	if (count == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(touch[0].channel, touch[0].length));
}

/* The channel of the last touch. */
Datum
tiktokads_journey_last(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);

	if (count == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(touch[count - 1].channel, touch[count - 1].length));
}

/* The touches of one journey, then those of another. */
Datum
tiktokads_journey_concat(PG_FUNCTION_ARGS)
{
	int			one_count;
	int			other_count;
	Touch	   *one = GETARG_TOUCHES(0, &one_count);
	Touch	   *other = GETARG_TOUCHES(1, &other_count);

	one = repalloc_huge(one, sizeof(Touch) * ((Size) one_count + other_count + 1));
	memcpy(one + one_count, other, sizeof(Touch) * (Size) other_count);
	PG_RETURN_POINTER(journey_make(one, one_count + other_count));
}

/* Every touch as a row: position, touch_at, channel, kind. */
Datum
tiktokads_journey_touches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < count; i++)
	{
		Datum		values[4];
		bool		nulls[4] = {false, touch[i].touch_at == DT_NOBEGIN, false, touch[i].kind == KIND_NONE};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(i + 1);
		values[1] = TimestampTzGetDatum(touch[i].touch_at);
		values[2] = PointerGetDatum(cstring_to_text_with_len(touch[i].channel, touch[i].length));
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(journey_kinds[touch[i].kind]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Cast from text. */
Datum
tiktokads_journey_from_text(PG_FUNCTION_ARGS)
{
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			count;
	Touch	   *touch = journey_parse(string, &count);

	PG_RETURN_POINTER(journey_make(touch, count));
}

/* Cast from an array of channels, taken as they are; NULL elements are no touches. */
Datum
tiktokads_journey_from_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *element;
	bool	   *isnull;
	int			elements;
	Touch	   *touch;
	int			count = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &element, &isnull, &elements);
	touch = palloc_extended(sizeof(Touch) * ((Size) elements + 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < elements; i++)
		if (!isnull[i])
		{
			text	   *channel = DatumGetTextPP(element[i]);

			touch[count++] = (Touch) {VARDATA_ANY(channel), (int) VARSIZE_ANY_EXHDR(channel), DT_NOBEGIN, KIND_NONE};
		}
	PG_RETURN_POINTER(journey_make(touch, count));
}

/* The path as it is. */
Datum
tiktokads_path_unique(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* The path without times and kinds. */
Datum
tiktokads_path_plain(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);

	for (int i = 0; i < count; i++)
	{
		touch[i].touch_at = DT_NOBEGIN;
		touch[i].kind = KIND_NONE;
	}
	PG_RETURN_POINTER(journey_make(touch, count));
}

/* The first touch of each run of one channel. */
Datum
tiktokads_path_exposure(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);
	int			kept = 0;

	for (int i = 0; i < count; i++)
		if (kept == 0 || !same_channel(&touch[kept - 1], &touch[i]))
			touch[kept++] = touch[i];
	PG_RETURN_POINTER(journey_make(touch, kept));
}

/* Keeps the first touch of each channel; times[], when given, counts its touches. */
static int
keep_first(Touch *touch, int count, int *times)
{
	/* two touches of one journey are of one channel when their name is at one place */
	int			kept = 0;
	int			mask = 63;
	int		   *slot;

	while (mask < count * 2)
		mask = mask * 2 + 1;
	slot = palloc_extended(sizeof(int) * ((Size) mask + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < count; i++)
	{
		uint32		at = murmurhash32((uint32) (uintptr_t) touch[i].channel ^ (uint32) touch[i].length) & mask;

		while (slot[at] != 0 && (touch[slot[at] - 1].channel != touch[i].channel ||
								 touch[slot[at] - 1].length != touch[i].length))
			at = (at + 1) & mask;
		if (slot[at] == 0)
		{
			touch[kept] = touch[i];
			if (times != NULL)
				times[kept] = 0;
			slot[at] = ++kept;
		}
		if (times != NULL)
			times[slot[at] - 1]++;
	}
	pfree(slot);
	return kept;
}

/* The first touch of each channel. */
Datum
tiktokads_path_first(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);

	PG_RETURN_POINTER(journey_make(touch, keep_first(touch, count, NULL)));
}

/* The first touch of each channel, its channel renamed to channel(number of touches). */
Datum
tiktokads_path_frequency(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);
	int		   *times = palloc_extended(sizeof(int) * ((Size) count + 1), MCXT_ALLOC_HUGE);
	int			kept = keep_first(touch, count, times);

	for (int i = 0; i < kept; i++)
	{
		touch[i].channel = psprintf("%.*s(%d)", touch[i].length, touch[i].channel, times[i]);
		touch[i].length = (int) strlen(touch[i].channel);
	}
	PG_RETURN_POINTER(journey_make(touch, kept));
}

/* The last n touches. */
Datum
tiktokads_path_trim_long(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);
	int32		limit = PG_GETARG_INT32(1);

	if (limit < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("length of a trimmed path must be positive: %d", limit),
				 errhint("Leave path_trim_long() out to keep whole paths.")));
	if (count <= limit)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(journey_make(touch + (count - limit), limit));
}

/* The path without a channel, unless it has no other. */
Datum
tiktokads_path_remove_if_not_all(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);
	text	   *channel = PG_GETARG_TEXT_PP(1);
	int			kept = 0;

	for (int i = 0; i < count; i++)
		if (!is_channel(&touch[i], channel))
			touch[kept++] = touch[i];
	if (kept == 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(journey_make(touch, kept));
}

/* The path without the touches of a channel at its end, unless it has no other. */
Datum
tiktokads_path_remove_if_last_and_not_all(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = GETARG_TOUCHES(0, &count);
	text	   *channel = PG_GETARG_TEXT_PP(1);
	int			kept = count;

	while (kept > 0 && is_channel(&touch[kept - 1], channel))
		kept--;
	if (kept == 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(journey_make(touch, kept));
}
