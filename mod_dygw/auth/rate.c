/* SPDX-License-Identifier: Apache-2.0
 * How often an app may call. */
#include "auth/auth.h"

#include "gateway/meter.h"

void dygw_auth_rate(dygw_call_t *call, dygw_result_t *out)
{
    int wait = dygw_meter_admit(&call->runtime->gateway, call->app->id);

    if (wait > 0) {
        out->code = DYGW_RATE_LIMITED;
        out->message = "this app calls too often; try again after Retry-After seconds";
        out->retry_after = wait;
    }
}
