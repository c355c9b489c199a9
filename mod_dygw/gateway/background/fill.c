/* SPDX-License-Identifier: Apache-2.0
 * Fills in the reasons of verifications that older versions have recorded: filters and sums find a
 * verification by the reason that is recorded.
 *
 * A walk goes through what has an error_code, code by code and id by id, a piece a turn. The first
 * one goes through all, and its place is kept in the database, for the next that leads. While an
 * upgrade is under way, hosts of an older version go on recording without reasons: so what is young
 * is walked through again and again, which costs little, as few verifications are refused. */
#include "gateway/background/fill.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "gateway/db_work.h"
#include "gateway/reasons.h"
#include "store/reason.h"
#include "store/verification/id.h"

#define PIECE       200                         /* rows of a turn */
#define REST_MS     3600000                     /* after a walk that found nothing to fill in, */
#define SOON_MS     300000                      /* that found something, and after a failure */
#define YOUNG_MS    APR_INT64_C(345600000)      /* four days: settling takes two at most */
#define BEFORE_CODE APR_INT64_C(-1000000000000) /* below all that Douyin or we have */
#define ALL_DONE    "all"

/* --- the walk --- */

static const char *mark_of(const dygw_fill_t *at, apr_pool_t *pool)
{
    return at->walks ? apr_psprintf(pool, "%" APR_INT64_T_FMT " %" APR_INT64_T_FMT, at->error_code,
                                    at->id)
                     : ALL_DONE;
}

/* A walk of a database whose first one is done begins at what is young. */
static apr_status_t begin_walk(dygw_fill_t *at, dygw_db_t *db, apr_pool_t *pool)
{
    const char *mark = "";
    apr_status_t rv = dygw_store_reason_mark(db, &mark, pool);
    char *end;

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return rv;
    }
    *at = (dygw_fill_t){ .walks = 1, .error_code = BEFORE_CODE };
    if (strcmp(mark, ALL_DONE) == 0) {
        at->floor = dygw_id_at(dygw_now() - YOUNG_MS);
    }
    else {
        at->from_the_beginning = 1;
        if (*mark) {
            at->error_code = apr_strtoi64(mark, &end, 10);
            at->id = apr_strtoi64(end, NULL, 10);
        }
    }
    return APR_SUCCESS;
}

/* Returns how many have a reason. */
static int explain_piece(const dygw_reason_piece_t *piece)
{
    int explained = 0;

    for (int i = 0; i < piece->unexplained->nelts; i++) {
        dygw_unexplained_t *row = &APR_ARRAY_IDX(piece->unexplained, i, dygw_unexplained_t);

        row->reason = dygw_reason_word(
            dygw_reason_of_outcome(row->verify_status, piece->error_code, row->error_description));
        explained += row->reason != NULL;
    }
    return explained;
}

/* Goes on behind a piece. Behind the last of them the walk ends. */
static apr_status_t go_on(dygw_fill_t *at, const dygw_reason_piece_t *piece, dygw_db_t *db)
{
    apr_status_t rv = APR_SUCCESS;

    at->id = piece->last_id;
    if (piece->count < piece->limit) {
        at->id = at->floor;
        rv = dygw_store_reason_next_code(db, piece->error_code, &at->error_code);
    }
    at->walks = rv != APR_NOTFOUND;
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* Work for dygw_db_work: a piece. What is wanted of the database comes before what is written. */
static apr_status_t walk(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_fill_t *at = baton;
    dygw_reason_piece_t piece;
    int explained = 0;
    apr_status_t rv = at->walks ? APR_SUCCESS : begin_walk(at, db, ctx->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    piece = (dygw_reason_piece_t){ .error_code = at->error_code, .after = at->id, .limit = PIECE };
    rv = dygw_store_reason_read(db, &piece, ctx->pool);
    if (rv == APR_SUCCESS) {
        explained = explain_piece(&piece);
        at->filled += explained;
        rv = go_on(at, &piece, db);
    }
    if (rv == APR_SUCCESS && (explained > 0 || at->from_the_beginning)) {
        rv = dygw_store_reason_fill(db, &piece,
                                    at->from_the_beginning ? mark_of(at, ctx->pool) : NULL);
    }
    return rv;
}

void dygw_fill_turn(const dygw_ctx_t *ctx, dygw_fill_t *state)
{
    dygw_fill_t at = *state;

    if (dygw_left_until(state->next_at, REST_MS) > 0) {
        return;
    }
    if (dygw_db_work(ctx, walk, &at, DYGW_DB_ONCE) != APR_SUCCESS) {
        state->next_at = dygw_now() + SOON_MS;
        return;
    }
    *state = at;
    if (at.walks) {
        return;
    }
    if (at.filled > 0) {
        dygw_log(ctx->log, INFO, 0,
                 DYGWNO(0810) "the reasons of %d verifications that an older version has recorded "
                              "are filled in",
                 at.filled);
    }
    *state = (dygw_fill_t){ .next_at = dygw_now() + (at.filled > 0 ? SOON_MS : REST_MS) };
}
