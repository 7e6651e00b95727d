/*
 * report.c: counts how many people, sessions or attempts reached each step.
 *
 * A person counts once, by its best attempt; under a day once for each day on
 * which it began one.  An attempt is counted under the breakdown of the event
 * that began it; of several such events of one moment, the first in the order of
 * steps, then of texts.
 *
 * What must stay true: the answer does not depend on the order of rows.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "funnel/report.h"

/* One person's or session's events under one held value. */
typedef struct Run
{
	const FunnelEvent *events;
	const int32 *tags;
	int64		count;
} Run;

typedef struct Filler
{
	Report	   *report;
	const Collection *collection;
	int32	   *groups;			/* of each tag: number of its held value */
	int32	   *breakdowns;		/* of each tag: number of its breakdown */
	const Run  *run;			/* whose attempts are told now */
	bool		any;			/* there is a best attempt */
	Attempt		best;
	int32		best_breakdown;
} Filler;

/* Adds an attempt to a bucket. */
static void
bucket_add(Report *report, int day, int32 breakdown, const Attempt *attempt)
{
	ReportBucket **place = &report->buckets[(int64) day * report->nbreakdowns + breakdown];
	int			i;

	if (*place == NULL)
		*place = palloc0(sizeof(ReportBucket));
	for (i = 0; i < attempt->level; i++)
	{
		(*place)->people[i]++;
		if (i > 0)
			*array_add(&(*place)->seconds[i]) = (attempt->reached[i] - attempt->reached[i - 1]) / 1000000.0;
	}
}

