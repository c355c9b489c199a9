/* SPDX-License-Identifier: Apache-2.0
 * Reasons that an older version has not recorded: what is read to be filled in, and what is filled in. */
#include "records.h"

#include "store/reason.h"
#include "util/compiler.h"

/* A code that no other test has. */
static apr_int64_t a_code(void)
{
    return 7000000000 + suite_unique() % 1000000000;
}

static dygw_verification_t *refused(dygw_db_t *db, apr_int64_t error_code, const char *reason)
{
    dygw_verification_t *v = record_processing();

    v->verify_status = DYGW_FAILED;
    v->error_code = error_code;
    v->error_description = "the words of 1250";
    v->reason = reason;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static dygw_reason_piece_t read_piece(dygw_db_t *db, apr_int64_t error_code, apr_int64_t after, int limit)
{
    dygw_reason_piece_t piece = { .error_code = error_code, .after = after, .limit = limit };

    assert_int_equal(dygw_store_reason_read(db, &piece, suite_pool), APR_SUCCESS);
    return piece;
}

static void fill(dygw_db_t *db, dygw_reason_piece_t *piece, const char *mark)
{
    for (int i = 0; i < piece->unexplained->nelts; i++) {
        APR_ARRAY_IDX(piece->unexplained, i, dygw_unexplained_t).reason = "expired";
    }
    assert_int_equal(dygw_store_reason_fill(db, piece, mark), APR_SUCCESS);
}

static void test_a_piece_has_the_rows_of_a_code_that_lack_a_reason(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const apr_int64_t code = a_code();
    const dygw_verification_t *rows[4];
    dygw_reason_piece_t piece;
    int i;

    for (i = 0; i < 4; i++) {
        rows[i] = refused(db, code, i == 1 ? "refunded" : NULL);
    }
    refused(db, code + 1, NULL);
    piece = read_piece(db, code, 0, 3);
    assert_int_equal(piece.count, 3);
    assert_true(piece.last_id == rows[2]->id);
    assert_int_equal(piece.unexplained->nelts, 2);
    assert_true(APR_ARRAY_IDX(piece.unexplained, 1, dygw_unexplained_t).id == rows[2]->id);
    assert_string_equal(APR_ARRAY_IDX(piece.unexplained, 0, dygw_unexplained_t).error_description, "the words of 1250");
    piece = read_piece(db, code, piece.last_id, 3);
    assert_int_equal(piece.count, 1);
    assert_true(piece.last_id == rows[3]->id);
    piece = read_piece(db, code, piece.last_id, 3);
    assert_int_equal(piece.count, 0);
    assert_true(piece.last_id == rows[3]->id);
    dygw_db_close(db);
}

static void test_codes_come_in_order_and_0_is_none(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_int64_t code = 0;
    apr_int64_t low = -7000000000;

    refused(db, low - 2, NULL);
    refused(db, low - 1, NULL);
    assert_int_equal(record_insert(db, record_processing()), APR_SUCCESS);
    assert_int_equal(dygw_store_reason_next_code(db, low - 1000, &code), APR_SUCCESS);
    assert_true(code == low - 2);
    assert_int_equal(dygw_store_reason_next_code(db, code, &code), APR_SUCCESS);
    assert_true(code == low - 1);
    while (dygw_store_reason_next_code(db, code, &code) == APR_SUCCESS) {
        assert_true(code != 0);
    }
    assert_int_equal(dygw_store_reason_next_code(db, APR_INT64_C(9000000000000000), &code), APR_NOTFOUND);
    dygw_db_close(db);
}

static void test_a_reason_is_filled_in_and_nothing_else_changes(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const apr_int64_t code = a_code();
    const dygw_verification_t *v = refused(db, code, NULL);
    const dygw_verification_t *told = refused(db, code, "refunded");
    dygw_reason_piece_t piece = read_piece(db, code, 0, 9);
    dygw_verification_t *found;

    fill(db, &piece, NULL);
    found = record_get(db, v->id);
    assert_string_equal(found->reason, "expired");
    assert_true(found->updated_at == v->updated_at);
    assert_true(found->revision == v->revision);
    found->reason = NULL;
    assert_same_origin(v, found);
    assert_same_outcome(v, found);
    assert_same_work(v, found);
    assert_string_equal(record_get(db, told->id)->reason, "refunded");
    assert_int_equal(read_piece(db, code, 0, 9).unexplained->nelts, 0);
    dygw_db_close(db);
}

/* Who works on the row may write it: what was filled in is no change that excludes another one. */
static void test_who_has_read_the_row_before_may_write_it(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const apr_int64_t code = a_code();
    dygw_verification_t *read;
    dygw_reason_piece_t piece;

    read = record_get(db, refused(db, code, NULL)->id);
    piece = read_piece(db, code, 0, 9);
    fill(db, &piece, NULL);
    read->errand_at = T0;
    assert_int_equal(record_update(db, read), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_what_has_changed_meanwhile_is_left(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const apr_int64_t code = a_code();
    dygw_verification_t *cancelled = record_get(db, refused(db, code, NULL)->id);
    dygw_verification_t *another = record_get(db, refused(db, code, NULL)->id);
    dygw_verification_t *told = record_get(db, refused(db, code, NULL)->id);
    dygw_reason_piece_t piece = read_piece(db, code, 0, 9);

    assert_int_equal(piece.unexplained->nelts, 3);
    cancelled->verify_status = DYGW_CANCELLED;
    cancelled->error_code = 0;
    another->error_code = code + 1;
    told->reason = "refunded";
    assert_int_equal(record_update(db, cancelled), APR_SUCCESS);
    assert_int_equal(record_update(db, another), APR_SUCCESS);
    assert_int_equal(record_update(db, told), APR_SUCCESS);
    fill(db, &piece, NULL);
    assert_null(record_get(db, cancelled->id)->reason);
    assert_null(record_get(db, another->id)->reason);
    assert_string_equal(record_get(db, told->id)->reason, "refunded");
    dygw_db_close(db);
}

static void test_the_mark_is_one_for_all_hosts(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const apr_int64_t code = a_code();
    dygw_reason_piece_t piece = read_piece(db, code, 0, 9);
    const char *mark = NULL;

    fill(db, &piece, "1208 77");
    fill(db, &piece, "1250 78");
    fill(db, &piece, NULL);
    dygw_db_close(db);
    db = suite_open(1);
    assert_int_equal(dygw_store_reason_mark(db, &mark, suite_pool), APR_SUCCESS);
    assert_string_equal(mark, "1250 78");
    dygw_db_close(db);
}

void suite_reasons(void)
{
    static const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_piece_has_the_rows_of_a_code_that_lack_a_reason),
        SUITE_TEST(test_codes_come_in_order_and_0_is_none),
        SUITE_TEST(test_a_reason_is_filled_in_and_nothing_else_changes),
        SUITE_TEST(test_who_has_read_the_row_before_may_write_it),
        SUITE_TEST(test_what_has_changed_meanwhile_is_left),
        SUITE_TEST(test_the_mark_is_one_for_all_hosts),
    };

    SUITE_ADD(tests);
}
