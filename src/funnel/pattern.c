/*
 * pattern.c: reads the patterns of sequence_match, ClickHouse's language.
 *
 *   (?N)       an event that satisfies condition N
 *   .          any one event
 *   .*         any number of events, none included
 *   (?t<=v)    goes on at an event no more than v after where the step before
 *              ended; likewise < >= > ==
 *
 * What must stay true: a pattern that is accepted refers to conditions that are
 * there alone.  No PostgreSQL in here.
 */
#include "funnel/pattern.h"

#include <string.h>

typedef struct Reader
{
	const char *text;
	const char *at;
	PatternError *error;
} Reader;

static const struct
{
	const char *sign;
	PatternKind kind;
}			time_signs[] = {
	{"<=", PATTERN_AT_MOST},
	{"<", PATTERN_BEFORE},
	{">=", PATTERN_AT_LEAST},
	{">", PATTERN_AFTER},
	{"==", PATTERN_EXACTLY},
};

/* Takes a piece of text if it comes next. */
static bool
reader_take(Reader *reader, const char *piece)
{
	size_t		length = strlen(piece);

	if (strncmp(reader->at, piece, length) != 0)
		return false;
	reader->at += length;
	return true;
}

/* Refuses the pattern at a place. */
static bool
reader_refuse(Reader *reader, const char *at, const char *reason)
{
	reader->error->reason = reason;
	reader->error->position = at - reader->text;
	return false;
}

/* Reads a number without a sign. */
static bool
reader_number(Reader *reader, int64_t *number)
{
	const char *start = reader->at;

	*number = 0;
	for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++)
	{
		if (__builtin_mul_overflow(*number, INT64_C(10), number) ||
			__builtin_add_overflow(*number, (int64_t) (*reader->at - '0'), number))
			return reader_refuse(reader, start, "the number is too large");
	}
	return reader->at > start || reader_refuse(reader, start, "a number is missing");
}

/* Reads what follows "(?t". */
static bool
reader_time(Reader *reader, Pattern *pattern, PatternAction *action, int64_t unit)
{
	const char *start = reader->at;
	size_t		i;

	for (i = 0; i < sizeof(time_signs) / sizeof(time_signs[0]); i++)
	{
		if (reader_take(reader, time_signs[i].sign))
		{
			action->kind = time_signs[i].kind;
			break;
		}
	}
	if (reader->at == start)
		return reader_refuse(reader, start, "one of <=, <, >=, >, == must follow (?t");
	start = reader->at;
	if (!reader_number(reader, &action->span))
		return false;
	if (__builtin_mul_overflow(action->span, unit, &action->span))
		return reader_refuse(reader, start, "the number is too large");
	if (pattern->actions[pattern->nactions - 1].kind >= PATTERN_AT_MOST)
		return reader_refuse(reader, start, "a time must follow an event, not another time");
	return true;
}

/* Reads what follows "(?", unless it is a time. */
static bool
reader_step(Reader *reader, PatternAction *action, int nconditions)
{
	const char *start = reader->at;
	int64_t		number;

	if (!reader_number(reader, &number))
		return false;
	if (number < 1 || number > nconditions)
		return reader_refuse(reader, start, "there is no such condition");
	action->kind = PATTERN_STEP;
	action->step = (int) number - 1;
	return true;
}

/* Reads one action. */
static bool
reader_action(Reader *reader, Pattern *pattern, PatternAction *action, int nconditions, int64_t unit)
{
	if (reader_take(reader, "(?"))
	{
		bool		good = reader_take(reader, "t") ? reader_time(reader, pattern, action, unit) :
			reader_step(reader, action, nconditions);

		if (good && !reader_take(reader, ")"))
			return reader_refuse(reader, reader->at, "a closing parenthesis is missing");
		return good;
	}
	if (reader_take(reader, ".*"))
		action->kind = PATTERN_GAP;
	else if (reader_take(reader, "."))
		action->kind = PATTERN_ANY;
	else
		return reader_refuse(reader, reader->at, "one of (?N), (?t...), . and .* must come here");
	return true;
}

/* Reads a pattern over so many conditions; a time of 1 in it is `unit` in the times of events. */
bool
pattern_parse(const char *text, int nconditions, int64_t unit, Pattern *pattern, PatternError *error)
{
	Reader		reader = {text, text, error};

	memset(pattern, 0, sizeof(*pattern));
	pattern->actions[0].kind = PATTERN_GAP;
	pattern->nactions = 1;
	while (*reader.at != '\0')
	{
		PatternAction action = {0};

		if (pattern->nactions == PATTERN_ACTIONS_MAX)
			return reader_refuse(&reader, reader.at, "the pattern is too long");
		if (!reader_action(&reader, pattern, &action, nconditions, unit))
			return false;
		pattern->actions[pattern->nactions++] = action;
		pattern->nsteps += action.kind == PATTERN_STEP;
	}
	return true;
}
