/*
 * score.h: how well Markov chains of each order tell converting paths from others.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_SCORE_H
#define TIKTOKADS_SCORE_H

#include "attribution/paths.h"

/* NAN where paths that convert, or paths that do not, are missing. */
typedef struct OrderScore
{
	double		auc;
	double		penalised_auc;
} OrderScore;

/* Scores order 1 .. max_order into score[0 .. max_order - 1]. */
extern void score_orders(const Paths *paths, int max_order, OrderScore *score);

/* The order of the largest penalised AUC, the lowest of equals; 1 when none is known. */
extern int	score_best(const OrderScore *score, int max_order);

#endif
