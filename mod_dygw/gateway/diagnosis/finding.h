/* SPDX-License-Identifier: Apache-2.0
 * Findings, the results of a diagnosis. A finding has the name of its check, a state, a word for
 * the reason when the state is not `pass`, and facts. It has no sentences: dygw-doctor has them, in
 * the language of its reader. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_FINDING_H
#define DYGW_GATEWAY_DIAGNOSIS_FINDING_H

#include "util/jsonw.h"

/* What is checked; finding.c has the word for each. */
typedef enum {
    DYGW_CHECK_UPSTREAM,   /* whether it is Douyin's: found only where it is not */
    DYGW_CHECK_CONNECTION, /* resolving the name, connecting, and TLS to Douyin */
    DYGW_CHECK_DOUYIN_CLOCK,
    DYGW_CHECK_SECRET,
    DYGW_CHECK_TOKEN,
    DYGW_CHECK_ADDRESS,
    DYGW_CHECK_AUTHORISATION, /* of each account */
    DYGW_CHECK_ACCOUNTS,      /* found only where some were left out */
    DYGW_CHECK_SCOPE_CERTIFICATE,
    DYGW_CHECK_SCOPE_STORE,
    DYGW_CHECK_SCOPE_ORDER,
    DYGW_CHECK_SCOPE_BILLING,
    DYGW_CHECK_SCOPE_LEDGER,   /* a warning at most: redemptions need it not */
    DYGW_CHECK_STORE,          /* that was named */
    DYGW_CHECK_DECLARED_STORE, /* found only where one is wrong */
    DYGW_CHECK_DECLARED_STORES,
    DYGW_CHECK_DECLARED_FILE, /* of stores: found only where one is left out */
    DYGW_CHECK_DATABASE,
    DYGW_CHECK_DATABASE_CLOCK,
    DYGW_CHECK_SCHEMA,
    DYGW_CHECK_CONNECTIONS,
    DYGW_CHECK_MASTER_KEY,
    DYGW_CHECK_WORKER,
    DYGW_CHECK_NONCES,
    DYGW_CHECK_POOL,
    DYGW_CHECK_DECLARED_APP, /* found only where one is in trouble */
    DYGW_CHECK_DECLARED_APPS,
    DYGW_CHECK_DECLARED_HOST /* found only where another host differs */
} dygw_check_e;

/* Reasons for a state; finding.c has the word for each. */
typedef enum {
    DYGW_WHY_NONE, /* with `pass` */
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
    DYGW_WHY_UNREADABLE, /* also: a file of stores */
    DYGW_WHY_SERVER_ERROR,
    /* what Douyin said */
    DYGW_WHY_NO_ANSWER,
    DYGW_WHY_BUSY,
    DYGW_WHY_REFUSED,        /* error_code says why */
    DYGW_WHY_NOT_UNDERSTOOD, /* Douyin refused the question as malformed, which shows nothing */
    DYGW_WHY_TOKEN_REFUSED,
    DYGW_WHY_ADDRESS_REFUSED,
    DYGW_WHY_NOT_AUTHORISED,
    DYGW_WHY_NO_PERMISSION,
    DYGW_WHY_PUNISHED,
    DYGW_WHY_TAKEN_DOWN,
    /* why something was not checked */
    DYGW_WHY_NOT_ASKED, /* asking for a token would end the one that is in use */
    DYGW_WHY_NO_TOKEN,
    DYGW_WHY_NO_ACCOUNT,
    DYGW_WHY_NO_DATABASE,
    DYGW_WHY_NO_SCHEMA,
    DYGW_WHY_NO_SERVER,   /* SQLite has no server with a limit of connections */
    DYGW_WHY_IN_DATABASE, /* nonces are kept there, so that no table in memory can be full */
    DYGW_WHY_LEFT_OUT,    /* there was no time, or there are too many */
    /* what is wrong on our side */
    DYGW_WHY_CLOCK_OFF,
    DYGW_WHY_MISSING,
    DYGW_WHY_EXPIRED,
    DYGW_WHY_UNKNOWN_STORE,
    DYGW_WHY_OTHER_ACCOUNT,
    DYGW_WHY_UNREACHABLE,
    DYGW_WHY_FOREIGN, /* another Douyin application's */
    DYGW_WHY_FILES,   /* SQLite's, with which the User may not work */
    DYGW_WHY_DAMAGED,
    DYGW_WHY_READONLY,
    DYGW_WHY_UNWRITABLE,
    DYGW_WHY_SLOW,
    DYGW_WHY_BEHIND,
    DYGW_WHY_TOO_MANY,
    DYGW_WHY_WRONG_KEY,     /* nothing opens */
    DYGW_WHY_CLOSED_SECRET, /* some do not open */
    DYGW_WHY_OLD_KEY,
    DYGW_WHY_STALLED,
    DYGW_WHY_TOO_SMALL,
    DYGW_WHY_NEARLY_FULL,
    DYGW_WHY_SANDBOX,
    DYGW_WHY_MORE,              /* as those that were told one by one */
    DYGW_WHY_CONFLICT,          /* another app, or store, has what must be its own */
    DYGW_WHY_UNREADABLE_SECRET, /* of a declared app */
    DYGW_WHY_DIFFERS            /* another host declares apps otherwise, or not at all */
} dygw_why_e;

typedef enum { DYGW_PASS, DYGW_WARN, DYGW_FAIL, DYGW_SKIPPED, DYGW_FINDING_STATES } dygw_finding_e;

/* The findings of one diagnosis. The caller opens and closes the JSON array that they are in. */
typedef struct dygw_findings_t {
    dygw_jsonw_t w;
    int count[DYGW_FINDING_STATES];
} dygw_findings_t;

/* Opens a finding and its "detail". The caller writes the members of "detail" to findings->w, and
 * then calls dygw_finding_end. */
void dygw_finding(dygw_findings_t *findings, dygw_check_e check, dygw_finding_e state,
                  dygw_why_e why);
void dygw_finding_end(dygw_findings_t *findings);

/* Writes a finding without facts. */
void dygw_finding_plain(dygw_findings_t *findings, dygw_check_e check, dygw_finding_e state,
                        dygw_why_e why);

/* Whether more than four fifths of `whole` are used: part. */
int dygw_finding_is_nearly_full(int part, int whole);

/* The state of a check of two clocks that differ by `difference` ms: DYGW_PASS up to well_ms,
 * DYGW_WARN up to a minute, DYGW_FAIL above. */
dygw_finding_e dygw_finding_of_clock(dygw_ms_t difference, dygw_ms_t well_ms);

#endif
