/* SPDX-License-Identifier: Apache-2.0
 * <DygwApp> and <DygwStore>: what is made of their directives. Httpd is played by a few lines; what
 * configtest says of mistakes is in t/server/configtest_declared.t.
 * links: cfg/sections.c cfg/parse.c gateway/declared.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "cfg/secret.h"
#include "cfg/sections.h"
#include "cfg/tree.h"
#include "util/compiler.h"

#define KEY    "key-of-pos"
#define SECRET "a-secret-of-an-app-1"
#define OLD    "a-secret-of-an-app-0"

module AP_MODULE_DECLARE_DATA dygw_module;
const char dygw_secret_unread[] = "";
static dygw_cfg_t cfg;
static server_rec server;
static int is_test;

/* --- the room beside it --- */

dygw_cfg_t *dygw_cfg_get(DYGW_UNUSED const server_rec *s)
{
    return &cfg;
}

const char *dygw_cfg_place(apr_pool_t *p, const ap_directive_t *node)
{
    return apr_psprintf(p, "%s:%d", node->filename, node->line_num);
}

int dygw_tree_is(const ap_directive_t *node, const char *name)
{
    return apr_cstr_casecmp(node->directive, name) == 0;
}

const char *dygw_secret_tolerate(DYGW_UNUSED const cmd_parms *cmd, const char *arg, const char *message,
                                 DYGW_UNUSED const char *effect, int *unread)
{
    *unread = strncmp(arg, "file:", 5) == 0 && !is_test;
    return *unread ? NULL : message;
}

const char *dygw_secret_read(cmd_parms *cmd, const char *arg, const char *effect, const char **value)
{
    int unread = 0;
    const char *message = strcmp(arg, "file:gone") == 0 ? "it is gone" : NULL;

    message = message ? dygw_secret_tolerate(cmd, arg, message, effect, &unread) : NULL;
    *value = unread ? dygw_secret_unread : arg + (strncmp(arg, "file:", 5) == 0 ? 5 : 0);
    return message;
}

/* --- httpd --- */

apr_status_t ap_timeout_parameter_parse(DYGW_UNUSED const char *text, DYGW_UNUSED apr_interval_time_t *timeout,
                                        DYGW_UNUSED const char *unit)
{
    return APR_EGENERAL;
}

int ap_cstr_casecmp(const char *a, const char *b)
{
    return apr_cstr_casecmp(a, b);
}

char *ap_getword_conf(apr_pool_t *p, const char **line)
{
    const char *begin = *line + strspn(*line, " ");
    apr_size_t len = strcspn(begin, " ");

    *line = begin + len + strspn(begin + len, " ");
    return apr_pstrmemdup(p, begin, len);
}

ap_conf_vector_t *ap_create_per_dir_config(apr_pool_t *p)
{
    return apr_pcalloc(p, sizeof(void *));
}

#define COMMAND(name, arguments, setter, help) AP_INIT_##arguments(#name, setter, NULL, RSRC_CONF, help),
static const command_rec commands[] = { DYGW_APP_DIRECTIVES(COMMAND) DYGW_STORE_DIRECTIVES(COMMAND){ .name = NULL } };

static const char *call(cmd_parms *cmd, void *made, const char *args)
{
    const char *first;

    if (cmd->cmd->args_how != TAKE12) {
        return cmd->cmd->AP_TAKE1(cmd, made, args);
    }
    first = ap_getword_conf(pool, &args);
    return cmd->cmd->AP_TAKE2(cmd, made, first, *args ? args : NULL);
}

const char *ap_walk_config(ap_directive_t *node, cmd_parms *cmd, ap_conf_vector_t *vector)
{
    const char *error = NULL;

    for (; node && !error; node = node->next) {
        cmd->directive = node;
        cmd->cmd = commands;
        while (strcmp(cmd->cmd->name, node->directive) != 0) {
            cmd->cmd++;
        }
        error = call(cmd, ap_get_module_config(vector, &dygw_module), node->args);
    }
    return error;
}

/* --- a section --- */

static int begin(void **state)
{
    make_pool(state);
    memset(&cfg, 0, sizeof cfg);
    is_test = 0;
    return 0;
}

