/* SPDX-License-Identifier: Apache-2.0
 * Checks the database, and what the gateway keeps in it. */
#include "gateway/diagnosis/diagnosis.h"

#include <apr_strings.h>

#include "gateway/host.h"
#include "gateway/token.h"
#include "gateway/apps/apps.h"
#include "gateway/apps/declare.h"
#include "gateway/diagnosis/apps.h"
#include "store/lease.h"
#include "store/token.h"
#include "store/db/schema.h"

#define BEGIN_PAUSE_MS 1000 /* between the beginnings of two diagnoses of a host */
#define ROUND_TRIPS    3
#define SLOW_US        100000 /* a longer round trip makes a warning */

int dygw_diagnosis_may_begin(dygw_gateway_t *gateway)
{
    dygw_ms_t now = dygw_now();
    dygw_host_t *host = dygw_host_lock(gateway);
    dygw_ms_t passed = now - host->diagnosed_at;
    int may = passed < 0 || passed >= BEGIN_PAUSE_MS;

    if (may) {
        host->diagnosed_at = now;
    }
    dygw_host_unlock(gateway);
    return may;
}

/* --- the server --- */

/* Measures some round trips to the database's server. *took (us) is the shortest one, because the
 * first one also prepares the statement; *ahead (ms) is how far the server's clock is ahead of
 * ours, by that round trip. */
static apr_status_t measure_server(dygw_db_t *db, dygw_server_t *server, apr_interval_time_t *took,
                                   dygw_ms_t *ahead)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    *took = -1;
    for (i = 0; i < ROUND_TRIPS && rv == APR_SUCCESS; i++) {
        apr_time_t began = apr_time_now();
        apr_interval_time_t needed;

        rv = dygw_store_server(db, server);
        needed = apr_time_now() - began;
        if (*took < 0 || needed < *took) {
            *took = needed;
            *ahead = server->now - (began + needed / 2) / 1000;
        }
    }
    return rv;
}

/* Why it is not there, as the background of this host found it. */
static dygw_why_e why_not_there(const dygw_diagnosis_t *d)
{
    int state = dygw_host_lock(d->ctx->gateway)->database_state;

    dygw_host_unlock(d->ctx->gateway);
    switch (state) {
    case DYGW_DB_FOREIGN:
        return DYGW_WHY_FOREIGN;
    case DYGW_DB_FILES:
        return DYGW_WHY_FILES;
    case DYGW_DB_DAMAGED:
        return DYGW_WHY_DAMAGED;
    default:
        return DYGW_WHY_UNREACHABLE;
    }
}

/* Nothing is asked of a database that is not ours to use. */
static int may_be_asked(const dygw_diagnosis_t *d)
{
    return why_not_there(d) == DYGW_WHY_UNREACHABLE;
}

/* A database that is there. The background writes to it now and then; a diagnosis does not. */
static dygw_why_e why_not_written(const dygw_diagnosis_t *d)
{
    static const dygw_why_e reasons[] = {
        [DYGW_WRITES_WORK] = DYGW_WHY_NONE,
        [DYGW_WRITES_READONLY] = DYGW_WHY_READONLY,
        [DYGW_WRITES_FAIL] = DYGW_WHY_UNWRITABLE,
    };

    return reasons[dygw_host_writes(d->ctx->gateway)];
}

static void write_database_finding(const dygw_diagnosis_t *d, int is_there,
                                   apr_interval_time_t took)
{
    dygw_why_e failed = is_there ? why_not_written(d) : why_not_there(d);
    int is_slow = is_there && took > SLOW_US;

    dygw_finding(d->findings, DYGW_CHECK_DATABASE,
                 failed    ? DYGW_FAIL
                 : is_slow ? DYGW_WARN
                           : DYGW_PASS,
                 failed    ? failed
                 : is_slow ? DYGW_WHY_SLOW
                           : DYGW_WHY_NONE);
    dygw_jsonw_string(&d->findings->w, "driver", dygw_dialect_word(d->ctx->gateway->db->dialect));
    if (is_there) {
        dygw_jsonw_int(&d->findings->w, "round_trip_us", took);
    }
    dygw_finding_end(d->findings);
}

static void write_database_clock_finding(const dygw_diagnosis_t *d, dygw_ms_t ahead)
{
    dygw_finding_e state = dygw_finding_of_clock(ahead, DYGW_CLOCK_OFF_MS);

    dygw_finding(d->findings, DYGW_CHECK_DATABASE_CLOCK, state,
                 state == DYGW_PASS ? DYGW_WHY_NONE : DYGW_WHY_CLOCK_OFF);
    dygw_jsonw_int(&d->findings->w, "difference_ms", ahead);
    dygw_finding_end(d->findings);
}

