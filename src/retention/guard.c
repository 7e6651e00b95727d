/*
 * guard.c: keeps erased people out of the tables that they left.
 *
 * A trigger before each row: when a column that identifies people holds a value
 * whose pseudonym is a tombstone, the row is left out, or loses its personal
 * columns.  It reads the tombstones by their index, without SPI and without the
 * rights of whoever loads, under the newest snapshot: an erasure that committed
 * while a long load was under way counts from the next row on.
 *
 * While the key file lacks a key that tombstones were made with, nothing can be
 * compared, and rows are refused with an error.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "retention/keyring.h"
#include "storage/proc.h"
#include "tiktokads.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(tiktokads_guard);

/* True when the one-column primary key of a table of ours has this value. */
static bool
key_exists(const char *table_name, const char *value)
{
	Oid			table_oid = get_relname_relid(table_name, get_namespace_oid(SCHEMA_NAME, false));
	Relation	table = table_open(table_oid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	(void) RelationGetIndexList(table);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
	key.sk_collation = DEFAULT_COLLATION_OID;
	scan = systable_beginscan(table, table->rd_pkindex, true, snapshot, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
	return found;
}

/* True when there is any tombstone; an error when the key of one is missing. */
static bool
tombstones_exist(int nkeys)
{
	Oid			table_oid = get_relname_relid("erased_key", get_namespace_oid(SCHEMA_NAME, false));
	Relation	table = table_open(table_oid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan = systable_beginscan(table, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;
	bool		any = false;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		char	   *id = TextDatumGetCString(heap_getattr(tuple, 1, RelationGetDescr(table), &isnull));
		bool		known = false;

		any = true;
		for (int i = 0; i < nkeys; i++)
			known = known || keyring_has(i, id);
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("pseudonym key \"%s\" of stored tombstones is missing", id),
					 errdetail("Whether a row is of an erased person cannot be told without it."),
					 errhint("Copy the key file that tiktokads.pseudonym_key_file named when they were made.")));
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
	return any;
}

/* True when there are tombstones at all, looked up once in each transaction. */
static bool
guard_is_needed(void)
{
	static LocalTransactionId checked = InvalidLocalTransactionId;

	if (current_lxid() == checked)
		return true;
	if (!tombstones_exist(keyring_count()))
		return false;
	checked = current_lxid();
	return true;
}

/* True when a value is a form of an erased person's identifier. */
static bool
value_is_erased(const char *value)
{
	int			nkeys = keyring_count();

	for (int i = 0; i < nkeys; i++)
		if (key_exists("erased_subject", keyring_pseudonym(i, value, strlen(value))))
			return true;
	return false;
}

/* A phone number without the punctuation that people write; NULL when the value is none. */
static char *
phone_compact(const char *value)
{
	char	   *compact;
	int			n = 0;

	if (*value != '+')
		return NULL;
	compact = palloc(strlen(value) + 1);
	for (const char *c = value; *c != '\0'; c++)
		if (strchr(" ().-/", *c) == NULL)
			compact[n++] = *c;
	compact[n] = '\0';
	return compact;
}

/* True when one of the named columns holds an erased person's identifier. */
static bool
row_is_erased(HeapTuple row, TupleDesc tupdesc, char *columns)
{
	char	   *name;

	while ((name = strsep(&columns, ",")) != NULL)
	{
		int			column = SPI_fnumber(tupdesc, name);
		char	   *value = column > 0 ? SPI_getvalue(row, tupdesc, column) : NULL;
		char	   *phone;

		if (value == NULL || *value == '\0')
			continue;
		phone = phone_compact(value);
		if (value_is_erased(value) || (phone != NULL && value_is_erased(phone)))
			return true;
	}
	return false;
}

/* The row without its personal columns. */
static HeapTuple
row_anonymise(HeapTuple row, TupleDesc tupdesc, char *columns)
{
	Datum	   *values = palloc0(tupdesc->natts * sizeof(Datum));
	bool	   *nulls = palloc0(tupdesc->natts * sizeof(bool));
	bool	   *replaced = palloc0(tupdesc->natts * sizeof(bool));
	char	   *name;

	while ((name = strsep(&columns, ",")) != NULL)
	{
		int			column = SPI_fnumber(tupdesc, name);

		if (column <= 0)
			continue;
		replaced[column - 1] = true;
		nulls[column - 1] = !TupleDescAttr(tupdesc, column - 1)->attnotnull;
		if (!nulls[column - 1])
			values[column - 1] = CStringGetTextDatum("erased");
	}
	return heap_modify_tuple(row, tupdesc, values, nulls, replaced);
}

/* Trigger before a row: leaves out or anonymises those of erased people. */
Datum
tiktokads_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	tupdesc;
	HeapTuple	row;
	char	  **args;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || trigger->tg_trigger->tgnargs != 3)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("tiktokads.guard must be a trigger before each row, with three arguments"),
				 errhint("SELECT tiktokads.guard_ensure(); makes it where it is needed.")));
	row = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	tupdesc = RelationGetDescr(trigger->tg_relation);
	args = trigger->tg_trigger->tgargs;
	if (!guard_is_needed() || !row_is_erased(row, tupdesc, pstrdup(args[1])))
		return PointerGetDatum(row);
	if (strcmp(args[0], "delete") == 0)
		return PointerGetDatum(NULL);
	return PointerGetDatum(row_anonymise(row, tupdesc, pstrdup(args[2])));
}
