/*
 * state.c: the state of aggregates over a person's events: collects them in any
 * order, sorts them, merges the states of workers, and carries them between
 * processes.
 *
 * What must stay true: a state holds 16 bytes for each row that matters and at
 * most as much again while it grows; the order of its events is total (time,
 * then steps), so no answer depends on how rows came or were split among
 * workers; bytes that come in are believed only after they were checked.
 *
 * A row goes first into `recent`, inside the state: rows that come in order of
 * arrival touch the state of another person each time, and with it one place in
 * memory instead of two.  state_sort() makes `events` whole.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/compat.h"
#include "funnel/state.h"

#define STATE_VERSION		1
#define STATE_FIRST_EVENTS	8
#define EVENT_BYTES_MAX		20	/* two numbers of 64 bits in 7-bit bytes */
#define QUESTION_BYTES_MAX	65536

#define ST_SORT events_sort
#define ST_ELEMENT_TYPE FunnelEvent
#define ST_COMPARE(a, b) \
	((a)->at != (b)->at ? ((a)->at < (b)->at ? -1 : 1) : \
	 ((a)->steps > (b)->steps) - ((a)->steps < (b)->steps))
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(tiktokads_funnel_combine);
PG_FUNCTION_INFO_V1(tiktokads_funnel_serialize);
PG_FUNCTION_INFO_V1(tiktokads_funnel_deserialize);

/* What a call site keeps between rows. */
typedef struct CallSite
{
	bool		constant;		/* no argument of the question can change */
	FunnelQuestion *question;	/* of the last group that began, or came in */
} CallSite;

/* Makes a question of a fixed part and a text. */
FunnelQuestion *
question_make(int nsteps, const void *head, int head_size, const char *tail, int tail_size)
{
	FunnelQuestion *question;

	if (head_size + tail_size > QUESTION_BYTES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("pattern or options are longer than %d bytes", QUESTION_BYTES_MAX - head_size)));
	question = palloc(offsetof(FunnelQuestion, bytes) + head_size + tail_size);
	question->nsteps = nsteps;
	question->size = head_size + tail_size;
	memcpy(question->bytes, head, head_size);
	if (tail_size > 0)
		memcpy(question->bytes + head_size, tail, tail_size);
	return question;
}

/* Do two groups of rows ask the same? */
bool
question_equal(const FunnelQuestion *a, const FunnelQuestion *b)
{
	return a == b || (a->nsteps == b->nsteps && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* Refuses groups whose rows ask different things. */
static void
question_check(const FunnelQuestion *a, const FunnelQuestion *b)
{
	if (!question_equal(a, b))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window, mode, pattern, options and number of steps must be the same in all rows of a group")));
}

/* What the call site keeps; made at the first call. */
static CallSite *
call_site(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	return fcinfo->flinfo->fn_extra;
}

/* Are the first arguments of the aggregate constants? */
static bool
arguments_constant(FunctionCallInfo fcinfo, int constants)
{
	Aggref	   *aggref = AggGetAggref(fcinfo);
	int			i;

	if (aggref == NULL || list_length(aggref->args) < constants)
		return false;
	for (i = 0; i < constants; i++)
	{
		if (!IsA(((TargetEntry *) list_nth(aggref->args, i))->expr, Const))
			return false;
	}
	return true;
}

/* How many steps an array of steps has; an error when it cannot be one. */
int
state_step_count(ArrayType *array)
{
	int			nsteps = ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("steps must be a one-dimensional array")));
	if (nsteps < 1 || nsteps > FUNNEL_STEPS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of steps must be between 1 and %d", FUNNEL_STEPS_MAX)));
	return nsteps;
}

/* The steps that a row satisfies; NULL is not satisfied. */
uint64
state_steps(ArrayType *array, int nsteps)
{
	const bool *values = (const bool *) ARR_DATA_PTR(array);
	const bits8 *present = ARR_NULLBITMAP(array);
	uint64		steps = 0;
	int			i;

	for (i = 0; i < nsteps; i++)
	{
		if (present != NULL && !(present[i / 8] >> (i % 8) & 1))
			continue;			/* a NULL has no value in the array */
		steps |= (uint64) (*values++ != 0) << i;
	}
	return steps;
}

/*
 * The state that a row belongs to, made with its question when it is the first:
 * the question is what the first `constants` arguments after the state say, and
 * the last argument, an array, says how many steps there are.
 */
FunnelState *
state_of_row(FunctionCallInfo fcinfo, MemoryContext context, int constants, QuestionMaker make)
{
	FunnelState *state = PG_ARGISNULL(0) ? NULL : (FunnelState *) PG_GETARG_POINTER(0);
	CallSite   *site = call_site(fcinfo);
	int			last = PG_NARGS() - 1;
	int			nsteps;
	bool		known;

	if (PG_ARGISNULL(last))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("steps must not be null"),
				 errhint("A single step may be null: it is then not satisfied.")));
	nsteps = state_step_count(PG_GETARG_ARRAYTYPE_P(last));
	if (site->question == NULL)
		site->constant = arguments_constant(fcinfo, constants);
	known = site->question != NULL && site->constant && site->question->nsteps == nsteps;
	if (!known)
	{
		FunnelQuestion *question = make(fcinfo, nsteps);

		if (site->question == NULL || !question_equal(question, site->question))
		{
			site->question = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, offsetof(FunnelQuestion, bytes) + question->size);
			memcpy(site->question, question, offsetof(FunnelQuestion, bytes) + question->size);
		}
	}
	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(FunnelState));
		state->question = site->question;
		state->sorted = true;
	}
	question_check(state->question, site->question);
	return state;
}

