/* csv_test.c: comma-separated text, field by field. */
#include "api/csv.h"

#include <stdio.h>
#include <string.h>

static int	number;
static int	failed;

/* Reports one check. */
static void
ok(int good, const char *what)
{
	number++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", number, what);
}

/* Reads a text into "field|field/field", / after each line, " for doubled quotes. */
static const char *
read_all(const char *text)
{
	static char out[256];
	CsvReader	reader;
	CsvField	field;
	char	   *p = out;

	csv_begin(&reader, text, strlen(text));
	while (csv_next(&reader, &field))
		p += sprintf(p, "%.*s%s%s", (int) field.length, field.text, field.doubled ? "\"" : "", field.last ? "/" : "|");
	*p = '\0';
	return out;
}

int
main(void)
{
	ok(strcmp(read_all(""), "") == 0, "nothing has no field");
	ok(strcmp(read_all("a,b\n1,2\n"), "a|b/1|2/") == 0, "two lines");
	ok(strcmp(read_all("a,b\r\n1,2\r\n"), "a|b/1|2/") == 0, "lines that end with CRLF");
	ok(strcmp(read_all("a,b\n1,2"), "a|b/1|2/") == 0, "a last line without an end");
	ok(strcmp(read_all("\xEF\xBB\xBF" "a\n"), "a/") == 0, "a byte order mark is stepped over");
	ok(strcmp(read_all("a,,c\n"), "a||c/") == 0, "an empty field");
	ok(strcmp(read_all("\"a,b\",c\n"), "a,b|c/") == 0, "a comma in quotes");
	ok(strcmp(read_all("\"a\nb\",c\n"), "a\nb|c/") == 0, "a line end in quotes");
	ok(strcmp(read_all("\"a\"\"b\",c\n"), "a\"\"b\"|c/") == 0, "quotes in quotes are told");
	ok(strcmp(read_all("\"\",c\n"), "|c/") == 0, "an empty field in quotes");
	ok(strcmp(read_all("\"open,c\n"), "open,c\n/") == 0, "a quote that is never closed ends with the text");
	printf("1..%d\n", number);
	return failed > 0;
}
