/*
 * band.h: what a day's number should have been, given the days before it.
 */
#ifndef TIKTOKADS_BAND_H
#define TIKTOKADS_BAND_H

#include <stdbool.h>
#include <stdint.h>

#define BAND_DAYS		56		/* days that are remembered */
#define BAND_DAYS_MIN	7		/* days that must be known to say anything */

typedef enum BandFamily
{
	BAND_AMOUNT,				/* money and other positive amounts */
	BAND_COUNT,					/* events, also events for so much exposure */
	BAND_RATE					/* events out of so many trials: never more than those */
} BandFamily;

/* A day that is remembered: value for so much exposure. */
typedef struct BandDay
{
	int32_t		day;			/* any count of days */
	int32_t		weekday;		/* modulo 7 */
	double		value;
	double		exposure;
} BandDay;

/* The days before, a ring. */
typedef struct BandHistory
{
	int			count;			/* days ever remembered */
	BandDay		days[BAND_DAYS];
} BandHistory;

/* The judgement of a day; surprises are minus the decimal logarithm of a tail's chance. */
typedef struct Band
{
	double		expected;
	double		lower;			/* 95 % of days like this one lie between */
	double		upper;
	double		down;			/* surprise at so little */
	double		up;				/* surprise at so much */
} Band;

extern void band_learn(BandHistory *history, int32_t day, double value, double exposure);
extern bool band_judge(const BandHistory *history, BandFamily family, int32_t day, double value,
					   double exposure_low, double exposure_high, Band *band);

#endif
