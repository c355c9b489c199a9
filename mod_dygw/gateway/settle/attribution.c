/* SPDX-License-Identifier: Apache-2.0
 * Attribution: which verification of ours a redemption at Douyin belongs to.
 *
 * A `success` without verify_id is one that Douyin confirmed without naming the redemption. For
 * each of these, by ascending id, the nearest redemption in time that is still free is reserved.
 * Whoever asks goes by this order, so all come to the same result without anybody having to write
 * it. */
#include "gateway/settle/attribution.h"

#include "store/match.h"
#include "util/text.h"

static dygw_rival_t *rival_at(const apr_array_header_t *rivals, int n)
{
    return &APR_ARRAY_IDX(rivals, n, dygw_rival_t);
}

int dygw_attribution_is_known(const apr_array_header_t *rivals, const char *verify_id)
{
    int n;

    for (n = 0; n < rivals->nelts; n++) {
        if (dygw_text_same(rival_at(rivals, n)->verify_id, verify_id)) {
            return 1;
        }
    }
    return 0;
}

/* --- verifications without verify_id --- */

/* The redemption must lie between the making of the verification and the time of its success. */
static int redemption_may_be_of(const dygw_rival_t *rival, const dygw_seen_verify_t *verify)
{
    const dygw_verification_t v = {
        .created_at = rival->created_at,
        .sent_at = rival->created_at,
        .attempts = 1,
        .poi_id = rival->poi_id,
    };

    return dygw_fit_verify(&v, verify, rival->verify_time) == DYGW_FIT_YES;
}

static dygw_ms_t time_distance_of(const dygw_rival_t *rival, const dygw_seen_verify_t *verify)
{
    return rival->verify_time > verify->verify_time ? rival->verify_time - verify->verify_time
                                                    : verify->verify_time - rival->verify_time;
}

static int is_nearer_redemption(const dygw_rival_t *rival, const dygw_seen_verify_t *a,
                                const dygw_seen_verify_t *b)
{
    const dygw_ms_t a_distance = time_distance_of(rival, a);
    const dygw_ms_t b_distance = time_distance_of(rival, b);

    return a_distance != b_distance ? a_distance < b_distance : a->serial < b->serial;
}

/* Returns the free redemption that is nearest in time to the rival; NULL: none. */
static const dygw_seen_verify_t *nearest_free_redemption(const apr_array_header_t *rivals,
                                                         const dygw_rival_t *rival,
                                                         const dygw_seen_coupon_t *seen)
{
    const dygw_seen_verify_t *best = NULL;
    int n;

    for (n = 0; n < seen->verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(seen->verifies, n, dygw_seen_verify_t);

        if (redemption_may_be_of(rival, verify)
            && !dygw_attribution_is_known(rivals, verify->verify_id)
            && (!best || is_nearer_redemption(rival, verify, best))) {
            best = verify;
        }
    }
    return best;
}

/* Returns the next `success` without verify_id, by ascending id, after the id `after`. */
static dygw_rival_t *next_unnamed_rival(const apr_array_header_t *rivals, apr_int64_t after)
{
    dygw_rival_t *next = NULL;
    int n;

    for (n = 0; n < rivals->nelts; n++) {
        dygw_rival_t *rival = rival_at(rivals, n);

        if (rival->verify_status == DYGW_SUCCESS && !rival->verify_id && rival->id > after
            && (!next || rival->id < next->id)) {
            next = rival;
        }
    }
    return next;
}

static void reserve_redemptions(const apr_array_header_t *rivals, const dygw_seen_coupon_t *seen)
{
    dygw_rival_t *rival = NULL;

    while ((rival = next_unnamed_rival(rivals, rival ? rival->id : 0)) != NULL) {
        const dygw_seen_verify_t *verify = nearest_free_redemption(rivals, rival, seen);

        rival->verify_id = verify ? verify->verify_id : NULL;
    }
}

/* --- rivals, and learning a verify_id --- */

apr_status_t dygw_attribution_rivals(dygw_db_t *db, const dygw_verification_t *v,
                                     const dygw_seen_coupon_t *seen, apr_array_header_t **rivals,
                                     apr_pool_t *pool)
{
    const char *id
        = seen->certificate.certificate_id ? seen->certificate.certificate_id : v->certificate_id;
    apr_status_t rv = APR_SUCCESS;

    *rivals = NULL;
    if (id) {
        rv = dygw_store_verification_rivals(db, id, v->encrypted_code, rivals, pool);
    }
    if (id && rv == APR_SUCCESS) {
        reserve_redemptions(*rivals, seen);
    }
    return rv;
}

apr_status_t dygw_attribution_learn(dygw_db_t *db, dygw_verification_t *v,
                                    const dygw_seen_coupon_t *seen, apr_pool_t *pool)
{
    apr_array_header_t *rivals;
    apr_status_t rv = dygw_attribution_rivals(db, v, seen, &rivals, pool);
    int n;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (n = 0; rivals && n < rivals->nelts; n++) {
        if (rival_at(rivals, n)->id == v->id && rival_at(rivals, n)->verify_id) {
            v->verify_id = rival_at(rivals, n)->verify_id;
            v->certificate_id
                = v->certificate_id ? v->certificate_id : seen->certificate.certificate_id;
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}

/* --- redemptions that no verification has --- */

static int has_open_rival(const apr_array_header_t *rivals)
{
    int n;

    for (n = 0; n < rivals->nelts; n++) {
        if (rival_at(rivals, n)->verify_status == DYGW_PROCESSING) {
            return 1;
        }
    }
    return 0;
}

static const dygw_seen_verify_t *first_free_redemption(const dygw_verification_t *v,
                                                       dygw_ms_t until,
                                                       const dygw_seen_coupon_t *seen,
                                                       const apr_array_header_t *rivals,
                                                       apr_pool_t *pool)
{
    const dygw_ms_t prepared_at = dygw_fit_prepared_at(v, pool);
    int n;

    for (n = 0; n < seen->verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(seen->verifies, n, dygw_seen_verify_t);

        if (dygw_fit_verify(v, verify, until) == DYGW_FIT_YES
            && !dygw_fit_precedes(v, verify, prepared_at)
            && !dygw_attribution_is_known(rivals, verify->verify_id)) {
            return verify;
        }
    }
    return NULL;
}

apr_status_t dygw_attribution_find_free(dygw_db_t *db, const dygw_verification_t *v,
                                        dygw_ms_t until, const dygw_seen_coupon_t *seen,
                                        dygw_free_verify_t *found, apr_pool_t *pool)
{
    apr_array_header_t *rivals;
    dygw_match_row_t *owner;
    apr_status_t rv = dygw_attribution_rivals(db, v, seen, &rivals, pool);

    *found = (dygw_free_verify_t){ NULL, 0 };
    if (rv != APR_SUCCESS || !rivals) {
        return rv;
    }
    found->verify = first_free_redemption(v, until, seen, rivals, pool);
    found->contested = has_open_rival(rivals);
    if (!found->verify) {
        return APR_SUCCESS;
    }
    rv = dygw_store_match_find(db, found->verify->verify_id, &owner, pool);
    if (rv == APR_SUCCESS) {
        found->verify = NULL; /* its owner has another certificate_id, so it is no rival */
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}
