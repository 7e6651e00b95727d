/*
 * paths.c: what every model does with paths.
 */
#include <stdlib.h>

#include "attribution/paths.h"

/* Sums of the paths that have touches. */
void
paths_total(const Paths *paths, PathSums *total)
{
	for (int64_t i = 0; i < paths->count; i++)
		if (paths->path[i].length > 0)
		{
			exact_merge(&total->conversions, &paths->path[i].sums->conversions);
			exact_merge(&total->value, &paths->path[i].sums->value);
			exact_merge(&total->nulls, &paths->path[i].sums->nulls);
		}
}

/* Gives the conversions of paths without touches to credit[channels]. */
void
paths_untouched(const Paths *paths, Credit *credit)
{
	for (int64_t i = 0; i < paths->count; i++)
		if (paths->path[i].length == 0)
		{
			exact_merge(&credit[paths->channels].conversions, &paths->path[i].sums->conversions);
			exact_merge(&credit[paths->channels].value, &paths->path[i].sums->value);
		}
}

/* Sum of the weights of all channels. */
static double
weight_total(const double *weight, int channels)
{
	Exact		total = {0, 0, NULL};

	for (int c = 0; c < channels; c++)
		exact_add(&total, weight[c]);
	return exact_value(&total);
}

/*
 * Shares totals among channels in proportion to weights.  Value without weights
 * follows conversions; what has no weights at all goes to credit[channels].
 */
void
credit_share(const Paths *paths, const double *conversions, const double *value, Credit *credit)
{
	PathSums	total = {{0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}};
	double		by_conversions = weight_total(conversions, paths->channels);
	double		by_value = weight_total(value, paths->channels);
	const double *value_weight = by_value > 0 ? value : conversions;
	double		conversion_sum;
	double		value_sum;

	paths_total(paths, &total);
	conversion_sum = exact_value(&total.conversions);
	value_sum = exact_value(&total.value);
	if (by_value <= 0)
		by_value = by_conversions;
	if (by_conversions <= 0)
	{
		exact_merge(&credit[paths->channels].conversions, &total.conversions);
		if (by_value <= 0)
			exact_merge(&credit[paths->channels].value, &total.value);
	}
	for (int c = 0; c < paths->channels; c++)
	{
		if (by_conversions > 0)
			exact_add(&credit[c].conversions, conversion_sum * (conversions[c] / by_conversions));
		if (by_value > 0)
			exact_add(&credit[c].value, value_sum * (value_weight[c] / by_value));
	}
}

/* Orders channels ascending. */
static int
channel_compare(const void *a, const void *b)
{
	int			one = *(const int *) a;
	int			other = *(const int *) b;

	return (one > other) - (one < other);
}

/* The distinct channels of a path, ascending; returns how many. */
int
path_set_of(const Path *path, int *set)
{
	int			count = 0;

	for (int i = 0; i < path->length; i++)
		set[i] = path->channel[i];
	qsort(set, path->length, sizeof(int), channel_compare);
	for (int i = 0; i < path->length; i++)
		if (count == 0 || set[count - 1] != set[i])
			set[count++] = set[i];
	return count;
}
