/*
 * field.h: the fields of entities, as tables, and how each is written.
 */
#ifndef SIMULATOR_FIELD_H
#define SIMULATOR_FIELD_H

#include "buffer.h"
#include "world.h"

typedef enum FieldKind
{
	FIELD_ADVERTISER_ID, FIELD_CAMPAIGN_ID, FIELD_ADGROUP_ID, FIELD_AD_ID,
	FIELD_CAMPAIGN_NAME, FIELD_ADGROUP_NAME, FIELD_AD_NAME, FIELD_ADVERTISER_NAME,
	FIELD_CREATED, FIELD_MODIFIED, FIELD_CREATED_EPOCH, FIELD_SCHEDULE_START, FIELD_SCHEDULE_END,
	FIELD_SCHEDULE_TYPE, FIELD_OPERATION, FIELD_SECONDARY, FIELD_OBJECTIVE, FIELD_AUTOMATION, FIELD_SMART,
	FIELD_BUDGET, FIELD_BUDGET_MODE, FIELD_CBO, FIELD_BID, FIELD_BALANCE,
	FIELD_CURRENCY, FIELD_COUNTRY, FIELD_CITY, FIELD_LANGUAGE, FIELD_ZONE, FIELD_ETC_ZONE,
	FIELD_DAYPARTING, FIELD_VIDEO_ID, FIELD_IMAGE_IDS, FIELD_AD_TEXT, FIELD_LANDING,
	FIELD_NULL, FIELD_RAW,		/* argument is JSON */
	FIELD_RAW_PICK,				/* one of several JSON texts, by | */
	FIELD_TEXT,					/* argument is a string */
	FIELD_PICK,					/* one of several strings, by | */
	FIELD_NULL_OR,				/* null or one of several strings */
	FIELD_BOOL, FIELD_HASH_ID, FIELD_NULL_OR_ID, FIELD_NULL_OR_NUMBER, FIELD_ZERO_OR_NUMBER
} FieldKind;

typedef struct Field
{
	const char *name;
	FieldKind	kind;
	const char *argument;
} Field;

extern const Field advertiser_fields[];
extern const int advertiser_field_count;
extern const Field campaign_fields[];
extern const int campaign_field_count;
extern const Field adgroup_fields[];
extern const int adgroup_field_count;
extern const Field ad_fields[];
extern const int ad_field_count;

/* One entity at a moment; an account has level LEVEL_ADVERTISER. */
typedef struct Subject
{
	const Advertiser *adv;
	Level		level;
	int			index;
	int64		now;
	unsigned	twist;			/* TWIST_... of fault.h */
	bool		drop_nulls;
} Subject;

extern void put_field(Buffer *out, const Subject *subject, const Field *field, bool *first);
extern const char *secondary_status(Level level, State state);

#endif
