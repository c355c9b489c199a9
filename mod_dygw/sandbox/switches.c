/* SPDX-License-Identifier: Apache-2.0
 * The request "switch" of the control interface. Switches are for what Douyin's documents leave
 * open, or say in two ways. Each call works with the switches as they are when it comes. control.c
 * calls this file. */
#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "sandbox/handlers.h"
#include "util/json.h"

#define LIST_MAX 4
#define MS_MAX   (24 * 3600 * 1000)
#define SEC_MAX  (24 * 3600)

#define LEDGER_STATUS_MAX 4

/* A switch is set to one of its words, to one of its numbers, or to a number from 0 to its max. A
 * switch that has none of these is set to true or false. */
typedef struct switch_t {
    const char *name;
    size_t offset;
    const char *words[LIST_MAX]; /* what is stored is the number of the word, from 0 */
    int numbers[LIST_MAX];
    int max;
} switch_t;

#define AT(member) offsetof(dygw_sandbox_switches_t, member)

static const switch_t switch_table[] = {
    { "certificate_id", AT(certificate_id), { "number", "string" }, { 0 }, 0 },
    { "empty_list", AT(empty_list), { "array", "null", "missing" }, { 0 }, 0 },
    { "description", AT(description), { "success", "empty" }, { 0 }, 0 },
    { "refusal_level", AT(refusal_level), { "data", "result" }, { 0 }, 0 },
    { "times_in_ms", AT(times_in_ms), { NULL }, { 0 }, 0 },
    { "redirects", AT(redirects), { NULL }, { 1, 2, 3 }, 0 },
    { "redirect_status", AT(redirect_status), { NULL }, { 301, 302, 307 }, 0 },
    { "superseded", AT(superseded), { NULL }, { 2190002, 2190008 }, 0 },
    { "latency_ms", AT(latency_ms), { NULL }, { 0 }, MS_MAX },
    { "clock_ahead_s", AT(clock_ahead_s), { NULL }, { 0 }, SEC_MAX },
    { "clock_behind_s", AT(clock_behind_s), { NULL }, { 0 }, SEC_MAX },
    { "record_delay_ms", AT(record_delay_ms), { NULL }, { 0 }, MS_MAX },
    { "order_delay_ms", AT(order_delay_ms), { NULL }, { 0 }, MS_MAX },
    { "cancel_window_ms", AT(cancel_window_ms), { NULL }, { 0 }, MS_MAX },
    { "order_qps", AT(order_qps), { NULL }, { 0 }, DYGW_SANDBOX_QPS_MAX },
    { "token_window_ms", AT(token_window_ms), { NULL }, { 0 }, MS_MAX },
    { "forgotten_token", AT(forgotten_token), { "new", "refused" }, { 0 }, 0 },
    { "hide_poi_id", AT(hide_poi_id), { NULL }, { 0 }, 0 },
    { "hide_verify_id", AT(hide_verify_id), { NULL }, { 0 }, 0 },
    { "sub_order_amounts", AT(sub_order_amounts), { NULL }, { 0 }, 0 },
    { "unknown_order", AT(unknown_order), { "error", "empty" }, { 0 }, 0 },
    { "cancel_again", AT(cancel_again), { "1265", "3000001", "success" }, { 0 }, 0 },
    { "refuse_cancel_token", AT(refuse_cancel_token), { NULL }, { 0 }, 0 },
    { "copies", AT(copies), { "first", "v2", "v2_null", "v2_empty" }, { 0 }, 0 },
    { "link_blank", AT(link_blank), { "none", "blank", "tab" }, { 0 }, 0 },
    { "wrong_account", AT(wrong_account), { "refuse", "empty" }, { 0 }, 0 },
    { "need_account", AT(need_account), { NULL }, { 0 }, 0 },
    { "list_all", AT(list_all), { NULL }, { 0 }, 0 },
    { "ledger_delay_ms", AT(ledger_delay_ms), { NULL }, { 0 }, MS_MAX },
    { "ledger_status", AT(ledger_status), { NULL }, { 0 }, LEDGER_STATUS_MAX },
    { "ledger_shape", AT(ledger_shape), { "siblings", "nested" }, { 0 }, 0 },
    { "ledger_two_lines", AT(ledger_two_lines), { NULL }, { 0 }, 0 },
    { "ledger_hides_platform", AT(ledger_hides_platform), { NULL }, { 0 }, 0 },
    { "ledger_text", AT(ledger_text), { NULL }, { 0 }, 0 },
    { "no_after_sale_permission", AT(no_after_sale_permission), { NULL }, { 0 }, 0 },
};