static void write_connections_finding(const dygw_diagnosis_t *d, int max_connections)
{
    int too_many = d->connections > max_connections;
    int many = dygw_finding_is_nearly_full(d->connections, max_connections);

    if (max_connections == 0) {
        dygw_finding_plain(d->findings, DYGW_CHECK_CONNECTIONS, DYGW_SKIPPED, DYGW_WHY_NO_SERVER);
        return;
    }
    dygw_finding(d->findings, DYGW_CHECK_CONNECTIONS,
                 too_many ? DYGW_FAIL
                 : many   ? DYGW_WARN
                          : DYGW_PASS,
                 too_many ? DYGW_WHY_TOO_MANY
                 : many   ? DYGW_WHY_NEARLY_FULL
                          : DYGW_WHY_NONE);
    dygw_jsonw_int(&d->findings->w, "needed", d->connections);
    dygw_jsonw_int(&d->findings->w, "max_connections", max_connections);
    dygw_finding_end(d->findings);
}

static void write_schema_finding(const dygw_diagnosis_t *d, int version)
{
    int is_behind = version < dygw_schema_wanted();

    dygw_finding(d->findings, DYGW_CHECK_SCHEMA, is_behind ? DYGW_FAIL : DYGW_PASS,
                 is_behind ? DYGW_WHY_BEHIND : DYGW_WHY_NONE);
    dygw_jsonw_int(&d->findings->w, "version", version);
    dygw_jsonw_int(&d->findings->w, "wanted", dygw_schema_wanted());
    if (is_behind) {
        dygw_jsonw_string(&d->findings->w, "next_file",
                          dygw_schema_next_file(d->ctx->gateway->db->dialect, version));
    }
    dygw_finding_end(d->findings);
}

/* --- the master key --- */

/* How many sealed texts can be opened with which master key, and whose cannot. */
typedef struct keys_t {
    apr_pool_t *pool;
    const char *closed_apps; /* "one, another"; NULL: none */
    int closed_count;        /* of these apps; DYGW_CLOSED_APPS of them are named */
    int open_apps;
    const dygw_seal_t *seal;
    const dygw_declared_t *declared;
    apr_pool_t *scratch;
    int opened;  /* with the first key */
    int old;     /* with the second key, which is the old one */
    int closed;  /* with neither key, */
    int foreign; /* of these, sealed by another one */
} keys_t;

static int try_to_unseal(keys_t *keys, const char *purpose, const char *sealed)
{
    const char *text;
    int used_old = 0;

    if (!sealed) {
        return 1;
    }
    if (dygw_unseal(keys->seal, purpose, sealed, keys->scratch, &text, &used_old) != APR_SUCCESS) {
        keys->closed++;
        keys->foreign += dygw_sealed_by_another_key(keys->seal, sealed);
        return 0;
    }
    if (used_old) {
        keys->old++;
    }
    else {
        keys->opened++;
    }
    return 1;
}

static void note_closed_app(keys_t *keys, const dygw_app_t *app)
{
    if (keys->closed_count++ < DYGW_CLOSED_APPS) {
        keys->closed_apps = apr_pstrcat(keys->pool, keys->closed_apps ? keys->closed_apps : "",
                                        keys->closed_apps ? ", " : "", dygw_app_label(app), NULL);
    }
}

static void try_app_secrets(void *baton, const dygw_app_t *app)
{
    keys_t *keys = baton;
    const char *purpose = dygw_app_seal_purpose(keys->scratch, app->client_key);

    if (dygw_declared_signs_for(keys->declared, app)) {
        return;
    }
    if (try_to_unseal(keys, purpose, app->secret_sealed)) {
        keys->open_apps++;
    }
    else {
        note_closed_app(keys, app);
    }
    try_to_unseal(keys, purpose, app->old_secret_sealed);
    apr_pool_clear(keys->scratch);
}

static apr_status_t try_all_secrets(dygw_db_t *db, keys_t *keys)
{
    dygw_token_row_t row = { 0 };
    apr_int64_t version;
    apr_status_t rv = dygw_store_token_get(db, &row, dygw_db_pool(db));

    if (rv == APR_SUCCESS) {
        try_to_unseal(keys, DYGW_TOKEN_SEAL_PURPOSE, row.sealed);
        rv = dygw_store_app_each(db, &version, try_app_secrets, keys);
    }
    return rv;
}

static dygw_why_e why_closed(const keys_t *keys)
{
    return keys->foreign && !keys->open_apps ? DYGW_WHY_WRONG_KEY : DYGW_WHY_CLOSED_SECRET;
}

