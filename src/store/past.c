/*
 * past.c: what entities were before.
 *
 * The rows that this transaction wrote carry its time in changed_at.  Each that
 * differs from the open state in the history closes that and opens another, in
 * one statement, so that the states of an entity follow each other without gap
 * or overlap.  Where nothing was written nothing is looked at.
 */
#include "postgres.h"

#include "access/relation.h"
#include "base/unit.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "store/past.h"
#include "tiktokads.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Finds the columns that a target shares with its history table. */
Names
past_columns(MemoryContext context, const char *target)
{
	Oid			schema = get_namespace_oid(SCHEMA_NAME, false);
	Oid			past_oid = get_relname_relid(psprintf("%s_history", target), schema);
	Oid			target_oid = get_relname_relid(target, schema);
	Names		columns = {NULL, 0};
	Relation	past;

	if (!OidIsValid(past_oid))
		return columns;
	past = relation_open(past_oid, AccessShareLock);
	columns.items = MemoryContextAlloc(context, RelationGetDescr(past)->natts * sizeof(char *));
	for (int i = 0; i < RelationGetDescr(past)->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(past), i);

		if (!column->attisdropped && get_attnum(target_oid, NameStr(column->attname)) != InvalidAttrNumber)
			columns.items[columns.count++] = MemoryContextStrdup(context, NameStr(column->attname));
	}
	relation_close(past, AccessShareLock);
	return columns;
}

/* Appends the equality of the keys of two aliases. */
static void
append_keys(StringInfo sql, const Target *target, const char *left, const char *right)
{
	const Names *keys = &target->stream->key_columns;

	for (int i = 0; i < keys->count; i++)
		appendStringInfo(sql, "%s%s.%s = %s.%s", i == 0 ? "" : " AND ", left, quote_identifier(keys->items[i]),
						 right, quote_identifier(keys->items[i]));
}

/* Whether an alias's row is gone, as a condition. */
static char *
gone(const Target *target, const char *alias)
{
	if (target->stream->tombstone_column != NULL)
		return psprintf("%s.%s IS NOT NULL", alias, quote_identifier(target->stream->tombstone_column));
	if (names_contain(&target->past, "readable"))
		return psprintf("NOT %s.readable", alias);
	return "false";
}

/* The statement that closes open states and opens others. */
static char *
past_statement(const Target *target)
{
	const char *table = quote_identifier(target->stream->target);
	const char *past = quote_identifier(psprintf("%s_history", target->stream->target));
	StringInfoData sql;
	StringInfoData same;
	StringInfoData list;
	StringInfoData values;
	StringInfoData changed;

	initStringInfo(&sql);
	initStringInfo(&same);
	initStringInfo(&list);
	initStringInfo(&values);
	initStringInfo(&changed);
	for (int i = 0; i < target->past.count; i++)
	{
		const char *name = quote_identifier(target->past.items[i]);

		appendStringInfo(&same, " AND h.%s IS NOT DISTINCT FROM o.%s", name, name);
		appendStringInfo(&list, "%s, ", name);
		appendStringInfo(&values, "n.%s, ", name);
		appendStringInfo(&changed, "%sCASE WHEN n.%s IS DISTINCT FROM b.%s THEN %s END", i == 0 ? "" : ", ",
						 name, name, quote_literal_cstr(target->past.items[i]));
	}
	appendStringInfo(&sql, "WITH n AS MATERIALIZED (SELECT o.* FROM %s.%s AS o WHERE ($1 = 0 OR o.advertiser_id = $1)"
					 " AND o.changed_at = tiktokads.clock_transaction() AND NOT EXISTS (SELECT FROM %s.%s AS h WHERE h.valid_to IS NULL AND ",
					 SCHEMA_NAME, table, SCHEMA_NAME, past);
	append_keys(&sql, target, "h", "o");
	appendStringInfo(&sql, "%s)), b AS (UPDATE %s.%s AS h SET valid_to = pg_catalog.now() FROM n WHERE h.valid_to IS NULL AND ",
					 same.data, SCHEMA_NAME, past);
	append_keys(&sql, target, "h", "n");
	appendStringInfo(&sql, " RETURNING h.*) INSERT INTO %s.%s (%svalid_from, change, changed)"
					 " SELECT %spg_catalog.now(), CASE WHEN b.valid_from IS NULL THEN 'added' WHEN %s AND NOT coalesce(%s, false) THEN 'removed'"
					 " WHEN NOT (%s) AND %s THEN 'returned' ELSE 'changed' END, pg_catalog.array_remove(ARRAY[%s]::text[], NULL)"
					 " FROM n LEFT JOIN b ON ", SCHEMA_NAME, past, list.data, values.data,
					 gone(target, "n"), gone(target, "b"), gone(target, "n"), gone(target, "b"), changed.data);
	append_keys(&sql, target, "b", "n");
	return sql.data;
}

/* Adds to the history what this transaction changed of a target's rows. */
void
past_keep(const Target *target, int64 advertiser_id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(advertiser_id)};

	if (target->past.count > 0)
		unit_execute(past_statement(target), 1, types, values, NULL, SPI_OK_INSERT);
}
