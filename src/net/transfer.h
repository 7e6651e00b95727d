/*
 * transfer.h: one request and its reply on a libcurl handle.
 */
#ifndef TIKTOKADS_TRANSFER_H
#define TIKTOKADS_TRANSFER_H

#include "postgres.h"

#include <netinet/in.h>

#include "lib/ilist.h"
#include "net/address.h"
#include "net/exchange.h"

/* The most bytes of headers that a reply may have. */
#define TRANSFER_HEADERS_MAX	((size_t) 256 * 1024)

/*
 * Where a transfer is.  idle -> running (exchange_submit) -> finished (libcurl
 * is done) -> taken (exchange_wait returned the reply) -> idle (reply_free).
 */
typedef enum TransferState
{
	TRANSFER_IDLE,
	TRANSFER_RUNNING,
	TRANSFER_FINISHED,
	TRANSFER_TAKEN
} TransferState;

/* In malloc'd memory: it outlives transactions and is written by callbacks. */
typedef struct Transfer
{
	Reply		reply;			/* first: a Reply * is a Transfer * */
	dlist_node	node;			/* in the exchange's list for its state */
	TransferState state;
	Exchange   *exchange;
	CURL	   *easy;
	struct curl_slist *headers; /* may hold the access token */
	AddressUrl	url;
	bool		loopback_ok;	/* sockets to this machine are allowed */
	size_t		capacity;		/* of reply.body */
	size_t		limit;			/* largest body */
	size_t		header_bytes;
	bool		retry_after_seen;
	bool		out_of_memory;
	char		refused[INET6_ADDRSTRLEN];	/* the address that was */
	char		detail[CURL_ERROR_SIZE];	/* libcurl's own words */
} Transfer;

/* A new idle transfer, or NULL without memory. */
extern Transfer *transfer_new(Exchange *exchange);

/* Sets up the handle for a request; raises errors before anything is sent. */
extern void transfer_prepare(Transfer *transfer, const Request *request);

/* Fills the reply's remaining fields from the handle, with an error in words. */
extern void transfer_finish(Transfer *transfer, CURLcode code);

/* Takes the malloc'd body out of the reply; NULL: it had none. */
extern char *transfer_take_body(Transfer *transfer);

/* Forgets request and reply; keeps the handle and a body of ordinary size. */
extern void transfer_reset(Transfer *transfer);

/* Frees it all; the handle must have left its multi handle. */
extern void transfer_destroy(Transfer *transfer);

#endif
