/* SPDX-License-Identifier: Apache-2.0
 * The judge's rules against any hearing, also such as never comes: a string of digits, read in the
 * order in which the code below picks them ("0" is the first of each list). */
#include "fuzz.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/settle/judge.h"

#define POI         "7012345678901234567"
#define CREATED     FUZZ_NOW
#define CLOCKS_MS   4000 /* no clock is further off */
#define OURS_TYPE   4    /* open platform */
#define ROWS_MAX    3
#define SEEN_MAX    4
#define RECORDS_MAX 5
#define REFUSED     3000001

static fuzz_input_t in;

static int pick(int n)
{
    return (fuzz_byte(&in) + 256 - '0') % 256 % n;
}

#define PICK(list) ((list)[pick((int)(sizeof(list) / sizeof(*(list))))])

/* Around the moment at which the rows were made. */
static dygw_ms_t pick_time(void)
{
    static const apr_int64_t seconds[] = { 0, 1, 5, 30, 300, 605, 905, 176405, -1, -4, -119, -121 };

    return CREATED + PICK(seconds) * 1000;
}

static const char *pick_id(void)
{
    static const char *const ids[] = { "v1", "v2", "v3", "v4", "v5", NULL };

    return PICK(ids);
}

/* --- a hearing --- */

static dygw_verification_t *make_row(int i, int count, apr_pool_t *pool)
{
    static const char *const codes[] = { "e1", "e2", NULL };
    static const int repeats[] = { 0, 1, 13, 14, 16, 17 };
    dygw_verification_t *v = apr_palloc(pool, sizeof(*v));

    dygw_verification_init(v);
    v->id = 100 + i;
    v->first_id = 100;
    v->item_no = i;
    v->item_count = count + (pick(10) == 9);
    v->poi_id = POI;
    v->created_at = CREATED;
    v->mode = (dygw_mode_e)pick(3);
    v->verify_token = pick(10) == 9 ? NULL : "vt";
    v->encrypted_code = PICK(codes);
    v->verify_status = (dygw_verify_status_e)(pick(8) > 3 ? 0 : pick(4));
    v->verify_id = v->verify_status == DYGW_PROCESSING ? NULL : pick_id();
    v->attempts = 1 + pick(3) - (pick(10) == 9);
    v->repeats = PICK(repeats);
    v->sent_at = pick(2) ? pick_time() : CREATED;
    v->already = pick(3);
    v->review_since = pick(6) == 5 ? pick_time() : DYGW_NO_TIME;
    v->cancel_since = pick(6) == 5 ? pick_time() : DYGW_NO_TIME;
    if (pick(6) == 5) {
        v->refused_code = REFUSED;
        v->refused_description = "refused";
    }
    return v;
}

static void add_verify(dygw_seen_coupon_t *coupon, int n)
{
    static const char *const ids[] = { "v1", "v2", "v3", "v4" };
    static const char *const stores[] = { POI, NULL, "0", "another" };
    static const int types[] = { OURS_TYPE, 0, -1, 2 };

    APR_ARRAY_PUSH(coupon->verifies, dygw_seen_verify_t) = (dygw_seen_verify_t){
        .verify_id = ids[n],
        .verify_time = pick(10) == 9 ? DYGW_NO_TIME : pick_time(),
        .verify_type = PICK(types),
        .poi_id = PICK(stores),
        .serial = pick(4),
        .can_cancel = -1,
    };
}

static dygw_seen_coupon_t *make_coupon(apr_pool_t *pool)
{
    static const int states[] = { 2, 1, 0, 4, 3, 5, 6, -1 };
    dygw_seen_coupon_t *coupon = apr_pcalloc(pool, sizeof(*coupon));
    int n = pick(SEEN_MAX + 1);
    int i;

    coupon->certificate.status = PICK(states);
    coupon->certificate.is_times_card = pick(3) == 2;
    coupon->times_count = coupon->certificate.is_times_card ? pick(5) : 0;
    coupon->times_used = coupon->times_count ? pick(5) : 0;
    coupon->verifies = apr_array_make(pool, SEEN_MAX, sizeof(dygw_seen_verify_t));
    for (i = 0; i < n; i++) {
        add_verify(coupon, i);
    }
    return coupon;
}

