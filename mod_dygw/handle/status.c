/* SPDX-License-Identifier: Apache-2.0
 * A section of mod_status for each gateway: the metrics in brief. With ?auto they are lines like
 * those of mod_proxy's balancers: Dygw[0]RedemptionsSuccess: 17. */
#include "handle/status.h"

#include <stdlib.h>
#include <string.h>

#include <http_protocol.h>
#include <mod_status.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "handle/scrape.h"
#include "util/compiler.h"

#define PREFIX    "dygw_"
#define TOTAL     "_total"
#define ROWS_HINT 64

typedef struct row_t {
    const char *key;
    apr_int64_t value;
    dygw_decimals_e decimals;
} row_t;

typedef struct brief_t {
    apr_pool_t *pool;
    apr_array_header_t *rows; /* of row_t */
} brief_t;

/* --- keys --- */

/* Adds words that are joined by underscores, each with a capital. */
static char *add_words(char *end, const char *words, apr_size_t len)
{
    int starts = 1;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        if (words[i] != '_') {
            *end++ = (char)(starts ? apr_toupper(words[i]) : words[i]);
        }
        starts = words[i] == '_';
    }
    return end;
}

/* dygw_redemptions_total{outcome="success"}: RedemptionsSuccess. The application, which is the
 * first label, is said above. */
static const char *key_of(const dygw_metric_t *metric, const dygw_sample_t *sample,
                          apr_pool_t *pool)
{
    const char *name = metric->name + strlen(PREFIX);
    apr_size_t len = strlen(name);
    const char *words = sample->suffix;
    char *key;
    char *end;
    int i;

    for (i = 1; metric->show == DYGW_SHOW_EACH && i < sample->count; i++) {
        words = apr_pstrcat(pool, words, "_", sample->labels[i].value, NULL);
    }
    if (len > strlen(TOTAL) && strcmp(name + len - strlen(TOTAL), TOTAL) == 0) {
        len -= strlen(TOTAL);
    }
    key = apr_palloc(pool, len + strlen(words) + 1);
    end = add_words(add_words(key, name, len), words, strlen(words));
    *end = '\0';
    return key;
}

/* --- rows --- */

static void ignore_metric(DYGW_UNUSED void *baton, DYGW_UNUSED const dygw_metric_t *metric)
{
}

static int is_part(const dygw_sample_t *sample)
{
    return strcmp(sample->suffix, "_bucket") == 0 || strcmp(sample->suffix, "_sum") == 0;
}

static void add_sample(void *baton, const dygw_metric_t *metric, const dygw_sample_t *sample)
{
    brief_t *brief = baton;
    const char *key;
    row_t *last;

    if (metric->show == DYGW_SHOW_NONE || is_part(sample)) {
        return;
    }
    key = key_of(metric, sample, brief->pool);
    last = brief->rows->nelts ? &APR_ARRAY_IDX(brief->rows, brief->rows->nelts - 1, row_t) : NULL;
    if (last && strcmp(last->key, key) == 0) {
        last->value += sample->value;
        return;
    }
    APR_ARRAY_PUSH(brief->rows, row_t) = (row_t){ key, sample->value, sample->decimals };
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const row_t *)a)->key, ((const row_t *)b)->key);
}

static apr_array_header_t *rows_of(dygw_runtime_t *runtime, apr_pool_t *pool)
{
    brief_t brief = { pool, apr_array_make(pool, ROWS_HINT, sizeof(row_t)) };
    dygw_scraper_t scraper = { ignore_metric, add_sample, &brief };

    dygw_scrape(runtime, &scraper, pool);
    qsort(brief.rows->elts, (size_t)brief.rows->nelts, sizeof(row_t), by_key);
    return brief.rows;
}

/* --- the three forms --- */

static void write_lines(request_rec *r, int number, const apr_array_header_t *rows)
{
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(rows, i, row_t);

        ap_rprintf(r, "Dygw[%d]%s: %s\n", number, row->key,
                   dygw_prometheus_value(row->value, row->decimals, r->pool));
    }
}

static void write_html(request_rec *r, const apr_array_header_t *rows, int table)
{
    static const char in_table[] = "<tr><td>%s</td><td align=\"right\">%s</td></tr>\n";
    static const char in_lines[] = "%s: %s<br />\n";
    int i;

    ap_rputs(table ? "<table border=\"0\">\n" : "<p>\n", r);
    for (i = 0; i < rows->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(rows, i, row_t);

        ap_rprintf(r, table ? in_table : in_lines, row->key,
                   dygw_prometheus_value(row->value, row->decimals, r->pool));
    }
    ap_rputs(table ? "</table>\n" : "</p>\n", r);
}

static void write_section(request_rec *r, int number, dygw_runtime_t *runtime, int flags)
{
    const apr_array_header_t *rows = rows_of(runtime, r->pool);
    const char *application = runtime->gateway.client_key;

    if (flags & AP_STATUS_SHORT) {
        ap_rprintf(r, "Dygw[%d]Application: %s\n", number, application);
        write_lines(r, number, rows);
        return;
    }
    ap_rprintf(r, "<hr />\n<h2>mod_dygw %s: %s</h2>\n", DYGW_VERSION,
               ap_escape_html(r->pool, application));
    write_html(r, rows, !(flags & AP_STATUS_NOTABLE));
}

static int show_status(request_rec *r, int flags)
{
    const apr_array_header_t *runtimes = dygw_runtimes();
    int i;

    for (i = 0; runtimes && i < runtimes->nelts; i++) {
        write_section(r, i, APR_ARRAY_IDX(runtimes, i, dygw_runtime_t *), flags);
    }
    return OK;
}

void dygw_status_register(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, show_status, NULL, NULL, APR_HOOK_MIDDLE);
}
