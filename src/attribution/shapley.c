/*
 * shapley.c: credit by four games that go by the name of Shapley.
 *
 * counts: the value of a coalition is the conversions of paths whose channels all
 * belong to it; the Shapley value then is an equal share for each channel of a
 * path (K. Zhao, S. H. Mahboobi, S. R. Bagheri, "Shapley Value Methods for
 * Attribution Modeling in Online Advertising", 2018).  ordered: the same broken
 * down by position, from the same paper; its sums are those of counts.
 * leave_one_out: conversion rate of the path less that of the path without the
 * touch.  recent_sets: the last four channels of a path play; the value of a
 * coalition is the conversion rate of exactly that set.
 */
#include <string.h>

#include "attribution/heuristic.h"
#include "attribution/memory.h"
#include "attribution/route.h"
#include "attribution/shapley.h"

/* Equal shares for the channels of each path. */
void
shapley_counts(const Paths *paths, Credit *credit)
{
	HeuristicOptions none = {0};

	heuristic_credit(paths, heuristic_linear_unique, &none, credit);
}

/* Credits one path: a channel's share goes to its touches equally, each position's credit so many further. */
static void
position_credit(const Path *path, int further, const int *set, int unique, int *times, Credit *credit)
{
	double		conversions = exact_value(&path->sums->conversions);
	double		value = exact_value(&path->sums->value);

	for (int i = 0; i < path->length; i++)
		times[path->channel[i]]++;
	for (int i = 0; i < path->length; i++)
		credit_add(&credit[(size_t) i * further + path->channel[i]], conversions, value,
				   1.0 / unique / times[path->channel[i]]);
	for (int i = 0; i < unique; i++)
		times[set[i]] = 0;
}

/* The most touches of a path. */
static int
paths_longest(const Paths *paths)
{
	int			longest = 1;

	for (int64_t i = 0; i < paths->count; i++)
		if (paths->path[i].length > longest)
			longest = paths->path[i].length;
	return longest;
}

/* Credits every path, each position's credit so many further than that of the one before. */
static void
positions_credit(const Paths *paths, int longest, int further, Credit *credit)
{
	int		   *times = attribution_alloc((size_t) paths->channels * sizeof(int));
	int		   *set = attribution_alloc((size_t) longest * sizeof(int));

	for (int64_t i = 0; i < paths->count; i++)
	{
		const Path *path = &paths->path[i];

		if (i % 4096 == 0)
			attribution_interrupts();
		position_credit(path, further, set, path_set_of(path, set), times, credit);
	}
	attribution_free(times);
	attribution_free(set);
}

/* The ordered game by position. */
int
shapley_positions(const Paths *paths, Credit **credit)
{
	int			longest = paths_longest(paths);

	*credit = attribution_alloc((size_t) longest * paths->channels * sizeof(Credit));
	positions_credit(paths, longest, paths->channels, *credit);
	return longest;
}

/* The ordered game summed over positions. */
void
shapley_ordered(const Paths *paths, Credit *credit)
{
	positions_credit(paths, paths_longest(paths), 0, credit);
	paths_untouched(paths, credit);
}

/* Lists of channels and what happened on each. */
typedef struct Observed
{
	Routes	lists;
	PathSums   *sums;
	int			room;
	double	   *rate;			/* conversions / all, of each list */
} Observed;

/* Counts what happened on a list; returns its number. */
static int
observed_add(Observed *observed, const int *channel, int length, const PathSums *sums)
{
	int			known = observed->lists.count;
	int			number = route_add(&observed->lists, channel, length);
	PathSums   *of;

	if (number >= observed->room)
	{
		observed->room = number * 2 + 64;
		observed->sums = attribution_realloc(observed->sums, (size_t) observed->room * sizeof(PathSums));
	}
	of = &observed->sums[number];
	if (number == known)
		memset(of, 0, sizeof(PathSums));
	exact_merge(&of->conversions, &sums->conversions);
	exact_merge(&of->value, &sums->value);
	exact_merge(&of->nulls, &sums->nulls);
	return number;
}

/* Computes the conversion rate of every list. */
static void
observed_rates(Observed *observed)
{
	observed->rate = attribution_alloc((size_t) observed->lists.count * sizeof(double));
	for (int i = 0; i < observed->lists.count; i++)
	{
		Exact		all = {0, 0, NULL};
		double		total;

		exact_merge(&all, &observed->sums[i].conversions);
		exact_merge(&all, &observed->sums[i].nulls);
		total = exact_value(&all);
		observed->rate[i] = total > 0 ? exact_value(&observed->sums[i].conversions) / total : 0;
	}
}

/* The conversion rate of a list; 0 when it never happened. */
static double
observed_rate(const Observed *observed, const int *channel, int length)
{
	int			number = route_find(&observed->lists, channel, length);

	return number < 0 ? 0 : observed->rate[number];
}

