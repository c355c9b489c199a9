/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: which rows of dygw_verifications the background has to do with. Each condition
 * has an index of its own that begins with the time. */
#ifndef DYGW_STORE_VERIFICATION_DUE_H
#define DYGW_STORE_VERIFICATION_DUE_H

#define DYGW_SETTLE_TIME "next_run_at"
#define DYGW_SETTLE_ROWS "verify_status = 'processing'"

#define DYGW_FOLLOW_UP_TIME "errand_at"
#define DYGW_FOLLOW_UP_ROWS "verify_status <> 'processing'"

#define DYGW_ENRICH_TIME "next_run_at"
#define DYGW_ENRICH_ROWS "verify_status = 'success' AND enrichment_status = 'pending'"

#endif
