/*
 * score.c: how well Markov chains of each order tell converting paths from others.
 *
 * As ChannelAttribution defines it (D. Altomare, D. Loris; see doc/attribution.md):
 * a path's score is the share of conversions among the paths that end in the same
 * last state; the area under the curve is taken by trapezoids over 100 thresholds
 * between the lowest and the highest score, and corrected for the number of states
 * that an order can have.
 */
#include <math.h>
#include <string.h>

#include "attribution/memory.h"
#include "attribution/score.h"
#include "attribution/route.h"

#define THRESHOLDS 100

/* A last state: the paths that end in it. */
typedef struct LastState
{
	Exact		conversions;
	Exact		nulls;
} LastState;

/* Gathers paths by their last state of an order; returns how many there are. */
static int
last_states(const Paths *paths, int order, LastState **result)
{
	Routes	lists = {0};
	LastState  *state = NULL;
	int			room = 0;

	for (int64_t i = 0; i < paths->count; i++)
	{
		const Path *path = &paths->path[i];
		int			length = path->length < order ? path->length : order;
		int			known = lists.count;
		int			number;

		if (path->length == 0)
			continue;
		number = route_add(&lists, path->channel + path->length - length, length);
		if (number >= room)
		{
			room = number * 2 + 64;
			state = attribution_realloc(state, (size_t) room * sizeof(LastState));
		}
		if (number == known)
			memset(&state[number], 0, sizeof(LastState));
		exact_merge(&state[number].conversions, &path->sums->conversions);
		exact_merge(&state[number].nulls, &path->sums->nulls);
	}
	*result = state;
	return lists.count;
}

/* Share of conversions among the paths of a last state; 0 when nothing happened on them. */
static double
state_score(double conversions, double nulls)
{
	return conversions + nulls > 0 ? conversions / (conversions + nulls) : 0;
}

/* Adds one trapezoid of the curve. */
static double
trapezoid(double from_x, double from_y, double to_x, double to_y)
{
	return (to_x - from_x) * from_y + (to_x - from_x) * (to_y - from_y) / 2;
}

/* Area under the curve of some last states. */
static double
area(const LastState *state, int count, double conversions, double nulls)
{
	double		lowest = 1;
	double		highest = 0;
	double		x = 0;
	double		y = 0;
	double		sum = 0;
	double	   *score = attribution_alloc((size_t) count * sizeof(double));

	for (int i = 0; i < count; i++)
	{
		score[i] = state_score(exact_value(&state[i].conversions), exact_value(&state[i].nulls));
		lowest = fmin(lowest, score[i]);
		highest = fmax(highest, score[i]);
	}
	for (int k = THRESHOLDS - 1; k >= 0; k--)
	{
		double		threshold = lowest + k * (highest - lowest) / (THRESHOLDS - 1);
		Exact		hits = {0, 0, NULL};
		Exact		misses = {0, 0, NULL};
		double		next_x;
		double		next_y;

		for (int i = 0; i < count; i++)
			if (score[i] >= threshold)
			{
				exact_merge(&hits, &state[i].conversions);
				exact_merge(&misses, &state[i].nulls);
			}
		next_x = exact_value(&misses) / nulls;
		next_y = exact_value(&hits) / conversions;
		sum += trapezoid(x, y, next_x, next_y);
		x = next_x;
		y = next_y;
	}
	attribution_free(score);
	return sum + trapezoid(x, y, 1, 1);
}

/* States that an order can have: combinations with repetition of its channels. */
static double
possible_states(int channels, int order)
{
	double		states = 1;

	for (int i = 1; i <= order; i++)
		states = states * (channels + i - 1) / i;
	return states;
}

/* The area less what so many states would find by chance. */
static double
penalised(double auc, double paths, double states)
{
	double		corrected = 1 - (1 - auc) * ((paths - 1) / (paths - states - 1));

	return corrected >= 0 && corrected <= 1 ? corrected : 0;
}

/* Scores order 1 .. max_order. */
void
score_orders(const Paths *paths, int max_order, OrderScore *score)
{
	PathSums	total = {{0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}};
	double		conversions;
	double		nulls;

	paths_total(paths, &total);
	conversions = exact_value(&total.conversions);
	nulls = exact_value(&total.nulls);
	exact_merge(&total.conversions, &total.nulls);
	for (int order = 1; order <= max_order; order++)
	{
		OrderScore *of = &score[order - 1];
		LastState  *state;
		int			count;

		attribution_interrupts();
		of->auc = of->penalised_auc = NAN;
		if (conversions <= 0 || nulls <= 0)
			continue;
		count = last_states(paths, order, &state);
		of->auc = area(state, count, conversions, nulls);
		of->penalised_auc = penalised(of->auc, exact_value(&total.conversions),
									  possible_states(paths->channels, order));
	}
}

/* The order of the largest penalised AUC, the lowest of equals; 1 when none is known. */
int
score_best(const OrderScore *score, int max_order)
{
	int			best = 1;

	for (int order = 2; order <= max_order; order++)
		if (score[order - 1].penalised_auc > score[best - 1].penalised_auc)
			best = order;
	return best;
}
