/*
 * level.c: windowFunnel's level of one person's events.
 *
 * The rules are those of ClickHouse 26.7 (AggregateFunctionWindowFunnel), stated
 * anew: a row counts once for every step that it satisfies; rows of one moment
 * count in the order of the steps, rows that satisfy none first.  A chain begins
 * at each first step and the newest chain wins its level, so each level keeps
 * when its chain began and when it was last extended, and one pass is enough.
 *
 * What must stay true: the levels that are set are always the first `count`
 * ones, and the answer depends on the set of rows, never on their order within a
 * moment.  Events must be sorted by time.  No PostgreSQL in here.
 */
#include "funnel/level.h"

#include <string.h>

#include "funnel/once.h"

typedef struct Levels
{
	const FunnelRules *rules;
	int			count;			/* levels that are set */
	bool		over;			/* nothing can change any more */
	bool		track;			/* fill times */
	int64_t		began[FUNNEL_STEPS_MAX];	/* when the chain of a level began */
	int64_t		last[FUNNEL_STEPS_MAX]; /* when it reached the level */
	int64_t		times[FUNNEL_STEPS_MAX][FUNNEL_STEPS_MAX];	/* when it reached each level up to it */
} Levels;

static const struct
{
	const char *word;
	unsigned	mode;
}			mode_words[] = {
	{"strict_order", FUNNEL_STRICT_ORDER},
	{"strict_deduplication", FUNNEL_STRICT_DEDUPLICATION},
	{"strict_increase", FUNNEL_STRICT_INCREASE},
	{"strict_once", FUNNEL_STRICT_ONCE},
	{"allow_reentry", FUNNEL_ALLOW_REENTRY},
};

/* The mode that a word of so many letters means; zero when none. */
static unsigned
mode_word(const char *word, size_t length)
{
	size_t		i;

	for (i = 0; i < sizeof(mode_words) / sizeof(mode_words[0]); i++)
	{
		if (strlen(mode_words[i].word) == length && memcmp(mode_words[i].word, word, length) == 0)
			return mode_words[i].mode;
	}
	return 0;
}

/* Reads a comma-separated list of mode words; false leaves the first unknown one in *bad. */
bool
funnel_mode_parse(const char *text, unsigned *mode, const char **bad, size_t *bad_length)
{
	static const char blank[] = " \t\r\n";
	const char *word = text;

	*mode = 0;
	if (text[strspn(text, blank)] == '\0')
		return true;
	for (;;)
	{
		size_t		whole = strcspn(word, ",");
		size_t		skip = strspn(word, blank);
		size_t		length = skip < whole ? whole - skip : 0;
		unsigned	one;

		while (length > 0 && strchr(blank, word[skip + length - 1]) != NULL)
			length--;
		one = mode_word(word + skip, length);
		if (one == 0)
		{
			*bad = word + (skip < whole ? skip : 0);
			*bad_length = length;
			return false;
		}
		*mode |= one;
		if (word[whole] == '\0')
			return true;
		word += whole + 1;
	}
}

