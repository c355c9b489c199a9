/* SPDX-License-Identifier: Apache-2.0
 * A round of the background thread for one gateway. When it is time, the round makes a tick: one
 * query to the database for all that may be new (dygw_tick_t); the answer goes to the host's state,
 * where the children of this host read it. While this host holds the lease, the round also does the
 * work of the background. */
#include "worker/round.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/token.h"
#include "gateway/apps/declare.h"
#include "gateway/apps/meter.h"
#include "gateway/apps/reads.h"
#include "gateway/apps/reseal.h"
#include "gateway/background/recall.h"
#include "gateway/settle/settle.h"
#include "process/log.h"
#include "store/verification/idempotency.h"
#include "store/lease.h"
#include "store/nonce.h"
#include "store/webhook.h"
#include "store/db/schema.h"
#include "util/compiler.h"

#define PURGE_MS          300000
#define PURGE_ROWS        1000
/* A token that was obtained further ahead than this was obtained before the clock was set back;
 * less is a difference between the clocks of two hosts. */
#define OBTAINED_AHEAD_MS 600000
/* Writing reads to the audit trail stops after so long, so that nothing else waits for it. */
#define READS_PATIENCE_US apr_time_from_msec(500)

static apr_status_t create_round_work(dygw_round_t *round)
{
    apr_status_t rv = dygw_scheduler_create(&round->scheduler, &round->ctx, dygw_settle_kinds);

    if (rv == APR_SUCCESS) {
        rv = dygw_reconcile_create(&round->reconcile, &round->ctx);
    }
    return rv == APR_SUCCESS ? dygw_payouts_create(&round->payouts, &round->ctx) : rv;
}

apr_status_t dygw_round_create(dygw_round_t **round, dygw_runtime_t *runtime, apr_pool_t *pool)
{
    dygw_round_t *made = apr_pcalloc(pool, sizeof(*made));

    made->runtime = runtime;
    made->gateway = runtime->gateway;
    made->gateway.douyin = dygw_runtime_douyin(runtime->cfg, &made->gateway, pool);
    made->look.runtime = runtime;
    made->look.claimed = runtime->database == DYGW_DB_OK;
    made->log = dygw_log_of(runtime->server);
    made->ctx = (dygw_ctx_t){ &made->gateway, &made->log, pool };
    made->state = runtime->database == DYGW_DB_OK ? -1 : (int)runtime->database;
    made->bad_since = dygw_steady_now();
    made->resealed = -1;
    made->key.looked_at = -1;
    made->conflicts_at = -1;
    made->due_at = DYGW_NO_TIME;
    made->reconcile_at = DYGW_NO_TIME;
    *round = made;
    return made->gateway.douyin ? create_round_work(made) : APR_EGENERAL;
}

void dygw_round_abort(dygw_round_t *round)
{
    dygw_douyin_abort(round->gateway.douyin);
}

static void set_round_gauges(const dygw_round_t *round)
{
    dygw_gauge(round->gateway.metrics, DYGW_GAUGE_LEASE_HELD, round->holds_lease);
    dygw_gauge(round->gateway.metrics, DYGW_GAUGE_JOBS, dygw_scheduler_running(round->scheduler));
}

/* --- the tick --- */

static void report_database_state(dygw_round_t *round, dygw_database_state_e state)
{
    if (round->state == (int)state) {
        return;
    }
    if (round->state == DYGW_DB_OK || round->state == -1) {
        round->bad_since = dygw_steady_now();
    }
    if (state == DYGW_DB_UNREACHABLE) {
        dygw_log(&round->log, WARN, 0,
                 DYGWNO(0310) "the database does not answer; redemptions are refused until it "
                              "does");
    }
    else if (state == DYGW_DB_SCHEMA) {
        dygw_log(&round->log, WARN, 0,
                 DYGWNO(0311) "the database lacks tables: run sql/%s, and the files after it",
                 round->look.found);
    }
    else if (state == DYGW_DB_FOREIGN) {
        dygw_log(&round->log, ERR, 0,
                 DYGWNO(0314) "this database belongs to the Douyin application %s, not to %s; "
                              "nothing is redeemed until it is back, or DBDParams name another",
                 round->look.found, round->gateway.client_key);
    }
    else if (state == DYGW_DB_FILES) {
        dygw_log(&round->log, ERR, 0,
                 DYGWNO(0352) "the database cannot be used: %s; it will be tried again",
                 round->look.found);
    }
    else if (state == DYGW_DB_DAMAGED) {
        dygw_log(&round->log, ERR, 0,
                 DYGWNO(0353) "the database cannot be read: is %s a database of SQLite, and whole? "
                              "If not, put back a copy of it; it will be tried again",
                 round->look.found);
    }
    else if (round->state != -1) {
        dygw_log(&round->log, NOTICE, 0,
                 DYGWNO(0312) "the database answers again, after %" APR_TIME_T_FMT " s",
                 apr_time_sec(dygw_steady_now() - round->bad_since));
    }
    round->state = (int)state;
}

