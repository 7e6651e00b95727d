/*
 * walk.c: visits of absorbing chains by following all walks at once.
 *
 * For states of several channels each, as in chains of higher order.  The weight
 * that has not been absorbed moves along the edges, in sweeps over the states in
 * an order that follows the walks (so that a chain without cycles is done in one
 * sweep).  For each channel, walks that have visited it and walks that have not
 * are kept apart; lane "all" counts every walk.  Only positive numbers are added
 * and multiplied.  It ends when the weight still under way, which bounds what is
 * missing, is below the last bit of every result that is not 0, or below what a
 * double holds with all its bits: less than that never gets to 0.
 */
#include <float.h>
#include <string.h>

#include "attribution/memory.h"
#include "attribution/walk.h"

#define LANES 8

/* Same as in dense.c: vectors as wide as the processor has them. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

/* What is under way at a state, by lane. */
typedef struct Weight
{
	double		before[LANES];	/* has not visited the lane's channel */
	double		after[LANES];	/* has */
} Weight;

/* The chain with its states in walking order, edges and ends as probabilities. */
typedef struct Walk
{
	int			states;
	int		   *order;			/* walking order -> state of the chain, -1 once dropped */
	int		   *place;			/* state of the chain -> walking order, -1: never converts */
	int64_t    *edge;
	int		   *target;
	double	   *probability;
	double	   *convert;
	double	   *worth;
	double	   *start;
	double		dearest;		/* largest mean value of the conversions of a state */
	char	   *earns;			/* whether a walk from the state can end with a value */
	double	   (*in_lane)[LANES];	/* 1 where the state holds the lane's channel */
	Weight	   *weight;
} Walk;

/* A sum with its rounding error (A. Neumaier, 1974). */
typedef struct Sum
{
	double		value;
	double		error;
} Sum;

/* Adds to a compensated sum of positive numbers. */
static void
sum_add(Sum *sum, double value)
{
	volatile double total = sum->value + value;

	if (sum->value >= value)
		sum->error += (sum->value - total) + value;
	else
		sum->error += (value - total) + sum->value;
	sum->value = total;
}

/* Marks the states from which a conversion can be reached. */
static void
walk_mark_converting(const Chain *chain, char *converts)
{
	int64_t    *into = attribution_alloc(((size_t) chain->states + 1) * sizeof(int64_t));
	int		   *source = attribution_alloc((size_t) chain->edge[chain->states] * sizeof(int));
	int		   *stack = attribution_alloc((size_t) chain->states * sizeof(int));
	int			depth = 0;

	for (int64_t w = 0; w < chain->edge[chain->states]; w++)
		into[chain->target[w]]++;
	for (int i = 0; i < chain->states; i++)
		into[i + 1] += into[i];
	for (int i = 0; i < chain->states; i++)
		for (int64_t w = chain->edge[i]; w < chain->edge[i + 1]; w++)
			source[--into[chain->target[w]]] = i;
	for (int i = 0; i < chain->states; i++)
		if (chain->conversion[i] > 0)
		{
			converts[i] = 1;
			stack[depth++] = i;
		}
	while (depth > 0)
	{
		int			to = stack[--depth];

		for (int64_t w = into[to]; w < into[to + 1]; w++)
			if (!converts[source[w]])
			{
				converts[source[w]] = 1;
				stack[depth++] = source[w];
			}
	}
	attribution_free(into);
	attribution_free(source);
	attribution_free(stack);
}

/* Puts the states that can convert into walking order: reverse postorder from START. */
static void
walk_order(const Chain *chain, Walk *walk)
{
	char	   *seen = attribution_alloc((size_t) chain->states);
	char	   *converts = attribution_alloc((size_t) chain->states);
	int64_t    *next = attribution_alloc((size_t) chain->states * sizeof(int64_t));
	int		   *stack = attribution_alloc((size_t) chain->states * sizeof(int));
	int			done = 0;

	walk_mark_converting(chain, converts);
	for (int root = 0; root < chain->states; root++)
	{
		int			depth = 0;

		if (seen[root] || chain->start[root] <= 0 || !converts[root])
			continue;
		seen[root] = 1;
		next[root] = chain->edge[root];
		stack[depth++] = root;
		while (depth > 0)
		{
			int			at = stack[depth - 1];

			if (next[at] == chain->edge[at + 1])
			{
				walk->order[done++] = at;
				depth--;
				continue;
			}
			at = chain->target[next[at]++];
			if (seen[at] || !converts[at])
				continue;
			seen[at] = 1;
			next[at] = chain->edge[at];
			stack[depth++] = at;
		}
	}
	walk->states = done;
	for (int i = 0; i < done / 2; i++)
	{
		int			other = walk->order[done - 1 - i];

		walk->order[done - 1 - i] = walk->order[i];
		walk->order[i] = other;
	}
	for (int i = 0; i < chain->states; i++)
		walk->place[i] = -1;
	for (int i = 0; i < done; i++)
		walk->place[walk->order[i]] = i;
	attribution_free(seen);
	attribution_free(converts);
	attribution_free(next);
	attribution_free(stack);
}

