/*
 * follow.h: what follows in the transaction that stores a slice.
 */
#ifndef TIKTOKADS_FOLLOW_H
#define TIKTOKADS_FOLLOW_H

#include "account/connection.h"
#include "sync/slice.h"

/* Calls the users' hooks (hook.c). */
extern void hooks_call(Slice *slice);

/* The cursor of readings, the checks, the users' hooks, the notification. */
extern void follow_stored(const Connection *connection, Slice *slice);

#endif
