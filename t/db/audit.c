/* SPDX-License-Identifier: Apache-2.0
 * dygw_audit: entries are appended, listed by what is asked for, and removed when they are old. */
#include "suite.h"

#include "store/audit.h"
#include "util/compiler.h"

#define COLUMN_CHARS 128

static dygw_audit_entry_t entry_of(const char *actor)
{
    dygw_audit_entry_t entry = {
        .id = suite_unique(),
        .at = T0,
        .actor = actor,
        .action = "app.change",
        .target = "app:17",
        .before_state = "{\"status\":\"active\"}",
        .after_state = "{\"status\":\"disabled\"}",
        .address = "2001:db8::7",
        .request_id = suite_unique_text("r"),
    };

    return entry;
}

static void append(dygw_db_t *db, const dygw_audit_entry_t *entry)
{
    assert_int_equal(dygw_store_audit_insert(db, entry), APR_SUCCESS);
}

static dygw_audit_filter_t about(const char *actor, const char *action, const char *target)
{
    return (dygw_audit_filter_t){ DYGW_NO_TIME, DYGW_NO_TIME, actor, action, target };
}

static apr_array_header_t *list(dygw_db_t *db, const dygw_audit_filter_t *filter, int offset, int limit,
                                apr_int64_t total)
{
    dygw_page_t found = { NULL, -1 };

    assert_int_equal(dygw_store_audit_list(db, filter, offset, limit, &found, suite_pool), APR_SUCCESS);
    assert_int_equal(found.total, total);
    return found.rows;
}

static const dygw_audit_entry_t *at(const apr_array_header_t *entries, int i)
{
    assert_true(i < entries->nelts);
    return &APR_ARRAY_IDX(entries, i, const dygw_audit_entry_t);
}

static void test_an_entry_is_kept_as_it_is(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t entry = entry_of(suite_unique_text("\xe5\xbc\xa0"));
    dygw_audit_filter_t filter = about(entry.actor, NULL, NULL);
    const dygw_audit_entry_t *back;

    append(db, &entry);
    back = at(list(db, &filter, 0, 10, 1), 0);
    assert_int_equal(back->id, entry.id);
    assert_int_equal(back->at, T0);
    assert_string_equal(back->actor, entry.actor);
    assert_string_equal(back->action, "app.change");
    assert_string_equal(back->target, "app:17");
    assert_string_equal(back->before_state, entry.before_state);
    assert_string_equal(back->after_state, entry.after_state);
    assert_string_equal(back->address, "2001:db8::7");
    assert_string_equal(back->request_id, entry.request_id);
    dygw_db_close(db);
}

static void test_what_an_entry_has_not_is_null(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t entry
        = { .id = suite_unique(), .at = T0, .action = "token.read", .actor = suite_unique_text("a") };
    dygw_audit_filter_t filter = about(entry.actor, NULL, NULL);
    const dygw_audit_entry_t *back;

    append(db, &entry);
    back = at(list(db, &filter, 0, 10, 1), 0);
    assert_null(back->target);
    assert_null(back->before_state);
    assert_null(back->after_state);
    assert_null(back->address);
    assert_null(back->request_id);
    dygw_db_close(db);
}

