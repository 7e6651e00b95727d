/*
 * world.c: builds the ad accounts from the seed.
 *
 * Stays true: the same seed, sizes and anchor (the start of the clock, or
 * --start and --days) give the same world; ids are 19 digits, grow with the time of creation, and carry
 * level and index in their last nine digits, so that a look-up is arithmetic;
 * --ads counts what exists at the anchor, later ads come on top.
 */
#include "world.h"
#include "metric.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

World		world = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static const Market markets[] = {
	{"US", "en", "USD", 2, 100, "San Francisco"},
	{"DE", "de", "EUR", 2, 92, "Köln"},
	{"JP", "ja", "JPY", 0, 150, "東京"},
	{"GB", "en", "GBP", 2, 79, "London"},
	{"BR", "pt", "BRL", 2, 500, "São Paulo"},
	{"AU", "en", "AUD", 2, 152, "Sydney"},
	{"KR", "ko", "KRW", 0, 1330, "서울"},
	{"US", "en", "USD", 2, 100, "New York"},
};

static const char *const advertiser_names[] = {
	"Bright Path Commerce", "Müller & Söhne Outdoor", "さくら商店", "Kettle \"No. 1\" Tea",
	"Loja Açaí 🌴", "Southern Cross Surf", "한강 스튜디오", "Hudson Fitness",
};

/* Gives a time between two, chosen by noise. */
static int64
time_between(uint64 random, int64 from, int64 to)
{
	return to > from ? from + (int64) (random % (uint64) (to - from)) : from;
}

/* Tells whether an ad belongs to those that appear only after the clock's start. */
static bool
is_future(int ad, int total, int future)
{
	int			stride;

	if (future == 0)
		return false;
	stride = total / future;
	return ad % stride == stride - 1 && ad / stride < future;
}

/* Cuts the ads into ad groups and these into campaigns: sizes of 2-6 and 1-5. */
static void
cut_groups(Advertiser *adv, int total)
{
	int			ad = 0,
				group = 0,
				campaign = 0,
				left = 0;
	Node	   *groups = must_alloc(sizeof(Node) * (size_t) (total / 2 + 2));
	Node	   *campaigns = must_alloc(sizeof(Node) * (size_t) (total / 2 + 2));

	while (ad < total)
	{
		int			size = 2 + (int) (noise(adv->seed, 11, (uint64) group) % 5);
		int			i;

		if (total - ad - size < 2)
			size = total - ad;
		if (left == 0)
		{
			left = 1 + (int) (noise(adv->seed, 12, (uint64) campaign) % 5);
			campaigns[campaign++].first_ad = ad;
		}
		groups[group].parent = campaign - 1;
		groups[group].first_ad = ad;
		groups[group].ads = size;
		campaigns[campaign - 1].ads += size;
		for (i = 0; i < size; i++)
			adv->node[LEVEL_AD][ad + i].parent = group;
		ad += size;
		group++;
		left--;
	}
	adv->count[LEVEL_CAMPAIGN] = campaign;
	adv->count[LEVEL_ADGROUP] = group;
	adv->node[LEVEL_CAMPAIGN] = campaigns;
	adv->node[LEVEL_ADGROUP] = groups;
}

