/* SPDX-License-Identifier: Apache-2.0
 * A request that is to be authenticated: the contract's first vector, and what the rest of the
 * gateway says to it. */
#ifndef AUTHENTICATING_H
#define AUTHENTICATING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"

#define NOW         APR_INT64_C(1767225600000)
#define KEY         "ck_test_0001"
#define SECRET      "sk_test_5f0c6f0e9d1b4f2a8c7e3d2b1a0f9e8d"
#define BODY        "{\"poi_id\":\"7012345678901234567\",\"code\":\"123456789012\"}"
#define SIGNED      "b3072fcd39aed657e9d7eb0fb88ef7055e01a77e45344ceb4f7e3abd1632652e"
#define GET_TARGET  "/v1/open/douyin/stores?poi_id=7012345678901234567&page=1"
#define GET_SIGNED  "a34a75aff5f73e57890592ad76aeca9751d1eca85914d1ed052cccca52e5c96a"

extern apr_pool_t *pool;

/* What stands for the rest of the gateway. */
extern dygw_known_app_t app;
extern apr_status_t find_rv;    /* when not success, instead of the app */
extern int is_memory;           /* nonces in shared memory, or in the database */
extern apr_status_t spend_rv;   /* of looking, too */
extern int spends;
extern int looks;
extern int spend_ms;            /* how long spending takes */
extern int wait_sec;            /* what the meter says */
extern int metered;
extern dygw_ms_t now;
extern char spent[200];
extern dygw_ms_t spent_until;

extern dygw_cfg_t cfg;
extern dygw_runtime_t runtime;
extern request_rec request;
extern dygw_call_t call;
extern dygw_result_t out;

/* NULL takes it away. */
void header(const char *name, const char *value);

/* For cmocka: all as it was. */
int begin(void **state);
#define TEST(name) cmocka_unit_test_setup(name, begin)

/* As the handler does it; the body takes so long. */
dygw_code_e authenticate_after(int body_ms);
dygw_code_e authenticate(void);

#endif
