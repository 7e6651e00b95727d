/*
 * state.c: the state of aggregates over a person's events: collects them in any
 * order, sorts them, merges the states of workers, and carries them between
 * processes.
 *
 * What must stay true: a state holds 8 bytes for each row that matters, 16 when
 * the rows do not fit those, and at most as much again while it grows; the order
 * of its events is total (time, then steps), narrow or wide, so no answer
 * depends on how rows came or were split among workers; bytes that come in are
 * believed only after they were checked.
 *
 * Rows that come in order of arrival touch the state of another person each
 * time, so it matters how much memory that is and how far apart.  A row goes
 * first into `recent`, inside the state; and events have a context of their own,
 * so that the states, and the executor's hash table, lie close together.
 * state_sort() makes `events` whole.
 */
#include "postgres.h"

#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/memnodes.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/compat.h"
#include "funnel/state.h"

#define STATE_VERSION		1
#define STATE_FIRST_BYTES	128
#define SCRATCH_EVENTS_MAX	65536	/* of a state that is not made wide to be read */
#define NARROW_STEPS		16
#define NARROW_ZERO			(INT64CONST(1) << 47)	/* narrow time of the base */
#define CHILDREN_TO_LOOK_AT	16

#define ST_SORT narrow_sort
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

#define ST_SORT events_sort
#define ST_ELEMENT_TYPE FunnelEvent
#define ST_COMPARE(a, b) event_order(a, b)
#define ST_SCOPE extern
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(tiktokads_funnel_combine);
PG_FUNCTION_INFO_V1(tiktokads_funnel_serialize);
PG_FUNCTION_INFO_V1(tiktokads_funnel_deserialize);

/* The steps that a row satisfies; NULL is not satisfied. */
uint64
state_steps(ArrayType *array, int nsteps)
{
	const bool *values = (const bool *) ARR_DATA_PTR(array);
	const bits8 *present = ARR_NULLBITMAP(array);
	uint64		steps = 0;
	int			i;

	for (i = 0; i < nsteps && present == NULL; i++)
		steps |= (uint64) (values[i] != 0) << i;
	for (; i < nsteps; i++)
	{
		if (!(present[i / 8] >> (i % 8) & 1))
			continue;			/* a NULL has no value in the array */
		steps |= (uint64) (*values++ != 0) << i;
	}
	return steps;
}

/*
 * The context below an aggregate's for the events of its states.  It is found by
 * name among the first children, which costs a new one now and then when other
 * aggregates have many of their own; it goes when the aggregate's is reset.
 */
static MemoryContext
events_context(MemoryContext home)
{
	static const char name[] = "funnel events";
	MemoryContext child = home->firstchild;
	int			i;

	for (i = 0; i < CHILDREN_TO_LOOK_AT && child != NULL; i++, child = child->nextchild)
	{
		if (child->name == name)
			return child;
	}
	return AllocSetContextCreateInternal(home, name, ALLOCSET_DEFAULT_SIZES);
}

/* An empty state in a context, where its events will be too. */
FunnelState *
state_make(MemoryContext context, const FunnelQuestion *question)
{
	FunnelState *state = MemoryContextAllocZero(context, sizeof(FunnelState));

	state->question = question;
	state->context = context;
	state->sorted = true;
	return state;
}

/* The state that a row belongs to, made with its question when it is the first. */
FunnelState *
state_of_row(FunctionCallInfo fcinfo, MemoryContext context, int constants, QuestionMaker make)
{
	FunnelState *state = PG_ARGISNULL(0) ? NULL : (FunnelState *) PG_GETARG_POINTER(0);
	const FunnelQuestion *question = question_of_row(fcinfo, constants, make, NULL, state ? state->question : NULL);

	if (state == NULL)
	{
		state = state_make(context, question);
		state->context = events_context(context);
	}
	return state;
}

/* Bytes of an event. */
static inline Size
event_size(const FunnelState *state)
{
	return state->wide ? sizeof(FunnelEvent) : sizeof(uint64);
}

/* Makes an event narrow; false when it does not fit. */
static inline bool
event_narrow(int64 base, int64 at, uint64 steps, uint64 *narrow)
{
	int64		since;

	if (pg_sub_s64_overflow(at, base, &since) || since < -NARROW_ZERO || since >= NARROW_ZERO || steps >> NARROW_STEPS != 0)
		return false;
	*narrow = (uint64) (since + NARROW_ZERO) << NARROW_STEPS | steps;
	return true;
}

