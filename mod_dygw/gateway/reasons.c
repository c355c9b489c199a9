/* SPDX-License-Identifier: Apache-2.0
 * The catalogue of reasons as tables, and which reason a number has. */
#include "gateway/reasons.h"

#include <string.h>

#include "douyin/codes.h"

#define LEN(table) ((int)(sizeof(table) / sizeof *(table)))

static const struct {
    const char *word;
    int retryable;
    dygw_act_e act;
    const char *advice[2]; /* by dygw_lang_e */
} reasons[] = {
#define REASON(name, word, retryable, act, zh, en) { word, retryable, DYGW_ACT_##act, { zh, en } },
    DYGW_REASONS(REASON)
#undef REASON
};

/* The reasons of the numbers, ours first. OPEN: the number alone does not tell. */
#define TOLD 0
#define OPEN 1

static const struct {
    apr_int64_t code;
    dygw_reason_e reason;
    int is_open;
} reason_of_codes[] = {
    { DYGW_OUTCOME_NO_COUPON, DYGW_REASON_NO_COUPON_LEFT, OPEN },
    { DYGW_OUTCOME_GIVEN_UP, DYGW_REASON_GIVEN_UP, TOLD },
    { DYGW_OUTCOME_NOT_REDEEMED, DYGW_REASON_NOT_REDEEMED, TOLD },
    { DYGW_OUTCOME_NOT_OURS, DYGW_REASON_NOT_OURS, TOLD },
    { DYGW_CODE_ALREADY_DONE, DYGW_REASON_ALREADY_USED, OPEN },
    { DYGW_CODE_ALREADY_VERIFIED, DYGW_REASON_ALREADY_USED, OPEN },
    { DYGW_CODE_NO_SUCH_COUPON, DYGW_REASON_WRONG_CODE, TOLD },
    { DYGW_CODE_CODE_UNREADABLE, DYGW_REASON_WRONG_CODE, TOLD },
    { DYGW_CODE_OTHER_STORE, DYGW_REASON_WRONG_STORE, TOLD },
    { DYGW_CODE_RISK_REVIEW, DYGW_REASON_RISK_REVIEW, TOLD },
    { DYGW_CODE_NO_USES_LEFT, DYGW_REASON_NO_USES_LEFT, TOLD },
    { DYGW_CODE_NOT_VALID_ANY_MORE, DYGW_REASON_OTHER, OPEN },
    { DYGW_CODE_NO_FULFILMENT, DYGW_REASON_WRONG_CODE, OPEN },
    { DYGW_CODE_CANCELLED_COUPON, DYGW_REASON_OTHER, OPEN },
    { DYGW_CODE_REFUSED, DYGW_REASON_OTHER, OPEN },
    { DYGW_CODE_STORE_WITHOUT_PRODUCT, DYGW_REASON_WRONG_STORE, TOLD },
    { DYGW_CODE_DYNAMIC_CODE_ENDED, DYGW_REASON_QR_EXPIRED, TOLD },
    { DYGW_CODE_NO_SUCH_VOUCHER, DYGW_REASON_WRONG_CODE, TOLD },
    { DYGW_CODE_TOO_LATE_TO_CANCEL, DYGW_REASON_CANCEL_TOO_LATE, TOLD },
    { DYGW_CODE_BEING_GIVEN_AWAY, DYGW_REASON_BEING_GIVEN_AWAY, TOLD },
    { DYGW_CODE_ORDERING, DYGW_REASON_NOT_PAID, TOLD },
};

const char *dygw_reason_word(dygw_reason_e reason)
{
    return reason == DYGW_REASON_NONE ? NULL : reasons[reason].word;
}

dygw_reason_e dygw_reason_of_word(const char *word)
{
    int i;

    if (!word) {
        return DYGW_REASON_NONE;
    }
    for (i = 0; i < LEN(reasons); i++) {
        if (strcmp(reasons[i].word, word) == 0) {
            return (dygw_reason_e)i;
        }
    }
    return DYGW_REASON_OTHER;
}

int dygw_reason_is_retryable(dygw_reason_e reason)
{
    return reasons[reason].retryable;
}

dygw_act_e dygw_reason_act(dygw_reason_e reason)
{
    return reasons[reason].act;
}

const char *dygw_reason_advice(dygw_reason_e reason, dygw_lang_e lang)
{
    return reasons[reason].advice[lang];
}

static int place_of_code(apr_int64_t error_code)
{
    int i;

    for (i = 0; i < LEN(reason_of_codes); i++) {
        if (reason_of_codes[i].code == error_code) {
            return i;
        }
    }
    return -1;
}

static dygw_reason_e reason_of_setup(apr_int64_t error_code)
{
    switch (dygw_douyin_obstacle(error_code)) {
    case DYGW_OBSTACLE_MERCHANT:
        return DYGW_REASON_NOT_AUTHORISED;
    case DYGW_OBSTACLE_ADDRESS:
        return DYGW_REASON_ADDRESS_NOT_ALLOWED;
    default:
        return DYGW_REASON_NOT_PERMITTED;
    }
}

static dygw_reason_e reason_of_class(apr_int64_t error_code, const char *description)
{
    switch (dygw_douyin_classify(DYGW_CALL_VERIFY, error_code, description)) {
    case DYGW_REPLY_SETUP:
        return reason_of_setup(error_code);
    case DYGW_REPLY_TOKEN:
        return DYGW_REASON_TOKEN;
    case DYGW_REPLY_REQUEST:
        return DYGW_REASON_BAD_REQUEST;
    case DYGW_REPLY_BUSY:
        return DYGW_REASON_BUSY;
    case DYGW_REPLY_REVIEW:
        return DYGW_REASON_RISK_REVIEW;
    default:
        return DYGW_REASON_OTHER;
    }
}

dygw_reason_e dygw_reason_of_code(apr_int64_t error_code, const char *description)
{
    const int place = place_of_code(error_code);

    if (error_code == 0) {
        return DYGW_REASON_NONE;
    }
    return place >= 0 ? reason_of_codes[place].reason
                      : reason_of_class(error_code, description ? description : "");
}

int dygw_reason_is_open(apr_int64_t error_code, const char *description)
{
    const int place = place_of_code(error_code);

    (void)description;
    return place >= 0 && reason_of_codes[place].is_open;
}

static dygw_reason_e reason_of_waiting(const dygw_verification_t *v)
{
    if (v->review_since != DYGW_NO_TIME) {
        return DYGW_REASON_RISK_REVIEW;
    }
    if (v->refused_code != DYGW_NO_INT && v->refused_code != 0) {
        return dygw_reason_of_code(v->refused_code, v->refused_description);
    }
    return DYGW_REASON_WAITING;
}

dygw_reason_e dygw_reason_of(const dygw_verification_t *v)
{
    if (v->verify_status == DYGW_PROCESSING) {
        return reason_of_waiting(v);
    }
    return v->reason ? dygw_reason_of_word(v->reason)
                     : dygw_reason_of_code(v->error_code, v->error_description);
}

void dygw_reason_record(dygw_verification_t *v)
{
    if (v->verify_status == DYGW_PROCESSING || v->error_code == 0) {
        v->reason = NULL;
        return;
    }
    v->reason = dygw_reason_word(dygw_reason_of_code(v->error_code, v->error_description));
}
