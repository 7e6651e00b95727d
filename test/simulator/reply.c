/*
 * reply.c: sends a finished reply, or a broken one.
 *
 * Stays true: a body is queued once and given back by libmicrohttpd when it
 * is sent; broken replies are broken in exactly the way that was asked for.
 */
#include "server.h"
#include "options.h"
#include "quota.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/socket.h>

/* Tells whether the client takes gzip. */
static bool
wants_gzip(const Request *request)
{
	const char *accept = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Accept-Encoding");

	return !options.no_gzip && accept != NULL && strstr(accept, "gzip") != NULL && strstr(accept, "gzip;q=0") == NULL;
}

/* Sets the headers and queues a response. */
static int
queue_response(Request *request, struct MHD_Response *response, unsigned status, bool gzip)
{
	int			result;

	MHD_add_response_header(response, "Content-Type", request->faulty && status != 200 ? "text/html" : "application/json; charset=utf-8");
	if (gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (request->twist & TWIST_DATE)
		MHD_add_response_header(response, "Date", "Wed, 01 Jan 2020 00:00:00 GMT");
	if (request->throttled)
		MHD_add_response_header(response, "X-Tt-Ads-Throttle", "1");
	if (request->faulty && request->fault.kind == FAULT_HTTP && request->fault.retry_after >= 0)
	{
		char		seconds[24];

		snprintf(seconds, sizeof(seconds), "%lld", (long long) request->fault.retry_after);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Counts a request's reply, once. */
void
reply_count(Request *request, int64 wire_bytes, int64 plain_bytes)
{
	if (request->in_flight)
		quota_done(request->endpoint->quota, wire_bytes, plain_bytes, request->rows);
	request->in_flight = false;
}

/* Sends the reply's text, compressed if the client likes. */
static int
send_text(Request *request, unsigned status)
{
	Buffer	   *body = request->reply;
	size_t		plain = body->len;
	bool		gzip = plain > 512 && wants_gzip(request);

	request->reply = NULL;
	if (gzip)
	{
		Buffer	   *packed = buffer_take();

		gzip = buffer_gzip(body, packed);
		buffer_give(gzip ? body : packed);
		body = gzip ? packed : body;
	}
	reply_count(request, (int64) body->len, (int64) plain);
	return queue_response(request, MHD_create_response_from_buffer_with_free_callback_cls
						  (body->len, body->data, buffer_give, body), status, gzip);
}

/* Sends the finished reply. */
int
reply_send(Request *request)
{
	return send_text(request, request->control && request->code ? 400 : 200);
}

/* Gives the next bytes of a body that breaks off half way. */
static ssize_t
read_truncated(void *request_, uint64_t pos, char *buf, size_t max)
{
	Request    *request = request_;
	size_t		end = request->reply->len / 2;
	size_t		len = end > pos ? end - (size_t) pos : 0;

	if (len == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len > max)
		len = max;
	memcpy(buf, request->reply->data + pos, len);
	return (ssize_t) len;
}

/* Gives the next bytes of a body that comes slowly. */
static ssize_t
read_slowly(void *request_, uint64_t pos, char *buf, size_t max)
{
	Request    *request = request_;
	size_t		left = request->reply->len - (size_t) pos;
	size_t		len = (size_t) (request->fault.rate + 9) / 10;

	if (request->sent > 0 && request->fault.rate > 0)
	{
		request->sent = 0;
		return park(request, 100000) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (len > left || request->fault.rate == 0)
		len = left;
	if (len > max)
		len = max;
	memcpy(buf, request->reply->data + pos, len);
	request->sent = len;
	return (ssize_t) len;
}

/* Gives the next bytes of a body that is far too large. */
static ssize_t
read_oversize(void *request_, uint64_t pos, char *buf, size_t max)
{
	static const char head[] = "{\"code\":0,\"message\":\"OK\",\"request_id\":\"0\",\"data\":{\"list\":[],\"padding\":\"";
	static const char tail[] = "\"}}";
	Request    *request = request_;
	uint64_t	total = (uint64_t) request->fault.megabytes << 20;
	uint64_t	tail_at = total - strlen(tail);

	if (pos >= total)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (pos < strlen(head))
	{
		size_t		len = strlen(head) - (size_t) pos < max ? strlen(head) - (size_t) pos : max;

		memcpy(buf, head + pos, len);
		return (ssize_t) len;
	}
	if (pos >= tail_at)
	{
		*buf = tail[pos - tail_at];
		return 1;
	}
	if (max > tail_at - pos)
		max = (size_t) (tail_at - pos);
	memset(buf, 'x', max);
	return (ssize_t) max;
}

/* Sends a body that is small on the wire and far too large behind its compression. */
static int
send_gzip_bomb(Request *request)
{
	static const char head[] = "{\"code\":0,\"message\":\"OK\",\"request_id\":\"0\",\"data\":{\"list\":[],\"padding\":\"";
	Buffer	   *bomb = request->reply;
	size_t		padding = (size_t) request->fault.megabytes << 20;

	bomb->len = 0;
	put_text(bomb, head);
	buffer_room(bomb, padding);
	memset(bomb->data + bomb->len, 'x', padding);
	bomb->len += padding;
	put_text(bomb, "\"}}");
	return send_text(request, 200);
}

/* Sends a body by a reader. */
static int
send_reader(Request *request, uint64_t size, MHD_ContentReaderCallback reader)
{
	reply_count(request, (int64) size, (int64) size);
	return queue_response(request, MHD_create_response_from_callback(size, 65536, reader, request, NULL), 200, false);
}

/* Breaks the connection off with a reset instead of a reply. */
static int
send_reset(Request *request)
{
	const union MHD_ConnectionInfo *info =
	MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	request->rows = 0;
	if (connect(info->connect_fd, &none, sizeof(none)) != 0)
		perror("tiktok-ads-simulator: reset");
	return MHD_NO;
}

/* Sends an HTTP error as a gateway would: not JSON. */
static int
send_status(Request *request)
{
	Buffer	   *out = buffer_take();

	put_format(out, "<html><head><title>%lld</title></head><body><h1>%lld</h1><hr>gateway</body></html>\n",
			   (long long) request->fault.number, (long long) request->fault.number);
	request->reply = out;
	return send_text(request, (unsigned) request->fault.number);
}

/* Sends the fault that control asked for; the good reply is made before. */
int
reply_fault(Request *request)
{
	Buffer	   *good = request->reply;

	switch (request->fault.kind)
	{
		case FAULT_HTTP:
			buffer_give(good);
			return send_status(request);
		case FAULT_RESET:
			return send_reset(request);
		case FAULT_TRUNCATE:
			return send_reader(request, good->len, read_truncated);
		case FAULT_SLOW_BODY:
			return send_reader(request, good->len, read_slowly);
		case FAULT_OVERSIZE:
			return send_reader(request, (uint64_t) request->fault.megabytes << 20, read_oversize);
		case FAULT_GZIP_BOMB:
			return send_gzip_bomb(request);
		case FAULT_MALFORMED:
			good->len = good->len / 2;
			put_text(good, "\"]}{,\"list\":[nul}");
			return send_text(request, 200);
		default:
			return send_text(request, 200);
	}
}
