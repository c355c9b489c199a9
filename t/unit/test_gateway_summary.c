/* SPDX-License-Identifier: Apache-2.0
 * Sums of several pieces: groups that differ in a single key stay apart, whichever key it is, and what is the same
 * group is added up.
 * links: gateway/reports/summary.c gateway/reports/groups.c gateway/reasons.c douyin/codes.c
 * helpers: own_pool.c */
#include "support/own_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include <cmocka.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/reports/report.h"
#include "util/compiler.h"
#include "util/day.h"

#define PIECES   2
#define ROWS_MAX 16

/* What each piece of the time has. */
static dygw_sums_row_t pieces[PIECES][ROWS_MAX];
static int counts[PIECES];
static apr_array_header_t *lent; /* texts that are gone with their unit of work */
static int asked;
static int fill; /* so many rows more in each piece, all the same */

static const dygw_key_is_e kinds[DYGW_KEYS] = {
#define KIND(NAME, is, word, column) DYGW_IS_##is,
    DYGW_SUMS_KEYS(KIND)
};

/* --- what is below --- */

apr_status_t dygw_db_work(const dygw_ctx_t *ctx, dygw_db_work_fn *work, void *baton,
                          DYGW_UNUSED const dygw_db_rules_t *rules)
{
    apr_status_t rv;
    int i;

    lent = apr_array_make(pool, ROWS_MAX, sizeof(char *));
    rv = work(ctx, NULL, baton);
    for (i = 0; i < lent->nelts; i++) {
        memset(APR_ARRAY_IDX(lent, i, char *), 'x', strlen(APR_ARRAY_IDX(lent, i, char *)));
    }
    return rv;
}

int dygw_report_filter_is_narrow(DYGW_UNUSED const dygw_report_filter_t *filter)
{
    return 0;
}

apr_pool_t *dygw_db_pool(DYGW_UNUSED const dygw_db_t *db)
{
    return pool;
}

void dygw_explain_database(dygw_result_t *out)
{
    out->code = DYGW_DATABASE_UNAVAILABLE;
}

static dygw_sums_row_t lend(dygw_sums_row_t row)
{
    int key;

    for (key = 0; key < DYGW_KEYS; key++) {
        if (row.keys[key].text) {
            row.keys[key].text = apr_pstrdup(pool, row.keys[key].text);
            APR_ARRAY_PUSH(lent, const char *) = row.keys[key].text;
        }
    }
    return row;
}

/* A piece has a hundred days. */
apr_status_t dygw_store_report_first(DYGW_UNUSED dygw_db_t *db, dygw_ms_t from, dygw_ms_t *at)
{
    if (asked == PIECES) {
        return APR_NOTFOUND;
    }
    *at = from + 100 * DYGW_DAY_MS;
    return APR_SUCCESS;
}

apr_status_t dygw_store_report_sums(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const dygw_report_filter_t *filter,
                                    DYGW_UNUSED const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *from)
{
    int i;

    *rows = apr_array_make(from, ROWS_MAX, sizeof(dygw_sums_row_t));
    for (i = 0; i < counts[asked] + fill && i < limit; i++) {
        APR_ARRAY_PUSH(*rows, dygw_sums_row_t) = lend(pieces[asked][i < counts[asked] ? i : 0]);
    }
    asked++;
    return APR_SUCCESS;
}

/* --- the world --- */

static int set_up(void **state)
{
    memset(pieces, 0, sizeof(pieces));
    memset(counts, 0, sizeof(counts));
    asked = 0;
    fill = 0;
    return make_pool(state);
}

static dygw_sums_row_t a_row(void)
{
    dygw_sums_row_t row = { .error_code = DYGW_NO_INT, .sums = { .total_count = 1, .pay_amount = 100 } };
    int key;

    for (key = 0; key < DYGW_KEYS; key++) {
        row.keys[key].number = DYGW_NO_INT;
    }
    return row;
}

