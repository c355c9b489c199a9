/* SPDX-License-Identifier: Apache-2.0
 * Which hosts links may lead to. */
#ifndef DYGW_DOUYIN_LINK_HOSTS_H
#define DYGW_DOUYIN_LINK_HOSTS_H

#include <apr_tables.h>

#include "douyin/http.h"

/* A host that links may lead to. */
typedef struct dygw_link_rule_t {
    const char *host;
    int below;        /* any host below this one (not the host itself) */
    const char *port; /* plain http to this port, at any address; NULL = https */
} dygw_link_rule_t;

/* Reads the words of DygwShortLinkHosts (of const char *; NULL: none): a host, "*." before a host,
 * or an origin "http://host:port". Gives dygw_link_rule_t, never NULL, in pool; words must live as
 * long. */
apr_array_header_t *dygw_douyin_link_rules(const apr_array_header_t *words, apr_pool_t *pool);

/* The rule that allows to request the URL; NULL: none does. */
const dygw_link_rule_t *dygw_douyin_link_rule(const apr_array_header_t *rules,
                                              const dygw_url_t *url);

#endif
