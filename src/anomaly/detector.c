/*
 * detector.c: streaming detection of anomalies.
 *
 * Each value is compared with what was expected of it: the level, the hour of
 * the day's mean or the hour of the week's, whichever erred least of late.
 * Several witnesses watch: the value itself, its error averaged over 3, 9,
 * 27, 81 and 243 rows (a small shift that lasts), the error's surprise over the
 * error before, and the roughness (a series that goes wild, or flat).  Each knows
 * how far off its statistic was in the past, and says how seldom it was as far
 * off as now: a tail count mixed with a heavy-tailed prior, which speaks where
 * nothing was seen yet and fades as counts grow (the likelihood of the recent
 * error distribution in Lavin and Ahmad 2015, arXiv 1510.03336, without its
 * normal tail).  The least likely witness makes the surprise.
 *
 * What is reported is the surprise less the memory of the last great one, which
 * fades over the length of an episode, so that an episode is told once, and
 * again only if it gets worse.
 *
 * What must stay true: a score depends on this value and those before it; the
 * cost of a value and the memory of a stream do not grow; scaling or shifting
 * the values changes no score but for rounding.  No constant below knows of any
 * series: they are round numbers on a plateau (doc/anomaly.md tells how wide).
 */
#include "anomaly/detector.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define WARM_UP			8		/* rows before a witness speaks */
#define SPREAD_ROWS		20000	/* rows over which centre and spread are learnt */
#define CLIP			3.0		/* spreads beyond which a distance teaches no more */
#define KEPT_MOST		5000	/* distances before all counts are halved */
#define PRIOR_WEIGHT	0.5		/* the prior counts as so many distances */
#define INDIRECT_WEIGHT	0.8		/* of every witness but the value itself */
#define LEVEL_ROWS		3000
#define DAY_ROWS		200		/* rows of an hour's mean */
#define WEEK_ROWS		80
#define RIVAL_ROWS		500	/* rows over which predictors are judged */
#define RIVAL_MARGIN	0.9		/* a season must be that much better than the level */
#define ROUGH_ROWS		36
#define REPEAT_ROWS		500
#define FADE_SHARE		0.15		/* the memory of an episode fades over this share of the rows seen, */
#define FADE_LEAST		40		/* within these bounds */
#define FADE_MOST		300
#define FADE_SURPRISE	0.9		/* what a past surprise takes from the next, */
#define FADE_GAP		0.8		/* or all of it but this, if that is more */
#define SCORE_HALF		1.5		/* net surprise, in powers of ten, of score 0.5 */

static const double scale_rows[DETECTOR_SCALES] = {3, 9, 27, 81, 243};

/* The bin of a distance in spreads: below 1/4, then four an octave; part: how far into the bin. */
static int
bin_of(double far, double *part)
{
	float		narrow = (float) fmin(far, 1e30);
	uint32_t	bits;
	int			bin;

	/* exponent and two bits of the mantissa make the bin, the rest the part */
	memcpy(&bits, &narrow, sizeof(bits));
	bin = (int) (bits >> 21) - ((127 - 2) << 2) + 1;
	*part = (bits & 0x1fffff) / (double) 0x200000;
	if (bin < 1)
	{
		*part = 4 * far;
		return 0;
	}
	if (bin >= DETECTOR_BINS)
	{
		*part = 1;
		return DETECTOR_BINS - 1;
	}
	return bin;
}

/* Counts a distance. */
static void
witness_count(Witness *witness, int bin)
{
	for (int b = 0; b <= bin; b++)
		witness->tail[b]++;
	if (++witness->kept > KEPT_MOST)
	{
		for (int b = 0; b <= DETECTOR_BINS; b++)
			witness->tail[b] /= 2;
		witness->kept /= 2;
	}
}

/*
 * How likely a statistic is to be as far from its centre as x, by what was seen
 * before; then learns from it.  centred: the centre is known to be 0.
 */
static double
witness_ask(Witness *witness, double x, bool centred)
{
	double		error;
	double		distance;
	double		p = 1;
	double		gain;

	if (witness->seen == 0 && !centred)
		witness->centre = x;
	error = x - witness->centre;
	distance = fabs(error);

	/* what rounding alone can do is no distance */
	if (distance <= 4e-15 * fabs(x))
		distance = 0;
	if (witness->seen >= WARM_UP)
	{
		double		far = witness->spread > 0 ? distance / witness->spread : distance > 0 ? 1e9 : 0;
		double		part;
		int			bin = bin_of(far, &part);
		/* within a bin distances are taken as spread evenly */
		double		beyond = witness->tail[bin] - part * (witness->tail[bin] - witness->tail[bin + 1]);
		/* falls as the power 2.5 */
		double		prior = 1 / ((1 + far) * (1 + far) * sqrt(1 + far));

		p = (beyond + PRIOR_WEIGHT * prior) / (witness->kept + PRIOR_WEIGHT);
		witness_count(witness, bin);
		if (witness->spread > 0)
			distance = fmin(distance, CLIP * witness->spread);
	}
	witness->seen++;
	gain = 1.0 / (witness->seen < SPREAD_ROWS ? witness->seen : SPREAD_ROWS);
	if (!centred)
		witness->centre += gain * copysign(distance, error);
	witness->spread += gain * (distance - witness->spread);
	return p;
}

