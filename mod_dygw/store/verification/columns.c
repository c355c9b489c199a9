/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: members to arguments, and columns to members. */
#include "store/verification/columns.h"

#include <stddef.h>
#include <string.h>

#include "util/text.h"
#include "store/verification/words.h"

#define ANSWERS_MAX     1000000     /* bytes: MySQL's driver reads no more than 1 MiB of a text */

/* How a member is kept in its column. */
typedef enum {
    AS_TEXT,        /* as it is: an identifier that is too long is an error */
    AS_CLIPPED,     /* words of others: as much as the column holds */
    AS_ANSWERS,     /* JSON, as much as every driver reads back whole */
    AS_INT64,
    AS_INT,
    AS_NUMBER,      /* DYGW_NO_INT is NULL */
    AS_TIME,        /* DYGW_NO_TIME is NULL */
    AS_VERIFY, AS_ENRICH, AS_MODE, AS_BY, AS_COUPON     /* words */
} column_kind_e;

typedef struct column_t {
    column_kind_e kind;
    size_t offset;      /* of the member */
    dygw_verification_part_e part;      /* the smallest that it belongs to */
    int chars;          /* AS_CLIPPED: of the column */
} column_t;

#define MEMBER(kind, member, part, chars) \
    { kind, offsetof(dygw_verification_t, member), part, chars }
#define FIXED(kind, member)     MEMBER(kind, member, DYGW_VERIFICATION_WHOLE, 0)
#define LATER(kind, member)     MEMBER(kind, member, DYGW_VERIFICATION_CHANGED, 0)
#define SETTLED(kind, member)   MEMBER(kind, member, DYGW_VERIFICATION_OUTCOME, 0)
#define WORDS(member, chars)    MEMBER(AS_CLIPPED, member, DYGW_VERIFICATION_OUTCOME, chars)

/* In the order of DYGW_VERIFICATION_COLUMNS, _CHANGES and _SETTLED. */
static const column_t columns[] = {
    FIXED(AS_INT64, id), FIXED(AS_INT64, app_id), FIXED(AS_TEXT, app_name), FIXED(AS_TEXT, poi_id),
    SETTLED(AS_VERIFY, verify_status), SETTLED(AS_INT64, error_code), WORDS(error_description, 512),
    SETTLED(AS_TEXT, certificate_id), FIXED(AS_TEXT, encrypted_code), SETTLED(AS_TEXT, origin_code),
    SETTLED(AS_COUPON, coupon_status), SETTLED(AS_TEXT, product_id), WORDS(product_name, 255),
    SETTLED(AS_TEXT, sku_id), WORDS(sku_name, 255), SETTLED(AS_NUMBER, verify_records_count),
    SETTLED(AS_TEXT, verify_id), SETTLED(AS_TEXT, order_id), SETTLED(AS_TEXT, source_order_id),
    LATER(AS_TEXT, ext_order_id), LATER(AS_NUMBER, order_status), SETTLED(AS_NUMBER, pay_amount),
    SETTLED(AS_NUMBER, receipt_amount), SETTLED(AS_NUMBER, discount_amount),
    SETTLED(AS_ENRICH, enrichment_status), LATER(AS_INT64, enrichment_retry_count),
    SETTLED(AS_ANSWERS, douyin_response), SETTLED(AS_TIME, expire_time),
    SETTLED(AS_TIME, verify_time),
    LATER(AS_TIME, create_order_time), LATER(AS_TIME, pay_time), FIXED(AS_INT64, created_at),
    SETTLED(AS_INT64, updated_at), FIXED(AS_MODE, mode), FIXED(AS_TEXT, operator_name),
    FIXED(AS_TEXT, device), SETTLED(AS_TIME, cancelable_until), SETTLED(AS_BY, confirmed_by),
    FIXED(AS_TEXT, request_id), FIXED(AS_TEXT, verify_token), FIXED(AS_INT, item_no),
    FIXED(AS_INT, item_count), FIXED(AS_INT64, first_id), SETTLED(AS_INT, attempts),
    SETTLED(AS_INT64, lease_until), SETTLED(AS_TIME, next_run_at), SETTLED(AS_TIME, sent_at),
    LATER(AS_INT, repeats), LATER(AS_INT, asks), LATER(AS_INT, already),
    SETTLED(AS_TIME, review_since), LATER(AS_TIME, cancel_since), LATER(AS_INT, cancels),
    LATER(AS_INT, news), LATER(AS_TIME, errand_at), LATER(AS_TIME, enrich_since),
    MEMBER(AS_CLIPPED, last_error, DYGW_VERIFICATION_CHANGED, 255), FIXED(AS_INT64, revision),
    FIXED(AS_TEXT, request_key), LATER(AS_NUMBER, refused_code),
    MEMBER(AS_CLIPPED, refused_description, DYGW_VERIFICATION_CHANGED, 512)
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == DYGW_VERIFICATION_COLUMN_COUNT,
               "a column is described or named, but not both");

