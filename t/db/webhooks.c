/* SPDX-License-Identifier: Apache-2.0
 * dygw_webhooks: each message of Douyin counts once. */
#include "records.h"

#include "util/compiler.h"

#define COLUMN_CHARS 64

static dygw_webhook_t message_about(const char *certificate_id)
{
    dygw_webhook_t message = {
        .msg_id = suite_unique_text("m"),
        .received_at = T0 + 200,
        .event = "life_trade_certificate_notify",
        .action = "verify_cancel",
        .msg_time = T0 + 100,
        .certificate_id = certificate_id,
        .order_id = "1001",
        .account_id = "2002",
        .records = 77,
    };

    return message;
}

static dygw_verification_t *redeemed_for(dygw_db_t *db, const char *account_id)
{
    dygw_verification_t *v = record_succeeded(record_processing());

    v->certificate_id = suite_unique_text("7");
    v->account_id = account_id;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static dygw_verification_t *redeemed(dygw_db_t *db)
{
    return redeemed_for(db, "2002");
}

static dygw_webhook_t *kept(dygw_db_t *db, const char *msg_id)
{
    dygw_webhook_t *message = NULL;

    assert_int_equal(dygw_store_webhook_get(db, msg_id, &message, suite_pool), APR_SUCCESS);
    return message;
}

static void test_a_message_is_kept_and_marks_its_records(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = redeemed(db);
    dygw_webhook_t message = message_about(v->certificate_id);
    dygw_webhook_t *back;

    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    assert_int_equal(message.records, 1);
    assert_int_equal(record_get(db, v->id)->news, 1);
    assert_int_equal(record_get(db, v->id)->errand_at, T0 + 200);
    back = kept(db, message.msg_id);
    assert_string_equal(back->msg_id, message.msg_id);
    assert_int_equal(back->received_at, T0 + 200);
    assert_string_equal(back->event, message.event);
    assert_string_equal(back->action, message.action);
    assert_int_equal(back->msg_time, T0 + 100);
    assert_string_equal(back->certificate_id, v->certificate_id);
    assert_string_equal(back->order_id, "1001");
    assert_string_equal(back->account_id, "2002");
    assert_int_equal(back->records, 1);
    dygw_db_close(db);
}

/* A cancel that is older than the redemption is of the coupon's redemption before. */
static void test_a_cancel_is_told_to_what_was_redeemed_before_it(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);

    for (int is_before = 0; is_before <= 1; is_before++) {
        dygw_verification_t *v = redeemed(db);
        dygw_webhook_t message = message_about(v->certificate_id);
        dygw_verification_t *open = record_processing();

        open->certificate_id = v->certificate_id;
        assert_int_equal(record_insert(db, open), APR_SUCCESS);
        message.cancelled_at = v->verify_time - is_before;
        assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
        assert_int_equal(message.records, 2);
        assert_int_equal(record_get(db, v->id)->news,
                         is_before ? DYGW_NEWS_WEBHOOK : DYGW_NEWS_WEBHOOK | DYGW_NEWS_CANCEL);
        assert_int_equal(record_get(db, open->id)->news, DYGW_NEWS_WEBHOOK | DYGW_NEWS_CANCEL);
        assert_int_equal(record_get(db, v->id)->errand_at, T0 + 200);
    }
    dygw_db_close(db);
}

