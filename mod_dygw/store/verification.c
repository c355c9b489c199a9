/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: one row a coupon, or a use of a times card.
 *
 * A single row is inserted and settled by one statement each, in one round trip; why one of them changed nothing is
 * found out afterwards, by further queries. Both may have been done already, by ourselves, when the answer was lost and
 * the statement repeated: a row that is as we wanted it is a success. */
#include "store/verification.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "store/catalogue.h"
#include "store/verification_words.h"
#include "util/crypto.h"

#define MAX_ITEMS   10      /* coupons of one request, as the contract allows */

/* How a member is kept in its column. */
typedef enum {
    AS_TEXT,        /* as it is: an identifier that is too long is an error */
    AS_CLIPPED,     /* words of others: as much as the column holds */
    AS_INT64,
    AS_INT,
    AS_NUMBER,      /* DYGW_NO_INT is NULL */
    AS_TIME,        /* DYGW_NO_TIME is NULL */
    AS_VERIFY, AS_ENRICH, AS_MODE, AS_BY, AS_COUPON     /* words */
} column_kind_e;

typedef struct column_t {
    column_kind_e kind;
    size_t offset;      /* of the member */
    int settled;        /* dygw_store_verification_settle writes it */
    int chars;          /* AS_CLIPPED: of the column */
} column_t;

#define FIXED(kind, member)     { kind, offsetof(dygw_verification_t, member), 0, 0 }
#define SETTLED(kind, member)   { kind, offsetof(dygw_verification_t, member), 1, 0 }
#define WORDS(member, chars)    { AS_CLIPPED, offsetof(dygw_verification_t, member), 1, chars }

/* In the order of COLUMNS; those settled in the order of settle's SET, too. */
static const column_t columns[] = {
    FIXED(AS_INT64, id), FIXED(AS_INT64, app_id), FIXED(AS_TEXT, app_name), FIXED(AS_TEXT, poi_id),
    SETTLED(AS_VERIFY, verify_status), SETTLED(AS_INT64, error_code), WORDS(error_description, 512),
    SETTLED(AS_TEXT, certificate_id), FIXED(AS_TEXT, encrypted_code), SETTLED(AS_TEXT, origin_code),
    SETTLED(AS_COUPON, coupon_status), SETTLED(AS_TEXT, product_id), WORDS(product_name, 255),
    SETTLED(AS_TEXT, sku_id), WORDS(sku_name, 255), SETTLED(AS_NUMBER, verify_records_count),
    SETTLED(AS_TEXT, verify_id), SETTLED(AS_TEXT, order_id), SETTLED(AS_TEXT, source_order_id),
    FIXED(AS_TEXT, ext_order_id), FIXED(AS_NUMBER, order_status), SETTLED(AS_NUMBER, pay_amount),
    SETTLED(AS_NUMBER, receipt_amount), SETTLED(AS_NUMBER, discount_amount),
    SETTLED(AS_ENRICH, enrichment_status), FIXED(AS_INT64, enrichment_retry_count),
    SETTLED(AS_TEXT, douyin_response), SETTLED(AS_TIME, expire_time), SETTLED(AS_TIME, verify_time),
    FIXED(AS_TIME, create_order_time), FIXED(AS_TIME, pay_time), FIXED(AS_INT64, created_at),
    SETTLED(AS_INT64, updated_at), FIXED(AS_MODE, mode), FIXED(AS_TEXT, operator_name), FIXED(AS_TEXT, device),
    SETTLED(AS_TIME, cancelable_until), SETTLED(AS_BY, confirmed_by), FIXED(AS_TEXT, request_id),
    FIXED(AS_TEXT, verify_token), FIXED(AS_INT, item_no), FIXED(AS_INT, item_count), FIXED(AS_INT64, first_id),
    SETTLED(AS_INT, attempts), SETTLED(AS_INT64, lease_until), SETTLED(AS_TIME, next_run_at)
};

#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(columns[0])))

