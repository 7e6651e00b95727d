/*
 * path.c: the aggregates funnel_path(), a person's best attempt at a funnel, and
 * funnel_attempts(), all that count.
 *
 * Rows are kept apart by what their options say of `session` and `hold`: an
 * attempt never mixes two of them.  The rest of the options must be the same in
 * all rows of a group.
 *
 * What must stay true: the keys of a state are sorted and differ; each has a
 * FunnelState with the question of the whole.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/aggregate.h"
#include "base/array.h"
#include "base/compat.h"
#include "funnel/options.h"
#include "funnel/state.h"
#include "funnel/window.h"

#define PATH_VERSION	1

PG_FUNCTION_INFO_V1(tiktokads_funnel_path_step);
PG_FUNCTION_INFO_V1(tiktokads_funnel_path_combine);
PG_FUNCTION_INFO_V1(tiktokads_funnel_path_serialize);
PG_FUNCTION_INFO_V1(tiktokads_funnel_path_deserialize);
PG_FUNCTION_INFO_V1(tiktokads_funnel_path_final);
PG_FUNCTION_INFO_V1(tiktokads_funnel_attempts_final);

/* Before the options, which end with a zero byte. */
typedef struct PathHead
{
	int64		window;
	int64		mode;
} PathHead;

/* The rows of one session and held value. */
typedef struct PathPart
{
	char	   *key;
	FunnelState *state;
} PathPart;

typedef struct PathState
{
	const FunnelQuestion *question;
	ARRAY_OF(PathPart) parts;
} PathState;

/* The options of a row: NULL is none. */
static Jsonb *
path_options(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(3))
		return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	return PG_GETARG_JSONB_P(3);
}

/* The rules of a question. */
static void
path_rules(const FunnelQuestion *question, AttemptRules *rules, FunnelCount *count)
{
	const PathHead *head = (const PathHead *) question->bytes;
	Jsonb	   *options;

	if (question->size <= sizeof(PathHead) || question->bytes[question->size - 1] != '\0' || head->window < 0)
		state_refuse();
	options = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(question->bytes + sizeof(PathHead))));
	attempt_rules_plain(rules, head->window, (unsigned) head->mode, question->nsteps);
	*count = COUNT_PERSON;
	funnel_options_read(options, question->nsteps, rules, count, NULL, NULL);
}

/* The question of a row: window, mode, and the options without what concerns single rows. */
static FunnelQuestion *
path_question(FunctionCallInfo fcinfo, int nsteps)
{
	PathHead	head;
	Datum		options = JsonbPGetDatum(path_options(fcinfo));
	char	   *rest;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("window must not be null")));
	if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(options)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel options must be a JSON object")));
	head.window = window_microseconds(PG_GETARG_INTERVAL_P(1));
	head.mode = PG_ARGISNULL(2) ? 0 : window_mode(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	options = DirectFunctionCall2(jsonb_delete, options, CStringGetTextDatum("session"));
	options = DirectFunctionCall2(jsonb_delete, options, CStringGetTextDatum("hold"));
	rest = JsonbToCString(NULL, &DatumGetJsonbP(options)->root, VARSIZE(DatumGetJsonbP(options)));
	return question_make(nsteps, &head, sizeof(head), rest, (int) strlen(rest) + 1);
}

/* Refuses options that are wrong. */
static void
path_question_check(const FunnelQuestion *question)
{
	AttemptRules rules;
	FunnelCount count;

	path_rules(question, &rules, &count);
}

/* Which rows a row belongs with: its session and held value; NULL when one of them is null. */
static char *
path_key(const Jsonb *options)
{
	static const char *const names[] = {"session", "hold"};
	StringInfoData key;
	int			i;

	initStringInfo(&key);
	for (i = 0; i < lengthof(names); i++)
	{
		JsonbValue	value;
		char	   *text;

		if (!options_value(options, names[i], &value))
			continue;
		text = options_text(options, names[i]);
		if (text == NULL)
			return NULL;
		appendStringInfo(&key, "%d:%zu:%s", i, strlen(text), text);
	}
	return key.data;
}

