/* SPDX-License-Identifier: Apache-2.0
 * The room settle: what is left to do with verifications when their request is over. The background
 * runs this work as jobs (gateway/background); each job is about the rows of one request:
 *
 *   settle      a row is `processing`: how did its redemption end?
 *   follow-up   a row has ended, and a cancel, news of a webhook or a late verify of it is left to
 *               look into
 *   enrich      a row is `success`: what was bought, and for how much money?
 *
 * Which file has what. A file calls those after it:
 *
 *   kinds.c                              the jobs, in the order of their urgency
 *   settle.c repeat.c settle_state.c     the job settle: looks, repeats the verify, writes rows
 *   follow_up.c orphan.c follow_up_row.c the job follow-up; orphan.c: what came of a late verify
 *   enrich.c amounts.c                   the job enrich, and how the money of an order is divided
 *   attribution.c                        which verification of ours a redemption belongs to
 *   cancelled.c late.c pace.c            the rules of cancels, of late verifies, of pauses
 *   judge.c                              the rules of settling: from evidence to verdicts
 *   fit.c                                whether a redemption can be what a verification asked for
 *
 * webhook.c stands beside the jobs: it keeps Douyin's messages, which make jobs due.
 *
 * In the comments of this room, a redemption is what Douyin has done with a coupon and shows of it
 * (dygw_seen_verify_t); a verification is what we have recorded. Douyin does not say whose a
 * redemption is; to find that out is most of the work here.
 *
 * The room calls gateway/background, the top of gateway/, and what lies below gateway/. */
#ifndef DYGW_GATEWAY_SETTLE_SETTLE_H
#define DYGW_GATEWAY_SETTLE_SETTLE_H

#include "gateway/background/job.h"

extern const dygw_job_kind_t dygw_settle_job;     /* settle.c */
extern const dygw_job_kind_t dygw_follow_up_job;  /* follow_up.c */
extern const dygw_job_kind_t dygw_enrich_job;     /* enrich.c */
extern const dygw_job_kind_t dygw_after_sale_job; /* after_sale.c */

/* All kinds of jobs, the most urgent first. */
extern const dygw_job_kind_t *const dygw_settle_kinds[DYGW_JOB_KINDS];

#endif
