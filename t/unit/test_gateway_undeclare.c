/* SPDX-License-Identifier: Apache-2.0
 * Declared apps over several hosts: what is gone, and which stored secrets are erased.
 * links: gateway/apps/hosts.c gateway/apps/undeclare.c gateway/apps/declarations.c gateway/apps/audit.c
 * links: gateway/declared.c gateway/host.c gateway/db_work.c
 * helpers: hosting.c fake_world.c fake_store.c fake_apps.c fake_douyin.c own_pool.c */
#include "support/hosting.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "util/compiler.h"

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

    id = hosts_version == 1 ? 1 : id + 1;
    hosts_version++;
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

    declare(a, "till")->client_key = "another";
    declare(a, "web")->client_key = "of-the-web";
    fake_store_app(1)->client_key = "of-the-web";
    turn(a);
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(kiosk->status, DYGW_APP_ACTIVE);
}

static void b_declares_the_till(void)
{
    dygw_declaration_t d = { .client_key = "key-till", .code = "till", .fingerprint = "fingerprint" };
    hosted_t *row = host_make_row("b");

    *row = (hosted_t){ "b", "digest", hosts_steady / 1000 + DYGW_HOST_TTL_MS, apr_array_make(pool, 1, sizeof(d)) };
    APR_ARRAY_PUSH(row->declarations, dygw_declaration_t) = d;
}

static void what_is_declared_just_then_stays(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");

    turn(a);
    hosts_before_holders = b_declares_the_till;
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(fake_store_entries(), 0);
}

static void a_host_that_has_not_declared_its_own_judges_nobody(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");

    hosts_mirror_fails = APR_EGENERAL;
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
    assert_int_equal(hosts_erased, 1);
    assert_int_equal(fake_logged("DYGW0740: app till "), 1);
}

/* Nor before each host has said twice what it declares: one may just be taking its section away. */
static void nor_before_all_hosts_have_been_heard_of_again(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    declare(a, "till");
    declare(b, "till");
    both_for_sec(2 * DYGW_HOSTS_PAUSE_MS / 1000 + 4);
    assert_string_equal(till->secret_sealed, "sealed");
}

/* Requests that the generation before a reload is reading need it yet. */
static void it_is_not_erased_at_once(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");
    int i;

    declare(a, "till");
    for (i = 0; i < DYGW_HOSTS_REST_ALONE_MS / 1000; i++) {
        turn(a);
        lead(a);
        pass_sec(1);
    }
    assert_string_equal(till->secret_sealed, "sealed");
    turn(a);
    lead(a);
    assert_string_equal(till->secret_sealed, "");
}

/* It does not sign there: the section may be taken away again. But it is not gone either. */
static void a_stored_secret_stays_while_a_host_could_not_read_its_own(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");
    dygw_declared_app_t *of_b;

    declare(a, "till");
    of_b = declare(b, "till");
    of_b->secret = NULL;
    both_for_sec(300);
    assert_string_equal(till->secret_sealed, "sealed");
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(differences(a), 1);
    of_b->secret = SECRET;
    reload(b);
    both_for_sec(DYGW_HOSTS_PAUSE_MS / 1000 + DYGW_HOSTS_REST_MS / 1000 + 2);
    assert_string_equal(till->secret_sealed, "");
}

static void what_no_host_could_read_the_secret_of_is_not_gone(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    declare(a, "till")->secret = NULL;
    declare(b, "till")->secret = NULL;
    both_for_sec(100);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_string_equal(till->secret_sealed, "sealed");
    assert_int_equal(differences(a), 0);
}