static apr_array_header_t *make_records(apr_pool_t *pool)
{
    static const apr_int64_t first_ids[] = { 200, 300, 100 };
    apr_array_header_t *records = apr_array_make(pool, RECORDS_MAX, sizeof(dygw_rival_t));
    int n = pick(RECORDS_MAX + 1);

    while (n-- > 0) {
        apr_int64_t first_id = PICK(first_ids);
        dygw_rival_t *record = apr_array_push(records);

        *record = (dygw_rival_t){ .id = first_id + pick(3),
                                  .first_id = first_id,
                                  .verify_status = (dygw_verify_status_e)pick(4),
                                  .already = pick(3),
                                  .given_up = pick(4) == 3,
                                  .created_at = pick_time() };
        record->verify_id = record->verify_status == DYGW_PROCESSING ? NULL : pick_id();
    }
    return records;
}

static dygw_evidence_t *gather_evidence(apr_pool_t *pool)
{
    static const dygw_reply_t unseen = { .kind = DYGW_REPLY_COUPON, .error_code = 1263, .description = "unknown" };
    dygw_evidence_t *e = apr_pcalloc(pool, sizeof(*e));
    dygw_verification_t **rows = apr_pcalloc(pool, ROWS_MAX * sizeof(*rows));
    dygw_seen_coupon_t *coupons[2];
    int i;

    e->count = 1 + pick(ROWS_MAX);
    e->rows = rows;
    e->now = pick_time() + pick(3) * 5000;
    e->foreign = apr_array_make(pool, 1, sizeof(const char *));
    if (pick(6) == 5) {
        APR_ARRAY_PUSH(e->foreign, const char *) = "v1";
    }
    coupons[0] = make_coupon(pool);
    coupons[1] = make_coupon(pool);
    for (i = 0; i < e->count; i++) {
        rows[i] = make_row(i, e->count, pool);
        e->seen[i] = pick(6) == 5 ? NULL : coupons[pick(3) == 2];
        e->unseen[i] = e->seen[i] ? NULL : &unseen;
        e->rivals[i] = pick(3) == 2 ? NULL : make_records(pool);
    }
    return e;
}

/* --- what has to be so --- */

static int same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static int is_owned(const dygw_evidence_t *e, int i, const char *verify_id)
{
    int owned = e->foreign->nelts > 0 && same(APR_ARRAY_IDX(e->foreign, 0, const char *), verify_id);
    int n;

    for (n = 0; e->rivals[i] && n < e->rivals[i]->nelts; n++) {
        const dygw_rival_t *record = &APR_ARRAY_IDX(e->rivals[i], n, dygw_rival_t);

        owned |= record->id != e->rows[i]->id && same(record->verify_id, verify_id);
    }
    for (n = 0; n < e->count; n++) {
        owned |= n != i && same(e->rows[n]->verify_id, verify_id);
    }
    return owned;
}

static int is_shown(const dygw_seen_coupon_t *seen, const dygw_seen_verify_t *verify)
{
    int i;

    for (i = 0; seen && i < seen->verifies->nelts; i++) {
        if (verify == &APR_ARRAY_IDX(seen->verifies, i, dygw_seen_verify_t)) {
            return 1;
        }
    }
    return 0;
}

/* Success is said of nothing but a shown verification that can be it, and that nobody has. */
static void check_ours(const dygw_evidence_t *e, int i, const dygw_verdict_t *verdicts)
{
    const dygw_seen_verify_t *verify = verdicts[i].verify;
    int n;

    FUZZ_ASSERT(verify && is_shown(e->seen[i], verify));
    FUZZ_ASSERT(e->rows[i]->attempts > 0);
    FUZZ_ASSERT(!is_owned(e, i, verify->verify_id));
    FUZZ_ASSERT(verify->verify_type == OURS_TYPE);
    FUZZ_ASSERT(!verify->poi_id || same(verify->poi_id, "0") || same(verify->poi_id, POI));
    FUZZ_ASSERT(verify->verify_time >= CREATED - CLOCKS_MS);
    FUZZ_ASSERT(verify->verify_time <= e->now + CLOCKS_MS);
    for (n = 0; n < i; n++) {
        FUZZ_ASSERT(verdicts[n].what != DYGW_VERDICT_OURS || !same(verdicts[n].verify->verify_id, verify->verify_id));
    }
}

