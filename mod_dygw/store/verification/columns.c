/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: members to arguments, and columns to members, by the lists of
 * record.h and the kinds of store/db/kinds.h, words.h and this file. */
#include "store/verification/columns.h"

#include <limits.h>
#include <string.h>

#define ANSWERS_MAX 1000000 /* bytes: MySQL's driver reads no more than 1 MiB of a text */

/* The kind of douyin_response, as in store/db/kinds.h; its parameter is in columns.h. */
#define DYGW_ARG_ANSWERS(db, member)          answers_argument(member)
#define DYGW_READ_ANSWERS(rows, column, pool) dygw_row_text(rows, column, pool)

/* Cut, it would be JSON no more. */
static const char *answers_argument(const char *json)
{
    return json && strlen(json) > ANSWERS_MAX ? "{\"omitted\":true}" : json;
}

/* --- members to arguments --- */

#define ARGUMENT(kind, name) args[count++] = DYGW_ARG_##kind(db, v->name);

int dygw_store_verification_args_settled(dygw_db_t *db, const dygw_verification_t *v,
                                         const char **args)
{
    int count = 0;

    DYGW_VERIFICATION_SETTLED(ARGUMENT, ARGUMENT)
    return count;
}

int dygw_store_verification_args_to_settle(dygw_db_t *db, const dygw_verification_t *v,
                                           const char **args)
{
    const int redeemed = v->verify_status == DYGW_SUCCESS;
    int count = dygw_store_verification_args_settled(db, v, args);

    args[count++] = redeemed ? dygw_db_int(db, v->updated_at) : NULL;
    args[count++] = dygw_db_int(db, v->id);
    args[count++] = dygw_db_int(db, redeemed ? INT_MAX : 0);
    return count;
}

int dygw_store_verification_args_changed(dygw_db_t *db, const dygw_verification_t *v,
                                         const char **args)
{
    int count = 0;

    DYGW_VERIFICATION_CHANGED(ARGUMENT, ARGUMENT)
    return count;
}

int dygw_store_verification_args_all(dygw_db_t *db, const dygw_verification_t *v, const char **args)
{
    int count = 0;

    DYGW_VERIFICATION_ALL(ARGUMENT, ARGUMENT)
    return count;
}

/* --- columns to members --- */

#define READ(kind, name) v->name = DYGW_READ_##kind(rows, column++, pool);

dygw_verification_t *dygw_store_verification_read(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_verification_t *v = apr_pcalloc(pool, sizeof(*v));
    int column = 0;

    DYGW_VERIFICATION_ALL(READ, READ)
    if (v->sent_at == DYGW_NO_TIME) {
        /* By a host of the version before: while its request was at work, or when it ended. */
        v->sent_at = v->lease_until > v->updated_at ? v->lease_until : v->updated_at;
    }
    return v;
}

/* --- members without a value --- */

void dygw_verification_init(dygw_verification_t *v)
{
    *v = (dygw_verification_t){ DYGW_VERIFICATION_ALL(DYGW_NO_VALUE, DYGW_NO_VALUE) };
    v->item_count = 1;
    v->sent_at = 0; /* never; DYGW_NO_TIME is what the version before left */
}