/* Says when each ad is created; parents a little before their first child. */
static void
set_created(Advertiser *adv, int total, int future)
{
	int64		start = (int64) world.first_day * DAY_SECONDS;
	int64		now = world.anchor;
	int			i,
				level;

	for (level = 0; level < LEVEL_AD; level++)
		for (i = 0; i < adv->count[level]; i++)
			adv->node[level][i].created = NEVER;
	for (i = 0; i < total; i++)
	{
		Node	   *ad = &adv->node[LEVEL_AD][i];
		Node	   *group = &adv->node[LEVEL_ADGROUP][ad->parent];
		Node	   *campaign = &adv->node[LEVEL_CAMPAIGN][group->parent];
		uint64		r = noise(adv->seed, 21, (uint64) i);

		ad->first_ad = i;
		ad->ads = 1;
		if (is_future(i, total, future))
			ad->created = time_between(r >> 8, now + 3600, now + 30 * DAY_SECONDS);
		else if (options.dense || r % 10 < 7)
			ad->created = time_between(r >> 8, start - 120 * DAY_SECONDS, start - 2 * DAY_SECONDS);
		else
			ad->created = time_between(r >> 8, start, now);
		if (ad->created - 60 - (int64) (r % 3000) < group->created)
			group->created = ad->created - 60 - (int64) (r % 3000);
		if (group->created - 60 < campaign->created)
			campaign->created = group->created - 60 - (int64) (r % 600);
	}
}

/* Seeds an entity's own fate: renamed, paused, ended, deleted, or not. */
static void
set_fate(Advertiser *adv, Level level, int index, int64 busy_until)
{
	static const int deleted_permille[] = {15, 20, 60};
	static const int ended_permille[] = {0, 80, 0};
	Node	   *node = &adv->node[level][index];
	int64		horizon = world.anchor + 30 * DAY_SECONDS;
	uint64		r = noise(adv->seed, 31 + level, (uint64) index);

	node->seed = mix64(r);
	node->id = node->created * 1000000000 + (level + 1) * 100000000 + (int64) index * world.id_stride + adv->number;
	node->renamed = node->paused = node->ended = node->deleted = NEVER;
	if (r % 1000 < 150)
		node->renamed = time_between(mix64(r + 1), node->created + 3600, horizon);
	if (options.dense)
		return;
	if (r / 1000 % 1000 < 100)
		node->paused = time_between(mix64(r + 2), busy_until + 7200, horizon);
	if ((int) (r / 1000000 % 1000) < ended_permille[level])
		node->ended = time_between(mix64(r + 3), busy_until + DAY_SECONDS, horizon) / 3600 * 3600;
	if ((int) (r / 1000000000 % 1000) < deleted_permille[level])
		node->deleted = time_between(mix64(r + 4), busy_until + DAY_SECONDS, horizon);
}

/* Lets children share what ends their parents. */
static void
inherit(Node *child, const Node *parent)
{
	if (parent->deleted < child->deleted)
		child->deleted = parent->deleted;
	if (parent->ended < child->ended)
		child->ended = parent->ended;
}

/* Seeds all fates; a parent is not ended before its last child is created. */
static void
set_fates(Advertiser *adv)
{
	int			level,
				i,
				j;

	for (level = 0; level < ENTITY_LEVELS; level++)
	{
		for (i = 0; i < adv->count[level]; i++)
		{
			Node	   *node = &adv->node[level][i];
			int64		busy_until = node->created;

			for (j = node->first_ad; j < node->first_ad + node->ads; j++)
				if (adv->node[LEVEL_AD][j].created > busy_until)
					busy_until = adv->node[LEVEL_AD][j].created;
			set_fate(adv, (Level) level, i, busy_until);
			if (level > 0)
				inherit(node, &adv->node[level - 1][node->parent]);
		}
	}
}

/* Computes when an ad delivers, from its fate and its ancestors'. */
void
run_prepare(Advertiser *adv, int index)
{
	const Node *ad = &adv->node[LEVEL_AD][index];
	const Node *group = &adv->node[LEVEL_ADGROUP][ad->parent];
	const Node *campaign = &adv->node[LEVEL_CAMPAIGN][group->parent];
	const int64 ends[] = {ad->deleted, ad->ended, ad->paused, group->paused, campaign->paused};
	Run		   *run = &adv->run[index];
	int64		end = NEVER,
				local;
	int			i;

	for (i = 0; i < COUNT_OF(ends); i++)
		if (ends[i] < end)
			end = ends[i];
	local = zone_local(adv->zone, ad->created) / 3600 + 1;
	run->first_day = (int) floor_div(local, 24);
	run->first_hour = (short) (local - (int64) run->first_day * 24);
	run->last_day = INT32_MAX;
	run->last_hour = 24;
	if (end != NEVER)
	{
		local = floor_div(zone_local(adv->zone, end), 3600);
		run->last_day = (int) floor_div(local, 24);
		run->last_hour = (short) (local - (int64) run->last_day * 24);
	}
	run->profile = (short) (campaign_objective(campaign) * VARIANTS + (int) (ad->seed >> 20 & (VARIANTS - 1)));
	run->scale = (uint32) (300 + (ad->seed >> 30 & 255)) << (ad->seed >> 40 & 7);
	run->price = (uint32) (((250 + (ad->seed >> 44) % 700) * (uint64) adv->market->ratio << 20) / 100000);
}

