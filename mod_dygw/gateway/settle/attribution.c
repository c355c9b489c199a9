/* SPDX-License-Identifier: Apache-2.0
 * Whose a verification is, as far as our records tell. */
#include "gateway/settle/attribution.h"

#include "store/match.h"
#include "util/text.h"

static dygw_rival_t *record_at(const apr_array_header_t *records, int n)
{
    return &APR_ARRAY_IDX(records, n, dygw_rival_t);
}

int dygw_attribution_is_known(const apr_array_header_t *records, const char *verify_id)
{
    int n;

    for (n = 0; n < records->nelts; n++) {
        if (dygw_text_same(record_at(records, n)->verify_id, verify_id)) {
            return 1;
        }
    }
    return 0;
}

/* --- those that Douyin did not name --- */

/* It was done between the record's making and Douyin's word that it is. */
static int may_be_its(const dygw_rival_t *record, const dygw_seen_verify_t *verify)
{
    const dygw_verification_t v = {
        .created_at = record->created_at, .sent_at = record->created_at, .attempts = 1,
        .poi_id = record->poi_id
    };

    return dygw_fit_verify(&v, verify, record->verify_time) == DYGW_FIT_YES;
}

static dygw_ms_t distance(const dygw_rival_t *record, const dygw_seen_verify_t *verify)
{
    return record->verify_time > verify->verify_time ? record->verify_time - verify->verify_time
                                                     : verify->verify_time - record->verify_time;
}

static int is_nearer(const dygw_rival_t *record, const dygw_seen_verify_t *a,
                     const dygw_seen_verify_t *b)
{
    const dygw_ms_t a_distance = distance(record, a);
    const dygw_ms_t b_distance = distance(record, b);

    return a_distance != b_distance ? a_distance < b_distance : a->serial < b->serial;
}

/* Of those that nobody has the nearest in time; NULL: none. */
static const dygw_seen_verify_t *nearest(const apr_array_header_t *records,
                                         const dygw_rival_t *record,
                                         const dygw_seen_coupon_t *seen)
{
    const dygw_seen_verify_t *best = NULL;
    int n;

    for (n = 0; n < seen->verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(seen->verifies, n, dygw_seen_verify_t);

        if (may_be_its(record, verify) && !dygw_attribution_is_known(records, verify->verify_id)
            && (!best || is_nearer(record, verify, best))) {
            best = verify;
        }
    }
    return best;
}

/* The next one by id: whoever asks, each gets the same. */
static dygw_rival_t *next_nameless(const apr_array_header_t *records, apr_int64_t after)
{
    dygw_rival_t *next = NULL;
    int n;

    for (n = 0; n < records->nelts; n++) {
        dygw_rival_t *record = record_at(records, n);

        if (record->verify_status == DYGW_SUCCESS && !record->verify_id && record->id > after
            && (!next || record->id < next->id)) {
            next = record;
        }
    }
    return next;
}

static void reserve(const apr_array_header_t *records, const dygw_seen_coupon_t *seen)
{
    dygw_rival_t *record = NULL;

    while ((record = next_nameless(records, record ? record->id : 0)) != NULL) {
        const dygw_seen_verify_t *verify = nearest(records, record, seen);

        record->verify_id = verify ? verify->verify_id : NULL;
    }
}

/* --- from outside --- */

apr_status_t dygw_attribution_records(dygw_db_t *db, const dygw_verification_t *v,
                                      const dygw_seen_coupon_t *seen, apr_array_header_t **records,
                                      apr_pool_t *pool)
{
    const char *id = seen->certificate.certificate_id ? seen->certificate.certificate_id
                                                      : v->certificate_id;
    apr_status_t rv = APR_SUCCESS;

    *records = NULL;
    if (id) {
        rv = dygw_store_verification_rivals(db, id, v->encrypted_code, records, pool);
    }
    if (id && rv == APR_SUCCESS) {
        reserve(*records, seen);
    }
    return rv;
}

apr_status_t dygw_attribution_learn(dygw_db_t *db, dygw_verification_t *v,
                                    const dygw_seen_coupon_t *seen, apr_pool_t *pool)
{
    apr_array_header_t *records;
    apr_status_t rv = dygw_attribution_records(db, v, seen, &records, pool);
    int n;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (n = 0; records && n < records->nelts; n++) {
        if (record_at(records, n)->id == v->id && record_at(records, n)->verify_id) {
            v->verify_id = record_at(records, n)->verify_id;
            v->certificate_id = v->certificate_id ? v->certificate_id
                                                  : seen->certificate.certificate_id;
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}

/* --- what nobody has --- */

static int is_contested(const apr_array_header_t *records)
{
    int n;

    for (n = 0; n < records->nelts; n++) {
        if (record_at(records, n)->verify_status == DYGW_PROCESSING) {
            return 1;
        }
    }
    return 0;
}

static const dygw_seen_verify_t *first_free(const dygw_verification_t *v, dygw_ms_t until,
                                            const dygw_seen_coupon_t *seen,
                                            const apr_array_header_t *records, apr_pool_t *pool)
{
    const dygw_ms_t prepared_at = dygw_fit_prepared_at(v, pool);
    int n;

    for (n = 0; n < seen->verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(seen->verifies, n, dygw_seen_verify_t);

        if (dygw_fit_verify(v, verify, until) == DYGW_FIT_YES
            && !dygw_fit_precedes(v, verify, prepared_at)
            && !dygw_attribution_is_known(records, verify->verify_id)) {
            return verify;
        }
    }
    return NULL;
}

apr_status_t dygw_attribution_find_free(dygw_db_t *db, const dygw_verification_t *v,
                                        dygw_ms_t until, const dygw_seen_coupon_t *seen,
                                        dygw_free_verify_t *found, apr_pool_t *pool)
{
    apr_array_header_t *records;
    dygw_match_row_t *owner;
    apr_status_t rv = dygw_attribution_records(db, v, seen, &records, pool);

    *found = (dygw_free_verify_t){ NULL, 0 };
    if (rv != APR_SUCCESS || !records) {
        return rv;
    }
    found->verify = first_free(v, until, seen, records, pool);
    found->contested = is_contested(records);
    if (!found->verify) {
        return APR_SUCCESS;
    }
    rv = dygw_store_match_find(db, found->verify->verify_id, &owner, pool);
    if (rv == APR_SUCCESS) {
        found->verify = NULL;   /* of a record that does not name its coupon as Douyin does */
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}
