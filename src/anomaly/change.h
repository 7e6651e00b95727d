/*
 * change.h: where the level of a series changed.
 */
#ifndef TIKTOKADS_CHANGE_H
#define TIKTOKADS_CHANGE_H

/* One change: the first index of the new level, the levels, and how likely by chance. */
typedef struct Change
{
	int			index;
	double		before;
	double		after;
	double		p_value;
} Change;

extern int	change_find(int n, const double *x, double alpha, int shortest, Change *changes, int most, double *work);

#endif
