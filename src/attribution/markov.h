/*
 * markov.h: credit by removal from a Markov chain of any order.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_MARKOV_H
#define TIKTOKADS_MARKOV_H

#include "attribution/chain.h"
#include "attribution/paths.h"
#include "attribution/route.h"

#define MARKOV_ORDER_MAX 8

/* The chain of some paths; state i stands for the channels of list state[i]. */
typedef struct Markov
{
	int			order;
	Routes	lists;
	int		   *state;			/* state of the chain -> number of its list */
	Chain		chain;
	double		total;			/* walks that start */
} Markov;

/* Counts the transitions of all paths; without nulls, only converting walks exist. */
extern void markov_build(const Paths *paths, int order, bool nulls, Markov *markov);

/*
 * Removal effects of channels 0 .. channels - 1: the share of converting walks, and
 * of their value, that visit the channel; and of all walks, visit[channels] as
 * chain_visits() gives it.
 */
extern void markov_effects(const Markov *markov, ChainVisit *visit);

extern void markov_credit(const Paths *paths, int order, bool nulls, Credit *credit);

#endif
