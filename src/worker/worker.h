/*
 * worker.h: processes that sync by themselves.
 */
#ifndef TIKTOKADS_WORKER_H
#define TIKTOKADS_WORKER_H

#include "postgres.h"

extern bool worker_enabled;
extern int	worker_idle_exit;	/* seconds */

/* Defines the room's settings; while preloading, registers the launcher. */
extern void WorkerInit(void);

/* The names of tiktokads.databases hold this one. */
extern bool worker_database_listed(const char *name);

/* Entry points of the processes. */
extern PGDLLEXPORT void tiktokads_launcher_main(Datum arg);
extern PGDLLEXPORT void tiktokads_worker_main(Datum arg);

#endif
