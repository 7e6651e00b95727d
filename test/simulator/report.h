/*
 * report.h: a report's query, and the plan that finds any page of it.
 */
#ifndef SIMULATOR_REPORT_H
#define SIMULATOR_REPORT_H

#include "keep.h"
#include "metric.h"

#define MAX_METRICS 300

typedef enum Grain
{
	GRAIN_NONE, GRAIN_DAY, GRAIN_HOUR
} Grain;

typedef struct Query
{
	const Advertiser *adv;
	Level		level;
	bool		by_id;			/* a row per entity, else one for all */
	bool		audience;
	bool		whole;			/* no limit of objects */
	Grain		grain;
	const struct Breakdown *breakdown[2];	/* NULL: none */
	int			members;		/* of the breakdown, 1 without one */
	int			from;
	int			to;
	int64		now;
	int			metric_count;
	const Metric *metric[MAX_METRICS];
	const Metric *order;
	bool		ascending;
	Program		program;
	Filter		filter;
} Query;

/* A row's place: a group of units and a day's or hour's slot. */
typedef struct RowPlace
{
	int			group;
	int			slot;
} RowPlace;

/* An entity, as the neighbouring ads below it. */
typedef struct Unit
{
	int			index;
	int			first_ad;
	int			ads;
} Unit;

/* A dimension beside ID and time, and the members it has here. */
typedef struct Breakdown
{
	const char *name;
	const char *members;		/* by |, the last one gets what is left */
	bool		by_day;			/* the API offers it with a time dimension */
	int			group;			/* which metrics it allows: BREAKDOWN_... */
} Breakdown;

#define BREAKDOWN_ANY 0
#define BREAKDOWN_COUNTRY 1
#define BREAKDOWN_AD_TYPE 2
#define BREAKDOWN_BASIC 3		/* this and all that follow are of BASIC reports alone */
#define BREAKDOWN_PAGE 4
#define BREAKDOWN_ROOM 5
#define BREAKDOWN_SEARCH 6
#define BREAKDOWN_SKAN 7
#define BREAKDOWN_POST 8

typedef struct Plan
{
	Keep		keep;
	Unit	   *unit;
	int			units;
	int			groups;			/* units, or 1 */
	int			views;
	DayView    *view;
	int			slots;			/* per group */
	uint32	   *rows_before;	/* by group, and the total at the end */
	RowPlace   *ordered;		/* all rows, when an order was asked for */
	bool		throttled;		/* older objects were cut off */
} Plan;

extern const Breakdown *breakdown_find(const char *name);
extern int	breakdown_members(const Breakdown *breakdown);
extern bool breakdown_allows(const Breakdown *breakdown, bool audience, const char *metric);
extern void breakdown_share(const Query *query, int member, Share *share);
extern char *put_members(char *p, const Query *query, int member);
extern const Plan *plan_find(Request *request, const Query *query);
extern int64 plan_rows(const Plan *plan);
extern bool plan_has(const Plan *plan, const Query *query, int group, int slot);
extern void plan_place(const Plan *plan, const Query *query, int64 row, RowPlace *place);
extern void plan_next(const Plan *plan, const Query *query, int64 row, RowPlace *place);
extern void plan_sums(const Plan *plan, const Query *query, RowPlace place, Sums *sums);

#endif
