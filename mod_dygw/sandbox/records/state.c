/* SPDX-License-Identifier: Apache-2.0
 * The shared memory, its lock, and the records in it. */
#include "sandbox/records/state.h"

#include <stddef.h>
#include <string.h>

#include <apr_shm.h>
#include <apr_time.h>

#include "util/crypto.h"
#include "util/lock.h"

/* There is room for two verifications of each coupon, and for these: times cards, and coupons that
 * are verified and cancelled often, have more. */
#define SPARE_VERIFICATIONS 10000

/* These are set before the children are forked, so that the memory has the same address in all
 * processes. */
static dygw_sandbox_state_t *state;
static dygw_sandbox_order_t *orders;
static dygw_sandbox_coupon_t *coupons;
static dygw_sandbox_verification_t *verifications;
static dygw_lock_t *lock;
static const dygw_sandbox_accounts_t *accounts_at_first;

dygw_sandbox_state_t *dygw_sandbox_state(void)
{
    return state;
}

/* The beginning of the memory. The lock and the accounts of the start are outside of the state, so
 * that a reset does not change them. */
typedef struct head_t {
    dygw_sandbox_state_t state;
    dygw_sandbox_accounts_t accounts;
    dygw_lock_t lock;
} head_t;

/* Douyin's clock, by which all of the sandbox goes. */
static dygw_ms_t clock_of_douyin(void)
{
    const dygw_sandbox_switches_t *switches = &state->switches;

    return apr_time_as_msec(apr_time_now())
           + 1000 * ((dygw_ms_t)switches->clock_ahead_s - switches->clock_behind_s);
}

apr_status_t dygw_sandbox_state_create(apr_pool_t *pconf, int capacity,
                                       const dygw_sandbox_accounts_t *accounts)
{
    const apr_size_t n = (apr_size_t)capacity;
    const apr_size_t n_verifications = 2 * n + SPARE_VERIFICATIONS;
    apr_shm_t *shm;
    apr_status_t rv = apr_shm_create(&shm,
                                     sizeof(head_t) + n * sizeof *orders + n * sizeof *coupons
                                         + n_verifications * sizeof *verifications,
                                     NULL, pconf);

    if (rv == APR_SUCCESS) {
        /* The arrays stand in the order of their alignment, the largest first, so that no padding
         * is needed. New memory is zero. */
        head_t *head = apr_shm_baseaddr_get(shm);

        head->accounts = *accounts;
        accounts_at_first = &head->accounts;
        state = &head->state;
        lock = &head->lock;
        orders = (dygw_sandbox_order_t *)(head + 1);
        verifications = (dygw_sandbox_verification_t *)(orders + n);
        coupons = (dygw_sandbox_coupon_t *)(verifications + n_verifications);
        state->capacity = (apr_uint32_t)n;
        state->verification_capacity = (apr_uint32_t)n_verifications;
        dygw_sandbox_state_reset();
        dygw_clock_set(clock_of_douyin);
        rv = dygw_lock_init(lock);
    }
    return rv;
}

void dygw_sandbox_state_lock(void)
{
    dygw_lock_take(lock);
}

void dygw_sandbox_state_unlock(void)
{
    dygw_lock_release(lock);
}

void dygw_sandbox_state_reset(void)
{
    static const dygw_sandbox_switches_t at_first = {
        .redirects = 1,
        .redirect_status = 302,
        .superseded = 2190002,
        .cancel_window_ms = 3600 * 1000,
        .order_qps = 20,
        .ledger_delay_ms = 3600 * 1000,
        .ledger_status = 1,
    };
    dygw_sandbox_state_t *s = state;
    const apr_uint64_t old = s->salt;
    const apr_uint32_t capacity = s->capacity, room = s->verification_capacity;

    /* The ring is not cleared: only calls up to `seen` are read from it. */
    memset(s, 0, offsetof(dygw_sandbox_state_t, ring));
    if (dygw_random_bytes(&s->salt, sizeof s->salt) != APR_SUCCESS) {
        s->salt = old ^ (apr_uint64_t)apr_time_now();
    }
    s->capacity = capacity;
    s->verification_capacity = room;
    s->accounts = *accounts_at_first;
    s->poi_sets = 1;
    s->term_sets = 1;
    s->switches = at_first;
}

dygw_sandbox_order_t *dygw_sandbox_order(apr_uint32_t index)
{
    return index < state->orders ? orders + index : NULL;
}

dygw_sandbox_coupon_t *dygw_sandbox_coupon(apr_uint32_t index)
{
    return index < state->coupons ? coupons + index : NULL;
}

dygw_sandbox_verification_t *dygw_sandbox_verification(apr_uint32_t index)
{
    return index < state->verifications ? verifications + index : NULL;
}