static void test_a_message_that_comes_again_changes_nothing(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = redeemed(db);
    dygw_webhook_t message = message_about(v->certificate_id);

    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    message.received_at++;
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_EEXIST);
    assert_int_equal(record_get(db, v->id)->revision, 1);
    assert_int_equal(record_get(db, v->id)->errand_at, T0 + 200);
    assert_int_equal(kept(db, message.msg_id)->received_at, T0 + 200);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_message_about_nothing_of_ours_is_kept(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_webhook_t unknown = message_about(suite_unique_text("7"));
    dygw_webhook_t bare = { .msg_id = suite_unique_text("m"), .received_at = T0, .msg_time = DYGW_NO_TIME };
    dygw_webhook_t *none;

    assert_int_equal(dygw_store_webhook_insert(db, &unknown), APR_SUCCESS);
    assert_int_equal(unknown.records, 0);
    assert_int_equal(dygw_store_webhook_insert(db, &bare), APR_SUCCESS);
    assert_null(kept(db, bare.msg_id)->event);
    assert_null(kept(db, bare.msg_id)->certificate_id);
    assert_int_equal(kept(db, bare.msg_id)->msg_time, DYGW_NO_TIME);
    assert_int_equal(dygw_store_webhook_get(db, suite_unique_text("m"), &none, suite_pool), APR_NOTFOUND);
    dygw_db_close(db);
}

static void test_a_record_with_another_account_is_found(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *coupon = redeemed(db)->certificate_id;
    const char *other = NULL;

    assert_int_equal(dygw_store_verification_other_account(db, coupon, "2002", &other, suite_pool), APR_NOTFOUND);
    assert_int_equal(dygw_store_verification_other_account(db, suite_unique_text("7"), "9", &other, suite_pool),
                     APR_NOTFOUND);
    assert_null(other);
    assert_int_equal(dygw_store_verification_other_account(db, coupon, "9", &other, suite_pool), APR_SUCCESS);
    assert_string_equal(other, "2002");
    dygw_db_close(db);
}

static void test_a_record_without_an_account_has_no_other(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *coupon = redeemed_for(db, NULL)->certificate_id;
    const char *other = NULL;

    assert_int_equal(dygw_store_verification_other_account(db, coupon, "9", &other, suite_pool), APR_NOTFOUND);
    dygw_db_close(db);
}

/* --- refunds --- */

static dygw_webhook_t refund_of(const char *certificate_id)
{
    dygw_webhook_t message = message_about(certificate_id);

    message.event = "life_hermes_akte_after_sale_audit";
    message.action = NULL;
    message.sale_look_at = T0 + 60200;
    return message;
}

