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
	Grain		grain;
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

extern const Plan *plan_find(Request *request, const Query *query);
extern int64 plan_rows(const Plan *plan);
extern bool plan_has(const Plan *plan, const Query *query, int group, int slot);
extern void plan_place(const Plan *plan, const Query *query, int64 row, RowPlace *place);
extern void plan_next(const Plan *plan, const Query *query, int64 row, RowPlace *place);
extern void plan_sums(const Plan *plan, const Query *query, RowPlace place, Sums *sums);

#endif
