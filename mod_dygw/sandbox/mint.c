/* SPDX-License-Identifier: Apache-2.0
 * The request "mint" of the control interface: makes orders with their coupons. control.c calls
 * it. */
#include <string.h>

#include <apr_strings.h>

#include "sandbox/handlers.h"
#include "sandbox/records/ids.h"
#include "util/json.h"

#define ORDERS_MAX    1000
#define AMOUNT_MAX    100000000 /* fen */
#define VALID_MS      (APR_INT64_C(90) * 24 * 3600 * 1000)
#define YEAR_9999_SEC APR_INT64_C(253402300799)
#define SECOND_MS     1000
#define DAY_SEC       86400
#define SUNDAY        7

/* What a request asks for, and what was made. */
typedef struct wish_t {
    int orders;
    int status;
    int block;
    int brief;
    apr_uint32_t first_order, first_coupon; /* the indexes of the first ones made */
    dygw_sandbox_order_t model;
    dygw_sandbox_poi_set_t poi_set, not_poi_set;
    dygw_sandbox_terms_t terms;
} wish_t;

/* Reads a whole number from min to max. Where the value is not such a number, *problem says so,
 * unless it says something already. */
static apr_int64_t mint_number(const dygw_sandbox_control_t *control, const char *key,
                               apr_int64_t fallback, apr_int64_t min, apr_int64_t max,
                               const char **problem)
{
    const json_t *value = json_object_get(control->body, key);
    const apr_int64_t n = value ? json_integer_value(value) : fallback;

    if (!*problem && ((value && !json_is_integer(value)) || n < min || n > max)) {
        *problem = apr_psprintf(
            control->pool, "%s is a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
            key, min, max);
    }
    return n;
}

static int kind_by_name(const char *name)
{
    if (!name || strcmp(name, "groupon") == 0) {
        return DYGW_SANDBOX_GROUPON;
    }
    return strcmp(name, "voucher") == 0      ? DYGW_SANDBOX_VOUCHER
           : strcmp(name, "times_card") == 0 ? DYGW_SANDBOX_TIMES_CARD
                                             : 0;
}

static void read_mint_stores(const dygw_sandbox_control_t *control, const char *key,
                             dygw_sandbox_poi_set_t *set, const char **problem)
{
    const json_t *list = json_object_get(control->body, key);
    const apr_size_t n = json_array_size(list);

    if (*problem) {
        return;
    }
    if (n > DYGW_SANDBOX_POI_SET_MAX || (list && !json_is_array(list))) {
        *problem = apr_pstrcat(control->pool, key, " is a list of at most 16", NULL);
        return;
    }
    for (apr_size_t i = 0; i < n; i++) {
        const char *id = json_string_value(json_array_get(list, i));

        if (!id || !*id || strlen(id) > DYGW_SANDBOX_POI_MAX) {
            *problem = apr_pstrcat(control->pool, key, " are strings of 1 to 32 characters", NULL);
            return;
        }
        apr_cpystrn(set->ids[set->count++], id, DYGW_SANDBOX_POI_MAX + 1);
    }
}

/* --- terms of use --- */

/* A list of pairs; NULL where there is none, and where *problem says what is wrong with it. */
static const json_t *mint_pairs(const dygw_sandbox_control_t *control, const char *key,
                                const char **problem)
{
    const json_t *list = json_object_get(control->body, key);
    const apr_size_t n = json_array_size(list);

    if (list && (!json_is_array(list) || n > DYGW_SANDBOX_TERMS_MAX) && !*problem) {
        *problem = apr_pstrcat(control->pool, key, " is a list of at most 8 pairs", NULL);
    }
    for (apr_size_t i = 0; i < n && !*problem; i++) {
        if (json_array_size(json_array_get(list, i)) != 2) {
            *problem = apr_pstrcat(control->pool, key, " is a list of pairs", NULL);
        }
    }
    return *problem ? NULL : list;
}

