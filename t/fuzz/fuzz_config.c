/* SPDX-License-Identifier: Apache-2.0
 * Values of directives: the parser's name in the first line, the value in the second. What is taken
 * is in range, and is taken again as it was understood; what is not is told in a sentence. */
#include "fuzz.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include <httpd.h>

#include "cfg/directives.h"
#include "cfg/parse.h"

#define DIRECTIVE   "DygwTest"
#define PROXY_WORDS 240 /* more than the longest message about a proxy */

#define MIN_BODY      1024
#define MAX_BODY      (16 * 1024 * 1024)
#define MIN_TIMEOUT   DYGW_MSEC(1)
#define MAX_TIMEOUT   DYGW_SEC(60)
#define MIN_RETENTION DYGW_DAYS(7)
#define MAX_RETENTION DYGW_DAYS(36500)

static dygw_parse_t parser = { .directive = DIRECTIVE };

/* httpd's, as it counts: units by their first letters, seconds without; no more than it can hold. */
apr_status_t ap_timeout_parameter_parse(const char *text, apr_interval_time_t *timeout, const char *unit)
{
    static const struct {
        const char *start;
        apr_int64_t us;
    } units[] = { { "ms", 1000 }, { "mi", APR_INT64_C(60000000) }, { "h", APR_INT64_C(3600000000) }, { "s", 1000000 } };
    char *end;
    apr_int64_t number = apr_strtoi64(text, &end, 10);
    size_t i;

    unit = *end ? end : unit;
    for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (apr_cstr_casecmpn(unit, units[i].start, strlen(units[i].start)) == 0
            && number <= APR_INT64_MAX / units[i].us) {
            *timeout = number * units[i].us;
            return APR_SUCCESS;
        }
    }
    return APR_EGENERAL;
}

static int is_taken(const char *error)
{
    if (error) {
        FUZZ_ASSERT(strncmp(error, DIRECTIVE ": ", strlen(DIRECTIVE ": ")) == 0);
        FUZZ_ASSERT(strlen(error) > 30);
    }
    return !error;
}

static void check_id(const char *arg)
{
    const char *id = NULL;
    int taken = is_taken(dygw_parse_id(&parser, arg, DYGW_MAX_ID_LEN, &id));

    FUZZ_ASSERT(taken == fuzz_consists(arg, 1, DYGW_MAX_ID_LEN, FUZZ_LETTERS FUZZ_DIGITS "_-"));
    FUZZ_ASSERT(!taken || strcmp(id, arg) == 0);
}

static void check_int(const char *arg)
{
    apr_int64_t number = -1;

    if (is_taken(dygw_parse_int(&parser, arg, MIN_BODY, MAX_BODY, &number))) {
        FUZZ_ASSERT(number >= MIN_BODY && number <= MAX_BODY);
        FUZZ_ASSERT(fuzz_consists(arg, 1, 4096, FUZZ_DIGITS) && apr_atoi64(arg) == number);
    }
}

static void check_time(const char *arg)
{
    apr_interval_time_t time = -1;

    if (is_taken(dygw_parse_time(&parser, arg, MIN_RETENTION, MAX_RETENTION, &time))) {
        FUZZ_ASSERT(time >= MIN_RETENTION && time <= MAX_RETENTION);
    }
    if (is_taken(dygw_parse_time(&parser, arg, MIN_TIMEOUT, MAX_TIMEOUT, &time))) {
        FUZZ_ASSERT(time >= MIN_TIMEOUT && time <= MAX_TIMEOUT);
    }
}

static void check_word(const char *arg)
{
    static const char *const words[] = { "on", "off", "dbd", NULL };
    int index = -1;

    if (is_taken(dygw_parse_word(&parser, arg, words, &index))) {
        FUZZ_ASSERT(index >= 0 && index < 3 && apr_cstr_casecmp(arg, words[index]) == 0);
    }
}

