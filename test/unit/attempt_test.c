/*
 * attempt_test.c: attempts at a funnel, by hand and against funnel_level(),
 * without a server.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "funnel/attempt.h"
#include "tap.h"

/* Writes an attempt as "began>...": the seconds at which its levels were reached. */
static void
take_text(void *taker, const Attempt *attempt)
{
	char	   *text = taker;
	int			i;

	if (*text != '\0')
		strcat(text, " ");
	for (i = 0; i < attempt->level; i++)
		sprintf(text + strlen(text), "%s%d", i > 0 ? ">" : "", (int) attempt->reached[i]);
}

/*
 * The attempts in events written as letters, a second apart: a..d satisfy
 * conditions 1..4, capitals A, B, C conditions 1 and 2, 2 and 3, 1 and 3, a dot
 * none; an event after a plus sign is of the same second.
 */
static const char *
attempts_of(const char *letters, const AttemptRules *rules)
{
	static char text[1000];
	FunnelEvent events[100];
	int			count = 0;
	int64_t		at = -1;
	bool		same = false;

	for (; *letters != '\0'; letters++)
	{
		if (*letters == '+')
		{
			same = true;
			continue;
		}
		at += !same;
		same = false;
		events[count].at = at;
		events[count++].steps = *letters == '.' ? 0 : *letters == 'A' ? 3 : *letters == 'B' ? 6 : *letters == 'C' ? 5 :
			UINT64_C(1) << (*letters - 'a');
	}
	text[0] = '\0';
	attempt_each(events, count, rules, take_text, text);
	return text;
}

/* Rules of three steps with a re-entry, a mode and a window. */
static AttemptRules
rules_of(AttemptReentry reentry, unsigned mode, int64_t window)
{
	AttemptRules rules;

	attempt_rules_plain(&rules, window, mode, 3);
	rules.reentry = reentry;
	return rules;
}

/* Does re-entry do what its word says? */
static void
test_reentry(void)
{
	AttemptRules first = rules_of(REENTRY_FIRST, 0, 5);
	AttemptRules every = rules_of(REENTRY_EVERY, 0, 5);
	AttemptRules best = rules_of(REENTRY_OPTIMISED, 0, 5);

	ok(strcmp(attempts_of("abcabc", &first), "0>1>2") == 0, "first: one attempt");
	ok(strcmp(attempts_of("abcabc", &every), "0>1>2 3>4>5") == 0, "every: another after a complete one");
	ok(strcmp(attempts_of("aabac", &every), "0>2>4") == 0, "every: a first step within an attempt begins nothing and does not move the window");
	ok(strcmp(attempts_of("ab......abc", &every), "0>1 8>9>10") == 0, "every: another after the window is over");
	ok(strcmp(attempts_of("a....abc", &first), "0") == 0,
	   "first: the window counts from the first first step");
	ok(strcmp(attempts_of("a....abc", &best), "5>6>7") == 0, "optimised: a later first step can do better");
	ok(strcmp(attempts_of("ab......ab", &best), "0>1") == 0, "optimised: of equal attempts the earliest");
	ok(strcmp(attempts_of("bc..", &every), "") == 0 && strcmp(attempts_of("", &best), "") == 0, "no first step, no attempt");
	ok(strcmp(attempts_of("ab....", &every), "0>1") == 0, "an attempt that the events end counts");
	ok(strcmp(attempts_of("a.....abc", &every), "0 6>7>8") == 0, "every: a first step after the window begins the next attempt at once");
	ok(strcmp(attempts_of("c+b+a", &every), "0>0>0") == 0, "events of one moment count in the order of steps");
	ok(strcmp(attempts_of("abc+abc", &every), "0>1>2") == 0, "an attempt that ends leaves the rest of its moment alone");
	first.entry_from = 1;
	first.funnel.entry_until = 2;
	ok(strcmp(attempts_of("a.abc", &first), "2>3>4") == 0 && strcmp(attempts_of("a..abc", &first), "") == 0,
	   "attempts begin only when they may");
}

/* Do exclusions end attempts, between their levels alone? */
static void
test_exclusion(void)
{
	AttemptRules rules;

	attempt_rules_plain(&rules, 100, 0, 4);
	rules.reentry = REENTRY_EVERY;
	rules.plain = false;
	rules.nlevels = rules.nstages = 3;
	rules.nexclusions = 1;
	rules.exclusions[0] = (AttemptExclusion) {3, 1, 2};
	ok(strcmp(attempts_of("adbc", &rules), "0") == 0, "an exclusion ends an attempt at the level it has");
	ok(strcmp(attempts_of("abdc", &rules), "0>1>3") == 0, "an exclusion is not in force after its second level");
	ok(strcmp(attempts_of("dabc", &rules), "1>2>3") == 0, "an exclusion before the first step does nothing");
	ok(strcmp(attempts_of("adabc", &rules), "0 2>3>4") == 0, "every: another attempt after an exclusion");
	ok(strcmp(attempts_of("ad+bc", &rules), "0>1>2") == 0, "a step of the same moment comes before an exclusion of a higher condition");
	rules.reentry = REENTRY_OPTIMISED;
	ok(strcmp(attempts_of("adabc", &rules), "2>3>4") == 0, "optimised: the attempt without the exclusion");
	rules.reentry = REENTRY_NEWEST;
	ok(strcmp(attempts_of("adabc", &rules), "2>3>4") == 0, "without a word on re-entry the best attempt counts");
}

