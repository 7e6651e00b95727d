/*
 * deal.c: touches dealt to their persons, by two counting sorts.
 *
 * One sort would write to as many places at once as there are persons, each far
 * away in memory.  Instead touches go to buckets of neighbouring persons first,
 * few enough to be written side by side; then the touches of a bucket, which fit
 * the processor's caches, to their persons, just before these are looked at.
 */
#include "postgres.h"

#include "attribution/deal.h"
#include "utils/memutils.h"

#define BUCKETS_MAX 1024		/* that are written at once */
#define SHIFT_MIN 9				/* smaller buckets gain nothing */

/* The number of a touch's person. */
static inline uint32
touch_person(const Collection *collection, const CollectedTouch *touch)
{
	return touch->person + collection->person_shift;
}

/* Memory for so many elements, and one more. */
static void *
deal_alloc(Size size, int64 count, int flags)
{
	return palloc_extended(size * (Size) (count + 1), MCXT_ALLOC_HUGE | flags);
}

/* The most touches that a bucket has. */
static int64
largest_bucket(const Deal *deal)
{
	int64		most = 0;

	for (int i = 0; i < deal->buckets; i++)
		most = Max(most, deal->bucket[i + 1] - deal->bucket[i]);
	return most;
}

/* Deals the touches of a collection to buckets. */
void
deal_begin(Deal *deal, Collection *collection, const uint32 *rank)
{
	int64	   *place;

	deal->persons = collection->person_count;
	deal->shift = SHIFT_MIN;
	while (((uint64) deal->persons >> deal->shift) >= BUCKETS_MAX)
		deal->shift++;
	deal->buckets = (int) (((uint64) deal->persons + (UINT64CONST(1) << deal->shift) - 1) >> deal->shift);
	deal->bucket = deal_alloc(sizeof(int64), deal->buckets, MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < collection->touches; i++)
		deal->bucket[(touch_person(collection, &collection->touch[i]) >> deal->shift) + 1]++;
	for (int i = 0; i < deal->buckets; i++)
		deal->bucket[i + 1] += deal->bucket[i];
	place = deal_alloc(sizeof(int64), deal->buckets, 0);
	memcpy(place, deal->bucket, sizeof(int64) * deal->buckets);
	deal->touch = deal_alloc(sizeof(CollectedTouch), collection->touches, 0);
	for (int64 i = 0; i < collection->touches; i++)
	{
		CollectedTouch touch = collection->touch[i];

		touch.person = touch_person(collection, &touch);
		touch.channel = rank[touch.channel];
		deal->touch[place[touch.person >> deal->shift]++] = touch;
	}
	pfree(place);
	if (collection->touch != NULL)
		pfree(collection->touch);
	collection->touch = NULL;
	deal->sorted = deal_alloc(sizeof(CollectedTouch), largest_bucket(deal), 0);
	deal->start = deal_alloc(sizeof(int64), (INT64CONST(1) << deal->shift) + 1, 0);
}

/* Sorts a bucket by person. */
void
deal_open(Deal *deal, int bucket, uint32 *first, uint32 *count)
{
	const CollectedTouch *touch = deal->touch + deal->bucket[bucket];
	int64		touches = deal->bucket[bucket + 1] - deal->bucket[bucket];

	*first = (uint32) bucket << deal->shift;
	*count = Min(deal->persons - *first, (uint32) 1 << deal->shift);
	/* places are counted one further than they belong, and so end where they belong */
	memset(deal->start, 0, sizeof(int64) * (*count + 2));
	for (int64 i = 0; i < touches; i++)
		deal->start[touch[i].person - *first + 2]++;
	for (uint32 p = 0; p < *count; p++)
		deal->start[p + 2] += deal->start[p + 1];
	for (int64 i = 0; i < touches; i++)
		deal->sorted[deal->start[touch[i].person - *first + 1]++] = touch[i];
}