/* Weights of the touches of one path: what its rate loses without each, not below 0. */
static void
leave_one_out(const Observed *observed, const Path *path, int *shorter, double *weight)
{
	double		rate = observed_rate(observed, path->channel, path->length);
	double		total = 0;

	for (int i = 0; i < path->length; i++)
	{
		double		loss;

		if (i % 256 == 255)
			attribution_interrupts();
		memcpy(shorter, path->channel, i * sizeof(int));
		memcpy(shorter + i, path->channel + i + 1, (path->length - 1 - i) * sizeof(int));
		loss = rate - observed_rate(observed, shorter, path->length - 1);
		weight[i] = loss > 0 ? loss : 0;
		total += weight[i];
	}
	if (total == 0)
		weight[path->length - 1] = total = 1;
	for (int i = 0; i < path->length; i++)
		weight[i] /= total;
}

/* Leave-one-out per path; the last touch when no touch makes a difference. */
void
shapley_leave_one_out(const Paths *paths, Credit *credit)
{
	Observed	observed = {.room = 0};
	int			longest = paths_longest(paths);
	int		   *shorter;
	double	   *weight;

	for (int64_t i = 0; i < paths->count; i++)
		observed_add(&observed, paths->path[i].channel, paths->path[i].length, paths->path[i].sums);
	observed_rates(&observed);
	shorter = attribution_alloc((size_t) longest * sizeof(int));
	weight = attribution_alloc((size_t) longest * sizeof(double));
	for (int64_t i = 0; i < paths->count; i++)
	{
		const Path *path = &paths->path[i];
		double		conversions = exact_value(&path->sums->conversions);
		double		value = exact_value(&path->sums->value);

		if (i % 1024 == 0)
			attribution_interrupts();
		if (path->length == 0 || (conversions == 0 && value == 0))
			continue;
		leave_one_out(&observed, path, shorter, weight);
		for (int t = 0; t < path->length; t++)
			credit_add(&credit[path->channel[t]], conversions, value, weight[t]);
	}
	paths_untouched(paths, credit);
}

/* How many channels of a path play in recent_sets. */
#define PLAYERS_MAX 4

/* The last distinct channels of a path, at most PLAYERS_MAX, ascending. */
static int
recent_set(const Path *path, int set[PLAYERS_MAX])
{
	int			count = 0;

	for (int i = path->length - 1; i >= 0 && count < PLAYERS_MAX; i--)
	{
		int			at = 0;

		while (at < count && set[at] < path->channel[i])
			at++;
		if (at < count && set[at] == path->channel[i])
			continue;
		memmove(set + at + 1, set + at, (count - at) * sizeof(int));
		set[at] = path->channel[i];
		count++;
	}
	return count;
}

/* Rates of all coalitions of a set, by the bits of their members. */
static void
coalition_rates(const Observed *observed, const int *set, int players, double rate[1 << PLAYERS_MAX])
{
	rate[0] = 0;
	for (int bits = 1; bits < 1 << players; bits++)
	{
		int			member[PLAYERS_MAX];
		int			count = 0;

		for (int p = 0; p < players; p++)
			if (bits & 1 << p)
				member[count++] = set[p];
		rate[bits] = observed_rate(observed, member, count);
	}
}

/* Shares of the players of a set: their Shapley values, not below 0, scaled to 1. */
static void
player_shares(const double rate[1 << PLAYERS_MAX], int players, double share[PLAYERS_MAX])
{
	static const double factorial[] = {1, 1, 2, 6, 24};
	double		total = 0;
	double		largest = 0;

	for (int bits = 0; bits < 1 << players; bits++)
		if (rate[bits] > largest)
			largest = rate[bits];
	for (int p = 0; p < players; p++)
	{
		share[p] = 0;
		for (int bits = 0; bits < 1 << players; bits++)
			if (!(bits & 1 << p))
			{
				int			size = __builtin_popcount((unsigned) bits);

				share[p] += factorial[size] * factorial[players - 1 - size] / factorial[players] *
					(rate[bits | 1 << p] - rate[bits]);
			}
		/* what rounding leaves of a zero is no credit */
		if (share[p] < largest * 1e-15)
			share[p] = 0;
		total += share[p];
	}
	for (int p = 0; p < players; p++)
		share[p] = total > 0 ? share[p] / total : 1.0 / players;
}

/* The Shapley value within each set of recent channels, scaled to the set's conversions. */
void
shapley_recent_sets(const Paths *paths, Credit *credit)
{
	Observed	observed = {.room = 0};
	int			set[PLAYERS_MAX + 1];

	for (int64_t i = 0; i < paths->count; i++)
	{
		int			players = recent_set(&paths->path[i], set);

		if (players > 0)
			observed_add(&observed, set, players, paths->path[i].sums);
	}
	observed_rates(&observed);
	for (int s = 0; s < observed.lists.count; s++)
	{
		const int  *member = route_items(&observed.lists, s);
		int			players = route_length(&observed.lists, s);
		double		conversions = exact_value(&observed.sums[s].conversions);
		double		value = exact_value(&observed.sums[s].value);
		double		rate[1 << PLAYERS_MAX];
		double		share[PLAYERS_MAX];

		if (conversions == 0 && value == 0)
			continue;
		coalition_rates(&observed, member, players, rate);
		player_shares(rate, players, share);
		for (int p = 0; p < players; p++)
			credit_add(&credit[member[p]], conversions, value, share[p]);
	}
	paths_untouched(paths, credit);
}
