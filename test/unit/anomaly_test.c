/*
 * anomaly_test.c: the streaming detector, outliers, changes of level and the
 * grid, against brute force and what can be worked out by hand.  Prints TAP.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anomaly/change.h"
#include "anomaly/detector.h"
#include "anomaly/distribution.h"
#include "anomaly/esd.h"
#include "anomaly/grid.h"
#include "anomaly/pause.h"

#define DAY		INT64_C(86400000000)
#define ROWS	3000

void		(*pause_hook) (void);

static int	tests_run;
static int	tests_failed;
static unsigned long long state = 88172645463325252ULL;

/* Prints one TAP line. */
static void
ok(bool good, const char *what)
{
	tests_run++;
	tests_failed += !good;
	printf("%s %d - %s\n", good ? "ok" : "not ok", tests_run, what);
}

/* A number between 0 and 1 of a fixed sequence. */
static double
uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double) (state >> 11) / 9007199254740992.0;
}

/* Noise of variance 1. */
static double
noise(void)
{
	double		sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return sum;
}

/* Scores a series of hourly values. */
static void
score_all(int n, const double *y, double *score)
{
	static Detector detector;
	double		expected;

	memset(&detector, 0, sizeof(detector));
	for (int i = 0; i < n; i++)
		score[i] = detector_score(&detector, y[i], i % HOURS_OF_WEEK, &expected);
}

/* How many of score[from .. to) are alerts. */
static int
alerts(const double *score, int from, int to)
{
	int			count = 0;

	for (int i = from; i < to; i++)
		count += score[i] >= 0.5;
	return count;
}

/* A day's course with noise. */
static void
make_daily(double *y)
{
	for (int i = 0; i < ROWS; i++)
		y[i] = 100 + 20 * sin(i * 2 * M_PI / 24) + noise();
}

/* The detector on planted anomalies. */
static void
test_detector(void)
{
	static double y[ROWS],
				moved[ROWS],
				score[ROWS],
				again[ROWS];
	double		worst = 0;

	make_daily(y);
	score_all(ROWS, y, score);
	ok(alerts(score, 0, ROWS) <= 10, "few alerts on a clean series");
	y[2000] = 160;
	score_all(ROWS, y, score);
	ok(score[2000] >= 0.5, "a spike is an alert at once");
	ok(alerts(score, 2001, 2050) == 0, "and is told once");
	make_daily(y);
	for (int i = 2000; i < 2200; i++)
		y[i] += 60;
	score_all(ROWS, y, score);
	ok(alerts(score, 2000, 2003) >= 1 && alerts(score, 2003, 2200) <= 2, "a shift is told at its start, not all along");
	make_daily(y);
	for (int i = 2000; i < 2048; i++)
		y[i] = 100;
	score_all(ROWS, y, score);
	ok(alerts(score, 2000, 2048) >= 1, "a day without its course is an alert though all values are usual");
	for (int i = 0; i < ROWS; i++)
		moved[i] = y[i] * 1024 + 4096;
	score_all(ROWS, moved, again);
	for (int i = 0; i < ROWS; i++)
		worst = fmax(worst, fabs(score[i] - again[i]));
	ok(worst < 1e-6, "scale and shift change no score");
	for (int i = 0; i < ROWS; i++)
		moved[i] = -y[i];
	score_all(ROWS, moved, again);
	worst = 0;
	for (int i = 0; i < ROWS; i++)
		worst = fmax(worst, fabs(score[i] - again[i]));
	ok(worst < 1e-6, "a mirrored series scores the same");
}

