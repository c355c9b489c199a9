/* SPDX-License-Identifier: Apache-2.0
 * Records to test with. */
#include "records.h"

dygw_verification_t *record_processing(void)
{
    dygw_verification_t *v = apr_palloc(suite_pool, sizeof(*v));

    dygw_verification_init(v);
    v->id = v->first_id = suite_unique();
    v->app_id = 7;
    v->app_name = "\xe6\x94\xb6\xe9\x93\xb6";
    v->poi_id = "7012345678901234567";
    v->encrypted_code = suite_unique_text("code+/=");
    v->verify_token = suite_unique_text("token");
    v->created_at = v->updated_at = T0;
    v->mode = DYGW_MODE_CODE;
    v->request_id = suite_unique_text("r");
    v->attempts = 1;
    v->lease_until = v->next_run_at = T0 + 5000;
    v->sent_at = T0;
    return v;
}

dygw_verification_t *record_succeeded(const dygw_verification_t *before)
{
    dygw_verification_t *v = apr_pmemdup(suite_pool, before, sizeof(*v));

    v->verify_status = DYGW_SUCCESS;
    v->verify_id = suite_unique_text("v");
    v->updated_at = T0 + 80;
    v->verify_time = T0 + 80;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->lease_until = 0;
    v->next_run_at = T0 + 80;
    return v;
}

apr_status_t record_insert(dygw_db_t *db, const dygw_verification_t *v)
{
    return dygw_store_verification_insert(db, &v, 1, NULL, NULL);
}

apr_status_t record_insert_three(dygw_db_t *db, const dygw_verification_t **rows)
{
    return dygw_store_verification_insert(db, rows, 3, NULL, NULL);
}

apr_status_t record_settle(dygw_db_t *db, const dygw_verification_t *v)
{
    int clash;

    return dygw_store_verification_settle(db, &v, 1, &clash);
}

dygw_verification_t *record_get(dygw_db_t *db, apr_int64_t id)
{
    dygw_verification_t *v = NULL;

    assert_int_equal(dygw_store_verification_get(db, id, 0, &v, suite_pool), APR_SUCCESS);
    return v;
}

apr_status_t record_find(dygw_db_t *db, const char *verify_token, const char *encrypted_code,
                         dygw_verification_t **found)
{
    return dygw_store_verification_find(db, verify_token, encrypted_code, found, suite_pool);
}

apr_array_header_t *record_items(dygw_db_t *db, apr_int64_t first_id)
{
    apr_array_header_t *items;

    assert_int_equal(dygw_store_verification_items(db, first_id, &items, suite_pool), APR_SUCCESS);
    return items;
}

static void assert_text(const char *a, const char *b)
{
    if (a && b) {
        assert_string_equal(a, b);
    }
    else {
        assert_ptr_equal(a, b);
    }
}

apr_status_t record_update(dygw_db_t *db, dygw_verification_t *v)
{
    int clash;

    return dygw_store_verification_update(db, &v, 1, &clash);
}

void assert_same_origin(const dygw_verification_t *a, const dygw_verification_t *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->app_id, b->app_id);
    assert_text(a->app_name, b->app_name);
    assert_text(a->poi_id, b->poi_id);
    assert_text(a->store, b->store);
    assert_text(a->account_id, b->account_id);
    assert_text(a->encrypted_code, b->encrypted_code);
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->mode, b->mode);
    assert_text(a->operator_name, b->operator_name);
    assert_text(a->device, b->device);
    assert_text(a->request_id, b->request_id);
    assert_text(a->request_key, b->request_key);
    assert_text(a->verify_token, b->verify_token);
    assert_int_equal(a->item_no, b->item_no);
    assert_int_equal(a->item_count, b->item_count);
    assert_int_equal(a->first_id, b->first_id);
}

void assert_same_outcome(const dygw_verification_t *a, const dygw_verification_t *b)
{
    assert_int_equal(a->verify_status, b->verify_status);
    assert_int_equal(a->error_code, b->error_code);
    assert_text(a->error_description, b->error_description);
    assert_text(a->certificate_id, b->certificate_id);
    assert_text(a->origin_code, b->origin_code);
    assert_int_equal(a->coupon_status, b->coupon_status);
    assert_text(a->product_id, b->product_id);
    assert_text(a->product_name, b->product_name);
    assert_text(a->sku_id, b->sku_id);
    assert_text(a->sku_name, b->sku_name);
    assert_int_equal(a->verify_records_count, b->verify_records_count);
    assert_text(a->verify_id, b->verify_id);
    assert_text(a->order_id, b->order_id);
    assert_text(a->source_order_id, b->source_order_id);
    assert_int_equal(a->pay_amount, b->pay_amount);
    assert_int_equal(a->receipt_amount, b->receipt_amount);
    assert_int_equal(a->discount_amount, b->discount_amount);
    assert_int_equal(a->enrichment_status, b->enrichment_status);
    assert_text(a->douyin_response, b->douyin_response);
    assert_int_equal(a->expire_time, b->expire_time);
    assert_int_equal(a->verify_time, b->verify_time);
    assert_int_equal(a->updated_at, b->updated_at);
    assert_int_equal(a->cancelable_until, b->cancelable_until);
    assert_int_equal(a->confirmed_by, b->confirmed_by);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->lease_until, b->lease_until);
    assert_int_equal(a->next_run_at, b->next_run_at);
    assert_int_equal(a->sent_at, b->sent_at);
    assert_int_equal(a->review_since, b->review_since);
}

