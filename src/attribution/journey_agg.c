/*
 * journey_agg.c: the aggregate that makes a person's touches a journey.
 *
 * A state is one piece of memory, 12 bytes a touch: there are as many as people,
 * and what is small stays in the processor's caches.  Channels are numbers in a
 * table of names that all states of a plan node share; it lives as long as the
 * node, hence longer than any state.  Touches are sorted when the journey is made,
 * by time, then channel, then kind, so that the answer is the same for any order
 * of rows and any number of workers.  Most people have few touches, no two at one
 * time: these are put in order and written without a jump that depends on them.
 */
#include "postgres.h"

#include "attribution/intern.h"
#include "attribution/journey.h"
#include "base/aggregate.h"
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(tiktokads_journey_agg_transfn);
PG_FUNCTION_INFO_V1(tiktokads_journey_agg_combinefn);
PG_FUNCTION_INFO_V1(tiktokads_journey_agg_serialfn);
PG_FUNCTION_INFO_V1(tiktokads_journey_agg_deserialfn);
PG_FUNCTION_INFO_V1(tiktokads_journey_agg_finalfn);

/* A touch in a state; the time in two halves, so that it takes no more than 12 bytes. */
typedef struct PackedTouch
{
	uint32		at_low;
	uint32		at_high;
	uint32		channel:30;
	uint32		kind:2;
} PackedTouch;

/* What all states of a plan node share. */
typedef struct PlanNode
{
	Intern		names;			/* of channels */
	MemoryContext context;
	uint64	   *seen;			/* of a channel: the journey that had it last, and its index there */
	uint32		seen_room;
	uint32		journey;		/* the one that is being made */
} PlanNode;

/* Touches of one person. */
typedef struct Touches
{
	PlanNode	   *node;
	uint32		count;
	uint32		room;
	PackedTouch touch[FLEXIBLE_ARRAY_MEMBER];
} Touches;

/* Sizes of states are powers of two, as memory is given out. */
#define FIRST_SIZE 128
#define ROOM_OF(size) (((size) - offsetof(Touches, touch)) / sizeof(PackedTouch))

/* What a touch takes in a serialized state, but for its channel: time, length, kind. */
#define TOUCH_HEADER 13

/* What the states of this plan node share. */
static PlanNode *
node_of(FunctionCallInfo fcinfo)
{
	MemoryContext before;
	PlanNode	   *node = fcinfo->flinfo->fn_extra;

	if (node == NULL)
	{
		before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		node = palloc0(sizeof(PlanNode));
		node->context = fcinfo->flinfo->fn_mcxt;
		intern_begin(&node->names, node->context, TEXTOID, "channel");
		fcinfo->flinfo->fn_extra = node;
		MemoryContextSwitchTo(before);
	}
	return node;
}

/* An empty state. */
static Touches *
touches_new(MemoryContext context, PlanNode *node)
{
	Touches    *touches = MemoryContextAlloc(context, FIRST_SIZE);

	touches->node = node;
	touches->count = 0;
	touches->room = ROOM_OF(FIRST_SIZE);
	return touches;
}

/* Makes room for more touches; the state may move. */
static Touches *
touches_reserve(Touches *touches, Size more)
{
	Size		size = FIRST_SIZE;

	if (touches->count + more <= touches->room)
		return touches;
	while (touches->count + more > ROOM_OF(size))
		size *= 2;
	if (ROOM_OF(size) > PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many touches of one journey")));
	touches = repalloc_huge(touches, size);
	touches->room = (uint32) ROOM_OF(size);
	return touches;
}

/* Adds a touch; the state may move. */
static inline Touches *
touches_add(Touches *touches, TimestampTz touch_at, uint32 channel, uint8 kind)
{
	PackedTouch *touch;

	if (touches->count == touches->room)
		touches = touches_reserve(touches, 1);
	touch = &touches->touch[touches->count++];
	touch->at_low = (uint32) touch_at;
	touch->at_high = (uint32) ((uint64) touch_at >> 32);
	touch->channel = channel;
	touch->kind = kind;
	return touches;
}

/* The time of a touch. */
static inline TimestampTz
touch_time(const PackedTouch *touch)
{
	return (TimestampTz) ((uint64) touch->at_high << 32 | touch->at_low);
}

/* The channel of a touch. */
static inline const text *
touch_channel(const Touches *touches, const PackedTouch *touch)
{
	return (const text *) DatumGetPointer(touches->node->names.value[touch->channel]);
}

/* journey_agg(touch_at, channel [, kind]): takes a row; one without channel is no touch. */
Datum
tiktokads_journey_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "journey_agg");
	Touches    *touches = PG_ARGISNULL(0) ? touches_new(context, node_of(fcinfo)) : (Touches *) PG_GETARG_POINTER(0);
	TimestampTz touch_at = DT_NOBEGIN;
	uint8		kind = KIND_NONE;

	if (PG_ARGISNULL(2))
		PG_RETURN_POINTER(touches);
	if (!PG_ARGISNULL(1))
	{
		touch_at = PG_GETARG_TIMESTAMPTZ(1);
		journey_check_time(touch_at);
	}
	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
	{
		text	   *word = PG_GETARG_TEXT_PP(3);

		kind = journey_kind(VARDATA_ANY(word), (int) VARSIZE_ANY_EXHDR(word));
	}
	PG_RETURN_POINTER(touches_add(touches, touch_at, intern_name(&touches->node->names, PG_GETARG_DATUM(2)), kind));
}