/* The event that a narrow one is. */
static inline FunnelEvent
event_widen(int64 base, uint64 narrow)
{
	FunnelEvent event;

	event.at = base + ((int64) (narrow >> NARROW_STEPS) - NARROW_ZERO);
	event.steps = narrow & ((UINT64CONST(1) << NARROW_STEPS) - 1);
	return event;
}

/* An event of a state. */
static inline FunnelEvent
event_get(const FunnelState *state, int64 i)
{
	return state->wide ? ((const FunnelEvent *) state->events)[i] : event_widen(state->base, ((const uint64 *) state->events)[i]);
}

/* Gives the events an array of so many. */
static void
state_resize(FunnelState *state, int64 capacity)
{
	if (capacity > (int64) (MaxAllocHugeSize / event_size(state)))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events in one group")));
	if (state->events == NULL)
		state->events = MemoryContextAllocHuge(state->context, capacity * event_size(state));
	else
		state->events = repalloc_huge(state->events, capacity * event_size(state));
	state->capacity = capacity;
}

/* Makes room for so many events. */
static void
state_reserve(FunnelState *state, int64 wanted)
{
	int64		capacity = Max(state->capacity, (int64) (STATE_FIRST_BYTES / event_size(state)));

	if (wanted <= state->capacity)
		return;
	while (capacity < wanted)
		capacity *= 2;
	state_resize(state, capacity);
}

/* Moves the recent rows to the events. */
static void
state_settle(FunnelState *state)
{
	if (state->nrecent == 0)
		return;
	state_reserve(state, state->count + state->nrecent);
	memcpy((char *) state->events + state->count * event_size(state), &state->recent, state->nrecent * event_size(state));
	state->count += state->nrecent;
	state->nrecent = 0;
	state->sorted = false;
}

/* Makes the events wide, in place: from the end, where a wide one covers none that is still to be read. */
static void
state_widen(FunnelState *state)
{
	FunnelEvent *wide;
	const uint64 *narrow;
	int64		i;

	if (state->wide)
		return;
	state_settle(state);
	state->wide = true;
	if (state->events == NULL)
		return;
	state_resize(state, Max(state->count, STATE_FIRST_BYTES / (int64) sizeof(FunnelEvent)));
	wide = state->events;
	narrow = state->events;
	for (i = state->count - 1; i >= 0; i--)
		wide[i] = event_widen(state->base, narrow[i]);
}

/* Adds an event. */
void
state_add(FunnelState *state, int64 at, uint64 steps)
{
	if (!state->wide)
	{
		if (state->nrecent == 0 && state->count == 0)
			state->base = at;
		if (event_narrow(state->base, at, steps, &state->recent.narrow[state->nrecent]))
		{
			if (++state->nrecent == STATE_RECENT_NARROW)
				state_settle(state);
			return;
		}
		state_widen(state);
	}
	state->recent.wide[state->nrecent].at = at;
	state->recent.wide[state->nrecent].steps = steps;
	if (++state->nrecent == STATE_RECENT_WIDE)
		state_settle(state);
}

/* Makes the events whole and sorts them; those that are sorted already cost one look. */
static void
state_sort(FunnelState *state)
{
	state_settle(state);
	if (!state->sorted && state->wide)
		events_sort(state->events, state->count);
	else if (!state->sorted)
		narrow_sort(state->events, state->count);
	state->sorted = true;
}

/* The events, sorted and wide, `count` of them: the state's own, or a copy in the current context while they are few. */
const FunnelEvent *
state_events(FunnelState *state)
{
	FunnelEvent *copy;
	int64		i;

	state_sort(state);
	if (state->count > SCRATCH_EVENTS_MAX)
		state_widen(state);
	if (state->wide)
		return state->events;
	copy = palloc(Max(state->count, 1) * sizeof(FunnelEvent));
	for (i = 0; i < state->count; i++)
		copy[i] = event_widen(state->base, ((const uint64 *) state->events)[i]);
	return copy;
}

/* Can the events of a state, sorted and narrow, count from another base? */
static bool
state_fits_base(const FunnelState *state, int64 base)
{
	uint64		narrow;

	return state->count == 0 ||
		(event_narrow(base, event_get(state, 0).at, 0, &narrow) &&
		 event_narrow(base, event_get(state, state->count - 1).at, 0, &narrow));
}

/* Adds narrow events to those of another state: merges both from the end, in place. */
static void
merge_narrow(FunnelState *into, const FunnelState *from)
{
	uint64	   *to = into->events;
	const uint64 *more = from->events;
	uint64		shift = ((uint64) from->base - (uint64) into->base) << NARROW_STEPS;
	int64		i = into->count - 1;
	int64		j = from->count - 1;

	while (j >= 0)
	{
		if (i >= 0 && to[i] > more[j] + shift)
		{
			to[i + j + 1] = to[i];
			i--;
		}
		else
		{
			to[i + j + 1] = more[j] + shift;
			j--;
		}
	}
}

