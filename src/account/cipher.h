/*
 * cipher.h: AES-256-GCM, and the ids of its keys.
 */
#ifndef TIKTOKADS_CIPHER_H
#define TIKTOKADS_CIPHER_H

#include <stdbool.h>
#include <stddef.h>

#define CIPHER_KEY_SIZE		32
#define CIPHER_NONCE_SIZE	12
#define CIPHER_TAG_SIZE		16
#define CIPHER_ID_SIZE		17	/* 16 hex digits and a zero byte */

/*
 * Encrypts length bytes into length + CIPHER_TAG_SIZE bytes, the tag last.  The
 * associated data is bound to them without being in them.  False: no cipher.
 */
extern bool cipher_close(const unsigned char *key, const unsigned char *nonce,
						 const void *associated, size_t associated_length,
						 const void *plain, size_t length, unsigned char *closed);

/* The reverse, of length bytes with the tag; false when anything was changed. */
extern bool cipher_open(const unsigned char *key, const unsigned char *nonce,
						const void *associated, size_t associated_length,
						const unsigned char *closed, size_t length, void *plain);

/*
 * A print of CIPHER_TAG_SIZE bytes of a text in two pieces, many times faster
 * than a hash that needs no key.  False: no cipher.
 */
extern bool cipher_print(const unsigned char *key, const void *first, size_t first_length,
						 const void *second, size_t second_length, unsigned char *print);

/* A name for a key that tells nothing of it. */
extern bool cipher_key_id(const unsigned char *key, char *id);

/* Reads 64 hexadecimal digits; false unless that is what they are. */
extern bool cipher_key_parse(const char *text, size_t length, unsigned char *key);

#endif
