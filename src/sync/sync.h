/*
 * sync.h: CALL tiktokads.sync().
 */
#ifndef TIKTOKADS_SYNC_H
#define TIKTOKADS_SYNC_H

/* Defines the room's settings. */
extern void SyncInit(void);

#endif
