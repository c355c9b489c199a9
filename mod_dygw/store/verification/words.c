/* SPDX-License-Identifier: Apache-2.0
 * The contract's words for what a verification is, and back: they are in the table as in JSON. */
#include "store/verification/words.h"

#include <string.h>

static const char *const verify_status_words[] = {
    "processing", "success", "failed", "cancelled", NULL
};
static const char *const enrich_status_words[] = {
    "pending", "success", "failed", "skipped", NULL
};
static const char *const mode_words[] = { "short_link", "code", "encrypted_code", NULL };
static const char *const confirmed_by_words[] = {
    "", "response", "replay", "status_query", "webhook", NULL
};
static const char *const coupon_status_words[] = {
    "initial", "unused", "used", "refund_requested", "refunded", "refund_failed", "refunding", NULL
};

static const char *word_of(const char *const *words, int value)
{
    int i = 0;

    while (words[i] && i != value) {
        i++;
    }
    return words[i];
}

const char *dygw_verify_status_word(dygw_verify_status_e status)
{
    return word_of(verify_status_words, (int)status);
}

const char *dygw_enrich_status_word(dygw_enrich_status_e status)
{
    return word_of(enrich_status_words, (int)status);
}

const char *dygw_mode_word(dygw_mode_e mode)
{
    return word_of(mode_words, (int)mode);
}

const char *dygw_confirmed_by_word(dygw_confirmed_by_e by)
{
    return by == DYGW_BY_NOBODY ? NULL : word_of(confirmed_by_words, (int)by);
}

const char *dygw_coupon_status_word(dygw_coupon_status_e status)
{
    return word_of(coupon_status_words, (int)status);
}

int dygw_store_word_value(dygw_words_e kind, const char *word, int fallback)
{
    static const char *const *const all[] = {
        verify_status_words, enrich_status_words, mode_words, confirmed_by_words,
        coupon_status_words
    };
    int i;

    for (i = 0; word && all[kind][i]; i++) {
        if (strcmp(all[kind][i], word) == 0) {
            return i;
        }
    }
    return fallback;
}
