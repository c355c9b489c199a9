/* SPDX-License-Identifier: Apache-2.0
 * Which lines of the settlement ledger are of a redemption of ours, and their sum. */
#ifndef DYGW_GATEWAY_REPORTS_PAYOUT_LINES_H
#define DYGW_GATEWAY_REPORTS_PAYOUT_LINES_H

#include "douyin/douyin.h"
#include "store/payout.h"

/* Adds up the lines (of dygw_ledger_line_t) that are of row: lines of one verify_id are one
 * redemption. An amount is the sum over the lines that show it, and absent where none does. Lines
 * that are void count only where there is no other. Fills in all of *payout but when it is asked
 * for again; no line of row's: ledger_lines is 0. From pool. */
void dygw_payout_of_lines(const dygw_payout_due_t *row, const apr_array_header_t *lines,
                          dygw_payout_t *payout, apr_pool_t *pool);

#endif
