/*
 * stl.h: a series taken apart into trend, seasonal and remainder.
 */
#ifndef TIKTOKADS_STL_H
#define TIKTOKADS_STL_H

#include <stdbool.h>
#include <stddef.h>

/* How to take it apart; stl_defaults() fills it as R's stl() does. */
typedef struct StlOptions
{
	int			period;			/* observations in a season, at least 2 */
	bool		periodic;		/* one seasonal figure for the whole series */
	bool		robust;			/* give outliers less weight */
	int			seasonal_window;	/* spans of the three smoothers, odd */
	int			trend_window;
	int			low_pass_window;
	int			seasonal_degree;	/* 0 or 1 */
	int			trend_degree;
	int			low_pass_degree;
	int			seasonal_jump;	/* every how many points loess is computed */
	int			trend_jump;
	int			low_pass_jump;
	int			inner;			/* iterations within one set of weights */
	int			outer;			/* iterations of the weights */
} StlOptions;

extern void stl_defaults(StlOptions *options, int n);
extern size_t stl_workspace(int n, int period);
extern void stl_decompose(int n, const double *y, const StlOptions *options, double *trend, double *seasonal,
						  double *weights, double *work);

#endif