/* Returns the token version that the host's state has. */
static apr_int64_t share_tick(dygw_round_t *round, const dygw_tick_t *tick)
{
    dygw_host_t *host = dygw_host_lock(&round->gateway);
    apr_int64_t held = host->token_version;

    host->tick_at = dygw_steady_now();
    host->database_state = DYGW_DB_OK;
    if (tick->lease_age_ms >= 0) {
        host->lease_renewed_at = dygw_now() - tick->lease_age_ms;
        if (tick->lease_age_ms < DYGW_LEASE_STALLED_MS) {
            host->lease_seen_at = host->tick_at;
        }
    }
    dygw_host_unlock(&round->gateway);
    return held;
}

/* Tables that only lack what a migration adds may still have an answer. */
static int is_answered(dygw_db_t *db, dygw_tick_t *tick, apr_pool_t *scratch)
{
    return dygw_store_tick(db, tick, scratch) == APR_SUCCESS
           && tick->schema_version >= dygw_schema_wanted();
}

static dygw_database_state_e read_tick(dygw_round_t *round, dygw_db_t *db, dygw_tick_t *tick,
                                       apr_pool_t *scratch)
{
    dygw_database_state_e state;

    if (!is_answered(db, tick, scratch)) {
        state = dygw_look_why_no_tick(&round->look, db, scratch);
        if (state != DYGW_DB_OK) {
            return state;
        }
        if (!is_answered(db, tick, scratch)) {
            return DYGW_DB_UNREACHABLE;
        }
    }
    return dygw_look_whose(&round->look, db, tick, scratch);
}

static dygw_database_state_e ask_database(dygw_round_t *round, dygw_tick_t *tick,
                                          const dygw_ctx_t *ctx)
{
    dygw_database_state_e state = dygw_look_at_files(&round->look, ctx->pool);
    dygw_db_t *db;

    if (state != DYGW_DB_OK) {
        return state;
    }
    if (dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool) != APR_SUCCESS) {
        return DYGW_DB_UNREACHABLE;
    }
    state = read_tick(round, db, tick, ctx->pool);
    dygw_db_close(db);
    return state;
}

/* Whether this host's clock was set since the tick began: the two are not to be compared then. */
static int was_clock_set(const dygw_round_t *round)
{
    const dygw_ms_t passed = apr_time_as_msec(dygw_steady_now() - round->tick_steady);

    return llabs(dygw_now() - round->tick_began_at - passed) > DYGW_CLOCK_OFF_MS;
}

static void compare_clocks(dygw_round_t *round, dygw_ms_t asked_at, dygw_ms_t database_now)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t ahead = asked_at > database_now ? asked_at - database_now
                      : now < database_now    ? now - database_now
                                              : 0;
    int off = llabs(ahead) > DYGW_CLOCK_OFF_MS;

    if (was_clock_set(round)) {
        return;
    }
    if (off && !round->clock_off) {
        dygw_log(&round->log, WARN, 0,
                 DYGWNO(0630) "this host's clock is %.1f s %s the database's: keep the clocks of "
                              "all hosts by NTP",
                 (double)llabs(ahead) / 1000, ahead > 0 ? "ahead of" : "behind");
    }
    else if (!off && round->clock_off) {
        dygw_log(&round->log, NOTICE, 0,
                 DYGWNO(0631) "this host's clock agrees with the database's again");
    }
    round->clock_off = off;
}

/* The database has read its clock about half way between the question and now. */
static void note_database_clock(dygw_round_t *round, dygw_ms_t database_now)
{
    const apr_interval_time_t passed = dygw_steady_now() - round->tick_steady;

    dygw_host_clock_shown(&round->gateway, DYGW_CLOCK_DATABASE,
                          database_now + apr_time_as_msec(passed / 2));
}

static apr_status_t make_tick(dygw_round_t *round, dygw_tick_t *tick, const dygw_ctx_t *ctx)
{
    dygw_database_state_e state = ask_database(round, tick, ctx);

    report_database_state(round, state);
    if (state != DYGW_DB_OK) {
        dygw_host_database_is(&round->gateway, state);
        return APR_EGENERAL;
    }
    compare_clocks(round, round->tick_began_at, tick->now);
    note_database_clock(round, tick->now);
    dygw_host_apps_seen(&round->gateway, tick->apps_version, round->tick_began_at);
    if (share_tick(round, tick) != tick->token_version) {
        dygw_token_load(ctx);
    }
    return APR_SUCCESS;
}

