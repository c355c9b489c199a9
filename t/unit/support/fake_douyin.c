/* SPDX-License-Identifier: Apache-2.0
 * Douyin in memory: queues of answers, and what was asked. */
#include "fake_douyin.h"

#include <pthread.h>
#include <stdatomic.h>

#include <apr_strings.h>

#include "fake_world.h"
#include "util/compiler.h"
#include "util/json.h"

#define QUEUE_MAX  32
#define TOOK_US    1000
#define TOKEN_LIFE 7200

void (*fake_douyin_meanwhile)(const char *call);

typedef struct queue_t {
    void *answers[QUEUE_MAX];
    int first;
    int end;
} queue_t;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static apr_pool_t *douyin_pool;
static queue_t prepares, verifies, tokens, stores, links;
static queue_t gets, queries, repeats, cancels, orders, after_sales;
static const char *verify_args, *prepare_args, *asked, *accounts;
static int verify_calls, verify_ids, held, idle_looks;
static atomic_int token_calls;

void fake_douyin_reset(apr_pool_t *pool)
{
    douyin_pool = pool;
    memset(&prepares, 0, sizeof(prepares));
    memset(&verifies, 0, sizeof(verifies));
    memset(&tokens, 0, sizeof(tokens));
    memset(&stores, 0, sizeof(stores));
    memset(&links, 0, sizeof(links));
    memset(&gets, 0, sizeof(gets));
    memset(&queries, 0, sizeof(queries));
    memset(&repeats, 0, sizeof(repeats));
    memset(&cancels, 0, sizeof(cancels));
    memset(&orders, 0, sizeof(orders));
    memset(&after_sales, 0, sizeof(after_sales));
    verify_args = prepare_args = asked = accounts = "";
    verify_calls = verify_ids = held = idle_looks = 0;
    token_calls = 0;
    fake_douyin_meanwhile = NULL;
}

static void *enqueue(queue_t *queue, void *answer)
{
    if (queue->first == queue->end) {
        queue->first = queue->end = 0;
    }
    assert_true(queue->end < QUEUE_MAX);
    return queue->answers[queue->end++] = answer;
}

static void *dequeue(queue_t *queue)
{
    return queue->first < queue->end ? queue->answers[queue->first++] : NULL;
}

static void begin_call(const char *call)
{
    assert_int_equal(fake_store_open_units(), 0);
    fake_event(call);
    if (fake_douyin_meanwhile) {
        fake_douyin_meanwhile(call);
    }
}

static void note_account(const char *call, const dygw_question_t *question)
{
    accounts = apr_pstrcat(douyin_pool, accounts, *accounts ? "; " : "", call, " ",
                           question->account_id ? question->account_id : "-",
                           question->account_id && question->account_in_header_only ? " in its header" : "", NULL);
}

const char *fake_accounts(void)
{
    const char *told = accounts;

    accounts = "";
    return told;
}

static int spoke(dygw_reply_class_e kind)
{
    return kind <= DYGW_REPLY_REVIEW;
}

/* An answer as douyin/ makes it of what Douyin writes; the call's name is in it to be found again. */
static void fill(dygw_reply_t *reply, const char *call, dygw_reply_class_e kind, apr_int64_t error_code)
{
    memset(reply, 0, sizeof(*reply));
    reply->kind = kind;
    reply->error_code = error_code;
    reply->description = reply->logid = "";
    reply->took = TOOK_US;
    if (!spoke(kind)) {
        return;
    }
    reply->http_status = 200;
    reply->description = error_code ? "Douyin's words" : "success";
    reply->logid = "20260101000000ABCDEF";
    reply->raw
        = apr_psprintf(douyin_pool, "{\"data\":{\"error_code\":%" APR_INT64_T_FMT ",\"of\":\"%s\"}}", error_code, call);
    reply->raw_len = strlen(reply->raw);
    reply->data
        = json_object_get(dygw_json_parse(reply->raw, reply->raw_len, DYGW_JSON_LENIENT, douyin_pool, NULL), "data");
}