/* Adds the touches of one state to another. */
Datum
tiktokads_journey_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "journey_agg");
	Touches    *touches = PG_ARGISNULL(0) ? NULL : (Touches *) PG_GETARG_POINTER(0);
	Touches    *other = PG_ARGISNULL(1) ? NULL : (Touches *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (touches == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(touches);
	}
	if (touches == NULL)
		touches = touches_new(context, other->node);
	touches = touches_reserve(touches, other->count);
	if (touches->node == other->node)
	{
		memcpy(touches->touch + touches->count, other->touch, other->count * sizeof(PackedTouch));
		touches->count += other->count;
	}
	else
		for (uint32 i = 0; i < other->count; i++)
			touches = touches_add(touches, touch_time(&other->touch[i]),
								  intern_number(&touches->node->names, PointerGetDatum(touch_channel(other, &other->touch[i]))),
								  other->touch[i].kind);
	PG_RETURN_POINTER(touches);
}

/* The state for another process of this server: a version, then touches with their channels. */
Datum
tiktokads_journey_agg_serialfn(PG_FUNCTION_ARGS)
{
	Touches    *touches = (Touches *) PG_GETARG_POINTER(0);
	Size		size = VARHDRSZ + 1;
	bytea	   *result;
	char	   *at;

	aggregate_context(fcinfo, "journey_agg");
	for (uint32 i = 0; i < touches->count; i++)
		size += TOUCH_HEADER + VARSIZE_ANY_EXHDR(touch_channel(touches, &touches->touch[i]));
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("journey of %u touches is too large", touches->count)));
	result = palloc(size);
	SET_VARSIZE(result, size);
	at = VARDATA(result);
	*at++ = 1;
	for (uint32 i = 0; i < touches->count; i++)
	{
		const text *channel = touch_channel(touches, &touches->touch[i]);
		TimestampTz touch_at = touch_time(&touches->touch[i]);
		int			length = (int) VARSIZE_ANY_EXHDR(channel);

		memcpy(at, &touch_at, 8);
		memcpy(at + 8, &length, 4);
		at[12] = (char) touches->touch[i].kind;
		memcpy(at + TOUCH_HEADER, VARDATA_ANY(channel), length);
		at += TOUCH_HEADER + length;
	}
	PG_RETURN_BYTEA_P(result);
}

/* Ends with an error about a state that no aggregate made. */
static void
state_fail(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid serialized state of journey_agg")));
}

/* The number of a channel that another process gave; a new one is checked. */
static uint32
channel_load(Intern *names, const char *bytes, int length)
{
	int64		number = intern_find_bytes(names, bytes, length);

	if (number >= 0)
		return (uint32) number;
	if (!pg_verifymbstr(bytes, length, true))
		state_fail();
	return intern_number(names, PointerGetDatum(cstring_to_text_with_len(bytes, length)));
}

/* Reads what another process gave, and believes none of it. */
Datum
tiktokads_journey_agg_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *state = PG_GETARG_BYTEA_PP(0);
	const char *at = VARDATA_ANY(state);
	const char *end = at + VARSIZE_ANY_EXHDR(state);
	PlanNode	   *node = node_of(fcinfo);
	Touches    *touches = touches_new(CurrentMemoryContext, node);

	aggregate_context(fcinfo, "journey_agg");
	if (at == end || *at++ != 1)
		state_fail();
	while (at < end)
	{
		TimestampTz touch_at;
		int			length;
		uint8		kind;

		if (end - at < TOUCH_HEADER)
			state_fail();
		memcpy(&touch_at, at, 8);
		memcpy(&length, at + 8, 4);
		kind = (uint8) at[12];
		at += TOUCH_HEADER;
		if (length < 0 || length > end - at || kind >= KIND_COUNT ||
			(touch_at != DT_NOBEGIN && !journey_time_valid(touch_at)))
			state_fail();
		touches = touches_add(touches, touch_at, channel_load(&node->names, at, length), kind);
		at += length;
	}
	PG_RETURN_POINTER(touches);
}

/* Order of touches: time (none comes first), channel by its bytes, kind. */
static int
touch_order(const void *a, const void *b)
{
	const Touch *one = (const Touch *) a;
	const Touch *other = (const Touch *) b;
	int			result;

	if (one->touch_at != other->touch_at)
		return one->touch_at < other->touch_at ? -1 : 1;
	result = memcmp(one->channel, other->channel, Min(one->length, other->length));
	if (result != 0)
		return result;
	if (one->length != other->length)
		return one->length < other->length ? -1 : 1;
	return (int) one->kind - (int) other->kind;
}

