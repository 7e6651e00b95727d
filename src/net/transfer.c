/*
 * transfer.c: one request and its reply on a libcurl handle.
 *
 * Sets libcurl's options and receives the reply in its callbacks.
 *
 * What must stay true: callbacks use malloc and return codes, never palloc,
 * ereport or anything else that may jump out through libcurl.  Certificates are
 * always verified, redirects never followed, proxies taken from the request
 * alone.  A body never grows beyond its limit, which counts inflated bytes.
 * The access token is in no error and is wiped when the request is over.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>

#include "net/failure.h"
#include "net/net.h"
#include "net/transfer.h"

#ifndef TIKTOKADS_VERSION
#define TIKTOKADS_VERSION "unknown"
#endif

#define BODY_FIRST		((size_t) 16 * 1024)
#define BODY_KEPT		((size_t) 4 * 1024 * 1024)	/* of an idle transfer */
#define READ_BUFFER		(128 * 1024L)
#define LOW_SPEED_BYTES	100L

/* Options that are the same for every request. */
static const struct
{
	CURLoption	option;
	long		value;
}			fixed_options[] = {
	{CURLOPT_NOSIGNAL, 1},		/* SIGALRM is the server's */
#if LIBCURL_VERSION_NUM >= 0x075700
	{CURLOPT_QUICK_EXIT, 1},	/* never join the resolver's thread */
#endif
	{CURLOPT_FOLLOWLOCATION, 0},
	{CURLOPT_SSL_VERIFYPEER, 1},
	{CURLOPT_SSL_VERIFYHOST, 2},
	{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
	{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
	{CURLOPT_NETRC, CURL_NETRC_IGNORED},
	{CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
	{CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
	{CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},	/* no token for a proxy */
	{CURLOPT_NOPROGRESS, 1},
};

static char empty_body[1];

/* Makes room for a body of this size; geometric, so that appending stays linear. */
static bool
body_reserve(Transfer *transfer, size_t size)
{
	size_t		capacity = Max(transfer->capacity * 2, BODY_FIRST);
	char	   *body;

	if (size <= transfer->capacity)
		return true;
	capacity = Max(capacity, size);
	body = realloc(transfer->capacity > 0 ? transfer->reply.body : NULL, capacity);
	if (body == NULL)
	{
		transfer->out_of_memory = true;
		return false;
	}
	transfer->reply.body = body;
	transfer->capacity = capacity;
	return true;
}

/* libcurl's callback for a piece of the (inflated) body; 0 ends the transfer. */
static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;
	Reply	   *reply = &transfer->reply;
	size_t		len = size * count;
	curl_off_t	announced = -1;

	/* the first piece: the length that was announced, compressed or not */
	if (reply->body_len == 0)
		curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (len > transfer->limit - reply->body_len ||
		(announced > 0 && (uint64) announced > transfer->limit))
	{
		reply->too_large = true;
		return 0;
	}
	if (!body_reserve(transfer, Max(reply->body_len + len, (size_t) Max(announced, 0)) + 1))
		return 0;
	memcpy(reply->body + reply->body_len, data, len);
	reply->body_len += len;
	reply->body[reply->body_len] = '\0';
	return len;
}

/* Whether a header line has this name (given with its colon). */
static bool
header_is(const char *line, size_t len, const char *name)
{
	size_t		name_len = strlen(name);

	return len >= name_len && strncasecmp(line, name, name_len) == 0;
}

/* The time in a Date header's line, in seconds since 1970; 0 if it is none. */
static int64
header_date(const char *line, size_t len)
{
	char		text[64];

	line += sizeof("Date:") - 1;
	len -= sizeof("Date:") - 1;
	if (len >= sizeof(text))
		return 0;
	memcpy(text, line, len);
	text[len] = '\0';
	return Max((int64) curl_getdate(text, NULL), 0);
}

/* libcurl's callback for a header line; any other count than given ends the transfer. */
static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;
	Reply	   *reply = &transfer->reply;
	size_t		len = size * count;

	/* slowness counts from here on: a report may take its time to begin */
	if (transfer->header_bytes == 0 && net_low_speed_time > 0)
	{
		curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
		curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_TIME, (long) net_low_speed_time);
	}
	transfer->header_bytes += len;
	if (transfer->header_bytes > TRANSFER_HEADERS_MAX)
	{
		reply->too_large = true;
		return 0;
	}
	if (header_is(line, len, "HTTP/"))
	{
		reply->truncated_header = false;
		transfer->retry_after_seen = false;
	}
	else if (header_is(line, len, "X-Tt-Ads-Throttle:"))
		reply->truncated_header = true;
	else if (header_is(line, len, "Retry-After:"))
		transfer->retry_after_seen = true;
	else if (header_is(line, len, "Date:"))
		reply->dated = header_date(line, len);
	return len;
}

/* libcurl's callback that opens sockets: the resolved address decides. */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	Transfer   *transfer = arg;
	AddressClass class = address_class(&address->addr);
	bool		allowed;

	if (transfer->url.loopback && transfer->loopback_ok)
		allowed = (class == ADDRESS_LOOPBACK);
	else
		allowed = class == ADDRESS_PUBLIC ||
			(class == ADDRESS_LOOPBACK && transfer->loopback_ok) ||
			net_allow_private_addresses;

	if (!allowed)
	{
		const void *ip = &((struct sockaddr_in *) &address->addr)->sin_addr;

		if (address->family == AF_INET6)
			ip = &((struct sockaddr_in6 *) &address->addr)->sin6_addr;
		if (inet_ntop(address->family, ip, transfer->refused, sizeof(transfer->refused)) == NULL)
			strcpy(transfer->refused, "not an IP address");
		transfer->reply.address_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Makes an idle transfer with a handle of its own. */
Transfer *
transfer_new(Exchange *exchange)
{
	Transfer   *transfer = calloc(1, sizeof(Transfer));

	if (transfer == NULL)
		return NULL;
	transfer->exchange = exchange;
	transfer->reply.body = empty_body;
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
	{
		free(transfer);
		return NULL;
	}
	return transfer;
}

/* Appends a header line to the request's list. */
static CURLcode
add_header(Transfer *transfer, const char *line)
{
	struct curl_slist *headers = curl_slist_append(transfer->headers, line);

	if (headers == NULL)
		return CURLE_OUT_OF_MEMORY;
	transfer->headers = headers;
	return CURLE_OK;
}

/* Sets method, body and headers. */
static CURLcode
set_message(Transfer *transfer, const Request *request)
{
	CURL	   *easy = transfer->easy;
	CURLcode	code = CURLE_OK;
	char	   *token;

	if (strcmp(request->method, "POST") == 0)
	{
		const char *body = (request->body != NULL) ? request->body : "";

		code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
		if (code == CURLE_OK)
			code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(body));
		if (code == CURLE_OK)
			code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
		if (code == CURLE_OK)
			code = add_header(transfer, "Content-Type: application/json");
		if (code == CURLE_OK)
			code = add_header(transfer, "Expect:"); /* no 100-continue */
	}
	if (code == CURLE_OK)
		code = add_header(transfer, "Accept: application/json");
	if (code == CURLE_OK && request->access_token != NULL)
	{
		token = psprintf("Access-Token: %s", request->access_token);
		code = add_header(transfer, token);
		explicit_bzero(token, strlen(token));
		pfree(token);
	}
	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	return code;
}

/* Sets what differs from request to request, apart from the message. */
static CURLcode
set_route(Transfer *transfer, const Request *request)
{
	const char *schemes = transfer->url.loopback ? "http,https" : "https";
	const struct
	{
		CURLoption	option;
		const char *value;
	}			strings[] = {
		{CURLOPT_URL, request->url},
#if LIBCURL_VERSION_NUM >= 0x075500
		{CURLOPT_PROTOCOLS_STR, schemes},
#endif
		{CURLOPT_PROXY, request->proxy != NULL ? request->proxy : ""},
		{CURLOPT_NOPROXY, ""},
		{CURLOPT_ACCEPT_ENCODING, "gzip"},
		{CURLOPT_USERAGENT, "tiktokads/" TIKTOKADS_VERSION},
		{CURLOPT_CAINFO, request->ca_file},
	};
	CURLcode	code = CURLE_OK;
	int			i;

	for (i = 0; i < lengthof(strings) && code == CURLE_OK; i++)
	{
		if (strings[i].value != NULL)
			code = curl_easy_setopt(transfer->easy, strings[i].option, strings[i].value);
	}
#if LIBCURL_VERSION_NUM < 0x075500
	if (code == CURLE_OK)
		code = curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS,
								(long) (schemes[4] == ',' ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
#endif
	for (i = 0; i < lengthof(fixed_options) && code == CURLE_OK; i++)
		code = curl_easy_setopt(transfer->easy, fixed_options[i].option, fixed_options[i].value);
	if (code == CURLE_OK)
		code = curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT, (long) net_connect_timeout);
	if (code == CURLE_OK)
		code = curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT, (long) net_request_timeout);
	/* over TLS, wait for a connection that may turn out to be shared (HTTP/2) */
	if (code == CURLE_OK)
		code = curl_easy_setopt(transfer->easy, CURLOPT_PIPEWAIT, transfer->url.https ? 1L : 0L);
	return code;
}

