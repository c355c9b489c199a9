/* SPDX-License-Identifier: Apache-2.0
 * Several merchants behind one application: each call names the account of its own coupon.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/cancel.c gateway/redeem/earlier.c
 * links: gateway/redeem/lookup.c gateway/redeem/prepare.c gateway/redeem/redeem.c
 * links: gateway/redeem/why.c gateway/settle/amounts.c gateway/settle/attribution.c
 * links: gateway/settle/cancelled.c gateway/settle/enrich.c gateway/settle/fit.c
 * links: gateway/settle/follow_up.c gateway/settle/follow_up_row.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/orphan.c gateway/settle/pace.c
 * links: gateway/settle/repeat.c gateway/settle/sale.c gateway/settle/settle.c
 * links: gateway/settle/settle_state.c gateway/token.c gateway/unusable.c
 * links: store/verification/words.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c settling.c own_pool.c
 * helpers: fake_look.c */
#include "support/redeeming.h"
#include "support/settling.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/redeem/cancel.h"
#include "util/compiler.h"

#define OURS  "1000" /* DygwAccountId */
#define EAST  "1001" /* of two stores */
#define WEST  "1002"
#define PLAIN "7000000000000000003" /* poi_id of a declared store without an account */

static dygw_declared_t *declared;

apr_status_t dygw_store_verification_update_one(dygw_db_t *db, dygw_verification_t *row)
{
    int clash;

    return dygw_store_verification_update(db, &row, 1, &clash);
}

static dygw_declared_store_t *declare(const char *code, const char *poi_id, const char *account_id)
{
    dygw_declared_store_t *store = apr_pcalloc(pool, sizeof(*store));
    const char *field;

    store->code = code;
    store->poi_id = poi_id;
    store->account_id = account_id;
    assert_null(dygw_declared_add_store(declared, store, &field));
    return store;
}

/* The store of the helpers' rows and requests is one of EAST's. */
static dygw_declared_store_t *east;

static int declare_all(void **state)
{
    set_up(state);
    declared = dygw_declared_create(pool);
    east = declare("east", POI, EAST);
    declare("west", "7000000000000000002", WEST);
    declare("plain", PLAIN, NULL);
    declare("north", "7000000000000000004", EAST);
    gateway->declared = declared;
    gateway->account_id = OURS;
    return 0;
}

static void check_accounts(const char *expected)
{
    assert_string_equal(fake_accounts(), expected);
}

/* --- whose a store and a record are --- */

static void a_store_has_its_own_account_or_the_one_of_all(DYGW_UNUSED void **state)
{
    assert_string_equal(dygw_account_of_poi(gateway, POI), EAST);
    assert_string_equal(dygw_account_of_poi(gateway, PLAIN), OURS);
    assert_string_equal(dygw_account_of_poi(gateway, "7999"), OURS);
    assert_string_equal(dygw_account_of_poi(gateway, NULL), OURS);
    gateway->account_id = NULL;
    assert_string_equal(dygw_account_of_poi(gateway, POI), EAST);
    assert_null(dygw_account_of_poi(gateway, PLAIN));
    gateway->declared = NULL;
    assert_null(dygw_account_of_poi(gateway, POI));
}

static void a_record_keeps_its_account_whatever_is_configured_later(DYGW_UNUSED void **state)
{
    dygw_verification_t v;

    dygw_verification_init(&v);
    v.poi_id = POI;
    assert_string_equal(dygw_account_of(gateway, &v), EAST);
    v.account_id = WEST;
    assert_string_equal(dygw_account_of(gateway, &v), WEST);
}

static void what_was_recorded_of_a_store_that_is_not_declared_is_corrected_by_the_configuration(
    DYGW_UNUSED void **state)
{
    dygw_verification_t v;

    dygw_verification_init(&v);
    v.account_id = "1010";
    v.poi_id = "7999";
    assert_string_equal(dygw_account_of(gateway, &v), OURS);
    v.poi_id = POI; /* declared since */
    assert_string_equal(dygw_account_of(gateway, &v), EAST);
    v.store = "east"; /* it was declared then, for a merchant who has gone since */
    assert_string_equal(dygw_account_of(gateway, &v), "1010");
    v.store = NULL;
    v.poi_id = "7999";
    gateway->account_id = NULL;
    assert_string_equal(dygw_account_of(gateway, &v), "1010");
}