/* Makes room for so many events. */
static void
state_reserve(FunnelState *state, int64 wanted)
{
	int64		capacity = Max(state->capacity, STATE_FIRST_EVENTS);

	if (wanted <= state->capacity)
		return;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > (int64) (MaxAllocHugeSize / sizeof(FunnelEvent)))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events in one group")));
	if (state->events == NULL)
		state->events = MemoryContextAllocHuge(GetMemoryChunkContext(state), capacity * sizeof(FunnelEvent));
	else
		state->events = repalloc_huge(state->events, capacity * sizeof(FunnelEvent));
	state->capacity = capacity;
}

/* Moves the recent rows to the events. */
static void
state_settle(FunnelState *state)
{
	if (state->nrecent == 0)
		return;
	state_reserve(state, state->count + state->nrecent);
	memcpy(&state->events[state->count], state->recent, state->nrecent * sizeof(FunnelEvent));
	state->count += state->nrecent;
	state->nrecent = 0;
	state->sorted = false;
}

/* Adds an event. */
void
state_add(FunnelState *state, int64 at, uint64 steps)
{
	FunnelEvent *event = &state->recent[state->nrecent++];

	event->at = at;
	event->steps = steps;
	if (state->nrecent == STATE_RECENT)
		state_settle(state);
}

/* Makes the events whole and sorts them; those that are sorted already cost one look. */
void
state_sort(FunnelState *state)
{
	state_settle(state);
	if (!state->sorted)
		events_sort(state->events, state->count);
	state->sorted = true;
}

/* Does one event come before another, or with it? */
static inline bool
event_before(const FunnelEvent *a, const FunnelEvent *b)
{
	return a->at < b->at || (a->at == b->at && a->steps <= b->steps);
}

/* Merges the sorted events of a state into those of another, from the end, in place. */
static void
state_merge(FunnelState *into, FunnelState *from)
{
	int64		i = into->count - 1;
	int64		j = from->count - 1;
	int64		k = into->count + from->count - 1;

	state_reserve(into, k + 1);
	while (j >= 0)
	{
		if (i >= 0 && !event_before(&into->events[i], &from->events[j]))
			into->events[k--] = into->events[i--];
		else
			into->events[k--] = from->events[j--];
	}
	into->count += from->count;
}

/* Combines the states of two workers. */
Datum
tiktokads_funnel_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "funnel_combine");
	FunnelState *into = PG_ARGISNULL(0) ? NULL : (FunnelState *) PG_GETARG_POINTER(0);
	FunnelState *from = PG_ARGISNULL(1) ? NULL : (FunnelState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
	{
		into = MemoryContextAllocZero(context, sizeof(FunnelState));
		into->question = from->question;	/* of the call site: it outlives both */
		into->sorted = true;
	}
	question_check(into->question, from->question);
	state_sort(into);
	state_sort(from);
	state_merge(into, from);
	PG_RETURN_POINTER(into);
}

/* Writes a number in bytes of seven bits, the lowest first. */
static inline uint8 *
number_write(uint8 *to, uint64 number)
{
	while (number >= 0x80)
	{
		*to++ = (uint8) (number | 0x80);
		number >>= 7;
	}
	*to++ = (uint8) number;
	return to;
}

