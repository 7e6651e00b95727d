/*
 * chain.c: visits of absorbing chains by elimination, for states of one channel each.
 *
 * States are eliminated where that costs least (Markowitz: ways in x ways out),
 * then, when the rest is dense, all at once by dense.c.  Pivots are sums of what
 * leaves a state (GTH, see dense.c), so nothing cancels.  What is wanted is, for
 * every state c, the probability that a walk comes to c and converts:
 *
 *     g(c) h(c) / G(c, c)
 *
 * with G the inverse of diag(outflow) - flow, g = start x G and h = G x conversion.
 * The diagonal of G comes from the entries of G at the places of the filled
 * matrix, transposed (K. Takahashi, J. Fagan, M. Chen, "Formation of a sparse bus
 * impedance matrix", 1973; A. M. Erisman, W. F. Tinney, 1975): only sums again.
 */
#include <stdlib.h>
#include <string.h>

#include "attribution/chain.h"
#include "attribution/dense.h"
#include "attribution/memory.h"
#include "attribution/walk.h"

/* Less than this many states: dense at once. */
#define DENSE_STATES 192

/* One way out of a state. */
typedef struct Way
{
	int			to;
	double		weight;
} Way;

/* A state and the ways that the elimination of other states leaves it. */
typedef struct State
{
	Way		   *out;			/* ascending by target */
	int			out_count;
	int		   *in;				/* sources, some of them eliminated meanwhile */
	int			in_count;
	int			in_capacity;
	int			alive_in;		/* sources that are not eliminated */
	int			step;			/* when it was eliminated, or place in the dense rest */

	/* kept from the elimination */
	int		   *from;			/* sources, ascending */
	double	   *from_weight;
	int			from_count;
	double		pivot;

	/* of the inverse G */
	double	   *row;			/* G(this, from[]) */
	double	   *column;			/* G(out[].to, this) */
	double		diagonal;
} State;

typedef struct Elimination
{
	int			states;
	State	   *state;
	double	   *absorbed;		/* what leaves for good, of any kind */
	double	   *conversion;
	double	   *value;
	double	   *start;
	double	   *visits;			/* g, scaled */
	double	   *convert;		/* h */
	double	   *worth;			/* h, of value */

	int		   *order;			/* eliminated states in their order */
	int			steps;
	int		   *rest;			/* states of the dense rest */
	int			rest_count;
	double	   *dense;			/* G of the rest */
	int			dense_size;

	struct Candidate *heap;
	int64_t		heap_count;
	int64_t		heap_capacity;
} Elimination;

/* A state that could be eliminated next, with what that cost when it was noted. */
typedef struct Candidate
{
	int64_t		cost;
	int			state;
} Candidate;

/* True when one candidate comes before another. */
static inline int
candidate_before(const Candidate *one, const Candidate *other)
{
	return one->cost < other->cost || (one->cost == other->cost && one->state < other->state);
}

