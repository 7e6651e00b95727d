/*
 * connecting.h: credentials on their way in, for connect() and rotate_credentials().
 */
#ifndef TIKTOKADS_CONNECTING_H
#define TIKTOKADS_CONNECTING_H

#include "account/advertiser.h"

/* A connection that is made or gets new credentials. */
typedef struct Connecting
{
	Connection	connection;
	char	   *literal_token;	/* NULL: from a file, or sealed before */
	char	   *literal_secret;
	bool		token_in_statement; /* its text holds the literal */
	bool		secret_in_statement;
	char	   *auth_code;
	bool		named_ids;		/* the caller listed the ad accounts */
	Target	   *target;
	AdvertiserList list;
	bool		existed;
	bool		roles_ready;	/* in this database, before */
} Connecting;

/* A text argument, NULL when it is null or empty; whether a statement may hold it. */
extern char *connecting_argument(FunctionCallInfo fcinfo, int n);
extern bool connecting_is_literal(FunctionCallInfo fcinfo, int n);

/* Reads or takes the secrets that were given; a unit of the caller. */
extern void connecting_take_secrets(void *arg);

/* Asks the API about the credentials and the ad accounts; an error when it refuses. */
extern void connecting_ask(Connecting *connecting);

/* Seals what is to be kept and forgets what was sealed before it; in a unit of work. */
extern void connecting_keep_secrets(Connecting *connecting);

/* Remembers for the session what could not be sealed, and cleanses the rest. */
extern void connecting_end(Connecting *connecting);

#endif
