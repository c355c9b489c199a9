/* SPDX-License-Identifier: Apache-2.0
 * dygw_apps: what is unique, what is listed, and how every change is noticed. */
#include "suite.h"

#include "util/compiler.h"

#define PAGED_APPS 1000 /* more than are read by one query */

static dygw_app_t *new_app(void)
{
    dygw_app_t *app = apr_pcalloc(suite_pool, sizeof(*app));

    app->name = "\xe6\x94\xb6\xe9\x93\xb6 50%_off";
    app->code = suite_unique_text("code_");
    app->description = "it's the \"till\"";
    app->client_key = suite_unique_text("key-");
    app->secret_sealed = "v1.abcd.sealed";
    app->old_secret_until = DYGW_NO_TIME;
    app->allow_token_read = 1;
    app->created_at = app->updated_at = T0;
    app->last_used_at = DYGW_NO_TIME;
    return app;
}

/* What a change is to do, and what it found. */
typedef struct wish_t {
    const char *name; /* NULL: nothing after all */
    apr_array_header_t *poi_ids;
    apr_int64_t entry_id;
    const char *found_name;
} wish_t;

static int edit(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    wish_t *wish = baton;

    wish->found_name = app->name;
    wish->entry_id = suite_unique();
    *entry = (dygw_audit_entry_t){
        .id = wish->entry_id,
        .at = T0,
        .actor = "zhang",
        .action = "app.change",
        .after_state = "{}",
    };
    if (wish->name) {
        app->name = wish->name;
        app->description = NULL;
        app->status = DYGW_APP_DISABLED;
        app->poi_ids = wish->poi_ids;
        app->allow_token_read = 0;
        app->old_secret_sealed = app->secret_sealed;
        app->old_secret_until = T0 + 8;
        app->secret_sealed = "v1.new";
        app->updated_at = T0 + 9;
    }
    return wish->name != NULL;
}

static apr_int64_t entries_of(const wish_t *wish)
{
    const char *sql
        = apr_psprintf(suite_pool, "SELECT COUNT(*) FROM dygw_audit WHERE id = %" APR_INT64_T_FMT, wish->entry_id);

    return apr_atoi64(APR_ARRAY_IDX(suite_ask(1, sql), 0, const char *));
}

static apr_status_t change_app(apr_int64_t id, wish_t *wish, dygw_app_t **app)
{
    dygw_db_t *db = suite_open(0);
    apr_status_t rv = dygw_store_app_change(db, id, edit, wish, app, suite_pool);

    dygw_db_close(db);
    return rv;
}

static apr_status_t insert_app(int host, dygw_app_t *app, const char **taken)
{
    dygw_db_t *db = suite_open(host);
    wish_t wish = { .name = NULL };
    apr_status_t rv = dygw_store_app_insert(db, app, edit, &wish, taken);

    dygw_db_close(db);
    return rv;
}

static dygw_app_t *made_app(void)
{
    dygw_app_t *app = new_app();
    const char *taken;

    assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    return app;
}

static dygw_app_t *read_app(apr_int64_t id)
{
    dygw_db_t *db = suite_open(1);
    dygw_app_t *app = NULL;

    assert_int_equal(dygw_store_app_get(db, id, &app, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    return app;
}

static apr_int64_t apps_version(void)
{
    dygw_db_t *db = suite_open(1);
    apr_int64_t alone;
    dygw_tick_t tick;

    assert_int_equal(dygw_store_tick(db, &tick, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_app_version(db, &alone), APR_SUCCESS);
    assert_true(alone == tick.apps_version);
    dygw_db_close(db);
    return tick.apps_version;
}

static apr_array_header_t *stores(int count, ...)
{
    apr_array_header_t *list = apr_array_make(suite_pool, 2, sizeof(const char *));
    va_list args;

    va_start(args, count);
    while (count-- > 0) {
        APR_ARRAY_PUSH(list, const char *) = va_arg(args, const char *);
    }
    va_end(args);
    return list;
}

static void assert_same_app(const dygw_app_t *a, const dygw_app_t *b)
{
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->code, b->code);
    assert_string_equal(a->description, b->description);
    assert_string_equal(a->client_key, b->client_key);
    assert_string_equal(a->secret_sealed, b->secret_sealed);
    assert_int_equal(a->old_secret_until, b->old_secret_until);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->allow_token_read, b->allow_token_read);
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->updated_at, b->updated_at);
    assert_int_equal(a->last_used_at, b->last_used_at);
}

