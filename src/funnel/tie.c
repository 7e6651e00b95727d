/*
 * tie.c: gives the rows of one moment to steps, each row to one step at most.
 *
 * What must stay true: rows that are left out cannot matter, because every step
 * that they satisfy has as many other rows as there can be steps.
 */
#include "funnel/tie.h"

#include <string.h>

/* Takes the rows of a moment, sorted by their steps, leaving out those that cannot matter. */
void
tie_fill(Tie *tie, const FunnelEvent *events, size_t count)
{
	int			held[FUNNEL_STEPS_MAX] = {0};
	size_t		i;

	tie->nrows = 0;
	for (i = 0; i < count; i++)
	{
		uint64_t	rest = events[i].steps;
		bool		keep = false;

		for (; rest != 0; rest &= rest - 1)
			keep |= held[__builtin_ctzll(rest)]++ < FUNNEL_STEPS_MAX;
		if (keep && tie->nrows < TIE_ROWS_MAX)
		{
			tie->serves[tie->nrows] = -1;
			tie->rows[tie->nrows++] = events[i].steps;
		}
	}
}

/* Finds a row for a step, moving other steps to other rows where that helps (Kuhn). */
static bool
tie_augment(Tie *tie, int step, int barred)
{
	int			row;

	for (row = 0; row < tie->nrows; row++)
	{
		if (row == barred || tie->seen[row] || !(tie->rows[row] >> step & 1))
			continue;
		tie->seen[row] = true;
		if (tie->serves[row] < 0 || tie_augment(tie, tie->serves[row], barred))
		{
			tie->serves[row] = (int8_t) step;
			return true;
		}
	}
	return false;
}

/* Can different rows be given to the steps from..to, none of them the barred row? */
bool
tie_serves(Tie *tie, int from, int to, int barred)
{
	int			step;

	if (to - from + 1 > tie->nrows - (barred >= 0))
		return false;
	memset(tie->serves, -1, tie->nrows * sizeof(tie->serves[0]));
	for (step = from; step <= to; step++)
	{
		memset(tie->seen, 0, tie->nrows * sizeof(tie->seen[0]));
		if (!tie_augment(tie, step, barred))
			return false;
	}
	return true;
}

/* Gives a row to one more step, beside those that were served since tie_fill(). */
bool
tie_serve(Tie *tie, int step)
{
	memset(tie->seen, 0, tie->nrows * sizeof(tie->seen[0]));
	return tie_augment(tie, step, -1);
}
