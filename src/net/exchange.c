/*
 * exchange.c: many requests at once behind one wait.
 *
 * libcurl's multi interface says which sockets it waits for; they are kept in
 * a private epoll set, and that set's descriptor is itself something to wait
 * for.  So one WaitLatchOrSocket() waits for every socket, libcurl's timer,
 * and whatever the server wants of this process.
 *
 * What must stay true: that wait is the only one, and every turn of its loop
 * serves interrupts, so that cancel, termination and procsignal barriers never
 * wait for a reply or a name lookup.  Errors are raised between calls to
 * libcurl, never inside its callbacks.  libcurl may start a thread to look up
 * names wherever it runs transfers, so signals are closed around those calls:
 * the thread inherits that and never runs a handler of the server.  Everything
 * is malloc'd, survives transactions, and goes with exchange_close(), which
 * neither blocks nor fails.
 */
#include "postgres.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "miscadmin.h"
#include "net/exchange.h"
#include "net/net.h"
#include "net/transfer.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/latch.h"

#define READY_MAX			64	/* sockets served at a time */
#define IDLE_KEPT			16	/* transfers kept for reuse */
#define CONNECTIONS_MAX		128

struct Exchange
{
	CURLM	   *multi;
	int			epoll_fd;
	int			epoll_errno;	/* why the socket callback gave up, or 0 */
	int64		timer_due;		/* monotonic microseconds, -1: none */
	int			in_flight;		/* running and finished transfers */
	int			nidle;
	dlist_head	lists[TRANSFER_TAKEN + 1];	/* transfers by state */
};

/* Microseconds of a clock that nobody sets. */
static int64
monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Blocks every signal but those that report this thread's own faults. */
static void
signals_close(sigset_t *saved)
{
	static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
	sigset_t	closed;
	int			i;

	sigfillset(&closed);
	for (i = 0; i < lengthof(faults); i++)
		sigdelset(&closed, faults[i]);
	pthread_sigmask(SIG_SETMASK, &closed, saved);
}

/* Restores the signals that were open before. */
static void
signals_open(const sigset_t *saved)
{
	pthread_sigmask(SIG_SETMASK, saved, NULL);
}

/* libcurl's callback that says what to wait for on a socket. */
static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	Exchange   *exchange = arg;
	struct epoll_event event = {0};

	if (what == CURL_POLL_REMOVE)
	{
		/* fails if the socket is closed already, which is as good */
		(void) epoll_ctl(exchange->epoll_fd, EPOLL_CTL_DEL, socket, NULL);
		return 0;
	}
	event.data.fd = socket;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(exchange->epoll_fd, EPOLL_CTL_MOD, socket, &event) == 0 ||
		(errno == ENOENT && epoll_ctl(exchange->epoll_fd, EPOLL_CTL_ADD, socket, &event) == 0))
		return 0;
	exchange->epoll_errno = errno;
	return -1;
}

/* libcurl's callback that sets its one timer. */
static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	Exchange   *exchange = arg;

	exchange->timer_due = (timeout_ms < 0) ? -1 : monotonic_us() + (int64) timeout_ms * 1000;
	return 0;
}

/* Moves a transfer to another state. */
static void
set_state(Transfer *transfer, TransferState state)
{
	transfer->state = state;
	dlist_delete(&transfer->node);
	dlist_push_tail(&transfer->exchange->lists[state], &transfer->node);
}

