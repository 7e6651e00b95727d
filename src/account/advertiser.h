/*
 * advertiser.h: the ad accounts behind a connection.
 */
#ifndef TIKTOKADS_ADVERTISER_H
#define TIKTOKADS_ADVERTISER_H

#include "account/connection.h"
#include "store/target.h"
#include "utils/jsonb.h"

/* What the API told of a connection's ad accounts, before it is stored. */
typedef struct AdvertiserList
{
	int64	   *ids;			/* that the token may read */
	int			count;
	int64	   *refused;		/* named to connect(), or stored, but refused */
	int			nrefused;
	Target	   *target;
	Tuplestorestate *rows;		/* advertiser/info, as table rows */
	int64		nrows;
	bool	   *filled;
	int64		clock_ahead;	/* seconds that the API's clock is before ours */
} AdvertiserList;

/* The data member of a reply that was already judged good, and ids in it. */
extern JsonbContainer *reply_data(const char *body);
extern int64 *advertiser_ids_from(JsonbContainer *list, int *count);

/* A bigint[] of ids. */
extern Datum advertiser_ids_array(const int64 *ids, int count);

/* Reads the stream that describes advertiser/info; in a unit of work. */
extern Target *advertiser_target(MemoryContext context);

/*
 * Asks the API which ad accounts the connection may read and what they are.
 * Holds no transaction; the result lives in the current context.  Release
 * list->rows with tuplestore_end().
 */
extern void advertisers_fetch(Caller *caller, const Connection *connection, Target *target,
							  AdvertiserList *list);

/* Stores what was fetched; in a unit of work.  Unchanged rows are not written. */
extern void advertisers_store(const Connection *connection, AdvertiserList *list);

/* Marks an ad account as one that the token may not read; in a unit of work. */
extern void advertiser_unreadable(int64 advertiser_id);

#endif