static void test_an_app_comes_back_as_it_was_made(DYGW_UNUSED void **state)
{
    dygw_app_t *app = made_app();
    dygw_app_t *full = new_app();
    dygw_app_t *back = read_app(app->id);
    const char *taken;

    assert_same_app(back, app);
    assert_null(back->poi_ids);
    assert_null(back->old_secret_sealed);
    full->old_secret_sealed = "v1.old";
    full->old_secret_until = T0 + 1;
    full->last_used_at = T0 + 2;
    full->status = DYGW_APP_DISABLED;
    full->allow_token_read = 0;
    full->poi_ids = stores(2, "7012345678901234567", "a\"b\\");
    assert_int_equal(insert_app(0, full, &taken), APR_SUCCESS);
    back = read_app(full->id);
    assert_same_app(back, full);
    assert_string_equal(back->old_secret_sealed, "v1.old");
    assert_int_equal(back->poi_ids->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(back->poi_ids, 1, const char *), "a\"b\\");
}

static void test_ids_of_apps_count_up(DYGW_UNUSED void **state)
{
    apr_int64_t first = made_app()->id;

    assert_true(first > 0);
    assert_int_equal(made_app()->id, first + 1);
}

static void test_no_store_and_all_stores_are_two_things(DYGW_UNUSED void **state)
{
    dygw_app_t *app = new_app();
    const char *taken;

    app->poi_ids = stores(0);
    assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    app = read_app(app->id);
    assert_non_null(app->poi_ids);
    assert_int_equal(app->poi_ids->nelts, 0);
}

static void test_what_cannot_be_read_admits_nobody(DYGW_UNUSED void **state)
{
    dygw_app_t *app = made_app();

    suite_ask(0, apr_psprintf(suite_pool,
                              "UPDATE dygw_apps SET poi_ids = '[\"70', status = 'x' "
                              "WHERE id = %" APR_INT64_T_FMT,
                              app->id));
    app = read_app(app->id);
    assert_non_null(app->poi_ids);
    assert_int_equal(app->poi_ids->nelts, 0);
    assert_int_equal(app->status, DYGW_APP_DISABLED);
}

static void test_client_key_and_code_are_unique(DYGW_UNUSED void **state)
{
    dygw_app_t *app = made_app();
    apr_int64_t version = apps_version();
    dygw_app_t *other = new_app();
    const char *taken;

    other->client_key = app->client_key;
    assert_int_equal(insert_app(0, other, &taken), APR_EEXIST);
    assert_string_equal(taken, "client_key");
    other = new_app();
    other->code = app->code;
    assert_int_equal(insert_app(1, other, &taken), APR_EEXIST);
    assert_string_equal(taken, "code");
    other->client_key = app->client_key;
    assert_int_equal(insert_app(1, other, &taken), APR_EEXIST);
    assert_string_equal(taken, "client_key");
    assert_int_equal(apps_version(), version);
    assert_int_equal(suite_errors, 0);
}

static void test_keys_that_differ_in_case_or_end_are_two(DYGW_UNUSED void **state)
{
    dygw_app_t *app = made_app();
    dygw_app_t *upper = new_app();
    dygw_app_t *longer = new_app();
    char *key = apr_pstrdup(suite_pool, app->client_key);
    const char *taken;

    key[0] = 'K';
    upper->client_key = key;
    longer->code = apr_pstrcat(suite_pool, app->code, "0", NULL);
    assert_int_equal(insert_app(0, upper, &taken), APR_SUCCESS);
    assert_int_equal(insert_app(0, longer, &taken), APR_SUCCESS);
}

static void test_apps_without_a_code_are_many(DYGW_UNUSED void **state)
{
    dygw_app_t *app = new_app();
    const char *taken;

    app->code = app->description = NULL;
    assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    app->client_key = suite_unique_text("key-");
    assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    app = read_app(app->id);
    assert_null(app->code);
    assert_null(app->description);
}

