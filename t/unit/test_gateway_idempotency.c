/* SPDX-License-Identifier: Apache-2.0
 * One key, one redemption. The table of keys and the redemption itself are played here.
 * links: gateway/ask.c gateway/host.c gateway/redeem/idempotency.c gateway/redeem/lookup.c gateway/token.c
 * links: store/verification/words.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/redeem/idempotency.h"
#include "store/verification/idempotency.h"
#include "util/compiler.h"

static dygw_gateway_t *gateway;
static dygw_redeem_request_t request;
static dygw_redeem_result_t out;

/* --- the table, of one row --- */

static dygw_idempotency_t row;
static int has_row;
static apr_status_t claim_fails, let_go_fails;
static int claims;

apr_status_t dygw_store_idempotency_claim(DYGW_UNUSED dygw_db_t *db, const dygw_idempotency_t *wanted, dygw_ms_t now,
                                          dygw_idempotency_t **held, apr_pool_t *in)
{
    apr_status_t rv = claim_fails;

    fake_event("claim_key");
    claims++;
    claim_fails = APR_SUCCESS;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (has_row && strcmp(row.key, wanted->key) == 0 && strcmp(row.owner, wanted->owner) != 0 && row.expires_at > now
        && (row.first_id || row.running_until > now)) {
        *held = apr_pmemdup(in, &row, sizeof(row));
        return APR_EEXIST;
    }
    row = *wanted;
    has_row = 1;
    return APR_SUCCESS;
}

apr_status_t dygw_store_idempotency_tie(DYGW_UNUSED dygw_db_t *db, const char *key, const char *owner,
                                        apr_int64_t first_id)
{
    fake_event("tie");
    assert_string_equal(key, row.key);
    assert_string_equal(owner, row.owner);
    if (let_go_fails == APR_SUCCESS) {
        row.first_id = first_id;
    }
    return let_go_fails;
}

apr_status_t dygw_store_idempotency_free(DYGW_UNUSED dygw_db_t *db, const char *key, const char *owner)
{
    fake_event("free");
    assert_string_equal(key, row.key);
    assert_string_equal(owner, row.owner);
    if (let_go_fails == APR_SUCCESS && row.first_id == 0) {
        has_row = 0;
    }
    return let_go_fails;
}

apr_status_t dygw_store_idempotency_get(DYGW_UNUSED dygw_db_t *db, const char *key, dygw_ms_t now,
                                        dygw_idempotency_t **held, apr_pool_t *in)
{
    fake_event("get_key");
    if (!has_row || strcmp(row.key, key) != 0 || row.expires_at <= now) {
        return APR_NOTFOUND;
    }
    *held = apr_pmemdup(in, &row, sizeof(row));
    return APR_SUCCESS;
}

/* --- the redemption --- */

static dygw_redeem_result_t redeemed; /* what it comes to */
static int records;                   /* it makes so many */
static int redemptions;

static void insert(apr_int64_t first_id, int count)
{
    dygw_verification_t made[3];
    const dygw_verification_t *pointers[3];
    dygw_db_t *db;

    for (int i = 0; i < count; i++) {
        dygw_verification_init(&made[i]);
        made[i].id = first_id + i;
        made[i].first_id = first_id;
        made[i].app_id = 3;
        made[i].item_no = i;
        made[i].item_count = count;
        pointers[i] = &made[i];
    }
    assert_int_equal(dygw_db_open(&db, gateway->db, &fake_log, pool), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_insert(db, pointers, count, NULL, NULL), APR_SUCCESS);
    dygw_db_close(db);
}

void dygw_redeem(const dygw_ctx_t *ctx, const dygw_redeem_request_t *asked, dygw_redeem_result_t *result)
{
    assert_ptr_equal(ctx->gateway, gateway);
    assert_int_equal(fake_store_open_units(), 0);
    assert_string_equal(asked->key_hash, row.key);
    assert_string_equal(asked->key_owner, row.owner);
    fake_event("redeem");
    redemptions++;
    if (records > 0) {
        insert(100, records);
        assert_int_equal(dygw_request_verifications(FAKE_CTX(gateway, pool), 100, &redeemed), APR_SUCCESS);
        row.first_id = 100;
    }
    *result = redeemed;
}

