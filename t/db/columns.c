/* SPDX-License-Identifier: Apache-2.0
 * dygw_verifications: every member is in the column of its own name, as plain SQL sees it. A record
 * that comes back whole does not tell: where two columns are swapped, they are swapped back. */
#include "records.h"

#include "util/compiler.h"

/* What a column is to hold. */
typedef struct held_t {
    const char *column;
    const char *text;
} held_t;

#define COLUMNS_MAX 100

typedef struct row_t {
    held_t held[COLUMNS_MAX];
    int count;
} row_t;

/* --- a record all of whose members differ, from each other and from those of other records --- */

static int next(void)
{
    static int last = 100;

    return ++last;
}

static const char *text(void)
{
    return suite_unique_text("t");
}

static void fill_outcome(dygw_verification_t *v)
{
    v->verify_status = DYGW_PROCESSING;
    v->error_code = next();
    v->error_description = text();
    v->certificate_id = text();
    v->origin_code = text();
    v->coupon_status = DYGW_COUPON_REFUND_REQUESTED;
    v->product_id = text();
    v->product_name = text();
    v->sku_id = text();
    v->sku_name = text();
    v->verify_records_count = next();
    v->verify_id = text();
    v->order_id = text();
    v->source_order_id = text();
    v->pay_amount = next();
    v->receipt_amount = next();
    v->discount_amount = next();
    v->enrichment_status = DYGW_ENRICH_SKIPPED;
    v->douyin_response = text();
    v->expire_time = T0 + next();
    v->verify_time = T0 + next();
    v->updated_at = T0 + next();
    v->cancelable_until = T0 + next();
    v->confirmed_by = DYGW_BY_STATUS_QUERY;
    v->reason = text();
    v->attempts = next();
    v->lease_until = T0 + next();
    v->next_run_at = T0 + next();
    v->sent_at = T0 + next();
    v->review_since = T0 + next();
}

static void fill_later(dygw_verification_t *v)
{
    v->ext_order_id = text();
    v->order_status = next();
    v->enrichment_retry_count = next();
    v->create_order_time = T0 + next();
    v->pay_time = T0 + next();
    v->repeats = next();
    v->asks = next();
    v->already = next();
    v->cancel_since = T0 + next();
    v->cancels = next();
    v->news = next();
    v->errand_at = T0 + next();
    v->enrich_since = T0 + next();
    v->last_error = text();
    v->refused_code = next();
    v->refused_description = text();
    v->after_sale = DYGW_AFTER_SALE_CLOSED;
    v->after_sale_since = next();
}

static void fill_fixed(dygw_verification_t *v)
{
    v->id = suite_unique();
    v->app_id = next();
    v->app_name = text();
    v->poi_id = text();
    v->store = text();
    v->account_id = text();
    v->encrypted_code = text();
    v->created_at = T0 + next();
    v->mode = DYGW_MODE_ENCRYPTED_CODE;
    v->operator_name = text();
    v->device = text();
    v->request_id = text();
    v->request_key = text();
    v->verify_token = text();
    v->item_no = next();
    v->item_count = next();
    v->first_id = suite_unique();
    v->revision = next();
}

static dygw_verification_t *distinct(void)
{
    dygw_verification_t *v = apr_palloc(suite_pool, sizeof(*v));

    fill_outcome(v);
    fill_later(v);
    fill_fixed(v);
    return v;
}

/* --- its columns, written down once more --- */

static void hold(row_t *row, const char *column, const char *value)
{
    assert_true(row->count < COLUMNS_MAX);
    row->held[row->count++] = (held_t){ column, value };
}

static void hold_int(row_t *row, const char *column, apr_int64_t value)
{
    hold(row, column, apr_psprintf(suite_pool, "%" APR_INT64_T_FMT, value));
}

static void hold_outcome(row_t *row, const dygw_verification_t *v)
{
    hold(row, "verify_status", dygw_verify_status_word(v->verify_status));
    hold_int(row, "error_code", v->error_code);
    hold(row, "error_description", v->error_description);
    hold(row, "certificate_id", v->certificate_id);
    hold(row, "origin_code", v->origin_code);
    hold(row, "coupon_status", dygw_coupon_status_word(v->coupon_status));
    hold(row, "product_id", v->product_id);
    hold(row, "product_name", v->product_name);
    hold(row, "sku_id", v->sku_id);
    hold(row, "sku_name", v->sku_name);
    hold_int(row, "verify_records_count", v->verify_records_count);
    hold(row, "verify_id", v->verify_id);
    hold(row, "order_id", v->order_id);
    hold(row, "source_order_id", v->source_order_id);
    hold_int(row, "pay_amount", v->pay_amount);
    hold_int(row, "receipt_amount", v->receipt_amount);
    hold_int(row, "discount_amount", v->discount_amount);
    hold(row, "enrichment_status", dygw_enrich_status_word(v->enrichment_status));
    hold(row, "douyin_response", v->douyin_response);
    hold_int(row, "expire_time", v->expire_time);
    hold_int(row, "verify_time", v->verify_time);
    hold_int(row, "updated_at", v->updated_at);
    hold_int(row, "cancelable_until", v->cancelable_until);
    hold(row, "confirmed_by", dygw_confirmed_by_word(v->confirmed_by));
    hold(row, "reason", v->reason);
    hold_int(row, "attempts", v->attempts);
    hold_int(row, "lease_until", v->lease_until);
    hold_int(row, "next_run_at", v->next_run_at);
    hold_int(row, "sent_at", v->sent_at);
    hold_int(row, "review_since", v->review_since);
}

