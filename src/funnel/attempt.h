/*
 * attempt.h: a person's attempts at a funnel, by the options of product analytics.
 */
#ifndef TIKTOKADS_ATTEMPT_H
#define TIKTOKADS_ATTEMPT_H

#include "funnel/level.h"

/* Which first steps begin an attempt. */
typedef enum AttemptReentry
{
	REENTRY_NEWEST,				/* windowFunnel: each does, the newest chain wins */
	REENTRY_FIRST,				/* the first alone */
	REENTRY_EVERY,				/* the first one after each attempt */
	REENTRY_OPTIMISED			/* each does, the best attempt wins */
} AttemptReentry;

/* A condition that ends an attempt that has reached level `after` and not yet `before`. */
typedef struct AttemptExclusion
{
	int			condition;
	int			after;
	int			before;
} AttemptExclusion;

typedef struct AttemptRules
{
	FunnelRules funnel;			/* nsteps: all conditions, those of exclusions included */
	int64_t		entry_from;		/* a first step before this begins nothing */
	AttemptReentry reentry;
	bool		plain;			/* no exclusions, and no steps in any order */
	int			nlevels;		/* conditions that are steps */
	int			nstages;		/* steps that can come in any order are one stage */
	uint64_t	stages[FUNNEL_STEPS_MAX];	/* the conditions of each */
	int			nexclusions;
	AttemptExclusion exclusions[FUNNEL_STEPS_MAX];
	void		(*check) (void);	/* called now and then; may not return; may be NULL */
} AttemptRules;

typedef struct Attempt
{
	int			level;			/* steps done */
	int64_t		reached[FUNNEL_STEPS_MAX];	/* when each level was reached */
} Attempt;

typedef void (*AttemptTaker) (void *taker, const Attempt *attempt);

extern void attempt_rules_plain(AttemptRules *rules, int64_t window, unsigned mode, int nsteps);
extern void attempt_each(const FunnelEvent *events, size_t count, const AttemptRules *rules,
						 AttemptTaker take, void *taker);
extern bool attempt_best(const FunnelEvent *events, size_t count, const AttemptRules *rules, Attempt *best);
extern bool attempt_better(const Attempt *a, const Attempt *b);

#endif
