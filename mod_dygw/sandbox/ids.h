/* SPDX-License-Identifier: Apache-2.0
 * Every number and secret word of the sandbox, computed from a record's index and back.
 *
 * A keyed permutation spreads the indexes over the numbers of the wanted length, so records need
 * not store their ids, ids do not repeat, and finding a record is arithmetic. Keyed by a salt that
 * each reset draws: what was minted before is unknown after. Not cryptography: nobody attacks a
 * sandbox. */
#ifndef DYGW_SANDBOX_IDS_H
#define DYGW_SANDBOX_IDS_H

#include <apr.h>

#include "sandbox/state.h"

#define DYGW_SANDBOX_ID_LEN     19
#define DYGW_SANDBOX_CODE_LEN   12
#define DYGW_SANDBOX_KEY_LEN    10      /* of a short link */
#define DYGW_SANDBOX_CIPHER_LEN 88      /* encrypted codes and object ids */
#define DYGW_SANDBOX_UUID_LEN   36
#define DYGW_SANDBOX_TOKEN_LEN  64      /* "clt." and 60 characters */

/* What a 19-digit id names. */
typedef enum {
    DYGW_SANDBOX_ID_ORDER = 1,
    DYGW_SANDBOX_ID_CERTIFICATE,
    DYGW_SANDBOX_ID_VERIFY
} dygw_sandbox_id_e;

/* What is hidden in base64. */
typedef enum {
    DYGW_SANDBOX_CIPHER_CODE = 11,      /* encrypted_code of a coupon */
    DYGW_SANDBOX_CIPHER_ORDER           /* object_id, alias encrypted_data, of an order */
} dygw_sandbox_cipher_e;

/* From index to text; out has room for the length above and a NUL. */
void dygw_sandbox_id(dygw_sandbox_id_e kind, apr_uint32_t index, char *out);
void dygw_sandbox_code(apr_uint32_t index, char *out);
void dygw_sandbox_key(apr_uint32_t index, char *out);
void dygw_sandbox_cipher(dygw_sandbox_cipher_e kind, apr_uint32_t index, char *out);
void dygw_sandbox_verify_token(apr_uint32_t order, apr_uint32_t number, char *out);
void dygw_sandbox_access_token(apr_uint32_t number, char *out);

/* From text to index; DYGW_SANDBOX_NONE when it is not exactly what the functions above write.
 * Whether there is such a record is for the caller to see. text may be NULL. */
apr_uint32_t dygw_sandbox_id_index(dygw_sandbox_id_e kind, const char *text);
apr_uint32_t dygw_sandbox_code_index(const char *text);
apr_uint32_t dygw_sandbox_key_index(const char *text);
apr_uint32_t dygw_sandbox_cipher_index(dygw_sandbox_cipher_e kind, const char *text);
apr_uint32_t dygw_sandbox_access_token_number(const char *text);

/* 0 when text is no verify token of ours. */
int dygw_sandbox_verify_token_read(const char *text, apr_uint32_t *order, apr_uint32_t *number);

/* A well-mixed number of another; one that is different each time; a hash of text that goes on from
 * another. */
apr_uint64_t dygw_sandbox_mix(apr_uint64_t x);
apr_uint64_t dygw_sandbox_random(void);
apr_uint32_t dygw_sandbox_hash(apr_uint32_t start, const char *text);

#endif
