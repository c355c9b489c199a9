/* SPDX-License-Identifier: Apache-2.0
 * The page that a long link leads to: no call of Douyin's API, but what a browser shows. For
 * serve.c. */
#ifndef DYGW_SANDBOX_LINK_H
#define DYGW_SANDBOX_LINK_H

#include <httpd.h>

/* Whether the path of a request is a long link's. */
int dygw_sandbox_is_long_link(const request_rec *r);

/* Handler of a long link; always OK. */
int dygw_sandbox_long_link(request_rec *r);

#endif
