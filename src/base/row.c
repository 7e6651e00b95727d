/*
 * row.c: columns of an SPI result by name, copied out of it.
 *
 * Rows of configuration are few, so names are looked up each time; rows of
 * facts never pass through here.
 */
#include "postgres.h"

#include "base/row.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* The column's number; an error when the result has no such column. */
static int
row_column(const char *name)
{
	int			column = SPI_fnumber(SPI_tuptable->tupdesc, name);

	if (column <= 0)
		elog(ERROR, "result has no column \"%s\"", name);
	return column;
}

/* The column's text form, in the given context. */
char *
row_text(MemoryContext context, int row, const char *name)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, row_column(name));

	return value == NULL ? NULL : MemoryContextStrdup(context, value);
}

/* The value of a bigint or integer column. */
int64
row_int64(int row, const char *name, bool *isnull)
{
	int			column = row_column(name);
	bool		null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &null);

	if (isnull != NULL)
		*isnull = null;
	if (null)
		return 0;
	switch (SPI_gettypeid(SPI_tuptable->tupdesc, column))
	{
		case INT8OID:
			return DatumGetInt64(value);
		case INT4OID:
			return DatumGetInt32(value);
		case OIDOID:
			return DatumGetObjectId(value);
		default:
			elog(ERROR, "column \"%s\" is not an integer", name);
	}
}

/* The value of a boolean column. */
bool
row_bool(int row, const char *name)
{
	bool		null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
									  row_column(name), &null);

	return !null && DatumGetBool(value);
}

/* The items of a text[] column, in the given context. */
Names
row_names(MemoryContext context, int row, const char *name)
{
	Names		names = {NULL, 0};
	bool		null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
									  row_column(name), &null);
	Datum	   *items;

	if (null)
		return names;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, NULL, &names.count);
	names.items = MemoryContextAlloc(context, Max(names.count, 1) * sizeof(char *));
	for (int i = 0; i < names.count; i++)
		names.items[i] = MemoryContextStrdup(context, TextDatumGetCString(items[i]));
	return names;
}

/* True when the names hold this one. */
bool
names_contain(const Names *names, const char *name)
{
	for (int i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

/* The names without some others, in the given context; the texts are shared. */
Names *
names_without(MemoryContext context, const Names *names, const Names *others)
{
	Names	   *rest = MemoryContextAlloc(context, sizeof(Names));

	rest->items = MemoryContextAlloc(context, Max(names->count, 1) * sizeof(char *));
	rest->count = 0;
	for (int i = 0; i < names->count; i++)
		if (!names_contain(others, names->items[i]))
			rest->items[rest->count++] = names->items[i];
	return rest;
}
