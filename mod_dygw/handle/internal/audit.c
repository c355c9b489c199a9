/* SPDX-License-Identifier: Apache-2.0
 * GET /audit: the audit trail: who changed what, and who read the access token. */
#include "handle/internal/internal.h"

#include <string.h>

#include "gateway/reports/report.h"
#include "util/spelling.h"

#define ENTRY_SIZE    512
#define PAGE_MAX      1000000
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 200
#define WORD_MAX      128 /* characters of an actor or a target */

static const char *const known_parameters[]
    = { "start_time", "end_time", "actor", "action", "target", "page", "page_size", NULL };

static const char *read_audit_word(const apr_table_t *query, const char *name, dygw_result_t *out)
{
    const char *word = apr_table_get(query, name);

    if (word && !dygw_is_printable(word, 1, WORD_MAX)) {
        dygw_invalid(out, name, "actor and target must have 1 to 128 characters");
    }
    return word;
}

static const char *read_audit_action(const apr_table_t *query, dygw_result_t *out)
{
    const char *action = apr_table_get(query, "action");

    if (action && !dygw_is_one_of(action, dygw_audit_actions)) {
        dygw_invalid(out, "action", "there is no such action");
    }
    return action;
}

static void read_audit_filter(dygw_call_t *call, const apr_table_t *query,
                              dygw_audit_filter_t *filter, dygw_result_t *out)
{
    int zone = call->runtime->gateway.time_zone;

    filter->start_time = dygw_query_time(query, "start_time", DYGW_EDGE_START, zone, out);
    filter->end_time = dygw_query_time(query, "end_time", DYGW_EDGE_END, zone, out);
    filter->actor = read_audit_word(query, "actor", out);
    filter->action = read_audit_action(query, out);
    filter->target = read_audit_word(query, "target", out);
    if (filter->end_time != DYGW_NO_TIME && filter->end_time < filter->start_time) {
        dygw_invalid(out, "end_time", "end_time is before start_time");
    }
}

/* The two states of an entry are JSON already. */
static void view_audit_state(dygw_jsonw_t *w, const char *key, const char *object)
{
    dygw_jsonw_raw(w, key, object, object ? strlen(object) : 0);
}

static void view_audit_entry(dygw_jsonw_t *w, const dygw_audit_entry_t *entry)
{
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_int(w, "id", entry->id);
    dygw_jsonw_time(w, "at", entry->at);
    dygw_jsonw_string(w, "actor", entry->actor);
    dygw_jsonw_string(w, "action", entry->action);
    dygw_jsonw_string(w, "target", entry->target);
    view_audit_state(w, "before", entry->before_state);
    view_audit_state(w, "after", entry->after_state);
    dygw_jsonw_string(w, "address", entry->address);
    dygw_jsonw_string(w, "request_id", entry->request_id);
    dygw_jsonw_end_object(w);
}

static int reply_audit_page(dygw_call_t *call, const dygw_page_t *found, int page, int page_size)
{
    const apr_array_header_t *entries = found->rows;
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, call->r->pool, ENTRY_SIZE * (apr_size_t)(entries->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (i = 0; i < entries->nelts; i++) {
        view_audit_entry(&w, &APR_ARRAY_IDX(entries, i, const dygw_audit_entry_t));
    }
    dygw_jsonw_end_array(&w);
    dygw_jsonw_int(&w, "page", page);
    dygw_jsonw_int(&w, "page_size", page_size);
    dygw_jsonw_int(&w, "total", found->total);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_audit(dygw_call_t *call)
{
    dygw_result_t out = { 0 };
    apr_table_t *query = dygw_read_query(call, known_parameters, &out);
    int page = dygw_query_int(query, "page", 1, PAGE_MAX, 1, &out);
    int page_size = dygw_query_int(query, "page_size", 1, PAGE_SIZE_MAX, PAGE_SIZE, &out);
    dygw_audit_filter_t filter;
    dygw_page_t found = { NULL, 0 };

    read_audit_filter(call, query, &filter, &out);
    if (out.code == DYGW_OK) {
        dygw_audit_list(&call->ctx, &filter, page, page_size, &found, &out);
    }
    return out.code == DYGW_OK ? reply_audit_page(call, &found, page, page_size)
                               : dygw_reply_error(call, &out);
}
