/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_tokens: the one Douyin access token, sealed, and who is renewing it. It has one row,
 * which the schema makes. */
#ifndef DYGW_STORE_TOKEN_H
#define DYGW_STORE_TOKEN_H

#include "store/db/db.h"

typedef struct dygw_token_row_t {
    apr_int64_t version;  /* raised by one with every renewal; 0 = never had one */
    const char *sealed;   /* NULL at version 0; purpose "access-token" */
    dygw_ms_t expires_at; /* by the clock of the host that fetched it */
    dygw_ms_t obtained_at;
} dygw_token_row_t;

apr_status_t dygw_store_token_get(dygw_db_t *db, dygw_token_row_t *row, apr_pool_t *pool);

/* No claim is made for longer: one that lies further ahead was made before the database's clock was
 * set back, and is over. */
#define DYGW_TOKEN_CLAIM_MAX_MS 120000

/* Claims the renewal of `version` for owner, for ttl_ms by the database's clock. APR_EBUSY:
 * somebody else has it; APR_EEXIST: the version is not the present one any more, there is a newer
 * token to read. APR_INCOMPLETE: it may be claimed. */
apr_status_t dygw_store_token_claim(dygw_db_t *db, apr_int64_t version, const char *owner,
                                    dygw_ms_t ttl_ms);

/* Stores the successor of `version` and ends the claim. APR_EEXIST: another was faster, read it.
 * APR_INCOMPLETE: it may be stored. */
apr_status_t dygw_store_token_put(dygw_db_t *db, apr_int64_t version, const char *sealed,
                                  dygw_ms_t obtained_at, dygw_ms_t expires_at);

/* Replaces the sealed text of `version` where it is still `from`; *done: whether it did. */
apr_status_t dygw_store_token_reseal(dygw_db_t *db, apr_int64_t version, const char *from,
                                     const char *to, int *done);

#endif
