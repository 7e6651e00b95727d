/*
 * markov.c: credit by removal from a Markov chain of any order.
 *
 * E. Anderl, I. Becker, F. v. Wangenheim, J. H. Schumann, "Mapping the customer
 * journey: A graph-based framework for online attribution modeling", 2014.  A state
 * of order k is a window of k consecutive touches; a path shorter than k is one
 * state.  Equal consecutive states are one.  A channel's removal effect is the
 * share of converting walks that visit a state with it, computed as such (chain.c)
 * and not as a difference of conversion probabilities.
 */
#include <string.h>

#include "attribution/markov.h"
#include "attribution/memory.h"

/* A transition while it is counted. */
typedef struct Edge
{
	int			from;
	int			to;
	Exact		weight;
} Edge;

/* What begins and ends at a state while it is counted. */
typedef struct Ends
{
	Exact		start;
	Exact		conversions;
	Exact		nulls;
	Exact		value;
} Ends;

/* The chain while it is counted, states numbered as they come. */
typedef struct Count
{
	int			order;
	Routes  *lists;
	int			channels;		/* of step */
	int64_t    *step;			/* order 1, few channels: edge, or loop, from channel to channel */
	Table		transitions;	/* otherwise: state and next channel -> edge, or loop */
	Edge	   *edge;
	int64_t		edges;
	int64_t		edge_room;
	Ends	   *ends;
	int			ends_count;
	int			ends_room;
} Count;

/* Number of a transition that stays where it is. */
#define LOOP INT64_C(-2)

/* A chain of order 1 over no more channels than this counts in a matrix. */
#define FEW_CHANNELS 256

/* The ends of a state, which may be new. */
static Ends *
ends_of(Count *count, int state)
{
	if (state >= count->ends_room)
	{
		count->ends_room = state * 2 + 64;
		count->ends = attribution_realloc(count->ends, (size_t) count->ends_room * sizeof(Ends));
	}
	while (count->ends_count <= state)
		memset(&count->ends[count->ends_count++], 0, sizeof(Ends));
	return &count->ends[state];
}

/* The edge that a touch after the window "window" makes, or LOOP. */
static int64_t
edge_of(Count *count, int state, const int *window)
{
	int			length = count->order;
	int64_t    *number = count->step != NULL ? &count->step[window[0] * count->channels + window[1]] :
		table_number(&count->transitions, (uint64_t) state << 32 | (uint32_t) window[length]);
	int			to;

	if (*number != -1)
		return *number;
	to = route_add(count->lists, window + 1, length);
	if (to == state)
		return *number = LOOP;
	if (count->edges == count->edge_room)
	{
		count->edge_room = count->edge_room * 2 + 64;
		count->edge = attribution_realloc(count->edge, (size_t) count->edge_room * sizeof(Edge));
	}
	memset(&count->edge[count->edges], 0, sizeof(Edge));
	count->edge[count->edges].from = state;
	count->edge[count->edges].to = to;
	return *number = count->edges++;
}

/* Counts the transitions of one path that was walked "flow" times. */
static void
path_count(Count *count, const Path *path, const Exact *flow, bool nulls)
{
	int			length = path->length < count->order ? path->length : count->order;
	int			state = route_add(count->lists, path->channel, length);
	Ends	   *ends;

	exact_merge(&ends_of(count, state)->start, flow);
	for (int i = 0; i + count->order < path->length; i++)
	{
		int64_t		edge = edge_of(count, state, path->channel + i);

		if (edge == LOOP)
			continue;
		exact_merge(&count->edge[edge].weight, flow);
		state = count->edge[edge].to;
	}
	ends = ends_of(count, state);
	exact_merge(&ends->conversions, &path->sums->conversions);
	exact_merge(&ends->value, &path->sums->value);
	if (nulls)
		exact_merge(&ends->nulls, &path->sums->nulls);
}

/* Copies the edges into the chain, sorted by source and target (counting sort, twice). */
static void
chain_edges(Chain *chain, const Count *count, const int *rank)
{
	int64_t    *place = attribution_alloc(((size_t) chain->states + 1) * sizeof(int64_t));
	int64_t    *by_target = attribution_alloc((size_t) count->edges * sizeof(int64_t));

	for (int64_t e = 0; e < count->edges; e++)
		place[rank[count->edge[e].to] + 1]++;
	for (int i = 0; i < chain->states; i++)
		place[i + 1] += place[i];
	for (int64_t e = 0; e < count->edges; e++)
		by_target[place[rank[count->edge[e].to]]++] = e;
	for (int64_t e = 0; e < count->edges; e++)
		chain->edge[rank[count->edge[e].from] + 1]++;
	for (int i = 0; i < chain->states; i++)
		chain->edge[i + 1] += chain->edge[i];
	memcpy(place, chain->edge, ((size_t) chain->states + 1) * sizeof(int64_t));
	for (int64_t i = 0; i < count->edges; i++)
	{
		const Edge *edge = &count->edge[by_target[i]];
		int64_t		at = place[rank[edge->from]]++;

		chain->target[at] = rank[edge->to];
		chain->weight[at] = exact_value(&edge->weight);
	}
	attribution_free(place);
	attribution_free(by_target);
}

