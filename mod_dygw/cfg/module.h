/* SPDX-License-Identifier: Apache-2.0
 * What httpd knows this module by. Every file of the glue includes this first, directly or through
 * another header.
 *
 * The module's record is defined at the top, in mod_dygw.c, because it names the functions that
 * httpd calls. All files below use nothing but its address, by which httpd finds what is ours: the
 * configuration, the log level, what we keep for a connection. */
#ifndef DYGW_CFG_MODULE_H
#define DYGW_CFG_MODULE_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#define DYGW_VERSION "0.1.0"

extern module AP_MODULE_DECLARE_DATA dygw_module;
APLOG_USE_MODULE(dygw);

#endif
