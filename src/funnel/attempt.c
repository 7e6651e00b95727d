/*
 * attempt.c: walks through a person's events and tells the attempts at a funnel.
 *
 * An attempt begins with a first step.  Its window counts from there and is not
 * set back by later first steps.  Each event that is the next step, or one of the
 * next steps where several can come in any order, brings it one level further.
 * It ends when it is complete, when its window is over, when an exclusion that
 * is in force happens, or when the mode forbids an event:
 *
 *   strict_order          an event that is no step, or a step too early (the
 *                         latter not under allow_reentry)
 *   strict_deduplication  a step again that was done, other than a first one
 *   strict_increase       steps need a later time than the step before
 *   strict_once           one row serves one step
 *
 * Events of one moment count in the order of their conditions, rows that satisfy
 * none first.  An attempt that ended leaves the rest of its moment alone.
 *
 * What must stay true: without options the answer is window_funnel()'s, because
 * then funnel_level() gives it.  Events are sorted.  No PostgreSQL in here.
 */
#include "funnel/attempt.h"

#include <string.h>

#include "funnel/tie.h"

#define CHECK_EVERY		4096

typedef struct Walk
{
	const AttemptRules *rules;
	AttemptTaker take;
	void	   *taker;
	uint64_t	excluding;		/* conditions of exclusions */
	bool		active;			/* there is an attempt */
	bool		ended;			/* one ended in this moment */
	int			nattempts;		/* that ended */
	int			stage;
	uint64_t	missing;		/* steps of the stage that are not done */
	uint64_t	done;			/* steps done */
	Attempt		attempt;
	Tie			tie;			/* rows of the moment, under strict_once */
	unsigned	turns;
} Walk;

/* Rules without options. */
void
attempt_rules_plain(AttemptRules *rules, int64_t window, unsigned mode, int nsteps)
{
	int			i;

	memset(rules, 0, sizeof(*rules));
	rules->funnel.window = window;
	rules->funnel.entry_until = INT64_MAX;
	rules->funnel.nsteps = nsteps;
	rules->funnel.mode = mode;
	rules->entry_from = INT64_MIN;
	rules->reentry = REENTRY_NEWEST;
	rules->plain = true;
	rules->nlevels = nsteps;
	rules->nstages = nsteps;
	for (i = 0; i < nsteps; i++)
		rules->stages[i] = UINT64_C(1) << i;
}

/* Is an attempt better than another: further, or as far and begun earlier, then done earlier? */
bool
attempt_better(const Attempt *a, const Attempt *b)
{
	int			i;

	if (a->level != b->level)
		return a->level > b->level;
	for (i = 0; i < a->level; i++)
	{
		if (a->reached[i] != b->reached[i])
			return a->reached[i] < b->reached[i];
	}
	return false;
}

/* Ends the attempt. */
static void
walk_end(Walk *walk)
{
	walk->active = false;
	walk->ended = true;
	walk->nattempts++;
	walk->take(walk->taker, &walk->attempt);
}

/* Takes the attempt one level further. */
static void
walk_advance(Walk *walk, int condition, int64_t at)
{
	const AttemptRules *rules = walk->rules;
	Attempt    *attempt = &walk->attempt;

	attempt->reached[attempt->level++] = at;
	walk->done |= UINT64_C(1) << condition;
	walk->missing &= ~(UINT64_C(1) << condition);
	if (attempt->level == rules->nlevels)
		walk_end(walk);
	else if (walk->missing == 0)
		walk->missing = rules->stages[++walk->stage];
}

/* A condition of exclusions happened. */
static void
walk_exclude(Walk *walk, int condition)
{
	const AttemptRules *rules = walk->rules;
	int			i;

	for (i = 0; i < rules->nexclusions; i++)
	{
		const AttemptExclusion *exclusion = &rules->exclusions[i];

		if (exclusion->condition == condition &&
			walk->attempt.level >= exclusion->after && walk->attempt.level < exclusion->before)
		{
			walk_end(walk);
			return;
		}
	}
}

/* A condition was satisfied while there is an attempt. */
static void
walk_condition(Walk *walk, int condition, int64_t at)
{
	const AttemptRules *rules = walk->rules;
	unsigned	mode = rules->funnel.mode;
	uint64_t	bit = UINT64_C(1) << condition;
	int			level = walk->attempt.level;

	if (walk->excluding & bit)
		walk_exclude(walk, condition);
	else if (walk->missing & bit)
	{
		if ((mode & FUNNEL_STRICT_INCREASE) && level > 0 && walk->attempt.reached[level - 1] == at)
			return;
		if (!(mode & FUNNEL_STRICT_ONCE) || tie_serve(&walk->tie, condition))
			walk_advance(walk, condition, at);
	}
	else if (walk->done & bit)
	{
		if ((mode & FUNNEL_STRICT_DEDUPLICATION) && !(rules->stages[0] & bit))
			walk_end(walk);
	}
	else if ((mode & FUNNEL_STRICT_ORDER) && !(mode & FUNNEL_ALLOW_REENTRY))
		walk_end(walk);
}

