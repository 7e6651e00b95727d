/*
 * connect.c: CALL tiktokads.connect().
 *
 * What can be refused without the network is refused first; then the API is
 * asked, with no transaction open; only when it has confirmed the credentials
 * are roles, model, connection and advertisers written, the last two together.
 */
#include "postgres.h"

#include "account/advertiser.h"
#include "account/connecting.h"
#include "account/seal.h"
#include "account/secret.h"
#include "api/request.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "model/model.h"
#include "nodes/nodeFuncs.h"
#include "net/address.h"
#include "net/budget.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(tiktokads_connect);

/* Positions of the procedure's arguments. */
enum ConnectArgument
{
	ARG_NAME,
	ARG_ACCESS_TOKEN_FILE,
	ARG_ACCESS_TOKEN,
	ARG_AUTH_CODE,
	ARG_APP_ID,
	ARG_APP_SECRET_FILE,
	ARG_APP_SECRET,
	ARG_BASE_URL,
	ARG_TIER,
	ARG_PROXY,
	ARG_CA_FILE,
	ARG_ADVERTISER_IDS
};

/* A text argument, NULL when it is null or empty. */
char *
connecting_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *value;

	if (PG_ARGISNULL(n))
		return NULL;
	value = text_to_cstring(PG_GETARG_TEXT_PP(n));
	return *value == '\0' ? NULL : value;
}

/* True unless an argument came as a parameter, in which case no statement holds it. */
bool
connecting_is_literal(FunctionCallInfo fcinfo, int n)
{
	Node	   *call = fcinfo->flinfo->fn_expr;
	Node	   *argument;

	if (call == NULL || !IsA(call, FuncExpr) || n >= list_length(((FuncExpr *) call)->args))
		return true;
	argument = strip_implicit_coercions(list_nth(((FuncExpr *) call)->args, n));
	return !IsA(argument, Param);
}

/* Takes the list of ad accounts that the caller named. */
static void
arguments_take_ids(FunctionCallInfo fcinfo, Connecting *connecting)
{
	Connection *connection = &connecting->connection;
	Datum	   *items;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(ARG_ADVERTISER_IDS))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_ADVERTISER_IDS), INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &items, &nulls, &count);
	connection->advertiser_ids = palloc(Max(count, 1) * sizeof(int64));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i] || DatumGetInt64(items[i]) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("advertiser_ids must hold positive numbers"),
					 errhint("Copy the ids of the ad accounts from TikTok Ads Manager.")));
		connection->advertiser_ids[i] = DatumGetInt64(items[i]);
	}
	connection->nadvertiser_ids = count;
	connecting->named_ids = count > 0;
}

/* Takes the arguments into the connection that is to be. */
static void
arguments_take(FunctionCallInfo fcinfo, Connecting *connecting)
{
	Connection *connection = &connecting->connection;

	connection->context = CurrentMemoryContext;
	connection->connected_by = GetUserId();
	connection->name = connecting_argument(fcinfo, ARG_NAME);
	connection->access_token_file = connecting_argument(fcinfo, ARG_ACCESS_TOKEN_FILE);
	connecting->literal_token = connecting_argument(fcinfo, ARG_ACCESS_TOKEN);
	connecting->token_in_statement = connecting_is_literal(fcinfo, ARG_ACCESS_TOKEN);
	connecting->auth_code = connecting_argument(fcinfo, ARG_AUTH_CODE);
	connection->app_id = connecting_argument(fcinfo, ARG_APP_ID);
	connection->app_secret_file = connecting_argument(fcinfo, ARG_APP_SECRET_FILE);
	connecting->literal_secret = connecting_argument(fcinfo, ARG_APP_SECRET);
	connecting->secret_in_statement = connecting_is_literal(fcinfo, ARG_APP_SECRET);
	connection->base_url = connecting_argument(fcinfo, ARG_BASE_URL);
	connection->tier = connecting_argument(fcinfo, ARG_TIER);
	connection->proxy = connecting_argument(fcinfo, ARG_PROXY);
	connection->ca_file = connecting_argument(fcinfo, ARG_CA_FILE);
	arguments_take_ids(fcinfo, connecting);
}

/* Complains about a name that cannot be one. */
static void
name_check(const char *name)
{
	if (name == NULL || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a connection needs a name of 1 to %d bytes", NAMEDATALEN - 1),
				 errhint("Any name that tells people which app it is.")));
}

