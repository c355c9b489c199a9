/* SPDX-License-Identifier: Apache-2.0
 * Declared apps over several hosts: what each stores, and where they differ.
 * links: gateway/apps/hosts.c gateway/apps/undeclare.c gateway/apps/declarations.c gateway/apps/audit.c
 * links: gateway/declared.c gateway/host.c gateway/db_work.c
 * helpers: hosting.c fake_world.c fake_store.c fake_apps.c fake_douyin.c own_pool.c */
#include "support/hosting.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/apps/declarations.h"
#include "util/compiler.h"

/* --- what a host stores --- */

static void at_first_a_host_stores_what_it_declares(DYGW_UNUSED void **state)
{
    const dygw_declaration_t *d;

    declare(a, "till");
    declare(a, "kiosk");
    fake_trace();
    turn(a);
    assert_string_equal(fake_trace(), "open declares close mirror");
    assert_int_equal(host_row("a")->declarations->nelts, 2);
    d = &APR_ARRAY_IDX(host_row("a")->declarations, 0, dygw_declaration_t);
    assert_string_equal(d->client_key, "key-kiosk");
    assert_string_equal(d->code, "kiosk");
    assert_string_equal(d->declared_in, "/etc/dygw.conf:7");
}

static void nothing_stored_shows_a_secret(DYGW_UNUSED void **state)
{
    const dygw_declaration_t *d;

    declare(a, "till")->old_secret = "one-of-before-it";
    turn(a);
    d = &APR_ARRAY_IDX(host_row("a")->declarations, 0, dygw_declaration_t);
    assert_int_equal(strlen(d->fingerprint), DYGW_FINGERPRINT_LEN);
    assert_null(strstr(d->fingerprint, SECRET));
    assert_null(strstr(host_row("a")->digest, SECRET));
}

/* For a request that comes before the first turn. */
static void what_is_stored_already_is_not_stored_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    assert_int_equal(dygw_declarations_store(FAKE_CTX(&a->gateway, pool), NULL), APR_SUCCESS);
    assert_int_equal(host_row("a")->declarations->nelts, 1);
    assert_int_equal(dygw_declarations_store(FAKE_CTX(&a->gateway, pool), NULL), APR_SUCCESS);
    assert_int_equal(hosts_declares, 1);
    pass_sec(61); /* not live any more */
    assert_int_equal(dygw_declarations_store(FAKE_CTX(&a->gateway, pool), NULL), APR_SUCCESS);
    assert_int_equal(hosts_declares, 2);
    declare(a, "kiosk");
    assert_int_equal(dygw_declarations_store(FAKE_CTX(&a->gateway, pool), NULL), APR_SUCCESS);
    assert_int_equal(host_row("a")->declarations->nelts, 2);
}

static void afterwards_it_says_now_and_then_that_it_is_there(DYGW_UNUSED void **state)
{
    int i;

    declare(a, "till");
    for (i = 0; i < 100; i++) {
        turn(a);
        pass_sec(1);
    }
    assert_int_equal(hosts_declares, 1);
    assert_int_equal(hosts_mirrored, 1);
    assert_int_equal(hosts_renewals, 9);
}

static void a_host_that_declares_nothing_is_there_too(DYGW_UNUSED void **state)
{
    a->gateway.declared = NULL;
    turn(a);
    assert_true(host_left(host_row("a")) > 0);
    assert_int_equal(host_row("a")->declarations->nelts, 0);
}

static void what_was_lost_is_stored_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    turn(a);
    memset(hosted, 0, sizeof(hosted)); /* an older copy of the database is back */
    pass_sec(10);
    turn(a);
    assert_int_equal(host_row("a")->declarations->nelts, 1);
    assert_int_equal(hosts_mirrored, 2);
}

/* Meanwhile its apps may have been taken for gone. */
static void a_host_that_was_cut_off_declares_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    turn(a);
    pass_sec(61);
    turn(a);
    assert_int_equal(hosts_declares, 2);
    assert_int_equal(hosts_mirrored, 2);
}

static void a_database_that_fails_is_tried_again_soon(DYGW_UNUSED void **state)
{
    declare(a, "till");
    hosts_store_fails = APR_EGENERAL;
    turn(a);
    assert_int_equal(hosts_mirrored, 0);
    hosts_store_fails = APR_SUCCESS;
    pass_sec(1);
    turn(a);
    assert_int_equal(hosts_mirrored, 0);
    pass_sec(2);
    turn(a);
    assert_int_equal(hosts_mirrored, 1);
}

static void apps_whose_rows_could_not_be_made_are_tried_again(DYGW_UNUSED void **state)
{
    declare(a, "till");
    hosts_mirror_fails = APR_EGENERAL;
    turn(a);
    hosts_mirror_fails = APR_SUCCESS;
    pass_sec(3);
    turn(a);
    assert_int_equal(hosts_mirrored, 2);
    pass_sec(10);
    turn(a);
    assert_int_equal(hosts_mirrored, 2);
}

