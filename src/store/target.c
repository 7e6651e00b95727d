/*
 * target.c: from a slice's rows to its table.
 *
 * The rows wait in a tuplestore that the statements see as the relation
 * "incoming".  One INSERT takes the new and the changed ones alone, found by an
 * anti-join on all columns: a row that is stored already with the same values
 * is not locked, not logged and not touched (ON CONFLICT is there for races).
 *
 * Rows of the slice's scope that the reply lacked are removed only if the slice
 * is complete and either they are under REMOVAL_SHARE of what was there, or the
 * read before lacked exactly the same ones.
 */
#include "postgres.h"

#include "access/relation.h"
#include "base/unit.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "store/past.h"
#include "store/target.h"
#include "tiktokads.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#define REMOVAL_SHARE 0.30

/* Columns that we keep ourselves; a tombstone column is one of them. */
static const char *const own_columns[] = {"first_seen_at", "changed_at", "fetched_at", "sync", "readable", "connection"};

/* True when replies may fill this column. */
static bool
column_is_filled(const StreamDef *stream, Form_pg_attribute column)
{
	const char *name = NameStr(column->attname);

	if (column->attisdropped || column->attgenerated != '\0')
		return false;
	if (stream->tombstone_column != NULL && strcmp(name, stream->tombstone_column) == 0)
		return false;
	for (int i = 0; i < lengthof(own_columns); i++)
		if (strcmp(name, own_columns[i]) == 0)
			return false;
	if (!stream->is_report)
		return true;
	return strcmp(name, "extra") == 0 || names_contain(&stream->key_columns, name) ||
		names_contain(&stream->metrics, name) || names_contain(&stream->dimensions, name) ||
		names_contain(&stream->constant_columns, name) ||
		(stream->utc_column != NULL && strcmp(name, stream->utc_column) == 0);
}

/* Describes the incoming rows: the columns that replies fill, then the ordinal. */
static void
target_describe(Target *target, TupleDesc table)
{
	int			n = 0;

	for (int i = 0; i < table->natts; i++)
		n += column_is_filled(target->stream, TupleDescAttr(table, i));
	target->ncolumns = n;
	target->incoming = CreateTemplateTupleDesc(n + 1);
	n = 0;
	for (int i = 0; i < table->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(table, i);

		if (!column_is_filled(target->stream, column))
			continue;
		if (strcmp(NameStr(column->attname), "advertiser_id") == 0)
			target->advertiser_column = n;
		n++;
		TupleDescInitEntry(target->incoming, n, NameStr(column->attname),
						   column->atttypid, column->atttypmod, 0);
		TupleDescInitEntryCollation(target->incoming, n, column->attcollation);
	}
	TupleDescInitEntry(target->incoming, n + 1, ORDINAL_COLUMN, INT8OID, -1, 0);
}

/* Looks the stream's table up. */
Target *
target_load(MemoryContext context, const StreamDef *stream)
{
	Oid			schema = get_namespace_oid(SCHEMA_NAME, false);
	Oid			table_oid = get_relname_relid(stream->target, schema);
	MemoryContext before;
	Target	   *target;
	Relation	table;

	if (!OidIsValid(table_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s.%s\" of stream \"%s\" does not exist",
						SCHEMA_NAME, stream->target, stream->name),
				 errhint("CALL tiktokads.create_model(); makes the tables of the model.")));
	table = relation_open(table_oid, AccessShareLock);
	before = MemoryContextSwitchTo(context);
	target = palloc0(sizeof(Target));
	target->stream = stream;
	target->advertiser_column = -1;
	target_describe(target, RelationGetDescr(table));
	target->past = past_columns(context, stream->target);
	relation_close(table, AccessShareLock);
	if (target->advertiser_column < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s.%s\" has no column advertiser_id", SCHEMA_NAME, stream->target),
				 errhint("Every target of a stream keeps the rows of many ad accounts apart by it.")));
	completion_prepare(target);
	asof_prepare(target);
	MemoryContextSwitchTo(before);
	return target;
}

/* Quoted name of the n-th incoming column. */
static const char *
column_name(const Target *target, int n)
{
	return quote_identifier(NameStr(TupleDescAttr(target->incoming, n)->attname));
}

/* True when a column takes part: it is in the key, or some reply had it. */
static bool
column_used(const Target *target, const bool *filled, int n)
{
	return filled[n] || target->completion.is_ours[n] ||
		names_contain(&target->stream->key_columns,
					  NameStr(TupleDescAttr(target->incoming, n)->attname));
}

