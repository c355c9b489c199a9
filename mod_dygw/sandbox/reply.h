/* SPDX-License-Identifier: Apache-2.0
 * Douyin's envelopes, and the JSON body without which Douyin refuses: for the answers to its calls,
 * and for the faults in their place. Stands on call.h. */
#ifndef DYGW_SANDBOX_REPLY_H
#define DYGW_SANDBOX_REPLY_H

#include "sandbox/call.h"

/* A success: begin opens "data"; the endpoint writes its members; end closes it and adds the
 * rest. */
void dygw_sandbox_reply_begin(dygw_sandbox_call_t *call);
void dygw_sandbox_reply_end(dygw_sandbox_call_t *call);

/* A refusal in place of whatever was begun. description NULL: the code's usual text. */
void dygw_sandbox_refuse(dygw_sandbox_call_t *call, apr_int64_t code, const char *description);
void dygw_sandbox_refuse_sub(dygw_sandbox_call_t *call, apr_int64_t code, const char *description,
                             apr_int64_t sub_code, const char *sub_description);

/* Anything else than JSON. */
void dygw_sandbox_reply_text(dygw_sandbox_call_t *call, int status, const char *type,
                             const char *text);

/* Begins the array that Douyin has two copies of, under the name that the switch says. */
void dygw_sandbox_begin_list(dygw_sandbox_call_t *call, const char *name);

/* The body of a call as an object; NULL when it is none, and the call is refused as Douyin does. */
const json_t *dygw_sandbox_body(dygw_sandbox_call_t *call);

#endif
