/*
 * pause.h: lets long arithmetic be cancelled without knowing of a server.
 *
 * The server's side points the hook at its interrupt check, which may jump out
 * for good: arithmetic must own nothing but memory that its caller gave it.
 */
#ifndef TIKTOKADS_PAUSE_H
#define TIKTOKADS_PAUSE_H

extern void (*pause_hook) (void);

/* Called now and then in loops that can take longer than some milliseconds. */
static inline void
pause_check(void)
{
	if (pause_hook)
		pause_hook();
}

#endif
