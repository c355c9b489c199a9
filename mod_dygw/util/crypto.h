/* SPDX-License-Identifier: Apache-2.0
 * Hashes, random text, and the seal that encrypts stored secrets. All of it uses OpenSSL. */
#ifndef DYGW_UTIL_CRYPTO_H
#define DYGW_UTIL_CRYPTO_H

#include <apr_pools.h>

#define DYGW_SHA1_HEX_LEN   40
#define DYGW_SHA256_LEN     32
#define DYGW_SHA256_HEX_LEN 64
#define DYGW_MASTER_KEY_LEN 32

/* Checks whether OpenSSL offers the algorithms of this file. APR_EGENERAL: its configuration
 * forbids one of them. To be called when the configuration is checked, because dygw_sha256_hex
 * aborts the process where SHA-256 is not there. */
apr_status_t dygw_crypto_check(void);

/* Writes the SHA-256 of data in lowercase hex and a NUL to out (DYGW_SHA256_HEX_LEN + 1 bytes). */
void dygw_sha256_hex(const void *data, apr_size_t len, char *out);

/* Writes data in lowercase hex and a NUL to out (2 * len + 1 bytes). */
void dygw_hex(const unsigned char *data, apr_size_t len, char *out);

/* Writes the SHA-1 of prefix followed by data in lowercase hex and a NUL to out (DYGW_SHA1_HEX_LEN
 * + 1 bytes). Douyin signs its webhooks with SHA-1. APR_EGENERAL: OpenSSL's configuration forbids
 * SHA-1. */
apr_status_t dygw_sha1_hex(const char *prefix, apr_size_t prefix_len, const void *data,
                           apr_size_t len, char *out);

/* Writes the HMAC-SHA256 of data in lowercase hex and a NUL to out (DYGW_SHA256_HEX_LEN + 1 bytes).
 * APR_EGENERAL: OpenSSL fails. */
apr_status_t dygw_hmac_sha256_hex(const char *key, apr_size_t key_len, const void *data,
                                  apr_size_t len, char *out);

/* Whether two strings are equal, compared in constant time. Their lengths are not kept secret. */
int dygw_equal_secret(const char *a, const char *b);

/* Fills out with cryptographically strong random bytes. APR_EGENERAL: the random source fails. */
apr_status_t dygw_random_bytes(void *out, apr_size_t len);

/* Returns `len` random characters of A-Za-z0-9, from pool; NULL: the random source fails. */
const char *dygw_random_text(apr_pool_t *pool, apr_size_t len);

/* The same for what need not be secret, but must differ from what any other thread or process
 * draws: names, numbers. Many times cheaper, as each thread draws a stock of bytes at a time. */
apr_status_t dygw_random_number(void *out, apr_size_t len);
const char *dygw_random_name(apr_pool_t *pool, apr_size_t len);

/* Overwrites memory in a way that the compiler does not optimise away. */
void dygw_wipe(void *data, apr_size_t len);

/* The master keys: `key` seals and opens, `old_key` only opens. */
typedef struct dygw_seal_t {
    unsigned char key[DYGW_MASTER_KEY_LEN];
    unsigned char old_key[DYGW_MASTER_KEY_LEN];
    int has_old;
} dygw_seal_t;

/* Decodes 32 bytes that are written as 64 hex digits or as base64 (padded or not, either alphabet).
 * APR_EINVAL: text is neither, or of another length. */
apr_status_t dygw_master_key_decode(const char *text, unsigned char key[DYGW_MASTER_KEY_LEN]);

/* Encrypts text (AES-256-GCM, random 96-bit IV) as printable ASCII "v1.<key id>.<base64url>", from
 * pool. `purpose` is authenticated too: what was sealed for one purpose does not open for another.
 * APR_EGENERAL: OpenSSL fails. APR_EINVAL: text is longer than 16 MiB. */
apr_status_t dygw_seal(const dygw_seal_t *seal, const char *purpose, const char *text,
                       apr_pool_t *pool, const char **sealed);

/* Decrypts what dygw_seal made; *text is from pool. *used_old (used_old may be NULL): the old key
 * opened it, so that it should be sealed anew. APR_EINVAL: `sealed` is damaged, is for another
 * purpose, or was sealed with a key that we do not have. */
apr_status_t dygw_unseal(const dygw_seal_t *seal, const char *purpose, const char *sealed,
                         apr_pool_t *pool, const char **text, int *used_old);

/* Writes a fingerprint of data, and a NUL, to out (DYGW_FINGERPRINT_LEN + 1 bytes): the id of `key`
 * of the seal, a dot, and 160 bits of HMAC-SHA256 in lowercase hex, under a key that is derived
 * from `key` for this purpose. It shows nothing of data to who has not the master key, so that
 * secrets may be in it. APR_EGENERAL: OpenSSL fails. */
#define DYGW_KEY_ID_LEN      8
#define DYGW_FINGERPRINT_LEN (DYGW_KEY_ID_LEN + 1 + 40)
apr_status_t dygw_seal_fingerprint(const dygw_seal_t *seal, const char *purpose, const void *data,
                                   apr_size_t len, char *out);

/* Whether two fingerprints were made with the same master key: only then it says anything that they
 * differ. */
int dygw_fingerprints_comparable(const char *a, const char *b);

/* Returns a number that tells pairs of master keys apart, and shows nothing of them. */
apr_uint32_t dygw_seal_id(const dygw_seal_t *seal);

/* Whether `sealed` names another key than these, so that it was not damaged but sealed by that. */
int dygw_sealed_by_another_key(const dygw_seal_t *seal, const char *sealed);

#endif
