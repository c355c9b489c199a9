/* SPDX-License-Identifier: Apache-2.0
 * Declared apps over several hosts. Each host says in the database that it is there, and what it
 * declares; where live hosts differ, each of them tells. The host that does the background's work
 * looks after what no host declares any more, and after stored secrets that no host needs. */
#ifndef DYGW_GATEWAY_APPS_HOSTS_H
#define DYGW_GATEWAY_APPS_HOSTS_H

#include "gateway/gateway.h"
#include "store/declaration.h"

#define DYGW_HOSTS_PAUSE_MS 10000 /* so often a host says that it is there */
#define DYGW_HOSTS_RETRY_MS 3000  /* after the database has failed */
#define DYGW_HOSTS_TOLD_MS  60000 /* hosts that are reloaded one after the other differ as long */
#define DYGW_HOSTS_LOOK_MS  60000 /* so often everything is looked at though nothing changed */

/* No stored secret is erased so soon after a host was reloaded: requests that its generation before
 * is reading need it yet, a body for 10 s. Where there are several hosts, each has had two turns by
 * then to say what it declares, of which one may come late. */
#define DYGW_HOSTS_REST_ALONE_MS 10000
#define DYGW_HOSTS_REST_MS       (2 * DYGW_HOSTS_PAUSE_MS + 5000)

#define DYGW_HOSTS_GIVEN_WAY 60 /* turns until a host declares again over another of its name */

#define DYGW_HOSTS_NAMED    8
#define DYGW_HOSTS_TEXT_MAX 512

/* Another host that differs from this one. */
typedef struct dygw_differing_t {
    char host[DYGW_HOST_MAX + 1]; /* empty: the place is free */
    int seen;                     /* at the last comparison */
    apr_time_t since;             /* by the steady clock */
    int count;                    /* of apps, */
    char names[DYGW_HOSTS_TEXT_MAX];
    char told[DYGW_HOSTS_TEXT_MAX]; /* what the log was told of them last; empty: nothing yet */
} dygw_differing_t;

/* What the caller keeps between turns; zeroed at first. Times are by the steady clock, in us. */
typedef struct dygw_hosts_t {
    int declared;          /* this child has seen to it that this host's declarations are stored */
    apr_time_t next_at;    /* when the next turn is due */
    int overwritten;       /* in how many turns on end somebody else had written over it */
    int is_alone;          /* no other host is known, not even one that is not live */
    apr_uint32_t stamp;    /* of all hosts and what they declare, as of the last turn */
    apr_time_t changed_at; /* since when that is so */
    int to_compare;        /* the hosts were not compared since then */
    int apps;              /* that differ */
    dygw_differing_t differing[DYGW_HOSTS_NAMED];
    apr_uint32_t looked_stamp; /* as of the last dygw_hosts_lead, and */
    apr_int64_t looked_version;
    apr_time_t looked_at;
    apr_time_t lead_at; /* when the next dygw_hosts_lead has anything to do at the earliest */
    int waits;          /* there is a secret to erase when DYGW_HOSTS_REST_MS have passed */
} dygw_hosts_t;

/* To be called by the background of each host after each look at the database that was answered.
 * At first, and when the row of this host was lost, stores what this host declares, and calls
 * dygw_declare_apps; afterwards renews the row. A child of a generation that is not the latest does
 * nothing. */
void dygw_hosts_turn(const dygw_ctx_t *ctx, dygw_hosts_t *hosts);

/* To be called after dygw_hosts_turn while this host holds the lease of the background's work, with
 * the apps version of that look: disables what no live host declares any more, erases the stored
 * secrets of apps that all live hosts declare, and forgets hosts that are gone for long. */
void dygw_hosts_lead(const dygw_ctx_t *ctx, dygw_hosts_t *hosts, apr_int64_t apps_version);

#endif
