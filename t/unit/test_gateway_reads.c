/* SPDX-License-Identifier: Apache-2.0
 * Reads of the token on their way into the audit trail: none is lost, none is there twice. The
 * database is a few lines here.
 * links: gateway/apps/reads.c gateway/apps/audit.c gateway/host.c gateway/ask.c gateway/db_work.c
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

#include "gateway/token.h"
#include "gateway/apps/audit.h"
#include "gateway/apps/reads.h"
#include "util/compiler.h"

#define WRITTEN_MAX (3 * DYGW_READS_MAX)
#define PATIENCE    apr_time_from_sec(60)

struct dygw_db_t {
    apr_pool_t *pool;
};

static dygw_db_t database;
static dygw_host_t host;
static dygw_gateway_t gateway;
static dygw_gateway_t other_child;
static void *memory;
static const dygw_known_app_t app = { .id = 17, .client_key = "ck_0123456789" };
static const dygw_log_t request = { NULL, "request-1" };

/* What the table has: ids, and the last entry. In a transaction they count when it is committed. */
static apr_int64_t written[WRITTEN_MAX];
static int written_count;
static int committed_count;
static dygw_audit_entry_t last;
static int opens;
static int failing_opens;
static int failing_commits;
static int lost_answers; /* of commits that were done all the same */

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          apr_pool_t *parent)
{
    opens++;
    if (failing_opens > 0) {
        failing_opens--;
        return APR_EGENERAL;
    }
    apr_pool_create(&database.pool, parent);
    *db = &database;
    return APR_SUCCESS;
}

void dygw_db_close(dygw_db_t *db)
{
    written_count = committed_count;
    apr_pool_destroy(db->pool);
}

apr_pool_t *dygw_db_pool(const dygw_db_t *db)
{
    return db->pool;
}

static int in_transaction;
static int reads_within; /* a commit: other threads, while somebody makes room */
static dygw_code_e read_once(dygw_gateway_t *by);

apr_status_t dygw_db_begin(DYGW_UNUSED dygw_db_t *db)
{
    in_transaction = 1;
    return APR_SUCCESS;
}

apr_status_t dygw_db_commit(DYGW_UNUSED dygw_db_t *db)
{
    in_transaction = 0;
    if (reads_within > 0) {
        const dygw_db_t outer = database;

        reads_within--;
        committed_count = written_count; /* what is committed anyway, in a moment */
        assert_int_equal(read_once(&gateway), DYGW_OK);
        database = outer;
    }
    if (failing_commits > 0) {
        failing_commits--;
        return APR_EGENERAL;
    }
    committed_count = written_count;
    return lost_answers-- > 0 ? APR_EGENERAL : APR_SUCCESS;
}

static int is_written(apr_int64_t id)
{
    int i;

    for (i = 0; i < written_count; i++) {
        if (written[i] == id) {
            return 1;
        }
    }
    return 0;
}

apr_status_t dygw_store_audit_insert(dygw_db_t *db, const dygw_audit_entry_t *entry)
{
    assert_ptr_equal(db, &database);
    if (!is_written(entry->id)) {
        assert_true(written_count < WRITTEN_MAX);
        written[written_count++] = entry->id;
        last = *entry;
        last.actor = apr_pstrdup(pool, entry->actor);
        last.target = apr_pstrdup(pool, entry->target);
        last.address = apr_pstrdup(pool, entry->address);
        last.request_id = apr_pstrdup(pool, entry->request_id);
    }
    if (!in_transaction) {
        committed_count = written_count;
    }
    return APR_SUCCESS;
}

static int statements_of_many;

apr_status_t dygw_store_audit_insert_many(dygw_db_t *db, const dygw_audit_entry_t *entries, int count)
{
    assert_true(in_transaction);
    statements_of_many++;
    for (int i = 0; i < count; i++) {
        assert_int_equal(dygw_store_audit_insert(db, &entries[i]), APR_SUCCESS);
    }
    return APR_SUCCESS;
}