/* A time and a span after it, held at the ends of what a time can be. */
int64_t
funnel_time_add(int64_t at, int64_t span)
{
	int64_t		sum;

	if (__builtin_add_overflow(at, span, &sum))
		return span > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

/* Gathers the events of the moment that begins at `from`; returns where the next one begins. */
size_t
funnel_moment_next(const FunnelEvent *events, size_t count, size_t from, FunnelMoment *moment)
{
	size_t		i = from;

	moment->at = events[from].at;
	moment->any = 0;
	moment->twice = 0;
	moment->none = false;
	do
	{
		moment->twice |= moment->any & events[i].steps;
		moment->any |= events[i].steps;
		moment->none |= events[i].steps == 0;
		i++;
	} while (i < count && events[i].at == moment->at);
	return i;
}

/* Sets a level, whose chain began then, to a time. */
static void
levels_set(Levels *levels, int level, int64_t began, int64_t at)
{
	levels->began[level] = began;
	levels->last[level] = at;
	if (levels->track)
	{
		memmove(levels->times[level], levels->times[level - (level > 0)], level * sizeof(int64_t));
		levels->times[level][level] = at;
	}
	if (level == levels->count)
		levels->count++;
	if (level > 0 && levels->count == levels->rules->nsteps)
		levels->over = true;
}

/* One row's satisfaction of one step. */
static void
levels_step(Levels *levels, int step, int64_t at)
{
	const FunnelRules *rules = levels->rules;

	if (step == 0)
	{
		if (at <= rules->entry_until)
			levels_set(levels, 0, at, at);
	}
	else if ((rules->mode & FUNNEL_STRICT_DEDUPLICATION) && step < levels->count)
		levels->over = true;
	else if ((rules->mode & FUNNEL_STRICT_ORDER) && levels->count > 0 && step > levels->count)
		levels->over = !(rules->mode & FUNNEL_ALLOW_REENTRY);
	else if (step <= levels->count)
	{
		int64_t		began = levels->began[step - 1];

		if (at <= funnel_time_add(began, rules->window) &&
			(!(rules->mode & FUNNEL_STRICT_INCREASE) || levels->last[step - 1] < at))
			levels_set(levels, step, began, at);
	}
}

/* Everything that one moment does. */
static void
levels_moment(Levels *levels, const FunnelMoment *moment)
{
	uint64_t	rest = moment->any;

	if (moment->none && (levels->rules->mode & FUNNEL_STRICT_ORDER) && levels->count > 0)
	{
		levels->over = true;
		return;
	}
	while (rest != 0 && !levels->over)
	{
		int			step = __builtin_ctzll(rest);

		levels_step(levels, step, moment->at);
		if ((moment->twice >> step & 1) && !levels->over)
			levels_step(levels, step, moment->at);	/* more repeats change nothing */
		rest &= rest - 1;
	}
}

/*
 * funnel_level() without words of a mode and without times, which is what most
 * ask: a chain is only when it began, and a row twice in a moment says no more.
 */
static int
funnel_level_plain(const FunnelEvent *events, size_t count, const FunnelRules *rules)
{
	int64_t		until[FUNNEL_STEPS_MAX];	/* of each level that is set, when its chain ends */
	int			level = 0;
	size_t		i = 0;

	while (i < count)
	{
		int64_t		at = events[i].at;
		uint64_t	rest = events[i].steps;

		for (i++; i < count && events[i].at == at; i++)
			rest |= events[i].steps;
		for (; rest != 0; rest &= rest - 1)
		{
			int			step = __builtin_ctzll(rest);

			if (step > level)
				break;
			if (step == 0)
			{
				if (at > rules->entry_until)
					continue;
				until[0] = funnel_time_add(at, rules->window);
			}
			else if (at <= until[step - 1])
				until[step] = until[step - 1];
			else
				continue;
			if (step == level && ++level == rules->nsteps)
				return level;
		}
	}
	return level;
}

/*
 * The highest level of events sorted by time; with `reached`, also when each
 * level up to it was reached by the chain that got there.
 */
int
funnel_level(const FunnelEvent *events, size_t count, const FunnelRules *rules, int64_t *reached)
{
	Levels		levels;
	size_t		i = 0;

	if (rules->mode & FUNNEL_STRICT_ONCE)
		return funnel_level_once(events, count, rules, reached);
	if (rules->mode == 0 && reached == NULL)
		return funnel_level_plain(events, count, rules);
	levels.rules = rules;
	levels.count = 0;
	levels.over = false;
	levels.track = reached != NULL;
	while (i < count && !levels.over)
	{
		FunnelMoment moment;

		i = funnel_moment_next(events, count, i, &moment);
		levels_moment(&levels, &moment);
	}
	if (reached != NULL && levels.count > 0)
		memcpy(reached, levels.times[levels.count - 1], levels.count * sizeof(int64_t));
	return levels.count;
}
