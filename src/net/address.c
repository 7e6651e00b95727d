/*
 * address.c: whom a request may be sent to.
 *
 * Two checks, and both must pass.  Before a request starts, its URL is taken
 * apart by libcurl's own parser (so that both read it alike) and its host is
 * looked for in tiktokads.allowed_hosts.  When a socket is about to be opened,
 * the address that the name resolved to is classed: a name that is allowed
 * today may point into the private network tomorrow.
 *
 * What must stay true: address_class() runs inside libcurl's callback, so it
 * neither raises errors nor allocates.  A URL's path, query or user never
 * appear in an error: they may hold secrets.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>

#include <curl/curl.h>

#include "net/address.h"
#include "net/net.h"

/* libcurl learnt to put these errors into words in 7.80. */
#if LIBCURL_VERSION_NUM < 0x075000
#define curl_url_strerror(code) "not understood"
#endif

/* The parts of a URL that decide, in palloc'd memory; absent ones are NULL. */
typedef struct UrlParts
{
	CURLUcode	code;
	char	   *scheme;
	char	   *host;			/* without the brackets of an IPv6 literal */
	char	   *port;			/* never absent: the scheme's own if unnamed */
	char	   *user;
	char	   *password;
	char	   *fragment;
} UrlParts;

/* IPv4 networks that are not the internet (IANA special-purpose registry). */
static const struct
{
	uint32		network;
	int			bits;
	AddressClass class;
}			networks4[] = {
	{0x00000000, 8, ADDRESS_PRIVATE},	/* 0.0.0.0/8 this network */
	{0x0A000000, 8, ADDRESS_PRIVATE},	/* 10.0.0.0/8 */
	{0x64400000, 10, ADDRESS_PRIVATE},	/* 100.64.0.0/10 carrier-grade NAT */
	{0x7F000000, 8, ADDRESS_LOOPBACK},	/* 127.0.0.0/8 */
	{0xA9FE0000, 16, ADDRESS_PRIVATE},	/* 169.254.0.0/16 link-local, metadata */
	{0xAC100000, 12, ADDRESS_PRIVATE},	/* 172.16.0.0/12 */
	{0xC0000000, 24, ADDRESS_PRIVATE},	/* 192.0.0.0/24 protocol assignments */
	{0xC0000200, 24, ADDRESS_PRIVATE},	/* 192.0.2.0/24 documentation */
	{0xC0586300, 24, ADDRESS_PRIVATE},	/* 192.88.99.0/24 6to4 relays */
	{0xC0A80000, 16, ADDRESS_PRIVATE},	/* 192.168.0.0/16 */
	{0xC6120000, 15, ADDRESS_PRIVATE},	/* 198.18.0.0/15 benchmarks */
	{0xC6336400, 24, ADDRESS_PRIVATE},	/* 198.51.100.0/24 documentation */
	{0xCB007100, 24, ADDRESS_PRIVATE},	/* 203.0.113.0/24 documentation */
	{0xE0000000, 4, ADDRESS_PRIVATE},	/* 224.0.0.0/4 multicast */
	{0xF0000000, 4, ADDRESS_PRIVATE},	/* 240.0.0.0/4 reserved, broadcast */
};

/* The same for IPv6; first match counts. */
static const struct
{
	uint8		network[16];
	int			bits;
	AddressClass class;
}			networks6[] = {
	{{[15] = 1}, 128, ADDRESS_LOOPBACK},	/* ::1 */
	{{[10] = 0xFF, 0xFF}, 96, ADDRESS_PRIVATE}, /* ::ffff:0:0/96 IPv4 in disguise */
	{{0}, 96, ADDRESS_PRIVATE}, /* ::/96 unspecified, IPv4-compatible */
	{{0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01}, 48, ADDRESS_PRIVATE},	/* local NAT64 */
	{{0x01, 0x00}, 64, ADDRESS_PRIVATE},	/* 100::/64 discard */
	{{0x20, 0x01, 0x00}, 23, ADDRESS_PRIVATE},	/* 2001::/23 Teredo and others */
	{{0x20, 0x01, 0x0D, 0xB8}, 32, ADDRESS_PRIVATE},	/* documentation */
	{{0x20, 0x02}, 16, ADDRESS_PRIVATE},	/* 2002::/16 6to4 */
	{{0x3F, 0xFF}, 20, ADDRESS_PRIVATE},	/* 3fff::/20 documentation */
	{{0xFC}, 7, ADDRESS_PRIVATE},	/* fc00::/7 unique local */
	{{0xFE, 0x80}, 10, ADDRESS_PRIVATE},	/* link-local */
	{{0xFE, 0xC0}, 10, ADDRESS_PRIVATE},	/* site-local */
	{{0xFF}, 8, ADDRESS_PRIVATE},	/* multicast */
};

