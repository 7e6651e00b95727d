/*
 * repair.h: text that the JSON reader and the database will accept.
 */
#ifndef TIKTOKADS_REPAIR_H
#define TIKTOKADS_REPAIR_H

#include <stddef.h>

/*
 * Number of places in a JSON text that are invalid UTF-8, \u0000, or half a
 * surrogate pair: what a name cut through an emoji leaves.  0 nearly always.
 */
extern int	repair_count(const char *text, size_t length);

/*
 * Writes the text with U+FFFD in each such place; the target has room for
 * 3 * length bytes.  Returns the length.
 */
extern size_t repair_copy(const char *text, size_t length, char *target);

#endif
