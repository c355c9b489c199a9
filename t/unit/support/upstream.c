/* SPDX-License-Identifier: Apache-2.0
 * A client of douyin/ whose Douyin is a scripted server. */
#include "upstream.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "util/compiler.h"

#define MAX_LOGGED 65536

const dygw_question_t upstream_store = { .what = DYGW_QUESTION_STORES, .poi_id = POI, .page = 1, .size = 20 };
const dygw_prepare_question_t upstream_code = { .poi_id = POI, .code = "102539929601" };

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static char logged[MAX_LOGGED];

static void write_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    size_t len;

    pthread_mutex_lock(&log_mutex);
    len = strlen(logged);
    vsnprintf(logged + len, sizeof logged - len, fmt, args);
    pthread_mutex_unlock(&log_mutex);
}

const char *upstream_logged(void)
{
    return logged;
}

int upstream_setup(void **state)
{
    static const char *const hosts[] = { "v.douyin.com", "*.douyin.com", "*.iesdouyin.com" };
    upstream_t *u = calloc(1, sizeof(*u));
    apr_size_t i;

    signal(SIGPIPE, SIG_IGN); /* as httpd does */
    if (!u || apr_pool_create(&u->pool, NULL) != APR_SUCCESS || dygw_douyin_global_init(u->pool) != APR_SUCCESS) {
        return -1;
    }
    logged[0] = '\0';
    dygw_log_set_writer(write_log);
    u->config = (dygw_douyin_config_t){ .client_key = KEY,
                                        .client_secret = CLIENT_SECRET,
                                        .connect_timeout = apr_time_from_sec(5),
                                        .total_timeout = apr_time_from_sec(10) };
    u->config.link_hosts = apr_array_make(u->pool, 4, sizeof(const char *));
    for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        APR_ARRAY_PUSH(u->config.link_hosts, const char *) = hosts[i];
    }
    *state = u;
    return 0;
}

int upstream_teardown(void **state)
{
    upstream_t *u = *state;

    apr_pool_destroy(u->pool);
    if (u->server) {
        loopback_stop(u->server);
    }
    dygw_log_set_writer(NULL);
    free(u);
    return 0;
}

void upstream_connect(upstream_t *u, const char *base_url)
{
    u->config.base_url = base_url;
    if (dygw_douyin_create(&u->douyin, &u->config, u->pool) != APR_SUCCESS) {
        abort();
    }
}

void upstream_serve(upstream_t *u, const loopback_step_t *steps, int count)
{
    u->server = loopback_start(steps, count);
    upstream_connect(u, apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(u->server)));
}

const char *upstream_http(apr_pool_t *pool, const char *status, const char *body)
{
    return apr_psprintf(pool,
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %" APR_SIZE_T_FMT "\r\n\r\n%s",
                        status, strlen(body), body);
}

void upstream_answer(upstream_t *u, const char *body)
{
    loopback_step_t *step = apr_palloc(u->pool, sizeof(*step));

    step->how = LOOPBACK_ANSWER;
    step->text = upstream_http(u->pool, "200 OK", body);
    upstream_serve(u, step, 1);
}

dygw_reply_t *stores(upstream_t *u)
{
    return dygw_douyin_stores(u->douyin, &upstream_store, TOKEN, &u->log, u->pool);
}

dygw_verify_reply_t *verify(upstream_t *u, const char *const *codes, int count)
{
    const dygw_question_t question = {
        .what = DYGW_QUESTION_VERIFY,
        .poi_id = POI,
        .verify_token = "78a23d74-d0f5",
        .codes = codes,
        .count = count,
    };

    return dygw_douyin_verify(u->douyin, &question, TOKEN, &u->log, u->pool);
}