static void test_an_entry_that_is_written_twice_is_there_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t entry = entry_of(suite_unique_text("a"));
    dygw_audit_filter_t filter = about(entry.actor, NULL, NULL);
    char words[4 * COLUMN_CHARS];

    append(db, &entry);
    append(db, &entry);
    list(db, &filter, 0, 10, 1);
    /* Also when it does not fit. */
    memset(words, 'w', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    entry.target = words;
    entry.id = suite_unique();
    append(db, &entry);
    append(db, &entry);
    assert_int_equal(strlen(at(list(db, &filter, 0, 10, 2), 0)->target), COLUMN_CHARS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_entries_of_two_hosts_with_one_id_are_both_there(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t one = entry_of(suite_unique_text("a"));
    dygw_audit_entry_t other = entry_of(suite_unique_text("a"));
    dygw_audit_filter_t filter = about(other.actor, NULL, NULL);

    other.id = one.id;
    append(db, &one);
    append(db, &other);
    append(db, &other);
    assert_int_equal(at(list(db, &filter, 0, 10, 1), 0)->id, one.id + 1);
    suite_unique(); /* that id is taken now */
    dygw_db_close(db);
}

static void test_an_entry_s_lost_answer_does_no_harm(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t entry = entry_of(suite_unique_text("a"));
    dygw_audit_filter_t filter = about(entry.actor, NULL, NULL);

    append(db, &entry);
    entry.id = suite_unique();
    wire_lose_answer("dygw_audit_insert");
    dygw_db_close(db);
    db = suite_open(0);
    append(db, &entry);
    list(db, &filter, 0, 10, 2);
    dygw_db_close(db);
}

static void test_an_entry_goes_with_its_transaction(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t entry = entry_of(suite_unique_text("a"));
    dygw_audit_filter_t filter = about(entry.actor, NULL, NULL);

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    append(db, &entry);
    dygw_db_rollback(db);
    list(db, &filter, 0, 10, 0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    append(db, &entry);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    list(db, &filter, 0, 10, 1);
    dygw_db_close(db);
}

#define MANY 141 /* both sizes of a statement of several rows, and some alone */

static dygw_audit_entry_t *many_of(const char *actor)
{
    dygw_audit_entry_t *entries = apr_palloc(suite_pool, MANY * sizeof(*entries));
    int i;

    for (i = 0; i < MANY; i++) {
        entries[i] = entry_of(actor);
        entries[i].at = T0 + i;
        suite_unique(); /* the next id, should this one be taken */
        suite_unique();
    }
    return entries;
}

static void append_many(const dygw_audit_entry_t *entries)
{
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_store_audit_insert_many(db, entries, MANY), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
}

/* Each of them is there once, whatever its id is now. */
static void many_are_there(const dygw_audit_entry_t *entries)
{
    dygw_audit_filter_t filter = about(entries->actor, NULL, NULL);
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *found = list(db, &filter, 0, MANY + 1, MANY);
    int i;

    for (i = 0; i < MANY; i++) {
        const dygw_audit_entry_t *back = at(found, MANY - 1 - i);

        assert_int_equal(back->at, entries[i].at);
        assert_string_equal(back->request_id, entries[i].request_id);
        assert_string_equal(back->after_state, entries[i].after_state);
    }
    dygw_db_close(db);
}

static void test_many_entries_are_kept_as_they_are(DYGW_UNUSED void **state)
{
    dygw_audit_entry_t *entries = many_of(suite_unique_text("\xe5\xbc\xa0"));

    append_many(entries);
    many_are_there(entries);
    append_many(entries);
    many_are_there(entries);
    assert_int_equal(suite_errors, 0);
}

static void test_many_entries_of_which_some_are_there_or_have_another_s_id(DYGW_UNUSED void **state)
{
    dygw_audit_entry_t *entries = many_of(suite_unique_text("a"));
    dygw_audit_entry_t other = entry_of(suite_unique_text("b"));
    dygw_db_t *db = suite_open(0);

    append(db, &entries[3]);
    append(db, &entries[70]);
    other.id = entries[5].id;
    append(db, &other);
    other.id = entries[130].id;
    other.request_id = suite_unique_text("r");
    append(db, &other);
    dygw_db_close(db);
    entries[65].id = entries[64].id; /* and two among them drew one id */
    append_many(entries);
    many_are_there(entries);
    append_many(entries);
    many_are_there(entries);
}

static void test_many_entries_go_with_their_transaction(DYGW_UNUSED void **state)
{
    dygw_audit_entry_t *entries = many_of(suite_unique_text("a"));
    dygw_audit_filter_t filter = about(entries->actor, NULL, NULL);
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_store_audit_insert_many(db, entries, MANY), APR_SUCCESS);
    dygw_db_rollback(db);
    list(db, &filter, 0, 10, 0);
    dygw_db_close(db);
    append_many(entries);
    many_are_there(entries);
}

static void test_the_newest_come_first_page_by_page(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *actor = suite_unique_text("a");
    dygw_audit_filter_t filter = about(actor, NULL, NULL);
    apr_int64_t ids[5];
    int i;

    for (i = 0; i < 5; i++) {
        dygw_audit_entry_t entry = entry_of(actor);

        entry.at = T0 + i / 2; /* some at the same time */
        ids[i] = entry.id;
        append(db, &entry);
    }
    for (i = 0; i < 5; i++) {
        assert_int_equal(at(list(db, &filter, i, 1, 5), 0)->id, ids[4 - i]);
    }
    assert_int_equal(list(db, &filter, 3, 10, 5)->nelts, 2);
    assert_int_equal(list(db, &filter, 5, 10, 5)->nelts, 0);
    dygw_db_close(db);
}

static void test_each_filter_finds_what_it_says(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *words[3][2];
    int i;

    for (i = 0; i < 3; i++) {
        words[i][0] = suite_unique_text("a");
        words[i][1] = suite_unique_text("b");
    }
    for (i = 0; i < 8; i++) {
        dygw_audit_entry_t entry = entry_of(words[0][i & 1]);

        entry.action = words[1][i >> 1 & 1];
        entry.target = words[2][i >> 2];
        append(db, &entry);
    }
    /* Every set of filters but the empty one; of n filters 8 >> n entries remain. */
    for (i = 1; i < 8; i++) {
        dygw_audit_filter_t filter
            = about(i & 1 ? words[0][1] : NULL, i & 2 ? words[1][0] : NULL, i & 4 ? words[2][1] : NULL);
        int filters = (i & 1) + (i >> 1 & 1) + (i >> 2);
        const dygw_audit_entry_t *first = at(list(db, &filter, 0, 10, 8 >> filters), 0);

        assert_string_equal(first->actor, words[0][1]);
        assert_string_equal(first->action, words[1][i & 2 ? 0 : 1]);
        assert_string_equal(first->target, words[2][1]);
    }
    dygw_db_close(db);
}

static void test_times_are_from_the_first_to_before_the_last(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_audit_entry_t entry = entry_of(suite_unique_text("a"));
    dygw_audit_filter_t filter = about(entry.actor, NULL, NULL);

    append(db, &entry);
    filter.start_time = T0;
    filter.end_time = T0 + 1;
    list(db, &filter, 0, 10, 1);
    filter.start_time = T0 + 1;
    filter.end_time = DYGW_NO_TIME;
    list(db, &filter, 0, 10, 0);
    filter.start_time = DYGW_NO_TIME;
    filter.end_time = T0;
    list(db, &filter, 0, 10, 0);
    filter = about(NULL, NULL, NULL);
    filter.end_time = 1;
    list(db, &filter, 0, 10, 0);
    dygw_db_close(db);
}

/* Long before all that other tests write. */
static void test_what_is_old_goes_and_at_most_so_many(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *actor = suite_unique_text("a");
    dygw_audit_filter_t filter = about(actor, NULL, NULL);
    int removed = -1;
    int i;

    for (i = 0; i < 4; i++) {
        dygw_audit_entry_t entry = entry_of(actor);

        entry.at = 1000 + i;
        append(db, &entry);
    }
    assert_int_equal(dygw_store_audit_purge(db, 1003, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 2);
    assert_int_equal(at(list(db, &filter, 0, 10, 2), 1)->at, 1002);
    assert_int_equal(dygw_store_audit_purge(db, 1003, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    assert_int_equal(dygw_store_audit_purge(db, 1003, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 0);
    assert_int_equal(at(list(db, &filter, 0, 10, 1), 0)->at, 1003);
    assert_int_equal(dygw_store_audit_purge(db, 2000, 2, &removed), APR_SUCCESS);
    dygw_db_close(db);
}

void suite_audit(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_an_entry_is_kept_as_it_is),
        SUITE_TEST(test_what_an_entry_has_not_is_null),
        SUITE_TEST(test_an_entry_that_is_written_twice_is_there_once),
        SUITE_TEST(test_entries_of_two_hosts_with_one_id_are_both_there),
        SUITE_TEST(test_an_entry_s_lost_answer_does_no_harm),
        SUITE_TEST(test_an_entry_goes_with_its_transaction),
        SUITE_TEST(test_many_entries_are_kept_as_they_are),
        SUITE_TEST(test_many_entries_of_which_some_are_there_or_have_another_s_id),
        SUITE_TEST(test_many_entries_go_with_their_transaction),
        SUITE_TEST(test_the_newest_come_first_page_by_page),
        SUITE_TEST(test_each_filter_finds_what_it_says),
        SUITE_TEST(test_times_are_from_the_first_to_before_the_last),
        SUITE_TEST(test_what_is_old_goes_and_at_most_so_many),
    };

    SUITE_ADD(tests);
}