/* The detector where a spread is zero. */
static void
test_degenerate(void)
{
	static double y[ROWS],
				score[ROWS];
	bool		good = true;

	for (int i = 0; i < ROWS; i++)
		y[i] = 42;
	score_all(ROWS, y, score);
	ok(alerts(score, 0, ROWS) == 0 && score[ROWS - 1] == 0, "a constant series is no anomaly");
	y[2500] = 43;
	score_all(ROWS, y, score);
	ok(score[2500] >= 0.5 && alerts(score, 2501, ROWS) == 0, "its only change is one");
	for (int i = 0; i < ROWS; i++)
		y[i] = i % 2 == 0 ? 1e300 : -1e300;
	score_all(ROWS, y, score);
	for (int i = 0; i < ROWS; i++)
		good = good && score[i] >= 0 && score[i] <= 1;
	ok(good, "values near the limits of double give scores from 0 to 1");
}

/* Orders doubles. */
static int
compare_doubles(const void *left, const void *right)
{
	double		a = *(const double *) left;
	double		b = *(const double *) right;

	return (a > b) - (a < b);
}

/* The median of a copy. */
static double
brute_median(const double *x, int n)
{
	double	   *copy = malloc(sizeof(double) * n);
	double		median;

	memcpy(copy, x, sizeof(double) * n);
	qsort(copy, n, sizeof(double), compare_doubles);
	median = n % 2 == 1 ? copy[n / 2] : (copy[n / 2 - 1] + copy[n / 2]) / 2;
	free(copy);
	return median;
}

/* The test as its definition says: returns how many, their values in found. */
static int
brute_esd(const double *given, int n, double alpha, int most, double *found)
{
	double	   *x = malloc(sizeof(double) * n);
	double	   *away = malloc(sizeof(double) * n);
	int			count = 0;

	memcpy(x, given, sizeof(double) * n);
	for (int i = 1; i <= most; i++, n--)
	{
		double		median = brute_median(x, n);
		double		p = 1 - alpha / (2.0 * n);
		double		t = student_quantile(p, n - 2);
		int			far = 0;
		double		sigma;

		for (int j = 0; j < n; j++)
		{
			away[j] = fabs(x[j] - median);
			if (away[j] > away[far])
				far = j;
		}
		sigma = 1.4826 * brute_median(away, n);
		found[i - 1] = x[far];
		if (away[far] / sigma > t * (n - 1) / sqrt((n - 2 + t * t) * n))
			count = i;
		x[far] = x[n - 1];
	}
	free(x);
	free(away);
	return count;
}

/* Outliers against the definition. */
static void
test_esd(void)
{
	bool		good = true;
	int			total = 0;

	for (int round = 0; round < 20; round++)
	{
		double		x[101],
					found[20],
					median;
		Outlier		outliers[20];
		int			order[101];
		int			n = 100 + round % 2;
		int			expected,
					count;

		for (int i = 0; i < n; i++)
			x[i] = noise() + (i % 17 == 3 ? 8 * noise() : 0);
		expected = brute_esd(x, n, 0.05, 20, found);
		count = esd_find(n, x, ESD_BOTH, 0.05, 20, outliers, &median, order);
		good = good && count == expected && fabs(median - brute_median(x, n)) < 1e-15;
		for (int i = 0; i < count && good; i++)
			good = x[outliers[i].index] == found[i] && outliers[i].p_value <= 0.05;
		total += count;
	}
	ok(good && total > 20, "outliers are those of the definition");
	{
		double		flat[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 5};
		double		median;
		Outlier		outlier;
		int			order[10];

		ok(esd_find(10, flat, ESD_BOTH, 0.05, 1, &outlier, &median, order) == 0 && median == 1,
		   "a deviation of zero finds nothing");
		ok(esd_find(0, flat, ESD_BOTH, 0.05, 0, &outlier, &median, order) == 0, "nor does an empty series");
	}
}