/* Where a key is, or would be, among the parts. */
static int
path_place(const PathState *state, const char *key, bool *found)
{
	int			low = 0;
	int			high = state->parts.count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(state->parts.items[middle].key, key);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

/* The part of a key, made in the state's context when it is new. */
static PathPart *
path_part(PathState *state, const char *key)
{
	MemoryContext before = MemoryContextSwitchTo(GetMemoryChunkContext(state));
	bool		found;
	int			place = path_place(state, key, &found);
	PathPart   *part;

	if (!found)
	{
		(void) array_add(&state->parts);
		part = &state->parts.items[place];
		memmove(part + 1, part, (state->parts.count - 1 - place) * sizeof(PathPart));
		part->key = pstrdup(key);
		part->state = state_make(CurrentMemoryContext, state->question);
	}
	MemoryContextSwitchTo(before);
	return &state->parts.items[place];
}

/* An empty state in a context. */
static PathState *
path_state_make(MemoryContext context, const FunnelQuestion *question)
{
	PathState  *state = MemoryContextAllocZero(context, sizeof(PathState));

	state->question = question;
	return state;
}

/* Adds a row: (state, window, mode, options, at, steps). */
Datum
tiktokads_funnel_path_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "funnel_path");
	PathState  *state = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);
	const FunnelQuestion *question = question_of_row(fcinfo, 3, path_question, path_question_check,
													 state ? state->question : NULL);
	uint64		steps;

	if (state == NULL)
		state = path_state_make(context, question);
	steps = state_steps(row_array(fcinfo), question->nsteps);
	if (!PG_ARGISNULL(4) && (steps != 0 || (((const PathHead *) question->bytes)->mode & FUNNEL_STRICT_ORDER)))
	{
		char	   *key = path_key(path_options(fcinfo));

		if (key != NULL)
			state_add(path_part(state, key)->state, PG_GETARG_INT64(4), steps);
	}
	PG_RETURN_POINTER(state);
}

/* Combines the states of two workers. */
Datum
tiktokads_funnel_path_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "funnel_path_combine");
	PathState  *into = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);
	PathState  *from = PG_ARGISNULL(1) ? NULL : (PathState *) PG_GETARG_POINTER(1);
	int			i;

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
		into = path_state_make(context, from->question);
	question_must_equal(into->question, from->question);
	for (i = 0; i < from->parts.count; i++)
		state_absorb(path_part(into, from->parts.items[i].key)->state, from->parts.items[i].state);
	PG_RETURN_POINTER(into);
}

