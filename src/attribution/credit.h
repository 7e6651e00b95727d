/*
 * credit.h: from paths to what SQL gets.
 */
#ifndef TIKTOKADS_ATTRIBUTION_CREDIT_H
#define TIKTOKADS_ATTRIBUTION_CREDIT_H

#include "postgres.h"

#include "attribution/path_table.h"
#include "attribution/choice.h"
#include "fmgr.h"

/* What one channel gets, rounded; name is NULL for what no channel got. */
typedef struct CreditRow
{
	const char *name;
	int			length;
	double		conversions;
	double		value;
} CreditRow;

/* Credit of every channel in the order of names; the row without name only when it has any. */
extern CreditRow *credit_rows(const Choice *choice, const PathTable *table, int *count);

/* The same of credit that was computed, rounded. */
extern CreditRow *credit_round_all(const Credit *credit, const Channels *channels, int *count);

/* credit[] of a table, and order_score[] of paths, as the function's result type says. */
extern Datum credit_array(FunctionCallInfo fcinfo, const Choice *choice, const PathTable *table);
extern Datum score_array(FunctionCallInfo fcinfo, const PathTable *table, int max_order);

#endif
