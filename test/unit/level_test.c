/*
 * level_test.c: funnel levels against twins that try everything, without a server.
 *
 * One twin asks only whether rows exist that take the steps.  The other keeps
 * every chain of rows that can be formed, entry by entry, and so obeys every
 * word of a mode.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "funnel/level.h"
#include "tap.h"

#define ROWS_MAX	10
#define CHAINS_MAX	200000

typedef struct Chain
{
	int64_t		began;
	int64_t		last;
	int			rows[FUNNEL_STEPS_MAX];
} Chain;

static Chain chains[6][CHAINS_MAX];
static int	nchains[6];

/* Orders events as the state does. */
static int
event_order(const void *a, const void *b)
{
	const FunnelEvent *x = a;
	const FunnelEvent *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->steps > y->steps) - (x->steps < y->steps);
}

/* Fills rows at random; ties are many. */
static int
random_rows(FunnelEvent *rows, int nsteps, int span)
{
	int			count = next_random(ROWS_MAX + 1);
	int			i;

	for (i = 0; i < count; i++)
	{
		rows[i].at = next_random(span);
		rows[i].steps = (uint64_t) next_random(1 << nsteps);
	}
	qsort(rows, count, sizeof(FunnelEvent), event_order);
	return count;
}

/* Can rows take the steps from `step` on, so that `want` are taken in all? */
static bool
exists_chain(const FunnelEvent *rows, int count, const FunnelRules *rules, int want, int step, int64_t began, int64_t last, unsigned used)
{
	int			i;

	if (step == want)
		return true;
	for (i = 0; i < count; i++)
	{
		if (!(rows[i].steps >> step & 1) || (step > 0 && (rows[i].at < last || rows[i].at > began + rules->window)))
			continue;
		if ((rules->mode & FUNNEL_STRICT_ONCE) && (used >> i & 1))
			continue;
		if ((rules->mode & FUNNEL_STRICT_INCREASE) && step > 0 && rows[i].at == last)
			continue;
		if (exists_chain(rows, count, rules, want, step + 1, step > 0 ? began : rows[i].at, rows[i].at, used | 1u << i))
			return true;
	}
	return false;
}

/* The most steps that some rows take. */
static int
twin_exists(const FunnelEvent *rows, int count, const FunnelRules *rules)
{
	int			want = rules->nsteps;

	while (want > 0 && !exists_chain(rows, count, rules, want, 0, 0, 0, 0))
		want--;
	return want;
}

/* Adds a chain to a level: under strict_once beside the others, else in their place. */
static void
chain_add(int level, const Chain *chain, bool once)
{
	if (!once)
		nchains[level] = 0;
	if (nchains[level] == CHAINS_MAX)
		abort();
	chains[level][nchains[level]++] = *chain;
}

/* The levels that have a chain. */
static int
chain_levels(int nsteps)
{
	int			level = nsteps;

	while (level > 0 && nchains[level - 1] == 0)
		level--;
	return level;
}

/* Extends the chains below a step by a row. */
static void
chain_extend(const FunnelEvent *rows, int row, int step, const FunnelRules *rules)
{
	bool		once = rules->mode & FUNNEL_STRICT_ONCE;
	int			below = nchains[step - 1];
	int			i;
	int			j;

	for (i = 0; i < below; i++)
	{
		Chain		chain = chains[step - 1][i];
		bool		fits = rows[row].at <= chain.began + rules->window;

		if (rules->mode & FUNNEL_STRICT_INCREASE)
			fits = fits && chain.last < rows[row].at;
		for (j = 0; once && j < step; j++)
			fits = fits && chain.rows[j] != row;
		if (!fits)
			continue;
		chain.last = rows[row].at;
		chain.rows[step] = row;
		chain_add(step, &chain, once);
	}
}

