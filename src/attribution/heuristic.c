/*
 * heuristic.c: models that look at one path at a time.
 *
 * Each computes weights of a path's touches; conversions and value are shared in
 * their proportion.  Time decay as in Google Analytics: 2^(-age / half-life);
 * position 40/20/40 and its rules for short paths as in every product compared
 * in doc/attribution.md.
 */
#include <math.h>
#include <string.h>

#include "attribution/heuristic.h"
#include "attribution/memory.h"

/* All to the first touch. */
void
heuristic_first(const Path *path, const HeuristicOptions *options, double *weight)
{
	(void) options;
	memset(weight, 0, path->length * sizeof(double));
	weight[0] = 1;
}

/* All to the last touch. */
void
heuristic_last(const Path *path, const HeuristicOptions *options, double *weight)
{
	(void) options;
	memset(weight, 0, path->length * sizeof(double));
	weight[path->length - 1] = 1;
}

/* All to the last touch of another channel than the given one, or to the last if there is none. */
void
heuristic_last_non(const Path *path, const HeuristicOptions *options, double *weight)
{
	int			at = path->length - 1;

	memset(weight, 0, path->length * sizeof(double));
	while (at >= 0 && path->channel[at] == options->channel)
		at--;
	weight[at >= 0 ? at : path->length - 1] = 1;
}

/* The same to each touch. */
void
heuristic_linear(const Path *path, const HeuristicOptions *options, double *weight)
{
	(void) options;
	for (int i = 0; i < path->length; i++)
		weight[i] = 1;
}

/* The same to each channel of the path, at its first touch. */
void
heuristic_linear_unique(const Path *path, const HeuristicOptions *options, double *weight)
{
	int		   *set = attribution_alloc(path->length * sizeof(int));
	int			left = path_set_of(path, set);

	(void) options;
	for (int i = 0; i < path->length; i++)
	{
		int			low = 0;
		int			high = left;

		weight[i] = 0;
		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (set[middle] < path->channel[i])
				low = middle + 1;
			else
				high = middle;
		}
		if (low < left && set[low] == path->channel[i])
		{
			weight[i] = 1;
			memmove(set + low, set + low + 1, (--left - low) * sizeof(int));
		}
	}
	attribution_free(set);
}

/* Half as much for each half-life that a touch is older than the latest one, which is the last of a path in order. */
void
heuristic_time_decay(const Path *path, const HeuristicOptions *options, double *weight)
{
	int			last = path->length - 1;
	double		latest = path->time == NULL ? 0 : (double) path->time[last];

	for (int i = 0; path->time != NULL && i < last; i++)
		if ((double) path->time[i] > latest)
			latest = (double) path->time[i];
	for (int i = 0; i <= last; i++)
	{
		double		age = path->time == NULL ? (last - i) / options->half_life_touches :
			(latest - (double) path->time[i]) / options->half_life_us;

		weight[i] = exp2(-(options->whole ? floor(age) : age));
	}
}

/* First, middle and last weight; a path without middle shares the other two. */
void
heuristic_position(const Path *path, const HeuristicOptions *options, double *weight)
{
	int			middle = path->length - 2;
	double		ends = options->weight[0] + options->weight[2];

	for (int i = 1; i <= middle; i++)
		weight[i] = options->weight[1] / middle;
	weight[0] = options->weight[0];
	weight[path->length - 1] = options->weight[2];
	if (middle <= 0 && ends == 0)
		weight[0] = weight[path->length - 1] = 1;
	else if (middle < 0)
		weight[0] = 1;
}

/* First, key, last and other weight; the key touch is the first of its channel. */
void
heuristic_w_shaped(const Path *path, const HeuristicOptions *options, double *weight)
{
	int			last = path->length - 1;
	int			others = 0;
	double		total = 0;
	int			key = 0;

	while (key <= last && path->channel[key] != options->channel)
		key++;
	for (int i = 0; i <= last; i++)
		others += i != 0 && i != last && i != key;
	for (int i = 0; i <= last; i++)
	{
		weight[i] = (i == 0 ? options->weight[0] : 0) + (i == key ? options->weight[1] : 0) +
			(i == last ? options->weight[2] : 0);
		if (i != 0 && i != last && i != key)
			weight[i] = options->weight[3] / others;
		total += weight[i];
	}
	if (total == 0)
		heuristic_linear(path, options, weight);
}

/* The weights given, touch by touch; the last one serves all later touches. */
void
heuristic_custom(const Path *path, const HeuristicOptions *options, double *weight)
{
	double		total = 0;

	for (int i = 0; i < path->length; i++)
	{
		weight[i] = options->weight[i < options->weights ? i : options->weights - 1];
		total += weight[i];
	}
	if (total == 0)
		heuristic_linear(path, options, weight);
}

/* Credits one path by its weights. */
static void
path_credit(const Path *path, const double *weight, Credit *credit)
{
	double		conversions = exact_value(&path->sums->conversions);
	double		value = exact_value(&path->sums->value);
	double		total = 0;

	if (conversions == 0 && value == 0)
		return;
	for (int i = 0; i < path->length; i++)
		total += weight[i];
	for (int i = 0; i < path->length; i++)
		if (weight[i] == total)
		{
			exact_merge(&credit[path->channel[i]].conversions, &path->sums->conversions);
			exact_merge(&credit[path->channel[i]].value, &path->sums->value);
		}
		else if (weight[i] > 0)
			credit_add(&credit[path->channel[i]], conversions, value, weight[i] / total);
}

/* Credits every path by its weights. */
void
heuristic_credit(const Paths *paths, Heuristic model, const HeuristicOptions *options, Credit *credit)
{
	double	   *weight = NULL;
	int			room = 0;

	for (int64_t i = 0; i < paths->count; i++)
	{
		const Path *path = &paths->path[i];

		if (i % 4096 == 0)
			attribution_interrupts();
		if (path->length == 0)
			continue;
		if (path->length > room)
		{
			room = path->length * 2;
			weight = attribution_realloc(weight, room * sizeof(double));
		}
		model(path, options, weight);
		path_credit(path, weight, credit);
	}
	paths_untouched(paths, credit);
	attribution_free(weight);
}
