/* SPDX-License-Identifier: Apache-2.0
 * The reads of the access token on their way into the audit trail. See reads.c. */
#ifndef DYGW_GATEWAY_APPS_READS_H
#define DYGW_GATEWAY_APPS_READS_H

#include "gateway/gateway.h"
#include "gateway/apps/apps.h"

/* How many reads a host keeps until they are written. */
#define DYGW_READS_MAX 2048

/* Shared memory of this size, formatted once, that all children of the host attach to. */
apr_size_t dygw_reads_size(void);
apr_status_t dygw_reads_format(void *memory);

/* This child's way to it, for gateway->reads. */
apr_status_t dygw_reads_attach(dygw_reads_t **reads, void *memory, apr_pool_t *pool);

/* Records that the app is about to be given the token. DYGW_DATABASE_UNAVAILABLE: it could not be
 * recorded, and must not be given. */
void dygw_reads_record(const dygw_ctx_t *ctx, const dygw_known_app_t *app, const char *address,
                       dygw_result_t *out);

/* Writes what waits to the database, by any child, for at most patience: what is left then waits
 * for the next call. Nothing to write costs nothing. */
apr_status_t dygw_reads_flush(const dygw_ctx_t *ctx, apr_interval_time_t patience);

/* From now on this child writes each read at once: it is going to end, and may be the last one.
 * Then the flush is complete. */
void dygw_reads_close(dygw_gateway_t *gateway);

/* For the host's end: logs what nobody has written. */
void dygw_reads_report(void *memory, const dygw_log_t *log);

#endif