static void write_master_key_finding(const dygw_diagnosis_t *d, dygw_db_t *db)
{
    keys_t keys = { .seal = d->ctx->gateway->seal,
                    .declared = d->ctx->gateway->declared,
                    .pool = d->ctx->pool };
    dygw_jsonw_t *w = &d->findings->w;

    apr_pool_create(&keys.scratch, d->ctx->pool);
    if (try_all_secrets(db, &keys) != APR_SUCCESS) {
        dygw_finding_plain(d->findings, DYGW_CHECK_MASTER_KEY, DYGW_SKIPPED, DYGW_WHY_NO_DATABASE);
        return;
    }
    dygw_finding(d->findings, DYGW_CHECK_MASTER_KEY,
                 keys.closed ? DYGW_FAIL
                 : keys.old  ? DYGW_WARN
                             : DYGW_PASS,
                 keys.closed ? why_closed(&keys)
                 : keys.old  ? DYGW_WHY_OLD_KEY
                             : DYGW_WHY_NONE);
    dygw_jsonw_int(w, "opened", keys.opened);
    dygw_jsonw_int(w, "opened_with_old_key", keys.old);
    dygw_jsonw_int(w, "not_opened", keys.closed);
    if (keys.closed_apps) {
        dygw_jsonw_string(w, "apps", keys.closed_apps);
    }
    dygw_finding_end(d->findings);
}

/* --- the background --- */

static void write_worker_finding(const dygw_diagnosis_t *d, dygw_db_t *db)
{
    dygw_tick_t tick = { 0 };
    int is_stalled;

    if (dygw_store_tick(db, &tick, d->ctx->pool) != APR_SUCCESS) {
        dygw_finding_plain(d->findings, DYGW_CHECK_WORKER, DYGW_SKIPPED, DYGW_WHY_NO_DATABASE);
        return;
    }
    is_stalled = tick.lease_age_ms < 0 || tick.lease_age_ms > DYGW_LEASE_STALLED_MS;
    dygw_finding(d->findings, DYGW_CHECK_WORKER, is_stalled ? DYGW_FAIL : DYGW_PASS,
                 is_stalled ? DYGW_WHY_STALLED : DYGW_WHY_NONE);
    if (tick.lease_age_ms >= 0) {
        dygw_jsonw_int(&d->findings->w, "age_ms", tick.lease_age_ms);
    }
    dygw_finding_end(d->findings);
}

/* --- all of it --- */

static void skip_checks(const dygw_diagnosis_t *d, const dygw_check_e *checks, int count,
                        dygw_why_e why)
{
    int i;

    for (i = 0; i < count; i++) {
        dygw_finding_plain(d->findings, checks[i], DYGW_SKIPPED, why);
    }
}

/* Writes all findings; or none, and returns an error, when the database does not answer. */
static apr_status_t examine_database(const dygw_diagnosis_t *d, dygw_db_t *db)
{
    static const dygw_check_e in_tables[] = { DYGW_CHECK_MASTER_KEY, DYGW_CHECK_WORKER };
    apr_interval_time_t took;
    dygw_ms_t ahead = 0;
    dygw_server_t server;
    int version;
    apr_status_t rv = dygw_schema_version(db, &version);

    if (rv == APR_SUCCESS) {
        rv = measure_server(db, &server, &took, &ahead);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    write_database_finding(d, 1, took);
    write_database_clock_finding(d, ahead);
    write_schema_finding(d, version);
    write_connections_finding(d, server.max_connections);
    if (version < dygw_schema_wanted()) {
        skip_checks(d, in_tables, 2, DYGW_WHY_NO_SCHEMA);
        dygw_diagnose_apps(d, NULL, DYGW_WHY_NO_SCHEMA);
        return APR_SUCCESS;
    }
    write_master_key_finding(d, db);
    write_worker_finding(d, db);
    dygw_diagnose_apps(d, db, DYGW_WHY_NO_DATABASE);
    return APR_SUCCESS;
}

void dygw_diagnose_database(const dygw_diagnosis_t *d)
{
    static const dygw_check_e others[]
        = { DYGW_CHECK_DATABASE_CLOCK, DYGW_CHECK_SCHEMA, DYGW_CHECK_CONNECTIONS,
            DYGW_CHECK_MASTER_KEY, DYGW_CHECK_WORKER };
    dygw_db_t *db = NULL;
    apr_status_t rv = APR_EGENERAL;

    if (may_be_asked(d)) {
        rv = dygw_db_open(&db, d->ctx->gateway->db, d->ctx->log, d->ctx->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = examine_database(d, db);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        write_database_finding(d, 0, 0);
        skip_checks(d, others, sizeof others / sizeof *others, DYGW_WHY_NO_DATABASE);
        dygw_diagnose_apps(d, NULL, DYGW_WHY_NO_DATABASE);
    }
}
