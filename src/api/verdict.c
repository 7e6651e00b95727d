/*
 * verdict.c: what is done about each answer of the API.
 *
 * Two tables, first match counts: the codes of the envelope (TikTok API for
 * Business v1.3, appendix "Return codes", and what connectors have met), and
 * HTTP statuses.  Nothing else decides by number.
 */
#include "postgres.h"

#include "api/verdict.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(tiktokads_api_code);

#define HINT_TOKEN "Have the advertiser authorise the app again and connect with the new token."
#define HINT_ACCOUNT "Check that the app has the permission and that the advertiser has authorised it."
#define HINT_PARAMETER "Look at the stream's row in tiktokads.stream; tiktokads.stream_override can change it."
#define HINT_SUPPORT "Try again later; the request id helps TikTok's support."

/* Seconds that a throttle lasts when nothing says more: after a minute's quota, after a second's. */
#define MINUTE_PENALTY	300
#define SECOND_PENALTY	1

static const VerdictRow code_rows[] = {
	{0, 0, VERDICT_OK, "well", NULL, false},
	{20001, 20001, VERDICT_OK, "partly well", NULL, false},
	{40000, 40000, VERDICT_GIVE_UP, "invalid parameters", HINT_PARAMETER, false},
	{40001, 40001, VERDICT_REAUTHORISE, "no permission for this ad account or scope", HINT_ACCOUNT, true},
	{40002, 40002, VERDICT_GIVE_UP, "a parameter is wrong", HINT_PARAMETER, false},
	{40003, 40003, VERDICT_GIVE_UP, "forbidden", HINT_ACCOUNT, false},
	{40006, 40008, VERDICT_GIVE_UP, "version or function does not exist", HINT_PARAMETER, false, 0, true},
	{40009, 40009, VERDICT_GIVE_UP, "not supported in the sandbox", "Disable the stream for this connection.", false, 0, true},
	{40010, 40010, VERDICT_GIVE_UP, "domain is not supported", "Check the connection's base_url.", false},
	{40011, 40011, VERDICT_SPLIT, "too many ids", NULL, false},
	{40012, 40012, VERDICT_OK, "nothing to change", NULL, false},
	{40013, 40014, VERDICT_GIVE_UP, "sandbox advertiser is missing", "Check the connection's base_url and token.", false},
	{40016, 40016, VERDICT_WAIT, "too frequent", NULL, false, MINUTE_PENALTY},
	{40050, 40050, VERDICT_OK, "request was made before", NULL, false},
	{40051, 40053, VERDICT_GIVE_UP, "invalid version or material", HINT_PARAMETER, false},
	{40061, 40061, VERDICT_SPLIT, "batch is too large", NULL, false},
	{40062, 40063, VERDICT_GIVE_UP, "event is not acceptable", HINT_PARAMETER, false},
	{40067, 40067, VERDICT_SPLIT, "query is too large", NULL, false},
	{40100, 40100, VERDICT_WAIT, "too many requests of the app", NULL, false, MINUTE_PENALTY},
	{40101, 40101, VERDICT_REAUTHORISE, "app secret is wrong", "Check app_id and the app's secret.", false},
	{40102, 40102, VERDICT_REAUTHORISE, "access token has expired", HINT_TOKEN, false},
	{40103, 40103, VERDICT_REAUTHORISE, "refresh token has expired", HINT_TOKEN, false},
	{40104, 40104, VERDICT_REAUTHORISE, "access token is empty", HINT_TOKEN, false},
	{40105, 40105, VERDICT_REAUTHORISE, "access token is invalid", HINT_TOKEN, false},
	{40106, 40109, VERDICT_REAUTHORISE, "authorisation is invalid", HINT_TOKEN, false},
	{40110, 40110, VERDICT_REAUTHORISE, "auth_code is invalid or was used before",
	"An auth_code works once and for one hour: have the advertiser authorise the app again.", false},
	{40112, 40117, VERDICT_REAUTHORISE, "app or advertiser is not authorised", HINT_TOKEN, false},
	{40118, 40119, VERDICT_GIVE_UP, "not on the allow-list of this function", "Ask TikTok for access, or disable the stream.", false, 0, true},
	{40120, 40129, VERDICT_GIVE_UP, "account or developer is not admitted", HINT_ACCOUNT, false},
	{40130, 40131, VERDICT_REAUTHORISE, "scope is not authorised", HINT_TOKEN, false},
	{40132, 40132, VERDICT_WAIT, "too frequent for this value", NULL, false, SECOND_PENALTY},
	{40133, 40133, VERDICT_WAIT, "too frequent for this advertiser", NULL, false, SECOND_PENALTY, false, true},
	{40200, 40202, VERDICT_RETRY, "task is not ready, or write conflict", HINT_SUPPORT, false},
	{40300, 40302, VERDICT_GIVE_UP, "ad account does not exist or is closed", HINT_ACCOUNT, true},
	{40309, 40309, VERDICT_GIVE_UP, "login is required", HINT_TOKEN, false},
	{40400, 40400, VERDICT_GIVE_UP, "no such endpoint", "Check the connection's base_url and the stream's path.", false, 0, true},
	{40502, 40502, VERDICT_GIVE_UP, "quota of ads is used up", NULL, false},
	{40700, 40700, VERDICT_RETRY, "internal validation failed", HINT_SUPPORT, false},
	{40902, 40902, VERDICT_RETRY, "fetch timed out", HINT_SUPPORT, false},
	{40913, 40913, VERDICT_RETRY, "fetch timed out", HINT_SUPPORT, false},
	{40900, 40916, VERDICT_GIVE_UP, "material is not acceptable", HINT_PARAMETER, false},
	{41000, 41002, VERDICT_GIVE_UP, "blocked, or no longer offered", "Disable the stream or the field in tiktokads.stream_override.", false, 0, true},
	{41013, 41013, VERDICT_RETRY, "video service failed", HINT_SUPPORT, false},
	{50000, 50002, VERDICT_RETRY, "system error of the API", HINT_SUPPORT, false},
	{51000, 51099, VERDICT_RETRY, "internal service of the API failed", HINT_SUPPORT, false},
	{52000, 53103, VERDICT_RETRY, "storage of the API failed", HINT_SUPPORT, false},
	{60001, 60001, VERDICT_RETRY, "the API is under maintenance", HINT_SUPPORT, false},
	{61000, 61000, VERDICT_WAIT, "too many requests", NULL, false, MINUTE_PENALTY},
	{70001, 70001, VERDICT_GIVE_UP, "invalid kind of authorisation", HINT_TOKEN, false},
	{50000, 59999, VERDICT_RETRY, "error of the API", HINT_SUPPORT, false},
	{PG_INT32_MIN, PG_INT32_MAX, VERDICT_GIVE_UP, "unknown code of the API", HINT_SUPPORT, false},
};

