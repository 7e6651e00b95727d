/*
 * path_set.c: type path_set, its aggregates, and what can be asked of a set.
 *
 * A path_set is a version byte and the entries of a timed table (see
 * path_table.h) in the order of their keys, sums as exact lists of doubles: the
 * same paths give the same bytes, and merging sets loses nothing.
 */
#include "postgres.h"

#include "attribution/credit.h"
#include "attribution/journey.h"
#include "attribution/markov.h"
#include "attribution/path_set.h"
#include "attribution/path_table.h"
#include "attribution/choice.h"
#include "attribution/shapley.h"
#include "base/aggregate.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(tiktokads_path_set_recv);
PG_FUNCTION_INFO_V1(tiktokads_path_set_send);
PG_FUNCTION_INFO_V1(tiktokads_path_set_agg_transfn);
PG_FUNCTION_INFO_V1(tiktokads_path_set_merge_transfn);
PG_FUNCTION_INFO_V1(tiktokads_path_set_combinefn);
PG_FUNCTION_INFO_V1(tiktokads_path_set_serialfn);
PG_FUNCTION_INFO_V1(tiktokads_path_set_deserialfn);
PG_FUNCTION_INFO_V1(tiktokads_path_set_finalfn);
PG_FUNCTION_INFO_V1(tiktokads_path_set_paths);
PG_FUNCTION_INFO_V1(tiktokads_path_set_attribute);
PG_FUNCTION_INFO_V1(tiktokads_markov_model);
PG_FUNCTION_INFO_V1(tiktokads_markov_summary);
PG_FUNCTION_INFO_V1(tiktokads_shapley_positions);

#define SET_VERSION 1

/* The set that a table holds. */
struct varlena *
path_set_make(PathTable *table)
{
	StringInfoData buffer;

	path_table_finish(table);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, SET_VERSION);
	path_table_write(&buffer, path_table_sorted(table), table->count, false);
	return (struct varlena *) pq_endtypsend(&buffer);
}

/* Adds a set to a table, whose keys may be shorter. */
void
path_set_load(PathTable *table, const char *bytes, Size size)
{
	StringInfoData buffer = {(char *) bytes, (int) size, (int) size, 0};

	if (size < 1 || pq_getmsgbyte(&buffer) != SET_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid set of paths")));
	path_table_load(table, &buffer, true, false);
	pq_getmsgend(&buffer);
}

/* The table of the set that is argument n. */
static PathTable *
argument_table(FunctionCallInfo fcinfo, int n, bool timed)
{
	struct varlena *set = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n));
	PathTable  *table = path_table_new(CurrentMemoryContext, timed);

	path_set_load(table, VARDATA_ANY(set), VARSIZE_ANY_EXHDR(set));
	return table;
}

/* Ends with an error unless a key from a client is the one representation of its journey. */
static void
key_check(const PathEntry *entry)
{
	int			count;
	Touch	   *touch = journey_touches(entry->key, entry->size, &count);
	struct varlena *journey = journey_make(touch, count);
	bool		same = VARSIZE(journey) - VARHDRSZ == entry->size &&
		memcmp(VARDATA(journey), entry->key, entry->size) == 0;

	for (int i = 0; i < count; i++)
		same = same && (touch[i].touch_at == DT_NOBEGIN || journey_time_valid(touch[i].touch_at));
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid journey in a set of paths")));
	pfree(touch);
	pfree(journey);
}

/* Binary input: what path_set_send gave. */
Datum
tiktokads_path_set_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	PathTable  *table = path_table_new(CurrentMemoryContext, true);
	int			size = buffer->len - buffer->cursor;

	path_set_load(table, pq_getmsgbytes(buffer, size), size);
	for (uint32 i = 0; i < table->count; i++)
		key_check(path_table_get(table, i));
	PG_RETURN_POINTER(path_set_make(table));
}

/* Binary output: as it is stored. */
Datum
tiktokads_path_set_send(PG_FUNCTION_ARGS)
{
	struct varlena *set = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbytes(&buffer, VARDATA_ANY(set), (int) VARSIZE_ANY_EXHDR(set));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* path_set_agg(journey, conversions, value, nulls): takes a row. */
Datum
tiktokads_path_set_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "path_set_agg");
	PathTable  *table = PG_ARGISNULL(0) ? path_table_new(context, true) : (PathTable *) PG_GETARG_POINTER(0);
	double		number[3];

	for (int i = 0; i < 3; i++)
		number[i] = PG_ARGISNULL(i + 2) ? 0 : PG_GETARG_FLOAT8(i + 2);
	if (PG_ARGISNULL(1))
		path_table_row(table, NO_TOUCHES, NO_TOUCHES_SIZE, number[0], number[1], number[2]);
	else
	{
		struct varlena *journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));

		path_table_row(table, JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey), number[0], number[1], number[2]);
	}
	PG_RETURN_POINTER(table);
}

