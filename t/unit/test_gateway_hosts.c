/* SPDX-License-Identifier: Apache-2.0
 * Declared apps over several hosts: what each stores, where they differ, what is gone, and which stored
 * secrets are erased.
 * links: gateway/apps/hosts.c gateway/apps/undeclare.c gateway/apps/declarations.c gateway/apps/audit.c
 * links: gateway/declared.c gateway/host.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_apps.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/apps/declarations.h"
#include "gateway/apps/declare.h"
#include "gateway/apps/hosts.h"
#include "util/compiler.h"

#define ROWS   4
#define SECRET "a-secret-of-the-till"

/* --- the store, faked: hosts and what they declare --- */

typedef struct row_t {
    const char *host; /* NULL: free */
    const char *digest;
    dygw_ms_t until; /* by the steady clock */
    apr_array_header_t *declarations;
} row_t;

static row_t rows[ROWS];
static int declares, renewals, mirrored, erased, forgotten;
static apr_status_t store_fails, mirror_fails;
static apr_time_t steady;
static void (*before_holders)(void); /* what another host does in between */

static dygw_ms_t left_of(const row_t *row)
{
    return row->until - steady / 1000;
}

static row_t *row_of(const char *host)
{
    int i;

    for (i = 0; i < ROWS; i++) {
        if (rows[i].host && strcmp(rows[i].host, host) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static row_t *make_row(const char *host)
{
    row_t *row = row_of(host);
    int i;

    for (i = 0; !row; i++) {
        assert_true(i < ROWS);
        if (!rows[i].host) {
            row = &rows[i];
            row->host = host;
        }
    }
    return row;
}

apr_status_t dygw_store_hosts(DYGW_UNUSED dygw_db_t *db, apr_array_header_t **hosts, apr_pool_t *p)
{
    int i;

    *hosts = apr_array_make(p, ROWS, sizeof(dygw_host_row_t));
    for (i = 0; i < ROWS; i++) {
        if (rows[i].host) {
            APR_ARRAY_PUSH(*hosts, dygw_host_row_t) = (dygw_host_row_t){
                rows[i].host,
                rows[i].digest,
                left_of(&rows[i]) > 0,
                left_of(&rows[i]) < -DYGW_HOST_KEPT_MS,
            };
        }
    }
    return store_fails;
}

apr_status_t dygw_store_declarations(DYGW_UNUSED dygw_db_t *db, apr_array_header_t **found, apr_pool_t *p)
{
    int i, k;

    *found = apr_array_make(p, ROWS, sizeof(dygw_declaration_t));
    for (i = 0; i < ROWS; i++) {
        for (k = 0; rows[i].host && k < rows[i].declarations->nelts; k++) {
            dygw_declaration_t d = APR_ARRAY_IDX(rows[i].declarations, k, dygw_declaration_t);

            d.host = rows[i].host;
            d.is_live = left_of(&rows[i]) > 0;
            APR_ARRAY_PUSH(*found, dygw_declaration_t) = d;
        }
    }
    return store_fails;
}

apr_status_t dygw_store_host_renew(DYGW_UNUSED dygw_db_t *db, const char *host)
{
    row_of(host)->until = steady / 1000 + DYGW_HOST_TTL_MS;
    renewals++;
    return store_fails;
}

apr_status_t dygw_store_host_declares(DYGW_UNUSED dygw_db_t *db, const char *host, const char *digest,
                                      const apr_array_header_t *declarations)
{
    row_t *row = make_row(host);

    row->digest = digest;
    row->until = steady / 1000 + DYGW_HOST_TTL_MS;
    row->declarations = apr_array_copy(pool, declarations);
    declares++;
    fake_event("declares");
    return store_fails;
}

apr_status_t dygw_store_host_forget(DYGW_UNUSED dygw_db_t *db, const char *host)
{
    memset(row_of(host), 0, sizeof(row_t));
    forgotten++;
    return APR_SUCCESS;
}

apr_status_t dygw_store_declaration_holders(dygw_db_t *db, const char *client_key, const char *code, int *live)
{
    apr_array_header_t *found;
    int i;

    if (before_holders) {
        before_holders();
    }
    *live = 0;
    dygw_store_declarations(db, &found, pool);
    for (i = 0; i < found->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(found, i, dygw_declaration_t);

        *live += d->is_live && (strcmp(d->client_key, client_key) == 0 || strcmp(d->code, code) == 0);
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_app_erase(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, const char *from)
{
    dygw_app_t *app = fake_store_app((int)id - 1);

    if (strcmp(app->secret_sealed, from) != 0) {
        return APR_NOTFOUND;
    }
    app->secret_sealed = "";
    app->old_secret_sealed = NULL;
    erased++;
    return APR_SUCCESS;
}

/* --- and the rows of declared apps --- */

apr_status_t dygw_declare_apps(DYGW_UNUSED const dygw_ctx_t *ctx)
{
    mirrored++;
    fake_event("mirror");
    return mirror_fails;
}

const char *dygw_declare_actor(DYGW_UNUSED apr_pool_t *p)
{
    return "config:web1";
}

/* --- two hosts --- */

typedef struct site_t {
    dygw_gateway_t gateway;
    dygw_host_t host;
    dygw_hosts_t hosts;
    dygw_declared_t *declared;
} site_t;

static site_t *a, *b;
static apr_int64_t version;

static apr_time_t steady_now(void)
{
    return steady;
}

static void pass_sec(int seconds)
{
    steady += apr_time_from_sec(seconds);
}

static site_t *make_site(const dygw_gateway_t *like, const char *host)
{
    site_t *site = apr_pcalloc(pool, sizeof(*site));
    void *memory = apr_palloc(pool, dygw_metrics_size());

    dygw_metrics_format(memory);
    site->gateway = *like;
    site->gateway.host = &site->host;
    site->gateway.host_id = host;
    site->gateway.metrics = dygw_metrics_attach(memory, pool);
    site->declared = dygw_declared_create(pool);
    site->gateway.declared = site->declared;
    return site;
}

static int set_up(void **state)
{
    const dygw_gateway_t *gateway;

    make_pool(state);
    gateway = fake_world(pool);
    memset(rows, 0, sizeof(rows));
    declares = renewals = mirrored = erased = forgotten = 0;
    store_fails = mirror_fails = APR_SUCCESS;
    before_holders = NULL;
    steady = apr_time_from_sec(5); /* the machine was just started */
    dygw_steady_set(steady_now);
    version = 1;
    a = make_site(gateway, "a");
    b = make_site(gateway, "b");
    return 0;
}

/* Declares an app; the caller changes it before the host's first turn. */
static dygw_declared_app_t *declare(site_t *site, const char *code)
{
    dygw_declared_app_t *app = apr_pcalloc(pool, sizeof(*app));
    const char *field;

    app->code = app->name = code;
    app->client_key = apr_pstrcat(pool, "key-", code, NULL);
    app->secret = SECRET;
    app->rate_per_second = DYGW_RATE_OF_ALL;
    app->place = "/etc/dygw.conf:7";
    assert_null(dygw_declared_add_app(site->declared, app, &field));
    return app;
}

static void turn(site_t *site)
{
    dygw_hosts_turn(FAKE_CTX(&site->gateway, pool), &site->hosts);
}

static void lead(site_t *site)
{
    dygw_hosts_lead(FAKE_CTX(&site->gateway, pool), &site->hosts, version);
}

/* Both hosts, for so long. */
static void both_for_sec(int seconds)
{
    for (; seconds > 0; seconds--) {
        turn(a);
        turn(b);
        lead(a);
        pass_sec(1);
    }
}

/* httpd is started anew with what is declared now. */
static void reload(site_t *site)
{
    site->gateway.generation++;
    memset(&site->hosts, 0, sizeof(site->hosts));
    turn(site);
}

static apr_int64_t differences(const site_t *site)
{
    return dygw_gauged(site->gateway.metrics, DYGW_GAUGE_DIFFERENCES);
}

/* --- what a host stores --- */

static void at_first_a_host_stores_what_it_declares(DYGW_UNUSED void **state)
{
    const dygw_declaration_t *d;

    declare(a, "till");
    declare(a, "kiosk");
    fake_trace();
    turn(a);
    assert_string_equal(fake_trace(), "open declares close mirror");
    assert_int_equal(row_of("a")->declarations->nelts, 2);
    d = &APR_ARRAY_IDX(row_of("a")->declarations, 0, dygw_declaration_t);
    assert_string_equal(d->client_key, "key-kiosk");
    assert_string_equal(d->code, "kiosk");
    assert_string_equal(d->declared_in, "/etc/dygw.conf:7");
}

static void nothing_stored_shows_a_secret(DYGW_UNUSED void **state)
{
    const dygw_declaration_t *d;

    declare(a, "till")->old_secret = "one-of-before-it";
    turn(a);
    d = &APR_ARRAY_IDX(row_of("a")->declarations, 0, dygw_declaration_t);
    assert_int_equal(strlen(d->fingerprint), DYGW_FINGERPRINT_LEN);
    assert_null(strstr(d->fingerprint, SECRET));
    assert_null(strstr(row_of("a")->digest, SECRET));
}

static void afterwards_it_says_now_and_then_that_it_is_there(DYGW_UNUSED void **state)
{
    int i;

    declare(a, "till");
    for (i = 0; i < 100; i++) {
        turn(a);
        pass_sec(1);
    }
    assert_int_equal(declares, 1);
    assert_int_equal(mirrored, 1);
    assert_int_equal(renewals, 9);
}

static void a_host_that_declares_nothing_is_there_too(DYGW_UNUSED void **state)
{
    a->gateway.declared = NULL;
    turn(a);
    assert_true(left_of(row_of("a")) > 0);
    assert_int_equal(row_of("a")->declarations->nelts, 0);
}

static void what_was_lost_is_stored_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    turn(a);
    memset(rows, 0, sizeof(rows)); /* an older copy of the database is back */
    pass_sec(10);
    turn(a);
    assert_int_equal(row_of("a")->declarations->nelts, 1);
    assert_int_equal(mirrored, 2);
}

/* Meanwhile its apps may have been taken for gone. */
static void a_host_that_was_cut_off_declares_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    turn(a);
    pass_sec(61);
    turn(a);
    assert_int_equal(declares, 2);
    assert_int_equal(mirrored, 2);
}

static void a_database_that_fails_is_tried_again_soon(DYGW_UNUSED void **state)
{
    declare(a, "till");
    store_fails = APR_EGENERAL;
    turn(a);
    assert_int_equal(mirrored, 0);
    store_fails = APR_SUCCESS;
    pass_sec(1);
    turn(a);
    assert_int_equal(mirrored, 0);
    pass_sec(2);
    turn(a);
    assert_int_equal(mirrored, 1);
}

static void apps_whose_rows_could_not_be_made_are_tried_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    mirror_fails = APR_EGENERAL;
    turn(a);
    mirror_fails = APR_SUCCESS;
    pass_sec(3);
    turn(a);
    assert_int_equal(mirrored, 2);
    pass_sec(10);
    turn(a);
    assert_int_equal(mirrored, 2);
}

static void an_outage_alone_declares_nothing_anew(DYGW_UNUSED void **state)
{
    declare(a, "till");
    turn(a);
    pass_sec(10);
    store_fails = APR_EGENERAL;
    turn(a);
    store_fails = APR_SUCCESS;
    pass_sec(3);
    turn(a);
    assert_int_equal(declares, 1);
}

/* A child of before a graceful restart may lead for a moment, when the one that led has gone. */
static void a_child_of_an_earlier_generation_undoes_nothing(DYGW_UNUSED void **state)
{
    site_t *old = make_site(&a->gateway, "a");

    declare(a, "till");
    a->gateway.generation = 3;
    old->gateway.generation = 2;
    old->gateway.host = &a->host;
    turn(a);
    turn(old);
    lead(old);
    assert_int_equal(declares, 1);
    assert_int_equal(row_of("a")->declarations->nelts, 1);
}

static void another_httpd_under_the_same_name_is_told(DYGW_UNUSED void **state)
{
    b->gateway.host_id = "a";
    declare(a, "till");
    turn(a);
    turn(b);
    pass_sec(10);
    turn(a);
    assert_int_equal(fake_logged("DYGW0738"), 0);
    turn(b);
    pass_sec(10);
    turn(a);
    assert_int_equal(fake_logged("DYGW0738"), 1);
}

/* --- in what hosts differ --- */

static void hosts_that_declare_the_same_do_not_differ(DYGW_UNUSED void **state)
{
    declare(a, "till");
    declare(a, "kiosk");
    declare(b, "kiosk")->place = "/srv/httpd.conf:99";
    declare(b, "till");
    both_for_sec(150);
    assert_int_equal(differences(a), 0);
    assert_int_equal(differences(b), 0);
    assert_int_equal(fake_logged("DYGW"), 0);
}

static void assert_differs(void (*change)(dygw_declared_app_t *))
{
    void *state = NULL;

    destroy_pool(&state);
    set_up(&state);
    declare(a, "till");
    declare(a, "kiosk");
    change(declare(b, "till"));
    declare(b, "kiosk");
    turn(b);
    turn(a);
    assert_int_equal(differences(a), 1);
}

static void change_name(dygw_declared_app_t *app)
{
    app->name = "another";
}

static void change_key(dygw_declared_app_t *app)
{
    app->client_key = "another";
}

static void change_secret(dygw_declared_app_t *app)
{
    app->secret = "another-secret-of-it";
}

static void lack_secret(dygw_declared_app_t *app)
{
    app->secret = NULL;
}

static void change_old_secret(dygw_declared_app_t *app)
{
    app->old_secret = "another-secret-of-it";
}

static void change_stores(dygw_declared_app_t *app)
{
    app->stores = apr_array_make(pool, 1, sizeof(const char *));
}

static void change_token_read(dygw_declared_app_t *app)
{
    app->allow_token_read = 1;
}

static void change_status(dygw_declared_app_t *app)
{
    app->is_disabled = 1;
}

static void change_rate(dygw_declared_app_t *app)
{
    app->rate_per_second = 7;
}

static void change_burst(dygw_declared_app_t *app)
{
    app->rate_burst = 7;
}

static void whatever_is_declared_of_an_app_can_differ(DYGW_UNUSED void **state)
{
    assert_differs(change_name);
    assert_differs(change_key);
    assert_differs(change_secret);
    assert_differs(lack_secret);
    assert_differs(change_old_secret);
    assert_differs(change_stores);
    assert_differs(change_token_read);
    assert_differs(change_status);
    assert_differs(change_rate);
    assert_differs(change_burst);
}

static void hosts_that_are_reloaded_one_after_the_other_are_no_alarm(DYGW_UNUSED void **state)
{
    declare(a, "till");
    both_for_sec(55);
    assert_int_equal(differences(a), 1);
    assert_int_equal(differences(b), 1);
    declare(b, "till");
    reload(b);
    both_for_sec(60);
    assert_int_equal(differences(a), 0);
    assert_int_equal(fake_logged("DYGW"), 0);
}

static void what_lasts_is_told_once_and_so_is_its_end(DYGW_UNUSED void **state)
{
    declare(a, "till");
    declare(a, "kiosk");
    change_secret(declare(b, "till"));
    declare(b, "web");
    both_for_sec(300);
    assert_int_equal(differences(a), 3);
    assert_int_equal(fake_logged("DYGW0736: host b declares 3 apps otherwise than this host: kiosk (only here), "
                                 "till (differs), web (only there)"),
                     1);
    assert_int_equal(fake_logged("DYGW0736: host a declares 3 apps"), 1);
    assert_int_equal(fake_logged("DYGW0736"), 2);
    b->gateway.declared = a->declared;
    reload(b);
    both_for_sec(20);
    assert_int_equal(differences(a), 0);
    assert_int_equal(fake_logged("DYGW0737: host b"), 1);
}

static void many_differences_are_one_message(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < 30; i++) {
        declare(a, apr_psprintf(pool, "till-%02d", i));
    }
    both_for_sec(120);
    assert_int_equal(differences(b), 30);
    assert_int_equal(fake_logged("till-07 (only here), and others."), 1);
    assert_int_equal(fake_logged("till-08"), 0);
}

static void a_host_that_is_not_there_any_more_does_not_differ(DYGW_UNUSED void **state)
{
    int i;

    declare(a, "till");
    both_for_sec(12);
    assert_int_equal(differences(a), 1);
    for (i = 0; i < 80; i++) {
        turn(a);
        pass_sec(1);
    }
    assert_int_equal(differences(a), 0);
}

/* While the master key is changed. */
static void what_another_master_key_has_made_is_not_compared(DYGW_UNUSED void **state)
{
    dygw_seal_t other = *b->gateway.seal;

    other.key[0] ^= 1;
    b->gateway.seal = &other;
    declare(a, "till");
    change_secret(declare(b, "till"));
    both_for_sec(12);
    assert_int_equal(differences(a), 0);
    declare(b, "kiosk");
    reload(b);
    pass_sec(10);
    both_for_sec(2);
    assert_int_equal(differences(a), 1);
}

/* With two keys it is the first that counts: the host of before has only the other. */
static void the_first_of_two_master_keys_counts(DYGW_UNUSED void **state)
{
    dygw_seal_t both = *b->gateway.seal;

    memset(both.old_key, 1, sizeof(both.old_key));
    both.has_old = 1;
    b->gateway.seal = &both;
    declare(a, "till");
    change_secret(declare(b, "till"));
    both_for_sec(12);
    assert_int_equal(differences(a), 1);
}

static void a_diagnosis_finds_them_too(DYGW_UNUSED void **state)
{
    apr_array_header_t *found;

    declare(a, "till");
    both_for_sec(2);
    assert_int_equal(dygw_declarations_differ(FAKE_CTX(&a->gateway, pool), &found), APR_SUCCESS);
    assert_int_equal(found->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(found, 0, dygw_difference_t).host, "b");
    assert_string_equal(APR_ARRAY_IDX(found, 0, dygw_difference_t).names, "till (only here)");
}

/* --- what is gone --- */

static dygw_app_t *add_app(const char *code, dygw_app_source_e source, const char *sealed)
{
    static apr_int64_t id;
    dygw_app_t app = { .code = code,
                       .name = code,
                       .client_key = apr_pstrcat(pool, "key-", code, NULL),
                       .secret_sealed = sealed,
                       .old_secret_until = DYGW_NO_TIME,
                       .source = source };

    id = version == 1 ? 1 : id + 1;
    version++;
    app.id = id;
    fake_store_add_app(&app);
    return fake_store_app((int)id - 1);
}

static void what_no_host_declares_any_more_is_disabled(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");
    const dygw_app_t *kiosk = add_app("kiosk", DYGW_APP_OF_CONFIG, "");
    const dygw_app_t *web = add_app("web", DYGW_APP_OF_DATABASE, "sealed");

    declare(a, "till");
    turn(a);
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(kiosk->status, DYGW_APP_DISABLED);
    assert_int_equal(web->status, DYGW_APP_ACTIVE);
    assert_string_equal(web->secret_sealed, "sealed");
    assert_int_equal(fake_store_entries(), 1);
    assert_string_equal(fake_store_entry(0)->action, "app.undeclare");
    assert_string_equal(fake_store_entry(0)->actor, "config:web1");
    assert_string_equal(fake_store_entry(0)->target, "app:2");
    assert_string_equal(fake_store_entry(0)->after_state, "{\"status\":\"disabled\"}");
    assert_int_equal(fake_logged("DYGW0739: app kiosk,"), 1);
    pass_sec(61);
    turn(a);
    lead(a);
    assert_int_equal(fake_store_entries(), 1);
}

static void what_another_host_declares_stays(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");

    declare(b, "till");
    both_for_sec(100);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    b->gateway.declared = NULL;
    reload(b);
    both_for_sec(12);
    assert_int_equal(till->status, DYGW_APP_DISABLED);
}

/* Its client_key, or its code, is another one on that host. */
static void an_app_that_is_half_declared_is_not_gone(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");
    const dygw_app_t *kiosk = add_app("kiosk", DYGW_APP_OF_CONFIG, "");

    change_key(declare(a, "till"));
    declare(a, "web")->client_key = "of-the-web";
    fake_store_app(1)->client_key = "of-the-web";
    turn(a);
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(kiosk->status, DYGW_APP_ACTIVE);
}

static void b_declares_the_till(void)
{
    dygw_declaration_t d = { .client_key = "key-till", .code = "till" };
    row_t *row = make_row("b");

    *row = (row_t){ "b", "digest", steady / 1000 + DYGW_HOST_TTL_MS, apr_array_make(pool, 1, sizeof(d)) };
    APR_ARRAY_PUSH(row->declarations, dygw_declaration_t) = d;
}

static void what_is_declared_just_then_stays(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");

    turn(a);
    before_holders = b_declares_the_till;
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(fake_store_entries(), 0);
}

static void a_host_that_has_not_declared_its_own_judges_nobody(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");

    mirror_fails = APR_EGENERAL;
    turn(a);
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
}

/* --- stored secrets of apps that were taken over --- */

static void a_stored_secret_stays_until_all_live_hosts_declare_the_app(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    declare(a, "till");
    both_for_sec(300);
    assert_string_equal(till->secret_sealed, "sealed");
    declare(b, "till");
    reload(b);
    both_for_sec(DYGW_HOSTS_PAUSE_MS / 1000 + DYGW_HOSTS_REST_MS / 1000 + 2);
    assert_string_equal(till->secret_sealed, "");
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(erased, 1);
    assert_int_equal(fake_logged("DYGW0740: app till "), 1);
}

/* Requests that the generation before a reload is reading need it yet. */
static void it_is_not_erased_at_once(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");
    int i;

    declare(a, "till");
    for (i = 0; i < DYGW_HOSTS_REST_MS / 1000; i++) {
        turn(a);
        lead(a);
        pass_sec(1);
    }
    assert_string_equal(till->secret_sealed, "sealed");
    turn(a);
    lead(a);
    assert_string_equal(till->secret_sealed, "");
}

static void the_old_one_of_two_is_erased_too(DYGW_UNUSED void **state)
{
    dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    till->old_secret_sealed = "sealed-before";
    declare(a, "till");
    declare(b, "till");
    both_for_sec(30);
    assert_string_equal(till->secret_sealed, "");
    assert_null(till->old_secret_sealed);
}

static void a_stored_secret_of_the_database_s_apps_stays(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_DATABASE, "sealed");

    declare(a, "till"); /* in conflict, or not taken over yet */
    declare(b, "till");
    both_for_sec(100);
    assert_string_equal(till->secret_sealed, "sealed");
}

