/* SPDX-License-Identifier: Apache-2.0
 * The parameter group_by, and the keys of groups (store/report_keys.h) in JSON and in CSV. */
#ifndef DYGW_HANDLE_INTERNAL_GROUP_BY_H
#define DYGW_HANDLE_INTERNAL_GROUP_BY_H

#include "handle/internal/report_query.h"

/* Reads words with commas between, of the DYGW_BY_* that are allowed. Returns theirs, added up; 0
 * and *out: there is a mistake. */
int dygw_group_by_read(const char *text, int allowed, apr_pool_t *pool, dygw_result_t *out);

/* Members and cells of the keys of group_by; of values there are DYGW_KEYS. */
void dygw_group_by_view(dygw_jsonw_t *w, int group_by, const dygw_sums_value_t *values,
                        const char *app_name);
void dygw_group_by_csv_head(dygw_csv_t *csv, int group_by);
void dygw_group_by_csv(dygw_csv_t *csv, int group_by, const dygw_sums_value_t *values,
                       const char *app_name);

#endif
