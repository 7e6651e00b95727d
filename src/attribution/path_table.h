/*
 * path_table.h: distinct journeys with what happened on them, while rows come in.
 */
#ifndef TIKTOKADS_PATH_TABLE_H
#define TIKTOKADS_PATH_TABLE_H

#include "postgres.h"

#include "attribution/paths.h"
#include "lib/stringinfo.h"

/* A distinct journey; key is all of it in a timed table, else its channels. */
typedef struct PathEntry
{
	const char *key;
	uint32		size;
	uint32		hash;
	PathSums	sums;
} PathEntry;

/* A row whose entry has not been looked up yet. */
#define PENDING_ROWS 16
#define PENDING_KEY 112
typedef struct PathPending
{
	uint32		hash;
	uint32		size;
	double		conversions;
	double		value;
	double		nulls;
	char		key[PENDING_KEY];
} PathPending;

typedef struct PathTable
{
	MemoryContext context;		/* holds everything below */
	bool		timed;
	uint32		count;
	uint32		mask;			/* slots - 1 */
	struct PathSlot *slot;		/* NULL: entries are only listed, keys are not ours */
	PathEntry **segment;		/* entries, PATH_SEGMENT each */
	char	   *free;			/* rest of the newest piece of memory for keys */
	Size		free_size;
	Size		piece_size;
	Size		memory;			/* bytes taken */
	int64		touches;		/* of all entries */
	int			rows;			/* that wait in pending[] */
	PathPending pending[PENDING_ROWS];
} PathTable;

#define PATH_SEGMENT_BITS 10
#define PATH_SEGMENT (1 << PATH_SEGMENT_BITS)

extern PathTable *path_table_new(MemoryContext context, bool timed);

/* Takes a row: its journey and numbers, of which negative or infinite ones are errors. */
extern void path_table_row(PathTable *table, const char *payload, Size size,
						   double conversions, double value, double nulls);

/* An error unless a number of a path is finite and not negative. */
extern void path_check_number(double number, const char *what);

/* Looks up the rows that wait; to be called before anything else is done with the table. */
extern void path_table_finish(PathTable *table);

/* The entry of a journey, new with empty sums when it was not there. */
extern PathEntry *path_table_entry(PathTable *table, const char *payload, Size size);

/* The same for what is a key already. */
extern PathEntry *path_table_key(PathTable *table, const char *key, Size size);

/* Adds the sums of one table to another. */
extern void path_table_merge(PathTable *table, const PathTable *other);

/* Most bytes that exact sums of an entry take beside it. */
extern Size path_sums_memory(const PathSums *sums);

/* All entries in the order of their keys, which does not depend on the order of rows. */
extern PathEntry **path_table_sorted(const PathTable *table);

/* The n-th entry in order of arrival. */
static inline PathEntry *
path_table_get(const PathTable *table, uint32 n)
{
	return &table->segment[n >> PATH_SEGMENT_BITS][n & (PATH_SEGMENT - 1)];
}

/* Names of channels, ascending by their bytes. */
typedef struct ChannelName
{
	const char *name;
	int			length;
} ChannelName;

typedef struct Channels
{
	int			count;
	ChannelName *name;
} Channels;

/* Sorts names of channels; rank[] gets the new number of each old one. */
extern void channels_sort(const ChannelName *name, int count, Channels *channels, int *rank);

/* Number of a channel, or -1. */
extern int	channel_find(const Channels *channels, const char *name, int length);

/* What the models read; paths are in order of arrival. */
extern void path_table_read(const PathTable *table, Paths *paths, Channels *channels);

/*
 * Entries as bytes, for other processes and in tiktokads.path_set: a count, then of
 * each entry its key (4 bytes of size first), the number of doubles of each of its
 * three exact sums, and these.  "within" this server sums may go as they are.
 */
extern void path_table_write(StringInfo buffer, PathEntry *const *entry, uint32 count, bool within);

/* Adds entries from bytes; nothing in them is trusted.  "timed" says what keys are. */
extern void path_table_load(PathTable *table, StringInfo buffer, bool timed, bool within);

/* A table that only lists its entries, for path_table_merge(), and one more entry for it. */
extern PathTable *path_table_new_list(MemoryContext context, bool timed);
extern PathEntry *path_table_list(PathTable *table, const char *key, Size size);

/* Ends with an error when more memory was taken than tiktokads.attribution_memory allows. */
extern void attribution_check_memory(Size memory);

#endif
