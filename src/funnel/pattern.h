/*
 * pattern.h: a sequence pattern, read into actions.
 */
#ifndef TIKTOKADS_PATTERN_H
#define TIKTOKADS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_ACTIONS_MAX	256

typedef enum PatternKind
{
	PATTERN_STEP,				/* (?N): an event that satisfies condition N */
	PATTERN_ANY,				/* . : any one event */
	PATTERN_GAP,				/* .* : any number of events */
	PATTERN_AT_MOST,			/* (?t<=v) and the others: events until one at such a time */
	PATTERN_BEFORE,
	PATTERN_AT_LEAST,
	PATTERN_AFTER,
	PATTERN_EXACTLY
} PatternKind;

typedef struct PatternAction
{
	PatternKind kind;
	int			step;			/* of PATTERN_STEP, from 0 */
	int64_t		span;			/* of the times, in the unit of the events */
} PatternAction;

typedef struct Pattern
{
	int			nactions;		/* the first is always a PATTERN_GAP: a match may begin anywhere */
	int			nsteps;			/* how many are PATTERN_STEP */
	PatternAction actions[PATTERN_ACTIONS_MAX];
} Pattern;

/* Why a pattern was refused, and where: bytes from its start. */
typedef struct PatternError
{
	const char *reason;
	size_t		position;
} PatternError;

extern bool pattern_parse(const char *text, int nconditions, int64_t unit, Pattern *pattern, PatternError *error);

#endif
