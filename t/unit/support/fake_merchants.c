/* SPDX-License-Identifier: Apache-2.0
 * Douyin with several merchants. */
#include "fake_merchants.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/token.h"
#include "util/compiler.h"
#include "util/json.h"

fake_merchants_t merchants;

struct dygw_douyin_async_t {
    apr_array_header_t *begun; /* of asked_t */
    int completed;
};

typedef struct asked_t {
    const dygw_question_t *question;
    apr_pool_t *pool;
    void *baton;
} asked_t;

static dygw_ms_t now(void)
{
    return FAKE_NOW;
}

static apr_time_t steady(void)
{
    return merchants.clock += merchants.tick;
}

apr_status_t dygw_token_held(DYGW_UNUSED dygw_gateway_t *gateway, dygw_token_t *token, DYGW_UNUSED apr_pool_t *pool)
{
    *token = (dygw_token_t){ .access_token = "held", .version = 7, .expires_at = FAKE_NOW + 60000 };
    return APR_SUCCESS;
}

int dygw_douyin_is_sandbox(DYGW_UNUSED const dygw_douyin_t *douyin)
{
    return 0;
}

int dygw_douyin_token_is_stable(DYGW_UNUSED const dygw_douyin_t *douyin)
{
    return 1;
}

dygw_token_reply_t *dygw_douyin_token(DYGW_UNUSED dygw_douyin_t *douyin, DYGW_UNUSED const dygw_log_t *log,
                                      DYGW_UNUSED apr_pool_t *pool)
{
    static dygw_token_reply_t fresh;

    fresh = (dygw_token_reply_t){ .reply = { .kind = DYGW_REPLY_OK,
                                             .http_status = 200,
                                             .description = "",
                                             .logid = "",
                                             .date = FAKE_NOW,
                                             .ended_at = FAKE_NOW },
                                  .access_token = "held" };
    return &fresh;
}

apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, DYGW_UNUSED dygw_douyin_t *douyin, apr_pool_t *pool)
{
    *async = apr_pcalloc(pool, sizeof(**async));
    (*async)->begun = apr_array_make(pool, 8, sizeof(asked_t));
    return APR_SUCCESS;
}

void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question,
                             DYGW_UNUSED const char *access_token, DYGW_UNUSED const dygw_log_t *log, apr_pool_t *pool,
                             void *baton)
{
    APR_ARRAY_PUSH(async->begun, asked_t) = (asked_t){ question, pool, baton };
    merchants.asked[question->what]++;
    merchants.asked_alone += question->poi_id != NULL;
    if (++merchants.under_way > merchants.most_under_way) {
        merchants.most_under_way = merchants.under_way;
    }
}

int dygw_douyin_async_count(const dygw_douyin_async_t *async)
{
    return async->begun->nelts - async->completed;
}

fake_merchant_t *fake_merchant(const char *account_id)
{
    for (int i = 0; account_id && i < merchants.count; i++) {
        if (strcmp(merchants.list[i].account_id, account_id) == 0) {
            return &merchants.list[i];
        }
    }
    return NULL;
}

static const char *item_of(const fake_merchant_t *merchant, int poi, apr_pool_t *pool)
{
    return apr_psprintf(pool, "{\"poi\":{\"poi_id\":\"%d\"},\"root_account\":{\"account_id\":\"%s\"}}", poi,
                        merchant->root ? merchant->root : merchant->account_id);
}

static const char *page_of(const fake_merchant_t *merchant, const dygw_question_t *question, apr_pool_t *pool)
{
    const char *text = "{\"pois\":[";
    int from = (question->page - 1) * question->size;
    int to = from + question->size < merchant->count ? from + question->size : merchant->count;

    for (int i = from; i < to; i++) {
        text = apr_pstrcat(pool, text, i > from ? "," : "", item_of(merchant, merchant->first + i, pool), NULL);
    }
    return apr_pstrcat(pool, text, "]",
                       merchants.tells_no_total ? "" : apr_psprintf(pool, ",\"total\":%d", merchant->count), "}", NULL);
}

/* A store that is asked for by itself. */
static const char *store_alone(const char *poi_id, apr_pool_t *pool)
{
    int poi = (int)apr_atoi64(poi_id);

    for (int i = 0; i < merchants.count; i++) {
        const fake_merchant_t *merchant = &merchants.list[i];

        if (poi >= merchant->first && poi < merchant->first + merchant->count) {
            return apr_pstrcat(pool, "{\"pois\":[", item_of(merchant, poi, pool), "]}", NULL);
        }
    }
    return "{\"pois\":[]}";
}

static dygw_reply_t *answer_of(const asked_t *asked)
{
    const dygw_question_t *question = asked->question;
    const fake_merchant_t *merchant = fake_merchant(question->account_id);
    dygw_reply_t *reply = apr_pcalloc(asked->pool, sizeof(*reply));
    const char *text = "{}", *error;

    *reply = (dygw_reply_t){ .http_status = 200, .description = "", .logid = "", .date = FAKE_NOW };
    if (merchants.is_dead) {
        reply->kind = DYGW_REPLY_TOKEN;
        reply->error_code = 2190002;
    }
    else if (!question->account_id && merchants.needs_account) {
        reply->error_code = 2119001;
        reply->kind = DYGW_REPLY_REQUEST;
    }
    else if (question->account_id && (!merchant || merchant->refused[question->what])) {
        reply->error_code = merchant ? merchant->refused[question->what] : 1508;
        reply->kind = dygw_douyin_classify(DYGW_CALL_OTHER, reply->error_code, "");
    }
    else if (question->what == DYGW_QUESTION_STORES) {
        text = question->poi_id ? store_alone(question->poi_id, asked->pool) : page_of(merchant, question, asked->pool);
    }
    reply->data = dygw_json_parse(text, strlen(text), DYGW_JSON_STRICT, asked->pool, &error);
    return reply;
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, DYGW_UNUSED apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    const asked_t *asked = &APR_ARRAY_IDX(async->begun, async->completed++, asked_t);

    merchants.under_way--;
    *baton = asked->baton;
    answer->reply = answer_of(asked);
    return 1;
}

/* --- what a test wants of it --- */

void fake_merchants_begin(void)
{
    memset(&merchants, 0, sizeof merchants);
    merchants.tick = 40000;
    dygw_clock_set(now);
    dygw_steady_set(steady);
}

void fake_merchants_end(void)
{
    dygw_clock_set(NULL);
    dygw_steady_set(NULL);
}

fake_merchant_t *fake_merchant_new(const char *account_id, int first, int count)
{
    fake_merchant_t *merchant = &merchants.list[merchants.count++];

    *merchant = (fake_merchant_t){ .account_id = account_id, .first = first, .count = count };
    return merchant;
}
