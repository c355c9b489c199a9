/* SPDX-License-Identifier: Apache-2.0
 * Verifications as rows of CSV, by the lists of view.h. */
#include "handle/handle.h"
#include "handle/view.h"

#define HEAD(kind, key, member) dygw_csv_text(csv, key);
#define HEAD_YUAN(key, member)  dygw_csv_text(csv, key);
#define NOT_IN_CSV(kind, key, member)

void dygw_view_csv_head(dygw_csv_t *csv)
{
    DYGW_VIEW(HEAD, NOT_IN_CSV)
    DYGW_VIEW_YUAN(HEAD_YUAN)
    dygw_csv_end_row(csv);
}

void dygw_view_csv_int(dygw_csv_t *csv, apr_int64_t value)
{
    if (value == DYGW_NO_INT) {
        dygw_csv_empty(csv);
        return;
    }
    dygw_csv_int(csv, value);
}

void dygw_view_csv_yuan(dygw_csv_t *csv, apr_int64_t fen)
{
    if (fen == DYGW_NO_INT) {
        dygw_csv_empty(csv);
        return;
    }
    dygw_csv_yuan(csv, fen);
}

static void put_retryable(dygw_csv_t *csv, dygw_reason_e reason)
{
    if (reason == DYGW_REASON_NONE) {
        dygw_csv_empty(csv);
        return;
    }
    dygw_csv_text(csv, dygw_reason_is_retryable(reason) ? "true" : "false");
}

#define CSV_ID(value)            dygw_csv_id(csv, value)
#define CSV_INT_ID(value)        dygw_csv_int_id(csv, value)
#define CSV_TEXT(value)          dygw_csv_text(csv, value)
#define CSV_TEXT_OR_EMPTY(value) dygw_csv_text(csv, value)
#define CSV_INT(value)           dygw_csv_int(csv, value)
#define CSV_INT_OR_NULL(value)   dygw_view_csv_int(csv, value)
#define CSV_TIME(value)          dygw_csv_time(csv, value)
#define CSV_VERIFY_STATUS(value) dygw_csv_text(csv, dygw_verify_status_word(value))
#define CSV_ENRICH_STATUS(value) dygw_csv_text(csv, dygw_enrich_status_word(value))
#define CSV_COUPON_STATUS(value) dygw_csv_text(csv, dygw_coupon_status_word(value))
#define CSV_AFTER_SALE(value)    dygw_csv_text(csv, dygw_after_sale_word(value))
#define CSV_CONFIRMED_BY(value)  dygw_csv_text(csv, dygw_confirmed_by_word(value))
#define CSV_MODE(value)          dygw_csv_text(csv, dygw_mode_word(value))

#define CSV_REASON(value)    dygw_csv_text(csv, dygw_reason_word(reason))
#define CSV_RETRYABLE(value) put_retryable(csv, reason)
#define CSV_ADVICE(value) \
    dygw_csv_text(csv, reason == DYGW_REASON_NONE ? NULL : dygw_reason_advice(reason, lang))

#define CELL(kind, key, member) CSV_##kind(v->member);
#define CELL_YUAN(key, member)  dygw_view_csv_yuan(csv, v->member);

void dygw_view_csv_row(dygw_csv_t *csv, const dygw_verification_t *v, dygw_lang_e lang)
{
    const dygw_reason_e reason = dygw_reason_of(v);

    DYGW_VIEW(CELL, NOT_IN_CSV)
    DYGW_VIEW_YUAN(CELL_YUAN)
    dygw_csv_end_row(csv);
}
