/*
 * entity_state.c: what an entity is at a moment of the clock (its name, status, time of
 * modification), finding it by id, and the changes that control makes.
 *
 * Stays true: everything here is a function of the entity's fate and the
 * moment, so the clock may be moved to and fro.
 */
#include "world.h"

#include <stdio.h>

static const char *const topics[] = {
	"Summer Sale", "Back \"to\" School", "夏のセール", "Black Friday 🔥", "Línea Ñandú", "New & Improved",
	"Größe XXL – jetzt", "Retarget 7d", "Prospecting | Broad", "Lookalike 1%", "Été 2️⃣4️⃣", "UGC\\Creator mix",
	"Always on", "봄 신상", "Spark Ads 👩‍👩‍👧 family", "Winter <clearance>",
};

/* Finds a readable or unreadable ad account by id. */
Advertiser *
world_find(int64 advertiser_id)
{
	int64		number = advertiser_id % 1000;

	if (number < 0 || number >= world.advertisers || world.advertiser[number]->id != advertiser_id)
		return NULL;
	return world.advertiser[number];
}

/* Finds an entity of an account by id. */
bool
node_find(const Advertiser *adv, int64 id, Level *level, int *index)
{
	int64		tail = id % 1000000000;
	int64		kind = tail / 100000000 - 1;

	if (id < 0 || kind < 0 || kind >= ENTITY_LEVELS || tail % world.id_stride != adv->number)
		return false;
	*level = (Level) kind;
	*index = (int) (tail % 100000000 / world.id_stride);
	return *index < adv->count[kind] && adv->node[kind][*index].id == id;
}

/* Gives the ancestor of an entity (or itself) on a level. */
const Node *
node_above(const Advertiser *adv, Level level, int index, Level above)
{
	while (level > above)
	{
		index = adv->node[level][index].parent;
		level--;
	}
	return &adv->node[level][index];
}

/* Gives an entity's status at a moment. */
State
node_state(const Advertiser *adv, Level level, int index, int64 now)
{
	const Node *node = &adv->node[level][index];

	if (node->deleted <= now)
		return STATE_DELETED;
	if (level > LEVEL_CAMPAIGN && node_above(adv, level, index, LEVEL_CAMPAIGN)->paused <= now)
		return STATE_CAMPAIGN_DISABLED;
	if (level > LEVEL_ADGROUP && node_above(adv, level, index, LEVEL_ADGROUP)->paused <= now)
		return STATE_ADGROUP_DISABLED;
	if (node->paused <= now)
		return STATE_DISABLED;
	return node->ended <= now ? STATE_TIME_DONE : STATE_DELIVERY_OK;
}

/* Gives when an entity was last changed before a moment. */
int64
node_modified(const Node *node, int64 now)
{
	const int64 changes[] = {node->renamed, node->paused, node->deleted};
	int64		result = node->created;
	int			i;

	for (i = 0; i < COUNT_OF(changes); i++)
		if (changes[i] <= now && changes[i] > result)
			result = changes[i];
	return result;
}

/* Gives when next something changes on a level or above it; NEVER if nothing does. */
int64
world_next_change(const Advertiser *adv, Level level, int64 now)
{
	int64		result = NEVER;
	int			l,
				i,
				j;

	for (l = 0; l <= (int) level && level < LEVEL_ADVERTISER; l++)
	{
		for (i = 0; i < adv->count[l]; i++)
		{
			const Node *node = &adv->node[l][i];
			const int64 changes[] = {node->created, node->renamed, node->paused, node->ended, node->deleted};

			for (j = 0; j < COUNT_OF(changes); j++)
				if (changes[j] > now && changes[j] < result)
					result = changes[j];
		}
	}
	return result;
}

/* Gives a campaign's objective; small accounts have each in turn, by the index in the id. */
Objective
campaign_objective(const Node *campaign)
{
	return (Objective) ((campaign->id % 100000000 / world.id_stride + OBJ_WEB) % OBJECTIVES);
}

/* Tells whether a campaign optimises for a second goal. */
bool
campaign_has_secondary_goal(const Node *campaign)
{
	return campaign_objective(campaign) == OBJ_APP || (campaign->seed >> 8) % 5 == 0;
}

/* Tells whether a campaign is a Smart+ campaign. */
bool
campaign_is_smart(const Node *campaign)
{
	return (campaign->seed >> 16) % 6 == 0;
}

/* Writes an entity's name at a moment. */
void
entity_name(const Advertiser *adv, Level level, int index, int64 now, char *out, size_t size)
{
	static const char *const kinds[] = {"Campaign", "Ad Group", "Ad"};
	const Node *node = &adv->node[level][index];
	const char *topic = topics[(node->seed >> 24) % COUNT_OF(topics)];

	snprintf(out, size, "%s %s %d%s", topic, kinds[level], index + 1, node->renamed <= now ? " (v2)" : "");
}

/* Deletes or hides one entity of a level with everything below it. */
static void
end_tree(Advertiser *adv, Level level, int index, int64 now, bool vanish)
{
	const Node	top = adv->node[level][index];
	int			l,
				i;

	for (l = level; l < ENTITY_LEVELS; l++)
	{
		for (i = 0; i < adv->count[l]; i++)
		{
			Node	   *node = &adv->node[l][i];

			if (node->first_ad < top.first_ad || node->first_ad + node->ads > top.first_ad + top.ads ||
				(l == (int) level && i != index))
				continue;
			if (vanish)
				node->vanished = true;
			else if (now < node->deleted)
				node->deleted = now;
			if (l == LEVEL_AD)
				run_prepare(adv, i);
		}
	}
}

/* Deletes an entity at a moment, or makes it vanish; false when unknown. */
bool
world_delete(int64 id, int64 now, bool vanish)
{
	int			i;

	for (i = 0; i < world.advertisers; i++)
	{
		Level		level;
		int			index;

		if (!node_find(world.advertiser[i], id, &level, &index))
			continue;
		end_tree(world.advertiser[i], level, index, now, vanish);
		world.version++;
		return true;
	}
	return false;
}

/* Makes a share of all ads vanish, and no more than that; 0 brings all back. */
int
world_shrink(int percent)
{
	int			result = 0,
				a,
				l,
				i;

	for (a = 0; a < world.advertisers; a++)
	{
		Advertiser *adv = world.advertiser[a];

		for (l = 0; l < ENTITY_LEVELS; l++)
		{
			for (i = 0; i < adv->count[l]; i++)
			{
				Node	   *node = &adv->node[l][i];

				node->vanished = l == LEVEL_AD && (int) (noise(node->seed, 77, 0) % 100) < percent;
				result += node->vanished;
			}
		}
	}
	world.version++;
	return result;
}
