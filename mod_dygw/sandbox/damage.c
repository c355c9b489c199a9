/* SPDX-License-Identifier: Apache-2.0
 * Damages the ends of texts that no program depends on, as if they were cut there; and compresses
 * answers. fault.c uses this when the answer is complete. */
#include "sandbox/damage.h"

#include <string.h>

#include <util_filter.h>

#include <apr_strings.h>

#define COMPRESSOR "DEFLATE"
#define MARK       "\xEF\xBB\xBF"
#define BOM        "bom"

static const char *const decoration[]
    = { "title", "msg", "description", "product_name", "sku_name", "poi_name", "sub_description" };

/* The ways, and the bytes that each way adds at the end of a text. */
static const struct {
    const char *how;
    const char *bytes;
} ways[] = {
    { "surrogate", "\\ud83c" }, /* half of an emoji, as an escape sequence */
    { "cut", "\xF0\x9F\x8D" },  /* the first bytes of an emoji */
    { "control", "\n\x01" },    { "nul", "\\u0000" }, { BOM, "" },
};

#define WAYS       (sizeof ways / sizeof *ways)
#define DECORATION (sizeof decoration / sizeof *decoration)

static const char *damage_bytes(const char *how)
{
    for (apr_size_t i = 0; i < WAYS; i++) {
        if (strcmp(ways[i].how, how) == 0) {
            return ways[i].bytes;
        }
    }
    return NULL;
}

int dygw_sandbox_can_damage(const char *how)
{
    return damage_bytes(how) != NULL;
}

/* Returns the length of "name":" with one of the names above, if it is at `at`; else 0. */
static apr_size_t decoration_begins(const char *at)
{
    for (apr_size_t i = 0; i < DECORATION; i++) {
        const apr_size_t len = strlen(decoration[i]);

        if (strncmp(at + 1, decoration[i], len) == 0 && strncmp(at + 1 + len, "\":\"", 3) == 0) {
            return len + 4;
        }
    }
    return 0;
}

static const char *end_of_text(const char *at)
{
    while (*at && *at != '"') {
        at += *at == '\\' && at[1] ? 2 : 1;
    }
    return at;
}

void dygw_sandbox_damage(dygw_sandbox_call_t *call)
{
    const char *how = call->fault.description;
    const char *bytes = damage_bytes(how);
    const char *at = call->w.text;
    const char *rest = at;
    const char *out = strcmp(how, BOM) == 0 ? MARK : "";

    while (*bytes && (at = strchr(at, '"'))) {
        const apr_size_t skip = decoration_begins(at);

        at = end_of_text(at + (skip ? skip : 1));
        if (skip) {
            out = apr_pstrcat(call->pool, out,
                              apr_pstrmemdup(call->pool, rest, (apr_size_t)(at - rest)), bytes,
                              NULL);
            rest = at;
        }
        at += *at == '"';
    }
    call->w.text = apr_pstrcat(call->pool, out, rest, NULL);
    call->w.len = strlen(call->w.text);
}

/* --- compression --- */

int dygw_sandbox_can_compress(void)
{
    return ap_get_output_filter_handle(COMPRESSOR) != NULL;
}

void dygw_sandbox_compress(const dygw_sandbox_call_t *call)
{
    apr_table_setn(call->r->subprocess_env, "force-gzip", "1");
    ap_add_output_filter(COMPRESSOR, NULL, call->r, call->r->connection);
}