/* Says which channels each state holds. */
static void
chain_members(Chain *chain, const Markov *markov)
{
	int64_t		used = 0;

	for (int i = 0; i < chain->states; i++)
	{
		int			number = markov->state[i];
		Path		window = {route_items(&markov->lists, number), NULL,
		route_length(&markov->lists, number), NULL};

		used += path_set_of(&window, chain->channel + used);
		chain->member[i + 1] = used;
	}
}

/* Makes the chain from what was counted, its states in the order of their channels. */
static void
chain_make(Markov *markov, const Count *count, int channels)
{
	Chain	   *chain = &markov->chain;
	size_t		states = (size_t) markov->lists.count;
	size_t		edges = (size_t) count->edges;
	int		   *rank = attribution_alloc(states * sizeof(int));
	Exact		total = {0, 0, NULL};

	markov->state = route_order(&markov->lists);
	chain->states = markov->lists.count;
	chain->channels = channels;
	chain->edge = attribution_alloc((states + 1) * sizeof(int64_t));
	chain->target = attribution_alloc(edges * sizeof(int));
	chain->weight = attribution_alloc(edges * sizeof(double));
	chain->start = attribution_alloc(states * sizeof(double));
	chain->conversion = attribution_alloc(states * sizeof(double));
	chain->null = attribution_alloc(states * sizeof(double));
	chain->value = attribution_alloc(states * sizeof(double));
	chain->member = attribution_alloc((states + 1) * sizeof(int64_t));
	chain->channel = attribution_alloc((states * markov->order) * sizeof(int));
	for (int i = 0; i < chain->states; i++)
	{
		const Ends *ends = &count->ends[markov->state[i]];

		rank[markov->state[i]] = i;
		exact_merge(&total, &ends->start);
		chain->start[i] = exact_value(&ends->start);
		chain->conversion[i] = exact_value(&ends->conversions);
		chain->null[i] = exact_value(&ends->nulls);
		if (chain->conversion[i] > 0)
			chain->value[i] = exact_value(&ends->value);
	}
	markov->total = exact_value(&total);
	chain_edges(chain, count, rank);
	chain_members(chain, markov);
	attribution_free(rank);
}

/* Counts the transitions of all paths that were walked at all. */
void
markov_build(const Paths *paths, int order, bool nulls, Markov *markov)
{
	Count		count = {.order = order, .lists = &markov->lists};

	memset(markov, 0, sizeof(*markov));
	markov->order = order;
	if (order == 1 && paths->channels <= FEW_CHANNELS)
	{
		count.channels = paths->channels;
		count.step = attribution_alloc((size_t) paths->channels * (size_t) paths->channels * sizeof(int64_t));
		memset(count.step, 0xff, (size_t) paths->channels * (size_t) paths->channels * sizeof(int64_t));
	}
	for (int64_t i = 0; i < paths->count; i++)
	{
		const Path *path = &paths->path[i];
		Exact		flow = {0, 0, NULL};

		if (i % 4096 == 0)
			attribution_interrupts();
		if (path->length == 0)
			continue;
		exact_merge(&flow, &path->sums->conversions);
		if (nulls)
			exact_merge(&flow, &path->sums->nulls);
		if (flow.high == 0 && flow.low == 0 && flow.tail == NULL)
			continue;
		path_count(&count, path, &flow, nulls);
		attribution_free(flow.tail);
	}
	ends_of(&count, markov->lists.count);
	chain_make(markov, &count, paths->channels);
	table_free(&count.transitions);
	attribution_free(count.step);
	attribution_free(count.edge);
	attribution_free(count.ends);
}

/* Shares of converting walks, and of their value, that visit each channel. */
void
markov_effects(const Markov *markov, ChainVisit *visit)
{
	int			channels = markov->chain.channels;

	chain_visits(&markov->chain, visit);
	for (int c = 0; c < channels; c++)
	{
		if (visit[channels].conversions > 0)
			visit[c].conversions /= visit[channels].conversions;
		if (visit[channels].value > 0)
			visit[c].value /= visit[channels].value;
	}
}

/* Conversions and value in proportion to the removal effects. */
void
markov_credit(const Paths *paths, int order, bool nulls, Credit *credit)
{
	Markov		markov;
	ChainVisit *visit = attribution_alloc(((size_t) paths->channels + 1) * sizeof(ChainVisit));
	double	   *conversions = attribution_alloc((size_t) paths->channels * sizeof(double));
	double	   *value = attribution_alloc((size_t) paths->channels * sizeof(double));

	markov_build(paths, order, nulls, &markov);
	markov_effects(&markov, visit);
	for (int c = 0; c < paths->channels; c++)
	{
		conversions[c] = visit[c].conversions;
		value[c] = visit[c].value;
	}
	credit_share(paths, conversions, value, credit);
	paths_untouched(paths, credit);
}
