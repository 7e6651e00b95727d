/*
 * fault.h: faults that control asked for.
 */
#ifndef SIMULATOR_FAULT_H
#define SIMULATOR_FAULT_H

#include "buffer.h"

/* Faults in the rows of an otherwise good reply. */
#define TWIST_UNKNOWN_FIELD 1
#define TWIST_WRONG_TYPE 2
#define TWIST_BAD_UTF8 4
#define TWIST_BAD_ESCAPE 8
#define TWIST_DUPLICATE 16
#define TWIST_SHIFT 32
#define TWIST_THROTTLED 64
#define TWIST_TOTALS 128
#define TWIST_PAGE_COUNT 256
#define TWIST_PARTIAL 512
#define TWIST_DATE 1024

typedef enum FaultKind
{
	FAULT_NONE, FAULT_HTTP, FAULT_CODE, FAULT_RESET, FAULT_STALL, FAULT_TRUNCATE, FAULT_MALFORMED,
	FAULT_OVERSIZE, FAULT_GZIP_BOMB, FAULT_SLOW_BODY, FAULT_TWIST
} FaultKind;

typedef struct Fault
{
	FaultKind	kind;
	const char *name;
	int64		number;			/* HTTP status, or TWIST_... */
	char		path[128];		/* substring of the path, "" for all */
	int64		advertiser_id;	/* 0: any */
	int64		page;			/* 0: any */
	int64		count;			/* times left, -1 for ever */
	int64		skip;			/* matching requests to let through first */
	int64		percent;		/* of matching requests, by chance; 100 all */
	int64		code;
	int64		megabytes;
	int64		rate;			/* bytes a second of a slow body */
	int64		retry_after;	/* header of HTTP faults, -1 none */
	char		message[256];
} Fault;

extern const char *fault_add(const char *name, Fault *fault);
extern bool fault_take(const char *path, int64 advertiser_id, int64 page, Fault *fault, unsigned *twists);
extern void fault_clear(void);
extern void put_faults(Buffer *out);

#endif
