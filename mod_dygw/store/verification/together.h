/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: several rows of dygw_verifications in one statement, in one round trip, where
 * the database has such a statement. */
#ifndef DYGW_STORE_VERIFICATION_TOGETHER_H
#define DYGW_STORE_VERIFICATION_TOGETHER_H

#include "store/verification/record.h"

/* Whether there are such statements: PostgreSQL has them. */
int dygw_store_has_together(const dygw_db_t *db);

/* Inserts all rows or none. attempt_keys: one for each row, or NULL. APR_EEXIST: none, as it was
 * too late; APR_EGENERAL: it failed, perhaps because some key is taken. */
apr_status_t dygw_store_insert_together(dygw_db_t *db, const dygw_verification_t *const *rows,
                                        const char *const *attempt_keys, int count);

/* Settles rows of as many requests, each of one coupon. APR_NOTFOUND: not all of them; those that
 * could be are settled. */
apr_status_t dygw_store_settle_together(dygw_db_t *db, const dygw_verification_t *const *rows,
                                        int count);

#endif
