/* SPDX-License-Identifier: Apache-2.0
 * What several calls show of a coupon, which Douyin calls a certificate. Get gives times in
 * milliseconds, the others in seconds.
 *
 * Calls nothing but util/. */
#include "douyin/certificate.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>

#include "util/json.h"

#define MAX_TIMES    1000000 /* far over any card; fits an int */
#define DAY_MINUTES  1440
#define HOUR_MINUTES 60
#define SUNDAY       7

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

    certificate->item = item;
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

/* --- terms of use --- */

/* An unknown number of a voucher's own type is a voucher's all the same. */
static dygw_coupon_kind_e kind_of(const dygw_certificate_t *certificate, const json_t *sku)
{
    if (certificate->is_times_card) {
        return DYGW_COUPON_TIMES_CARD;
    }
    switch (dygw_json_int(sku, "groupon_type", 0)) {
    case DYGW_GROUPON_TYPE_PACKAGE:
        return DYGW_COUPON_PACKAGE;
    case DYGW_GROUPON_TYPE_VOUCHER:
        return DYGW_COUPON_VOUCHER;
    case 0:
        return dygw_json_int(sku, "voucher_type", 0) > 0 ? DYGW_COUPON_VOUCHER : DYGW_COUPON_OTHER;
    default:
        return DYGW_COUPON_OTHER;
    }
}

/* A price of 0 is one that was not filled in. */
static apr_int64_t read_price(const json_t *object, const char *key)
{
    apr_int64_t price = dygw_json_int(object, key, -1);

    return price > 0 ? price : -1;
}

static apr_int64_t read_paid(const json_t *amount)
{
    apr_int64_t paid = dygw_json_int(amount, "pay_amount", -1);

    return paid >= 0 ? paid : -1;
}

/* The amounts of one use of a times card, which may differ from use to use; NULL: not told. */
static const json_t *amount_of_serial(const json_t *card, int serial)
{
    const json_t *list = json_object_get(card, "serial_amount_list");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *use = json_array_get(list, i);

        if (dygw_json_int(use, "serial_numb", 0) == serial) {
            return json_object_get(use, "amount");
        }
    }
    return NULL;
}

/* The face value is sku.market_price, else amount.list_market_amount: both are the price that is
 * shown crossed out, of a voucher what it is good for. It is not amount.original_amount: in the
 * sample of Douyin's page certificate.prepare that is what the coupon itself was sold for. */
static void read_amounts(dygw_terms_t *terms, const json_t *item)
{
    const json_t *sku = json_object_get(item, "sku");
    const json_t *card = json_object_get(item, "time_card");
    const json_t *amount = json_object_get(item, "amount");
    apr_int64_t market_price = read_price(sku, "market_price");

    if (terms->kind == DYGW_COUPON_TIMES_CARD && terms->uses_total != 1) {
        amount = terms->uses_total > 0
                     ? amount_of_serial(card, terms->uses_total - terms->uses_left + 1)
                     : NULL;
        market_price = -1;
    }
    terms->face_value = market_price > 0 ? market_price : read_price(amount, "list_market_amount");
    terms->pay_amount = read_paid(amount);
}

/* A small number, or a text of one digit; -1: neither. */
static int read_digit(const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        return json_integer_value(value) >= 0 && json_integer_value(value) <= 9
                   ? (int)json_integer_value(value)
                   : -1;
    }
    return text && *text >= '0' && *text <= '9' && !text[1] ? *text - '0' : -1;
}

/* How days are numbered is not documented. From 1, Monday, to 6 the usual ways agree; Sunday is 7
 * in one of them and 0 in the other. */
static unsigned read_weekdays(const json_t *list)
{
    unsigned weekdays = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        int day = read_digit(json_array_get(list, i));

        if (day >= 0 && day <= SUNDAY) {
            weekdays |= 1U << (day ? day : SUNDAY);
        }
    }
    return weekdays;
}

static void read_closed(apr_array_header_t *closed, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *dates = json_array_get(list, i);
        dygw_span_t span;

        span.from = dygw_time_from_douyin(dygw_json_int(dates, "start_time", 0));
        span.to = dygw_time_from_douyin(dygw_json_int(dates, "end_time", 0));
        if (span.from != DYGW_NO_TIME && span.to != DYGW_NO_TIME && span.from <= span.to) {
            APR_ARRAY_PUSH(closed, dygw_span_t) = span;
        }
    }
}

