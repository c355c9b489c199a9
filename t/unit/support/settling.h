/* SPDX-License-Identifier: Apache-2.0
 * For tests of the background's jobs: rows in the fake store, and one job that runs on them to its
 * end, with the fake Douyin's answers. */
#ifndef SETTLING_H
#define SETTLING_H

#include "fake_world.h"
#include "gateway/settle/settle.h"

#define SETTLING_POI "7012345678901234567"

/* A row of the request whose first row has the id first_id, sent once, FAKE_START_MS ago nothing:
 * its codes are "enc-N" and "cert-N" with N = item_no + 1. */
dygw_verification_t *settling_row(apr_int64_t first_id, int item_no, int item_count);

/* Runs a job of that kind on the rows of a request as they are in the store; gives how many
 * questions it asked. */
int settling_run(dygw_gateway_t *gateway, const dygw_job_kind_t *kind, apr_int64_t first_id,
                 apr_pool_t *pool);

/* What was asked since the last call, without access tokens: "query order-1; get enc-1". */
const char *settling_asked(void);

#endif