/* The day that a time is in; -1 when in none. */
static int
report_day(const Report *report, int64 at)
{
	int			low = 0;
	int			high = report->ndays;

	if (report->ndays == 0)
		return 0;
	if (at < report->days[0] || at >= report->days[report->ndays])
		return -1;
	while (high - low > 1)
	{
		int			middle = low + (high - low) / 2;

		if (report->days[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first event of a run at or after a time. */
static int64
run_find(const Run *run, int64 at)
{
	int64		low = 0;
	int64		high = run->count;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (run->events[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The breakdown of the event that began an attempt. */
static int32
attempt_breakdown(const Filler *filler, const Attempt *attempt)
{
	const Run  *run = filler->run;
	int64		i;

	for (i = run_find(run, attempt->reached[0]); i < run->count; i++)
	{
		if (run->events[i].steps & filler->report->rules.stages[0])
			break;
	}
	Assert(i < run->count && run->events[i].at == attempt->reached[0]);
	return filler->breakdowns[run->tags[i]];
}

/* Counts an attempt, or keeps it if it is the best so far. */
static void
filler_take(void *taker, const Attempt *attempt)
{
	Filler	   *filler = taker;
	Report	   *report = filler->report;

	if (report->count == COUNT_TOTAL)
	{
		int			day = report_day(report, attempt->reached[0]);

		if (day >= 0)
			bucket_add(report, day, attempt_breakdown(filler, attempt), attempt);
	}
	else
	{
		int32		breakdown = attempt_breakdown(filler, attempt);

		if (!filler->any || attempt_better(attempt, &filler->best) ||
			(!attempt_better(&filler->best, attempt) && breakdown < filler->best_breakdown))
		{
			filler->best = *attempt;
			filler->best_breakdown = breakdown;
		}
		filler->any = true;
	}
}

/* Tells the attempts of a run that begin on a day; of all days when it is -1. */
static void
run_attempts(Filler *filler, const Run *run, int day)
{
	AttemptRules rules = filler->report->rules;
	int64		first = 0;
	int64		end = run->count;

	if (day >= 0)
	{
		rules.entry_from = filler->report->days[day];
		rules.funnel.entry_until = filler->report->days[day + 1] - 1;
		first = run_find(run, rules.entry_from);
		end = run_find(run, funnel_time_add(funnel_time_add(rules.funnel.entry_until, rules.funnel.window), 1));
	}
	filler->run = run;
	if (end > first)
		attempt_each(run->events + first, end - first, &rules, filler_take, filler);
}

/* The next day, after one, on which a run has a first step; -1 when there is none. */
static int
run_next_day(const Filler *filler, const Run *run, int day)
{
	const Report *report = filler->report;
	int64		i;

	for (i = run_find(run, report->days[day + 1]); i < run->count; i++)
	{
		if (run->events[i].steps & report->rules.stages[0])
			return report_day(report, run->events[i].at);
	}
	return -1;
}

/* Counts the best attempt, if there is one. */
static void
filler_count_best(Filler *filler, int day)
{
	if (filler->any)
		bucket_add(filler->report, day, filler->best_breakdown, &filler->best);
	filler->any = false;
}

/* Counts one person or session, whose rows are in runs by held value. */
static void
fill_person(Filler *filler, const Run *runs, int nruns)
{
	Report	   *report = filler->report;
	int			day = -1;
	int			i;

	filler->any = false;
	if (report->ndays == 0 || report->count == COUNT_TOTAL)
	{
		for (i = 0; i < nruns; i++)
			run_attempts(filler, &runs[i], -1);
		filler_count_best(filler, 0);
		return;
	}
	for (;;)
	{
		int			next = -1;

		/* the first of the runs' next days */
		for (i = 0; i < nruns; i++)
		{
			int			one = run_next_day(filler, &runs[i], day);

			if (one >= 0 && (next < 0 || one < next))
				next = one;
		}
		if (next < 0)
			return;
		day = next;
		for (i = 0; i < nruns; i++)
			run_attempts(filler, &runs[i], day);
		filler_count_best(filler, day);
	}
}

/* An event's place when a person's events are sorted by held value. */
typedef struct HeldPlace
{
	int32		group;
	int64		place;
} HeldPlace;

/* Orders places by held value, then as they were. */
static int
held_order(const void *a, const void *b)
{
	const HeldPlace *x = a;
	const HeldPlace *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* Counts one person or session whose attempts stay within one held value. */
static void
fill_person_held(Filler *filler, const Run *whole)
{
	HeldPlace  *places = palloc_extended(whole->count * sizeof(HeldPlace), MCXT_ALLOC_HUGE);
	FunnelEvent *events = palloc_extended(whole->count * sizeof(FunnelEvent), MCXT_ALLOC_HUGE);
	int32	   *tags = palloc_extended(whole->count * sizeof(int32), MCXT_ALLOC_HUGE);
	Run		   *runs;
	int			nruns = 0;
	int64		i;

	for (i = 0; i < whole->count; i++)
	{
		places[i].group = filler->groups[whole->tags[i]];
		places[i].place = i;
	}
	qsort(places, whole->count, sizeof(HeldPlace), held_order);
	for (i = 0; i < whole->count; i++)
		nruns += i == 0 || places[i].group != places[i - 1].group;
	runs = palloc0(nruns * sizeof(Run));
	nruns = 0;
	for (i = 0; i < whole->count; i++)
	{
		events[i] = whole->events[places[i].place];
		tags[i] = whole->tags[places[i].place];
		if (i == 0 || places[i].group != places[i - 1].group)
		{
			runs[nruns].events = events + i;
			runs[nruns++].tags = tags + i;
		}
		runs[nruns - 1].count++;
	}
	fill_person(filler, runs, nruns);
	pfree(places);
	pfree(events);
	pfree(tags);
	pfree(runs);
}

/* Are two texts, of which either may be NULL, the same? */
static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Compares two texts, NULL last. */
static int
breakdown_order(const void *a, const void *b)
{
	const char *x = *(char *const *) a;
	const char *y = *(char *const *) b;

	if (x == NULL || y == NULL)
		return (x == NULL) - (y == NULL);
	return strcmp(x, y);
}

/* Numbers the held values and breakdowns of the tags. */
static void
filler_number_tags(Filler *filler, int ntags)
{
	const EventTag *values = filler->collection->tag_values;
	Report	   *report = filler->report;
	char	  **sorted = palloc_extended((ntags + 1) * sizeof(char *), MCXT_ALLOC_HUGE);
	int			i;

	filler->groups = palloc_extended((ntags + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	filler->breakdowns = palloc_extended((ntags + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (i = 0; i < ntags; i++)
	{
		filler->groups[i] = i == 0 ? 0 : filler->groups[i - 1] + !same_text(values[i].hold, values[i - 1].hold);
		sorted[i] = values[i].breakdown;
	}
	qsort(sorted, ntags, sizeof(char *), breakdown_order);
	report->nbreakdowns = 0;
	for (i = 0; i < ntags; i++)
	{
		if (i == 0 || !same_text(sorted[i], sorted[i - 1]))
			sorted[report->nbreakdowns++] = sorted[i];
	}
	for (i = 0; i < ntags; i++)
	{
		char	   *key = values[i].breakdown;
		char	  **found = bsearch(&key, sorted, report->nbreakdowns, sizeof(char *), breakdown_order);

		filler->breakdowns[i] = (int32) (found - sorted);
	}
	report->breakdowns = sorted;
}

/* Counts the attempts of all people. */
void
report_fill(Report *report, const Collection *collection)
{
	Filler		filler = {0};
	int64		i;

	filler.report = report;
	filler.collection = collection;
	filler_number_tags(&filler, collection->ntags);
	report->buckets = palloc_extended(((Size) Max(report->ndays, 1) * report->nbreakdowns + 1) * sizeof(ReportBucket *),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < collection->npeople; i++)
	{
		int64		start = collection->starts[i];
		Run			run = {collection->events + start, collection->tags + start, collection->starts[i + 1] - start};

		CHECK_FOR_INTERRUPTS();
		if (run.count == 0)
			continue;
		if (report->held)
			fill_person_held(&filler, &run);
		else
			fill_person(&filler, &run, 1);
	}
}

/* Orders doubles. */
static int
double_order(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/*
 * The seconds since the level before that a share of those who reached a level
 * did not pass, interpolated as percentile_cont does; NaN when nobody did.
 */
double
report_percentile(ReportBucket *bucket, int level, double share)
{
	int			count = bucket->seconds[level].count;
	double	   *seconds = bucket->seconds[level].items;
	double		place = share * (count - 1);
	int			below = (int) floor(place);

	if (count == 0)
		return NAN;
	qsort(seconds, count, sizeof(double), double_order);
	if (below + 1 >= count)
		return seconds[count - 1];
	return seconds[below] + (place - below) * (seconds[below + 1] - seconds[below]);
}
