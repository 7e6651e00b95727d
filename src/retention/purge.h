/*
 * purge.h: data leaves on time.
 */
#ifndef TIKTOKADS_PURGE_H
#define TIKTOKADS_PURGE_H

/* Defines the room's settings. */
extern void RetentionInit(void);

#endif
