/*
 * quota.h: request rates per endpoint, enforced and observed.
 */
#ifndef SIMULATOR_QUOTA_H
#define SIMULATOR_QUOTA_H

#include "buffer.h"

typedef struct Quota Quota;

typedef struct Tier
{
	const char *name;
	int			per_second;		/* 0: unlimited */
	int			per_minute;
	int64		per_day;
} Tier;

extern const Tier *tier_find(const char *name);
extern void quota_set_tier(const Tier *tier);
extern Quota *quota_create(const char *path);
extern const char *quota_enter(Quota *quota, bool app_known);
extern void quota_done(Quota *quota, int64 wire_bytes, int64 plain_bytes, int64 rows);
extern void quota_reset_stats(void);
extern void quota_forget(void);
extern void put_quotas(Buffer *out);

#endif
