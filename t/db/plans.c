/* SPDX-License-Identifier: Apache-2.0
 * How the database would run the statements that the other tests have prepared: by an index. */
#include "suite.h"

#include <stdio.h>

#include "store/report_keys.h"
#include "util/compiler.h"

/* These read a table that has few rows whatever the shop's size, and have to, or none at all; and
 * one counts all entries of an index. */
static const char *const exempt[] = {
    "dygw_app_list",
    "dygw_app_count",
    "dygw_app_next_id",
    "dygw_apps_count",
    "dygw_hosts",
    "dygw_declarations_all",
    "dygw_declaration_holders",
    "dygw_schema_exists",
    "dygw_report_count_all",
    "dygw_report_count_262144_0", /* without an error, */
    "dygw_report_count_524288_0", /* and of `success`: all but the few others */
    "dygw_clock_read",
};

static int is_exempt(const char *label, const char *sql)
{
    size_t i;

    for (i = 0; i < sizeof(exempt) / sizeof(*exempt); i++) {
        if (strcmp(label, exempt[i]) == 0) {
            return 1;
        }
    }
    return strncmp(label, "dygw_", 5) != 0 || strncmp(sql, "INSERT", 6) == 0;
}

/* Risk reviews are in either of two indexes: of a table as small as the suite's MariaDB rather reads all. */
static int may_read_all(const char *label)
{
    int mask = 0;

    return suite_host[0].dialect == DYGW_MYSQL && sscanf(label, "dygw_report_%*[a-z]_%d", &mask) == 1 && mask & 1 << 16;
}

/* Values for the parameters: a text, or integers that grow, so that no range is empty. */
static const char *with_values(const char *sql)
{
    char *out = apr_palloc(suite_pool, 2 * strlen(sql) + 1);
    char *end = out;
    int number = 7;

    while (*sql) {
        if (strncmp(sql, "%lld", 4) == 0) {
            end += apr_snprintf(end, 4, "%d", number++);
            sql += 4;
        }
        else if (strncmp(sql, "%s AS json", 10) == 0) {
            memcpy(end, "'[]'", 4);
            end += 4;
            sql += 2;
        }
        else if (strncmp(sql, "%s", 2) == 0) {
            memcpy(end, "'x'", 3);
            end += 3;
            sql += 2;
        }
        else {
            *end++ = *sql;
            sql += sql[0] == '%' && sql[1] == '%' ? 2 : 1;
        }
    }
    *end = '\0';
    return out;
}

/* Whether a line of the plan says that every row is looked at. */
static int scans(const char *line, dygw_dialect_e dialect)
{
    const char *type = line;
    int column;

    switch (dialect) {
    case DYGW_SQLITE3:
        /* What a limited query found is counted, and is not the table. */
        return strstr(line, "SCAN ") && !strstr(line, "SCAN CONSTANT ROW") && !strstr(line, "SCAN counted");
    case DYGW_PGSQL:
        return strstr(line, "Seq Scan") != NULL;
    default:
        /* id|select_type|table|type|... A derived table has the rows that its own line finds. */
        if (strstr(line, "|<derived")) {
            return 0;
        }
        for (column = 0; type && column < 3; column++) {
            type = strchr(type + 1, '|');
        }
        return type && (strncmp(type, "|ALL|", 5) == 0 || strncmp(type, "|index|", 7) == 0);
    }
}

static int runs_by_index(const char *label, const char *sql)
{
    dygw_dialect_e dialect = suite_host[0].dialect;
    const char *how = dialect == DYGW_SQLITE3 ? "EXPLAIN QUERY PLAN " : "EXPLAIN ";
    apr_array_header_t *plan = suite_ask(0, apr_pstrcat(suite_pool, how, with_values(sql), NULL));
    int by_index = plan->nelts > 0;
    int condition = dialect != DYGW_PGSQL;
    int i;

    for (i = 0; i < plan->nelts; i++) {
        const char *line = APR_ARRAY_IDX(plan, i, const char *);

        by_index &= !scans(line, dialect);
        /* Filters that contradict each other read nothing. */
        condition |= strstr(line, "Index Cond") || strstr(line, "One-Time Filter: false");
    }
    for (i = 0; !(by_index && condition) && i < plan->nelts; i++) {
        fprintf(stderr, "# %s: %s\n", label, APR_ARRAY_IDX(plan, i, const char *));
    }
    return by_index && condition;
}

