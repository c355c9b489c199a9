/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: which rows of dygw_verifications the background has to do with. Each time has
 * an index of its own. */
#ifndef DYGW_STORE_VERIFICATION_DUE_H
#define DYGW_STORE_VERIFICATION_DUE_H

/* PostgreSQL has indexes of the rows with nothing due any more (dygw_finished_*, sql/pgsql), which
 * is nearly all, and dygw_verifications_due of the others: to be read FROM where those indexes are
 * to be used and no order is asked for, under whatever name follows. */
#define DYGW_BOTH_PARTS_PGSQL \
    "(SELECT * FROM dygw_verifications WHERE next_run_at IS NULL " \
    "UNION ALL SELECT * FROM dygw_verifications WHERE next_run_at IS NOT NULL)"

#define DYGW_SETTLE_TIME "next_run_at"
#define DYGW_SETTLE_ROWS "verify_status = 'processing'"

/* Settled rows with something left to do: follow-ups, and those where nothing is left but to ask
 * what became of a refund: news is DYGW_NEWS_SALE, and no cancel is under way (dygw_sale_is_all of
 * gateway/settle). */
#define DYGW_SETTLED_TIME "errand_at"
#define DYGW_SETTLED_ROWS "verify_status <> 'processing'"

#define DYGW_CANCEL_ROWS "(verify_status = 'success' AND cancel_since IS NOT NULL)"

#define DYGW_FOLLOW_UP_TIME DYGW_SETTLED_TIME
#define DYGW_FOLLOW_UP_ROWS DYGW_SETTLED_ROWS " AND (news <> 16 OR " DYGW_CANCEL_ROWS ")"

#define DYGW_SALE_TIME DYGW_SETTLED_TIME
#define DYGW_SALE_ROWS DYGW_SETTLED_ROWS " AND news = 16 AND NOT " DYGW_CANCEL_ROWS

#define DYGW_ENRICH_TIME "next_run_at"
#define DYGW_ENRICH_ROWS "verify_status = 'success' AND enrichment_status = 'pending'"

#endif
