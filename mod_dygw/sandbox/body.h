/* SPDX-License-Identifier: Apache-2.0
 * The JSON body of verify and cancel. */
#ifndef DYGW_SANDBOX_BODY_H
#define DYGW_SANDBOX_BODY_H

#include <jansson.h>

#include "sandbox/call.h"

/* The body as an object; NULL when it is none, and the call is refused as Douyin does. */
const json_t *dygw_sandbox_body(dygw_sandbox_call_t *call);

#endif
