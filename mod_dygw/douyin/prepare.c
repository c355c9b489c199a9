/* SPDX-License-Identifier: Apache-2.0
 * Prepare: which coupons an order has, and what verifying them needs. Changes nothing. */
#include <limits.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "douyin/client.h"
#include "util/json.h"

#define TIMES_CARD      3           /* sku.groupon_type */
#define MAX_TIMES       1000000     /* far over any card; fits an int */

static int times_left(const json_t *card)
{
    apr_int64_t count = dygw_json_int(card, "times_count", 0);
    apr_int64_t used = dygw_json_int(card, "times_used", 0);

    if (count <= used) {
        return 0;
    }
    return count - used > MAX_TIMES ? MAX_TIMES : (int)(count - used);
}

static void read_times(dygw_certificate_t *certificate, const json_t *item, const json_t *sku)
{
    const json_t *card = json_object_get(item, "time_card");
    int counted = dygw_json_int(card, "times_count", 0) > 0;

    certificate->is_times_card
        = counted || dygw_json_int(sku, "groupon_type", 0) == TIMES_CARD;
    /* Listed without figures: it has a use left, how many more is unknown. */
    certificate->times_left = counted ? times_left(card) : 1;
}

/* 0: it cannot be verified, because it has no encrypted_code. */
static int read_certificate(dygw_certificate_t *certificate, const json_t *item, apr_pool_t *pool)
{
    const json_t *sku = json_object_get(item, "sku");
    const char *code = dygw_json_str(item, "encrypted_code");
    apr_int64_t status = dygw_json_int(item, "status", -1);

    if (!code || !*code) {
        return 0;
    }
    certificate->encrypted_code = code;
    certificate->certificate_id = dygw_json_id(item, "certificate_id", pool);
    certificate->status = status >= INT_MIN && status <= INT_MAX ? (int)status : INT_MAX;
    certificate->expire_time = dygw_time_from_douyin(dygw_json_int(item, "expire_time", 0));
    certificate->sku_id = dygw_json_id(sku, "sku_id", pool);
    certificate->sku_name = dygw_json_str(sku, "title");
    certificate->product_id = dygw_json_id(sku, "product_id", pool);
    certificate->pay_amount = dygw_json_int(json_object_get(item, "amount"), "pay_amount", -1);
    read_times(certificate, item, sku);
    return 1;
}

/* Whether the list can be understood: absent, null and [] all mean that there is none. */
static int read_list(apr_array_header_t *certificates, const json_t *list, apr_pool_t *pool)
{
    size_t count = json_array_size(list);
    size_t i;

    if (list && !json_is_null(list) && !json_is_array(list)) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        dygw_certificate_t certificate;

        if (read_certificate(&certificate, json_array_get(list, i), pool)) {
            APR_ARRAY_PUSH(certificates, dygw_certificate_t) = certificate;
        }
    }
    return count == 0 || certificates->nelts > 0;
}

static void read_prepared(dygw_prepare_reply_t *prepared, apr_pool_t *pool)
{
    const json_t *data = prepared->reply.data;
    const char *verify_token = dygw_json_str(data, "verify_token");
    int understood
        = read_list(prepared->certificates, json_object_get(data, "certificates"), pool);

    prepared->verify_token = verify_token ? verify_token : "";
    prepared->order_id = dygw_json_id(data, "order_id", pool);
    if (!understood || (prepared->certificates->nelts > 0 && !*prepared->verify_token)) {
        prepared->reply.kind = DYGW_REPLY_GARBLED;
    }
}

dygw_prepare_reply_t *dygw_douyin_prepare(dygw_douyin_t *douyin, const char *access_token,
                                          const char *poi_id, const char *encrypted_data,
                                          const char *code, const dygw_log_t *log,
                                          apr_pool_t *pool)
{
    dygw_prepare_reply_t *prepared = apr_pcalloc(pool, sizeof(*prepared));
    dygw_douyin_call_t call
        = { .what = DYGW_CALL_PREPARE, .name = "prepare", .access_token = access_token };

    call.target = apr_pstrcat(pool, DYGW_PATH_OF_CERTIFICATES "prepare/?poi_id=",
                              apr_pescape_urlencoded(pool, poi_id),
                              dygw_douyin_argument("encrypted_data", encrypted_data, pool),
                              dygw_douyin_argument("code", code, pool), NULL);
    prepared->certificates = apr_array_make(pool, 1, sizeof(dygw_certificate_t));
    dygw_douyin_call(douyin, &call, &prepared->reply, log, pool);
    if (prepared->reply.kind == DYGW_REPLY_OK) {
        read_prepared(prepared, pool);
    }
    return prepared;
}
