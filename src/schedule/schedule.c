/*
 * schedule.c: what runs by itself and belongs to no other room.
 *
 * pg_cron is spoken to in SQL alone (schedule.sql): it may be absent, in another
 * database or of another version, and none of that may matter to the library.
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/unit.h"

PG_FUNCTION_INFO_V1(tiktokads_maintain);
PG_FUNCTION_INFO_V1(tiktokads_disk_space);

/* Makes the partitions of the months to come. */
static void
partitions_make(void *arg)
{
	unit_execute("SELECT tiktokads.partition_ahead()", 0, NULL, NULL, NULL, SPI_OK_SELECT);
}

/* Prunes pg_cron's log, where row security shows each role its own jobs. */
static void
log_prune(void *arg)
{
	unit_execute("SELECT tiktokads.schedule_prune()", 0, NULL, NULL, NULL, SPI_OK_SELECT);
}

/* CALL tiktokads.maintain(): partitions as the owner role, the log as the caller; commits both. */
Datum
tiktokads_maintain(PG_FUNCTION_ARGS)
{
	Authority	authority;

	call_open(fcinfo, "tiktokads.maintain", &authority);
	unit_run(&authority, partitions_make, NULL);
	unit_run_as_caller(&authority, log_prune, NULL);
	call_close();
	PG_RETURN_VOID();
}

/* Space on the file system of the data directory. */
Datum
tiktokads_disk_space(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	struct statvfs space;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (statvfs(DataDir, &space) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not get the space of the data directory: %m")));
	values[0] = Int64GetDatum((int64) space.f_bavail * space.f_frsize);
	values[1] = Int64GetDatum((int64) space.f_blocks * space.f_frsize);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