static void add(int piece, const dygw_sums_row_t *row)
{
    pieces[piece][counts[piece]++] = *row;
}

static dygw_summary_t summary;

static dygw_code_e summarize(void)
{
    static dygw_gateway_t gateway = { .time_zone = 480 };
    static dygw_log_t log;
    const dygw_ctx_t ctx = { &gateway, &log, pool };
    dygw_report_filter_t filter = { .start_time = DYGW_NO_TIME, .end_time = DYGW_NO_TIME };
    dygw_result_t out;

    dygw_report_summary(&ctx, &filter, DYGW_BY_ALL, &summary, &out);
    return out.code;
}

static const dygw_sums_row_t *group(int i)
{
    assert_in_range(i, 0, summary.rows->nelts - 1);
    return APR_ARRAY_IDX(summary.rows, i, const dygw_sums_row_t *);
}

/* Two values of a key, in their order. A new kind needs its own here. */
static void set_value(dygw_sums_row_t *row, int key, int second)
{
    switch (kinds[key]) {
    case DYGW_IS_DAY:
    case DYGW_IS_HOUR:
    case DYGW_IS_APP:
        row->keys[key].number = second ? 12 : 2; /* "12" is before "2" as a text */
        return;
    case DYGW_IS_ID:
        row->keys[key].text = second ? "b" : "a";
        return;
    case DYGW_IS_REASON:
        row->keys[key].text = second ? "wrong_store" : "expired";
        return;
    }
    fail_msg("key %d is of a kind that is not tested", key);
}

static void check_group(int i, int key, int second)
{
    dygw_sums_row_t wanted = a_row();

    set_value(&wanted, key, second);
    assert_int_equal(group(i)->keys[key].number, wanted.keys[key].number);
    if (wanted.keys[key].text) {
        assert_string_equal(group(i)->keys[key].text, wanted.keys[key].text);
    }
}

/* --- tests --- */

static void groups_that_differ_in_one_key_alone_stay_apart(DYGW_UNUSED void **state)
{
    int key;

    for (key = 0; key < DYGW_KEYS; key++) {
        dygw_sums_row_t first = a_row();
        dygw_sums_row_t second = a_row();

        set_value(&first, key, 0);
        set_value(&second, key, 1);
        second.sums.pay_amount = 7;
        memset(counts, 0, sizeof(counts));
        asked = 0;
        add(0, &second);
        add(0, &first);
        add(1, &first);
        add(1, &second);
        assert_int_equal(summarize(), DYGW_OK);
        assert_int_equal(asked, PIECES);
        assert_int_equal(summary.rows->nelts, 2);
        check_group(0, key, 0);
        check_group(1, key, 1);
        assert_int_equal(group(0)->sums.total_count, 2);
        assert_int_equal(group(0)->sums.pay_amount, 200);
        assert_int_equal(group(1)->sums.pay_amount, 14);
        assert_int_equal(summary.total.total_count, 4);
    }
}

static void the_key_that_stands_first_counts_most_in_the_order(DYGW_UNUSED void **state)
{
    int key;

    for (key = 0; key + 1 < DYGW_KEYS; key++) {
        dygw_sums_row_t first = a_row();
        dygw_sums_row_t second = a_row();

        set_value(&first, key, 0);
        set_value(&first, key + 1, 1);
        set_value(&second, key, 1);
        set_value(&second, key + 1, 0);
        memset(counts, 0, sizeof(counts));
        asked = 0;
        add(0, &second);
        add(1, &first);
        assert_int_equal(summarize(), DYGW_OK);
        assert_int_equal(summary.rows->nelts, 2);
        check_group(0, key, 0);
        check_group(1, key, 1);
    }
}

