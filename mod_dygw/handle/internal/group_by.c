/* SPDX-License-Identifier: Apache-2.0
 * By what sums are grouped: the words of a query, members of JSON, columns of CSV. */
#include "handle/internal/group_by.h"

#include <string.h>

#include <apr_strings.h>

#include "util/day.h"

#define APP_NAME "app_name"

/* The keys of a group, in the order of the columns. */
#define KEY_OF(NAME, is, word, column) { word, DYGW_IS_##is },

static const struct {
    const char *name;
    dygw_key_is_e is;
} keys[DYGW_KEYS] = { DYGW_SUMS_KEYS(KEY_OF) };

/* --- the query --- */

/* Returns the DYGW_BY_* of a word of group_by; 0 when it has none. */
static int group_by_word(const char *word)
{
    for (int i = 0; i < DYGW_KEYS; i++) {
        if (strcmp(word, keys[i].name) == 0) {
            return 1 << i;
        }
    }
    return 0;
}

static const char *words_of_keys(int allowed, apr_pool_t *pool)
{
    const char *words = "";

    for (int i = 0; i < DYGW_KEYS; i++) {
        if (allowed & 1 << i) {
            words = apr_pstrcat(pool, words, *words ? ", " : "", keys[i].name, NULL);
        }
    }
    return words;
}

int dygw_group_by_read(const char *text, int allowed, apr_pool_t *pool, dygw_result_t *out)
{
    char *rest = apr_pstrdup(pool, text);
    int group_by = 0;

    while (rest) {
        char *word = rest;
        int by;

        rest = strchr(word, ',');
        if (rest) {
            *rest++ = '\0';
        }
        by = group_by_word(word) & allowed;
        if (!by || group_by & by) {
            dygw_invalid(out, "group_by",
                         apr_pstrcat(pool, "group_by must be some of ",
                                     words_of_keys(allowed, pool),
                                     ", each once, with commas between", NULL));
            return 0;
        }
        group_by |= by;
    }
    return group_by;
}

/* --- JSON --- */

static const char *day_text(const dygw_sums_value_t *value, apr_pool_t *pool)
{
    return dygw_day_of(value->number * DYGW_DAY_MS, 0, pool);
}

static void view_key(dygw_jsonw_t *w, int key, const dygw_sums_value_t *value, const char *app_name)
{
    switch (keys[key].is) {
    case DYGW_IS_DAY:
        dygw_jsonw_string(w, keys[key].name, day_text(value, w->pool));
        break;
    case DYGW_IS_HOUR:
        dygw_jsonw_int(w, keys[key].name, value->number);
        break;
    case DYGW_IS_APP:
        dygw_jsonw_int(w, keys[key].name, value->number);
        dygw_jsonw_string(w, APP_NAME, app_name);
        break;
    default:
        dygw_jsonw_string(w, keys[key].name, value->text);
        break;
    }
}

void dygw_group_by_view(dygw_jsonw_t *w, int group_by, const dygw_sums_value_t *values,
                        const char *app_name)
{
    for (int i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            view_key(w, i, &values[i], app_name);
        }
    }
}

/* --- CSV --- */

void dygw_group_by_csv_head(dygw_csv_t *csv, int group_by)
{
    for (int i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            dygw_csv_text(csv, keys[i].name);
            if (keys[i].is == DYGW_IS_APP) {
                dygw_csv_text(csv, APP_NAME);
            }
        }
    }
}

static void write_key(dygw_csv_t *csv, int key, const dygw_sums_value_t *value,
                      const char *app_name)
{
    switch (keys[key].is) {
    case DYGW_IS_DAY:
        dygw_csv_text(csv, day_text(value, csv->pool));
        break;
    case DYGW_IS_HOUR:
        dygw_csv_int(csv, value->number);
        break;
    case DYGW_IS_APP:
        dygw_csv_int_id(csv, value->number);
        dygw_csv_text(csv, app_name);
        break;
    case DYGW_IS_REASON:
        dygw_csv_text(csv, value->text);
        break;
    default:
        dygw_csv_id(csv, value->text);
        break;
    }
}

void dygw_group_by_csv(dygw_csv_t *csv, int group_by, const dygw_sums_value_t *values,
                       const char *app_name)
{
    for (int i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            write_key(csv, i, &values[i], app_name);
        }
    }
}
