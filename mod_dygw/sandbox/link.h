/* SPDX-License-Identifier: Apache-2.0
 * The page of a long link. It is not a call of Douyin's API, but what a browser shows. For
 * serve.c. */
#ifndef DYGW_SANDBOX_LINK_H
#define DYGW_SANDBOX_LINK_H

#include <httpd.h>

/* Whether the path of a request is that of a long link. */
int dygw_sandbox_is_long_link(const request_rec *r);

/* Sends the page of a long link. Always returns OK. */
int dygw_sandbox_long_link(request_rec *r);

#endif
