/* SPDX-License-Identifier: Apache-2.0
 * Base64 that accepts exactly one spelling of every value. So a text that was changed on its way
 * never decodes to the same bytes.
 *
 * The room util/ has tools that know nothing of coupons, HTTP or SQL: texts, JSON, CSV, time,
 * crypto, the log facade, metrics. It calls no other room. */
#ifndef DYGW_UTIL_BASE64_H
#define DYGW_UTIL_BASE64_H

#include <apr.h>
#include <apr_errno.h>

typedef enum {
    DYGW_BASE64_URL, /* A-Za-z0-9-_ without padding */
    DYGW_BASE64_ANY  /* A-Za-z0-9 and -_ or +/, padded or not */
} dygw_base64_kind_e;

/* Returns how many characters `bytes` bytes need without padding. */
apr_size_t dygw_base64_len(apr_size_t bytes);

/* Writes dygw_base64_len(len) characters of the URL alphabet and a NUL to out. */
void dygw_base64url_encode(const unsigned char *data, apr_size_t len, char *out);

/* Decodes len characters into out, which has room for `room` bytes; *decoded: how many bytes that
 * made. APR_EINVAL: the text is not base64 of this kind. APR_ENOSPC: out has too little room. */
apr_status_t dygw_base64_decode(const char *text, apr_size_t len, dygw_base64_kind_e kind,
                                unsigned char *out, apr_size_t room, apr_size_t *decoded);

#endif
