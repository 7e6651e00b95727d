/*
 * target.h: a table that a stream's rows go to, and the rows on their way.
 */
#ifndef TIKTOKADS_TARGET_H
#define TIKTOKADS_TARGET_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "api/request.h"
#include "lib/stringinfo.h"
#include "model/stream.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

/* Position in the slice, behind the table's columns: of duplicates the last wins. */
#define ORDINAL_COLUMN	"__ordinal"

/* A column with the same value in every row. */
typedef struct Constant
{
	int			column;
	Datum		value;
} Constant;

/* Columns that we fill, not the reply; positions are 0-based, -1: none. */
typedef struct Completion
{
	Constant   *constants;
	int			nconstants;
	int			member;			/* joined from its parts */
	int		   *parts;
	int			date;
	int			utc;			/* of the date column's wall time */
	int		   *each;			/* of what is gone through, one for each column */
	bool	   *is_ours;
} Completion;

/* A target table as this run knows it. */
typedef struct Target
{
	const StreamDef *stream;
	TupleDesc	incoming;		/* the columns that replies fill, then the ordinal */
	int			ncolumns;		/* without the ordinal */
	int			advertiser_column;	/* 0-based position of advertiser_id */
	Completion	completion;
	int		   *keys;			/* positions of the key columns */
	char	   *asof_table;		/* of earlier versions, NULL: none are kept */
	Names		asof_columns;	/* metrics that it keeps */
	Names		past;			/* columns that its history keeps, none: it has none */
} Target;

/* What a slice covers, and so may remove rows from. */
typedef struct Scope
{
	int64		advertiser_id;
	DateADT		from;			/* -infinity when the stream is undated */
	DateADT		to;				/* infinity likewise */
	pg_tz	   *zone;			/* of the account's wall time */
	char	   *asked;			/* condition on o: what of the list is asked for, NULL: all */
	EachPart   *each;			/* of what is gone through, all to be asked for */
	int			each_count;
	int			each_now;		/* being read */
} Scope;

/* What became of a slice's rows. */
typedef struct StoreCounts
{
	int64		duplicates;
	int64		added;
	int64		changed;
	int64		unchanged;
	int64		removed;
	int64		pending;		/* removals that a second read must confirm */
	int64		held;			/* vanished rows that a legal hold keeps */
} StoreCounts;

/*
 * An empty tuplestore for incoming rows, which outlives transactions and spills
 * beyond work_mem.  End it with tuplestore_end(), after an error too: its
 * temporary files belong to no transaction.
 */
extern Tuplestorestate *incoming_begin(void);

/* Finds the columns that are ours to fill. */
extern void completion_prepare(Target *target);

/* Fills in a part's own values: those that no reply has. */
extern void target_each_own(const Target *target, EachPart *part);

/* True when a completed row has all of its key. */
extern bool target_has_key(const Target *target, const bool *nulls);

/* Completes a parsed row by what the reply does not say. */
extern void target_complete(const Target *target, const Scope *scope, Datum *values, bool *nulls);

/* Finds the table of earlier versions; keeps those that are going to be replaced. */
extern void asof_prepare(Target *target);
extern void asof_keep(const Target *target, const Scope *scope, const char *differs);

/* Appends the condition that o is in the scope, its values written out. */
extern void target_append_scope(StringInfo sql, const Target *target, const Scope *scope);

/* Executes a statement with the scope as its parameters $1 to $3. */
extern void scope_execute(const char *sql, const Scope *scope, int expected);

/*
 * A print of a scope's rows, in the current unit: how many there are, and in
 * which versions.  It differs when anybody added, changed or removed one.
 */
extern char *target_print(const Target *target, const Scope *scope);

/* Looks the stream's table up; in a unit of work, result in the given context. */
extern Target *target_load(MemoryContext context, const StreamDef *stream);

/*
 * Stores a slice's rows in the current unit of work: inserts new and changed
 * ones alone, and, where the slice is complete, removes those that vanished.
 * Columns that no reply had (filled[] false) are left as they are.
 *
 * "expected" is the number of rows that the API says the slice has, -1 when
 * that is in doubt: rows are removed only where as many distinct ones came.
 * A NULL scope stores rows of any advertiser and removes none.
 */
extern void target_store(const Target *target, const Scope *scope, Tuplestorestate *rows,
						 int64 nrows, const bool *filled, int64 expected, StoreCounts *counts);

#endif