/* Appends "prefix.k1, prefix.k2" for the key columns. */
static void
append_keys(StringInfo sql, const Target *target, const char *prefix)
{
	const Names *keys = &target->stream->key_columns;

	for (int i = 0; i < keys->count; i++)
		appendStringInfo(sql, "%s%s%s", i == 0 ? "" : ", ", prefix, quote_identifier(keys->items[i]));
}

/* Appends the equality of all key columns of o and i. */
static void
append_key_match(StringInfo sql, const Target *target)
{
	const Names *keys = &target->stream->key_columns;

	for (int i = 0; i < keys->count; i++)
	{
		const char *key = quote_identifier(keys->items[i]);

		appendStringInfo(sql, "%so.%s = i.%s", i == 0 ? "" : " AND ", key, key);
	}
}

/*
 * Appends what is true of a row that TikTok itself calls deleted, for rows of
 * the given alias; false where the stream cannot tell.
 */
static void
append_deleted(StringInfo sql, const Target *target, const bool *filled, const char *alias)
{
	const StreamDef *stream = target->stream;
	int			n = 0;

	appendStringInfoString(sql, "coalesce(");
	for (int i = 0; i < target->ncolumns; i++)
		for (int j = 0; j < stream->deleted_columns.count; j++)
			if (filled[i] && strcmp(stream->deleted_columns.items[j],
									NameStr(TupleDescAttr(target->incoming, i)->attname)) == 0)
				appendStringInfo(sql, "%s%s.%s::pg_catalog.text = %s", n++ == 0 ? "" : " OR ", alias,
								 column_name(target, i),
								 quote_literal_cstr(stream->deleted_values.items[j]));
	appendStringInfo(sql, "%sfalse)", n == 0 ? "" : ", ");
}

/* Appends the condition that o is in the scope, its ad account and days by these expressions. */
static void
append_scope_of(StringInfo sql, const Target *target, const Scope *scope, const char *advertiser, const char *from, const char *to)
{
	const StreamDef *stream = target->stream;

	appendStringInfo(sql, "o.advertiser_id = %s", advertiser);
	if (stream->date_column != NULL)
		appendStringInfo(sql, " AND o.%s >= %s AND o.%s < %s + 1", quote_identifier(stream->date_column), from,
						 quote_identifier(stream->date_column), to);
	for (int i = 0; i < stream->constant_columns.count; i++)
		if (names_contain(&stream->key_columns, stream->constant_columns.items[i]))
			appendStringInfo(sql, " AND o.%s = %s", quote_identifier(stream->constant_columns.items[i]),
							 quote_literal_cstr(stream->constant_values.items[i]));
	/* of those that are not in the list nothing was asked */
	if (scope->asked != NULL)
		appendStringInfo(sql, " AND (%s)", scope->asked);
}

/* Appends the condition that o is in the scope: $1, and $2 and $3 when dated. */
static void
append_scope(StringInfo sql, const Target *target, const Scope *scope)
{
	append_scope_of(sql, target, scope, "$1", "$2", "$3");
}

/* Appends the condition that o is in the scope, its values written out. */
void
target_append_scope(StringInfo sql, const Target *target, const Scope *scope)
{
	bool		dated = target->stream->date_column != NULL;

	append_scope_of(sql, target, scope, psprintf(INT64_FORMAT, scope->advertiser_id),
					dated ? psprintf("(date '2000-01-01' + %d)", scope->from) : "",
					dated ? psprintf("(date '2000-01-01' + %d)", scope->to) : "");
}

/* Keeps the versions of the scope's rows that the incoming ones differ from. */
static void
versions_keep(const Target *target, const Scope *scope, const bool *filled)
{
	StringInfoData same;

	if (target->asof_table == NULL)
		return;
	initStringInfo(&same);
	for (int i = 0; i < target->ncolumns; i++)
		if (column_used(target, filled, i) &&
			!names_contain(&target->stream->key_columns, NameStr(TupleDescAttr(target->incoming, i)->attname)))
			appendStringInfo(&same, " AND o.%s IS NOT DISTINCT FROM i.%s", column_name(target, i), column_name(target, i));
	asof_keep(target, scope, same.data);
}

