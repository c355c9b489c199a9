/* SPDX-License-Identifier: Apache-2.0
 * A request that is to be authenticated: the first signed example of the manual (clients.md). The
 * apps, the nonces, the meter and the database are played here, and answer as the variables below
 * say. For the tests of auth/. */
#ifndef AUTHENTICATING_H
#define AUTHENTICATING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"

#define NOW        APR_INT64_C(1767225600000)
#define KEY        "ck_test_0001"
#define SECRET     "sk_test_5f0c6f0e9d1b4f2a8c7e3d2b1a0f9e8d"
#define BODY       "{\"poi_id\":\"7012345678901234567\",\"code\":\"123456789012\"}"
#define SIGNED     "b3072fcd39aed657e9d7eb0fb88ef7055e01a77e45344ceb4f7e3abd1632652e"
#define GET_TARGET "/v1/open/douyin/stores?poi_id=7012345678901234567&page=1"
#define GET_SIGNED "a34a75aff5f73e57890592ad76aeca9751d1eca85914d1ed052cccca52e5c96a"

/* The main function of the test creates it; begin clears it. */
extern apr_pool_t *pool;

/* What the rest of the gateway is to answer. */
extern dygw_known_app_t app;  /* the only app there is */
extern apr_status_t find_rv;  /* of looking for an app; APR_SUCCESS: `app` is found by its key */
extern int is_memory;         /* the nonces are in shared memory; 0: in the database */
extern apr_status_t spend_rv; /* of spending a nonce, and of looking whether it was spent */
extern int spend_ms;          /* how long it takes to spend a nonce in the database */
extern int wait_sec;          /* how long the meter makes the app wait; 0: it is admitted */
extern dygw_ms_t now;         /* the clock */
extern int stale;             /* how many stale timestamps were noted, */
extern apr_int64_t stale_sec; /* and how far ahead the last was */

/* What the rest of the gateway was asked. */
extern int spends;            /* how often a nonce was to be spent */
extern int looks;             /* how often it was looked whether a nonce was spent */
extern int metered;           /* how often the meter was asked */
extern char spent[200];       /* the last nonce that was to be spent: "client_key nonce" */
extern dygw_ms_t spent_until; /* until when it was to be kept */

/* The request, and what authenticating made of it. */
extern dygw_cfg_t cfg;
extern dygw_runtime_t runtime;
extern request_rec request;
extern dygw_call_t call;
extern dygw_result_t out;

/* Sets a header of the request; value NULL removes the header. */
void header(const char *name, const char *value);

/* For cmocka: before each test, the request and all that is above are as they were. */
int begin(void **state);
#define TEST(name) cmocka_unit_test_setup(name, begin)

/* Authenticates the request as the handler does it; its body takes body_ms to come. */
dygw_code_e authenticate_after(int body_ms);
dygw_code_e authenticate(void);

#endif