/* merge(path_set): takes a set; NULL is none. */
Datum
tiktokads_path_set_merge_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "merge");
	PathTable  *table = PG_ARGISNULL(0) ? path_table_new(context, true) : (PathTable *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		struct varlena *set = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));

		path_set_load(table, VARDATA_ANY(set), VARSIZE_ANY_EXHDR(set));
	}
	PG_RETURN_POINTER(table);
}

/* Adds one state to another. */
Datum
tiktokads_path_set_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "path_set_agg");
	PathTable  *table = PG_ARGISNULL(0) ? path_table_new(context, true) : (PathTable *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		PathTable  *other = (PathTable *) PG_GETARG_POINTER(1);

		path_table_finish(other);
		path_table_merge(table, other);
	}
	PG_RETURN_POINTER(table);
}

/* The state for another process: as a set. */
Datum
tiktokads_path_set_serialfn(PG_FUNCTION_ARGS)
{
	aggregate_context(fcinfo, "path_set_agg");
	PG_RETURN_POINTER(path_set_make((PathTable *) PG_GETARG_POINTER(0)));
}

/* Reads what another process gave. */
Datum
tiktokads_path_set_deserialfn(PG_FUNCTION_ARGS)
{
	struct varlena *set = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	PathTable  *table = path_table_new_list(CurrentMemoryContext, true);

	aggregate_context(fcinfo, "path_set_agg");
	path_set_load(table, VARDATA_ANY(set), VARSIZE_ANY_EXHDR(set));
	PG_RETURN_POINTER(table);
}

/* The set. */
Datum
tiktokads_path_set_finalfn(PG_FUNCTION_ARGS)
{
	aggregate_context(fcinfo, "path_set_agg");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(path_set_make((PathTable *) PG_GETARG_POINTER(0)));
}

/* The journey of a key of a timed table. */
static struct varlena *
entry_journey(const PathEntry *entry)
{
	struct varlena *journey = palloc(VARHDRSZ + entry->size);

	SET_VARSIZE(journey, VARHDRSZ + entry->size);
	memcpy(VARDATA(journey), entry->key, entry->size);
	return journey;
}

/* Every path of a set as a row. */
Datum
tiktokads_path_set_paths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PathTable  *table = argument_table(fcinfo, 0, true);
	PathEntry **entry = path_table_sorted(table);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < table->count; i++)
	{
		Datum		values[4] = {PointerGetDatum(entry_journey(entry[i])),
			Float8GetDatum(exact_value(&entry[i]->sums.conversions)),
			Float8GetDatum(exact_value(&entry[i]->sums.value)),
		Float8GetDatum(exact_value(&entry[i]->sums.nulls))};
		bool		nulls[4] = {false, false, false, false};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(values[0]));
	}
	return (Datum) 0;
}

/* attribute(model, path_set, options) */
Datum
tiktokads_path_set_attribute(PG_FUNCTION_ARGS)
{
	text	   *model = PG_GETARG_TEXT_PP(0);
	Choice    *choice = choice_read(VARDATA_ANY(model), (int) VARSIZE_ANY_EXHDR(model), PG_GETARG_JSONB_P(2), false);

	return credit_array(fcinfo, choice, argument_table(fcinfo, 1, choice->model->timed));
}

/* The Markov chain of a set, and the names of its channels. */
static Markov *
argument_markov(FunctionCallInfo fcinfo, Channels *channels)
{
	Markov	   *markov = palloc(sizeof(Markov));
	int			order = PG_GETARG_INT32(1);
	Paths		paths;

	if (order < 1 || order > MARKOV_ORDER_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("order must be between 1 and %d: %d", MARKOV_ORDER_MAX, order)));
	path_table_read(argument_table(fcinfo, 0, false), &paths, channels);
	markov_build(&paths, order, true, markov);
	return markov;
}