/* Steps in any order. */
static void
test_any_order(void)
{
	AttemptRules rules;

	attempt_rules_plain(&rules, 100, 0, 4);
	rules.reentry = REENTRY_FIRST;
	rules.plain = false;
	rules.nstages = 3;
	rules.stages[1] = 6;		/* b and c */
	rules.stages[2] = 8;
	ok(strcmp(attempts_of("acbd", &rules), "0>1>2>3") == 0 && strcmp(attempts_of("abcd", &rules), "0>1>2>3") == 0, "a group in either order");
	ok(strcmp(attempts_of("acdb", &rules), "0>1>3") == 0, "the step after a group needs the whole group");
	ok(strcmp(attempts_of("accd", &rules), "0>1") == 0, "a step of a group counts once");
	ok(strcmp(attempts_of("aBd", &rules), "0>1>1>2") == 0, "one row can do both steps of a group");
	rules.funnel.mode = FUNNEL_STRICT_ONCE;
	ok(strcmp(attempts_of("aBd", &rules), "0>1") == 0 && strcmp(attempts_of("aB+bd", &rules), "0>1>1>2") == 0,
	   "strict_once: each row of a moment does one step of a group");
	rules.nstages = 2;
	rules.funnel.mode = 0;
	rules.stages[0] = 3;
	rules.stages[1] = 4;
	rules.nlevels = 3;
	ok(strcmp(attempts_of("bac", &rules), "0>1>2") == 0, "an attempt begins with any step of the first group");
}

/* The words of a mode within an attempt. */
static void
test_modes(void)
{
	AttemptRules order = rules_of(REENTRY_EVERY, FUNNEL_STRICT_ORDER, 100);
	AttemptRules reentry = rules_of(REENTRY_EVERY, FUNNEL_STRICT_ORDER | FUNNEL_ALLOW_REENTRY, 100);
	AttemptRules dedup = rules_of(REENTRY_EVERY, FUNNEL_STRICT_DEDUPLICATION, 100);
	AttemptRules increase = rules_of(REENTRY_EVERY, FUNNEL_STRICT_INCREASE, 100);
	AttemptRules once = rules_of(REENTRY_EVERY, FUNNEL_STRICT_ONCE, 100);

	ok(strcmp(attempts_of("a.abc", &order), "0 2>3>4") == 0, "strict_order: an event of no step ends an attempt");
	ok(strcmp(attempts_of("acabc", &order), "0 2>3>4") == 0, "strict_order: a step too early ends an attempt");
	ok(strcmp(attempts_of("aabbc", &order), "0>2>4") == 0, "strict_order: steps again do not");
	ok(strcmp(attempts_of("acbc", &reentry), "0>2>3") == 0, "allow_reentry: a step too early is ignored");
	ok(strcmp(attempts_of("aabbabc", &dedup), "0>2 4>5>6") == 0, "strict_deduplication: a step again ends an attempt, a first step does not");
	ok(strcmp(attempts_of("ab+bc", &dedup), "0>1") == 0, "strict_deduplication: so does a step twice in one moment");
	ok(strcmp(attempts_of("a+bbc", &increase), "0>1>2") == 0, "strict_increase: a step of the same moment does not count");
	ok(strcmp(attempts_of("Abc", &once), "0>1>2") == 0 && strcmp(attempts_of("A+Ac", &once), "0>0>1") == 0,
	   "strict_once: two rows of a moment can take two steps");
}

/* Optimised attempts reach the level that windowFunnel finds, where its rules look for the best. */
static void
test_random(void)
{
	static const unsigned modes[] = {0, FUNNEL_STRICT_ONCE, FUNNEL_STRICT_ONCE | FUNNEL_STRICT_INCREASE};
	bool		good = true;
	int			round;

	for (round = 0; round < 20000; round++)
	{
		FunnelEvent events[12];
		AttemptRules rules = rules_of(REENTRY_OPTIMISED, modes[next_random(3)], next_random(6));
		Attempt		best = {0};
		int			count = next_random(13);
		int			i;

		for (i = 0; i < count; i++)
		{
			/* one row a moment: taking steps as they come is then as good as choosing rows */
			events[i].at = i == 0 ? 0 : events[i - 1].at + 1 + next_random(2);
			events[i].steps = (uint64_t) next_random(8);
		}
		if (!attempt_best(events, count, &rules, &best))
			best.level = 0;
		good = good && best.level == funnel_level(events, count, &rules.funnel, NULL);
	}
	ok(good, "the best attempt has window_funnel's level");
}

/* Runs every test. */
int
main(void)
{
	test_reentry();
	test_exclusion();
	test_any_order();
	test_modes();
	test_random();
	return done();
}
