/* SPDX-License-Identifier: Apache-2.0
 * Base64, and the seal of secrets: a text in the first line, what it is sealed for in the second, and
 * in the third which character of the sealed text is damaged, "17".
 * wraps: RAND_bytes */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "util/base64.h"
#include "util/crypto.h"

/* The same in each run: an input is to do the same again. */
int __wrap_RAND_bytes(unsigned char *out, int len);
int __wrap_RAND_bytes(unsigned char *out, int len)
{
    memset(out, 7, (size_t)len);
    return 1;
}

/* --- base64 --- */

static const char *encode(const char *data, apr_size_t len, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, dygw_base64_len(len) + 1);

    dygw_base64url_encode((const unsigned char *)data, len, text);
    FUZZ_ASSERT(strlen(text) == dygw_base64_len(len));
    return text;
}

static apr_status_t decode(const char *text, apr_size_t len, dygw_base64_kind_e kind, const char **data,
                           apr_size_t *decoded, apr_size_t room, apr_pool_t *pool)
{
    unsigned char *out = apr_palloc(pool, room);

    *data = (const char *)out;
    return dygw_base64_decode(text, len, kind, out, room, decoded);
}

/* Whatever is taken has one spelling. */
static void check_decoding(const char *data, apr_size_t len, apr_pool_t *pool)
{
    apr_size_t n, less;
    const char *out, *other;

    if (decode(data, len, DYGW_BASE64_URL, &out, &n, len, pool) != APR_SUCCESS) {
        return;
    }
    FUZZ_ASSERT(dygw_base64_len(n) == len && memcmp(encode(out, n, pool), data, len) == 0);
    FUZZ_ASSERT(n == 0 || decode(data, len, DYGW_BASE64_URL, &other, &less, n - 1, pool) == APR_ENOSPC);
    FUZZ_ASSERT(decode(data, len, DYGW_BASE64_ANY, &other, &less, n, pool) == APR_SUCCESS);
    FUZZ_ASSERT(less == n && memcmp(out, other, n) == 0);
}

static void check_encoding(const char *data, apr_size_t len, apr_pool_t *pool)
{
    const char *text = encode(data, len, pool);
    const char *padded = apr_pstrcat(pool, text, len % 3 == 1 ? "==" : len % 3 == 2 ? "=" : "", NULL);
    apr_size_t n;
    const char *back;

    FUZZ_ASSERT(decode(text, strlen(text), DYGW_BASE64_URL, &back, &n, len, pool) == APR_SUCCESS);
    FUZZ_ASSERT(n == len && memcmp(back, data, len) == 0);
    FUZZ_ASSERT(decode(padded, strlen(padded), DYGW_BASE64_ANY, &back, &n, len, pool) == APR_SUCCESS);
    FUZZ_ASSERT(n == len && memcmp(back, data, len) == 0);
    FUZZ_ASSERT(len % 3 == 0 || decode(padded, strlen(padded), DYGW_BASE64_URL, &back, &n, len, pool) == APR_EINVAL);
}

static void check_key(const char *text, apr_pool_t *pool)
{
    unsigned char key[DYGW_MASTER_KEY_LEN], again[DYGW_MASTER_KEY_LEN];
    char hex[2 * DYGW_MASTER_KEY_LEN + 1];

    if (dygw_master_key_decode(text, key) == APR_SUCCESS) {
        dygw_hex(key, sizeof(key), hex);
        FUZZ_ASSERT(dygw_master_key_decode(hex, again) == APR_SUCCESS);
        FUZZ_ASSERT(memcmp(key, again, sizeof(key)) == 0);
        FUZZ_ASSERT(dygw_master_key_decode(encode((const char *)key, sizeof(key), pool), again) == APR_SUCCESS);
        FUZZ_ASSERT(memcmp(key, again, sizeof(key)) == 0);
    }
}

/* --- the seal --- */

static const dygw_seal_t ours
    = { .key = "0123456789abcdef0123456789abcde", .old_key = "an older key, an older key, old", .has_old = 1 };
static const dygw_seal_t older = { .key = "an older key, an older key, old" };
static const dygw_seal_t other = { .key = "another key, another key, other" };

static void check_opened(const dygw_seal_t *seal, const char *purpose, const char *sealed, const char *text, int old,
                         apr_pool_t *pool)
{
    const char *opened = NULL;
    int used_old = -1;

    FUZZ_ASSERT(dygw_unseal(seal, purpose, sealed, pool, &opened, &used_old) == APR_SUCCESS);
    FUZZ_ASSERT(strcmp(opened, text) == 0 && used_old == old);
}

static void check_refused(const dygw_seal_t *seal, const char *purpose, const char *sealed, apr_pool_t *pool)
{
    const char *opened = NULL;

    FUZZ_ASSERT(dygw_unseal(seal, purpose, sealed, pool, &opened, NULL) == APR_EINVAL && !opened);
}

static void check_seal(const char *text, const char *purpose, const char *where, apr_pool_t *pool)
{
    const char *sealed, *by_older;
    char *damaged;
    apr_size_t len;

    FUZZ_ASSERT(dygw_seal(&ours, purpose, text, pool, &sealed) == APR_SUCCESS);
    FUZZ_ASSERT(dygw_seal(&older, purpose, text, pool, &by_older) == APR_SUCCESS);
    check_opened(&ours, purpose, sealed, text, 0, pool);
    check_opened(&ours, purpose, by_older, text, 1, pool);
    check_refused(&other, purpose, sealed, pool);
    check_refused(&ours, apr_pstrcat(pool, purpose, "x", NULL), sealed, pool);
    len = strlen(sealed);
    damaged = apr_pstrdup(pool, sealed);
    damaged[strtoul(where, NULL, 10) % len] ^= 1;
    check_refused(&ours, purpose, damaged, pool);
    check_refused(&ours, purpose, apr_pstrmemdup(pool, sealed, strtoul(where, NULL, 10) % len), pool);
    check_refused(&ours, purpose, apr_pstrcat(pool, sealed, "A", NULL), pool);
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    const char *text = fuzz_line(&in);
    const char *purpose = fuzz_line(&in);

    check_encoding(data, len, pool);
    check_decoding(data, len, pool);
    check_decoding(text, strlen(text), pool);
    check_key(text, pool);
    check_refused(&ours, purpose, text, pool);
    check_seal(text, purpose, fuzz_line(&in), pool);
}
