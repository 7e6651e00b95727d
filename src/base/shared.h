/*
 * shared.h: memory that all processes of the server share, when preloaded.
 */
#ifndef TIKTOKADS_SHARED_H
#define TIKTOKADS_SHARED_H

#include "postgres.h"

#include "storage/lwlock.h"

/* Who may touch what: one lock for each part, never two at once. */
typedef enum SharedLock
{
	SHARED_BUDGET,				/* rate budgets */
	SHARED_CLAIM,				/* slices being worked at */
	SHARED_ROSTER,				/* databases and workers */
	SHARED_LOCKS
} SharedLock;

/* A room's part of the memory; the struct is static and registered while preloading. */
typedef struct SharedPart
{
	const char *name;
	Size		(*size) (void);
	void		(*begin) (void *memory);	/* fills fresh memory, in the postmaster */
	void	  **place;			/* set in every process */
} SharedPart;

/* True while the library is loaded by shared_preload_libraries. */
extern bool shared_preloading(void);

/* Asks for a part; only while preloading. */
extern void shared_add(const SharedPart *part);

/* Installs the hooks that make the parts; only while preloading. */
extern void SharedInit(void);

/* True when the server was started with the library: the parts are there. */
extern bool shared_is_there(void);

extern void shared_lock(SharedLock lock, LWLockMode mode);
extern void shared_unlock(SharedLock lock);

#endif