/* Linked, not used. */
apr_status_t dygw_token_held(DYGW_UNUSED dygw_gateway_t *g, DYGW_UNUSED dygw_token_t *token, DYGW_UNUSED apr_pool_t *p)
{
    return APR_NOTFOUND;
}

apr_status_t dygw_token_renew(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED apr_int64_t version,
                              DYGW_UNUSED dygw_renew_e why, DYGW_UNUSED apr_interval_time_t patience,
                              DYGW_UNUSED dygw_token_t *token)
{
    return APR_EGENERAL;
}

void dygw_token_accepted(DYGW_UNUSED dygw_gateway_t *g, DYGW_UNUSED const dygw_token_t *token)
{
}

static int messages;
static char message[512];

static void write_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    messages++;
    vsnprintf(message, sizeof(message), fmt, args);
}

static int begin(void **state)
{
    make_pool(state);
    memset(&host, 0, sizeof(host));
    memory = apr_palloc(pool, dygw_reads_size());
    gateway = other_child = (dygw_gateway_t){ .host = &host };
    written_count = committed_count = opens = messages = statements_of_many = 0;
    failing_opens = failing_commits = lost_answers = in_transaction = 0;
    return dygw_reads_format(memory) == APR_SUCCESS && dygw_reads_attach(&gateway.reads, memory, pool) == APR_SUCCESS
                   && dygw_reads_attach(&other_child.reads, memory, pool) == APR_SUCCESS
               ? 0
               : -1;
}

static dygw_code_e read_once(dygw_gateway_t *by)
{
    dygw_result_t out = { 0 };

    dygw_reads_record(&(dygw_ctx_t){ by, &request, pool }, &app, "192.0.2.7", &out);
    return out.code;
}

static void read_times(int times)
{
    while (times-- > 0) {
        assert_int_equal(read_once(&gateway), DYGW_OK);
    }
}

static apr_status_t flush(dygw_gateway_t *by)
{
    return dygw_reads_flush(&(dygw_ctx_t){ by, &request, pool }, PATIENCE);
}

static void a_read_needs_no_database(DYGW_UNUSED void **state)
{
    read_times(DYGW_READS_MAX);
    assert_int_equal(opens, 0);
    assert_int_equal(committed_count, 0);
}

static void an_entry_says_who_and_what(DYGW_UNUSED void **state)
{
    dygw_ms_t before = dygw_now();

    read_times(1);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, 1);
    assert_string_equal(last.actor, "app:ck_0123456789");
    assert_string_equal(last.action, "token.read");
    assert_string_equal(last.target, "app:17");
    assert_string_equal(last.address, "192.0.2.7");
    assert_string_equal(last.request_id, "request-1");
    assert_null(last.before_state);
    assert_null(last.after_state);
    assert_true(last.at >= before && last.at <= dygw_now());
}

static void a_read_of_an_app_without_an_id_is_refused(DYGW_UNUSED void **state)
{
    const dygw_known_app_t nameless = { .client_key = "ck_0123456789" };
    dygw_result_t out = { 0 };

    dygw_reads_record(&(dygw_ctx_t){ &gateway, &request, pool }, &nameless, "192.0.2.7", &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, 0);
}

static void any_child_writes_all_of_it_once(DYGW_UNUSED void **state)
{
    read_times(600);
    assert_int_equal(read_once(&other_child), DYGW_OK);
    assert_int_equal(flush(&other_child), APR_SUCCESS);
    assert_int_equal(committed_count, 601);
    opens = 0;
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, 601);
    assert_int_equal(opens, 0);
}

static void what_waits_is_handed_over_together_and_one_alone_without_a_transaction(DYGW_UNUSED void **state)
{
    read_times(200);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(statements_of_many, 1);
    read_times(1);
    failing_commits = 1; /* nothing is committed but what stands alone */
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(failing_commits, 1);
    assert_int_equal(statements_of_many, 1);
    assert_int_equal(committed_count, 201);
}

static void without_patience_a_batch_is_written(DYGW_UNUSED void **state)
{
    read_times(DYGW_READS_MAX);
    assert_int_equal(dygw_reads_flush(&(dygw_ctx_t){ &gateway, &request, pool }, 0), APR_SUCCESS);
    assert_in_range(committed_count, 1, DYGW_READS_MAX - 1);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, DYGW_READS_MAX);
}

