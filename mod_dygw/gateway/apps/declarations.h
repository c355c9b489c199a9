/* SPDX-License-Identifier: Apache-2.0
 * What this host declares of its apps, as other hosts can compare it; and in what they differ. */
#ifndef DYGW_GATEWAY_APPS_DECLARATIONS_H
#define DYGW_GATEWAY_APPS_DECLARATIONS_H

#include "gateway/gateway.h"
#include "store/declaration.h"

/* The declared apps of this host (dygw_declaration_t) by their client_keys, each with a fingerprint
 * of all that is declared of it: equal on two hosts that declare the same, wherever it stands. In
 * ctx->pool. NULL: OpenSSL fails. */
apr_array_header_t *dygw_declarations_own(const dygw_ctx_t *ctx);

/* Whether the host that declares it could not read the secret, so that the app does not sign in
 * there. */
int dygw_declaration_is_unread(const dygw_declaration_t *d);

/* A fingerprint of all of these, in ctx->pool: hosts with equal ones need not be compared. NULL:
 * OpenSSL fails. */
const char *dygw_declarations_digest(const dygw_ctx_t *ctx, const apr_array_header_t *own);

/* Sees to it that the database has what this host declares, and that this host is live there. For
 * who makes rows: an app that no live host declares is taken for gone. */
apr_status_t dygw_declarations_store(const dygw_ctx_t *ctx, dygw_db_t *db);

/* How another live host differs from this one. */
typedef struct dygw_difference_t {
    const char *host;
    int count;         /* of apps */
    const char *names; /* the codes of the first of them: "till (differs), kiosk (only here)" */
} dygw_difference_t;

/* Compares `own` with what is stored of all hosts: `hosts` (dygw_host_row_t) and `found`
 * (dygw_declaration_t of all). Fingerprints under different master keys say nothing, and are no
 * difference. Returns dygw_difference_t, in ctx->pool; *apps: how many apps differ anywhere. */
apr_array_header_t *dygw_declarations_compare(const dygw_ctx_t *ctx, const apr_array_header_t *own,
                                              const apr_array_header_t *hosts,
                                              const apr_array_header_t *found, int *apps);

/* Reads what is stored, and compares it: for a diagnosis. */
apr_status_t dygw_declarations_differ(const dygw_ctx_t *ctx, dygw_db_t *db,
                                      apr_array_header_t **differences);

#endif