/* Complains about arguments that are missing or exclude each other. */
static void
arguments_check(Connecting *connecting)
{
	Connection *connection = &connecting->connection;

	if ((connection->access_token_file != NULL) + (connecting->literal_token != NULL) +
		(connecting->auth_code != NULL) != (connection->access_token != NULL ? 0 : 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("exactly one of access_token_file, access_token and auth_code is needed"),
				 errhint("Prefer access_token_file: the token then stays out of statements and logs.")));
	if (connection->app_secret_file != NULL && connecting->literal_secret != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("app_secret_file and app_secret exclude each other"),
				 errhint("Prefer app_secret_file: the secret then stays out of statements and logs.")));
	if (connecting->auth_code != NULL &&
		(connection->app_id == NULL ||
		 (connection->app_secret_file == NULL && connecting->literal_secret == NULL && connection->app_secret == NULL)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("auth_code needs app_id and the app's secret"),
				 errhint("Give app_id with app_secret_file: the API exchanges all three for a token.")));
	if (connection->base_url == NULL || connection->tier == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("base_url and tier must not be null"),
				 errhint("Leave them out for the production API and the basic tier.")));
}

/* Checks the base URL, gives it its trailing slash, and checks the CA file's path. */
static void
addresses_check(Connection *connection)
{
	if (strpbrk(connection->base_url, "?#") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("base_url must not have a query or fragment: \"%s\"", connection->base_url),
				 errhint("For example https://business-api.tiktok.com/open_api/v1.3/.")));
	if (connection->base_url[strlen(connection->base_url) - 1] != '/')
		connection->base_url = psprintf("%s/", connection->base_url);
	exchange_check_url(connection->base_url);
	if (connection->ca_file != NULL && !is_absolute_path(connection->ca_file))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ca_file must be an absolute path: \"%s\"", connection->ca_file),
				 errhint("Name the file on the database server, from the root directory.")));
}

/* Tells once where a statement's text may have been kept. */
static void
literal_warn(const char *argument, const char *file_argument, bool in_statement)
{
	if (!in_statement)
		return;
	ereport(WARNING,
			(seal_is_possible() ? errmsg("%s was given in the statement", argument) :
			 errmsg("%s was given in the statement and is kept for this session alone", argument),
			 errdetail("The statement's text may be in the server's log, pg_stat_activity, pg_stat_statements and the client's history."),
			 errhint("Use %s, and consider renewing the secret.", file_argument)));
}

/* A secret that was given as a value or as a file, else NULL. */
static char *
secret_take(Connection *connection, char *literal, const char *file, SecretKind kind)
{
	if (literal != NULL)
		secret_check(literal, kind);
	else if (file != NULL)
		return MemoryContextStrdup(connection->context, secret_read(file, connection->connected_by, kind));
	return literal == NULL ? NULL : MemoryContextStrdup(connection->context, literal);
}

/* Reads or takes the secrets; as the caller, in a unit of work. */
void
connecting_take_secrets(void *arg)
{
	Connecting *connecting = arg;
	Connection *connection = &connecting->connection;
	char	   *token = secret_take(connection, connecting->literal_token, connection->access_token_file, SECRET_ACCESS_TOKEN);
	char	   *secret = secret_take(connection, connecting->literal_secret, connection->app_secret_file, SECRET_APP);

	if (connecting->literal_token != NULL)
		literal_warn("access_token", "access_token_file", connecting->token_in_statement);
	if (connecting->literal_secret != NULL)
		literal_warn("app_secret", "app_secret_file", connecting->secret_in_statement);
	if (token != NULL)
		connection->access_token = token;
	if (secret != NULL)
		connection->app_secret = secret;
}

/* Looks whether there is anybody who could have sealed anything. */
static void
roles_look(void *arg)
{
	Connecting *connecting = arg;

	connecting->roles_ready = model_roles_ready();
}

/* Opens what was sealed for the connection before, where nothing else is given. */
static void
secrets_recall(void *arg)
{
	Connecting *connecting = arg;
	Connection *connection = &connecting->connection;

	if (connection->access_token_file == NULL && connecting->literal_token == NULL && connecting->auth_code == NULL)
		connection->access_token = seal_recall(connection->context, connection->name, SECRET_ACCESS_TOKEN);
	if (connection->app_secret_file == NULL && connecting->literal_secret == NULL)
		connection->app_secret = seal_recall(connection->context, connection->name, SECRET_APP);
}

/* Seals what is to be kept and forgets what was sealed before it; in a unit of work. */
void
connecting_keep_secrets(Connecting *connecting)
{
	Connection *connection = &connecting->connection;
	bool		possible = seal_is_possible();

	if (connecting->literal_token != NULL && possible)
		seal_store(connection->name, SECRET_ACCESS_TOKEN, connecting->literal_token);
	else if (connecting->literal_token != NULL || connection->access_token_file != NULL)
		seal_forget(connection->name, SECRET_ACCESS_TOKEN);
	if (connecting->literal_secret != NULL && possible)
		seal_store(connection->name, SECRET_APP, connecting->literal_secret);
	else if (connecting->literal_secret != NULL || connection->app_secret_file != NULL)
		seal_forget(connection->name, SECRET_APP);
}

