/* SPDX-License-Identifier: Apache-2.0
 * Where httpd hands a request to us: the handlers. */
#ifndef DYGW_DISPATCH_H
#define DYGW_DISPATCH_H

#include "cfg/module.h"

/* The content handler: DECLINED unless r->handler is dygw-open, dygw-internal or dygw-health. */
int dygw_dispatch(request_rec *r);

/* map_to_storage, before httpd's own, which answers TRACE there: with all headers, whatever the
 * handler would say. DECLINED unless it is TRACE and for one of our handlers. */
int dygw_dispatch_trace(request_rec *r);

#endif
