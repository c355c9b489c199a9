/* SPDX-License-Identifier: Apache-2.0
 * The token calls. (Douyin's pages client_token and generate-stable-client-token.)
 *
 * Calls client.c. */
#include <string.h>

#include <apr_lib.h>

#include "douyin/client.h"
#include "util/crypto.h"
#include "util/json.h"
#include "util/jsonw.h"

#define STABLE_CALL  "/oauth/stable_client_token/"
#define CLIENT_CALL  "/oauth/client_token/"
#define BODY_HINT    256
#define MAX_LIFE_SEC (APR_INT64_C(30) * 24 * 3600) /* more is not believed */

static void write_token_body(dygw_jsonw_t *w, const dygw_douyin_config_t *config, apr_pool_t *pool)
{
    dygw_jsonw_init(w, pool,
                    BODY_HINT + strlen(config->client_key) + strlen(config->client_secret));
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "client_key", config->client_key);
    dygw_jsonw_string(w, "client_secret", config->client_secret);
    dygw_jsonw_string(w, "grant_type", "client_credential");
    dygw_jsonw_end_object(w);
}

/* Something that can stand in a header. */
static int is_token(const char *text)
{
    const char *c = text;

    while (c && apr_isgraph(*c) && apr_isascii(*c)) {
        c++;
    }
    return c && c > text && *c == '\0';
}

static void read_token(dygw_token_reply_t *token)
{
    const char *text = dygw_json_str(token->reply.data, "access_token");
    apr_int64_t expires_in = dygw_json_int(token->reply.data, "expires_in", -1);

    if (!is_token(text) || expires_in < 0) {
        token->reply.kind = DYGW_REPLY_GARBLED;
        return;
    }
    token->access_token = text;
    token->expires_in = expires_in < MAX_LIFE_SEC ? expires_in : MAX_LIFE_SEC;
}

/* The body is not for records: it has the token in it. */
static void forget_body(dygw_reply_t *reply)
{
    if (reply->raw) {
        dygw_wipe((char *)reply->raw, reply->raw_len);
    }
    reply->raw = NULL;
    reply->raw_len = 0;
    reply->data = NULL;
}

int dygw_douyin_token_is_stable(const dygw_douyin_t *douyin)
{
    return !douyin->config.use_client_token;
}

dygw_token_reply_t *dygw_douyin_token(dygw_douyin_t *douyin, const dygw_log_t *log,
                                      apr_pool_t *pool)
{
    dygw_token_reply_t *token = apr_pcalloc(pool, sizeof(*token));
    dygw_douyin_call_t call
        = { .what = DYGW_CALL_OTHER, .counted_as = DYGW_UPSTREAM_TOKEN, .name = "token call" };
    dygw_jsonw_t body;

    write_token_body(&body, &douyin->config, pool);
    call.target = douyin->config.use_client_token ? CLIENT_CALL : STABLE_CALL;
    call.body = body.text;
    call.body_len = body.len;
    dygw_douyin_call(douyin, &call, &token->reply, log, pool);
    dygw_wipe(body.text, body.len);
    if (token->reply.kind == DYGW_REPLY_OK) {
        read_token(token);
    }
    forget_body(&token->reply);
    return token;
}
