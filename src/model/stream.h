/*
 * stream.h: one row of the stream catalogue (view tiktokads.stream) in memory.
 */
#ifndef TIKTOKADS_STREAM_H
#define TIKTOKADS_STREAM_H

#include "base/row.h"
#include "postgres.h"

/* One kind of data that the API offers, and where its rows go. */
typedef struct StreamDef
{
	char	   *name;			/* campaign, report_ad_daily, ... */
	bool		is_report;		/* rows are {dimensions, metrics}; else flat */
	char	   *target;			/* table in schema tiktokads */
	char	   *path;			/* relative to the connection's base_url */
	char	   *list_name;		/* member of data that holds the rows */
	char	   *date_column;	/* NULL when rows carry no date */
	char	   *utc_column;		/* NULL: none */
	bool		by_month;		/* a request is for a calendar month */
	char	   *tombstone_column;	/* NULL: vanished rows are deleted */
	Names		key_columns;
	Names		dimensions;
	Names		metrics;
	Names		parameter_names;	/* further query parameters, */
	Names		parameter_values;	/* unescaped, pairwise */
	Names		deleted_columns;	/* a row with one of these values */
	Names		deleted_values; /* is one that TikTok deleted; pairwise */
	Names		rename_from;	/* reply field -> */
	Names		rename_to;		/* column */
	Names		constant_columns;	/* columns that have */
	Names		constant_values;	/* one value in all rows; pairwise */
	char	   *member_column;	/* NULL: none */
	Names		member_fields;	/* joined to the member */
	char	   *modified_parameter; /* NULL: always read whole */
	char	   *each_stream;	/* list or report that is gone through, NULL: none; */
	Names		each_columns;	/* the values of these columns are asked for */
	Names		each_parameters;	/* by these parameters, pairwise */
	bool		own_permission; /* a refusal concerns the stream alone */
	bool		paged;
	int			page_size;
	int			max_days;		/* widest range of one request, 0: undated */
	int			lookback_days;
	bool		totals;			/* ask for totals and compare */
} StreamDef;

/*
 * Reads the stream of that name, or all enabled ones by priority when name is
 * NULL; in a unit of work, copied into the given context.
 */
extern StreamDef *stream_load(MemoryContext context, const char *name, int *count);

#endif
