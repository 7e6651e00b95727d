/*
 * optimise.c: the simplex method of Nelder and Mead (1965), The Computer
 * Journal 7, 308-313, within bounds.
 *
 * A point outside its bounds is moved onto them before it is judged, so that an
 * optimum on a bound is found.  Deterministic: the same input gives the same answer.
 */
#include "anomaly/optimise.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define TOLERANCE 1e-9

typedef struct Simplex
{
	Objective	objective;
	void	   *arg;
	int			n;
	const double *lower;
	const double *upper;
	int			evaluations;
	double		x[OPTIMISE_DIMENSIONS + 1][OPTIMISE_DIMENSIONS];
	double		f[OPTIMISE_DIMENSIONS + 1];
	double		centre[OPTIMISE_DIMENSIONS];
} Simplex;

/* Moves a point into its bounds and judges it; what is no number is the worst. */
static double
judge(Simplex *simplex, double *x)
{
	double		f;

	for (int i = 0; i < simplex->n; i++)
		x[i] = fmin(fmax(x[i], simplex->lower[i]), simplex->upper[i]);
	simplex->evaluations--;
	f = simplex->objective(x, simplex->arg);
	return isfinite(f) ? f : HUGE_VAL;
}

/* Keeps the points ordered, best first (insertion: they nearly are). */
static void
order(Simplex *simplex)
{
	for (int i = 1; i <= simplex->n; i++)
		for (int j = i; j > 0 && simplex->f[j] < simplex->f[j - 1]; j--)
		{
			double		f = simplex->f[j];
			double		x[OPTIMISE_DIMENSIONS];

			memcpy(x, simplex->x[j], sizeof(x));
			memcpy(simplex->x[j], simplex->x[j - 1], sizeof(x));
			memcpy(simplex->x[j - 1], x, sizeof(x));
			simplex->f[j] = simplex->f[j - 1];
			simplex->f[j - 1] = f;
		}
}

/* Spreads a simplex around a start, a quarter of the bounds wide where those are near. */
static void
spread(Simplex *simplex, const double *start, double share)
{
	memset(simplex->x, 0, sizeof(simplex->x));
	for (int p = 0; p <= simplex->n; p++)
	{
		memcpy(simplex->x[p], start, sizeof(double) * simplex->n);
		if (p > 0)
		{
			int			i = p - 1;
			double		width = (simplex->upper[i] - simplex->lower[i]) * share;

			simplex->x[p][i] += start[i] + width > simplex->upper[i] ? -width : width;
		}
		simplex->f[p] = judge(simplex, simplex->x[p]);
	}
	order(simplex);
}

/* Replaces the worst point by centre + factor (worst - centre) if that is better than limit. */
static bool
try_point(Simplex *simplex, double factor, double limit, double *value)
{
	int			worst = simplex->n;
	double		x[OPTIMISE_DIMENSIONS] = {0};

	for (int i = 0; i < simplex->n; i++)
		x[i] = simplex->centre[i] + factor * (simplex->x[worst][i] - simplex->centre[i]);
	*value = judge(simplex, x);
	if (*value >= limit)
		return false;
	memcpy(simplex->x[worst], x, sizeof(x));
	simplex->f[worst] = *value;
	return true;
}

/* One step: reflect, expand, contract or shrink. */
static void
step(Simplex *simplex)
{
	int			worst = simplex->n;
	double		value;

	for (int i = 0; i < simplex->n; i++)
	{
		simplex->centre[i] = 0;
		for (int p = 0; p < worst; p++)
			simplex->centre[i] += simplex->x[p][i] / simplex->n;
	}
	if (try_point(simplex, -1, simplex->f[worst - (worst > 1)], &value))
	{
		/* the reflected point is in place now: twice as far from the centre expands it */
		if (value < simplex->f[0])
			try_point(simplex, 2, value, &value);
	}
	else if (!try_point(simplex, value < simplex->f[worst] ? -0.5 : 0.5, simplex->f[worst], &value))
	{
		for (int p = 1; p <= worst; p++)
		{
			for (int i = 0; i < simplex->n; i++)
				simplex->x[p][i] = (simplex->x[p][i] + simplex->x[0][i]) / 2;
			simplex->f[p] = judge(simplex, simplex->x[p]);
		}
	}
	order(simplex);
}

/*
 * Looks for the x in lower .. upper with the least value, from the x given;
 * leaves it in x and returns the value.  At most about this many evaluations.
 */
double
optimise(Objective objective, void *arg, int n, double *x, const double *lower, const double *upper,
		 int evaluations)
{
	Simplex		simplex = {.objective = objective, .arg = arg, .n = n, .lower = lower, .upper = upper,
	.evaluations = evaluations};

	spread(&simplex, x, 0.25);
	while (simplex.evaluations > 0)
	{
		double		best = simplex.f[0];

		if (simplex.f[n] - best <= TOLERANCE * (fabs(best) + TOLERANCE))
			break;
		step(&simplex);
	}
	memcpy(x, simplex.x[0], sizeof(double) * n);
	return simplex.f[0];
}
