/*
 * model.h: the tables of facts, which are the user's and not the extension's.
 */
#ifndef TIKTOKADS_MODEL_H
#define TIKTOKADS_MODEL_H

#include "base/unit.h"

/* True when the roles have all they need, or the caller may not even ask; in a unit of work. */
extern bool model_roles_ready(void);

/* Makes the roles when they are missing, then the model when it is; commits. */
extern void model_ensure(const Authority *authority, bool always);

#endif
