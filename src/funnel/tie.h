/*
 * tie.h: which rows of one moment can serve which steps, one row one step.
 */
#ifndef TIKTOKADS_TIE_H
#define TIKTOKADS_TIE_H

#include "funnel/level.h"

/* So many rows that satisfy a step are as good as any number. */
#define TIE_ROWS_MAX	(FUNNEL_STEPS_MAX * FUNNEL_STEPS_MAX)

/* The rows of one moment, as many as matter, and which step each serves. */
typedef struct Tie
{
	int			nrows;
	uint64_t	rows[TIE_ROWS_MAX];
	int8_t		serves[TIE_ROWS_MAX];	/* step, or -1 */
	bool		seen[TIE_ROWS_MAX];
} Tie;

extern void tie_fill(Tie *tie, const FunnelEvent *events, size_t count);
extern bool tie_serves(Tie *tie, int from, int to, int barred);
extern bool tie_serve(Tie *tie, int step);

#endif
