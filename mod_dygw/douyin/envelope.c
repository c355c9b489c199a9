/* SPDX-License-Identifier: Apache-2.0
 * The envelope of Douyin's answers: {"data": {error_code, description, ...}, "extra": {error_code,
 * description, sub_error_code, logid, ...}}. Errors come with HTTP status 200, on either level or
 * both; token answers have no "extra". The newer gateway's are {"err_no", "err_msg", "log_id"}.
 *
 * Calls codes.c. */
#include "douyin/envelope.h"

#include <apr_strings.h>

#include "util/crypto.h"
#include "util/json.h"

#define HTTP_OK           200
#define HTTP_SERVER_ERROR 500

typedef enum { LEVEL_ABSENT, LEVEL_UNREADABLE, LEVEL_READ } level_e;

/* The error_code of one level, which may be no object at all. */
static level_e read_level(const json_t *level, apr_int64_t *code)
{
    const json_t *member = json_object_get(level, "error_code");

    *code = 0;
    if (!member || json_is_null(member)) {
        return LEVEL_ABSENT;
    }
    *code = dygw_json_int(level, "error_code", APR_INT64_MIN);
    if (*code == APR_INT64_MIN) {
        *code = 0;
        return LEVEL_UNREADABLE;
    }
    return LEVEL_READ;
}

static const char *text_of_level(const json_t *level, const char *key, const char *fallback)
{
    const char *text = dygw_json_str(level, key);

    return text && *text ? text : fallback;
}

/* Whether an answer without an error_code other than 0 is a success. It is none where one level
 * says 0 and the other something that cannot be read. */
static int is_success(level_e data, level_e extra, int both)
{
    if (both) {
        return data == LEVEL_READ && extra == LEVEL_READ;
    }
    return (data == LEVEL_READ || extra == LEVEL_READ) && data != LEVEL_UNREADABLE
           && extra != LEVEL_UNREADABLE;
}

/* Reads the first error_code that is not 0, with its description. Whether the answer can be
 * understood: as a refusal, or as a success. */
static int read_codes(dygw_reply_t *reply, const json_t *extra, int both)
{
    apr_int64_t in_data, in_extra;
    level_e data_level = read_level(reply->data, &in_data);
    level_e extra_level = read_level(extra, &in_extra);
    const json_t *first = in_data || !in_extra ? reply->data : extra;
    const json_t *second = first == extra ? reply->data : extra;

    reply->error_code = in_data ? in_data : in_extra;
    reply->description
        = text_of_level(first, "description", text_of_level(second, "description", ""));
    reply->sub_error_code = dygw_json_int(extra, "sub_error_code", 0);
    reply->logid = text_of_level(extra, "logid", text_of_level(reply->data, "log_id", ""));
    return reply->error_code || is_success(data_level, extra_level, both);
}

/* Reads the newer gateway's way to refuse, which counts where neither level has an error_code. */
static int read_err_no(dygw_reply_t *reply, const json_t *root)
{
    const json_t *level = dygw_json_int(root, "err_no", 0) ? root : reply->data;

    reply->error_code = dygw_json_int(level, "err_no", 0);
    reply->description = text_of_level(level, "err_msg", reply->description);
    reply->logid = text_of_level(root, "log_id", reply->logid);
    return reply->error_code != 0;
}

/* Reads the body, and mends halves of characters in it, so that it can be kept and passed on. A
 * token may be in it, so nothing of what came is left behind. */
static json_t *read_body(dygw_reply_t *reply, apr_pool_t *pool)
{
    const char *came = reply->raw, *mistake;
    apr_size_t came_len = reply->raw_len;
    json_t *root = dygw_json_mend_and_parse(&reply->raw, &reply->raw_len, pool, &mistake);

    if (reply->raw != came) {
        dygw_wipe((char *)came, came_len);
    }
    return root;
}

/* --- copies --- */

static int has_members(const json_t *copy, json_type type)
{
    if (type == JSON_OBJECT) {
        return json_object_size(copy) > 0;
    }
    for (size_t i = 0; i < json_array_size(copy); i++) {
        if (json_object_size(json_array_get(copy, i)) > 0) {
            return 1;
        }
    }
    return 0;
}

static int is_empty_copy(const json_t *copy, json_type type)
{
    return !copy || json_is_null(copy)
           || (json_typeof(copy) == type && json_array_size(copy) == 0
               && json_object_size(copy) == 0);
}

const json_t *dygw_douyin_copy(const json_t *data, const char *name, json_type type, int *strange,
                               apr_pool_t *pool)
{
    static const char *const suffixes[] = { "", "_v2", "_v_2" };

    *strange = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const json_t *copy = json_object_get(data, apr_pstrcat(pool, name, suffixes[i], NULL));

        if (has_members(copy, type)) {
            return copy;
        }
        *strange |= !is_empty_copy(copy, type);
    }
    return NULL;
}

/* --- all of it --- */

static int is_success_status(int status)
{
    return status >= HTTP_OK && status < HTTP_OK + 100;
}

void dygw_douyin_read_envelope(dygw_reply_t *reply, dygw_call_e call, int both_levels,
                               apr_pool_t *pool)
{
    const json_t *root = reply->raw ? read_body(reply, pool) : NULL;
    const json_t *extra;
    json_t *data;
    int understood;

    extra = json_object_get(root, "extra");
    data = json_object_get(root, "data");
    reply->data = json_is_object(data) ? data : NULL;
    if (reply->date == DYGW_NO_TIME) {
        reply->date = dygw_time_from_douyin(dygw_json_int(extra, "now", 0));
    }
    understood = read_codes(reply, extra, both_levels);
    if (reply->error_code == 0 && !json_object_get(reply->data, "error_code")) {
        understood |= read_err_no(reply, root);
    }
    if (reply->http_status >= HTTP_SERVER_ERROR) {
        reply->kind = DYGW_REPLY_BUSY;
    }
    else if (!understood
             || (reply->error_code == 0
                 && !(reply->data && is_success_status(reply->http_status)))) {
        reply->kind = DYGW_REPLY_GARBLED;
    }
    else {
        reply->kind = dygw_douyin_classify(call, reply->error_code, reply->description);
    }
}
