/* SPDX-License-Identifier: Apache-2.0
 * How much waits for the background, for monitoring. */
#ifndef DYGW_STORE_BACKLOG_H
#define DYGW_STORE_BACKLOG_H

#include "store/db/db.h"

/* No more is counted: it costs as much as so many index entries, however many there are. */
#define DYGW_BACKLOG_MAX 10000

typedef struct dygw_backlog_t {
    int to_settle;
    int to_cancel; /* follow-ups: cancels, and news of webhooks */
    int to_enrich;
    dygw_ms_t oldest_at; /* when the oldest that is processing was made; 0: none is */
} dygw_backlog_t;

apr_status_t dygw_store_backlog(dygw_db_t *db, dygw_backlog_t *backlog);

#endif
