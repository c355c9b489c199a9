/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: a visit at Douyin for a diagnosis, what is asked (diagnose_douyin.c) and what
 * the answers mean (diagnose_answers.c). */
#ifndef DYGW_GATEWAY_DIAGNOSIS_VISIT_H
#define DYGW_GATEWAY_DIAGNOSIS_VISIT_H

#include "gateway/token.h"
#include "gateway/diagnosis/diagnosis.h"

/* A question, about an interface or a store, and what came of it. */
typedef struct dygw_probe_t {
    dygw_exam_e exam;
    const char *scope;          /* as Douyin's console names it; NULL: a store, */
    const char *poi_id;         /* this one */
    dygw_question_t question;
    const dygw_reply_t *reply;  /* NULL: not asked, */
    dygw_why_e why_not;         /* and why not */
    int is_listed;              /* the store was among the account's, and need not be asked for */
} dygw_probe_t;

enum {
    DYGW_VISIT_CERTIFICATE,
    DYGW_VISIT_STORES,
    DYGW_VISIT_ORDER,
    DYGW_VISIT_BILLING,
    DYGW_VISIT_SCOPES
};

typedef struct dygw_visit_t {
    const dygw_diagnosis_t *d;
    dygw_douyin_async_t *async;
    dygw_token_t held;
    int is_held;
    const dygw_token_reply_t *fresh;    /* of the token call; NULL: not asked */
    const char *token;                  /* to ask with; NULL: none, or it is no use */
    const dygw_reply_t *refusal;        /* of the token that is held; NULL: it was not refused */
    dygw_probe_t scopes[DYGW_VISIT_SCOPES];
    dygw_probe_t stores[DYGW_DIAGNOSIS_STORES];
    int store_count;
} dygw_visit_t;

/* Whether it is an answer, of whatever kind; NULL is none. */
int dygw_visit_is_answer(const dygw_reply_t *reply);

/* The store among those of an answer (NULL: none); NULL: it is not. */
const json_t *dygw_visit_find_store(const dygw_reply_t *reply, const char *poi_id,
                                    apr_pool_t *pool);

/* Writes all findings of a visit that is over. */
void dygw_visit_tell(const dygw_visit_t *v);

#endif