static const VerdictRow http_rows[] = {
	{200, 299, VERDICT_OK, "well", NULL, false},
	{408, 408, VERDICT_RETRY, "request timed out", HINT_SUPPORT, false},
	{425, 425, VERDICT_RETRY, "too early", HINT_SUPPORT, false},
	{429, 429, VERDICT_WAIT, "too many requests", "Sync again later.", false, SECOND_PENALTY},
	{300, 399, VERDICT_GIVE_UP, "redirects are not followed", "Check the connection's base_url.", false},
	{401, 401, VERDICT_REAUTHORISE, "not authorised", HINT_TOKEN, false},
	{407, 407, VERDICT_GIVE_UP, "the proxy wants a password", "Check the connection's proxy.", false},
	{400, 499, VERDICT_GIVE_UP, "refused", "Check the connection's base_url and proxy.", false},
	{500, 599, VERDICT_RETRY, "the server failed", HINT_SUPPORT, false},
	{PG_INT32_MIN, PG_INT32_MAX, VERDICT_GIVE_UP, "unknown status", HINT_SUPPORT, false},
};

static const char *const verdict_names[] = {
	[VERDICT_OK] = "ok",
	[VERDICT_RETRY] = "retry",
	[VERDICT_WAIT] = "wait",
	[VERDICT_SPLIT] = "split",
	[VERDICT_REAUTHORISE] = "re-authorise",
	[VERDICT_GIVE_UP] = "give up",
};

/* The first row of a table that holds the number. */
static const VerdictRow *
row_of(const VerdictRow *row, int64 number)
{
	if (number < PG_INT32_MIN || number > PG_INT32_MAX)
		number = PG_INT32_MAX;
	while (number < row->from || number > row->to)
		row++;
	return row;
}

/* What is done about a code of the envelope. */
const VerdictRow *
verdict_of_code(int64 code)
{
	return row_of(code_rows, code);
}

/* What is done about an HTTP status. */
const VerdictRow *
verdict_of_http(long status)
{
	return row_of(http_rows, status);
}

/* True when a code says that one ad account may not be read. */
bool
verdict_of_account(int64 code)
{
	return verdict_of_code(code)->account;
}

/* True when a code says that an ad account is not offered this stream. */
bool
verdict_of_stream(int64 code)
{
	return verdict_of_code(code)->stream;
}

/* The verdict in words. */
const char *
verdict_name(Verdict verdict)
{
	return verdict_names[verdict];
}

/* tiktokads.api_code(): the table of codes. */
Datum
tiktokads_api_code(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < lengthof(code_rows); i++)
	{
		const VerdictRow *row = &code_rows[i];
		bool		fallback = row->from == PG_INT32_MIN;
		Datum		values[5] = {
			Int32GetDatum(row->from), Int32GetDatum(row->to),
			CStringGetTextDatum(verdict_name(row->verdict)), CStringGetTextDatum(row->meaning),
			row->hint == NULL ? (Datum) 0 : CStringGetTextDatum(row->hint)
		};
		bool		nulls[5] = {fallback, fallback, false, false, row->hint == NULL};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
