/*
 * question.c: what a call of an aggregate asks: window, mode, pattern, options,
 * number of steps.
 *
 * A call site reads it once when the arguments are constants, and for every row
 * otherwise; the states of its groups point to it.
 *
 * What must stay true: all rows of a group ask the same, in every process, or
 * there is an error; a question that a state points to lives as long as the
 * call site.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "funnel/question.h"

#define QUESTION_BYTES_MAX	65536

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
void
question_must_equal(const FunnelQuestion *a, const FunnelQuestion *b)
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

/* A copy of a question in a context. */
FunnelQuestion *
question_copy(const FunnelQuestion *question, MemoryContext context)
{
	Size		size = offsetof(FunnelQuestion, bytes) + question->size;

	return memcpy(MemoryContextAlloc(context, size), question, size);
}

/* How many steps an array of steps has; an error when it cannot be one. */
static int
question_steps(ArrayType *array)
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

/* The number of steps of a row, whose last argument is their array. */
static int
row_steps(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(PG_NARGS() - 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("steps must not be null"),
				 errhint("A single step may be null: it is then not satisfied.")));
	return question_steps(row_array(fcinfo));
}

/*
 * The question of a row, which must be the one that its group is known to ask:
 * what the first `constants` arguments after the state say, and how many steps
 * there are.  Only the first row of a group keeps one, and only a new one.
 */
const FunnelQuestion *
question_of_row(FunctionCallInfo fcinfo, int constants, QuestionMaker make, QuestionChecker check,
				const FunnelQuestion *known)
{
	CallSite   *site = call_site(fcinfo);
	int			nsteps = row_steps(fcinfo);
	FunnelQuestion *question;

	if (site->question == NULL)
		site->constant = arguments_constant(fcinfo, constants);
	else if (site->constant && site->question->nsteps == nsteps && (known == NULL || known == site->question))
		return site->question;
	question = make(fcinfo, nsteps);
	if (known != NULL)
	{
		question_must_equal(known, question);
		return known;
	}
	if (site->question == NULL || !question_equal(question, site->question))
	{
		if (check != NULL)
			check(question);
		site->question = question_copy(question, fcinfo->flinfo->fn_mcxt);
	}
	return site->question;
}

/* Refuses bytes that are no state. */
void
state_refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of a funnel aggregate")));
}

/* Writes a question. */
void
question_write(StringInfo out, const FunnelQuestion *question)
{
	pq_sendint32(out, question->nsteps);
	pq_sendint32(out, question->size);
	pq_sendbytes(out, question->bytes, question->size);
}

/* The question in a state's bytes, shared with the state before when it is the same. */
const FunnelQuestion *
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
