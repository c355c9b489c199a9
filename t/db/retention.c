/* SPDX-License-Identifier: Apache-2.0
 * What is older than DygwRetention, and what of it may go. The times are long before all that other
 * tests write. */
#include "records.h"

#include "util/compiler.h"

#define OLD    APR_INT64_C(500)
#define BEFORE APR_INT64_C(1000)

static int purge(dygw_db_t *db, int limit)
{
    int removed = -1;

    assert_int_equal(dygw_store_verification_purge(db, BEFORE, limit, &removed), APR_SUCCESS);
    return removed;
}

/* Finished: redeemed and complete, when the clock said 500. */
static dygw_verification_t *old_record(void)
{
    dygw_verification_t *v = record_succeeded(record_processing());

    v->created_at = v->updated_at = OLD;
    v->enrichment_status = DYGW_ENRICH_SUCCESS;
    v->next_run_at = DYGW_NO_TIME;
    return v;
}

static dygw_verification_t *inserted(dygw_db_t *db, dygw_verification_t *v)
{
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static int is_there(dygw_db_t *db, const dygw_verification_t *v)
{
    dygw_verification_t *found;

    return dygw_store_verification_get(db, v->id, 0, &found, suite_pool) == APR_SUCCESS;
}

static void test_finished_records_go_the_oldest_first(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *records[3];
    int i;

    for (i = 0; i < 3; i++) {
        records[i] = old_record();
        records[i]->created_at = OLD + 10 - i;
        inserted(db, records[i]);
    }
    assert_int_equal(purge(db, 2), 2);
    assert_true(is_there(db, records[0]));
    assert_false(is_there(db, records[1]));
    assert_false(is_there(db, records[2]));
    assert_int_equal(purge(db, 2), 1);
    assert_int_equal(purge(db, 2), 0);
    dygw_db_close(db);
}

/* Each differs from a finished one in one thing; when that is over, it goes. */
static void test_what_is_young_or_has_work_stays(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *kept[6];
    int i;

    for (i = 0; i < 6; i++) {
        kept[i] = old_record();
    }
    kept[0]->verify_status = DYGW_PROCESSING;
    kept[1]->enrichment_status = DYGW_ENRICH_PENDING;
    kept[2]->errand_at = OLD;
    kept[3]->created_at = BEFORE;
    kept[4]->updated_at = BEFORE;
    kept[5]->verify_status = DYGW_FAILED;
    kept[5]->enrichment_status = DYGW_ENRICH_SKIPPED;
    for (i = 0; i < 6; i++) {
        inserted(db, kept[i]);
    }
    assert_int_equal(purge(db, 100), 1);
    for (i = 0; i < 5; i++) {
        assert_true(is_there(db, kept[i]));
    }
    assert_false(is_there(db, kept[5]));
    suite_do("UPDATE dygw_verifications SET verify_status = 'failed', errand_at = NULL, "
             "enrichment_status = 'skipped', updated_at = 500 WHERE created_at = 500");
    assert_int_equal(purge(db, 100), 4);
    assert_true(is_there(db, kept[3]));
    suite_do("UPDATE dygw_verifications SET created_at = 500 WHERE created_at = 1000");
    assert_int_equal(purge(db, 100), 1);
    dygw_db_close(db);
}

static void test_the_records_of_a_request_stay_while_one_has_work(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    dygw_verification_t *changed[3];
    int i;

    for (i = 0; i < 3; i++) {
        changed[i] = apr_pmemdup(suite_pool, rows[i], sizeof(*rows[i]));
        changed[i]->created_at = changed[i]->updated_at = OLD;
        changed[i]->verify_status = i == 1 ? DYGW_PROCESSING : DYGW_FAILED;
        changed[i]->enrichment_status = DYGW_ENRICH_SKIPPED;
        rows[i] = changed[i];
    }
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    assert_int_equal(purge(db, 100), 0);
    suite_do("UPDATE dygw_verifications SET verify_status = 'failed' WHERE created_at = 500");
    assert_int_equal(purge(db, 100), 3);
    dygw_db_close(db);
}

static void test_old_webhooks_go_and_at_most_so_many(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_webhook_t messages[3];
    dygw_webhook_t *found;
    int removed = -1;
    int i;

    for (i = 0; i < 3; i++) {
        messages[i] = (dygw_webhook_t){ .msg_id = suite_unique_text("m"),
                                        .received_at = BEFORE - 2 + i,
                                        .msg_time = DYGW_NO_TIME };
        assert_int_equal(dygw_store_webhook_insert(db, &messages[i]), APR_SUCCESS);
    }
    assert_int_equal(dygw_store_webhook_purge(db, BEFORE, 1, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    assert_int_equal(dygw_store_webhook_get(db, messages[0].msg_id, &found, suite_pool), APR_NOTFOUND);
    assert_int_equal(dygw_store_webhook_purge(db, BEFORE, 5, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    assert_int_equal(dygw_store_webhook_get(db, messages[2].msg_id, &found, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_webhook_purge(db, BEFORE + 1, 5, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    dygw_db_close(db);
}

void suite_retention(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_finished_records_go_the_oldest_first),
        SUITE_TEST(test_what_is_young_or_has_work_stays),
        SUITE_TEST(test_the_records_of_a_request_stay_while_one_has_work),
        SUITE_TEST(test_old_webhooks_go_and_at_most_so_many),
    };

    SUITE_ADD(tests);
}
