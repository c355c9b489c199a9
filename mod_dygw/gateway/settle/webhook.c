/* SPDX-License-Identifier: Apache-2.0
 * Webhooks: messages that Douyin sends of its own accord. They come late, twice, out of order or
 * never, and say less than a query does. So a message changes no outcome: it is kept, and makes the
 * verifications of its coupon due, so that the background looks at the coupon, or at the refund
 * that its customer asks for. */
#include "gateway/settle/webhook.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/settle/sale.h"
#include "store/webhook.h"
#include "util/json.h"
#include "util/jsonw.h"
#include "util/spelling.h"

#define URL_CHECK      "verify_webhook"
#define COUPON_CHANGED "life_trade_certificate_notify"
#define CANCELLED      "verify_cancel"
#define REFUND_ASKED   "life_hermes_akte_after_sale_audit"
#define CHALLENGE_MAX  256 /* bytes, the most of a challenge that is a text */
#define MSG_ID_MAX     128
#define EVENT_NAME_MAX 64
#define ACCOUNT_MAX    64
#define SECOND_MS      1000
#define NOTHING_TO_SAY "{}"

/* A message about a coupon, and whose the coupon is. */
typedef struct received_t {
    dygw_webhook_t change;
    int may_differ;            /* its account is one of several of ours */
    const char *other_account; /* of a record of the coupon; NULL: none has another one */
} received_t;

/* Returns the message's `content`, which Douyin writes as an object, or as a text that holds one.
 * NULL: it is neither. */
static const json_t *webhook_content(const json_t *message, apr_pool_t *pool)
{
    const json_t *content = json_object_get(message, "content");
    const char *error;

    if (json_is_string(content)) {
        content = dygw_json_parse(json_string_value(content), json_string_length(content),
                                  DYGW_JSON_LENIENT, pool, &error);
    }
    return json_is_object(content) ? content : NULL;
}

static int message_is_event(const json_t *message, const char *name)
{
    const char *event = dygw_json_str(message, "event");

    return event && strcmp(event, name) == 0;
}

/* --- the check of the URL --- */

/* Returns the challenge to send back. NULL: the message is no check, or its challenge is too
 * long. */
static const json_t *url_check_challenge(const json_t *message, apr_pool_t *pool)
{
    const json_t *challenge = message_is_event(message, URL_CHECK)
                                  ? json_object_get(webhook_content(message, pool), "challenge")
                                  : NULL;

    if (json_is_integer(challenge)
        || (json_is_string(challenge) && json_string_length(challenge) <= CHALLENGE_MAX)) {
        return challenge;
    }
    return NULL;
}

static const char *echo_challenge(const json_t *challenge, apr_pool_t *pool)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, CHALLENGE_MAX + sizeof(NOTHING_TO_SAY));
    dygw_jsonw_object(&w, NULL);
    if (json_is_integer(challenge)) {
        dygw_jsonw_int(&w, "challenge", json_integer_value(challenge));
    }
    else {
        dygw_jsonw_string(&w, "challenge", json_string_value(challenge));
    }
    dygw_jsonw_end_object(&w);
    return w.text;
}

int dygw_webhook_is_url_check(const char *body, apr_size_t len, apr_pool_t *pool)
{
    const char *error;

    return url_check_challenge(dygw_json_parse(body, len, DYGW_JSON_LENIENT, pool, &error), pool)
           != NULL;
}

/* --- a coupon has changed, or is to be refunded --- */

/* Returns a name for the message that is made of what the signature covers: the body. The Msg-Id of
 * the header is not covered: whoever has seen a message can change it. Besides, Douyin gives one
 * Msg-Id to all messages of one coupon and action: a second cancellation has that of the first. */
static const char *hash_name(const char *body, apr_size_t len, apr_pool_t *pool)
{
    char hash[DYGW_SHA256_HEX_LEN + 1];

    dygw_sha256_hex(body, len, hash);
    return apr_pstrcat(pool, "sha256:", hash, NULL);
}

/* Returns the account that a message is about, wherever its event has that: a text in all samples
 * of Douyin's, but other ids come as numbers, too. NULL: it names none. */