static void read_mint_weekdays(const dygw_sandbox_control_t *control, wish_t *wish,
                               const char **problem)
{
    const json_t *list = json_object_get(control->body, "weekdays");

    for (apr_size_t i = 0; i < json_array_size(list); i++) {
        const apr_int64_t day = json_integer_value(json_array_get(list, i));

        if (day >= 1 && day <= SUNDAY) {
            wish->terms.weekdays |= 1 << day;
        }
        else if (!*problem) {
            *problem = "weekdays are numbers from 1, Monday, to 7, Sunday";
        }
    }
}

static void read_mint_dates(const dygw_sandbox_control_t *control, wish_t *wish,
                            const char **problem)
{
    const json_t *list = mint_pairs(control, "dates", problem);

    for (apr_size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        dygw_sandbox_dates_t *dates = &wish->terms.date[wish->terms.dates++];

        dates->from = json_integer_value(json_array_get(pair, 0)) * SECOND_MS;
        dates->to = json_integer_value(json_array_get(pair, 1)) * SECOND_MS;
        if (dates->from <= 0 || dates->to < dates->from || dates->to > YEAR_9999_SEC * SECOND_MS) {
            *problem = "dates are pairs of Unix times in seconds, the earlier one first";
            return;
        }
    }
}

/* "HH:MM" as a minute of the day; -1: it is none. */
static int mint_minute(const json_t *value)
{
    const char *text = json_string_value(value);
    int hour, minute;

    if (!text || strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2
        || strspn(text + 3, "0123456789") != 2) {
        return -1;
    }
    hour = 10 * (text[0] - '0') + text[1] - '0';
    minute = 10 * (text[3] - '0') + text[4] - '0';
    return hour < 24 && minute < 60 ? 60 * hour + minute : -1;
}

static void read_mint_hours(const dygw_sandbox_control_t *control, wish_t *wish,
                            const char **problem)
{
    const json_t *list = mint_pairs(control, "hours", problem);

    for (apr_size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        dygw_sandbox_hours_t *hours = &wish->terms.hour[wish->terms.hours++];

        hours->from = mint_minute(json_array_get(pair, 0));
        hours->to = mint_minute(json_array_get(pair, 1));
        if (hours->from < 0 || hours->to < 0) {
            *problem = "hours are pairs of texts as 09:30";
            return;
        }
    }
}

static void read_mint_terms(const dygw_sandbox_control_t *control, wish_t *wish,
                            const char **problem)
{
    /* Unless it is said, a day ago: clocks that a test sets back have no part in it. */
    const apr_int64_t yesterday = wish->model.created / SECOND_MS - DAY_SEC;

    wish->model.starts
        = mint_number(control, "start_time", yesterday, 1, YEAR_9999_SEC, problem) * SECOND_MS;
    read_mint_weekdays(control, wish, problem);
    read_mint_dates(control, wish, problem);
    read_mint_hours(control, wish, problem);
    read_mint_stores(control, "poi_ids", &wish->poi_set, problem);
    read_mint_stores(control, "not_poi_ids", &wish->not_poi_set, problem);
}

/* The caller does not hold the lock; an account that is there stays. */
static void read_mint_account(const dygw_sandbox_control_t *control, wish_t *wish,
                              const char **problem)
{
    const char *id = dygw_json_id(control->body, "account_id", control->pool);
    apr_uint32_t account = 0;

    if (json_object_get(control->body, "account_id")) {
        dygw_sandbox_lock();
        account = dygw_sandbox_account_find(&dygw_sandbox_state()->accounts, id ? id : "");
        dygw_sandbox_unlock();
    }
    if (!*problem && account == DYGW_SANDBOX_NONE) {
        *problem = "there is no such account: make it with /_sandbox/accounts";
    }
    wish->model.account = (unsigned char)account;
}

