/* SPDX-License-Identifier: Apache-2.0
 * For gateway/diagnosis/ only: the probes of a diagnosis, which douyin.c sends to Douyin, and whose
 * replies answers.c turns into findings. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_PROBES_H
#define DYGW_GATEWAY_DIAGNOSIS_PROBES_H

#include "gateway/diagnosis/diagnosis.h"
#include "gateway/token.h"

/* A question to Douyin about an interface or a store, and the reply to the question. */
typedef struct dygw_probe_t {
    dygw_check_e check;
    const char *scope;  /* the interface as Douyin's console names it; NULL: a store's */
    const char *poi_id; /* the store; NULL: an interface's */
    dygw_question_t question;
    const dygw_reply_t *reply; /* NULL: the question was not sent */
    dygw_why_e why_not;        /* why the question was not sent */
    int is_listed;             /* the store is in the list of the account's stores, so that no
                                * question is needed */
} dygw_probe_t;

/* The probes of interfaces. */
enum {
    DYGW_PROBE_CERTIFICATE,
    DYGW_PROBE_STORES,
    DYGW_PROBE_ORDER,
    DYGW_PROBE_BILLING,
    DYGW_PROBE_SCOPES
};

/* All probes of one diagnosis. */
typedef struct dygw_probes_t {
    const dygw_diagnosis_t *d;
    dygw_douyin_async_t *async;
    dygw_token_t held;               /* the token that the host holds */
    int is_held;                     /* `held` has not expired */
    const dygw_token_reply_t *fresh; /* the reply to the token call; NULL: no call was made */
    const char *token;               /* to send probes with; NULL: there is none, or no probe
                                      * can be sent */
    const dygw_reply_t *refusal;     /* Douyin's refusal of `held`; NULL: it was not refused */
    dygw_probe_t scopes[DYGW_PROBE_SCOPES];
    dygw_probe_t stores[DYGW_DIAGNOSIS_STORES];
    int store_count;
} dygw_probes_t;

/* Whether Douyin answered, whatever the answer says. reply may be NULL. */
int dygw_probe_is_answer(const dygw_reply_t *reply);

/* The store poi_id in a reply that lists stores, in the memory of the reply; NULL: the reply is
 * NULL or does not list the store. */
const json_t *dygw_probes_find_store(const dygw_reply_t *reply, const char *poi_id,
                                     apr_pool_t *pool);

/* Writes all findings about Douyin. Call it when no probe waits for its reply any more. */
void dygw_probes_write_findings(const dygw_probes_t *probes);

#endif
