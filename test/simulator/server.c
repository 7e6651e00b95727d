/*
 * server.c: libmicrohttpd's callbacks: gathers a request, sees it through
 * quota, faults and latency, and hands it to the API or to control.
 *
 * Stays true: a request is counted once, however often it is parked; a client
 * that vanishes costs nothing but its request.
 */
#include "server.h"
#include "options.h"
#include "quota.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#define API_ROOT "/open_api/v1.3/"
#define MAX_BODY 1048576

static struct MHD_Daemon *http;
static volatile bool stopping;

/* Notes one parameter of the query string. */
static enum MHD_Result
collect_param(void *request_, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Request    *request = request_;

	(void) kind;
	if (request->param_count < MAX_PARAMS)
	{
		request->params[request->param_count].name = name;
		request->params[request->param_count].value = value ? value : "";
	}
	request->param_count++;
	return MHD_YES;
}

/* Begins a request when its headers are read. */
static Request *
request_begin(struct MHD_Connection *connection, const char *url)
{
	Request    *request = must_alloc(sizeof(Request));
	size_t		root = strlen(API_ROOT);

	request->connection = connection;
	request->control = strcmp(url, "/control") == 0;
	request->path = strdup(strncmp(url, API_ROOT, root) == 0 ? url + root : url);
	request->body = buffer_take();
	return request;
}

/* Ends a request, whether it was answered or its client left. */
static void
request_end(void *cls, struct MHD_Connection *connection, void **request_, enum MHD_RequestTerminationCode why)
{
	Request    *request = *request_;

	(void) cls;
	(void) connection;
	(void) why;
	if (request == NULL)
		return;
	park_remove(request);
	request->rows = 0;
	reply_count(request, 0, 0);
	if (request->reply)
		buffer_give(request->reply);
	buffer_give(request->body);
	free(request->path);
	free(request);
	*request_ = NULL;
}

/* Counts a request against its quota, and finds its fault and its latency. */
static void
request_enter(Request *request, const char *method)
{
	const char *limit;
	int64		id = 0;

	request->counted = true;
	request->endpoint = endpoint_find(request->path, method);
	if (request->endpoint == NULL)
		return;
	pthread_rwlock_rdlock(&world.lock);
	request->in_flight = true;
	limit = quota_enter(request->endpoint->quota, token_known(request));
	pthread_rwlock_unlock(&world.lock);
	if (limit != NULL)
	{
		fail(request, 40100, "Due to too many requests, requests from App [%s] are temporarily restricted (%s)",
			 options.app_id, limit);
		return;
	}
	if (param(request, "advertiser_id"))
		id_parse(param(request, "advertiser_id"), &id);
	request->faulty = fault_take(request->path, id, strtoll(param(request, "page") ? param(request, "page") : "1", NULL, 10),
								 &request->fault, &request->twist);
	if (!request->faulty)
		return;
	if (request->fault.kind == FAULT_CODE)
	{
		request->faulty = false;
		fail(request, (int) request->fault.code, "%s",
			 request->fault.message[0] ? request->fault.message : "Fault asked for by the control endpoint.");
	}
	if (request->fault.kind == FAULT_STALL)
	{
		request->faulty = false;
		park(request, NEVER);
	}
}

/* Answers a request that is complete. */
static int
request_answer(Request *request)
{
	if (stopping)
		return MHD_NO;
	request->now = clock_now();
	request->reply = buffer_take();
	if (request->control)
		control_answer(request, request->reply);
	else
		api_answer(request, request->reply);
	return request->faulty ? reply_fault(request) : reply_send(request);
}

/* Takes a complete request: counts it once, parks it if it is to wait, answers. */
static int
request_run(Request *request, const char *method)
{
	if (!request->counted)
	{
		MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, collect_param, request);
		request->token = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Access-Token");
		request->content_type = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Content-Type");
		if (request->control)
			return request_answer(request);
		request_enter(request, method);
		if (request->parked)
			return MHD_YES;
		if (options.latency_ms > 0)
		{
			if (park(request, options.latency_ms * 1000))
				return MHD_YES;
		}
	}
	return request_answer(request);
}

/* Is called by libmicrohttpd: with the headers, with each piece of body, at the end. */
static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
	   const char *version, const char *data, size_t *size, void **request_)
{
	Request    *request = *request_;

	(void) cls;
	(void) version;
	if (request == NULL)
	{
		*request_ = request_begin(connection, url);
		return MHD_YES;
	}
	if (*size > 0)
	{
		if (request->body->len + *size > MAX_BODY)
			return MHD_NO;
		put_bytes(request->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	return (enum MHD_Result) request_run(request, method);
}

/* Starts serving on loopback; gives the port, or 0. */
int
server_start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) options.port)};
	unsigned	flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	const union MHD_DaemonInfo *info;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	endpoints_prepare();
	http = MHD_start_daemon(flags, 0, NULL, NULL, handle, NULL,
							MHD_OPTION_SOCK_ADDR, &address,
							MHD_OPTION_THREAD_POOL_SIZE, options.threads > 1 ? (unsigned) options.threads : 0,
							MHD_OPTION_NOTIFY_COMPLETED, request_end, NULL,
							MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) 262144,
							MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
							MHD_OPTION_CONNECTION_LIMIT, 1000u,
							MHD_OPTION_END);
	if (http == NULL)
		return 0;
	info = MHD_get_daemon_info(http, MHD_DAEMON_INFO_BIND_PORT);
	return info ? info->port : 0;
}

/* Stops serving; whoever waits is sent away. */
void
server_stop(void)
{
	stopping = true;
	park_release(true);
	MHD_stop_daemon(http);
}