/* --- prepare --- */

dygw_prepare_reply_t *fake_prepare(dygw_reply_class_e kind, apr_int64_t error_code)
{
    dygw_prepare_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(&made->reply, "prepare", kind, error_code);
    made->verify_token = "vt-1";
    made->order_id = kind == DYGW_REPLY_OK ? "order-1" : NULL;
    made->certificates = apr_array_make(douyin_pool, FAKE_CERTIFICATES_MAX, sizeof(dygw_certificate_t));
    return enqueue(&prepares, made);
}

dygw_certificate_t *fake_certificate(dygw_prepare_reply_t *prepared, const char *encrypted_code)
{
    dygw_certificate_t *made;

    assert_true(prepared->certificates->nelts < FAKE_CERTIFICATES_MAX);
    made = apr_array_push(prepared->certificates);
    *made = (dygw_certificate_t){
        .encrypted_code = encrypted_code,
        .certificate_id = "cert-1",
        .status = 1,
        .expire_time = FAKE_START_MS + 86400000,
        .sku_id = "sku-1",
        .sku_name = "Lunch for two",
        .product_id = "product-1",
        .pay_amount = 1990,
        .times_left = 1,
    };
    return made;
}

dygw_prepare_reply_t *dygw_douyin_prepare(DYGW_UNUSED dygw_douyin_t *douyin, const dygw_prepare_question_t *question,
                                          const char *access_token, DYGW_UNUSED const dygw_log_t *log,
                                          DYGW_UNUSED apr_pool_t *pool)
{
    dygw_prepare_reply_t *answer;

    begin_call("prepare");
    note_account("prepare", &(dygw_question_t){ .account_id = question->account_id });
    assert_true((question->encrypted_data == NULL) != (question->code == NULL));
    prepare_args = apr_pstrcat(douyin_pool, prepare_args, *prepare_args ? "; " : "", access_token, " ",
                               question->poi_id, " ", question->code ? question->code : question->encrypted_data, NULL);
    answer = dequeue(&prepares);
    if (!answer) {
        fake_certificate(fake_prepare(DYGW_REPLY_OK, 0), "enc-1");
        answer = dequeue(&prepares);
    }
    answer->reply.account_id = question->account_id;
    return answer;
}

const char *fake_prepare_args(void)
{
    return prepare_args;
}

/* --- verify --- */

static dygw_ms_t verify_send_by;

dygw_ms_t fake_verify_send_by(void)
{
    return verify_send_by;
}

static dygw_verify_reply_t *make_verify(const char *call, dygw_reply_class_e kind, apr_int64_t error_code)
{
    dygw_verify_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));
    int i;

    fill(&made->reply, call, kind, error_code);
    if (kind == DYGW_REPLY_OK) {
        made->items = apr_pcalloc(douyin_pool, FAKE_CERTIFICATES_MAX * sizeof(*made->items));
        for (i = 0; i < FAKE_CERTIFICATES_MAX; i++) {
            made->items[i] = (dygw_verify_item_t){
                .kind = DYGW_REPLY_OK,
                .msg = "success",
                .certificate_id = "cert-1",
                .origin_code = "102539929601",
                .order_id = "order-2",
                .pay_amount = -1,
                .verify_id = apr_psprintf(douyin_pool, "verify-%d", ++verify_ids),
            };
        }
    }
    return made;
}

dygw_verify_reply_t *fake_verify(dygw_reply_class_e kind, apr_int64_t error_code)
{
    return enqueue(&verifies, make_verify("verify", kind, error_code));
}

dygw_verify_item_t *fake_item(dygw_verify_reply_t *answer, int number, dygw_reply_class_e kind, apr_int64_t result)
{
    dygw_verify_item_t *item = &answer->items[number];

    *item = (dygw_verify_item_t){
        .kind = kind,
        .result = result,
        .msg = "Douyin's word on this coupon",
        .pay_amount = -1,
        .already = kind == DYGW_REPLY_COUPON && (result == 1208 || result == 2),
    };
    return item;
}

