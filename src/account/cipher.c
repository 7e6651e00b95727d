/*
 * cipher.c: AES-256-GCM (NIST SP 800-38D) by OpenSSL, and the ids of its keys.
 *
 * Plain C without PostgreSQL, so that it is tested alone.  What must stay true:
 * a nonce is used once with a key (the caller draws it at random); nothing that
 * failed its check is given out.
 */
#include "account/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

/* Encrypts and appends the tag. */
bool
cipher_close(const unsigned char *key, const unsigned char *nonce,
			 const void *associated, size_t associated_length,
			 const void *plain, size_t length, unsigned char *closed)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int			n;
	bool		good = context != NULL &&
		EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		EVP_EncryptUpdate(context, NULL, &n, associated, (int) associated_length) == 1 &&
		EVP_EncryptUpdate(context, closed, &n, plain, (int) length) == 1 &&
		EVP_EncryptFinal_ex(context, closed + n, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, CIPHER_TAG_SIZE, closed + length) == 1;

	EVP_CIPHER_CTX_free(context);
	return good;
}

/* Decrypts what the tag proves to be as it was closed. */
bool
cipher_open(const unsigned char *key, const unsigned char *nonce,
			const void *associated, size_t associated_length,
			const unsigned char *closed, size_t length, void *plain)
{
	EVP_CIPHER_CTX *context;
	unsigned char tag[CIPHER_TAG_SIZE];
	int			n;
	bool		good;

	if (length < CIPHER_TAG_SIZE)
		return false;
	length -= CIPHER_TAG_SIZE;
	memcpy(tag, closed + length, CIPHER_TAG_SIZE);
	context = EVP_CIPHER_CTX_new();
	good = context != NULL &&
		EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		EVP_DecryptUpdate(context, NULL, &n, associated, (int) associated_length) == 1 &&
		EVP_DecryptUpdate(context, plain, &n, closed, (int) length) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, CIPHER_TAG_SIZE, tag) == 1 &&
		EVP_DecryptFinal_ex(context, (unsigned char *) plain + n, &n) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!good)
		OPENSSL_cleanse(plain, length);
	return good;
}

/*
 * Prints a text that comes in two pieces: GMAC with the nonce 0, a polynomial
 * hash over GF(2^128) at the secret point that the key gives (McGrew and Viega
 * 2004).  Two different texts of n blocks, chosen by who does not know the key,
 * get the same print with a probability of at most (n + 1) / 2^128.
 */
bool
cipher_print(const unsigned char *key, const void *first, size_t first_length,
			 const void *second, size_t second_length, unsigned char *print)
{
	static const unsigned char nonce[CIPHER_NONCE_SIZE];
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int			n;
	bool		good = context != NULL &&
		EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		EVP_EncryptUpdate(context, NULL, &n, first, (int) first_length) == 1 &&
		EVP_EncryptUpdate(context, NULL, &n, second, (int) second_length) == 1 &&
		EVP_EncryptFinal_ex(context, print, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, CIPHER_TAG_SIZE, print) == 1;

	EVP_CIPHER_CTX_free(context);
	return good;
}

/* The first half of the hash of a key behind a word of ours. */
bool
cipher_key_id(const unsigned char *key, char *id)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char text[16 + CIPHER_KEY_SIZE] = "tiktokads key id";
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int length;
	bool		good;

	memcpy(text + 16, key, CIPHER_KEY_SIZE);
	good = EVP_Digest(text, sizeof(text), hash, &length, EVP_sha256(), NULL) == 1;
	OPENSSL_cleanse(text, sizeof(text));
	if (!good)
		return false;
	for (int i = 0; i < (CIPHER_ID_SIZE - 1) / 2; i++)
	{
		id[2 * i] = digits[hash[i] >> 4];
		id[2 * i + 1] = digits[hash[i] & 15];
	}
	id[CIPHER_ID_SIZE - 1] = '\0';
	return true;
}

/* The value of a hexadecimal digit, -1 if it is none. */
static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads 64 hexadecimal digits. */
bool
cipher_key_parse(const char *text, size_t length, unsigned char *key)
{
	if (length != 2 * CIPHER_KEY_SIZE)
		return false;
	for (int i = 0; i < CIPHER_KEY_SIZE; i++)
	{
		int			high = digit_value(text[2 * i]);
		int			low = digit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key[i] = (unsigned char) (high << 4 | low);
	}
	return true;
}