/* --- */

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    memset(&row, 0, sizeof(row));
    has_row = claims = redemptions = 0;
    claim_fails = let_go_fails = APR_SUCCESS;
    redeemed = (dygw_redeem_result_t){ 0 };
    records = 1;
    request = (dygw_redeem_request_t){
        .app_id = 3,
        .app_name = "till",
        .poi_id = "7012345678901234567",
        .mode = DYGW_MODE_CODE,
        .code = "123456789012",
        .count = 1,
        .operator_name = "wang",
        .device = "till-1",
        .ext_order_id = "A-1",
        .request_id = "req-1",
        .idempotency_key = "order 17/1",
    };
    return 0;
}

static void redeem(void)
{
    dygw_redeem_once(FAKE_CTX(gateway, pool), &request, &out);
}

static void the_key_is_claimed_before_anything_else(DYGW_UNUSED void **state)
{
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.replayed, 0);
    assert_int_equal(strncmp(fake_trace(), "open claim_key close redeem", 27), 0);
    assert_int_equal(strlen(row.key), 64);
    assert_int_equal(strlen(row.fingerprint), 64);
    assert_true(row.running_until == FAKE_START_MS + 60000 + 6 * 5000);
    assert_true(row.expires_at == FAKE_START_MS + APR_INT64_C(48) * 3600 * 1000);
}

static void the_same_again_is_told_as_it_is_now(DYGW_UNUSED void **state)
{
    records = 3;
    redeem();
    fake_store_row(1)->verify_status = DYGW_SUCCESS;
    fake_clock_advance(APR_INT64_C(24) * 3600 * 1000);
    redeem();
    assert_int_equal(redemptions, 1);
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.replayed, 1);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.verifications[1]->verify_status, DYGW_SUCCESS);
}

static void before_there_are_records_it_is_in_progress(DYGW_UNUSED void **state)
{
    redeem();
    row.first_id = 0;
    fake_clock_advance(89999);
    redeem();
    assert_int_equal(redemptions, 1);
    assert_int_equal(out.result.code, DYGW_REQUEST_IN_PROGRESS);
    assert_true(out.result.retry_after > 0);
    assert_int_equal(out.replayed, 0);
}

static void a_request_that_died_is_taken_over(DYGW_UNUSED void **state)
{
    records = 0;
    redeem();
    row.first_id = 0;
    fake_clock_advance(90001);
    redeem();
    assert_int_equal(redemptions, 2);
    assert_int_equal(out.result.code, DYGW_OK);
}

static void other_fields_are_another_request(DYGW_UNUSED void **state)
{
    const char **texts[] = { &request.poi_id,        &request.code,   &request.order_id,    &request.certificate_id,
                             &request.operator_name, &request.device, &request.ext_order_id };

    redeem();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *before = *texts[i];

        *texts[i] = "something else";
        redeem();
        assert_int_equal(out.result.code, DYGW_IDEMPOTENCY_KEY_REUSED);
        *texts[i] = NULL;
        redeem();
        assert_int_equal(out.result.code, before ? DYGW_IDEMPOTENCY_KEY_REUSED : DYGW_OK);
        *texts[i] = before;
    }
    request.count = 2;
    redeem();
    assert_int_equal(out.result.code, DYGW_IDEMPOTENCY_KEY_REUSED);
    row.first_id = 0; /* also while the first is running */
    redeem();
    assert_int_equal(out.result.code, DYGW_IDEMPOTENCY_KEY_REUSED);
    assert_int_equal(redemptions, 1);
}

static void the_mode_is_one_of_the_fields_and_the_verify_token_is_none(DYGW_UNUSED void **state)
{
    request.mode = DYGW_MODE_ENCRYPTED_CODE;
    request.encrypted_code = request.code;
    request.verify_token = "vt-1";
    redeem();
    request.verify_token = "vt-2";
    redeem();
    assert_int_equal(out.replayed, 1);
    request.mode = DYGW_MODE_CODE;
    redeem();
    assert_int_equal(out.result.code, DYGW_IDEMPOTENCY_KEY_REUSED);
}

static void fields_do_not_run_into_each_other(DYGW_UNUSED void **state)
{
    request.operator_name = "a\",\"b";
    request.device = "c";
    redeem();
    request.operator_name = "a";
    request.device = "b\",\"c";
    redeem();
    assert_int_equal(out.result.code, DYGW_IDEMPOTENCY_KEY_REUSED);
}

#define POI "7012345678901234567"

/* Keys live in the database for two days, and hosts of the version before compare them too. These
 * were recorded by the first build: a field that is added must not change them. */
