/* SPDX-License-Identifier: Apache-2.0
 * The results of a match as JSON. */
#include "gateway/reports/match.h"
#include "util/jsonw.h"

#define ITEM_SIZE    1024
#define FIGURES_SIZE 256

/* Writes a number; a number below zero stands for an unknown value, and is written as null. */
static void put_known(dygw_jsonw_t *w, const char *key, apr_int64_t number)
{
    if (number < 0) {
        dygw_jsonw_null(w, key);
        return;
    }
    dygw_jsonw_int(w, key, number);
}

static void put_ours(dygw_jsonw_t *w, const dygw_match_row_t *row)
{
    if (!row) {
        dygw_jsonw_null(w, "ours");
        return;
    }
    dygw_jsonw_object(w, "ours");
    dygw_jsonw_int(w, "id", row->id);
    dygw_jsonw_int(w, "app_id", row->app_id);
    dygw_jsonw_string(w, "app_name", row->app_name);
    dygw_jsonw_string(w, "poi_id", row->poi_id);
    dygw_jsonw_string(w, "store", row->store);
    dygw_jsonw_string(w, "account_id", row->account_id);
    dygw_jsonw_string(w, "verify_status", dygw_verify_status_word(row->verify_status));
    dygw_jsonw_string(w, "certificate_id", row->certificate_id);
    dygw_jsonw_string(w, "verify_id", row->verify_id);
    dygw_jsonw_string(w, "order_id", row->order_id);
    dygw_jsonw_string(w, "ext_order_id", row->ext_order_id);
    dygw_jsonw_string(w, "product_name", row->product_name);
    put_known(w, "pay_amount", row->pay_amount);
    dygw_jsonw_time(w, "verify_time", row->verify_time);
    dygw_jsonw_time(w, "created_at", row->created_at);
    dygw_jsonw_string(w, "after_sale", dygw_after_sale_word(row->after_sale));
    dygw_jsonw_end_object(w);
}

static void put_douyin(dygw_jsonw_t *w, const dygw_verify_record_t *record)
{
    if (!record) {
        dygw_jsonw_null(w, "douyin");
        return;
    }
    dygw_jsonw_object(w, "douyin");
    dygw_jsonw_string(w, "verify_id", record->verify_id);
    dygw_jsonw_string(w, "certificate_id", record->certificate_id);
    dygw_jsonw_string(w, "status", record->cancelled ? "cancelled" : "verified");
    dygw_jsonw_time(w, "verify_time", record->verify_time);
    dygw_jsonw_time(w, "cancel_time", record->cancel_time);
    put_known(w, "verify_type", record->verify_type);
    put_known(w, "pay_amount", record->pay_amount);
    dygw_jsonw_string(w, "sku_name", record->sku_name);
    dygw_jsonw_end_object(w);
}

static void put_message(dygw_jsonw_t *w, const dygw_webhook_t *message)
{
    if (!message) {
        dygw_jsonw_null(w, "webhook");
        return;
    }
    dygw_jsonw_object(w, "webhook");
    dygw_jsonw_string(w, "action", message->action);
    dygw_jsonw_time(w, "msg_time", message->msg_time);
    dygw_jsonw_time(w, "received_at", message->received_at);
    dygw_jsonw_string(w, "order_id", message->order_id);
    dygw_jsonw_end_object(w);
}

/* Returns what explains the difference; NULL: nothing that we know. Of a refund that is under way
 * or done Douyin may show a cancellation, another amount, or no record any more. */
static const char *explanation_of(const dygw_match_pair_t *pair)
{
    dygw_after_sale_e sale = pair->ours ? pair->ours->after_sale : DYGW_AFTER_SALE_NONE;

    return pair->class != DYGW_ONLY_AT_DOUYIN
                   && (sale == DYGW_AFTER_SALE_REQUESTED || sale == DYGW_AFTER_SALE_AGREED
                       || sale == DYGW_AFTER_SALE_REFUNDED)
               ? "after_sale"
               : NULL;
}

const char *dygw_match_item(const dygw_match_pair_t *pair, const dygw_webhook_t *message,
                            apr_pool_t *pool)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, ITEM_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "class", dygw_match_class_word(pair->class));
    put_ours(&w, pair->ours);
    put_douyin(&w, pair->douyin);
    put_message(&w, message);
    dygw_jsonw_string(&w, "explained_by", explanation_of(pair));
    dygw_jsonw_end_object(&w);
    return w.text;
}

const char *dygw_match_figures(const dygw_match_t *match, const apr_int64_t *figures,
                               apr_pool_t *pool)
{
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, pool, FIGURES_SIZE);
    dygw_jsonw_object(&w, NULL);
    for (i = 0; i < DYGW_MATCH_CLASSES; i++) {
        const char *word = dygw_match_class_word((dygw_match_class_e)i);

        if (i == DYGW_ONLY_HERE && !match->whole) {
            dygw_jsonw_null(&w, word);
        }
        else {
            dygw_jsonw_int(&w, word, figures[i]);
        }
    }
    dygw_jsonw_end_object(&w);
    return w.text;
}