/* What leaves a state, of any kind. */
static double
state_outflow(const Chain *chain, int state)
{
	double		outflow = chain->conversion[state] + chain->null[state];

	for (int64_t w = chain->edge[state]; w < chain->edge[state + 1]; w++)
		outflow += chain->weight[w];
	return outflow;
}

/* Marks the states from which a conversion with a value can be reached. */
static void
walk_mark_earning(Walk *walk)
{
	int			found = 1;

	for (int i = 0; i < walk->states; i++)
		walk->earns[i] = walk->worth[i] > 0;
	while (found)
	{
		found = 0;
		attribution_interrupts();
		for (int i = walk->states - 1; i >= 0; i--)
			for (int64_t w = walk->edge[i]; w < walk->edge[i + 1] && !walk->earns[i]; w++)
				if (walk->earns[walk->target[w]])
					walk->earns[i] = found = 1;
	}
}

/* Copies the chain in walking order. */
static void
walk_begin(const Chain *chain, Walk *walk)
{
	size_t		states = (size_t) chain->states;
	size_t		edges = (size_t) chain->edge[chain->states];
	double		total = 0;
	int64_t		used = 0;

	walk->order = attribution_alloc(states * sizeof(int));
	walk->place = attribution_alloc(states * sizeof(int));
	walk->edge = attribution_alloc((states + 1) * sizeof(int64_t));
	walk->target = attribution_alloc(edges * sizeof(int));
	walk->probability = attribution_alloc(edges * sizeof(double));
	walk->convert = attribution_alloc(states * sizeof(double));
	walk->worth = attribution_alloc(states * sizeof(double));
	walk->start = attribution_alloc(states * sizeof(double));
	walk->in_lane = attribution_alloc(states * sizeof(*walk->in_lane));
	walk->weight = attribution_alloc(states * sizeof(Weight));
	walk->earns = attribution_alloc(states);
	walk_order(chain, walk);
	for (int i = 0; i < chain->states; i++)
		total += chain->start[i];
	for (int i = 0; i < walk->states; i++)
	{
		int			state = walk->order[i];
		double		outflow = state_outflow(chain, state);

		for (int64_t w = chain->edge[state]; w < chain->edge[state + 1]; w++)
			if (walk->place[chain->target[w]] >= 0)
			{
				walk->target[used] = walk->place[chain->target[w]];
				walk->probability[used++] = chain->weight[w] / outflow;
			}
		walk->edge[i + 1] = used;
		walk->convert[i] = chain->conversion[state] / outflow;
		walk->worth[i] = chain->value[state] / outflow;
		if (chain->value[state] > 0 && walk->dearest * chain->conversion[state] < chain->value[state])
			walk->dearest = chain->value[state] / chain->conversion[state];
		walk->start[i] = chain->start[state] / total;
	}
	walk_mark_earning(walk);
}

/* Adds weight to a state that it arrives at: from now on the state's channels are visited. */
static inline void
weight_arrive(Weight *weight, const double *in_lane, const double *before, const double *after,
			  double probability)
{
	for (int l = 0; l < LANES; l++)
	{
		double		fresh = before[l] * probability;

		weight->after[l] += after[l] * probability + fresh * in_lane[l];
		weight->before[l] += fresh * (1 - in_lane[l]);
	}
}

/* Moves the weight of every state once; gives what converts on the way. */
FOR_THIS_PROCESSOR
static void
walk_sweep(Walk *walk, double convert[LANES], double worth[LANES])
{
	for (int i = 0; i < walk->states; i++)
	{
		Weight		moving = walk->weight[i];
		const double *probability = walk->probability;

		memset(&walk->weight[i], 0, sizeof(Weight));
		for (int l = 0; l < LANES; l++)
		{
			convert[l] += moving.after[l] * walk->convert[i];
			worth[l] += moving.after[l] * walk->worth[i];
		}
		for (int64_t w = walk->edge[i]; w < walk->edge[i + 1]; w++)
			weight_arrive(&walk->weight[walk->target[w]], walk->in_lane[walk->target[w]],
						  moving.before, moving.after, probability[w]);
	}
}

