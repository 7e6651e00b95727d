/*
 * plan.c: which rows a report has, found by counting alone, so that any page is
 * reached without computing the numbers of the pages before it.
 *
 * Stays true: a plan holds until an hour of the clock is over, an entity
 * changes, or control changes the world; plans are kept per thread and never
 * shared.  Rows come by entity id descending, then by time ascending, unless ordered by a metric.
 */
#include "report.h"
#include "options.h"

#include <stdlib.h>

#define KEPT_PLANS 16

static __thread Plan kept[KEPT_PLANS];

/* Gives the range of ads and the hours that a slot stands for. */
static bool
slot_hours(const Plan *plan, const Query *query, int slot, const DayView *view, int *from, int *to)
{
	if (query->grain != GRAIN_HOUR)
		return true;
	(void) plan;
	if (slot < *from || slot >= *to || slot == view->missing_hour)
		return false;
	*from = slot;
	*to = slot + 1;
	return true;
}

/* Tells whether any ad of some units delivers on any day. */
static bool
plan_ran(const Plan *plan, const Query *query, int first, int last)
{
	int			u,
				v,
				ad,
				from,
				to;

	for (u = first; u < last; u++)
		for (ad = plan->unit[u].first_ad; ad < plan->unit[u].first_ad + plan->unit[u].ads; ad++)
			for (v = 0; v < plan->views; v++)
				if (plan->view[v].hours > 0 && ad_delivers(query->adv, ad, &plan->view[v], &from, &to))
					return true;
	return false;
}

/* Tells whether any ad of a group delivers in a slot. */
bool
plan_has(const Plan *plan, const Query *query, int group, int slot)
{
	int			moment = slot / query->members;
	const DayView *view = &plan->view[query->grain == GRAIN_DAY ? moment : 0];
	int			first = query->by_id ? group : 0;
	int			last = query->by_id ? group + 1 : plan->units;
	int			u,
				ad;

	if (query->grain == GRAIN_NONE)
		return query->breakdown[0] == NULL || plan_ran(plan, query, first, last);
	if (view->hours == 0)
		return false;
	for (u = first; u < last; u++)
	{
		const Unit *unit = &plan->unit[u];

		for (ad = unit->first_ad; ad < unit->first_ad + unit->ads; ad++)
		{
			int			from,
						to;

			if (ad_delivers(query->adv, ad, view, &from, &to) &&
				slot_hours(plan, query, moment, view, &from, &to))
				return true;
		}
	}
	return false;
}

/* Adds up the numbers of one row. */
void
plan_sums(const Plan *plan, const Query *query, RowPlace place, Sums *sums)
{
	int			first = query->by_id ? place.group : 0;
	int			last = query->by_id ? place.group + 1 : plan->units;
	int			moment = place.slot / query->members;
	int			view_from = query->grain == GRAIN_DAY ? moment : 0;
	int			view_to = query->grain == GRAIN_DAY ? moment + 1 : plan->views;
	bool		parted = query->breakdown[0] != NULL;
	Share		part;
	int			u,
				v,
				ad;

	if (parted)
		breakdown_share(query, place.slot % query->members, &part);
	sums_clear(sums, &query->program);
	for (u = first; u < last; u++)
	{
		const Unit *unit = &plan->unit[u];

		for (ad = unit->first_ad; ad < unit->first_ad + unit->ads; ad++)
		{
			for (v = view_from; v < view_to; v++)
			{
				const DayView *view = &plan->view[v];
				int			from,
							to;

				if (view->hours > 0 && ad_delivers(query->adv, ad, view, &from, &to) &&
					slot_hours(plan, query, moment, view, &from, &to))
					volume_add(query->adv, ad, view, from, to, parted ? &part : NULL, &query->program, sums);
			}
		}
	}
	sums_finish(sums, &query->program);
}

/* Lists the entities that the query's filter lets through, the newest first. */
static void
plan_units(Plan *plan, const Query *query)
{
	const Advertiser *adv = query->adv;
	int			level = query->level;
	int			i;

	if (query->level == LEVEL_ADVERTISER)
	{
		plan->unit = must_alloc(sizeof(Unit));
		plan->unit[0].ads = adv->count[LEVEL_AD];
		plan->units = 1;
		return;
	}
	plan->unit = must_alloc(sizeof(Unit) * (size_t) adv->count[level]);
	for (i = 0; i < adv->count[level]; i++)
	{
		int			index = adv->newest[level][i];
		Unit	   *unit = &plan->unit[plan->units];

		if (!filter_matches(&query->filter, adv, query->level, index, query->now))
			continue;
		if (plan->units == options.object_limit)
		{
			plan->throttled = true;
			break;
		}
		unit->index = index;
		unit->first_ad = adv->node[level][index].first_ad;
		unit->ads = adv->node[level][index].ads;
		plan->units++;
	}
}