/* Notes what eliminating a state costs now. */
static void
candidate_push(Elimination *e, int state)
{
	Candidate	new = {(int64_t) e->state[state].alive_in * e->state[state].out_count, state};
	int64_t		at = e->heap_count++;

	if (e->heap_count > e->heap_capacity)
	{
		e->heap_capacity = e->heap_capacity * 2 + 64;
		e->heap = attribution_realloc(e->heap, e->heap_capacity * sizeof(Candidate));
	}
	while (at > 0 && candidate_before(&new, &e->heap[(at - 1) / 2]))
	{
		e->heap[at] = e->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	e->heap[at] = new;
}

/* Takes the first candidate from the heap. */
static Candidate
candidate_pop(Elimination *e)
{
	Candidate	first = e->heap[0];
	Candidate	last = e->heap[--e->heap_count];
	int64_t		at = 0;

	for (;;)
	{
		int64_t		child = at * 2 + 1;

		if (child >= e->heap_count)
			break;
		if (child + 1 < e->heap_count && candidate_before(&e->heap[child + 1], &e->heap[child]))
			child++;
		if (!candidate_before(&e->heap[child], &last))
			break;
		e->heap[at] = e->heap[child];
		at = child;
	}
	e->heap[at] = last;
	return first;
}

/* Adds a source to a state. */
static void
source_add(State *state, int source)
{
	if (state->in_count == state->in_capacity)
	{
		state->in_capacity = state->in_capacity == 0 ? 8 : state->in_capacity * 2;
		state->in = attribution_realloc(state->in, state->in_capacity * sizeof(int));
	}
	state->in[state->in_count++] = source;
	state->alive_in++;
}

/* The ways and the sources of every state, before anything is eliminated. */
static void
elimination_begin(Elimination *e, const Chain *chain)
{
	size_t		size = (size_t) chain->states * sizeof(double);

	memset(e, 0, sizeof(*e));
	e->states = chain->states;
	e->state = attribution_alloc((size_t) chain->states * sizeof(State));
	e->order = attribution_alloc((size_t) chain->states * sizeof(int));
	e->rest = attribution_alloc((size_t) chain->states * sizeof(int));
	e->absorbed = attribution_alloc(size);
	e->conversion = attribution_alloc(size);
	e->value = attribution_alloc(size);
	e->start = attribution_alloc(size);
	e->visits = attribution_alloc(size);
	e->convert = attribution_alloc(size);
	e->worth = attribution_alloc(size);
	for (int i = 0; i < chain->states; i++)
	{
		State	   *state = &e->state[i];
		int			count = (int) (chain->edge[i + 1] - chain->edge[i]);

		state->step = -1;
		state->out = attribution_alloc((size_t) count * sizeof(Way));
		for (int64_t w = chain->edge[i]; w < chain->edge[i + 1]; w++)
			if (chain->weight[w] > 0)
			{
				state->out[state->out_count].to = chain->target[w];
				state->out[state->out_count++].weight = chain->weight[w];
				source_add(&e->state[chain->target[w]], i);
			}
		e->start[i] = chain->start[i];
		e->conversion[i] = chain->conversion[i];
		e->value[i] = chain->value[i];
		e->absorbed[i] = chain->conversion[i] + chain->null[i];
	}
}

/* Place of the way to a state, which exists, among the ways out of another. */
static int
way_find(const State *state, int to)
{
	int			low = 0;
	int			high = state->out_count - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (state->out[middle].to < to)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Replaces the way source -> gone by ways to where gone leads, of share "ratio" each. */
static void
source_bypass(Elimination *e, int source, int gone, double ratio)
{
	State	   *from = &e->state[source];
	const State *over = &e->state[gone];
	Way		   *merged = attribution_alloc((size_t) (from->out_count + over->out_count) * sizeof(Way));
	int			count = 0;
	int			i = 0;
	int			j = 0;

	while (i < from->out_count || j < over->out_count)
	{
		int			own = i < from->out_count ? from->out[i].to : e->states;
		int			new = j < over->out_count ? over->out[j].to : e->states;

		if (own <= new)
		{
			merged[count] = from->out[i++];
			if (own == new)
				merged[count].weight += ratio * over->out[j++].weight;
			count += own != gone;
		}
		else
		{
			if (new != source)
			{
				merged[count].to = new;
				merged[count++].weight = ratio * over->out[j].weight;
				source_add(&e->state[new], source);
			}
			j++;
		}
	}
	attribution_free(from->out);
	from->out = merged;
	from->out_count = count;
}

/* Orders states ascending. */
static int
int_compare(const void *a, const void *b)
{
	int			one = *(const int *) a;
	int			other = *(const int *) b;

	return (one > other) - (one < other);
}

/* Keeps the sources of a state that is being eliminated, and their weights. */
static void
sources_keep(Elimination *e, State *state, int self)
{
	state->from = attribution_alloc((size_t) state->alive_in * sizeof(int));
	state->from_weight = attribution_alloc((size_t) state->alive_in * sizeof(double));
	for (int i = 0; i < state->in_count; i++)
		if (e->state[state->in[i]].step < 0)
			state->from[state->from_count++] = state->in[i];
	qsort(state->from, state->from_count, sizeof(int), int_compare);
	for (int i = 0; i < state->from_count; i++)
	{
		const State *source = &e->state[state->from[i]];

		state->from_weight[i] = source->out[way_find(source, self)].weight;
	}
	attribution_free(state->in);
	state->in = NULL;
}

/* Eliminates one state: walks that would come to it go where it leads. */
static void
state_eliminate(Elimination *e, int gone)
{
	State	   *state = &e->state[gone];
	double		pivot = e->absorbed[gone];

	sources_keep(e, state, gone);
	state->step = e->steps;
	e->order[e->steps++] = gone;
	for (int j = 0; j < state->out_count; j++)
		pivot += state->out[j].weight;
	state->pivot = pivot > 0 ? pivot : 1;
	for (int i = 0; i < state->from_count; i++)
	{
		int			source = state->from[i];
		double		ratio = state->from_weight[i] / state->pivot;

		source_bypass(e, source, gone, ratio);
		e->absorbed[source] += ratio * e->absorbed[gone];
		e->conversion[source] += ratio * e->conversion[gone];
		e->value[source] += ratio * e->value[gone];
	}
	for (int j = 0; j < state->out_count; j++)
	{
		int			to = state->out[j].to;

		e->start[to] += e->start[gone] * state->out[j].weight / state->pivot;
		e->state[to].alive_in--;
		candidate_push(e, to);
	}
	for (int i = 0; i < state->from_count; i++)
		candidate_push(e, state->from[i]);
}

/* Eliminates state after state while that is cheaper than the dense inverse. */
static void
elimination_sparse(Elimination *e)
{
	if (e->states <= DENSE_STATES)
		return;
	for (int i = 0; i < e->states; i++)
		candidate_push(e, i);
	while (e->heap_count > 0)
	{
		Candidate	next = candidate_pop(e);
		State	   *state = &e->state[next.state];
		int64_t		left = e->states - e->steps;

		if (state->step >= 0 || next.cost != (int64_t) state->alive_in * state->out_count)
			continue;
		if (left <= DENSE_STATES || next.cost > left * left / 400)
			break;
		if (e->steps % 64 == 0)
			attribution_interrupts();
		state_eliminate(e, next.state);
	}
}

/* Inverts what is left, and solves for its visits and conversions. */
static void
elimination_dense(Elimination *e)
{
	int			size;
	double	   *absorbed;

	for (int i = 0; i < e->states; i++)
		if (e->state[i].step < 0)
			e->rest[e->rest_count++] = i;
	if (e->rest_count == 0)
		return;
	size = (e->rest_count + DENSE_BLOCK - 1) / DENSE_BLOCK * DENSE_BLOCK;
	e->dense_size = size;
	e->dense = attribution_alloc((size_t) size * size * sizeof(double));
	absorbed = attribution_alloc((size_t) size * sizeof(double));
	for (int r = 0; r < e->rest_count; r++)
		e->state[e->rest[r]].step = e->states + r;
	for (int r = 0; r < e->rest_count; r++)
	{
		const State *state = &e->state[e->rest[r]];

		for (int j = 0; j < state->out_count; j++)
			e->dense[(size_t) r * size + e->state[state->out[j].to].step - e->states] = state->out[j].weight;
		absorbed[r] = e->absorbed[e->rest[r]];
	}
	dense_invert(e->dense, size, absorbed);
	for (int r = 0; r < e->rest_count; r++)
	{
		int			row = e->rest[r];

		for (int s = 0; s < e->rest_count; s++)
		{
			int			column = e->rest[s];
			double		entry = e->dense[(size_t) r * size + s];

			e->convert[row] += entry * e->conversion[column];
			e->worth[row] += entry * e->value[column];
			e->visits[column] += e->start[row] * entry;
		}
		e->state[row].diagonal = e->dense[(size_t) r * size + r];
	}
	attribution_free(absorbed);
}

/* Place of a state in an ascending list that holds it. */
static int
list_find(const int *list, int count, int wanted)
{
	int			low = 0;
	int			high = count - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (list[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* G(row, column) of states not yet reached backwards, where column -> row is a way. */
static double
inverse_at(const Elimination *e, int row, int column)
{
	const State *of_row = &e->state[row];
	const State *of_column = &e->state[column];

	if (row == column)
		return of_row->diagonal;
	if (of_row->step >= e->states && of_column->step >= e->states)
		return e->dense[(size_t) (of_row->step - e->states) * e->dense_size + of_column->step - e->states];
	if (of_row->step < of_column->step)
		return of_row->row[list_find(of_row->from, of_row->from_count, column)];
	return of_column->column[way_find(of_column, row)];
}

/* Solves for one eliminated state, all later ones being solved. */
static void
state_restore(Elimination *e, int self)
{
	State	   *state = &e->state[self];
	double		visits = e->start[self];
	double		convert = e->conversion[self];
	double		worth = e->value[self];
	double		diagonal = 1;

	state->row = attribution_alloc((size_t) state->from_count * sizeof(double));
	state->column = attribution_alloc((size_t) state->out_count * sizeof(double));
	for (int j = 0; j < state->out_count; j++)
	{
		int			to = state->out[j].to;
		double		weight = state->out[j].weight;

		convert += weight * e->convert[to];
		worth += weight * e->worth[to];
		for (int i = 0; i < state->from_count; i++)
		{
			double		entry = inverse_at(e, to, state->from[i]);

			state->column[j] += entry * state->from_weight[i];
			state->row[i] += weight * entry;
		}
		state->column[j] /= state->pivot;
		diagonal += weight * state->column[j];
	}
	for (int i = 0; i < state->from_count; i++)
	{
		visits += e->visits[state->from[i]] * state->from_weight[i];
		state->row[i] /= state->pivot;
	}
	e->visits[self] = visits / state->pivot;
	e->convert[self] = convert / state->pivot;
	e->worth[self] = worth / state->pivot;
	state->diagonal = diagonal / state->pivot;
}

/* Visits of any chain whose states have one channel each. */
void
chain_visits_by_elimination(const Chain *chain, ChainVisit *visit)
{
	Elimination e;
	double		total = 0;

	memset(visit, 0, sizeof(ChainVisit) * (chain->channels + 1));
	elimination_begin(&e, chain);
	elimination_sparse(&e);
	elimination_dense(&e);
	while (e.steps > 0)
	{
		if (e.steps % 64 == 0)
			attribution_interrupts();
		state_restore(&e, e.order[--e.steps]);
	}
	for (int i = 0; i < chain->states; i++)
		total += chain->start[i];
	for (int i = 0; i < chain->states && total > 0; i++)
	{
		ChainVisit *of = &visit[chain->channel[chain->member[i]]];
		double		arrive = e.state[i].diagonal > 0 ? e.visits[i] / e.state[i].diagonal / total : 0;

		of->conversions += arrive * e.convert[i];
		of->value += arrive * e.worth[i];
		visit[chain->channels].conversions += chain->start[i] / total * e.convert[i];
		visit[chain->channels].value += chain->start[i] / total * e.worth[i];
	}
}

/* Visits of any chain, the better way. */
void
chain_visits(const Chain *chain, ChainVisit *visit)
{
	if (chain->member[chain->states] == chain->states && chain->channels >= chain->states)
		chain_visits_by_elimination(chain, visit);
	else
		chain_visits_by_walking(chain, visit);
}
