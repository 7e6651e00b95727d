/*
 * day.c: the window function day_band(), which judges daily numbers.
 *
 * Like anomaly_score() it reads the current row alone and keeps its own memory
 * of the partition: fifty-six days.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "anomaly/band.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(tiktokads_day_band);

/* A partition's memory of day_band(). */
typedef struct DayBand
{
	bool		begun;
	BandFamily	family;
	BandHistory history;
} DayBand;

/* Reads the family at the partition's first row. */
static void
day_band_begin(DayBand *state, WindowObject window)
{
	static const char *const names[] = {"amount", "count", "rate"};
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(window, 0, &isnull);
	char	   *name = isnull ? pstrdup("") : TextDatumGetCString(value);
	int			family = 0;

	while (family < lengthof(names) && strcmp(names[family], name) != 0)
		family++;
	if (family == lengthof(names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no family of bands \"%s\"", name),
				 errhint("Families are: amount, count, rate.")));
	state->family = family;
	state->begun = true;
}

/* The description of the result, kept as long as the query runs. */
static TupleDesc
day_band_desc(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "day_band must return a composite type");
		fcinfo->flinfo->fn_extra = desc;
		MemoryContextSwitchTo(before);
	}
	return fcinfo->flinfo->fn_extra;
}

/* day_band(family, at, value, exposure, share_low, share_high, learn, judge): the band of the current row's day. */
Datum
tiktokads_day_band(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	DayBand    *state = WinGetPartitionLocalMemory(window, sizeof(DayBand));
	Datum		values[8];
	bool		nulls[8];
	double		value;
	double		exposure;
	int32		day;
	Band		band;
	bool		judged = false;

	if (!state->begun)
		day_band_begin(state, window);
	WinSetMarkPosition(window, WinGetCurrentPosition(window));
	for (int i = 1; i < 8; i++)
		values[i] = WinGetFuncArgCurrent(window, i, &nulls[i]);
	if (nulls[1] || nulls[2] || nulls[3] || DATE_NOT_FINITE(DatumGetDateADT(values[1])))
		PG_RETURN_NULL();
	day = DatumGetDateADT(values[1]);
	value = DatumGetFloat8(values[2]);
	exposure = DatumGetFloat8(values[3]);
	if (!nulls[7] && DatumGetBool(values[7]) && isfinite(value))
		judged = band_judge(&state->history, state->family, day, value,
							exposure * (nulls[4] ? 1 : DatumGetFloat8(values[4])),
							exposure * (nulls[5] ? 1 : DatumGetFloat8(values[5])), &band);
	if (!nulls[6] && DatumGetBool(values[6]))
		band_learn(&state->history, day, value, exposure * (nulls[5] ? 1 : DatumGetFloat8(values[5])));
	if (!judged)
		PG_RETURN_NULL();
	values[0] = Float8GetDatum(band.expected);
	values[1] = Float8GetDatum(band.lower);
	values[2] = Float8GetDatum(band.upper);
	values[3] = Float8GetDatum(band.down);
	values[4] = Float8GetDatum(band.up);
	memset(nulls, 0, sizeof(nulls));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(day_band_desc(fcinfo), values, nulls)));
}
