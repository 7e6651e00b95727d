/*
 * secret.h: where tokens and app secrets come from.
 */
#ifndef TIKTOKADS_SECRET_H
#define TIKTOKADS_SECRET_H

#include "postgres.h"

typedef enum SecretKind
{
	SECRET_ACCESS_TOKEN,
	SECRET_APP,
	SECRET_PSEUDONYM_KEYS
} SecretKind;

/* The kind as a field's name, and back; an error when there is no such kind. */
extern const char *secret_field(SecretKind kind);
extern SecretKind secret_kind(const char *field);

extern void SecretInit(void);

/*
 * Reads a secret from a file on behalf of a role; an error unless the path, the
 * file's owner and its mode are as they must be.  Palloc'd.
 */
extern char *secret_read(const char *path, Oid role, SecretKind kind);

/* The same, but the file's whole content, lines and all. */
extern char *secret_read_lines(const char *path, Oid role, SecretKind kind);

/*
 * Reads a file that holds secrets; an error unless its owner and mode are as
 * they must be.  Zero-terminated and palloc'd: cleanse it after use.
 */
extern char *secret_read_file(const char *path, const char *what, int *length);

/* An error unless the text can be sent as a header value. */
extern void secret_check(const char *value, SecretKind kind);

/* Overwrites a secret, frees it and forgets the pointer; NULL is fine. */
extern void secret_cleanse(char **value);

/* Keeps a literal secret for this session, gives it back, forgets it. */
extern void secret_remember(const char *connection, SecretKind kind, const char *value);
extern const char *secret_recall(const char *connection, SecretKind kind);
extern void secret_forget(const char *connection);

#endif
