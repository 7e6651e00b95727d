/*
 * net.h: the settings of the network, and libcurl's start in this process.
 */
#ifndef TIKTOKADS_NET_H
#define TIKTOKADS_NET_H

#include "postgres.h"

extern char *net_allowed_hosts; /* comma list of host or host:port */
extern bool net_allow_http_loopback;
extern bool net_allow_private_addresses;
extern int	net_connect_timeout;	/* seconds */
extern int	net_request_timeout;	/* seconds */
extern int	net_low_speed_time; /* seconds, 0: no limit */
extern int	net_max_reply_size; /* kB, after inflating */

/* Defines the room's settings. */
extern void NetInit(void);

/* Starts libcurl, once per process that uses it. */
extern void net_start(void);

#endif
