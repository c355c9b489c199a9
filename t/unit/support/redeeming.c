/* SPDX-License-Identifier: Apache-2.0
 * A redemption under test: its request, its outcome, and checks. */
#include "redeeming.h"

#include <apr_general.h>

#include "util/compiler.h"

dygw_gateway_t *gateway;
dygw_redeem_request_t request;
dygw_redeem_result_t out;

void start_anew(void)
{
    gateway = fake_world(pool);
    request = (dygw_redeem_request_t){
        .app_id = 3,
        .app_name = "till",
        .poi_id = POI,
        .mode = DYGW_MODE_CODE,
        .code = "123456789012",
        .count = 1,
        .operator_name = "wang",
        .device = "till-1",
        .ext_order_id = "A-1",
        .request_id = "req-1",
    };
}

int set_up(void **state)
{
    make_pool(state);
    start_anew();
    return 0;
}

void use_encrypted_code(void)
{
    request.mode = DYGW_MODE_ENCRYPTED_CODE;
    request.code = NULL;
    request.encrypted_code = "enc-9";
    request.verify_token = "vt-9";
    request.order_id = "order-9";
    request.certificate_id = "cert-9";
}

void redeem(void)
{
    dygw_redeem(FAKE_CTX(gateway, pool), &request, &out);
}

const dygw_verification_t *item(int number)
{
    assert_int_equal(out.result.code, DYGW_OK);
    assert_true(number < out.count);
    return out.verifications[number];
}

void check_told_as_recorded(void)
{
    for (int i = 0; i < out.count; i++) {
        assert_memory_equal(out.verifications[i], fake_store_row(i), sizeof(*out.verifications[i]));
    }
}

void check_unknown(int number, int attempts)
{
    const dygw_verification_t *v = item(number);

    assert_int_equal(v->verify_status, DYGW_PROCESSING);
    assert_true(v->error_code == 0);
    assert_null(v->error_description);
    assert_null(v->verify_id);
    assert_int_equal(v->attempts, attempts);
    assert_true(v->lease_until == 0);
    assert_true(v->next_run_at == dygw_now() + 5000);
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_PENDING);
}

void check_failed(int number, apr_int64_t error_code)
{
    const dygw_verification_t *v = item(number);

    assert_int_equal(v->verify_status, DYGW_FAILED);
    assert_true(v->error_code == error_code);
    assert_non_null(v->error_description);
    assert_true(v->next_run_at == DYGW_NO_TIME);
    assert_true(v->lease_until == 0);
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_SKIPPED);
}
