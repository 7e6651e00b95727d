/*
 * attribution.h: what the front door needs of this room.
 */
#ifndef TIKTOKADS_ATTRIBUTION_H
#define TIKTOKADS_ATTRIBUTION_H

/* Defines the settings of the room. */
extern void AttributionInit(void);

#endif
