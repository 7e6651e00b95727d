/*
 * options.h: the options of funnels, as JSON, read into rules.
 */
#ifndef TIKTOKADS_OPTIONS_H
#define TIKTOKADS_OPTIONS_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "funnel/attempt.h"

/* What is counted. */
typedef enum FunnelCount
{
	COUNT_PERSON,				/* people: the best attempt of each */
	COUNT_SESSION,				/* sessions: the best attempt within each */
	COUNT_TOTAL					/* attempts */
} FunnelCount;

/* Gives the number of the condition, from 0, that a text stands for. */
typedef int (*ConditionMaker) (void *maker, const char *text);

extern FunnelCount options_count(const char *word);
extern void options_read(const Jsonb *options, int nconditions, AttemptRules *rules, FunnelCount *count,
						 ConditionMaker make, void *maker);
extern bool options_value(const Jsonb *options, const char *name, JsonbValue *value);
extern char *options_text(const Jsonb *options, const char *name);
extern void options_settle_reentry(AttemptRules *rules, FunnelCount count);

#endif
