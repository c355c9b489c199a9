/* SPDX-License-Identifier: Apache-2.0
 * The kinds of jobs, as the background takes them. They stand in a file of their own so that each
 * job can be linked without the others. */
#include "gateway/settle/settle.h"

const dygw_job_kind_t *const dygw_settle_kinds[DYGW_JOB_KINDS] = {
    &dygw_settle_job,
    &dygw_follow_up_job,
    &dygw_enrich_job,
    &dygw_after_sale_job,
};
