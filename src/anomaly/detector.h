/*
 * detector.h: scores a stream of measurements one by one.
 */
#ifndef TIKTOKADS_DETECTOR_H
#define TIKTOKADS_DETECTOR_H

#include <stdint.h>

#define DETECTOR_BINS		64
#define DETECTOR_SCALES		5
#define DETECTOR_WITNESSES	(DETECTOR_SCALES + 3)
#define HOURS_OF_WEEK		168
#define HOURS_OF_DAY		24

/* One statistic of the series and what it usually is: centre, spread, and how often it was how far off. */
typedef struct Witness
{
	double		centre;
	double		spread;			/* mean distance from the centre, outliers clipped */
	uint32_t	seen;
	uint32_t	kept;			/* distances counted in tail[], after halvings */
	uint32_t	tail[DETECTOR_BINS + 1];	/* tail[b]: distances in bin b or beyond */
} Witness;

/* Mean value of one hour. */
typedef struct Hour
{
	double		mean;
	uint32_t	seen;
} Hour;

/* A rival predictor and its recent absolute error. */
typedef struct Rival
{
	double		expected;
	double		error;
} Rival;

/* All memory of a stream: zero it to begin. */
typedef struct Detector
{
	uint64_t	seen;
	double		level;
	double		previous;		/* value before */
	double		previous_error;
	double		variance;		/* of errors, and covariance with the error before: */
	double		covariance;		/* how much of an error the next one repeats */
	double		roughness;		/* mean step between neighbours */
	double		smooth[DETECTOR_SCALES];	/* errors averaged over ever more rows */
	double		peak;			/* fading memory of the greatest surprise */
	Rival		rival[3];		/* level, hour of day, hour of week */
	Hour		day[HOURS_OF_DAY];
	Hour		week[HOURS_OF_WEEK];
	Witness		witness[DETECTOR_WITNESSES];
} Detector;

extern double detector_score(Detector *detector, double value, int hour_of_week, double *expected);

#endif
