/*
 * tiktokads.c: the front door.
 *
 * Loading the library defines the settings of each room and nothing else: no
 * hook, no shared memory, no libcurl.  It must therefore work the same from
 * shared_preload_libraries and from a session's first call.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "account/secret.h"
#include "api/caller.h"
#include "base/clock.h"
#include "net/net.h"
#include "retention/purge.h"
#include "sync/sync.h"
#include "tiktokads.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* Lets each room define its settings, then closes the prefix to typing errors. */
void
_PG_init(void)
{
	ClockInit();
	NetInit();
	CallerInit();
	SecretInit();
	SyncInit();
	RetentionInit();
	MarkGUCPrefixReserved(EXTENSION_NAME);
}
