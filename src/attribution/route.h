/*
 * route.h: distinct lists of channels, numbered as they come.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_ROUTE_H
#define TIKTOKADS_ROUTE_H

#include "attribution/table.h"

typedef struct Routes
{
	int			count;
	int			capacity;
	int64_t    *start;			/* of each list in item[]; start[count] is the end */
	int		   *item;
	int64_t		room;
	Table		by_hash;		/* hash -> first list of it */
	int		   *next;			/* other list of the same hash, or -1 */
} Routes;

/* The number of a list; a new one gets the next number. */
extern int	route_add(Routes *routes, const int *item, int length);

/* Adds a list even if it is there already; not to be mixed with the two others. */
extern int	route_append(Routes *routes, const int *item, int length);

/* The number of a list, or -1. */
extern int	route_find(const Routes *routes, const int *item, int length);

/* Numbers of all lists in their order (item by item, the shorter first), newly allocated. */
extern int *route_order(const Routes *routes);

/* Length of a list. */
static inline int
route_length(const Routes *routes, int number)
{
	return (int) (routes->start[number + 1] - routes->start[number]);
}

/* Items of a list; good until the next route_add(). */
static inline const int *
route_items(const Routes *routes, int number)
{
	return routes->item + routes->start[number];
}

#endif
