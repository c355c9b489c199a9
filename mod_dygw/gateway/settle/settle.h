/* SPDX-License-Identifier: Apache-2.0
 * What the background does for a verification that its request has left behind. */
#ifndef DYGW_GATEWAY_SETTLE_SETTLE_H
#define DYGW_GATEWAY_SETTLE_SETTLE_H

#include "gateway/background/job.h"

extern const dygw_job_kind_t dygw_settle_job;   /* settle.c: how a `processing` one ended */
extern const dygw_job_kind_t dygw_follow_up_job;   /* follow_up.c: cancels, webhooks' news */
extern const dygw_job_kind_t dygw_enrich_job;   /* enrich.c: the order's amounts */

/* All of them, the most urgent first. */
extern const dygw_job_kind_t *const dygw_settle_kinds[DYGW_JOB_KINDS];

#endif
