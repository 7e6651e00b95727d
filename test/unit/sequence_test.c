/*
 * sequence_test.c: patterns and their matches against a twin that tries every
 * way, without a server.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "funnel/sequence.h"
#include "tap.h"

#define EVENTS_MAX	12

/* Does a time satisfy an action, counted from a base? */
static bool
time_good(PatternKind kind, int64_t at, int64_t limit)
{
	return kind == PATTERN_AT_MOST ? at <= limit : kind == PATTERN_BEFORE ? at < limit :
		kind == PATTERN_AT_LEAST ? at >= limit : kind == PATTERN_AFTER ? at > limit : at == limit;
}

/* Matches the actions from one on at an event, trying all ways; returns where the match ends, or -1. */
static int
twin_match(const Pattern *pattern, int action, const FunnelEvent *events, int count, int base, int at, int *steps)
{
	const PatternAction *what = &pattern->actions[action];
	int			there;
	int			end;

	if (action == pattern->nactions)
		return at;
	if (at >= count)
	{
		/* nothing is left but what needs no event */
		if (what->kind == PATTERN_GAP || what->kind == PATTERN_AT_MOST || what->kind == PATTERN_BEFORE ||
			(what->kind == PATTERN_AT_LEAST && what->span == 0))
			return twin_match(pattern, action + 1, events, count, base, at, steps);
		return -1;
	}
	if (what->kind == PATTERN_ANY || what->kind == PATTERN_STEP)
	{
		if (what->kind == PATTERN_STEP && !(events[at].steps >> what->step & 1))
			return -1;
		if (what->kind == PATTERN_STEP)
			*steps++ = at;
		return twin_match(pattern, action + 1, events, count, at, at + 1, steps);
	}
	for (there = at; there < count; there++)
	{
		if (what->kind != PATTERN_GAP && !time_good(what->kind, events[there].at, events[base].at + what->span))
			continue;
		end = twin_match(pattern, action + 1, events, count, there, there, steps);
		if (end >= 0)
			return end;
	}
	return -1;
}

/* Writes a random pattern. */
static void
random_pattern(char *text)
{
	static const char *const signs[] = {"<=", "<", ">=", ">", "=="};
	int			pieces = 1 + next_random(6);
	bool		time_before = false;

	*text = '\0';
	while (pieces-- > 0)
	{
		int			kind = next_random(10);

		text += strlen(text);
		if (kind < 5)
			sprintf(text, "(?%d)", 1 + next_random(3));
		else if (kind < 6)
			strcpy(text, ".");
		else if (kind < 8)
			strcpy(text, ".*");
		else if (!time_before)
			sprintf(text, "(?t%s%d)", signs[next_random(5)], next_random(6));
		time_before = kind >= 8;
	}
}

/* Compares match, events and count with the twin. */
static void
test_random(void)
{
	bool		found_good = true;
	bool		steps_good = true;
	bool		count_good = true;
	int			round;

	for (round = 0; round < 60000; round++)
	{
		char		text[200];
		Pattern		pattern;
		PatternError error;
		FunnelEvent events[EVENTS_MAX];
		uint64_t	failed[PATTERN_ACTIONS_MAX] = {0};
		static Sequence sequence;
		int			count = next_random(EVENTS_MAX + 1);
		int			steps[PATTERN_ACTIONS_MAX];
		size_t		from = 0;
		int			matches = 0;
		int			end;
		int			i;

		random_pattern(text);
		if (!pattern_parse(text, 3, 1, &pattern, &error))
		{
			found_good = false;
			break;
		}
		if (pattern.nsteps == 0)
			continue;			/* what asks for no step is tested by hand */
		for (i = 0; i < count; i++)
		{
			events[i].at = i == 0 ? 0 : events[i - 1].at + next_random(4);
			events[i].steps = (uint64_t) 1 + next_random(7);
		}
		end = twin_match(&pattern, 0, events, count, 0, 0, steps);
		sequence_begin(&sequence, &pattern, events, count, failed, NULL);
		found_good = found_good && sequence_find(&sequence, &from) == (end >= 0);
		if (end >= 0)
		{
			steps_good = steps_good && sequence.nbest == pattern.nsteps;
			for (i = 0; i < pattern.nsteps; i++)
				steps_good = steps_good && sequence.best[i] == (size_t) steps[i];
		}
		for (i = 0; i < count; i = end)
		{
			end = twin_match(&pattern, 0, events, count, i, i, steps);
			if (end < 0)
				break;
			matches++;
			end = end > i ? end : i + 1;
		}
		memset(failed, 0, sizeof(failed));
		sequence_begin(&sequence, &pattern, events, count, failed, NULL);
		count_good = count_good && sequence_count(&sequence) == matches;
	}
	ok(found_good, "a pattern matches when some way matches");
	ok(steps_good, "the steps are those of the way that is first in order");
	ok(count_good, "matches are counted that do not overlap");
}

