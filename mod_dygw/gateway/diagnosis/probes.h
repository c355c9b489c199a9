/* SPDX-License-Identifier: Apache-2.0
 * For gateway/diagnosis/ only: the probes of a diagnosis. douyin.c and merchants.c say what is
 * asked of Douyin, asking.c asks it at a bounded pace, and answers.c and stores.c turn the replies
 * into findings by what conclusion.c makes of each. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_PROBES_H
#define DYGW_GATEWAY_DIAGNOSIS_PROBES_H

#include <apr_hash.h>

#include "gateway/token.h"
#include "gateway/diagnosis/diagnosis.h"

/* So many accounts are asked about in one diagnosis, so many further pages of the lists of their
 * stores are read, and so many declared stores that are in none of these lists are asked for one by
 * one. */
#define DYGW_PROBED_ACCOUNTS 40
#define DYGW_PROBED_PAGES    150
#define DYGW_PROBED_ALONE    20

struct dygw_probe_t;
struct dygw_probed_account_t;
struct dygw_probes_t;

/* Reads a reply as soon as it is there, and may end the pool of its probe, with it the probe. */
typedef void dygw_probe_read_fn(struct dygw_probes_t *probes, struct dygw_probe_t *probe);

/* A question to Douyin, and the reply to it. */
typedef struct dygw_probe_t {
    dygw_check_e check; /* of an interface */
    const char *scope; /* the interface as Douyin's console names it; NULL: a store's or a page's */
    dygw_question_t question;
    const dygw_reply_t *reply; /* NULL: the question was not sent */
    dygw_why_e why_not;        /* why the question was not sent */
    dygw_probe_read_fn *read;  /* NULL: it is read when all have come */
    apr_pool_t *pool;          /* of question and reply; NULL: that of the diagnosis */
    /* The account whose list of stores it is a further page of; NULL: it is none. */
    struct dygw_probed_account_t *page_of;
} dygw_probe_t;

/* The interfaces that are asked about an account. */
enum {
    DYGW_PROBE_STORES, /* page 1 of the list of its stores */
    DYGW_PROBE_ORDER,
    DYGW_PROBE_BILLING,
    DYGW_PROBE_LEDGER, /* of the same permission, but a call of its own */
    DYGW_PROBES_OF_ACCOUNT
};

/* An account of the gateway. */
typedef struct dygw_probed_account_t {
    const char *account_id; /* NULL: none is configured, nothing is asked */
    dygw_probe_t scopes[DYGW_PROBES_OF_ACCOUNT];
    int missing;        /* its declared stores that were not found yet */
    int pages;          /* of the list of its stores, as far as is known; 0: no page came */
    int next_page;      /* the one to ask for next */
    dygw_why_e why_not; /* why the list cannot be read on; NONE: it can */
} dygw_probed_account_t;

/* A store that is declared, or was named by who asked. */
typedef struct dygw_probed_store_t {
    const dygw_declared_store_t *declared; /* NULL: it is not */
    const char *poi_id;
    int is_named;
    const char *account_id;         /* whose it has to be; NULL: nobody said, */
    dygw_probed_account_t *account; /* and the probes of that account; NULL: there are none */
    int is_found;                   /* Douyin knows it; */
    const char *owner;              /* and whose it is; NULL: Douyin did not say */
    dygw_probe_t *alone;            /* it was asked for by itself; NULL: it was not */
} dygw_probed_store_t;

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
    apr_time_t began;                /* by the steady clock */
    int asked;                       /* how many questions were sent, */
    int pages_asked;                 /* of which were for further pages of lists */
    dygw_probe_t certificate;        /* the interface that needs no account */
    dygw_probed_account_t *accounts; /* the first of them; one without account_id at least */
    int account_count;
    int accounts_beyond;        /* how many there are besides */
    apr_array_header_t *stores; /* of dygw_probed_store_t *: the named ones, then all declared */
    apr_hash_t *stores_by_poi;  /* the same */
} dygw_probes_t;

/* --- asking (asking.c) --- */

/* Sends the question of a probe, once there is room for it: few are under way at a time, so many a
 * second, and none when the time of the diagnosis is over. Where it cannot be sent, why_not says
 * why; a probe that has a why_not already is left alone. */
void dygw_probe_begin(dygw_probes_t *probes, dygw_probe_t *probe);

/* Waits until no probe waits for its reply any more. */
void dygw_probes_await(dygw_probes_t *probes);

/* --- merchants (merchants.c) --- */

/* Makes the probes of the accounts, one without account_id at least, and the stores to look for. */
void dygw_probes_make_accounts(dygw_probes_t *probes);

/* Reads the lists of the accounts' stores as far as declared ones are missing, and asks for those
 * that are in none. Page 1 of each list has been asked for before. */
void dygw_probes_ask_stores(dygw_probes_t *probes);

/* Whether the list of the account's stores was read to its end. */
static inline int dygw_probes_is_list_whole(const dygw_probed_account_t *account)
{
    return account->why_not == DYGW_WHY_NONE && account->pages > 0
           && account->next_page > account->pages;
}

/* --- conclusions (conclusion.c) --- */

typedef struct dygw_conclusion_t {
    dygw_finding_e state;
    dygw_why_e why;
} dygw_conclusion_t;

/* Whether Douyin answered, whatever the answer says. reply may be NULL. */
int dygw_probe_is_answer(const dygw_reply_t *reply);

/* What stands in the way, where the kind of a reply is SETUP. */
dygw_why_e dygw_conclude_setup(const dygw_reply_t *reply);

/* What a reply, or its absence, says of what was asked. */
dygw_conclusion_t dygw_conclude_reply(const dygw_reply_t *reply);
dygw_conclusion_t dygw_conclude_probe(const dygw_probe_t *probe);

/* Writes Douyin's own words to the finding that is open, where the reply is an error. reply may be
 * NULL. */
void dygw_findings_words(dygw_findings_t *findings, const dygw_reply_t *reply);

/* --- findings (answers.c, stores.c). Call them when all probes have their replies. --- */

/* Writes all findings about Douyin, */
void dygw_probes_write_findings(const dygw_probes_t *probes);

/* of which those about stores are written by */
void dygw_probes_write_stores(const dygw_probes_t *probes);

#endif
