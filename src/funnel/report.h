/*
 * report.h: a funnel of people, counted.
 */
#ifndef TIKTOKADS_REPORT_H
#define TIKTOKADS_REPORT_H

#include "postgres.h"

#include "base/array.h"
#include "funnel/attempt.h"
#include "funnel/collect.h"
#include "funnel/options.h"

/* What of a funnel is counted under one day and one breakdown. */
typedef struct ReportBucket
{
	int64		people[FUNNEL_STEPS_MAX];	/* that reached each level */
	ARRAY_OF(double) seconds[FUNNEL_STEPS_MAX]; /* since the level before */
} ReportBucket;

typedef struct Report
{
	AttemptRules rules;
	FunnelCount count;
	bool		held;			/* attempts stay within one held value */
	int			ndays;			/* 0: no days are told apart */
	int64	   *days;			/* when each begins, and the end of the last */
	int			nbreakdowns;
	char	  **breakdowns;		/* sorted, NULL last */
	ReportBucket **buckets;		/* of each day and breakdown; NULL: nobody */
} Report;

extern void report_fill(Report *report, const Collection *collection);
extern double report_percentile(ReportBucket *bucket, int level, double share);

#endif
