/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_webhooks: the messages that Douyin sent, each once. */
#ifndef DYGW_STORE_WEBHOOK_H
#define DYGW_STORE_WEBHOOK_H

#include "store/db/db.h"

/* Text members are NULL when absent; text that is longer than its column is cut. */
typedef struct dygw_webhook_t {
    const char *msg_id; /* at most 128 characters, tells one message from another: not
                                   Douyin's Msg-Id but a hash of the body */
    dygw_ms_t received_at;
    const char *event;  /* life_trade_certificate_notify, life_hermes_akte_after_sale_audit */
    const char *action; /* verify, verify_cancel, refund_success; of a refund NULL */
    dygw_ms_t msg_time; /* DYGW_NO_TIME = absent */
    const char *certificate_id;
    const char *order_id;
    const char *account_id;
    int records;            /* of ours that it is about; 0: we never saw the coupon */
    dygw_ms_t sale_look_at; /* no column. A refund was asked for: when to look what became of it;
                             * 0: it is another message */
    dygw_ms_t cancelled_at; /* no column. A redemption was cancelled, by Douyin's clock; 0: it is
                             * another message */
} dygw_webhook_t;

/* Keeps the message and marks the records of its coupon (dygw_store_verification_notify or _sale),
 * in one commit; message->records says how many. APR_EEXIST: it was received before, nothing is
 * done. */
apr_status_t dygw_store_webhook_insert(dygw_db_t *db, dygw_webhook_t *message);

/* APR_NOTFOUND. */
apr_status_t dygw_store_webhook_get(dygw_db_t *db, const char *msg_id, dygw_webhook_t **message,
                                    apr_pool_t *pool);

/* Removes at most limit messages received before `before`; *removed: how many. */
apr_status_t dygw_store_webhook_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed);

#endif
