/*
 * unit.h: one unit of work: a right is checked, the owner role is worn, the
 * work commits or leaves nothing behind.
 */
#ifndef TIKTOKADS_UNIT_H
#define TIKTOKADS_UNIT_H

#include "postgres.h"

#include "fmgr.h"

/* On whose behalf a call works, and what must still hold each time it does. */
typedef struct Authority
{
	Oid			procedure;		/* EXECUTE on it is asked for in each unit; invalid: nothing is */
	Oid			caller;
	Oid			extension;		/* the one the work began under */
	const char *name;			/* of the procedure, for messages */
	bool		worker;			/* a process of ours: no procedure, no caller */
} Authority;

typedef void (*UnitBody) (void *arg);

/* Takes the authority of a procedure call. */
extern void authority_of_call(FunctionCallInfo fcinfo, const char *name, Authority *authority);

/*
 * Takes the authority of a background worker, which is the owner role itself
 * and has no transaction open; false where the extension is not there.
 */
extern bool authority_of_worker(Authority *authority);

/*
 * Opens and closes a procedure that commits: an error inside a transaction
 * block.  After call_open() the caller waits for the network freely: what it
 * did so far is committed, and no snapshot, lock or xid is held.
 */
extern void call_open(FunctionCallInfo fcinfo, const char *name, Authority *authority);
extern void call_close(void);

/* Runs the body as the owner role and commits; an error is thrown on. */
extern void unit_run(const Authority *authority, UnitBody body, void *arg);

/*
 * The same, but a failure is rolled back and returned (in the caller's
 * context), NULL when all went well.  Cancel and shutdown are thrown on.
 */
extern ErrorData *unit_try(const Authority *authority, UnitBody body, void *arg);

/* Runs the body as the caller and commits. */
extern void unit_run_as_caller(const Authority *authority, UnitBody body, void *arg);

/* Runs the body as the owner role inside the transaction that is there. */
extern void unit_join(const Authority *authority, UnitBody body, void *arg);

/* Executes one statement in a unit, and complains unless it did what was expected. */
extern void unit_execute(const char *sql, int nargs, Oid *types, Datum *values,
						 const char *nulls, int expected);

#endif
