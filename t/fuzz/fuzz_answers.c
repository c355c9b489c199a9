/* SPDX-License-Identifier: Apache-2.0
 * Douyin's answers: "verify 200" in the first line, then the body that came. Each call is read by the
 * way that the gateway takes, all but the network.
 * wraps: dygw_http_call */
#include "fuzz.h"

#include <string.h>

#include <apr_strings.h>

#include "douyin/questions.h"
#include "util/compiler.h"

#define ID_MAX     64
#define CODES      3
#define WHOLE_PAGE 20
#define MONTH_SEC  (30 * 24 * 3600)

static dygw_douyin_t *douyin;
static dygw_http_answer_t answer;
static const char *const codes[CODES] = { "enc-1", "enc-2", "enc-1" };

static const dygw_question_t question = {
    .encrypted_code = "enc-1",
    .order_id = "1061449651423386211",
    .poi_id = "7012345678901234567",
    .verify_token = "vt-1",
    .codes = codes,
    .count = CODES,
    .verify_id = "1",
    .certificate_id = "2",
    .account_id = "3",
    .page = 1,
    .size = 20,
};
static const dygw_prepare_question_t of_link = { .poi_id = "7012345678901234567", .encrypted_data = "data" };

/* The network's place. */
dygw_http_answer_t *__wrap_dygw_http_call(dygw_http_t *http, const dygw_http_request_t *request, apr_pool_t *pool);
dygw_http_answer_t *__wrap_dygw_http_call(DYGW_UNUSED dygw_http_t *http, const dygw_http_request_t *request,
                                          apr_pool_t *pool)
{
    FUZZ_ASSERT(!request->url && request->target && *request->target == '/');
    return apr_pmemdup(pool, &answer, sizeof(answer));
}

void fuzz_start(apr_pool_t *pool)
{
    static const dygw_douyin_config_t config = {
        .base_url = "https://open.douyin.com",
        .client_key = "ck",
        .client_secret = "secret",
        .connect_timeout = 1,
        .total_timeout = 1,
    };

    FUZZ_ASSERT(dygw_douyin_global_init(pool) == APR_SUCCESS);
    FUZZ_ASSERT(dygw_douyin_create(&douyin, &config, pool) == APR_SUCCESS);
}

/* --- what is true of every answer --- */

static void check_reply(const dygw_reply_t *reply)
{
    FUZZ_ASSERT(reply->description && reply->logid);
    FUZZ_ASSERT(fuzz_is_utf8(reply->description, strlen(reply->description)));
    FUZZ_ASSERT(fuzz_is_utf8(reply->logid, strlen(reply->logid)));
    FUZZ_ASSERT(reply->http_status == answer.status && reply->trouble == DYGW_TROUBLE_NONE);
    FUZZ_ASSERT(reply->kind <= DYGW_REPLY_GARBLED);
    if (reply->kind == DYGW_REPLY_OK) {
        FUZZ_ASSERT(reply->error_code == 0 && reply->http_status / 100 == 2);
    }
    if (reply->http_status >= 500) {
        FUZZ_ASSERT(reply->kind == DYGW_REPLY_BUSY || reply->kind == DYGW_REPLY_GARBLED);
    }
}

static void check_terms(const dygw_terms_t *t)
{
    int i;

    FUZZ_ASSERT(t->face_value == -1 || t->face_value > 0);
    FUZZ_ASSERT(t->pay_amount >= -1);
    FUZZ_ASSERT((t->uses_total == -1 && t->uses_left == -1)
                || (t->uses_total > 0 && t->uses_left >= 0 && t->uses_left <= t->uses_total));
    FUZZ_ASSERT(t->start_time == DYGW_NO_TIME || t->start_time > 0);
    FUZZ_ASSERT((t->closed_weekdays & ~0xfeU) == 0);
    for (i = 0; i < t->closed->nelts; i++) {
        const dygw_span_t *span = &APR_ARRAY_IDX(t->closed, i, dygw_span_t);

        FUZZ_ASSERT(span->from > 0 && span->from <= span->to);
    }
    for (i = 0; i < t->hours->nelts; i++) {
        const dygw_hours_t *hours = &APR_ARRAY_IDX(t->hours, i, dygw_hours_t);

        FUZZ_ASSERT(hours->from >= 0 && hours->from <= 1440 && hours->to >= hours->from && hours->to < 2880);
    }
}

