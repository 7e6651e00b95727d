/*
 * parameter.h: the parameters of one statement, filled in order.
 */
#ifndef TIKTOKADS_PARAMETER_H
#define TIKTOKADS_PARAMETER_H

#include "postgres.h"

#include "base/unit.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

typedef struct Parameters
{
	Oid			types[20];
	Datum		values[20];
	char		nulls[20];
	int			count;
} Parameters;

/* Adds a parameter. */
static inline void
add(Parameters *parameters, Oid type, Datum value, bool isnull)
{
	int			n = parameters->count++;

	Assert(n < lengthof(parameters->types));
	parameters->types[n] = type;
	parameters->values[n] = value;
	parameters->nulls[n] = isnull ? 'n' : ' ';
}

/* Adds a text parameter, NULL when there is none. */
static inline void
add_text(Parameters *parameters, const char *value)
{
	add(parameters, TEXTOID, value == NULL ? (Datum) 0 : CStringGetTextDatum(value), value == NULL);
}

/* Adds a bigint parameter. */
static inline void
add_int64(Parameters *parameters, int64 value)
{
	add(parameters, INT8OID, Int64GetDatum(value), false);
}

/* Executes a statement with its parameters. */
static inline void
execute(const char *sql, Parameters *parameters, int expected)
{
	unit_execute(sql, parameters->count, parameters->types, parameters->values,
				 parameters->nulls, expected);
}

#endif