/* The same for wide events. */
static void
merge_wide(FunnelState *into, const FunnelState *from)
{
	FunnelEvent *to = into->events;
	const FunnelEvent *more = from->events;
	int64		i = into->count - 1;
	int64		j = from->count - 1;

	while (j >= 0)
	{
		if (i >= 0 && event_order(&to[i], &more[j]) > 0)
		{
			to[i + j + 1] = to[i];
			i--;
		}
		else
		{
			to[i + j + 1] = more[j];
			j--;
		}
	}
}

/* Adds the events of a state to those of another. */
void
state_absorb(FunnelState *into, FunnelState *from)
{
	state_sort(into);
	state_sort(from);
	if (from->count == 0)
		return;
	if (into->events == NULL)
	{
		into->wide = from->wide;
		into->base = from->base;
	}
	if (into->wide || from->wide || !state_fits_base(from, into->base))
	{
		state_widen(into);
		state_widen(from);
	}
	state_reserve(into, into->count + from->count);
	if (into->count == 0)
		memcpy(into->events, from->events, from->count * event_size(from));
	else if (into->wide)
		merge_wide(into, from);
	else
		merge_narrow(into, from);
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
		into = state_make(context, from->question); /* of the call site: it outlives both */
		into->context = events_context(context);
	}
	question_must_equal(into->question, from->question);
	state_absorb(into, from);
	PG_RETURN_POINTER(into);
}

/* Opens a state's bytes for reading, where they are. */
void
state_bytes(StringInfo in, bytea *bytes)
{
	in->data = VARDATA_ANY(bytes);
	in->len = VARSIZE_ANY_EXHDR(bytes);
	in->maxlen = 0;
	in->cursor = 0;
}

/* Writes the events of a state, sorted, as they are. */
void
events_write(StringInfo out, FunnelState *state)
{
	state_sort(state);
	if (state->count > (int64) ((MaxAllocSize - out->len - 64) / event_size(state)))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events in one group for a parallel plan: %lld", (long long) state->count),
				 errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	pq_sendbyte(out, state->wide);
	pq_sendint64(out, state->base);
	pq_sendint64(out, state->count);
	pq_sendbytes(out, state->events, (int) (state->count * event_size(state)));
}

/* Are the events of a state sorted, and do they satisfy no step that there is not? */
static bool
events_good(const FunnelState *state)
{
	int			nsteps = state->question->nsteps;
	uint64		unknown = nsteps == 64 ? 0 : ~UINT64CONST(0) << nsteps;
	FunnelEvent before = {PG_INT64_MIN, 0};
	int64		i;

	for (i = 0; i < state->count; i++)
	{
		FunnelEvent event = event_get(state, i);

		if ((event.steps & unknown) != 0 || event_order(&before, &event) > 0)
			return false;
		before = event;
	}
	return true;
}

/* Reads events into an empty state. */
void
events_read(StringInfo in, FunnelState *state)
{
	int			wide = pq_getmsgbyte(in);
	int64		base = pq_getmsgint64(in);
	int64		count = pq_getmsgint64(in);

	if (state->count > 0 || state->nrecent > 0 || wide > 1)
		state_refuse();
	state->wide = wide;
	state->base = base;
	if (count < 0 || count > (in->len - in->cursor) / (int64) event_size(state))
		state_refuse();
	state_reserve(state, count);
	if (count > 0)
		pq_copymsgbytes(in, (char *) state->events, (int) (count * event_size(state)));
	state->count = count;
	if (!events_good(state))
		state_refuse();
}

/* Writes a state as bytes: a version, the question, the events. */
Datum
tiktokads_funnel_serialize(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	StringInfoData out;

	(void) aggregate_context(fcinfo, "funnel_serialize");
	state = (FunnelState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&out);
	pq_sendint8(&out, STATE_VERSION);
	question_write(&out, state->question);
	events_write(&out, state);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Makes a state of bytes again. */
Datum
tiktokads_funnel_deserialize(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	StringInfoData in;

	(void) aggregate_context(fcinfo, "funnel_deserialize");
	state_bytes(&in, PG_GETARG_BYTEA_PP(0));
	if (pq_getmsgbyte(&in) != STATE_VERSION)
		state_refuse();
	state = state_make(CurrentMemoryContext, question_read(fcinfo, &in));
	events_read(&in, state);
	pq_getmsgend(&in);
	PG_RETURN_POINTER(state);
}
