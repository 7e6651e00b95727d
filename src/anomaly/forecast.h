/*
 * forecast.h: values to come, with their intervals.
 */
#ifndef TIKTOKADS_FORECAST_H
#define TIKTOKADS_FORECAST_H

#include <stdbool.h>
#include <stddef.h>

#define FORECAST_PERIODS 3

struct ForecastMethod;

/* What is asked, and the series without gaps. */
typedef struct Forecast
{
	int			n;
	const double *y;
	int			horizon;
	double		level;			/* coverage of the interval, in (0,1) */
	int			nperiods;		/* candidates for the season, ascending; none: no season */
	int			periods[FORECAST_PERIODS];
	bool		periods_given;	/* true: believe them without a test */
	const struct ForecastMethod *method;
	double		alpha;			/* below 0: look for it (Holt-Winters alone) */
	double		beta;
	double		gamma;
	bool		multiplicative;

	double	   *mean;			/* results: horizon values each */
	double	   *lower;
	double	   *upper;
	char		model[64];		/* what was fitted, for people */
	double		sse;			/* of one-step errors where the method has them, else not a number */
	double		parameters[4];	/* alpha, beta, gamma, phi; not a number where there is none */

	double	   *work;			/* forecast_workspace() values */
	size_t		used;
	size_t		peak;			/* the most that was used at once */
	size_t		size;
} Forecast;

extern const struct ForecastMethod *forecast_method(const char *name);
extern const char *forecast_method_names(void);
extern bool forecast_needs_season(const struct ForecastMethod *method);
extern int	forecast_minimum(const struct ForecastMethod *method, int period);
extern size_t forecast_workspace(const Forecast *forecast);
extern void forecast_run(Forecast *forecast);
extern bool forecast_logarithms(const Forecast *forecast, double *x);
extern void forecast_leave_logarithms(const Forecast *forecast, double *mean, double *variance);

/* Takes memory from the workspace. */
static inline double *
forecast_take(Forecast *forecast, size_t count)
{
	double	   *memory = forecast->work + forecast->used;

	forecast->used += count;
	if (forecast->used > forecast->peak)
		forecast->peak = forecast->used;
	return memory;
}

/* The longest season, or 1. */
static inline int
forecast_longest(const Forecast *forecast)
{
	return forecast->nperiods == 0 ? 1 : forecast->periods[forecast->nperiods - 1];
}

/* The shortest season, or 1. */
static inline int
forecast_shortest(const Forecast *forecast)
{
	return forecast->nperiods == 0 ? 1 : forecast->periods[0];
}

#endif
