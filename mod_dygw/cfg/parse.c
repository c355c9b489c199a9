/* SPDX-License-Identifier: Apache-2.0
 * Parsers of directives' values. */
#include "cfg/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include <httpd.h>

#include "cfg/directives.h"
#include "util/spelling.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define ID_CHARACTERS      LETTERS_AND_DIGITS "_-"
#define HOST_CHARACTERS    LETTERS_AND_DIGITS ".-"
/* Fewer than RFC 9110 allows, and enough for the names of headers in use. */
#define HEADER_CHARACTERS  LETTERS_AND_DIGITS "-_"

/* How many bytes of what is wrong a message shows. */
#define SHOWN "80"

#define MAX_HOST_LEN   253
#define MAX_HEADER_LEN 64

#define DAY_US          apr_time_from_sec(24 * 3600)
#define MAX_DAY_DIGITS  6
#define MAX_TIME_DIGITS 12

#define MINUTES_PER_HOUR 60
#define WESTMOST         (-12 * MINUTES_PER_HOUR)
#define EASTMOST         (14 * MINUTES_PER_HOUR)

static int consists_of(const char *arg, const char *characters)
{
    return *arg && arg[strspn(arg, characters)] == '\0';
}

const char *dygw_parse_id(const dygw_parse_t *p, const char *arg, int max_len, const char **id)
{
    if (!consists_of(arg, ID_CHARACTERS) || strlen(arg) > (size_t)max_len) {
        return apr_psprintf(
            p->pool,
            "%s: '%s' is not an identifier: give the 1 to %d characters of A-Za-z0-9_- that "
            "Douyin's console shows",
            p->directive, arg, max_len);
    }
    *id = apr_pstrdup(p->pool, arg);
    return NULL;
}

const char *dygw_parse_code(const dygw_parse_t *p, const char *arg, int min, int max,
                            const char **code)
{
    if (!dygw_spelled(arg, (apr_size_t)min, (apr_size_t)max, "_-")) {
        return apr_psprintf(p->pool, "%s: '%." SHOWN "s' is not %d to %d characters of A-Za-z0-9_-",
                            p->directive, arg, min, max);
    }
    *code = apr_pstrdup(p->pool, arg);
    return NULL;
}

const char *dygw_parse_name(const dygw_parse_t *p, const char *arg, int max, const char **name)
{
    if (!dygw_is_printable(arg, 1, (apr_size_t)max)) {
        return apr_psprintf(p->pool,
                            "%s: '%." SHOWN
                            "s' is not a name: give 1 to %d characters of UTF-8 without control "
                            "characters",
                            p->directive, arg, max);
    }
    *name = apr_pstrdup(p->pool, arg);
    return NULL;
}

const char *dygw_parse_int(const dygw_parse_t *p, const char *arg, apr_int64_t min, apr_int64_t max,
                           apr_int64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = apr_isdigit(*arg) ? apr_strtoi64(arg, &end, 10) : 0;
    if (end == NULL || *end || errno || *number < min || *number > max) {
        return apr_psprintf(
            p->pool, "%s: '%s' is not a number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
            p->directive, arg, min, max);
    }
    return NULL;
}

const char *dygw_parse_count(const dygw_parse_t *p, const char *arg, int min, int max, int *count)
{
    apr_int64_t number;
    const char *error = dygw_parse_int(p, arg, min, max, &number);

    *count = (int)number;
    return error;
}

const char *dygw_parse_bytes(const dygw_parse_t *p, const char *arg, apr_off_t min, apr_off_t max,
                             apr_off_t *bytes)
{
    apr_int64_t number;
    const char *error = dygw_parse_int(p, arg, min, max, &number);

    *bytes = (apr_off_t)number;
    return error;
}

static int is_off(const char *arg)
{
    return apr_cstr_casecmp(arg, "off") == 0;
}

const char *dygw_parse_count_or_off(const dygw_parse_t *p, const char *arg, int min, int max,
                                    int *count)
{
    const char *error;

    if (is_off(arg)) {
        *count = 0;
        return NULL;
    }
    error = dygw_parse_count(p, arg, min, max, count);
    return error ? apr_pstrcat(p->pool, error, ", nor off", NULL) : NULL;
}

const char *dygw_parse_rate(const dygw_parse_t *p, const char *rate, const char *burst,
                            int *per_second, int *at_once)
{
    if (burst) {
        const char *error = dygw_parse_count(p, rate, 1, DYGW_MAX_RATE, per_second);

        return error ? error : dygw_parse_count(p, burst, 1, DYGW_MAX_RATE, at_once);
    }
    if (!is_off(rate)) {
        return apr_psprintf(
            p->pool,
            "%s: '%s' is neither off nor two numbers: write requests per second and burst, like "
            "50 100",
            p->directive, rate);
    }
    *per_second = 0;
    *at_once = 0;
    return NULL;
}

