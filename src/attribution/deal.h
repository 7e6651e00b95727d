/*
 * deal.h: touches dealt to their persons.
 */
#ifndef TIKTOKADS_DEAL_H
#define TIKTOKADS_DEAL_H

#include "attribution/harvest.h"

/* Touches in buckets of persons, of which one at a time is sorted by person. */
typedef struct Deal
{
	CollectedTouch *touch;		/* of all buckets, one after the other */
	int64	   *bucket;			/* where each begins, and the end */
	int			buckets;
	int			shift;			/* a bucket has 2^shift persons */
	uint32		persons;		/* of all buckets */
	CollectedTouch *sorted;		/* the bucket that is open, by person */
	int64	   *start;			/* where each of its persons begins there, and the end */
} Deal;

/* Deals the touches of a collection, which loses them, and gives channels their rank. */
extern void deal_begin(Deal *deal, Collection *collection, const uint32 *rank);

/* Opens a bucket: persons first .. first + count - 1, the first of which begins at start[0]. */
extern void deal_open(Deal *deal, int bucket, uint32 *first, uint32 *count);

#endif
