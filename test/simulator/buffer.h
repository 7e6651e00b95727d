/*
 * buffer.h: a growing text that replies are written into, with hand-written
 * number formatting.  Buffers are recycled per thread, so that a reply of a
 * megabyte costs no page faults.
 */
#ifndef SIMULATOR_BUFFER_H
#define SIMULATOR_BUFFER_H

#include "base.h"

#include <string.h>

typedef struct Buffer
{
	char	   *data;
	size_t		len;
	size_t		cap;
	struct Buffer *next;		/* in the thread's list of free buffers */
} Buffer;

extern Buffer *buffer_take(void);
extern void buffer_give(void *buffer);
extern void buffer_room(Buffer *out, size_t more);
extern void put_format(Buffer *out, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void put_json(Buffer *out, const char *text);
extern char *write_int(char *p, int64 value);
extern char *write_fixed(char *p, int64 value, int decimals);
extern bool buffer_gzip(const Buffer *in, Buffer *out);

/* Appends bytes. */
static inline void
put_bytes(Buffer *out, const char *bytes, size_t len)
{
	buffer_room(out, len);
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

/* Appends a text as it is. */
static inline void
put_text(Buffer *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

#endif
