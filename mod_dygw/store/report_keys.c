/* SPDX-License-Identifier: Apache-2.0
 * The keys of groups as columns of a SELECT over dygw_verifications. */
#include "store/report_keys.h"

#include <apr_strings.h>

#include "store/db/catalogue.h"

#define MINUTE_MS 60000

#define KEY_OF(NAME, is, word, column) { DYGW_IS_##is, column },

static const struct {
    dygw_key_is_e is;
    const char *sql; /* of its column */
} keys[DYGW_KEYS] = { DYGW_SUMS_KEYS(KEY_OF) };

/* Days since the epoch, and the hour of the day, of a zone that is so many ms east. Hours are
 * counted in the zone, whose clock may be half an hour off. */
static const char *const day_numbers[DYGW_DIALECTS] = {
    [DYGW_SQLITE3] = "(created_at + CAST(%lld AS INTEGER)) / 86400000",
    [DYGW_PGSQL] = "(created_at + CAST(%lld AS BIGINT)) / 86400000",
    [DYGW_MYSQL] = "(created_at + CAST(%lld AS SIGNED)) DIV 86400000",
};
static const char *const hour_numbers[DYGW_DIALECTS] = {
    [DYGW_SQLITE3] = "(created_at + CAST(%lld AS INTEGER)) / 3600000 %% 24",
    [DYGW_PGSQL] = "(created_at + CAST(%lld AS BIGINT)) / 3600000 %% 24",
    [DYGW_MYSQL] = "(created_at + CAST(%lld AS SIGNED)) DIV 3600000 %% 24",
};

void dygw_columns_add(dygw_columns_t *c, const char *sql, int grouped, apr_pool_t *pool)
{
    c->text = apr_pstrcat(pool, c->text, sql, ", ", NULL);
    c->count++;
    if (grouped) {
        c->group = apr_psprintf(pool, "%s, %d", c->group, c->count);
    }
}

void dygw_report_key_add(dygw_columns_t *c, dygw_db_t *db, int key)
{
    const dygw_dialect_e dialect = dygw_db_dialect(db);
    apr_pool_t *pool = dygw_db_pool(db);

    switch (keys[key].is) {
    case DYGW_IS_DAY:
        dygw_columns_add(c, day_numbers[dialect], 1, pool);
        break;
    case DYGW_IS_HOUR:
        dygw_columns_add(c, hour_numbers[dialect], 1, pool);
        break;
    case DYGW_IS_APP:
        dygw_columns_add(c, keys[key].sql, 1, pool);
        /* It depends on the id alone. */
        dygw_columns_add(c, "(SELECT name FROM dygw_apps WHERE dygw_apps.id = app_id)", 0, pool);
        break;
    default:
        dygw_columns_add(c, keys[key].sql, 1, pool);
        break;
    }
}

int dygw_report_key_args(dygw_db_t *db, const dygw_sums_by_t *by, const char **args, int count)
{
    for (int key = 0; key < DYGW_KEYS; key++) {
        if (by->keys & 1 << key && (keys[key].is == DYGW_IS_DAY || keys[key].is == DYGW_IS_HOUR)) {
            args[count++] = dygw_db_int(db, (apr_int64_t)by->zone * MINUTE_MS);
        }
    }
    return count;
}

void dygw_report_key_read(dygw_rows_t *rows, int *column, int key, dygw_sums_value_t *value,
                          const char **app_name, apr_pool_t *pool)
{
    switch (keys[key].is) {
    case DYGW_IS_DAY:
    case DYGW_IS_HOUR:
        value->number = dygw_row_int(rows, (*column)++, 0);
        break;
    case DYGW_IS_APP:
        value->number = dygw_row_int(rows, (*column)++, 0);
        *app_name = dygw_row_text(rows, (*column)++, pool);
        break;
    default:
        value->text = dygw_row_text(rows, (*column)++, pool);
        break;
    }
}