static void test_every_statement_runs_by_an_index(DYGW_UNUSED void **state)
{
    const char *label;
    const char *sql;
    int looked_at = 0;
    int good = 0;
    int i;

    if (suite_host[0].dialect == DYGW_PGSQL) {
        suite_ask(0, "ANALYZE dygw_verifications");
        suite_ask(0, "SET enable_seqscan = off"); /* small tables are scanned otherwise */
    }
    for (i = 0; (label = wire_statement(i, &sql)); i++) {
        if (!is_exempt(label, sql) && !may_read_all(label)) {
            looked_at++;
            good += runs_by_index(label, sql);
        }
    }
    assert_int_equal(good, looked_at);
    /* All other tests have run before, so everything is there to be looked at. */
    assert_in_range(looked_at, 20, 8000);
    if (suite_host[0].dialect == DYGW_PGSQL) {
        suite_ask(0, "RESET enable_seqscan");
    }
}

/* The index has the order only: another one would be read row by row for the sake of a few. */
static void test_a_code_is_looked_for_in_its_order(DYGW_UNUSED void **state)
{
    const char *how = suite_host[0].dialect == DYGW_SQLITE3 ? "EXPLAIN QUERY PLAN " : "EXPLAIN ";
    const char *label;
    const char *sql;
    int by_order = 0;
    int n;
    int i;

    for (n = 0; (label = wire_statement(n, &sql)); n++) {
        apr_array_header_t *plan;

        if (strcmp(label, "dygw_verification_of_code") != 0) {
            continue;
        }
        plan = suite_ask(0, apr_pstrcat(suite_pool, how, with_values(sql), NULL));
        for (i = 0; i < plan->nelts; i++) {
            by_order |= strstr(APR_ARRAY_IDX(plan, i, const char *), "dygw_verifications_order") != NULL;
        }
    }
    assert_true(by_order);
}

/* The plan of a statement in one text; "": no test has prepared it. */
static const char *plan_of(const char *wanted)
{
    const char *how = suite_host[0].dialect == DYGW_SQLITE3 ? "EXPLAIN QUERY PLAN " : "EXPLAIN ";
    const char *text = "";
    const char *label;
    const char *sql;
    int n, i;

    for (n = 0; (label = wire_statement(n, &sql)); n++) {
        if (strcmp(label, wanted) == 0) {
            apr_array_header_t *plan = suite_ask(0, apr_pstrcat(suite_pool, how, with_values(sql), NULL));

            for (i = 0; i < plan->nelts; i++) {
                text = apr_pstrcat(suite_pool, text, APR_ARRAY_IDX(plan, i, const char *), "\n", NULL);
            }
        }
    }
    return text;
}

/* Nearly all rows have no errand: that index would be read row by row. */
static void test_a_dropped_refund_is_looked_for_among_the_refunds(DYGW_UNUSED void **state)
{
    const char *plan = plan_of("dygw_verification_resume_sales");

    assert_non_null(strstr(plan, "dygw_verifications_after_sale"));
    assert_null(strstr(plan, "dygw_verifications_errand"));
}

/* SQLite is told which index to take, and reads nothing beside it where the index has all: this one is for those who
 * look for a single merchant among several. The others choose by what the table has, which is little here. */
static void test_an_account_is_read_by_its_own_index(DYGW_UNUSED void **state)
{
    if (suite_host[0].dialect != DYGW_SQLITE3) {
        skip();
    }
    assert_non_null(
        strstr(plan_of("dygw_report_below_8_0"), "USING INDEX dygw_verifications_of_account (account_id=?"));
    assert_non_null(strstr(plan_of("dygw_report_count_8_0"), "COVERING INDEX dygw_verifications_of_account"));
    assert_non_null(strstr(plan_of("dygw_report_count_56_1"), "COVERING INDEX dygw_verifications_of_account"));
}

