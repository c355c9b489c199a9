/* SPDX-License-Identifier: Apache-2.0
 * The world of a gateway under test: clock, host's state, log and trace. */
#include "fake_world.h"

#include <pthread.h>
#include <stdatomic.h>

#include <apr_strings.h>

#include "util/compiler.h"
#include "util/log.h"

#define TRACE_SIZE   8192
#define MESSAGES_MAX 256
#define MESSAGE_SIZE 512

dygw_log_t fake_log;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t host_mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic apr_int64_t clock_ms;
static dygw_host_t host;
static atomic_int locks;
static char trace[TRACE_SIZE];
static size_t trace_len;
static char told[TRACE_SIZE];
static char messages[MESSAGES_MAX][MESSAGE_SIZE];
static int message_count;

static dygw_ms_t present(void)
{
    return clock_ms;
}

void fake_clock_advance(dygw_ms_t ms)
{
    clock_ms += ms;
}

static void lock_host(DYGW_UNUSED void *baton)
{
    locks++;
    pthread_mutex_lock(&host_mutex);
}

static void unlock_host(DYGW_UNUSED void *baton)
{
    pthread_mutex_unlock(&host_mutex);
}

int fake_host_locks(void)
{
    return locks;
}

void fake_event(const char *word)
{
    pthread_mutex_lock(&guard);
    trace_len += (size_t)apr_snprintf(trace + trace_len, sizeof(trace) - trace_len, "%s%s", trace_len ? " " : "", word);
    pthread_mutex_unlock(&guard);
}

const char *fake_trace(void)
{
    memcpy(told, trace, sizeof(told));
    trace[0] = '\0';
    trace_len = 0;
    return told;
}

static void write_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    pthread_mutex_lock(&guard);
    apr_vsnprintf(messages[message_count % MESSAGES_MAX], MESSAGE_SIZE, fmt, args);
    message_count++;
    pthread_mutex_unlock(&guard);
}

int fake_logged(const char *text)
{
    int found = 0;
    int i;

    for (i = 0; i < message_count && i < MESSAGES_MAX; i++) {
        found += strstr(messages[i], text) != NULL;
    }
    return found;
}

void fake_hold_token(dygw_gateway_t *gateway, const char *text, apr_int64_t version, dygw_ms_t life_ms)
{
    apr_cpystrn(host.token, text, sizeof(host.token));
    host.token_version = version;
    host.token_obtained_at = present();
    host.token_expires_at = present() + life_ms;
    host.token_refused = 0;
    host.renew_pause_until = 0;
    fake_store_set_token(gateway->seal, text, version, host.token_obtained_at, host.token_expires_at);
}

dygw_gateway_t *fake_world(apr_pool_t *pool)
{
    static dygw_seal_t seal;
    dygw_gateway_t *gateway = apr_pcalloc(pool, sizeof(*gateway));

    memset(&seal, 7, sizeof(seal.key));
    memset((void *)&host, 0, sizeof(host));
    clock_ms = FAKE_START_MS;
    dygw_clock_set(present);
    dygw_steady_set(NULL);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &(dygw_clock_seen_t){ 0, 0 });
    dygw_log_set_writer(write_log);
    message_count = 0;
    fake_store_reset(pool);
    fake_douyin_reset(pool);
    gateway->client_key = "awtest";
    gateway->upstream_timeout = 5000000;
    gateway->db = fake_store_source();
    gateway->seal = &seal;
    gateway->host = &host;
    gateway->lock_host = lock_host;
    gateway->unlock_host = unlock_host;
    gateway->owner = "host/1";
    fake_hold_token(gateway, "tok-1", 1, FAKE_LIFE_MS);
    fake_trace();
    locks = 0;
    return gateway;
}

/* --- what Douyin shows --- */

dygw_seen_coupon_t *fake_coupon(dygw_coupons_reply_t *answer, const char *encrypted_code, const char *certificate_id,
                                int status)
{
    dygw_seen_coupon_t *made;

    assert_true(answer->coupons->nelts < FAKE_CERTIFICATES_MAX);
    made = apr_array_push(answer->coupons);
    *made = (dygw_seen_coupon_t){
        .certificate = { .encrypted_code = encrypted_code,
                         .certificate_id = certificate_id,
                         .status = status,
                         .expire_time = FAKE_START_MS + 86400000,
                         .pay_amount = 1990,
                         .times_left = 1 },
        .verifies = apr_array_make(answer->coupons->pool, FAKE_CERTIFICATES_MAX, sizeof(dygw_seen_verify_t)),
        .amount_of_use = -1,
    };
    return made;
}

dygw_seen_verify_t *fake_seen(dygw_seen_coupon_t *coupon, const char *verify_id, dygw_ms_t verify_time)
{
    dygw_seen_verify_t *made;

    assert_true(coupon->verifies->nelts < FAKE_CERTIFICATES_MAX);
    made = apr_array_push(coupon->verifies);
    *made = (dygw_seen_verify_t){
        .verify_id = verify_id,
        .verify_time = verify_time,
        .verify_type = 4,
        .can_cancel = -1,
    };
    return made;
}

dygw_order_coupon_t *fake_order_coupon(dygw_order_reply_t *answer, const char *certificate_id)
{
    dygw_order_coupon_t *made;

    assert_true(answer->coupons->nelts < FAKE_CERTIFICATES_MAX);
    made = apr_array_push(answer->coupons);
    *made = (dygw_order_coupon_t){
        .certificate_id = certificate_id,
        .pay_amount = -1,
        .receipt_amount = -1,
        .discount_amount = -1,
    };
    return made;
}

void fake_check_reasons(const dygw_verification_t *const *rows, int count)
{
    for (int i = 0; i < count; i++) {
        if (rows[i]->verify_status != DYGW_PROCESSING) {
            assert_true(rows[i]->reason == NULL || rows[i]->error_code != 0);
            assert_true(rows[i]->reason != NULL || rows[i]->error_code == 0 || rows[i]->verify_status == DYGW_SUCCESS);
        }
    }
}