/* One row's satisfaction of a step, or of none (-1); false when the search is over. */
static bool
twin_entry(const FunnelEvent *rows, int row, int step, const FunnelRules *rules)
{
	if (step < 0)
		return !(rules->mode & FUNNEL_STRICT_ORDER) || nchains[0] == 0;
	if (step == 0)
	{
		Chain		chain = {rows[row].at, rows[row].at, {row}};

		if (rows[row].at <= rules->entry_until)
			chain_add(0, &chain, rules->mode & FUNNEL_STRICT_ONCE);
		return true;
	}
	if ((rules->mode & FUNNEL_STRICT_DEDUPLICATION) && nchains[step] > 0)
		return false;
	if ((rules->mode & FUNNEL_STRICT_ORDER) && nchains[0] > 0 && nchains[step - 1] == 0)
		return rules->mode & FUNNEL_ALLOW_REENTRY;
	chain_extend(rows, row, step, rules);
	return nchains[rules->nsteps - 1] == 0;
}

/* Entry by entry, in the order of time, step and row. */
static int
twin_chains(const FunnelEvent *rows, int count, const FunnelRules *rules)
{
	int			from = 0;
	int			end;
	int			step;
	int			i;

	memset(nchains, 0, sizeof(nchains));
	for (from = 0; from < count; from = end)
	{
		for (end = from; end < count && rows[end].at == rows[from].at;)
			end++;
		for (step = -1; step < rules->nsteps; step++)
		{
			for (i = from; i < end; i++)
			{
				if ((step < 0 ? rows[i].steps == 0 : (rows[i].steps >> step & 1)) && !twin_entry(rows, i, step, rules))
					return chain_levels(rules->nsteps);
			}
		}
	}
	return chain_levels(rules->nsteps);
}

/* Does a mode ask for all its words, and is it one that is allowed? */
static bool
mode_allowed(unsigned mode)
{
	return !(mode & FUNNEL_ALLOW_REENTRY) || (mode & FUNNEL_STRICT_ORDER);
}

/* Are the times those of a chain: in order, within the window, each of a row with its step? */
static bool
reached_good(const FunnelEvent *rows, int count, const FunnelRules *rules, const int64_t *reached, int level)
{
	bool		good = level == 0 || reached[level - 1] <= reached[0] + rules->window;
	int			i;
	int			j;

	for (i = 0; i < level; i++)
	{
		for (j = 0; j < count && !(rows[j].at == reached[i] && (rows[j].steps >> i & 1)); j++)
			;
		good = good && j < count;
		if (i > 0)
			good = good && reached[i] >= reached[i - 1] &&
				(reached[i] > reached[i - 1] || !(rules->mode & FUNNEL_STRICT_INCREASE));
	}
	return good;
}

