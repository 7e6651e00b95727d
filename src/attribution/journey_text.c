/*
 * journey_text.c: reading the text form of a journey, and times in it.
 *
 * The input is trimmed, empty tokens are dropped, a channel with > " [ ] or with
 * white space at its ends is quoted, a quote in quotes is doubled.  Times are ISO
 * 8601 with Z or an offset, from year 1 to 294276.
 */
#include "postgres.h"

#include "attribution/journey.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

/* Where the parser stands. */
typedef struct Parser
{
	const char *text;			/* all of it, for messages */
	const char *at;
	Touch	   *touch;
	int			count;
	int			room;
} Parser;

/* Ends with an error that shows the text and says what is wrong with it. */
static void
parse_fail(const Parser *parser, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%s\"", "journey", parser->text),
			 errdetail("%s at character %d.", detail, (int) (parser->at - parser->text) + 1),
			 errhint("A journey reads: alpha > \"be > ta\" [2026-01-31T12:00:00Z click] > alpha")));
}

/* Skips white space. */
static void
parse_space(Parser *parser)
{
	while (journey_isspace(*parser->at))
		parser->at++;
}

/* Reads a channel in quotes. */
static void
parse_quoted(Parser *parser, Touch *touch)
{
	StringInfoData channel;

	initStringInfo(&channel);
	parser->at++;
	while (parser->at[0] != '"' || parser->at[1] == '"')
	{
		if (*parser->at == '\0')
			parse_fail(parser, "Quote is not closed");
		parser->at += *parser->at == '"';
		appendStringInfoChar(&channel, *parser->at++);
	}
	parser->at++;
	touch->channel = channel.data;
	touch->length = channel.len;
}

/* Reads a channel without quotes; false when there is none. */
static bool
parse_bare(Parser *parser, Touch *touch)
{
	const char *start = parser->at;
	const char *end;

	while (*parser->at != '\0' && *parser->at != '>' && *parser->at != '[')
	{
		if (*parser->at == '"' || *parser->at == ']')
			parse_fail(parser, "Character that must be in quotes");
		parser->at++;
	}
	end = parser->at;
	while (end > start && journey_isspace(end[-1]))
		end--;
	touch->channel = start;
	touch->length = (int) (end - start);
	return end > start;
}