/* Sorts touches, few by insertion. */
static void
touches_sort(Touch *touch, int count)
{
	if (count > 24)
	{
		qsort(touch, count, sizeof(Touch), touch_order);
		return;
	}
	for (int i = 1; i < count; i++)
	{
		Touch		moving = touch[i];
		int			at = i;

		while (at > 0 && touch_order(&touch[at - 1], &moving) > 0)
		{
			touch[at] = touch[at - 1];
			at--;
		}
		touch[at] = moving;
	}
}

/* The most touches that are put in order by counting. */
#define COUNTED_MAX 24

/* Touches in the order of their times: order[place] is a touch.  False when two have one time. */
static bool
touches_count(const Touches *touches, uint8 *order)
{
	TimestampTz at[COUNTED_MAX];
	uint8		place[COUNTED_MAX];
	int			count = (int) touches->count;
	bool		sorted = true;
	bool		tie = false;

	for (int i = 0; i < count; i++)
	{
		at[i] = touch_time(&touches->touch[i]);
		order[i] = (uint8) i;
	}
	for (int i = 1; i < count; i++)
		sorted &= at[i - 1] < at[i];
	if (sorted)
		return true;
	for (int i = 0; i < count; i++)
	{
		int			earlier = 0;

		for (int j = 0; j < i; j++)
		{
			int			later = at[j] > at[i];

			place[j] += later;
			earlier += 1 - later;
			tie |= at[j] == at[i];
		}
		place[i] = (uint8) earlier;
	}
	for (int i = 0; i < count; i++)
		order[place[i]] = (uint8) i;
	return !tie;
}

/* Begins a journey: no channel was seen in it. */
static void
node_next_journey(PlanNode *node)
{
	if (node->seen_room < node->names.count)
	{
		Size		room = Max((Size) node->names.count * 2, 64);

		if (node->seen != NULL)
			pfree(node->seen);
		node->seen = MemoryContextAllocExtended(node->context, room * sizeof(uint64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		node->seen_room = (uint32) Min(room, PG_UINT32_MAX);
		node->journey = 0;
	}
	if (++node->journey == 0)
	{
		memset(node->seen, 0, node->seen_room * sizeof(uint64));
		node->journey = 1;
	}
}

/* The journey of few touches, in an order that is known. */
static struct varlena *
journey_of_few(const Touches *touches, const uint8 *order)
{
	PlanNode	   *node = touches->node;
	Touch		touch[COUNTED_MAX];
	uint32		first[COUNTED_MAX];
	uint32		index[COUNTED_MAX];
	JourneyNames names = {0, first, index};

	node_next_journey(node);
	for (uint32 i = 0; i < touches->count; i++)
	{
		const PackedTouch *packed = &touches->touch[order[i]];
		const text *channel = touch_channel(touches, packed);
		uint64	   *seen = &node->seen[packed->channel];

		if (*seen >> 32 != node->journey)
		{
			*seen = (uint64) node->journey << 32 | names.count;
			first[names.count++] = i;
		}
		index[i] = (uint32) *seen;
		touch[i] = (Touch) {VARDATA_ANY(channel), (int) VARSIZE_ANY_EXHDR(channel), touch_time(packed), packed->kind};
	}
	return journey_make_named(touch, (int) touches->count, &names);
}

/* The journey of any touches. */
static struct varlena *
journey_of_many(const Touches *touches)
{
	Touch	   *touch = palloc_extended(sizeof(Touch) * ((Size) touches->count + 1), MCXT_ALLOC_HUGE);
	struct varlena *journey;

	for (uint32 i = 0; i < touches->count; i++)
	{
		const text *channel = touch_channel(touches, &touches->touch[i]);

		touch[i] = (Touch) {VARDATA_ANY(channel), (int) VARSIZE_ANY_EXHDR(channel),
		touch_time(&touches->touch[i]), touches->touch[i].kind};
	}
	touches_sort(touch, (int) touches->count);
	journey = journey_make(touch, (int) touches->count);
	pfree(touch);
	return journey;
}

/* The journey. */
Datum
tiktokads_journey_agg_finalfn(PG_FUNCTION_ARGS)
{
	Touches    *touches = PG_ARGISNULL(0) ? NULL : (Touches *) PG_GETARG_POINTER(0);
	uint8		order[COUNTED_MAX];

	aggregate_context(fcinfo, "journey_agg");
	if (touches == NULL)
		PG_RETURN_NULL();
	if (touches->count <= COUNTED_MAX && touches_count(touches, order))
		PG_RETURN_POINTER(journey_of_few(touches, order));
	PG_RETURN_POINTER(journey_of_many(touches));
}
