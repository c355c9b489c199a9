/* SPDX-License-Identifier: Apache-2.0
 * The words of table dygw_apps. */
#include "store/app.h"

#include <string.h>

static const char *const status_words[] = { "active", "disabled" };

const char *dygw_app_status_word(dygw_app_status_e status)
{
    return status_words[status == DYGW_APP_DISABLED];
}

apr_status_t dygw_app_status_parse(const char *word, dygw_app_status_e *status)
{
    int i;

    for (i = DYGW_APP_ACTIVE; i <= DYGW_APP_DISABLED; i++) {
        if (word && strcmp(word, status_words[i]) == 0) {
            *status = (dygw_app_status_e)i;
            return APR_SUCCESS;
        }
    }
    return APR_EINVAL;
}