/* The bits of the filters are those of store/report_filter.c. */
static void test_each_number_is_looked_for_by_its_own_index(DYGW_UNUSED void **state)
{
    static const struct {
        int mask;
        const char *index;
    } wanted[] = {
        { 1 << 6, "autoindex_dygw_verifications_1 (verify_id=?" },
        { 1 << 7, "dygw_verifications_number (<expr>=?" },
        { 1 << 8, "dygw_verifications_number (<expr>>? AND <expr><?" },
        { 1 << 9, "dygw_verifications_request (request_id=?" },
        { 1 << 10, "dygw_verifications_ext_order (ext_order_id=?" },
        { 1 << 11, "dygw_verifications_operator (operator_name=?" },
        { 1 << 12, "dygw_verifications_device (device=?" },
        { 1 << 13, "dygw_verifications_after_sale (after_sale=?" },
        { 1 << 14, "dygw_verifications_reason (reason=?" },
        { 1 << 15, "dygw_verifications_status (verify_status=?" },
        { 1 << 16, "dygw_verifications_reason (reason=?" },
        { 1 << 17, "dygw_verifications_error (error_code=?" },
        /* The coupon before the operator, the operator before the reason, and whatever before the status. */
        { 1 << 11 | 1 << 7, "dygw_verifications_number (<expr>=?" },
        { 1 << 14 | 1 << 11, "dygw_verifications_operator (operator_name=?" },
        { 1 << 14 | 1 << 5, "dygw_verifications_reason (reason=?" },
        { 1 << 19 | 1 << 12, "dygw_verifications_device (device=?" },
    };
    static const char *const names[] = { "dygw_report_below_%d_0", "dygw_report_count_%d_1", "dygw_report_sums_%d_0" };
    int missed = 0;
    size_t i, n;

    if (suite_host[0].dialect != DYGW_SQLITE3) {
        skip();
    }
    for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        for (n = 0; n < sizeof(names) / sizeof(*names); n++) {
            const char *label = apr_psprintf(suite_pool, names[n], wanted[i].mask);

            if (!strstr(plan_of(label), wanted[i].index)) {
                fprintf(stderr, "# %s: %s\n", label, plan_of(label));
                missed++;
            }
        }
    }
    assert_int_equal(missed, 0);
}

/* By reason, what has none in the index is found in its order as well, and then looked at in the table. */
static void check_key(int key, int mask)
{
    const char *plan = plan_of(apr_psprintf(suite_pool, "dygw_report_sums_%d_%d", mask, 1 << key));
    const char *first = strstr(plan, "COVERING INDEX dygw_verifications_totals");

    assert_non_null(first);
    assert_true((strstr(first, "USING INDEX dygw_verifications_totals (created_at>") != NULL)
                == (key == DYGW_KEY_REASON));
    assert_null(strstr(plan, "dygw_verifications_status"));
}

/* PostgreSQL enters a row in each index at each step: what reports look for has one of the rows with nothing due, and
 * what has something due is found by itself. */
static void test_a_redemption_is_entered_for_reports_when_nothing_is_due_any_more(DYGW_UNUSED void **state)
{
    static const char ask[]
        = "SELECT indexname FROM pg_indexes WHERE tablename = 'dygw_verifications' AND indexdef NOT LIKE '% WHERE %'";
    apr_array_header_t *all;

    if (suite_host[0].dialect != DYGW_PGSQL) {
        skip();
    }
    all = suite_ask(0, ask);
    /* The primary key, three keys that keep a redemption from being done twice, the coupon and its order. */
    assert_int_equal(all->nelts, 6);
}

static const char *sql_of(const char *wanted)
{
    const char *found = "";
    const char *label;
    const char *sql;
    int n;

    for (n = 0; (label = wire_statement(n, &sql)); n++) {
        found = strcmp(label, wanted) == 0 ? sql : found;
    }
    return found;
}

