/*
 * keep.h: answers that are kept for the next page: what they were made for and
 * how long they hold.  A kept struct begins with a Keep.
 */
#ifndef SIMULATOR_KEEP_H
#define SIMULATOR_KEEP_H

#include "filter.h"

typedef struct Keep
{
	char	   *key;			/* NULL: unused */
	int64		from;
	int64		until;			/* exclusive; times of the clock */
	uint64		used;			/* for replacement of the oldest */
} Keep;

/* The entities that a request lists, the newest first, as indexes. */
typedef struct Listing
{
	Keep		keep;
	int		   *index;
	int64		count;
} Listing;

extern char *keep_key(const Request *request);
extern void *keep_find(void *kept, size_t size, int count, const char *key, int64 now);
extern void keep_set(Keep *keep, char *key, int64 from, int64 until);
extern bool keep_holds(const Keep *keep, const char *key, int64 now);
extern const Listing *listing_find(Request *request, const Advertiser *adv, Level level, const Filter *filter);

#endif