static void recorded_keys_and_fingerprints_are_known_for_ever(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_redeem_request_t request;
        const char *fingerprint;
    } recorded[] = {
        { { .poi_id = POI,
            .mode = DYGW_MODE_CODE,
            .code = "123456789012",
            .count = 1,
            .operator_name = "wang",
            .device = "till-1",
            .ext_order_id = "A-1" },
          "17191469d46c84ad8e24db07c658e1bd7a70a92a4c76a39e126f537c72bcd57e" },
        { { .poi_id = POI, .mode = DYGW_MODE_CODE, .code = "123456789012", .count = 1 },
          "b934b770760ce1e49d1c367fa49681d78355ae93d9620e281ae2a5c282570719" },
        { { .poi_id = POI, .mode = DYGW_MODE_SHORT_LINK, .count = 3, .short_link = "https://v.douyin.com/x/" },
          "eb8f0a6eaca58180bd361168e56df1c7739082d770756fac1ab05a0293e4e985" },
        { { .poi_id = POI,
            .mode = DYGW_MODE_ENCRYPTED_CODE,
            .encrypted_code = "CgwIARDh",
            .verify_token = "token-1",
            .order_id = "1061",
            .certificate_id = "7382",
            .count = 1 },
          "8a265e2403260dcc3b7ae1029d80991a7ad31a5292aad504ecc0b1580ed8cc90" },
        { { .poi_id = POI,
            .mode = DYGW_MODE_CODE,
            .code = "12345678",
            .count = 1,
            .operator_name = "\xE6\x94\xB6\xE9\x93\xB6\xE5\x91\x98 \"1\"",
            .device = "POS\\7" },
          "035215f926a0b901b9ce767d6ecdd47daaf215c6dc8b3eefe0a75cae713d909b" },
    };

    records = 0;
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        request = recorded[i].request;
        request.app_id = 3;
        request.idempotency_key = "order 17/1";
        has_row = 0;
        redeem();
        assert_string_equal(row.key, "f88c1a774a96b0eb8ceb7205386b308a0f3a492ec85b34d73488c21df4e97c92");
        assert_string_equal(row.fingerprint, recorded[i].fingerprint);
    }
}

static const char *fingerprint(void)
{
    records = 0;
    has_row = 0;
    redeem();
    return apr_pstrdup(pool, row.fingerprint);
}

/* As recorded by the first build that knew `store`. The store's poi_id is what httpd.conf says at the
 * time, and no part of what the caller asked for. */
static void a_store_that_was_named_counts_and_not_what_it_stands_for(DYGW_UNUSED void **state)
{
    static const char *const of_store = "268a0829292c7ce35ae899324d26233b2886b35fb007d514cf2d10288b5766fd";

    request.store = "7001";
    request.account_id = "7014065493820573710";
    request.store_named = "7001";
    assert_string_equal(fingerprint(), of_store);
    request.poi_id = "another poi_id";
    request.account_id = NULL;
    assert_string_equal(fingerprint(), of_store);
    request.store_named = "7002";
    assert_string_not_equal(fingerprint(), of_store);
}

static void a_store_that_was_found_by_its_poi_id_does_not_count(DYGW_UNUSED void **state)
{
    static const char *const of_poi = "17191469d46c84ad8e24db07c658e1bd7a70a92a4c76a39e126f537c72bcd57e";

    assert_string_equal(fingerprint(), of_poi);
    request.store = "7001";
    request.account_id = "7014065493820573710";
    assert_string_equal(fingerprint(), of_poi);
}

static void a_store_and_its_poi_id_are_two_requests(DYGW_UNUSED void **state)
{
    redeem();
    request.store = request.store_named = "7001";
    redeem();
    assert_int_equal(out.result.code, DYGW_IDEMPOTENCY_KEY_REUSED);
}

static void a_key_is_an_apps_own(DYGW_UNUSED void **state)
{
    redeem();
    request.app_id = 4;
    records = 0;
    redeem();
    assert_int_equal(redemptions, 2);
}

static void an_error_frees_the_key(DYGW_UNUSED void **state)
{
    records = 0;
    redeemed.result.code = DYGW_UPSTREAM_TIMEOUT;
    redeemed.result.message = "why";
    redeem();
    assert_int_equal(out.result.code, DYGW_UPSTREAM_TIMEOUT);
    assert_string_equal(out.result.message, "why");
    assert_string_equal(fake_trace(), "open claim_key close redeem open free close");
    redeem();
    assert_int_equal(redemptions, 2);
}

