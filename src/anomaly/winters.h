/*
 * winters.h: the method of Holt and Winters.
 */
#ifndef TIKTOKADS_WINTERS_H
#define TIKTOKADS_WINTERS_H

#include <stdbool.h>

/* Parameters below 0 are looked for; season holds period values and is the caller's. */
typedef struct Winters
{
	int			period;
	bool		multiplicative;
	double		alpha;
	double		beta;
	double		gamma;
	double		level;			/* state after the last observation */
	double		slope;
	double		sse;			/* of one-step errors, from the second season on */
	double	   *season;			/* season[i]: for step i + 1, i + 1 + period, ... */
} Winters;

extern void winters_fit(Winters *model, int n, const double *y, double *work);
extern double winters_forecast(const Winters *model, int step);
extern double winters_variance(const Winters *model, int n, int step);

#define winters_workspace(period) (3 * (period))

#endif