/* Reads a section of the lines, "directive arguments" each, up to NULL. */
static const char *read_section(const char *name, const char *arg, const char *const *lines)
{
    const command_rec section = { .name = name };
    ap_directive_t *node = apr_pcalloc(pool, sizeof *node), **end = &node->first_child;
    cmd_parms cmd = { .pool = pool, .temp_pool = pool, .server = &server, .cmd = &section, .directive = node };

    node->filename = "apps.conf";
    node->line_num = 7;
    for (int line = 8; *lines; line++, lines++) {
        const char *args = *lines;

        *end = apr_pcalloc(pool, sizeof **end);
        (*end)->directive = ap_getword_conf(pool, &args);
        (*end)->args = args;
        (*end)->filename = node->filename;
        (*end)->line_num = line;
        end = &(*end)->next;
    }
    return strcmp(name, "<DygwApp") == 0 ? dygw_set_app(&cmd, NULL, arg) : dygw_set_store(&cmd, NULL, arg);
}

static const dygw_declared_app_t *read_app(const char *const *lines)
{
    const char *error = read_section("<DygwApp", "pos>", lines);

    assert_null(error);
    return APR_ARRAY_IDX(cfg.written->apps, cfg.written->apps->nelts - 1, const dygw_declared_app_t *);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* --- tests --- */

static void an_app_has_what_its_section_says(DYGW_UNUSED void **state)
{
    const dygw_declared_app_t *app
        = read_app(LINES("DygwAppName Tills", "DygwAppClientKey " KEY, "DygwAppSecret " SECRET " " OLD,
                         "DygwAppStores 7001 6994674961470212127", "DygwAppTokenRead on", "DygwAppStatus disabled",
                         "DygwAppRateLimit 50 100"));

    assert_string_equal(app->code, "pos");
    assert_string_equal(app->name, "Tills");
    assert_string_equal(app->client_key, KEY);
    assert_string_equal(app->secret, SECRET);
    assert_string_equal(app->old_secret, OLD);
    assert_int_equal(app->stores->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(app->stores, 0, const char *), "7001");
    assert_string_equal(APR_ARRAY_IDX(app->stores, 1, const char *), "6994674961470212127");
    assert_int_equal(app->allow_token_read, 1);
    assert_int_equal(app->is_disabled, 1);
    assert_int_equal(app->rate_per_second, 50);
    assert_int_equal(app->rate_burst, 100);
    assert_string_equal(app->place, "apps.conf:7");
}

static void what_does_not_stand_there_has_its_default(DYGW_UNUSED void **state)
{
    const dygw_declared_app_t *app = read_app(LINES("DygwAppClientKey " KEY, "DygwAppSecret " SECRET));

    assert_string_equal(app->name, "pos");
    assert_null(app->old_secret);
    assert_null(app->stores);
    assert_int_equal(app->allow_token_read, 0);
    assert_int_equal(app->is_disabled, 0);
    assert_int_equal(app->rate_per_second, DYGW_RATE_OF_ALL);
}

static void none_is_an_empty_list_and_off_is_no_limit(DYGW_UNUSED void **state)
{
    const dygw_declared_app_t *app = read_app(
        LINES("DygwAppClientKey " KEY, "DygwAppSecret " SECRET, "DygwAppStores None", "DygwAppRateLimit off"));

    assert_int_equal(app->stores->nelts, 0);
    assert_int_equal(app->rate_per_second, 0);
    assert_int_equal(app->rate_burst, 0);
}

/* More has no room in a column of MySQL, and an app of /internal has no more either. */
static void an_app_has_at_most_a_thousand_stores(DYGW_UNUSED void **state)
{
    char *many = apr_pstrdup(pool, "DygwAppStores");
    int i;

    for (i = 0; i < 1000; i++) {
        many = apr_psprintf(pool, "%s s%d", many, i);
    }
    assert_int_equal(read_app(LINES("DygwAppClientKey " KEY, "DygwAppSecret " SECRET, many))->stores->nelts, 1000);
    many = apr_pstrcat(pool, many, " one-more", NULL);
    assert_string_equal(
        read_section("<DygwApp", "kiosk>", LINES("DygwAppClientKey " KEY, "DygwAppSecret " SECRET, many)),
        "DygwAppStores: at most 1000 stores: declare an app without it for all stores, or several apps");
}

static void a_store_has_what_its_section_says(DYGW_UNUSED void **state)
{
    const char *error
        = read_section("<DygwStore", "7001>", LINES("DygwStorePoi 99", "DygwStoreAccount 701", "DygwStoreName Shop"));
    const dygw_declared_store_t *store;

    assert_null(error);
    store = APR_ARRAY_IDX(cfg.written->stores, 0, const dygw_declared_store_t *);
    assert_string_equal(store->code, "7001");
    assert_string_equal(store->poi_id, "99");
    assert_string_equal(store->account_id, "701");
    assert_string_equal(store->name, "Shop");
    assert_string_equal(store->place, "apps.conf:7");
}

static void a_store_has_no_account_and_no_name_unless_given(DYGW_UNUSED void **state)
{
    const dygw_declared_store_t *store;

    assert_null(read_section("<DygwStore", "7001>", LINES("DygwStorePoi 99")));
    store = APR_ARRAY_IDX(cfg.written->stores, 0, const dygw_declared_store_t *);
    assert_null(store->account_id);
    assert_null(store->name);
}

static void a_secret_that_is_not_to_be_had_leaves_an_app_without_one(DYGW_UNUSED void **state)
{
    const dygw_declared_app_t *app = read_app(LINES("DygwAppClientKey " KEY, "DygwAppSecret file:gone file:" OLD));

    assert_null(app->secret);
    assert_string_equal(app->old_secret, OLD);
    app = read_app(LINES("DygwAppClientKey " KEY, "DygwAppSecret file:too-short file:gone"));
    assert_null(app->secret);
    assert_null(app->old_secret);
}

static void an_old_secret_that_is_the_new_one_does_not_count(DYGW_UNUSED void **state)
{
    const dygw_declared_app_t *app = read_app(LINES("DygwAppClientKey " KEY, "DygwAppSecret " SECRET " file:" SECRET));

    assert_string_equal(app->secret, SECRET);
    assert_null(app->old_secret);
}

static void configtest_refuses_what_a_start_tolerates(DYGW_UNUSED void **state)
{
    is_test = 1;
    assert_non_null(read_section("<DygwApp", "pos>", LINES("DygwAppClientKey " KEY, "DygwAppSecret file:gone")));
    assert_non_null(read_section("<DygwApp", "pos>", LINES("DygwAppClientKey " KEY, "DygwAppSecret file:too-short")));
    assert_non_null(
        read_section("<DygwApp", "pos>", LINES("DygwAppClientKey " KEY, "DygwAppSecret " SECRET " " SECRET)));
    assert_int_equal(cfg.written->apps->nelts, 0);
}

static void a_secret_in_the_configuration_is_never_tolerated(DYGW_UNUSED void **state)
{
    const char *error = read_section("<DygwApp", "pos>", LINES("DygwAppClientKey " KEY, "DygwAppSecret too-short"));

    assert_non_null(error);
    assert_null(strstr(error, "too-short"));
}

static void a_directive_without_its_section_is_refused(DYGW_UNUSED void **state)
{
    for (const command_rec *command = commands; command->name; command++) {
        cmd_parms cmd = { .pool = pool, .temp_pool = pool, .server = &server, .cmd = command };
        const char *error = call(&cmd, NULL, "1");

        assert_non_null(error);
        assert_non_null(
            strstr(error, strncmp(command->name, "DygwApp", 7) == 0 ? "stands in <DygwApp" : "stands in <DygwStore"));
    }
}

static void the_first_of_all_is_remembered(DYGW_UNUSED void **state)
{
    assert_null(read_section("<DygwStore", "7001>", LINES("DygwStorePoi 99")));
    assert_null(read_section("<DygwStore", "7002>", LINES("DygwStorePoi 98")));
    assert_string_equal(cfg.written->first, "<DygwStore> (apps.conf:7)");
    assert_int_equal(cfg.written->stores->nelts, 2);
    assert_non_null(cfg.declared);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_app_has_what_its_section_says),
        TEST(what_does_not_stand_there_has_its_default),
        TEST(none_is_an_empty_list_and_off_is_no_limit),
        TEST(an_app_has_at_most_a_thousand_stores),
        TEST(a_store_has_what_its_section_says),
        TEST(a_store_has_no_account_and_no_name_unless_given),
        TEST(a_secret_that_is_not_to_be_had_leaves_an_app_without_one),
        TEST(an_old_secret_that_is_the_new_one_does_not_count),
        TEST(configtest_refuses_what_a_start_tolerates),
        TEST(a_secret_in_the_configuration_is_never_tolerated),
        TEST(a_directive_without_its_section_is_refused),
        TEST(the_first_of_all_is_remembered),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("cfg_sections", tests, NULL, NULL);
}
