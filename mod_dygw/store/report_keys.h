/* SPDX-License-Identifier: Apache-2.0
 * By what sums of verifications can be grouped: the one list of it. The SQL, the reading of its
 * answer, what tells groups apart and orders them, JSON, CSV and the words of group_by are made of
 * it, so that no key can be left out of one of them, which would merge groups silently.
 *
 * X(NAME, what its value is, word of the API, column), in the order of the columns. The index for
 * sums has each of them (dygw_verifications_totals; on MySQL dygw_verifications_sums). */
#ifndef DYGW_STORE_REPORT_KEYS_H
#define DYGW_STORE_REPORT_KEYS_H

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

/* Their places, and as bits to be added up: DYGW_KEY_DAY, DYGW_BY_DAY and so on. */
#define DYGW_KEY_PLACE(NAME, is, word, column) DYGW_KEY_##NAME,
#define DYGW_KEY_BIT(NAME, is, word, column)   DYGW_BY_##NAME = 1 << DYGW_KEY_##NAME,
enum { DYGW_SUMS_KEYS(DYGW_KEY_PLACE) DYGW_KEYS };
enum { DYGW_SUMS_KEYS(DYGW_KEY_BIT) DYGW_BY_ALL = (1 << DYGW_KEYS) - 1 };

#endif
