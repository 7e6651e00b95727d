/*
 * journey.c: how a journey is stored, and its text and binary form.
 *
 * The text form is  alpha > "be > ta" [2026-01-31T12:00:00Z click] > alpha : what
 * is written there, and nothing else, is what a journey holds.  Times are UTC
 * whatever the session's time zone, so that input and output are immutable.
 */
#include "postgres.h"

#include "attribution/journey.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(tiktokads_journey_in);
PG_FUNCTION_INFO_V1(tiktokads_journey_out);
PG_FUNCTION_INFO_V1(tiktokads_journey_recv);
PG_FUNCTION_INFO_V1(tiktokads_journey_send);

/* Touches of one journey; more would not fit 1 GB with their times. */
#define TOUCHES_MAX 100000000

const char *const journey_kinds[KIND_COUNT] = {NULL, "click", "view", "engaged_view"};

/* Reads a number of 7 bits a byte, low bits first, and moves on. */
uint32
journey_varint(const char **at)
{
	uint32		value = 0;
	int			shift = 0;
	uint8		byte;

	do
	{
		byte = (uint8) *(*at)++;
		value |= (uint32) (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 35);
	return value;
}

/* Finds the pieces of the channels of a journey. */
void
journey_view_channels(const char *channels, Size size, JourneyView *view)
{
	const char *at = channels;

	memset(view, 0, sizeof(*view));
	view->channels = channels;
	view->channels_size = size;
	view->touches = journey_varint(&at);
	view->names = journey_varint(&at);
	view->name = at;
	view->index = channels + size - (Size) view->touches * journey_index_width(view->names);
}

/* Finds the pieces of a journey. */
void
journey_view(const char *payload, Size size, JourneyView *view)
{
	uint8		flags = (uint8) payload[0];
	const char *at = payload + 1;
	Size		touches = journey_varint(&at);
	Size		tail = touches * ((flags & JOURNEY_TIMES ? 8 : 0) + (flags & JOURNEY_KINDS ? 1 : 0));

	journey_view_channels(payload + 1, size - 1 - tail, view);
	view->flags = flags;
	at = payload + size - tail;
	if (flags & JOURNEY_TIMES)
	{
		view->times = at;
		at += touches * 8;
	}
	if (flags & JOURNEY_KINDS)
		view->kinds = at;
}

/* All touches of a journey, their channels still in it. */
Touch *
journey_touches(const char *payload, Size size, int *count)
{
	JourneyView view;
	Touch	   *touch;
	const char **name;
	uint32	   *length;

	journey_view(payload, size, &view);
	touch = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Touch) * ((Size) view.touches + 1));
	name = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(char *) * ((Size) view.names + 1));
	length = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * ((Size) view.names + 1));
	for (uint32 i = 0; i < view.names; i++)
	{
		length[i] = journey_varint(&view.name);
		name[i] = view.name;
		view.name += length[i];
	}
	for (uint32 i = 0; i < view.touches; i++)
	{
		uint32		index = journey_index(&view, i);

		touch[i].channel = name[index];
		touch[i].length = (int) length[index];
		touch[i].touch_at = DT_NOBEGIN;
		touch[i].kind = view.kinds != NULL ? (uint8) view.kinds[i] : KIND_NONE;
		if (view.times != NULL)
			memcpy(&touch[i].touch_at, view.times + (Size) i * 8, 8);
	}
	pfree(name);
	pfree(length);
	*count = (int) view.touches;
	return touch;
}

/* True when two touches are of one channel; often its name lies in one place. */
static inline bool
touch_same_name(const Touch *one, const Touch *other)
{
	return one->length == other->length &&
		(one->channel == other->channel || memcmp(one->channel, other->channel, one->length) == 0);
}

/* Finds names among few by comparing with each. */
static void
names_by_comparing(const Touch *touch, int count, JourneyNames *names)
{
	for (int i = 0; i < count; i++)
	{
		uint32		n = 0;

		while (n < names->count && !touch_same_name(&touch[names->first[n]], &touch[i]))
			n++;
		if (n == names->count)
			names->first[names->count++] = i;
		names->index[i] = n;
	}
}

