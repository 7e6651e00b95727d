/*
 * autoregress.h: values as weighted sums of the values before them.
 */
#ifndef TIKTOKADS_AUTOREGRESS_H
#define TIKTOKADS_AUTOREGRESS_H

/* Lags at most: a year of days, and what follows it. */
#define AUTOREGRESS_ORDER_MAX	400

/* A fitted model; phi holds as many values as the order that was allowed, and is the caller's. */
typedef struct Autoregression
{
	int			order;
	double	   *phi;			/* phi[k]: weight of the value k + 1 steps ago */
	double		variance;		/* of the errors */
	double		aicc;			/* corrected Akaike information criterion */
} Autoregression;

#define autoregress_workspace(n, most) (2 * (size_t) (n) + 2 * ((size_t) (most) + 1))
#define autoregress_variances_workspace(steps) (2 * (size_t) (steps))

extern void autoregress_fit(Autoregression *model, int n, const double *x, int most, double *work);
extern void autoregress_continue(const Autoregression *model, int n, const double *x, int steps, double *mean);
extern void autoregress_variances(const Autoregression *model, int lag, int steps, double *variance, double *work);

#endif
