/* SPDX-License-Identifier: Apache-2.0
 * Coupons as a look at them shows them. See shown.h. */
#include "shown.h"

#include <string.h>

#include "redeeming.h"

#include "util/compiler.h"
#include "util/json.h"

#define CHINA 480

dygw_seen_coupon_t *show_in(dygw_coupons_reply_t *answer, int status)
{
    dygw_seen_coupon_t *coupon = fake_coupon(answer, "enc-anew", "cert-1", status);

    answer->reply.date = dygw_now();
    gateway->time_zone = CHINA;
    return coupon;
}

dygw_seen_coupon_t *show(int status)
{
    return show_in(fake_query(DYGW_REPLY_OK, 0), status);
}

static void have_terms(dygw_seen_coupon_t *c, const char *text)
{
    const char *mistake = NULL;

    c->certificate.item = dygw_json_parse(text, strlen(text), DYGW_JSON_LENIENT, pool, &mistake);
    assert_non_null(c->certificate.item);
}

void be_used(dygw_seen_coupon_t *c)
{
    c->certificate.status = 2;
}

void be_verified(dygw_seen_coupon_t *c)
{
    fake_seen(c, "v-9", FAKE_START_MS - 3600000);
}

void be_refunded(dygw_seen_coupon_t *c)
{
    c->certificate.status = 4;
}

void be_refund_requested(dygw_seen_coupon_t *c)
{
    c->certificate.status = 3;
}

void be_refunding(dygw_seen_coupon_t *c)
{
    c->certificate.status = 6;
    c->certificate.expire_time = FAKE_START_MS - 1000;
}

void be_expired(dygw_seen_coupon_t *c)
{
    c->certificate.expire_time = FAKE_START_MS - 1000;
}

void be_for_later(dygw_seen_coupon_t *c)
{
    have_terms(c, "{\"start_time\":1767229200}"); /* in an hour */
}

#define NOT_ON_THURSDAYS "\"not_available_time_info\":{\"can_no_use_week_day\":[4]}"
#define HOURS(from, to) \
    "\"use_time_info\":{\"time_period_list\":[{\"start_time\":\"" from "\",\"end_time\":\"" to "\"}]}"
#define NOT_HERE "\"not_available_poi_list\":[\"1\",\"" POI "\"]"

void be_for_other_days(dygw_seen_coupon_t *c)
{
    have_terms(c, "{" NOT_ON_THURSDAYS "}");
}

void be_for_other_dates(dygw_seen_coupon_t *c)
{
    have_terms(c, "{\"not_available_time_info\":{\"can_no_use_date\":"
                  "[{\"start_time\":1767139200,\"end_time\":1767312000}]}}");
}

/* In UTC it is midnight. */
void be_for_other_hours(dygw_seen_coupon_t *c)
{
    have_terms(c, "{" HOURS("00:00", "02:00") "}");
}

void be_for_this_hour(dygw_seen_coupon_t *c)
{
    have_terms(c, "{" HOURS("07:00", "09:00") "}");
}

void be_for_other_stores(dygw_seen_coupon_t *c)
{
    have_terms(c, "{" NOT_HERE "}");
}

void be_not_for_others(dygw_seen_coupon_t *c)
{
    have_terms(c, "{\"not_available_poi_list\":[\"1\",\"2\"]}");
}

void be_for_later_and_other_days(dygw_seen_coupon_t *c)
{
    have_terms(c, "{\"start_time\":1767229200," NOT_ON_THURSDAYS "}");
}

void be_used_up_unseen(dygw_seen_coupon_t *c)
{
    c->certificate.is_times_card = 1;
    c->times_count = c->times_used = 3;
    c->certificate.times_left = 0;
}

void be_used_up_and_for_other_days_and_stores(dygw_seen_coupon_t *c)
{
    be_used_up_unseen(c);
    have_terms(c, "{" NOT_ON_THURSDAYS "," NOT_HERE "}");
}

void be_used_up_and_for_other_stores(dygw_seen_coupon_t *c)
{
    be_used_up_unseen(c);
    have_terms(c, "{" NOT_HERE "}");
}

void be_used_up(dygw_seen_coupon_t *c)
{
    be_used_up_unseen(c);
    be_verified(c);
}

void be_a_card_with_uses(dygw_seen_coupon_t *c)
{
    be_used_up(c);
    c->times_used = 1;
    c->certificate.times_left = 2;
}

void be_as_before(DYGW_UNUSED dygw_seen_coupon_t *c)
{
}