/* Reads such a number; NULL when the bytes end or say more than 64 bits. */
static inline const uint8 *
number_read(const uint8 *from, const uint8 *end, uint64 *number)
{
	int			shift;

	*number = 0;
	for (shift = 0; from < end && shift < 64; shift += 7)
	{
		uint64		bits = *from & 0x7f;

		if (shift == 63 && bits > 1)
			return NULL;
		*number |= bits << shift;
		if (!(*from++ & 0x80))
			return from;
	}
	return NULL;
}

/*
 * Writes a state as bytes: a version, the question, and the sorted events, each
 * as the time since the one before and its steps.
 */
Datum
tiktokads_funnel_serialize(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	StringInfoData out;
	uint8	   *to;
	int64		before = 0;
	int64		i;

	(void) aggregate_context(fcinfo, "funnel_serialize");
	state = (FunnelState *) PG_GETARG_POINTER(0);
	state_sort(state);
	if (state->count > (int64) (MaxAllocSize - QUESTION_BYTES_MAX - 64) / EVENT_BYTES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events in one group for a parallel plan: %lld", (long long) state->count),
				 errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	pq_begintypsend(&out);
	pq_sendint8(&out, STATE_VERSION);
	pq_sendint32(&out, state->question->nsteps);
	pq_sendint32(&out, state->question->size);
	pq_sendbytes(&out, state->question->bytes, state->question->size);
	pq_sendint64(&out, state->count);
	enlargeStringInfo(&out, state->count * EVENT_BYTES_MAX);
	to = (uint8 *) out.data + out.len;
	for (i = 0; i < state->count; i++)
	{
		to = number_write(to, (uint64) state->events[i].at - (uint64) before);
		to = number_write(to, state->events[i].steps);
		before = state->events[i].at;
	}
	out.len = (char *) to - out.data;
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Refuses bytes that are no state. */
static void
state_refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of a funnel aggregate")));
}

/* Reads the events of a state, which must be sorted and satisfy no step that there is not. */
static void
state_read_events(FunnelState *state, const uint8 *from, const uint8 *end)
{
	uint64		known = state->question->nsteps == 64 ? ~UINT64CONST(0) : (UINT64CONST(1) << state->question->nsteps) - 1;
	int64		i;

	for (i = 0; i < state->count; i++)
	{
		FunnelEvent *event = &state->events[i];
		uint64		since;

		from = number_read(from, end, &since);
		if (from != NULL)
			from = number_read(from, end, &event->steps);
		if (from == NULL || (event->steps & ~known) != 0)
			state_refuse();
		event->at = i == 0 ? (int64) since : (int64) ((uint64) event[-1].at + since);
		if (i > 0 && !event_before(&event[-1], event))
			state_refuse();
	}
	if (from != end)
		state_refuse();
}

/* The question in a state's bytes, shared with the state before when it is the same. */
static const FunnelQuestion *
question_read(FunctionCallInfo fcinfo, StringInfo in)
{
	CallSite   *site = call_site(fcinfo);
	int			nsteps = pq_getmsgint(in, 4);
	int			size = pq_getmsgint(in, 4);
	const char *bytes;

	if (nsteps < 1 || nsteps > FUNNEL_STEPS_MAX || size < 0 || size > QUESTION_BYTES_MAX)
		state_refuse();
	bytes = pq_getmsgbytes(in, size);
	if (site->question == NULL || site->question->nsteps != nsteps || site->question->size != size ||
		memcmp(site->question->bytes, bytes, size) != 0)
	{
		MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site->question = question_make(nsteps, bytes, size, NULL, 0);
		MemoryContextSwitchTo(before);
	}
	return site->question;
}

/* Makes a state of bytes again. */
Datum
tiktokads_funnel_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	FunnelState *state = palloc0(sizeof(FunnelState));
	StringInfoData in;

	(void) aggregate_context(fcinfo, "funnel_deserialize");
	initStringInfo(&in);
	appendBinaryStringInfo(&in, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	if (pq_getmsgbyte(&in) != STATE_VERSION)
		state_refuse();
	state->question = question_read(fcinfo, &in);
	state->count = pq_getmsgint64(&in);
	if (state->count < 0 || state->count > (in.len - in.cursor) / 2)
		state_refuse();
	state->sorted = true;
	state_reserve(state, Max(state->count, 1));
	state_read_events(state, (uint8 *) in.data + in.cursor, (uint8 *) in.data + in.len);
	pfree(in.data);
	PG_RETURN_POINTER(state);
}