static void while_a_file_of_stores_is_left_out_nobody_knows_whose_an_undeclared_store_is(DYGW_UNUSED void **state)
{
    dygw_verification_t v;

    dygw_verification_init(&v);
    v.poi_id = "7999";
    APR_ARRAY_PUSH(declared->left_out, dygw_left_out_t) = (dygw_left_out_t){ "stores.csv", "httpd.conf:7", 0 };
    assert_null(dygw_account_of_poi(gateway, "7999"));
    assert_null(dygw_account_of(gateway, &v));
    assert_string_equal(dygw_account_of_poi(gateway, POI), EAST);
    assert_string_equal(dygw_account_of_poi(gateway, PLAIN), OURS);
    v.account_id = "1010";
    assert_string_equal(dygw_account_of(gateway, &v), "1010");
}

static void each_account_is_one_of_ours_once(DYGW_UNUSED void **state)
{
    const apr_array_header_t *accounts = dygw_accounts(gateway, pool);

    assert_int_equal(accounts->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(accounts, 0, const char *), OURS);
    assert_string_equal(APR_ARRAY_IDX(accounts, 1, const char *), EAST);
    assert_string_equal(APR_ARRAY_IDX(accounts, 2, const char *), WEST);
    for (int i = 0; i < 3; i++) {
        assert_true(dygw_account_is_ours(gateway, APR_ARRAY_IDX(accounts, i, const char *)));
    }
    assert_false(dygw_account_is_ours(gateway, "100"));
    gateway->account_id = NULL;
    assert_false(dygw_account_is_ours(gateway, OURS));
    gateway->declared = NULL;
    assert_false(dygw_account_is_ours(gateway, EAST));
    assert_int_equal(dygw_accounts(gateway, pool)->nelts, 0);
}

/* --- while the caller waits --- */

static void a_redemption_is_made_for_the_account_of_its_store(DYGW_UNUSED void **state)
{
    request.account_id = EAST;
    request.store = "east";
    redeem();
    assert_string_equal(item(0)->account_id, EAST);
    check_accounts("prepare " EAST "; verify " EAST);
}

static void the_verify_of_a_store_that_is_not_declared_has_its_account_in_the_header_alone(DYGW_UNUSED void **state)
{
    request.account_id = OURS;
    request.poi_id = "7999";
    redeem();
    assert_string_equal(item(0)->account_id, OURS);
    check_accounts("prepare " OURS "; verify " OURS " in its header");
}

static void without_any_account_none_is_named(DYGW_UNUSED void **state)
{
    gateway->account_id = NULL;
    gateway->declared = NULL;
    redeem();
    assert_null(item(0)->account_id);
    check_accounts("prepare -; verify -");
}

static void what_the_caller_has_prepared_is_verified_for_the_same_account(DYGW_UNUSED void **state)
{
    dygw_result_t prepared;

    request.account_id = WEST;
    request.store = "west";
    dygw_prepare_only(FAKE_CTX(gateway, pool), &request, &prepared);
    use_encrypted_code();
    redeem();
    check_accounts("prepare " WEST "; verify " WEST);
}

static void stores_are_those_of_the_account_that_is_named_or_of_the_store(DYGW_UNUSED void **state)
{
    dygw_result_t result;

    dygw_stores(FAKE_CTX(gateway, pool), WEST, POI, 1, 20, &result);
    dygw_stores(FAKE_CTX(gateway, pool), NULL, POI, 1, 20, &result);
    dygw_stores(FAKE_CTX(gateway, pool), NULL, NULL, 1, 20, &result);
    check_accounts("stores " WEST "; stores " EAST "; stores " OURS);
}

static dygw_verification_t *redeemed_row(int id, const char *account_id)
{
    dygw_verification_t *v = settling_row(id, 0, 1);

    v->account_id = account_id;
    v->verify_status = DYGW_SUCCESS;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->coupon_status = DYGW_COUPON_USED;
    v->enrichment_status = DYGW_ENRICH_PENDING;
    v->verify_id = apr_psprintf(pool, "v-%d", id - ID + 1);
    v->verify_time = dygw_now();
    v->cancelable_until = dygw_now() + HOUR_MS;
    return v;
}

static void a_cancel_is_made_for_the_account_of_the_record(DYGW_UNUSED void **state)
{
    static const char *const accounts[] = { WEST, NULL };
    dygw_redeem_result_t cancelled;
    int pending;

    for (int i = 0; i < 2; i++) {
        redeemed_row(ID + i, accounts[i]);
        dygw_cancel(FAKE_CTX(gateway, pool), ID + i, 3, &cancelled, &pending);
        assert_int_equal(cancelled.result.code, DYGW_OK);
    }
    check_accounts("cancel " WEST "; cancel " EAST);
}

