/*
 * attribute.c: the aggregates attribute() and choose_order().
 *
 * Their state is the table of distinct journeys, so that a row costs a look-up
 * and memory is bounded by distinct journeys.  The model is named in every row
 * and must be the same within a group.
 */
#include "postgres.h"

#include "attribution/credit.h"
#include "attribution/journey.h"
#include "attribution/markov.h"
#include "attribution/path_table.h"
#include "attribution/choice.h"
#include "base/aggregate.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(tiktokads_attribute_transfn);
PG_FUNCTION_INFO_V1(tiktokads_attribute_combinefn);
PG_FUNCTION_INFO_V1(tiktokads_attribute_serialfn);
PG_FUNCTION_INFO_V1(tiktokads_attribute_deserialfn);
PG_FUNCTION_INFO_V1(tiktokads_attribute_finalfn);
PG_FUNCTION_INFO_V1(tiktokads_choose_order_transfn);
PG_FUNCTION_INFO_V1(tiktokads_choose_order_combinefn);
PG_FUNCTION_INFO_V1(tiktokads_choose_order_serialfn);
PG_FUNCTION_INFO_V1(tiktokads_choose_order_deserialfn);
PG_FUNCTION_INFO_V1(tiktokads_choose_order_finalfn);

#define STATE_VERSION 1

/* The state of both aggregates. */
typedef struct State
{
	Choice    *choice;		/* of attribute */
	struct varlena *model;		/* its arguments as they were given */
	struct varlena *options;	/* NULL: none */
	int			max_order;		/* of choose_order */
	PathTable  *table;
} State;

/* A copy of a value in the current context, not toasted. */
static struct varlena *
varlena_copy(const struct varlena *value)
{
	struct varlena *copy = palloc(VARHDRSZ + VARSIZE_ANY_EXHDR(value));

	SET_VARSIZE(copy, VARHDRSZ + VARSIZE_ANY_EXHDR(value));
	memcpy(VARDATA(copy), VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	return copy;
}

/* True when two values that are not toasted are the same bytes; NULL equals NULL. */
static inline bool
varlena_equals(const struct varlena *one, const struct varlena *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	return VARSIZE_ANY_EXHDR(one) == VARSIZE_ANY_EXHDR(other) &&
		memcmp(VARDATA_ANY(one), VARDATA_ANY(other), VARSIZE_ANY_EXHDR(one)) == 0;
}

/* Ends with an error about arguments that differ between rows. */
static void
arguments_differ(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same for all rows of a group", what),
			 errhint("For several models, call the aggregate once for each.")));
}

/* A state for a model and its options. */
static State *
state_new(MemoryContext context, const struct varlena *model, const struct varlena *options)
{
	MemoryContext before = MemoryContextSwitchTo(context);
	State	   *state = palloc0(sizeof(State));

	state->model = varlena_copy(model);
	state->options = options == NULL ? NULL : varlena_copy(options);
	state->choice = choice_read(VARDATA(state->model), (int) VARSIZE_ANY_EXHDR(state->model), (Jsonb *) state->options, false);
	state->table = path_table_new(context, state->choice->model->timed);
	MemoryContextSwitchTo(before);
	return state;
}

/* Argument n of a number, 0 for NULL. */
static inline double
argument_number(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? 0 : PG_GETARG_FLOAT8(n);
}

/* Takes a row whose journey is argument n; NULL is a journey without touches. */
static inline void
argument_row(FunctionCallInfo fcinfo, int n, PathTable *table, double conversions, double value, double nulls)
{
	struct varlena *journey;

	if (PG_ARGISNULL(n))
	{
		path_table_row(table, NO_TOUCHES, NO_TOUCHES_SIZE, conversions, value, nulls);
		return;
	}
	journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n));
	path_table_row(table, JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey), conversions, value, nulls);
}

/* attribute(model, journey, conversions, value, nulls [, options]): takes a row. */
Datum
tiktokads_attribute_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "attribute");
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	struct varlena *model;
	struct varlena *options = NULL;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("attribution model must not be null")));
	model = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	if (PG_NARGS() > 6 && !PG_ARGISNULL(6))
		options = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(6));
	if (state == NULL)
		state = state_new(context, model, options);
	else if (!varlena_equals(state->model, model) || !varlena_equals(state->options, options))
		arguments_differ("model and options");
	argument_row(fcinfo, 2, state->table, argument_number(fcinfo, 3), argument_number(fcinfo, 4), argument_number(fcinfo, 5));
	PG_RETURN_POINTER(state);
}

/* Appends a value with its size, -1 for NULL. */
static void
varlena_write(StringInfo buffer, const struct varlena *value)
{
	pq_sendint32(buffer, value == NULL ? -1 : (int32) VARSIZE_ANY_EXHDR(value));
	if (value != NULL)
		pq_sendbytes(buffer, VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value));
}

/* Ends with an error about a state that no aggregate made. */
static void
state_fail(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid serialized state of an attribution aggregate")));
}

/* Reads a value with its size. */
static struct varlena *
varlena_load(StringInfo buffer)
{
	int32		size = (int32) pq_getmsgint(buffer, 4);
	struct varlena *value;

	if (size == -1)
		return NULL;
	if (size < 0 || size > buffer->len - buffer->cursor)
		state_fail();
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	pq_copymsgbytes(buffer, VARDATA(value), size);
	return value;
}

