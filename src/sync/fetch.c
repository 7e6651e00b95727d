/*
 * fetch.c: the pages of open slices, asked for and read.
 *
 * Several slices are read at once, and several of their pages.  Rows go into the
 * slice while their page is parsed; a reply that turns out bad behind some of
 * them makes the slice begin anew.
 */
#include "postgres.h"

#include "api/request.h"
#include "sync/engine.h"
#include "utils/memutils.h"

#define PAGES_PER_PART		10000	/* more than a part can have */
#define PAGE_SIZE_LEAST		50
#define SLICE_PAGES_SPLIT	50	/* more pages than that: cut into days */

/* Which page a reply is of, in which reading of the slice. */
typedef struct PageCall
{
	Slice	   *slice;
	int			page;
	int			epoch;
	int			rows;
} PageCall;

/* Forgets a page whose reply was handled, or is not wanted any more. */
static void
page_finish(Run *run, Call *call)
{
	pfree(call->owner);
	caller_finish(&run->caller, call);
}

/* Sends a request of a slice, not before a time (0: as soon as may be). */
void
fetch_submit(Run *run, Slice *slice, const char *method, const char *endpoint,
			 const char *url, const char *body, int64 not_before_us)
{
	PageCall   *page = MemoryContextAllocZero(run->context, sizeof(PageCall));
	Call	   *call;

	page->slice = slice;
	page->page = slice->next_page;
	page->epoch = slice->epoch;
	slice->in_flight++;
	call = caller_submit(&run->caller, method, endpoint, url, body, page);
	call->not_before = not_before_us;
	call->advertiser_id = slice->scope.advertiser_id;
	call->timeout_splits = slice->target->stream->is_report;
}

/* Asks for the next page of a slice. */
static void
page_submit(Run *run, Slice *slice)
{
	const StreamDef *stream = slice->target->stream;
	RequestScope scope = slice_request(slice, run->connection);
	char	   *url = request_url(run->connection->base_url, stream, &scope, slice->next_page);

	fetch_submit(run, slice, "GET", stream->path, url, NULL, 0);
	slice->next_page++;
	pfree(url);
}

/* True when there is a page to ask for now: the first, or any once the first came. */
static bool
page_is_due(const Slice *slice)
{
	if (slice->state != SLICE_FETCHING || slice->probe != NULL || slice->remote != NULL)
		return false;
	return slice->total_pages < 0 ? slice->next_page == 1 : slice->next_page <= slice->total_pages;
}

/* Asks for pages as far as there is room. */
void
fetch_fill(Run *run, int max_requests)
{
	for (int i = 0; i < run->open.count; i++)
	{
		if (run->open.items[i]->probe != NULL)
			probe_fill(run, run->open.items[i]);
		else if (run->open.items[i]->remote != NULL && run->open.items[i]->state == SLICE_FETCHING)
			remote_fill(run, run->open.items[i]);
		else if (run->open.items[i]->state == SLICE_FETCHING && each_is_over(run->open.items[i]))
			run->open.items[i]->state = SLICE_READY;
		while (page_is_due(run->open.items[i]) && run->caller.queued < max_requests)
			page_submit(run, run->open.items[i]);
	}
}

/* True for a queued page of this slice, which is freed. */
static bool
page_is_of(void *owner, void *slice)
{
	PageCall   *page = owner;

	if (page->slice != slice)
		return false;
	pfree(page);
	return true;
}

/* Drops the pages of a slice that are still to be sent. */
void
fetch_forget(Run *run, Slice *slice)
{
	caller_drop(&run->caller, page_is_of, slice);
}

/* Reads a slice again from its first page, because it moved; false: often enough. */
bool
fetch_again(Slice *slice)
{
	if (slice->rereads >= SLICE_REREADS)
		return false;
	slice->rereads++;
	slice_note(slice, "read again because it changed meanwhile");
	slice_begin(slice);
	return true;
}

/* Reads a slice again in smaller pages, because one took too long; false: they are small. */
bool
fetch_smaller(Slice *slice)
{
	int			size = slice->page_size > 0 ? slice->page_size : slice->target->stream->page_size;

	if (!slice->target->stream->paged || size / 2 < PAGE_SIZE_LEAST)
		return false;
	slice->page_size = size / 2;
	slice_note(slice, "read in pages of %d rows", slice->page_size);
	slice_begin(slice);
	return true;
}

