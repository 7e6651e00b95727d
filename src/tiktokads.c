/*
 * tiktokads.c: the front door.
 *
 * Loading the library in a session defines the settings of each room, and lets
 * one hook keep parameters with secrets out of the log: no shared memory, no
 * libcurl.  Preloaded, it asks for
 * shared memory and registers the launcher of the workers as well; everything
 * but the workers works the same without that.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "account/seal.h"
#include "account/veil.h"
#include "api/caller.h"
#include "attribution/attribution.h"
#include "base/clock.h"
#include "base/shared.h"
#include "net/net.h"
#include "retention/purge.h"
#include "sync/sync.h"
#include "tiktokads.h"
#include "worker/worker.h"

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
	SealInit();
	VeilInit();
	SyncInit();
	RetentionInit();
	WorkerInit();
	AttributionInit();
	if (shared_preloading())
		SharedInit();
	MarkGUCPrefixReserved(EXTENSION_NAME);
}
