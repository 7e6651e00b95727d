/*
 * choice.h: a model by its name and its options, as SQL gives them.
 */
#ifndef TIKTOKADS_CHOICE_H
#define TIKTOKADS_CHOICE_H

#include "postgres.h"

#include "attribution/heuristic.h"
#include "attribution/journey.h"
#include "attribution/path_table.h"
#include "attribution/shapley.h"
#include "utils/jsonb.h"

/* What computes credit; one of the three is set, or none: markov or incremental. */
typedef struct Model
{
	const char *name;
	bool		timed;			/* looks at times of touches */
	uint32		options;		/* those it takes, OPTION_ bits */
	Heuristic	heuristic;
	const double *weight;		/* default of option weights */
	int			weights;
	bool		markov;
	bool		shapley;
	bool		incremental;
} Model;

/* How a query's touches become paths. */
typedef struct PathOptions
{
	int64		window[KIND_COUNT];	/* oldest touch of each kind, in microseconds; NO_WINDOW: any */
	bool		split;			/* a touch serves the next conversion only */
	bool		click_first;	/* a path with a click keeps clicks only */
} PathOptions;

#define NO_WINDOW PG_INT64_MAX
#define WINDOW_OFF (-1)

/* A model and its options, read once. */
typedef struct Choice
{
	const Model *model;
	HeuristicOptions heuristic;
	char	   *channel;		/* of last_non and w_shaped */
	int			order;			/* of markov; 0: auto */
	int			max_order;		/* of auto */
	bool		nulls;
	Shapley		shapley;
	PathOptions paths;			/* of attribution_query */
} Choice;

/*
 * Reads a model's name and options (which may be NULL), of a query also how paths
 * are made; errors name what is wrong.
 */
extern Choice *choice_read(const char *model, int length, Jsonb *options, bool query);

/* The order of markov: given, or the best of those up to max_order. */
extern int	choice_order(const Choice *choice, const Paths *paths);

/* Computes credit[0 .. channels] of what a table holds; everything in the current context. */
extern void choice_credit(const Choice *choice, const Paths *paths, const Channels *channels, Credit *credit);

#endif