/* True when what is under way can no longer change any of the sums; dearest is 0 where no value is to come. */
static int
walk_done(const Walk *walk, const Sum converted[LANES], const Sum worth[LANES], const double dearest[LANES], int lanes)
{
	double		left[LANES] = {0};

	for (int i = 0; i < walk->states; i++)
		for (int l = 0; l < LANES; l++)
			left[l] += walk->weight[i].before[l] + walk->weight[i].after[l];
	for (int l = 0; l < lanes; l++)
		if (left[l] > DBL_MIN / DBL_EPSILON &&
			(left[l] > converted[l].value * (DBL_EPSILON / 64) ||
			 left[l] * dearest[l] > worth[l].value * (DBL_EPSILON / 64)))
			return 0;
	return 1;
}

/* Says which states hold the channels first .. first + lanes - 1, and starts the walks. */
static int
walk_start(const Chain *chain, Walk *walk, int first, int lanes)
{
	int			found = 0;

	memset(walk->in_lane, 0, (size_t) walk->states * sizeof(*walk->in_lane));
	memset(walk->weight, 0, (size_t) walk->states * sizeof(Weight));
	for (int i = 0; i < walk->states; i++)
	{
		int			state = walk->order[i];

		for (int64_t m = chain->member[state]; m < chain->member[state + 1]; m++)
			if (chain->channel[m] >= first && chain->channel[m] < first + lanes)
			{
				walk->in_lane[i][chain->channel[m] - first] = 1;
				found = 1;
			}
		if (first + lanes > chain->channels)
		{
			walk->in_lane[i][chain->channels - first] = 1;
			found = 1;
		}
	}
	for (int i = 0; i < walk->states; i++)
		for (int l = 0; l < lanes; l++)
		{
			walk->weight[i].after[l] = walk->start[i] * walk->in_lane[i][l];
			walk->weight[i].before[l] = walk->start[i] * (1 - walk->in_lane[i][l]);
		}
	return found;
}

/* The largest mean value that the walks of a lane may end with, 0 when they end with none. */
static double
lane_dearest(const Walk *walk, int lane)
{
	for (int i = 0; i < walk->states; i++)
		if (walk->in_lane[i][lane] != 0 && walk->earns[i])
			return walk->dearest;
	return 0;
}

/* True when no state in walking order holds the channel of a lane. */
static int
lane_empty(const Walk *walk, int lane)
{
	for (int i = 0; i < walk->states; i++)
		if (walk->in_lane[i][lane] != 0)
			return 0;
	return 1;
}

/* Takes the walks of lanes without a channel out: they would never be done. */
static void
walk_drop_empty(Walk *walk, int lanes)
{
	for (int l = 0; l < lanes; l++)
		if (lane_empty(walk, l))
			for (int i = 0; i < walk->states; i++)
				walk->weight[i].before[l] = 0;
}

/* Visits of any chain. */
void
chain_visits_by_walking(const Chain *chain, ChainVisit *visit)
{
	Walk		walk = {0};

	memset(visit, 0, sizeof(ChainVisit) * (chain->channels + 1));
	walk_begin(chain, &walk);
	for (int first = 0; first <= chain->channels && walk.states > 0; first += LANES)
	{
		int			lanes = chain->channels + 1 - first < LANES ? chain->channels + 1 - first : LANES;
		Sum			converted[LANES] = {{0, 0}};
		Sum			worth[LANES] = {{0, 0}};
		double		dearest[LANES];

		if (!walk_start(chain, &walk, first, lanes))
			continue;
		for (int l = 0; l < lanes; l++)
			dearest[l] = lane_dearest(&walk, l);
		walk_drop_empty(&walk, lanes);
		do
		{
			double		convert[LANES] = {0};
			double		value[LANES] = {0};

			attribution_interrupts();
			walk_sweep(&walk, convert, value);
			for (int l = 0; l < lanes; l++)
			{
				sum_add(&converted[l], convert[l]);
				sum_add(&worth[l], value[l]);
			}
		} while (!walk_done(&walk, converted, worth, dearest, lanes));
		for (int l = 0; l < lanes; l++)
		{
			visit[first + l].conversions = converted[l].value + converted[l].error;
			visit[first + l].value = worth[l].value + worth[l].error;
		}
	}
}