static dygw_verification_t *use_of(dygw_db_t *db, const char *certificate_id, dygw_verify_status_e status)
{
    dygw_verification_t *v = record_processing();

    if (status == DYGW_SUCCESS || status == DYGW_CANCELLED) {
        record_succeeded(v);
    }
    v->verify_status = status;
    v->certificate_id = certificate_id;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static void test_a_refund_marks_what_was_redeemed_and_what_may_be(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *card = suite_unique_text("7");
    dygw_verification_t *first = use_of(db, card, DYGW_SUCCESS);
    dygw_verification_t *second = use_of(db, card, DYGW_SUCCESS);
    dygw_verification_t *open = use_of(db, card, DYGW_PROCESSING);
    dygw_verification_t *failed = use_of(db, card, DYGW_FAILED);
    dygw_verification_t *cancelled = use_of(db, card, DYGW_CANCELLED);
    dygw_verification_t *another = use_of(db, suite_unique_text("7"), DYGW_SUCCESS);
    dygw_webhook_t message = refund_of(card);
    const dygw_verification_t *v;

    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    assert_int_equal(message.records, 3);
    assert_string_equal(kept(db, message.msg_id)->event, "life_hermes_akte_after_sale_audit");
    assert_int_equal(kept(db, message.msg_id)->sale_look_at, 0);
    v = record_get(db, first->id);
    assert_int_equal(v->after_sale, DYGW_AFTER_SALE_REQUESTED);
    assert_int_equal(v->after_sale_since, T0 + 200);
    assert_int_equal(v->news, DYGW_NEWS_SALE);
    assert_int_equal(v->errand_at, T0 + 60200);
    assert_int_equal(v->verify_status, DYGW_SUCCESS);
    assert_int_equal(v->revision, 1);
    assert_int_equal(record_get(db, second->id)->after_sale, DYGW_AFTER_SALE_REQUESTED);
    v = record_get(db, open->id);
    assert_int_equal(v->after_sale, DYGW_AFTER_SALE_NONE);
    assert_int_equal(v->news, DYGW_NEWS_SALE);
    assert_int_equal(v->errand_at, DYGW_NO_TIME);
    assert_int_equal(v->next_run_at, open->next_run_at);
    assert_int_equal(record_get(db, failed->id)->revision, 0);
    assert_int_equal(record_get(db, cancelled->id)->revision, 0);
    assert_int_equal(record_get(db, another->id)->revision, 0);
    dygw_db_close(db);
}

static void test_what_is_decided_or_due_before_is_left(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_after_sale_e before, after;
        int news;
        dygw_ms_t errand_at, due;
    } cases[] = {
        { DYGW_AFTER_SALE_REFUSED, DYGW_AFTER_SALE_REQUESTED, 0, DYGW_NO_TIME, T0 + 60200 },
        { DYGW_AFTER_SALE_CLOSED, DYGW_AFTER_SALE_REQUESTED, 0, T0 + 99999999, T0 + 60200 },
        { DYGW_AFTER_SALE_REQUESTED, DYGW_AFTER_SALE_REQUESTED, DYGW_NEWS_SALE, T0 + 50, T0 + 50 },
        { DYGW_AFTER_SALE_AGREED, DYGW_AFTER_SALE_AGREED, DYGW_NEWS_LATE, T0 + 5, T0 + 5 },
        { DYGW_AFTER_SALE_REFUNDED, DYGW_AFTER_SALE_REFUNDED, 0, DYGW_NO_TIME, T0 + 60200 },
    };
    dygw_db_t *db = suite_open(0);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dygw_verification_t *v = record_succeeded(record_processing());
        dygw_webhook_t message;

        v->certificate_id = suite_unique_text("7");
        v->after_sale = cases[i].before;
        v->news = cases[i].news;
        v->errand_at = cases[i].errand_at;
        assert_int_equal(record_insert(db, v), APR_SUCCESS);
        message = refund_of(v->certificate_id);
        assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
        assert_int_equal(message.records, 1);
        v = record_get(db, v->id);
        assert_int_equal(v->after_sale, cases[i].after);
        assert_int_equal(v->news, cases[i].news | DYGW_NEWS_SALE);
        assert_int_equal(v->errand_at, cases[i].due);
        assert_int_equal(v->after_sale_since, T0 + 200);
    }
    dygw_db_close(db);
}

