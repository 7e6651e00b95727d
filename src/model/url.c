/*
 * url.c: the parts of a URL, and parameters of its query.
 *
 * Cut as RFC 3986 says (appendix B): the fragment first, then the query, the
 * scheme, the authority and the path.  An address without a scheme, as people
 * type it (www.example.com/shop), has a host when its first segment looks like
 * one.  Parameters are found by their whole, decoded name; values are decoded:
 * percent escapes and plus signs.  What is no UTF-8 then, or a zero byte,
 * becomes U+FFFD, so that no input is an error.
 */
#include "postgres.h"

#include <ctype.h>

#include "base/compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(tiktokads_url_parse);
PG_FUNCTION_INFO_V1(tiktokads_url_parameter);

/* A stretch of the URL; NULL when it has no such part. */
typedef struct Part
{
	const char *start;
	int			length;
} Part;

typedef struct Url
{
	Part		scheme;
	Part		host;
	Part		port;
	Part		path;
	Part		query;
	Part		fragment;
} Url;

/* Columns of type tiktokads.url, and the parameters among them. */
enum
{
	BASE_URL, SCHEME, HOST, PORT, PATH, FRAGMENT, FIRST_PARAMETER,
	NCOLUMNS = FIRST_PARAMETER + 5
};
static const char *const parameters[] = {
	"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"
};

/* Cuts the part after the first such byte off the end of a text. */
static Part
part_cut_tail(Part *text, char separator)
{
	const char *at = text->length > 0 ? memchr(text->start, separator, text->length) : NULL;
	Part		tail = {NULL, 0};

	if (at != NULL)
	{
		tail.start = at + 1;
		tail.length = text->start + text->length - tail.start;
		text->length = at - text->start;
	}
	return tail;
}

/* Takes that many bytes off the beginning of a text. */
static void
part_skip(Part *text, int length)
{
	text->start += length;
	text->length -= length;
}

/* Length of the scheme before a colon, 0 when the text begins with none. */
static int
scheme_length(const Part *text)
{
	int			n = 0;

	if (text->length == 0 || !isalpha((unsigned char) text->start[0]))
		return 0;
	while (n < text->length && (isalnum((unsigned char) text->start[n]) || strchr("+-.", text->start[n]) != NULL))
		n++;
	return n < text->length && text->start[n] == ':' ? n : 0;
}

/* True when the first segment of an address without a scheme is a host: a dot inside, nothing odd. */
static bool
segment_is_host(const Part *text)
{
	int			dot = 0;
	int			n = 0;

	for (; n < text->length && text->start[n] != '/' && text->start[n] != ':'; n++)
	{
		if (text->start[n] == '.')
			dot = n;
		else if (!isalnum((unsigned char) text->start[n]) && text->start[n] != '-' && !IS_HIGHBIT_SET(text->start[n]))
			return false;
	}
	return dot > 0 && dot < n - 1;
}

/* Parts an authority into host and port, and drops user and password. */
static void
authority_split(Part authority, Url *url)
{
	for (int n = authority.length - 1; n >= 0; n--)
		if (authority.start[n] == '@')
		{
			part_skip(&authority, n + 1);
			break;
		}
	for (int n = authority.length - 1; n >= 0 && authority.start[n] != ']'; n--)
		if (authority.start[n] == ':')
		{
			url->port.start = authority.start + n + 1;
			url->port.length = authority.length - n - 1;
			authority.length = n;
			break;
		}
	url->host = authority;
}

/* Cuts a URL into its parts. */
static void
url_split(const char *text, int length, Url *url)
{
	Part		rest = {text, length};
	bool		has_authority = false;
	int			n;

	memset(url, 0, sizeof(Url));
	while (rest.length > 0 && isspace((unsigned char) rest.start[0]))
		part_skip(&rest, 1);
	while (rest.length > 0 && isspace((unsigned char) rest.start[rest.length - 1]))
		rest.length--;
	url->fragment = part_cut_tail(&rest, '#');
	url->query = part_cut_tail(&rest, '?');

	if (segment_is_host(&rest))
		has_authority = true;
	else if ((n = scheme_length(&rest)) > 0)
	{
		url->scheme.start = rest.start;
		url->scheme.length = n;
		part_skip(&rest, n + 1);
	}
	if (rest.length >= 2 && rest.start[0] == '/' && rest.start[1] == '/')
	{
		part_skip(&rest, 2);
		has_authority = true;
	}
	if (has_authority)
	{
		Part		authority = rest;
		const char *slash = rest.length > 0 ? memchr(rest.start, '/', rest.length) : NULL;

		if (slash != NULL)
			authority.length = slash - rest.start;
		part_skip(&rest, authority.length);
		authority_split(authority, url);
	}
	url->path = rest;
}

/* Value of a hexadecimal digit, -1 when it is none. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes percent escapes and plus signs; broken escapes stay as they are. */
static void
part_decode(const Part *part, StringInfo bytes)
{
	resetStringInfo(bytes);
	for (int n = 0; n < part->length; n++)
	{
		char		c = part->start[n];

		if (c == '+')
			c = ' ';
		else if (c == '%' && n + 2 < part->length &&
				 hex_value(part->start[n + 1]) >= 0 && hex_value(part->start[n + 2]) >= 0)
		{
			c = (char) (hex_value(part->start[n + 1]) << 4 | hex_value(part->start[n + 2]));
			n += 2;
		}
		appendStringInfoChar(bytes, c);
	}
}

