/*
 * chain.h: absorbing Markov chains, solved without simulation.
 *
 * Plain C without PostgreSQL.  States are 0 .. states - 1; START, CONVERSION and
 * NULL are not among them.  All weights are counts, not probabilities, and none
 * is negative; no edge leads from a state to itself.
 */
#ifndef TIKTOKADS_CHAIN_H
#define TIKTOKADS_CHAIN_H

#include <stdint.h>

typedef struct Chain
{
	int			states;
	int64_t    *edge;			/* edges of state i: edge[i] .. edge[i + 1] - 1 */
	int		   *target;			/* state that each edge leads to, ascending */
	double	   *weight;			/* of each edge */
	double	   *start;			/* weight from START to each state */
	double	   *conversion;		/* weight from each state to CONVERSION */
	double	   *null;			/* weight from each state to NULL */
	double	   *value;			/* value of the conversions that end in each state */

	int			channels;
	int64_t    *member;			/* channels of state i: member[i] .. member[i + 1] - 1 */
	int		   *channel;		/* ascending and distinct within a state */
} Chain;

/* What the walks from START that visit a channel and then convert bring, per walk. */
typedef struct ChainVisit
{
	double		conversions;	/* probability of such a walk */
	double		value;			/* expected value of such walks */
} ChainVisit;

/*
 * Fills visit[0 .. channels - 1]; visit[channels] is for all walks.  Every
 * number is a sum of products of positive numbers, never a difference.
 */
extern void chain_visits(const Chain *chain, ChainVisit *visit);

/* The same for any chain whose states have one channel each, by elimination. */
extern void chain_visits_by_elimination(const Chain *chain, ChainVisit *visit);

#endif
