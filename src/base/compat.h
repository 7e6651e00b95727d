/*
 * compat.h: differences between server versions 15 to 18, and only here.
 */
#ifndef TIKTOKADS_COMPAT_H
#define TIKTOKADS_COMPAT_H

#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "utils/acl.h"
#include "utils/regproc.h"

/* 16 moved the macros of varlena values out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 writes what does not return in front of the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 16 replaced the pg_xxx_aclcheck family by object_aclcheck. */
#if PG_VERSION_NUM >= 160000
#define procedure_aclcheck(oid, role, mode) object_aclcheck(ProcedureRelationId, oid, role, mode)
#define schema_usable(oid, role) (object_aclcheck(NamespaceRelationId, oid, role, ACL_USAGE) == ACLCHECK_OK)
#else
#define procedure_aclcheck(oid, role, mode) pg_proc_aclcheck(oid, role, mode)
#define schema_usable(oid, role) (pg_namespace_aclcheck(oid, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/* 16 lets the reading of a qualified name fail softly. */
#if PG_VERSION_NUM >= 160000
#define qualified_name_list(text) stringToQualifiedNameList(text, NULL)
#else
#define qualified_name_list(text) stringToQualifiedNameList(text)
#endif

/* 17 moved the local transaction id into a struct. */
#if PG_VERSION_NUM >= 170000
#define current_lxid() (MyProc->vxid.lxid)
#else
#define current_lxid() (MyProc->lxid)
#endif

/* 18 counts the text alone. */
#if PG_VERSION_NUM >= 180000
#define send_counted_text(buffer, text, length) pq_sendcountedtext(buffer, text, length)
#else
#define send_counted_text(buffer, text, length) pq_sendcountedtext(buffer, text, length, false)
#endif

#endif
