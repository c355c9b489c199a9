/* SPDX-License-Identifier: Apache-2.0
 * Where httpd hands a request to us: the handlers. */
#ifndef DYGW_DISPATCH_H
#define DYGW_DISPATCH_H

#include "auth/call.h"

/* The content handler: DECLINED unless r->handler is dygw-open, dygw-internal or dygw-health. */
int dygw_dispatch(request_rec *r);

/* Whether a handler of that name (may be NULL) is ours. */
int dygw_dispatch_knows(const char *handler);

/* Makes a call, of zeros before, of a request that is for a handler of ours, which does not get it.
 */
void dygw_dispatch_begin(dygw_call_t *call, const char *handler, request_rec *r);

#endif
