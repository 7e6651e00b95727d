/*
 * credit.c: from paths to what SQL gets.
 *
 * Everything that a model needs lives in a context that ends with it; the rows
 * are in the caller's.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "attribution/credit.h"
#include "attribution/score.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

/* Rounds an exact sum, which must be in the range of doubles. */
static double
credit_round(const Exact *sum)
{
	double		value = exact_value(sum);

	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range: overflow")));
	return value;
}

/* Rounds credit; the row without a name comes last, and only when it has any. */
CreditRow *
credit_round_all(const Credit *credit, const Channels *channels, int *count)
{
	CreditRow  *row = palloc_extended(sizeof(CreditRow) * ((Size) channels->count + 1), MCXT_ALLOC_HUGE);

	for (int c = 0; c <= channels->count; c++)
	{
		row[c].name = c < channels->count ? channels->name[c].name : NULL;
		row[c].length = c < channels->count ? channels->name[c].length : 0;
		row[c].conversions = credit_round(&credit[c].conversions);
		row[c].value = credit_round(&credit[c].value);
	}
	*count = channels->count;
	if (row[channels->count].conversions != 0 || row[channels->count].value != 0)
		(*count)++;
	return row;
}

/* Credit of every channel in the order of names; names still point into the table. */
CreditRow *
credit_rows(const Choice *choice, const PathTable *table, int *count)
{
	MemoryContext before = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(before, "attribution model", ALLOCSET_DEFAULT_SIZES);
	Paths		paths;
	Channels	channels;
	Credit	   *credit;
	CreditRow  *row;

	MemoryContextSwitchTo(work);
	path_table_read(table, &paths, &channels);
	credit = palloc_extended(sizeof(Credit) * ((Size) channels.count + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	choice_credit(choice, &paths, &channels, credit);
	MemoryContextSwitchTo(before);
	row = credit_round_all(credit, &channels, count);
	MemoryContextDelete(work);
	return row;
}

/* The type of the elements of the array that a function returns. */
static TupleDesc
result_element(FunctionCallInfo fcinfo, Oid *type)
{
	*type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	if (!OidIsValid(*type))
		elog(ERROR, "result type of an attribution function is not an array");
	return lookup_rowtype_tupdesc(*type, -1);
}

/* An array of rows of a composite type. */
static Datum
rows_array(TupleDesc desc, Oid type, HeapTuple *tuple, int count)
{
	Datum	   *element = palloc_extended(sizeof(Datum) * ((Size) count + 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < count; i++)
		element[i] = HeapTupleGetDatum(tuple[i]);
	ReleaseTupleDesc(desc);
	return PointerGetDatum(construct_array(element, count, type, -1, false, TYPALIGN_DOUBLE));
}

/* credit[] of a table. */
Datum
credit_array(FunctionCallInfo fcinfo, const Choice *choice, const PathTable *table)
{
	int			count;
	CreditRow  *row = credit_rows(choice, table, &count);
	HeapTuple  *tuple = palloc_extended(sizeof(HeapTuple) * ((Size) count + 1), MCXT_ALLOC_HUGE);
	Oid			type;
	TupleDesc	desc = result_element(fcinfo, &type);

	for (int i = 0; i < count; i++)
	{
		bool		nulls[3] = {row[i].name == NULL, false, false};
		Datum		values[3] = {(Datum) 0, Float8GetDatum(row[i].conversions), Float8GetDatum(row[i].value)};

		if (row[i].name != NULL)
			values[0] = PointerGetDatum(cstring_to_text_with_len(row[i].name, row[i].length));
		tuple[i] = heap_form_tuple(desc, values, nulls);
	}
	return rows_array(desc, type, tuple, count);
}

/* order_score[] of a table: order 1 .. max_order. */
Datum
score_array(FunctionCallInfo fcinfo, const PathTable *table, int max_order)
{
	MemoryContext before = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(before, "attribution orders", ALLOCSET_DEFAULT_SIZES);
	OrderScore *score = palloc(sizeof(OrderScore) * max_order);
	HeapTuple  *tuple = palloc(sizeof(HeapTuple) * max_order);
	Paths		paths;
	Channels	channels;
	Oid			type;
	TupleDesc	desc;

	MemoryContextSwitchTo(work);
	path_table_read(table, &paths, &channels);
	score_orders(&paths, max_order, score);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(work);
	desc = result_element(fcinfo, &type);
	for (int i = 0; i < max_order; i++)
	{
		bool		nulls[3] = {false, isnan(score[i].auc), isnan(score[i].penalised_auc)};
		Datum		values[3] = {Int32GetDatum(i + 1), Float8GetDatum(score[i].auc), Float8GetDatum(score[i].penalised_auc)};

		tuple[i] = heap_form_tuple(desc, values, nulls);
	}
	return rows_array(desc, type, tuple, max_order);
}
