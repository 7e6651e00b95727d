/*
 * once.c: the level under strict_once, where one row serves one step of a chain.
 *
 * ClickHouse 26.7 keeps every chain that rows can form, which grows with the
 * product of the rows of each step.  Here each level keeps the chain that began
 * last: any row that extends another chain of that level extends this one too,
 * because rows of earlier moments are never in question again.  Within a moment,
 * steps i..t can be taken by a chain that had i when as many different rows
 * can be given to them: a matching of steps to rows.
 *
 * What must stay true: levels that are set are the first `count` ones; what one
 * moment adds can be extended by the moment itself only through `tie_serves`.
 * Under strict_deduplication, where it matters which of two rows of a moment
 * comes first, the one with the smaller steps does.  No PostgreSQL in here.
 */
#include "funnel/once.h"

#include <string.h>

#include "funnel/tie.h"

typedef struct Chain
{
	int64_t		began;
	int64_t		times[FUNNEL_STEPS_MAX];	/* filled when they are asked for */
} Chain;

typedef struct Once
{
	const FunnelRules *rules;
	int			count;			/* levels that are set, those of the moment included */
	int			before;			/* levels that were set before the moment */
	bool		began;			/* the moment has a first step */
	bool		single;			/* the moment has one row, which takes a chain one step on */
	bool		over;
	bool		track;			/* fill times */
	uint64_t	added;			/* levels to which the moment gave a chain */
	Chain		chains[FUNNEL_STEPS_MAX];	/* by level, before the moment */
	Chain		fresh[FUNNEL_STEPS_MAX];	/* by level, from the moment */
	Tie			tie;
} Once;

/* Makes a chain what another one is at its first levels. */
static void
chain_copy(const Once *once, Chain *to, const Chain *from, int levels)
{
	to->began = from->began;
	if (once->track)
		memcpy(to->times, from->times, levels * sizeof(int64_t));
}

/* Can the rows of the moment take the steps from..step, the last of them by one row alone unless it is -1? */
static bool
once_serves(Once *once, int from, int step, int row)
{
	if (once->single)
		return from == step;
	return row >= 0 ? tie_serves(&once->tie, from, step - 1, row) : tie_serves(&once->tie, from, step, -1);
}

/*
 * Extends the chain that began last to a step, by any row of the moment, or by
 * one row alone: earlier steps of the moment must then be served by the others.
 * Chains of lower levels began no earlier, so the first that fits is the best.
 */
static bool
once_extend(Once *once, int step, int64_t at, int row)
{
	const FunnelRules *rules = once->rules;
	int			from = (rules->mode & FUNNEL_STRICT_INCREASE) || once->single ? step : 0;

	for (; from <= step; from++)
	{
		const Chain *chain = from > 0 ? &once->chains[from - 1] : NULL;
		Chain	   *fresh = &once->fresh[step];
		int			i;

		if (from == 0 ? !once->began :
			from > once->before || at > funnel_time_add(chain->began, rules->window))
			continue;
		if (!once_serves(once, from, step, row))
			continue;
		if (from > 0)
			chain_copy(once, fresh, chain, from);
		else
			fresh->began = at;
		for (i = from; once->track && i <= step; i++)
			fresh->times[i] = at;
		once->added |= UINT64_C(1) << step;
		if (step == once->count)
			once->count++;
		once->over = once->count == rules->nsteps;
		return true;
	}
	return false;
}

/* Under strict_deduplication rows count one by one: a row after the one that set the level is a repeat. */
static void
once_step_deduplicated(Once *once, int step, int64_t at)
{
	int			row;

	for (row = 0; row < once->tie.nrows && !once->over; row++)
	{
		if (!(once->tie.rows[row] >> step & 1))
			continue;
		if (step < once->count)
			once->over = true;
		else
			once_extend(once, step, at, row);
	}
}

/* What the rows of a moment that satisfy one step do. */
static void
once_step(Once *once, int step, int64_t at)
{
	const FunnelRules *rules = once->rules;

	if (step == 0)
	{
		if (at > rules->entry_until)
			return;
		once->began = true;
		once->fresh[0].began = once->fresh[0].times[0] = at;
		once->added |= 1;
		if (once->count == 0)
			once->count = 1;
	}
	else if ((rules->mode & FUNNEL_STRICT_DEDUPLICATION) && step < once->count)
		once->over = true;
	else if ((rules->mode & FUNNEL_STRICT_ORDER) && once->count > 0 && step > once->count)
		once->over = !(rules->mode & FUNNEL_ALLOW_REENTRY);
	else if (step <= once->count)
	{
		if (rules->mode & FUNNEL_STRICT_DEDUPLICATION)
			once_step_deduplicated(once, step, at);
		else
			once_extend(once, step, at, -1);
	}
}

/* Everything that one moment does; its chains then count for the next ones. */
static void
once_moment(Once *once, const FunnelMoment *moment)
{
	uint64_t	rest = moment->any;

	if (moment->none && (once->rules->mode & FUNNEL_STRICT_ORDER) && once->count > 0)
	{
		once->over = true;
		return;
	}
	once->before = once->count;
	once->began = false;
	once->added = 0;
	for (; rest != 0 && !once->over; rest &= rest - 1)
		once_step(once, __builtin_ctzll(rest), moment->at);
	for (rest = once->added; rest != 0; rest &= rest - 1)
	{
		int			level = __builtin_ctzll(rest);

		if (level >= once->before || once->fresh[level].began >= once->chains[level].began)
			chain_copy(once, &once->chains[level], &once->fresh[level], level + 1);
	}
}

/* funnel_level() under strict_once. */
int
funnel_level_once(const FunnelEvent *events, size_t count, const FunnelRules *rules, int64_t *reached)
{
	static Once once;			/* large, and no call is nested in another */
	size_t		i = 0;

	once.rules = rules;
	once.count = 0;
	once.over = false;
	once.track = reached != NULL;
	while (i < count && !once.over)
	{
		FunnelMoment moment;
		size_t		next = funnel_moment_next(events, count, i, &moment);

		once.single = next - i == 1 && !(rules->mode & FUNNEL_STRICT_DEDUPLICATION);
		if (!once.single)
			tie_fill(&once.tie, events + i, next - i);
		once_moment(&once, &moment);
		i = next;
	}
	if (reached != NULL && once.count > 0)
		memcpy(reached, once.chains[once.count - 1].times, once.count * sizeof(int64_t));
	return once.count;
}
