/*
 * version.h: the library and the SQL objects must be of one version.
 */
#ifndef TIKTOKADS_VERSION_H
#define TIKTOKADS_VERSION_H

#include "postgres.h"

/* An error that tells what to do when the extension in this database is of another version. */
extern void version_check(Oid extension);

#endif
