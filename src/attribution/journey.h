/*
 * journey.h: a person's ordered touches as one compact value.
 *
 * After the varlena header: a byte of flags; the channels, which are the key of
 * models that do not look at times (varint count of touches, varint count of
 * names, each name as varint length and bytes, in order of first appearance, then
 * each touch's name as an index of 1, 2 or 4 bytes); with JOURNEY_TIMES 8 bytes a
 * touch; with JOURNEY_KINDS 1 byte a touch.  A journey has one representation
 * only, so that equal journeys are equal bytes.
 */
#ifndef TIKTOKADS_JOURNEY_H
#define TIKTOKADS_JOURNEY_H

#include "postgres.h"

#include "base/compat.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

#define JOURNEY_TIMES	0x01
#define JOURNEY_KINDS	0x02

/* Kinds of touches, as stored. */
#define KIND_NONE 0
#define KIND_CLICK 1
#define KIND_VIEW 2
#define KIND_ENGAGED_VIEW 3
#define KIND_COUNT 4

/* A touch; touch_at is DT_NOBEGIN when it has no time. */
typedef struct Touch
{
	const char *channel;
	int			length;
	TimestampTz touch_at;
	uint8		kind;
} Touch;

/* Where the pieces of a journey are. */
typedef struct JourneyView
{
	uint8		flags;
	const char *channels;		/* the part that models without times compare */
	Size		channels_size;
	uint32		touches;
	uint32		names;
	const char *name;			/* first name */
	const char *index;			/* first index, NULL until the names were read */
	const char *times;
	const char *kinds;
} JourneyView;

/* The payload of a journey that may be toasted or have a short header. */
#define JOURNEY_PAYLOAD(datum) ((const char *) VARDATA_ANY(datum))
#define JOURNEY_SIZE(datum) ((Size) VARSIZE_ANY_EXHDR(datum))

/* The payload of a journey without touches. */
#define NO_TOUCHES "\0\0\0"
#define NO_TOUCHES_SIZE 3

extern const char *const journey_kinds[KIND_COUNT];

extern uint32 journey_varint(const char **at);
extern void journey_view(const char *payload, Size size, JourneyView *view);
extern void journey_view_channels(const char *channels, Size size, JourneyView *view);

/* Bytes of one index when there are so many names. */
static inline int
journey_index_width(uint32 names)
{
	return names <= 0x100 ? 1 : names <= 0x10000 ? 2 : 4;
}

/* White space of the text form, the same in every server version. */
static inline bool
journey_isspace(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The n-th index of a view whose names were read. */
static inline uint32
journey_index(const JourneyView *view, uint32 n)
{
	uint16		two;
	uint32		four;

	switch (journey_index_width(view->names))
	{
		case 1:
			return (uint8) view->index[n];
		case 2:
			memcpy(&two, view->index + (Size) n * 2, 2);
			return two;
		default:
			memcpy(&four, view->index + (Size) n * 4, 4);
			return four;
	}
}

/* All touches of a journey, their channels still in it; one more is allocated. */
extern Touch *journey_touches(const char *payload, Size size, int *count);

/* The distinct names of some touches, in order of appearance, and which touch has which. */
typedef struct JourneyNames
{
	uint32		count;
	uint32	   *first;			/* touch where each name appears first */
	uint32	   *index;			/* of each touch */
} JourneyNames;

/* A journey of these touches, in this order; the same where their names are known already. */
extern struct varlena *journey_make(const Touch *touch, int count);
extern struct varlena *journey_make_named(const Touch *touch, int count, const JourneyNames *names);

/* True when the bytes are a journey, or only the channels of one. */
extern bool journey_valid(const char *payload, Size size, bool channels_only);

/* The kind of that name; an error for any other. */
extern uint8 journey_kind(const char *name, int length);

/* Reads the text form; channels may point into the text. */
extern Touch *journey_parse(const char *text, int *count);

/* 0001-01-01, in days from 2000-01-01. */
#define JOURNEY_FIRST_DAY (-730119)

/* Whether a time can be in a journey. */
static inline bool
journey_time_valid(TimestampTz touch_at)
{
	return touch_at >= JOURNEY_FIRST_DAY * USECS_PER_DAY && touch_at < END_TIMESTAMP;
}

/* An error unless a time can be in a journey. */
extern void journey_fail_time(void);
static inline void
journey_check_time(TimestampTz touch_at)
{
	if (unlikely(!journey_time_valid(touch_at)))
		journey_fail_time();
}

/* Append the text form of a time; of a channel, quoted where needed; of a touch. */
extern void journey_append_time(StringInfo text, TimestampTz touch_at);
extern void journey_append_channel(StringInfo text, const char *channel, int length);
extern void journey_append_touch(StringInfo text, const Touch *touch);

#endif
