/*
 * incremental.h: credit by what a fitted response model says each channel adds.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_INCREMENTAL_H
#define TIKTOKADS_INCREMENTAL_H

#include "attribution/paths.h"

/* More channels than this are refused by the caller: the Hessian is dense. */
#define INCREMENTAL_CHANNELS_MAX 1000

extern void incremental_credit(const Paths *paths, Credit *credit);

#endif
