/* SPDX-License-Identifier: Apache-2.0
 * The control interface, below /_sandbox/, with which tests and demonstrations control the sandbox.
 * sandbox.c passes the requests to it. */
#ifndef DYGW_SANDBOX_CONTROL_H
#define DYGW_SANDBOX_CONTROL_H

#include <httpd.h>

#define DYGW_SANDBOX_CONTROL_PATH "/_sandbox/"

/* Handles all requests below DYGW_SANDBOX_CONTROL_PATH. Always returns OK. */
int dygw_sandbox_control(request_rec *r);

#endif
