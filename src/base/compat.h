/*
 * compat.h: differences between server versions 15 to 18, and only here.
 */
#ifndef TIKTOKADS_COMPAT_H
#define TIKTOKADS_COMPAT_H

#include "postgres.h"

#include "catalog/pg_proc.h"
#include "utils/acl.h"

/* 16 replaced the pg_xxx_aclcheck family by object_aclcheck. */
#if PG_VERSION_NUM >= 160000
#define procedure_aclcheck(oid, role, mode) object_aclcheck(ProcedureRelationId, oid, role, mode)
#else
#define procedure_aclcheck(oid, role, mode) pg_proc_aclcheck(oid, role, mode)
#endif

#endif
