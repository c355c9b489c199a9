/* SPDX-License-Identifier: Apache-2.0
 * What several calls show of a coupon, which Douyin calls a certificate. Get gives times in
 * milliseconds, the others in seconds.
 *
 * Calls nothing but util/. */
#include "douyin/certificate.h"

#include <limits.h>
#include <string.h>

#include "util/json.h"

#define MAX_TIMES 1000000 /* far over any card; fits an int */

int dygw_douyin_read_small(const json_t *object, const char *key, int fallback)
{
    apr_int64_t number = dygw_json_int(object, key, fallback);

    return number >= INT_MIN && number <= INT_MAX ? (int)number : INT_MAX;
}

int dygw_douyin_read_times(const json_t *card, const char *key)
{
    apr_int64_t number = dygw_json_int(card, key, 0);

    return number < 0 ? 0 : number > MAX_TIMES ? MAX_TIMES : (int)number;
}

int dygw_douyin_is_times_card(const json_t *sku)
{
    return dygw_json_int(sku, "groupon_type", 0) == DYGW_GROUPON_TYPE_TIMES_CARD;
}

static void read_times(dygw_certificate_t *certificate, const json_t *item, const json_t *sku)
{
    const json_t *card = json_object_get(item, "time_card");
    int count = dygw_douyin_read_times(card, "times_count");
    int used = dygw_douyin_read_times(card, "times_used");

    certificate->is_times_card = count > 0 || dygw_douyin_is_times_card(sku);
    /* A card that is listed without figures has a use left; how many more is unknown. */
    certificate->times_left = count == 0 ? 1 : count > used ? count - used : 0;
}

void dygw_douyin_read_certificate(dygw_certificate_t *certificate, const json_t *item,
                                  apr_pool_t *pool)
{
    const json_t *sku = json_object_get(item, "sku");
    const char *code = dygw_json_str(item, "encrypted_code");

    certificate->encrypted_code = code && *code ? code : NULL;
    certificate->certificate_id = dygw_json_id(item, "certificate_id", pool);
    certificate->status = dygw_douyin_read_small(item, "status", DYGW_CERTIFICATE_UNSAID);
    certificate->start_time = dygw_time_from_douyin(dygw_json_int(item, "start_time", 0));
    certificate->expire_time = dygw_time_from_douyin(dygw_json_int(item, "expire_time", 0));
    certificate->sku_id = dygw_json_id(sku, "sku_id", pool);
    certificate->sku_name = dygw_json_str(sku, "title");
    certificate->product_id = dygw_json_id(sku, "product_id", pool);
    certificate->pay_amount = dygw_json_int(json_object_get(item, "amount"), "pay_amount", -1);
    read_times(certificate, item, sku);
}

const char *dygw_douyin_verify_id(const json_t *verify, apr_pool_t *pool)
{
    const char *id = dygw_json_id(verify, "verify_id", pool);

    return id && strcmp(id, "0") != 0 ? id : NULL;
}

/* What this use of a times card costs. Other figures of a card may be about all of it. */
apr_int64_t dygw_douyin_amount_of_use(const json_t *item)
{
    const json_t *info = json_object_get(item, "verify_amount_info");
    const json_t *serial = json_object_get(info, "times_card_serial_amount");

    return dygw_json_int(json_object_get(serial, "amount"), "pay_amount", -1);
}