static const char *read_wish(const dygw_sandbox_control_t *control, wish_t *wish)
{
    static const char *const known[] = {
        "orders",          "coupons",        "kind",        "times",       "pay_amount",
        "original_amount", "poi_ids",        "status",      "expire_time", "order_visible_after_ms",
        "brief",           "receipt_amount", "account_id",  "start_time",  "weekdays",
        "dates",           "hours",          "not_poi_ids", "blocked",     NULL
    };
    const int kind = kind_by_name(dygw_json_str(control->body, "kind"));
    const int is_card = kind == DYGW_SANDBOX_TIMES_CARD;
    const dygw_ms_t now = dygw_now();
    const char *problem = dygw_sandbox_unknown_key(control->body, known, control->pool);
    dygw_sandbox_order_t *m = &wish->model;

    memset(wish, 0, sizeof *wish);
    if (!problem && !kind) {
        problem = "kind is groupon, voucher or times_card";
    }
    m->kind = (unsigned char)kind;
    m->times = is_card ? (apr_uint16_t)mint_number(control, "times", 3, 1, DYGW_SANDBOX_TIMES_MAX,
                                                   &problem)
                       : 1;
    m->coupons
        = (apr_uint16_t)mint_number(control, "coupons", 1, 1, DYGW_SANDBOX_ORDER_COUPONS, &problem);
    m->pay_amount = (apr_int32_t)mint_number(control, "pay_amount", 19400, 0, AMOUNT_MAX, &problem);
    m->original_amount
        = (apr_int32_t)mint_number(control, "original_amount", 26900, 0, AMOUNT_MAX, &problem);
    m->receipt_amount = (apr_int32_t)mint_number(control, "receipt_amount",
                                                 (apr_int64_t)m->pay_amount * m->coupons, 0,
                                                 APR_INT32_MAX, &problem);
    m->visible_after = (apr_uint32_t)mint_number(control, "order_visible_after_ms", 0, 0,
                                                 APR_INT32_MAX, &problem);
    m->expires
        = mint_number(control, "expire_time", (now + VALID_MS) / 1000, 1, YEAR_9999_SEC, &problem)
          * 1000;
    m->created = now;
    m->changed = now;
    wish->orders = (int)mint_number(control, "orders", 1, 1, ORDERS_MAX, &problem);
    wish->status = (int)mint_number(control, "status", 1, 1, DYGW_SANDBOX_STATUS_MAX, &problem);
    wish->brief = json_is_true(json_object_get(control->body, "brief"));
    read_mint_terms(control, wish, &problem);
    wish->block = dygw_json_str(control->body, "blocked")
                      ? dygw_sandbox_block_of_word(dygw_json_str(control->body, "blocked"))
                      : DYGW_SANDBOX_BLOCK_NONE;
    if (!problem && wish->block < 0) {
        problem = "blocked is none, given_away, ordering, no_code or qr_ended";
    }
    read_mint_account(control, wish, &problem);
    return problem;
}

/* Returns the place of what is wanted in a list of such, to which it is added if it is new; -1: the
 * list is full. The caller holds the lock. */
static int find_same(void *list, int *count, int most, const void *wanted, size_t size)
{
    char *at = list;
    int i = 0;

    while (i < *count && memcmp(at, wanted, size) != 0) {
        at += size;
        i++;
    }
    if (i == most) {
        return -1;
    }
    if (i == *count) {
        memcpy(at, wanted, size);
        ++*count;
    }
    return i;
}

static int find_poi_set(const dygw_sandbox_poi_set_t *wanted)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    return find_same(s->poi_set, &s->poi_sets, DYGW_SANDBOX_POI_SETS, wanted, sizeof *wanted);
}

static int find_terms(const dygw_sandbox_terms_t *wanted)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    return find_same(s->terms, &s->term_sets, DYGW_SANDBOX_TERM_SETS, wanted, sizeof *wanted);
}

/* Adds the orders. Their indexes follow each other, and so do those of their coupons. Returns NULL,
 * or what is wrong. The caller holds the lock. */
