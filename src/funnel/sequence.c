/*
 * sequence.c: matches a pattern against the events of one person.
 *
 * The match that is found is the one that ClickHouse 26.7's backtracking finds:
 * at each gap the earliest event at which the rest can match, the first gap
 * deciding first.  Where ClickHouse gives up after a million tries, this search
 * remembers which places led nowhere, so each is tried once: a failure behind a
 * gap depends on the place alone, never on the way that led there.
 *
 * What must stay true: `failed` and `hopeless` hold only facts about the rest of
 * the events, so they outlive a match and serve the search for the next one.
 * As in ClickHouse, a way that uses the last event up ends the search, matched
 * or not: later choices would have still fewer events; and a pattern of nothing
 * but gaps and upper bounds matches anything.  No PostgreSQL in here.
 */
#include "funnel/sequence.h"

#include <string.h>

#define CHECK_EVERY		65536

/* May the events at which this action can go on end before the events do? */
static bool
kind_is_window(PatternKind kind)
{
	return kind == PATTERN_AT_MOST || kind == PATTERN_BEFORE || kind == PATTERN_EXACTLY;
}

/* How many words a search through so many events needs. */
size_t
sequence_words(const Pattern *pattern, size_t count)
{
	size_t		windows = 0;
	int			i;

	for (i = 0; i < pattern->nactions; i++)
		windows += kind_is_window(pattern->actions[i].kind);
	return windows == 0 ? 0 : (size_t) pattern->nactions * ((count + 63) / 64);
}

/* Prepares a search. */
void
sequence_begin(Sequence *sequence, const Pattern *pattern, const FunnelEvent *events, size_t count,
			   uint64_t *failed, void (*check) (void))
{
	int			i;

	sequence->pattern = pattern;
	sequence->events = events;
	sequence->count = count;
	sequence->failed = failed;
	sequence->check = check;
	sequence->nbest = 0;
	for (i = 0; i < pattern->nactions; i++)
		sequence->hopeless[i] = SIZE_MAX;
}

/* The word and bit that remember a place behind an action. */
static uint64_t *
failed_word(Sequence *sequence, int action, size_t at)
{
	return &sequence->failed[(size_t) action * ((sequence->count + 63) / 64) + at / 64];
}

