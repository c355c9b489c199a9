/* SPDX-License-Identifier: Apache-2.0
 * How an Idempotency-Key is spelled. */
#include "handle/handle.h"

#define KEY_MAX 255

int dygw_key_check(const char *key, const char *field, dygw_result_t *out)
{
    apr_size_t len;

    for (len = 0; key[len] >= ' ' && key[len] <= '~'; len++) { }
    if (key[len] == '\0' && len > 0 && len <= KEY_MAX) {
        return 1;
    }
    dygw_invalid(out, field, "an idempotency key has 1 to 255 printable ASCII characters");
    return 0;
}
