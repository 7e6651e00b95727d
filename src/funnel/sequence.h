/*
 * sequence.h: finds a pattern in the events of one person.
 */
#ifndef TIKTOKADS_SEQUENCE_H
#define TIKTOKADS_SEQUENCE_H

#include "funnel/level.h"
#include "funnel/pattern.h"

/* A place where the search may go on differently. */
typedef struct SequenceChoice
{
	int			action;
	size_t		base;			/* event that its time counts from */
	size_t		first;			/* event at which it was entered */
	size_t		at;				/* event at which it goes on now */
} SequenceChoice;

typedef struct Sequence
{
	const Pattern *pattern;
	const FunnelEvent *events;	/* sorted; each satisfies a condition */
	size_t		count;
	uint64_t   *failed;			/* sequence_words() zeroed words: places from which nothing matched */
	void		(*check) (void);	/* called now and then; may not return */
	size_t		hopeless[PATTERN_ACTIONS_MAX];	/* entered there or later, the action leads nowhere */
	int			depth;
	SequenceChoice choices[PATTERN_ACTIONS_MAX];
	int			nmatched;		/* steps matched on the present way */
	size_t		matched[PATTERN_ACTIONS_MAX];	/* their events */
	int			nbest;			/* the longest way so far */
	size_t		best[PATTERN_ACTIONS_MAX];
} Sequence;

extern size_t sequence_words(const Pattern *pattern, size_t count);
extern void sequence_begin(Sequence *sequence, const Pattern *pattern, const FunnelEvent *events, size_t count,
						   uint64_t *failed, void (*check) (void));
extern bool sequence_find(Sequence *sequence, size_t *from);
extern int64_t sequence_count(Sequence *sequence);

#endif
