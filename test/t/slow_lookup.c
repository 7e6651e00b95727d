/*
 * slow_lookup.c: preloaded into a test server, makes the lookup of the API's
 * host hang for a minute; all other lookups are the C library's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int (*Lookup) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Hangs for the API's host, and does what it should for any other. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	Lookup		real = (Lookup) dlsym(RTLD_NEXT, "getaddrinfo");

	if (node != NULL && strcmp(node, "business-api.tiktok.com") == 0)
		sleep(60);
	return real(node, service, hints, result);
}
