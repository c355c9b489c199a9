/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: reading the words that dygw_*_word() of record.h wrote. */
#ifndef DYGW_STORE_VERIFICATION_WORDS_H
#define DYGW_STORE_VERIFICATION_WORDS_H

#include "store/db/kinds.h"
#include "store/verification/record.h"

typedef enum {
    DYGW_WORDS_VERIFY,
    DYGW_WORDS_ENRICH,
    DYGW_WORDS_MODE,
    DYGW_WORDS_BY,
    DYGW_WORDS_COUPON,
    DYGW_WORDS_AFTER_SALE
} dygw_words_e;

/* The value of a word, fallback for NULL and for one that is none. */
int dygw_store_word_value(dygw_words_e kind, const char *word, int fallback);

/* --- kinds of columns, as in store/db/kinds.h --- */

#define DYGW_READ_WORD(words, rows, column, pool, fallback) \
    dygw_store_word_value(words, dygw_row_text(rows, column, pool), fallback)

#define DYGW_PARAMETER_VERIFY_STATUS       "%s"
#define DYGW_ARG_VERIFY_STATUS(db, member) dygw_verify_status_word(member)
#define DYGW_READ_VERIFY_STATUS(rows, column, pool) \
    DYGW_READ_WORD(DYGW_WORDS_VERIFY, rows, column, pool, DYGW_PROCESSING)
#define DYGW_NONE_VERIFY_STATUS DYGW_PROCESSING

#define DYGW_PARAMETER_ENRICH_STATUS       "%s"
#define DYGW_ARG_ENRICH_STATUS(db, member) dygw_enrich_status_word(member)
#define DYGW_READ_ENRICH_STATUS(rows, column, pool) \
    DYGW_READ_WORD(DYGW_WORDS_ENRICH, rows, column, pool, DYGW_ENRICH_PENDING)
#define DYGW_NONE_ENRICH_STATUS DYGW_ENRICH_PENDING

#define DYGW_PARAMETER_MODE       "%s"
#define DYGW_ARG_MODE(db, member) dygw_mode_word(member)
#define DYGW_READ_MODE(rows, column, pool) \
    DYGW_READ_WORD(DYGW_WORDS_MODE, rows, column, pool, DYGW_MODE_ENCRYPTED_CODE)
#define DYGW_NONE_MODE DYGW_MODE_SHORT_LINK

#define DYGW_PARAMETER_CONFIRMED_BY       "%s"
#define DYGW_ARG_CONFIRMED_BY(db, member) dygw_confirmed_by_word(member)
#define DYGW_READ_CONFIRMED_BY(rows, column, pool) \
    DYGW_READ_WORD(DYGW_WORDS_BY, rows, column, pool, DYGW_BY_NOBODY)
#define DYGW_NONE_CONFIRMED_BY DYGW_BY_NOBODY

#define DYGW_PARAMETER_COUPON_STATUS       "%s"
#define DYGW_ARG_COUPON_STATUS(db, member) dygw_coupon_status_word(member)
#define DYGW_READ_COUPON_STATUS(rows, column, pool) \
    DYGW_READ_WORD(DYGW_WORDS_COUPON, rows, column, pool, DYGW_COUPON_UNKNOWN)
#define DYGW_NONE_COUPON_STATUS DYGW_COUPON_UNKNOWN

#define DYGW_PARAMETER_AFTER_SALE       "%s"
#define DYGW_ARG_AFTER_SALE(db, member) dygw_after_sale_word(member)
#define DYGW_READ_AFTER_SALE(rows, column, pool) \
    DYGW_READ_WORD(DYGW_WORDS_AFTER_SALE, rows, column, pool, DYGW_AFTER_SALE_NONE)
#define DYGW_NONE_AFTER_SALE DYGW_AFTER_SALE_NONE

#endif
