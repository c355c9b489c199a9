/* SPDX-License-Identifier: Apache-2.0
 * One code redeems one coupon: what the records of a code mean for another request with it. */
#include "gateway/code_use.h"

#include <apr_strings.h>

#include "douyin/codes.h"
#include "util/text.h"

/* Whether nothing but this coupon is to be redeemed. */
static int is_the_same(const dygw_code_use_t *code, const char *certificate_id)
{
    int i;

    for (i = 0; i < code->count; i++) {
        if (!dygw_text_same(code->rows[i]->certificate_id, certificate_id)) {
            return 0;
        }
    }
    return 1;
}

/* Whether prepare lists the coupon as one that can be redeemed. */
static int is_listed(const apr_array_header_t *listed, const char *certificate_id)
{
    int i;

    for (i = 0; i < listed->nelts; i++) {
        const dygw_certificate_t *c = &APR_ARRAY_IDX(listed, i, dygw_certificate_t);

        if (dygw_text_same(c->certificate_id, certificate_id) && c->times_left > 0
            && (c->status == DYGW_CERTIFICATE_UNSAID || c->status == DYGW_CERTIFICATE_UNUSED)) {
            return 1;
        }
    }
    return 0;
}

/* Whether a redeemed coupon is a times card with uses left: they were left at that time, and are
 * still, because prepare lists the card. */
static int has_uses_left(const dygw_code_use_t *code, const dygw_code_row_t *row)
{
    return row->coupon_status == DYGW_COUPON_UNUSED
           && (!code->listed || is_listed(code->listed, row->certificate_id));
}

/* Whether the rows wait for this one: it may have been sent, or was there first. By the ids those
 * that wait have one order on all hosts, so that they do not wait for each other. */
static int goes_first(const dygw_code_use_t *code, const dygw_code_row_t *row)
{
    return code->to_send || row->attempts > 0 || row->id < code->rows[0]->id;
}

static dygw_code_use_e use_by(const dygw_code_use_t *code, const dygw_code_row_t *row)
{
    if (row->first_id == code->rows[0]->first_id || is_the_same(code, row->certificate_id)) {
        return DYGW_CODE_FREE;
    }
    if (row->verify_status == DYGW_SUCCESS) {
        return has_uses_left(code, row) ? DYGW_CODE_FREE : DYGW_CODE_USED;
    }
    return goes_first(code, row) ? DYGW_CODE_WAITS : DYGW_CODE_FREE;
}

apr_status_t dygw_code_look(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_code_use_t *code = baton;
    const dygw_verification_t *first = code->rows[0];
    apr_array_header_t *rows;
    apr_status_t rv;
    int i;

    code->use = DYGW_CODE_FREE;
    code->by = 0;
    if (!first->origin_code || !first->order_id) {
        return APR_SUCCESS;
    }
    rv = dygw_store_verification_of_code(db, first->order_id, first->origin_code, &rows, ctx->pool);
    for (i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        const dygw_code_row_t *row = &APR_ARRAY_IDX(rows, i, dygw_code_row_t);
        dygw_code_use_e use = use_by(code, row);

        if (use > code->use || (use == code->use && use != DYGW_CODE_FREE && row->id > code->by)) {
            code->use = use;
            code->by = row->id;
        }
    }
    return rv;
}

const char *dygw_code_used_text(apr_int64_t by, apr_pool_t *pool)
{
    return apr_psprintf(
        pool, "this code has been redeemed already, by verification %" APR_INT64_T_FMT, by);
}
