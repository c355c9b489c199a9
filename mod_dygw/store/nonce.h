/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_nonces: spent nonces, where several hosts share them. */
#ifndef DYGW_STORE_NONCE_H
#define DYGW_STORE_NONCE_H

#include "store/db/db.h"

/* Spends a nonce of an app; key is 32 hex digits that stand for both. APR_EEXIST: spent before.
 * APR_EGENERAL: the database failed, or it is not known whether it was spent before or just now, by
 * a statement whose answer was lost: refused rather than admitted, and not called a replay. */
apr_status_t dygw_store_nonce_spend(dygw_db_t *db, const char *key, dygw_ms_t expires_at);

/* The same without spending it; APR_SUCCESS: it could be. */
apr_status_t dygw_store_nonce_look(dygw_db_t *db, const char *key);

/* Forgets at most limit of those that expired before now. *removed may be NULL. */
apr_status_t dygw_store_nonce_purge(dygw_db_t *db, dygw_ms_t now, int limit, int *removed);

#endif
