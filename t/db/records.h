/* SPDX-License-Identifier: Apache-2.0
 * Records to test with, from suite_pool, and short forms of what the store does with them. */
#ifndef DYGW_T_DB_RECORDS_H
#define DYGW_T_DB_RECORDS_H

#include "suite.h"

/* As a redemption makes it before it asks Douyin, and the outcome of a copy of it. */
dygw_verification_t *record_processing(void);
dygw_verification_t *record_succeeded(const dygw_verification_t *before);

/* Every member with a value of its own. */
dygw_verification_t *record_full(void);

/* Three uses of one card in one request. */
const dygw_verification_t **record_three(void);

/* The last statement of an insert of three: of one text on PostgreSQL, else in a transaction. */
const char *record_end_of_three(void);

apr_status_t record_insert(dygw_db_t *db, const dygw_verification_t *v);
apr_status_t record_insert_three(dygw_db_t *db, const dygw_verification_t **rows);
apr_status_t record_settle(dygw_db_t *db, const dygw_verification_t *v);
apr_status_t record_update(dygw_db_t *db, dygw_verification_t *v);
apr_status_t record_find(dygw_db_t *db, const char *verify_token, const char *encrypted_code,
                         dygw_verification_t **found);

/* Fail the test when there is none. */
dygw_verification_t *record_get(dygw_db_t *db, apr_int64_t id);
apr_array_header_t *record_items(dygw_db_t *db, apr_int64_t first_id);

/* The members that only an insert writes; those that a settle writes; those that an update writes
 * besides, but for the revision. */
void assert_same_origin(const dygw_verification_t *a, const dygw_verification_t *b);
void assert_same_outcome(const dygw_verification_t *a, const dygw_verification_t *b);
void assert_same_work(const dygw_verification_t *a, const dygw_verification_t *b);

#endif