dygw_verify_reply_t *dygw_douyin_verify(DYGW_UNUSED dygw_douyin_t *douyin, const dygw_question_t *question,
                                        const char *access_token, DYGW_UNUSED const dygw_log_t *log,
                                        DYGW_UNUSED apr_pool_t *pool)
{
    dygw_verify_reply_t *answer;
    int i;

    assert_true(question->send_by > dygw_now());
    verify_send_by = question->send_by;
    assert_true(fake_store_expects(question->verify_token, question->codes, question->count));
    begin_call("verify");
    note_account("verify", question);
    verify_calls++;
    verify_args = apr_pstrcat(douyin_pool, verify_args, *verify_args ? "; " : "", access_token, " ", question->poi_id,
                              " ", question->verify_token, NULL);
    for (i = 0; i < question->count; i++) {
        verify_args = apr_pstrcat(douyin_pool, verify_args, i ? "," : " ", question->codes[i], NULL);
    }
    answer = dequeue(&verifies);
    if (!answer) {
        fake_verify(DYGW_REPLY_OK, 0);
        answer = dequeue(&verifies);
    }
    answer->reply.account_id = question->account_id;
    return answer;
}

const char *fake_verify_args(void)
{
    return verify_args;
}

int fake_verify_calls(void)
{
    return verify_calls;
}

/* --- the token, from many threads --- */

dygw_token_reply_t *fake_token(dygw_reply_class_e kind, const char *text, apr_int64_t expires_in)
{
    dygw_token_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(&made->reply, "token", kind, 0);
    made->access_token = text;
    made->expires_in = expires_in;
    return enqueue(&tokens, made);
}

dygw_token_reply_t *dygw_douyin_token(DYGW_UNUSED dygw_douyin_t *douyin, DYGW_UNUSED const dygw_log_t *log,
                                      DYGW_UNUSED apr_pool_t *pool)
{
    dygw_token_reply_t *answer;
    int call = ++token_calls;

    begin_call("token");
    pthread_mutex_lock(&guard);
    answer = dequeue(&tokens);
    if (!answer) {
        fake_token(DYGW_REPLY_OK, apr_psprintf(douyin_pool, "tok-%d", call + 1), TOKEN_LIFE);
        answer = dequeue(&tokens);
    }
    pthread_mutex_unlock(&guard);
    return answer;
}

int fake_token_calls(void)
{
    return token_calls;
}

/* --- what is asked without waiting --- */

static dygw_coupons_reply_t *make_coupons(const char *call, dygw_reply_class_e kind, apr_int64_t error_code)
{
    dygw_coupons_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(&made->reply, call, kind, error_code);
    made->coupons = apr_array_make(douyin_pool, FAKE_CERTIFICATES_MAX, sizeof(dygw_seen_coupon_t));
    return made;
}

dygw_coupons_reply_t *fake_get(dygw_reply_class_e kind, apr_int64_t error_code)
{
    return enqueue(&gets, make_coupons("get", kind, error_code));
}

dygw_coupons_reply_t *fake_query(dygw_reply_class_e kind, apr_int64_t error_code)
{
    return enqueue(&queries, make_coupons("query", kind, error_code));
}

dygw_verify_reply_t *fake_repeat(dygw_reply_class_e kind, apr_int64_t error_code)
{
    return enqueue(&repeats, make_verify("repeat", kind, error_code));
}

dygw_cancel_reply_t *fake_cancel(dygw_reply_class_e kind, apr_int64_t error_code)
{
    dygw_cancel_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(&made->reply, "cancel", kind, error_code);
    return enqueue(&cancels, made);
}