/* Points the handle's callbacks to this transfer; nothing here can fail. */
static void
set_callbacks(Transfer *transfer)
{
	CURL	   *easy = transfer->easy;

	/* refused, rightly, while a handle still has its buffer from before (HTTP/2) */
	(void) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BUFFER);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
}

/* Refuses what would smuggle lines into the request. */
static void
check_request(const Request *request)
{
	const char *p;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "POST") != 0)
		elog(ERROR, "unsupported request method \"%s\"", request->method);
	for (p = request->access_token; p != NULL && *p != '\0'; p++)
	{
		if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7F)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("access token contains a character that no token has"),
					 errhint("Check the token's file for line breaks, spaces and quotes inside the token.")));
	}
}

/* Sets a handle up for a request that may be sent. */
void
transfer_prepare(Transfer *transfer, const Request *request)
{
	CURLcode	code;

	check_request(request);
	transfer->url = address_check_url(request->url);
	transfer->loopback_ok = transfer->url.loopback;
	if (request->proxy != NULL && request->proxy[0] != '\0')
	{
		/* sockets go to the proxy: its own address is what is judged */
		transfer->url.loopback = false;
		transfer->loopback_ok = net_allow_http_loopback && address_is_loopback_proxy(request->proxy);
	}
	transfer->limit = (size_t) net_max_reply_size * 1024;
	transfer->reply.owner = request->owner;
	transfer->reply.retry_after = -1;

	set_callbacks(transfer);
	code = set_route(transfer, request);
	if (code == CURLE_OK)
		code = set_message(transfer, request);
	if (code != CURLE_OK)
		ereport(ERROR,
				(errcode(code == CURLE_OUT_OF_MEMORY ? ERRCODE_OUT_OF_MEMORY : ERRCODE_SYSTEM_ERROR),
				 errmsg("could not set up a request: %s", curl_easy_strerror(code))));
}

