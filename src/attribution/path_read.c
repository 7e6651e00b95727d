/*
 * path_read.c: distinct journeys as the models read them: channels become numbers.
 *
 * Channels are numbered in the order of their names, so that nothing that a model
 * does by number depends on the order of rows.
 */
#include "postgres.h"

#include "attribution/journey.h"
#include "attribution/memory.h"
#include "attribution/path_table.h"
#include "miscadmin.h"

/* A name of up to 16 bytes is told from others by these alone; a longer one also by all its bytes. */
typedef struct NameSlot
{
	uint64		head;			/* first 8 bytes, or as many as there are */
	uint64		tail;			/* last 8 bytes */
	int			length;
	int			number;			/* number + 1; 0 is empty */
} NameSlot;

/* Names while they are found: numbered as they come. */
typedef struct NameTable
{
	int			count;
	int			room;
	ChannelName *name;
	NameSlot   *slot;
	uint32		mask;
} NameTable;

/* The slot that a name would have, but for its number. */
static inline NameSlot
name_slot(const char *name, int length)
{
	NameSlot	slot = {0, 0, length, 0};

	if (length >= 8)
	{
		memcpy(&slot.head, name, 8);
		memcpy(&slot.tail, name + length - 8, 8);
	}
	else
		for (int i = 0; i < length; i++)
			slot.head = slot.head << 8 | (uint8) name[i];
	return slot;
}

/* Where a slot is looked for first. */
static inline uint32
name_place(const NameTable *names, const NameSlot *slot)
{
	uint64		hash = (slot->head ^ (uint64) slot->length) * UINT64CONST(0xff51afd7ed558ccd);

	hash = (hash ^ hash >> 32 ^ slot->tail) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return (uint32) (hash >> 32) & names->mask;
}

/* Doubles the slots. */
static void
names_double(NameTable *names)
{
	NameTable	old = *names;

	names->mask = old.slot == NULL ? 255 : old.mask * 2 + 1;
	names->slot = palloc_extended(sizeof(NameSlot) * ((Size) names->mask + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; old.slot != NULL && i <= old.mask; i++)
		if (old.slot[i].number != 0)
		{
			uint32		at = name_place(names, &old.slot[i]);

			while (names->slot[at].number != 0)
				at = (at + 1) & names->mask;
			names->slot[at] = old.slot[i];
		}
	if (old.slot != NULL)
		pfree(old.slot);
}

/* Number of a name, which may be new. */
static int
name_number(NameTable *names, const char *name, int length)
{
	NameSlot	wanted = name_slot(name, length);
	uint32		at;

	if (names->slot == NULL || (uint32) names->count * 2 > names->mask)
		names_double(names);
	for (at = name_place(names, &wanted); names->slot[at].number != 0; at = (at + 1) & names->mask)
	{
		const NameSlot *slot = &names->slot[at];

		if (slot->head == wanted.head && slot->tail == wanted.tail && slot->length == length &&
			(length <= 16 || memcmp(names->name[slot->number - 1].name, name, length) == 0))
			return slot->number - 1;
	}
	if (names->count == names->room)
	{
		names->room = names->room == 0 ? 64 : names->room * 2;
		names->name = attribution_realloc(names->name, sizeof(ChannelName) * (Size) names->room);
	}
	names->name[names->count] = (ChannelName) {name, length};
	wanted.number = ++names->count;
	names->slot[at] = wanted;
	return names->count - 1;
}

/* Order of names: their bytes, the shorter first. */
static int
name_compare(const ChannelName *one, const ChannelName *other)
{
	int			result = memcmp(one->name, other->name, Min(one->length, other->length));

	return result != 0 ? result : one->length - other->length;
}

/* The same for sorting pointers. */
static int
name_order(const void *a, const void *b)
{
	return name_compare(*(const ChannelName *const *) a, *(const ChannelName *const *) b);
}

/* Sorts names; rank[] gets the new number of each old one. */
void
channels_sort(const ChannelName *name, int count, Channels *channels, int *rank)
{
	const ChannelName **sorted = palloc_extended(sizeof(ChannelName *) * ((Size) count + 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < count; i++)
		sorted[i] = &name[i];
	qsort(sorted, count, sizeof(ChannelName *), name_order);
	channels->count = count;
	channels->name = palloc_extended(sizeof(ChannelName) * ((Size) count + 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < count; i++)
	{
		channels->name[i] = *sorted[i];
		rank[sorted[i] - name] = i;
	}
	pfree(sorted);
}

/* Number of a channel, or -1. */
int
channel_find(const Channels *channels, const char *name, int length)
{
	ChannelName wanted = {name, length};
	int			low = 0;
	int			high = channels->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			result = name_compare(&channels->name[middle], &wanted);

		if (result == 0)
			return middle;
		if (result < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* Writes the channels of one journey; local[] has room for its names. */
static void
channels_read(NameTable *names, JourneyView *view, int **local, uint32 *room, int *channel)
{
	if (view->names > *room)
	{
		*room = view->names * 2;
		*local = attribution_realloc(*local, sizeof(int) * (Size) *room);
	}
	for (uint32 n = 0; n < view->names; n++)
	{
		uint32		length = journey_varint(&view->name);

		(*local)[n] = name_number(names, view->name, (int) length);
		view->name += length;
	}
	if (view->names <= 0x100)
		for (uint32 t = 0; t < view->touches; t++)
			channel[t] = (*local)[(uint8) view->index[t]];
	else
		for (uint32 t = 0; t < view->touches; t++)
			channel[t] = (*local)[journey_index(view, t)];
}

/* The times of a journey if every touch has one, else NULL. */
static int64 *
times_read(const JourneyView *view, int64 *time)
{
	if (view->times == NULL || view->touches == 0)
		return NULL;
	memcpy(time, view->times, (Size) view->touches * 8);
	for (uint32 t = 0; t < view->touches; t++)
		if (time[t] == DT_NOBEGIN)
			return NULL;
	return time;
}

/* What the models read; paths are in order of arrival. */
void
path_table_read(const PathTable *table, Paths *paths, Channels *channels)
{
	NameTable	names = {0};
	int		   *local = NULL;
	uint32		room = 0;
	int		   *channel = palloc_extended(sizeof(int) * ((Size) table->touches + 1), MCXT_ALLOC_HUGE);
	int64	   *time = table->timed ? palloc_extended(8 * ((Size) table->touches + 1), MCXT_ALLOC_HUGE) : NULL;
	int		   *rank;
	int64		used = 0;

	attribution_check_memory(table->memory + (Size) table->touches * (table->timed ? 12 : 4) + sizeof(Path) * (Size) table->count);
	paths->count = table->count;
	paths->path = palloc_extended(sizeof(Path) * ((Size) table->count + 1), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < table->count; i++)
	{
		const PathEntry *entry = path_table_get(table, i);
		JourneyView view;

		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		if (table->timed)
			journey_view(entry->key, entry->size, &view);
		else
			journey_view_channels(entry->key, entry->size, &view);
		channels_read(&names, &view, &local, &room, channel + used);
		paths->path[i] = (Path) {channel + used, table->timed ? times_read(&view, time + used) : NULL,
		(int) view.touches, &entry->sums};
		used += view.touches;
	}
	rank = palloc_extended(sizeof(int) * ((Size) names.count + 1), MCXT_ALLOC_HUGE);
	channels_sort(names.name, names.count, channels, rank);
	for (int64 t = 0; t < used; t++)
		channel[t] = rank[channel[t]];
	paths->channels = channels->count;
}
