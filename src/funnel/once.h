/*
 * once.h: funnel_level() under strict_once.
 */
#ifndef TIKTOKADS_ONCE_H
#define TIKTOKADS_ONCE_H

#include "funnel/level.h"

extern int	funnel_level_once(const FunnelEvent *events, size_t count, const FunnelRules *rules, int64_t *reached);

#endif
