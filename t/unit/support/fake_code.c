/* SPDX-License-Identifier: Apache-2.0
 * What the store in memory tells of a coupon's plain code. */
#include "fake_world.h"
#include "util/compiler.h"
#include "util/text.h"

apr_status_t dygw_store_verification_of_code(DYGW_UNUSED dygw_db_t *db, const char *order_id, const char *code,
                                             apr_array_header_t **rows, apr_pool_t *pool)
{
    apr_status_t rv;
    int i;

    if (!fake_store_enter(FAKE_CODE, &rv)) {
        return rv;
    }
    *rows = apr_array_make(pool, 1, sizeof(dygw_code_row_t));
    for (i = 0; i < fake_store_rows(); i++) {
        const dygw_verification_t *v = fake_store_row(i);

        if (dygw_text_same(v->order_id, order_id) && dygw_text_same(v->origin_code, code)
            && (v->verify_status == DYGW_SUCCESS || (v->verify_status == DYGW_PROCESSING && v->item_no == 0))) {
            APR_ARRAY_PUSH(*rows, dygw_code_row_t) = (dygw_code_row_t){
                v->id, v->first_id, v->verify_status, v->certificate_id, v->coupon_status, v->attempts,
            };
        }
    }
    return fake_store_leave(rv, APR_SUCCESS);
}
