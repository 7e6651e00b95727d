/*
 * csv.h: a reader of comma-separated text (RFC 4180), without copies.
 *
 * Plain C without PostgreSQL, so that it is tested alone.
 */
#ifndef TIKTOKADS_CSV_H
#define TIKTOKADS_CSV_H

#include <stdbool.h>
#include <stddef.h>

typedef struct CsvReader
{
	const char *at;
	const char *end;
} CsvReader;

typedef struct CsvField
{
	const char *text;			/* without the quotes around it */
	size_t		length;
	bool		doubled;		/* holds "" for each quote */
	bool		last;			/* of its line */
} CsvField;

/* Begins to read; a byte order mark is stepped over. */
extern void csv_begin(CsvReader *reader, const char *text, size_t length);

/* Reads the next field; false at the end of the text. */
extern bool csv_next(CsvReader *reader, CsvField *field);

#endif
