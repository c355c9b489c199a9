/* SPDX-License-Identifier: Apache-2.0
 * Tests whether the database can be written. */
#include "gateway/background/writing.h"

#include "gateway/db_work.h"
#include "gateway/host.h"
#include "store/writing.h"

#define PROOF_US      apr_time_from_sec(10)
#define SMALL_SIZE    8     /* bytes: with no reason for a doubt */
#define THOROUGH_SIZE 32768 /* more than a page of any of the databases */

typedef struct writing_test_t {
    int size;
    int says_nothing; /* the connection died: that is another matter */
} writing_test_t;

void dygw_writing_proved(dygw_writing_t *writing)
{
    writing->proved_at = dygw_steady_now();
}

static apr_status_t test_writing(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    writing_test_t *test = baton;
    apr_status_t rv = dygw_store_test_writing(db, test->size);

    (void)ctx;
    test->says_nothing = rv != APR_SUCCESS && !dygw_db_timed_out(db) && !dygw_db_answers(db);
    return rv;
}

/* The database's own word for the failure, if it came while the test was made. */
static dygw_db_writes_e why_test_failed(const dygw_db_shared_t *shared, apr_time_t began)
{
    return shared->failed_at >= began ? (dygw_db_writes_e)shared->failed_as : DYGW_WRITES_FAIL;
}

static void make_writing_test(const dygw_ctx_t *ctx, dygw_writing_t *writing, int size)
{
    dygw_db_shared_t *shared = &ctx->gateway->host->database;
    writing_test_t test = { size, 1 };
    apr_time_t began = dygw_steady_now();
    apr_status_t rv = dygw_db_work(ctx, test_writing, &test, DYGW_DB_ONCE);

    if (rv == APR_SUCCESS) {
        shared->tested_as = DYGW_WRITES_WORK;
        dygw_writing_proved(writing);
    }
    else if (!test.says_nothing) {
        shared->tested_as = (int)why_test_failed(shared, began);
    }
}

static void tell_writing(const dygw_ctx_t *ctx, dygw_writing_t *writing)
{
    dygw_db_writes_e now = dygw_host_writes(ctx->gateway);

    if (now == writing->told) {
        return;
    }
    if (now == DYGW_WRITES_WORK) {
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0371) "the database can be written again, after %" APR_TIME_T_FMT " s",
                 apr_time_sec(dygw_steady_now() - writing->failing_since));
    }
    else {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0370) "the database answers, and %s; redemptions are refused until it can "
                              "be written",
                 now == DYGW_WRITES_READONLY ? "says that it may only be read"
                                             : "cannot be written: is its disk full?");
    }
    if (writing->told == DYGW_WRITES_WORK) {
        writing->failing_since = dygw_steady_now();
    }
    writing->told = now;
}

void dygw_writing_turn(const dygw_ctx_t *ctx, dygw_writing_t *writing)
{
    const dygw_db_shared_t *shared = &ctx->gateway->host->database;
    apr_uint32_t failures = shared->failures;
    int is_doubtful = shared->tested_as != DYGW_WRITES_WORK || failures != writing->seen;

    if (is_doubtful || writing->proved_at == 0
        || dygw_steady_now() - writing->proved_at >= PROOF_US) {
        writing->seen = failures;
        make_writing_test(ctx, writing, is_doubtful ? THOROUGH_SIZE : SMALL_SIZE);
    }
    tell_writing(ctx, writing);
}
