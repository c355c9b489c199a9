/* SPDX-License-Identifier: Apache-2.0
 * A host says that it is there, and what it declares; and tells where other hosts differ.
 *
 * A host's row has a digest of all that it declares. So a turn reads a row for each host, and what
 * they declare is read and compared only where digests differ, and when one has changed. */
#include "gateway/apps/hosts.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/db_work.h"
#include "gateway/host.h"
#include "gateway/apps/declarations.h"
#include "gateway/apps/declare.h"
#include "util/text.h"

/* One turn: what this host declares, and what is stored of all. */
typedef struct turn_t {
    dygw_hosts_t *hosts;
    apr_array_header_t *own;
    const char *digest;
    apr_array_header_t *rows;  /* of dygw_host_row_t */
    apr_array_header_t *found; /* of dygw_declaration_t; NULL: not read, as nothing can differ or
                                * nothing has changed */
    int to_declare;            /* this host's apps anew */
    int is_alike;              /* all live hosts declare the same */
} turn_t;

/* --- this host's row --- */

/* Another httpd that takes itself for this host would write over what this one declares, and this
 * one over that, again and again. */
static void report_namesake(const dygw_ctx_t *ctx)
{
    dygw_log_rarely(ctx->log, WARN, NULL, 0,
                    DYGWNO(0738) "another httpd uses this database under the name %s, and declares "
                                 "other apps: give each host a name of its own, or each httpd of a "
                                 "host a PidFile of its own",
                    ctx->gateway->host_id);
}

/* Whether another httpd has this host's row now, and is to keep it: two that write over each other
 * would make apps gone and bring them back all the time. Now and then this one tries again. */
static int must_give_way(const dygw_ctx_t *ctx, dygw_hosts_t *hosts)
{
    /* Once is no sign of another: the database may be back from a backup. */
    if (++hosts->overwritten <= 1) {
        return 0;
    }
    report_namesake(ctx);
    return hosts->overwritten % DYGW_HOSTS_GIVEN_WAY != 0;
}

/* What was stored of this host may be lost, be of a generation before, or have lapsed meanwhile, so
 * that its apps were taken for gone. */
static int must_declare(const dygw_ctx_t *ctx, const turn_t *turn)
{
    const dygw_host_row_t *row = dygw_host_row(turn->rows, ctx->gateway->host_id);
    int is_stored = row && dygw_text_same(row->digest, turn->digest);

    if (is_stored) {
        turn->hosts->overwritten = 0;
    }
    if (!turn->hosts->declared || !row || !row->digest || !row->is_live) {
        return 1;
    }
    return !is_stored && !must_give_way(ctx, turn->hosts);
}

static apr_status_t keep_row(const dygw_ctx_t *ctx, dygw_db_t *db, turn_t *turn)
{
    const char *host = ctx->gateway->host_id;
    apr_status_t rv = dygw_store_hosts(db, &turn->rows, ctx->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    turn->to_declare = must_declare(ctx, turn);
    if (!turn->to_declare) {
        return dygw_store_host_renew(db, host);
    }
    rv = dygw_store_host_declares(db, host, turn->digest, turn->own);
    return rv == APR_SUCCESS ? dygw_store_hosts(db, &turn->rows, ctx->pool) : rv;
}

/* --- whether anything has changed --- */

static apr_uint32_t add_to_stamp(apr_uint32_t stamp, const char *text)
{
    while (*text) {
        stamp = (stamp ^ (unsigned char)*text++) * 16777619u;
    }
    return stamp;
}

/* Stands for the live hosts and what they declare, and for those that are not live any more. */
static apr_uint32_t stamp_of(const apr_array_header_t *rows)
{
    apr_uint32_t stamp = 2166136261u;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const dygw_host_row_t *row = &APR_ARRAY_IDX(rows, i, dygw_host_row_t);

        stamp = add_to_stamp(stamp, row->host);
        stamp = add_to_stamp(stamp, row->is_live ? "+" : "-");
        stamp = add_to_stamp(stamp, row->digest ? row->digest : "");
    }
    return stamp;
}

static int are_alike(const turn_t *turn)
{
    int i;

    for (i = 0; i < turn->rows->nelts; i++) {
        const dygw_host_row_t *row = &APR_ARRAY_IDX(turn->rows, i, dygw_host_row_t);

        if (row->is_live && row->digest && strcmp(row->digest, turn->digest) != 0) {
            return 0;
        }
    }
    return 1;
}

static int has_passed(apr_time_t since, dygw_ms_t ms)
{
    return dygw_steady_now() - since >= apr_time_from_msec(ms);
}

static void note_stamp(dygw_hosts_t *hosts, apr_uint32_t stamp)
{
    if (stamp != hosts->stamp) {
        hosts->stamp = stamp;
        hosts->changed_at = dygw_steady_now();
        hosts->to_compare = 1;
    }
}