#define COLUMNS \
    "id, app_id, app_name, poi_id, verify_status, error_code, error_description, certificate_id, encrypted_code, " \
    "origin_code, coupon_status, product_id, product_name, sku_id, sku_name, verify_records_count, verify_id, " \
    "order_id, source_order_id, ext_order_id, order_status, pay_amount, receipt_amount, discount_amount, " \
    "enrichment_status, enrichment_retry_count, douyin_response, expire_time, verify_time, create_order_time, " \
    "pay_time, created_at, updated_at, mode, operator_name, device, cancelable_until, confirmed_by, request_id, " \
    "verify_token, item_no, item_count, first_id, attempts, lease_until, next_run_at"

#define INSERT \
    "INSERT INTO dygw_verifications (" COLUMNS ", attempt_key) VALUES (" \
    "%lld, %lld, %s, %s, %s, %lld, %s, %s, %s, " \
    "%s, %s, %s, %s, %s, %s, %lld, %s, " \
    "%s, %s, %s, %lld, %lld, %lld, %lld, " \
    "%s, %lld, %s, %lld, %lld, %lld, " \
    "%lld, %lld, %lld, %s, %s, %s, %lld, %s, %s, " \
    "%s, %lld, %lld, %lld, %lld, %lld, %lld, %s)"

/* MySQL's INSERT IGNORE would also cut what is too long; there a duplicate is an error, which is looked into. */
static const dygw_stmt_t verification_insert = {
    "dygw_verification_insert", { INSERT " ON CONFLICT DO NOTHING", INSERT " ON CONFLICT DO NOTHING", INSERT }
};

static const dygw_stmt_t verification_settle = {
    "dygw_verification_settle",
    DYGW_SQL("UPDATE dygw_verifications SET verify_status = %s, error_code = %lld, error_description = %s, "
             "certificate_id = %s, origin_code = %s, coupon_status = %s, product_id = %s, product_name = %s, "
             "sku_id = %s, sku_name = %s, verify_records_count = %lld, verify_id = %s, order_id = %s, "
             "source_order_id = %s, pay_amount = %lld, receipt_amount = %lld, discount_amount = %lld, "
             "enrichment_status = %s, douyin_response = %s, expire_time = %lld, verify_time = %lld, "
             "updated_at = %lld, cancelable_until = %lld, confirmed_by = %s, attempts = %lld, "
             "lease_until = %lld, next_run_at = %lld WHERE id = %lld AND verify_status = 'processing'")
};

static const dygw_stmt_t verification_get = {
    "dygw_verification_get", DYGW_SQL("SELECT " COLUMNS " FROM dygw_verifications WHERE id = %lld")
};

static const dygw_stmt_t verification_items = {
    "dygw_verification_items",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_verifications WHERE first_id = %lld ORDER BY item_no LIMIT 100")
};

static const dygw_stmt_t verification_find = {
    "dygw_verification_find",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_verifications WHERE attempt_key IN (%s, %s, %s, %s, %s, %s, %s, %s, %s, "
             "%s) ORDER BY id LIMIT 1")
};

/* What tells one record from another. */
#define IDENTITY "SELECT id, request_id, created_at, verify_status, verify_id, updated_at FROM dygw_verifications "

static const dygw_stmt_t identity_by_key = {
    "dygw_identity_by_key", DYGW_SQL(IDENTITY "WHERE attempt_key = %s")
};

static const dygw_stmt_t identity_by_id = {
    "dygw_identity_by_id", DYGW_SQL(IDENTITY "WHERE id = %lld")
};

static const dygw_stmt_t identity_by_verify_id = {
    "dygw_identity_by_verify_id", DYGW_SQL(IDENTITY "WHERE verify_id = %s")
};

