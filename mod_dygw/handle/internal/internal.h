/* SPDX-License-Identifier: Apache-2.0
 * /internal: the endpoints for the office, and what several of them share. An endpoint here answers
 * a call of an operator (call->actor). The room may call the tools of handle/ and what handle/ may
 * call, and besides them gateway/reports and gateway/diagnosis. */
#ifndef DYGW_HANDLE_INTERNAL_INTERNAL_H
#define DYGW_HANDLE_INTERNAL_INTERNAL_H

#include "handle/handle.h"

/* --- the endpoints; their paths are in the table of routes (dispatch.c) --- */
dygw_endpoint_fn dygw_handle_app_create, dygw_handle_app_list, dygw_handle_app_read,
    dygw_handle_app_change, dygw_handle_app_token_access, dygw_handle_app_secret;
dygw_endpoint_fn dygw_handle_report, dygw_handle_summary, dygw_handle_payouts,
    dygw_handle_reconciliation;
dygw_endpoint_fn dygw_handle_declared_stores, dygw_handle_audit, dygw_handle_diagnosis;

/* --- app_fields.c: read the members of the bodies that create and change apps. A mistake is told
 * by *f->out; text is borrowed from f --- */
void dygw_app_fields_create(const dygw_fields_t *f, dygw_new_app_t *wanted);
void dygw_app_fields_change(const dygw_fields_t *f, dygw_app_change_t *change);
/* Returns the new secret; NULL when the gateway is to generate one. *grace_seconds: how long the
 * old secret is valid, too. */
const char *dygw_app_fields_secret(const dygw_fields_t *f, apr_int64_t *grace_seconds);

/* --- mounts.c --- */
/* Writes "mounts": at which addresses this gateway is mounted, by its configuration. */
void dygw_write_mounts(const dygw_call_t *call, dygw_jsonw_t *w);

#endif
