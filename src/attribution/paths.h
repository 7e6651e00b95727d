/*
 * paths.h: distinct paths with what happened on them, as every model reads them.
 *
 * Plain C without PostgreSQL.  Channels are numbered in the order of their names,
 * and models add exactly or in an order of their own: no result may depend on the
 * order of the paths.
 */
#ifndef TIKTOKADS_PATHS_H
#define TIKTOKADS_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "attribution/exact.h"

/* What happened on a path. */
typedef struct PathSums
{
	Exact		conversions;
	Exact		value;
	Exact		nulls;			/* times that it ended without conversion */
} PathSums;

/* A path: channels in order of time, and their times where every touch has one. */
typedef struct Path
{
	const int  *channel;
	const int64_t *time;		/* microseconds, or NULL */
	int			length;			/* 0: conversions without any touch */
	const PathSums *sums;
} Path;

typedef struct Paths
{
	int			channels;
	int64_t		count;
	Path	   *path;
} Paths;

/* What a channel gets. */
typedef struct Credit
{
	Exact		conversions;
	Exact		value;
} Credit;

/*
 * Every model fills credit[0 .. channels - 1], zeroed before; credit[channels] is
 * for conversions and value that no channel can be given.
 */

/* Sums of the paths that have touches. */
extern void paths_total(const Paths *paths, PathSums *total);

/* Gives the conversions of paths without touches to credit[channels]. */
extern void paths_untouched(const Paths *paths, Credit *credit);

/* Shares totals among channels in proportion to weights, which may be all zero. */
extern void credit_share(const Paths *paths, const double *conversions, const double *value, Credit *credit);

/* Gives a share of a path's conversions and value to a channel. */
static inline void
credit_add(Credit *credit, double conversions, double value, double share)
{
	exact_add(&credit->conversions, conversions * share);
	if (value != 0)
		exact_add(&credit->value, value * share);
}

/* The distinct channels of a path, ascending; returns how many. */
extern int	path_set_of(const Path *path, int *set);

#endif
