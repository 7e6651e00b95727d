/*
 * verdict.h: what is done about each answer of the API.
 */
#ifndef TIKTOKADS_VERDICT_H
#define TIKTOKADS_VERDICT_H

#include "postgres.h"

typedef enum Verdict
{
	VERDICT_OK,
	VERDICT_RETRY,				/* again soon, with backoff */
	VERDICT_WAIT,				/* throttled: again when the budget is back */
	VERDICT_SPLIT,				/* ask for less at once */
	VERDICT_REAUTHORISE,		/* no further request helps before new credentials */
	VERDICT_GIVE_UP				/* this request will never work */
} Verdict;

typedef struct VerdictRow
{
	int			from;
	int			to;
	Verdict		verdict;
	const char *meaning;
	const char *hint;			/* NULL: nothing that a user could do */
	bool		account;		/* concerns one ad account, not the token */
	int			penalty;		/* seconds to wait when throttled, else 0 */
	bool		stream;			/* the stream is not offered to the ad account */
	bool		slows_account;	/* the throttle concerns one ad account alone */
} VerdictRow;

/* Never NULL: codes that nobody documented have a row too. */
extern const VerdictRow *verdict_of_code(int64 code);
extern const VerdictRow *verdict_of_http(long status);
extern const char *verdict_name(Verdict verdict);

/* True when a code says that one ad account may not be read. */
extern bool verdict_of_account(int64 code);

/* True when a code says that an ad account is not offered this stream. */
extern bool verdict_of_stream(int64 code);

#endif