/* A sort would read all that a filter has for the sake of a page. */
static void test_a_page_is_read_from_each_part_in_its_order(DYGW_UNUSED void **state)
{
    static const int masks[] = { 1 << 2, 1 << 3, 1 << 4, 1 << 7, 1 << 9, 1 << 10, 1 << 11, 1 << 12 };
    size_t i;

    if (suite_host[0].dialect != DYGW_PGSQL) {
        skip();
    }
    for (i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
        const char *sql = sql_of(apr_psprintf(suite_pool, "dygw_report_below_%d_0", masks[i]));

        assert_non_null(strstr(sql, "WHERE next_run_at IS NULL AND "));
        assert_non_null(strstr(sql, " ORDER BY id DESC LIMIT %lld) UNION ALL (SELECT "));
        assert_non_null(strstr(sql, "WHERE next_run_at IS NOT NULL AND "));
    }
}

/* MySQL would take the index of the filter without its range of ids, and read all that is newer. */
static void test_a_filter_and_a_time_are_one_range_of_an_index(DYGW_UNUSED void **state)
{
    if (suite_host[0].dialect != DYGW_MYSQL) {
        skip();
    }
    assert_non_null(strstr(sql_of("dygw_report_below_8_0"), "IGNORE INDEX (PRIMARY)"));
    assert_non_null(strstr(sql_of("dygw_report_below_524288_0"), "FORCE INDEX (PRIMARY)"));
    assert_non_null(strstr(sql_of("dygw_report_below_262144_0"), "FORCE INDEX (PRIMARY)"));
}

/* Whatever the planner knows of the table: a new one has no statistics. */
static void test_many_rows_are_settled_by_their_ids(DYGW_UNUSED void **state)
{
    const char *plan;

    if (suite_host[0].dialect != DYGW_PGSQL) {
        skip();
    }
    plan = plan_of("dygw_settle_together");
    assert_non_null(strstr(plan, "Nested Loop"));
    assert_non_null(strstr(plan, "dygw_verifications_pkey"));
}

/* Each key that there is. SQLite is told which index to take; the others choose by what the table has, which is little
 * here. */
static void test_sums_by_each_key_are_read_from_the_index_alone(DYGW_UNUSED void **state)
{
    int key;

    if (suite_host[0].dialect != DYGW_SQLITE3) {
        skip();
    }
    for (key = 0; key < DYGW_KEYS; key++) {
        check_key(key, 0);
    }
    check_key(DYGW_KEY_ACCOUNT, 8);
    assert_non_null(strstr(plan_of(apr_psprintf(suite_pool, "dygw_report_sums_0_%d", DYGW_BY_ALL & ~DYGW_BY_REASON)),
                           "COVERING INDEX dygw_verifications_totals"));
}

/* MySQL is told which one, too, where the status would lead it to all that ever failed. */
static void test_what_has_no_reason_is_looked_for_in_the_time_that_is_asked_for(DYGW_UNUSED void **state)
{
    const char *plan;

    if (suite_host[0].dialect != DYGW_MYSQL) {
        skip();
    }
    plan = strstr(plan_of(apr_psprintf(suite_pool, "dygw_report_sums_0_%d", DYGW_BY_REASON)), "|UNION|");
    assert_non_null(plan);
    assert_non_null(strstr(plan, "|dygw_verifications_sums|"));
    assert_null(strstr(plan, "dygw_verifications_status"));
}

void suite_plans(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_code_is_looked_for_in_its_order),
        SUITE_TEST(test_a_dropped_refund_is_looked_for_among_the_refunds),
        SUITE_TEST(test_an_account_is_read_by_its_own_index),
        SUITE_TEST(test_each_number_is_looked_for_by_its_own_index),
        SUITE_TEST(test_a_redemption_is_entered_for_reports_when_nothing_is_due_any_more),
        SUITE_TEST(test_a_page_is_read_from_each_part_in_its_order),
        SUITE_TEST(test_a_filter_and_a_time_are_one_range_of_an_index),
        SUITE_TEST(test_many_rows_are_settled_by_their_ids),
        SUITE_TEST(test_sums_by_each_key_are_read_from_the_index_alone),
        SUITE_TEST(test_what_has_no_reason_is_looked_for_in_the_time_that_is_asked_for),
        SUITE_TEST(test_every_statement_runs_by_an_index),
    };

    SUITE_ADD(tests);
}