/* Remembers for the session what could not be sealed, and cleanses the rest. */
void
connecting_end(Connecting *connecting)
{
	Connection *connection = &connecting->connection;

	secret_forget(connection->name);
	if (connecting->literal_token != NULL && !seal_is_possible())
		secret_remember(connection->name, SECRET_ACCESS_TOKEN, connecting->literal_token);
	if (connecting->literal_secret != NULL && !seal_is_possible())
		secret_remember(connection->name, SECRET_APP, connecting->literal_secret);
	secret_cleanse(&connecting->literal_token);
	secret_cleanse(&connecting->literal_secret);
	connection_lock(connection);
}

/* Appends "name": "value" to a JSON object. */
static void
append_json_member(StringInfo body, const char *name, const char *value)
{
	appendStringInfoString(body, body->len == 0 ? "{" : ",");
	escape_json(body, name);
	appendStringInfoChar(body, ':');
	escape_json(body, value);
}

/* Exchanges the auth_code for an access token, which lives in this session. */
static void
auth_code_exchange(Caller *caller, Connecting *connecting)
{
	Connection *connection = &connecting->connection;
	StringInfoData body;
	JsonbContainer *data;
	JsonbValue *token;
	JsonbValue *ids;

	initStringInfo(&body);
	append_json_member(&body, "app_id", connection->app_id);
	append_json_member(&body, "secret", connection->app_secret);
	append_json_member(&body, "auth_code", connecting->auth_code);
	appendStringInfoChar(&body, '}');
	data = reply_data(connection_ask(caller, "POST", "oauth2/access_token/",
									 request_url_parts(connection->base_url, "oauth2/access_token/",
													   NULL, NULL, 0),
									 body.data, "exchange the auth_code for an access token"));
	token = data == NULL ? NULL : getKeyJsonValueFromContainer(data, "access_token", 12, NULL);
	if (token == NULL || token->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("reply to the auth_code holds no access token"),
				 errhint("An auth_code works once and for one hour: have the advertiser authorise the app again.")));
	connection->access_token = pnstrdup(token->val.string.val, token->val.string.len);
	secret_check(connection->access_token, SECRET_ACCESS_TOKEN);
	caller->access_token = connection->access_token;
	connecting->literal_token = pstrdup(connection->access_token);
	ids = getKeyJsonValueFromContainer(data, "advertiser_ids", 14, NULL);
	if (!connecting->named_ids && ids != NULL && ids->type == jbvBinary)
		connection->advertiser_ids = advertiser_ids_from(ids->val.binary.data,
														 &connection->nadvertiser_ids);
	if (!seal_is_possible())
		ereport(WARNING,
				(errmsg("access token of the auth_code is kept for this session alone"),
				 errhint("Set tiktokads.key_file, or put a token into a file and connect with access_token_file, so that other sessions can sync.")));
}

/* Loads what describes advertiser/info. */
static void
target_take(void *arg)
{
	Connecting *connecting = arg;

	connecting->target = advertiser_target(connecting->connection.context);
}

