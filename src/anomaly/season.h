/*
 * season.h: is there a season, and what does it look like.
 */
#ifndef TIKTOKADS_SEASON_H
#define TIKTOKADS_SEASON_H

#include <stdbool.h>

#define season_workspace(n, period) (2 * (n) + 2 * (period))

extern bool season_present(int n, const double *y, int period, double *work);
extern bool season_grows(int n, const double *y, int period);
extern bool season_figure(int n, const double *y, int period, bool multiplicative, double *figure, double *work);
extern void season_means(int n, const double *y, int period, double *figure);
extern void season_remove(int n, const double *y, int period, bool multiplicative, const double *figure,
						  double *adjusted);

#endif
