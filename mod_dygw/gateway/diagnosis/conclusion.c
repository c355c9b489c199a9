/* SPDX-License-Identifier: Apache-2.0
 * What one reply of Douyin's means to a diagnosis. */
#include "douyin/douyin.h"
#include "gateway/diagnosis/probes.h"
#include "gateway/reasons.h"

int dygw_probe_is_answer(const dygw_reply_t *reply)
{
    return reply && reply->trouble == DYGW_TROUBLE_NONE && reply->http_status != 0;
}

dygw_why_e dygw_conclude_setup(const dygw_reply_t *reply)
{
    static const dygw_why_e whys[] = {
        [DYGW_OBSTACLE_PERMISSION] = DYGW_WHY_NO_PERMISSION,
        [DYGW_OBSTACLE_ADDRESS] = DYGW_WHY_ADDRESS_REFUSED,
        [DYGW_OBSTACLE_MERCHANT] = DYGW_WHY_NOT_AUTHORISED,
        [DYGW_OBSTACLE_PUNISHED] = DYGW_WHY_PUNISHED,
        [DYGW_OBSTACLE_TAKEN_DOWN] = DYGW_WHY_TAKEN_DOWN,
    };

    const dygw_obstacle_e obstacle = dygw_douyin_reply_obstacle(reply);

    /* One number is about our address or not, as its text says: what tills hear is told here. */
    return obstacle == DYGW_OBSTACLE_ADDRESS
                   && dygw_reason_of_reply(reply) != DYGW_REASON_ADDRESS_NOT_ALLOWED
               ? DYGW_WHY_NO_PERMISSION
               : whys[obstacle];
}

dygw_conclusion_t dygw_conclude_reply(const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_OK:
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
        return (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    case DYGW_REPLY_SETUP:
        return (dygw_conclusion_t){ DYGW_FAIL, dygw_conclude_setup(reply) };
    case DYGW_REPLY_TOKEN:
        return (dygw_conclusion_t){ DYGW_SKIPPED, DYGW_WHY_TOKEN_REFUSED };
    case DYGW_REPLY_REQUEST:
        return (dygw_conclusion_t){ DYGW_SKIPPED, DYGW_WHY_NOT_UNDERSTOOD };
    case DYGW_REPLY_BUSY:
        return (dygw_conclusion_t){ DYGW_WARN, DYGW_WHY_BUSY };
    default:
        return (dygw_conclusion_t){ DYGW_WARN, DYGW_WHY_NO_ANSWER };
    }
}

dygw_conclusion_t dygw_conclude_probe(const dygw_probe_t *probe)
{
    return probe->reply ? dygw_conclude_reply(probe->reply)
                        : (dygw_conclusion_t){ DYGW_SKIPPED, probe->why_not };
}

void dygw_findings_words(dygw_findings_t *findings, const dygw_reply_t *reply)
{
    if (reply && reply->error_code != 0) {
        dygw_jsonw_int(&findings->w, "error_code", reply->error_code);
        dygw_jsonw_string(&findings->w, "description", reply->description);
        dygw_jsonw_string(&findings->w, "logid", reply->logid);
    }
}