/* --- the lease --- */

/* Whether this host surely holds the lease now. A host that was suspended or cut off from the
 * database may have lost the lease without knowing. */
static int holds_lease_now(const dygw_round_t *round)
{
    dygw_ms_t left = round->lease_until - dygw_now();

    return round->holds_lease && left > 0 && left <= DYGW_LEASE_TTL_MS
           && dygw_steady_now() < round->lease_ends;
}

/* Notes what the database says of the lease: at `asked`, by the steady clock, it had `left` ms.
 * This can be more than DYGW_LEASE_TTL_MS, for which the lease is taken, after the database's clock
 * was set back. */
static void note_lease(dygw_round_t *round, int holds, apr_time_t asked, dygw_ms_t left)
{
    round->holds_lease = holds;
    round->lease_ends
        = asked + apr_time_from_msec(left < DYGW_LEASE_TTL_MS ? left : DYGW_LEASE_TTL_MS);
    round->lease_until = dygw_now() + apr_time_as_msec(round->lease_ends - dygw_steady_now());
    dygw_scheduler_lead(round->scheduler, round->lease_from + DYGW_ORDERS_REST_MS,
                        holds ? round->lease_until : 0);
}

static void take_lease(dygw_round_t *round, const dygw_ctx_t *ctx)
{
    apr_time_t asked = dygw_steady_now();
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    if (rv != APR_SUCCESS) {
        return;
    }
    rv = dygw_store_lease_take(db, DYGW_LEASE_WORKER, round->gateway.owner, DYGW_LEASE_TTL_MS);
    dygw_db_close(db);
    if (rv == APR_SUCCESS) {
        dygw_writing_proved(&round->writing);
    }
    if (rv == APR_SUCCESS && !round->holds_lease) {
        round->resealed = -1; /* the host before may have had another master key */
        round->recalled_at = 0;
        round->fill = (dygw_fill_t){ 0 };
        round->lease_from = dygw_now();
        dygw_log(&round->log, INFO, 0, DYGWNO(0313) "this child does the background work now");
    }
    note_lease(round, rv == APR_SUCCESS, asked, DYGW_LEASE_TTL_MS);
    if (round->holds_lease) {
        dygw_host_t *host = dygw_host_lock(&round->gateway);

        host->lease_renewed_at = dygw_now();
        host->lease_seen_at = dygw_steady_now();
        dygw_host_unlock(&round->gateway);
    }
}

/* Whether nobody holds the lease, or its holder took it before the database's clock was set
 * back. */
static int is_lease_free(const dygw_round_t *round, const dygw_tick_t *tick)
{
    if (tick->lease_left_ms > DYGW_LEASE_LEFT_MAX(DYGW_LEASE_TTL_MS)) {
        dygw_log(&round->log, WARN, 0,
                 DYGWNO(0633) "the lease of the background's work ends in %" APR_INT64_T_FMT
                              " s, so that the database's clock was set back; it is taken over",
                 tick->lease_left_ms / 1000);
        return 1;
    }
    return tick->lease_left_ms <= 0;
}

static void keep_lease(dygw_round_t *round, const dygw_tick_t *tick, const dygw_ctx_t *ctx)
{
    int ours = tick->lease_owner && strcmp(tick->lease_owner, round->gateway.owner) == 0;
    int to_renew
        = ours
          && (tick->lease_left_ms < DYGW_LEASE_RENEW_MS || tick->lease_left_ms > DYGW_LEASE_TTL_MS);

    note_lease(round, round->holds_lease && ours && tick->lease_left_ms > 0, round->tick_steady,
               tick->lease_left_ms);
    if (is_lease_free(round, tick) || to_renew) {
        take_lease(round, ctx);
    }
}

/* With a master key that is wrong this host can only go on with the token that it holds: when that
 * ends, a host with the right key is to lead. */
static int may_lead(const dygw_round_t *round, const dygw_ctx_t *ctx)
{
    dygw_token_t token;

    return dygw_host_key(&round->gateway) != DYGW_KEY_WRONG
           || dygw_token_held(ctx->gateway, &token, ctx->pool) == APR_SUCCESS;
}

void dygw_round_finish(dygw_round_t *round, apr_pool_t *scratch)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&round->ctx, scratch);

    dygw_reads_close(&round->gateway);
    dygw_reads_flush(&ctx, READS_PATIENCE_US);
}

