/*
 * route.c: distinct lists of channels, numbered as they come.
 */
#include <string.h>

#include "attribution/route.h"

/* Hash of a list; never UINT64_MAX, which is no key. */
static uint64_t
route_hash(const int *item, int length)
{
	uint64_t	hash = (uint64_t) length;

	for (int i = 0; i < length; i++)
	{
		hash = (hash ^ (uint64_t) item[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash == UINT64_MAX ? 0 : hash;
}

/* True when a numbered list is this one. */
static int
route_equals(const Routes *routes, int number, const int *item, int length)
{
	return route_length(routes, number) == length &&
		(length == 0 || memcmp(route_items(routes, number), item, length * sizeof(int)) == 0);
}

/* The number of a list, or -1. */
int
route_find(const Routes *routes, const int *item, int length)
{
	const TableSlot *slot;
	int			number;

	if (routes->count == 0)
		return -1;
	slot = table_slot(&routes->by_hash, route_hash(item, length));
	number = slot->key == UINT64_MAX ? -1 : (int) slot->number;
	while (number >= 0 && !route_equals(routes, number, item, length))
		number = routes->next[number];
	return number;
}

/* Makes room for one more list of this length. */
static void
route_grow(Routes *routes, int length)
{
	int64_t		used = routes->count == 0 ? 0 : routes->start[routes->count];

	if (routes->count + 1 >= routes->capacity)
	{
		routes->capacity = routes->capacity * 2 + 64;
		routes->start = attribution_realloc(routes->start, routes->capacity * sizeof(int64_t));
		routes->next = attribution_realloc(routes->next, routes->capacity * sizeof(int));
	}
	if (used + length > routes->room)
	{
		routes->room = (used + length) * 2 + 64;
		routes->item = attribution_realloc(routes->item, routes->room * sizeof(int));
	}
	routes->start[routes->count] = used;
}

/* Adds a list even if it is there already. */
int
route_append(Routes *routes, const int *item, int length)
{
	int			number;

	route_grow(routes, length);
	number = routes->count++;
	if (length > 0)
		memcpy(routes->item + routes->start[number], item, length * sizeof(int));
	routes->start[number + 1] = routes->start[number] + length;
	return number;
}

/* The number of a list; a new one gets the next number. */
int
route_add(Routes *routes, const int *item, int length)
{
	int64_t    *first = table_number(&routes->by_hash, route_hash(item, length));
	int			number = (int) *first;

	while (number >= 0 && !route_equals(routes, number, item, length))
		number = routes->next[number];
	if (number >= 0)
		return number;
	number = route_append(routes, item, length);
	routes->next[number] = (int) *first;
	*first = number;
	return number;
}

/* Order of two lists: item by item, the shorter first. */
static int
route_compare(const Routes *routes, int one, int other)
{
	int			one_length = route_length(routes, one);
	int			other_length = route_length(routes, other);
	const int  *one_item = route_items(routes, one);
	const int  *other_item = route_items(routes, other);

	for (int i = 0; i < one_length && i < other_length; i++)
		if (one_item[i] != other_item[i])
			return one_item[i] < other_item[i] ? -1 : 1;
	return (one_length > other_length) - (one_length < other_length);
}

/* Merges two sorted halves of order[first .. last - 1] through scratch. */
static void
order_merge(const Routes *routes, int *order, int *scratch, int first, int middle, int last)
{
	int			left = first;
	int			right = middle;

	for (int i = first; i < last; i++)
		if (right >= last || (left < middle && route_compare(routes, order[left], order[right]) <= 0))
			scratch[i] = order[left++];
		else
			scratch[i] = order[right++];
	memcpy(order + first, scratch + first, (last - first) * sizeof(int));
}

/* Numbers of all lists in their order (merge sort: qsort has no place for the lists). */
int *
route_order(const Routes *routes)
{
	int		   *order = attribution_alloc((size_t) routes->count * sizeof(int));
	int		   *scratch = attribution_alloc((size_t) routes->count * sizeof(int));

	for (int i = 0; i < routes->count; i++)
		order[i] = i;
	for (int64_t width = 1; width < routes->count; width *= 2)
		for (int64_t first = 0; first + width < routes->count; first += width * 2)
			order_merge(routes, order, scratch, (int) first, (int) (first + width),
						(int) (first + width * 2 < routes->count ? first + width * 2 : routes->count));
	attribution_free(scratch);
	return order;
}
