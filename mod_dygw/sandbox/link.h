/* SPDX-License-Identifier: Apache-2.0
 * Short and long links. */
#ifndef DYGW_SANDBOX_LINK_H
#define DYGW_SANDBOX_LINK_H

#include "sandbox/state.h"

/* "http://127.0.0.1:8080", as the client reached us; from r->pool. */
const char *dygw_sandbox_origin(request_rec *r);

/* The page that a long link leads to. */
int dygw_sandbox_is_long_link(const request_rec *r);
int dygw_sandbox_long_link(request_rec *r);

#endif
