/* SPDX-License-Identifier: Apache-2.0
 * From lines of the settlement ledger to what is kept of a redemption. */
#include "gateway/reports/payout_lines.h"

#include <string.h>

#include <apr_strings.h>

#include "util/clock.h"

static const dygw_ledger_line_t *line_at(const apr_array_header_t *lines, int i)
{
    return &APR_ARRAY_IDX(lines, i, const dygw_ledger_line_t);
}

/* --- whose lines they are --- */

static int is_of_coupon(const dygw_payout_due_t *row, const dygw_ledger_line_t *line)
{
    return line->certificate_id && strcmp(line->certificate_id, row->certificate_id) == 0;
}

/* Whether no two lines of the coupon have different verify_ids. */
static int has_one_verify(const dygw_payout_due_t *row, const apr_array_header_t *lines)
{
    const char *first = NULL;

    for (int i = 0; i < lines->nelts; i++) {
        const char *verify_id = line_at(lines, i)->verify_id;

        if (!is_of_coupon(row, line_at(lines, i)) || !verify_id) {
            continue;
        }
        if (first && strcmp(first, verify_id) != 0) {
            return 0;
        }
        first = verify_id;
    }
    return 1;
}

/* By the verify_id; where one of the two has none, by the coupon, if it was redeemed only once. */
static int is_of_row(const dygw_payout_due_t *row, const dygw_ledger_line_t *line, int is_only)
{
    if (row->verify_id && line->verify_id) {
        return strcmp(row->verify_id, line->verify_id) == 0;
    }
    return is_only && is_of_coupon(row, line);
}

static apr_array_header_t *lines_of_row(const dygw_payout_due_t *row,
                                        const apr_array_header_t *lines, apr_pool_t *pool)
{
    const int is_only = row->uses == 1 && has_one_verify(row, lines);
    apr_array_header_t *found
        = apr_array_make(pool, lines->nelts, sizeof(const dygw_ledger_line_t *));

    for (int i = 0; i < lines->nelts; i++) {
        if (is_of_row(row, line_at(lines, i), is_only)) {
            APR_ARRAY_PUSH(found, const dygw_ledger_line_t *) = line_at(lines, i);
        }
    }
    return found;
}

/* --- their sum --- */

static void add_line(dygw_payout_amounts_t *sum, const dygw_ledger_line_t *line)
{
#define ADD(member, number) \
    if (line->amounts[DYGW_LEDGER_##number] != DYGW_LEDGER_NOT_TOLD) { \
        sum->member = (sum->member == DYGW_NO_INT ? 0 : sum->member) \
                      + line->amounts[DYGW_LEDGER_##number]; \
    }
    DYGW_PAYOUT_AMOUNTS(ADD)
#undef ADD
}

#define NOTHING(member, number) .member = DYGW_NO_INT,

static const dygw_payout_amounts_t nothing = { DYGW_PAYOUT_AMOUNTS(NOTHING) };

/* A status that nobody knows may still change, as the first one does. */
static int known_status(const dygw_ledger_line_t *line)
{
    return line->status < DYGW_LEDGER_STATUS_INITIAL || line->status > DYGW_LEDGER_STATUS_VOID
               ? DYGW_LEDGER_STATUS_INITIAL
               : line->status;
}

/* The redemption is as far as the line that is least far; of two that are done, one that failed
 * counts. */
static int status_of_both(int a, int b)
{
    const int least = a < b ? a : b;

    return least < DYGW_LEDGER_STATUS_SETTLED ? least : a > b ? a : b;
}

static int count_alive(const apr_array_header_t *lines)
{
    int alive = 0;

    for (int i = 0; i < lines->nelts; i++) {
        alive += known_status(APR_ARRAY_IDX(lines, i, const dygw_ledger_line_t *))
                 != DYGW_LEDGER_STATUS_VOID;
    }
    return alive;
}

static void sum_lines(const apr_array_header_t *lines, dygw_payout_t *payout)
{
    const int alive = count_alive(lines);

    payout->amounts = nothing;
    payout->ledger_lines = 0;
    for (int i = 0; i < lines->nelts; i++) {
        const dygw_ledger_line_t *line = APR_ARRAY_IDX(lines, i, const dygw_ledger_line_t *);
        const int status = known_status(line);

        if (alive > 0 && status == DYGW_LEDGER_STATUS_VOID) {
            continue;
        }
        payout->ledger_status
            = payout->ledger_lines++ == 0 ? status : status_of_both(payout->ledger_status, status);
        add_line(&payout->amounts, line);
    }
}

static const char *text_of_lines(const apr_array_header_t *lines, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, lines->nelts, sizeof(const char *));

    for (int i = 0; i < lines->nelts; i++) {
        APR_ARRAY_PUSH(texts, const char *)
            = APR_ARRAY_IDX(lines, i, const dygw_ledger_line_t *)->raw;
    }
    return apr_pstrcat(pool, "[", apr_array_pstrcat(pool, texts, ','), "]", NULL);
}

void dygw_payout_of_lines(const dygw_payout_due_t *row, const apr_array_header_t *lines,
                          dygw_payout_t *payout, apr_pool_t *pool)
{
    const apr_array_header_t *ours = lines_of_row(row, lines, pool);

    *payout = (dygw_payout_t){ .verification_id = row->verification_id,
                               .next_ask_at = DYGW_NO_TIME,
                               .ledger_asks = row->ledger_asks + 1,
                               .ledger_at = dygw_now() };
    sum_lines(ours, payout);
    payout->ledger_records = text_of_lines(ours, pool);
}