static void what_was_not_committed_stays(DYGW_UNUSED void **state)
{
    read_times(3);
    failing_opens = 1;
    assert_int_not_equal(flush(&gateway), APR_SUCCESS);
    failing_commits = 1;
    assert_int_not_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, 0);
    lost_answers = 1;
    assert_int_not_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, 3);
}

static void places_are_used_again(DYGW_UNUSED void **state)
{
    int i;

    for (i = 1; i <= 5; i++) {
        read_times(DYGW_READS_MAX / 4 + 1);
        assert_int_equal(flush(&gateway), APR_SUCCESS);
        assert_int_equal(committed_count, i * (DYGW_READS_MAX / 4 + 1));
    }
}

static void a_read_beyond_them_makes_room_or_is_refused(DYGW_UNUSED void **state)
{
    read_times(DYGW_READS_MAX);
    failing_opens = 1;
    assert_int_equal(read_once(&gateway), DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(opens, 1);
    failing_commits = 1;
    assert_int_equal(read_once(&gateway), DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(committed_count, 0);
    opens = 0;
    read_times(200);
    assert_int_equal(opens, 1);
    assert_in_range(committed_count, 200, DYGW_READS_MAX);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, DYGW_READS_MAX + 200);
}

static void a_read_writes_its_own_entry_while_another_makes_room(DYGW_UNUSED void **state)
{
    read_times(DYGW_READS_MAX);
    reads_within = 1;
    assert_int_equal(read_once(&gateway), DYGW_OK);
    assert_int_equal(reads_within, 0);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, DYGW_READS_MAX + 2);
}

static void a_child_that_ends_leaves_nothing(DYGW_UNUSED void **state)
{
    read_times(2);
    dygw_reads_close(&gateway);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_int_equal(committed_count, 2);
    assert_int_equal(read_once(&gateway), DYGW_OK);
    assert_int_equal(committed_count, 3);
    /* The others go on. */
    opens = 0;
    assert_int_equal(read_once(&other_child), DYGW_OK);
    assert_int_equal(opens, 0);
}

static void the_end_tells_what_is_left(DYGW_UNUSED void **state)
{
    read_times(DYGW_READS_MAX - 1);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    read_times(3);
    dygw_reads_report(memory, &request);
    assert_int_equal(messages, 3);
    assert_non_null(strstr(message, "app 17 (ck_0123456789)"));
    assert_non_null(strstr(message, "from 192.0.2.7, request request-1"));
}

static void what_is_too_long_is_cut(DYGW_UNUSED void **state)
{
    dygw_result_t out = { 0 };
    char address[300];

    memset(address, '1', sizeof(address) - 1);
    address[sizeof(address) - 1] = '\0';
    dygw_reads_record(&(dygw_ctx_t){ &gateway, &request, pool }, &app, address, &out);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_in_range(strlen(last.address), 45, 64);
    dygw_reads_record(&(dygw_ctx_t){ &gateway, &request, pool }, &app, NULL, &out);
    assert_int_equal(flush(&gateway), APR_SUCCESS);
    assert_null(last.address);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_needs_no_database),
        TEST(an_entry_says_who_and_what),
        TEST(a_read_of_an_app_without_an_id_is_refused),
        TEST(any_child_writes_all_of_it_once),
        TEST(what_waits_is_handed_over_together_and_one_alone_without_a_transaction),
        TEST(without_patience_a_batch_is_written),
        TEST(what_was_not_committed_stays),
        TEST(places_are_used_again),
        TEST(a_read_beyond_them_makes_room_or_is_refused),
        TEST(a_read_writes_its_own_entry_while_another_makes_room),
        TEST(a_child_that_ends_leaves_nothing),
        TEST(the_end_tells_what_is_left),
        TEST(what_is_too_long_is_cut),
    };
    int failed;

    apr_initialize();
    dygw_log_set_writer(write_log);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("gateway_reads", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
