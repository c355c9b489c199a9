/* SPDX-License-Identifier: Apache-2.0
 * The diagnosis: checks whether the gateway is set up as it has to be. It is what dygw-doctor
 * cannot check from outside: the way to Douyin, with the gateway's own connections, token and
 * secrets, and the gateway's database. A diagnosis changes nothing.
 *
 * A check is one thing that is examined; a probe is a call to Douyin that shows something about
 * checks; a conclusion is what one reply means; a finding is the result of a check, as JSON.
 *
 * The room gateway/diagnosis/ may call the files at the top of gateway/, gateway/apps/, and store/,
 * douyin/ and util/. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_DIAGNOSIS_H
#define DYGW_GATEWAY_DIAGNOSIS_DIAGNOSIS_H

#include "gateway/gateway.h"
#include "gateway/diagnosis/finding.h"

/* So many stores may be named in one diagnosis, and so many findings of a kind (stores that are
 * wrong, apps in trouble) are written one by one: what is beyond is counted. */
#define DYGW_DIAGNOSIS_STORES 20
#define DYGW_DIAGNOSIS_SHOWN  20

/* What the caller asks for, and where the findings go. All of it is the caller's. */
typedef struct dygw_diagnosis_t {
    const dygw_ctx_t *ctx;
    const apr_array_header_t *stores; /* to check, beside the declared ones: const char *, by
                                       * poi_id or by the shop's own code; DYGW_DIAGNOSIS_STORES
                                       * of them at most */
    int connections;                  /* to the database, at most, of all children of this host */
    dygw_findings_t *findings;
} dygw_diagnosis_t;

/* Whether a diagnosis may begin now, and notes that it begins: a host makes one a second at most,
 * because Douyin limits how often it may be asked. */
int dygw_diagnosis_may_begin(dygw_gateway_t *gateway);

/* Writes the findings about Douyin, to d->findings. It makes calls to Douyin, which change nothing,
 * three for each account and one for 50 of its stores as long as declared ones are missing, at a
 * bounded pace and for 18 s and one call at most; and holds no lock meanwhile. */
void dygw_diagnose_douyin(const dygw_diagnosis_t *d);

/* Writes the findings about the database and what it holds, and about declared apps, to
 * d->findings, in one unit of work. */
void dygw_diagnose_database(const dygw_diagnosis_t *d);

#endif
