/* SPDX-License-Identifier: Apache-2.0
 * A job of gateway/settle/, run by a test. */
#include "settling.h"

#include <apr_strings.h>

#include "store/match.h"
#include "util/compiler.h"
#include "util/text.h"

static apr_size_t told;

dygw_verification_t *settling_row(apr_int64_t first_id, int item_no, int item_count)
{
    dygw_verification_t *v = fake_store_add_row(first_id + item_no);

    told = item_no == 0 && fake_store_rows() == 1 ? 0 : told;
    v->first_id = first_id;
    v->item_no = item_no;
    v->item_count = item_count;
    v->app_id = 3;
    v->app_name = "till";
    v->poi_id = SETTLING_POI;
    v->mode = DYGW_MODE_CODE;
    v->verify_token = "vt-1";
    v->order_id = "order-1";
    v->encrypted_code = item_no == 0 ? "enc-1" : item_no == 1 ? "enc-2" : "enc-3";
    v->certificate_id = item_no == 0 ? "cert-1" : item_no == 1 ? "cert-2" : "cert-3";
    v->attempts = 1;
    v->sent_at = dygw_now();
    v->next_run_at = dygw_now() + 5000;
    return v;
}

/* A part of the fake store that only settling needs. */
apr_status_t dygw_store_verification_wake(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, dygw_ms_t now)
{
    int i;

    for (i = 0; i < fake_store_rows(); i++) {
        dygw_verification_t *v = fake_store_row(i);

        if (v->id == id && v->next_run_at > now) {
            v->next_run_at = now;
            v->revision++;
        }
    }
    return APR_SUCCESS;
}

/* Another such part. */
apr_status_t dygw_store_match_find(DYGW_UNUSED dygw_db_t *db, const char *verify_id, dygw_match_row_t **row,
                                   apr_pool_t *pool)
{
    int i;

    assert_int_equal(fake_store_open_units(), 1);
    for (i = 0; i < fake_store_rows(); i++) {
        if (dygw_text_same(fake_store_row(i)->verify_id, verify_id)) {
            *row = apr_pcalloc(pool, sizeof(**row));
            (*row)->id = fake_store_row(i)->id;
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}

static void read_rows(dygw_job_t *job, apr_int64_t first_id)
{
    apr_array_header_t *items;
    dygw_db_t *db;

    assert_int_equal(dygw_db_open(&db, job->ctx.gateway->db, job->ctx.log, job->ctx.pool), APR_SUCCESS);
    dygw_store_verification_items(db, first_id, &items, job->ctx.pool);
    dygw_db_close(db);
    job->rows = (dygw_verification_t **)items->elts;
    job->count = items->nelts;
}

int settling_run(dygw_gateway_t *gateway, const dygw_job_kind_t *kind, apr_int64_t first_id, apr_pool_t *pool)
{
    dygw_job_t job = { .kind = kind, .ctx = { gateway, &fake_log, NULL } };
    const dygw_question_t *question;
    dygw_douyin_async_t *async;
    int questions = 0;

    apr_pool_create(&job.ctx.pool, pool);
    dygw_douyin_async_create(&async, gateway->douyin, job.ctx.pool);
    read_rows(&job, first_id);
    for (question = kind->begin(&job); question; questions++) {
        dygw_answer_t answer;
        void *baton;

        dygw_douyin_async_begin(async, question, "t", &fake_log, job.ctx.pool, &job);
        assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 1);
        question = kind->answered(&job, answer);
    }
    apr_pool_destroy(job.ctx.pool);
    return questions;
}

const char *settling_asked(void)
{
    static char words[4096];
    const char *s = fake_asked() + told;
    apr_size_t len = 0;

    told += strlen(s);
    while (*s && len < sizeof(words) - 1) {
        if (strncmp(s, "t ", 2) == 0 && (len == 0 || words[len - 1] == ' ')) {
            s += 2; /* the token, at the start of each */
        }
        words[len++] = *s++;
    }
    words[len] = '\0';
    return strncmp(words, "; ", 2) == 0 ? words + 2 : words;
}

void check_asked(const char *expected)
{
    assert_string_equal(settling_asked(), expected);
}
