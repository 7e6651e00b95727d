/*
 * connection.h: a connection in memory, with its secrets, for one call.
 */
#ifndef TIKTOKADS_CONNECTION_H
#define TIKTOKADS_CONNECTION_H

#include "api/caller.h"
#include "base/unit.h"

/* A connection, or what is to become one; strings live in "context". */
typedef struct Connection
{
	MemoryContext context;
	char	   *name;
	char	   *app_id;			/* NULL: unknown */
	char	   *app;			/* whose budget its requests use */
	char	   *base_url;
	char	   *tier;
	char	   *access_token_file;
	char	   *app_secret_file;
	char	   *proxy;
	char	   *ca_file;
	int64	   *advertiser_ids; /* named to connect() */
	int			nadvertiser_ids;
	Oid			connected_by;
	char	   *access_token;	/* secret */
	char	   *app_secret;		/* secret, NULL: not given */
} Connection;

/*
 * Reads the connections that may act in this database, or the one named; in a
 * unit of work.  One that may not is an error when named, else a warning.
 */
extern Connection *connection_load(MemoryContext context, const char *name, int *count);

/* Reads the connections that may act in this database, in silence about the others; in a unit of work. */
extern Connection *connection_load_acting(MemoryContext context, int *count);

/* Reads a connection, whether it may act or not; an error when there is none.  In a unit of work. */
extern Connection *connection_find(MemoryContext context, const char *name, bool *paused);

/* Reads the secrets that can be read, complaining of none; in a unit of work. */
extern void connection_unlock_some(Connection *connection);

/* Reads the secrets of a connection; in a unit of work. */
extern void connection_unlock(Connection *connection);

/* Cleanses the secrets that connection_unlock() read. */
extern void connection_lock(Connection *connection);

/*
 * Pauses a connection whose credentials the API refused, with a finding; in a
 * unit of work.  resume() ends that.
 */
extern void connection_refused(const char *name, const CallError *error);

/* Sets the caller up to speak for a connection. */
extern void connection_caller(const Connection *connection, Exchange *exchange, Caller *caller);

/* Whose budget a connection's requests use. */
extern char *connection_app(const char *app_id, const char *name);

/*
 * Sends one request and waits for its reply; an ERROR "could not <what>: ..."
 * unless the API says that all is well.
 */
extern char *connection_ask(Caller *caller, const char *method, const char *endpoint,
							const char *url, const char *body, const char *what);

#endif
