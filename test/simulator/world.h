/*
 * world.h: the invented ad accounts: who exists, when, under which name.
 * Nothing is stored per day; volume.h computes numbers from an ad's seed.
 */
#ifndef SIMULATOR_WORLD_H
#define SIMULATOR_WORLD_H

#include "base.h"
#include "clock.h"

#include <pthread.h>

/* Levels of reports; the first three are also kinds of entities. */
typedef enum Level
{
	LEVEL_CAMPAIGN, LEVEL_ADGROUP, LEVEL_AD, LEVEL_ADVERTISER
} Level;
#define ENTITY_LEVELS 3

typedef enum Objective
{
	OBJ_TRAFFIC, OBJ_WEB, OBJ_APP, OBJ_VIDEO, OBJ_LEAD, OBJ_SALES, OBJ_ENGAGEMENT, OBJECTIVES
} Objective;

typedef enum State
{
	STATE_DELIVERY_OK, STATE_DISABLED, STATE_CAMPAIGN_DISABLED, STATE_ADGROUP_DISABLED,
	STATE_TIME_DONE, STATE_DELETED
} State;

/* A campaign, ad group or ad; times are UTC seconds, NEVER if they do not come. */
typedef struct Node
{
	int64		id;
	int64		created;
	int64		renamed;
	int64		paused;
	int64		ended;			/* its own or an ancestor's schedule is over */
	int64		deleted;		/* it or an ancestor is deleted */
	uint64		seed;
	int			parent;			/* index on the level above */
	int			first_ad;		/* the ads below are neighbours */
	int			ads;
	bool		vanished;		/* by control: no list or report knows it */
} Node;

/* When and how much an ad delivers; days and hours of the account's zone. */
typedef struct Run
{
	int			first_day;
	int			last_day;
	short		first_hour;
	short		last_hour;		/* exclusive, on last_day */
	short		profile;
	uint32		scale;			/* typical impressions of a day */
	uint32		price;			/* money units per impression, 20 bit fraction */
} Run;

typedef struct Market
{
	const char *country;
	const char *language;
	const char *currency;
	int			decimals;
	int			ratio;			/* money units for one US cent, in percent */
	const char *city;
} Market;

typedef struct Advertiser
{
	int64		id;
	int			number;
	uint64		seed;
	int64		created;
	const Market *market;
	const Zone *zone;
	bool		readable;		/* by the token */
	char		name[64];
	int			count[ENTITY_LEVELS];
	Node	   *node[ENTITY_LEVELS];
	int		   *newest[ENTITY_LEVELS];	/* indexes by id, descending */
	Run		   *run;			/* per ad */
} Advertiser;

/* Numbers of some days multiplied by control. */
typedef struct Restatement
{
	int64		advertiser_id;	/* 0: all */
	int			from;
	int			to;
	int			percent;
} Restatement;

/* An id's last 8 digits are index * stride + number of the account. */
#define MAX_ADVERTISERS 1000
#define FEW_ADVERTISERS 100
#define ADS_OF_MANY 90000		/* more ads per account leave room for few accounts */
#define MAX_RESTATEMENTS 64

/* A metric that an ad account may not have. */
typedef struct Refusal
{
	int64		advertiser_id;	/* 0: all */
	char		metric[64];
} Refusal;

#define MAX_REFUSALS 16

typedef struct World
{
	pthread_rwlock_t lock;		/* read by requests, written by control */
	uint64		seed;
	int64		id_stride;		/* more than there may be ad accounts */
	int			first_day;
	int64		anchor;			/* history was made up to here, then come 30 days of changes */
	uint64		version;		/* changes whenever control changes data */
	int			advertisers;
	Advertiser *advertiser[MAX_ADVERTISERS];
	int			refusals;
	Refusal		refusal[MAX_REFUSALS];
	int			restatements;
	Restatement restatement[MAX_RESTATEMENTS];
} World;

extern World world;

extern void world_build(void);
extern Advertiser *world_add_advertiser(void);
extern Advertiser *world_find(int64 advertiser_id);
extern bool node_find(const Advertiser *adv, int64 id, Level *level, int *index);
extern const Node *node_above(const Advertiser *adv, Level level, int index, Level above);
extern State node_state(const Advertiser *adv, Level level, int index, int64 now);
extern int64 world_next_change(const Advertiser *adv, Level level, int64 now);
extern int64 node_modified(const Node *node, int64 now);
extern Objective campaign_objective(const Node *campaign);
extern bool campaign_has_secondary_goal(const Node *campaign);
extern bool campaign_is_smart(const Node *campaign);
extern void run_prepare(Advertiser *adv, int ad);
extern void entity_name(const Advertiser *adv, Level level, int index, int64 now, char *out, size_t size);
extern bool world_delete(int64 id, int64 now, bool vanish);
extern int	world_shrink(int percent);

/* Tells whether an entity is there at all at a time. */
static inline bool
node_exists(const Node *node, int64 now)
{
	return node->created <= now && !node->vanished;
}

#endif