void assert_same_work(const dygw_verification_t *a, const dygw_verification_t *b)
{
    assert_text(a->ext_order_id, b->ext_order_id);
    assert_int_equal(a->order_status, b->order_status);
    assert_int_equal(a->enrichment_retry_count, b->enrichment_retry_count);
    assert_int_equal(a->create_order_time, b->create_order_time);
    assert_int_equal(a->pay_time, b->pay_time);
    assert_int_equal(a->repeats, b->repeats);
    assert_int_equal(a->asks, b->asks);
    assert_int_equal(a->already, b->already);
    assert_int_equal(a->cancel_since, b->cancel_since);
    assert_int_equal(a->cancels, b->cancels);
    assert_int_equal(a->news, b->news);
    assert_int_equal(a->errand_at, b->errand_at);
    assert_int_equal(a->enrich_since, b->enrich_since);
    assert_text(a->last_error, b->last_error);
}

/* Every member with a value of its own. */
dygw_verification_t *record_full(void)
{
    dygw_verification_t *v = record_processing();

    v->app_id = APR_INT64_C(9007199254740991);
    v->error_code = -4;
    v->error_description = "\xe5\xb7\xb2\xe6\xa0\xb8\xe9\x94\x80 50% %s \xf0\x9f\x8e\xab";
    v->certificate_id = suite_unique_text("7");
    v->origin_code = "123456789012";
    v->coupon_status = DYGW_COUPON_REFUND_REQUESTED;
    v->product_id = "p1";
    v->product_name = "it's \"quoted\" \\ and ; -- so";
    v->sku_id = "s1";
    v->sku_name = "\xf0\x9f\x8d\x9c";
    v->verify_records_count = 3;
    v->verify_id = suite_unique_text("v");
    v->order_id = "1001";
    v->source_order_id = "1002";
    v->ext_order_id = "e-1";
    v->order_status = 201;
    v->pay_amount = 9900;
    v->receipt_amount = APR_INT64_C(9007199254740990);
    v->discount_amount = 0;
    v->enrichment_status = DYGW_ENRICH_SKIPPED;
    v->enrichment_retry_count = 5;
    v->douyin_response = "{\"verify\":{\"a\":12345678901234567890}}";
    v->expire_time = T0 + 1;
    v->verify_time = T0 + 2;
    v->create_order_time = T0 + 3;
    v->pay_time = T0 + 4;
    v->updated_at = T0 + 5;
    v->mode = DYGW_MODE_ENCRYPTED_CODE;
    v->operator_name = "\xe5\xbc\xa0\xe4\xb8\x89";
    v->device = "till 1";
    v->cancelable_until = T0 + 6;
    v->confirmed_by = DYGW_BY_STATUS_QUERY;
    v->item_no = 2;
    v->item_count = 3;
    v->first_id = v->id - 2;
    v->attempts = 4;
    v->sent_at = T0 + 7;
    v->repeats = 6;
    v->asks = 8;
    v->already = 1;
    v->review_since = T0 + 8;
    v->cancel_since = T0 + 9;
    v->cancels = 2;
    v->news = 1;
    v->errand_at = T0 + 10;
    v->enrich_since = T0 + 11;
    v->last_error = "no answer in time";
    v->request_key = suite_unique_text("request");
    return v;
}

const char *record_end_of_three(void)
{
    return suite_host[0].dialect == DYGW_PGSQL ? "dygw_insert_together" : "COMMIT";
}

/* Three uses of one card in one request. */
const dygw_verification_t **record_three(void)
{
    const dygw_verification_t **rows = apr_palloc(suite_pool, 3 * sizeof(*rows));
    dygw_verification_t *first = record_processing();
    int i;

    for (i = 0; i < 3; i++) {
        dygw_verification_t *v = apr_pmemdup(suite_pool, first, sizeof(*v));

        v->id = i == 0 ? first->id : suite_unique();
        v->item_no = i;
        v->item_count = 3;
        rows[i] = v;
    }
    return rows;
}
