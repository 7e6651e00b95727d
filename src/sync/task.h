/*
 * task.h: the slices that the workers have to do.
 */
#ifndef TIKTOKADS_TASK_H
#define TIKTOKADS_TASK_H

#include "api/caller.h"
#include "sync/slice.h"

/* A row of tiktokads.sync_task that may be tried now. */
typedef struct Task
{
	int64		task;
	char	   *stream;
	int64		advertiser_id;
	DateADT		from;
	DateADT		to;
	int			crashes;
} Task;

/* A task with so many crashes behind it is set aside. */
#define TASK_CRASHES_MAX	3

/* What there is to do for a connection. */
typedef struct TaskOutlook
{
	int64		ready;			/* may be tried now */
	int64		open;			/* those, and the ones that wait for their next try */
	TimestampTz next;			/* when the next one may be, DT_NOEND: none */
} TaskOutlook;

extern void TaskInit(void);

/* Each works inside the current unit. */

/* Plans what is due for a connection; returns how many slices. */
extern int64 task_plan(const char *connection);

/* Tells what there is to do for a connection, and when more is due. */
extern TaskOutlook task_outlook(const char *connection);

/* The tasks that may be tried, best first; in the current context. */
extern Task *task_candidates(const char *connection, int limit, int *count);

/*
 * Counts a crash that has not happened yet, which the task's end takes back;
 * false when it was done or tried meanwhile.  The slice is claimed already.
 */
extern bool task_begin(int64 task);

/* Sets a task aside that was begun too often. */
extern void task_set_aside(int64 task);

/* Takes out what a stored slice covers. */
extern void task_done(const Slice *slice);

/* Lets a task be tried again later: counted as failed, or not. */
extern void task_failed(int64 task, int64 not_before_us, const CallError *error);
extern void task_postpone(int64 task, int64 not_before_us);

/* Puts slices of so many days each in a task's place. */
extern void task_split(const Slice *slice, int days_each);

/* Takes out a task of which nothing is left to do. */
extern void task_drop(int64 task);

/* Takes back the crashes that were counted for these tasks. */
extern void task_unbegin(const int64 *tasks, int count);

/* Takes note that a connection's ad accounts were listed, or could not be. */
extern void task_listed(const char *connection);
extern void task_unlisted(const char *connection, const char *error);

/* Takes out tasks of an ad account. */
extern void task_drop_advertiser(int64 advertiser_id);

#endif