/* Writes the connection and its advertisers. */
static void
connecting_store(void *arg)
{
	Connecting *connecting = arg;
	Connection *connection = &connecting->connection;
	const char *texts[] = {
		connection->name, connection->app_id, connection->base_url, connection->tier,
		connection->access_token_file, connection->app_secret_file, connection->proxy,
		connection->ca_file, NULL
	};
	Oid			types[lengthof(texts) + 1];
	Datum		values[lengthof(texts) + 1];
	char		nulls[lengthof(texts) + 1];
	int			n = lengthof(texts);

	for (int i = 0; i < n; i++)
	{
		types[i] = TEXTOID;
		nulls[i] = texts[i] == NULL ? 'n' : ' ';
		values[i] = texts[i] == NULL ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	values[n - 1] = CStringGetTextDatum(GetUserNameFromId(connection->connected_by, false));
	nulls[n - 1] = ' ';
	types[n] = INT8ARRAYOID;
	nulls[n] = connecting->named_ids ? ' ' : 'n';
	values[n] = connecting->named_ids ?
		advertiser_ids_array(connection->advertiser_ids, connection->nadvertiser_ids) : (Datum) 0;

	unit_execute("SELECT FROM tiktokads.connection WHERE name = $1", n + 1, types, values, nulls, SPI_OK_SELECT);
	connecting->existed = SPI_processed > 0;
	unit_execute("INSERT INTO tiktokads.connection (name, app_id, base_url, tier, access_token_file,"
				 " app_secret_file, proxy, ca_file, connected_by, advertiser_ids, system_identifier, database_oid)"
				 " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, h.system_identifier, h.database_oid"
				 " FROM tiktokads.this_system() AS h"
				 " ON CONFLICT (name) DO UPDATE SET (app_id, base_url, tier, access_token_file, app_secret_file,"
				 " proxy, ca_file, connected_by, advertiser_ids, system_identifier, database_oid, connected_at,"
				 " paused, pause_reason) = (EXCLUDED.app_id, EXCLUDED.base_url, EXCLUDED.tier,"
				 " EXCLUDED.access_token_file, EXCLUDED.app_secret_file, EXCLUDED.proxy, EXCLUDED.ca_file,"
				 " EXCLUDED.connected_by, EXCLUDED.advertiser_ids, EXCLUDED.system_identifier,"
				 " EXCLUDED.database_oid, EXCLUDED.connected_at, false, NULL)",
				 n + 1, types, values, nulls, SPI_OK_INSERT);
	connecting_keep_secrets(connecting);
	advertisers_store(connection, &connecting->list);
	unit_execute("SELECT a.advertiser_id, a.name, a.currency, a.display_timezone FROM tiktokads.advertiser AS a"
				 " WHERE a.connection = $1 AND a.readable ORDER BY a.advertiser_id",
				 n + 1, types, values, nulls, SPI_OK_SELECT);
}

/* Tells when another database of the server uses the same app. */
static void
connecting_tell_share(const Connection *connection)
{
	Oid			others[16];
	int			count = budget_share(connection->app, others, lengthof(others));

	for (int i = 0; i < count; i++)
	{
		char	   *name = get_database_name(others[i]);

		if (name != NULL)
			ereport(NOTICE,
					(errmsg("database \"%s\" uses app %s as well: both share its rate budget", name, connection->app),
					 errhint("Connect each app in one database where you can; the API counts requests by app.")));
	}
}

/* Reports what was found: the rows that connecting_store() read last. */
static void
connecting_report(void *arg)
{
	Connecting *connecting = arg;
	MemoryContext context = CurrentMemoryContext;

	connecting_store(connecting);
	ereport(NOTICE,
			(errmsg("connection \"%s\" %s: " UINT64_FORMAT " ad accounts",
					connecting->connection.name,
					connecting->existed ? "connected anew" : "connected", SPI_processed)));
	connecting_tell_share(&connecting->connection);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *name = row_text(context, (int) i, "name");
		char	   *currency = row_text(context, (int) i, "currency");
		char	   *zone = row_text(context, (int) i, "display_timezone");

		ereport(NOTICE,
				(errmsg("ad account " INT64_FORMAT ": %s, %s, %s",
						row_int64((int) i, "advertiser_id", NULL), name == NULL ? "" : name,
						currency == NULL ? "currency unknown" : currency,
						zone == NULL ? "time zone unknown" : zone)));
	}
}

/* Asks the API about the credentials and the ad accounts. */
void
connecting_ask(Connecting *connecting)
{
	Connection *connection = &connecting->connection;
	Exchange   *exchange = exchange_open();
	Caller		caller;

	PG_TRY();
	{
		connection_caller(connection, exchange, &caller);
		if (connecting->auth_code != NULL)
			auth_code_exchange(&caller, connecting);
		advertisers_fetch(&caller, connection, connecting->target, &connecting->list);
	}
	PG_FINALLY();
	{
		exchange_close(exchange);
	}
	PG_END_TRY();
	if (connecting->named_ids && connecting->list.nrefused > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ad account " INT64_FORMAT " is unknown to the API or not open to this token",
						connecting->list.refused[0]),
				 errhint("Check advertiser_ids, or have the advertiser authorise the app.")));
	if (connecting->list.count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("the access token may read no ad account"),
				 errhint("Have an advertiser authorise the app, or check advertiser_ids.")));
}

/* CALL tiktokads.connect(...): connects a developer app. */
Datum
tiktokads_connect(PG_FUNCTION_ARGS)
{
	Connecting	connecting = {0};
	Connection *connection = &connecting.connection;
	Authority	authority;

	arguments_take(fcinfo, &connecting);
	call_open(fcinfo, "tiktokads.connect", &authority);
	name_check(connection->name);
	unit_run_as_caller(&authority, roles_look, &connecting);
	if (connecting.roles_ready)
		unit_run(&authority, secrets_recall, &connecting);
	arguments_check(&connecting);
	if (seal_is_possible() && (connecting.literal_token != NULL || connecting.auth_code != NULL ||
							   connecting.literal_secret != NULL))
		seal_check();
	addresses_check(connection);
	connection->app = connection_app(connection->app_id, connection->name);
	unit_run_as_caller(&authority, connecting_take_secrets, &connecting);
	unit_run_as_caller(&authority, target_take, &connecting);

	connecting_ask(&connecting);
	model_ensure(&authority, false);
	unit_run(&authority, connecting_report, &connecting);
	tuplestore_end(connecting.list.rows);

	connecting_end(&connecting);
	call_close();
	PG_RETURN_VOID();
}
