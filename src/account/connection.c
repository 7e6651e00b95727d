/*
 * connection.c: connections as they are stored, checked and spoken for.
 *
 * A connection acts only in the database that connected it: it remembers the
 * cluster's system identifier and the database's OID, so that a restored copy
 * does not spend the original's rate budget until somebody resumes it there.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "account/connection.h"
#include "account/seal.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "net/address.h"
#include "net/net.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(tiktokads_this_system);
PG_FUNCTION_INFO_V1(tiktokads_disconnect);
PG_FUNCTION_INFO_V1(tiktokads_pause);
PG_FUNCTION_INFO_V1(tiktokads_resume);

static const char *connection_query =
	"SELECT c.*, coalesce(r.oid, 0::oid) AS connected_by_oid,"
	" ARRAY(SELECT id::text FROM pg_catalog.unnest(c.advertiser_ids) AS id) AS advertiser_names,"
	" (c.system_identifier, c.database_oid) = (h.system_identifier, h.database_oid) AS acts_here"
	" FROM tiktokads.connection AS c CROSS JOIN tiktokads.this_system() AS h"
	" LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = c.connected_by"
	" WHERE $1 IS NULL OR c.name = $1 ORDER BY c.name";

/* Identifies this database: cluster and OID. */
Datum
tiktokads_this_system(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum((int64) GetSystemIdentifier());
	values[1] = ObjectIdGetDatum(MyDatabaseId);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* Whose budget a connection's requests use. */
char *
connection_app(const char *app_id, const char *name)
{
	return app_id != NULL ? pstrdup(app_id) : psprintf("connection:%s", name);
}

/* Copies one row of tiktokads.connection. */
static void
connection_copy(MemoryContext context, int row, Connection *connection)
{
	Names		ids = row_names(CurrentMemoryContext, row, "advertiser_names");
	MemoryContext before = MemoryContextSwitchTo(context);

	connection->context = context;
	connection->name = row_text(context, row, "name");
	connection->app_id = row_text(context, row, "app_id");
	connection->app = connection_app(connection->app_id, connection->name);
	connection->base_url = row_text(context, row, "base_url");
	connection->tier = row_text(context, row, "tier");
	connection->access_token_file = row_text(context, row, "access_token_file");
	connection->app_secret_file = row_text(context, row, "app_secret_file");
	connection->proxy = row_text(context, row, "proxy");
	connection->ca_file = row_text(context, row, "ca_file");
	connection->connected_by = (Oid) row_int64(row, "connected_by_oid", NULL);
	connection->nadvertiser_ids = ids.count;
	connection->advertiser_ids = palloc(Max(ids.count, 1) * sizeof(int64));
	for (int i = 0; i < ids.count; i++)
		connection->advertiser_ids[i] = pg_strtoint64(ids.items[i]);
	MemoryContextSwitchTo(before);
}

/* True when the row's connection may act here; else says why, at the given level (0: not at all). */
static bool
connection_acts(int row, int level)
{
	char	   *name = row_text(CurrentMemoryContext, row, "name");
	char	   *reason = row_text(CurrentMemoryContext, row, "pause_reason");

	if (level == 0)
		return row_bool(row, "acts_here") && !row_bool(row, "paused");
	if (!row_bool(row, "acts_here"))
	{
		ereport(level,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("connection \"%s\" was made in another database and is paused in this copy", name),
				 errhint("If this database is to act for it from now on: CALL tiktokads.resume(%s);",
						 quote_literal_cstr(name))));
		return false;
	}
	if (row_bool(row, "paused"))
	{
		ereport(level,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("connection \"%s\" is paused%s%s", name,
						reason == NULL ? "" : ": ", reason == NULL ? "" : reason),
				 errhint("CALL tiktokads.resume(%s); lets it sync again.", quote_literal_cstr(name))));
		return false;
	}
	return true;
}

/* Reads the connections that may act in this database, or the one named. */
Connection *
connection_load(MemoryContext context, const char *name, int *count)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {name == NULL ? (Datum) 0 : CStringGetTextDatum(name)};
	Connection *connections;
	int			nrows;

	unit_execute(connection_query, 1, types, values, name == NULL ? "n" : NULL, SPI_OK_SELECT);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 name == NULL ? errmsg("there is no connection") :
				 errmsg("connection \"%s\" does not exist", name),
				 errhint("CALL tiktokads.connect(...) makes one; tiktokads.connection lists them.")));
	nrows = (int) SPI_processed;
	connections = MemoryContextAllocZero(context, nrows * sizeof(Connection));
	*count = 0;
	for (int i = 0; i < nrows; i++)
		if (connection_acts(i, nrows == 1 ? ERROR : WARNING))
			connection_copy(context, i, &connections[(*count)++]);
	return connections;
}

