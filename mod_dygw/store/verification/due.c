/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: what there is to do for the background, and what it has to know of a
 * coupon's other records. */
#include "store/verification/due.h"

#include "store/db/catalogue.h"
#include "store/verification/verification.h"
#include "store/verification/words.h"

#define DUE(time, rows) \
    DYGW_SQL("SELECT id, first_id, item_count, lease_until FROM dygw_verifications " \
             "WHERE " rows " AND " time " <= %lld ORDER BY " time " LIMIT %lld")

static const dygw_stmt_t due[] = {
    [DYGW_DUE_SETTLE] = {
        "dygw_verification_due_settle", DUE(DYGW_SETTLE_TIME, DYGW_SETTLE_ROWS),
    },
    [DYGW_DUE_FOLLOW_UP] = {
        "dygw_verification_due_follow_up", DUE(DYGW_FOLLOW_UP_TIME, DYGW_FOLLOW_UP_ROWS),
    },
    [DYGW_DUE_ENRICH] = {
        "dygw_verification_due_enrich", DUE(DYGW_ENRICH_TIME, DYGW_ENRICH_ROWS),
    },
    [DYGW_DUE_SALE] = {
        "dygw_verification_due_sale", DUE(DYGW_SALE_TIME, DYGW_SALE_ROWS),
    },
};

#define RECALLED(time) \
    "SET " time " = %lld, " \
    "lease_until = CASE WHEN lease_until > %lld THEN 0 ELSE lease_until END, " \
    "sent_at = CASE WHEN sent_at > %lld THEN %lld ELSE sent_at END, revision = revision + 1 "
#define BEYOND(time, rows) rows " AND " time " > %lld"
#define FAR(time, rows) \
    "(SELECT id FROM dygw_verifications WHERE " BEYOND(time, rows) " ORDER BY " time " LIMIT %lld)"
#define RECALL_BY_ID(time, rows) \
    "UPDATE dygw_verifications " RECALLED(time) "WHERE id IN " FAR(time, rows) " AND " BEYOND( \
        time, rows)

/* MariaDB takes an index for the ids when it joins them, and only then. */
#define RECALL(time, rows) \
    { \
        RECALL_BY_ID(time, rows), RECALL_BY_ID(time, rows), \
            "UPDATE dygw_verifications v JOIN " FAR(time, \
                                                    rows) " far ON v.id = far.id " RECALLED(time) \
    }

static const dygw_stmt_t recall[] = {
    [DYGW_DUE_SETTLE] = {
        "dygw_verification_recall_settle", RECALL(DYGW_SETTLE_TIME, DYGW_SETTLE_ROWS),
    },
    [DYGW_DUE_FOLLOW_UP] = {
        "dygw_verification_recall_follow_up", RECALL(DYGW_FOLLOW_UP_TIME, DYGW_FOLLOW_UP_ROWS),
    },
    [DYGW_DUE_ENRICH] = {
        "dygw_verification_recall_enrich", RECALL(DYGW_ENRICH_TIME, DYGW_ENRICH_ROWS),
    },
    [DYGW_DUE_SALE] = {
        "dygw_verification_recall_sale", RECALL(DYGW_SALE_TIME, DYGW_SALE_ROWS),
    },
};

/* A `success` or what was one, whose refund is followed and to be looked at never. MariaDB and
 * MySQL would take the index of errand_at, which is NULL of nearly all. */
#define DROPPED_ROWS \
    "after_sale IN ('requested', 'agreed', 'refused') AND news = 16 AND errand_at IS NULL " \
    "AND verify_status <> 'processing'"
#define DROPPED(index) \
    "(SELECT id FROM dygw_verifications " index "WHERE " DROPPED_ROWS " LIMIT %lld)"
#define RESUMED      "SET errand_at = %lld, revision = revision + 1"
#define RESUME_BY_ID "UPDATE dygw_verifications " RESUMED " WHERE id IN " DROPPED("")

