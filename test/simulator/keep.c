/*
 * keep.c: finds kept answers again, and keeps lists of entities, so that a
 * page costs what is on it and not what stands before it.
 *
 * Stays true: an answer is found only for the same question, the same version
 * of the world, and a moment at which nothing has changed since it was made;
 * everything is kept per thread and never shared.
 */
#include "keep.h"

#include <stdlib.h>

#define KEPT_LISTINGS 16

static __thread Listing listings[KEPT_LISTINGS];
static __thread uint64 uses;

/* Writes down everything that a choice of rows depends on, but for the time. */
char *
keep_key(const Request *request)
{
	static const char others[] = "page|page_size|fields|exclude_field_types_in_response|metrics|enable_total_metrics";
	Buffer	   *text = buffer_take();
	char	   *result;
	int			i;

	put_format(text, "%s %llu", request->path, (unsigned long long) world.version);
	for (i = 0; i < request->param_count; i++)
	{
		const Param *p = &request->params[i];

		if (!choice_known(others, p->name))
			put_format(text, "&%s=%s", p->name, p->value);
	}
	put_bytes(text, "", 1);
	result = strdup(text->data);
	buffer_give(text);
	return result;
}

/* Tells whether something kept answers a question at a moment. */
bool
keep_holds(const Keep *keep, const char *key, int64 now)
{
	return keep->key != NULL && now >= keep->from && now < keep->until && strcmp(keep->key, key) == 0;
}

/* Finds what is kept for a question, or else the one that was used least recently. */
void *
keep_find(void *kept, size_t size, int count, const char *key, int64 now)
{
	Keep	   *result = kept;
	int			i;

	for (i = 0; i < count; i++)
	{
		Keep	   *keep = (Keep *) ((char *) kept + size * (size_t) i);

		if (keep_holds(keep, key, now))
		{
			result = keep;
			break;
		}
		if (keep->used < result->used)
			result = keep;
	}
	result->used = ++uses;
	return result;
}

/* Says what something is kept for; the key is taken over. */
void
keep_set(Keep *keep, char *key, int64 from, int64 until)
{
	free(keep->key);
	keep->key = key;
	keep->from = from;
	keep->until = until;
}

/* Lists the entities that a filter lets through. */
static void
listing_make(Listing *listing, const Advertiser *adv, Level level, const Filter *filter, int64 now)
{
	int			i;

	free(listing->index);
	listing->index = must_alloc(sizeof(int) * (size_t) adv->count[level]);
	listing->count = 0;
	for (i = 0; i < adv->count[level]; i++)
		if (filter_matches(filter, adv, level, adv->newest[level][i], now))
			listing->index[listing->count++] = adv->newest[level][i];
}

/* Finds or makes the list of a request's entities; it stays valid until the next call. */
const Listing *
listing_find(Request *request, const Advertiser *adv, Level level, const Filter *filter)
{
	char	   *key = keep_key(request);
	Listing    *listing = keep_find(listings, sizeof(Listing), KEPT_LISTINGS, key, request->now);

	if (keep_holds(&listing->keep, key, request->now))
		free(key);
	else
	{
		listing_make(listing, adv, level, filter, request->now);
		keep_set(&listing->keep, key, request->now, world_next_change(adv, level, request->now));
	}
	return listing;
}
