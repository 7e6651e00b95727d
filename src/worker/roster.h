/*
 * roster.h: which databases have work when, and which workers there are.
 */
#ifndef TIKTOKADS_ROSTER_H
#define TIKTOKADS_ROSTER_H

#include "postgres.h"

#include "utils/timestamp.h"

/* Defines the sizes and asks for the memory; only while preloading. */
extern void RosterInit(void);

extern int	roster_max_workers(void);

/* The launcher comes and goes. */
extern void roster_launcher(int pid);

/* Has a database's worker at once: wakes those that run, and the launcher. */
extern void roster_wake(Oid database);

/* For the launcher: databases that were woken and that it may not know, or a rescan. */
extern bool roster_take_rescan(void);

/* For the launcher: forgets databases that are not in the list. */
extern void roster_keep(const Oid *databases, int count);

/* For the launcher: how many workers the database should have more, 0 or 1, and when it is due. */
extern bool roster_wants(Oid database, TimestampTz now, TimestampTz *due);

/* For the launcher: reserves a place, -1 when all are taken; gives it back. */
extern int	roster_reserve(Oid database, Oid role);
extern void roster_reaped(int place);

/* When a database is due at the latest. */
extern void roster_due(Oid database, TimestampTz due);

/*
 * A worker's place: free -> reserved (by the launcher) -> running (its pid is
 * there) -> left (by the worker) -> free (reaped by the launcher).
 */

/* For a worker: its place, what it looks after, and its leave. */
extern Oid	roster_attach(int place, Oid *role);
extern void roster_detach(int place, bool in_order, TimestampTz due, uint32 seen);

/* For a worker: begins to look what there is to do; wakes from now on are news. */
extern uint32 roster_look(Oid database);
extern bool roster_is_news(Oid database, uint32 seen);

/* For a worker: how many workers the work is for. */
extern void roster_want(Oid database, int workers);

#endif
