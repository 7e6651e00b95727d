/*
 * exchange.h: many requests at once behind one wait.
 */
#ifndef TIKTOKADS_EXCHANGE_H
#define TIKTOKADS_EXCHANGE_H

#include "postgres.h"

#include <curl/curl.h>

/* What to ask.  Everything is copied by exchange_submit(). */
typedef struct Request
{
	const char *method;			/* "GET" or "POST" */
	const char *url;
	const char *body;			/* JSON, or NULL */
	const char *access_token;	/* sent as header Access-Token, or NULL */
	const char *proxy;			/* or NULL: none, whatever the environment says */
	const char *ca_file;		/* or NULL: the system's certificates */
	void	   *owner;			/* the caller's own, returned with the reply */
} Request;

/* What came back, or why nothing did. */
typedef struct Reply
{
	void	   *owner;
	CURLcode	curl_code;		/* CURLE_OK: a whole reply, of any status */
	long		status;			/* HTTP status, 0 if none arrived */
	char	   *body;			/* inflated, zero-terminated, never NULL */
	size_t		body_len;
	bool		truncated_header;	/* X-Tt-Ads-Throttle was there */
	bool		too_large;		/* beyond tiktokads.max_reply_size */
	bool		address_refused;	/* host resolved to addresses not allowed */
	long		retry_after;	/* seconds, -1 if not said */
	int64		dated;			/* the Date header, in seconds since 1970; 0 if there was none */
	double		seconds;		/* from start to end */
	uint64		bytes;			/* body as it travelled, before inflating */
	char		error[CURL_ERROR_SIZE + 64];	/* empty if curl_code is CURLE_OK */
} Reply;

/* A set of requests in flight and connections kept alive. */
typedef struct Exchange Exchange;

/* Opens an exchange; close it in PG_FINALLY. */
extern Exchange *exchange_open(void);

/* Starts a request, or raises an error if it may not be sent. */
extern void exchange_submit(Exchange *exchange, const Request *request);

/*
 * The one wait point: the next finished reply, in the order they finished, or
 * NULL when timeout_ms has passed (negative: wait as long as it takes, but
 * not for nothing: NULL at once if nothing is in flight).  With nothing in
 * flight it is an interruptible sleep.  Raises what CHECK_FOR_INTERRUPTS
 * raises; the exchange stays usable.
 */
extern Reply *exchange_wait(Exchange *exchange, long timeout_ms);

/* Gives a reply back; every reply ends with its exchange at the latest. */
extern void reply_free(Reply *reply);

/* Takes the body out of a reply, which is left without; end it with free(). NULL: it had none. */
extern char *reply_take_body(Reply *reply);

/* Requests submitted whose reply has not been returned yet. */
extern int	exchange_in_flight(const Exchange *exchange);

/* Drops everything at once, also what is in flight; NULL is fine. */
extern void exchange_close(Exchange *exchange);

/* Raises an error unless requests may be sent to this URL. */
extern void exchange_check_url(const char *url);

#endif