/* Is a pattern over two conditions refused at this place? */
static bool
refused(const char *text, size_t position)
{
	Pattern		pattern;
	PatternError error;

	return !pattern_parse(text, 2, 1000000, &pattern, &error) && error.position == position;
}

/* Patterns that do not parse, and where. */
static void
test_refused(void)
{
	char		long_text[PATTERN_ACTIONS_MAX + 10];

	ok(refused("(?1)x", 4) && refused("*", 0) && refused("?1", 0), "what is no action");
	ok(refused("(?3)", 2) && refused("(?0)", 2), "a condition that is not there");
	ok(refused("(?)", 2) && refused("(?a)", 2) && refused("(?-1)", 2), "a number that is missing");
	ok(refused("(?1", 3) && refused("(?1(?2)", 3), "a parenthesis that is missing");
	ok(refused("(?1)(?t5)", 7) && refused("(?1)(?t=5)", 7), "a time without a sign");
	ok(refused("(?t<5)(?t>1)", 10), "two times in a row");
	ok(refused("(?1)(?t<=99999999999999999999)", 9) && refused("(?t<=9223372036854775807)", 5), "a time that is too large");
	memset(long_text, '.', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	ok(refused(long_text, PATTERN_ACTIONS_MAX - 1), "a pattern that is too long");
}

/* Patterns that ask for no step. */
static void
test_no_step(void)
{
	static const struct
	{
		const char *text;
		int64_t		matches;
	}			cases[] = {{"", 3}, {".*", 3}, {".", 3}, {"..", 1}, {"(?t<0)", 1}, {"(?t>5)", 0}, {"....", 0}};
	FunnelEvent events[3] = {{1, 1}, {2, 1}, {3, 1}};
	bool		good = true;
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Pattern		pattern;
		PatternError error;
		uint64_t	failed[8] = {0};
		static Sequence sequence;

		good = good && pattern_parse(cases[i].text, 1, 1, &pattern, &error);
		sequence_begin(&sequence, &pattern, events, 3, failed, NULL);
		good = good && sequence_count(&sequence) == cases[i].matches;
	}
	ok(good, "patterns without a step count events, as the reference does");
}

/* Searches that would take for ever by trying every way. */
static void
test_hard(void)
{
	static FunnelEvent events[200000];
	static Sequence sequence;
	Pattern		pattern;
	PatternError error;
	uint64_t   *failed;
	size_t		from = 0;
	bool		good = true;
	int			i;
	int			p;
	static const char *const patterns[] = {
		"(?1).*(?1).*(?1).*(?1).*(?1)(?2)(?2)",
		"(?1)(?t<=1000)(?1)(?t<=1000)(?1)(?t<=1000)(?1)(?t>=1000)(?2)(?2)",
	};

	for (i = 0; i < 200000; i++)
	{
		events[i].at = i;
		events[i].steps = i % 100 == 99 ? 2 : 1;
	}
	for (p = 0; p < 2; p++)
	{
		pattern_parse(patterns[p], 2, 1, &pattern, &error);
		/* the second one only over its first thousands: each place is tried once, each window looked through */
		failed = calloc(sequence_words(&pattern, 200000) + 1, sizeof(uint64_t));
		from = 0;
		sequence_begin(&sequence, &pattern, events, p == 0 ? 200000 : 20000, failed, NULL);
		good = good && !sequence_find(&sequence, &from);
		free(failed);
	}
	ok(good, "places that led nowhere are tried once");
}

/* Runs every test. */
int
main(void)
{
	test_refused();
	test_random();
	test_no_step();
	test_hard();
	return done();
}
