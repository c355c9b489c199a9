/* SPDX-License-Identifier: Apache-2.0
 * The change of the master key: while DygwMasterKey has two keys, what the old key has sealed is
 * sealed again with the new one. */
#ifndef DYGW_GATEWAY_APPS_RESEAL_H
#define DYGW_GATEWAY_APPS_RESEAL_H

#include "gateway/gateway.h"

/* Seals the secrets of some apps and the access token again. Requests are not disturbed. *left:
 * there is more to seal, call again. Does nothing when there is only one key. */
apr_status_t dygw_reseal(const dygw_ctx_t *ctx, int *left);

#endif