/* All entries as they came. */
static void
table_write(StringInfo buffer, const PathTable *table)
{
	PathEntry **entry = palloc_extended(sizeof(PathEntry *) * ((Size) table->count + 1), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < table->count; i++)
		entry[i] = path_table_get(table, i);
	path_table_write(buffer, entry, table->count, true);
	pfree(entry);
}

/* The state for another process: version, model, options as text, entries. */
Datum
tiktokads_attribute_serialfn(PG_FUNCTION_ARGS)
{
	State	   *state = (State *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	aggregate_context(fcinfo, "attribute");
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_VERSION);
	varlena_write(&buffer, state->model);
	varlena_write(&buffer, state->options == NULL ? NULL :
				  (struct varlena *) cstring_to_text(JsonbToCString(NULL, &((Jsonb *) state->options)->root, -1)));
	path_table_finish(state->table);
	table_write(&buffer, state->table);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* A buffer over the bytes of a state, its version read. */
static void
state_open(bytea *bytes, StringInfo buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->data = VARDATA_ANY(bytes);
	buffer->len = buffer->maxlen = (int) VARSIZE_ANY_EXHDR(bytes);
	if (buffer->len < 1 || pq_getmsgbyte(buffer) != STATE_VERSION)
		state_fail();
}

/* Reads what another process gave. */
Datum
tiktokads_attribute_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	struct varlena *model;
	struct varlena *options;
	State	   *state;

	aggregate_context(fcinfo, "attribute");
	state_open(PG_GETARG_BYTEA_PP(0), &buffer);
	model = varlena_load(&buffer);
	options = varlena_load(&buffer);
	if (model == NULL)
		state_fail();
	if (options != NULL)
		options = (struct varlena *) DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text_to_cstring((text *) options))));
	state = state_new(CurrentMemoryContext, model, options);
	state->table = path_table_new_list(CurrentMemoryContext, state->table->timed);
	path_table_load(state->table, &buffer, state->table->timed, true);
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* credit[] */
Datum
tiktokads_attribute_finalfn(PG_FUNCTION_ARGS)
{
	State	   *state;

	aggregate_context(fcinfo, "attribute");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (State *) PG_GETARG_POINTER(0);
	path_table_finish(state->table);
	return credit_array(fcinfo, state->choice, state->table);
}

/* A state of choose_order. */
static State *
order_state_new(MemoryContext context, int max_order)
{
	State	   *state = MemoryContextAllocZero(context, sizeof(State));

	if (max_order < 1 || max_order > MARKOV_ORDER_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("largest order must be between 1 and %d: %d", MARKOV_ORDER_MAX, max_order)));
	state->max_order = max_order;
	state->table = path_table_new(context, false);
	return state;
}

/* choose_order(journey, conversions, nulls, max_order): takes a row. */
Datum
tiktokads_choose_order_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "choose_order");
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("largest order must not be null")));
	if (state == NULL)
		state = order_state_new(context, PG_GETARG_INT32(4));
	else if (state->max_order != PG_GETARG_INT32(4))
		arguments_differ("largest order");
	argument_row(fcinfo, 1, state->table, argument_number(fcinfo, 2), 0, argument_number(fcinfo, 3));
	PG_RETURN_POINTER(state);
}

/* Adds one state to another, of either aggregate. */
static Datum
state_combine(FunctionCallInfo fcinfo, const char *name)
{
	MemoryContext context = aggregate_context(fcinfo, name);
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	State	   *other = PG_ARGISNULL(1) ? NULL : (State *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = other->model == NULL ? order_state_new(context, other->max_order) :
			state_new(context, other->model, other->options);
	else if (!varlena_equals(state->model, other->model) || !varlena_equals(state->options, other->options) ||
			 state->max_order != other->max_order)
		arguments_differ("model, options and largest order");
	path_table_finish(state->table);
	path_table_finish(other->table);
	path_table_merge(state->table, other->table);
	PG_RETURN_POINTER(state);
}

/* Adds one state of attribute to another. */
Datum
tiktokads_attribute_combinefn(PG_FUNCTION_ARGS)
{
	return state_combine(fcinfo, "attribute");
}

/* Adds one state of choose_order to another. */
Datum
tiktokads_choose_order_combinefn(PG_FUNCTION_ARGS)
{
	return state_combine(fcinfo, "choose_order");
}

/* The state for another process. */
Datum
tiktokads_choose_order_serialfn(PG_FUNCTION_ARGS)
{
	State	   *state = (State *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	aggregate_context(fcinfo, "choose_order");
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_VERSION);
	pq_sendint32(&buffer, state->max_order);
	path_table_finish(state->table);
	table_write(&buffer, state->table);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* Reads what another process gave. */
Datum
tiktokads_choose_order_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	State	   *state;

	aggregate_context(fcinfo, "choose_order");
	state_open(PG_GETARG_BYTEA_PP(0), &buffer);
	state = order_state_new(CurrentMemoryContext, (int) pq_getmsgint(&buffer, 4));
	state->table = path_table_new_list(CurrentMemoryContext, false);
	path_table_load(state->table, &buffer, false, true);
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* order_score[] */
Datum
tiktokads_choose_order_finalfn(PG_FUNCTION_ARGS)
{
	State	   *state;

	aggregate_context(fcinfo, "choose_order");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (State *) PG_GETARG_POINTER(0);
	path_table_finish(state->table);
	return score_array(fcinfo, state->table, state->max_order);
}
