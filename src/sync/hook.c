/*
 * hook.c: functions of the users' own, called when a slice was stored.
 *
 * They run in the transaction that stores the slice, each with the rights of
 * the role that wrote it and nothing more.  What is new and changed is known by
 * changed_at, which is this transaction's own time.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "sync/follow.h"
#include "sync/parameter.h"
#include "tiktokads.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define CHANGED_TABLE "tiktokads_changed"

typedef struct Hook
{
	char	   *name;
	char	   *function;
	char	   *owner;
	bool		optional;
} Hook;

/* Reads the hooks of a stream. */
static Hook *
hooks_load(const char *stream, int *count)
{
	Parameters	parameters = {0};
	Hook	   *hooks;

	add_text(&parameters, stream);
	execute("SELECT hook, function, owner::text, optional FROM tiktokads.hook WHERE enabled AND $1 LIKE streams ORDER BY hook",
			&parameters, SPI_OK_SELECT);
	*count = (int) SPI_processed;
	hooks = palloc(Max(*count, 1) * sizeof(Hook));
	for (int i = 0; i < *count; i++)
	{
		hooks[i].name = row_text(CurrentMemoryContext, i, "hook");
		hooks[i].function = row_text(CurrentMemoryContext, i, "function");
		hooks[i].owner = row_text(CurrentMemoryContext, i, "owner");
		hooks[i].optional = row_bool(i, "optional");
	}
	return hooks;
}

/* Puts what is new and changed into a table of this transaction's own. */
static void
changed_make(const Slice *slice)
{
	StringInfoData sql;
	Oid			user;
	int			context;

	/* a unit of work may make no temporary tables; this one is ours */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context & ~SECURITY_RESTRICTED_OPERATION);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TEMPORARY TABLE " CHANGED_TABLE " ON COMMIT DROP AS"
					 " SELECT o.*, o.xmax::text = '0' AS is_new FROM %s.%s AS o"
					 " WHERE o.changed_at = tiktokads.clock_transaction() AND ",
					 SCHEMA_NAME, quote_identifier(slice->target->stream->target));
	target_append_scope(&sql, slice->target, &slice->scope);
	unit_execute(sql.data, 0, NULL, NULL, NULL, SPI_OK_UTILITY);
	SetUserIdAndSecContext(user, context);
}

/* Calls a hook as its owner. */
static void
hook_call(const Hook *hook, const Slice *slice)
{
	Parameters	parameters = {0};
	bool		dated = slice->target->stream->date_column != NULL;
	Oid			owner = get_role_oid(hook->owner, true);
	Oid			user;
	int			context;

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not exist", hook->owner)));
	unit_execute(psprintf("GRANT SELECT ON pg_temp." CHANGED_TABLE " TO %s", quote_identifier(hook->owner)),
				 0, NULL, NULL, NULL, SPI_OK_UTILITY);
	add_int64(&parameters, slice->scope.advertiser_id);
	add_text(&parameters, slice->target->stream->name);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.from), !dated);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.to), !dated);
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	execute(psprintf("SELECT %s($1, $2, $3, $4)", hook->function), &parameters, SPI_OK_SELECT);
	SetUserIdAndSecContext(user, context);
}

/* Records or clears that an optional hook failed. */
static void
hook_finding(const Hook *hook, const Slice *slice, const char *message)
{
	Parameters	parameters = {0};

	add_text(&parameters, slice->target->stream->name);
	add_int64(&parameters, slice->scope.advertiser_id);
	add_text(&parameters, hook->name);
	add_text(&parameters, message);
	if (message == NULL)
		execute("UPDATE tiktokads.finding SET cleared_at = pg_catalog.now() WHERE cleared_at IS NULL AND kind = 'hook_failed'"
				" AND stream = $1 AND advertiser_id = $2 AND subject = $3 AND $4 IS NULL", &parameters, SPI_OK_UPDATE);
	else
		execute("SELECT tiktokads.finding_raise('hook_failed', NULL, $1, $2, NULL, NULL,"
				" pg_catalog.format('hook \"%s\" failed: %s', $3, $4), 'The slice is stored all the same, because the hook is optional.', 'error', $3)",
				&parameters, SPI_OK_SELECT);
}

/* Calls a hook; its error is returned when it is rolled back, and told by name. */
static char *
hook_try(const Hook *hook, const Slice *slice)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char	   *volatile message = NULL;
	volatile int code = 0;
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(before);
	PG_TRY();
	{
		hook_call(hook, slice);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *failure;

		MemoryContextSwitchTo(before);
		failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		SetUserIdAndSecContext(user, context);
		if (failure->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			ERRCODE_TO_CATEGORY(failure->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			ReThrowError(failure);
		message = failure->message;
		code = failure->sqlerrcode;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	if (message != NULL && !hook->optional)
		ereport(ERROR,
				(errcode(code),
				 errmsg("hook \"%s\" failed: %s", hook->name, message),
				 errhint("Mend the function, or mark the hook as optional or disabled in tiktokads.hook; the slice is tried again.")));
	return message;
}

/* Calls the hooks of a slice that was stored with changes. */
void
hooks_call(Slice *slice)
{
	int			count;
	Hook	   *hooks = hooks_load(slice->target->stream->name, &count);

	if (count == 0)
		return;
	changed_make(slice);
	for (int i = 0; i < count; i++)
	{
		char	   *message = hook_try(&hooks[i], slice);

		hook_finding(&hooks[i], slice, message);
	}
	unit_execute("DROP TABLE pg_temp." CHANGED_TABLE, 0, NULL, NULL, NULL, SPI_OK_UTILITY);
}