static const char *limit_text(apr_pool_t *pool, apr_interval_time_t time)
{
    if (time && time % DAY_US == 0) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "d", (apr_int64_t)(time / DAY_US));
    }
    if (time % APR_USEC_PER_SEC) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "ms", (apr_int64_t)apr_time_as_msec(time));
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "s", (apr_int64_t)apr_time_sec(time));
}

/* Reads the units of httpd, and days. The digits are counted here because httpd's parser takes any
 * number: "-1s", and "99999999999999h". */
static int parse_any_time(const char *arg, apr_interval_time_t *time)
{
    apr_size_t digits = strspn(arg, "0123456789");

    if (digits > 0 && digits <= MAX_DAY_DIGITS && strcmp(arg + digits, "d") == 0) {
        *time = apr_atoi64(arg) * DAY_US;
        return 1;
    }
    return digits > 0 && digits <= MAX_TIME_DIGITS
           && ap_timeout_parameter_parse(arg, time, "s") == APR_SUCCESS;
}

const char *dygw_parse_time(const dygw_parse_t *p, const char *arg, apr_interval_time_t min,
                            apr_interval_time_t max, apr_interval_time_t *time)
{
    if (!parse_any_time(arg, time)) {
        return apr_psprintf(
            p->pool,
            "%s: '%s' is not a time: write a number and a unit, like 500ms, 30s, 5min, 1h or 7d",
            p->directive, arg);
    }
    if (*time < min || *time > max) {
        return apr_psprintf(p->pool, "%s: '%s' is out of range: give a time from %s to %s",
                            p->directive, arg, limit_text(p->pool, min), limit_text(p->pool, max));
    }
    return NULL;
}

const char *dygw_parse_time_or_off(const dygw_parse_t *p, const char *arg, apr_interval_time_t min,
                                   apr_interval_time_t max, apr_interval_time_t *time)
{
    const char *error;

    if (is_off(arg)) {
        *time = 0;
        return NULL;
    }
    error = dygw_parse_time(p, arg, min, max, time);
    return error ? apr_pstrcat(p->pool, error, ", or off", NULL) : NULL;
}

const char *dygw_parse_word(const dygw_parse_t *p, const char *arg, const char *const *words,
                            int *index)
{
    const char *list = "";

    for (int i = 0; words[i]; i++) {
        if (apr_cstr_casecmp(arg, words[i]) == 0) {
            *index = i;
            return NULL;
        }
        list = apr_pstrcat(p->pool, list, i ? " or " : "", words[i], NULL);
    }
    return apr_psprintf(p->pool, "%s: unknown word '%s': write %s", p->directive, arg, list);
}

