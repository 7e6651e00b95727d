/*
 * caller.h: requests of one app, sent when its rate budget allows and sent
 * again when that can help.
 */
#ifndef TIKTOKADS_CALLER_H
#define TIKTOKADS_CALLER_H

#include "api/reply.h"
#include "api/verdict.h"
#include "base/array.h"
#include "base/compat.h"
#include "net/exchange.h"
#include "net/pace.h"

/* One request on its way, from caller_submit() until caller_finish(). */
typedef struct Call
{
	struct Call *next;
	char	   *method;
	char	   *url;
	char	   *body;			/* NULL: none */
	Pace	   *pace;			/* budget of app and endpoint */
	const char *endpoint;
	int			attempt;		/* 1 for the first */
	int64		not_before;		/* microseconds, clock_now_us() */
	void	   *owner;			/* whatever submitted it */
	Reply	   *reply;			/* NULL until it came */
	int64		advertiser_id;	/* ad account that it is for, 0: none */
	bool		timeout_splits; /* one that timed out must not be sent again as it is */
	int			counted;		/* attempts that its owner has counted */
	int			throttles;		/* answers that asked for a wait */
	int			http_errors;	/* answers that HTTP or the network failed */
	int			api_errors;		/* answers with an error code */
} Call;

/* Why a call is given up. */
typedef struct CallError
{
	Verdict		verdict;
	int64		code;			/* of the API, or the HTTP status, or 0 */
	const char *message;
	const char *request_id;		/* may be NULL */
	const char *hint;
} CallError;

/* Told when an endpoint is paused, so that others may know. */
typedef void (*PauseNote) (void *arg, const char *endpoint, int64 until_us, const char *reason);

/* An ad account that the API asked to slow down for. */
typedef struct AccountPause
{
	int64		advertiser_id;
	int64		until;			/* microseconds */
} AccountPause;

typedef struct Caller
{
	MemoryContext context;		/* holds the calls */
	Exchange   *exchange;
	const char *app;			/* whose budget is used */
	PaceLimit	limit;
	const char *access_token;	/* NULL: none is sent */
	const char *proxy;
	const char *ca_file;
	int			max_in_flight;
	Call	   *queue;			/* waiting for their time */
	int			queued;
	int64		requests;		/* sent so far */
	int64		retries;
	int64		bytes;
	ARRAY_OF(AccountPause) slowed;
	PauseNote	pause_note;
	void	   *pause_arg;
} Caller;

extern void CallerInit(void);

/* Queues a request; url and body are copied. */
extern Call *caller_submit(Caller *caller, const char *method, const char *endpoint,
						   const char *url, const char *body, void *owner);

/*
 * Sends what is due and waits for a reply: NULL when none came before the
 * timeout (milliseconds, -1: none).  Replies that HTTP itself marks as worth
 * another try are queued again and not returned.
 */
extern Call *caller_wait(Caller *caller, long timeout_ms);

/*
 * Judges a reply by its envelope: true when the call was queued again (retry,
 * wait), false when *error says why it is given up.
 */
extern bool caller_retry(Caller *caller, Call *call, const Envelope *envelope, CallError *error);

/* Queues a call again whose reply could not be read; false: given up. */
extern bool caller_retry_malformed(Caller *caller, Call *call);

/* Judges a reply that HTTP or the network failed: true when it did, with *error. */
extern bool caller_failed(const Call *call, CallError *error);

/* Releases a call and its reply. */
extern void caller_finish(Caller *caller, Call *call);

/* Microseconds until the first queued call may go, 0 when none waits. */
extern int64 caller_wait_us(Caller *caller);

/* Drops the queued calls whose owner answers to the test, which may free the owner. */
extern void caller_drop(Caller *caller, bool (*drop) (void *owner, void *arg), void *arg);

/* Throws a call's error as an ERROR. */
pg_noreturn extern void call_error_throw(const CallError *error, const char *what);

#endif