static void the_old_one_of_two_is_erased_too(DYGW_UNUSED void **state)
{
    dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    till->old_secret_sealed = "sealed-before";
    declare(a, "till");
    declare(b, "till");
    both_for_sec(DYGW_HOSTS_PAUSE_MS / 1000 + DYGW_HOSTS_REST_MS / 1000 + 2);
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

static void a_for_sec(int seconds)
{
    for (; seconds > 0; seconds--) {
        turn(a);
        lead(a);
        pass_sec(1);
    }
}

/* The host that took the app over dies before the other is reloaded, which serves the app. */
static void an_app_that_others_serve_from_the_database_goes_back_there(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    declare(b, "till");
    both_for_sec(2);
    assert_int_equal(fake_logged("DYGW0741"), 0);
    a_for_sec(200);
    assert_int_equal(till->source, DYGW_APP_OF_CONFIG);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_string_equal(till->secret_sealed, "sealed");
    assert_true(fake_logged("DYGW0741: app till was taken over by httpd.conf of a host") > 0);
    pass_sec(86400 + 61);
    a_for_sec(122);
    assert_int_equal(hosts_forgotten, 1);
    assert_int_equal(till->source, DYGW_APP_OF_DATABASE);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_string_equal(till->secret_sealed, "sealed");
    assert_null(till->declared_in);
    assert_string_equal(fake_store_entry(0)->action, "app.undeclare");
    assert_string_equal(fake_store_entry(0)->before_state, "{\"source\":\"config\"}");
    assert_string_equal(fake_store_entry(0)->after_state, "{\"source\":\"database\"}");
    assert_int_equal(fake_logged("DYGW0742: app till "), 1);
}

/* The host that took it over is reloaded without the section before the other is reloaded with it. */
static void a_take_over_that_is_undone_is_undone(DYGW_UNUSED void **state)
{
    dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    till->old_secret_sealed = "sealed-before";
    till->declared_in = "/etc/dygw.conf:7";
    declare(b, "till");
    both_for_sec(30);
    b->gateway.declared = NULL;
    reload(b);
    both_for_sec(12);
    assert_int_equal(till->source, DYGW_APP_OF_DATABASE);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_string_equal(till->secret_sealed, "sealed");
    assert_string_equal(till->old_secret_sealed, "sealed-before");
    assert_null(till->declared_in);
}

/* There is nobody else who serves it. */
static void where_there_is_one_host_an_app_without_a_section_is_gone(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "sealed");

    declare(a, "till");
    a_for_sec(3);
    a->gateway.declared = NULL;
    reload(a);
    a_for_sec(12);
    assert_int_equal(till->source, DYGW_APP_OF_CONFIG);
    assert_int_equal(till->status, DYGW_APP_DISABLED);
    assert_string_equal(till->secret_sealed, "");
}

static void without_a_change_little_is_looked_at(DYGW_UNUSED void **state)
{
    int looks;

    declare(a, "till");
    declare(b, "till");
    both_for_sec(DYGW_HOSTS_PAUSE_MS / 1000 + DYGW_HOSTS_REST_MS / 1000 + 2);
    looks = fake_store_calls(FAKE_APP_EACH);
    both_for_sec(180);
    assert_in_range(fake_store_calls(FAKE_APP_EACH) - looks, 2, 4);
}

/* What this host declares is lost, and not stored again yet. */
static void a_host_that_is_not_live_itself_judges_nobody(DYGW_UNUSED void **state)
{
    const dygw_app_t *till = add_app("till", DYGW_APP_OF_CONFIG, "");

    declare(a, "till");
    turn(a);
    turn(b);
    memset(host_row("a"), 0, sizeof(hosted_t));
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    pass_sec(10);
    turn(a);
    lead(a);
    assert_int_equal(till->status, DYGW_APP_ACTIVE);
    assert_int_equal(fake_store_entries(), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_hosts, destroy_pool)
    const struct CMUnitTest tests[] = {
        TEST(what_no_host_declares_any_more_is_disabled),
        TEST(what_another_host_declares_stays),
        TEST(an_app_that_is_half_declared_is_not_gone),
        TEST(what_is_declared_just_then_stays),
        TEST(a_host_that_has_not_declared_its_own_judges_nobody),
        TEST(a_host_that_is_not_live_itself_judges_nobody),
        TEST(a_stored_secret_stays_until_all_live_hosts_declare_the_app),
        TEST(it_is_not_erased_at_once),
        TEST(nor_before_all_hosts_have_been_heard_of_again),
        TEST(a_stored_secret_stays_while_a_host_could_not_read_its_own),
        TEST(what_no_host_could_read_the_secret_of_is_not_gone),
        TEST(the_old_one_of_two_is_erased_too),
        TEST(a_stored_secret_of_the_database_s_apps_stays),
        TEST(an_app_that_others_serve_from_the_database_goes_back_there),
        TEST(a_take_over_that_is_undone_is_undone),
        TEST(where_there_is_one_host_an_app_without_a_section_is_gone),
        TEST(without_a_change_little_is_looked_at),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_undeclare", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
