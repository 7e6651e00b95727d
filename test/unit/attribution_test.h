/*
 * attribution_test.h: memory for the arithmetic of attribution in its unit tests.
 */
#include <stdlib.h>

#include "attribution/memory.h"
#include "tap.h"

void *
attribution_alloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

void *
attribution_realloc(void *memory, size_t size)
{
	return realloc(memory, size);
}

void
attribution_free(void *memory)
{
	free(memory);
}

void
attribution_interrupts(void)
{
}
