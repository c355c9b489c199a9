/* SPDX-License-Identifier: Apache-2.0
 * Filling in reasons that older versions have not recorded: what is walked through, how far a turn goes,
 * and what comes after the walk. The table is an array here.
 * links: gateway/background/fill.c gateway/db_work.c gateway/reasons.c douyin/codes.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "gateway/background/fill.h"
#include "store/reason.h"
#include "store/verification/id.h"
#include "util/compiler.h"

#define NOW      APR_INT64_C(1764000000000)
#define HOUR_MS  APR_INT64_C(3600000)
#define DAY_MS   APR_INT64_C(86400000)
#define ROWS_MAX 1000

typedef struct table_row_t {
    apr_int64_t error_code;
    apr_int64_t id;
    const char *description;
    const char *reason;
    dygw_verify_status_e status;
} table_row_t;

struct dygw_db_t {
    apr_pool_t *pool;
};

static dygw_db_t database;
static dygw_gateway_t gateway;
static dygw_fill_t state_of;
static const dygw_log_t no_log = { NULL, NULL };
static table_row_t table[ROWS_MAX];
static int rows, failing, opens, largest, commits, open_units;
static const char *mark_kept;
static dygw_ms_t now;
static char message[256];

static dygw_ms_t clock_now(void)
{
    return now;
}

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          DYGW_UNUSED apr_pool_t *parent)
{
    opens++;
    open_units += !failing;
    database.pool = pool;
    *db = &database;
    return failing ? APR_EGENERAL : APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
    open_units--;
}

apr_pool_t *dygw_db_pool(const dygw_db_t *db)
{
    return db->pool;
}

/* The rows are in order. */
apr_status_t dygw_store_reason_read(DYGW_UNUSED dygw_db_t *db, dygw_reason_piece_t *piece, apr_pool_t *p)
{
    assert_int_equal(open_units, 1);
    piece->count = 0;
    piece->last_id = piece->after;
    piece->unexplained = apr_array_make(p, 1, sizeof(dygw_unexplained_t));
    for (int i = 0; i < rows && piece->count < piece->limit; i++) {
        if (table[i].error_code != piece->error_code || table[i].id <= piece->after) {
            continue;
        }
        piece->count++;
        piece->last_id = table[i].id;
        if (!table[i].reason) {
            APR_ARRAY_PUSH(piece->unexplained, dygw_unexplained_t)
                = (dygw_unexplained_t){ table[i].id, table[i].description, NULL, table[i].status };
        }
    }
    largest = piece->count > largest ? piece->count : largest;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reason_next_code(DYGW_UNUSED dygw_db_t *db, apr_int64_t after, apr_int64_t *error_code)
{
    for (int i = 0; i < rows; i++) {
        if (table[i].error_code > after) {
            *error_code = table[i].error_code;
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}

apr_status_t dygw_store_reason_fill(DYGW_UNUSED dygw_db_t *db, const dygw_reason_piece_t *piece, const char *mark)
{
    commits++;
    for (int i = 0; i < piece->unexplained->nelts; i++) {
        const dygw_unexplained_t *row = &APR_ARRAY_IDX(piece->unexplained, i, dygw_unexplained_t);

        for (int n = 0; n < rows; n++) {
            if (table[n].id == row->id) {
                table[n].reason = row->reason;
            }
        }
    }
    mark_kept = mark ? mark : mark_kept;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reason_mark(DYGW_UNUSED dygw_db_t *db, const char **mark, DYGW_UNUSED apr_pool_t *p)
{
    *mark = mark_kept ? mark_kept : *mark;
    return mark_kept ? APR_SUCCESS : APR_NOTFOUND;
}

static void keep_message(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                         DYGW_UNUSED apr_status_t status, const char *format, va_list args)
{
    vsnprintf(message, sizeof(message), format, args);
}

static int set_up(void **state)
{
    make_pool(state);
    rows = failing = opens = largest = commits = open_units = 0;
    mark_kept = NULL;
    state_of = (dygw_fill_t){ 0 };
    now = NOW;
    message[0] = '\0';
    dygw_clock_set(clock_now);
    dygw_log_set_writer(keep_message);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

static table_row_t *add(apr_int64_t error_code, apr_int64_t id, const char *reason)
{
    assert_true(rows < ROWS_MAX);
    table[rows] = (table_row_t){ error_code, id, NULL, reason, DYGW_FAILED };
    return &table[rows++];
}

static void turn(void)
{
    dygw_fill_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
}

static void turn_often(int times)
{
    while (times-- > 0) {
        turn();
    }
}

static void all_that_lack_a_reason_get_that_of_their_number(DYGW_UNUSED void **state)
{
    add(-4, 11, NULL);
    add(-1, 12, NULL);
    add(1208, 3, NULL);
    add(1208, 13, "refunded");
    add(1212, 4, NULL);
    add(1399, 5, NULL);
    turn_often(20);
    assert_string_equal(table[0].reason, "not_ours");
    assert_string_equal(table[1].reason, "no_coupon_left");
    assert_string_equal(table[2].reason, "already_used");
    assert_string_equal(table[3].reason, "refunded");
    assert_string_equal(table[4].reason, "wrong_code");
    assert_string_equal(table[5].reason, "other");
    assert_string_equal(mark_kept, "all");
    assert_non_null(strstr(message, "DYGW0810"));
    assert_non_null(strstr(message, "of 5 verifications"));
}

/* Its number is that of a cancel, of which the catalogue tells little. */
static void a_success_gets_only_what_is_no_coupon_s(DYGW_UNUSED void **state)
{
    static const apr_int64_t codes[] = { 1208, 1250, 1508, 2100001, 2034000910 };

    for (int i = 0; i < 5; i++) {
        add(codes[i], i + 1, NULL)->status = DYGW_SUCCESS;
    }
    turn_often(20);
    assert_null(table[0].reason);
    assert_null(table[1].reason);
    assert_string_equal(table[2].reason, "not_authorised");
    assert_null(table[3].reason);
    assert_string_equal(table[4].reason, "cancel_too_late");
    assert_non_null(strstr(message, "of 2 verifications"));
    message[0] = '\0';
    commits = 0;
    now += HOUR_MS;
    turn_often(20);
    assert_string_equal(message, "");
    assert_int_equal(commits, 0);
}

static void a_turn_is_one_small_unit_of_work(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 450; i++) {
        add(1208, i + 1, NULL);
    }
    turn_often(2);
    assert_non_null(table[199].reason);
    assert_null(table[200].reason);
    assert_int_equal(opens, 2);
    turn();
    assert_string_equal(message, "");
    turn();
    assert_non_null(table[449].reason);
    assert_int_equal(largest, 200);
}

static void who_leads_next_goes_on_where_the_last_one_stood(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 450; i++) {
        add(1208, i + 1, NULL);
    }
    turn_often(3);
    assert_string_equal(mark_kept, "1208 400");
    state_of = (dygw_fill_t){ 0 };
    table[0].reason = NULL; /* it is behind that place */
    turn_often(3);
    assert_non_null(table[449].reason);
    assert_null(table[0].reason);
    assert_string_equal(mark_kept, "all");
}

static void afterwards_what_is_young_is_looked_at_once_an_hour(DYGW_UNUSED void **state)
{
    const apr_int64_t young = dygw_id_at(NOW - DAY_MS);
    const apr_int64_t old = dygw_id_at(NOW - 10 * DAY_MS);

    turn_often(3);
    assert_string_equal(mark_kept, "all");
    add(1208, old, NULL);
    add(1208, young, NULL);
    add(1250, old + 1, NULL);
    add(1250, young + 1, NULL);
    opens = commits = 0;
    now += HOUR_MS - 1;
    turn_often(5);
    assert_int_equal(opens, 0);
    now += 1;
    turn_often(5);
    assert_null(table[0].reason);
    assert_non_null(table[1].reason);
    assert_null(table[2].reason);
    assert_non_null(table[3].reason);
    assert_int_equal(commits, 2);
    opens = 0;
    now += 300000; /* something was found: the upgrade may be under way */
    turn_often(5);
    assert_true(opens > 0);
}

/* The manual says so of what was recorded after going back to an older version. */
static void whoever_takes_the_mark_away_has_all_walked_through_again(DYGW_UNUSED void **state)
{
    turn_often(3);
    assert_string_equal(mark_kept, "all");
    add(1208, dygw_id_at(NOW - 10 * DAY_MS), NULL);
    mark_kept = NULL;
    now += HOUR_MS;
    turn_often(5);
    assert_string_equal(table[0].reason, "already_used");
    assert_string_equal(mark_kept, "all");
}

static void where_nothing_lacks_one_nothing_is_written(DYGW_UNUSED void **state)
{
    mark_kept = "all";
    add(1208, dygw_id_at(NOW - DAY_MS), "already_used");
    turn_often(10);
    assert_int_equal(commits, 0);
    assert_int_equal(opens, 2);
    assert_string_equal(message, "");
}

static void a_failure_takes_nothing_from_it(DYGW_UNUSED void **state)
{
    add(1208, 1, NULL);
    failing = 1;
    turn_often(5);
    assert_int_equal(opens, 1);
    failing = 0;
    now += 300000;
    turn_often(5);
    assert_string_equal(table[0].reason, "already_used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_success_gets_only_what_is_no_coupon_s),
        TEST(all_that_lack_a_reason_get_that_of_their_number),
        TEST(a_turn_is_one_small_unit_of_work),
        TEST(who_leads_next_goes_on_where_the_last_one_stood),
        TEST(afterwards_what_is_young_is_looked_at_once_an_hour),
        TEST(whoever_takes_the_mark_away_has_all_walked_through_again),
        TEST(where_nothing_lacks_one_nothing_is_written),
        TEST(a_failure_takes_nothing_from_it),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_fill", tests, NULL, NULL);
}
