/* SPDX-License-Identifier: Apache-2.0
 * The appending writer of Prometheus' text format. */
#include "util/prometheus.h"

#include <string.h>

#include <apr_strings.h>

#include "util/text.h"

/* --- appending --- */

static void append(dygw_prometheus_t *p, const char *data, apr_size_t len)
{
    char *out = dygw_grow(&p->text, &p->size, p->len, len, p->pool);

    memcpy(out, data, len);
    out[len] = '\0';
    p->len += len;
}

static void append_text(dygw_prometheus_t *p, const char *text)
{
    append(p, text, strlen(text));
}

/* With a backslash before what is special, and \n for an end of line. */
static void append_escaped(dygw_prometheus_t *p, const char *text, const char *special)
{
    while (*text) {
        apr_size_t plain = strcspn(text, special);

        append(p, text, plain);
        text += plain;
        if (*text) {
            append(p, "\\", 1);
            append(p, *text == '\n' ? "n" : text, 1);
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
    append_text(p, "# HELP ");
    append_text(p, name);
    append_text(p, " ");
    append_escaped(p, help, "\\\n");
    append_text(p, "\n# TYPE ");
    append_text(p, name);
    append_text(p, " ");
    append_text(p, type);
    append_text(p, "\n");
}

static void append_labels(dygw_prometheus_t *p, const dygw_label_t *labels, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        append_text(p, i == 0 ? "{" : ",");
        append_text(p, labels[i].name);
        append_text(p, "=\"");
        append_escaped(p, labels[i].value, "\\\"\n");
        append_text(p, "\"");
    }
    if (count > 0) {
        append_text(p, "}");
    }
}

void dygw_prometheus_sample(dygw_prometheus_t *p, const char *name, const dygw_sample_t *sample)
{
    append_text(p, name);
    append_text(p, sample->suffix);
    append_labels(p, sample->labels, sample->count);
    append_text(p, " ");
    append_text(p, dygw_prometheus_value(sample->value, sample->decimals, p->pool));
    append_text(p, "\n");
}
