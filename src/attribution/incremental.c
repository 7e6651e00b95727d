/*
 * incremental.c: credit by what a logistic response model says each channel adds.
 *
 * X. Shao, L. Li, "Data-driven multi-touch attribution models", 2011, with the
 * ridge penalty in place of bagging, so that the answer is one and the same each
 * time: the probability that a path converts is the logistic function of
 * b0 + the coefficients of its channels, fitted to conversions and nulls by
 * Newton's method with a penalty of half the squared coefficients.  A channel's
 * weight on a path is what the probability loses without the channel, not below
 * 0.  Sets of channels are visited in their order, hence the answer does not
 * depend on the order of the rows.
 */
#include <math.h>
#include <string.h>

#include "attribution/incremental.h"
#include "attribution/memory.h"
#include "attribution/route.h"

#define ITERATIONS_MAX 100

/* A set of channels with its counts. */
typedef struct Group
{
	const int  *channel;
	int			size;
	double		conversions;
	double		nulls;
	double		value;
} Group;

/* The data of the fit and its state. */
typedef struct Fit
{
	int			groups;
	Group	   *group;
	int			size;			/* coefficients: the channels', then b0 */
	double	   *beta;
	double	   *gradient;
	double	   *hessian;
} Fit;

/* Gathers paths by their set of channels, in the order of the sets. */
static void
fit_begin(const Paths *paths, Fit *fit)
{
	Routes  *sets = attribution_alloc(sizeof(Routes));
	PathSums   *sums = NULL;
	int			room = 0;
	int			longest = 0;
	int		   *set;
	int		   *order;

	for (int64_t i = 0; i < paths->count; i++)
		if (paths->path[i].length > longest)
			longest = paths->path[i].length;
	set = attribution_alloc((size_t) longest * sizeof(int));
	for (int64_t i = 0; i < paths->count; i++)
	{
		int			known = sets->count;
		int			number;

		if (paths->path[i].length == 0)
			continue;
		number = route_add(sets, set, path_set_of(&paths->path[i], set));
		if (number >= room)
		{
			room = number * 2 + 64;
			sums = attribution_realloc(sums, (size_t) room * sizeof(PathSums));
		}
		if (number == known)
			memset(&sums[number], 0, sizeof(PathSums));
		exact_merge(&sums[number].conversions, &paths->path[i].sums->conversions);
		exact_merge(&sums[number].nulls, &paths->path[i].sums->nulls);
		exact_merge(&sums[number].value, &paths->path[i].sums->value);
	}
	order = route_order(sets);
	fit->groups = sets->count;
	fit->group = attribution_alloc((size_t) fit->groups * sizeof(Group));
	for (int g = 0; g < fit->groups; g++)
	{
		fit->group[g].channel = route_items(sets, order[g]);
		fit->group[g].size = route_length(sets, order[g]);
		fit->group[g].conversions = exact_value(&sums[order[g]].conversions);
		fit->group[g].nulls = exact_value(&sums[order[g]].nulls);
		fit->group[g].value = exact_value(&sums[order[g]].value);
	}
	fit->size = paths->channels + 1;
	fit->beta = attribution_alloc((size_t) fit->size * sizeof(double));
	fit->gradient = attribution_alloc((size_t) fit->size * sizeof(double));
	fit->hessian = attribution_alloc((size_t) fit->size * fit->size * sizeof(double));
}

/* Probability of conversion of a group, without one of its channels unless that is -1. */
static double
group_probability(const Fit *fit, const Group *group, int without)
{
	double		score = fit->beta[fit->size - 1];

	for (int i = 0; i < group->size; i++)
		if (group->channel[i] != without)
			score += fit->beta[group->channel[i]];
	return 1 / (1 + exp(-score));
}

/* The coefficient that the i-th of size + 1 terms of a group has. */
static int
group_term(const Fit *fit, const Group *group, int i)
{
	return i < group->size ? group->channel[i] : fit->size - 1;
}

/* Gradient and Hessian of the penalised likelihood at the current coefficients. */
static void
fit_derive(Fit *fit)
{
	memset(fit->gradient, 0, (size_t) fit->size * sizeof(double));
	memset(fit->hessian, 0, (size_t) fit->size * fit->size * sizeof(double));
	for (int g = 0; g < fit->groups; g++)
	{
		const Group *group = &fit->group[g];
		double		all = group->conversions + group->nulls;
		double		probability = group_probability(fit, group, -1);

		for (int i = 0; i <= group->size; i++)
		{
			int			row = group_term(fit, group, i);

			fit->gradient[row] += group->conversions - all * probability;
			for (int j = 0; j <= group->size; j++)
				fit->hessian[(size_t) row * fit->size + group_term(fit, group, j)] +=
					all * probability * (1 - probability);
		}
	}
	for (int i = 0; i < fit->size; i++)
	{
		fit->gradient[i] -= fit->beta[i];
		fit->hessian[(size_t) i * fit->size + i] += 1;
	}
}

