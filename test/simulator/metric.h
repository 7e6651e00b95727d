/*
 * metric.h: the metrics of reports, as a table, and how each is written.
 */
#ifndef SIMULATOR_METRIC_H
#define SIMULATOR_METRIC_H

#include "volume.h"
#include "buffer.h"

typedef enum MetricKind
{
	METRIC_COUNT,				/* numerator */
	METRIC_MONEY,				/* numerator, in the currency's decimals */
	METRIC_PER,					/* money by count, 2 decimals */
	METRIC_PER3,				/* money by count, 3 decimals */
	METRIC_MILLE,				/* money by thousand */
	METRIC_PERCENT,
	METRIC_RATIO,				/* 2 decimals */
	METRIC_SECONDS,				/* hundredths of a second by count */
	METRIC_ATTRIBUTE,			/* a label of the entity */
	METRIC_ELSEWHERE			/* known to the API, not in a BASIC report */
} MetricKind;

typedef enum Attribute
{
	ATTR_CAMPAIGN_NAME, ATTR_CAMPAIGN_ID, ATTR_ADGROUP_NAME, ATTR_ADGROUP_ID, ATTR_AD_NAME, ATTR_AD_ID,
	ATTR_AD_TEXT, ATTR_OBJECTIVE, ATTR_PROMOTION, ATTR_PLACEMENT, ATTR_BUDGET, ATTR_CURRENCY, ATTR_ZERO,
	ATTR_NONE, ATTR_CALL_TO_ACTION, ATTR_FALSE, ATTR_AUTOMATION, ATTR_STATUS, ATTR_ADVERTISER_NAME,
	ATTR_ADVERTISER_ID
} Attribute;

typedef struct Metric
{
	const char *name;
	MetricKind	kind;
	int			numerator;		/* Base, or Attribute */
	int			denominator;	/* Base, or the least deep Level of an attribute */
	bool		secondary;		/* "-" without a secondary goal */
} Metric;

extern void metrics_prepare(void);
extern const Metric *metric_find(const char *name);
extern void metric_need(const Metric *metric, Program *program);
extern int64 metric_value(const Metric *metric, const Sums *sums, int money_decimals, int *decimals);
extern bool attribute_allowed(const Metric *metric, Level level);
extern void attribute_text(const Metric *metric, const Advertiser *adv, Level level, int index,
						   int64 now, char *out, size_t size);
extern const char *objective_name(Objective objective);
extern const char *promotion_label(Objective objective);

#endif