static void an_error_is_told_when_the_key_cannot_be_freed(DYGW_UNUSED void **state)
{
    records = 0;
    redeemed.result.code = DYGW_NOT_ENOUGH_COUPONS;
    let_go_fails = APR_EGENERAL;
    redeem();
    assert_int_equal(out.result.code, DYGW_NOT_ENOUGH_COUPONS);
    assert_int_equal(fake_logged("DYGW0455"), 1);
}

static void a_claim_that_was_taken_over_is_not_freed(DYGW_UNUSED void **state)
{
    records = 0;
    redeemed.result.code = DYGW_REQUEST_IN_PROGRESS;
    redeem();
    assert_int_equal(out.result.code, DYGW_REQUEST_IN_PROGRESS);
    assert_non_null(out.result.message);
    assert_true(out.result.retry_after > 0);
    assert_string_equal(fake_trace(), "open claim_key close redeem");
}

static void a_replay_by_verify_token_ties_the_key(DYGW_UNUSED void **state)
{
    insert(700, 2);
    assert_int_equal(dygw_request_verifications(FAKE_CTX(gateway, pool), 700, &redeemed), APR_SUCCESS);
    redeemed.replayed = 1;
    records = 0;
    redeem();
    assert_int_equal(out.replayed, 1);
    assert_true(row.first_id == 700);
}

static void without_database_nothing_is_done(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    claim_fails = APR_TIMEUP;
    redeem();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(redemptions, 0);
}

static void a_claim_is_made_again_when_its_connection_died(DYGW_UNUSED void **state)
{
    claim_fails = APR_EGENERAL;
    redeem();
    assert_int_equal(claims, 2);
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(redemptions, 1);
}

static void look_up(apr_int64_t app_id, const char *key)
{
    dygw_verification_by_key(FAKE_CTX(gateway, pool), key, app_id, &out);
}

static void records_are_found_by_their_key(DYGW_UNUSED void **state)
{
    records = 2;
    redeem();
    look_up(3, "order 17/1");
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.replayed, 0);
    look_up(4, "order 17/1");
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    look_up(3, "order 17/2");
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
}

static void a_key_without_records_is_running_or_came_to_nothing(DYGW_UNUSED void **state)
{
    redeem();
    row.first_id = 0;
    look_up(3, "order 17/1");
    assert_int_equal(out.result.code, DYGW_REQUEST_IN_PROGRESS);
    fake_clock_advance(90001);
    look_up(3, "order 17/1");
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    fake_clock_advance(-3600000); /* set back: no request runs until then */
    look_up(3, "order 17/1");
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    look_up(3, "order 17/1");
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
}

static void records_that_cannot_be_read_are_not_made_anew(DYGW_UNUSED void **state)
{
    redeem();
    fake_store_fail(FAKE_ITEMS, 0, 1, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    row.first_id = 555;
    redeem();
    assert_int_equal(out.result.code, DYGW_CONFLICT);
    assert_int_equal(out.replayed, 0);
    assert_int_equal(redemptions, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_key_is_claimed_before_anything_else),
        TEST(the_same_again_is_told_as_it_is_now),
        TEST(before_there_are_records_it_is_in_progress),
        TEST(a_request_that_died_is_taken_over),
        TEST(other_fields_are_another_request),
        TEST(the_mode_is_one_of_the_fields_and_the_verify_token_is_none),
        TEST(fields_do_not_run_into_each_other),
        TEST(recorded_keys_and_fingerprints_are_known_for_ever),
        TEST(a_store_that_was_named_counts_and_not_what_it_stands_for),
        TEST(a_store_that_was_found_by_its_poi_id_does_not_count),
        TEST(a_store_and_its_poi_id_are_two_requests),
        TEST(a_key_is_an_apps_own),
        TEST(an_error_frees_the_key),
        TEST(an_error_is_told_when_the_key_cannot_be_freed),
        TEST(a_claim_that_was_taken_over_is_not_freed),
        TEST(a_replay_by_verify_token_ties_the_key),
        TEST(without_database_nothing_is_done),
        TEST(a_claim_is_made_again_when_its_connection_died),
        TEST(records_are_found_by_their_key),
        TEST(a_key_without_records_is_running_or_came_to_nothing),
        TEST(records_that_cannot_be_read_are_not_made_anew),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_idempotency", tests, NULL, NULL);
}