/* --- afterwards --- */

static int settle(void)
{
    return settling_run(gateway, &dygw_settle_job, ID, pool);
}

static void settling_asks_for_the_account_of_the_record(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = settling_row(ID, 0, 1);

    v->account_id = WEST;
    v->store = "west";
    fake_clock_advance(5000);
    fake_query(DYGW_REPLY_OK, 0); /* shows no coupon: so get is asked, and the verify is repeated */
    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
    settle();
    check_accounts("query " WEST "; get " WEST "; repeat " WEST);
}

/* The account of the configuration has changed, or the store belongs to another merchant now. */
static void a_repetition_has_the_account_of_the_first_call(DYGW_UNUSED void **state)
{
    request.account_id = EAST;
    request.store = "east";
    fake_verify(DYGW_REPLY_TIMEOUT, 0);
    redeem();
    check_accounts("prepare " EAST "; verify " EAST);
    east->account_id = WEST;
    gateway->account_id = "1009";
    fake_clock_advance(5000);
    settling_run(gateway, &dygw_settle_job, item(0)->first_id, pool);
    check_accounts("query " EAST "; repeat " EAST);
}

/* DygwAccountId has been corrected since. */
static void what_is_corrected_counts_for_all_but_a_repetition(DYGW_UNUSED void **state)
{
    request.account_id = "1010";
    request.poi_id = "7999";
    fake_verify(DYGW_REPLY_TIMEOUT, 0);
    redeem();
    check_accounts("prepare 1010; verify 1010 in its header");
    fake_clock_advance(5000);
    settling_run(gateway, &dygw_settle_job, item(0)->first_id, pool);
    check_accounts("query " OURS "; repeat 1010 in its header");
}

/* Its body had none: it was sent by an older version, which had the account in the header. */
static void a_repetition_for_a_record_without_an_account_has_it_in_the_header_alone(DYGW_UNUSED void **state)
{
    settling_row(ID, 0, 1);
    fake_clock_advance(5000);
    settle();
    check_accounts("query " EAST "; repeat " EAST " in its header");
    fake_store_row(0)->poi_id = PLAIN;
    fake_store_row(0)->verify_status = DYGW_PROCESSING;
    fake_store_row(0)->verify_id = NULL;
    fake_clock_advance(60000);
    settle();
    check_accounts("query " OURS "; repeat " OURS " in its header");
}

static void all_rows_of_a_request_are_repeated_for_one_account(DYGW_UNUSED void **state)
{
    dygw_coupons_reply_t *shown;

    for (int i = 0; i < 3; i++) {
        settling_row(ID, i, 3)->account_id = WEST;
        fake_store_row(i)->store = "west";
    }
    fake_clock_advance(5000);
    shown = fake_query(DYGW_REPLY_OK, 0);
    fake_coupon(shown, "enc-1", "cert-1", 1);
    fake_coupon(shown, "enc-2", "cert-2", 1);
    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-3", "cert-3", 1);
    settle();
    check_accounts("query " WEST "; get " WEST "; repeat " WEST);
}

