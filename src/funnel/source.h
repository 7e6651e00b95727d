/*
 * source.h: where the events of a table function come from, as SQL.
 */
#ifndef TIKTOKADS_SOURCE_H
#define TIKTOKADS_SOURCE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

typedef struct Source
{
	char	   *from;			/* what follows FROM; its alias is e */
	TupleDesc	columns;
} Source;

extern Source *source_open(const char *relation_or_query);
extern Oid	source_column_type(const Source *source, const char *column);
extern char *source_expression(const char *what, const char *text);
extern char *source_time(const Source *source, const char *expression, bool *numbers);
extern char *source_step(const Source *source, const char *text);
extern char **source_step_names(ArrayType *steps, int *nsteps);
extern char *source_property(const Source *source, const char *name);

#endif