static void hold_later(row_t *row, const dygw_verification_t *v)
{
    hold(row, "ext_order_id", v->ext_order_id);
    hold_int(row, "order_status", v->order_status);
    hold_int(row, "enrichment_retry_count", v->enrichment_retry_count);
    hold_int(row, "create_order_time", v->create_order_time);
    hold_int(row, "pay_time", v->pay_time);
    hold_int(row, "repeats", v->repeats);
    hold_int(row, "asks", v->asks);
    hold_int(row, "already", v->already);
    hold_int(row, "cancel_since", v->cancel_since);
    hold_int(row, "cancels", v->cancels);
    hold_int(row, "news", v->news);
    hold_int(row, "errand_at", v->errand_at);
    hold_int(row, "enrich_since", v->enrich_since);
    hold(row, "last_error", v->last_error);
    hold_int(row, "refused_code", v->refused_code);
    hold(row, "refused_description", v->refused_description);
    hold(row, "after_sale", dygw_after_sale_word(v->after_sale));
    hold_int(row, "after_sale_since", v->after_sale_since);
}

static void hold_fixed(row_t *row, const dygw_verification_t *v)
{
    hold_int(row, "id", v->id);
    hold_int(row, "app_id", v->app_id);
    hold(row, "app_name", v->app_name);
    hold(row, "poi_id", v->poi_id);
    hold(row, "store", v->store);
    hold(row, "account_id", v->account_id);
    hold(row, "encrypted_code", v->encrypted_code);
    hold_int(row, "created_at", v->created_at);
    hold(row, "mode", dygw_mode_word(v->mode));
    hold(row, "operator_name", v->operator_name);
    hold(row, "device", v->device);
    hold(row, "request_id", v->request_id);
    hold(row, "request_key", v->request_key);
    hold(row, "verify_token", v->verify_token);
    hold_int(row, "item_no", v->item_no);
    hold_int(row, "item_count", v->item_count);
    hold_int(row, "first_id", v->first_id);
    hold_int(row, "revision", v->revision);
}

static row_t row_of(const dygw_verification_t *v)
{
    row_t row = { .count = 0 };

    hold_outcome(&row, v);
    hold_later(&row, v);
    hold_fixed(&row, v);
    return row;
}

/* --- looking --- */

static const char *ask(const char *what, apr_int64_t id)
{
    const char *sql
        = apr_psprintf(suite_pool, "SELECT %s FROM dygw_verifications WHERE id = %" APR_INT64_T_FMT, what, id);

    return APR_ARRAY_IDX(suite_ask(0, sql), 0, const char *);
}

static void assert_row(const row_t *row, apr_int64_t id)
{
    int i;

    for (i = 0; i < row->count; i++) {
        const char *there = ask(row->held[i].column, id);

        if (strcmp(there, row->held[i].text) != 0) {
            fail_msg("%s is %s, not %s", row->held[i].column, there, row->held[i].text);
        }
    }
}

static dygw_verification_t *inserted(dygw_db_t *db)
{
    dygw_verification_t *v = distinct();

    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static void drop(const dygw_verification_t *v)
{
    suite_do(apr_psprintf(suite_pool, "DELETE FROM dygw_verifications WHERE id = %" APR_INT64_T_FMT, v->id));
}

/* The same row with other values. */
static dygw_verification_t *successor(const dygw_verification_t *v)
{
    dygw_verification_t *later = distinct();

    later->id = v->id;
    later->revision = v->revision;
    later->verify_status = DYGW_SUCCESS;
    return later;
}

/* --- the tests --- */

static void test_no_two_columns_hold_the_same(DYGW_UNUSED void **state)
{
    const row_t row = row_of(distinct());
    int i;
    int k;

    for (i = 0; i < row.count; i++) {
        for (k = 0; k < i; k++) {
            assert_string_not_equal(row.held[i].text, row.held[k].text);
        }
    }
}

/* But for attempt_key, which no member has, and code_backwards of MySQL, which is computed. */
static void test_every_column_of_the_table_is_looked_at(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t *v = inserted(db);
    const char *all = ask("*", v->id);
    int columns = 1;

    for (; *all; all++) {
        columns += *all == '|';
    }
    assert_int_equal(columns, row_of(v).count + (suite_host[0].dialect == DYGW_MYSQL ? 2 : 1));
    drop(v);
    dygw_db_close(db);
}

static void test_an_insert_puts_every_member_into_its_column(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t *v = inserted(db);
    const row_t row = row_of(v);

    assert_row(&row, v->id);
    drop(v);
    dygw_db_close(db);
}

static void test_a_settle_puts_the_outcome_into_its_columns(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    const dygw_verification_t *outcome = successor(v);
    row_t row = { .count = 0 };

    assert_int_equal(record_settle(db, outcome), APR_SUCCESS);
    v->errand_at = outcome->updated_at; /* there was news of it */
    v->revision++;
    hold_outcome(&row, outcome);
    hold_later(&row, v);
    hold_fixed(&row, v);
    assert_row(&row, v->id);
    drop(v);
    dygw_db_close(db);
}

static void test_an_update_puts_what_changes_into_its_columns(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = inserted(db);
    dygw_verification_t *changed = successor(v);
    row_t row = { .count = 0 };

    assert_int_equal(record_update(db, changed), APR_SUCCESS);
    v->revision++;
    hold_outcome(&row, changed);
    hold_later(&row, changed);
    hold_fixed(&row, v);
    assert_row(&row, v->id);
    drop(v);
    dygw_db_close(db);
}

void suite_columns(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_no_two_columns_hold_the_same),
        SUITE_TEST(test_every_column_of_the_table_is_looked_at),
        SUITE_TEST(test_an_insert_puts_every_member_into_its_column),
        SUITE_TEST(test_a_settle_puts_the_outcome_into_its_columns),
        SUITE_TEST(test_an_update_puts_what_changes_into_its_columns),
    };

    SUITE_ADD(tests);
}