static int parse_two_digits(const char *text)
{
    return apr_isdigit(text[0]) && apr_isdigit(text[1]) ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

const char *dygw_parse_offset(const dygw_parse_t *p, const char *arg, int *minutes)
{
    if (strlen(arg) == strlen("+00:00") && (*arg == '+' || *arg == '-') && arg[3] == ':') {
        int hour = parse_two_digits(arg + 1), minute = parse_two_digits(arg + 4);

        *minutes = (*arg == '-' ? -1 : 1) * (hour * MINUTES_PER_HOUR + minute);
        if (hour >= 0 && minute >= 0 && minute < MINUTES_PER_HOUR && *minutes >= WESTMOST
            && *minutes <= EASTMOST) {
            return NULL;
        }
    }
    return apr_psprintf(
        p->pool, "%s: '%s' is not an offset from UTC: write it like +08:00, from -12:00 to +14:00",
        p->directive, arg);
}

/* --- hosts and URLs --- */

static int is_loopback_host(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return apr_cstr_casecmp(host, "localhost") == 0;
}

/* A name or an IPv4 address: labels that are not empty. */
static int is_host(const char *host)
{
    size_t len = strlen(host);

    return consists_of(host, HOST_CHARACTERS) && len <= MAX_HOST_LEN && host[0] != '.'
           && host[0] != '-' && host[len - 1] != '.' && host[len - 1] != '-'
           && strstr(host, "..") == NULL;
}

static int is_host_or_address(const char *host)
{
    struct in6_addr v6;

    return is_host(host) || inet_pton(AF_INET6, host, &v6) == 1;
}

/* Looks at the text, because apr_uri_parse cuts a number that is too large to 16 bits. */
static int is_port(const char *text)
{
    return consists_of(text, "0123456789") && strlen(text) <= 5 && atoi(text) >= 1
           && atoi(text) <= 65535;
}

/* Splits a URL of a scheme, a host, maybe a port and a path. Returns NULL, or what is wrong with
 * the URL, for a message. */
static const char *split_url(const dygw_parse_t *p, const char *arg, apr_uri_t *uri)
{
    for (const char *c = arg; *c; c++) {
        if (*c <= ' ' || *c >= 0x7f || *c == '\\') {
            return "has a blank, a control character or one that is not ASCII";
        }
    }
    if (apr_uri_parse(p->pool, arg, uri) != APR_SUCCESS || !uri->scheme || !uri->hostname) {
        return "is not a URL";
    }
    if (!is_host_or_address(uri->hostname)) {
        return "has no valid host name";
    }
    if (uri->port_str && !is_port(uri->port_str)) {
        return "has a wrong port";
    }
    return uri->query || uri->fragment ? "has a query or a fragment" : NULL;
}

const char *dygw_parse_upstream(const dygw_parse_t *p, const char *arg, const char **url)
{
    apr_uri_t uri;
    const char *odd = split_url(p, arg, &uri);
    size_t len = strlen(arg);

    if (!odd && (uri.user || uri.password)) {
        /* The message does not quote the URL, which may have a password. */
        return apr_psprintf(p->pool, "%s: the URL has a user name: leave it out", p->directive);
    }
    if (!odd && apr_cstr_casecmp(uri.scheme, "https") && apr_cstr_casecmp(uri.scheme, "http")) {
        odd = "is neither https:// nor http://";
    }
    if (odd) {
        return apr_psprintf(p->pool, "%s: '%s' %s: write it like https://open.douyin.com",
                            p->directive, arg, odd);
    }
    if (apr_cstr_casecmp(uri.scheme, "http") == 0 && !is_loopback_host(uri.hostname)) {
        return apr_psprintf(p->pool,
                            "%s: '%s' would send secrets unencrypted: use https:// (http:// is for "
                            "localhost, 127.0.0.0/8 and [::1] only)",
                            p->directive, arg);
    }
    while (len > 0 && arg[len - 1] == '/') {
        len--;
    }
    *url = apr_pstrndup(p->pool, arg, len);
    return NULL;
}

const char *dygw_parse_proxy(const dygw_parse_t *p, const char *arg, const char **url)
{
    static const char *const schemes[] = { "http", "https", "socks5", "socks5h", NULL };
    apr_uri_t uri;
    const char *odd = split_url(p, arg, &uri);
    int i = 0;

    while (!odd && schemes[i] && apr_cstr_casecmp(uri.scheme, schemes[i])) {
        i++;
    }
    if (!odd && schemes[i] == NULL) {
        odd = "is neither http://, https://, socks5:// nor socks5h://";
    }
    if (!odd && uri.path && strcmp(uri.path, "/") != 0) {
        odd = "has a path";
    }
    if (odd) {
        return apr_psprintf(p->pool, "%s: the value %s: write it like http://proxy.example:3128",
                            p->directive, odd);
    }
    *url = apr_pstrdup(p->pool, arg);
    return NULL;
}

static char *lower_case(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrdup(pool, text);

    for (char *c = copy; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    return copy;
}

static int is_plain_http_origin(const dygw_parse_t *p, const char *arg)
{
    apr_uri_t uri;

    return split_url(p, arg, &uri) == NULL && strcmp(uri.scheme, "http") == 0 && uri.port_str
           && !uri.user && !uri.path;
}

const char *dygw_parse_link_host(const dygw_parse_t *p, const char *arg, const char **host)
{
    const char *lower = lower_case(p->pool, arg);
    const char *name = strncmp(lower, "*.", 2) == 0 ? lower + 2 : lower;
    int ok;

    if (strstr(lower, "://")) {
        ok = is_plain_http_origin(p, lower);
    }
    else {
        /* A name without a dot, like *.com, would let links lead nearly everywhere. */
        ok = is_host(name) && strchr(name, '.');
    }
    if (!ok) {
        return apr_psprintf(p->pool,
                            "%s: '%s' is not a host: write v.douyin.com or *.douyin.com (https is "
                            "understood), or http://host:port for a test set-up",
                            p->directive, arg);
    }
    *host = lower;
    return NULL;
}

const char *dygw_parse_header(const dygw_parse_t *p, const char *arg, const char **name)
{
    if (!consists_of(arg, HEADER_CHARACTERS) || strlen(arg) > MAX_HEADER_LEN) {
        return apr_psprintf(p->pool,
                            "%s: '%s' is not a header's name: write it like X-XTJ-UID, or none",
                            p->directive, arg);
    }
    *name = apr_pstrdup(p->pool, arg);
    return NULL;
}