/* The first event from `at` on at no less, or more, than a time. */
static size_t
events_from(const Sequence *sequence, size_t at, int64_t time, bool more)
{
	size_t		low = at;
	size_t		high = sequence->count;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;
		int64_t		there = sequence->events[middle].at;

		if (there < time || (more && there == time))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first event from `at` on at which the action may go on; `count` when there is none. */
static size_t
choice_next(const Sequence *sequence, const PatternAction *action, size_t base, size_t at)
{
	int64_t		limit;

	if (at >= sequence->count || action->kind == PATTERN_GAP)
		return at;
	limit = funnel_time_add(sequence->events[base].at, action->span);
	switch (action->kind)
	{
		case PATTERN_AT_MOST:
			return sequence->events[at].at <= limit ? at : sequence->count;
		case PATTERN_BEFORE:
			return sequence->events[at].at < limit ? at : sequence->count;
		case PATTERN_AT_LEAST:
			return events_from(sequence, at, limit, false);
		case PATTERN_AFTER:
			return events_from(sequence, at, limit, true);
		default:
			at = events_from(sequence, at, limit, false);
			return at < sequence->count && sequence->events[at].at == limit ? at : sequence->count;
	}
}

/* As choice_next(), past the places that are known to lead nowhere. */
static size_t
choice_seek(Sequence *sequence, int action, size_t base, size_t at)
{
	const PatternAction *what = &sequence->pattern->actions[action];
	bool		window = kind_is_window(what->kind);

	for (;;)
	{
		at = choice_next(sequence, what, base, at);
		if (at >= sequence->count || !window || !(*failed_word(sequence, action, at) >> (at % 64) & 1))
			return at;
		at++;
	}
}

/* Enters a gap or a time at an event; false when it leads nowhere. */
static bool
choice_enter(Sequence *sequence, int action, size_t base, size_t at)
{
	SequenceChoice *choice = &sequence->choices[sequence->depth];
	bool		window = kind_is_window(sequence->pattern->actions[action].kind);
	size_t		place;

	if (!window && choice_next(sequence, &sequence->pattern->actions[action], base, at) >= sequence->hopeless[action])
		return false;
	place = choice_seek(sequence, action, base, at);
	if (place >= sequence->count)
		return false;
	choice->action = action;
	choice->base = base;
	choice->first = place;
	choice->at = place;
	sequence->depth++;
	return true;
}

/* Goes back to the last choice that has another way; false when there is none. */
static bool
choice_change(Sequence *sequence)
{
	while (sequence->depth > 0)
	{
		SequenceChoice *choice = &sequence->choices[sequence->depth - 1];
		const PatternAction *what = &sequence->pattern->actions[choice->action];
		bool		window = kind_is_window(what->kind);

		if (window)
			*failed_word(sequence, choice->action, choice->at) |= UINT64_C(1) << (choice->at % 64);
		choice->at = choice_seek(sequence, choice->action, choice->base, choice->at + 1);
		if (choice->at < sequence->count)
			return true;
		if (!window && choice->first < sequence->hopeless[choice->action])
			sequence->hopeless[choice->action] = choice->first;
		sequence->depth--;
	}
	return false;
}

/* Notes that the present way satisfied one more step. */
static void
matched_add(Sequence *sequence, size_t at)
{
	sequence->matched[sequence->nmatched++] = at;
	if (sequence->nmatched > sequence->nbest)
	{
		sequence->nbest = sequence->nmatched;
		memcpy(sequence->best, sequence->matched, sequence->nbest * sizeof(size_t));
	}
}

/* How many steps come before an action. */
static int
steps_before(const Pattern *pattern, int action)
{
	int			steps = 0;
	int			i;

	for (i = 0; i < action; i++)
		steps += pattern->actions[i].kind == PATTERN_STEP;
	return steps;
}

/* Can the actions from this one on be satisfied by no event at all? */
static bool
actions_need_nothing(const Pattern *pattern, int action)
{
	for (; action < pattern->nactions; action++)
	{
		const PatternAction *what = &pattern->actions[action];

		if (what->kind != PATTERN_GAP && what->kind != PATTERN_AT_MOST && what->kind != PATTERN_BEFORE &&
			!(what->kind == PATTERN_AT_LEAST && what->span == 0))
			return false;
	}
	return true;
}

/*
 * Finds the first match at or after event *from and leaves there where the
 * search for the next one begins; `best` holds the events of its steps, or those
 * of the longest beginning of a match when there is none.
 */
bool
sequence_find(Sequence *sequence, size_t *from)
{
	const Pattern *pattern = sequence->pattern;
	size_t		start = *from;
	size_t		base = start;
	size_t		at = start;
	int			action = 0;
	uint64_t	turns = 0;

	sequence->depth = 0;
	sequence->nmatched = 0;
	while (action < pattern->nactions && at < sequence->count)
	{
		const PatternAction *what = &pattern->actions[action];
		bool		good;

		if (++turns % CHECK_EVERY == 0 && sequence->check != NULL)
			sequence->check();
		if (what->kind == PATTERN_STEP || what->kind == PATTERN_ANY)
		{
			good = what->kind == PATTERN_ANY || (sequence->events[at].steps >> what->step & 1);
			if (good)
			{
				if (what->kind == PATTERN_STEP)
					matched_add(sequence, at);
				base = at++;
			}
		}
		else
		{
			good = choice_enter(sequence, action, base, at);
			if (good)
				base = at = sequence->choices[sequence->depth - 1].at;
		}
		if (!good)
		{
			if (!choice_change(sequence))
			{
				action = 0;
				at = sequence->count;
				break;
			}
			action = sequence->choices[sequence->depth - 1].action;
			base = at = sequence->choices[sequence->depth - 1].at;
			sequence->nmatched = steps_before(pattern, action);
		}
		action++;
	}
	*from = at > start ? at : start + 1;
	if (!actions_need_nothing(pattern, action))
		return false;
	sequence->nbest = sequence->nmatched;
	memcpy(sequence->best, sequence->matched, sequence->nbest * sizeof(size_t));
	return true;
}

/* How many matches there are that do not overlap. */
int64_t
sequence_count(Sequence *sequence)
{
	int64_t		matches = 0;
	size_t		from = 0;

	while (from < sequence->count && sequence_find(sequence, &from))
		matches++;
	return matches;
}
