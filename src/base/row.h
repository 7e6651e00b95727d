/*
 * row.h: columns of an SPI result by name, copied out of it.
 */
#ifndef TIKTOKADS_ROW_H
#define TIKTOKADS_ROW_H

#include "postgres.h"

/* A list of names, as an array column gives it. */
typedef struct Names
{
	char	  **items;
	int			count;
} Names;

/*
 * Each reads column "name" of row "row" of SPI_tuptable and copies it into the
 * given context.  NULL gives NULL, 0, false or an empty list.
 */
extern char *row_text(MemoryContext context, int row, const char *name);
extern int64 row_int64(int row, const char *name, bool *isnull);
extern bool row_bool(int row, const char *name);
extern Names row_names(MemoryContext context, int row, const char *name);

/* The names without some others, in the given context. */
extern Names *names_without(MemoryContext context, const Names *names, const Names *others);

/* True when the names hold this one. */
extern bool names_contain(const Names *names, const char *name);

#endif
