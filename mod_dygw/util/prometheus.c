/* SPDX-License-Identifier: Apache-2.0
 * The writer of Prometheus' text format. See prometheus.h. */
#include "util/prometheus.h"

#include <string.h>

#include <apr_strings.h>

#include "util/text.h"

/* --- appending --- */

static void prometheus_append(dygw_prometheus_t *p, const char *data, apr_size_t len)
{
    char *out = dygw_grow(&p->text, &p->size, p->len, len, p->pool);

    memcpy(out, data, len);
    out[len] = '\0';
    p->len += len;
}

static void prometheus_append_text(dygw_prometheus_t *p, const char *text)
{
    prometheus_append(p, text, strlen(text));
}

/* Appends text with a backslash before each character of `special`, and \n for an end of line. */
static void prometheus_append_escaped(dygw_prometheus_t *p, const char *text, const char *special)
{
    while (*text) {
        apr_size_t plain = strcspn(text, special);

        prometheus_append(p, text, plain);
        text += plain;
        if (*text) {
            prometheus_append(p, "\\", 1);
            prometheus_append(p, *text == '\n' ? "n" : text, 1);
            text++;
        }
    }
}

/* --- values --- */

const char *dygw_prometheus_value(apr_int64_t value, dygw_decimals_e decimals, apr_pool_t *pool)
{
    apr_int64_t parts = decimals == DYGW_MILLIONTHS ? 1000000 : 1000;
    apr_uint64_t size = value < 0 ? 0 - (apr_uint64_t)value : (apr_uint64_t)value;
    char *text, *end;

    if (decimals == DYGW_WHOLE) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
    }
    text = apr_psprintf(pool, "%s%" APR_UINT64_T_FMT ".%0*" APR_UINT64_T_FMT, value < 0 ? "-" : "",
                        size / (apr_uint64_t)parts, (int)decimals, size % (apr_uint64_t)parts);
    end = text + strlen(text);
    while (end[-1] == '0') {
        end--;
    }
    *(end[-1] == '.' ? end - 1 : end) = '\0';
    return text;
}

/* --- from outside --- */

void dygw_prometheus_init(dygw_prometheus_t *p, apr_pool_t *pool, apr_size_t size_hint)
{
    p->pool = pool;
    p->len = 0;
    p->text = dygw_grow_begin(&p->size, size_hint, pool);
    *p->text = '\0';
}

void dygw_prometheus_metric(dygw_prometheus_t *p, const char *name, const char *type,
                            const char *help)
{
    prometheus_append_text(p, "# HELP ");
    prometheus_append_text(p, name);
    prometheus_append_text(p, " ");
    prometheus_append_escaped(p, help, "\\\n");
    prometheus_append_text(p, "\n# TYPE ");
    prometheus_append_text(p, name);
    prometheus_append_text(p, " ");
    prometheus_append_text(p, type);
    prometheus_append_text(p, "\n");
}

static void prometheus_append_labels(dygw_prometheus_t *p, const dygw_label_t *labels, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        prometheus_append_text(p, i == 0 ? "{" : ",");
        prometheus_append_text(p, labels[i].name);
        prometheus_append_text(p, "=\"");
        prometheus_append_escaped(p, labels[i].value, "\\\"\n");
        prometheus_append_text(p, "\"");
    }
    if (count > 0) {
        prometheus_append_text(p, "}");
    }
}

void dygw_prometheus_sample(dygw_prometheus_t *p, const char *name, const dygw_sample_t *sample)
{
    prometheus_append_text(p, name);
    prometheus_append_text(p, sample->suffix);
    prometheus_append_labels(p, sample->labels, sample->count);
    prometheus_append_text(p, " ");
    prometheus_append_text(p, dygw_prometheus_value(sample->value, sample->decimals, p->pool));
    prometheus_append_text(p, "\n");
}
