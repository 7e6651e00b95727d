/*
 * question.h: what a call of an aggregate over a person's events asks.
 */
#ifndef TIKTOKADS_QUESTION_H
#define TIKTOKADS_QUESTION_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

#include "base/compat.h"
#include "funnel/level.h"

/*
 * The same for every row of a group: compared, copied and sent as bytes.  Each
 * aggregate lays its own struct over `bytes`.
 */
typedef struct FunnelQuestion
{
	int			nsteps;
	int			size;			/* of bytes */
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} FunnelQuestion;

/* Makes the question of a call's arguments, in the current context. */
typedef FunnelQuestion *(*QuestionMaker) (FunctionCallInfo fcinfo, int nsteps);

/* Refuses a question that is wrong, where making it does not. */
typedef void (*QuestionChecker) (const FunnelQuestion *question);

/* The array of steps of a row, its last argument; the executor has just made it, so it is hardly ever packed. */
static inline ArrayType *
row_array(FunctionCallInfo fcinfo)
{
	Pointer		array = PG_GETARG_POINTER(PG_NARGS() - 1);

	return VARATT_IS_EXTENDED(array) ? DatumGetArrayTypeP(PointerGetDatum(array)) : (ArrayType *) array;
}

extern FunnelQuestion *question_make(int nsteps, const void *head, int head_size, const char *tail, int tail_size);
extern FunnelQuestion *question_copy(const FunnelQuestion *question, MemoryContext context);
extern bool question_equal(const FunnelQuestion *a, const FunnelQuestion *b);
extern void question_must_equal(const FunnelQuestion *a, const FunnelQuestion *b);
extern const FunnelQuestion *question_of_row(FunctionCallInfo fcinfo, int constants, QuestionMaker make,
											 QuestionChecker check, const FunnelQuestion *known);
extern void question_write(StringInfo out, const FunnelQuestion *question);
extern const FunnelQuestion *question_read(FunctionCallInfo fcinfo, StringInfo in);
pg_noreturn extern void state_refuse(void);

#endif
