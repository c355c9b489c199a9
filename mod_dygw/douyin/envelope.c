/* SPDX-License-Identifier: Apache-2.0
 * The envelope of Douyin's answers: {"data": {error_code, description, ...}, "extra": {error_code,
 * description, sub_error_code, logid, ...}}. Errors come with HTTP status 200, on either level or
 * both; token answers have no "extra". */
#include "douyin/client.h"
#include "util/json.h"

#define HTTP_OK             200
#define HTTP_SERVER_ERROR   500

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

static const char *text_of(const json_t *level, const char *key, const char *fallback)
{
    const char *text = dygw_json_str(level, key);

    return text && *text ? text : fallback;
}

/* Whether no error_code on any level is success. One level that says 0 is none while the other says
 * something unreadable. */
static int is_success(level_e data, level_e extra, int both)
{
    if (both) {
        return data == LEVEL_READ && extra == LEVEL_READ;
    }
    return (data == LEVEL_READ || extra == LEVEL_READ) && data != LEVEL_UNREADABLE
           && extra != LEVEL_UNREADABLE;
}

/* The first error_code that is not 0, with its description. Whether there is any. */
static int read_codes(dygw_reply_t *reply, const json_t *extra, int both)
{
    apr_int64_t in_data, in_extra;
    level_e data_level = read_level(reply->data, &in_data);
    level_e extra_level = read_level(extra, &in_extra);
    const json_t *first = in_data || !in_extra ? reply->data : extra;
    const json_t *second = first == extra ? reply->data : extra;

    reply->error_code = in_data ? in_data : in_extra;
    reply->description = text_of(first, "description", text_of(second, "description", ""));
    reply->sub_error_code = dygw_json_int(extra, "sub_error_code", 0);
    reply->logid = text_of(extra, "logid", text_of(reply->data, "log_id", ""));
    return reply->error_code || is_success(data_level, extra_level, both);
}

static int is_success_status(int status)
{
    return status >= HTTP_OK && status < HTTP_OK + 100;
}

void dygw_douyin_read_envelope(dygw_reply_t *reply, const dygw_douyin_call_t *call,
                               apr_pool_t *pool)
{
    const char *mistake;
    json_t *root = reply->raw ? dygw_json_parse(reply->raw, reply->raw_len, DYGW_JSON_LENIENT,
                                                pool, &mistake)
                              : NULL;
    json_t *data = json_object_get(root, "data");
    const json_t *extra = json_object_get(root, "extra");
    int understood;

    reply->data = json_is_object(data) ? data : NULL;
    if (reply->date == DYGW_NO_TIME) {
        reply->date = dygw_time_from_douyin(dygw_json_int(extra, "now", 0));
    }
    understood = read_codes(reply, extra, call->both_levels);
    if (reply->http_status >= HTTP_SERVER_ERROR) {
        reply->kind = DYGW_REPLY_BUSY;
    }
    else if (!understood
             || (reply->error_code == 0
                 && !(reply->data && is_success_status(reply->http_status)))) {
        reply->kind = DYGW_REPLY_GARBLED;
    }
    else {
        reply->kind = dygw_douyin_classify(call->what, reply->error_code, reply->description);
    }
}
