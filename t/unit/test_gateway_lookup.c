/* SPDX-License-Identifier: Apache-2.0
 * Reading what is recorded.
 * links: gateway/ask.c gateway/host.c gateway/redeem/lookup.c gateway/token.c gateway/db_work.c
 * links: gateway/account.c gateway/declared.c douyin/codes.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/redeem/redeem.h"
#include "util/compiler.h"

static dygw_gateway_t *gateway;
static dygw_redeem_result_t out;

static void insert(apr_int64_t app_id, apr_int64_t first_id, int count)
{
    dygw_verification_t rows[3];
    const dygw_verification_t *pointers[3];
    dygw_db_t *db;

    for (int i = 0; i < count; i++) {
        dygw_verification_init(&rows[i]);
        rows[i].id = first_id + i;
        rows[i].first_id = first_id;
        rows[i].app_id = app_id;
        rows[i].item_no = i;
        rows[i].item_count = count;
        pointers[i] = &rows[i];
    }
    assert_int_equal(dygw_db_open(&db, gateway->db, &fake_log, pool), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_insert(db, pointers, count, NULL, NULL), APR_SUCCESS);
    dygw_db_close(db);
}

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    insert(3, 100, 1);
    insert(3, 200, 3);
    fake_trace();
    return 0;
}

static void read_as(apr_int64_t app_id, apr_int64_t id)
{
    dygw_verification_read(FAKE_CTX(gateway, pool), id, app_id, &out);
}

static void a_verification_is_read_by_its_app(DYGW_UNUSED void **state)
{
    read_as(3, 100);
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.count, 1);
    assert_true(out.verifications[0]->id == 100);
    assert_string_equal(fake_trace(), "open get close");
}

static void another_apps_is_not_found(DYGW_UNUSED void **state)
{
    read_as(4, 100);
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    read_as(4, 201);
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    read_as(3, 101);
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    assert_non_null(out.result.message);
}

static void one_of_several_comes_with_the_others(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 3; i++) {
        read_as(3, 200 + i);
        assert_int_equal(out.result.code, DYGW_OK);
        assert_int_equal(out.count, 3);
        assert_true(out.verifications[0]->id == 200 && out.verifications[2]->id == 202);
        assert_string_equal(fake_trace(), "open get items close");
    }
}

static void without_database_it_cannot_be_told(DYGW_UNUSED void **state)
{
    static const fake_step_e steps[] = { FAKE_OPEN, FAKE_GET, FAKE_ITEMS };

    for (int i = 0; i < 3; i++) {
        fake_store_fail(steps[i], 0, 1, APR_EGENERAL, 0);
        read_as(3, 200);
        assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
        assert_true(out.result.retry_after > 0);
    }
}

static void the_rows_of_a_request_are_read_by_its_first(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_request_verifications(FAKE_CTX(gateway, pool), 200, &out), APR_SUCCESS);
    assert_int_equal(out.count, 3);
    assert_int_equal(dygw_request_verifications(FAKE_CTX(gateway, pool), 201, &out), APR_NOTFOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_verification_is_read_by_its_app),           TEST(another_apps_is_not_found),
        TEST(one_of_several_comes_with_the_others),        TEST(without_database_it_cannot_be_told),
        TEST(the_rows_of_a_request_are_read_by_its_first),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_lookup", tests, NULL, NULL);
}