/* Finds names among many by hashing. */
static void
names_by_hashing(const Touch *touch, int count, JourneyNames *names)
{
	uint32		slots = 64;
	uint32	   *slot;

	while (slots < (uint32) count * 2)
		slots *= 2;
	slot = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * (Size) slots);
	memset(slot, 0xff, sizeof(uint32) * (Size) slots);
	for (int i = 0; i < count; i++)
	{
		uint32		at = hash_bytes((const unsigned char *) touch[i].channel, touch[i].length) & (slots - 1);

		while (slot[at] != PG_UINT32_MAX && !touch_same_name(&touch[names->first[slot[at]]], &touch[i]))
			at = (at + 1) & (slots - 1);
		if (slot[at] == PG_UINT32_MAX)
		{
			slot[at] = names->count;
			names->first[names->count++] = i;
		}
		names->index[i] = slot[at];
	}
	pfree(slot);
}

/* Writes a number of 7 bits a byte, and moves on. */
static void
varint_put(char **at, uint32 value)
{
	while (value >= 0x80)
	{
		*(*at)++ = (char) (value | 0x80);
		value >>= 7;
	}
	*(*at)++ = (char) value;
}

/* Writes the index of a touch, and moves on. */
static void
index_put(char **at, uint32 index, int width)
{
	uint16		two = (uint16) index;

	if (width == 1)
		**at = (char) index;
	else if (width == 2)
		memcpy(*at, &two, 2);
	else
		memcpy(*at, &index, 4);
	*at += width;
}

/* Writes a name, and moves on; most are short: two pieces, which may overlap, are up to 16 bytes. */
static inline void
name_put(char **at, const char *name, Size length)
{
	if (length >= 8 && length <= 16)
	{
		memcpy(*at, name, 8);
		memcpy(*at + length - 8, name + length - 8, 8);
	}
	else
		memcpy(*at, name, length);
	*at += length;
}

/* Writes everything behind the varlena header; returns where it ends. */
static char *
journey_write(char *at, const Touch *touch, int count, uint8 flags, const JourneyNames *names)
{
	*at++ = (char) flags;
	varint_put(&at, count);
	varint_put(&at, names->count);
	for (uint32 n = 0; n < names->count; n++)
	{
		const Touch *first = &touch[names->first[n]];

		varint_put(&at, first->length);
		name_put(&at, first->channel, first->length);
	}
	for (int i = 0; i < count; i++)
		index_put(&at, names->index[i], journey_index_width(names->count));
	for (int i = 0; flags & JOURNEY_TIMES && i < count; i++, at += 8)
		memcpy(at, &touch[i].touch_at, 8);
	for (int i = 0; flags & JOURNEY_KINDS && i < count; i++)
		*at++ = (char) touch[i].kind;
	return at;
}

/* A journey of these touches, in this order, whose names are known. */
struct varlena *
journey_make_named(const Touch *touch, int count, const JourneyNames *names)
{
	uint8		flags = 0;
	Size		size = VARHDRSZ + 16;
	struct varlena *journey;
	char	   *end;

	for (int i = 0; i < count; i++)
		flags |= (touch[i].touch_at != DT_NOBEGIN ? JOURNEY_TIMES : 0) | (touch[i].kind != KIND_NONE ? JOURNEY_KINDS : 0);
	for (uint32 n = 0; n < names->count; n++)
		size += 5 + (Size) touch[names->first[n]].length;
	size += (Size) count * (4 + (flags & JOURNEY_TIMES ? 8 : 0) + (flags & JOURNEY_KINDS ? 1 : 0));
	if (size > MaxAllocSize || count > TOUCHES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("journey of %d touches is too large", count),
				 errhint("Keep the last touches only: tiktokads.path_trim_long(journey, n).")));
	journey = palloc(size);
	end = journey_write(VARDATA(journey), touch, count, flags, names);
	SET_VARSIZE(journey, end - (char *) journey);
	return journey;
}

/* A journey of these touches, in this order. */
struct varlena *
journey_make(const Touch *touch, int count)
{
	uint32		few[64];
	JourneyNames names = {0, few, few + 32};
	struct varlena *journey;

	if (count > 32)
	{
		names.first = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * (Size) count * 2);
		names.index = names.first + count;
		names_by_hashing(touch, count, &names);
	}
	else
		names_by_comparing(touch, count, &names);
	journey = journey_make_named(touch, count, &names);
	if (count > 32)
		pfree(names.first);
	return journey;
}

