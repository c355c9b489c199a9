/* SPDX-License-Identifier: Apache-2.0
 * Douyin's API, from the path to the last byte. For sandbox.c, which gives it its requests. */
#ifndef DYGW_SANDBOX_SERVE_H
#define DYGW_SANDBOX_SERVE_H

#include "sandbox/call.h"

/* Handler of everything that is not control. connection: 0 at first, for as long as the request's
 * connection lives; by it a connection is counted once, and once more after a reset. */
int dygw_sandbox_serve(request_rec *r, const dygw_sandbox_settings_t *settings,
                       apr_uint64_t *connection);

#endif
