/*
 * reply.h: from the text of a reply to rows of a table.
 */
#ifndef TIKTOKADS_REPLY_H
#define TIKTOKADS_REPLY_H

#include "postgres.h"

#include "api/field.h"

/* What a reply says beside its rows; strings live in the current context. */
typedef struct Envelope
{
	int64		code;			/* 0: well */
	char	   *message;		/* NULL: none */
	char	   *request_id;		/* NULL: none */
	int64		page;			/* -1: the reply does not say, likewise below */
	int64		page_size;
	int64		total_number;
	int64		total_page;
	bool		has_list;
	int			rows;
	int			repaired;		/* invalid bytes and escapes made U+FFFD */
	char	   *totals;			/* total_metrics as JSON, NULL: none */
	char	   *drift;			/* what was unexpected, NULL: nothing */
} Envelope;

typedef void (*RowSink) (void *arg, Datum *values, bool *nulls);

/*
 * Reads a reply, giving each row of its list to the sink; an error when it is
 * not what the API documents.  Without a shape only the envelope is read.  The
 * code may come after rows: look at it before believing them.
 */
extern void reply_parse(const char *body, size_t length, RowShape *shape, const char *list_name,
						RowSink sink, void *arg, Envelope *envelope);

#endif