/* Reads a number if there is one before the end, in its shortest form. */
static bool
varint_check(const char **at, const char *end, uint32 *value)
{
	const char *from = *at;
	int			bytes = 0;

	do
	{
		if (*at >= end || ++bytes > 5)
			return false;
	} while (*(*at)++ & 0x80);
	if ((bytes > 1 && (*at)[-1] == 0) || (bytes == 5 && (uint8) (*at)[-1] > 0x0f))
		return false;
	*value = journey_varint(&from);
	return true;
}

/* True for eight bytes that are plain ASCII and no zeros. */
static inline bool
plain_ascii(const char *bytes)
{
	uint64		word;

	memcpy(&word, bytes, 8);
	return (((word - UINT64CONST(0x0101010101010101)) | word) & UINT64CONST(0x8080808080808080)) == 0;
}

/* True for a name in the server's encoding; most are plain ASCII. */
static bool
name_check(const char *name, int length)
{
	bool		plain = true;

	for (int i = 0; i + 8 <= length; i += 8)
		plain &= plain_ascii(name + i);
	if (length >= 8)
		plain &= plain_ascii(name + length - 8);
	for (int i = 0; length < 8 && i < length; i++)
		plain &= (signed char) name[i] > 0;
	return plain || pg_verifymbstr(name, length, true);
}

/* Checks the names of some channels, and moves on. */
static bool
names_check(const char **at, const char *end, uint32 names)
{
	for (uint32 n = 0; n < names; n++)
	{
		uint32		length;

		if (!varint_check(at, end, &length) || length > (Size) (end - *at) ||
			!name_check(*at, (int) length))
			return false;
		*at += length;
	}
	return true;
}

/* True when the bytes are a journey, or only the channels of one. */
bool
journey_valid(const char *payload, Size size, bool channels_only)
{
	const char *at = payload + (channels_only ? 0 : 1);
	const char *end = payload + size;
	uint8		flags = channels_only || size == 0 ? 0 : (uint8) payload[0];
	uint32		touches;
	uint32		names;
	uint32		next = 0;
	JourneyView view;
	Size		rest;

	if (size < (channels_only ? 2 : 3) || flags & ~(JOURNEY_TIMES | JOURNEY_KINDS) ||
		!varint_check(&at, end, &touches) || !varint_check(&at, end, &names) ||
		touches > TOUCHES_MAX || names > touches || !names_check(&at, end, names))
		return false;
	rest = (Size) touches * (journey_index_width(names) + (flags & JOURNEY_TIMES ? 8 : 0) + (flags & JOURNEY_KINDS ? 1 : 0));
	if (rest != (Size) (end - at))
		return false;
	if (channels_only)
		journey_view_channels(payload, size, &view);
	else
		journey_view(payload, size, &view);
	for (uint32 i = 0; i < touches; i++)
	{
		uint32		index = journey_index(&view, i);

		if (index > next || (index == next && next++ >= names) ||
			(view.kinds != NULL && (uint8) view.kinds[i] >= KIND_COUNT))
			return false;
	}
	return next == names;
}

/* The kind of that name; an error for any other. */
uint8
journey_kind(const char *name, int length)
{
	for (uint8 kind = KIND_CLICK; kind < KIND_COUNT; kind++)
		if (strlen(journey_kinds[kind]) == (size_t) length && memcmp(journey_kinds[kind], name, length) == 0)
			return kind;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid kind of touch: \"%.*s\"", length, name),
			 errhint("A touch is a click, a view or an engaged_view.")));
	return KIND_NONE;
}

/* True when a channel must be quoted to be read back. */
static bool
channel_is_special(const char *channel, int length)
{
	if (length == 0 || journey_isspace(channel[0]) || journey_isspace(channel[length - 1]))
		return true;
	for (int i = 0; i < length; i++)
		if (strchr(">\"[]", channel[i]) != NULL || (unsigned char) channel[i] < 0x20 || channel[i] == 0x7f)
			return true;
	return false;
}