void dygw_verification_init(dygw_verification_t *v)
{
    *v = (dygw_verification_t){
        .coupon_status = DYGW_COUPON_UNKNOWN,
        .verify_records_count = DYGW_NO_INT,
        .order_status = DYGW_NO_INT,
        .pay_amount = DYGW_NO_INT,
        .receipt_amount = DYGW_NO_INT,
        .discount_amount = DYGW_NO_INT,
        .expire_time = DYGW_NO_TIME,
        .verify_time = DYGW_NO_TIME,
        .create_order_time = DYGW_NO_TIME,
        .pay_time = DYGW_NO_TIME,
        .cancelable_until = DYGW_NO_TIME,
        .item_count = 1,
        .next_run_at = DYGW_NO_TIME
    };
}

/* --- members to arguments --- */

/* At most `chars` characters of UTF-8. */
static const char *clip(const char *text, int chars, apr_pool_t *pool)
{
    const char *end = text;

    if (!text || strlen(text) <= (size_t)chars) {
        return text;
    }
    while (*end) {
        int starts = ((unsigned char)*end & 0xC0) != 0x80;

        if (starts && chars-- == 0) {
            return apr_pstrmemdup(pool, text, (apr_size_t)(end - text));
        }
        end++;
    }
    return text;
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
        return clip(*(const char *const *)member, column->chars, dygw_db_pool(db));
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

/* Stands for the token, the code and the item, whose own lengths no index takes. */
static const char *attempt_key(const char *verify_token, const char *encrypted_code, int item_no, apr_pool_t *pool)
{
    char *hex = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);
    const char *text = apr_psprintf(pool, "%s\n%s\n%d", verify_token, encrypted_code ? encrypted_code : "", item_no);

    dygw_sha256_hex(text, strlen(text), hex);
    return hex;
}

static const char *key_of(dygw_db_t *db, const dygw_verification_t *v)
{
    return v->verify_token ? attempt_key(v->verify_token, v->encrypted_code, v->item_no, dygw_db_pool(db)) : NULL;
}

/* --- columns to members --- */

static void read_word(const column_t *column, const char *word, void *member)
{
    switch (column->kind) {
    case AS_VERIFY:
        *(dygw_verify_status_e *)member = dygw_store_word_value(DYGW_WORDS_VERIFY, word, DYGW_PROCESSING);
        break;
    case AS_ENRICH:
        *(dygw_enrich_status_e *)member = dygw_store_word_value(DYGW_WORDS_ENRICH, word, DYGW_ENRICH_PENDING);
        break;
    case AS_MODE:
        *(dygw_mode_e *)member = dygw_store_word_value(DYGW_WORDS_MODE, word, DYGW_MODE_ENCRYPTED_CODE);
        break;
    case AS_BY:
        *(dygw_confirmed_by_e *)member = dygw_store_word_value(DYGW_WORDS_BY, word, DYGW_BY_NOBODY);
        break;
    default:
        *(dygw_coupon_status_e *)member = dygw_store_word_value(DYGW_WORDS_COUPON, word, DYGW_COUPON_UNKNOWN);
    }
}

