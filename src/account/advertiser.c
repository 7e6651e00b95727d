/*
 * advertiser.c: the ad accounts behind a connection.
 *
 * Which accounts there are comes from connect()'s list, from the reply to an
 * auth_code, or from oauth2/advertiser/get; what they are from advertiser/info,
 * whose rows are parsed and stored by the same table-driven path as any stream.
 * One account that the token may no longer read is marked and stops no other.
 */
#include "postgres.h"

#include "account/advertiser.h"
#include "api/request.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "store/past.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#define INFO_BATCH	100			/* ids in one advertiser/info */

/* Reads the stream that describes advertiser/info. */
Target *
advertiser_target(MemoryContext context)
{
	int			count;

	return target_load(context, stream_load(context, "advertiser", &count));
}

/* The member of a jsonb object, or NULL. */
static JsonbValue *
json_member(JsonbContainer *container, const char *name)
{
	if (container == NULL || !JsonContainerIsObject(container))
		return NULL;
	return getKeyJsonValueFromContainer(container, name, strlen(name), NULL);
}

/* The object or array in a member, or NULL. */
static JsonbContainer *
json_child(JsonbContainer *container, const char *name)
{
	JsonbValue *value = json_member(container, name);

	return value != NULL && value->type == jbvBinary ? value->val.binary.data : NULL;
}

/* An id from a JSON string or number; an error when it is neither. */
static int64
json_id(const JsonbValue *value)
{
	if (value != NULL && value->type == jbvString)
		return pg_strtoint64(pnstrdup(value->val.string.val, value->val.string.len));
	if (value != NULL && value->type == jbvNumeric)
		return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_JSON_TEXT),
			 errmsg("reply names no ad account where it should"),
			 errhint("Check that the connection's base_url is that of the TikTok Business API.")));
}

/* The ids in an array of ids, or of objects that have advertiser_id. */
int64 *
advertiser_ids_from(JsonbContainer *list, int *count)
{
	int			n = list == NULL || !JsonContainerIsArray(list) ? 0 : JsonContainerSize(list);
	int64	   *ids = palloc(Max(n, 1) * sizeof(int64));

	for (int i = 0; i < n; i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(list, i);

		if (item->type == jbvBinary)
			item = json_member(item->val.binary.data, "advertiser_id");
		ids[i] = json_id(item);
	}
	*count = n;
	return ids;
}

/* The data member of a reply that was already judged good. */
JsonbContainer *
reply_data(const char *body)
{
	Jsonb	   *reply = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(body)));

	return json_child(&reply->root, "data");
}

/* Asks which ad accounts the app and token may read. */
static int64 *
advertisers_list(Caller *caller, const Connection *connection, int *count)
{
	const char *names[] = {"app_id", "secret"};
	const char *values[] = {connection->app_id, connection->app_secret};
	char	   *body;

	body = connection_ask(caller, "GET", "oauth2/advertiser/get/",
						  request_url_parts(connection->base_url, "oauth2/advertiser/get/",
											names, values, 2),
						  NULL, "list the ad accounts");
	return advertiser_ids_from(json_child(reply_data(body), "list"), count);
}

/* Puts one row of advertiser/info into the list. */
static void
advertiser_sink(void *arg, Datum *values, bool *nulls)
{
	AdvertiserList *list = arg;

	values[list->target->ncolumns] = Int64GetDatum(list->nrows++);
	nulls[list->target->ncolumns] = false;
	tuplestore_putvalues(list->rows, list->target->incoming, values, nulls);
}

/* The URL of advertiser/info for some ids. */
static char *
info_url(const Connection *connection, const StreamDef *stream, const int64 *ids, int count)
{
	const char *names[] = {"advertiser_ids"};
	const char *values[1];
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < count; i++)
		appendStringInfo(&list, "%s\"" INT64_FORMAT "\"", i == 0 ? "[" : ",", ids[i]);
	appendStringInfoChar(&list, ']');
	values[0] = list.data;
	return request_url_parts(connection->base_url, stream->path, names, values, 1);
}

/*
 * Fetches advertiser/info for some ids; a batch that the API refuses because of
 * one account is halved until that one is found.
 */
