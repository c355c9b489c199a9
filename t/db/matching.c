/* SPDX-License-Identifier: Apache-2.0
 * What of ours is compared with Douyin's records, and what is known of coupons that are not ours. */
#include "records.h"

#include "store/match.h"
#include "util/compiler.h"

static dygw_verification_t *redeemed(dygw_db_t *db, const char *certificate_id, int with_id)
{
    dygw_verification_t *v = record_full();

    v->certificate_id = certificate_id;
    v->store = suite_unique_text("s");
    v->account_id = suite_unique_text("a");
    v->verify_id = with_id ? suite_unique_text("v") : NULL;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static void assert_same(const dygw_match_row_t *row, const dygw_verification_t *v)
{
    assert_int_equal(row->id, v->id);
    assert_int_equal(row->app_id, v->app_id);
    assert_string_equal(row->app_name, v->app_name);
    assert_string_equal(row->poi_id, v->poi_id);
    assert_int_equal(row->verify_status, v->verify_status);
    assert_string_equal(row->certificate_id, v->certificate_id);
    assert_string_equal(row->verify_id, v->verify_id);
    assert_string_equal(row->order_id, v->order_id);
    assert_string_equal(row->ext_order_id, v->ext_order_id);
    assert_string_equal(row->product_name, v->product_name);
    assert_int_equal(row->pay_amount, v->pay_amount);
    assert_int_equal(row->verify_time, v->verify_time);
    assert_int_equal(row->created_at, v->created_at);
    assert_string_equal(row->store, v->store);
    assert_string_equal(row->account_id, v->account_id);
    assert_int_equal(row->updated_at, v->updated_at);
    assert_int_equal(row->cancel_since, v->cancel_since);
}

static void test_records_are_read_in_order_of_their_ids(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *first = redeemed(db, certificate_id, 1);
    dygw_verification_t *open = record_processing();
    dygw_verification_t *failed = record_processing();
    dygw_verification_t *second;
    apr_array_header_t *rows;
    apr_int64_t last;

    failed->verify_status = DYGW_FAILED;
    assert_int_equal(record_insert(db, open), APR_SUCCESS);
    assert_int_equal(record_insert(db, failed), APR_SUCCESS);
    second = redeemed(db, certificate_id, 1);
    assert_int_equal(
        dygw_store_match_read(db, &(dygw_id_range_t){ first->id - 1, second->id + 1 }, 10, &rows, &last, suite_pool),
        APR_SUCCESS);
    assert_int_equal(rows->nelts, 3);
    assert_same(APR_ARRAY_IDX(rows, 0, dygw_match_row_t *), first);
    assert_int_equal(APR_ARRAY_IDX(rows, 1, dygw_match_row_t *)->id, open->id);
    assert_int_equal(APR_ARRAY_IDX(rows, 1, dygw_match_row_t *)->verify_status, DYGW_PROCESSING);
    assert_same(APR_ARRAY_IDX(rows, 2, dygw_match_row_t *), second);
    assert_int_equal(last, second->id);
    assert_int_equal(
        dygw_store_match_read(db, &(dygw_id_range_t){ first->id, second->id }, 10, &rows, &last, suite_pool),
        APR_SUCCESS);
    assert_int_equal(rows->nelts, 1);
    assert_int_equal(last, failed->id);
    assert_int_equal(
        dygw_store_match_read(db, &(dygw_id_range_t){ first->id - 1, second->id + 1 }, 1, &rows, &last, suite_pool),
        APR_SUCCESS);
    assert_int_equal(last, first->id);
    assert_int_equal(
        dygw_store_match_read(db, &(dygw_id_range_t){ second->id, second->id + 1 }, 1, &rows, &last, suite_pool),
        APR_SUCCESS);
    assert_int_equal(last, 0);
    dygw_db_close(db);
}

static void test_a_record_is_found_by_its_verify_id_and_its_coupon(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *first = redeemed(db, certificate_id, 1);
    dygw_verification_t *second = redeemed(db, certificate_id, 0);
    apr_array_header_t *rows;
    dygw_match_row_t *row;

    assert_int_equal(dygw_store_match_find(db, first->verify_id, &row, suite_pool), APR_SUCCESS);
    assert_same(row, first);
    assert_int_equal(dygw_store_match_find(db, suite_unique_text("v"), &row, suite_pool), APR_NOTFOUND);
    assert_int_equal(dygw_store_match_of_coupon(db, certificate_id, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 2);
    assert_int_equal(APR_ARRAY_IDX(rows, 0, dygw_match_row_t *)->id, second->id);
    assert_null(APR_ARRAY_IDX(rows, 0, dygw_match_row_t *)->verify_id);
    assert_int_equal(APR_ARRAY_IDX(rows, 1, dygw_match_row_t *)->id, first->id);
    assert_int_equal(dygw_store_match_of_coupon(db, suite_unique_text("7"), &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 0);
    dygw_db_close(db);
}

static void test_whether_there_was_anything_before_is_known(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = redeemed(db, suite_unique_text("7"), 1);
    int began = -1;

    assert_int_equal(dygw_store_match_began_before(db, v->id + 1, &began), APR_SUCCESS);
    assert_int_equal(began, 1);
    assert_int_equal(dygw_store_match_began_before(db, 1, &began), APR_SUCCESS);
    assert_int_equal(began, 0);
    dygw_db_close(db);
}

static void test_whether_a_store_had_anything_before_is_known(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    int began = -1;

    v->poi_id = suite_unique_text("poi");
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(dygw_store_match_began_in_store(db, v->poi_id, v->id + 1, &began), APR_SUCCESS);
    assert_int_equal(began, 1);
    assert_int_equal(dygw_store_match_began_in_store(db, v->poi_id, v->id, &began), APR_SUCCESS);
    assert_int_equal(began, 0);
    assert_int_equal(dygw_store_match_began_in_store(db, suite_unique_text("poi"), v->id + 1, &began), APR_SUCCESS);
    assert_int_equal(began, 0);
    dygw_db_close(db);
}

static void test_messages_about_coupons_of_others_are_found(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_webhook_t message = { .msg_id = suite_unique_text("m"),
                               .received_at = T0,
                               .event = "life_trade_certificate_notify",
                               .action = "verify",
                               .msg_time = T0 - 5,
                               .certificate_id = certificate_id,
                               .order_id = "1001",
                               .account_id = "2002" };
    dygw_webhook_t found;

    assert_int_equal(dygw_store_match_webhook(db, certificate_id, &found, suite_pool), APR_NOTFOUND);
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    message.msg_id = suite_unique_text("m");
    message.received_at = T0 + 9;
    message.action = "verify_cancel";
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    assert_int_equal(dygw_store_match_webhook(db, certificate_id, &found, suite_pool), APR_SUCCESS);
    assert_string_equal(found.action, "verify_cancel");
    assert_int_equal(found.received_at, T0 + 9);
    assert_int_equal(found.msg_time, T0 - 5);
    assert_string_equal(found.order_id, "1001");
    dygw_db_close(db);
}

void suite_matching(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_records_are_read_in_order_of_their_ids),
        SUITE_TEST(test_a_record_is_found_by_its_verify_id_and_its_coupon),
        SUITE_TEST(test_whether_there_was_anything_before_is_known),
        SUITE_TEST(test_whether_a_store_had_anything_before_is_known),
        SUITE_TEST(test_messages_about_coupons_of_others_are_found),
    };

    SUITE_ADD(tests);
}