static void test_every_change_raises_the_version(DYGW_UNUSED void **state)
{
    apr_int64_t version = apps_version();
    wish_t wish = { .name = "new", .poi_ids = stores(1, "1") };
    dygw_app_t *app = made_app();
    const char *secret = app->secret_sealed;
    apr_int64_t id = app->id;

    assert_int_equal(apps_version(), version + 1);
    assert_int_equal(change_app(id, &wish, &app), APR_SUCCESS);
    assert_int_equal(apps_version(), version + 2);
    assert_string_equal(app->name, "new");
    app = read_app(id);
    assert_string_equal(app->name, "new");
    assert_null(app->description);
    assert_int_equal(app->status, DYGW_APP_DISABLED);
    assert_int_equal(app->allow_token_read, 0);
    assert_int_equal(app->updated_at, T0 + 9);
    assert_string_equal(app->secret_sealed, "v1.new");
    assert_string_equal(app->old_secret_sealed, secret);
    assert_int_equal(app->old_secret_until, T0 + 8);
    assert_int_equal(app->poi_ids->nelts, 1);
}

static void test_a_change_and_its_entry_are_one(DYGW_UNUSED void **state)
{
    wish_t wish = { .name = "new" };
    dygw_app_t *app = made_app();

    assert_int_equal(change_app(app->id, &wish, &app), APR_SUCCESS);
    assert_int_equal(entries_of(&wish), 1);
}

static void test_without_an_entry_there_is_no_change(DYGW_UNUSED void **state)
{
    wish_t wish = { .name = "new" };
    dygw_app_t *app = made_app();
    const char *name = app->name;
    apr_int64_t id = app->id;
    apr_int64_t version = apps_version();
    const char *taken;

    suite_ask(0, "ALTER TABLE dygw_audit RENAME TO dygw_audit_away");
    assert_int_not_equal(change_app(id, &wish, &app), APR_SUCCESS);
    assert_int_not_equal(insert_app(0, new_app(), &taken), APR_SUCCESS);
    suite_ask(0, "ALTER TABLE dygw_audit_away RENAME TO dygw_audit");
    suite_errors = 0;
    assert_string_equal(read_app(id)->name, name);
    assert_int_equal(apps_version(), version);
}

static void test_a_change_of_nothing_leaves_no_trace(DYGW_UNUSED void **state)
{
    wish_t wish = { .name = NULL };
    dygw_app_t *app = made_app();
    apr_int64_t id = app->id;
    apr_int64_t version = apps_version();

    assert_int_equal(change_app(id, &wish, &app), APR_SUCCESS);
    assert_int_equal(app->id, id);
    assert_string_equal(wish.found_name, app->name);
    assert_int_equal(entries_of(&wish), 0);
    assert_int_equal(apps_version(), version);
}