/* Reads the connections that may act in this database, in silence about the others. */
Connection *
connection_load_acting(MemoryContext context, int *count)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {(Datum) 0};
	Connection *connections;
	int			nrows;

	unit_execute(connection_query, 1, types, values, "n", SPI_OK_SELECT);
	nrows = (int) SPI_processed;
	connections = MemoryContextAllocZero(context, Max(nrows, 1) * sizeof(Connection));
	*count = 0;
	for (int i = 0; i < nrows; i++)
		if (connection_acts(i, 0))
			connection_copy(context, i, &connections[(*count)++]);
	return connections;
}

/* Reads a connection, whether it may act or not. */
Connection *
connection_find(MemoryContext context, const char *name, bool *paused)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};
	Connection *connection = MemoryContextAllocZero(context, sizeof(Connection));

	unit_execute(connection_query, 1, types, values, NULL, SPI_OK_SELECT);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("connection \"%s\" does not exist", name),
				 errhint("SELECT name FROM tiktokads.connection; lists them.")));
	connection_copy(context, 0, connection);
	*paused = row_bool(0, "paused");
	return connection;
}

/* The secret that was sealed, else from its file, else the one this session was given, or NULL. */
static char *
connection_secret(Connection *connection, const char *file, SecretKind kind)
{
	char	   *sealed = seal_recall(connection->context, connection->name, kind);
	char	   *read;
	const char *value;

	if (sealed != NULL)
		return sealed;
	if (file != NULL)
	{
		read = secret_read(file, connection->connected_by, kind);
		sealed = MemoryContextStrdup(connection->context, read);
		secret_cleanse(&read);
		return sealed;
	}
	value = secret_recall(connection->name, kind);
	return value == NULL ? NULL : MemoryContextStrdup(connection->context, value);
}

/* Reads the secrets that can be read. */
void
connection_unlock_some(Connection *connection)
{
	connection->access_token = seal_recall(connection->context, connection->name, SECRET_ACCESS_TOKEN);
	connection->app_secret = connection_secret(connection, connection->app_secret_file, SECRET_APP);
}

/* Reads the secrets of a connection. */
void
connection_unlock(Connection *connection)
{
	connection->access_token = connection_secret(connection, connection->access_token_file,
												 SECRET_ACCESS_TOKEN);
	connection->app_secret = connection_secret(connection, connection->app_secret_file, SECRET_APP);
	if (connection->access_token == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("connection \"%s\" has no access token in this session", connection->name),
				 errdetail("It was connected with a literal token, which lives only in the session that gave it."),
				 errhint("CALL tiktokads.rotate_credentials(%s, access_token_file => ...) lets every session use it.",
						 quote_literal_cstr(connection->name))));
}

/* Cleanses the secrets that connection_unlock() read. */
void
connection_lock(Connection *connection)
{
	secret_cleanse(&connection->access_token);
	secret_cleanse(&connection->app_secret);
}

/* Pauses a connection whose credentials the API refused. */
void
connection_refused(const char *name, const CallError *error)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	char	   *reason = error->code == 0 ? psprintf("the API refused the credentials: %s", error->message) :
		psprintf("the API refused the credentials: %s (code " INT64_FORMAT ")", error->message, error->code);
	Datum		values[] = {CStringGetTextDatum(name), CStringGetTextDatum(reason)};

	unit_execute("UPDATE tiktokads.connection SET paused = true, pause_reason = $2 WHERE name = $1 AND NOT paused",
				 lengthof(types), types, values, NULL, SPI_OK_UPDATE);
	unit_execute("SELECT tiktokads.finding_raise('token_refused', $1, NULL, NULL, NULL, NULL, $2,"
				 " pg_catalog.format('CALL tiktokads.rotate_credentials(%L, access_token_file => ...); then CALL tiktokads.resume(%L);', $1, $1))",
				 lengthof(types), types, values, NULL, SPI_OK_SELECT);
}