static void read_column(dygw_rows_t *rows, int number, dygw_verification_t *v, apr_pool_t *pool)
{
    const column_t *column = &columns[number];
    void *member = (char *)v + column->offset;

    switch (column->kind) {
    case AS_TEXT:
    case AS_CLIPPED:
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

static dygw_verification_t *read_row(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_verification_t *v = apr_pcalloc(pool, sizeof(*v));
    int i;

    for (i = 0; i < COLUMN_COUNT; i++) {
        read_column(rows, i, v, pool);
    }
    return v;
}

/* --- what is there --- */

typedef struct identity_t {
    apr_int64_t id;
    const char *request_id;
    dygw_ms_t created_at;
    int verify_status;
    const char *verify_id;
    dygw_ms_t updated_at;
} identity_t;

/* APR_NOTFOUND when there is none. */
static apr_status_t identify(dygw_db_t *db, const dygw_stmt_t *stmt, const char *key, identity_t *found)
{
    const char *args[] = { key };
    apr_pool_t *pool = dygw_db_pool(db);
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    found->id = dygw_row_int(rows, 0, 0);
    found->request_id = dygw_row_text(rows, 1, pool);
    found->created_at = dygw_row_int(rows, 2, 0);
    found->verify_status = dygw_store_word_value(DYGW_WORDS_VERIFY, dygw_row_text(rows, 3, pool), -1);
    found->verify_id = dygw_row_text(rows, 4, pool);
    found->updated_at = dygw_row_int(rows, 5, 0);
    return APR_SUCCESS;
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Did an earlier try of ours make it? */
static int is_ours(const identity_t *found, const dygw_verification_t *v)
{
    return found->id == v->id && found->created_at == v->created_at && same_text(found->request_id, v->request_id);
}

/* --- insert --- */

/* Why a row is not inserted. APR_SUCCESS: it is, by an earlier try; APR_NOTFOUND: nothing stands in its way. */
static apr_status_t why_not_inserted(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *key = key_of(db, v);
    identity_t found;
    apr_status_t rv = key ? identify(db, &identity_by_key, key, &found) : APR_NOTFOUND;

    if (rv == APR_SUCCESS) {
        return is_ours(&found, v) ? APR_SUCCESS : APR_EEXIST;
    }
    if (rv == APR_NOTFOUND) {
        rv = identify(db, &identity_by_id, dygw_db_int(db, v->id), &found);
    }
    if (rv == APR_SUCCESS) {
        return !key && is_ours(&found, v) ? APR_SUCCESS : APR_EAGAIN;
    }
    return rv;
}

/* The same for all rows: the worst of the reasons. */
static apr_status_t why_none_inserted(dygw_db_t *db, const dygw_verification_t *const *rows, int count)
{
    int ours = 0;
    int taken = 0;
    int i;

    for (i = 0; i < count; i++) {
        apr_status_t rv = why_not_inserted(db, rows[i]);

        ours += rv == APR_SUCCESS;
        taken += rv == APR_EAGAIN;
        if (rv != APR_SUCCESS && rv != APR_EAGAIN && rv != APR_NOTFOUND) {
            return rv;
        }
    }
    if (ours == count) {
        return APR_SUCCESS;
    }
    return taken > 0 ? APR_EAGAIN : APR_NOTFOUND;
}

/* APR_EEXIST: some key of it is taken; APR_EGENERAL: it failed, perhaps for the same reason. */
static apr_status_t insert_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[COLUMN_COUNT + 1];
    int nrows;
    int i;
    apr_status_t rv;

    for (i = 0; i < COLUMN_COUNT; i++) {
        args[i] = argument(db, &columns[i], v);
    }
    args[COLUMN_COUNT] = key_of(db, v);
    rv = dygw_db_exec_quiet(db, &verification_insert, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? APR_EEXIST : rv;
}

static apr_status_t insert_rows(dygw_db_t *db, const dygw_verification_t *const *rows, int count)
{
    apr_status_t rv = dygw_db_begin(db);
    int i;

    for (i = 0; rv == APR_SUCCESS && i < count; i++) {
        rv = insert_row(db, rows[i]);
    }
    if (rv == APR_SUCCESS) {
        return dygw_db_commit(db);
    }
    dygw_db_rollback(db);
    return rv;
}

apr_status_t dygw_store_verification_insert(dygw_db_t *db, const dygw_verification_t *const *rows, int count)
{
    apr_status_t rv = count == 1 ? insert_row(db, rows[0]) : insert_rows(db, rows, count);
    apr_status_t why;

    if (rv == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    why = why_none_inserted(db, rows, count);
    if (why != APR_NOTFOUND) {
        return why;
    }
    if (rv == APR_EEXIST) {
        return APR_EAGAIN;      /* what stood in the way has gone meanwhile */
    }
    dygw_db_report(db);
    return APR_EGENERAL;
}

/* --- settle --- */

static apr_status_t is_settled(dygw_db_t *db, const dygw_verification_t *v)
{
    identity_t found;
    apr_status_t rv = identify(db, &identity_by_id, dygw_db_int(db, v->id), &found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return found.verify_status == (int)v->verify_status && found.updated_at == v->updated_at
           && same_text(found.verify_id, v->verify_id) ? APR_SUCCESS : APR_NOTFOUND;
}

static apr_status_t settle_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[COLUMN_COUNT + 1];
    int nrows;
    int count = 0;
    int i;
    apr_status_t rv;

    for (i = 0; i < COLUMN_COUNT; i++) {
        if (columns[i].settled) {
            args[count++] = argument(db, &columns[i], v);
        }
    }
    args[count] = dygw_db_int(db, v->id);
    rv = dygw_db_exec_quiet(db, &verification_settle, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? is_settled(db, v) : rv;
}

/* Which row has a verify_id that another record has, be it in the table or before it in rows; APR_NOTFOUND: none. */
static apr_status_t find_clash(dygw_db_t *db, const dygw_verification_t *const *rows, int count, int *clash)
{
    apr_status_t rv = APR_NOTFOUND;
    identity_t found;
    int i;
    int k;

    for (i = 0; i < count; i++) {
        *clash = i;
        for (k = 0; k < i && rows[i]->verify_id; k++) {
            if (same_text(rows[k]->verify_id, rows[i]->verify_id)) {
                return APR_EEXIST;
            }
        }
        rv = rows[i]->verify_id ? identify(db, &identity_by_verify_id, rows[i]->verify_id, &found) : APR_NOTFOUND;
        if (rv == APR_SUCCESS && found.id != rows[i]->id) {
            return APR_EEXIST;
        }
        if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
            return rv;
        }
    }
    return APR_NOTFOUND;
}

static apr_status_t all_settled(dygw_db_t *db, const dygw_verification_t *const *rows, int count)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < count; i++) {
        rv = is_settled(db, rows[i]);
    }
    return rv;
}

static apr_status_t settle_rows(dygw_db_t *db, const dygw_verification_t *const *rows, int count)
{
    apr_status_t rv = dygw_db_begin(db);
    int i;

    for (i = 0; rv == APR_SUCCESS && i < count; i++) {
        rv = settle_row(db, rows[i]);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_db_commit(db);
        /* The commit may have been done and its answer lost. */
        return rv == APR_SUCCESS || all_settled(db, rows, count) == APR_SUCCESS ? APR_SUCCESS : rv;
    }
    dygw_db_rollback(db);
    return rv;
}

apr_status_t dygw_store_verification_settle(dygw_db_t *db, const dygw_verification_t *const *rows, int count,
                                            int *clash)
{
    apr_status_t rv = count == 1 ? settle_row(db, rows[0]) : settle_rows(db, rows, count);

    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        return rv;
    }
    if (find_clash(db, rows, count, clash) == APR_EEXIST) {
        return APR_EEXIST;
    }
    *clash = 0;
    dygw_db_report(db);
    return APR_EGENERAL;
}

/* --- reading --- */

static apr_status_t one_row(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args, dygw_verification_t **v,
                            apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    *v = read_row(rows, pool);
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_get(dygw_db_t *db, apr_int64_t id, apr_int64_t app_id, dygw_verification_t **v,
                                         apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, id) };
    apr_status_t rv = one_row(db, &verification_get, args, v, pool);

    return rv == APR_SUCCESS && app_id != 0 && (*v)->app_id != app_id ? APR_NOTFOUND : rv;
}

apr_status_t dygw_store_verification_items(dygw_db_t *db, apr_int64_t first_id, apr_array_header_t **items,
                                           apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, first_id) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &verification_items, &rows, args);

    *items = apr_array_make(pool, 1, sizeof(dygw_verification_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*items, dygw_verification_t *) = read_row(rows, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_verification_find(dygw_db_t *db, const char *verify_token, const char *encrypted_code,
                                          dygw_verification_t **v, apr_pool_t *pool)
{
    const char *args[MAX_ITEMS];
    int i;

    for (i = 0; i < MAX_ITEMS; i++) {
        args[i] = attempt_key(verify_token, encrypted_code, i, dygw_db_pool(db));
    }
    return one_row(db, &verification_find, args, v, pool);
}