/* Changes of level. */
static void
test_change(void)
{
	static double y[600],
				work[3 * 600 + 2];
	Change		changes[20];
	int			count;
	int			false_ones = 0;

	for (int i = 0; i < 600; i++)
		y[i] = 1e6 + noise() + (i >= 200 ? 5 : 0) - (i >= 400 ? 9 : 0);
	count = change_find(600, y, 0.01, 5, changes, 20, work);
	ok(count == 2 && abs(changes[0].index - 200) <= 1 && abs(changes[1].index - 400) <= 1, "two changes are found in place");
	ok(count == 2 && fabs(changes[0].before - 1e6) < 0.5 && fabs(changes[0].after - 1e6 - 5) < 0.5 &&
	   changes[0].p_value < 1e-6, "with the levels before and after");
	for (int round = 0; round < 100; round++)
	{
		double		last = 0;

		for (int i = 0; i < 300; i++)
			y[i] = last = 0.4 * last + noise();
		false_ones += change_find(300, y, 0.01, 5, changes, 20, work) > 0;
	}
	ok(false_ones <= 6, "neighbours that resemble each other make few changes");
	for (int i = 0; i < 100; i++)
		y[i] = i < 50 ? 1 : 2;
	count = change_find(100, y, 0.01, 5, changes, 20, work);
	ok(count == 1 && changes[0].index == 50 && changes[0].p_value == 0 && changes[0].before == 1 && changes[0].after == 2,
	   "a step without noise is one");
	for (int i = 0; i < 100; i++)
		y[i] = 3;
	ok(change_find(100, y, 0.01, 5, changes, 20, work) == 0 && change_find(0, y, 0.01, 5, changes, 20, work) == 0 &&
	   change_find(1, y, 0.01, 5, changes, 20, work) == 0, "constant, empty and single values have none");
}

/* Puts points on a grid with room for 2000 slots. */
static void
grid_make(Grid *grid, Point *points, int n)
{
	static double value[2000];
	static bool filled[2000];
	int64_t		distances[2000];

	grid_order(points, n);
	grid_plan(grid, points, n, distances);
	grid->value = value;
	grid->filled = filled;
	grid_fill(grid, points, n);
}

/* The grid. */
static void
test_grid(void)
{
	/* days since 2000-01-01 of 2024-01-31, 2024-02-29, 2024-03-31, 2024-05-31 */
	Point		months[] = {{8796 * DAY, 1}, {8825 * DAY, 2}, {8856 * DAY, 3}, {8917 * DAY, 5}};
	Point		days[] = {{3 * DAY, 4}, {0, 1}, {DAY, 2}, {3 * DAY, 6}, {6 * DAY, NAN}, {7 * DAY, 9}, {2 * DAY, NAN}};
	Point		odd[] = {{0, 1}, {1, 2}, {2, 3}, {400 * DAY, 4}};
	Grid		grid;
	int			periods[3];

	grid_make(&grid, months, 4);
	ok(grid.n == 5 && grid.months == 1 && grid.value[3] == 4 && grid.filled[3] && !grid.filled[4], "months are counted by the calendar");
	ok(grid_time(&grid, 1) == 8825 * DAY && grid_time(&grid, 5) == 8947 * DAY, "their last day stays the last day");
	ok(grid_periods(&grid, periods, 3) == 1 && periods[0] == 12, "and their season is the year");
	grid_make(&grid, days, 7);
	ok(grid.n == 8 && grid.step == DAY, "days make a grid of days");
	ok(grid.value[3] == 5 && !grid.filled[3], "values of one time are averaged");
	ok(grid.filled[2] && grid.value[2] == 3.5 && grid.value[5] == 7 && grid.filled[6], "gaps are filled by straight lines");
	ok(grid_periods(&grid, periods, 3) == 2 && periods[0] == 7 && periods[1] == 365, "days may have a week and a year");
	grid_make(&grid, odd, 4);
	ok(grid.n == 4 && grid.value[3] == 4 && grid_time(&grid, 3) == 400 * DAY, "what fits no step is a sequence");
}

int
main(void)
{
	test_detector();
	test_degenerate();
	test_esd();
	test_change();
	test_grid();
	printf("1..%d\n", tests_run);
	return tests_failed > 0;
}