static void an_outage_alone_declares_nothing_anew(DYGW_UNUSED void **state)
{
    declare(a, "till");
    turn(a);
    pass_sec(10);
    hosts_store_fails = APR_EGENERAL;
    turn(a);
    hosts_store_fails = APR_SUCCESS;
    pass_sec(3);
    turn(a);
    assert_int_equal(hosts_declares, 1);
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
    assert_int_equal(hosts_declares, 1);
    assert_int_equal(host_row("a")->declarations->nelts, 1);
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

/* Else the apps of each would be gone and back again all the time. */
static void two_httpds_under_one_name_do_not_fight(DYGW_UNUSED void **state)
{
    int i;

    b->gateway.host_id = "a";
    declare(a, "till");
    for (i = 0; i < 300; i++) {
        turn(a);
        turn(b);
        pass_sec(1);
    }
    assert_in_range(hosts_declares, 2, 6);
    assert_true(host_left(host_row("a")) > 0);
    assert_true(fake_logged("DYGW0738") > 0);
}

static void when_the_other_one_is_gone_a_host_declares_again(DYGW_UNUSED void **state)
{
    int i;

    b->gateway.host_id = "a";
    declare(a, "till");
    for (i = 0; i < 300; i++) {
        turn(a);
        turn(b);
        pass_sec(1);
    }
    for (i = 0; i < 610; i++) {
        turn(a);
        pass_sec(1);
    }
    assert_int_equal(host_row("a")->declarations->nelts, 1);
}

/* A database that is back from a backup now and then. */
static void what_was_set_right_is_forgotten(DYGW_UNUSED void **state)
{
    int i;

    declare(a, "till");
    turn(a);
    for (i = 0; i < 5; i++) {
        host_row("a")->digest = "of-before";
        pass_sec(10);
        turn(a);
        assert_string_not_equal(host_row("a")->digest, "of-before");
        pass_sec(10);
        turn(a);
    }
    assert_int_equal(fake_logged("DYGW0738"), 0);
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
    set_up_hosts(&state);
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

static void a_dead_host_among_others_is_not_counted(DYGW_UNUSED void **state)
{
    site_t *c = make_site(&a->gateway, "c");
    apr_array_header_t *found;

    declare(c, "kiosk");
    turn(c);
    pass_sec(70);
    declare(a, "till");
    both_for_sec(12);
    assert_int_equal(differences(a), 1);
    assert_int_equal(dygw_declarations_differ(FAKE_CTX(&a->gateway, pool), NULL, &found), APR_SUCCESS);
    assert_int_equal(found->nelts, 1);
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
    declare(a, "web");
    declare(b, "web")->client_key = "another";
    reload(b);
    reload(a);
    assert_int_equal(differences(a), 2);
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
    assert_int_equal(dygw_declarations_differ(FAKE_CTX(&a->gateway, pool), NULL, &found), APR_SUCCESS);
    assert_int_equal(found->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(found, 0, dygw_difference_t).host, "b");
    assert_string_equal(APR_ARRAY_IDX(found, 0, dygw_difference_t).names, "till (only here)");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_hosts, destroy_pool)
    const struct CMUnitTest tests[] = {
        TEST(at_first_a_host_stores_what_it_declares),
        TEST(nothing_stored_shows_a_secret),
        TEST(what_is_stored_already_is_not_stored_again),
        TEST(afterwards_it_says_now_and_then_that_it_is_there),
        TEST(a_host_that_declares_nothing_is_there_too),
        TEST(what_was_lost_is_stored_again),
        TEST(a_host_that_was_cut_off_declares_again),
        TEST(a_database_that_fails_is_tried_again_soon),
        TEST(apps_whose_rows_could_not_be_made_are_tried_again),
        TEST(an_outage_alone_declares_nothing_anew),
        TEST(a_child_of_an_earlier_generation_undoes_nothing),
        TEST(another_httpd_under_the_same_name_is_told),
        TEST(two_httpds_under_one_name_do_not_fight),
        TEST(when_the_other_one_is_gone_a_host_declares_again),
        TEST(what_was_set_right_is_forgotten),
        TEST(hosts_that_declare_the_same_do_not_differ),
        TEST(whatever_is_declared_of_an_app_can_differ),
        TEST(hosts_that_are_reloaded_one_after_the_other_are_no_alarm),
        TEST(what_lasts_is_told_once_and_so_is_its_end),
        TEST(many_differences_are_one_message),
        TEST(a_host_that_is_not_there_any_more_does_not_differ),
        TEST(a_dead_host_among_others_is_not_counted),
        TEST(what_another_master_key_has_made_is_not_compared),
        TEST(the_first_of_two_master_keys_counts),
        TEST(a_diagnosis_finds_them_too),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_hosts", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
