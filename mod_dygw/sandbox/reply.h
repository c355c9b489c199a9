/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers have in common: the JSON around "data", and the refusal of a request whose
 * body is not JSON. For the answers to Douyin's calls, and for faults. It uses call.h. */
#ifndef DYGW_SANDBOX_REPLY_H
#define DYGW_SANDBOX_REPLY_H

#include "sandbox/call.h"

/* Write a success: reply_begin opens "data"; then the caller writes the members of "data" to
 * call->w; reply_end closes "data", and writes the rest. */
void dygw_sandbox_reply_begin(dygw_sandbox_call_t *call);
void dygw_sandbox_reply_end(dygw_sandbox_call_t *call);

/* Write a refusal, instead of what was written before. description NULL: the usual text of the
 * code. */
void dygw_sandbox_refuse(dygw_sandbox_call_t *call, apr_int64_t code, const char *description);
void dygw_sandbox_refuse_sub(dygw_sandbox_call_t *call, apr_int64_t code, const char *description,
                             apr_int64_t sub_code, const char *sub_description);

/* Makes an answer of any text. status 0: the connection is closed without an answer. */
void dygw_sandbox_reply_text(dygw_sandbox_call_t *call, int status, const char *type,
                             const char *text);

/* Begins an array of which Douyin's answers have two copies (`name` and `name`_v2). The switch
 * `copies` says which of them has the items. */
void dygw_sandbox_begin_list(dygw_sandbox_call_t *call, const char *name);

/* Writes a list that has nothing in it. Douyin's documents do not say how, so that the switch
 * empty_list does: as an empty array, as null, or not at all. */
void dygw_sandbox_write_no_list(dygw_sandbox_call_t *call, const char *name);

/* Reads the body of a call as a JSON object. NULL: the body is not one, and the refusal is written
 * in Douyin's words. */
const json_t *dygw_sandbox_body(dygw_sandbox_call_t *call);

#endif
