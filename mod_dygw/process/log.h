/* SPDX-License-Identifier: Apache-2.0
 * The end of the library's log (util/log.h) that writes to httpd's error log. */
#ifndef DYGW_PROCESS_LOG_H
#define DYGW_PROCESS_LOG_H

#include "cfg/module.h"
#include "util/log.h"

/* For dygw_log_set_writer. */
dygw_log_writer_fn dygw_log_to_httpd;

/* A log context for a server, without a request. */
dygw_log_t dygw_log_of(const server_rec *server);

#endif