/* Two digits, or one that a colon follows; moves *text behind them. -1: there is none. */
static int read_clock_part(const char **text)
{
    int value = -1;

    for (int i = 0; i < 2 && **text >= '0' && **text <= '9'; i++) {
        value = (value < 0 ? 0 : 10 * value) + *(*text)++ - '0';
    }
    return value;
}

/* "9:30", "09:30" or "09:30:00", up to 24:00, as a minute of the day; -1: it is none of that. */
static int read_minute(const char *text)
{
    int hour, minute;

    if (!text || (hour = read_clock_part(&text)) < 0 || *text++ != ':'
        || (minute = read_clock_part(&text)) < 0) {
        return -1;
    }
    if (*text == ':') {
        text++;
        if (read_clock_part(&text) < 0) {
            return -1;
        }
    }
    minute = minute < HOUR_MINUTES ? HOUR_MINUTES * hour + minute : -1;
    return *text == '\0' && minute <= DAY_MINUTES ? minute : -1;
}

static int is_true(const json_t *value)
{
    const char *text = json_string_value(value);

    return json_is_true(value) || json_integer_value(value) != 0
           || (text && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0));
}

/* An end that is not after the beginning is the next day's, whether that is said or not. */
static int read_period(dygw_hours_t *hours, const json_t *period)
{
    hours->from = read_minute(dygw_json_str(period, "start_time"));
    hours->to = read_minute(dygw_json_str(period, "end_time"));
    if (hours->from < 0 || hours->to < 0) {
        return 0;
    }
    if (is_true(json_object_get(period, "end_time_is_next_day")) || hours->to <= hours->from) {
        hours->to += DAY_MINUTES;
    }
    /* Midnight ends a day, and is no part of the next one. */
    hours->to -= hours->to % DAY_MINUTES == 0;
    return hours->from <= hours->to;
}

/* With one period that cannot be understood, the others do not tell when it may be used. */
static void read_hours(apr_array_header_t *hours, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_period(apr_array_push(hours), json_array_get(list, i))) {
            apr_array_clear(hours);
            return;
        }
    }
}

static void read_not_for(apr_array_header_t *stores, const json_t *list, apr_pool_t *pool)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *id = json_array_get(list, i);

        if (json_is_string(id)) {
            APR_ARRAY_PUSH(stores, const char *) = json_string_value(id);
        }
        else if (json_is_integer(id)) {
            APR_ARRAY_PUSH(stores, const char *)
                = apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(id));
        }
    }
}

/* Of not_available_time_info its lists count. What fulfil_enable says beside them is not
 * documented, nor are the numbers of use_time_info.use_time_type: neither decides anything. */
void dygw_douyin_terms(const dygw_certificate_t *certificate, dygw_terms_t *terms, apr_pool_t *pool)
{
    const json_t *item = certificate->item;
    const json_t *sku = json_object_get(item, "sku");
    const json_t *card = json_object_get(item, "time_card");
    const json_t *days = json_object_get(item, "not_available_time_info");
    const json_t *times = json_object_get(item, "use_time_info");
    int count = dygw_douyin_read_times(card, "times_count");

    *terms = (dygw_terms_t){ .kind = kind_of(certificate, sku) };
    terms->uses_total = count > 0 ? count : -1;
    terms->uses_left = count > 0 ? certificate->times_left : -1;
    read_amounts(terms, item);
    terms->start_time = dygw_time_from_douyin(dygw_json_int(item, "start_time", 0));
    terms->closed_weekdays = read_weekdays(json_object_get(days, "can_no_use_week_day"));
    terms->closed = apr_array_make(pool, 1, sizeof(dygw_span_t));
    terms->hours = apr_array_make(pool, 1, sizeof(dygw_hours_t));
    terms->not_for = apr_array_make(pool, 1, sizeof(const char *));
    read_closed(terms->closed, json_object_get(days, "can_no_use_date"));
    read_hours(terms->hours, json_object_get(times, "time_period_list"));
    read_not_for(terms->not_for, json_object_get(item, "not_available_poi_list"), pool);
}
