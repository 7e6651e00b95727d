/*
 * request.h: the URL of a request, from a stream's row.
 */
#ifndef TIKTOKADS_REQUEST_H
#define TIKTOKADS_REQUEST_H

#include "postgres.h"

#include "model/stream.h"
#include "utils/date.h"

/* What one request asks for of what a stream goes through: a value of each column, several of the last. */
typedef struct EachPart
{
	Names		lead;			/* of all columns but the last */
	Names		last;
	Datum	   *own;			/* values of the columns that no reply has, as the target's have them */
} EachPart;

/* What of a stream is asked for. */
typedef struct RequestScope
{
	int64		advertiser_id;
	DateADT		from;			/* count only where the stream is dated, */
	DateADT		to;
	bool		modified_only;	/* or for what was modified since from */
	bool		totals;			/* the endpoint is able to give totals */
	const Names *metrics;		/* NULL: the stream's */
	int			page_size;		/* 0: the stream's */
	const char *campaign_ids;	/* JSON array to narrow a report to, NULL: all */
	const EachPart *each;		/* of what is gone through, NULL: nothing is */
} RequestScope;

/* The URL of one page of a stream; days count only where it is dated. */
extern char *request_url(const char *base_url, const StreamDef *stream, const RequestScope *scope, int page);

/* The body of a request for a report task: the same, as JSON. */
extern char *request_body(const StreamDef *stream, const RequestScope *scope);

/* A URL of named values. */
extern char *request_url_parts(const char *base_url, const char *path, const char *const *names,
							   const char *const *values, int n);

#endif