/* The INSERT of new and changed rows, of a scope or (NULL) of any. */
static char *
store_statement(const Target *target, const Scope *scope, const bool *filled)
{
	StringInfoData sql;
	StringInfoData columns;
	StringInfoData same;
	StringInfoData set;
	const char *tombstone = target->stream->tombstone_column;

	initStringInfo(&sql);
	initStringInfo(&columns);
	initStringInfo(&same);
	initStringInfo(&set);
	for (int i = 0; i < target->ncolumns; i++)
	{
		const char *name = column_name(target, i);

		if (!column_used(target, filled, i))
			continue;
		appendStringInfo(&columns, "%s, ", name);
		if (names_contain(&target->stream->key_columns,
						  NameStr(TupleDescAttr(target->incoming, i)->attname)))
			continue;
		appendStringInfo(&same, " AND o.%s IS NOT DISTINCT FROM i.%s", name, name);
		appendStringInfo(&set, "%s = EXCLUDED.%s, ", name, name);
	}
	appendStringInfo(&sql, "INSERT INTO %s.%s AS o (%s%s%schanged_at) SELECT %s", SCHEMA_NAME,
					 quote_identifier(target->stream->target), columns.data,
					 tombstone == NULL ? "" : quote_identifier(tombstone), tombstone == NULL ? "" : ", ",
					 columns.data);
	if (tombstone != NULL)
	{
		tombstone = quote_identifier(tombstone);
		appendStringInfoString(&sql, "CASE WHEN ");
		append_deleted(&sql, target, filled, "i");
		appendStringInfoString(&sql, " THEN tiktokads.clock_transaction() END, ");
		appendStringInfo(&same, " AND (o.%s IS NOT NULL) = ", tombstone);
		append_deleted(&same, target, filled, "i");
		appendStringInfo(&set, "%s = CASE WHEN EXCLUDED.%s IS NOT NULL THEN coalesce(o.%s, EXCLUDED.%s) END, ",
						 tombstone, tombstone, tombstone, tombstone);
	}
	appendStringInfoString(&sql, "tiktokads.clock_transaction() FROM (SELECT DISTINCT ON (");
	append_keys(&sql, target, "");
	appendStringInfoString(&sql, ") * FROM incoming ORDER BY ");
	append_keys(&sql, target, "");
	appendStringInfo(&sql, ", %s DESC) AS i WHERE NOT EXISTS (SELECT FROM %s.%s AS o WHERE ",
					 ORDINAL_COLUMN, SCHEMA_NAME, quote_identifier(target->stream->target));
	append_key_match(&sql, target);
	if (scope != NULL)
	{
		appendStringInfoString(&sql, " AND ");
		append_scope(&sql, target, scope);
	}
	appendStringInfo(&sql, "%s) ON CONFLICT (", same.data);
	append_keys(&sql, target, "");
	appendStringInfo(&sql, ") DO UPDATE SET %schanged_at = EXCLUDED.changed_at", set.data);
	return sql.data;
}

/* Executes a statement with the scope as its parameters. */
void
scope_execute(const char *sql, const Scope *scope, int expected)
{
	Oid			types[] = {INT8OID, DATEOID, DATEOID};
	Datum		values[] = {
		Int64GetDatum(scope->advertiser_id),
		DateADTGetDatum(scope->from),
		DateADTGetDatum(scope->to)
	};

	unit_execute(sql, lengthof(types), types, values, NULL, expected);
}

/* A print of a scope's rows: how many, and in which versions. */
char *
target_print(const Target *target, const Scope *scope)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(pg_catalog.hashint8("
					 "pg_catalog.hashtid(o.ctid)::bigint << 32 | o.xmin::text::bigint # o.tableoid::bigint)::bigint), 0)::text AS print"
					 " FROM %s.%s AS o WHERE ", SCHEMA_NAME, quote_identifier(target->stream->target));
	append_scope(&sql, target, scope);
	scope_execute(sql.data, scope, SPI_OK_SELECT);
	return row_text(CurrentMemoryContext, 0, "print");
}

/* Counts the scope's rows: all, and those without a tombstone. */
static void
scope_count(const Target *target, const Scope *scope, int64 *all, int64 *alive)
{
	StringInfoData sql;
	const char *tombstone = target->stream->tombstone_column;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT pg_catalog.count(*) AS all_rows, pg_catalog.count(*)%s%s%s AS alive_rows FROM %s.%s AS o WHERE ",
					 tombstone == NULL ? "" : " FILTER (WHERE o.",
					 tombstone == NULL ? "" : quote_identifier(tombstone),
					 tombstone == NULL ? "" : " IS NULL)",
					 SCHEMA_NAME, quote_identifier(target->stream->target));
	append_scope(&sql, target, scope);
	scope_execute(sql.data, scope, SPI_OK_SELECT);
	*all = row_int64(0, "all_rows", NULL);
	*alive = row_int64(0, "alive_rows", NULL);
}