#define SWITCHES (sizeof switch_table / sizeof switch_table[0])

static int *switch_place(dygw_sandbox_switches_t *switches, const switch_t *s)
{
    return (int *)((char *)switches + s->offset);
}

static int is_switch_bool(const switch_t *s)
{
    return !s->words[0] && !s->numbers[0] && !s->max;
}

/* Returns the value to store; -1: the switch does not take this value. */
static int read_switch_value(const switch_t *s, const json_t *value)
{
    const char *word = json_string_value(value);
    const apr_int64_t number = json_integer_value(value);

    if (s->words[0]) {
        for (int i = 0; word && i < LIST_MAX && s->words[i]; i++) {
            if (strcmp(word, s->words[i]) == 0) {
                return i;
            }
        }
        return -1;
    }
    if (is_switch_bool(s)) {
        return json_is_boolean(value) ? json_is_true(value) : -1;
    }
    if (!json_is_integer(value)) {
        return -1;
    }
    for (int i = 0; i < LIST_MAX && s->numbers[i]; i++) {
        if (number == s->numbers[i]) {
            return (int)number;
        }
    }
    return s->max && number >= 0 && number <= s->max ? (int)number : -1;
}

static const switch_t *find_switch(const char *name)
{
    for (size_t i = 0; i < SWITCHES; i++) {
        if (strcmp(switch_table[i].name, name) == 0) {
            return &switch_table[i];
        }
    }
    return NULL;
}

/* Sets one switch in *switches. Returns NULL, or what is wrong. */
static const char *set_switch(dygw_sandbox_switches_t *switches, const char *name,
                              const json_t *value, apr_pool_t *pool)
{
    const switch_t *s = find_switch(name);
    int n;

    if (strcmp(name, "link_target") == 0) {
        const char *url = json_is_null(value) ? "" : json_string_value(value);

        if (!url || strlen(url) >= sizeof switches->link_target) {
            return "link_target is a URL, empty for none";
        }
        apr_cpystrn(switches->link_target, url, sizeof switches->link_target);
        return NULL;
    }
    if (!s) {
        return apr_psprintf(pool, "no switch %s", name);
    }
    n = read_switch_value(s, value);
    if (n < 0) {
        return apr_psprintf(pool, "%s does not take this value", name);
    }
    *switch_place(switches, s) = n;
    return NULL;
}

static void write_switches(dygw_jsonw_t *w, dygw_sandbox_switches_t *switches)
{
    for (size_t i = 0; i < SWITCHES; i++) {
        const int n = *switch_place(switches, &switch_table[i]);

        if (switch_table[i].words[0]) {
            dygw_jsonw_string(w, switch_table[i].name, switch_table[i].words[n]);
        }
        else if (is_switch_bool(&switch_table[i])) {
            dygw_jsonw_bool(w, switch_table[i].name, n);
        }
        else {
            dygw_jsonw_int(w, switch_table[i].name, n);
        }
    }
    dygw_jsonw_string(w, "link_target", switches->link_target);
}

/* Sets all switches of the request, or none of them. */
const char *dygw_sandbox_switch(dygw_sandbox_control_t *control)
{
    json_t *body = (json_t *)control->body;
    dygw_sandbox_switches_t switches;
    const char *problem = NULL;
    const char *name;
    json_t *value;

    dygw_sandbox_lock();
    switches = dygw_sandbox_state()->switches;
    json_object_foreach(body, name, value)
    {
        if (!problem) {
            problem = set_switch(&switches, name, value, control->pool);
        }
    }
    if (!problem) {
        dygw_sandbox_state()->switches = switches;
    }
    dygw_sandbox_unlock();
    if (!problem) {
        write_switches(&control->w, &switches);
    }
    return problem;
}
