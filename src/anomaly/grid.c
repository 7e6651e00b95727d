/*
 * grid.c: finds the step of a series and puts measurements on it.
 *
 * The step is the median distance of neighbours; distances of about a month, a
 * quarter or a year are counted in calendar months.  A series too irregular for
 * any step is taken as a sequence, one slot for each measurement.
 */
#include "anomaly/grid.h"

#include <math.h>
#include <stdlib.h>

#define SECOND	INT64_C(1000000)
#define HOUR	(3600 * SECOND)
#define DAY		(24 * HOUR)

/* Orders by time, then value, so that any order of arrival gives the same sums. */
static int
compare_points(const void *left, const void *right)
{
	const Point *a = left;
	const Point *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (isnan(a->value) || isnan(b->value))
		return isnan(a->value) - isnan(b->value);
	return (a->value > b->value) - (a->value < b->value);
}

/* Orders distances. */
static int
compare_distances(const void *left, const void *right)
{
	int64_t		a = *(const int64_t *) left;
	int64_t		b = *(const int64_t *) right;

	return (a > b) - (a < b);
}

/* Orders measurements by time. */
void
grid_order(Point *points, int n)
{
	bool		ordered = true;

	for (int i = 1; i < n && ordered; i++)
		ordered = compare_points(&points[i - 1], &points[i]) <= 0;
	if (!ordered)
		qsort(points, n, sizeof(Point), compare_points);
}

/* Days since 2000-03-01 to a count of months and the day of the month (civil calendar). */
static int64_t
month_of(int64_t at, int64_t *rest)
{
	int64_t		days = (at >= 0 ? at : at - DAY + 1) / DAY - 60;	/* the server's epoch is 2000-01-01 */
	int64_t		era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t		day = days - era * 146097;
	int64_t		year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t		of_year = day - (365 * year + year / 4 - year / 100);
	int64_t		month = (5 * of_year + 2) / 153;

	*rest = at - (days + 60) * DAY + (of_year - (153 * month + 2) / 5) * DAY;
	return (era * 400 + year) * 12 + month;
}

/* The reverse of month_of(); a day that the month lacks becomes its last. */
static int64_t
time_of(int64_t months, int64_t rest)
{
	int64_t		start[2];

	for (int i = 0; i < 2; i++)
	{
		int64_t		count = months + i;
		int64_t		year = (count >= 0 ? count : count - 11) / 12;
		int64_t		month = count - year * 12;
		int64_t		era = (year >= 0 ? year : year - 399) / 400;
		int64_t		of_era = year - era * 400;

		start[i] = (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + 60) * DAY;
	}
	if (start[0] + rest >= start[1])
		rest = start[1] - DAY - start[0] + rest % DAY;
	return start[0] + rest;
}

/* Calendar months in a distance, or 0 when it is not about some of them. */
static int
months_of(int64_t distance)
{
	if (distance >= 28 * DAY && distance <= 31 * DAY)
		return 1;
	if (distance >= 89 * DAY && distance <= 92 * DAY)
		return 3;
	if (distance >= 365 * DAY && distance <= 366 * DAY)
		return 12;
	return 0;
}

/* The slot of a time. */
static int64_t
slot_of(const Grid *grid, int64_t at)
{
	int64_t		rest;

	if (grid->months > 0)
		return (int64_t) floor((double) (month_of(at, &rest) - month_of(grid->first, &rest)) / grid->months + 0.5);
	if (grid->step <= 0)
		return 0;
	return (at - grid->first + grid->step / 2) / grid->step;
}

/* The time of a slot, also of one beyond the last. */
int64_t
grid_time(const Grid *grid, int slot)
{
	int64_t		rest;

	if (grid->months > 0)
	{
		int64_t		months = month_of(grid->first, &rest);

		return time_of(months + (int64_t) slot * grid->months, rest);
	}
	return grid->first + slot * grid->step;
}

/*
 * Decides the step of ordered measurements and returns how many slots they
 * need.  A sequence (see above) has as many slots as different times.
 * distances is scratch of n values.
 */
int
grid_plan(Grid *grid, const Point *points, int n, int64_t *distances)
{
	int			count = 0;
	int64_t		slots;

	*grid = (Grid) {.first = n > 0 ? points[0].at : 0, .step = DAY};
	if (n == 0)
		return 0;
	for (int i = 1; i < n; i++)
		if (points[i].at != points[i - 1].at)
			distances[count++] = points[i].at - points[i - 1].at;
	if (count > 0)
	{
		qsort(distances, count, sizeof(int64_t), compare_distances);
		grid->step = distances[count / 2];
	}
	grid->months = count > 0 ? months_of(grid->step) : 0;
	if (grid->months > 0)
		grid->step = 0;
	slots = slot_of(grid, points[n - 1].at) + 1;
	if (slots > 4 * (int64_t) count + 1000 || slots < count / 2)
	{
		/* no step fits: keep the median one for the times to come */
		if (grid->months > 0)
			grid->step = (points[n - 1].at - points[0].at) / count;
		grid->months = 0;
		grid->n = -(count + 1);
		return count + 1;
	}
	grid->n = (int) slots;
	return grid->n;
}

/* Fills the slots without a measurement by straight lines. */
static void
fill_gaps(Grid *grid)
{
	int			last = -1;

	for (int i = 0; i < grid->n; i++)
	{
		if (grid->filled[i])
			continue;
		for (int j = last + 1; j < i; j++)
			grid->value[j] = last < 0 ? grid->value[i]
				: grid->value[last] + (grid->value[i] - grid->value[last]) * (j - last) / (i - last);
		last = i;
	}
	for (int j = last + 1; j < grid->n; j++)
		grid->value[j] = last < 0 ? 0 : grid->value[last];
}

/*
 * Puts ordered measurements into the slots of a planned grid, whose value and
 * filled are the caller's; several in one slot are averaged.
 */
void
grid_fill(Grid *grid, const Point *points, int n)
{
	bool		sequence = grid->n < 0;
	int			slot = 0;
	int			inside = 0;

	grid->n = abs(grid->n);
	for (int i = 0; i < grid->n; i++)
	{
		grid->value[i] = 0;
		grid->filled[i] = true;
	}
	for (int i = 0; i < n; i++)
	{
		int			next = sequence ? slot + (i > 0 && points[i].at != points[i - 1].at)
			: (int) slot_of(grid, points[i].at);

		if (next != slot)
			inside = 0;
		slot = next;
		if (!isfinite(points[i].value))
			continue;
		inside++;
		grid->value[slot] += (points[i].value - grid->value[slot]) / inside;
		grid->filled[slot] = false;
	}
	if (sequence)
		grid->first = n > 0 ? points[n - 1].at - (grid->n - 1) * grid->step : 0;
	fill_gaps(grid);
}

/* Candidates for the season of such steps, ascending: the day, the week, the year. */
int
grid_periods(const Grid *grid, int *periods, int most)
{
	static const double lengths[] = {DAY, 7.0 * DAY, 365.25 * DAY};
	int			count = 0;

	if (grid->months > 0)
	{
		if (grid->months < 12 && most > 0)
			periods[count++] = 12 / grid->months;
		return count;
	}
	for (int i = 0; i < 3 && count < most; i++)
	{
		double		period = grid->step > 0 ? round(lengths[i] / grid->step) : 0;

		/* a day and a week may be seasons of steps of minutes; a year only of days and weeks */
		if (period >= 2 && period <= (i == 2 ? 366 : 10080))
			periods[count++] = (int) period;
	}
	return count;
}