/* Lets an hour's mean learn. */
static void
hour_learn(Hour *hour, double value, uint32_t rows)
{
	if (hour->seen < rows)
		hour->seen++;
	hour->mean += (value - hour->mean) / hour->seen;
}

/* What is expected now: by the predictor that erred least of late. */
static double
expect(Detector *detector, const Hour *day, const Hour *week)
{
	Rival	   *rival = detector->rival;
	Rival		best;

	rival[0].expected = detector->level;
	rival[1].expected = day->seen > 0 ? day->mean : rival[0].expected;
	rival[2].expected = week->seen > 0 ? week->mean : rival[1].expected;
	best = rival[0];
	if (day->seen > 0 && rival[1].error < best.error * RIVAL_MARGIN)
		best = rival[1];
	if (week->seen > 0 && rival[2].error < best.error * RIVAL_MARGIN)
		best = rival[2];
	return best.expected;
}

/* Lets the predictors learn. */
static void
learn(Detector *detector, double value, Hour *day, Hour *week)
{
	double		rows = (double) detector->seen;
	double		gain = 1 / fmin(rows, RIVAL_ROWS);

	for (int i = 0; i < 3; i++)
		detector->rival[i].error += gain * (fabs(value - detector->rival[i].expected) - detector->rival[i].error);
	detector->level += (value - detector->level) / fmin(rows, LEVEL_ROWS);
	hour_learn(day, value, DAY_ROWS);
	hour_learn(week, value, WEEK_ROWS);
}

/* The part of an error that the error before did not foretell; learns how much it does. */
static double
innovation(Detector *detector, double error, double limit)
{
	double		before = detector->previous_error;
	double		repeated = detector->variance > 0 ? detector->covariance / detector->variance : 0;
	double		gain = 1 / fmin((double) detector->seen, REPEAT_ROWS);
	double		now = error;
	double		then = before;

	if (limit > 0)
	{
		now = fmax(-limit, fmin(limit, now));
		then = fmax(-limit, fmin(limit, then));
	}
	detector->variance += gain * (then * then - detector->variance);
	detector->covariance += gain * (now * then - detector->covariance);
	detector->previous_error = error;
	return error - repeated * before;
}

/* The surprise of a value: minus the decimal logarithm of its likelihood. */
static double
surprise(Detector *detector, double value, double error)
{
	Witness    *witness = detector->witness;
	double		direct = witness_ask(witness, value, false);
	double		likely = 1;
	double		spread = witness->spread;

	witness++;
	for (int i = 0; i < DETECTOR_SCALES; i++)
	{
		detector->smooth[i] += (error - detector->smooth[i]) / scale_rows[i];
		likely = fmin(likely, witness_ask(witness++, detector->smooth[i], false));
	}
	likely = fmin(likely, witness_ask(witness, innovation(detector, error, 4 * detector->witness[1].spread), true));
	witness++;
	detector->roughness += (fabs(value - detector->previous) - detector->roughness) / ROUGH_ROWS;
	if (spread > 0)
		likely = fmin(likely, witness_ask(witness, log(detector->roughness + 1e-3 * spread), false));
	return fmax(-log10(direct), -INDIRECT_WEIGHT * log10(likely));
}

/* What the memory of past surprises leaves of this one; remembers it. */
static double
net_surprise(Detector *detector, double now)
{
	double		rows = fmax(FADE_LEAST, fmin(FADE_MOST, FADE_SHARE * detector->seen));
	double		net = now - fmax(FADE_SURPRISE * detector->peak, detector->peak - FADE_GAP);

	/* close enough to exp(-1 / rows) */
	detector->peak = fmax(now, detector->peak * (1 - 1 / rows));
	return fmax(0, net);
}

/*
 * Scores a finite value: 0 nothing new .. 1, with 0.5 where an alert is due.
 * The hour of the week is that of the value's wall time, any day may be its first.
 * expected: what the value was expected to be.
 */
double
detector_score(Detector *detector, double value, int hour_of_week, double *expected)
{
	Hour	   *day = &detector->day[hour_of_week % HOURS_OF_DAY];
	Hour	   *week = &detector->week[hour_of_week];
	double		net;

	if (detector->seen == 0)
		detector->level = detector->previous = value;
	detector->seen++;
	*expected = expect(detector, day, week);
	net = net_surprise(detector, surprise(detector, value, value - *expected));
	learn(detector, value, day, week);
	detector->previous = value;
	return net > 0 ? 1 - exp2(-net / SCORE_HALF) : 0;
}
