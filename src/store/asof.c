/*
 * asof.c: how numbers looked before they were restated.
 *
 * Beside a report table by day may stand one named ..._asof.  Before a slice is
 * stored, the rows that it is going to change are copied there as they are,
 * with the ages at which that version was first and no longer seen.  What did
 * not change costs nothing; a version that lasted no whole day is not kept.
 */
#include "postgres.h"

#include "access/relation.h"
#include "base/unit.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "store/target.h"
#include "tiktokads.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Days beyond the attribution window in which changes are still kept. */
#define ASOF_MARGIN 7

/* Finds the table of earlier versions; in the target's context. */
void
asof_prepare(Target *target)
{
	const char *name = target->stream->target;
	const char *end = strstr(name, "_daily");
	Oid			table_oid;
	Relation	table;

	if (end == NULL || end[strlen("_daily")] != '\0' || target->stream->constant_columns.count > 0)
		return;
	target->asof_table = psprintf("%.*s_asof", (int) (end - name), name);
	table_oid = get_relname_relid(target->asof_table, get_namespace_oid(SCHEMA_NAME, false));
	if (!OidIsValid(table_oid))
	{
		target->asof_table = NULL;
		return;
	}
	table = relation_open(table_oid, AccessShareLock);
	target->asof_columns.items = palloc(RelationGetDescr(table)->natts * sizeof(char *));
	for (int i = 0; i < RelationGetDescr(table)->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), i);

		if (!column->attisdropped && names_contain(&target->stream->metrics, NameStr(column->attname)))
			target->asof_columns.items[target->asof_columns.count++] = pstrdup(NameStr(column->attname));
	}
	relation_close(table, AccessShareLock);
}

/* Keeps the versions that the slice's rows are going to replace. */
void
asof_keep(const Target *target, const Scope *scope, const char *differs)
{
	StringInfoData sql;
	const Names *keys = &target->stream->key_columns;
	const char *date = quote_identifier(target->stream->date_column);
	char	   *zone = quote_literal_cstr(pg_get_timezone_name(scope->zone));
	int			guc_level;

	if (target->asof_table == NULL)
		return;
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT tiktokads.partition_ensure(%s, $2, $3) WHERE $1 IS NOT NULL",
					 quote_literal_cstr(target->asof_table));
	scope_execute(sql.data, scope, SPI_OK_SELECT);
	resetStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s.%s (", SCHEMA_NAME, quote_identifier(target->asof_table));
	for (int i = 0; i < keys->count; i++)
		appendStringInfo(&sql, "%s, ", quote_identifier(keys->items[i]));
	for (int i = 0; i < target->asof_columns.count; i++)
		appendStringInfo(&sql, "%s, ", quote_identifier(target->asof_columns.items[i]));
	appendStringInfoString(&sql, "from_age, to_age, seen_at) SELECT ");
	for (int i = 0; i < keys->count; i++)
		appendStringInfo(&sql, "o.%s, ", quote_identifier(keys->items[i]));
	for (int i = 0; i < target->asof_columns.count; i++)
		appendStringInfo(&sql, "o.%s, ", quote_identifier(target->asof_columns.items[i]));
	appendStringInfo(&sql, "a.from_age, a.to_age, o.changed_at FROM incoming AS i JOIN %s.%s AS o ON ",
					 SCHEMA_NAME, quote_identifier(target->stream->target));
	for (int i = 0; i < keys->count; i++)
		appendStringInfo(&sql, "%so.%s = i.%s", i == 0 ? "" : " AND ", quote_identifier(keys->items[i]),
						 quote_identifier(keys->items[i]));
	appendStringInfo(&sql, " CROSS JOIN LATERAL (SELECT tiktokads.clock_day(o.changed_at, %s) - o.%s AS from_age,"
					 " tiktokads.clock_day(tiktokads.clock_transaction(), %s) - o.%s AS to_age) AS a"
					 " WHERE o.advertiser_id = $1 AND o.%s >= $2 AND o.%s < $3 + 1 AND NOT (true%s)"
					 " AND a.from_age < a.to_age AND a.to_age <= tiktokads.attribution_days($1) + %d ON CONFLICT DO NOTHING",
					 zone, date, zone, date, date, date, differs, ASOF_MARGIN);

	/* fresh rows have no statistics: a nested loop would look at every pair */
	guc_level = NewGUCNestLevel();
	(void) set_config_option("enable_nestloop", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	scope_execute(sql.data, scope, SPI_OK_INSERT);
	AtEOXact_GUC(false, guc_level);
}