/* The host that took the app over dies before the other is reloaded, which serves the app. */
static void an_app_that_others_serve_from_the_database_is_not_gone_yet(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");
    int i;

    declare(b, "till");
    both_for_sec(2);
    for (i = 0; i < 200; i++) {
        turn(a);
        lead(a);
        pass_sec(1);
    }
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_string_equal(till->secret_sealed, "sealed");
    pass_sec(86400 + 61);
    for (i = 0; i < 2; i++) {
        turn(a);
        lead(a);
        pass_sec(61);
    }
    assert_int_equal(forgotten, 1);
    assert_int_equal(till->status, DYGW_APP_DISABLED);
    assert_string_equal(till->secret_sealed, "");
}

static void without_a_change_little_is_looked_at(DYGW_UNUSED void **state)
{
    int looks;

    declare(a, "till");
    declare(b, "till");
    both_for_sec(30);
    looks = fake_store_calls(FAKE_APP_EACH);
    both_for_sec(180);
    assert_in_range(fake_store_calls(FAKE_APP_EACH) - looks, 2, 4);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)
    const struct CMUnitTest tests[] = {
        TEST(at_first_a_host_stores_what_it_declares),
        TEST(nothing_stored_shows_a_secret),
        TEST(afterwards_it_says_now_and_then_that_it_is_there),
        TEST(a_host_that_declares_nothing_is_there_too),
        TEST(what_was_lost_is_stored_again),
        TEST(a_host_that_was_cut_off_declares_again),
        TEST(a_database_that_fails_is_tried_again_soon),
        TEST(apps_whose_rows_could_not_be_made_are_tried_again),
        TEST(an_outage_alone_declares_nothing_anew),
        TEST(a_child_of_an_earlier_generation_undoes_nothing),
        TEST(another_httpd_under_the_same_name_is_told),
        TEST(hosts_that_declare_the_same_do_not_differ),
        TEST(whatever_is_declared_of_an_app_can_differ),
        TEST(hosts_that_are_reloaded_one_after_the_other_are_no_alarm),
        TEST(what_lasts_is_told_once_and_so_is_its_end),
        TEST(many_differences_are_one_message),
        TEST(a_host_that_is_not_there_any_more_does_not_differ),
        TEST(what_another_master_key_has_made_is_not_compared),
        TEST(the_first_of_two_master_keys_counts),
        TEST(a_diagnosis_finds_them_too),
        TEST(what_no_host_declares_any_more_is_disabled),
        TEST(what_another_host_declares_stays),
        TEST(an_app_that_is_half_declared_is_not_gone),
        TEST(what_is_declared_just_then_stays),
        TEST(a_host_that_has_not_declared_its_own_judges_nobody),
        TEST(a_stored_secret_stays_until_all_live_hosts_declare_the_app),
        TEST(it_is_not_erased_at_once),
        TEST(the_old_one_of_two_is_erased_too),
        TEST(a_stored_secret_of_the_database_s_apps_stays),
        TEST(an_app_that_others_serve_from_the_database_is_not_gone_yet),
        TEST(without_a_change_little_is_looked_at),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_hosts", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
