/* SPDX-License-Identifier: Apache-2.0
 * Parsers of the values of directives. Each returns NULL and gives the value, or returns a message
 * that names the directive, what is wrong, and the remedy. */
#ifndef DYGW_CFG_PARSE_H
#define DYGW_CFG_PARSE_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct dygw_parse_t {
    apr_pool_t *pool;      /* where messages and values are made */
    const char *directive; /* its name */
} dygw_parse_t;

/* An identifier of 1 to max_len characters of A-Za-z0-9_-. */
const char *dygw_parse_id(const dygw_parse_t *p, const char *arg, int max_len, const char **id);

/* The same for an identifier of ours, of min to max characters. */
const char *dygw_parse_code(const dygw_parse_t *p, const char *arg, int min, int max,
                            const char **code);

/* A name of 1 to max characters of UTF-8, none of them a control character. */
const char *dygw_parse_name(const dygw_parse_t *p, const char *arg, int max, const char **name);

/* A decimal integer from min to max, in three types. */
const char *dygw_parse_int(const dygw_parse_t *p, const char *arg, apr_int64_t min, apr_int64_t max,
                           apr_int64_t *number);
const char *dygw_parse_count(const dygw_parse_t *p, const char *arg, int min, int max, int *count);
const char *dygw_parse_bytes(const dygw_parse_t *p, const char *arg, apr_off_t min, apr_off_t max,
                             apr_off_t *bytes);

/* An integer from min to max; or the word off, which gives 0. */
const char *dygw_parse_count_or_off(const dygw_parse_t *p, const char *arg, int min, int max,
                                    int *count);

/* Requests per second and burst, 1 to DYGW_MAX_RATE; or the word off alone, which gives 0 and 0.
 * burst NULL: there is one argument only. */
const char *dygw_parse_rate(const dygw_parse_t *p, const char *rate, const char *burst,
                            int *per_second, int *at_once);

/* A time from min to max, all in us. The argument has one of httpd's units, or d for days, or none
 * for seconds. */
const char *dygw_parse_time(const dygw_parse_t *p, const char *arg, apr_interval_time_t min,
                            apr_interval_time_t max, apr_interval_time_t *time);

/* A time from min to max; or the word off, which gives 0. */
const char *dygw_parse_time_or_off(const dygw_parse_t *p, const char *arg, apr_interval_time_t min,
                                   apr_interval_time_t max, apr_interval_time_t *time);

/* The index of a word in `words`, which ends with NULL; case does not matter. */
const char *dygw_parse_word(const dygw_parse_t *p, const char *arg, const char *const *words,
                            int *index);

/* "+08:00" in minutes east of UTC. */
const char *dygw_parse_offset(const dygw_parse_t *p, const char *arg, int *minutes);

/* A base URL without the slash at its end: https, or http to a loopback host. */
const char *dygw_parse_upstream(const dygw_parse_t *p, const char *arg, const char **url);

/* The URL of a proxy: http, https, socks5, socks5h. The URL may have a password, so that messages
 * never quote it. */
const char *dygw_parse_proxy(const dygw_parse_t *p, const char *arg, const char **url);

/* One of DygwShortLinkHosts, in lower case: "host", "*.domain" or "http://host:port". */
const char *dygw_parse_link_host(const dygw_parse_t *p, const char *arg, const char **host);

/* The name of a header. */
const char *dygw_parse_header(const dygw_parse_t *p, const char *arg, const char **name);

#endif
