/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_webhooks: the messages that Douyin sent, each once. A message and what it changes are
 * one commit, so that one which comes again is either done or was never seen. */
#include "store/webhook.h"

#include "store/db/catalogue.h"
#include "store/db/confirm.h"
#include "store/db/kinds.h"
#include "store/verification/verification.h"

#define DEADLOCK_TRIES 5

#define WEBHOOK_COLUMNS(FIRST, X) \
    FIRST(CLIPPED_128, msg_id) \
    X(TIME, received_at) \
    X(CLIPPED_64, event) \
    X(CLIPPED_64, action) \
    X(TIME_OR_NULL, msg_time) \
    X(CLIPPED_64, certificate_id) \
    X(CLIPPED_64, order_id) \
    X(CLIPPED_64, account_id) \
    X(INT, records)

/* clang-format off */
static const dygw_stmt_t webhook_put = {
    "dygw_webhook_put",
    DYGW_SQL_INSERT_NEW("dygw_webhooks (" DYGW_NAMES(WEBHOOK_COLUMNS) ") "
                        "VALUES (" DYGW_PARAMETERS(WEBHOOK_COLUMNS) ")")
};
/* clang-format on */

static const dygw_stmt_t webhook_get = {
    "dygw_webhook_get",
    DYGW_SQL("SELECT " DYGW_NAMES(WEBHOOK_COLUMNS) " FROM dygw_webhooks WHERE msg_id = %s"),
};

#define OLD "received_at < %lld"
#define PURGE \
    "DELETE FROM dygw_webhooks WHERE msg_id IN " \
    "(SELECT msg_id FROM dygw_webhooks WHERE " OLD " ORDER BY received_at LIMIT %lld)"

static const dygw_stmt_t webhook_purge = {
    "dygw_webhook_purge",
    { PURGE, PURGE, "DELETE FROM dygw_webhooks WHERE " OLD " ORDER BY received_at LIMIT %lld" },
};

#define READ(kind, name)     found->name = DYGW_READ_##kind(rows, column++, pool);
#define ARGUMENT(kind, name) args[count++] = DYGW_ARG_##kind(db, message->name);

static apr_status_t put_message(dygw_db_t *db, const dygw_webhook_t *message)
{
    const char *args[DYGW_LENGTH(WEBHOOK_COLUMNS)];
    int count = 0;
    int nrows;
    apr_status_t rv;

    WEBHOOK_COLUMNS(ARGUMENT, ARGUMENT)
    rv = dygw_db_exec(db, &webhook_put, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? APR_EEXIST : rv;
}

static apr_status_t notify_and_put_message(dygw_db_t *db, dygw_webhook_t *message)
{
    apr_status_t rv = APR_SUCCESS;

    message->records = 0;
    if (message->certificate_id && message->sale_look_at > 0) {
        rv = dygw_store_verification_notify_sale(db, message->certificate_id, message->received_at,
                                                 message->sale_look_at, &message->records);
    }
    else if (message->certificate_id) {
        rv = dygw_store_verification_notify(
            db, message->certificate_id, message->received_at,
            message->cancelled_at > 0 ? message->cancelled_at : DYGW_NO_TIME, &message->records);
    }
    return rv == APR_SUCCESS ? put_message(db, message) : rv;
}

/* The commit failed: was it done all the same? */
static apr_status_t is_message_kept(dygw_db_t *db, const void *what)
{
    const dygw_webhook_t *message = what;
    dygw_webhook_t *kept;
    apr_status_t rv = dygw_store_webhook_get(db, message->msg_id, &kept, dygw_db_pool(db));

    return rv == APR_SUCCESS && kept->received_at == message->received_at ? APR_SUCCESS
                                                                          : APR_EGENERAL;
}

static apr_status_t insert_message(dygw_db_t *db, dygw_webhook_t *message)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = notify_and_put_message(db, message);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    rv = dygw_db_commit(db);
    return rv == APR_SUCCESS ? rv : dygw_store_was_done(db, is_message_kept, message);
}

apr_status_t dygw_store_webhook_insert(dygw_db_t *db, dygw_webhook_t *message)
{
    int tries = DEADLOCK_TRIES;
    apr_status_t rv;

    do {
        rv = insert_message(db, message);
    } while (rv != APR_SUCCESS && dygw_db_lost_deadlock(db) && --tries > 0);
    return rv;
}

apr_status_t dygw_store_webhook_get(dygw_db_t *db, const char *msg_id, dygw_webhook_t **message,
                                    apr_pool_t *pool)
{
    const char *args[] = { DYGW_ARG_CLIPPED_128(db, msg_id) };
    dygw_webhook_t *found;
    dygw_rows_t *rows;
    int column = 0;
    apr_status_t rv = dygw_db_select(db, &webhook_get, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    found = apr_pcalloc(pool, sizeof(*found));
    WEBHOOK_COLUMNS(READ, READ)
    *message = found;
    return APR_SUCCESS;
}

apr_status_t dygw_store_webhook_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    const char *args[] = { dygw_db_int(db, before), dygw_db_int(db, limit) };

    return dygw_db_exec(db, &webhook_purge, removed, args);
}
