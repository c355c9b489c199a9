/* SPDX-License-Identifier: Apache-2.0
 * Hashes, random text, and the seal that keeps secrets at rest. OpenSSL underneath. */
#ifndef DYGW_UTIL_CRYPTO_H
#define DYGW_UTIL_CRYPTO_H

#include <apr_pools.h>

#define DYGW_SHA1_HEX_LEN   40
#define DYGW_SHA256_LEN     32
#define DYGW_SHA256_HEX_LEN 64
#define DYGW_MASTER_KEY_LEN 32

/* Whether OpenSSL offers what this file needs; APR_EGENERAL when its configuration forbids it. For
 * configuration checks: without it dygw_sha256_hex ends the process. */
apr_status_t dygw_crypto_check(void);

/* Lowercase hex into out (DYGW_SHA256_HEX_LEN + 1 bytes, NUL ended). */
void dygw_sha256_hex(const void *data, apr_size_t len, char *out);
void dygw_hex(const unsigned char *data, apr_size_t len, char *out);

/* Lowercase hex SHA-1 of prefix and data, one after the other, into out (DYGW_SHA1_HEX_LEN + 1
 * bytes, NUL ended): Douyin's webhooks are signed with it. APR_EGENERAL when OpenSSL's
 * configuration forbids it. */
apr_status_t dygw_sha1_hex(const char *prefix, apr_size_t prefix_len, const void *data,
                           apr_size_t len, char *out);

/* Lowercase hex HMAC-SHA256 into out (DYGW_SHA256_HEX_LEN + 1 bytes, NUL ended). APR_EGENERAL when
 * OpenSSL fails. */
apr_status_t dygw_hmac_sha256_hex(const char *key, apr_size_t key_len, const void *data,
                                  apr_size_t len, char *out);

/* Compares in constant time; strings of different length are different (their length is no secret).
 */
int dygw_equal_secret(const char *a, const char *b);

/* Fills with cryptographically strong bytes. */
apr_status_t dygw_random_bytes(void *out, apr_size_t len);

/* `len` random characters of A-Za-z0-9, from pool; NULL when the random source fails. */
const char *dygw_random_text(apr_pool_t *pool, apr_size_t len);

/* Wipes memory in a way that the compiler keeps. */
void dygw_wipe(void *data, apr_size_t len);

/* The master key: the first seals, both open. */
typedef struct dygw_seal_t {
    unsigned char key[DYGW_MASTER_KEY_LEN];
    unsigned char old_key[DYGW_MASTER_KEY_LEN];
    int has_old;
} dygw_seal_t;

/* Decodes 32 bytes written as 64 hex digits or as base64 (padded or not, either alphabet).
 * APR_EINVAL when it is neither or of another length. */
apr_status_t dygw_master_key_decode(const char *text, unsigned char key[DYGW_MASTER_KEY_LEN]);

/* Seals text (AES-256-GCM, random 96-bit IV) as printable ASCII "v1.<key id>.<base64url>" from
 * pool. `purpose` is authenticated with it: what was sealed for one purpose does not open for
 * another. */
apr_status_t dygw_seal(const dygw_seal_t *seal, const char *purpose, const char *text,
                       apr_pool_t *pool, const char **sealed);

/* Opens what dygw_seal made. *used_old (may be NULL) tells that it should be sealed anew.
 * APR_EINVAL: damaged, for another purpose, or sealed with a key that we do not have. */
apr_status_t dygw_unseal(const dygw_seal_t *seal, const char *purpose, const char *sealed,
                         apr_pool_t *pool, const char **text, int *used_old);

#endif
