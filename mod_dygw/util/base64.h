/* SPDX-License-Identifier: Apache-2.0
 * Base64 that accepts exactly one spelling of every value: what was changed in transit does not
 * decode alike. */
#ifndef DYGW_UTIL_BASE64_H
#define DYGW_UTIL_BASE64_H

#include <apr.h>
#include <apr_errno.h>

typedef enum {
    DYGW_BASE64_URL,    /* A-Za-z0-9-_ without padding */
    DYGW_BASE64_ANY     /* either alphabet, padded or not */
} dygw_base64_kind_e;

/* Characters that `bytes` bytes need without padding. */
apr_size_t dygw_base64_len(apr_size_t bytes);

/* Writes dygw_base64_len(len) characters of the URL alphabet and a NUL to out. */
void dygw_base64url_encode(const unsigned char *data, apr_size_t len, char *out);

/* Decodes into out, which has room for `room` bytes. APR_EINVAL: not base64 of this kind.
 * APR_ENOSPC: longer. */
apr_status_t dygw_base64_decode(const char *text, apr_size_t len, dygw_base64_kind_e kind,
                                unsigned char *out, apr_size_t room, apr_size_t *decoded);

#endif
