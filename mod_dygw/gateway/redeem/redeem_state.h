/* SPDX-License-Identifier: Apache-2.0
 * For redeem/ only, but for idempotency.c: the state of a redeem request, its first step, its
 * commits, and what it does about earlier requests and about others with the same code. */
#ifndef DYGW_GATEWAY_REDEEM_REDEEM_STATE_H
#define DYGW_GATEWAY_REDEEM_REDEEM_STATE_H

#include "gateway/code_use.h"
#include "gateway/redemption.h"
#include "gateway/token.h"

/* A redeem request under way. What the members point to is in ctx->pool, or the caller's. */
typedef struct dygw_redeem_t {
    const dygw_ctx_t *ctx;
    const dygw_redeem_request_t *request;
    dygw_redeem_result_t *out;
    dygw_token_t token;         /* for all calls; renewed when Douyin refuses it */
    const char *encrypted_data; /* what the short link led to */
    const char *verify_token;
    const char *codes[DYGW_COUNT_MAX]; /* encrypted codes to send, one for each verification */
    int times_left[DYGW_COUNT_MAX];    /* how many uses of the coupon remain afterwards */
    apr_time_t lease_ends;             /* by the steady clock */
    int redrawn;                       /* ids were drawn again: the verifications may also be
                                        * committed under the ids before */
    int in_doubt;                      /* it is not known whether they are committed */
    int sent;                          /* verify calls that may have reached Douyin */
    const apr_array_header_t *listed;  /* of dygw_certificate_t: what prepare listed, */
    apr_time_t listed_at;              /* and when it was answered, by the steady clock */
    dygw_code_use_e code_use;          /* FREE also where no code was given */
    apr_int64_t code_by;               /* the verification that has the code; 0: none */
} dygw_redeem_t;

/* Calls prepare; follows the short link before, in that mode. Returns the reply, from ctx->pool,
 * also when it is an error; NULL when prepare could not be called, *out says why. */
const dygw_prepare_reply_t *dygw_redeem_prepare(dygw_redeem_t *r, dygw_result_t *out);

/* Chooses the first usable coupons that prepare lists; each use of a times card counts as one.
 * Fills in `chosen`, which has room for request->count, and r->times_left. Returns how many were
 * found, at most request->count. */
int dygw_redeem_choose(dygw_redeem_t *r, const dygw_prepare_reply_t *prepared,
                       const dygw_certificate_t **chosen);

/* Replies with the verifications that were recorded with this verify_token and code before, if they
 * are of the same app. When our own prepare gave a verify_token a second time, an earlier outcome
 * that is final is refused instead: it was told to another caller, who may have handed out the
 * goods for it. APR_NOTFOUND: none were recorded; any other error is the database's. */
apr_status_t dygw_redeem_replay_earlier(dygw_redeem_t *r);

/* Looks whether the code may redeem the verifications that were made of the coupons; fills in
 * r->code_use and r->code_by. Without a code nothing is asked. An error is the database's. */
apr_status_t dygw_redeem_look_at_code(dygw_redeem_t *r);

/* Inserts the verifications, with ids. APR_EEXIST: this verify_token and code are recorded already;
 * APR_EACCES: this request is recorded already; APR_EBUSY: another request has taken over the
 * idempotency key. When the connection dies during the commit, a second unit of work finds out
 * whether it was done, because inserting the same rows again is no error. When the second unit only
 * fails, r->in_doubt stays set. A database that went away during our commit is waited for:
 * verifications that may be recorded may be redeemed by the background, so the caller must not hear
 * that nothing was done. */
apr_status_t dygw_redeem_insert(dygw_redeem_t *r);

/* Writes the outcome that the verifications have. One whose verify_id another record has becomes
 * `failed`. APR_NOTFOUND: the background or a cancel was first, and that outcome counts. */
apr_status_t dygw_redeem_settle(dygw_redeem_t *r);

/* Whether dygw_redeem_look_again would look. */
int dygw_redeem_must_look_again(const dygw_redeem_t *r);

/* Looks once more, in the unit of work that has committed the verifications, where prepare listed
 * several coupons, or was answered a while ago: of two requests that were at this point at once,
 * one sees the other. r->code_use becomes DYGW_CODE_WAITS then. If the database does not tell, what
 * the first look told counts. */
void dygw_redeem_look_again(dygw_redeem_t *r, dygw_db_t *db);

/* Finds out why the verifications, which have failed and are not committed yet, were refused, where
 * their numbers leave that open; see why.c. Changes their reason and nothing else of them. Asks
 * Douyin, for 2 s at most. */
void dygw_redeem_why(dygw_redeem_t *r);

/* Makes the verifications ones that wait: nothing is sent for them before the background has looked
 * at their code. They are not committed here. */
void dygw_redeem_wait(const dygw_redeem_t *r);

#endif
