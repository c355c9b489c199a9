/* SPDX-License-Identifier: Apache-2.0
 * Included first by every file of the glue. */
#ifndef DYGW_CFG_MODULE_H
#define DYGW_CFG_MODULE_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#define DYGW_VERSION "0.1.0"

extern module AP_MODULE_DECLARE_DATA dygw_module;
APLOG_USE_MODULE(dygw);

#endif
