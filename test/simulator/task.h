/*
 * task.h: asynchronous report tasks.
 */
#ifndef SIMULATOR_TASK_H
#define SIMULATOR_TASK_H

#include "base.h"

typedef struct Tasks
{
	bool		admitted;		/* else the app is not on the allow-list */
	bool		elsewhere;		/* files are given as a link */
	int			checks;			/* after so many a task has succeeded */
} Tasks;

extern Tasks tasks;

extern void tasks_expire(void);

#endif
