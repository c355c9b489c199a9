/* SPDX-License-Identifier: Apache-2.0
 * By what sums of verifications can be grouped: the one list of it. The SQL, the reading of its
 * answer, what tells groups apart and orders them, JSON, CSV and the words of group_by are made of
 * it, so that no key can be left out of one of them, which would merge groups silently.
 *
 * X(NAME, what its value is, word of the API, column), in the order of the columns. The index for
 * sums has each of them (dygw_verifications_totals; on MySQL dygw_verifications_sums). */
#ifndef DYGW_STORE_REPORT_KEYS_H
#define DYGW_STORE_REPORT_KEYS_H

#include "store/db/db.h"

#define DYGW_SUMS_KEYS(X) \
    X(DAY, DAY, "day", "created_at") \
    X(HOUR, HOUR, "hour", "created_at") \
    X(POI, ID, "poi_id", "poi_id") \
    X(STORE, ID, "store", "store") \
    X(ACCOUNT, ID, "account_id", "account_id") \
    X(APP, APP, "app_id", "app_id") \
    X(PRODUCT, ID, "product_id", "product_id") \
    X(OPERATOR, ID, "operator", "operator_name") \
    X(REASON, REASON, "reason", "reason")

/* What the value of a key is. */
typedef enum {
    DYGW_IS_DAY,   /* a number: days since the epoch, in the zone */
    DYGW_IS_HOUR,  /* a number: the hour of the day, 0 to 23, in the zone */
    DYGW_IS_ID,    /* a text */
    DYGW_IS_APP,   /* a number, and the present name of that app beside it */
    DYGW_IS_REASON /* a word of the catalogue of reasons */
} dygw_key_is_e;

/* What a group has of a key; a key by which is not grouped: DYGW_NO_INT and NULL. */
typedef struct dygw_sums_value_t {
    apr_int64_t number; /* DYGW_NO_INT: it is a text */
    const char *text;   /* NULL: there is none */
} dygw_sums_value_t;

/* Their places, and as bits to be added up: DYGW_KEY_DAY, DYGW_BY_DAY and so on. */
#define DYGW_KEY_PLACE(NAME, is, word, column) DYGW_KEY_##NAME,
#define DYGW_KEY_BIT(NAME, is, word, column)   DYGW_BY_##NAME = 1 << DYGW_KEY_##NAME,
enum { DYGW_SUMS_KEYS(DYGW_KEY_PLACE) DYGW_KEYS };
enum { DYGW_SUMS_KEYS(DYGW_KEY_BIT) DYGW_BY_ALL = (1 << DYGW_KEYS) - 1 };

/* What makes a group. */
typedef struct dygw_sums_by_t {
    int keys; /* DYGW_BY_*, added up */
    int zone; /* whose days and hours they are: minutes east */
} dygw_sums_by_t;

/* --- for store/ only: report_keys.c --- */

/* The columns of a SELECT while its text is made. */
typedef struct dygw_columns_t {
    const char *text;  /* each with a comma behind it; "" */
    const char *group; /* numbers of those by which is grouped, with a comma before each; "" */
    int count;
} dygw_columns_t;

void dygw_columns_add(dygw_columns_t *c, const char *sql, int grouped, apr_pool_t *pool);

/* Adds what dygw_report_key_read reads: of any key but REASON, its column; of APP its name, too. */
void dygw_report_key_add(dygw_columns_t *c, dygw_db_t *db, int key);

/* Adds the arguments of the columns of all keys, from args[count] on; returns how many there are
 * then. */
int dygw_report_key_args(dygw_db_t *db, const dygw_sums_by_t *by, const char **args, int count);

/* Reads the value of a key, and of APP the name, from *column on, which is moved on. */
void dygw_report_key_read(dygw_rows_t *rows, int *column, int key, dygw_sums_value_t *value,
                          const char **app_name, apr_pool_t *pool);

#endif
