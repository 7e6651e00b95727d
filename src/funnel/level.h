/*
 * level.h: how far a person got through a funnel, by windowFunnel's rules.
 */
#ifndef TIKTOKADS_LEVEL_H
#define TIKTOKADS_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUNNEL_STEPS_MAX	64

/* One row: when, and which steps it satisfies (bit 0 is the first step; no bit: an event of no step). */
typedef struct FunnelEvent
{
	int64_t		at;
	uint64_t	steps;
} FunnelEvent;

/* The words of a mode. */
typedef enum FunnelMode
{
	FUNNEL_STRICT_ORDER = 1 << 0,
	FUNNEL_STRICT_DEDUPLICATION = 1 << 1,
	FUNNEL_STRICT_INCREASE = 1 << 2,
	FUNNEL_STRICT_ONCE = 1 << 3,
	FUNNEL_ALLOW_REENTRY = 1 << 4
} FunnelMode;

typedef struct FunnelRules
{
	int64_t		window;			/* the last step at most so much after the first */
	int64_t		entry_until;	/* a first step after this begins nothing */
	int			nsteps;
	unsigned	mode;			/* FunnelMode words */
} FunnelRules;

/* What all events of one moment do together. */
typedef struct FunnelMoment
{
	int64_t		at;
	uint64_t	any;			/* steps that some event satisfies */
	uint64_t	twice;			/* steps that more than one event satisfies */
	bool		none;			/* some event satisfies no step */
} FunnelMoment;

extern bool funnel_mode_parse(const char *text, unsigned *mode, const char **bad, size_t *bad_length);
extern int64_t funnel_time_add(int64_t at, int64_t span);
extern size_t funnel_moment_next(const FunnelEvent *events, size_t count, size_t from, FunnelMoment *moment);
extern int	funnel_level(const FunnelEvent *events, size_t count, const FunnelRules *rules, int64_t *reached);

#endif
