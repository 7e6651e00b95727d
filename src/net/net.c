/*
 * net.c: the settings of the network, and libcurl's start in this process.
 *
 * What must stay true: libcurl is started at its first use, never while the
 * library is loaded (that may be the postmaster, before it forks), and it keeps
 * its own malloc.  Settings that widen what the server may talk to, or how much
 * memory a reply may take, are for superusers and whom they grant SET.
 */
#include "postgres.h"

#include <limits.h>

#include <curl/curl.h>

#include "base/shared.h"
#include "net/address.h"
#include "net/budget.h"
#include "net/net.h"
#include "utils/guc.h"

char	   *net_allowed_hosts = NULL;
bool		net_allow_http_loopback = false;
bool		net_allow_private_addresses = false;
int			net_connect_timeout = 10;
int			net_request_timeout = 120;
int			net_low_speed_time = 30;
int			net_max_reply_size = 64 * 1024;

/* Refuses a list with anything in it that is not a host or host:port. */
static bool
check_allowed_hosts(char **newval, void **extra, GucSource source)
{
	const char *wrong = address_check_list(*newval);

	if (wrong == NULL)
		return true;
	GUC_check_errdetail("The part that begins at \"%s\" is neither a host name nor host:port.", wrong);
	GUC_check_errhint("List plain host names, separated by commas; there are no wildcards, schemes or paths.");
	return false;
}

/* Defines who may be talked to. */
static void
define_address_settings(void)
{
	DefineCustomStringVariable("tiktokads.allowed_hosts",
							   "Hosts that requests may be sent to.",
							   "A comma-separated list of host names (for https on port 443) and host:port pairs. "
							   "The addresses that a name resolves to are checked as well, see tiktokads.allow_private_addresses.",
							   &net_allowed_hosts,
							   "business-api.tiktok.com, sandbox-ads.tiktok.com",
							   PGC_SUSET,
							   0,
							   check_allowed_hosts, NULL, NULL);

	DefineCustomBoolVariable("tiktokads.allow_http_loopback",
							 "Allows http and https requests to this machine itself.",
							 "Meant for a simulator or a test server on localhost, 127.0.0.0/8 or ::1. "
							 "While it is on, access tokens may travel unencrypted on the loopback interface.",
							 &net_allow_http_loopback,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);

	DefineCustomBoolVariable("tiktokads.allow_private_addresses",
							 "Allows connections to addresses that are not public.",
							 "When off, a host or proxy that resolves to a loopback, private, shared, link-local, "
							 "multicast or reserved address is refused, whatever its name. "
							 "Needed where the way out is a proxy on a private network.",
							 &net_allow_private_addresses,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
}

/* Defines how long a request may take and how large its reply may be. */
static void
define_limit_settings(void)
{
	DefineCustomIntVariable("tiktokads.connect_timeout",
							"Time to look up a host, connect, and agree on TLS.",
							"A request that is not connected by then fails and is retried as its caller sees fit.",
							&net_connect_timeout,
							10, 1, 3600,
							PGC_USERSET,
							GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("tiktokads.request_timeout",
							"Time for a whole request, from its start to the last byte of the reply.",
							"Large reports can take a minute before their first byte arrives.",
							&net_request_timeout,
							120, 1, 86400,
							PGC_USERSET,
							GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("tiktokads.low_speed_time",
							"Time for which a reply may arrive slower than 100 bytes per second.",
							"Counted from the reply's first byte; the wait before that is limited by "
							"tiktokads.request_timeout alone. Zero turns this limit off.",
							&net_low_speed_time,
							30, 0, 86400,
							PGC_USERSET,
							GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("tiktokads.max_reply_size",
							"Largest body of one reply, after decompression.",
							"A reply that grows beyond this is dropped where it stands and its request fails.",
							&net_max_reply_size,
							64 * 1024, 64, 1024 * 1024 - 1,
							PGC_SUSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);
}

/* Defines the room's settings. */
void
NetInit(void)
{
	define_address_settings();
	define_limit_settings();
	if (shared_preloading())
		BudgetInit();
}

/* Starts libcurl unless this process has done so. */
void
net_start(void)
{
	static bool started = false;
	CURLcode	code;

	if (started)
		return;
	code = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (code != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not start libcurl: %s", curl_easy_strerror(code))));
	started = true;
}
