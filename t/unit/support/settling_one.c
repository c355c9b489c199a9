/* SPDX-License-Identifier: Apache-2.0
 * One redemption of one coupon that is settled. */
#include "settling_one.h"

#include <apr_general.h>

#include "util/compiler.h"

dygw_gateway_t *gateway;
dygw_verification_t *row;

void start_anew(void)
{
    gateway = fake_world(pool);
    row = settling_row(ID, 0, 1);
    fake_clock_advance(5000);
    fake_trace();
}

int set_up(void **state)
{
    make_pool(state);
    start_anew();
    return 0;
}

int settle(void)
{
    return settling_run(gateway, &dygw_settle_job, ID, pool);
}

void show_unused(void)
{
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
}

dygw_seen_verify_t *show_used(const char *verify_id, dygw_ms_t ago)
{
    return fake_seen(fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), verify_id, dygw_now() - ago);
}

void answer_already(void)
{
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1208);
}

void spend(int repeats)
{
    row->repeats = repeats;
    row->attempts = repeats + 1;
    row->sent_at = dygw_now();
}

void check_failed(apr_int64_t error_code)
{
    assert_int_equal(row->verify_status, DYGW_FAILED);
    assert_int_equal(row->error_code, error_code);
    assert_non_null(row->error_description);
    assert_int_equal(row->next_run_at, DYGW_NO_TIME);
    /* A verify of it that was not answered may still be applied, and is looked for. */
    assert_int_equal(row->news & ~DYGW_NEWS_LATE, 0);
    assert_int_equal(row->errand_at != DYGW_NO_TIME, row->news == DYGW_NEWS_LATE);
    assert_int_equal(row->enrichment_status, DYGW_ENRICH_SKIPPED);
}

void check_success(dygw_confirmed_by_e by)
{
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->error_code, 0);
    assert_int_equal(row->confirmed_by, by);
    assert_non_null(row->verify_id);
    assert_int_equal(row->cancelable_until, row->verify_time + HOUR_MS);
    assert_int_equal(row->enrichment_status, DYGW_ENRICH_PENDING);
    assert_true(row->next_run_at <= dygw_now());
    assert_null(row->last_error);
}

void check_waits(dygw_ms_t from, dygw_ms_t to)
{
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    assert_in_range(row->next_run_at - dygw_now(), from, to);
}