static void check_offset(const char *arg)
{
    int minutes = 9999;

    if (is_taken(dygw_parse_offset(&parser, arg, &minutes))) {
        FUZZ_ASSERT(minutes >= -720 && minutes <= 840);
        FUZZ_ASSERT(strcmp(arg + 1, apr_psprintf(parser.pool, "%02d:%02d", abs(minutes) / 60, abs(minutes) % 60)) == 0);
        FUZZ_ASSERT(minutes == 0 || (*arg == '-') == (minutes < 0));
    }
}

/* Of a URL that was taken: the name, without what else there may be. */
static const char *host_of(const char *url)
{
    const char *begin = strstr(url, "://") + 3;
    const char *end = begin + strcspn(begin, "/?#");
    const char *port = *begin == '[' ? memchr(begin, ']', (apr_size_t)(end - begin)) + 1 : begin + strcspn(begin, ":/");

    return apr_pstrmemdup(parser.pool, begin, (apr_size_t)((port < end ? port : end) - begin));
}

static int is_loopback(const char *host)
{
    return apr_cstr_casecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0
           || (*host == '[' && host[strspn(host, "[0:.")] == '1');
}

static void check_upstream(const char *arg)
{
    const char *url = NULL;
    const char *again;

    if (is_taken(dygw_parse_upstream(&parser, arg, &url))) {
        FUZZ_ASSERT(*url && url[strlen(url) - 1] != '/');
        FUZZ_ASSERT(is_taken(dygw_parse_upstream(&parser, url, &again)) && !strcmp(url, again));
        FUZZ_ASSERT(strcspn(host_of(url), " @?#\\\r\n\t") == strlen(host_of(url)));
        FUZZ_ASSERT(apr_cstr_casecmpn(url, "https://", 8) == 0 || is_loopback(host_of(url)));
    }
}

/* It may have a password: what is said of it is the same for all. */
static void check_proxy(const char *arg)
{
    const char *url = NULL;
    const char *error = dygw_parse_proxy(&parser, arg, &url);

    if (is_taken(error)) {
        FUZZ_ASSERT(strcmp(url, arg) == 0 && strstr(url, "://"));
    }
    else {
        FUZZ_ASSERT(strlen(error) < PROXY_WORDS);
        FUZZ_ASSERT(strlen(arg) < 12 || !strstr(error, arg)
                    || strstr("DygwTest: the value  write it like http://proxy.example:3128", arg));
    }
}

static void check_link_host(const char *arg)
{
    const char *host = NULL;
    const char *again;

    if (is_taken(dygw_parse_link_host(&parser, arg, &host))) {
        FUZZ_ASSERT(apr_cstr_casecmp(arg, host) == 0);
        FUZZ_ASSERT(strcspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ @?#\\%") == strlen(host));
        FUZZ_ASSERT(is_taken(dygw_parse_link_host(&parser, host, &again)) && !strcmp(host, again));
        FUZZ_ASSERT(strchr(host, '.') || strstr(host, "://"));
        FUZZ_ASSERT(!strstr(host, "://") || strncmp(host, "http://", 7) == 0);
    }
}

static void check_header(const char *arg)
{
    const char *name = NULL;

    if (is_taken(dygw_parse_header(&parser, arg, &name))) {
        FUZZ_ASSERT(fuzz_consists(name, 1, 64, FUZZ_LETTERS FUZZ_DIGITS "_-"));
    }
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    static const struct {
        const char *name;
        void (*check)(const char *arg);
    } checks[] = { { "id", check_id },         { "int", check_int },
                   { "time", check_time },     { "word", check_word },
                   { "offset", check_offset }, { "upstream", check_upstream },
                   { "proxy", check_proxy },   { "link_host", check_link_host },
                   { "header", check_header } };
    fuzz_input_t in = { data, len, pool };
    const char *name = fuzz_line(&in);
    const char *arg = fuzz_line(&in);
    size_t i = 0;

    while (i < sizeof(checks) / sizeof(*checks) && strcmp(checks[i].name, name) != 0) {
        i++;
    }
    parser.pool = pool;
    checks[i < sizeof(checks) / sizeof(*checks) ? i : (unsigned char)*name % i].check(arg);
}
