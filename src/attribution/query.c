/*
 * query.c: attribution_query(): from two queries to credit, without SQL between.
 *
 * Touches are dealt to persons and sorted by time; each conversion's path
 * is the person's touches at or before it within its windows.  Paths of equal
 * channels are one where the model does not look at times.  Memory: 32 bytes a
 * touch (40 where persons are integers far apart), up to 90 a person where they are
 * not integers close together, with what is longer than 16 bytes, and the distinct
 * paths; bounded by tiktokads.attribution_memory.
 */
#include "postgres.h"

#include "attribution/harvest.h"
#include "attribution/credit.h"
#include "attribution/deal.h"
#include "attribution/journey.h"
#include "attribution/memory.h"
#include "attribution/choice.h"
#include "attribution/route.h"
#include "base/compat.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(tiktokads_attribution_query);

/* Paths while they are made. */
typedef struct PathMaker
{
	const Choice *choice;
	bool		timed;
	Routes	lists;			/* of channels; of equal paths one, unless timed */
	PathSums   *sums;
	int64	   *time;			/* of every item of lists, when timed */
	int64		time_room;
	int			count;			/* paths */
	int			room;
	int		   *channel;		/* the path that is being made */
	int64	   *at;
	uint8	   *kind;
	int			length;
	int			length_room;
	PathSums	untouched;
} PathMaker;

/* Numbers of channels in the order of their names. */
static uint32 *
channels_rank(const Intern *intern, Channels *channels)
{
	Oid			output;
	bool		varlena;
	ChannelName *name = palloc_extended(sizeof(ChannelName) * ((Size) intern->count + 1), MCXT_ALLOC_HUGE);
	uint32	   *rank = palloc_extended(sizeof(uint32) * ((Size) intern->count + 1), MCXT_ALLOC_HUGE);

	getTypeOutputInfo(intern->type, &output, &varlena);
	for (uint32 i = 0; i < intern->count; i++)
	{
		name[i].name = OidOutputFunctionCall(output, intern->value[i]);
		name[i].length = (int) strlen(name[i].name);
	}
	channels_sort(name, (int) intern->count, channels, (int *) rank);
	return rank;
}

/* True when a touch comes before another: time, channel, kind. */
static inline bool
touch_before(const CollectedTouch *one, const CollectedTouch *other)
{
	if (one->at != other->at)
		return one->at < other->at;
	if (one->channel != other->channel)
		return one->channel < other->channel;
	return one->kind < other->kind;
}

/* The same for qsort. */
static int
touch_compare(const void *a, const void *b)
{
	if (touch_before(a, b))
		return -1;
	return touch_before(b, a);
}

/* Sorts the touches of one person. */
static void
touches_sort(CollectedTouch *touch, int64 count)
{
	if (count > 24)
	{
		qsort(touch, count, sizeof(CollectedTouch), touch_compare);
		return;
	}
	for (int64 i = 1; i < count; i++)
	{
		CollectedTouch moving = touch[i];
		int64		at = i;

		while (at > 0 && touch_before(&moving, &touch[at - 1]))
		{
			touch[at] = touch[at - 1];
			at--;
		}
		touch[at] = moving;
	}
}

/* Order of conversions: person, time, then their numbers. */
static int
conversion_compare(const void *a, const void *b)
{
	const CollectedConversion *one = a;
	const CollectedConversion *other = b;

	if (one->person != other->person)
		return one->person < other->person ? -1 : 1;
	if (one->at != other->at)
		return one->at < other->at ? -1 : 1;
	if (one->conversions != other->conversions)
		return one->conversions < other->conversions ? -1 : 1;
	return (one->value > other->value) - (one->value < other->value);
}

/* Makes room for one more path, and for as many items. */
static void
maker_reserve(PathMaker *maker, int64 items)
{
	if (maker->count + 1 >= maker->room)
	{
		maker->room = maker->room * 2 + 1024;
		maker->sums = attribution_realloc(maker->sums, sizeof(PathSums) * (Size) maker->room);
	}
	if (maker->timed && items > maker->time_room)
	{
		maker->time_room = items * 2 + 1024;
		maker->time = attribution_realloc(maker->time, 8 * (Size) maker->time_room);
	}
}

