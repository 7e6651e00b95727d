/*
 * buffer.c: growing texts, JSON strings, numbers, gzip.
 *
 * Stays true: a buffer is given back on the thread that took it or on any
 * other, its memory is reused and never shrinks.
 */
#include "buffer.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static __thread Buffer *free_buffers;
static __thread z_stream *packer;

static const char digit_pairs[] =
"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
"8081828384858687888990919293949596979899";

/* Gives an empty buffer, a used one if there is any. */
Buffer *
buffer_take(void)
{
	Buffer	   *result = free_buffers;

	if (result == NULL)
	{
		result = must_alloc(sizeof(Buffer));
		result->cap = 4096;
		result->data = must_alloc(result->cap);
	}
	else
		free_buffers = result->next;
	result->len = 0;
	result->next = NULL;
	return result;
}

/* Takes a buffer back; the signature is the one that libmicrohttpd calls. */
void
buffer_give(void *buffer)
{
	Buffer	   *back = buffer;

	back->next = free_buffers;
	free_buffers = back;
}

/* Makes room for more bytes. */
void
buffer_room(Buffer *out, size_t more)
{
	if (out->len + more <= out->cap)
		return;
	while (out->len + more > out->cap)
		out->cap *= 2;
	out->data = must_grow(out->data, out->cap);
}

/* Appends formatted text. */
void
put_format(Buffer *out, const char *format,...)
{
	va_list		args;
	int			len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	buffer_room(out, (size_t) len + 1);
	va_start(args, format);
	vsnprintf(out->data + out->len, (size_t) len + 1, format, args);
	va_end(args);
	out->len += (size_t) len;
}

/* Appends a JSON string, quoted and escaped as Go's encoder does it. */
void
put_json(Buffer *out, const char *text)
{
	char	   *p;

	buffer_room(out, strlen(text) * 6 + 2);
	p = out->data + out->len;
	*p++ = '"';
	for (; *text; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c == '"' || c == '\\')
		{
			*p++ = '\\';
			*p++ = (char) c;
		}
		else if (c == '\n')
		{
			*p++ = '\\';
			*p++ = 'n';
		}
		else if (c < 0x20 || c == '&' || c == '<' || c == '>')
			p += sprintf(p, "\\u%04x", c);
		else
			*p++ = (char) c;
	}
	*p++ = '"';
	out->len = (size_t) (p - out->data);
}

/* Writes an integer and gives the end. */
char *
write_int(char *p, int64 value)
{
	char		digits[24];
	char	   *d = digits + sizeof(digits);
	uint64		rest = (uint64) value;
	size_t		len;

	if (value < 0)
	{
		*p++ = '-';
		rest = 0 - rest;
	}
	while (rest >= 100)
	{
		d -= 2;
		memcpy(d, digit_pairs + rest % 100 * 2, 2);
		rest /= 100;
	}
	if (rest >= 10)
	{
		d -= 2;
		memcpy(d, digit_pairs + rest * 2, 2);
	}
	else
		*--d = (char) ('0' + rest);
	len = (size_t) (digits + sizeof(digits) - d);
	memcpy(p, d, len);
	return p + len;
}

/* Writes an integer as a number with so many decimals: 2000, 2 is 20.00. */
char *
write_fixed(char *p, int64 value, int decimals)
{
	static const int64 powers[] = {1, 10, 100, 1000, 10000};
	int64		rest;

	if (decimals == 0)
		return write_int(p, value);
	if (value < 0)
	{
		*p++ = '-';
		value = -value;
	}
	p = write_int(p, value / powers[decimals]);
	*p++ = '.';
	rest = value % powers[decimals];
	if (decimals == 2)
	{
		memcpy(p, digit_pairs + rest * 2, 2);
		return p + 2;
	}
	while (decimals-- > 0)
		*p++ = (char) ('0' + rest / powers[decimals] % 10);
	return p;
}

/* Compresses a buffer into another; the compressor is kept per thread. */
bool
buffer_gzip(const Buffer *in, Buffer *out)
{
	if (packer == NULL)
	{
		packer = must_alloc(sizeof(z_stream));
		if (deflateInit2(packer, 1, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
			return false;
	}
	else if (deflateReset(packer) != Z_OK)
		return false;
	buffer_room(out, deflateBound(packer, in->len));
	packer->next_in = (Bytef *) in->data;
	packer->avail_in = (uInt) in->len;
	packer->next_out = (Bytef *) out->data;
	packer->avail_out = (uInt) out->cap;
	if (deflate(packer, Z_FINISH) != Z_STREAM_END)
		return false;
	out->len = packer->total_out;
	return true;
}