static const char *mint_orders(wish_t *wish)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();
    const int set = find_poi_set(&wish->poi_set);
    const int not_set = find_poi_set(&wish->not_poi_set);
    const int terms = find_terms(&wish->terms);

    if (set < 0 || not_set < 0) {
        return "too many different lists of poi_ids";
    }
    if (terms < 0) {
        return "too many different terms: reset";
    }
    if ((apr_uint32_t)wish->orders * wish->model.coupons > s->capacity - s->coupons) {
        return "no room for so many coupons: raise DygwSandboxCoupons or reset";
    }
    wish->model.poi_set = (unsigned char)set;
    wish->model.not_poi_set = (unsigned char)not_set;
    wish->model.terms = (unsigned char)terms;
    wish->first_order = s->orders;
    wish->first_coupon = s->coupons;
    for (int i = 0; i < wish->orders; i++) {
        dygw_sandbox_order_add(&wish->model, wish->status);
    }
    for (apr_uint32_t c = wish->first_coupon; c < s->coupons; c++) {
        dygw_sandbox_coupon(c)->block = (unsigned char)wish->block;
    }
    return NULL;
}

static void write_minted_coupon(dygw_jsonw_t *w, apr_uint32_t coupon)
{
    char text[DYGW_SANDBOX_CIPHER_LEN + 1];

    dygw_jsonw_object(w, NULL);
    dygw_sandbox_code(coupon, text);
    dygw_jsonw_string(w, "code", text);
    dygw_sandbox_cipher(DYGW_SANDBOX_CIPHER_CODE, coupon, text);
    dygw_jsonw_string(w, "encrypted_code", text);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, coupon, text);
    dygw_jsonw_string(w, "certificate_id", text);
    dygw_jsonw_end_object(w);
}

static void write_minted_order(dygw_sandbox_control_t *control, const wish_t *wish, apr_uint32_t i)
{
    const apr_uint32_t index = wish->first_order + i;
    const apr_uint32_t first_coupon = wish->first_coupon + i * wish->model.coupons;
    dygw_jsonw_t *w = &control->w;
    char text[DYGW_SANDBOX_CIPHER_LEN + 1];

    dygw_jsonw_object(w, NULL);
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, index, text);
    dygw_jsonw_string(w, "order_id", text);
    dygw_jsonw_string(w, "account_id", dygw_sandbox_order_account(&wish->model)->id);
    dygw_sandbox_key(index, text);
    dygw_jsonw_string(
        w, "short_link",
        apr_pstrcat(control->pool, dygw_sandbox_origin(control->r), "/s/", text, NULL));
    dygw_sandbox_cipher(DYGW_SANDBOX_CIPHER_ORDER, index, text);
    dygw_jsonw_string(w, "object_id", text);
    dygw_jsonw_array(w, "coupons");
    for (apr_uint32_t n = 0; n < wish->model.coupons; n++) {
        write_minted_coupon(w, first_coupon + n);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_end_object(w);
}

static void write_minted_codes(dygw_jsonw_t *w, apr_uint32_t first, int count)
{
    char code[DYGW_SANDBOX_CODE_LEN + 1];

    dygw_sandbox_code(first, code);
    dygw_jsonw_string(w, "first_code", code);
    dygw_jsonw_array(w, "codes");
    for (int i = 0; i < count; i++) {
        dygw_sandbox_code(first + (apr_uint32_t)i, code);
        dygw_jsonw_string(w, NULL, code);
    }
    dygw_jsonw_end_array(w);
}

const char *dygw_sandbox_mint(dygw_sandbox_control_t *control)
{
    wish_t wish;
    const char *problem = read_wish(control, &wish);

    if (problem) {
        return problem;
    }
    dygw_sandbox_lock();
    problem = mint_orders(&wish);
    dygw_sandbox_unlock();
    if (problem) {
        return problem;
    }
    if (wish.brief) {
        write_minted_codes(&control->w, wish.first_coupon, wish.orders * wish.model.coupons);
        return NULL;
    }
    dygw_jsonw_array(&control->w, "orders");
    for (int i = 0; i < wish.orders; i++) {
        write_minted_order(control, &wish, (apr_uint32_t)i);
    }
    dygw_jsonw_end_array(&control->w);
    return NULL;
}
