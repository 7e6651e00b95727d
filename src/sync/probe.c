/*
 * probe.c: which metrics the API refuses.
 *
 * It answers a request with one bad metric by refusing the whole.  The list is
 * halved until the bad ones are alone: as many requests as there are bad
 * metrics times the logarithm of the list.  First two metrics are tried each by
 * itself: when both are refused too, metrics are not what is wrong.  A metric
 * that is alone is asked for twice, lest one accident cost it for good.
 *
 * What is found is on record for that ad account and stream, and the slice
 * begins anew with the others.
 */
#include "postgres.h"

#include "api/request.h"
#include "executor/spi.h"
#include "sync/engine.h"
#include "sync/parameter.h"
#include "utils/memutils.h"

/* A run of the list that was not judged yet. */
typedef struct Piece
{
	int			from;
	int			count;
	bool		again;			/* it was refused before */
} Piece;

struct Probe
{
	const Names *metrics;		/* that were refused together */
	ARRAY_OF(Piece) open;		/* the last one is being tried */
	Names		refused;
	Names		words;			/* what the API said of each */
	int			trials;			/* of single metrics, at first */
	bool		plausible;		/* one of these was accepted */
	CallError	error;			/* the API's words */
};

/* What a unit of work records. */
typedef struct ProbeWork
{
	Slice	   *slice;
} ProbeWork;

/* True when an answer may mean that a metric is refused. */
static bool
probe_concerns(const Slice *slice, const CallError *error)
{
	const Names *metrics = slice->metrics != NULL ? slice->metrics : &slice->target->stream->metrics;

	return (error->code == 40002 || error->code == 41002) && slice->probe == NULL && !slice->probed &&
		slice->pages_done == 0 && slice->target->stream->is_report && metrics->count > 1;
}

/* Puts a run of the list among those to try. */
static void
piece_push(Probe *probe, int from, int count, bool again)
{
	Piece	   *piece = array_add(&probe->open);

	piece->from = from;
	piece->count = count;
	piece->again = again;
}

/* Begins to look for refused metrics; false: that is not what is wrong. */
bool
probe_begin(Run *run, Slice *slice, const CallError *error)
{
	MemoryContext before;
	Probe	   *probe;

	if (!probe_concerns(slice, error))
		return false;
	before = MemoryContextSwitchTo(run->context);
	probe = palloc0(sizeof(Probe));
	probe->metrics = slice->metrics != NULL ? slice->metrics : &slice->target->stream->metrics;
	probe->refused.items = palloc(probe->metrics->count * sizeof(char *));
	probe->words.items = palloc(probe->metrics->count * sizeof(char *));
	probe->error = *error;
	probe->error.message = pstrdup(error->message);
	probe->error.request_id = error->request_id == NULL ? NULL : pstrdup(error->request_id);
	piece_push(probe, 1, 1, false);
	piece_push(probe, 0, 1, false);
	slice->probe = probe;
	slice->probed = true;
	slice->epoch++;
	fetch_forget(run, slice);
	MemoryContextSwitchTo(before);
	return true;
}

/* Asks for one row of the metrics that are being tried, when nothing is on its way. */
void
probe_fill(Run *run, Slice *slice)
{
	Probe	   *probe = slice->probe;
	const StreamDef *stream = slice->target->stream;
	RequestScope scope = slice_request(slice, run->connection);
	const Piece *piece = &probe->open.items[probe->open.count - 1];
	Names		some = {probe->metrics->items + piece->from, piece->count};
	char	   *url;

	if (slice->in_flight > 0)
		return;
	scope.metrics = &some;
	scope.page_size = 1;
	url = request_url(run->connection->base_url, stream, &scope, 1);
	fetch_submit(run, slice, "GET", stream->path, url, NULL, 0);
	pfree(url);
}

/* Unit: records the metrics that were refused. */
static void
unit_refused(void *arg)
{
	ProbeWork  *work = arg;
	Slice	   *slice = work->slice;
	const Probe *probe = slice->probe;

	for (int i = 0; i < probe->refused.count; i++)
	{
		Parameters	parameters = {0};

		add_int64(&parameters, slice->scope.advertiser_id);
		add_text(&parameters, slice->target->stream->name);
		add_text(&parameters, probe->refused.items[i]);
		add_int64(&parameters, probe->error.code);
		add_text(&parameters, probe->words.items[i]);
		execute("SELECT tiktokads.metric_refuse($1, $2, $3, $4, $5)", &parameters, SPI_OK_SELECT);
	}
}

/* Ends the search: the slice begins anew with what is left (all of it, when the refusal was an accident), or fails as it would have. */
static void
probe_end(Run *run, Slice *slice)
{
	Probe	   *probe = slice->probe;
	ProbeWork	work = {slice};

	if (!probe->plausible)
	{
		slice->probe = NULL;
		settle_judge(run, slice, &probe->error);
		return;
	}
	if (probe->refused.count > 0)
	{
		unit_run(run->authority, unit_refused, &work);
		slice->metrics = names_without(run->context, probe->metrics, &probe->refused);
		slice_note(slice, "%d metrics are refused for this ad account", probe->refused.count);
	}
	slice->probe = NULL;
	slice_begin(slice);
}

/* Takes the verdict on the run of the list that was being tried. */
static void
probe_judge(Probe *probe, bool accepted, const char *words)
{
	Piece		piece = probe->open.items[--probe->open.count];

	if (probe->trials < 2)
	{
		probe->trials++;
		probe->plausible |= accepted;
		if (accepted)
			probe->trials = 2;
		if (probe->trials == 2)
		{
			probe->open.count = 0;
			if (probe->plausible)
			{
				piece_push(probe, probe->metrics->count / 2, probe->metrics->count - probe->metrics->count / 2, false);
				piece_push(probe, 0, probe->metrics->count / 2, false);
			}
		}
		return;
	}
	if (accepted)
		return;
	if (piece.count == 1 && !piece.again)
		piece_push(probe, piece.from, 1, true);
	else if (piece.count == 1)
	{
		probe->words.items[probe->refused.count] = pstrdup(words);
		probe->refused.items[probe->refused.count++] = probe->metrics->items[piece.from];
	}
	else
	{
		piece_push(probe, piece.from + piece.count / 2, piece.count - piece.count / 2, false);
		piece_push(probe, piece.from, piece.count / 2, false);
	}
}

/* Handles an answer; true when the call was queued again. */
bool
probe_arrived(Run *run, Slice *slice, Call *call)
{
	Envelope	envelope;
	CallError	error;
	bool		accepted;
	MemoryContext before;

	if (caller_failed(call, &error))
	{
		slice->probe = NULL;
		settle_judge(run, slice, &error);
		return false;
	}
	reply_parse(call->reply->body, call->reply->body_len, NULL, NULL, NULL, NULL, &envelope);
	accepted = verdict_of_code(envelope.code)->verdict == VERDICT_OK;
	if (!accepted && caller_retry(&run->caller, call, &envelope, &error))
		return true;
	if (!accepted && error.code != 40002 && error.code != 41002)
	{
		slice->probe = NULL;
		settle_judge(run, slice, &error);
		return false;
	}
	before = MemoryContextSwitchTo(run->context);
	probe_judge(slice->probe, accepted, accepted ? NULL : error.message);
	MemoryContextSwitchTo(before);
	if (slice->probe->open.count == 0)
		probe_end(run, slice);
	return false;
}