static const Node *sort_nodes;

/* Orders indexes by id, the newest first. */
static int
compare_newest(const void *a, const void *b)
{
	int64		x = sort_nodes[*(const int *) a].id;
	int64		y = sort_nodes[*(const int *) b].id;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Sorts one level by id. */
static void
sort_level(Advertiser *adv, int level)
{
	int			i;

	adv->newest[level] = must_alloc(sizeof(int) * (size_t) adv->count[level]);
	for (i = 0; i < adv->count[level]; i++)
		adv->newest[level][i] = i;
	sort_nodes = adv->node[level];
	qsort(adv->newest[level], (size_t) adv->count[level], sizeof(int), compare_newest);
}

/* Adds one more ad account; the caller holds the lock for writing or is alone. */
Advertiser *
world_add_advertiser(void)
{
	Advertiser *adv = must_alloc(sizeof(Advertiser));
	int			future = options.dense ? 0 : (int) (options.ads + 49) / 50;
	int			total = (int) options.ads + future;
	int			i;

	adv->number = world.advertisers;
	adv->seed = noise(world.seed, 1, (uint64) adv->number);
	adv->id = 7000000000000000000 + (int64) (adv->seed % 400000000000000ULL) * 1000 + adv->number;
	adv->market = &markets[adv->number % COUNT_OF(markets)];
	adv->zone = zone_find(adv->number);
	adv->created = (int64) (world.first_day - 400) * DAY_SECONDS + (int64) (adv->seed % 8000000);
	adv->readable = true;
	if (adv->number < COUNT_OF(advertiser_names))
		snprintf(adv->name, sizeof(adv->name), "%s", advertiser_names[adv->number]);
	else
		snprintf(adv->name, sizeof(adv->name), "%s %d",
				 advertiser_names[adv->number % COUNT_OF(advertiser_names)], adv->number + 1);
	adv->count[LEVEL_AD] = total;
	adv->node[LEVEL_AD] = must_alloc(sizeof(Node) * (size_t) total);
	adv->run = must_alloc(sizeof(Run) * (size_t) total);
	cut_groups(adv, total);
	set_created(adv, total, future);
	set_fates(adv);
	for (i = 0; i < ENTITY_LEVELS; i++)
		sort_level(adv, i);
	for (i = 0; i < total; i++)
		run_prepare(adv, i);
	world.advertiser[world.advertisers++] = adv;
	world.version++;
	return adv;
}

/* Builds the world that the options ask for. */
void
world_build(void)
{
	int64		i;

	world.seed = mix64((uint64) options.seed);
	world.id_stride = options.ads > ADS_OF_MANY ? FEW_ADVERTISERS : MAX_ADVERTISERS;
	world.anchor = clock_now();
	if (options.start != NULL && date_parse(options.start, &world.first_day))
		world.anchor = (int64) (world.first_day + options.days) * DAY_SECONDS;
	else
		world.first_day = (int) floor_div(world.anchor, DAY_SECONDS) - (int) options.days;
	volume_prepare();
	metrics_prepare();
	for (i = 0; i < options.advertisers; i++)
		world_add_advertiser();
}
