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

/* The reasons of the numbers that are the coupon's, ours first; all others have that of their
 * class. OPEN: the number alone does not tell. */
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

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a text speaks of "IP", as a word of its own: Chinese has no blanks around it. */
static int speaks_of_address(const char *text)
{
    const char *at;

    for (at = text; *at; at++) {
        if ((at[0] == 'I' || at[0] == 'i') && (at[1] == 'P' || at[1] == 'p')
            && (at == text || !is_letter(at[-1])) && !is_letter(at[2])) {
            return 1;
        }
    }
    return 0;
}

static dygw_reason_e reason_of_setup(apr_int64_t error_code, const char *description)
{
    switch (dygw_douyin_obstacle(error_code)) {
    case DYGW_OBSTACLE_MERCHANT:
        return DYGW_REASON_NOT_AUTHORISED;
    case DYGW_OBSTACLE_ADDRESS:
        return error_code == DYGW_CODE_ADDRESS || speaks_of_address(description)
                   ? DYGW_REASON_ADDRESS_NOT_ALLOWED
                   : DYGW_REASON_NOT_PERMITTED;
    default:
        return DYGW_REASON_NOT_PERMITTED;
    }
}

/* The reason of a number that is the coupon's. The texts of the catch-all are those that Douyin's
 * forum has; what it means else nobody knows. */
static dygw_reason_e reason_of_coupon(apr_int64_t error_code, const char *description)
{
    static const struct {
        const char *text;
        dygw_reason_e reason;
    } texts[] = {
        { "二维码参数不合法", DYGW_REASON_WRONG_CODE },
        { "不可使用券码查询", DYGW_REASON_CODE_NOT_ALLOWED },
        { "超过可撤销时限", DYGW_REASON_CANCEL_TOO_LATE },
    };
    const int place = place_of_code(error_code);
    int i;

    for (i = 0; error_code == DYGW_CODE_REFUSED && i < LEN(texts); i++) {
        if (strstr(description, texts[i].text)) {
            return texts[i].reason;
        }
    }
    return place >= 0 ? reason_of_codes[place].reason : DYGW_REASON_OTHER;
}

/* The class is that of any call, as the numbers of the token calls have theirs in no other. */
static dygw_reason_e reason_of_number(apr_int64_t error_code, const char *description)
{
    switch (dygw_douyin_classify(DYGW_CALL_OTHER, error_code, description)) {
    case DYGW_REPLY_SETUP:
        return reason_of_setup(error_code, description);
    case DYGW_REPLY_TOKEN:
        return DYGW_REASON_TOKEN;
    case DYGW_REPLY_REQUEST:
        return DYGW_REASON_BAD_REQUEST;
    case DYGW_REPLY_BUSY:
        return DYGW_REASON_BUSY;
    case DYGW_REPLY_REVIEW:
        return DYGW_REASON_RISK_REVIEW;
    default:
        return reason_of_coupon(error_code, description);
    }
}

dygw_reason_e dygw_reason_of_code(apr_int64_t error_code, const char *description)
{
    if (error_code == 0) {
        return DYGW_REASON_NONE;
    }
    if (error_code < 0 && place_of_code(error_code) >= 0) {
        return reason_of_codes[place_of_code(error_code)].reason;
    }
    return reason_of_number(error_code, description ? description : "");
}

dygw_reason_e dygw_reason_of_reply(const dygw_reply_t *reply)
{
    return reply->error_code == DYGW_CODE_REFUSED
                   && reply->sub_error_code == DYGW_CODE_TOO_LATE_TO_CANCEL
               ? DYGW_REASON_CANCEL_TOO_LATE
               : dygw_reason_of_code(reply->error_code, reply->description);
}

/* Whether Douyin refused what it was asked because of how the gateway is set up at Douyin. */
static int is_of_setup(dygw_reason_e reason)
{
    return reason == DYGW_REASON_NOT_AUTHORISED || reason == DYGW_REASON_NOT_PERMITTED
           || reason == DYGW_REASON_ADDRESS_NOT_ALLOWED || reason == DYGW_REASON_BAD_REQUEST;
}

/* The coupon was redeemed: of a refused cancel only that is said what is not about a coupon. */
static dygw_reason_e reason_of_success(dygw_reason_e reason)
{
    return reason == DYGW_REASON_CANCEL_TOO_LATE || is_of_setup(reason) ? reason : DYGW_REASON_NONE;
}

dygw_reason_e dygw_reason_of_outcome(dygw_verify_status_e status, apr_int64_t error_code,
                                     const char *description)
{
    const dygw_reason_e reason = dygw_reason_of_code(error_code, description);

    return status == DYGW_SUCCESS ? reason_of_success(reason) : reason;
}

int dygw_reason_is_open(apr_int64_t error_code, const char *description)
{
    const int place = place_of_code(error_code);

    return place >= 0 && reason_of_codes[place].is_open
           && dygw_reason_of_code(error_code, description) == reason_of_codes[place].reason;
}

/* A repetition that was refused because of the coupon does not settle it while an earlier verify
 * may still redeem it: nobody is to scan it again, so that it waits. */
static dygw_reason_e reason_of_waiting(const dygw_verification_t *v)
{
    if (v->review_since != DYGW_NO_TIME) {
        return DYGW_REASON_RISK_REVIEW;
    }
    return v->reason ? dygw_reason_of_word(v->reason) : DYGW_REASON_WAITING;
}

dygw_reason_e dygw_reason_of(const dygw_verification_t *v)
{
    if (v->verify_status == DYGW_PROCESSING) {
        return reason_of_waiting(v);
    }
    if (v->error_code == 0) {
        return DYGW_REASON_NONE;
    }
    if (!v->reason) {
        return dygw_reason_of_outcome(v->verify_status, v->error_code, v->error_description);
    }
    return v->verify_status == DYGW_SUCCESS ? reason_of_success(dygw_reason_of_word(v->reason))
                                            : dygw_reason_of_word(v->reason);
}

void dygw_reason_record(dygw_verification_t *v)
{
    if (v->verify_status == DYGW_PROCESSING || v->error_code == 0) {
        v->reason = NULL;
        return;
    }
    v->reason = dygw_reason_word(
        dygw_reason_of_outcome(v->verify_status, v->error_code, v->error_description));
}

void dygw_reason_record_wait(dygw_verification_t *v, apr_int64_t error_code,
                             const char *description)
{
    const dygw_reason_e reason = dygw_reason_of_code(error_code, description);

    if (v->verify_status == DYGW_PROCESSING) {
        v->reason = is_of_setup(reason) && v->review_since == DYGW_NO_TIME
                        ? dygw_reason_word(reason)
                        : NULL;
    }
}

void dygw_reason_count(const dygw_metrics_t *metrics, dygw_reason_e reason)
{
    if (reason != DYGW_REASON_NONE) {
        dygw_count(metrics, DYGW_COUNT_REASONS, (int)reason);
    }
}
