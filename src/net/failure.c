/*
 * failure.c: why a request failed, in words.
 *
 * A reader learns which phase of the request ended it and, where a limit did,
 * the setting that holds it.
 *
 * What must stay true: the words never contain the URL, a header or any part of
 * the reply; libcurl's own words, which are appended, name hosts and ports only.
 */
#include "postgres.h"

#include "net/failure.h"
#include "net/net.h"

/* libcurl's results that deserve words of their own. */
static const struct
{
	CURLcode	code;
	const char *words;
}			failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, "name lookup failed"},
	{CURLE_COULDNT_RESOLVE_PROXY, "name lookup of the proxy failed"},
	{CURLE_COULDNT_CONNECT, "could not connect"},
	{CURLE_PROXY, "the proxy refused"},
	{CURLE_SSL_CONNECT_ERROR, "TLS handshake failed"},
	{CURLE_PEER_FAILED_VERIFICATION, "the server's certificate was not accepted"},
	{CURLE_SSL_CACERT_BADFILE, "the file of trusted certificates could not be read"},
	{CURLE_GOT_NOTHING, "the connection was closed without a reply"},
	{CURLE_PARTIAL_FILE, "the connection was closed before the reply was complete"},
	{CURLE_SEND_ERROR, "the connection was lost while sending"},
	{CURLE_RECV_ERROR, "the connection was lost while receiving"},
	{CURLE_HTTP2, "the HTTP/2 connection failed"},
	{CURLE_HTTP2_STREAM, "the HTTP/2 stream was closed before the reply was complete"},
	{CURLE_WEIRD_SERVER_REPLY, "the reply is not HTTP"},
	{CURLE_UNSUPPORTED_PROTOCOL, "the reply is not HTTP"},
	{CURLE_BAD_CONTENT_ENCODING, "the reply could not be decompressed"},
	{CURLE_OUT_OF_MEMORY, "out of memory"},
};

/* The phases of a request: the first one that was not reached is where it ended. */
static const struct
{
	CURLINFO	reached;		/* 0 in this timer: not reached */
	const char *words;
	bool		connecting;		/* tiktokads.connect_timeout rules it */
	bool		https_only;
}			phases[] = {
	{CURLINFO_NAMELOOKUP_TIME_T, "during name lookup", true, false},
	{CURLINFO_CONNECT_TIME_T, "while connecting", true, false},
	{CURLINFO_APPCONNECT_TIME_T, "during the TLS handshake", true, true},
	{CURLINFO_PRETRANSFER_TIME_T, "while sending the request", false, false},
	{CURLINFO_STARTTRANSFER_TIME_T, "while waiting for the reply", false, false},
	{CURLINFO_NONE, "while receiving the reply", false, false},
};

/* Says in which phase and by which setting a request ran out of time. */
static void
explain_timeout(Transfer *transfer)
{
	Reply	   *reply = &transfer->reply;
	bool		total = reply->seconds >= net_request_timeout - 0.05;
	const char *setting;
	int			i;

	for (i = 0; i < lengthof(phases) - 1; i++)
	{
		curl_off_t	reached = 0;

		if (phases[i].https_only && !transfer->url.https)
			continue;
		curl_easy_getinfo(transfer->easy, phases[i].reached, &reached);
		if (reached == 0)
			break;
	}
	if (total)
		setting = "tiktokads.request_timeout";
	else
		setting = phases[i].connecting ? "tiktokads.connect_timeout" : "tiktokads.low_speed_time";
	snprintf(reply->error, sizeof(reply->error), "timed out after %.1f s %s (limit: %s)",
			 reply->seconds, phases[i].words, setting);
}

/* Puts a failed request into words. */
void
failure_explain(Transfer *transfer)
{
	Reply	   *reply = &transfer->reply;
	const char *words = curl_easy_strerror(reply->curl_code);
	const char *detail = transfer->detail;
	long		proxy_status = 0;
	int			i;

	if (reply->curl_code == CURLE_OPERATION_TIMEDOUT)
	{
		explain_timeout(transfer);
		return;
	}
	if (reply->address_refused)
	{
		snprintf(reply->error, sizeof(reply->error),
				 "address %s is not public and was refused (see tiktokads.allow_private_addresses)",
				 transfer->refused);
		return;
	}
	if (reply->too_large)
	{
		if (transfer->header_bytes > TRANSFER_HEADERS_MAX)
			snprintf(reply->error, sizeof(reply->error), "reply has more than %zu kB of headers", TRANSFER_HEADERS_MAX / 1024);
		else
			snprintf(reply->error, sizeof(reply->error), "reply is larger than %zu kB (limit: tiktokads.max_reply_size)",
					 transfer->limit / 1024);
		return;
	}
	curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	if (proxy_status >= 300)
	{
		snprintf(reply->error, sizeof(reply->error), "the proxy refused to connect, with status %ld", proxy_status);
		return;
	}
	if (transfer->out_of_memory)
		reply->curl_code = CURLE_OUT_OF_MEMORY;
	for (i = 0; i < lengthof(failures); i++)
	{
		if (failures[i].code == reply->curl_code)
			words = failures[i].words;
	}
	snprintf(reply->error, sizeof(reply->error), detail[0] != '\0' ? "%s: %s" : "%s", words, detail);
}
