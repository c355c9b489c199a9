/* SPDX-License-Identifier: Apache-2.0
 * The smaller tables: the token, leases, nonces; and the schema itself. */
#include "suite.h"

#include <stdlib.h>

#include "util/compiler.h"

/* --- the token --- */

#define CLAIM_MS         60000
#define A_FEW_SECONDS_MS 5000

static apr_int64_t token_version(int host)
{
    dygw_db_t *db = suite_open(host);
    dygw_token_row_t row;

    assert_int_equal(dygw_store_token_get(db, &row, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    return row.version;
}

static apr_status_t claim(int host, apr_int64_t version, const char *owner, dygw_ms_t ttl)
{
    dygw_db_t *db = suite_open(host);
    apr_status_t rv = dygw_store_token_claim(db, version, owner, ttl);

    dygw_db_close(db);
    return rv;
}

static apr_status_t put(int host, apr_int64_t version, const char *sealed)
{
    dygw_db_t *db = suite_open(host);
    apr_status_t rv = dygw_store_token_put(db, version, sealed, T0, T0 + 7200000);

    dygw_db_close(db);
    return rv;
}

static void test_a_token_is_put_and_read(DYGW_UNUSED void **state)
{
    apr_int64_t version = token_version(0);
    dygw_token_row_t row;
    dygw_db_t *db;

    assert_int_equal(put(0, version, "v1.a.b"), APR_SUCCESS);
    db = suite_open(1);
    assert_int_equal(dygw_store_token_get(db, &row, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(row.version, version + 1);
    assert_string_equal(row.sealed, "v1.a.b");
    assert_int_equal(row.obtained_at, T0);
    assert_int_equal(row.expires_at, T0 + 7200000);
}

static void test_a_token_is_sealed_anew_where_it_is_the_same(DYGW_UNUSED void **state)
{
    apr_int64_t version = token_version(0) + 1;
    dygw_token_row_t row;
    dygw_db_t *db;
    int done;

    assert_int_equal(put(0, version - 1, "v1.old"), APR_SUCCESS);
    db = suite_open(1);
    assert_int_equal(dygw_store_token_reseal(db, version, "v1.other", "v1.no", &done), APR_SUCCESS);
    assert_int_equal(done, 0);
    assert_int_equal(dygw_store_token_reseal(db, version - 1, "v1.old", "v1.no", &done), APR_SUCCESS);
    assert_int_equal(done, 0);
    assert_int_equal(dygw_store_token_reseal(db, version, "v1.old", "v1.new", &done), APR_SUCCESS);
    assert_int_equal(done, 1);
    assert_int_equal(dygw_store_token_get(db, &row, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(row.version, version);
    assert_string_equal(row.sealed, "v1.new");
}

static void test_one_host_renews_and_others_wait(DYGW_UNUSED void **state)
{
    apr_int64_t version = token_version(0);

    assert_int_equal(claim(0, version, "a", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(claim(0, version, "a", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(claim(1, version, "b", CLAIM_MS), APR_EBUSY);
    assert_int_equal(put(0, version, "v1.one"), APR_SUCCESS);
    assert_int_equal(claim(1, version, "b", CLAIM_MS), APR_EEXIST);
    assert_int_equal(claim(1, version + 1, "b", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(claim(0, version + 1, "a", CLAIM_MS), APR_EBUSY);
    assert_int_equal(put(1, version + 1, "v1.two"), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
}

static void test_a_claim_ends_with_its_time(DYGW_UNUSED void **state)
{
    apr_int64_t version = token_version(0);

    assert_int_equal(claim(0, version, "a", -1000), APR_SUCCESS);
    assert_int_equal(claim(1, version, "b", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(claim(0, version, "a", CLAIM_MS), APR_EBUSY);
    assert_int_equal(put(1, version, "v1.late"), APR_SUCCESS);
}

static void test_the_faster_token_stays(DYGW_UNUSED void **state)
{
    apr_int64_t version = token_version(0);

    assert_int_equal(put(0, version, "v1.first"), APR_SUCCESS);
    assert_int_equal(put(1, version, "v1.second"), APR_EEXIST);
    assert_int_equal(put(0, version, "v1.first"), APR_SUCCESS);
    assert_int_equal(token_version(1), version + 1);
}

static void test_token_answers_that_are_lost(DYGW_UNUSED void **state)
{
    apr_int64_t version = token_version(0);

    assert_int_equal(claim(0, version, "a", CLAIM_MS), APR_SUCCESS);
    wire_lose_answer("dygw_token_claim");
    assert_int_equal(claim(0, version, "a", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(put(0, version, "v1.warm"), APR_SUCCESS);
    wire_lose_answer("dygw_token_put");
    assert_int_equal(put(0, version + 1, "v1.lost"), APR_SUCCESS);
    assert_int_equal(token_version(0), version + 2);
    assert_int_equal(suite_errors, 0);
}

/* --- leases --- */

static apr_status_t take(int host, const char *owner, dygw_ms_t ttl)
{
    dygw_db_t *db = suite_open(host);
    apr_status_t rv = dygw_store_lease_take(db, DYGW_LEASE_WORKER, owner, ttl);

    dygw_db_close(db);
    return rv;
}

static void give(int host, const char *owner)
{
    dygw_db_t *db = suite_open(host);

    assert_int_equal(dygw_store_lease_release(db, DYGW_LEASE_WORKER, owner), APR_SUCCESS);
    dygw_db_close(db);
}

static dygw_tick_t tick(void)
{
    dygw_db_t *db = suite_open(0);
    dygw_tick_t found;

    assert_int_equal(dygw_store_tick(db, &found, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    return found;
}

static void test_one_host_has_the_lease(DYGW_UNUSED void **state)
{
    assert_int_equal(take(0, "a", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(take(0, "a", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(take(1, "b", CLAIM_MS), APR_EBUSY);
    give(1, "b");
    assert_int_equal(take(1, "b", CLAIM_MS), APR_EBUSY);
    give(0, "a");
    assert_int_equal(take(1, "b", CLAIM_MS), APR_SUCCESS);
    assert_int_equal(take(0, "a", CLAIM_MS), APR_EBUSY);
    give(1, "b");
    assert_int_equal(suite_errors, 0);
}

static void test_a_lease_ends_with_its_time(DYGW_UNUSED void **state)
{
    assert_int_equal(take(0, "a", 0), APR_SUCCESS);
    while (take(1, "b", CLAIM_MS) == APR_EBUSY) {
        /* its millisecond is not over */
    }
    assert_int_equal(take(0, "a", CLAIM_MS), APR_EBUSY);
    give(1, "b");
}

static void test_a_lease_whose_answer_is_lost_is_ours(DYGW_UNUSED void **state)
{
    assert_int_equal(take(0, "a", CLAIM_MS), APR_SUCCESS);
    wire_lose_answer("dygw_lease_take");
    assert_int_equal(take(0, "a", CLAIM_MS), APR_SUCCESS);
    give(0, "a");
    assert_int_equal(suite_errors, 0);
}

static void test_a_lease_that_does_not_exist_cannot_be_had(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_store_lease_take(db, "nothing", "a", CLAIM_MS), APR_EBUSY);
    dygw_db_close(db);
}

static void test_the_tick_tells_of_the_lease(DYGW_UNUSED void **state)
{
    dygw_tick_t found;

    assert_int_equal(take(0, "host/7", CLAIM_MS), APR_SUCCESS);
    found = tick();
    assert_string_equal(found.lease_owner, "host/7");
    assert_in_range(found.lease_left_ms, 1, CLAIM_MS);
    assert_in_range(found.lease_age_ms, 0, CLAIM_MS);
    assert_int_equal(found.token_version, token_version(0));
    assert_true(llabs(found.now - dygw_now()) < A_FEW_SECONDS_MS);
    give(0, "host/7");
    assert_true(tick().lease_left_ms <= 0);
}

/* --- nonces --- */

static apr_status_t spend(int host, const char *key, dygw_ms_t expires_at)
{
    dygw_db_t *db = suite_open(host);
    apr_status_t rv = dygw_store_nonce_spend(db, key, expires_at);

    dygw_db_close(db);
    return rv;
}

static apr_status_t look(int host, const char *key)
{
    dygw_db_t *db = suite_open(host);
    apr_status_t rv = dygw_store_nonce_look(db, key);

    dygw_db_close(db);
    return rv;
}

static int purge(dygw_ms_t now, int limit)
{
    dygw_db_t *db = suite_open(0);
    int removed = -1;

    assert_int_equal(dygw_store_nonce_purge(db, now, limit, &removed), APR_SUCCESS);
    dygw_db_close(db);
    return removed;
}

/* Connections that other tests have killed are renewed. */
static void use_both_hosts(void)
{
    assert_int_equal(spend(0, suite_unique_text("2123456789abc"), T0), APR_SUCCESS);
    assert_int_equal(spend(1, suite_unique_text("5123456789abc"), T0), APR_SUCCESS);
}

static void test_a_nonce_is_spent_once(DYGW_UNUSED void **state)
{
    const char *key = suite_unique_text("0123456789abc");

    use_both_hosts();
    assert_int_equal(spend(0, key, T0 + 600000), APR_SUCCESS);
    assert_int_equal(spend(0, key, T0 + 600000), APR_EEXIST);
    assert_int_equal(spend(1, key, T0 + 900000), APR_EEXIST);
    assert_int_equal(suite_errors, 0);
}

static void test_looking_for_a_nonce_spends_nothing(DYGW_UNUSED void **state)
{
    const char *key = suite_unique_text("6123456789abc");

    assert_int_equal(look(0, key), APR_SUCCESS);
    assert_int_equal(look(0, key), APR_SUCCESS);
    assert_int_equal(spend(0, key, T0), APR_SUCCESS);
    assert_int_equal(look(1, key), APR_EEXIST);
    assert_int_equal(suite_errors, 0);
}

static void test_a_nonce_whose_answer_is_lost_is_refused_and_no_replay(DYGW_UNUSED void **state)
{
    const char *key = suite_unique_text("1123456789abc");

    use_both_hosts();
    wire_lose_answer("dygw_nonce_spend");
    assert_int_equal(spend(0, key, T0 + 600000), APR_EGENERAL);
    use_both_hosts();
    assert_int_equal(spend(1, key, T0 + 600000), APR_EEXIST);
}

static void test_purge_forgets_only_what_expired_and_at_most_so_many(DYGW_UNUSED void **state)
{
    const char *kept = suite_unique_text("3123456789abc");
    int i;

    while (purge(T0, 1000) == 1000) {
        /* what other tests left */
    }
    assert_int_equal(spend(0, kept, T0), APR_SUCCESS);
    for (i = 0; i < 7; i++) {
        assert_int_equal(spend(0, suite_unique_text("4123456789abc"), T0 - 1), APR_SUCCESS);
    }
    assert_int_equal(purge(T0, 5), 5);
    assert_int_equal(purge(T0, 5), 2);
    assert_int_equal(purge(T0, 5), 0);
    assert_int_equal(spend(1, kept, T0), APR_EEXIST);
}

/* --- the schema --- */

static void test_an_empty_database_is_migrated_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(1);
    apr_array_header_t *done;
    int version = -1;

    assert_int_equal(suite_version_before, 0);
    assert_int_equal(suite_files_run, dygw_schema_wanted());
    assert_int_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_int_equal(version, dygw_schema_wanted());
    assert_int_equal(dygw_schema_migrate(db, &done, suite_pool), APR_SUCCESS);
    assert_int_equal(done->nelts, 0);
    dygw_db_close(db);
}

static void test_a_newer_database_is_left_alone(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *done;
    int version = -1;

    suite_ask(1, "UPDATE dygw_meta SET value = '9000' WHERE name = 'schema_version'");
    assert_int_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_int_equal(version, 9000);
    assert_int_equal(dygw_schema_migrate(db, &done, suite_pool), APR_SUCCESS);
    assert_int_equal(done->nelts, 0);
    suite_ask(1, apr_psprintf(suite_pool,
                              "UPDATE dygw_meta SET value = '%d' "
                              "WHERE name = 'schema_version'",
                              dygw_schema_wanted()));
    dygw_db_close(db);
}

/* As after an upgrade of the module; the files that ran before do no harm. */
static void test_a_migration_leaves_the_unit_usable(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *done;
    dygw_tick_t found;
    int version = -1;

    suite_ask(1, "UPDATE dygw_meta SET value = '0' WHERE name = 'schema_version'");
    assert_int_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_int_equal(version, 0);
    assert_int_equal(dygw_schema_migrate(db, &done, suite_pool), APR_SUCCESS);
    assert_int_equal(done->nelts, dygw_schema_wanted());
    wire_forget(NULL);
    assert_int_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_int_equal(version, dygw_schema_wanted());
    assert_int_equal(dygw_store_tick(db, &found, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(suite_errors, 0);
}

static void test_the_next_file_is_named(DYGW_UNUSED void **state)
{
    assert_string_equal(dygw_schema_next_file(DYGW_PGSQL, 0), "pgsql/0001_init.sql");
    assert_string_equal(dygw_schema_next_file(DYGW_MYSQL, 0), "mysql/0001_init.sql");
    assert_null(dygw_schema_next_file(DYGW_SQLITE3, dygw_schema_wanted()));
}

static void test_a_script_that_fails_changes_nothing(DYGW_UNUSED void **state)
{
    static const char *const script[] = {
        "BEGIN",
        "UPDATE dygw_meta SET value = '77' WHERE name = 'schema_version'",
        "INSERT INTO suite_nowhere (a) VALUES (1)",
        "COMMIT",
    };
    dygw_db_t *db = suite_open(0);
    int version = -1;

    assert_int_equal(dygw_db_script(db, "suite", script, 4), APR_EGENERAL);
    assert_int_equal(suite_errors, 1);
    assert_non_null(strstr(suite_last_error, "statement 3 of suite"));
    assert_int_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_int_equal(version, dygw_schema_wanted());
    dygw_db_close(db);
}

static void test_a_database_belongs_to_one_douyin_application(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *owner = "";

    assert_int_equal(dygw_schema_claim(db, "aw1", &owner, suite_pool), APR_SUCCESS);
    assert_string_equal(owner, "aw1");
    assert_int_equal(dygw_schema_claim(db, "aw2", &owner, suite_pool), APR_EEXIST);
    assert_string_equal(owner, "aw1");
    assert_int_equal(dygw_schema_claim(db, "aw1", &owner, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
}

/* A dump of another application that was restored while nobody was connected. */
static void test_no_session_works_on_another_applications_database(DYGW_UNUSED void **state)
{
    dygw_db_source_t *source = &suite_host[1];
    const char *owner;
    int version;
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_schema_claim(db, "aw1", &owner, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    source->application = "aw2";
    db = suite_open(1);
    assert_int_not_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_string_equal(dygw_db_foreign(db), "aw1");
    assert_int_not_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_not_equal(dygw_store_token_claim(db, 0, "b", CLAIM_MS), APR_SUCCESS);
    assert_false(dygw_db_in_doubt(db));
    dygw_db_close(db);
    assert_int_equal(suite_errors, 0);
    source->application = "aw1";
    db = suite_open(1);
    assert_int_equal(dygw_schema_version(db, &version), APR_SUCCESS);
    assert_null(dygw_db_foreign(db));
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
    source->application = NULL;
}

void suite_tables(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_token_is_put_and_read),
        SUITE_TEST(test_a_token_is_sealed_anew_where_it_is_the_same),
        SUITE_TEST(test_one_host_renews_and_others_wait),
        SUITE_TEST(test_a_claim_ends_with_its_time),
        SUITE_TEST(test_the_faster_token_stays),
        SUITE_TEST(test_token_answers_that_are_lost),
        SUITE_TEST(test_one_host_has_the_lease),
        SUITE_TEST(test_a_lease_ends_with_its_time),
        SUITE_TEST(test_a_lease_whose_answer_is_lost_is_ours),
        SUITE_TEST(test_a_lease_that_does_not_exist_cannot_be_had),
        SUITE_TEST(test_the_tick_tells_of_the_lease),
        SUITE_TEST(test_a_nonce_is_spent_once),
        SUITE_TEST(test_looking_for_a_nonce_spends_nothing),
        SUITE_TEST(test_a_nonce_whose_answer_is_lost_is_refused_and_no_replay),
        SUITE_TEST(test_purge_forgets_only_what_expired_and_at_most_so_many),
        SUITE_TEST(test_an_empty_database_is_migrated_once),
        SUITE_TEST(test_a_newer_database_is_left_alone),
        SUITE_TEST(test_a_migration_leaves_the_unit_usable),
        SUITE_TEST(test_the_next_file_is_named),
        SUITE_TEST(test_a_script_that_fails_changes_nothing),
        SUITE_TEST(test_a_database_belongs_to_one_douyin_application),
        SUITE_TEST(test_no_session_works_on_another_applications_database),
    };

    SUITE_ADD(tests);
}
