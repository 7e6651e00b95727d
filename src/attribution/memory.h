/*
 * memory.h: what the arithmetic of this room asks of the program around it.
 *
 * The server gives memory of the current context (which a reset frees) and
 * serves interrupts; the unit tests give calloc() and nothing.
 */
#ifndef TIKTOKADS_ATTRIBUTION_MEMORY_H
#define TIKTOKADS_ATTRIBUTION_MEMORY_H

#include <stddef.h>

/* Zeroed memory; never NULL, of any size. */
extern void *attribution_alloc(size_t size);

/* The same memory grown, its new part not zeroed; NULL gives new memory. */
extern void *attribution_realloc(void *memory, size_t size);

/* Gives memory back before its context ends; NULL is none. */
extern void attribution_free(void *memory);

/* Lets a cancel request through; may not return. */
extern void attribution_interrupts(void);

#endif
