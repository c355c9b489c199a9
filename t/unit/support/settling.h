/* SPDX-License-Identifier: Apache-2.0
 * The jobs of gateway/settle/ under test: rows in the fake store, one job that runs on them to its
 * end with the answers of the fake Douyin, and what the job asked. For the tests of settling,
 * follow-ups and enriching; with fake_world.c, fake_store.c and fake_douyin.c. */
#ifndef SETTLING_H
#define SETTLING_H

#include "fake_world.h"
#include "gateway/settle/settle.h"

#define SETTLING_POI "7012345678901234567"
#define ID           101 /* of the first row of the request that is settled */
#define MINUTE_MS    60000
#define QUARTER_MS   900000
#define HOUR_MS      APR_INT64_C(3600000)

/* Adds the row of a coupon to the request whose first row has the id first_id. The row is
 * `processing`; its verify was sent once, just now, and it is due in 5 s. Its codes are "enc-N" and
 * "cert-N", with N = item_no + 1. */
dygw_verification_t *settling_row(apr_int64_t first_id, int item_no, int item_count);

/* Runs a job of that kind on the rows of a request as they are in the store; returns how many
 * questions it asked. */
int settling_run(dygw_gateway_t *gateway, const dygw_job_kind_t *kind, apr_int64_t first_id, apr_pool_t *pool);

/* Returns what was asked since the last call, without access tokens, as "query order-1; get enc-1";
 * check_asked compares it. */
const char *settling_asked(void);
void check_asked(const char *expected);

#endif
