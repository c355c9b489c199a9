/* SPDX-License-Identifier: Apache-2.0
 * The contract's words for what a verification is, and back: they are in the table as in JSON. */
#include "store/verification/words.h"

#include <string.h>

/* Each ends with NULL. */
static const char *const verify_status_words[] = {
    [DYGW_PROCESSING] = "processing",
    [DYGW_SUCCESS] = "success",
    [DYGW_FAILED] = "failed",
    [DYGW_CANCELLED] = "cancelled",
    NULL,
};
static const char *const enrich_status_words[] = {
    [DYGW_ENRICH_PENDING] = "pending",
    [DYGW_ENRICH_SUCCESS] = "success",
    [DYGW_ENRICH_FAILED] = "failed",
    [DYGW_ENRICH_SKIPPED] = "skipped",
    NULL,
};
static const char *const mode_words[] = {
    [DYGW_MODE_SHORT_LINK] = "short_link",
    [DYGW_MODE_CODE] = "code",
    [DYGW_MODE_ENCRYPTED_CODE] = "encrypted_code",
    NULL,
};
static const char *const confirmed_by_words[] = {
    [DYGW_BY_NOBODY] = "",         [DYGW_BY_RESPONSE] = "response",
    [DYGW_BY_REPLAY] = "replay",   [DYGW_BY_STATUS_QUERY] = "status_query",
    [DYGW_BY_WEBHOOK] = "webhook", NULL,
};
static const char *const coupon_status_words[] = {
    [DYGW_COUPON_INITIAL] = "initial",     [DYGW_COUPON_UNUSED] = "unused",
    [DYGW_COUPON_USED] = "used",           [DYGW_COUPON_REFUND_REQUESTED] = "refund_requested",
    [DYGW_COUPON_REFUNDED] = "refunded",   [DYGW_COUPON_REFUND_FAILED] = "refund_failed",
    [DYGW_COUPON_REFUNDING] = "refunding", NULL,
};
static const char *const after_sale_words[] = {
    [DYGW_AFTER_SALE_REQUESTED] = "requested", [DYGW_AFTER_SALE_AGREED] = "agreed",
    [DYGW_AFTER_SALE_REFUSED] = "refused",     [DYGW_AFTER_SALE_REFUNDED] = "refunded",
    [DYGW_AFTER_SALE_CLOSED] = "closed",       NULL,
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

const char *dygw_after_sale_word(dygw_after_sale_e after_sale)
{
    return after_sale == DYGW_AFTER_SALE_NONE ? NULL : word_of(after_sale_words, (int)after_sale);
}

int dygw_store_word_value(dygw_words_e kind, const char *word, int fallback)
{
    static const char *const *const all[] = {
        [DYGW_WORDS_VERIFY] = verify_status_words,
        [DYGW_WORDS_ENRICH] = enrich_status_words,
        [DYGW_WORDS_MODE] = mode_words,
        [DYGW_WORDS_BY] = confirmed_by_words,
        [DYGW_WORDS_COUPON] = coupon_status_words,
        [DYGW_WORDS_AFTER_SALE] = after_sale_words,
    };
    int i;

    for (i = 0; word && all[kind][i]; i++) {
        if (strcmp(all[kind][i], word) == 0) {
            return i;
        }
    }
    return fallback;
}
