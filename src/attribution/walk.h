/*
 * walk.h: visits of absorbing chains by following all walks at once.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_WALK_H
#define TIKTOKADS_WALK_H

#include "attribution/chain.h"

/* Does what chain_visits() says, for any chain. */
extern void chain_visits_by_walking(const Chain *chain, ChainVisit *visit);

#endif
