/*
 * shapley.h: credit by four games that go by the name of Shapley.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_SHAPLEY_H
#define TIKTOKADS_SHAPLEY_H

#include "attribution/paths.h"

/* Computes credit by one of the games. */
typedef void (*Shapley) (const Paths *paths, Credit *credit);

extern void shapley_counts(const Paths *paths, Credit *credit);
extern void shapley_ordered(const Paths *paths, Credit *credit);
extern void shapley_leave_one_out(const Paths *paths, Credit *credit);
extern void shapley_recent_sets(const Paths *paths, Credit *credit);

/*
 * The ordered game by position: credit[position * channels + channel], for
 * positions 0 .. longest path - 1, newly allocated; returns how many positions.
 */
extern int	shapley_positions(const Paths *paths, Credit **credit);

#endif