/* A row whose customer wants his money back. */
static dygw_verification_t *sale_of(dygw_db_t *db, dygw_verify_status_e status, dygw_after_sale_e after_sale, int news,
                                    dygw_ms_t errand_at)
{
    dygw_verification_t *v = record_processing();

    v->verify_status = status;
    v->enrichment_status = DYGW_ENRICH_SKIPPED;
    v->next_run_at = DYGW_NO_TIME;
    v->after_sale = after_sale;
    v->news = news;
    v->errand_at = errand_at;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

/* A host of version 5 has taken them for follow-ups, and ended those. */
static void test_a_refund_that_was_dropped_is_due_again(DYGW_UNUSED void **state)
{
    static const dygw_after_sale_e followed[]
        = { DYGW_AFTER_SALE_REQUESTED, DYGW_AFTER_SALE_AGREED, DYGW_AFTER_SALE_REFUSED };
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *dropped[3];
    dygw_verification_t *left[4];
    int count;

    suite_do("UPDATE dygw_verifications SET news = 0");
    for (int i = 0; i < 3; i++) {
        dropped[i] = sale_of(db, DYGW_SUCCESS, followed[i], DYGW_NEWS_SALE, DYGW_NO_TIME);
    }
    left[0] = sale_of(db, DYGW_PROCESSING, DYGW_AFTER_SALE_REQUESTED, DYGW_NEWS_SALE, DYGW_NO_TIME);
    left[1] = sale_of(db, DYGW_SUCCESS, DYGW_AFTER_SALE_REQUESTED, DYGW_NEWS_SALE, T0 + 1000);
    left[2] = sale_of(db, DYGW_SUCCESS, DYGW_AFTER_SALE_REFUSED, 0, DYGW_NO_TIME);
    left[3] = sale_of(db, DYGW_SUCCESS, DYGW_AFTER_SALE_REFUNDED, DYGW_NEWS_SALE, DYGW_NO_TIME);
    assert_int_equal(dygw_store_verification_resume_sales(db, T0, 2, &count), APR_SUCCESS);
    assert_int_equal(count, 2);
    assert_int_equal(dygw_store_verification_resume_sales(db, T0, 1000, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(record_get(db, dropped[i]->id)->errand_at, T0);
        assert_int_equal(record_get(db, dropped[i]->id)->revision, 1);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(record_get(db, left[i]->id)->errand_at, left[i]->errand_at);
        assert_int_equal(record_get(db, left[i]->id)->revision, 0);
    }
    assert_int_equal(dygw_store_verification_resume_sales(db, T0, 1000, &count), APR_SUCCESS);
    assert_int_equal(count, 0);
    dygw_db_close(db);
}

static void test_long_words_of_a_message_are_cut(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_webhook_t message = message_about(NULL);
    char text[4 * COLUMN_CHARS];

    memset(text, 'w', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    message.action = message.order_id = text;
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    assert_int_equal(strlen(kept(db, message.msg_id)->action), COLUMN_CHARS);
    assert_int_equal(strlen(kept(db, message.msg_id)->order_id), COLUMN_CHARS);
    dygw_db_close(db);
}

static void test_a_message_that_cannot_be_kept_marks_nothing(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = redeemed(db);
    dygw_webhook_t warm = message_about(NULL);
    dygw_webhook_t message = message_about(v->certificate_id);

    assert_int_equal(dygw_store_webhook_insert(db, &warm), APR_SUCCESS);
    wire_refuse("dygw_webhook_put", 1, 1);
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_EGENERAL);
    assert_int_equal(record_get(db, v->id)->news, 0);
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    assert_int_equal(record_get(db, v->id)->news, 1);
    dygw_db_close(db);
}

/* SQLite's connection cannot be lost inside a transaction. */
static void test_a_message_whose_commit_s_answer_is_lost_is_kept_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    dygw_verification_t *v;
    dygw_webhook_t message;

    if (suite_host[0].dialect == DYGW_SQLITE3) {
        skip();
    }
    db = suite_open(0);
    v = redeemed(db);
    message = message_about(v->certificate_id);
    wire_lose_answer("COMMIT");
    assert_int_equal(dygw_store_webhook_insert(db, &message), APR_SUCCESS);
    assert_int_equal(message.records, 1);
    assert_int_equal(record_get(db, v->id)->revision, 1);
    dygw_db_close(db);
}

void suite_webhooks(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_message_is_kept_and_marks_its_records),
        SUITE_TEST(test_a_cancel_is_told_to_what_was_redeemed_before_it),
        SUITE_TEST(test_a_message_that_comes_again_changes_nothing),
        SUITE_TEST(test_a_message_about_nothing_of_ours_is_kept),
        SUITE_TEST(test_a_record_with_another_account_is_found),
        SUITE_TEST(test_a_record_without_an_account_has_no_other),
        SUITE_TEST(test_a_refund_marks_what_was_redeemed_and_what_may_be),
        SUITE_TEST(test_what_is_decided_or_due_before_is_left),
        SUITE_TEST(test_a_refund_that_was_dropped_is_due_again),
        SUITE_TEST(test_long_words_of_a_message_are_cut),
        SUITE_TEST(test_a_message_that_cannot_be_kept_marks_nothing),
        SUITE_TEST(test_a_message_whose_commit_s_answer_is_lost_is_kept_once),
    };

    SUITE_ADD(tests);
}