/* The very same request, and nothing in it that was taken back. */
static void check_repeat(const dygw_evidence_t *e)
{
    int i;

    FUZZ_ASSERT(e->rows[0]->verify_token && e->rows[0]->item_count == e->count);
    for (i = 0; i < e->count; i++) {
        FUZZ_ASSERT(e->rows[i]->encrypted_code);
        FUZZ_ASSERT(e->rows[i]->cancel_since == DYGW_NO_TIME);
        FUZZ_ASSERT(e->rows[i]->verify_status != DYGW_CANCELLED);
        FUZZ_ASSERT(e->rows[i]->verify_status != DYGW_PROCESSING
                    || e->rows[i]->repeats < DYGW_REPEATS_MAX + DYGW_CONFIRMS_MAX);
    }
}

/* Nobody else asks for the coupon, or has it and does not know which verification it is. */
static int is_alone(const dygw_evidence_t *e, int i)
{
    int alone = 1;
    int n;

    for (n = 0; n < e->count; n++) {
        alone &= n == i || e->rows[n]->verify_status == DYGW_FAILED;
    }
    for (n = 0; e->rivals[i] && n < e->rivals[i]->nelts; n++) {
        const dygw_rival_t *record = &APR_ARRAY_IDX(e->rivals[i], n, dygw_rival_t);

        alone &= record->id == e->rows[i]->id || record->verify_status == DYGW_FAILED;
    }
    return alone;
}

static int is_beyond_doubt(const dygw_evidence_t *e, int i, const dygw_seen_verify_t *verify)
{
    return verify->verify_type == OURS_TYPE && same(verify->poi_id, POI) && verify->verify_time >= CREATED
           && verify->verify_time <= e->now && e->rows[i]->attempts > 0 && !is_owned(e, i, verify->verify_id)
           && is_alone(e, i);
}

static void check_failed(const dygw_evidence_t *e, int i, const dygw_verdict_t *verdict)
{
    int n;

    FUZZ_ASSERT(verdict->error_code != 0 && verdict->description);
    for (n = 0; e->seen[i] && n < e->seen[i]->verifies->nelts; n++) {
        FUZZ_ASSERT(!is_beyond_doubt(e, i, &APR_ARRAY_IDX(e->seen[i]->verifies, n, dygw_seen_verify_t)));
    }
}

static void check_verdict(const dygw_evidence_t *e, int i, const dygw_verdict_t *verdicts)
{
    if (e->rows[i]->verify_status != DYGW_PROCESSING) {
        FUZZ_ASSERT(verdicts[i].what == DYGW_VERDICT_WAIT);
        return;
    }
    switch (verdicts[i].what) {
    case DYGW_VERDICT_OURS:
        check_ours(e, i, verdicts);
        break;
    case DYGW_VERDICT_REPEAT:
        check_repeat(e);
        break;
    case DYGW_VERDICT_FAILED:
        check_failed(e, i, &verdicts[i]);
        break;
    default:
        FUZZ_ASSERT(verdicts[i].what == DYGW_VERDICT_WAIT);
    }
}

/* Records come in any order. */
static void turn_records(const dygw_evidence_t *e, apr_pool_t *pool)
{
    int i, n;

    for (i = 0; i < e->count; i++) {
        const apr_array_header_t *records = e->rivals[i];
        const apr_array_header_t *kept = records ? apr_array_copy(pool, records) : NULL;

        for (n = 0; records && n < records->nelts; n++) {
            APR_ARRAY_IDX(records, n, dygw_rival_t) = APR_ARRAY_IDX(kept, kept->nelts - 1 - n, dygw_rival_t);
        }
    }
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    dygw_verdict_t verdicts[ROWS_MAX], again[ROWS_MAX];
    const dygw_evidence_t *e;
    int i;

    in = (fuzz_input_t){ data, len, pool };
    e = gather_evidence(pool);
    memset(verdicts, 0xA5, sizeof(verdicts));
    dygw_judge(e, verdicts);
    for (i = 0; i < e->count; i++) {
        check_verdict(e, i, verdicts);
    }
    if (dygw_may_repeat(e->rows, e->count)) {
        check_repeat(e);
    }
    turn_records(e, pool);
    dygw_judge(e, again);
    for (i = 0; i < e->count; i++) {
        FUZZ_ASSERT(verdicts[i].what == again[i].what && verdicts[i].verify == again[i].verify);
        FUZZ_ASSERT(verdicts[i].error_code == again[i].error_code);
    }
}
