/*
 * window.h: windows and modes as users write them.
 */
#ifndef TIKTOKADS_WINDOW_H
#define TIKTOKADS_WINDOW_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "funnel/state.h"

extern int64 window_microseconds(const Interval *window);
extern int64 window_check(int64 window);
extern unsigned window_mode(const char *text);
extern const FunnelRules *window_rules(const FunnelState *state);

#endif
