/* SPDX-License-Identifier: Apache-2.0
 * Serves Douyin's API. sandbox.c passes the requests to it. */
#ifndef DYGW_SANDBOX_SERVE_H
#define DYGW_SANDBOX_SERVE_H

#include "sandbox/call.h"

/* Handles all requests that are not for the control interface. Returns OK or an HTTP status.
 * connection: memory of the request's connection, 0 at first, so that each connection is counted
 * once, and once more after a reset. */
int dygw_sandbox_serve(request_rec *r, const dygw_sandbox_settings_t *settings,
                       apr_uint64_t *connection);

#endif
