/*
 * base.c: memory that never fails quietly, and civil dates.
 *
 * Stays true: dates are parsed strictly (YYYY-MM-DD, real calendar days), and
 * formatting a parsed date gives the same text again.
 */
#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocates zeroed memory or ends the program. */
void *
must_alloc(size_t size)
{
	void	   *result = calloc(1, size ? size : 1);

	if (result == NULL)
	{
		fputs("tiktok-ads-simulator: out of memory\n", stderr);
		exit(1);
	}
	return result;
}

/* Enlarges memory or ends the program. */
void *
must_grow(void *old, size_t size)
{
	void	   *result = realloc(old, size);

	if (result == NULL)
	{
		fputs("tiktok-ads-simulator: out of memory\n", stderr);
		exit(1);
	}
	return result;
}

/* Gives the day number of a date of the Gregorian calendar. */
int
day_from_civil(int year, int month, int mday)
{
	int			y = month <= 2 ? year - 1 : year;
	int			era = (int) floor_div(y, 400);
	int			yoe = y - era * 400;
	int			doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;
	int			doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

/* Gives the date of a day number. */
static void
civil_from_day(int day, int *year, int *month, int *mday)
{
	int			z = day + 719468;
	int			era = (int) floor_div(z, 146097);
	int			doe = z - era * 146097;
	int			yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int			doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int			mp = (5 * doy + 2) / 153;

	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

/* Reads exactly width digits. */
static bool
read_digits(const char **text, int width, int *value)
{
	*value = 0;
	while (width-- > 0)
	{
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (*(*text)++ - '0');
	}
	return true;
}

/* Reads YYYY-MM-DD from the start of a text and moves behind it. */
static bool
date_read(const char **text, int *day)
{
	int			year,
				month,
				mday;
	int			back[3];

	if (!read_digits(text, 4, &year) || *(*text)++ != '-' ||
		!read_digits(text, 2, &month) || *(*text)++ != '-' ||
		!read_digits(text, 2, &mday))
		return false;
	if (month < 1 || month > 12 || mday < 1 || mday > 31 || year < 1970)
		return false;
	*day = day_from_civil(year, month, mday);
	civil_from_day(*day, &back[0], &back[1], &back[2]);
	return back[1] == month && back[2] == mday;
}

/* Reads a date, refusing everything but YYYY-MM-DD of a real day. */
bool
date_parse(const char *text, int *day)
{
	return date_read(&text, day) && *text == '\0';
}

/* Reads YYYY-MM-DD HH:MM:SS as seconds since 1970. */
bool
time_parse(const char *text, int64 *seconds)
{
	int			day,
				hour,
				minute,
				second;

	if (!date_read(&text, &day) || *text++ != ' ' ||
		!read_digits(&text, 2, &hour) || *text++ != ':' ||
		!read_digits(&text, 2, &minute) || *text++ != ':' ||
		!read_digits(&text, 2, &second) || *text != '\0')
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = (int64) day * DAY_SECONDS + hour * 3600 + minute * 60 + second;
	return true;
}

/* Writes two digits. */
static void
put_two(char *out, int value)
{
	out[0] = (char) ('0' + value / 10 % 10);
	out[1] = (char) ('0' + value % 10);
}

/* Writes a day as YYYY-MM-DD. */
void
date_format(int day, char out[11])
{
	int			year,
				month,
				mday;

	civil_from_day(day, &year, &month, &mday);
	put_two(out, year / 100);
	put_two(out + 2, year % 100);
	out[4] = out[7] = '-';
	put_two(out + 5, month);
	put_two(out + 8, mday);
	out[10] = '\0';
}

/* Writes a time as YYYY-MM-DD HH:MM:SS. */
void
time_format(int64 seconds, char out[20])
{
	int64		day = floor_div(seconds, DAY_SECONDS);
	int			rest = (int) (seconds - day * DAY_SECONDS);

	date_format((int) day, out);
	out[10] = ' ';
	put_two(out + 11, rest / 3600);
	put_two(out + 14, rest / 60 % 60);
	put_two(out + 17, rest % 60);
	out[13] = out[16] = ':';
	out[19] = '\0';
}
