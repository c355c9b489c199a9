/* SPDX-License-Identifier: Apache-2.0
 * Which hosts links may lead to: what DygwShortLinkHosts names.
 *
 * Calls http_call.c. */
#include "douyin/link_hosts.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define HOST_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

static void read_link_rule(dygw_link_rule_t *rule, const char *word, apr_pool_t *pool)
{
    *rule = (dygw_link_rule_t){ .host = word };
    if (strncmp(word, "*.", 2) == 0) {
        rule->host = word + 1; /* with the dot */
        rule->below = 1;
    }
    else if (strstr(word, "://")) {
        const dygw_url_t *origin = dygw_http_url(NULL, word, pool);

        rule->host = origin ? origin->host : "";
        rule->port = origin ? origin->port : "";
    }
}

apr_array_header_t *dygw_douyin_link_rules(const apr_array_header_t *words, apr_pool_t *pool)
{
    int count = words ? words->nelts : 0;
    apr_array_header_t *rules = apr_array_make(pool, count, sizeof(dygw_link_rule_t));

    for (int i = 0; i < count; i++) {
        dygw_link_rule_t *rule = apr_array_push(rules);

        read_link_rule(rule, APR_ARRAY_IDX(words, i, const char *), pool);
    }
    return rules;
}

static int host_matches(const dygw_link_rule_t *rule, const char *host)
{
    size_t len = strlen(host);
    size_t suffix = strlen(rule->host);

    if (rule->below) {
        return len > suffix && apr_cstr_casecmp(host + len - suffix, rule->host) == 0
               && strspn(host, HOST_CHARS) == len;
    }
    return apr_cstr_casecmp(host, rule->host) == 0;
}

static int rule_allows(const dygw_link_rule_t *rule, const dygw_url_t *url)
{
    const char *scheme = rule->port ? "http" : "https";
    const char *port = rule->port ? rule->port : "443";

    return strcmp(url->scheme, scheme) == 0 && strcmp(url->port, port) == 0
           && host_matches(rule, url->host);
}

const dygw_link_rule_t *dygw_douyin_link_rule(const apr_array_header_t *rules,
                                              const dygw_url_t *url)
{
    const dygw_link_rule_t *rule = (const dygw_link_rule_t *)rules->elts;

    for (int i = 0; i < rules->nelts; i++) {
        if (rule_allows(&rule[i], url)) {
            return &rule[i];
        }
    }
    return NULL;
}
