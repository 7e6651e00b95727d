/*
 * park.c: requests that wait: latency, stalls, slow bodies.
 *
 * Stays true: a parked request is suspended in libmicrohttpd and stands in
 * one list; it leaves the list exactly once, when its time comes, when faults are
 * cleared, when its client leaves, or when the server stops.
 */
#include "server.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Request *parked;
static bool closed;

/* Suspends a request, for NEVER until stalls are released; false at the end. */
bool
park(Request *request, int64 microseconds)
{
	pthread_mutex_lock(&lock);
	if (closed)
	{
		pthread_mutex_unlock(&lock);
		return false;
	}
	request->parked = true;
	request->wake_at = microseconds == NEVER ? NEVER : clock_mono_us() + microseconds;
	request->next = parked;
	request->link = &parked;
	if (parked)
		parked->link = &request->next;
	parked = request;
	MHD_suspend_connection(request->connection);
	pthread_mutex_unlock(&lock);
	return true;
}

/* Takes a request out of the list; the caller holds the lock. */
static void
unlink_request(Request *request)
{
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	request->parked = false;
}

/* Takes a request that ends out of the list. */
void
park_remove(Request *request)
{
	pthread_mutex_lock(&lock);
	if (request->parked)
		unlink_request(request);
	pthread_mutex_unlock(&lock);
}

/* Tells whether a request's client has closed its end. */
static bool
client_left(const Request *request)
{
	const union MHD_ConnectionInfo *info =
	MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd p = {.fd = info->connect_fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* Resumes what need not wait any longer. */
static void
sweep(bool all)
{
	Request    *request,
			   *next;
	int64		now = clock_mono_us();

	pthread_mutex_lock(&lock);
	for (request = parked; request != NULL; request = next)
	{
		next = request->next;
		if (!all && request->wake_at > now && !client_left(request))
			continue;
		unlink_request(request);
		MHD_resume_connection(request->connection);
	}
	pthread_mutex_unlock(&lock);
}

/* Resumes what is due. */
void
park_sweep(void)
{
	sweep(false);
}

/* Resumes everything, and parks nothing any more if close says so. */
void
park_release(bool close)
{
	pthread_mutex_lock(&lock);
	closed |= close;
	pthread_mutex_unlock(&lock);
	sweep(true);
}

/* Counts the requests that wait without a time. */
int
park_stalled(void)
{
	const Request *request;
	int			result = 0;

	pthread_mutex_lock(&lock);
	for (request = parked; request != NULL; request = request->next)
		result += request->wake_at == NEVER;
	pthread_mutex_unlock(&lock);
	return result;
}
