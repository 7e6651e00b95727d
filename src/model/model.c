/*
 * model.c: CALL tiktokads.create_model().
 *
 * The tables themselves are described by rows (tiktokads.model_column) and made
 * by the SQL function model_create(), which runs here as the owner role.
 */
#include "postgres.h"

#include "base/row.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "model/model.h"
#include "tiktokads.h"

PG_FUNCTION_INFO_V1(tiktokads_create_model);

/* True when the roles have all they need, or the caller may not even ask, and so not make them. */
bool
model_roles_ready(void)
{
	unit_execute("SELECT pg_catalog.has_function_privilege('tiktokads.roles_ready()', 'EXECUTE') AS may",
				 0, NULL, NULL, NULL, SPI_OK_SELECT);
	if (!row_bool(0, "may"))
		return true;
	unit_execute("SELECT tiktokads.roles_ready() AS ready", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	return row_bool(0, "ready");
}

/* Makes the roles, with the caller's own rights, unless they have all they need. */
static void
roles_ensure(void *arg)
{
	if (!model_roles_ready())
		unit_execute("CALL tiktokads.create_roles()", 0, NULL, NULL, NULL, SPI_OK_UTILITY);
}

/* Makes whatever of the model is missing. */
static void
model_make(void *arg)
{
	bool		always = *(bool *) arg;

	unit_execute(always ? "SELECT tiktokads.model_create()"
				 : "SELECT tiktokads.model_create() WHERE NOT tiktokads.model_ready()",
				 0, NULL, NULL, NULL, SPI_OK_SELECT);
}

/* Makes the roles when they are missing, then the model when it is; commits. */
void
model_ensure(const Authority *authority, bool always)
{
	unit_run_as_caller(authority, roles_ensure, NULL);
	unit_run(authority, model_make, &always);
}

/* CALL tiktokads.create_model(): makes or completes the tables of facts and their views. */
Datum
tiktokads_create_model(PG_FUNCTION_ARGS)
{
	Authority	authority;

	call_open(fcinfo, "tiktokads.create_model", &authority);
	model_ensure(&authority, true);
	call_close();
	PG_RETURN_VOID();
}
