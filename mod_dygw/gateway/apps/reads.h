/* SPDX-License-Identifier: Apache-2.0
 * The reads of the access token by apps, on their way into the audit trail. See reads.c. */
#ifndef DYGW_GATEWAY_APPS_READS_H
#define DYGW_GATEWAY_APPS_READS_H

#include "gateway/gateway.h"
#include "gateway/apps/apps.h"

/* How many reads a host can keep until they are written. */
#define DYGW_READS_MAX 2048

/* Returns the size in bytes of the shared memory for the reads of a host. */
apr_size_t dygw_reads_size(void);
/* Formats that memory, once. */
apr_status_t dygw_reads_format(void *memory);

/* Attaches this child to the memory; *reads is for gateway->reads, in pool. */
apr_status_t dygw_reads_attach(dygw_reads_t **reads, void *memory, apr_pool_t *pool);

/* Records that the app is going to get the token. DYGW_DATABASE_UNAVAILABLE: the read could not be
 * recorded, and the app must not get the token. */
void dygw_reads_record(const dygw_ctx_t *ctx, const dygw_known_app_t *app, const char *address,
                       dygw_result_t *out);

/* Writes the reads that wait to the database, for at most `patience` us; the rest waits for the
 * next call. Any child may call this. When nothing waits the database is not used. */
apr_status_t dygw_reads_flush(const dygw_ctx_t *ctx, apr_interval_time_t patience);

/* From now on this child writes each read to the database at once, because it is going to end and
 * may be the last child. A flush after this writes all reads of this child. */
void dygw_reads_close(dygw_gateway_t *gateway);

/* For the end of the host: logs each read that could not be written. */
void dygw_reads_report(void *memory, const dygw_log_t *log);

#endif
