/* SPDX-License-Identifier: Apache-2.0
 * GET /health and /health/live, and the state of a gateway.
 *
 * Nobody is asked here: the background of this host looks at the database every second or so and
 * writes what it finds into the host's shared state. A state that is too old, or was never written,
 * counts as a database that is not there. A query of the caller's is ignored, so that monitors may
 * add what they like. */
#include "handle/health.h"

#include <scoreboard.h>

#include "gateway/host.h"
#include "handle/endpoints.h"
#include "store/lease.h"

#define REPLY_SIZE       256
#define RETRY_AFTER_SEC  2
/* Over the two upstream time-outs that a round may spend on a new token before it looks again. */
#define LOOK_PATIENCE_MS 5000
/* Over two looks at the database. */
#define JUST_NOW_US      apr_time_from_sec(3)

static const char good[] = "ok";

static const char *database_of(const dygw_host_t *host, dygw_ms_t patience)
{
    static const char *const words[DYGW_DB_STATES] = {
        [DYGW_DB_OK] = good,         [DYGW_DB_UNREACHABLE] = "unreachable",
        [DYGW_DB_SCHEMA] = "schema", [DYGW_DB_FOREIGN] = "foreign",
        [DYGW_DB_FILES] = "files",   [DYGW_DB_DAMAGED] = "damaged",
    };
    const apr_interval_time_t ago = dygw_steady_now() - host->tick_at;

    return words[host->tick_at != 0 && ago < apr_time_from_msec(patience) ? host->database_state
                                                                          : DYGW_DB_UNREACHABLE];
}

/* What answers may still not be written. */
static const char *writing_of(const dygw_gateway_t *gateway)
{
    static const char *const words[] = {
        [DYGW_WRITES_WORK] = good,
        [DYGW_WRITES_READONLY] = "readonly",
        [DYGW_WRITES_FAIL] = "unwritable",
    };

    return words[dygw_host_writes(gateway)];
}

static const char *token_of(const dygw_host_t *host, dygw_ms_t now)
{
    if (host->token_version == 0) {
        return "missing";
    }
    if (host->token_expires_at <= now) {
        return "expired";
    }
    return host->token_refused ? "refused" : good;
}

/* Before the first minute is over nobody can have been idle for a minute. What was seen just now
 * counts whatever the clock was set to since. */
static const char *worker_of(const dygw_host_t *host, dygw_ms_t started_at)
{
    return dygw_is_recent(host->lease_renewed_at, DYGW_LEASE_STALLED_MS)
                   || dygw_is_recent(started_at, DYGW_LEASE_STALLED_MS)
                   || (host->lease_seen_at != 0
                       && dygw_steady_now() - host->lease_seen_at < JUST_NOW_US)
               ? good
               : "stalled";
}

/* As the background has found it: it doubts what it knew of Douyin's clock when ours was set. */
static const char *clock_of(const dygw_host_t *host)
{
    dygw_ms_t ahead = host->clock_wrong;

    return ahead == 0 ? NULL : ahead > 0 ? "ahead" : "behind";
}

void dygw_health_look(dygw_gateway_t *gateway, dygw_health_t *health)
{
    const global_score *score = ap_get_scoreboard_global();
    dygw_ms_t started_at = score ? score->restart_time / 1000 : 0;
    dygw_ms_t patience = 2 * (gateway->upstream_timeout / 1000) + LOOK_PATIENCE_MS;
    dygw_ms_t now = dygw_now();
    const dygw_host_t *host = dygw_host_lock(gateway);

    health->database = database_of(host, patience);
    health->token = token_of(host, now);
    health->worker = worker_of(host, started_at);
    health->clock = clock_of(host);
    dygw_host_unlock(gateway);
    if (health->database == good) {
        health->database = writing_of(gateway);
    }
    health->key = dygw_host_key(gateway) == DYGW_KEY_WRONG ? "wrong" : good;
    health->ok = health->database == good && health->token == good && health->worker == good
                 && health->key == good && !health->clock;
    health->is_sandbox = dygw_douyin_is_sandbox(gateway->douyin);
}

void dygw_health_admit(dygw_call_t *call, dygw_result_t *out)
{
    if (dygw_host_is_shut(&call->runtime->gateway)) {
        out->code = DYGW_DATABASE_UNAVAILABLE;
        out->message = "the database cannot be used; /health and the error log say why";
        out->retry_after = RETRY_AFTER_SEC;
    }
}

/* Nothing runs, so that nothing is known; `start` is what failed. */
static const dygw_health_t not_started
    = { .database = "stopped", .token = "stopped", .worker = "stopped", .key = good };

int dygw_handle_health(dygw_call_t *call)
{
    const char *start = dygw_cfg_get(call->r->server)->not_started;
    dygw_health_t health = not_started;
    dygw_jsonw_t w;

    if (call->runtime) {
        dygw_health_look(&call->runtime->gateway, &health);
    }
    dygw_jsonw_init(&w, call->r->pool, REPLY_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "status", health.ok ? good : "degraded");
    dygw_jsonw_string(&w, "version", DYGW_VERSION);
    dygw_jsonw_object(&w, "checks");
    dygw_jsonw_string(&w, "database", health.database);
    dygw_jsonw_string(&w, "token", health.token);
    dygw_jsonw_string(&w, "worker", health.worker);
    if (!call->runtime) {
        dygw_jsonw_string(&w, "start", start ? start : "unknown");
    }
    if (health.key != good) {
        dygw_jsonw_string(&w, "key", health.key);
    }
    if (health.clock) {
        dygw_jsonw_string(&w, "clock", health.clock);
    }
    dygw_jsonw_end_object(&w);
    if (health.is_sandbox) {
        dygw_jsonw_string(&w, "upstream", "sandbox");
    }
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, health.ok ? HTTP_OK : HTTP_SERVICE_UNAVAILABLE, w.text, w.len);
}

int dygw_handle_health_live(dygw_call_t *call)
{
    static const char alive[] = "{\"status\":\"ok\"}";

    return dygw_reply_json(call, HTTP_OK, alive, sizeof alive - 1);
}
