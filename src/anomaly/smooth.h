/*
 * smooth.h: exponential smoothing, as state space models chosen by information criterion.
 */
#ifndef TIKTOKADS_SMOOTH_H
#define TIKTOKADS_SMOOTH_H

#include <stdbool.h>

/* Which of the family; the letters are those of Hyndman's taxonomy. */
typedef struct SmoothKind
{
	char		error;			/* A additive, M multiplicative */
	char		trend;			/* N none, A additive, D additive and damped */
	char		season;			/* N none, A additive, M multiplicative */
} SmoothKind;

/* A fitted model; season holds the period's values and is the caller's. */
typedef struct Smooth
{
	SmoothKind	kind;
	int			period;			/* 1 without a season */
	double		alpha;
	double		beta;			/* slope += beta x error */
	double		gamma;
	double		phi;			/* 1 unless damped */
	double		level;
	double		slope;
	double	   *season;			/* season[i]: for step i + 1, i + 1 + period, ... */
	double		variance;		/* of the errors; relative ones for error M */
	double		sse;			/* square sum of y - expected */
	double		aicc;			/* corrected Akaike information criterion */
} Smooth;

#define smooth_workspace(period) (3 * (period))
#define smooth_variances_workspace(steps) (2 * (steps) + 1)

extern void smooth_fit(Smooth *model, int n, const double *y, double *work);
extern void smooth_choose(Smooth *model, int n, const double *y, int period, bool additive, double *work);
extern double smooth_forecast(const Smooth *model, int step);
extern double smooth_sum_phi(double phi, int step);
extern void smooth_variances(const Smooth *model, int steps, double *variance, double *work);

#endif
