/*
 * harvest.h: touches and conversions that two queries give, by person.
 */
#ifndef TIKTOKADS_HARVEST_H
#define TIKTOKADS_HARVEST_H

#include "postgres.h"

#include "attribution/intern.h"
#include "datatype/timestamp.h"

/* A touch: 16 bytes. */
typedef struct CollectedTouch
{
	int64		at;				/* microseconds */
	uint32		person;
	uint32		channel:30;
	uint32		kind:2;
} CollectedTouch;

typedef struct CollectedConversion
{
	int64		at;				/* PG_INT64_MIN: unknown, before any touch */
	int64		whole;			/* the person, where that is an integer */
	uint32		person;			/* NOBODY: unknown */
	double		conversions;
	double		value;
} CollectedConversion;

#define NOBODY PG_UINT32_MAX

typedef struct Collection
{
	MemoryContext context;
	Intern		persons;
	Intern		channels;
	uint32		person_count;	/* persons are below; of some there may be nothing */
	uint32		person_shift;	/* to be added, modulo 2^32, to the persons of touches */
	Oid			time_type;		/* of both queries */
	CollectedTouch *touch;
	int64		touches;
	int64		touch_room;
	int64		base;			/* of persons that are integers: touches hold their distance from it */
	int64		low;			/* the lowest and the highest of them */
	int64		high;
	int64	   *whole;			/* persons of the touches, once one is too far from the base */
	CollectedConversion *conversion;
	int64		conversions;
	int64		conversion_room;
} Collection;

/* Runs both queries with the caller's rights and snapshot, reading only; connects to SPI. */
extern void harvest_run(Collection *collection, const char *touches, const char *conversions);

#endif
