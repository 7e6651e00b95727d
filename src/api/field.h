/*
 * field.h: which field of a row goes to which column, and how.
 */
#ifndef TIKTOKADS_FIELD_H
#define TIKTOKADS_FIELD_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "api/json.h"
#include "model/stream.h"

/* The table of fields -> columns -> converters of a stream. */
typedef struct RowShape RowShape;

extern RowShape *row_shape_build(TupleDesc tupdesc, const StreamDef *stream);

/* Which columns some row filled since the last reset. */
extern bool *row_shape_filled(RowShape *shape);
extern void row_shape_reset(RowShape *shape);

/* True when rows are {dimensions, metrics}. */
extern bool row_shape_is_report(const RowShape *shape);

/* Begins a row, takes a field of it, ends it. */
extern void row_begin(RowShape *shape);
extern void row_take(RowShape *shape, const JsonValue *name, const JsonValue *value);
extern void row_end(RowShape *shape, Datum **values, bool **nulls);

/* What was unexpected since the last reset, NULL: nothing; in the current context. */
extern char *row_shape_drift(RowShape *shape);

#endif
