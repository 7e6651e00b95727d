/*
 * keyring.h: the keys of pseudonyms.
 */
#ifndef TIKTOKADS_KEYRING_H
#define TIKTOKADS_KEYRING_H

#include "postgres.h"

extern void KeyringInit(void);

/* How many keys there are; the last one is current.  Reads the file if it changed. */
extern int	keyring_count(void);

/* True when the n-th key has this name. */
extern bool keyring_has(int n, const char *id);

/* The pseudonym of a value under the n-th key: "key-id:hex", palloc'd. */
extern char *keyring_pseudonym(int n, const char *value, int length);

#endif