static const char *account_of_content(const json_t *content, apr_pool_t *pool)
{
    const char *account = dygw_json_id(json_object_get(content, "certificate"), "account_id", pool);

    if (!account) {
        account = dygw_json_id(json_object_get(content, "order"), "account_id", pool);
    }
    return account ? account : dygw_json_id(content, "account_id", pool);
}

static void read_coupon_change(const json_t *content, apr_pool_t *pool, dygw_webhook_t *change)
{
    const json_t *certificate = json_object_get(content, "certificate");

    change->received_at = dygw_now();
    change->event = COUPON_CHANGED;
    change->action = dygw_json_str(content, "action");
    change->msg_time = dygw_time_from_douyin(dygw_json_int(content, "msg_time", 0));
    change->certificate_id = dygw_json_id(certificate, "certificate_id", pool);
    change->order_id = dygw_json_id(certificate, "order_id", pool);
    change->account_id = account_of_content(content, pool);
    if (change->action && strcmp(change->action, CANCELLED) == 0) {
        /* msg_time is in whole seconds and stands for its second. */
        change->cancelled_at = change->msg_time == DYGW_NO_TIME ? change->received_at
                                                                : change->msg_time + SECOND_MS - 1;
    }
}

/* A customer asks for his money back although the coupon was redeemed. Of what the message says the
 * ids and the time are read, and nothing else is kept: apply_reason has the customer's own words.
 */
static void read_refund_asked(const json_t *content, apr_pool_t *pool, dygw_webhook_t *change)
{
    change->received_at = dygw_now();
    change->event = REFUND_ASKED;
    change->msg_time = dygw_time_from_douyin(dygw_json_int(content, "refund_time", 0));
    change->certificate_id = dygw_json_id(content, "certificate_id", pool);
    change->order_id = dygw_json_id(content, "order_id", pool);
    change->account_id = account_of_content(content, pool);
    change->sale_look_at = change->received_at + DYGW_SALE_FIRST_MS;
}

/* Keeps the message; then looks whether a record of its coupon has another account. Where the
 * database does not tell that, nothing is missing. */
static apr_status_t insert_message(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    received_t *received = baton;
    const dygw_webhook_t *change = &received->change;
    apr_status_t rv = dygw_store_webhook_insert(db, &received->change);

    if (rv == APR_SUCCESS && change->records > 0 && received->may_differ) {
        (void)dygw_store_verification_other_account(db, change->certificate_id, change->account_id,
                                                    &received->other_account, ctx->pool);
    }
    return rv;
}

/* Returns the text if it is written as Douyin writes events and actions, so that it may stand in a
 * log; else "?". */
static const char *printable_name(const char *text)
{
    apr_size_t len = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz_") : 0;

    return len > 0 && len <= EVENT_NAME_MAX && text[len] == '\0' ? text : "?";
}

/* Returns the Msg-Id, by which Douyin's support can find a message, if it may stand in a log; else
 * "?". */
static const char *printable_id(const char *msg_id)
{
    apr_size_t len;

    for (len = 0; msg_id && msg_id[len] > ' ' && msg_id[len] <= '~'; len++) {}
    return msg_id && len > 0 && len <= MSG_ID_MAX && msg_id[len] == '\0' ? msg_id : "?";
}

/* Returns the account if it may stand in a log; else "?". */
static const char *printable_account(const char *account)
{
    return dygw_spelled(account, 1, ACCOUNT_MAX, "_-") ? account : "?";
}

/* One address gets the messages of all merchants of the application, also of those whom another
 * gateway serves. And which account Douyin names where stores settle separately is not documented:
 * so the coupon decides, whatever the account. */
static void log_account(const dygw_gateway_t *gateway, const char *account, const dygw_log_t *log)
{
    if (account && (gateway->account_id || gateway->declared)
        && !dygw_account_is_ours(gateway, account)) {
        dygw_log_rarely(log, INFO, printable_account(account), 0,
                        DYGWNO(0761) "Douyin tells of account %s, which is neither DygwAccountId "
                                     "nor a DygwStoreAccount",
                        printable_account(account));
    }
}

static void log_other_account(const received_t *received, const dygw_log_t *log)
{
    if (received->other_account) {
        dygw_log_rarely(
            log, WARN, received->other_account, 0,
            DYGWNO(0762) "Douyin tells of coupon %.32s of account %s, which is recorded "
                         "with account %s: is its store declared with the right one?",
            received->change.certificate_id, printable_account(received->change.account_id),
            received->other_account);
    }
}

