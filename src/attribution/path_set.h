/*
 * path_set.h: type path_set, a table of distinct journeys as one value.
 */
#ifndef TIKTOKADS_PATH_SET_H
#define TIKTOKADS_PATH_SET_H

#include "attribution/path_table.h"

/* The set that a timed table holds. */
extern struct varlena *path_set_make(PathTable *table);

/* Adds a set, given without its varlena header, to a table of either kind. */
extern void path_set_load(PathTable *table, const char *bytes, Size size);

#endif
