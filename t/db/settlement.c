/* SPDX-License-Identifier: Apache-2.0
 * dygw_verifications: what becomes of rows when their request, the background and a cancel work on
 * them, each as it read them. */
#include "records.h"

#include "util/compiler.h"

#define LAST_ERROR_CHARS 255

static dygw_verification_t *inserted(dygw_db_t *db)
{
    dygw_verification_t *v = record_processing();

    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static dygw_verification_t *failed(const dygw_verification_t *before)
{
    dygw_verification_t *v = apr_pmemdup(suite_pool, before, sizeof(*v));

    v->verify_status = DYGW_FAILED;
    v->error_code = 1208;
    v->updated_at = T0 + 90;
    v->next_run_at = DYGW_NO_TIME;
    return v;
}

/* --- the request, after others --- */

static void test_only_a_success_is_settled_once_a_verify_was_repeated(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *repeated = record_get(db, v->id);
    dygw_verification_t *success = record_succeeded(v);

    repeated->repeats = 1;
    assert_int_equal(record_update(db, repeated), APR_SUCCESS);
    assert_int_equal(record_settle(db, failed(v)), APR_NOTFOUND);
    assert_int_equal(record_get(db, v->id)->verify_status, DYGW_PROCESSING);
    assert_int_equal(record_settle(db, success), APR_SUCCESS);
    assert_same_outcome(record_get(db, v->id), success);
    assert_int_equal(record_get(db, v->id)->repeats, 1);
    dygw_db_close(db);
}

static void test_a_success_that_was_given_up_gets_a_follow_up(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *other = inserted(db);
    dygw_verification_t *given_up = record_get(db, v->id);
    dygw_verification_t *other_given_up = record_get(db, other->id);

    given_up->cancel_since = other_given_up->cancel_since = T0 + 1;
    assert_int_equal(record_update(db, given_up), APR_SUCCESS);
    assert_int_equal(record_update(db, other_given_up), APR_SUCCESS);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_SUCCESS);
    assert_int_equal(record_settle(db, failed(other)), APR_SUCCESS);
    assert_int_equal(record_get(db, v->id)->errand_at, record_succeeded(v)->updated_at);
    assert_int_equal(record_get(db, v->id)->cancel_since, T0 + 1);
    assert_int_equal(record_get(db, other->id)->errand_at, DYGW_NO_TIME);
    dygw_db_close(db);
}

static void test_a_success_of_which_there_is_news_gets_a_follow_up(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    int count = 0;

    v->certificate_id = suite_unique_text("7");
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_notify(db, v->certificate_id, T0 + 1, DYGW_NO_TIME, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_SUCCESS);
    assert_int_equal(record_get(db, v->id)->errand_at, record_succeeded(v)->updated_at);
    assert_int_equal(record_get(db, v->id)->news, 1);
    dygw_db_close(db);
}

/* --- anybody later --- */

static void test_update_writes_all_that_may_change(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *changed = record_full();
    dygw_verification_t *back;

    changed->id = v->id;
    assert_int_equal(record_update(db, changed), APR_SUCCESS);
    assert_int_equal(changed->revision, 1);
    back = record_get(db, v->id);
    assert_same_origin(back, v);
    assert_same_outcome(back, changed);
    assert_same_work(back, changed);
    assert_int_equal(back->revision, 1);

    v->revision = back->revision;
    assert_int_equal(record_update(db, v), APR_SUCCESS);
    assert_same_outcome(record_get(db, v->id), v);
    assert_same_work(record_get(db, v->id), v);
    dygw_db_close(db);
}

static void test_a_row_that_changed_meanwhile_is_not_updated(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *first = record_get(db, v->id);
    dygw_verification_t *second = record_get(db, v->id);

    first->asks = 1;
    second->asks = 2;
    assert_int_equal(record_update(db, first), APR_SUCCESS);
    assert_int_equal(record_update(db, second), APR_NOTFOUND);
    assert_int_equal(second->revision, 0);
    assert_int_equal(record_get(db, v->id)->asks, 1);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_SUCCESS);
    assert_int_equal(record_update(db, first), APR_NOTFOUND);
    assert_int_equal(record_get(db, v->id)->verify_status, DYGW_SUCCESS);
    assert_int_equal(record_update(db, record_processing()), APR_NOTFOUND);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void read_three(dygw_db_t *db, const dygw_verification_t **rows, dygw_verification_t **read)
{
    int i;

    for (i = 0; i < 3; i++) {
        read[i] = record_get(db, rows[i]->id);
        read[i]->asks++;
    }
}

