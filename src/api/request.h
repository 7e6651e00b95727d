/*
 * request.h: the URL of a request, from a stream's row.
 */
#ifndef TIKTOKADS_REQUEST_H
#define TIKTOKADS_REQUEST_H

#include "postgres.h"

#include "model/stream.h"
#include "utils/date.h"

/* The URL of one page of a stream; days count only where it is dated. */
extern char *request_url(const char *base_url, const StreamDef *stream, int64 advertiser_id,
						 DateADT from, DateADT to, int page);

/* A URL of named values. */
extern char *request_url_parts(const char *base_url, const char *path, const char *const *names,
							   const char *const *values, int n);

#endif
