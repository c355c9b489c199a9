/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: the columns of dygw_apps, as store/db/kinds.h has them. */
#ifndef DYGW_STORE_APP_COLUMNS_H
#define DYGW_STORE_APP_COLUMNS_H

#include "store/db/kinds.h"

/* What dygw_store_app_change writes. */
#define DYGW_APP_CHANGED(FIRST, X) \
    FIRST(TEXT, name) \
    X(TEXT, description) \
    X(APP_STATUS, status) \
    X(APP_FLAG, allow_token_read) \
    X(APP_STORES, poi_ids) \
    X(TEXT, secret_sealed) \
    X(TEXT, old_secret_sealed) \
    X(TIME_OR_NULL, old_secret_until) \
    X(TIME_OR_NULL, updated_at) \
    X(TEXT, code) \
    X(TEXT, client_key) \
    X(APP_SOURCE, source) \
    X(TEXT, declared_in)

#define DYGW_APP_ALL(FIRST, X) \
    DYGW_APP_CHANGED(FIRST, X) \
    X(INT64, id) \
    X(TIME_OR_NULL, created_at) \
    X(TIME_OR_NULL, last_used_at)

/* Kinds of this table: their arguments are made in app_write.c, and read in app.c. */
#define DYGW_PARAMETER_APP_STATUS "%s"
#define DYGW_PARAMETER_APP_FLAG   "%lld"
#define DYGW_PARAMETER_APP_STORES "%s"
#define DYGW_PARAMETER_APP_SOURCE "%s"

#endif
