/* SPDX-License-Identifier: Apache-2.0
 * For diagnosis/ only: what is asked of Douyin (douyin.c), and what the answers mean (answers.c).
 */
#ifndef DYGW_GATEWAY_DIAGNOSIS_PROBES_H
#define DYGW_GATEWAY_DIAGNOSIS_PROBES_H

#include "gateway/diagnosis/diagnosis.h"
#include "gateway/token.h"

/* A question, about an interface or a store, and what came of it. */
typedef struct dygw_probe_t {
    dygw_check_e check;
    const char *scope;          /* as Douyin's console names it; NULL: a store, */
    const char *poi_id;         /* this one */
    dygw_question_t question;
    const dygw_reply_t *reply;  /* NULL: not asked, */
    dygw_why_e why_not;         /* and why not */
    int is_listed;              /* the store was among the account's, and need not be asked for */
} dygw_probe_t;

enum {
    DYGW_PROBE_CERTIFICATE,
    DYGW_PROBE_STORES,
    DYGW_PROBE_ORDER,
    DYGW_PROBE_BILLING,
    DYGW_PROBE_SCOPES
};

typedef struct dygw_probes_t {
    const dygw_diagnosis_t *d;
    dygw_douyin_async_t *async;
    dygw_token_t held;
    int is_held;
    const dygw_token_reply_t *fresh;    /* of the token call; NULL: not asked */
    const char *token;                  /* to ask with; NULL: none, or it is no use */
    const dygw_reply_t *refusal;        /* of the token that is held; NULL: it was not refused */
    dygw_probe_t scopes[DYGW_PROBE_SCOPES];
    dygw_probe_t stores[DYGW_DIAGNOSIS_STORES];
    int store_count;
} dygw_probes_t;

/* Whether it is an answer, of whatever kind; NULL is none. */
int dygw_probe_is_answer(const dygw_reply_t *reply);

/* The store among those of an answer (NULL: none); NULL: it is not. */
const json_t *dygw_probes_find_store(const dygw_reply_t *reply, const char *poi_id,
                                     apr_pool_t *pool);

/* Writes all findings, when all probes are answered. */
void dygw_probes_tell(const dygw_probes_t *v);

#endif