/* Adds the path that was made, with its numbers. */
static void
maker_finish(PathMaker *maker, double conversions, double value, double nulls)
{
	PathSums   *sums = &maker->untouched;
	int			number;

	if (maker->length > 0)
	{
		number = maker->timed ? route_append(&maker->lists, maker->channel, maker->length) :
			route_add(&maker->lists, maker->channel, maker->length);
		maker_reserve(maker, maker->lists.start[number + 1]);
		if (maker->timed)
			memcpy(maker->time + maker->lists.start[number], maker->at, 8 * (Size) maker->length);
		if (number == maker->count)
			memset(&maker->sums[maker->count++], 0, sizeof(PathSums));
		sums = &maker->sums[number];
	}
	exact_add(&sums->conversions, conversions);
	exact_add(&sums->value, value);
	exact_add(&sums->nulls, nulls);
}

/* Begins a path of at most so many touches. */
static void
maker_begin(PathMaker *maker, int64 most)
{
	maker->length = 0;
	if (most <= maker->length_room)
		return;
	if (most > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many touches of one person")));
	maker->length_room = (int) most * 2;
	maker->channel = attribution_realloc(maker->channel, sizeof(int) * (Size) maker->length_room);
	maker->at = attribution_realloc(maker->at, 8 * (Size) maker->length_room);
	maker->kind = attribution_realloc(maker->kind, (Size) maker->length_room);
}

/* Adds a touch to the path that is being made. */
static inline void
maker_touch(PathMaker *maker, const CollectedTouch *touch)
{
	maker->channel[maker->length] = (int) touch->channel;
	maker->at[maker->length] = touch->at;
	maker->kind[maker->length++] = touch->kind;
}

/* Takes views out of a path that has a click. */
static void
maker_prefer_clicks(PathMaker *maker)
{
	bool		clicked = false;
	int			kept = 0;

	for (int i = 0; i < maker->length; i++)
		clicked |= maker->kind[i] == KIND_CLICK;
	for (int i = 0; clicked && i < maker->length; i++)
		if (maker->kind[i] == KIND_CLICK || maker->kind[i] == KIND_NONE)
		{
			maker->channel[kept] = maker->channel[i];
			maker->at[kept++] = maker->at[i];
		}
	if (clicked)
		maker->length = kept;
}

/* Makes the path of a conversion of the touches first .. last - 1, which are not after it. */
static void
conversion_path(PathMaker *maker, const CollectedTouch *touch, int64 first, int64 last, const CollectedConversion *conversion)
{
	const PathOptions *options = &maker->choice->paths;

	maker_begin(maker, last - first);
	for (int64 t = first; t < last; t++)
	{
		/* the difference of two times that are in range cannot overflow */
		int64		window = options->window[touch[t].kind];

		if (window == NO_WINDOW || conversion->at - touch[t].at <= window)
			maker_touch(maker, &touch[t]);
	}
	if (options->click_first)
		maker_prefer_clicks(maker);
	maker_finish(maker, conversion->conversions, conversion->value, 0);
}

/* Makes the paths of one person. */
static void
person_paths(PathMaker *maker, CollectedTouch *touch, int64 touches, const CollectedConversion *conversion, int64 conversions)
{
	int64		window = maker->choice->paths.window[KIND_NONE];
	int64		first = 0;
	int64		last = 0;

	touches_sort(touch, touches);
	for (int64 c = 0; c < conversions; c++)
	{
		while (last < touches && touch[last].at <= conversion[c].at)
			last++;
		while (first < last && window != NO_WINDOW && conversion[c].at - touch[first].at > window)
			first++;
		conversion_path(maker, touch, first, last, &conversion[c]);
		if (maker->choice->paths.split)
			first = last;
	}
	if (conversions > 0 || touches == 0)
		return;
	maker_begin(maker, touches);
	for (int64 t = 0; t < touches; t++)
		if (maker->choice->paths.window[touch[t].kind] != WINDOW_OFF)
			maker_touch(maker, &touch[t]);
	if (maker->choice->paths.click_first)
		maker_prefer_clicks(maker);
	maker_finish(maker, 0, 0, 1);
}

/* Ends with an error unless the numbers of a conversion can be added. */
static void
conversion_check(const CollectedConversion *conversion)
{
	path_check_number(conversion->conversions, "conversions");
	path_check_number(conversion->value, "value");
}

/* Makes the paths of all persons. */
static void
collection_paths(PathMaker *maker, Collection *collection, const uint32 *rank)
{
	Deal		deal;
	CollectedConversion *conversion = collection->conversion;
	int64		at = 0;

	deal_begin(&deal, collection, rank);
	if (collection->conversions > 1)
		qsort(conversion, collection->conversions, sizeof(CollectedConversion), conversion_compare);
	for (int64 c = 0; c < collection->conversions; c++)
		conversion_check(&conversion[c]);
	for (int bucket = 0; bucket < deal.buckets; bucket++)
	{
		uint32		first;
		uint32		count;

		CHECK_FOR_INTERRUPTS();
		deal_open(&deal, bucket, &first, &count);
		for (uint32 p = 0; p < count; p++)
		{
			int64		from = at;

			while (at < collection->conversions && conversion[at].person == first + p)
				at++;
			person_paths(maker, deal.sorted + deal.start[p], deal.start[p + 1] - deal.start[p], conversion + from, at - from);
		}
	}
	for (; at < collection->conversions; at++)
	{
		maker->length = 0;
		maker_finish(maker, conversion[at].conversions, conversion[at].value, 0);
	}
}

/* The paths as the models read them; the last one is that without touches. */
static void
maker_read(const PathMaker *maker, Paths *paths)
{
	paths->count = (int64) maker->count + 1;
	paths->path = palloc_extended(sizeof(Path) * (Size) paths->count, MCXT_ALLOC_HUGE);
	for (int i = 0; i < maker->count; i++)
		paths->path[i] = (Path) {route_items(&maker->lists, i),
		maker->timed ? maker->time + maker->lists.start[i] : NULL,
		route_length(&maker->lists, i), &maker->sums[i]};
	paths->path[maker->count] = (Path) {NULL, NULL, 0, &maker->untouched};
}

/* Credit of every channel that the queries have. */
static CreditRow *
query_credit(FunctionCallInfo fcinfo, int *count)
{
	text	   *model = PG_GETARG_TEXT_PP(0);
	Choice    *choice = choice_read(VARDATA_ANY(model), (int) VARSIZE_ANY_EXHDR(model),
									   PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3), true);
	Collection *collection = palloc0(sizeof(Collection));
	PathMaker  *maker = palloc0(sizeof(PathMaker));
	Channels	channels;
	Paths		paths;
	Credit	   *credit;
	uint32	   *rank;

	collection->context = CurrentMemoryContext;
	harvest_run(collection, text_to_cstring(PG_GETARG_TEXT_PP(1)), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	maker->choice = choice;
	maker->timed = choice->model->timed;
	rank = channels_rank(&collection->channels, &channels);
	collection_paths(maker, collection, rank);
	paths.channels = channels.count;
	maker_read(maker, &paths);
	credit = palloc_extended(sizeof(Credit) * ((Size) channels.count + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	choice_credit(choice, &paths, &channels, credit);
	return credit_round_all(credit, &channels, count);
}

/* attribution_query(model, touches, conversions, options) */
Datum
tiktokads_attribution_query(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext before = CurrentMemoryContext;
	MemoryContext work;
	CreditRow  *row;
	int			count;

	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("model and queries of attribution_query must not be null")));
	InitMaterializedSRF(fcinfo, 0);
	work = AllocSetContextCreate(before, "attribution query", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(work);
	row = query_credit(fcinfo, &count);
	for (int i = 0; i < count; i++)
	{
		Datum		values[3] = {(Datum) 0, Float8GetDatum(row[i].conversions), Float8GetDatum(row[i].value)};
		bool		nulls[3] = {row[i].name == NULL, false, false};

		if (row[i].name != NULL)
			values[0] = PointerGetDatum(cstring_to_text_with_len(row[i].name, row[i].length));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(work);
	return (Datum) 0;
}