apr_uint32_t dygw_sandbox_order_add(const dygw_sandbox_order_t *model, int status)
{
    dygw_sandbox_order_t *order = orders + state->orders;

    if (state->coupons + model->coupons > state->capacity) {
        return DYGW_SANDBOX_NONE;
    }
    *order = *model;
    order->first_coupon = state->coupons;
    order->last_verification = DYGW_SANDBOX_NONE;
    order->verify_tokens = 0;
    for (int i = 0; i < model->coupons; i++) {
        dygw_sandbox_coupon_t *coupon = coupons + state->coupons++;

        memset(coupon, 0, sizeof *coupon);
        coupon->order = state->orders;
        dygw_sandbox_set_status(coupon, status);
    }
    return state->orders++;
}

apr_uint32_t dygw_sandbox_verification_add(const dygw_sandbox_verification_t *model)
{
    dygw_sandbox_order_t *order = orders + coupons[model->coupon].order;
    dygw_sandbox_verification_t *v = verifications + state->verifications;

    if (state->verifications == state->verification_capacity) {
        return DYGW_SANDBOX_NONE;
    }
    *v = *model;
    if (state->verifications > 0 && v->at < v[-1].at) {
        v->at = v[-1].at; /* keeps the order of time, even after a clock was set back */
    }
    v->previous = order->last_verification;
    order->last_verification = state->verifications;
    order->changed = v->at;
    return state->verifications++;
}

apr_uint32_t dygw_sandbox_latest(apr_uint32_t coupon)
{
    apr_uint32_t i = orders[coupons[coupon].order].last_verification;

    while (
        i != DYGW_SANDBOX_NONE
        && (verifications[i].coupon != coupon || verifications[i].cancelled_at != DYGW_NO_TIME)) {
        i = verifications[i].previous;
    }
    return i;
}

void dygw_sandbox_set_status(dygw_sandbox_coupon_t *coupon, int status)
{
    state->used -= coupon->status == DYGW_SANDBOX_USED;
    state->used += status == DYGW_SANDBOX_USED;
    coupon->status = (unsigned char)status;
}

static const char *const block_words[] = {
#define DYGW_SANDBOX_BLOCK_WORD(block, word) word,
    DYGW_SANDBOX_BLOCK_TABLE(DYGW_SANDBOX_BLOCK_WORD)
#undef DYGW_SANDBOX_BLOCK_WORD
};

const char *dygw_sandbox_block_word(int block)
{
    return block_words[block];
}

int dygw_sandbox_block_of_word(const char *word)
{
    for (int i = 0; word && i < DYGW_SANDBOX_BLOCKS; i++) {
        if (strcmp(block_words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

const dygw_sandbox_account_t *dygw_sandbox_order_account(const dygw_sandbox_order_t *order)
{
    return &state->accounts.account[order->account];
}

/* The account that may redeem its coupons at a store. */
static apr_uint32_t owner_of_store(const char *poi_id)
{
    const apr_uint32_t owner = dygw_sandbox_store_account(&state->accounts, poi_id);

    return owner == DYGW_SANDBOX_NONE ? 0 : owner;
}

static int is_in_poi_set(const dygw_sandbox_poi_set_t *set, const char *poi_id)
{
    for (int i = 0; i < set->count; i++) {
        if (strcmp(set->ids[i], poi_id) == 0) {
            return 1;
        }
    }
    return 0;
}

int dygw_sandbox_poi_fits(const dygw_sandbox_order_t *order, const char *poi_id)
{
    const dygw_sandbox_poi_set_t *set = &state->poi_set[order->poi_set];

    if (is_in_poi_set(&state->poi_set[order->not_poi_set], poi_id)) {
        return 0;
    }
    return set->count == 0 ? owner_of_store(poi_id) == order->account : is_in_poi_set(set, poi_id);
}

/* --- late changes --- */

int dygw_sandbox_late_add(const dygw_sandbox_change_t *change, dygw_ms_t ms, int is_review)
{
    dygw_sandbox_late_t *late = &state->late[state->lates];

    if (state->lates == DYGW_SANDBOX_LATE) {
        return 0;
    }
    late->due = dygw_now() + ms;
    late->is_review = is_review;
    late->change = *change;
    state->lates++;
    return 1;
}

int dygw_sandbox_late_take(dygw_ms_t now, dygw_sandbox_late_t *late)
{
    int first = 0;

    for (int i = 1; i < state->lates; i++) {
        if (state->late[i].due < state->late[first].due) {
            first = i;
        }
    }
    if (state->lates == 0 || state->late[first].due > now) {
        return 0;
    }
    *late = state->late[first];
    state->late[first] = state->late[--state->lates];
    return 1;
}

static int share_a_coupon(const dygw_sandbox_change_t *a, const dygw_sandbox_change_t *b)
{
    for (int i = 0; i < a->count; i++) {
        for (int j = 0; j < b->count; j++) {
            if (a->records[i] == b->records[j]) {
                return 1;
            }
        }
    }
    return 0;
}

int dygw_sandbox_is_under_review(const dygw_sandbox_change_t *change)
{
    for (int i = 0; i < state->lates; i++) {
        if (state->late[i].is_review && share_a_coupon(&state->late[i].change, change)) {
            return 1;
        }
    }
    return 0;
}