/* Appends the text form of a channel, quoted where needed. */
void
journey_append_channel(StringInfo text, const char *channel, int length)
{
	if (!channel_is_special(channel, length))
	{
		appendBinaryStringInfo(text, channel, length);
		return;
	}
	appendStringInfoChar(text, '"');
	for (int i = 0; i < length; i++)
	{
		if (channel[i] == '"')
			appendStringInfoChar(text, '"');
		appendStringInfoChar(text, channel[i]);
	}
	appendStringInfoChar(text, '"');
}

/* Appends the text form of a touch. */
void
journey_append_touch(StringInfo text, const Touch *touch)
{
	journey_append_channel(text, touch->channel, touch->length);
	if (touch->touch_at == DT_NOBEGIN && touch->kind == KIND_NONE)
		return;
	appendStringInfoString(text, " [");
	if (touch->touch_at != DT_NOBEGIN)
	{
		journey_append_time(text, touch->touch_at);
		if (touch->kind != KIND_NONE)
			appendStringInfoChar(text, ' ');
	}
	if (touch->kind != KIND_NONE)
		appendStringInfoString(text, journey_kinds[touch->kind]);
	appendStringInfoChar(text, ']');
}

/* Text form of a journey. */
Datum
tiktokads_journey_out(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	int			count;
	Touch	   *touch = journey_touches(JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey), &count);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(&text, " > ");
		journey_append_touch(&text, &touch[i]);
	}
	PG_RETURN_CSTRING(text.data);
}

/* Reads the text form of a journey. */
Datum
tiktokads_journey_in(PG_FUNCTION_ARGS)
{
	int			count;
	Touch	   *touch = journey_parse(PG_GETARG_CSTRING(0), &count);

	PG_RETURN_POINTER(journey_make(touch, count));
}

/* Binary form: version, count, then of each touch its channel, flags, time and kind. */
Datum
tiktokads_journey_send(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	int			count;
	Touch	   *touch = journey_touches(JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey), &count);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, 1);
	pq_sendint32(&buffer, count);
	for (int i = 0; i < count; i++)
	{
		send_counted_text(&buffer, touch[i].channel, touch[i].length);
		pq_sendbyte(&buffer, (touch[i].touch_at != DT_NOBEGIN ? JOURNEY_TIMES : 0) | (touch[i].kind != KIND_NONE ? JOURNEY_KINDS : 0));
		if (touch[i].touch_at != DT_NOBEGIN)
			pq_sendint64(&buffer, touch[i].touch_at);
		if (touch[i].kind != KIND_NONE)
			pq_sendbyte(&buffer, touch[i].kind);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* Reads one touch of the binary form. */
static void
touch_recv(StringInfo buffer, Touch *touch)
{
	int			length = (int) pq_getmsgint(buffer, 4);
	int			flags;

	if (length < 0 || length > buffer->len - buffer->cursor)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid length of a channel in a journey")));
	touch->channel = pq_getmsgtext(buffer, length, &touch->length);
	flags = pq_getmsgbyte(buffer);
	touch->touch_at = flags & JOURNEY_TIMES ? (TimestampTz) pq_getmsgint64(buffer) : DT_NOBEGIN;
	touch->kind = flags & JOURNEY_KINDS ? (uint8) pq_getmsgbyte(buffer) : KIND_NONE;
	if (flags & ~(JOURNEY_TIMES | JOURNEY_KINDS) || touch->kind >= KIND_COUNT ||
		(flags & JOURNEY_KINDS && touch->kind == KIND_NONE) ||
		(flags & JOURNEY_TIMES && !journey_time_valid(touch->touch_at)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid touch in a journey")));
}

/* Reads the binary form of a journey. */
Datum
tiktokads_journey_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buffer);
	int			count = (int) pq_getmsgint(buffer, 4);
	Touch	   *touch;

	if (version != 1 || count < 0 || count > (buffer->len - buffer->cursor) / 5)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of a journey")));
	touch = palloc_extended(sizeof(Touch) * ((Size) count + 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < count; i++)
		touch_recv(buffer, &touch[i]);
	pq_getmsgend(buffer);
	PG_RETURN_POINTER(journey_make(touch, count));
}