/* 64:ff9b::/96: where DNS64 puts IPv4 hosts; the IPv4 address decides. */
static const uint8 nat64_prefix[12] = {0x00, 0x64, 0xFF, 0x9B};

/* Classes an IPv4 address in host byte order. */
static AddressClass
class_ip4(uint32 ip)
{
	int			i;

	for (i = 0; i < lengthof(networks4); i++)
	{
		if (((ip ^ networks4[i].network) >> (32 - networks4[i].bits)) == 0)
			return networks4[i].class;
	}
	return ADDRESS_PUBLIC;
}

/* Whether the first bits of two IPv6 addresses agree. */
static bool
same_prefix(const uint8 *a, const uint8 *b, int bits)
{
	int			whole = bits / 8;
	int			rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
		(rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

/* Classes an IPv6 address. */
static AddressClass
class_ip6(const uint8 *ip)
{
	int			i;

	if (memcmp(ip, nat64_prefix, sizeof(nat64_prefix)) == 0)
		return class_ip4(((uint32) ip[12] << 24) | (ip[13] << 16) | (ip[14] << 8) | ip[15]);
	for (i = 0; i < lengthof(networks6); i++)
	{
		if (same_prefix(ip, networks6[i].network, networks6[i].bits))
			return networks6[i].class;
	}
	return ADDRESS_PUBLIC;
}

/* Classes a resolved address; families other than IP are never public. */
AddressClass
address_class(const struct sockaddr *address)
{
	switch (address->sa_family)
	{
		case AF_INET:
			return class_ip4(ntohl(((const struct sockaddr_in *) address)->sin_addr.s_addr));
		case AF_INET6:
			return class_ip6(((const struct sockaddr_in6 *) address)->sin6_addr.s6_addr);
		default:
			return ADDRESS_PRIVATE;
	}
}

/* Whether a host, as libcurl normalises it, is this machine by name or number. */
static bool
is_loopback_host(const char *host)
{
	struct sockaddr_in ip4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6};

	if (pg_strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &ip4.sin_addr) == 1)
		return address_class((struct sockaddr *) &ip4) == ADDRESS_LOOPBACK;
	if (inet_pton(AF_INET6, host, &ip6.sin6_addr) == 1)
		return address_class((struct sockaddr *) &ip6) == ADDRESS_LOOPBACK;
	return false;
}

/* Copies one part of a URL out of libcurl's memory, NULL if it is absent. */
static char *
url_part(CURLU *handle, CURLUPart which, unsigned int flags)
{
	char	   *part = NULL;
	char	   *copy = NULL;

	if (curl_url_get(handle, which, &part, flags) == CURLUE_OK && part != NULL)
		copy = pstrdup(part);
	curl_free(part);
	return copy;
}

/* Takes a URL apart as libcurl will. */
static UrlParts
split_url(const char *url, unsigned int flags)
{
	UrlParts	parts = {CURLUE_OUT_OF_MEMORY};
	CURLU	   *handle;
	Size		len;

	net_start();
	handle = curl_url();
	if (handle == NULL)
		return parts;
	parts.code = curl_url_set(handle, CURLUPART_URL, url, flags);
	if (parts.code == CURLUE_OK)
	{
		parts.scheme = url_part(handle, CURLUPART_SCHEME, 0);
		parts.host = url_part(handle, CURLUPART_HOST, 0);
		parts.port = url_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
		parts.user = url_part(handle, CURLUPART_USER, 0);
		parts.password = url_part(handle, CURLUPART_PASSWORD, 0);
		parts.fragment = url_part(handle, CURLUPART_FRAGMENT, 0);
		len = (parts.host != NULL) ? strlen(parts.host) : 0;
		if (len > 2 && parts.host[0] == '[')
		{
			parts.host[len - 1] = '\0';
			memmove(parts.host, parts.host + 1, len - 1);
		}
	}
	curl_url_cleanup(handle);
	return parts;
}

/* Gives back the memory of a URL's parts. */
static void
free_parts(UrlParts *parts)
{
	char	   *all[] = {parts->scheme, parts->host, parts->port, parts->user, parts->password, parts->fragment};
	int			i;

	for (i = 0; i < lengthof(all); i++)
	{
		if (all[i] != NULL)
			pfree(all[i]);
	}
}