static void log_change(const dygw_webhook_t *change, const char *msg_id, apr_status_t rv,
                       const dygw_log_t *log)
{
    if (change->sale_look_at > 0) {
        dygw_log(log, INFO, 0,
                 DYGWNO(0880) "Douyin tells that a refund of coupon %.32s is asked for, which was "
                              "redeemed; %d records are about it%s (Msg-Id %s)",
                 change->certificate_id, change->records,
                 rv == APR_EEXIST ? ", and it was told before" : "", printable_id(msg_id));
        return;
    }
    dygw_log(log, INFO, 0,
             DYGWNO(0450) "Douyin tells of coupon %.32s: %s; %d records are about it%s (Msg-Id %s)",
             change->certificate_id, printable_name(change->action), change->records,
             rv == APR_EEXIST ? ", and it was told before" : "", printable_id(msg_id));
}

static void count_message(const dygw_gateway_t *gateway, dygw_webhook_series_e what)
{
    dygw_count(gateway->metrics, DYGW_COUNT_WEBHOOKS, what);
}

static void take_coupon_change(const dygw_ctx_t *ctx, received_t *received, const char *msg_id,
                               dygw_result_t *out)
{
    const dygw_webhook_t *change = &received->change;
    apr_status_t rv;

    received->may_differ = ctx->gateway->declared && change->account_id
                           && dygw_account_is_ours(ctx->gateway, change->account_id);
    rv = dygw_db_work(ctx, insert_message, received, DYGW_DB_ONCE);
    if (rv != APR_SUCCESS && rv != APR_EEXIST) {
        count_message(ctx->gateway, DYGW_WEBHOOK_FAILED);
        dygw_explain_database(out);
        return;
    }
    count_message(ctx->gateway, rv == APR_EEXIST      ? DYGW_WEBHOOK_REPEATED
                                : change->records > 0 ? DYGW_WEBHOOK_NEWS
                                                      : DYGW_WEBHOOK_UNKNOWN);
    log_change(change, msg_id, rv, ctx->log);
    log_other_account(received, ctx->log);
    if (change->records > 0 && change->sale_look_at == 0) {
        dygw_host_left_work(ctx->gateway);
    }
}

/* --- the message --- */

static void log_ignored(const json_t *message, const dygw_log_t *log)
{
    dygw_log(log, INFO, 0, DYGWNO(0451) "a message of Douyin is of no use here: event %s",
             printable_name(dygw_json_str(message, "event")));
}

void dygw_webhook_receive(const dygw_ctx_t *ctx, const char *msg_id, const char *body,
                          apr_size_t len, const char **answer, dygw_result_t *out)
{
    const char *error = NULL;
    const json_t *message = dygw_json_parse(body, len, DYGW_JSON_LENIENT, ctx->pool, &error);
    const json_t *challenge = url_check_challenge(message, ctx->pool);
    const json_t *content = webhook_content(message, ctx->pool);
    received_t received = { .may_differ = 0 };

    *out = (dygw_result_t){ 0 };
    *answer = challenge ? echo_challenge(challenge, ctx->pool) : NOTHING_TO_SAY;
    if (!message) {
        count_message(ctx->gateway, DYGW_WEBHOOK_FAILED);
        out->code = DYGW_INVALID_JSON;
        out->message = error;
        return;
    }
    log_account(ctx->gateway, account_of_content(content, ctx->pool), ctx->log);
    if (message_is_event(message, COUPON_CHANGED)) {
        received.change.msg_id = hash_name(body, len, ctx->pool);
        read_coupon_change(content, ctx->pool, &received.change);
    }
    else if (message_is_event(message, REFUND_ASKED)) {
        received.change.msg_id = hash_name(body, len, ctx->pool);
        read_refund_asked(content, ctx->pool, &received.change);
    }
    if (received.change.certificate_id) {
        take_coupon_change(ctx, &received, msg_id, out);
    }
    else if (challenge) {
        count_message(ctx->gateway, DYGW_WEBHOOK_URL_CHECK);
    }
    else {
        count_message(ctx->gateway, DYGW_WEBHOOK_IGNORED);
        log_ignored(message, ctx->log);
    }
}
