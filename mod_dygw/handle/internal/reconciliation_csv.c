/* SPDX-License-Identifier: Apache-2.0
 * The items of a reconciliation, which are what did not match, as CSV: a line for each item.
 * Columns of our verification come first, those of Douyin's record next, those of the webhook
 * last. */
#include "handle/internal/reconciliation_csv.h"

#include <string.h>

#include "util/instant.h"
#include "util/json.h"

typedef enum { TEXT, ID, NUMBER, FEN, YUAN, TIME } kind_e;

typedef struct column_t {
    const char *name;
    const char *side; /* the object in the item that has the key; NULL: the item itself */
    const char *key;
    kind_e kind;
} column_t;

static const column_t columns[] = {
    { "class", NULL, "class", TEXT },
    { "id", "ours", "id", ID },
    { "app_id", "ours", "app_id", NUMBER },
    { "app_name", "ours", "app_name", TEXT },
    { "poi_id", "ours", "poi_id", ID },
    { "verify_status", "ours", "verify_status", TEXT },
    { "certificate_id", "ours", "certificate_id", ID },
    { "verify_id", "ours", "verify_id", ID },
    { "order_id", "ours", "order_id", ID },
    { "ext_order_id", "ours", "ext_order_id", ID },
    { "product_name", "ours", "product_name", TEXT },
    { "pay_amount", "ours", "pay_amount", FEN },
    { "pay_amount_yuan", "ours", "pay_amount", YUAN },
    { "verify_time", "ours", "verify_time", TIME },
    { "created_at", "ours", "created_at", TIME },
    { "store", "ours", "store", ID },
    { "account_id", "ours", "account_id", ID },
    { "after_sale", "ours", "after_sale", TEXT },
    { "douyin_status", "douyin", "status", TEXT },
    { "douyin_certificate_id", "douyin", "certificate_id", ID },
    { "douyin_verify_id", "douyin", "verify_id", ID },
    { "douyin_pay_amount", "douyin", "pay_amount", FEN },
    { "douyin_pay_amount_yuan", "douyin", "pay_amount", YUAN },
    { "douyin_verify_time", "douyin", "verify_time", TIME },
    { "douyin_cancel_time", "douyin", "cancel_time", TIME },
    { "douyin_verify_type", "douyin", "verify_type", NUMBER },
    { "douyin_sku_name", "douyin", "sku_name", TEXT },
    { "webhook_action", "webhook", "action", TEXT },
    { "webhook_order_id", "webhook", "order_id", ID },
    { "webhook_received_at", "webhook", "received_at", TIME },
    { "explained_by", NULL, "explained_by", TEXT },
};

#define COLUMNS (sizeof columns / sizeof columns[0])

void dygw_reconciliation_csv_head(dygw_csv_t *csv)
{
    for (apr_size_t i = 0; i < COLUMNS; i++) {
        dygw_csv_text(csv, columns[i].name);
    }
    dygw_csv_end_row(csv);
}

static void put_time(dygw_csv_t *csv, const char *text)
{
    dygw_ms_t t = DYGW_NO_TIME;

    if (text) {
        dygw_instant_parse(text, &t);
    }
    dygw_csv_time(csv, t);
}

static void put_number(dygw_csv_t *csv, kind_e kind, apr_int64_t number)
{
    if (kind == YUAN) {
        dygw_csv_yuan(csv, number);
    }
    else {
        dygw_csv_int(csv, number);
    }
}

static void put_column(dygw_csv_t *csv, kind_e kind, const json_t *object, const char *key,
                       apr_pool_t *pool)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value)) {
        dygw_csv_empty(csv);
        return;
    }
    switch (kind) {
    case TEXT:
        dygw_csv_text(csv, json_string_value(value));
        break;
    case ID:
        dygw_csv_id(csv, dygw_json_id(object, key, pool));
        break;
    case TIME:
        put_time(csv, json_string_value(value));
        break;
    default:
        put_number(csv, kind, json_integer_value(value));
    }
}

void dygw_reconciliation_csv_item(dygw_csv_t *csv, const char *item, apr_pool_t *pool)
{
    const char *error;
    const json_t *root = dygw_json_parse(item, strlen(item), DYGW_JSON_LENIENT, pool, &error);

    for (apr_size_t i = 0; i < COLUMNS; i++) {
        const column_t *column = &columns[i];
        const json_t *object = column->side ? json_object_get(root, column->side) : root;

        put_column(csv, column->kind, object, column->key, pool);
    }
    dygw_csv_end_row(csv);
}