/* Text of bytes: whatever is no UTF-8, or zero, becomes U+FFFD. */
static text *
text_of_bytes(const StringInfo bytes)
{
	StringInfoData clean;

	initStringInfo(&clean);
	for (int n = 0; n < bytes->len;)
	{
		const unsigned char *at = (const unsigned char *) bytes->data + n;
		int			length = pg_utf_mblen(at);

		if (*at == 0 || length > bytes->len - n || !pg_utf8_islegal(at, length))
		{
			appendStringInfoString(&clean, "\xEF\xBF\xBD");
			n++;
			continue;
		}
		appendBinaryStringInfo(&clean, bytes->data + n, length);
		n += length;
	}
	return cstring_to_text_with_len(clean.data, clean.len);
}

/* The first value of a parameter that is not empty, NULL when there is none. */
static text *
parameter_value(Part query, const char *name, int name_length)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	while (query.start != NULL)
	{
		Part		pair = query;
		Part		value;

		query = part_cut_tail(&pair, '&');
		value = part_cut_tail(&pair, '=');
		if (value.length == 0)
			continue;
		part_decode(&pair, &bytes);
		if (bytes.len != name_length || memcmp(bytes.data, name, name_length) != 0)
			continue;
		part_decode(&value, &bytes);
		return text_of_bytes(&bytes);
	}
	return NULL;
}

/* Text of a part, in lower case (ASCII) if asked; NULL when it is missing or empty. */
static text *
part_text(const Part *part, bool lower)
{
	text	   *result;

	if (part->length <= 0)
		return NULL;
	result = cstring_to_text_with_len(part->start, part->length);
	for (int n = 0; lower && n < part->length; n++)
		if (!IS_HIGHBIT_SET(part->start[n]))
			VARDATA(result)[n] = tolower((unsigned char) part->start[n]);
	return result;
}

/* Number of a port, -1 when it is none. */
static int
port_number(const Part *port)
{
	int			number = 0;

	if (port->length <= 0 || port->length > 5)
		return -1;
	for (int n = 0; n < port->length; n++)
	{
		if (!isdigit((unsigned char) port->start[n]))
			return -1;
		number = number * 10 + port->start[n] - '0';
	}
	return number <= 65535 ? number : -1;
}

/* The URL without user, password, query and fragment. */
static text *
url_base(const Url *url)
{
	StringInfoData base;

	initStringInfo(&base);
	if (url->scheme.length > 0)
	{
		for (int n = 0; n < url->scheme.length; n++)
			appendStringInfoChar(&base, tolower((unsigned char) url->scheme.start[n]));
		appendStringInfoChar(&base, ':');
	}
	if (url->host.start != NULL)
	{
		if (url->scheme.length > 0)
			appendStringInfoString(&base, "//");
		for (int n = 0; n < url->host.length; n++)
			appendStringInfoChar(&base, IS_HIGHBIT_SET(url->host.start[n]) ? url->host.start[n]
								 : (char) tolower((unsigned char) url->host.start[n]));
		if (port_number(&url->port) >= 0)
			appendStringInfo(&base, ":%d", port_number(&url->port));
	}
	if (url->path.length > 0)
		appendBinaryStringInfo(&base, url->path.start, url->path.length);
	else if (url->host.start != NULL)
		appendStringInfoChar(&base, '/');	/* which an empty path means */
	return base.len > 0 ? cstring_to_text_with_len(base.data, base.len) : NULL;
}

/* Parts of a URL as a row; NULL, or a part that is missing, gives NULLs. */
Datum
tiktokads_url_parse(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Datum		values[NCOLUMNS] = {0};
	bool		nulls[NCOLUMNS];
	text	   *texts[NCOLUMNS] = {0};
	Url			url = {{0}};
	int			port;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE || tupdesc->natts != NCOLUMNS)
		elog(ERROR, "return type must be tiktokads.url");
	if (!PG_ARGISNULL(0))
	{
		text	   *whole = PG_GETARG_TEXT_PP(0);

		url_split(VARDATA_ANY(whole), VARSIZE_ANY_EXHDR(whole), &url);
		texts[BASE_URL] = url_base(&url);
		texts[SCHEME] = part_text(&url.scheme, true);
		texts[HOST] = part_text(&url.host, true);
		texts[PATH] = part_text(&url.path, false);
		if (texts[PATH] == NULL && texts[HOST] != NULL)
			texts[PATH] = cstring_to_text("/");
		texts[FRAGMENT] = part_text(&url.fragment, false);
		for (int n = FIRST_PARAMETER; n < NCOLUMNS; n++)
			texts[n] = parameter_value(url.query, parameters[n - FIRST_PARAMETER], strlen(parameters[n - FIRST_PARAMETER]));
	}
	for (int n = 0; n < NCOLUMNS; n++)
	{
		values[n] = PointerGetDatum(texts[n]);
		nulls[n] = texts[n] == NULL;
	}
	port = port_number(&url.port);
	values[PORT] = Int32GetDatum(port);
	nulls[PORT] = port < 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* One parameter of a URL's query, decoded; NULL when it is missing or empty. */
Datum
tiktokads_url_parameter(PG_FUNCTION_ARGS)
{
	text	   *whole = PG_GETARG_TEXT_PP(0);
	text	   *name = PG_GETARG_TEXT_PP(1);
	text	   *value;
	Url			url;

	url_split(VARDATA_ANY(whole), VARSIZE_ANY_EXHDR(whole), &url);
	value = parameter_value(url.query, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(value);
}