/* Sets the caller up to speak for a connection. */
void
connection_caller(const Connection *connection, Exchange *exchange, Caller *caller)
{
	const PaceLimit *limit = pace_tier(connection->tier);

	if (limit == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown rate tier \"%s\"", connection->tier),
				 errhint("One of sandbox, basic, advanced, premium, ultimate.")));
	if (limit->per_second == 0 && !address_check_url(connection->base_url).loopback)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rate tier \"%s\" is for loopback addresses", connection->tier),
				 errhint("Name the tier of the app: sandbox, basic, advanced, premium or ultimate.")));
	memset(caller, 0, sizeof(*caller));
	caller->context = CurrentMemoryContext;
	caller->exchange = exchange;
	caller->app = connection->app;
	caller->limit = *limit;
	caller->access_token = connection->access_token;
	caller->proxy = connection->proxy;
	caller->ca_file = connection->ca_file;
	caller->max_in_flight = 1;
}

/* Sends one request and waits for its reply. */
char *
connection_ask(Caller *caller, const char *method, const char *endpoint,
			   const char *url, const char *body, const char *what)
{
	Envelope	envelope;
	CallError	error;
	Call	   *call;
	char	   *text;

	caller_submit(caller, method, endpoint, url, body, NULL);
	for (;;)
	{
		call = caller_wait(caller, -1);
		if (call == NULL)
			continue;
		if (caller_failed(call, &error))
			call_error_throw(&error, what);
		reply_parse(call->reply->body, call->reply->body_len, NULL, NULL, NULL, NULL, &envelope);
		if (verdict_of_code(envelope.code)->verdict == VERDICT_OK)
			break;
		if (!caller_retry(caller, call, &envelope, &error))
			call_error_throw(&error, what);
	}
	text = pnstrdup(call->reply->body, call->reply->body_len);
	caller_finish(caller, call);
	return text;
}

/* A change of one connection by name, as its procedures make it. */
typedef struct ConnectionChange
{
	const char *sql;
	text	   *name;
	text	   *reason;			/* NULL: none */
} ConnectionChange;

/* Makes the change; an error unless there is such a connection. */
static void
connection_change(void *arg)
{
	ConnectionChange *change = arg;
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {PointerGetDatum(change->name), PointerGetDatum(change->reason)};

	SPI_execute_with_args(change->sql, 2, types, values, change->reason == NULL ? " n" : NULL, false, 0);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("connection \"%s\" does not exist", text_to_cstring(change->name)),
				 errhint("SELECT name FROM tiktokads.connection; lists them.")));
}

/* Runs a change on the connection that the first argument names. */
static void
connection_change_call(FunctionCallInfo fcinfo, const char *procedure, const char *sql)
{
	ConnectionChange change = {sql, NULL, NULL};
	Authority	authority;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the connection must not be null"),
				 errhint("SELECT name FROM tiktokads.connection; lists them.")));
	change.name = PG_GETARG_TEXT_PP(0);
	if (PG_NARGS() > 1 && !PG_ARGISNULL(1))
		change.reason = PG_GETARG_TEXT_PP(1);
	authority_of_call(fcinfo, procedure, &authority);
	unit_join(&authority, connection_change, &change);
}

/* CALL tiktokads.disconnect(name): forgets a connection and its credentials. */
Datum
tiktokads_disconnect(PG_FUNCTION_ARGS)
{
	connection_change_call(fcinfo, "tiktokads.disconnect",
						   "WITH sealed AS (DELETE FROM tiktokads.credential WHERE connection = $1)"
						   " DELETE FROM tiktokads.connection WHERE name = $1 AND $2 IS NULL");
	secret_forget(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/* CALL tiktokads.pause(name, reason): stops the syncs of a connection. */
Datum
tiktokads_pause(PG_FUNCTION_ARGS)
{
	connection_change_call(fcinfo, "tiktokads.pause",
						   "UPDATE tiktokads.connection SET paused = true, pause_reason = $2 WHERE name = $1");
	PG_RETURN_VOID();
}

/* CALL tiktokads.resume(name): lets a connection sync again, from this database. */
Datum
tiktokads_resume(PG_FUNCTION_ARGS)
{
	connection_change_call(fcinfo, "tiktokads.resume",
						   "UPDATE tiktokads.connection AS c SET paused = false, pause_reason = NULL,"
						   " system_identifier = h.system_identifier, database_oid = h.database_oid"
						   " FROM tiktokads.this_system() AS h WHERE c.name = $1 AND $2 IS NULL");
	PG_RETURN_VOID();
}