static apr_status_t turn_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    turn_t *turn = baton;
    dygw_hosts_t *hosts = turn->hosts;
    apr_status_t rv = keep_row(ctx, db, turn);

    turn->found = NULL;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    note_stamp(hosts, stamp_of(turn->rows));
    hosts->is_alone = turn->rows->nelts == 1;
    turn->is_alike = are_alike(turn);
    if (!turn->is_alike && hosts->to_compare) {
        rv = dygw_store_declarations(db, &turn->found, ctx->pool);
    }
    if (rv == APR_SUCCESS && (turn->is_alike || turn->found)) {
        hosts->to_compare = 0;
    }
    return rv;
}

/* --- differences --- */

/* The place of a host; NULL: all are taken. */
static dygw_differing_t *place_of(dygw_hosts_t *hosts, const char *host)
{
    dygw_differing_t *free_place = NULL;
    int i;

    for (i = 0; i < DYGW_HOSTS_NAMED; i++) {
        dygw_differing_t *place = &hosts->differing[i];

        if (strcmp(place->host, host) == 0) {
            return place;
        }
        if (!free_place && !*place->host) {
            free_place = place;
        }
    }
    if (free_place) {
        memset(free_place, 0, sizeof(*free_place));
        apr_cpystrn(free_place->host, host, sizeof(free_place->host));
        free_place->since = dygw_steady_now();
    }
    return free_place;
}

static void note_difference(dygw_hosts_t *hosts, const dygw_difference_t *difference)
{
    dygw_differing_t *place = place_of(hosts, difference->host);

    if (place) {
        place->seen = 1;
        place->count = difference->count;
        apr_cpystrn(place->names, difference->names, sizeof(place->names));
    }
}

/* A host that was told of and does not differ any more; or is not there any more. */
static void end_difference(const dygw_ctx_t *ctx, dygw_differing_t *place)
{
    if (*place->told) {
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0737) "host %s does not declare other apps than this host any more, or is "
                              "not there any more",
                 place->host);
    }
    memset(place, 0, sizeof(*place));
}

static void note_differences(const dygw_ctx_t *ctx, const turn_t *turn)
{
    dygw_hosts_t *hosts = turn->hosts;
    const apr_array_header_t *differences
        = turn->found
              ? dygw_declarations_compare(ctx, turn->own, turn->rows, turn->found, &hosts->apps)
              : NULL;
    int i;

    for (i = 0; i < DYGW_HOSTS_NAMED; i++) {
        hosts->differing[i].seen = 0;
    }
    for (i = 0; differences && i < differences->nelts; i++) {
        note_difference(hosts, &APR_ARRAY_IDX(differences, i, dygw_difference_t));
    }
    if (!differences) {
        hosts->apps = 0;
    }
    for (i = 0; i < DYGW_HOSTS_NAMED; i++) {
        if (*hosts->differing[i].host && !hosts->differing[i].seen) {
            end_difference(ctx, &hosts->differing[i]);
        }
    }
}

static void tell_differences(const dygw_ctx_t *ctx, dygw_hosts_t *hosts)
{
    int i;

    for (i = 0; i < DYGW_HOSTS_NAMED; i++) {
        dygw_differing_t *place = &hosts->differing[i];

        if (*place->host && has_passed(place->since, DYGW_HOSTS_TOLD_MS)
            && strcmp(place->names, place->told) != 0) {
            apr_cpystrn(place->told, place->names, sizeof(place->told));
            dygw_log(
                ctx->log, WARN, 0,
                DYGWNO(0736) "host %s declares %d apps otherwise than this host: %s. Give both "
                             "the same sections, and reload them",
                place->host, place->count, place->names);
        }
    }
}

/* --- a turn --- */

static apr_status_t make_turn(const dygw_ctx_t *ctx, dygw_hosts_t *hosts)
{
    turn_t turn = { .hosts = hosts };
    apr_status_t rv;

    turn.own = dygw_declarations_own(ctx);
    turn.digest = turn.own ? dygw_declarations_digest(ctx, turn.own) : NULL;
    if (!turn.digest) {
        return APR_EGENERAL;
    }
    rv = dygw_db_work(ctx, turn_with, &turn, DYGW_DB_ONCE);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (turn.found || turn.is_alike) {
        note_differences(ctx, &turn);
    }
    tell_differences(ctx, hosts);
    dygw_gauge(ctx->gateway->metrics, DYGW_GAUGE_DIFFERENCES, hosts->apps);
    if (turn.to_declare) {
        /* After the declarations are stored: a host that disables an app because nobody declares it
         * has looked before, and is set right here. */
        rv = dygw_declare_apps(ctx);
        hosts->declared = rv == APR_SUCCESS;
    }
    return rv;
}

void dygw_hosts_turn(const dygw_ctx_t *ctx, dygw_hosts_t *hosts)
{
    apr_time_t now = dygw_steady_now();
    apr_status_t rv;

    if (now < hosts->next_at || !dygw_host_is_latest(ctx->gateway)) {
        return;
    }
    rv = make_turn(ctx, hosts);
    hosts->next_at
        = now + apr_time_from_msec(rv == APR_SUCCESS ? DYGW_HOSTS_PAUSE_MS : DYGW_HOSTS_RETRY_MS);
}
