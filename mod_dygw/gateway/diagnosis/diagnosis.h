/* SPDX-License-Identifier: Apache-2.0
 * Is the gateway set up as it has to be? What only the gateway can find out: about Douyin with its
 * own connections, token and secrets, and about its database. Nothing is changed by it. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_DIAGNOSIS_H
#define DYGW_GATEWAY_DIAGNOSIS_DIAGNOSIS_H

#include "gateway/gateway.h"
#include "gateway/diagnosis/finding.h"

#define DYGW_DIAGNOSIS_STORES 20

typedef struct dygw_diagnosis_t {
    const dygw_ctx_t *ctx;
    const apr_array_header_t *poi_ids;  /* of const char *, at most DYGW_DIAGNOSIS_STORES */
    int connections;                    /* to the database, of all children of this host */
    dygw_findings_t *findings;
} dygw_diagnosis_t;

/* One a second and host, for the sake of Douyin's limits. 0: not now. */
int dygw_diagnosis_may_begin(dygw_gateway_t *gateway);

/* Asks Douyin: a few calls that change nothing, none of them under a lock. */
void dygw_diagnose_douyin(const dygw_diagnosis_t *d);

/* Asks the database, in one unit of work. */
void dygw_diagnose_database(const dygw_diagnosis_t *d);

#endif