static void check_certificate(const dygw_certificate_t *c, apr_pool_t *pool)
{
    dygw_terms_t terms;

    dygw_douyin_terms(c, &terms, pool);
    check_terms(&terms);
    FUZZ_ASSERT(!c->encrypted_code || *c->encrypted_code);
    FUZZ_ASSERT(fuzz_is_absent_or_text(c->certificate_id, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(c->sku_id, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(c->product_id, ID_MAX));
    FUZZ_ASSERT(!c->sku_name || fuzz_is_utf8(c->sku_name, strlen(c->sku_name)));
    FUZZ_ASSERT(c->expire_time == DYGW_NO_TIME || c->expire_time > 0);
    FUZZ_ASSERT(c->times_left >= 0);
}

/* --- the calls --- */

static dygw_reply_t prepare(apr_pool_t *pool)
{
    const dygw_prepare_reply_t *p = dygw_douyin_prepare(douyin, &of_link, "t", &fuzz_log, pool);
    int i;

    for (i = 0; i < p->certificates->nelts; i++) {
        const dygw_certificate_t *c = &APR_ARRAY_IDX(p->certificates, i, dygw_certificate_t);

        FUZZ_ASSERT(c->encrypted_code);
        check_certificate(c, pool);
    }
    if (p->reply.kind == DYGW_REPLY_OK && p->certificates->nelts > 0) {
        FUZZ_ASSERT(p->verify_token && *p->verify_token);
        FUZZ_ASSERT(fuzz_is_absent_or_text(p->order_id, ID_MAX));
    }
    return p->reply;
}

static void check_item(const dygw_verify_item_t *item)
{
    FUZZ_ASSERT(item->kind != DYGW_REPLY_OK || item->result == 0);
    FUZZ_ASSERT(!item->already || item->kind == DYGW_REPLY_COUPON
                || item->kind == DYGW_REPLY_BUSY); /* its words say "try again" */
    FUZZ_ASSERT(item->msg && fuzz_is_utf8(item->msg, strlen(item->msg)));
    FUZZ_ASSERT(fuzz_is_absent_or_text(item->verify_id, ID_MAX));
    FUZZ_ASSERT(!item->verify_id || strcmp(item->verify_id, "0") != 0);
    FUZZ_ASSERT(fuzz_is_absent_or_text(item->certificate_id, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(item->origin_code, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(item->order_id, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(item->product_id, ID_MAX));
}

static dygw_reply_t verify(apr_pool_t *pool)
{
    const dygw_verify_reply_t *v = dygw_douyin_verify(douyin, &question, "t", &fuzz_log, pool);
    int i;

    FUZZ_ASSERT((v->items != NULL) == (v->reply.kind == DYGW_REPLY_OK));
    for (i = 0; v->items && i < CODES; i++) {
        check_item(&v->items[i]);
    }
    return v->reply;
}

static dygw_reply_t cancel(apr_pool_t *pool)
{
    return dygw_douyin_cancel(douyin, &question, "t", &fuzz_log, pool)->reply;
}

static dygw_reply_t token(apr_pool_t *pool)
{
    const dygw_token_reply_t *t = dygw_douyin_token(douyin, &fuzz_log, pool);
    const char *c;

    FUZZ_ASSERT((t->access_token != NULL) == (t->reply.kind == DYGW_REPLY_OK));
    FUZZ_ASSERT(!t->reply.raw && !t->reply.data);
    if (t->access_token) {
        FUZZ_ASSERT(*t->access_token && t->expires_in >= 0 && t->expires_in <= MONTH_SEC);
        for (c = t->access_token; *c; c++) {
            FUZZ_ASSERT(*c > ' ' && *c <= '~');
        }
    }
    return t->reply;
}

static dygw_reply_t stores(apr_pool_t *pool)
{
    return *dygw_douyin_stores(douyin, &question, "t", &fuzz_log, pool);
}

/* As async.c makes them. */
static dygw_reply_t ask(void (*put)(const dygw_question_t *, dygw_douyin_call_t *, apr_pool_t *), apr_pool_t *pool)
{
    dygw_douyin_call_t call;
    dygw_reply_t reply;

    put(&question, &call, pool);
    dygw_douyin_call(douyin, &call, &reply, &fuzz_log, pool);
    return reply;
}

static void check_seen(const dygw_seen_coupon_t *coupon)
{
    int i;

    check_certificate(&coupon->certificate, coupon->verifies->pool);
    FUZZ_ASSERT(coupon->times_count >= 0 && coupon->times_used >= 0);
    for (i = 0; i < coupon->verifies->nelts; i++) {
        const dygw_seen_verify_t *v = &APR_ARRAY_IDX(coupon->verifies, i, dygw_seen_verify_t);
        int n;

        FUZZ_ASSERT(v->verify_id && fuzz_is_absent_or_text(v->verify_id, ID_MAX));
        FUZZ_ASSERT(strcmp(v->verify_id, "0") != 0);
        FUZZ_ASSERT(fuzz_is_absent_or_text(v->poi_id, ID_MAX));
        FUZZ_ASSERT(v->verify_time == DYGW_NO_TIME || v->verify_time > 0);
        FUZZ_ASSERT(v->serial >= 0 && v->can_cancel >= -1 && v->can_cancel <= 1);
        for (n = 0; n < i; n++) {
            FUZZ_ASSERT(strcmp(v->verify_id, APR_ARRAY_IDX(coupon->verifies, n, dygw_seen_verify_t).verify_id) != 0);
        }
    }
}

static void check_coupons(const dygw_coupons_reply_t *seen)
{
    int i;

    FUZZ_ASSERT(seen->coupons);
    for (i = 0; i < seen->coupons->nelts; i++) {
        check_seen(&APR_ARRAY_IDX(seen->coupons, i, dygw_seen_coupon_t));
    }
}

static dygw_reply_t get(apr_pool_t *pool)
{
    const dygw_reply_t reply = ask(dygw_douyin_put_get, pool);
    const dygw_coupons_reply_t *seen = dygw_douyin_read_get(&reply, pool);

    FUZZ_ASSERT((seen->coupons->nelts == 1) == (seen->reply.kind == DYGW_REPLY_OK));
    check_coupons(seen);
    return seen->reply;
}

static dygw_reply_t query(apr_pool_t *pool)
{
    const dygw_reply_t reply = ask(dygw_douyin_put_query, pool);
    const dygw_coupons_reply_t *seen = dygw_douyin_read_query(&reply, pool);

    check_coupons(seen);
    return seen->reply;
}

static dygw_reply_t order(apr_pool_t *pool)
{
    const dygw_reply_t reply = ask(dygw_douyin_put_order, pool);
    const dygw_order_reply_t *o = dygw_douyin_read_order(&question, &reply, pool);
    int i;

    FUZZ_ASSERT(!o->found || reply.kind == DYGW_REPLY_OK);
    FUZZ_ASSERT(o->found || (!o->order_id && o->coupons->nelts == 0 && o->pay_amount == -1));
    FUZZ_ASSERT(!o->order_id || strcmp(o->order_id, question.order_id) == 0);
    FUZZ_ASSERT(o->pay_amount >= -1 && o->receipt_amount >= -1 && o->discount_amount >= -1);
    FUZZ_ASSERT(o->count >= 0);
    FUZZ_ASSERT(!o->product_name || fuzz_is_utf8(o->product_name, strlen(o->product_name)));
    for (i = 0; i < o->coupons->nelts; i++) {
        const dygw_order_coupon_t *c = &APR_ARRAY_IDX(o->coupons, i, dygw_order_coupon_t);

        FUZZ_ASSERT(fuzz_is_absent_or_text(c->certificate_id, ID_MAX));
        FUZZ_ASSERT(c->pay_amount >= -1 && c->receipt_amount >= -1 && c->discount_amount >= -1);
    }
    return o->reply;
}

static dygw_reply_t records(apr_pool_t *pool)
{
    const dygw_reply_t reply = ask(dygw_douyin_put_records, pool);
    const dygw_records_reply_t *page = dygw_douyin_read_records(&reply, pool);
    int i;

    FUZZ_ASSERT(page->reply.kind == DYGW_REPLY_OK || (page->records->nelts == 0 && !page->cursor));
    FUZZ_ASSERT((page->cursor != NULL) == (page->records->nelts >= WHOLE_PAGE));
    for (i = 0; i < page->records->nelts; i++) {
        const dygw_verify_record_t *r = &APR_ARRAY_IDX(page->records, i, dygw_verify_record_t);

        FUZZ_ASSERT(fuzz_is_absent_or_text(r->verify_id, ID_MAX));
        FUZZ_ASSERT(fuzz_is_absent_or_text(r->certificate_id, ID_MAX));
        FUZZ_ASSERT(r->cancel_time == DYGW_NO_TIME || r->cancelled);
        FUZZ_ASSERT(r->pay_amount >= -1 && r->verify_type >= -1);
    }
    return page->reply;
}

static dygw_reply_t ledger(apr_pool_t *pool)
{
    const dygw_reply_t reply = ask(dygw_douyin_put_ledger, pool);
    const dygw_ledger_reply_t *found = dygw_douyin_read_ledger(&reply, pool);

    FUZZ_ASSERT(found->reply.kind == DYGW_REPLY_OK || found->lines->nelts == 0);
    for (int i = 0; i < found->lines->nelts; i++) {
        const dygw_ledger_line_t *line = &APR_ARRAY_IDX(found->lines, i, dygw_ledger_line_t);

        FUZZ_ASSERT(fuzz_is_absent_or_text(line->ledger_id, ID_MAX));
        FUZZ_ASSERT(fuzz_is_absent_or_text(line->verify_id, ID_MAX));
        FUZZ_ASSERT(fuzz_is_absent_or_text(line->certificate_id, ID_MAX));
        FUZZ_ASSERT(line->status >= -1 && *line->raw == '{' && fuzz_is_utf8(line->raw, strlen(line->raw)));
        for (int n = 0; n < DYGW_LEDGER_AMOUNTS; n++) {
            FUZZ_ASSERT(line->amounts[n] == DYGW_LEDGER_NOT_TOLD || llabs(line->amounts[n]) <= 10000000000000);
        }
    }
    return found->reply;
}

static dygw_reply_t after_sale(apr_pool_t *pool)
{
    const dygw_reply_t reply = ask(dygw_douyin_put_after_sale, pool);
    const dygw_after_sale_reply_t *sale = dygw_douyin_read_after_sale(&question, &reply, pool);

    FUZZ_ASSERT(sale->refund_status >= DYGW_REFUND_UNSAID);
    FUZZ_ASSERT(sale->refund_status == DYGW_REFUND_UNSAID || sale->reply.kind == DYGW_REPLY_OK);
    return sale->reply;
}

typedef dygw_reply_t call_fn(apr_pool_t *pool);

static call_fn *call_of(const char *line)
{
    static const struct {
        const char *name;
        call_fn *call;
    } calls[] = { { "prepare", prepare }, { "verify", verify }, { "cancel", cancel },        { "token", token },
                  { "get", get },         { "query", query },   { "order", order },          { "records", records },
                  { "stores", stores },   { "ledger", ledger }, { "after_sale", after_sale } };
    size_t i;

    for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        if (strncmp(line, calls[i].name, strlen(calls[i].name)) == 0) {
            return calls[i].call;
        }
    }
    return calls[(unsigned char)*line % i].call;
}

static int status_of(const char *line)
{
    int status = atoi(line + strcspn(line, FUZZ_DIGITS));

    return status >= 200 && status <= 599 ? status : 200;
}

static dygw_reply_t read_body(call_fn *call, const char *body, apr_size_t len, apr_pool_t *pool)
{
    dygw_reply_t reply;

    answer.body = apr_pstrmemdup(pool, body, len);
    answer.body_len = len;
    reply = call(pool);
    check_reply(&reply);
    return reply;
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    const char *line = fuzz_line(&in);
    call_fn *call = call_of(line);
    dygw_reply_t reply;

    answer = (dygw_http_answer_t){
        .end = DYGW_HTTP_ANSWERED,
        .status = status_of(line),
        .date = DYGW_NO_TIME,
        .problem = "",
    };
    reply = read_body(call, in.data, in.len, pool);
    if (in.len > 0 && *in.data == '{') {
        dygw_reply_t again
            = read_body(call, apr_pstrcat(pool, " \n", fuzz_rest(&in), NULL), strlen(fuzz_rest(&in)) + 2, pool);

        /* a NUL in the body is the end of the second one */
        FUZZ_ASSERT(strlen(fuzz_rest(&in)) < in.len || again.kind == reply.kind);
        FUZZ_ASSERT(strlen(fuzz_rest(&in)) < in.len || again.error_code == reply.error_code);
    }
}
