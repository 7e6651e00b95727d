/*
 * option.h: the members of an options object, checked against a table.
 */
#ifndef TIKTOKADS_OPTION_H
#define TIKTOKADS_OPTION_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef enum OptionKind
{
	OPTION_NUMBER,				/* double */
	OPTION_INTEGER,				/* int */
	OPTION_BOOLEAN,				/* bool */
	OPTION_TEXT,				/* char *, palloc'd */
	OPTION_SPAN					/* int, or the word "periodic" as SPAN_PERIODIC */
} OptionKind;

#define SPAN_PERIODIC	(-1)

/* One member: its name, where its value goes, and the numbers allowed. */
typedef struct Option
{
	const char *name;
	const char *alias;			/* the name of other systems, or NULL */
	OptionKind	kind;
	size_t		offset;
	double		low;
	double		high;
} Option;

extern void anomaly_options_read(Jsonb *object, const Option *options, int count, void *target, const char *function);

#endif