static void test_a_new_app_has_its_entry(DYGW_UNUSED void **state)
{
    dygw_app_t *app = new_app();
    wish_t wish = { .name = NULL };
    dygw_db_t *db = suite_open(0);
    const char *taken;

    assert_int_equal(dygw_store_app_insert(db, app, edit, &wish, &taken), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(entries_of(&wish), 1);
}

static void test_an_app_that_is_not_there_cannot_change(DYGW_UNUSED void **state)
{
    apr_int64_t version = apps_version();
    apr_int64_t id = suite_unique();
    wish_t wish = { .name = "new" };
    dygw_db_t *db = suite_open(0);
    dygw_app_t *found;

    assert_int_equal(dygw_store_app_get(db, id, &found, suite_pool), APR_NOTFOUND);
    dygw_db_close(db);
    assert_int_equal(change_app(id, &wish, &found), APR_NOTFOUND);
    assert_null(wish.found_name);
    assert_int_equal(apps_version(), version);
    assert_int_equal(suite_errors, 0);
}

/* --- what no cache need notice --- */

static void test_secrets_are_sealed_anew_where_they_are_the_same(DYGW_UNUSED void **state)
{
    dygw_app_t *app = new_app();
    apr_int64_t version;
    const char *taken;
    dygw_db_t *db;
    int done;

    app->old_secret_sealed = "v1.old";
    assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    version = apps_version();
    db = suite_open(0);
    {
        const dygw_app_reseal_t secrets[] = {
            { app->id, 0, app->secret_sealed, "v1.anew" },
            { app->id, 1, "v1.other", "v1.never" },
            { app->id, 1, "v1.old", "v1.old-anew" },
            { suite_unique(), 0, "v1.none", "v1.never" },
        };

        assert_int_equal(dygw_store_app_reseal(db, secrets, 4, &done), APR_SUCCESS);
    }
    dygw_db_close(db);
    assert_int_equal(done, 2);
    assert_string_equal(read_app(app->id)->secret_sealed, "v1.anew");
    assert_string_equal(read_app(app->id)->old_secret_sealed, "v1.old-anew");
    assert_int_equal(read_app(app->id)->updated_at, T0);
    assert_int_equal(apps_version(), version);
}

static void test_the_last_use_is_the_latest(DYGW_UNUSED void **state)
{
    dygw_app_t *app = made_app();
    apr_int64_t version = apps_version();
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_store_app_used(db, app->id, T0 + 5), APR_SUCCESS);
    assert_int_equal(read_app(app->id)->last_used_at, T0 + 5);
    assert_int_equal(dygw_store_app_used(db, app->id, T0 + 4), APR_SUCCESS);
    assert_int_equal(read_app(app->id)->last_used_at, T0 + 5);
    assert_int_equal(dygw_store_app_used(db, app->id, T0 + 86400000), APR_SUCCESS); /* before the clock was set back */
    assert_int_equal(dygw_store_app_used(db, app->id, T0 + 6), APR_SUCCESS);
    assert_int_equal(dygw_store_app_used(db, suite_unique(), T0), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(read_app(app->id)->last_used_at, T0 + 6);
    assert_int_equal(read_app(app->id)->updated_at, T0);
    assert_int_equal(apps_version(), version);
}

typedef struct seen_t {
    apr_int64_t last;
    int count;
    int ordered;
} seen_t;

static void see(void *baton, const dygw_app_t *app)
{
    seen_t *seen = baton;

    seen->ordered &= app->id > seen->last;
    seen->last = app->id;
    seen->count++;
}

static void test_each_gives_every_app_once(DYGW_UNUSED void **state)
{
    dygw_app_t *app = made_app();
    dygw_db_t *db = suite_open(0);
    seen_t seen = { 0, 0, 1 };
    dygw_page_t found;
    apr_int64_t version;

    assert_int_equal(dygw_store_app_each(db, &version, see, &seen), APR_SUCCESS);
    assert_int_equal(dygw_store_app_list(db, &(dygw_app_filter_t){ -1, NULL }, 0, 1, &found, suite_pool), APR_SUCCESS);
    assert_int_equal(seen.count, found.total);
    assert_int_equal(seen.last, app->id);
    assert_true(seen.ordered);
    dygw_db_close(db);
    assert_int_equal(version, apps_version());
}

static void test_each_goes_on_from_page_to_page(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    seen_t before = { 0, 0, 1 };
    seen_t after = { 0, 0, 1 };
    apr_int64_t version;
    int i;

    assert_int_equal(dygw_store_app_each(db, &version, see, &before), APR_SUCCESS);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    for (i = 0; i < PAGED_APPS; i++) {
        static const dygw_stmt_t quick = {
            "suite_app_quick",
            DYGW_SQL("INSERT INTO dygw_apps (id, name, client_key, secret_sealed, status, "
                     "created_at, updated_at) VALUES (%lld, %s, %s, 's', 'active', 1, 1)"),
        };
        const char *args[] = { dygw_db_int(db, before.last + 1 + i), "page", suite_unique_text("page-") };

        assert_int_equal(dygw_db_exec(db, &quick, NULL, args), APR_SUCCESS);
    }
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    assert_int_equal(dygw_store_app_each(db, &version, see, &after), APR_SUCCESS);
    assert_int_equal(after.count, before.count + PAGED_APPS);
    assert_int_equal(after.last, before.last + PAGED_APPS);
    assert_true(after.ordered);
    dygw_db_close(db);
}

/* How many apps a list finds, and the ids of its page. */
static apr_int64_t listed(int status, const char *q, int offset, int limit, apr_array_header_t **apps)
{
    dygw_db_t *db = suite_open(0);
    dygw_page_t found = { NULL, -1 };

    assert_int_equal(dygw_store_app_list(db, &(dygw_app_filter_t){ status, q }, offset, limit, &found, suite_pool),
                     APR_SUCCESS);
    dygw_db_close(db);
    *apps = found.rows;
    return found.total;
}

static void test_lists_are_filtered_and_paged(DYGW_UNUSED void **state)
{
    const char *mark = suite_unique_text("m");
    apr_array_header_t *apps;
    const char *taken;
    int i;

    for (i = 0; i < 5; i++) {
        dygw_app_t *app = new_app();

        app->status = i == 0 ? DYGW_APP_DISABLED : DYGW_APP_ACTIVE;
        app->name = i == 1 ? mark : "x";
        app->code = i == 2 ? apr_pstrcat(suite_pool, "a", mark, NULL) : NULL;
        app->client_key
            = i == 1 || i == 2 ? suite_unique_text("key-") : apr_psprintf(suite_pool, "k%d%s%d", i, mark, i);
        assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    }
    assert_int_equal(listed(-1, mark, 0, 10, &apps), 5);
    assert_int_equal(apps->nelts, 5);
    for (i = 1; i < 5; i++) {
        assert_true(APR_ARRAY_IDX(apps, i, dygw_app_t *)->id < APR_ARRAY_IDX(apps, i - 1, dygw_app_t *)->id);
    }
    assert_int_equal(listed(DYGW_APP_ACTIVE, mark, 0, 10, &apps), 4);
    assert_int_equal(listed(DYGW_APP_DISABLED, mark, 0, 10, &apps), 1);
    assert_int_equal(listed(-1, mark, 3, 3, &apps), 5);
    assert_int_equal(apps->nelts, 2);
    assert_int_equal(listed(-1, mark, 9, 3, &apps), 5);
    assert_int_equal(apps->nelts, 0);
    assert_int_equal(listed(-1, suite_unique_text("none"), 0, 3, &apps), 0);
}

static void test_lists_take_wildcards_literally(DYGW_UNUSED void **state)
{
    const char *mark = suite_unique_text("w");
    apr_array_header_t *apps;
    dygw_app_t *app = new_app();
    const char *taken;

    app->name = apr_pstrcat(suite_pool, mark, "100%_", NULL);
    assert_int_equal(insert_app(0, app, &taken), APR_SUCCESS);
    assert_int_equal(listed(-1, apr_pstrcat(suite_pool, mark, "100%_", NULL), 0, 2, &apps), 1);
    assert_int_equal(listed(-1, apr_pstrcat(suite_pool, mark, "%", NULL), 0, 2, &apps), 0);
    assert_int_equal(listed(-1, apr_pstrcat(suite_pool, mark, "_", NULL), 0, 2, &apps), 0);
    assert_int_equal(listed(-1, "'", 0, 2, &apps), 0);
}

void suite_apps(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_an_app_comes_back_as_it_was_made),
        SUITE_TEST(test_ids_of_apps_count_up),
        SUITE_TEST(test_no_store_and_all_stores_are_two_things),
        SUITE_TEST(test_what_cannot_be_read_admits_nobody),
        SUITE_TEST(test_client_key_and_code_are_unique),
        SUITE_TEST(test_keys_that_differ_in_case_or_end_are_two),
        SUITE_TEST(test_apps_without_a_code_are_many),
        SUITE_TEST(test_every_change_raises_the_version),
        SUITE_TEST(test_a_change_and_its_entry_are_one),
        SUITE_TEST(test_without_an_entry_there_is_no_change),
        SUITE_TEST(test_a_change_of_nothing_leaves_no_trace),
        SUITE_TEST(test_a_new_app_has_its_entry),
        SUITE_TEST(test_an_app_that_is_not_there_cannot_change),
        SUITE_TEST(test_secrets_are_sealed_anew_where_they_are_the_same),
        SUITE_TEST(test_the_last_use_is_the_latest),
        SUITE_TEST(test_each_gives_every_app_once),
        SUITE_TEST(test_each_goes_on_from_page_to_page),
        SUITE_TEST(test_lists_are_filtered_and_paged),
        SUITE_TEST(test_lists_take_wildcards_literally),
    };

    SUITE_ADD(tests);
}