dygw_order_reply_t *fake_order(dygw_reply_class_e kind, apr_int64_t error_code)
{
    dygw_order_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(&made->reply, "order", kind, error_code);
    *made = (dygw_order_reply_t){
        .reply = made->reply,
        .order_status = -1,
        .pay_amount = -1,
        .receipt_amount = -1,
        .discount_amount = -1,
        .create_order_time = DYGW_NO_TIME,
        .pay_time = DYGW_NO_TIME,
        .coupons = apr_array_make(douyin_pool, FAKE_CERTIFICATES_MAX, sizeof(dygw_order_coupon_t)),
    };
    return enqueue(&orders, made);
}

dygw_after_sale_reply_t *fake_after_sale(dygw_reply_class_e kind, apr_int64_t error_code, int refund_status)
{
    dygw_after_sale_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(&made->reply, "after_sale", kind, error_code);
    made->refund_status = refund_status;
    return enqueue(&after_sales, made);
}

static void queue_usual_order(void)
{
    dygw_order_reply_t *made = fake_order(DYGW_REPLY_OK, 0);

    made->found = 1;
    made->order_id = "order-1";
    made->order_status = 201;
    made->pay_amount = 3981;
    made->receipt_amount = 3781;
    made->discount_amount = 1019;
    made->create_order_time = FAKE_START_MS - 7200000;
    made->pay_time = FAKE_START_MS - 7100000;
    made->sku_id = "sku-1";
    made->sku_name = "Lunch for two, weekdays";
    made->product_id = "product-1";
    made->product_name = "Lunch";
    made->count = 2;
    fake_order_coupon(made, "cert-1");
    fake_order_coupon(made, "cert-2");
}

static const char *const call_words[]
    = { "get", "query", "repeat", "cancel", "order", "records", "stores", "ledger", "after_sale" };

static void queue_usual(const dygw_question_t *question)
{
    switch (question->what) {
    case DYGW_QUESTION_GET:
        fake_coupon(fake_get(DYGW_REPLY_OK, 0), question->encrypted_code, "cert-1", 1);
        break;
    case DYGW_QUESTION_QUERY:
        fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
        break;
    case DYGW_QUESTION_VERIFY:
        fake_repeat(DYGW_REPLY_OK, 0);
        break;
    case DYGW_QUESTION_CANCEL:
        fake_cancel(DYGW_REPLY_OK, 0);
        break;
    case DYGW_QUESTION_ORDER:
        queue_usual_order();
        break;
    case DYGW_QUESTION_AFTER_SALE:
        fake_after_sale(DYGW_REPLY_OK, 0, DYGW_REFUND_WAITING);
        break;
    default: /* no job's question */
        break;
    }
}

static const char *words_of(const dygw_question_t *q)
{
    const char *words;
    int i;

    switch (q->what) {
    case DYGW_QUESTION_GET:
        return q->encrypted_code;
    case DYGW_QUESTION_CANCEL:
        return apr_pstrcat(douyin_pool, q->verify_id, " ", q->certificate_id, " ",
                           q->cancel_token ? q->cancel_token : "-", NULL);
    case DYGW_QUESTION_VERIFY:
        words = apr_pstrcat(douyin_pool, q->poi_id, " ", q->verify_token, NULL);
        for (i = 0; i < q->count; i++) {
            words = apr_pstrcat(douyin_pool, words, i ? "," : " ", q->codes[i], NULL);
        }
        return words;
    case DYGW_QUESTION_AFTER_SALE:
        return apr_pstrcat(douyin_pool, q->order_id, " ", q->certificate_id, NULL);
    default:
        return q->order_id;
    }
}

/* Douyin is asked; what it will answer is certain from then on. */
static void *ask(const dygw_question_t *question, const char *access_token)
{
    static queue_t *const queues[DYGW_QUESTIONS]
        = { &gets, &queries, &repeats, &cancels, &orders, [DYGW_QUESTION_AFTER_SALE] = &after_sales };
    const char *call = call_words[question->what];
    dygw_reply_t *answer; /* the first member of each */

    assert_non_null(words_of(question));
    assert_int_equal(question->send_by > 0, question->what == DYGW_QUESTION_VERIFY);
    /* Before the rows are due again by the clock of another host. */
    assert_true(question->send_by + DYGW_CLOCKS_APART_MS <= dygw_now() + 5000);
    begin_call(call);
    note_account(call, question);
    asked = apr_pstrcat(douyin_pool, asked, *asked ? "; " : "", access_token, " ", call, " ", words_of(question), NULL);
    answer = dequeue(queues[question->what]);
    if (!answer) {
        queue_usual(question);
        answer = dequeue(queues[question->what]);
    }
    answer->account_id = question->account_id;
    return answer;
}