/* How many pages a slice has in all, 0: that is no news. */
static double
pages_expected(const Slice *slice)
{
	if (slice->pages_done == 1 && (slice->scope.each_count == 0 || slice->total_pages > SLICE_PAGES_SPLIT))
		return slice->total_pages;
	/* what goes through others is cut when it has become too large */
	if (slice->scope.each_now + 1 < slice->scope.each_count && slice_is_whole(slice) &&
		slice->nrows > (int64) SLICE_PAGES_SPLIT * slice->target->stream->page_size)
		return each_pages(slice);
	return 0;
}

/* Cuts a slice that is too large into fewer days; false: it is not, or cannot be cut. */
static bool
slice_cut(Run *run, Slice *slice)
{
	CallError	large = {VERDICT_SPLIT, 0, "more pages than a slice may have: cut into fewer days", NULL, NULL};
	int			days = slice_days(slice);
	double		pages = pages_expected(slice);

	if (days == 0 || pages == 0)
		return false;
	slice->density->pages_per_day = pages / days;
	if (days == 1 || pages <= SLICE_PAGES_SPLIT)
		return false;
	settle_split(run, slice, Max(1, (int) (SLICE_PAGES_SPLIT / slice->density->pages_per_day)), &large);
	return true;
}

/* After a page: is the slice too large, whole, or in need of another reading? */
static void
slice_step(Run *run, Slice *slice)
{
	if (slice_cut(run, slice))
		return;
	if (!slice_is_whole(slice))
		return;
	if (slice->truncated && remote_begin(run, slice))
		return;
	if (slice->parts.count > 0)
	{
		if (!remote_next_part(slice))
			slice->state = SLICE_READY;
		return;
	}
	if (each_next(slice))
		return;
	if (slice_is_consistent(slice) || !fetch_again(slice))
		slice->state = SLICE_READY;
}

/* Takes one parsed row. */
static void
page_sink(void *arg, Datum *values, bool *nulls)
{
	PageCall   *page = arg;

	slice_add_row(page->slice, (page->slice->part + page->slice->scope.each_now) * PAGES_PER_PART + page->page, page->rows++, values, nulls);
}

/* Parses a page's reply into its slice; an error when it is malformed. */
static void
page_parse(Run *run, PageCall *page, const Reply *reply, Envelope *envelope)
{
	Slice	   *slice = page->slice;
	MemoryContext before = MemoryContextSwitchTo(run->page_context);

	row_shape_reset(slice->shape);
	reply_parse(reply->body, reply->body_len, slice->shape, slice->target->stream->list_name,
				page_sink, page, envelope);
	MemoryContextSwitchTo(before);
	for (int i = 0; i < slice->target->ncolumns; i++)
		slice->filled[i] |= row_shape_filled(slice->shape)[i];
}