/* Replaces the gradient by the Newton step (Cholesky; the Hessian is positive definite). */
static void
fit_solve(Fit *fit)
{
	double	   *h = fit->hessian;
	double	   *x = fit->gradient;
	int			n = fit->size;

	for (int j = 0; j < n; j++)
	{
		if (j % 64 == 0)
			attribution_interrupts();
		for (int i = j; i < n; i++)
		{
			double		sum = h[(size_t) i * n + j];

			for (int k = 0; k < j; k++)
				sum -= h[(size_t) i * n + k] * h[(size_t) j * n + k];
			h[(size_t) i * n + j] = i == j ? sqrt(sum > 1e-12 ? sum : 1e-12) : sum / h[(size_t) j * n + j];
		}
		for (int k = 0; k < j; k++)
			x[j] -= h[(size_t) j * n + k] * x[k];
		x[j] /= h[(size_t) j * n + j];
	}
	for (int j = n - 1; j >= 0; j--)
	{
		for (int i = j + 1; i < n; i++)
			x[j] -= h[(size_t) i * n + j] * x[i];
		x[j] /= h[(size_t) j * n + j];
	}
}

/* The penalised log likelihood. */
static double
fit_likelihood(const Fit *fit)
{
	double		sum = 0;

	for (int g = 0; g < fit->groups; g++)
	{
		double		probability = group_probability(fit, &fit->group[g], -1);

		if (fit->group[g].conversions > 0)
			sum += fit->group[g].conversions * log(probability);
		if (fit->group[g].nulls > 0)
			sum += fit->group[g].nulls * log1p(-probability);
	}
	for (int i = 0; i < fit->size; i++)
		sum -= fit->beta[i] * fit->beta[i] / 2;
	return sum;
}

/* Newton's method, its steps halved while they do not improve; of small ones the likelihood cannot tell. */
static void
fit_run(Fit *fit)
{
	double		likelihood = fit_likelihood(fit);

	for (int iteration = 0; iteration < ITERATIONS_MAX; iteration++)
	{
		double		largest = 0;
		double		better = 0;
		double		step = 1;

		fit_derive(fit);
		fit_solve(fit);
		for (int i = 0; i < fit->size; i++)
		{
			fit->beta[i] += fit->gradient[i];
			largest = fmax(largest, fabs(fit->gradient[i]));
		}
		while (!((better = fit_likelihood(fit)) >= likelihood) && largest > 1e-4 && step > 1e-6)
		{
			step /= 2;
			for (int i = 0; i < fit->size; i++)
				fit->beta[i] -= fit->gradient[i] * step;
		}
		likelihood = better;
		if (largest < 1e-12 || step <= 1e-6)
			break;
	}
}

/* Credits one set by what its probability loses without each channel. */
static void
group_credit(const Fit *fit, const Group *group, double *weight, Credit *credit)
{
	double		probability = group_probability(fit, group, -1);
	double		total = 0;

	for (int i = 0; i < group->size; i++)
	{
		double		loss = probability - group_probability(fit, group, group->channel[i]);

		weight[i] = loss > 0 ? loss : 0;
		total += weight[i];
	}
	for (int i = 0; i < group->size; i++)
		credit_add(&credit[group->channel[i]], group->conversions, group->value,
				   total > 0 ? weight[i] / total : 1.0 / group->size);
}

/* Fits the model and credits every set; without nulls nothing tells channels apart. */
void
incremental_credit(const Paths *paths, Credit *credit)
{
	Fit			fit = {0};
	double	   *weight = attribution_alloc(((size_t) paths->channels + 1) * sizeof(double));
	double		nulls = 0;

	fit_begin(paths, &fit);
	for (int g = 0; g < fit.groups; g++)
		nulls += fit.group[g].nulls;
	if (nulls > 0)
		fit_run(&fit);
	for (int g = 0; g < fit.groups; g++)
		group_credit(&fit, &fit.group[g], weight, credit);
	paths_untouched(paths, credit);
}