/* Whatever a key's text is, it is not taken for two, nor for none. */
static void texts_that_look_alike_are_groups_of_their_own(DYGW_UNUSED void **state)
{
    static const char *const texts[][2] = {
        { NULL, NULL }, { "", NULL },    { NULL, "" },      { "-", NULL },  { NULL, "-" },
        { "a", "b" },   { "a b", NULL }, { "a 1:b", NULL }, { "1:a", "b" }, { "a", "1:b" },
    };
    const int count = (int)(sizeof(texts) / sizeof(*texts));
    int i;

    for (i = 0; i < count; i++) {
        dygw_sums_row_t row = a_row();

        row.keys[DYGW_KEY_POI].text = texts[i][0];
        row.keys[DYGW_KEY_STORE].text = texts[i][1];
        add(0, &row);
        add(1, &row);
    }
    assert_int_equal(summarize(), DYGW_OK);
    assert_int_equal(summary.rows->nelts, count);
    for (i = 0; i < count; i++) {
        assert_int_equal(group(i)->sums.total_count, 2);
    }
}

static void add_explained(int piece, const char *reason, apr_int64_t code, const char *description)
{
    dygw_sums_row_t row = a_row();

    row.keys[DYGW_KEY_REASON].text = reason;
    row.error_code = code;
    row.error_description = description;
    add(piece, &row);
}

static apr_int64_t count_of(const char *reason)
{
    int i;

    for (i = 0; i < summary.rows->nelts; i++) {
        const char *told = group(i)->keys[DYGW_KEY_REASON].text;

        if (reason && told ? strcmp(reason, told) == 0 : reason == told) {
            return group(i)->sums.total_count;
        }
    }
    return 0;
}

/* As the views tell it of what has no reason recorded. */
static void a_number_tells_the_reason_where_none_is_recorded(DYGW_UNUSED void **state)
{
    add_explained(0, NULL, DYGW_NO_INT, NULL);
    add_explained(0, NULL, 0, "");
    add_explained(0, "already_used", DYGW_NO_INT, NULL);
    add_explained(0, NULL, 1208, "used");
    add_explained(0, NULL, -2, "given up by the caller");
    add_explained(1, NULL, 1208, "used before");
    add_explained(1, "waiting", DYGW_NO_INT, NULL);
    add_explained(1, "waiting", 2119005, "not authorised");
    add_explained(1, NULL, 999999, "\xe8\xaf\xb7\xe7\xa8\x8d\xe5\x90\x8e\xe9\x87\x8d\xe8\xaf\x95");
    add_explained(1, "of_a_later_version", DYGW_NO_INT, NULL);
    assert_int_equal(summarize(), DYGW_OK);
    assert_int_equal(count_of(NULL), 2);
    assert_int_equal(count_of("already_used"), 3);
    assert_int_equal(count_of("given_up"), 1);
    assert_int_equal(count_of("waiting"), 1);
    assert_int_equal(count_of("not_authorised"), 1);
    assert_int_equal(count_of("busy"), 1);
    assert_int_equal(count_of("other"), 1);
    assert_int_equal(summary.total.total_count, 10);
}

/* A statement that gives as many rows as it may give has more, whose sums would be missing. */
static void sums_that_are_cut_off_are_not_told(DYGW_UNUSED void **state)
{
    dygw_sums_row_t row = a_row();

    add(0, &row);
    fill = DYGW_SUMMARY_ROWS_MAX;
    assert_int_equal(summarize(), DYGW_INVALID_REQUEST);
    asked = 0;
    fill = DYGW_SUMMARY_ROWS_MAX - 1;
    add(1, &row);
    assert_int_equal(summarize(), DYGW_OK);
    assert_int_equal(summary.rows->nelts, 1);
}

#define SUMMARY_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUMMARY_TEST(groups_that_differ_in_one_key_alone_stay_apart),
        SUMMARY_TEST(the_key_that_stands_first_counts_most_in_the_order),
        SUMMARY_TEST(texts_that_look_alike_are_groups_of_their_own),
        SUMMARY_TEST(a_number_tells_the_reason_where_none_is_recorded),
        SUMMARY_TEST(sums_that_are_cut_off_are_not_told),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_summary", tests, NULL, NULL);
}
