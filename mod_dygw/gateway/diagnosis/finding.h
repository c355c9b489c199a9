/* SPDX-License-Identifier: Apache-2.0
 * What a diagnosis finds: for each thing that is examined a state, a word for the reason when it is
 * not well, and facts. No sentences: who shows it has those, in its reader's language. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_FINDING_H
#define DYGW_GATEWAY_DIAGNOSIS_FINDING_H

#include "util/jsonw.h"

typedef enum {
    DYGW_CHECK_CONNECTION,       /* name, connection and TLS to Douyin */
    DYGW_CHECK_DOUYIN_CLOCK,
    DYGW_CHECK_SECRET,
    DYGW_CHECK_TOKEN,
    DYGW_CHECK_ADDRESS,
    DYGW_CHECK_AUTHORISATION,
    DYGW_CHECK_SCOPE_CERTIFICATE,
    DYGW_CHECK_SCOPE_STORE,
    DYGW_CHECK_SCOPE_ORDER,
    DYGW_CHECK_SCOPE_BILLING,
    DYGW_CHECK_STORE,
    DYGW_CHECK_DATABASE,
    DYGW_CHECK_DATABASE_CLOCK,
    DYGW_CHECK_SCHEMA,
    DYGW_CHECK_CONNECTIONS,
    DYGW_CHECK_MASTER_KEY,
    DYGW_CHECK_WORKER,
    DYGW_CHECK_NONCES,
    DYGW_CHECK_POOL
} dygw_check_e;

typedef enum {
    DYGW_WHY_NONE,
    /* on the way to Douyin */
    DYGW_WHY_PROXY_NOT_RESOLVED,
    DYGW_WHY_NOT_RESOLVED,
    DYGW_WHY_NOT_CONNECTED,
    DYGW_WHY_CONNECT_TIMEOUT,
    DYGW_WHY_PROXY_REFUSED,
    DYGW_WHY_CA_FILE_UNREADABLE,
    DYGW_WHY_CERTIFICATE_UNTRUSTED,
    DYGW_WHY_CERTIFICATE_EXPIRED,
    DYGW_WHY_TLS_FAILED,
    DYGW_WHY_TIMEOUT,
    DYGW_WHY_CONNECTION_BROKEN,
    DYGW_WHY_UNREADABLE,
    DYGW_WHY_SERVER_ERROR,
    /* what Douyin said */
    DYGW_WHY_NO_ANSWER,
    DYGW_WHY_BUSY,
    DYGW_WHY_REFUSED,           /* error_code says why */
    DYGW_WHY_NOT_UNDERSTOOD,    /* Douyin did not take the question, and tells nothing */
    DYGW_WHY_TOKEN_REFUSED,
    DYGW_WHY_ADDRESS_REFUSED,
    DYGW_WHY_NOT_AUTHORISED,
    DYGW_WHY_NO_PERMISSION,
    DYGW_WHY_PUNISHED,
    DYGW_WHY_TAKEN_DOWN,
    /* what was not asked */
    DYGW_WHY_NOT_ASKED,         /* asking would spoil a token that is in use */
    DYGW_WHY_NO_TOKEN,
    DYGW_WHY_NO_ACCOUNT,
    DYGW_WHY_NO_DATABASE,
    DYGW_WHY_NO_SCHEMA,
    DYGW_WHY_NO_SERVER,         /* SQLite */
    DYGW_WHY_IN_DATABASE,       /* nonces */
    /* what is not well here */
    DYGW_WHY_CLOCK_OFF,
    DYGW_WHY_MISSING,
    DYGW_WHY_EXPIRED,
    DYGW_WHY_UNKNOWN_STORE,
    DYGW_WHY_OTHER_ACCOUNT,
    DYGW_WHY_UNREACHABLE,
    DYGW_WHY_SLOW,
    DYGW_WHY_BEHIND,
    DYGW_WHY_TOO_MANY,
    DYGW_WHY_WRONG_KEY,
    DYGW_WHY_OLD_KEY,
    DYGW_WHY_STALLED,
    DYGW_WHY_TOO_SMALL,
    DYGW_WHY_NEARLY_FULL,
    DYGW_WHY_NOT_KEPT
} dygw_why_e;

typedef enum { DYGW_PASS, DYGW_WARN, DYGW_FAIL, DYGW_SKIPPED, DYGW_FINDING_STATES } dygw_finding_e;

typedef struct dygw_findings_t {
    dygw_jsonw_t w;
    int count[DYGW_FINDING_STATES];
} dygw_findings_t;

/* Opens a finding; members of "detail" are to be written to findings->w, until the end. */
void dygw_finding(dygw_findings_t *findings, dygw_check_e check, dygw_finding_e state,
                  dygw_why_e why);
void dygw_finding_end(dygw_findings_t *findings);

/* One without facts. */
void dygw_finding_plain(dygw_findings_t *findings, dygw_check_e check, dygw_finding_e state,
                        dygw_why_e why);

/* Whether little is left of something. */
int dygw_finding_is_much(int part, int whole);

/* About two clocks: up to well_ms apart they do no harm, a minute does. */
dygw_finding_e dygw_finding_of_clock(dygw_ms_t difference, dygw_ms_t well_ms);

#endif
