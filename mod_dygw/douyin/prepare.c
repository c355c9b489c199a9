/* SPDX-License-Identifier: Apache-2.0
 * Prepare: which coupons an order has, and what verifying them needs. Changes nothing at Douyin.
 * (Douyin's page certificate.prepare.)
 *
 * Calls client.c, envelope.c and certificate.c. */
#include <apr_escape.h>
#include <apr_strings.h>

#include "douyin/certificate.h"
#include "douyin/client.h"
#include "douyin/envelope.h"
#include "util/json.h"

/* Whether the list can be understood: absent, null and [] all mean that there is none. */
static int read_certificates(apr_array_header_t *certificates, const json_t *data, apr_pool_t *pool)
{
    int strange;
    const json_t *list = dygw_douyin_copy(data, "certificates", JSON_ARRAY, &strange, pool);
    size_t count = json_array_size(list);
    size_t i;

    for (i = 0; i < count; i++) {
        dygw_certificate_t certificate;

        dygw_douyin_read_certificate(&certificate, json_array_get(list, i), pool);
        if (certificate.encrypted_code) { /* or it cannot be verified */
            APR_ARRAY_PUSH(certificates, dygw_certificate_t) = certificate;
        }
    }
    return list ? certificates->nelts > 0 : !strange;
}

static void read_prepared(dygw_prepare_reply_t *prepared, apr_pool_t *pool)
{
    const json_t *data = prepared->reply.data;
    const char *verify_token = dygw_json_str(data, "verify_token");
    int understood = read_certificates(prepared->certificates, data, pool);

    prepared->verify_token = verify_token ? verify_token : "";
    prepared->order_id = dygw_json_id(data, "order_id", pool);
    if (!understood || (prepared->certificates->nelts > 0 && !*prepared->verify_token)) {
        prepared->reply.kind = DYGW_REPLY_GARBLED;
    }
}

dygw_prepare_reply_t *dygw_douyin_prepare(dygw_douyin_t *douyin,
                                          const dygw_prepare_question_t *question,
                                          const char *access_token, const dygw_log_t *log,
                                          apr_pool_t *pool)
{
    dygw_prepare_reply_t *prepared = apr_pcalloc(pool, sizeof(*prepared));
    dygw_douyin_call_t call = { .what = DYGW_CALL_PREPARE,
                                .counted_as = DYGW_UPSTREAM_PREPARE,
                                .name = "prepare",
                                .access_token = access_token,
                                .account_id = question->account_id };

    call.target
        = apr_pstrcat(pool, DYGW_PATH_OF_CERTIFICATES "prepare/?poi_id=",
                      apr_pescape_urlencoded(pool, question->poi_id),
                      dygw_douyin_argument("encrypted_data", question->encrypted_data, pool),
                      dygw_douyin_argument("code", question->code, pool),
                      dygw_douyin_argument("account_id", question->account_id, pool), NULL);
    prepared->certificates = apr_array_make(pool, 1, sizeof(dygw_certificate_t));
    dygw_douyin_call(douyin, &call, &prepared->reply, log, pool);
    if (prepared->reply.kind == DYGW_REPLY_OK) {
        read_prepared(prepared, pool);
    }
    return prepared;
}
