/*
 * esd.h: outliers of a whole series.
 */
#ifndef TIKTOKADS_ESD_H
#define TIKTOKADS_ESD_H

/* One outlier: where, how far in robust standard deviations, and how likely by chance. */
typedef struct Outlier
{
	int			index;
	double		distance;
	double		p_value;
} Outlier;

/* Which side of the median counts. */
typedef enum EsdSide
{
	ESD_BOTH,
	ESD_UP,
	ESD_DOWN
} EsdSide;

extern int	esd_find(int n, const double *x, EsdSide side, double alpha, int most, Outlier *outliers,
					 double *median, int *order);

#endif