void dygw_round_leave(dygw_round_t *round, apr_pool_t *scratch)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&round->ctx, scratch);
    dygw_db_t *db;

    if (!round->holds_lease) {
        return;
    }
    round->holds_lease = 0;
    set_round_gauges(round);
    if (dygw_db_open(&db, ctx.gateway->db, ctx.log, ctx.pool) == APR_SUCCESS) {
        dygw_store_lease_release(db, DYGW_LEASE_WORKER, round->gateway.owner);
        dygw_db_close(db);
    }
}

/* --- the work --- */

/* A number from 0 to 1 that is the same for every call with one token version, and differs from
 * version to version: a hash. */
static double jitter_of_version(apr_int64_t version)
{
    apr_uint32_t mixed = (apr_uint32_t)version * 2654435761u;

    return (double)(mixed >> 8) / (double)(1u << 24);
}

static void keep_token(dygw_round_t *round, const dygw_ctx_t *ctx)
{
    const dygw_host_t *host = dygw_host_lock(&round->gateway);
    apr_int64_t version = host->token_version;
    int refused = host->token_refused;
    dygw_ms_t due_at = dygw_token_due_at(host->token_obtained_at, host->token_expires_at,
                                         jitter_of_version(version));
    dygw_ms_t now = dygw_now();
    int from_ahead = host->token_obtained_at > now + OBTAINED_AHEAD_MS;
    dygw_token_t token;

    dygw_host_unlock(&round->gateway);
    if (version == 0 || refused || due_at <= now || from_ahead) {
        dygw_token_renew(ctx, version, refused ? DYGW_RENEW_REFUSED : DYGW_RENEW_OLD, 0, &token);
    }
}

static void tell_sandbox(dygw_round_t *round)
{
    int is_sandbox = dygw_douyin_is_sandbox(round->gateway.douyin);

    if (is_sandbox && !round->told_sandbox) {
        dygw_log(&round->log, NOTICE, 0,
                 DYGWNO(0376) "DygwUpstream is not Douyin but the sandbox, or another server on "
                              "this machine: no coupon is redeemed at Douyin");
    }
    else if (!is_sandbox && round->told_sandbox) {
        dygw_log(&round->log, NOTICE, 0,
                 DYGWNO(0377) "what answers at DygwUpstream is not the sandbox");
    }
    round->told_sandbox = is_sandbox;
}

/* Any answer of Douyin's tells its time, and a renewal is a call that changes nothing else. */
static void ask_for_time(dygw_round_t *round, const dygw_ctx_t *ctx)
{
    apr_int64_t version = dygw_host_lock(&round->gateway)->token_version;
    dygw_token_t token;

    dygw_host_unlock(&round->gateway);
    if (version != 0) {
        dygw_token_renew(ctx, version, DYGW_RENEW_OLD, 0, &token);
    }
}

static void watch_clock(dygw_round_t *round, const dygw_ctx_t *ctx)
{
    int to_do = dygw_clocks_turn(ctx, &round->clocks);

    round->to_recall |= (to_do & DYGW_CLOCKS_SET_BACK) != 0;
    if ((to_do & DYGW_CLOCKS_RIGHT) && round->runtime->nonces) {
        dygw_nonces_forgive(round->runtime->nonces, dygw_now());
    }
    if (to_do & DYGW_CLOCKS_ASK) {
        ask_for_time(round, ctx);
    }
}

/* Seals with the new master key what the old one has sealed; and again when apps have changed,
 * because a host that still has the old key only may have changed them. */
static void keep_sealed(dygw_round_t *round, const dygw_tick_t *tick, const dygw_ctx_t *ctx)
{
    int left;

    if (tick->apps_version != round->resealed && dygw_reseal(ctx, &left) == APR_SUCCESS && !left) {
        round->resealed = tick->apps_version;
    }
}

static apr_status_t purge_tables(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_round_t *round = baton;
    dygw_ms_t now = dygw_sure_now();
    int nonces = 0;
    int keys = 0;

    /* Nonces are removed from the table even where this gateway keeps them in memory: another
     * virtual host, or an earlier configuration, may keep them in the table. */
    dygw_store_nonce_purge(db, now, PURGE_ROWS, &nonces);
    dygw_store_idempotency_purge(db, now, PURGE_ROWS, &keys);
    if (nonces >= PURGE_ROWS || keys >= PURGE_ROWS) {
        round->purged_at = 0; /* there may be more to remove: again in the next tick */
    }
    return APR_SUCCESS;
}

