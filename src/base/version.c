/*
 * version.c: the library and the SQL objects must be of one version.
 *
 * Between the installation of new packages and ALTER EXTENSION ... UPDATE the
 * two differ.  Whatever works on our tables says so at once, instead of failing
 * in the middle; functions of plain arithmetic go on working.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "base/version.h"
#include "tiktokads.h"

PG_FUNCTION_INFO_V1(tiktokads_library_version);

/* Version of the extension in this database. */
static char *
version_installed(Oid extension)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(extension));
	scan = systable_beginscan(catalog, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(catalog), &isnull);

		if (!isnull)
			version = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return version;
}

/* An error that tells what to do when the extension in this database is of another version. */
void
version_check(Oid extension)
{
	char	   *installed = version_installed(extension);

	if (installed != NULL && strcmp(installed, EXTENSION_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"%s\" is version %s in this database, but the library is version %s",
						EXTENSION_NAME, installed, EXTENSION_VERSION),
				 errhint("ALTER EXTENSION %s UPDATE; then CALL %s.create_model(). If the library is the older one, reconnect or restart the server to load the new one.",
						 EXTENSION_NAME, SCHEMA_NAME)));
}

/* tiktokads.library_version(): version of the library. */
Datum
tiktokads_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(EXTENSION_VERSION));
}