static void
info_fetch(Caller *caller, const Connection *connection, AdvertiserList *list,
		   RowShape *shape, const int64 *ids, int count)
{
	const StreamDef *stream = list->target->stream;
	Envelope	envelope;
	CallError	error;
	Call	   *call = NULL;

	caller_submit(caller, "GET", stream->path, info_url(connection, stream, ids, count), NULL, NULL);
	for (;;)
	{
		if ((call = caller_wait(caller, -1)) == NULL)
			continue;
		if (caller_failed(call, &error))
			call_error_throw(&error, "read the ad accounts");
		reply_parse(call->reply->body, call->reply->body_len, shape, stream->list_name,
					advertiser_sink, list, &envelope);
		if (verdict_of_code(envelope.code)->verdict == VERDICT_OK)
		{
			if (call->reply->dated != 0)
				list->clock_ahead = call->reply->dated - (int64) time(NULL);
			memcpy(list->ids + list->count, ids, count * sizeof(int64));
			list->count += count;
			caller_finish(caller, call);
			return;
		}
		if (caller_retry(caller, call, &envelope, &error))
			continue;
		if (error.verdict == VERDICT_REAUTHORISE && !verdict_of_account(envelope.code))
			call_error_throw(&error, "read the ad accounts");
		break;
	}
	if (count == 1)
	{
		ereport(WARNING,
				(errmsg("ad account " INT64_FORMAT " may not be read: %s", ids[0], error.message),
				 error.hint != NULL ? errhint("%s", error.hint) : 0));
		list->refused[list->nrefused++] = ids[0];
		caller_finish(caller, call);
		return;
	}
	caller_finish(caller, call);
	info_fetch(caller, connection, list, shape, ids, count / 2);
	info_fetch(caller, connection, list, shape, ids + count / 2, count - count / 2);
}

/* Asks the API which ad accounts the connection may read and what they are. */
void
advertisers_fetch(Caller *caller, const Connection *connection, Target *target, AdvertiserList *list)
{
	int			count = connection->nadvertiser_ids;
	int64	   *ids = connection->advertiser_ids;
	RowShape   *shape = row_shape_build(target->incoming, target->stream);

	if (count == 0)
	{
		if (connection->app_id == NULL || connection->app_secret == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("ad accounts of connection \"%s\" cannot be found", connection->name),
					 errhint("Give app_id with app_secret_file so that the API can list them, or name them in advertiser_ids.")));
		ids = advertisers_list(caller, connection, &count);
	}
	memset(list, 0, sizeof(*list));
	list->target = target;
	list->ids = palloc(Max(count, 1) * sizeof(int64));
	list->refused = palloc(Max(count, 1) * sizeof(int64));
	list->rows = incoming_begin();
	for (int i = 0; i < count; i += INFO_BATCH)
		info_fetch(caller, connection, list, shape, ids + i, Min(INFO_BATCH, count - i));
	list->filled = row_shape_filled(shape);
}

/* A bigint[] of ids. */
Datum
advertiser_ids_array(const int64 *ids, int count)
{
	Datum	   *items = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		items[i] = Int64GetDatum(ids[i]);
	return PointerGetDatum(construct_array(items, count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Records whether the API's clock and ours agree. */
static void
clock_compare(const Connection *connection, int64 ahead)
{
	Oid			types[] = {TEXTOID, INT8OID};
	Datum		values[] = {CStringGetTextDatum(connection->name), Int64GetDatum(ahead)};

	unit_execute("SELECT tiktokads.check_clock($1, $2)", 2, types, values, NULL, SPI_OK_SELECT);
}

/* Stores what was fetched. */
void
advertisers_store(const Connection *connection, AdvertiserList *list)
{
	Oid			types[] = {TEXTOID, INT8ARRAYOID};
	Datum		values[] = {
		CStringGetTextDatum(connection->name),
		advertiser_ids_array(list->ids, list->count)
	};
	StoreCounts counts;

	target_store(list->target, NULL, list->rows, list->nrows, list->filled, -1, &counts);
	unit_execute("UPDATE tiktokads.advertiser AS a SET connection = $1, readable = true,"
				 " changed_at = CASE WHEN readable THEN changed_at ELSE tiktokads.clock_transaction() END"
				 " WHERE a.advertiser_id = ANY ($2)"
				 " AND (a.connection IS NULL OR a.connection = $1 OR NOT a.readable)"
				 " AND (a.connection IS DISTINCT FROM $1 OR NOT a.readable)",
				 2, types, values, NULL, SPI_OK_UPDATE);
	unit_execute("UPDATE tiktokads.advertiser AS a SET readable = false, changed_at = tiktokads.clock_transaction()"
				 " WHERE a.connection = $1 AND a.readable AND a.advertiser_id <> ALL ($2)",
				 2, types, values, NULL, SPI_OK_UPDATE);
	clock_compare(connection, list->clock_ahead);
	/* the tables of history may be younger than list->target */
	past_keep(advertiser_target(CurrentMemoryContext), 0);
}

/* Marks an ad account as one that the token may not read. */
void
advertiser_unreadable(int64 advertiser_id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(advertiser_id)};

	unit_execute("UPDATE tiktokads.advertiser SET readable = false, changed_at = tiktokads.clock_transaction()"
				 " WHERE advertiser_id = $1 AND readable",
				 1, types, values, NULL, SPI_OK_UPDATE);
	past_keep(advertiser_target(CurrentMemoryContext), advertiser_id);
}