const char *fake_asked(void)
{
    return asked;
}

dygw_cancel_reply_t *dygw_douyin_cancel(DYGW_UNUSED dygw_douyin_t *douyin, const dygw_question_t *question,
                                        const char *access_token, DYGW_UNUSED const dygw_log_t *log,
                                        DYGW_UNUSED apr_pool_t *pool)
{
    return ask(question, access_token);
}

/* --- calls under way: all of it is here --- */

#define UNDER_WAY_MAX 256

struct dygw_douyin_async_t {
    void *batons[UNDER_WAY_MAX];
    const dygw_reply_t *answers[UNDER_WAY_MAX]; /* each the first member of what it belongs to */
    int count;
};

void fake_async_hold(int hold)
{
    held = hold;
}

int fake_async_idle_looks(void)
{
    return idle_looks;
}

apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, DYGW_UNUSED dygw_douyin_t *douyin, apr_pool_t *pool)
{
    *async = apr_pcalloc(pool, sizeof(**async));
    return APR_SUCCESS;
}

void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question, const char *access_token,
                             DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED apr_pool_t *pool, void *baton)
{
    assert_true(async->count < UNDER_WAY_MAX);
    async->answers[async->count] = ask(question, access_token);
    async->batons[async->count++] = baton;
}

int dygw_douyin_async_count(const dygw_douyin_async_t *async)
{
    return async->count;
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    idle_looks += async->count == 0;
    if (held || async->count == 0) {
        fake_clock_advance((patience + 999) / 1000);
        return 0;
    }
    *baton = async->batons[0];
    answer->reply = async->answers[0];
    async->count--;
    memmove(async->batons, async->batons + 1, (size_t)async->count * sizeof(void *));
    memmove(async->answers, async->answers + 1, (size_t)async->count * sizeof(void *));
    return 1;
}

/* --- the rest --- */

dygw_reply_t *fake_stores(dygw_reply_class_e kind, apr_int64_t error_code)
{
    dygw_reply_t *made = apr_pcalloc(douyin_pool, sizeof(*made));

    fill(made, "stores", kind, error_code);
    return enqueue(&stores, made);
}

dygw_reply_t *dygw_douyin_stores(DYGW_UNUSED dygw_douyin_t *douyin, const dygw_question_t *question,
                                 DYGW_UNUSED const char *access_token, DYGW_UNUSED const dygw_log_t *log,
                                 DYGW_UNUSED apr_pool_t *pool)
{
    dygw_reply_t *answer;

    begin_call("stores");
    note_account("stores", question);
    answer = dequeue(&stores);
    if (!answer) {
        fake_stores(DYGW_REPLY_OK, 0);
        answer = dequeue(&stores);
    }
    return answer;
}

void fake_link(dygw_link_e link)
{
    enqueue(&links, apr_pmemdup(douyin_pool, &link, sizeof(link)));
}

dygw_link_e dygw_douyin_short_link(DYGW_UNUSED dygw_douyin_t *douyin, DYGW_UNUSED const char *link,
                                   const char **object_id, const char **why, DYGW_UNUSED const dygw_log_t *log,
                                   DYGW_UNUSED apr_pool_t *pool)
{
    const dygw_link_e *queued;

    begin_call("link");
    queued = dequeue(&links);
    *why = "what is wrong with the link";
    *object_id = "object-1";
    return queued ? *queued : DYGW_LINK_OK;
}
