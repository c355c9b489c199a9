/* SPDX-License-Identifier: Apache-2.0
 * The two token calls, and the check of access tokens. serve.c calls them.
 *
 * client_token: each call gives a new token. The token before it ends after five minutes at most,
 * and the token before that one ends at once. stable_client_token: each call gives the same token
 * and the time that it has left, and a new token only when the old one has ended. Tokens of one
 * call do not end those of the other. */
#include "sandbox/token.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"
#include "util/json.h"

/* A token lives so long after a newer one is made; and the limit of calls is for so long a time. */
#define BUFFER_MS APR_INT64_C(300000)

static dygw_sandbox_access_t *access_of(apr_uint32_t number)
{
    dygw_sandbox_access_t *access = &dygw_sandbox_state()->tokens[number % DYGW_SANDBOX_TOKENS];

    return number != 0 && access->number == number ? access : NULL;
}

apr_int64_t dygw_sandbox_token_check(const char *token, dygw_ms_t now)
{
    apr_uint32_t number = dygw_sandbox_access_token_number(token);
    const dygw_sandbox_access_t *access = number == DYGW_SANDBOX_NONE ? NULL : access_of(number);

    if (!access || access->killed) {
        return DYGW_SANDBOX_BAD_TOKEN;
    }
    if (access->superseded != DYGW_NO_TIME && now >= access->superseded) {
        return dygw_sandbox_state()->switches.superseded;
    }
    return now < access->expires ? 0 : DYGW_SANDBOX_OLD_TOKEN;
}

static int is_token_good(const dygw_sandbox_access_t *access, dygw_ms_t now)
{
    return access && !access->killed && now < access->expires
           && (access->superseded == DYGW_NO_TIME || now < access->superseded);
}

int dygw_sandbox_tokens_end(int killed, dygw_ms_t now)
{
    int ended = 0;

    for (int i = 0; i < DYGW_SANDBOX_TOKENS; i++) {
        dygw_sandbox_access_t *access = &dygw_sandbox_state()->tokens[i];

        if (access->number != 0 && is_token_good(access, now)) {
            access->killed = killed;
            access->expires = now;
            ended++;
        }
    }
    return ended;
}

static void supersede_token(apr_uint32_t number, dygw_ms_t at)
{
    dygw_sandbox_access_t *access = access_of(number);

    if (access && (access->superseded == DYGW_NO_TIME || access->superseded > at)) {
        access->superseded = at;
    }
}

/* Makes a new token that lives for `life` ms; returns its number. */
static apr_uint32_t issue_token(dygw_ms_t now, dygw_ms_t life)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    const apr_uint32_t number = ++s->tokens_issued;
    dygw_sandbox_access_t *access = &s->tokens[number % DYGW_SANDBOX_TOKENS];

    access->number = number;
    access->expires = now + life;
    access->superseded = DYGW_NO_TIME;
    access->killed = 0;
    return number;
}

/* Finds or adds the client with that client_key. NULL: there are too many clients. */
static dygw_sandbox_client_t *client_of(const char *key)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    for (int i = 0; i < DYGW_SANDBOX_CLIENTS; i++) {
        if (s->clients[i].key[0] == '\0') {
            apr_cpystrn(s->clients[i].key, key, sizeof s->clients[i].key);
        }
        if (strcmp(s->clients[i].key, key) == 0) {
            return &s->clients[i];
        }
    }
    return NULL;
}

/* Returns the number of the next token of client_token; 0: there were 500 calls in five minutes. */
static apr_uint32_t next_token(dygw_sandbox_client_t *client, dygw_ms_t now, dygw_ms_t life)
{
    dygw_ms_t *slot = &client->called[client->calls % DYGW_SANDBOX_TOKEN_CALLS];

    if (client->calls >= DYGW_SANDBOX_TOKEN_CALLS && *slot > now - BUFFER_MS) {
        return 0;
    }
    *slot = now;
    client->calls++;
    supersede_token(client->before, now);
    supersede_token(client->newest, now + BUFFER_MS);
    client->before = client->newest;
    client->newest = issue_token(now, life);
    return client->newest;
}

static apr_uint32_t stable_token(dygw_sandbox_client_t *client, dygw_ms_t now, dygw_ms_t life)
{
    if (!is_token_good(access_of(client->stable), now)) {
        client->stable = issue_token(now, life);
    }
    return client->stable;
}

/* Checks the request, and returns its client_key. NULL: the call is refused, and the answer is
 * written. */
static const char *authenticate_client(dygw_sandbox_call_t *call)
{
    const apr_table_t *clients = call->settings->clients;
    const char *error;
    const json_t *body
        = dygw_json_parse(call->body, call->body_len, DYGW_JSON_LENIENT, call->pool, &error);
    const char *key = dygw_json_str(body, "client_key");
    const char *secret = dygw_json_str(body, "client_secret");
    const char *grant = dygw_json_str(body, "grant_type");
    const char *wanted;

    if (!key || !*key || !secret || !*secret || !grant || strcmp(grant, "client_credential") != 0) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_MISSING_PARAMETER, NULL);
        return NULL;
    }
    wanted = apr_table_get(clients, key);
    if ((!wanted && !apr_is_empty_table(clients)) || strlen(key) > DYGW_SANDBOX_KEY_MAX) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_CLIENT_KEY, NULL);
        return NULL;
    }
    if (wanted && strcmp(wanted, secret) != 0) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_CLIENT_SECRET, NULL);
        return NULL;
    }
    return key;
}

typedef apr_uint32_t choose_token_fn(dygw_sandbox_client_t *client, dygw_ms_t now, dygw_ms_t life);

static void give_token(dygw_sandbox_call_t *call, choose_token_fn *choose)
{
    const dygw_ms_t life = (dygw_ms_t)call->settings->token_life * 1000;
    const dygw_ms_t now = dygw_now();
    const char *key = authenticate_client(call);
    char token[DYGW_SANDBOX_TOKEN_LEN + 1];
    dygw_sandbox_client_t *client;
    apr_uint32_t number = 0;
    dygw_ms_t left = 0;

    if (!key) {
        return;
    }
    dygw_sandbox_lock();
    client = client_of(key);
    if (client) {
        number = choose(client, now, life);
    }
    if (number) {
        left = access_of(number)->expires - now;
        dygw_sandbox_access_token(number, token);
    }
    dygw_sandbox_unlock();
    if (!number) {
        dygw_sandbox_refuse(call, client ? DYGW_SANDBOX_TOO_MANY_TOKENS : DYGW_SANDBOX_BUSY, NULL);
        return;
    }
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_string(&call->w, "access_token", token);
    dygw_jsonw_int(&call->w, "expires_in", left / 1000);
    dygw_sandbox_reply_end(call);
}

void dygw_sandbox_client_token(dygw_sandbox_call_t *call)
{
    give_token(call, next_token);
}

void dygw_sandbox_stable_token(dygw_sandbox_call_t *call)
{
    give_token(call, stable_token);
}
