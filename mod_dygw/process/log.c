/* SPDX-License-Identifier: Apache-2.0
 * The log facade's httpd end. */
#include "process/log.h"

#include <stdio.h>

#include <http_main.h>

#define MAX_MESSAGE_LEN 2048

void dygw_log_to_httpd(const dygw_log_t *log, const dygw_log_place_t *place, apr_status_t rv,
                       const char *fmt, va_list args)
{
    const server_rec *server = log->where ? log->where : ap_server_conf;
    char message[MAX_MESSAGE_LEN];

    if (!APLOG_IS_LEVEL(server, (int)place->level)) {
        return;
    }
    /* On the stack: the threads that log have no pool in common. */
    (void)vsnprintf(message, sizeof message, fmt, args);
    ap_log_error_(place->file, place->line, APLOG_MODULE_INDEX, (int)place->level, rv, server,
                  "%s%s%s%s", message, log->request_id ? " [request " : "",
                  log->request_id ? log->request_id : "", log->request_id ? "]" : "");
}

dygw_log_t dygw_log_of(const server_rec *server)
{
    dygw_log_t log = { server, NULL };

    return log;
}
