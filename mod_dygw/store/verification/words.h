/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: reading the words that dygw_*_word() of verification.h wrote. */
#ifndef DYGW_STORE_VERIFICATION_WORDS_H
#define DYGW_STORE_VERIFICATION_WORDS_H

#include "store/verification/verification.h"

typedef enum {
    DYGW_WORDS_VERIFY,
    DYGW_WORDS_ENRICH,
    DYGW_WORDS_MODE,
    DYGW_WORDS_BY,
    DYGW_WORDS_COUPON
} dygw_words_e;

/* The value of a word, fallback for NULL and for one that is none. */
int dygw_store_word_value(dygw_words_e kind, const char *word, int fallback);

#endif