static const char resume_mysql[]
    = "UPDATE dygw_verifications v "
      "JOIN " DROPPED("FORCE INDEX (dygw_verifications_after_sale) ") " d ON v.id = d.id " RESUMED;

static const dygw_stmt_t resume_sales = {
    "dygw_verification_resume_sales",
    { RESUME_BY_ID " AND " DROPPED_ROWS, RESUME_BY_ID " AND " DROPPED_ROWS, resume_mysql },
};

#define RIVAL_COLUMNS(FIRST, X) \
    FIRST(INT64, id) \
    X(INT64, first_id) \
    X(VERIFY_STATUS, verify_status) \
    X(TEXT, verify_id) \
    X(INT, already) \
    X(TIME, created_at) \
    X(TIME_OR_NULL, verify_time) \
    X(TEXT, poi_id)

#define RIVALS "SELECT " DYGW_NAMES(RIVAL_COLUMNS) ", cancel_since FROM dygw_verifications WHERE "

/* Two queries in one: MariaDB takes no index for an OR. */
static const dygw_stmt_t verification_rivals = {
    "dygw_verification_rivals",
    DYGW_SQL(RIVALS "certificate_id = %s UNION ALL " RIVALS
                    "certificate_id IS NULL AND encrypted_code = %s LIMIT 1000"),
};

/* The new revision makes who works on it look again. */
static const dygw_stmt_t verification_wake = {
    "dygw_verification_wake",
    DYGW_SQL("UPDATE dygw_verifications SET next_run_at = CASE WHEN lease_until > %lld "
             "THEN next_run_at ELSE %lld END, revision = revision + 1 "
             "WHERE id = %lld AND verify_status = 'processing' AND next_run_at > %lld"),
};

/* A row that is being settled finds the news when its turn comes; a settled one gets a follow-up.
 */
#define NOTIFY(bits) \
    DYGW_SQL("UPDATE dygw_verifications SET news = news | " bits ", " \
             "next_run_at = CASE WHEN verify_status <> 'processing' THEN next_run_at " \
             "WHEN lease_until > %lld THEN lease_until ELSE %lld END, " \
             "errand_at = CASE WHEN verify_status <> 'processing' THEN %lld ELSE errand_at END, " \
             "revision = revision + 1 " \
             "WHERE certificate_id = %s AND (verify_status <> 'failed' OR news <> 0)")

static const dygw_stmt_t verification_notify = {
    "dygw_verification_notify",
    NOTIFY("1"),
};

/* A cancel that is older than a redemption is of the one before. */
static const dygw_stmt_t verification_notify_cancel = {
    "dygw_verification_notify_cancel",
    NOTIFY("CASE WHEN verify_time > %lld THEN 1 ELSE 33 END"),
};

/* The message is an application, and says neither how it ends nor which use of a times card it is
 * about: whoever redeemed a use is told. It may come late: what was decided since is not undone by
 * it. A row that is `processing` has no refund before it is `success`. */
static const dygw_stmt_t verification_notify_sale = {
    "dygw_verification_notify_sale",
    DYGW_SQL("UPDATE dygw_verifications SET news = news | 16, "
             "after_sale = CASE WHEN verify_status = 'processing' "
             "OR after_sale IN ('agreed', 'refunded') THEN after_sale ELSE 'requested' END, "
             "after_sale_since = %lld, "
             "errand_at = CASE WHEN verify_status = 'processing' OR errand_at < %lld "
             "THEN errand_at ELSE %lld END, "
             "revision = revision + 1 "
             "WHERE certificate_id = %s AND verify_status IN ('success', 'processing')"),
};

static const dygw_stmt_t verification_other_account = {
    "dygw_verification_other_account",
    DYGW_SQL("SELECT account_id FROM dygw_verifications WHERE certificate_id = %s "
             "AND account_id <> %s LIMIT 1"),
};

