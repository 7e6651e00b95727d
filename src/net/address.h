/*
 * address.h: whom a request may be sent to.
 */
#ifndef TIKTOKADS_ADDRESS_H
#define TIKTOKADS_ADDRESS_H

#include "postgres.h"

#include <sys/socket.h>

/* What kind of network an address belongs to. */
typedef enum AddressClass
{
	ADDRESS_PUBLIC,
	ADDRESS_LOOPBACK,			/* 127.0.0.0/8, ::1 */
	ADDRESS_PRIVATE				/* everything else that is not the internet */
} AddressClass;

/* What is known of a URL that passed the check. */
typedef struct AddressUrl
{
	bool		https;
	bool		loopback;		/* allowed as loopback: must resolve to it */
} AddressUrl;

/* Tells the kind of a resolved address; calls nothing that can fail. */
extern AddressClass address_class(const struct sockaddr *address);

/* Raises an error unless requests may go to this URL. */
extern AddressUrl address_check_url(const char *url);

/* Whether a proxy's URL names this machine itself. */
extern bool address_is_loopback_proxy(const char *proxy);

/* NULL if a list of hosts is well formed, else where it is not. */
extern const char *address_check_list(const char *list);

#endif