static void test_rows_are_updated_all_or_none(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    dygw_verification_t *read[3];
    dygw_verification_t *other;
    int clash = -1;

    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    read_three(db, rows, read);
    other = record_get(db, rows[2]->id);
    assert_int_equal(record_update(db, other), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_update(db, read, 3, &clash), APR_NOTFOUND);
    assert_int_equal(record_get(db, rows[0]->id)->asks, 0);
    assert_int_equal(read[0]->revision, 0);

    read_three(db, rows, read);
    assert_int_equal(dygw_store_verification_update(db, read, 3, &clash), APR_SUCCESS);
    assert_int_equal(record_get(db, rows[0]->id)->asks, 1);
    assert_int_equal(record_get(db, rows[2]->id)->revision, 2);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_an_update_of_one_says_whether_it_is_done(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);

    v->asks = 1;
    assert_int_equal(dygw_store_verification_update_one(db, v), APR_SUCCESS);
    assert_int_equal(v->revision, 1);
    v->asks = 2;
    wire_refuse("dygw_verification_update", 1, 1);
    assert_int_equal(dygw_store_verification_update_one(db, v), APR_EGENERAL);
    assert_int_equal(v->revision, 1);
    assert_int_equal(suite_errors, 1);
    wire_lose_answer("dygw_verification_update");
    wire_refuse("dygw_verification_get", 1, 1);
    assert_int_equal(dygw_store_verification_update_one(db, v), APR_INCOMPLETE);
    assert_int_equal(v->revision, 1);
    assert_int_equal(dygw_store_verification_update_one(db, v), APR_SUCCESS);
    assert_int_equal(v->revision, 2);
    assert_int_equal(record_get(db, v->id)->asks, 2);
    dygw_db_close(db);
}