apr_status_t dygw_store_verification_due(dygw_db_t *db, dygw_due_e what, dygw_ms_t now, int limit,
                                         apr_array_header_t **rows, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, now), dygw_db_int(db, limit) };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &due[what], &found, args);

    *rows = apr_array_make(pool, 1, sizeof(dygw_due_row_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*rows, dygw_due_row_t) = (dygw_due_row_t){
            .id = dygw_row_int(found, 0, 0),
            .first_id = dygw_row_int(found, 1, 0),
            .item_count = (int)dygw_row_int(found, 2, 1),
            .lease_until = dygw_row_int(found, 3, 0),
        };
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_verification_recall(dygw_db_t *db, dygw_due_e what, dygw_ms_t now,
                                            dygw_ms_t beyond, int limit, int *count)
{
    const char *at = dygw_db_int(db, now);
    const char *far = dygw_db_int(db, beyond);
    const char *most = dygw_db_int(db, limit);
    const char *args[] = { at, far, far, at, far, most, far };
    const char *joined[] = { far, most, at, far, far, at };

    return dygw_db_exec(db, &recall[what], count,
                        dygw_db_dialect(db) == DYGW_MYSQL ? joined : args);
}

apr_status_t dygw_store_verification_resume_sales(dygw_db_t *db, dygw_ms_t now, int limit,
                                                  int *count)
{
    const char *at = dygw_db_int(db, now);
    const char *most = dygw_db_int(db, limit);
    const char *args[] = { at, most };
    const char *joined[] = { most, at };

    return dygw_db_exec(db, &resume_sales, count,
                        dygw_db_dialect(db) == DYGW_MYSQL ? joined : args);
}

#define READ(kind, name) rival.name = DYGW_READ_##kind(rows, column++, pool);

static dygw_rival_t read_rival(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_rival_t rival;
    int column = 0;

    RIVAL_COLUMNS(READ, READ)
    rival.given_up = dygw_row_int(rows, column, DYGW_NO_TIME) != DYGW_NO_TIME;
    return rival;
}

apr_status_t dygw_store_verification_rivals(dygw_db_t *db, const char *certificate_id,
                                            const char *encrypted_code, apr_array_header_t **rivals,
                                            apr_pool_t *pool)
{
    const char *args[] = { certificate_id, encrypted_code };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &verification_rivals, &found, args);

    *rivals = apr_array_make(pool, 1, sizeof(dygw_rival_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*rivals, dygw_rival_t) = read_rival(found, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_verification_wake(dygw_db_t *db, apr_int64_t id, dygw_ms_t now)
{
    const char *at = dygw_db_int(db, now);
    const char *args[] = { at, at, dygw_db_int(db, id), at };

    return dygw_db_exec(db, &verification_wake, NULL, args);
}

apr_status_t dygw_store_verification_notify(dygw_db_t *db, const char *certificate_id,
                                            dygw_ms_t now, dygw_ms_t cancelled_at, int *count)
{
    const char *at = dygw_db_int(db, now);
    const char *args[] = { dygw_db_int(db, cancelled_at), at, at, at, certificate_id };

    return cancelled_at == DYGW_NO_TIME
               ? dygw_db_exec(db, &verification_notify, count, args + 1)
               : dygw_db_exec(db, &verification_notify_cancel, count, args);
}

apr_status_t dygw_store_verification_notify_sale(dygw_db_t *db, const char *certificate_id,
                                                 dygw_ms_t now, dygw_ms_t look_at, int *count)
{
    const char *at = dygw_db_int(db, look_at);
    const char *args[] = { dygw_db_int(db, now), at, at, certificate_id };

    return dygw_db_exec(db, &verification_notify_sale, count, args);
}

apr_status_t dygw_store_verification_other_account(dygw_db_t *db, const char *certificate_id,
                                                   const char *account_id, const char **other,
                                                   apr_pool_t *pool)
{
    const char *args[] = { certificate_id, account_id };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &verification_other_account, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *other = dygw_row_text(rows, 0, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}
