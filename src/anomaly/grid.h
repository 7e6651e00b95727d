/*
 * grid.h: from measurements at some times to a series at equal steps.
 */
#ifndef TIKTOKADS_GRID_H
#define TIKTOKADS_GRID_H

#include <stdbool.h>
#include <stdint.h>

/* One measurement: microseconds of wall time; a value that is no finite number is missing. */
typedef struct Point
{
	int64_t		at;
	double		value;
} Point;

/* The steps: an amount of time, or whole months. */
typedef struct Grid
{
	int			n;				/* slots; negative between plan and fill: a sequence */
	double	   *value;			/* n values, gaps filled by straight lines */
	bool	   *filled;			/* true: there was no measurement */
	int64_t		first;
	int64_t		step;			/* microseconds; 0 when months are counted */
	int			months;
} Grid;

extern void grid_order(Point *points, int n);
extern int	grid_plan(Grid *grid, const Point *points, int n, int64_t *distances);
extern void grid_fill(Grid *grid, const Point *points, int n);
extern int64_t grid_time(const Grid *grid, int slot);
extern int	grid_periods(const Grid *grid, int *periods, int most);

#endif