/* Opens an exchange without any connection yet. */
Exchange *
exchange_open(void)
{
	/* leave descriptors to the server's own files */
	long		connections = Min(CONNECTIONS_MAX, Max(4, max_safe_fds / 6));
	Exchange   *exchange;
	int			i;

	net_start();
	exchange = calloc(1, sizeof(Exchange));
	if (exchange == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	for (i = 0; i < lengthof(exchange->lists); i++)
		dlist_init(&exchange->lists[i]);
	exchange->timer_due = -1;
	exchange->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	exchange->multi = curl_multi_init();
	if (exchange->epoll_fd < 0 || exchange->multi == NULL)
	{
		int			saved_errno = errno;

		exchange_close(exchange);
		errno = saved_errno;
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not open an exchange with the network: %m")));
	}
	curl_multi_setopt(exchange->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(exchange->multi, CURLMOPT_SOCKETDATA, exchange);
	curl_multi_setopt(exchange->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(exchange->multi, CURLMOPT_TIMERDATA, exchange);
	curl_multi_setopt(exchange->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(exchange->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
	return exchange;
}

/* Drops transfers, handles and connections, in flight or not. */
void
exchange_close(Exchange *exchange)
{
	sigset_t	saved;
	int			state;

	if (exchange == NULL)
		return;
	signals_close(&saved);
	for (state = TRANSFER_IDLE; state <= TRANSFER_TAKEN; state++)
	{
		while (!dlist_is_empty(&exchange->lists[state]))
		{
			Transfer   *transfer = dlist_container(Transfer, node, dlist_pop_head_node(&exchange->lists[state]));

			if (state == TRANSFER_RUNNING)
				curl_multi_remove_handle(exchange->multi, transfer->easy);
			transfer_destroy(transfer);
		}
	}
	if (exchange->multi != NULL)
		curl_multi_cleanup(exchange->multi);
	if (exchange->epoll_fd >= 0)
		close(exchange->epoll_fd);
	free(exchange);
	signals_open(&saved);
}

/* Moves transfers that libcurl is done with to the finished ones. */
static void
collect_finished(Exchange *exchange)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(exchange->multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		CURLcode	code = message->data.result;
		char	   *private = NULL;
		Transfer   *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		transfer = (Transfer *) private;
		transfer_finish(transfer, code);
		curl_multi_remove_handle(exchange->multi, easy);
		set_state(transfer, TRANSFER_FINISHED);
	}
}

/* Lets libcurl work on one socket, or with CURL_SOCKET_TIMEOUT on its timers. */
static CURLMcode
run_socket(Exchange *exchange, curl_socket_t socket, uint32 events)
{
	int			running;
	int			what = 0;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	return curl_multi_socket_action(exchange->multi, socket, what, &running);
}

/* Serves sockets that are ready and timers that are due; does not wait. */
static void
serve(Exchange *exchange)
{
	struct epoll_event ready[READY_MAX];
	int			nready = epoll_wait(exchange->epoll_fd, ready, READY_MAX, 0);
	CURLMcode	code = CURLM_OK;
	sigset_t	saved;
	int			i;

	signals_close(&saved);
	for (i = 0; i < nready && code == CURLM_OK; i++)
		code = run_socket(exchange, ready[i].data.fd, ready[i].events);
	if (code == CURLM_OK && exchange->timer_due >= 0 && exchange->timer_due <= monotonic_us())
	{
		/* cleared first: libcurl sets it anew from inside, or not at all */
		exchange->timer_due = -1;
		code = run_socket(exchange, CURL_SOCKET_TIMEOUT, 0);
	}
	collect_finished(exchange);
	signals_open(&saved);

	if (code != CURLM_OK)
	{
		errno = exchange->epoll_errno;
		if (errno != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("could not wait for the network: %m")));
		elog(ERROR, "libcurl failed: %s", curl_multi_strerror(code));
	}
}

/* An idle transfer, or a new one. */
static Transfer *
take_idle(Exchange *exchange)
{
	Transfer   *transfer;

	if (!dlist_is_empty(&exchange->lists[TRANSFER_IDLE]))
		return dlist_head_element(Transfer, node, &exchange->lists[TRANSFER_IDLE]);
	transfer = transfer_new(exchange);
	if (transfer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	dlist_push_tail(&exchange->lists[TRANSFER_IDLE], &transfer->node);
	exchange->nidle++;
	return transfer;
}

/* Starts a request at once, as far as that goes without waiting. */
void
exchange_submit(Exchange *exchange, const Request *request)
{
	Transfer   *transfer = take_idle(exchange);
	CURLMcode	code;

	/* still idle here: what an error leaves behind is found again and reset */
	transfer_reset(transfer);
	transfer_prepare(transfer, request);
	code = curl_multi_add_handle(exchange->multi, transfer->easy);
	if (code != CURLM_OK)
		elog(ERROR, "could not start a request: %s", curl_multi_strerror(code));
	set_state(transfer, TRANSFER_RUNNING);
	exchange->nidle--;
	exchange->in_flight++;
	serve(exchange);
}

/* Milliseconds until the caller's deadline or libcurl's timer, -1 without either. */
static long
milliseconds_left(const Exchange *exchange, int64 deadline)
{
	int64		due = exchange->timer_due;
	int64		left;

	if (due < 0 || (deadline >= 0 && deadline < due))
		due = deadline;
	if (due < 0)
		return -1;
	/* rounded up: woken too early, the loop would spin until it is time */
	left = (due - monotonic_us() + 999) / 1000;
	return (long) Max(0, Min(left, INT_MAX));
}

/* Waits for the next finished reply. */
Reply *
exchange_wait(Exchange *exchange, long timeout_ms)
{
	int64		deadline = (timeout_ms < 0) ? -1 : monotonic_us() + (int64) timeout_ms * 1000;

	for (;;)
	{
		dlist_head *finished = &exchange->lists[TRANSFER_FINISHED];
		int			events = WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH;
		long		left;

		CHECK_FOR_INTERRUPTS();
		serve(exchange);
		if (!dlist_is_empty(finished))
		{
			Transfer   *transfer = dlist_head_element(Transfer, node, finished);

			set_state(transfer, TRANSFER_TAKEN);
			exchange->in_flight--;
			return &transfer->reply;
		}
		if (deadline < 0 ? exchange->in_flight == 0 : deadline <= monotonic_us())
			return NULL;

		left = milliseconds_left(exchange, deadline);
		if (left >= 0)
			events |= WL_TIMEOUT;
		if (WaitLatchOrSocket(MyLatch, events, exchange->epoll_fd, left, PG_WAIT_EXTENSION) & WL_LATCH_SET)
			ResetLatch(MyLatch);
	}
}

/* Returns a reply's transfer to the idle ones, or frees it if they are many. */
void
reply_free(Reply *reply)
{
	Transfer   *transfer = (Transfer *) reply;
	Exchange   *exchange = transfer->exchange;

	Assert(transfer->state == TRANSFER_TAKEN);
	transfer_reset(transfer);
	if (exchange->nidle < IDLE_KEPT)
	{
		set_state(transfer, TRANSFER_IDLE);
		exchange->nidle++;
	}
	else
	{
		dlist_delete(&transfer->node);
		transfer_destroy(transfer);
	}
}

/* Takes the body out of a reply; whoever has it ends it with free(). */
char *
reply_take_body(Reply *reply)
{
	return transfer_take_body((Transfer *) reply);
}

/* Counts what exchange_wait() has still to return. */
int
exchange_in_flight(const Exchange *exchange)
{
	return exchange->in_flight;
}

/* Lets other rooms check a URL before they store it. */
void
exchange_check_url(const char *url)
{
	(void) address_check_url(url);
}