/* Counts the rows of every group. */
static void
plan_count(Plan *plan, const Query *query)
{
	uint32		total = 0;
	int			group,
				slot;

	plan->rows_before = must_alloc(sizeof(uint32) * (size_t) (plan->groups + 1));
	for (group = 0; group < plan->groups; group++)
	{
		plan->rows_before[group] = total;
		for (slot = 0; slot < plan->slots; slot++)
			total += plan_has(plan, query, group, slot);
	}
	plan->rows_before[plan->groups] = total;
}

typedef struct Ranked
{
	int64		value;
	RowPlace	place;
} Ranked;

static __thread bool rank_ascending;

/* Orders rows by value, equal ones as they came. */
static int
compare_ranked(const void *a, const void *b)
{
	const Ranked *x = a;
	const Ranked *y = b;

	if (x->value != y->value)
		return (x->value < y->value) == rank_ascending ? -1 : 1;
	if (x->place.group != y->place.group)
		return x->place.group < y->place.group ? -1 : 1;
	return x->place.slot < y->place.slot ? -1 : 1;
}

/* Computes all rows' order by a metric. */
static void
plan_order(Plan *plan, const Query *query)
{
	int64		total = plan_rows(plan);
	Ranked	   *ranked = must_alloc(sizeof(Ranked) * (size_t) total);
	RowPlace	place = {0, -1};
	Sums		sums;
	int64		i;
	int			decimals;

	for (i = 0; i < total; i++)
	{
		plan_next(plan, query, i, &place);
		plan_sums(plan, query, place, &sums);
		ranked[i].place = place;
		ranked[i].value = metric_value(query->order, &sums, query->adv->market->decimals, &decimals);
	}
	rank_ascending = query->ascending;
	qsort(ranked, (size_t) total, sizeof(Ranked), compare_ranked);
	plan->ordered = must_alloc(sizeof(RowPlace) * (size_t) total);
	for (i = 0; i < total; i++)
		plan->ordered[i] = ranked[i].place;
	free(ranked);
}

/* Makes a plan. */
static void
plan_make(Plan *plan, const Query *query)
{
	int			i;

	plan_units(plan, query);
	plan->groups = query->by_id ? plan->units : 1;
	plan->views = query->to - query->from + 1;
	plan->view = must_alloc(sizeof(DayView) * (size_t) plan->views);
	for (i = 0; i < plan->views; i++)
		dayview_set(&plan->view[i], query->adv, query->from + i, query->now);
	plan->slots = query->grain == GRAIN_NONE ? 1 : query->grain == GRAIN_DAY ? plan->views : 24;
	plan->slots *= query->members;
	plan_count(plan, query);
	if (query->order != NULL)
		plan_order(plan, query);
}

/* Empties a plan, but for what it is kept for. */
static void
plan_empty(Plan *plan)
{
	Keep		keep = plan->keep;

	free(plan->unit);
	free(plan->view);
	free(plan->rows_before);
	free(plan->ordered);
	memset(plan, 0, sizeof(*plan));
	plan->keep = keep;
}

/* Finds or makes the plan of a query; it stays valid until the next call. */
const Plan *
plan_find(Request *request, const Query *query)
{
	char	   *key = keep_key(request);
	Plan	   *plan = keep_find(kept, sizeof(Plan), KEPT_PLANS, key, query->now);
	int64		hour_end = (query->now / 3600 + 1) * 3600;
	int64		change;

	if (keep_holds(&plan->keep, key, query->now))
	{
		free(key);
		return plan;
	}
	plan_empty(plan);
	plan_make(plan, query);
	change = world_next_change(query->adv, query->level, query->now);
	keep_set(&plan->keep, key, query->now, change < hour_end ? change : hour_end);
	return plan;
}

/* Gives the number of all rows. */
int64
plan_rows(const Plan *plan)
{
	return plan->rows_before[plan->groups];
}

/* Moves to the next row; row is its number, slot -1 stands before the first. */
void
plan_next(const Plan *plan, const Query *query, int64 row, RowPlace *place)
{
	if (plan->ordered != NULL)
	{
		*place = plan->ordered[row];
		return;
	}
	do
	{
		if (++place->slot >= plan->slots)
		{
			place->slot = 0;
			place->group++;
		}
	} while (!plan_has(plan, query, place->group, place->slot));
}

/* Finds a row by its number. */
void
plan_place(const Plan *plan, const Query *query, int64 row, RowPlace *place)
{
	int			low = 0,
				high = plan->groups;
	int64		skip;

	if (plan->ordered != NULL)
	{
		*place = plan->ordered[row];
		return;
	}
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (plan->rows_before[middle] <= row)
			low = middle;
		else
			high = middle;
	}
	place->group = low;
	place->slot = -1;
	for (skip = row - plan->rows_before[low]; skip >= 0; skip--)
		plan_next(plan, query, row - skip, place);
}
