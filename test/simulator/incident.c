/*
 * incident.c: what goes wrong in ad accounts when control says so: kinds as a
 * table of what they do to numbers, and the incidents that were planted.
 *
 * Stays true: an incident acts on ads, so that all levels agree; from its first
 * hour on, so that hours still add up to days; of two on the same ad and day the
 * one that was planted first acts.
 */
#include "incident.h"

#include <stdio.h>
#include <string.h>

#define ANY_AGE 1000000
#define MAX_INCIDENTS 64

static const IncidentKind kinds[] = {
	{"spend_runaway", false, -1, ANY_AGE, {{BASE_IMPRESSIONS, 500}}, "five times of everything"},
	{"tracking_outage", false, -1, ANY_AGE, {{BASE_CONVERSION, 0}, {BASE_REAL_TIME_CONVERSION, 0}}, "no conversions"},
	{"click_farm", false, -1, ANY_AGE, {{BASE_CLICKS, 500}, {BASE_CONVERSION, 20}, {BASE_REAL_TIME_CONVERSION, 20}},
	"five times the clicks, and no more conversions"},
	{"delivery_stop", true, -1, ANY_AGE, {{0, 0}}, "nothing"},
	{"fatigue", false, -1, ANY_AGE, {{BASE_REACH, 30}, {BASE_CLICKS, 45}}, "fewer people, who click less"},
	{"late_data", true, -1, 1, {{0, 0}}, "nothing, until two days later"},
	{"restatement", false, 4, ANY_AGE, {{BASE_IMPRESSIONS, 60}}, "four days later two fifths are taken back"},
};

typedef struct Incident
{
	const IncidentKind *kind;
	const Advertiser *adv;
	int			first_ad;
	int			last_ad;
	int			from;
	int			to;
	int			hour;			/* of the first day */
} Incident;

static Incident planted[MAX_INCIDENTS];
static int	count;

/* Finds the ads of an ad account, campaign, ad group or ad. */
static bool
find_ads(int64 id, Incident *incident)
{
	Level		level;
	int			index,
				i;

	for (i = 0; i < world.advertisers; i++)
	{
		const Advertiser *adv = world.advertiser[i];
		const Node *node;

		incident->adv = adv;
		incident->first_ad = 0;
		incident->last_ad = adv->count[LEVEL_AD] - 1;
		if (adv->id == id)
			return true;
		if (!node_find(adv, id, &level, &index))
			continue;
		node = &adv->node[level][index];
		incident->first_ad = node->first_ad;
		incident->last_ad = node->first_ad + node->ads - 1;
		return true;
	}
	return false;
}

/* Plants an incident; returns what is wrong with it, or NULL. */
const char *
incident_plant(const char *kind, int64 entity, int from, int to, int hour)
{
	Incident   *incident = &planted[count];
	int			k = 0;

	while (k < COUNT_OF(kinds) && strcmp(kinds[k].name, kind) != 0)
		k++;
	if (k == COUNT_OF(kinds))
		return "no such kind of incident";
	if (count == MAX_INCIDENTS)
		return "too many incidents";
	if (from > to || hour < 0 || hour > 23)
		return "from must not be after to, and hour must be 0 to 23";
	if (!find_ads(entity, incident))
		return "no such entity";
	incident->kind = &kinds[k];
	incident->from = from;
	incident->to = to;
	incident->hour = hour;
	count++;
	world.version++;
	return NULL;
}

/* Forgets all incidents: the numbers are as if they had not been. */
void
incident_forget(void)
{
	count = 0;
	world.version++;
}

/* Gives the kind of incident that an ad has on a day, and its first hour; NULL: none. */
const IncidentKind *
incident_find(const Advertiser *adv, int ad, const DayView *view, int *hour)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		const Incident *incident = &planted[i];

		if (incident->adv != adv || ad < incident->first_ad || ad > incident->last_ad ||
			view->day < incident->from || view->day > incident->to ||
			view->age < incident->kind->from_age || view->age > incident->kind->to_age)
			continue;
		*hour = view->day == incident->from ? incident->hour : 0;
		return incident->kind;
	}
	return NULL;
}

/* Cuts the hours that an ad shows down to those before it falls silent; tells whether any are left. */
bool
incident_shows(const Advertiser *adv, int ad, const DayView *view, int *from, int *to)
{
	int			hour;
	const IncidentKind *kind = incident_find(adv, ad, view, &hour);

	if (kind != NULL && kind->silent && *to > hour)
		*to = hour;
	return *to > *from;
}

/* Does to a number what a kind of incident does. */
int64
incident_value(const IncidentKind *kind, Base base, int64 value)
{
	int			i;

	for (i = 0; kind != NULL && i < MAX_EFFECTS; i++)
		if (kind->effect[i].base == base && (base != BASE_IMPRESSIONS || kind->effect[i].percent > 0))
			return value * kind->effect[i].percent / 100;
	return value;
}

/* Gives the kinds in words. */
const char *
incident_help(void)
{
	static char text[1024];
	size_t		at = 0;
	int			k;

	for (k = 0; k < COUNT_OF(kinds); k++)
		at += (size_t) snprintf(text + at, sizeof(text) - at, "%22s%-16s %s\n", "", kinds[k].name, kinds[k].help);
	return text;
}
