/*
 * caller.c: requests of one app, sent when its rate budget allows and sent
 * again when that can help.
 *
 * A request leaves only when its endpoint's rolling windows have room, so the
 * API's limits hold in any second and minute.  What became of a reply is looked
 * up in the verdict tables, never decided here by number.  A call is tried at
 * most tiktokads.max_attempts times.  Messages never hold a URL: some carry the
 * app secret.
 */
#include "postgres.h"

#include "api/caller.h"
#include "base/clock.h"
#include "common/pg_prng.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define BACKOFF_CAP_US		INT64CONST(60000000)
#define LONG_PAUSE_US		INT64CONST(30000000)

static int	max_attempts = 6;
static int	retry_delay = 500;

/* Defines how often and how soon a request is tried again. */
void
CallerInit(void)
{
	DefineCustomIntVariable("tiktokads.max_attempts",
							"Tries of one request before its slice fails.",
							NULL,
							&max_attempts, 6, 1, 100, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.retry_delay",
							"Longest wait before the second try of a request; it doubles with each further one.",
							"The wait is drawn at random between 0 and this limit, and is a minute at most.",
							&retry_delay, 500, 1, 60000, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

/* Queues a request; url and body are copied. */
Call *
caller_submit(Caller *caller, const char *method, const char *endpoint,
			  const char *url, const char *body, void *owner)
{
	Call	   *call = MemoryContextAllocZero(caller->context, sizeof(Call));
	Call	  **last = &caller->queue;

	call->method = MemoryContextStrdup(caller->context, method);
	call->url = MemoryContextStrdup(caller->context, url);
	call->body = body == NULL ? NULL : MemoryContextStrdup(caller->context, body);
	call->endpoint = endpoint;
	call->pace = pace_find(caller->app, endpoint);
	call->attempt = 1;
	call->owner = owner;
	while (*last != NULL)
		last = &(*last)->next;
	*last = call;
	caller->queued++;
	return call;
}

/* Microseconds until an ad account's next call may go. */
static int64
account_wait_us(const Caller *caller, const Call *call, int64 now)
{
	for (int i = 0; call->advertiser_id != 0 && i < caller->slowed.count; i++)
		if (caller->slowed.items[i].advertiser_id == call->advertiser_id)
			return caller->slowed.items[i].until - now;
	return 0;
}

/* Lets an ad account's calls wait; those of others go on. */
static void
account_slow(Caller *caller, int64 advertiser_id, int64 until)
{
	MemoryContext before;
	AccountPause *pause;

	for (int i = 0; i < caller->slowed.count; i++)
		if (caller->slowed.items[i].advertiser_id == advertiser_id)
		{
			caller->slowed.items[i].until = Max(caller->slowed.items[i].until, until);
			return;
		}
	before = MemoryContextSwitchTo(caller->context);
	pause = array_add(&caller->slowed);
	MemoryContextSwitchTo(before);
	pause->advertiser_id = advertiser_id;
	pause->until = until;
}

/* Microseconds until this call may go. */
static int64
call_wait_us(Caller *caller, Call *call, int64 now)
{
	return Max(Max(pace_wait_us(call->pace, &caller->limit, now), call->not_before - now),
			   account_wait_us(caller, call, now));
}

/* Microseconds until the first queued call may go, 0 when none waits. */
int64
caller_wait_us(Caller *caller)
{
	int64		now = clock_now_us();
	int64		least = -1;

	for (Call *call = caller->queue; call != NULL; call = call->next)
	{
		int64		wait = call_wait_us(caller, call, now);

		if (least < 0 || wait < least)
			least = wait;
	}
	return Max(least, 0);
}

/* Hands a call to the exchange. */
static void
call_send(Caller *caller, Call *call)
{
	Request		request = {0};

	request.method = call->method;
	request.url = call->url;
	request.body = call->body;
	request.access_token = caller->access_token;
	request.proxy = caller->proxy;
	request.ca_file = caller->ca_file;
	request.owner = call;
	caller->requests++;
	exchange_submit(caller->exchange, &request);
}

/* Sends every queued call whose time has come, first come first served. */
static void
caller_send_due(Caller *caller)
{
	Call	  **place = &caller->queue;

	while (*place != NULL && exchange_in_flight(caller->exchange) < caller->max_in_flight)
	{
		Call	   *call = *place;
		int64		now = clock_now_us();

		if (call->not_before > now || account_wait_us(caller, call, now) > 0 || pace_try_us(call->pace, &caller->limit, now) > 0)
		{
			place = &call->next;
			continue;
		}
		*place = call->next;
		call->next = NULL;
		caller->queued--;
		call_send(caller, call);
		pace_left(call->pace, now, clock_now_us());
	}
}

/* Puts a call back into the queue, not to leave before the given time. */
static void
call_requeue(Caller *caller, Call *call, int64 not_before)
{
	reply_free(call->reply);
	call->reply = NULL;
	call->not_before = not_before;
	call->attempt++;
	call->next = caller->queue;
	caller->queue = call;
	caller->queued++;
	caller->retries++;
}

/* Backs off after a failed attempt, or gives up: then false. */
static bool
call_back_off(Caller *caller, Call *call)
{
	int64		now = clock_now_us();
	int64		wait;

	if (call->attempt >= max_attempts)
		return false;
	wait = pace_backoff_us(call->attempt - 1, (int64) retry_delay * 1000, BACKOFF_CAP_US,
						   pg_prng_uint64(&pg_global_prng_state));
	if (call->reply != NULL && call->reply->retry_after > 0)
		wait = Max(wait, (int64) call->reply->retry_after * USECS_PER_SEC);
	call_requeue(caller, call, now + wait);
	return true;
}

/*
 * Waits as long as a throttle asks for.  The API says "too many requests" for
 * a second, a minute or a day alike: Retry-After counts first, then a message
 * that names the window, then the verdict's own penalty, longer with each try.
 */
static bool
call_throttled(Caller *caller, Call *call, const VerdictRow *row, const char *message)
{
	int64		now = clock_now_us();
	int64		until = now + (int64) row->penalty * call->attempt * USECS_PER_SEC;

	call->throttles++;
	if (call->attempt >= max_attempts)
		return false;
	if (call->reply->retry_after > 0)
		until = now + (int64) call->reply->retry_after * USECS_PER_SEC;
	else if (message != NULL && strstr(message, "QPD") != NULL)
		until = pace_next_day(now);
	else if (message != NULL && strstr(message, "QPS") != NULL)
		until = now + call->attempt * USECS_PER_SEC;
	if (row->slows_account && call->advertiser_id != 0)
	{
		account_slow(caller, call->advertiser_id, until);
		call_requeue(caller, call, until);
		return true;
	}
	pace_pause(call->pace, until);
	if (caller->pause_note != NULL && until > now + LONG_PAUSE_US)
		caller->pause_note(caller->pause_arg, call->endpoint, until, message);
	call_requeue(caller, call, until);
	return true;
}

/* Queues a call again when HTTP or the network say that it may help. */
static bool
call_retry_transport(Caller *caller, Call *call)
{
	Reply	   *reply = call->reply;
	const VerdictRow *row;

	call->http_errors += reply->curl_code != CURLE_OK || verdict_of_http(reply->status)->verdict == VERDICT_RETRY;
	if (reply->curl_code == CURLE_OPERATION_TIMEDOUT && call->timeout_splits)
		return false;
	if (reply->curl_code != CURLE_OK)
		return !reply->too_large && !reply->address_refused && call_back_off(caller, call);
	row = verdict_of_http(reply->status);
	switch (row->verdict)
	{
		case VERDICT_RETRY:
			return call_back_off(caller, call);
		case VERDICT_WAIT:
			return call_throttled(caller, call, row, NULL);
		default:
			return false;
	}
}

/* Sends what is due and waits for a reply. */
Call *
caller_wait(Caller *caller, long timeout_ms)
{
	for (;;)
	{
		long		wait = timeout_ms;
		Reply	   *reply;
		Call	   *call;

		caller_send_due(caller);
		if (caller->queue != NULL &&
			exchange_in_flight(caller->exchange) < caller->max_in_flight)
		{
			int64		due_ms = caller_wait_us(caller) / 1000 + 1;

			if (wait < 0 || due_ms < wait)
				wait = (long) Min(due_ms, 1000);
		}
		reply = exchange_wait(caller->exchange, wait);
		if (reply == NULL)
		{
			caller_send_due(caller);
			return NULL;
		}
		call = reply->owner;
		call->reply = reply;
		caller->bytes += reply->body_len;
		if (!call_retry_transport(caller, call))
		{
			caller_send_due(caller);
			return call;
		}
	}
}

/* Queues a call again whose reply could not be read; false: given up. */
bool
caller_retry_malformed(Caller *caller, Call *call)
{
	return call_back_off(caller, call);
}

/* Judges a reply that HTTP or the network failed. */
bool
caller_failed(const Call *call, CallError *error)
{
	const Reply *reply = call->reply;
	const VerdictRow *row;

	memset(error, 0, sizeof(*error));
	if (reply->curl_code != CURLE_OK)
	{
		error->verdict = reply->curl_code == CURLE_OPERATION_TIMEDOUT && call->timeout_splits ?
			VERDICT_SPLIT : VERDICT_GIVE_UP;
		error->message = pstrdup(reply->error);
		error->hint = reply->address_refused ?
			"Set tiktokads.allow_private_addresses if the API is meant to be there." :
			"Check the network, the proxy and the connection's base_url.";
		return true;
	}
	row = verdict_of_http(reply->status);
	if (row->verdict == VERDICT_OK)
		return false;
	error->verdict = row->verdict;
	error->code = reply->status;
	error->message = psprintf("HTTP status %ld: %s", reply->status, row->meaning);
	error->hint = row->hint;
	return true;
}

/* Judges a reply by its envelope: queues the call again or says why not. */
bool
caller_retry(Caller *caller, Call *call, const Envelope *envelope, CallError *error)
{
	const VerdictRow *row = verdict_of_code(envelope->code);

	memset(error, 0, sizeof(*error));
	error->verdict = row->verdict;
	error->code = envelope->code;
	error->message = envelope->message == NULL ? row->meaning : envelope->message;
	error->request_id = envelope->request_id;
	error->hint = row->hint;
	call->api_errors += row->verdict != VERDICT_OK && row->verdict != VERDICT_WAIT;
	if (row->verdict == VERDICT_RETRY)
		return call_back_off(caller, call);
	if (row->verdict == VERDICT_WAIT)
		return call_throttled(caller, call, row, envelope->message);
	return false;
}

/* Releases a call and its reply. */
void
caller_finish(Caller *caller, Call *call)
{
	if (call->reply != NULL)
		reply_free(call->reply);
	if (call->body != NULL)
		pfree(call->body);
	explicit_bzero(call->url, strlen(call->url));
	pfree(call->url);
	pfree(call->method);
	pfree(call);
}

/* Drops the queued calls whose owner answers to the test. */
void
caller_drop(Caller *caller, bool (*drop) (void *owner, void *arg), void *arg)
{
	Call	  **place = &caller->queue;

	while (*place != NULL)
	{
		Call	   *call = *place;

		if (!drop(call->owner, arg))
		{
			place = &call->next;
			continue;
		}
		*place = call->next;
		caller->queued--;
		caller_finish(caller, call);
	}
}

/* Throws a call's error as an ERROR. */
void
call_error_throw(const CallError *error, const char *what)
{
	ereport(ERROR,
			(errcode(error->verdict == VERDICT_REAUTHORISE ?
					 ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION :
					 ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
			 errmsg("could not %s: %s", what, error->message),
			 error->code != 0 && error->request_id != NULL ?
			 errdetail("API code " INT64_FORMAT ", request %s.", error->code, error->request_id) :
			 error->code != 0 ? errdetail("API code " INT64_FORMAT ".", error->code) : 0,
			 error->hint != NULL ? errhint("%s", error->hint) : 0));
}