/* The text of a state: its channels. */
static Datum
state_text(const Markov *markov, const Channels *channels, int state)
{
	StringInfoData text;
	int			list = markov->state[state];
	Datum		result;

	initStringInfo(&text);
	for (int i = 0; i < route_length(&markov->lists, list); i++)
	{
		const ChannelName *name = &channels->name[route_items(&markov->lists, list)[i]];

		if (i > 0)
			appendStringInfoString(&text, " > ");
		journey_append_channel(&text, name->name, name->length);
	}
	result = CStringGetTextDatum(text.data);
	pfree(text.data);
	return result;
}

/* Adds a transition unless it never happened. */
static void
transition_put(ReturnSetInfo *result, Datum from, Datum to, double weight, double all)
{
	Datum		values[3] = {from, to, Float8GetDatum(weight / all)};
	bool		nulls[3] = {false, false, false};

	if (weight > 0)
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Adds the transitions from one state. */
static void
transitions_put(ReturnSetInfo *result, const Markov *markov, const Datum *name, int state, Datum conversion, Datum null)
{
	const Chain *chain = &markov->chain;
	double		all = chain->conversion[state] + chain->null[state];

	for (int64 w = chain->edge[state]; w < chain->edge[state + 1]; w++)
		all += chain->weight[w];
	for (int64 w = chain->edge[state]; w < chain->edge[state + 1]; w++)
		transition_put(result, name[state], name[chain->target[w]], chain->weight[w], all);
	transition_put(result, name[state], conversion, chain->conversion[state], all);
	transition_put(result, name[state], null, chain->null[state], all);
}

/* markov_model(path_set, order): every transition as a row. */
Datum
tiktokads_markov_model(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Channels	channels;
	Markov	   *markov = argument_markov(fcinfo, &channels);
	Datum	   *name = palloc_extended(sizeof(Datum) * ((Size) markov->chain.states + 1), MCXT_ALLOC_HUGE);
	Datum		start = CStringGetTextDatum("(start)");
	Datum		conversion = CStringGetTextDatum("(conversion)");
	Datum		null = CStringGetTextDatum("(null)");

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < markov->chain.states; i++)
	{
		name[i] = state_text(markov, &channels, i);
		transition_put(result, start, name[i], markov->chain.start[i], markov->total);
	}
	for (int i = 0; i < markov->chain.states; i++)
	{
		CHECK_FOR_INTERRUPTS();
		transitions_put(result, markov, name, i, conversion, null);
	}
	return (Datum) 0;
}

/* markov_summary(path_set, order): every channel with its removal effect. */
Datum
tiktokads_markov_summary(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Channels	channels;
	Markov	   *markov = argument_markov(fcinfo, &channels);
	ChainVisit *visit = palloc_extended(sizeof(ChainVisit) * ((Size) channels.count + 1), MCXT_ALLOC_HUGE);

	markov_effects(markov, visit);
	InitMaterializedSRF(fcinfo, 0);
	for (int c = 0; c < channels.count; c++)
	{
		Datum		values[4] = {PointerGetDatum(cstring_to_text_with_len(channels.name[c].name, channels.name[c].length)),
			Float8GetDatum(visit[c].conversions),
			Float8GetDatum(visit[channels.count].conversions),
		Int32GetDatum(markov->chain.states)};
		bool		nulls[4] = {false, false, false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* shapley_positions(path_set): the ordered game, a row for each channel and position with credit. */
Datum
tiktokads_shapley_positions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Channels	channels;
	Paths		paths;
	Credit	   *credit;
	int			positions;

	path_table_read(argument_table(fcinfo, 0, false), &paths, &channels);
	positions = shapley_positions(&paths, &credit);
	InitMaterializedSRF(fcinfo, 0);
	for (int c = 0; c < channels.count; c++)
		for (int p = 0; p < positions; p++)
		{
			const Credit *of = &credit[(Size) p * channels.count + c];
			Datum		values[4] = {PointerGetDatum(cstring_to_text_with_len(channels.name[c].name, channels.name[c].length)),
				Int32GetDatum(p + 1),
				Float8GetDatum(exact_value(&of->conversions)),
			Float8GetDatum(exact_value(&of->value))};
			bool		nulls[4] = {false, false, false, false};

			CHECK_FOR_INTERRUPTS();
			if (exact_value(&of->conversions) > 0 || exact_value(&of->value) > 0)
				tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	return (Datum) 0;
}
