/* SPDX-License-Identifier: Apache-2.0
 * What this host declares is stored: the part of fake_store.h that only tests with declared apps link. */
#include "fake_store.h"
#include "fake_world.h"

#include "gateway/apps/declarations.h"
#include "util/compiler.h"

apr_status_t dygw_declarations_store(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED dygw_db_t *db)
{
    fake_event("declarations");
    return APR_SUCCESS;
}
