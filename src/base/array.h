/*
 * array.h: a growable array of one element type.
 *
 * ARRAY_OF(Slice) declares the struct; array_add() returns the address of a new
 * zeroed element.  An address is good until the next array_add(): keep indexes,
 * or arrays of pointers, where elements must not move.
 */
#ifndef TIKTOKADS_ARRAY_H
#define TIKTOKADS_ARRAY_H

#include "postgres.h"

#include "utils/memutils.h"

#define ARRAY_OF(type) struct { type *items; int count; int capacity; }

#define array_add(array) \
	(array_grow((void **) &(array)->items, &(array)->count, &(array)->capacity, \
				sizeof(*(array)->items)), \
	 &(array)->items[(array)->count - 1])

/* Makes room for one more zeroed element, in the context of the first one. */
static inline void
array_grow(void **items, int *count, int *capacity, Size size)
{
	if (*count == *capacity)
	{
		int			wanted = *capacity == 0 ? 8 : *capacity * 2;

		if ((Size) wanted > MaxAllocHugeSize / size / 2 || wanted < *capacity)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many elements in memory")));
		if (*items == NULL)
			*items = MemoryContextAllocHuge(CurrentMemoryContext, wanted * size);
		else
			*items = repalloc_huge(*items, wanted * size);
		*capacity = wanted;
	}
	memset((char *) *items + *count * size, 0, size);
	(*count)++;
}

#endif
