/* SPDX-License-Identifier: Apache-2.0
 * A client of douyin/ whose Douyin is the scripted server of loopback.h. For the tests of douyin/. */
#ifndef DYGW_T_UPSTREAM_H
#define DYGW_T_UPSTREAM_H

#include <apr_pools.h>

#include "loopback.h"
#include "douyin/douyin.h"

#define TOKEN         "clt.0123456789abcdefTOKEN"
#define KEY           "awtestkey"
#define CLIENT_SECRET "test-secret-7319"
#define POI           "7012345678901234567"

typedef struct upstream_t {
    apr_pool_t *pool;
    loopback_t *server;          /* NULL until upstream_serve */
    dygw_douyin_config_t config; /* to change before upstream_serve */
    dygw_douyin_t *douyin;
    dygw_log_t log;
} upstream_t;

/* The whole of an HTTP answer whose body has that length; and one that says that all is well. */
#define LENGTH_AND(length, body) \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " length "\r\n\r\n" body
#define GOOD LENGTH_AND("26", "{\"data\":{\"error_code\":0}}\n")

/* What tests ask for where it does not matter: a store, the coupons of a code. */
extern const dygw_question_t upstream_store;
extern const dygw_prepare_question_t upstream_code;

/* For cmocka: upstream_setup makes an upstream_t without a server, in *state; upstream_teardown
 * destroys it, with its server. */
int upstream_setup(void **state);
int upstream_teardown(void **state);

/* Starts the server and a client whose base URL is the server's. */
void upstream_serve(upstream_t *u, const loopback_step_t *steps, int count);
#define upstream_script(u, ...) \
    do { \
        static const loopback_step_t steps_of_test[] = { __VA_ARGS__ }; \
        upstream_serve((u), steps_of_test, (int)(sizeof steps_of_test / sizeof *steps_of_test)); \
    } while (0)

/* Makes the client for another base URL. */
void upstream_connect(upstream_t *u, const char *base_url);

/* The text of an HTTP answer with this status, as "200 OK", and this body; it is allocated from
 * pool. */
const char *upstream_http(apr_pool_t *pool, const char *status, const char *body);

/* Starts the server and the client; the server gives one answer, with status 200, to each request. */
void upstream_answer(upstream_t *u, const char *body);

/* Makes the call for `upstream_store`; makes the verify call for these codes. */
dygw_reply_t *stores(upstream_t *u);
dygw_verify_reply_t *verify(upstream_t *u, const char *const *codes, int count);

/* All that was logged since upstream_setup, "" where nothing was. */
const char *upstream_logged(void);

#endif
