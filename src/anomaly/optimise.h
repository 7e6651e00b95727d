/*
 * optimise.h: the least value of a function of a few bounded variables.
 */
#ifndef TIKTOKADS_OPTIMISE_H
#define TIKTOKADS_OPTIMISE_H

#define OPTIMISE_DIMENSIONS 8

typedef double (*Objective) (const double *x, void *arg);

extern double optimise(Objective objective, void *arg, int n, double *x, const double *lower,
					   const double *upper, int evaluations);

#endif