static void test_an_update_says_whose_verify_id_is_taken(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *success = record_succeeded(v);
    dygw_verification_t *read[3];
    int clash = -1;

    assert_int_equal(record_settle(db, success), APR_SUCCESS);
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    read_three(db, rows, read);
    read[1]->verify_id = success->verify_id;
    assert_int_equal(dygw_store_verification_update(db, read, 3, &clash), APR_EEXIST);
    assert_int_equal(clash, 1);
    assert_int_equal(record_get(db, rows[0]->id)->asks, 0);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_an_update_whose_answer_is_lost_is_done_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *read = record_get(db, v->id);

    assert_int_equal(record_update(db, read), APR_SUCCESS);
    read->repeats++;
    wire_lose_answer("dygw_verification_update");
    assert_int_equal(record_update(db, read), APR_SUCCESS);
    assert_int_equal(read->revision, 2);
    assert_int_equal(record_get(db, v->id)->revision, 2);
    assert_int_equal(record_get(db, v->id)->repeats, 1);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

/* SQLite's connection cannot be lost inside a transaction. */
static void test_an_update_whose_commit_s_answer_is_lost_is_looked_into(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    const dygw_verification_t **rows = record_three();
    dygw_verification_t *read[3];
    int clash;

    if (suite_host[0].dialect == DYGW_SQLITE3) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    read_three(db, rows, read);
    wire_lose_answer("COMMIT");
    assert_int_equal(dygw_store_verification_update(db, read, 3, &clash), APR_SUCCESS);
    assert_int_equal(record_get(db, rows[2]->id)->revision, read[2]->revision);
    dygw_db_close(db);
}

/* Somebody else's change of the same row in the same millisecond is not taken for ours. */
static void test_an_update_knows_its_own_by_all_that_it_wrote(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *mine = record_get(db, v->id);
    dygw_verification_t *other = record_get(db, v->id);

    mine->repeats = 1;
    other->cancel_since = T0 + 1;
    assert_int_equal(record_update(db, other), APR_SUCCESS);
    assert_int_equal(record_update(db, mine), APR_NOTFOUND);
    assert_int_equal(record_get(db, v->id)->repeats, 0);
    dygw_db_close(db);
}

static void test_an_update_on_a_database_that_fails_changes_nothing(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *read = record_get(db, v->id);

    assert_int_equal(record_update(db, read), APR_SUCCESS);
    read->asks = 1;
    wire_refuse("dygw_verification_update", 1, 1);
    assert_int_equal(record_update(db, read), APR_EGENERAL);
    assert_int_equal(read->revision, 1);
    assert_int_equal(suite_errors, 1);
    assert_int_equal(record_update(db, read), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_a_long_error_of_the_background_is_cut(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *read = record_get(db, v->id);
    char text[2 * LAST_ERROR_CHARS];

    memset(text, 'e', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    read->last_error = text;
    assert_int_equal(record_update(db, read), APR_SUCCESS);
    assert_int_equal(strlen(record_get(db, v->id)->last_error), LAST_ERROR_CHARS);
    dygw_db_close(db);
}

/* --- the version before --- */

static const char *insert_of_version_1(apr_int64_t id, dygw_ms_t lease_until)
{
    return apr_psprintf(suite_pool,
                        "INSERT INTO dygw_verifications (id, app_id, verify_status, error_code, "
                        "enrichment_status, enrichment_retry_count, created_at, updated_at, mode, "
                        "item_no, item_count, first_id, attempts, lease_until, next_run_at) "
                        "VALUES (%" APR_INT64_T_FMT ", 7, 'processing', 0, 'pending', 0, "
                        "%" APR_INT64_T_FMT ", %" APR_INT64_T_FMT ", 'code', 0, 1, "
                        "%" APR_INT64_T_FMT ", 1, %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT ")",
                        id, T0, T0 + 1, id, lease_until, lease_until ? lease_until : T0 + 5);
}

static void test_a_host_of_version_1_still_inserts(DYGW_UNUSED void **state)
{
    apr_int64_t at_work = suite_unique();
    apr_int64_t unclear = suite_unique();
    dygw_verification_t *v;
    dygw_db_t *db;

    suite_do(insert_of_version_1(at_work, T0 + 300));
    suite_do(insert_of_version_1(unclear, 0));
    db = suite_open(0);
    v = record_get(db, at_work);
    assert_int_equal(v->sent_at, T0 + 300);
    assert_int_equal(v->revision, 0);
    assert_int_equal(v->cancel_since, DYGW_NO_TIME);
    assert_int_equal(record_get(db, unclear)->sent_at, T0 + 1);
    v->updated_at = T0 + 1000;
    v->repeats = 1;
    assert_int_equal(record_update(db, v), APR_SUCCESS);
    assert_int_equal(record_get(db, at_work)->sent_at, T0 + 300);
    dygw_db_close(db);
}

void suite_settlement(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_only_a_success_is_settled_once_a_verify_was_repeated),
        SUITE_TEST(test_a_success_that_was_given_up_gets_a_follow_up),
        SUITE_TEST(test_a_success_of_which_there_is_news_gets_a_follow_up),
        SUITE_TEST(test_update_writes_all_that_may_change),
        SUITE_TEST(test_a_row_that_changed_meanwhile_is_not_updated),
        SUITE_TEST(test_rows_are_updated_all_or_none),
        SUITE_TEST(test_an_update_of_one_says_whether_it_is_done),
        SUITE_TEST(test_an_update_says_whose_verify_id_is_taken),
        SUITE_TEST(test_an_update_whose_answer_is_lost_is_done_once),
        SUITE_TEST(test_an_update_whose_commit_s_answer_is_lost_is_looked_into),
        SUITE_TEST(test_an_update_knows_its_own_by_all_that_it_wrote),
        SUITE_TEST(test_an_update_on_a_database_that_fails_changes_nothing),
        SUITE_TEST(test_a_long_error_of_the_background_is_cut),
        SUITE_TEST(test_a_host_of_version_1_still_inserts),
    };

    SUITE_ADD(tests);
}
