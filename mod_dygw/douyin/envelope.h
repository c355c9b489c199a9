/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers have in common. */
#ifndef DYGW_DOUYIN_ENVELOPE_H
#define DYGW_DOUYIN_ENVELOPE_H

#include "douyin/codes.h"
#include "douyin/reply.h"

/* Reads what came with reply->http_status, raw and raw_len into the rest of reply, in pool.
 * both_levels: no success unless both levels of the envelope say 0. */
void dygw_douyin_read_envelope(dygw_reply_t *reply, dygw_call_e call, int both_levels,
                               apr_pool_t *pool);

/* What Douyin gives in copies, as `name`, `name`_v2 or `name`_v_2, arrays of objects or objects:
 * the first copy that has something. NULL: none has. *strange, then: one of them is there all the
 * same, and neither null nor an empty one of the type. */
const json_t *dygw_douyin_copy(const json_t *data, const char *name, json_type type, int *strange,
                               apr_pool_t *pool);

#endif
