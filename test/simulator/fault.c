/*
 * fault.c: the list of faults, matched with every API request.
 *
 * Stays true: a request uses up at most one fault that replaces its reply,
 * and any number of twists to its rows; the first in the list goes first.
 */
#include "fault.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_FAULTS 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Fault faults[MAX_FAULTS];
static int	fault_count;

static const struct
{
	const char *name;
	FaultKind	kind;
	int64		number;
}			names[] = {
	{"code", FAULT_CODE, 0},
	{"reset", FAULT_RESET, 0},
	{"stall", FAULT_STALL, 0},
	{"truncate", FAULT_TRUNCATE, 0},
	{"malformed", FAULT_MALFORMED, 0},
	{"oversize", FAULT_OVERSIZE, 0},
	{"gzip_bomb", FAULT_GZIP_BOMB, 0},
	{"slow_body", FAULT_SLOW_BODY, 0},
	{"unknown_field", FAULT_TWIST, TWIST_UNKNOWN_FIELD},
	{"wrong_type", FAULT_TWIST, TWIST_WRONG_TYPE},
	{"bad_utf8", FAULT_TWIST, TWIST_BAD_UTF8},
	{"bad_escape", FAULT_TWIST, TWIST_BAD_ESCAPE},
	{"duplicate", FAULT_TWIST, TWIST_DUPLICATE},
	{"shift", FAULT_TWIST, TWIST_SHIFT},
	{"throttle_header", FAULT_TWIST, TWIST_THROTTLED},
	{"wrong_totals", FAULT_TWIST, TWIST_TOTALS},
	{"page_count", FAULT_TWIST, TWIST_PAGE_COUNT},
	{"partial", FAULT_TWIST, TWIST_PARTIAL},
	{"date", FAULT_TWIST, TWIST_DATE},
};

/* Resolves a fault's name; http_NNN is any status. */
static bool
fault_resolve(const char *name, Fault *fault)
{
	int			i;

	if (strncmp(name, "http_", 5) == 0)
	{
		fault->kind = FAULT_HTTP;
		fault->name = "http";
		fault->number = atoi(name + 5);
		return fault->number >= 200 && fault->number <= 599;
	}
	for (i = 0; i < COUNT_OF(names); i++)
	{
		if (strcmp(names[i].name, name) != 0)
			continue;
		fault->kind = names[i].kind;
		fault->name = names[i].name;
		fault->number = names[i].number;
		return true;
	}
	return false;
}

/* Appends a fault to the list; gives an error's text or NULL. */
const char *
fault_add(const char *name, Fault *fault)
{
	const char *error = NULL;

	if (!fault_resolve(name, fault))
		return "unknown fault";
	if (fault->kind == FAULT_CODE && fault->code == 0)
		return "fault=code needs code=N";
	pthread_mutex_lock(&lock);
	if (fault_count == MAX_FAULTS)
		error = "too many faults";
	else
		faults[fault_count++] = *fault;
	pthread_mutex_unlock(&lock);
	return error;
}

/* A number below a limit, the same sequence in each run (xorshift). */
static unsigned
chance(unsigned limit)
{
	static unsigned state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

/* Uses a fault up by one. */
static bool
fault_use(Fault *fault)
{
	if (fault->count == 0)
		return false;
	if (fault->skip > 0)
	{
		fault->skip--;
		return false;
	}
	if (fault->percent < 100 && chance(100) >= (unsigned) fault->percent)
		return false;
	if (fault->count > 0)
		fault->count--;
	return true;
}

/* Finds what goes wrong with a request; true when its reply is replaced. */
bool
fault_take(const char *path, int64 advertiser_id, int64 page, Fault *fault, unsigned *twists)
{
	bool		found = false;
	int			i;

	*twists = 0;
	pthread_mutex_lock(&lock);
	for (i = 0; i < fault_count; i++)
	{
		Fault	   *f = &faults[i];

		if (strstr(path, f->path) == NULL || (f->page && f->page != page) ||
			(f->advertiser_id && f->advertiser_id != advertiser_id))
			continue;
		if (f->kind == FAULT_TWIST)
		{
			if (fault_use(f))
				*twists |= (unsigned) f->number;
		}
		else if (!found && fault_use(f))
		{
			*fault = *f;
			found = true;
		}
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* Forgets all faults. */
void
fault_clear(void)
{
	pthread_mutex_lock(&lock);
	fault_count = 0;
	pthread_mutex_unlock(&lock);
}

/* Writes the list of faults that are still to come, as JSON. */
void
put_faults(Buffer *out)
{
	const char *comma = "";
	int			i;

	put_text(out, "[");
	pthread_mutex_lock(&lock);
	for (i = 0; i < fault_count; i++)
	{
		const Fault *f = &faults[i];

		if (f->count == 0)
			continue;
		put_format(out, "%s{\"fault\":\"%s\",\"number\":%lld,\"path\":", comma, f->name, (long long) f->number);
		put_json(out, f->path);
		put_format(out, ",\"count\":%lld,\"skip\":%lld}", (long long) f->count, (long long) f->skip);
		comma = ",";
	}
	pthread_mutex_unlock(&lock);
	put_text(out, "]");
}