/* Writes a state as bytes: a version, the question, and each part with its key. */
Datum
tiktokads_funnel_path_serialize(PG_FUNCTION_ARGS)
{
	PathState  *state;
	StringInfoData out;
	int			i;

	(void) aggregate_context(fcinfo, "funnel_path_serialize");
	state = (PathState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&out);
	pq_sendint8(&out, PATH_VERSION);
	question_write(&out, state->question);
	pq_sendint32(&out, state->parts.count);
	for (i = 0; i < state->parts.count; i++)
	{
		PathPart   *part = &state->parts.items[i];

		pq_sendint32(&out, (int) strlen(part->key));
		pq_sendbytes(&out, part->key, (int) strlen(part->key));
		events_write(&out, part->state);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Makes a state of bytes again. */
Datum
tiktokads_funnel_path_deserialize(PG_FUNCTION_ARGS)
{
	PathState  *state;
	StringInfoData in;
	int			parts;

	(void) aggregate_context(fcinfo, "funnel_path_deserialize");
	state_bytes(&in, PG_GETARG_BYTEA_PP(0));
	if (pq_getmsgbyte(&in) != PATH_VERSION)
		state_refuse();
	state = path_state_make(CurrentMemoryContext, question_read(fcinfo, &in));
	for (parts = pq_getmsgint(&in, 4); parts > 0; parts--)
	{
		int			length = pq_getmsgint(&in, 4);
		char	   *key;

		if (length < 0 || length > in.len - in.cursor)
			state_refuse();
		key = pnstrdup(pq_getmsgbytes(&in, length), length);
		events_read(&in, path_part(state, key)->state);
	}
	pq_getmsgend(&in);
	PG_RETURN_POINTER(state);
}

/* Lets a long walk be cancelled. */
static void
path_check(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The rules of the group, kept between groups that ask the same. */
static const AttemptRules *
path_rules_of(FunctionCallInfo fcinfo, const FunnelQuestion *question, FunnelCount *count)
{
	typedef struct Kept
	{
		FunnelQuestion *question;
		FunnelCount count;
		AttemptRules rules;
	} Kept;
	Kept	   *kept = fcinfo->flinfo->fn_extra;

	if (kept == NULL)
		kept = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Kept));
	if (kept->question == NULL || !question_equal(kept->question, question))
	{
		path_rules(question, &kept->rules, &kept->count);
		kept->rules.check = path_check;
		kept->question = question_copy(question, fcinfo->flinfo->fn_mcxt);
	}
	*count = kept->count;
	return &kept->rules;
}

/* An attempt as a row: its level, and when each was reached, NULL where it was not. */
static Datum
attempt_datum(const Attempt *attempt, int nlevels, TupleDesc row)
{
	Datum		times[FUNNEL_STEPS_MAX];
	bool		nulls[FUNNEL_STEPS_MAX];
	Datum		values[2];
	bool		isnull[2] = {false, false};
	int			low = 1;
	int			i;

	for (i = 0; i < nlevels; i++)
	{
		nulls[i] = i >= attempt->level;
		times[i] = nulls[i] ? (Datum) 0 : Int64GetDatum(attempt->reached[i]);
	}
	values[0] = Int32GetDatum(attempt->level);
	values[1] = PointerGetDatum(construct_md_array(times, nulls, 1, &nlevels, &low, TIMESTAMPTZOID,
												   sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	return HeapTupleGetDatum(heap_form_tuple(row, values, isnull));
}

/* The best attempt of a group. */
Datum
tiktokads_funnel_path_final(PG_FUNCTION_ARGS)
{
	PathState  *state;
	const AttemptRules *rules;
	FunnelCount count;
	Attempt		best = {0};
	TupleDesc	row;
	Datum		result;
	int			i;

	(void) aggregate_context(fcinfo, "funnel_path");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (PathState *) PG_GETARG_POINTER(0);
	rules = path_rules_of(fcinfo, state->question, &count);
	for (i = 0; i < state->parts.count; i++)
	{
		FunnelState *part = state->parts.items[i].state;
		const FunnelEvent *events = state_events(part);
		Attempt		attempt;

		if (attempt_best(events, part->count, rules, &attempt) && attempt_better(&attempt, &best))
			best = attempt;
	}
	row = lookup_rowtype_tupdesc(get_fn_expr_rettype(fcinfo->flinfo), -1);
	result = attempt_datum(&best, rules->nlevels, row);
	ReleaseTupleDesc(row);
	PG_RETURN_DATUM(result);
}

typedef struct AttemptList
{
	ARRAY_OF(Attempt) attempts;
} AttemptList;

/* Takes an attempt into a list. */
static void
list_take(void *taker, const Attempt *attempt)
{
	AttemptList *list = taker;

	*array_add(&list->attempts) = *attempt;
}

/* Orders attempts by when they began, then the better one first. */
static int
attempt_order(const void *a, const void *b)
{
	const Attempt *x = a;
	const Attempt *y = b;

	if (x->reached[0] != y->reached[0])
		return x->reached[0] < y->reached[0] ? -1 : 1;
	return attempt_better(y, x) - attempt_better(x, y);
}

/* How much of a key tells the session. */
static int
key_session_length(const char *key)
{
	char	   *end;
	long		length;

	if (key[0] != '0')
		return 0;
	length = strtol(key + 2, &end, 10);
	return (int) Min((size_t) (end + 1 - key) + length, strlen(key));
}

/* Keeps the best of the attempts from `from` on. */
static void
list_keep_best(AttemptList *list, int from)
{
	int			i;

	for (i = from + 1; i < list->attempts.count; i++)
	{
		if (attempt_better(&list->attempts.items[i], &list->attempts.items[from]))
			list->attempts.items[from] = list->attempts.items[i];
	}
	list->attempts.count = Min(list->attempts.count, from + 1);
}

/* All attempts of a group that count, in order of time. */
static void
path_attempts(PathState *state, const AttemptRules *rules, FunnelCount count, AttemptList *list)
{
	const char *session = NULL;
	int			from = 0;
	int			i;

	for (i = 0; i < state->parts.count; i++)
	{
		PathPart   *part = &state->parts.items[i];
		const FunnelEvent *events = state_events(part->state);
		int			length = key_session_length(part->key);

		if (count == COUNT_SESSION && session != NULL &&
			(length != key_session_length(session) || strncmp(session, part->key, length) != 0))
		{
			list_keep_best(list, from);
			from = list->attempts.count;
		}
		session = part->key;
		attempt_each(events, part->state->count, rules, list_take, list);
	}
	if (count != COUNT_TOTAL)
		list_keep_best(list, from);
	if (list->attempts.count > 1)
		qsort(list->attempts.items, list->attempts.count, sizeof(Attempt), attempt_order);
}

/* The attempts of a group that count, as an array. */
Datum
tiktokads_funnel_attempts_final(PG_FUNCTION_ARGS)
{
	PathState  *state;
	const AttemptRules *rules;
	FunnelCount count;
	AttemptList list = {{0}};
	Oid			type;
	TupleDesc	row;
	Datum	   *values;
	int			i;

	(void) aggregate_context(fcinfo, "funnel_attempts");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (PathState *) PG_GETARG_POINTER(0);
	rules = path_rules_of(fcinfo, state->question, &count);
	path_attempts(state, rules, count, &list);
	type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	row = lookup_rowtype_tupdesc(type, -1);
	values = palloc((list.attempts.count + 1) * sizeof(Datum));
	for (i = 0; i < list.attempts.count; i++)
		values[i] = attempt_datum(&list.attempts.items[i], rules->nlevels, row);
	ReleaseTupleDesc(row);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, list.attempts.count, type, -1, false, TYPALIGN_DOUBLE));
}
