/*
 * esd.c: the generalised extreme studentised deviate test on robust measures.
 *
 * Rosner (1983), Technometrics 25, 165-172, with median and median absolute
 * deviation in place of mean and standard deviation (Hochenbaum, Vallis,
 * Kejariwal 2017, arXiv 1704.07706: S-H-ESD).
 *
 * The points taken out are always at an end of the ordered values: median and
 * deviation of what remains are found by bisection, so the test costs one sort.
 */
#include "anomaly/esd.h"

#include <math.h>
#include <stdlib.h>

#include "anomaly/distribution.h"
#include "anomaly/pause.h"

#define MAD_TO_SIGMA 1.4826

static const double *sort_values;

/* Orders indexes by value, then index. */
static int
compare_indexes(const void *left, const void *right)
{
	int			a = *(const int *) left;
	int			b = *(const int *) right;

	if (sort_values[a] != sort_values[b])
		return sort_values[a] < sort_values[b] ? -1 : 1;
	return (a > b) - (a < b);
}

/* The ordered values low .. high - 1. */
typedef struct Middle
{
	const double *x;
	const int  *order;
	int			low;
	int			high;
} Middle;

/* The value at a place in order. */
static double
at(const Middle *middle, int place)
{
	return middle->x[middle->order[place]];
}

/* Their median. */
static double
median_of(const Middle *middle)
{
	int			count = middle->high - middle->low;
	int			half = middle->low + count / 2;

	return count % 2 == 1 ? at(middle, half) : (at(middle, half - 1) + at(middle, half)) / 2;
}

/* The k-th smallest (from 1) distance to the median: the best split of k between both sides. */
static double
distance_of(const Middle *middle, double median, int first_above, int k)
{
	int			below = first_above - middle->low;	/* distances grow to the left */
	int			above = middle->high - first_above;	/* and to the right */
	int			low = k > above ? k - above : 0;
	int			high = k < below ? k : below;

	/* the least share of the left side whose next distance is not less than the right's last */
	while (low < high)
	{
		int			left = (low + high) / 2;
		int			right = k - left;

		if (right > 0 && median - at(middle, first_above - 1 - left) < at(middle, first_above + right - 1) - median)
			low = left + 1;
		else
			high = left;
	}
	return fmax(low > 0 ? median - at(middle, first_above - low) : 0,
				k - low > 0 ? at(middle, first_above + k - low - 1) - median : 0);
}

/* Their median absolute deviation. */
static double
deviation_of(const Middle *middle, double median)
{
	int			count = middle->high - middle->low;
	int			low = middle->low,
				high = middle->high;

	while (low < high)
	{
		int			half = (low + high) / 2;

		if (at(middle, half) < median)
			low = half + 1;
		else
			high = half;
	}
	if (count % 2 == 1)
		return distance_of(middle, median, low, count / 2 + 1);
	return (distance_of(middle, median, low, count / 2) + distance_of(middle, median, low, count / 2 + 1)) / 2;
}

/* The two-sided (or one-sided) chance of so extreme a deviate among count values. */
static double
chance(double distance, int count, EsdSide side)
{
	double		freedom = count - 2;
	double		square = distance * distance;
	double		most = (count - 1.0) * (count - 1) / count;
	double		t;

	if (square >= most)
		return 0;
	t = sqrt(freedom * square / (most - square));
	return fmin(1, 0.5 * beta_below(freedom / (freedom + t * t), freedom / 2, 0.5) * count * (side == ESD_BOTH ? 2 : 1));
}

/*
 * Finds at most this many outliers among x, the most extreme first, and the
 * median of all.  order is scratch of n.  Returns how many: the largest number
 * whose last deviate still is above its limit.
 */
int
esd_find(int n, const double *x, EsdSide side, double alpha, int most, Outlier *outliers, double *median, int *order)
{
	Middle		middle = {x, order, 0, n};
	int			found = 0;

	for (int i = 0; i < n; i++)
		order[i] = i;
	sort_values = x;
	qsort(order, n, sizeof(int), compare_indexes);
	*median = n > 0 ? median_of(&middle) : 0;
	for (int i = 1; i <= most && n - i > 1; i++)
	{
		double		centre = median_of(&middle);
		double		sigma = MAD_TO_SIGMA * deviation_of(&middle, centre);
		double		up = at(&middle, middle.high - 1) - centre;
		double		down = centre - at(&middle, middle.low);
		double		far = side == ESD_UP ? up : side == ESD_DOWN ? down : fmax(up, down);
		double		p = 1 - alpha / ((side == ESD_BOTH ? 2 : 1) * (n - i + 1.0));
		double		t;

		if (sigma == 0 || far <= 0)
			break;
		t = student_quantile(p, n - i - 1);
		outliers[i - 1].index = far == up && side != ESD_DOWN ? order[middle.high - 1] : order[middle.low];
		outliers[i - 1].distance = far / sigma;
		outliers[i - 1].p_value = chance(far / sigma, n - i + 1, side);
		if (far / sigma > t * (n - i) / sqrt((n - i - 1 + t * t) * (n - i + 1)))
			found = i;
		if (far == up && side != ESD_DOWN)
			middle.high--;
		else
			middle.low++;
		if (i % 1000 == 0)
			pause_check();
	}
	return found;
}