/* Counts the distinct keys among the incoming rows: all, and those not deleted. */
static void
incoming_count(const Target *target, const bool *filled, int64 *all, int64 *alive)
{
	StringInfoData sql;
	bool		tells = target->stream->deleted_columns.count > 0;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT pg_catalog.count(*) AS all_rows, pg_catalog.count(*)");
	if (tells)
	{
		appendStringInfoString(&sql, " FILTER (WHERE NOT ");
		append_deleted(&sql, target, filled, "i");
		appendStringInfoChar(&sql, ')');
	}
	appendStringInfoString(&sql, " AS alive_rows FROM (SELECT DISTINCT ");
	if (tells)
	{
		appendStringInfoString(&sql, "ON (");
		append_keys(&sql, target, "");
		appendStringInfoString(&sql, ") * FROM incoming ORDER BY ");
		append_keys(&sql, target, "");
		appendStringInfo(&sql, ", %s DESC", ORDINAL_COLUMN);
	}
	else
	{
		append_keys(&sql, target, "");
		appendStringInfoString(&sql, " FROM incoming");
	}
	appendStringInfoString(&sql, ") AS i");
	unit_execute(sql.data, 0, NULL, NULL, NULL, SPI_OK_SELECT);
	*all = row_int64(0, "all_rows", NULL);
	*alive = row_int64(0, "alive_rows", NULL);
}

/* Appends the condition that o is in the scope, alive, and was not in the reply. */
static void
append_vanished(StringInfo sql, const Target *target, const Scope *scope)
{
	append_scope(sql, target, scope);
	if (target->stream->tombstone_column != NULL)
		appendStringInfo(sql, " AND o.%s IS NULL", quote_identifier(target->stream->tombstone_column));
	appendStringInfoString(sql, " AND NOT EXISTS (SELECT FROM incoming AS i WHERE ");
	append_key_match(sql, target);
	appendStringInfoChar(sql, ')');
}

/* Appends the condition that o is under no legal hold. */
static void
append_not_held(StringInfo sql, const Target *target)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(target->stream->target),
		target->stream->date_column == NULL ? (Datum) 0 : CStringGetTextDatum(target->stream->date_column)
	};

	unit_execute("SELECT tiktokads.hold_condition($1::name, $2::name, 'o') AS held", 2, types, values,
				 target->stream->date_column == NULL ? " n" : NULL, SPI_OK_SELECT);
	appendStringInfo(sql, " AND NOT %s", row_text(CurrentMemoryContext, 0, "held"));
}

/* Removes the vanished rows: a tombstone for entities, else a DELETE unless a legal hold keeps them. */
static int64
vanished_remove(const Target *target, const Scope *scope)
{
	StringInfoData sql;
	const char *table = quote_identifier(target->stream->target);
	const char *tombstone = target->stream->tombstone_column;

	initStringInfo(&sql);
	if (tombstone != NULL)
		appendStringInfo(&sql, "UPDATE %s.%s AS o SET %s = tiktokads.clock_transaction(), changed_at = tiktokads.clock_transaction() WHERE ",
						 SCHEMA_NAME, table, quote_identifier(tombstone));
	else
		appendStringInfo(&sql, "DELETE FROM %s.%s AS o WHERE ", SCHEMA_NAME, table);
	append_vanished(&sql, target, scope);
	if (tombstone == NULL)
		append_not_held(&sql, target);
	scope_execute(sql.data, scope, tombstone != NULL ? SPI_OK_UPDATE : SPI_OK_DELETE);
	return (int64) SPI_processed;
}

/* Executes a statement on pending_removal with ($1 .. $4) = the slice. */
static void
pending_execute(const char *sql, const Target *target, const Scope *scope,
				int64 vanished, const char *digest, int expected)
{
	Oid			types[] = {TEXTOID, INT8OID, DATEOID, DATEOID, INT8OID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(target->stream->name),
		Int64GetDatum(scope->advertiser_id),
		DateADTGetDatum(scope->from),
		DateADTGetDatum(scope->to),
		Int64GetDatum(vanished),
		CStringGetTextDatum(digest)
	};

	unit_execute(sql, lengthof(types), types, values, NULL, expected);
}