/* Parses a page's reply; a malformed one is caught and returned. */
static ErrorData *
page_try_parse(Run *run, PageCall *page, const Reply *reply, Envelope *envelope)
{
	MemoryContext before = CurrentMemoryContext;
	ErrorData  *volatile failure = NULL;

	PG_TRY();
	{
		page_parse(run, page, reply, envelope);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(before);
		failure = CopyErrorData();
		if (failure->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			ERRCODE_TO_CATEGORY(failure->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
			ERRCODE_TO_CATEGORY(failure->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return failure;
}

/* Counts what a call came to since it was counted last. */
static void
slice_count(Slice *slice, Call *call)
{
	slice->requests += call->attempt - call->counted;
	slice->retries += call->attempt - Max(call->counted, 1);
	call->counted = call->attempt;
	slice->throttles += call->throttles;
	slice->http_errors += call->http_errors;
	slice->api_errors += call->api_errors;
	call->throttles = call->http_errors = call->api_errors = 0;
}

/* Parses the pages that were held because they looked the same, now that one does not. */
static void
held_parse(Run *run, PageCall *page)
{
	Slice	   *slice = page->slice;
	int			number = page->page;
	int			next_page = slice->next_page;
	Envelope	envelope;
	Reply		reply = {0};

	if (!repeat_ends(slice))
		return;
	slice->pages_done = 0;
	slice->total_pages = -1;
	resetStringInfo(&slice->request_ids);
	while (repeat_give(slice, &page->page, &reply.body, &reply.body_len))
	{
		page->rows = 0;
		page_parse(run, page, &reply, &envelope);
		slice_add_page(slice, &envelope, page->page);
		run->totals->rows += page->rows;
	}
	slice->next_page = next_page;
	page->page = number;
	page->rows = 0;
}

/* Takes a page that is what was stored last time. */
static void
page_same(Run *run, Call *call, Slice *slice)
{
	run->totals->pages++;
	page_finish(run, call);
	if (!repeat_is_all(slice))
		return;
	slice->unchanged = true;
	slice->nrows = slice->total_rows = repeat_rows(slice);
	run->totals->rows += slice->nrows;
	slice->state = SLICE_READY;
}

/* Handles a reply of a slice that is being read. */
static void
page_arrived(Run *run, Call *call, PageCall *page)
{
	Slice	   *slice = page->slice;
	Envelope	envelope;
	CallError	error;
	ErrorData  *failure;

	slice->bytes += call->reply->body_len;
	slice->api_seconds += call->reply->seconds;
	slice->truncated |= call->reply->truncated_header;
	if (caller_failed(call, &error))
	{
		settle_judge(run, slice, &error);
		page_finish(run, call);
		return;
	}
	page->rows = 0;
	if (repeat_take(slice, page->page, call->reply))
	{
		page_same(run, call, slice);
		return;
	}
	held_parse(run, page);
	failure = page_try_parse(run, page, call->reply, &envelope);
	if (failure == NULL && verdict_of_code(envelope.code)->verdict == VERDICT_OK)
	{
		slice_add_page(slice, &envelope, page->page);
		run->totals->pages++;
		run->totals->rows += page->rows;
		page_finish(run, call);
		slice_step(run, slice);
		return;
	}
	if (page->rows > 0)
	{
		/* rows of a reply that turned out bad: begin the slice anew, or give it up */
		error = failure != NULL ? settle_error(failure) :
			(CallError) {VERDICT_GIVE_UP, envelope.code, envelope.message, envelope.request_id, NULL};
		page_finish(run, call);
		if (!fetch_again(slice))
			settle_judge(run, slice, &error);
		return;
	}
	if (failure != NULL)
	{
		error = settle_error(failure);
		if (caller_retry_malformed(&run->caller, call))
		{
			slice->in_flight++;
			return;
		}
	}
	else if (caller_retry(&run->caller, call, &envelope, &error))
	{
		slice->in_flight++;
		return;
	}
	slice_count(slice, call);
	settle_judge(run, slice, &error);
	page_finish(run, call);
}

/* Handles a reply to something else than a page; true when the call was queued again. */
static bool
special_arrived(Run *run, Slice *slice, Call *call)
{
	MemoryContext before = CurrentMemoryContext;
	volatile bool again = false;
	CallError	error = {0};

	PG_TRY();
	{
		again = slice->probe != NULL ? probe_arrived(run, slice, call) : remote_arrived(run, slice, call);
	}
	PG_CATCH();
	{
		ErrorData  *failure;

		MemoryContextSwitchTo(before);
		failure = CopyErrorData();
		if (failure->sqlerrcode != ERRCODE_INVALID_JSON_TEXT && failure->sqlerrcode != ERRCODE_BAD_COPY_FILE_FORMAT)
			PG_RE_THROW();
		FlushErrorState();
		error = settle_error(failure);
	}
	PG_END_TRY();
	if (error.message != NULL)
	{
		again = caller_retry_malformed(&run->caller, call);
		if (!again)
			settle_judge(run, slice, &error);
	}
	return again;
}

/* Handles a reply, whichever slice it is for. */
void
fetch_arrived(Run *run, Call *call)
{
	PageCall   *page = call->owner;
	MemoryContext before = MemoryContextSwitchTo(run->page_context);

	page->slice->in_flight--;
	slice_count(page->slice, call);
	if (page->slice->state != SLICE_FETCHING || page->epoch != page->slice->epoch)
		page_finish(run, call);
	else if (page->slice->probe != NULL || page->slice->remote != NULL)
	{
		if (special_arrived(run, page->slice, call))
			page->slice->in_flight++;
		else
			page_finish(run, call);
	}
	else
		page_arrived(run, call, page);
	MemoryContextSwitchTo(before);
	MemoryContextReset(run->page_context);
}
