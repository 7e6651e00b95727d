/*
 * rotate.c: CALL tiktokads.rotate_credentials().
 *
 * As for connect(), the API is asked about the new credentials, with no
 * transaction open, before anything is changed; then the new ones take the
 * place of the old in one commit.
 */
#include "postgres.h"

#include "account/connecting.h"
#include "account/seal.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(tiktokads_rotate_credentials);

/* Positions of the procedure's arguments. */
enum RotateArgument
{
	ARG_NAME,
	ARG_ACCESS_TOKEN_FILE,
	ARG_ACCESS_TOKEN,
	ARG_AUTH_CODE,
	ARG_APP_SECRET_FILE,
	ARG_APP_SECRET
};

/* What was given, beside what Connecting holds. */
typedef struct Rotating
{
	Connecting	connecting;
	char	   *name;
	char	   *token_file;
	char	   *secret_file;
	bool		paused;
} Rotating;

/* Takes the arguments, and refuses what does not go together. */
static void
arguments_take(FunctionCallInfo fcinfo, Rotating *rotating)
{
	Connecting *connecting = &rotating->connecting;
	int			tokens;
	int			secrets;

	rotating->name = connecting_argument(fcinfo, ARG_NAME);
	rotating->token_file = connecting_argument(fcinfo, ARG_ACCESS_TOKEN_FILE);
	rotating->secret_file = connecting_argument(fcinfo, ARG_APP_SECRET_FILE);
	connecting->literal_token = connecting_argument(fcinfo, ARG_ACCESS_TOKEN);
	connecting->token_in_statement = connecting_is_literal(fcinfo, ARG_ACCESS_TOKEN);
	connecting->literal_secret = connecting_argument(fcinfo, ARG_APP_SECRET);
	connecting->secret_in_statement = connecting_is_literal(fcinfo, ARG_APP_SECRET);
	connecting->auth_code = connecting_argument(fcinfo, ARG_AUTH_CODE);
	tokens = (rotating->token_file != NULL) + (connecting->literal_token != NULL) + (connecting->auth_code != NULL);
	secrets = (rotating->secret_file != NULL) + (connecting->literal_secret != NULL);
	if (rotating->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the connection must not be null"),
				 errhint("SELECT name FROM tiktokads.connection; lists them.")));
	if (tokens > 1 || secrets > 1 || tokens + secrets == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("one of access_token_file, access_token and auth_code, or one of app_secret_file and app_secret, or one of each is needed"),
				 errhint("Prefer files: secrets then stay out of statements and logs.")));
}

/* Unit: the connection as it is, with its secrets where they can be read. */
static void
unit_load(void *arg)
{
	Rotating   *rotating = arg;
	Connection *connection = &rotating->connecting.connection;

	*connection = *connection_find(connection->context, rotating->name, &rotating->paused);
	connection_unlock_some(connection);
	rotating->connecting.target = advertiser_target(connection->context);
}

/* Puts what was given in the place of what was there. */
static void
rotating_replace(Rotating *rotating)
{
	Connecting *connecting = &rotating->connecting;
	Connection *connection = &connecting->connection;

	if (rotating->token_file != NULL || connecting->literal_token != NULL || connecting->auth_code != NULL)
		connection->access_token_file = rotating->token_file;
	if (rotating->secret_file != NULL || connecting->literal_secret != NULL)
		connection->app_secret_file = rotating->secret_file;
	if (rotating->token_file != NULL || rotating->secret_file != NULL)
		connection->connected_by = GetUserId();
}

/* Unit: the new credentials in place of the old. */
static void
unit_rotate(void *arg)
{
	Rotating   *rotating = arg;
	Connection *connection = &rotating->connecting.connection;
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(connection->name),
		connection->access_token_file == NULL ? (Datum) 0 : CStringGetTextDatum(connection->access_token_file),
		connection->app_secret_file == NULL ? (Datum) 0 : CStringGetTextDatum(connection->app_secret_file),
		CStringGetTextDatum(GetUserNameFromId(connection->connected_by, false))
	};
	char		nulls[] = {' ', connection->access_token_file == NULL ? 'n' : ' ',
	connection->app_secret_file == NULL ? 'n' : ' ', ' '};

	unit_execute("UPDATE tiktokads.connection SET access_token_file = $2, app_secret_file = $3, connected_by = $4"
				 " WHERE name = $1", lengthof(types), types, values, nulls, SPI_OK_UPDATE);
	connecting_keep_secrets(&rotating->connecting);
	advertisers_store(connection, &rotating->connecting.list);
}

/* CALL tiktokads.rotate_credentials(...): new credentials for a connection. */
Datum
tiktokads_rotate_credentials(PG_FUNCTION_ARGS)
{
	Rotating	rotating = {{{0}}};
	Connecting *connecting = &rotating.connecting;
	Authority	authority;
	MemoryContext context = CurrentMemoryContext;

	arguments_take(fcinfo, &rotating);
	call_open(fcinfo, "tiktokads.rotate_credentials", &authority);
	if (connecting->literal_token != NULL || connecting->literal_secret != NULL || connecting->auth_code != NULL)
		seal_check();
	connecting->connection.context = context;
	unit_run(&authority, unit_load, &rotating);
	rotating_replace(&rotating);
	unit_run_as_caller(&authority, connecting_take_secrets, connecting);
	connecting_ask(connecting);
	unit_run(&authority, unit_rotate, &rotating);
	tuplestore_end(connecting->list.rows);
	connecting_end(connecting);
	ereport(NOTICE,
			(errmsg("connection \"%s\" has new credentials", rotating.name),
			 rotating.paused ? errhint("It is paused: CALL tiktokads.resume(%s); lets it sync again.",
									   quote_literal_cstr(rotating.name)) : 0));
	call_close();
	PG_RETURN_VOID();
}