/* Steps over the separators of a host list. */
static const char *
skip_separators(const char *p)
{
	while (*p == ',' || isspace((unsigned char) *p))
		p++;
	return p;
}

/* The length of the entry that a host list begins with. */
static size_t
entry_length(const char *p)
{
	size_t		len = 0;

	while (p[len] != '\0' && p[len] != ',' && !isspace((unsigned char) p[len]))
		len++;
	return len;
}

/* Whether an entry reads host or host:port (IPv6 literals in brackets). */
static bool
entry_is_valid(const char *entry, size_t len)
{
	size_t		host = 0;
	size_t		digits;
	bool		bracket = (entry[0] == '[');

	while (host < len && (isalnum((unsigned char) entry[host]) || strchr("-._", entry[host]) != NULL ||
						  (bracket && strchr("[]:", entry[host]) != NULL)))
	{
		if (entry[host++] == ']')
			break;
	}
	if (host == 0 || (bracket && entry[host - 1] != ']'))
		return false;
	if (host == len)
		return true;
	if (entry[host] != ':')
		return false;
	digits = strspn(entry + host + 1, "0123456789");
	return digits > 0 && digits <= 5 && host + 1 + digits == len;
}

/* Looks for the first malformed entry of a host list. */
const char *
address_check_list(const char *list)
{
	const char *p;
	size_t		len;

	for (p = skip_separators(list); *p != '\0'; p = skip_separators(p + len))
	{
		len = entry_length(p);
		if (!entry_is_valid(p, len))
			return p;
	}
	return NULL;
}

/* Whether a host and port stand in tiktokads.allowed_hosts. */
static bool
is_allowed(const char *host, const char *port)
{
	bool		ip6 = strchr(host, ':') != NULL;
	char	   *name = psprintf(ip6 ? "[%s]" : "%s", host);
	char	   *name_port = psprintf("%s:%s", name, port);
	bool		standard = strcmp(port, "443") == 0;
	bool		found = false;
	const char *p;
	size_t		len;

	for (p = skip_separators(net_allowed_hosts); *p != '\0' && !found; p = skip_separators(p + len))
	{
		len = entry_length(p);
		found = (standard && len == strlen(name) && pg_strncasecmp(p, name, len) == 0) ||
			(len == strlen(name_port) && pg_strncasecmp(p, name_port, len) == 0);
	}
	pfree(name);
	pfree(name_port);
	return found;
}

/* Raises an error for a URL whose form alone rules it out. */
static void
check_form(const UrlParts *parts)
{
	if (parts->code != CURLUE_OK || parts->scheme == NULL || parts->host == NULL || parts->port == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("malformed URL: %s",
						parts->code != CURLUE_OK ? curl_url_strerror(parts->code) : "no host"),
				 errhint("Write the URL as https://host/path.")));
	if (parts->user != NULL || parts->password != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("URL for host \"%s\" contains a user name or password", parts->host),
				 errhint("Credentials are given apart from the URL.")));
	if (parts->fragment != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("URL for host \"%s\" contains a fragment", parts->host),
				 errhint("Remove the part that begins with \"#\".")));
}

/* Checks a URL's form, scheme and host against the settings. */
AddressUrl
address_check_url(const char *url)
{
	UrlParts	parts = split_url(url, 0);
	AddressUrl	result;
	bool		loopback;

	check_form(&parts);
	loopback = is_loopback_host(parts.host);
	result.https = strcmp(parts.scheme, "https") == 0;
	result.loopback = loopback && net_allow_http_loopback;

	if (!result.https && !(result.loopback && strcmp(parts.scheme, "http") == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("URL for host \"%s\" uses \"%s\" instead of \"https\"", parts.host, parts.scheme),
				 loopback ?
				 errhint("For a test server on this machine a superuser can turn on tiktokads.allow_http_loopback.") :
				 errhint("Use an https URL.")));
	if (!result.loopback && !is_allowed(parts.host, parts.port))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("host \"%s\", port %s is not an allowed host", parts.host, parts.port),
				 loopback ?
				 errhint("For a test server on this machine a superuser can turn on tiktokads.allow_http_loopback.") :
				 errhint("A superuser can add it to the setting tiktokads.allowed_hosts.")));
	free_parts(&parts);
	return result;
}

/* Whether a proxy (URL or host:port) runs on this machine. */
bool
address_is_loopback_proxy(const char *proxy)
{
	UrlParts	parts = split_url(proxy, CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME);
	bool		loopback = parts.host != NULL && is_loopback_host(parts.host);

	free_parts(&parts);
	return loopback;
}
