/* SPDX-License-Identifier: Apache-2.0
 * How many live hosts declare an app: the part of fake_store.h that only tests of /internal link. */
#include "fake_store.h"

#include "store/declaration.h"
#include "util/compiler.h"

static int holders;
static int set_in; /* the reset since which that counts */

void fake_store_set_holders(int hosts)
{
    holders = hosts;
    set_in = fake_store_resets();
}

apr_status_t dygw_store_declaration_holders(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const char *client_key,
                                            DYGW_UNUSED const char *code, int *live)
{
    apr_status_t rv;

    if (!fake_store_enter(FAKE_HOLDERS, &rv)) {
        return rv;
    }
    *live = set_in == fake_store_resets() ? holders : 0;
    return fake_store_leave(rv, APR_SUCCESS);
}
