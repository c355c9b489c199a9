/* SPDX-License-Identifier: Apache-2.0
 * All ids, codes and tokens of the sandbox, computed from the index of a record, and back.
 *
 * A keyed permutation spreads the indexes over all numbers of the wanted length. So records need
 * not store their ids, no id repeats, and a record is found by computing. The key is a salt that
 * each reset draws anew: ids from before a reset are unknown afterwards. This is not cryptography,
 * because nobody attacks a sandbox. */
#ifndef DYGW_SANDBOX_IDS_H
#define DYGW_SANDBOX_IDS_H

#include <apr.h>

#include "sandbox/records/state.h"

#define DYGW_SANDBOX_ID_LEN     19
#define DYGW_SANDBOX_CODE_LEN   12
#define DYGW_SANDBOX_KEY_LEN    10 /* of a short link */
#define DYGW_SANDBOX_CIPHER_LEN 88 /* encrypted codes and object ids */
#define DYGW_SANDBOX_UUID_LEN   36
#define DYGW_SANDBOX_TOKEN_LEN  64 /* "clt." and 60 characters */

/* What a 19-digit id names. */
typedef enum {
    DYGW_SANDBOX_ID_ORDER = 1,
    DYGW_SANDBOX_ID_CERTIFICATE,
    DYGW_SANDBOX_ID_VERIFY
} dygw_sandbox_id_e;

/* What a text in base64 stands for. */
typedef enum {
    DYGW_SANDBOX_CIPHER_CODE = 11, /* encrypted_code of a coupon */
    DYGW_SANDBOX_CIPHER_ORDER      /* object_id, alias encrypted_data, of an order */
} dygw_sandbox_cipher_e;

/* Compute the text for an index. out has room for the length above and a NUL. */
void dygw_sandbox_id(dygw_sandbox_id_e kind, apr_uint32_t index, char *out);
void dygw_sandbox_code(apr_uint32_t index, char *out);
void dygw_sandbox_key(apr_uint32_t index, char *out);
void dygw_sandbox_cipher(dygw_sandbox_cipher_e kind, apr_uint32_t index, char *out);
void dygw_sandbox_verify_token(apr_uint32_t order, apr_uint32_t number, char *out);
void dygw_sandbox_access_token(apr_uint32_t number, char *out);

/* Compute the index from a text, which may be NULL. DYGW_SANDBOX_NONE: the text is not exactly what
 * the functions above write. The caller has to check whether there is a record with that index. */
apr_uint32_t dygw_sandbox_id_index(dygw_sandbox_id_e kind, const char *text);
apr_uint32_t dygw_sandbox_code_index(const char *text);
apr_uint32_t dygw_sandbox_key_index(const char *text);
apr_uint32_t dygw_sandbox_cipher_index(dygw_sandbox_cipher_e kind, const char *text);
apr_uint32_t dygw_sandbox_access_token_number(const char *text);

/* Computes the index of the order and the token's number from a verify_token. Returns 0 where text
 * is not a verify_token of this sandbox. */
int dygw_sandbox_verify_token_read(const char *text, apr_uint32_t *order, apr_uint32_t *number);

/* A number that depends on all bits of x. */
apr_uint64_t dygw_sandbox_mix(apr_uint64_t x);

/* A number that is different in each call. */
apr_uint64_t dygw_sandbox_random(void);

/* A hash of text. start: 0, or the hash of the text before. */
apr_uint32_t dygw_sandbox_hash(apr_uint32_t start, const char *text);

#endif