static void a_follow_up_asks_and_cancels_for_the_account_of_the_record(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = redeemed_row(ID, WEST);

    v->cancel_since = v->errand_at = dygw_now();
    fake_cancel(DYGW_REPLY_COUPON, 3000001);
    fake_seen(fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-1", v->verify_time);
    settling_run(gateway, &dygw_follow_up_job, ID, pool);
    check_accounts("cancel " WEST "; get " WEST);
}

static void what_was_redeemed_late_is_taken_back_for_the_account_of_the_record(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = redeemed_row(ID, WEST);
    dygw_seen_verify_t *seen;

    v->verify_status = DYGW_CANCELLED;
    v->attempts = 2;
    v->repeats = 1;
    v->news = DYGW_NEWS_LATE;
    v->errand_at = dygw_now();
    seen = fake_seen(fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-2", dygw_now());
    seen->poi_id = SETTLING_POI;
    settling_run(gateway, &dygw_follow_up_job, ID, pool);
    check_accounts("get " WEST "; cancel " WEST);
}

static void an_order_is_asked_for_with_the_account_of_the_record(DYGW_UNUSED void **state)
{
    gateway->account_id = NULL;
    redeemed_row(ID, WEST);
    settling_run(gateway, &dygw_enrich_job, ID, pool);
    check_accounts("order " WEST "; get " WEST);
    redeemed_row(ID + 1, NULL);
    settling_run(gateway, &dygw_enrich_job, ID + 1, pool);
    check_accounts("order " EAST "; get " EAST);
}

static void without_an_account_no_order_is_asked_for(DYGW_UNUSED void **state)
{
    gateway->account_id = NULL;
    redeemed_row(ID, NULL)->poi_id = PLAIN;
    settling_run(gateway, &dygw_enrich_job, ID, pool);
    check_accounts("");
    assert_non_null(strstr(fake_store_row(0)->last_error, "DygwStoreAccount"));
    assert_non_null(strstr(fake_store_row(0)->last_error, "DygwAccountId"));
}

/* --- what is said of it --- */

static void an_empty_prepare_hints_at_the_account(DYGW_UNUSED void **state)
{
    request.account_id = EAST;
    redeem();
    gateway->declared = NULL;
    gateway->account_id = NULL;
    request.account_id = NULL;
    fake_prepare(DYGW_REPLY_OK, 0);
    redeem();
    assert_int_equal(fake_logged("DYGW0760"), 0);
    gateway->declared = declared;
    request.account_id = EAST;
    fake_prepare(DYGW_REPLY_COUPON, 1208);
    redeem();
    assert_int_equal(fake_logged("DYGW0760"), 0);
    fake_prepare(DYGW_REPLY_OK, 0);
    redeem();
    assert_int_equal(fake_logged("DYGW0760"), 1);
    assert_int_equal(fake_logged("store " POI " and account " EAST), 1);
}

static void a_merchant_that_has_not_authorised_us_is_named(DYGW_UNUSED void **state)
{
    static const struct {
        apr_int64_t code;
        int names;
    } cases[] = { { 1508, 1 }, { 2119005, 1 }, { 3000004, 1 }, { 2190005, 1 }, { 2119013, 0 }, { 2190004, 0 } };

    for (int i = 0; i < 6; i++) {
        const char *words = apr_psprintf(pool, "error_code %" APR_INT64_T_FMT " (account " EAST ")", cases[i].code);

        start_anew();
        request.account_id = EAST;
        fake_verify(DYGW_REPLY_SETUP, cases[i].code);
        redeem();
        assert_int_equal(fake_logged(words), cases[i].names);
    }
}

static void a_trouble_names_the_account_that_it_concerns(DYGW_UNUSED void **state)
{
    redeemed_row(ID, WEST);
    fake_order(DYGW_REPLY_SETUP, 2119005);
    settling_run(gateway, &dygw_enrich_job, ID, pool);
    assert_string_equal(fake_store_row(0)->last_error, "order/query: error_code 2119005 (account " WEST ")");
}

#define ALL(f) cmocka_unit_test_setup_teardown(f, declare_all, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(a_store_has_its_own_account_or_the_one_of_all),
        ALL(a_record_keeps_its_account_whatever_is_configured_later),
        ALL(what_was_recorded_of_a_store_that_is_not_declared_is_corrected_by_the_configuration),
        ALL(while_a_file_of_stores_is_left_out_nobody_knows_whose_an_undeclared_store_is),
        ALL(each_account_is_one_of_ours_once),
        ALL(a_redemption_is_made_for_the_account_of_its_store),
        ALL(the_verify_of_a_store_that_is_not_declared_has_its_account_in_the_header_alone),
        ALL(without_any_account_none_is_named),
        ALL(what_the_caller_has_prepared_is_verified_for_the_same_account),
        ALL(stores_are_those_of_the_account_that_is_named_or_of_the_store),
        ALL(a_cancel_is_made_for_the_account_of_the_record),
        ALL(settling_asks_for_the_account_of_the_record),
        ALL(a_repetition_has_the_account_of_the_first_call),
        ALL(what_is_corrected_counts_for_all_but_a_repetition),
        ALL(a_repetition_for_a_record_without_an_account_has_it_in_the_header_alone),
        ALL(all_rows_of_a_request_are_repeated_for_one_account),
        ALL(a_follow_up_asks_and_cancels_for_the_account_of_the_record),
        ALL(what_was_redeemed_late_is_taken_back_for_the_account_of_the_record),
        ALL(an_order_is_asked_for_with_the_account_of_the_record),
        ALL(without_an_account_no_order_is_asked_for),
        ALL(an_empty_prepare_hints_at_the_account),
        ALL(a_merchant_that_has_not_authorised_us_is_named),
        ALL(a_trouble_names_the_account_that_it_concerns),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_account", tests, NULL, NULL);
}
