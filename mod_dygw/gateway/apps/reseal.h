/* SPDX-License-Identifier: Apache-2.0
 * When DygwMasterKey has two keys: what the old one has sealed is sealed anew. */
#ifndef DYGW_GATEWAY_APPS_RESEAL_H
#define DYGW_GATEWAY_APPS_RESEAL_H

#include "gateway/gateway.h"

/* Seals some of it anew, those who use it notice nothing. *left: there is more, call again. Does
 * nothing where there is one key only. */
apr_status_t dygw_reseal(const dygw_ctx_t *ctx, int *left);

#endif
