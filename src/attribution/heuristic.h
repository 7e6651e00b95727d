/*
 * heuristic.h: models that look at one path at a time.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_HEURISTIC_H
#define TIKTOKADS_HEURISTIC_H

#include "attribution/paths.h"

#define HEURISTIC_WEIGHTS_MAX 1000

typedef struct HeuristicOptions
{
	double		half_life_us;	/* of time_decay, in microseconds */
	double		half_life_touches;	/* of time_decay, where touches have no times */
	bool		whole;			/* time_decay counts completed half-lives only */
	int			channel;		/* of last_non and w_shaped; -1: on no path */
	const double *weight;		/* of position (3), w_shaped (4), custom (any number) */
	int			weights;
} HeuristicOptions;

/* Computes the weight of each touch of a path of at least one; their sum is positive. */
typedef void (*Heuristic) (const Path *path, const HeuristicOptions *options, double *weight);

extern void heuristic_first(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_last(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_last_non(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_linear(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_linear_unique(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_time_decay(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_position(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_w_shaped(const Path *path, const HeuristicOptions *options, double *weight);
extern void heuristic_custom(const Path *path, const HeuristicOptions *options, double *weight);

/* Credits every path by its weights. */
extern void heuristic_credit(const Paths *paths, Heuristic model, const HeuristicOptions *options, Credit *credit);

#endif