/* --- members to arguments --- */

/* Cut, it would be JSON no more. */
static const char *answers(const char *json)
{
    return json && strlen(json) > ANSWERS_MAX ? "{\"omitted\":true}" : json;
}

static const char *argument_word(const column_t *column, const void *member)
{
    switch (column->kind) {
    case AS_VERIFY:
        return dygw_verify_status_word(*(const dygw_verify_status_e *)member);
    case AS_ENRICH:
        return dygw_enrich_status_word(*(const dygw_enrich_status_e *)member);
    case AS_MODE:
        return dygw_mode_word(*(const dygw_mode_e *)member);
    case AS_BY:
        return dygw_confirmed_by_word(*(const dygw_confirmed_by_e *)member);
    default:
        return dygw_coupon_status_word(*(const dygw_coupon_status_e *)member);
    }
}

static const char *argument_int(dygw_db_t *db, apr_int64_t value, apr_int64_t none)
{
    return value == none ? NULL : dygw_db_int(db, value);
}

static const char *argument(dygw_db_t *db, const column_t *column, const dygw_verification_t *v)
{
    const void *member = (const char *)v + column->offset;

    switch (column->kind) {
    case AS_TEXT:
        return *(const char *const *)member;
    case AS_CLIPPED:
        return dygw_text_clip(*(const char *const *)member, column->chars,
                               dygw_db_pool(db));
    case AS_ANSWERS:
        return answers(*(const char *const *)member);
    case AS_INT64:
        return dygw_db_int(db, *(const apr_int64_t *)member);
    case AS_INT:
        return dygw_db_int(db, *(const int *)member);
    case AS_NUMBER:
        return argument_int(db, *(const apr_int64_t *)member, DYGW_NO_INT);
    case AS_TIME:
        return argument_int(db, *(const dygw_ms_t *)member, DYGW_NO_TIME);
    default:
        return argument_word(column, member);
    }
}

int dygw_store_verification_args(dygw_db_t *db, const dygw_verification_t *v,
                                 dygw_verification_part_e part, const char **args)
{
    int count = 0;
    int i;

    for (i = 0; i < DYGW_VERIFICATION_COLUMN_COUNT; i++) {
        if (columns[i].part >= part) {
            args[count++] = argument(db, &columns[i], v);
        }
    }
    return count;
}

/* --- columns to members --- */

static void read_word(const column_t *column, const char *word, void *member)
{
    switch (column->kind) {
    case AS_VERIFY:
        *(dygw_verify_status_e *)member = dygw_store_word_value(DYGW_WORDS_VERIFY, word,
                                                                DYGW_PROCESSING);
        break;
    case AS_ENRICH:
        *(dygw_enrich_status_e *)member = dygw_store_word_value(DYGW_WORDS_ENRICH, word,
                                                                DYGW_ENRICH_PENDING);
        break;
    case AS_MODE:
        *(dygw_mode_e *)member = dygw_store_word_value(DYGW_WORDS_MODE, word,
                                                       DYGW_MODE_ENCRYPTED_CODE);
        break;
    case AS_BY:
        *(dygw_confirmed_by_e *)member = dygw_store_word_value(DYGW_WORDS_BY, word, DYGW_BY_NOBODY);
        break;
    default:
        *(dygw_coupon_status_e *)member = dygw_store_word_value(DYGW_WORDS_COUPON, word,
                                                                DYGW_COUPON_UNKNOWN);
    }
}

static void read_column(dygw_rows_t *rows, int number, dygw_verification_t *v, apr_pool_t *pool)
{
    const column_t *column = &columns[number];
    void *member = (char *)v + column->offset;

    switch (column->kind) {
    case AS_TEXT:
    case AS_CLIPPED:
    case AS_ANSWERS:
        *(const char **)member = dygw_row_text(rows, number, pool);
        break;
    case AS_INT64:
        *(apr_int64_t *)member = dygw_row_int(rows, number, 0);
        break;
    case AS_INT:
        *(int *)member = (int)dygw_row_int(rows, number, 0);
        break;
    case AS_NUMBER:
        *(apr_int64_t *)member = dygw_row_int(rows, number, DYGW_NO_INT);
        break;
    case AS_TIME:
        *(dygw_ms_t *)member = dygw_row_int(rows, number, DYGW_NO_TIME);
        break;
    default:
        read_word(column, dygw_row_text(rows, number, pool), member);
    }
}

dygw_verification_t *dygw_store_verification_read(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_verification_t *v = apr_pcalloc(pool, sizeof(*v));
    int i;

    for (i = 0; i < DYGW_VERIFICATION_COLUMN_COUNT; i++) {
        read_column(rows, i, v, pool);
    }
    if (v->sent_at == DYGW_NO_TIME) {
        /* By a host of the version before: while its request was at work, or when it ended. */
        v->sent_at = v->lease_until > v->updated_at ? v->lease_until : v->updated_at;
    }
    return v;
}