/* Begins an attempt with a first step, where one may begin. */
static void
walk_begin(Walk *walk, int condition, int64_t at)
{
	const AttemptRules *rules = walk->rules;

	if (walk->ended || !(rules->stages[0] >> condition & 1) ||
		at < rules->entry_from || at > rules->funnel.entry_until ||
		(rules->reentry != REENTRY_EVERY && walk->nattempts > 0))
		return;
	walk->active = true;
	walk->stage = 0;
	walk->missing = rules->stages[0];
	walk->done = 0;
	walk->attempt.level = 0;
	walk_condition(walk, condition, at);
}

/* Everything that one moment does. */
static void
walk_moment(Walk *walk, const FunnelMoment *moment)
{
	const FunnelRules *funnel = &walk->rules->funnel;
	uint64_t	rest = moment->any;

	walk->ended = false;
	if (walk->active && (moment->at > funnel_time_add(walk->attempt.reached[0], funnel->window) ||
						 (moment->none && (funnel->mode & FUNNEL_STRICT_ORDER))))
	{
		walk_end(walk);
		walk->ended = false;	/* it ended before what happens now */
	}
	for (; rest != 0; rest &= rest - 1)
	{
		int			condition = __builtin_ctzll(rest);

		if (!walk->active)
			walk_begin(walk, condition, moment->at);
		else
			walk_condition(walk, condition, moment->at);
		if (walk->active && (funnel->mode & FUNNEL_STRICT_DEDUPLICATION) && (moment->twice >> condition & 1))
			walk_condition(walk, condition, moment->at);
	}
}

/* Walks from an event on, to the end or until the first attempt ended where no other can follow. */
static void
walk_from(Walk *walk, const FunnelEvent *events, size_t count, size_t from)
{
	bool		one = walk->rules->reentry != REENTRY_EVERY;

	walk->active = false;
	walk->nattempts = 0;
	while (from < count && !(one && walk->nattempts > 0))
	{
		FunnelMoment moment;
		size_t		next = funnel_moment_next(events, count, from, &moment);

		if (++walk->turns % CHECK_EVERY == 0 && walk->rules->check != NULL)
			walk->rules->check();
		if (walk->rules->funnel.mode & FUNNEL_STRICT_ONCE)
			tie_fill(&walk->tie, events + from, next - from);
		walk_moment(walk, &moment);
		from = next;
	}
	if (walk->active)
		walk_end(walk);
}

typedef struct BestTaker
{
	bool		any;
	Attempt    *best;
} BestTaker;

/* Keeps the better of two attempts. */
static void
take_best(void *taker, const Attempt *attempt)
{
	BestTaker  *best = taker;

	if (!best->any || attempt_better(attempt, best->best))
		*best->best = *attempt;
	best->any = true;
}

/* Prepares a walk. */
static void
walk_prepare(Walk *walk, const AttemptRules *rules, AttemptTaker take, void *taker)
{
	int			i;

	walk->rules = rules;
	walk->take = take;
	walk->taker = taker;
	walk->turns = 0;
	walk->excluding = 0;
	for (i = 0; i < rules->nexclusions; i++)
		walk->excluding |= UINT64_C(1) << rules->exclusions[i].condition;
}

/* The best of the attempts that begin at each first step; false when there is none. */
static bool
attempt_optimised(Walk *walk, const FunnelEvent *events, size_t count, const AttemptRules *rules, Attempt *best)
{
	BestTaker	taker = {false, best};
	size_t		i = 0;

	walk_prepare(walk, rules, take_best, &taker);
	while (i < count && !(taker.any && best->level == rules->nlevels))
	{
		FunnelMoment moment;
		size_t		next = funnel_moment_next(events, count, i, &moment);

		if (moment.at > rules->funnel.entry_until)
			break;
		if ((moment.any & rules->stages[0]) && moment.at >= rules->entry_from)
			walk_from(walk, events, count, i);
		i = next;
	}
	return taker.any;
}

/* Tells each attempt, in order; only the best one where each first step begins one. */
void
attempt_each(const FunnelEvent *events, size_t count, const AttemptRules *rules, AttemptTaker take, void *taker)
{
	static Walk walk;			/* large, and no call is nested in another */
	Attempt		best;

	if (rules->reentry == REENTRY_NEWEST && rules->plain)
	{
		while (count > 0 && events->at < rules->entry_from)
			events++, count--;	/* before a first step nothing matters */
		best.level = funnel_level(events, count, &rules->funnel, best.reached);
		if (best.level > 0)
			take(taker, &best);
	}
	else if (rules->reentry == REENTRY_NEWEST || rules->reentry == REENTRY_OPTIMISED)
	{
		if (attempt_optimised(&walk, events, count, rules, &best))
			take(taker, &best);
	}
	else
	{
		walk_prepare(&walk, rules, take, taker);
		walk_from(&walk, events, count, 0);
	}
}

/* The best attempt; false when there is none. */
bool
attempt_best(const FunnelEvent *events, size_t count, const AttemptRules *rules, Attempt *best)
{
	BestTaker	taker = {false, best};

	attempt_each(events, count, rules, take_best, &taker);
	return taker.any;
}
