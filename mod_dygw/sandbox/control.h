/* SPDX-License-Identifier: Apache-2.0
 * The control interface, below /_sandbox/: what tests and demonstrations move the sandbox with.
 * For sandbox.c, which gives it its requests. */
#ifndef DYGW_SANDBOX_CONTROL_H
#define DYGW_SANDBOX_CONTROL_H

#include <httpd.h>

#define DYGW_SANDBOX_CONTROL_PATH "/_sandbox/"

/* Handler of everything below DYGW_SANDBOX_CONTROL_PATH. */
int dygw_sandbox_control(request_rec *r);

#endif