/* Every mode against the twins, on random rows. */
static void
test_random(void)
{
	static const unsigned exact[] = {0, FUNNEL_STRICT_ONCE, FUNNEL_STRICT_ONCE | FUNNEL_STRICT_INCREASE};
	bool		exists = true;
	bool		entries = true;
	bool		times = true;
	unsigned	mode;
	int			round;
	size_t		i;

	for (round = 0; round < 3000; round++)
	{
		FunnelEvent rows[ROWS_MAX];
		FunnelRules rules = {next_random(8), INT64_MAX, 1 + next_random(4), 0};
		int			count = random_rows(rows, rules.nsteps, 1 + next_random(14));

		for (i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		{
			rules.mode = exact[i];
			exists = exists && funnel_level(rows, count, &rules, NULL) == twin_exists(rows, count, &rules);
		}
		for (mode = 0; mode < 32; mode++)
		{
			int64_t		reached[FUNNEL_STEPS_MAX];
			int			level;

			if (!mode_allowed(mode))
				continue;
			rules.mode = mode;
			rules.entry_until = next_random(4) == 0 ? next_random(8) : INT64_MAX;
			level = funnel_level(rows, count, &rules, reached);
			entries = entries && level == twin_chains(rows, count, &rules) && level == funnel_level(rows, count, &rules, NULL);
			times = times && reached_good(rows, count, &rules, reached, level);
			rules.entry_until = INT64_MAX;
		}
	}
	ok(exists, "default, strict_once and strict_once,strict_increase find the most steps that rows can take");
	ok(entries, "every mode agrees with the twin that keeps all chains, with times and without");
	ok(times, "times reached are those of rows that take the steps");
}

/* One row per character, a second apart: a letter satisfies its steps, a dot none. */
static int
level_of(const char *letters, const char *mode_text, int nsteps, int64_t window)
{
	FunnelEvent rows[64];
	FunnelRules rules = {window, INT64_MAX, nsteps, 0};
	const char *bad;
	size_t		bad_length;
	int			count = 0;

	if (!funnel_mode_parse(mode_text, &rules.mode, &bad, &bad_length))
		return -1;
	for (; letters[count] != '\0'; count++)
	{
		rows[count].at = count;
		rows[count].steps = letters[count] == '.' ? 0 : UINT64_C(1) << (letters[count] - 'a');
	}
	return funnel_level(rows, count, &rules, NULL);
}

/* Cases worked out by hand from the reference's rules. */
static void
test_by_hand(void)
{
	FunnelEvent many[8000];
	FunnelRules rules = {0, INT64_MAX, 64, FUNNEL_STRICT_ONCE};
	int			i;

	ok(level_of("", "", 3, 10) == 0, "no events, level 0");
	ok(level_of("bc", "", 3, 10) == 0, "without the first step, level 0");
	ok(level_of("abc", "", 3, 2) == 3 && level_of("abc", "", 3, 1) == 2, "the window includes its end");
	ok(level_of("aab", "", 2, 1) == 2, "a later first step begins anew");
	ok(level_of("abac", "strict_order", 3, 10) == 3, "strict_order: a first step again is no intervention");
	ok(level_of("acb", "strict_order", 3, 10) == 1, "strict_order: a step too early ends it");
	ok(level_of("acbc", "strict_order,allow_reentry", 3, 10) == 3, "allow_reentry: a step too early is ignored");
	ok(level_of("a.bc", "strict_order", 3, 10) == 1 && level_of(".abc", "strict_order", 3, 10) == 3,
	   "strict_order: an event of no step ends it, after the first step");
	ok(level_of("abbc", "strict_deduplication", 3, 10) == 2, "strict_deduplication: a repeat ends it");
	ok(level_of("aabc", "strict_deduplication", 3, 10) == 3, "strict_deduplication: a first step may repeat");
	ok(level_of("abc", " strict_increase ,\tstrict_once", 3, 10) == 3, "blanks around the words of a mode");
	ok(level_of("abc", "strict", 3, 10) == -1 && level_of("abc", "strict_order,", 3, 10) == -1 &&
	   level_of("abc", ",", 3, 10) == -1, "unknown and missing words are refused");
	ok(level_of("abc", "  ", 3, 10) == 3, "a blank mode is none");
	for (i = 0; i < 8000; i++)
	{
		many[i].at = 7;
		many[i].steps = ~UINT64_C(0);
	}
	ok(funnel_level(many, 63, &rules, NULL) == 63 && funnel_level(many, 8000, &rules, NULL) == 64,
	   "strict_once: as many steps as rows of one moment, however many");
	rules.window = INT64_MAX;
	rules.nsteps = 2;
	many[0].at = INT64_MIN;
	many[0].steps = 1;
	many[1].at = INT64_MAX;
	many[1].steps = 2;
	ok(funnel_level(many, 2, &rules, NULL) == 1, "times at the ends of their range do not overflow");
	ok(funnel_time_add(INT64_MAX, 1) == INT64_MAX && funnel_time_add(INT64_MIN, -1) == INT64_MIN, "sums stay in range");
}

/* Runs every test. */
int
main(void)
{
	test_by_hand();
	test_random();
	return done();
}