/* Fills in what the handle knows at the end of a transfer. */
void
transfer_finish(Transfer *transfer, CURLcode code)
{
	Reply	   *reply = &transfer->reply;
	curl_off_t	number = 0;

	reply->curl_code = code;
	reply->error[0] = '\0';
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &number);
	reply->seconds = number / 1000000.0;
	number = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &number);
	reply->bytes = number;
	if (transfer->retry_after_seen)
	{
		number = 0;
		curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &number);
		reply->retry_after = (long) Max(number, 0); /* a date may have passed */
	}
	if (code == CURLE_OK)
		reply->address_refused = false; /* another address of the host did it */
	else
		failure_explain(transfer);
}

/* Frees the request's headers after wiping them. */
static void
free_headers(Transfer *transfer)
{
	struct curl_slist *line;

	for (line = transfer->headers; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
}

/* Takes the body out of the reply. */
char *
transfer_take_body(Transfer *transfer)
{
	char	   *body = transfer->capacity > 0 ? transfer->reply.body : NULL;

	transfer->reply.body = empty_body;
	transfer->reply.body_len = 0;
	transfer->capacity = 0;
	return body;
}

/* Makes a transfer ready for another request. */
void
transfer_reset(Transfer *transfer)
{
	char	   *body = transfer->reply.body;
	size_t		capacity = transfer->capacity;

	curl_easy_reset(transfer->easy);
	free_headers(transfer);
	if (capacity > BODY_KEPT)
	{
		free(body);
		body = empty_body;
		capacity = 0;
	}
	memset(&transfer->reply, 0, sizeof(Reply));
	transfer->reply.body = body;
	transfer->reply.body[0] = '\0';
	transfer->capacity = capacity;
	transfer->header_bytes = 0;
	transfer->retry_after_seen = false;
	transfer->out_of_memory = false;
	transfer->refused[0] = '\0';
	transfer->detail[0] = '\0';
}

/* Frees a transfer with its handle and body. */
void
transfer_destroy(Transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	free_headers(transfer);
	if (transfer->capacity > 0)
		free(transfer->reply.body);
	free(transfer);
}