/* Reads exactly so many digits. */
static bool
parse_digits(const char **at, int digits, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, (*at)++)
	{
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

/* Reads the year: four digits or more. */
static bool
parse_year(const char **at, int *year)
{
	int			digit;

	if (!parse_digits(at, 4, year))
		return false;
	while (**at >= '0' && **at <= '9')
	{
		parse_digits(at, 1, &digit);
		if (*year > 99999)
			return false;
		*year = *year * 10 + digit;
	}
	return true;
}

/* Reads the zone, Z or +hh[:mm], as minutes east of UTC. */
static bool
parse_zone(const char **at, int *minutes)
{
	int			sign = **at == '-' ? -1 : 1;
	int			hours;

	*minutes = 0;
	if (**at == 'Z')
	{
		(*at)++;
		return true;
	}
	if (**at != '+' && **at != '-')
		return false;
	(*at)++;
	if (!parse_digits(at, 2, &hours) || hours > 15)
		return false;
	if (**at == ':')
	{
		(*at)++;
		if (!parse_digits(at, 2, minutes) || *minutes > 59)
			return false;
	}
	*minutes = sign * (hours * 60 + *minutes);
	return true;
}

/* Reads a fraction of a second, in microseconds. */
static bool
parse_fraction(const char **at, int *microseconds)
{
	int			unit = 100000;

	*microseconds = 0;
	if (**at != '.')
		return true;
	(*at)++;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
	{
		if (unit == 0 && **at != '0')
			return false;
		*microseconds += unit * (**at - '0');
	}
	return true;
}

/* Reads a time. */
static bool
parse_time(const char **at, TimestampTz *result)
{
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			fraction;
	int			zone;

	if (!parse_year(at, &year) || *(*at)++ != '-' || !parse_digits(at, 2, &month) || *(*at)++ != '-' ||
		!parse_digits(at, 2, &day) || (**at != 'T' && **at != ' ') || !(*at)++ ||
		!parse_digits(at, 2, &hour) || *(*at)++ != ':' || !parse_digits(at, 2, &minute) || *(*at)++ != ':' ||
		!parse_digits(at, 2, &second) || !parse_fraction(at, &fraction) || !parse_zone(at, &zone))
		return false;
	if (year < 1 || year > 294276 || month < 1 || month > 12 || day < 1 ||
		day > day_tab[isleap(year)][month - 1] || hour > 23 || minute > 59 || second > 59)
		return false;
	*result = (TimestampTz) (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	*result += ((hour * 60 + minute - zone) * INT64CONST(60) + second) * USECS_PER_SEC + fraction;
	return journey_time_valid(*result);
}

/* Reads [time kind] after a channel. */
static void
parse_note(Parser *parser, Touch *touch)
{
	const char *word;

	parser->at++;
	parse_space(parser);
	if (*parser->at >= '0' && *parser->at <= '9')
	{
		const char *at = parser->at;

		if (!parse_time(&at, &touch->touch_at))
			parse_fail(parser, "Time is not like 2026-01-31T12:00:00Z");
		parser->at = at;
		parse_space(parser);
	}
	word = parser->at;
	while ((*parser->at >= 'a' && *parser->at <= 'z') || *parser->at == '_')
		parser->at++;
	if (parser->at > word)
	{
		for (uint8 kind = KIND_CLICK; kind < KIND_COUNT; kind++)
			if (strlen(journey_kinds[kind]) == (size_t) (parser->at - word) &&
				memcmp(journey_kinds[kind], word, parser->at - word) == 0)
				touch->kind = kind;
		if (touch->kind == KIND_NONE)
			parse_fail(parser, "Kind is not click, view or engaged_view");
	}
	parse_space(parser);
	if (*parser->at != ']')
		parse_fail(parser, "Time and kind do not end with ]");
	if (touch->kind == KIND_NONE && touch->touch_at == DT_NOBEGIN)
		parse_fail(parser, "Brackets without a time or a kind");
	parser->at++;
}

/* Reads what stands between two > signs, which may be nothing. */
static void
parse_token(Parser *parser)
{
	Touch		touch = {NULL, 0, DT_NOBEGIN, KIND_NONE};
	bool		found = true;

	parse_space(parser);
	if (*parser->at == '"')
		parse_quoted(parser, &touch);
	else
		found = parse_bare(parser, &touch);
	parse_space(parser);
	if (*parser->at == '[')
	{
		if (!found)
			parse_fail(parser, "Time or kind without a channel");
		parse_note(parser, &touch);
		parse_space(parser);
	}
	if (*parser->at != '>' && *parser->at != '\0')
		parse_fail(parser, "More text after a channel");
	if (!found)
		return;
	if (parser->count + 1 >= parser->room)
	{
		parser->room *= 2;
		parser->touch = repalloc_huge(parser->touch, sizeof(Touch) * (Size) parser->room);
	}
	parser->touch[parser->count++] = touch;
}

/* Reads the text form of a journey; channels may point into the text. */
Touch *
journey_parse(const char *text, int *count)
{
	Parser		parser = {text, text};

	parser.room = 16;
	parser.touch = palloc(sizeof(Touch) * parser.room);
	for (;;)
	{
		parse_token(&parser);
		if (*parser.at == '\0')
			break;
		parser.at++;
	}
	*count = parser.count;
	return parser.touch;
}

/* Ends with an error about a time that no journey has. */
void
journey_fail_time(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("time of a touch is out of range"),
			 errhint("Touches lie between the years 1 and 294276; infinite times are none.")));
}

/* Appends a time in UTC. */
void
journey_append_time(StringInfo text, TimestampTz touch_at)
{
	int64		days = touch_at / USECS_PER_DAY;
	int64		rest = touch_at % USECS_PER_DAY;
	int			year;
	int			month;
	int			day;

	if (rest < 0)
	{
		rest += USECS_PER_DAY;
		days--;
	}
	j2date((int) days + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	appendStringInfo(text, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
					 (int) (rest / USECS_PER_HOUR), (int) (rest / USECS_PER_MINUTE % 60),
					 (int) (rest / USECS_PER_SEC % 60));
	if (rest % USECS_PER_SEC != 0)
	{
		appendStringInfo(text, ".%06d", (int) (rest % USECS_PER_SEC));
		while (text->data[text->len - 1] == '0')
			text->data[--text->len] = '\0';
	}
	appendStringInfoChar(text, 'Z');
}
