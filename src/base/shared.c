/*
 * shared.c: memory that all processes of the server share, when preloaded.
 *
 * Each room registers its part while the library is preloaded; all are made in
 * one go when the postmaster makes its shared memory, after each crash too.
 * What must stay true: the memory holds facts and no pointers into a process;
 * no part is touched without its lock; a process that holds one of the locks
 * takes no other, runs no SQL and raises no error.
 */
#include "postgres.h"

#include "base/shared.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "tiktokads.h"

PG_FUNCTION_INFO_V1(tiktokads_is_preloaded);

#define PARTS_MAX	8

static const SharedPart *parts[PARTS_MAX];
static int	nparts = 0;
static LWLockPadded *locks = NULL;

static shmem_request_hook_type next_request_hook = NULL;
static shmem_startup_hook_type next_startup_hook = NULL;

/* True while the library is loaded by shared_preload_libraries. */
bool
shared_preloading(void)
{
	return process_shared_preload_libraries_in_progress;
}

/* Asks for a part. */
void
shared_add(const SharedPart *part)
{
	Assert(shared_preloading() && nparts < PARTS_MAX);
	parts[nparts++] = part;
}

/* Asks the server for memory and locks. */
static void
shared_request(void)
{
	if (next_request_hook)
		next_request_hook();
	for (int i = 0; i < nparts; i++)
		RequestAddinShmemSpace(MAXALIGN(parts[i]->size()));
	RequestNamedLWLockTranche(EXTENSION_NAME, SHARED_LOCKS);
}

/* Finds the memory, and fills it where it is fresh. */
static void
shared_start(void)
{
	if (next_startup_hook)
		next_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (int i = 0; i < nparts; i++)
	{
		bool		found;

		*parts[i]->place = ShmemInitStruct(parts[i]->name, parts[i]->size(), &found);
		if (!found)
		{
			memset(*parts[i]->place, 0, parts[i]->size());
			parts[i]->begin(*parts[i]->place);
		}
	}
	locks = GetNamedLWLockTranche(EXTENSION_NAME);
	LWLockRelease(AddinShmemInitLock);
}

/* Installs the hooks that make the parts. */
void
SharedInit(void)
{
	next_request_hook = shmem_request_hook;
	shmem_request_hook = shared_request;
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = shared_start;
}

/* True when the server was started with the library. */
bool
shared_is_there(void)
{
	return locks != NULL;
}

/* Takes a part's lock. */
void
shared_lock(SharedLock lock, LWLockMode mode)
{
	LWLockAcquire(&locks[lock].lock, mode);
}

/* Releases it. */
void
shared_unlock(SharedLock lock)
{
	LWLockRelease(&locks[lock].lock);
}

/* tiktokads.is_preloaded(): whether the server was started with the library. */
Datum
tiktokads_is_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(shared_is_there());
}
