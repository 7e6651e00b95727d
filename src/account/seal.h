/*
 * seal.h: secrets that are kept in a table, sealed under a key outside of it.
 */
#ifndef TIKTOKADS_SEAL_H
#define TIKTOKADS_SEAL_H

#include "account/secret.h"

extern void SealInit(void);

/* True when tiktokads.key_file names a file: secrets can be sealed. */
extern bool seal_is_possible(void);

/* An error, with a hint, unless there is a key to seal with. */
extern void seal_check(void);

/* Each works in the current unit. */

/* Seals a secret and stores it in place of an earlier one. */
extern void seal_store(const char *connection, SecretKind kind, const char *value);

/* Opens a stored secret, in the given context; NULL when there is none.  Cleanse it after use. */
extern char *seal_recall(MemoryContext context, const char *connection, SecretKind kind);

/* Forgets a stored secret. */
extern void seal_forget(const char *connection, SecretKind kind);

#endif