/* True when the read before this one lacked the same rows; else remembers them. */
static bool
vanished_confirmed(const Target *target, const Scope *scope, int64 vanished)
{
	StringInfoData sql;
	char	   *digest;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(',', ");
	append_keys(&sql, target, "o.");
	appendStringInfo(&sql, "), 0))::text AS digest FROM %s.%s AS o WHERE ",
					 SCHEMA_NAME, quote_identifier(target->stream->target));
	append_vanished(&sql, target, scope);
	scope_execute(sql.data, scope, SPI_OK_SELECT);
	digest = row_text(CurrentMemoryContext, 0, "digest");
	if (digest == NULL)
		digest = "";

	pending_execute("SELECT FROM tiktokads.pending_removal WHERE stream = $1 AND advertiser_id = $2"
					" AND from_date = $3 AND to_date = $4 AND vanished = $5 AND digest = $6",
					target, scope, vanished, digest, SPI_OK_SELECT);
	if (SPI_processed > 0)
		return true;
	pending_execute("INSERT INTO tiktokads.pending_removal (stream, advertiser_id, from_date, to_date, vanished, digest)"
					" VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (stream, advertiser_id, from_date, to_date)"
					" DO UPDATE SET vanished = EXCLUDED.vanished, digest = EXCLUDED.digest, seen_at = EXCLUDED.seen_at",
					target, scope, vanished, digest, SPI_OK_INSERT);
	return false;
}

/* Removes what vanished from a complete slice, or waits for a second read. */
static void
vanished_settle(const Target *target, const Scope *scope, int64 alive_before,
				int64 vanished, StoreCounts *counts)
{
	if (vanished > 0 && vanished >= alive_before * REMOVAL_SHARE &&
		!vanished_confirmed(target, scope, vanished))
	{
		counts->pending = vanished;
		return;
	}
	if (vanished > 0)
	{
		counts->removed = vanished_remove(target, scope);
		counts->held = vanished - counts->removed;
	}
	pending_execute("DELETE FROM tiktokads.pending_removal WHERE stream = $1 AND advertiser_id = $2"
					" AND from_date = $3 AND to_date = $4 AND $5 IS NOT NULL AND $6 IS NOT NULL",
					target, scope, vanished, "", SPI_OK_DELETE);
}

/* An empty tuplestore for incoming rows, which outlives transactions. */
Tuplestorestate *
incoming_begin(void)
{
	ResourceOwner before = CurrentResourceOwner;
	Tuplestorestate *rows;

	CurrentResourceOwner = NULL;
	rows = tuplestore_begin_heap(false, true, work_mem);
	CurrentResourceOwner = before;
	return rows;
}

/* Makes the tuplestore visible to the unit's statements as "incoming". */
static void
incoming_register(const Target *target, Tuplestorestate *rows, int64 nrows)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));

	relation->md.name = "incoming";
	relation->md.reliddesc = InvalidOid;
	relation->md.tupdesc = target->incoming;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = (double) nrows;
	relation->reldata = rows;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the incoming rows");
}

/* Stores a slice's rows in the current unit of work. */
void
target_store(const Target *target, const Scope *scope, Tuplestorestate *rows,
			 int64 nrows, const bool *filled, int64 expected, StoreCounts *counts)
{
	int64		all_before;
	int64		alive_before;
	int64		all_after;
	int64		alive_after;
	int64		distinct;
	int64		distinct_alive;
	int64		written;

	memset(counts, 0, sizeof(*counts));
	incoming_register(target, rows, nrows);
	if (scope == NULL)
	{
		unit_execute(store_statement(target, NULL, filled), 0, NULL, NULL, NULL, SPI_OK_INSERT);
		counts->changed = (int64) SPI_processed;
		return;
	}
	scope_count(target, scope, &all_before, &alive_before);
	incoming_count(target, filled, &distinct, &distinct_alive);
	if (all_before > 0)
		versions_keep(target, scope, filled);
	scope_execute(store_statement(target, scope, filled), scope, SPI_OK_INSERT);
	written = (int64) SPI_processed;
	scope_count(target, scope, &all_after, &alive_after);

	counts->duplicates = nrows - distinct;
	counts->added = all_after - all_before;
	counts->changed = written - counts->added;
	counts->unchanged = distinct - written;
	if (distinct == expected)
		vanished_settle(target, scope, alive_before, alive_after - distinct_alive, counts);
	if (counts->added + counts->changed + counts->removed > 0)
		past_keep(target, scope->advertiser_id);
}
