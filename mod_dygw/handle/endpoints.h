/* SPDX-License-Identifier: Apache-2.0
 * The endpoints that stand at the top of handle/: those of /health, and those that tell of the
 * gateway itself and ask for no caller. */
#ifndef DYGW_HANDLE_ENDPOINTS_H
#define DYGW_HANDLE_ENDPOINTS_H

#include "handle/handle.h"

dygw_endpoint_fn dygw_handle_health, dygw_handle_health_live;
dygw_endpoint_fn dygw_handle_metrics;
dygw_endpoint_fn dygw_handle_openapi_open, dygw_handle_openapi_internal;

#endif
