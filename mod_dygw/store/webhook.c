/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_webhooks: the messages that Douyin sent, each once. A message and what it changes are
 * one commit, so that one which comes again is either done or was never seen. */
#include "store/webhook.h"

#include "store/db/catalogue.h"
#include "util/text.h"
#include "store/db/confirm.h"
#include "store/verification/verification.h"

#define DEADLOCK_TRIES  5

#define MSG_ID_CHARS    128     /* of the columns */
#define TEXT_CHARS      64

static const dygw_stmt_t webhook_put = {
    "dygw_webhook_put",
    DYGW_SQL_INSERT_NEW("dygw_webhooks (msg_id, received_at, event, action, msg_time, "
                        "certificate_id, order_id, account_id, records) "
                        "VALUES (%s, %lld, %s, %s, %lld, %s, %s, %s, %lld)")
};

static const dygw_stmt_t webhook_get = {
    "dygw_webhook_get",
    DYGW_SQL("SELECT msg_id, received_at, event, action, msg_time, certificate_id, order_id, "
             "account_id, records FROM dygw_webhooks WHERE msg_id = %s")
};

#define OLD     "received_at < %lld"
#define PURGE \
    "DELETE FROM dygw_webhooks WHERE msg_id IN " \
    "(SELECT msg_id FROM dygw_webhooks WHERE " OLD " ORDER BY received_at LIMIT %lld)"

static const dygw_stmt_t webhook_purge = {
    "dygw_webhook_purge",
    { PURGE, PURGE, "DELETE FROM dygw_webhooks WHERE " OLD " ORDER BY received_at LIMIT %lld" }
};

static const char *cut(dygw_db_t *db, const char *text)
{
    return dygw_text_clip(text, TEXT_CHARS, dygw_db_pool(db));
}

static const char *id_of(dygw_db_t *db, const char *msg_id)
{
    return dygw_text_clip(msg_id, MSG_ID_CHARS, dygw_db_pool(db));
}

static apr_status_t put(dygw_db_t *db, const dygw_webhook_t *m)
{
    const char *args[] = {
        id_of(db, m->msg_id), dygw_db_int(db, m->received_at), cut(db, m->event),
        cut(db, m->action), m->msg_time == DYGW_NO_TIME ? NULL : dygw_db_int(db, m->msg_time),
        cut(db, m->certificate_id), cut(db, m->order_id), cut(db, m->account_id),
        dygw_db_int(db, m->records)
    };
    int nrows;
    apr_status_t rv = dygw_db_exec(db, &webhook_put, &nrows, args);

    return rv == APR_SUCCESS && nrows == 0 ? APR_EEXIST : rv;
}

static apr_status_t notify_and_put(dygw_db_t *db, dygw_webhook_t *message)
{
    apr_status_t rv = APR_SUCCESS;

    message->records = 0;
    if (message->certificate_id) {
        rv = dygw_store_verification_notify(db, message->certificate_id, message->received_at,
                                            &message->records);
    }
    return rv == APR_SUCCESS ? put(db, message) : rv;
}

/* The commit failed: was it done all the same? */
static apr_status_t is_kept(dygw_db_t *db, const void *what)
{
    const dygw_webhook_t *message = what;
    dygw_webhook_t *kept;
    apr_status_t rv = dygw_store_webhook_get(db, message->msg_id, &kept, dygw_db_pool(db));

    return rv == APR_SUCCESS && kept->received_at == message->received_at ? APR_SUCCESS
                                                                          : APR_EGENERAL;
}

static apr_status_t insert_once(dygw_db_t *db, dygw_webhook_t *message)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = notify_and_put(db, message);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    rv = dygw_db_commit(db);
    return rv == APR_SUCCESS ? rv : dygw_store_was_done(db, is_kept, message);
}

apr_status_t dygw_store_webhook_insert(dygw_db_t *db, dygw_webhook_t *message)
{
    int tries = DEADLOCK_TRIES;
    apr_status_t rv;

    do {
        rv = insert_once(db, message);
    } while (rv != APR_SUCCESS && dygw_db_lost_deadlock(db) && --tries > 0);
    return rv;
}

apr_status_t dygw_store_webhook_get(dygw_db_t *db, const char *msg_id, dygw_webhook_t **message,
                                    apr_pool_t *pool)
{
    const char *args[] = { id_of(db, msg_id) };
    dygw_webhook_t *found;
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &webhook_get, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    found = apr_palloc(pool, sizeof(*found));
    found->msg_id = dygw_row_text(rows, 0, pool);
    found->received_at = dygw_row_int(rows, 1, 0);
    found->event = dygw_row_text(rows, 2, pool);
    found->action = dygw_row_text(rows, 3, pool);
    found->msg_time = dygw_row_int(rows, 4, DYGW_NO_TIME);
    found->certificate_id = dygw_row_text(rows, 5, pool);
    found->order_id = dygw_row_text(rows, 6, pool);
    found->account_id = dygw_row_text(rows, 7, pool);
    found->records = (int)dygw_row_int(rows, 8, 0);
    *message = found;
    return APR_SUCCESS;
}

apr_status_t dygw_store_webhook_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    const char *args[] = { dygw_db_int(db, before), dygw_db_int(db, limit) };

    return dygw_db_exec(db, &webhook_purge, removed, args);
}
