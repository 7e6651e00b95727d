/*
 * incident.h: things that go wrong in ad accounts, planted by control.
 */
#ifndef SIMULATOR_INCIDENT_H
#define SIMULATOR_INCIDENT_H

#include "volume.h"

/* What an incident does to an additive number, in percent of what it would be. */
typedef struct Effect
{
	Base		base;
	int			percent;
} Effect;

#define MAX_EFFECTS 4

/* A kind of incident. */
typedef struct IncidentKind
{
	const char *name;
	bool		silent;			/* there are no rows */
	int			from_age;		/* only in days that are so old, */
	int			to_age;			/* and no older */
	Effect		effect[MAX_EFFECTS];	/* up to one of 0 percent of the impressions, which none has */
	const char *help;
} IncidentKind;

extern const char *incident_plant(const char *kind, int64 entity, int from, int to, int hour);
extern void incident_forget(void);
extern bool incident_shows(const Advertiser *adv, int ad, const DayView *view, int *from, int *to);
extern const IncidentKind *incident_find(const Advertiser *adv, int ad, const DayView *view, int *hour);
extern int64 incident_value(const IncidentKind *kind, Base base, int64 value);
extern const char *incident_help(void);

#endif
