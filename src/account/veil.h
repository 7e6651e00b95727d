/*
 * veil.h: keeps parameters that are secrets out of the server's log.
 */
#ifndef TIKTOKADS_VEIL_H
#define TIKTOKADS_VEIL_H

/* Installs the hook. */
extern void VeilInit(void);

#endif