static void purge_when_due(dygw_round_t *round, const dygw_ctx_t *ctx)
{
    if (!dygw_is_recent(round->purged_at, PURGE_MS)) {
        round->purged_at = dygw_now();
        dygw_db_work(ctx, purge_tables, round, DYGW_DB_ONCE);
    }
}

/* Whether work is due by what the last tick found, or requests of this host have left some. */
static int has_round_work(dygw_round_t *round)
{
    apr_int64_t work = dygw_host_work(&round->gateway);
    int left = work != round->seen_work;

    round->seen_work = work;
    return left || !dygw_scheduler_caught_up(round->scheduler)
           || (round->due_at != DYGW_NO_TIME && round->due_at <= dygw_now());
}

/* Without the lease no job is started, but jobs under way are continued to their end. */
static int run_scheduler(dygw_round_t *round, apr_interval_time_t patience)
{
    int may_start = holds_lease_now(round) && round->tick_answered && has_round_work(round);
    int under_way = dygw_scheduler_turn(round->scheduler, may_start, patience);

    if (may_start && dygw_scheduler_caught_up(round->scheduler)) {
        round->due_at = DYGW_NO_TIME;
    }
    return under_way;
}

/* under_way: jobs are under way, and the scheduler has waited for their answers already. */
static int run_reconcile(dygw_round_t *round, int under_way, apr_interval_time_t patience)
{
    int is_due = round->tick_answered && round->reconcile_at != DYGW_NO_TIME
                 && round->reconcile_at <= dygw_now();

    if (is_due) {
        round->reconcile_at = DYGW_NO_TIME; /* until the next tick */
    }
    return dygw_reconcile_turn(round->reconcile, holds_lease_now(round), is_due,
                               under_way ? 0 : patience);
}

/* As run_reconcile. What will be paid out is in no hurry: it has no part in the tick. */
static int run_payouts(dygw_round_t *round, int under_way, apr_interval_time_t patience)
{
    const dygw_payouts_turn_e turn = !holds_lease_now(round) ? DYGW_PAYOUTS_LEAVE
                                     : round->tick_answered  ? DYGW_PAYOUTS_WORK
                                                             : DYGW_PAYOUTS_REST;

    return dygw_payouts_turn(round->payouts, turn, under_way ? 0 : patience);
}

static void run_tick(dygw_round_t *round, const dygw_ctx_t *ctx)
{
    dygw_tick_t tick = { 0 };

    round->tick_answered = make_tick(round, &tick, ctx) == APR_SUCCESS;
    if (round->tick_answered) {
        if (round->to_recall) {
            round->to_recall = dygw_recall_all(ctx, tick.now) != APR_SUCCESS;
        }
        dygw_writing_turn(ctx, &round->writing);
        dygw_hosts_turn(ctx, &round->hosts);
        dygw_declared_look(ctx, &round->conflicts_at, tick.apps_version);
        dygw_key_turn(ctx, &round->key, tick.apps_version);
        dygw_reads_flush(ctx, READS_PATIENCE_US);
        dygw_meter_flush(ctx);
        dygw_backlog_turn(ctx, &round->backlog, tick.due_at != DYGW_NO_TIME, tick.apps_version);
    }
    if (!round->tick_answered || !round->runtime->cfg->worker) {
        return;
    }
    round->due_at = tick.due_at;
    round->reconcile_at = tick.reconcile_at;
    if (may_lead(round, ctx)) {
        keep_lease(round, &tick, ctx);
    }
    else {
        dygw_round_leave(round, ctx->pool);
        note_lease(round, 0, round->tick_began_at, 0);
    }
    if (holds_lease_now(round)) {
        dygw_recall_turn(ctx, &round->recalled_at, tick.now);
        keep_token(round, ctx);
        keep_sealed(round, &tick, ctx);
        purge_when_due(round, ctx);
        dygw_hosts_lead(ctx, &round->hosts, tick.apps_version);
        dygw_retention_turn(ctx, &round->retention);
        dygw_fill_turn(ctx, &round->fill);
    }
}

int dygw_round_run(dygw_round_t *round, apr_interval_time_t patience, apr_pool_t *scratch)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&round->ctx, scratch);
    dygw_ms_t now = dygw_now();
    int under_way;

    watch_clock(round, &ctx);
    if (now - round->tick_began_at >= DYGW_TICK_MS || now < round->tick_began_at) {
        round->tick_began_at = now;
        round->tick_steady = dygw_steady_now();
        tell_sandbox(round);
        run_tick(round, &ctx);
    }
    under_way = run_scheduler(round, patience);
    set_round_gauges(round);
    under_way |= run_reconcile(round, under_way, patience);
    return run_payouts(round, under_way, patience) || under_way;
}
